//! `sealed.json`.

use atoma_protocol::{
    commitment::ClientNonce,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    random::Randomness,
    sealed::{
        ChunkPayload, ChunkSealer, ChunkSecret, Delivery, RequestContext, RequestPayload,
        ResponseNonce, SealingKeyPair, Suite, seal_request,
    },
};

use super::{Vector, hex};

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for (name, suite) in [("x25519", Suite::X25519), ("x-wing", Suite::XWing)] {
        vectors.push(request(name, suite));
    }
    vectors.extend(chunks());
    vectors
}

/// The same bytes each time.
fn randomness() -> impl Randomness {
    let mut output = blake3::Hasher::new()
        .update(b"atoma sealed vectors")
        .finalize_xof();
    move |bytes: &mut [u8]| output.fill(bytes)
}

fn request(name: &str, suite: Suite) -> Vector {
    let seed = [0x51; 32];
    let key = SealingKeyPair::from_seed(suite, &seed);
    let context = RequestContext {
        network: NetworkId::new([0xa1; 32]),
        channel: ChannelId::new([0xc1; 32]),
        node: NodeId::new([0xd0; 32]),
        model: ModelId::new([0x73; 32]),
        key_epoch: KeyEpoch(7),
        path: "/v1/chat/completions".to_owned(),
    };
    let payload = RequestPayload {
        client_nonce: ClientNonce::new([0x0c; 32]),
        path: context.path.clone(),
        body: b"{\"model\":\"m\",\"messages\":[]}".to_vec(),
    };
    let (request, seed_of_response) =
        seal_request(&mut randomness(), key.public(), &context, &payload)
            .expect("a small request always seals");
    let response_nonce = ResponseNonce::new([0x0d; 32]);
    vec![
        ("name", format!("request, {name}").into()),
        ("kind", "request".into()),
        ("suite", u8::from(suite).into()),
        ("key_seed", hex(seed)),
        ("public_key", hex(key.public().as_bytes())),
        ("network", context.network.into()),
        ("channel", context.channel.into()),
        ("node", context.node.into()),
        ("model", context.model.into()),
        ("key_epoch", context.key_epoch.into()),
        ("path", (&context.path).into()),
        (
            "associated_data",
            hex(context.associated_data().expect("a short path")),
        ),
        ("client_nonce", hex(payload.client_nonce.as_bytes())),
        ("body", hex(&payload.body)),
        ("payload", hex(payload.to_bytes())),
        ("enc", hex(&request.enc)),
        ("ciphertext", hex(&request.ciphertext)),
        ("response_nonce", response_nonce.into()),
        (
            "expected",
            hex(seed_of_response.secret(&response_nonce).expose()),
        ),
    ]
}

/// A stream of three chunks under one secret.
fn chunks() -> Vec<Vector> {
    let secret = ChunkSecret::new([0x5c; 32]);
    let mut sealer = ChunkSealer::new(&secret);
    let payloads = [
        vec![Delivery::Json(b"{\"a\":1}".to_vec())],
        vec![
            Delivery::Json(b"{\"b\":2}".to_vec()),
            Delivery::Json(Vec::new()),
        ],
        vec![Delivery::Failure(b"{\"error\":{}}".to_vec())],
    ];
    let count = payloads.len();
    payloads
        .into_iter()
        .enumerate()
        .map(|(index, deliveries)| {
            let payload = ChunkPayload {
                deliveries,
                receipt: None,
            };
            let last = index + 1 == count;
            let chunk = sealer
                .seal(&payload, last)
                .expect("a small chunk always seals");
            vec![
                ("name", format!("chunk {index}").into()),
                ("kind", "chunk".into()),
                ("key", hex(secret.expose())),
                ("index", index.into()),
                ("last", last.into()),
                (
                    "payload",
                    hex(payload.to_bytes().expect("a small chunk always encodes")),
                ),
                ("expected", hex(chunk)),
            ]
        })
        .collect()
}
