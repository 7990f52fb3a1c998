//! The golden vectors are what the code says, and the code takes them back.

#[path = "../../examples/vectors/generate.rs"]
mod generate;

use std::path::Path;

use atoma_protocol::{
    commitment::ClientNonce,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    sealed::{
        ChunkOpener, ChunkPayload, ChunkSecret, RequestContext, RequestPayload, SealedRequest,
        SealingKeyPair, SeenEncs, Suite, open_request,
    },
};
use serde_json::Value;

fn read(name: &str) -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("vectors")
        .join(name);
    let text = std::fs::read_to_string(path).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap()
}

fn bytes(vector: &Value, field: &str) -> Vec<u8> {
    hex::decode(text(vector, field).strip_prefix("0x").unwrap()).unwrap()
}

fn array(vector: &Value, field: &str) -> [u8; 32] {
    bytes(vector, field).try_into().unwrap()
}

#[test]
fn files_are_current() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    for (name, content) in generate::files() {
        let stored = std::fs::read_to_string(folder.join(name)).unwrap_or_default();
        assert!(
            stored == content,
            "vectors/{name} is not what the code gives; if that is meant, run \
             `cargo run -p atoma-protocol --example vectors` and look at the difference"
        );
    }
}

#[test]
fn edges_of_ed25519_are_what_zip_215_says() {
    for vector in read("keys.json") {
        let (name, expected) = (text(&vector, "name"), text(&vector, "expected"));
        let should_be = if name.starts_with("RFC")
            || name.starts_with("key with torsion")
            || name.starts_with("R ") && name != "R changed"
            || name == "signature by a plain key"
        {
            "valid"
        } else if name.contains("no point") {
            "not_a_key"
        } else if name.starts_with("key is") || name.starts_with("key of small order") {
            "small_order_key"
        } else {
            "invalid"
        };
        assert_eq!(expected, should_be, "{name}");
    }
}

#[test]
fn each_kind_of_vector_has_both_outcomes() {
    for (file, outcomes) in [
        (
            "fee.json",
            &["overflow", "price_too_large", "too_many_tokens", "1"][..],
        ),
        ("merkle.json", &["valid", "invalid"]),
        ("statements.json", &["valid", "invalid"]),
    ] {
        let vectors = read(file);
        for outcome in outcomes {
            assert!(
                vectors
                    .iter()
                    .any(|vector| text(vector, "expected") == *outcome),
                "{file} has no vector with {outcome}"
            );
        }
    }
    for vector in read("merkle.json") {
        if text(&vector, "kind") == "proof" {
            let good = text(&vector, "name").starts_with("leaf ");
            assert_eq!(good, text(&vector, "expected") == "valid", "{vector}");
        }
    }
    for vector in read("statements.json") {
        if vector["signature"].is_string() {
            let bad = text(&vector, "name").contains(" signed ")
                || text(&vector, "name").contains("with the signature");
            assert_eq!(bad, text(&vector, "expected") == "invalid", "{vector}");
        }
    }
}

#[test]
fn sealed_requests_open_from_the_file_alone() {
    for vector in read("sealed.json") {
        if text(&vector, "kind") != "request" {
            continue;
        }
        let suite = Suite::try_from(text(&vector, "suite").parse::<u8>().unwrap()).unwrap();
        let key = SealingKeyPair::from_seed(suite, &array(&vector, "key_seed"));
        assert_eq!(key.public().as_bytes(), bytes(&vector, "public_key"));
        let context = RequestContext {
            network: NetworkId::new(array(&vector, "network")),
            channel: ChannelId::new(array(&vector, "channel")),
            node: NodeId::new(array(&vector, "node")),
            model: ModelId::new(array(&vector, "model")),
            key_epoch: KeyEpoch(text(&vector, "key_epoch").parse().unwrap()),
            path: text(&vector, "path").to_owned(),
        };
        assert_eq!(
            context.associated_data().unwrap(),
            bytes(&vector, "associated_data")
        );
        let request = SealedRequest {
            suite,
            enc: bytes(&vector, "enc"),
            ciphertext: bytes(&vector, "ciphertext"),
        };
        let opened = open_request(&key, &context, &request, &mut SeenEncs::new()).unwrap();
        let expected = RequestPayload {
            client_nonce: ClientNonce::new(array(&vector, "client_nonce")),
            path: context.path.clone(),
            body: bytes(&vector, "body"),
        };
        assert_eq!(opened.payload, expected);
    }
}

#[test]
fn sealed_chunks_open_from_the_file_alone() {
    let vectors: Vec<_> = read("sealed.json")
        .into_iter()
        .filter(|vector| text(vector, "kind") == "chunk")
        .collect();
    let mut opener = ChunkOpener::new(&ChunkSecret::new(array(&vectors[0], "key")));
    for vector in &vectors {
        let payload = opener.open(&bytes(vector, "expected")).unwrap();
        let expected = ChunkPayload::from_bytes(&bytes(vector, "payload")).unwrap();
        assert_eq!(payload, expected);
    }
    assert!(opener.is_finished());
}
