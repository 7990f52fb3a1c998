use proptest::prelude::*;

use super::*;
use crate::{
    commitment::ClientNonce,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    random::Randomness,
};

const SUITES: [Suite; 2] = [Suite::X25519, Suite::XWing];

/// A counter hashed: random enough for a test, and the same each time.
fn randomness(seed: u8) -> impl Randomness {
    let mut output = blake3::Hasher::new().update(&[seed]).finalize_xof();
    move |bytes: &mut [u8]| output.fill(bytes)
}

fn context() -> RequestContext {
    RequestContext {
        network: NetworkId::new([1; 32]),
        channel: ChannelId::new([2; 32]),
        node: NodeId::new([3; 32]),
        model: ModelId::new([4; 32]),
        key_epoch: KeyEpoch(5),
        path: "/v1/chat/completions".to_owned(),
    }
}

fn payload(body: &[u8]) -> RequestPayload {
    RequestPayload {
        client_nonce: ClientNonce::new([9; 32]),
        path: context().path,
        body: body.to_vec(),
    }
}

fn delivery(text: &str) -> ChunkPayload {
    ChunkPayload {
        deliveries: vec![Delivery::Json(text.as_bytes().to_vec())],
        receipt: None,
    }
}

struct Exchange {
    key: SealingKeyPair,
    request: SealedRequest,
    client: ResponseOpenerSeed,
}

fn exchange(suite: Suite) -> Exchange {
    let mut randomness = randomness(1);
    let key = SealingKeyPair::generate(suite, &mut randomness);
    let (request, client) = seal_request(
        &mut randomness,
        key.public(),
        &context(),
        &payload(b"{\"model\":\"m\"}"),
    )
    .unwrap();
    Exchange {
        key,
        request,
        client,
    }
}

#[test]
fn a_request_opens_and_its_response_too() {
    for suite in SUITES {
        let Exchange {
            key,
            request,
            client,
        } = exchange(suite);
        let opened = open_request(&key, &context(), &request, &mut SeenEncs::new()).unwrap();
        assert_eq!(opened.payload, payload(b"{\"model\":\"m\"}"));
        let (nonce, mut sealer) = opened.response.sealer(&mut randomness(2));
        let chunks = [
            sealer.seal(&delivery("a"), false).unwrap(),
            sealer.seal(&delivery("b"), true).unwrap(),
        ];
        let mut opener = client.opener(&nonce);
        assert_eq!(opener.open(&chunks[0]), Ok(delivery("a")));
        assert_eq!(opener.finish(), Err(SealError::Truncated(1)));
        assert_eq!(opener.open(&chunks[1]), Ok(delivery("b")));
        assert_eq!(opener.finish(), Ok(()));
    }
}

#[test]
fn a_request_opens_once_and_a_replay_leaves_no_trace_of_a_second_key() {
    for suite in SUITES {
        let Exchange { key, request, .. } = exchange(suite);
        let mut seen = SeenEncs::new();
        let first = open_request(&key, &context(), &request, &mut seen).unwrap();
        assert_eq!(
            open_request(&key, &context(), &request, &mut seen).unwrap_err(),
            SealError::Replayed
        );
        // A process that forgot: the nonces differ, so the key streams do.
        let second = open_request(&key, &context(), &request, &mut SeenEncs::new()).unwrap();
        let (_, mut first) = first.response.sealer(&mut randomness(3));
        let (_, mut second) = second.response.sealer(&mut randomness(4));
        assert_ne!(
            first.seal_bytes(b"same", true).unwrap(),
            second.seal_bytes(b"same", true).unwrap()
        );
    }
}

#[test]
fn a_request_opens_for_its_own_context_only() {
    let changes: [fn(&mut RequestContext); 6] = [
        |context| context.network = NetworkId::default(),
        |context| context.channel = ChannelId::default(),
        |context| context.node = NodeId::default(),
        |context| context.model = ModelId::default(),
        |context| context.key_epoch = KeyEpoch(6),
        |context| context.path = "/v1/completions".to_owned(),
    ];
    let Exchange { key, request, .. } = exchange(Suite::X25519);
    let mut seen = SeenEncs::new();
    for change in changes {
        let mut other = context();
        change(&mut other);
        assert_eq!(
            open_request(&key, &other, &request, &mut seen).unwrap_err(),
            SealError::CannotOpenRequest
        );
    }
    // None of the failures was remembered.
    assert!(open_request(&key, &context(), &request, &mut seen).is_ok());
}

#[test]
fn a_request_opens_under_its_own_key_only() {
    let Exchange { request, .. } = exchange(Suite::X25519);
    let other = SealingKeyPair::generate(Suite::X25519, &mut randomness(7));
    assert_eq!(
        open_request(&other, &context(), &request, &mut SeenEncs::new()).unwrap_err(),
        SealError::CannotOpenRequest
    );
    let other = SealingKeyPair::generate(Suite::XWing, &mut randomness(7));
    assert!(matches!(
        open_request(&other, &context(), &request, &mut SeenEncs::new()),
        Err(SealError::WrongSuite { .. })
    ));
}

#[test]
fn a_path_cannot_differ_inside() {
    let key = SealingKeyPair::generate(Suite::X25519, &mut randomness(1));
    let mut other = payload(b"");
    other.path = "/v1/models".to_owned();
    assert_eq!(
        seal_request(&mut randomness(2), key.public(), &context(), &other).unwrap_err(),
        SealError::PathMismatch
    );
}

#[test]
fn keys_that_are_none_are_refused() {
    assert_eq!(
        SealingPublicKey::new(Suite::X25519, vec![0; 31]),
        Err(SealError::NotAKey(Suite::X25519))
    );
    assert_eq!(
        SealingPublicKey::new(Suite::XWing, vec![0xff; 1216]),
        Err(SealError::NotAKey(Suite::XWing))
    );
    // A point of small order would let anyone read what is sealed to it.
    let key = SealingPublicKey::new(Suite::X25519, vec![0; 32]).unwrap();
    assert_eq!(
        seal_request(&mut randomness(1), &key, &context(), &payload(b"")).unwrap_err(),
        SealError::NotAKey(Suite::X25519)
    );
    assert_eq!(Suite::try_from(3), Err(SealError::UnknownSuite(3)));
}

#[test]
fn lengths_are_what_the_suites_say() {
    for suite in SUITES {
        let Exchange { key, request, .. } = exchange(suite);
        assert_eq!(key.public().as_bytes().len(), suite.public_key_len());
        assert_eq!(request.enc.len(), suite.enc_len());
        assert_eq!(request.ciphertext.len(), 256 + 16);
        let bytes = bcs::to_bytes(key.public()).unwrap();
        assert_eq!(
            &bcs::from_bytes::<SealingPublicKey>(&bytes).unwrap(),
            key.public()
        );
    }
}

/// Chunks of three letters, the last of them last, and their opener.
fn stream() -> (Vec<Vec<u8>>, ChunkOpener) {
    let secret = ChunkSecret::new([7; 32]);
    let mut sealer = ChunkSealer::new(&secret);
    let chunks = ["a", "b", "c"]
        .iter()
        .map(|text| sealer.seal(&delivery(text), *text == "c").unwrap())
        .collect();
    (chunks, ChunkOpener::new(&secret))
}

#[test]
fn nothing_can_be_reordered_repeated_left_out_or_added() {
    for order in [&[1][..], &[0, 0], &[0, 2], &[2]] {
        let (chunks, mut opener) = stream();
        let (bad, good) = order.split_last().unwrap();
        for index in good {
            opener.open(&chunks[*index]).unwrap();
        }
        assert_eq!(
            opener.open(&chunks[*bad]),
            Err(SealError::CannotOpenChunk(
                u64::try_from(good.len()).unwrap()
            )),
            "{order:?}"
        );
        // It stays where it was: the chunk that is due still opens.
        assert!(opener.open(&chunks[good.len()]).is_ok());
    }
    let (chunks, mut opener) = stream();
    for chunk in &chunks {
        opener.open(chunk).unwrap();
    }
    assert_eq!(opener.open(&chunks[2]), Err(SealError::AfterLast));
}

#[test]
fn the_last_flag_cannot_be_moved() {
    let (mut chunks, mut opener) = stream();
    chunks[0][0] = 1;
    assert_eq!(opener.open(&chunks[0]), Err(SealError::CannotOpenChunk(0)));
    let (mut chunks, mut opener) = stream();
    opener.open(&chunks[0]).unwrap();
    opener.open(&chunks[1]).unwrap();
    for flag in [0, 2] {
        chunks[2][0] = flag;
        assert_eq!(opener.open(&chunks[2]), Err(SealError::CannotOpenChunk(2)));
    }
}

#[test]
fn sizes_are_bounded() {
    let mut sealer = ChunkSealer::new(&ChunkSecret::new([7; 32]));
    assert!(
        sealer
            .seal_bytes(&vec![1; MAX_CHUNK_BYTES - 4], false)
            .is_ok()
    );
    assert!(matches!(
        sealer.seal_bytes(&vec![1; MAX_CHUNK_BYTES - 3], false),
        Err(SealError::TooLarge { .. })
    ));
    let mut opener = ChunkOpener::new(&ChunkSecret::new([7; 32]));
    assert!(matches!(
        opener.open_bytes(&vec![0; MAX_CHUNK_BYTES + 18]),
        Err(SealError::TooLarge { .. })
    ));
    let many = ChunkPayload {
        deliveries: vec![Delivery::Json(Vec::new()); MAX_DELIVERIES + 1],
        receipt: None,
    };
    assert!(matches!(many.to_bytes(), Err(SealError::TooMany { .. })));
    let mut long = context();
    long.path = "/".repeat(MAX_PATH_BYTES + 1);
    assert!(matches!(
        long.associated_data(),
        Err(SealError::TooLarge { .. })
    ));
}

#[test]
fn a_stream_can_always_end() {
    let mut sealer = ChunkSealer::new(&ChunkSecret::new([7; 32]));
    for _ in 1..MAX_CHUNKS {
        sealer.seal_bytes(b"", false).unwrap();
    }
    assert!(matches!(
        sealer.seal_bytes(b"", false),
        Err(SealError::TooMany { .. })
    ));
    assert!(sealer.seal_bytes(b"", true).is_ok());
    assert_eq!(sealer.seal_bytes(b"", true), Err(SealError::AfterLast));
}

#[test]
fn size_classes() {
    for (len, class) in [
        (0, 256),
        (252, 256),
        (253, 512),
        (4092, 4096),
        (4093, 8192),
        (8188, 8192),
        (8189, 16384),
    ] {
        assert_eq!(padded_len(len), class, "{len}");
    }
}

#[test]
fn padding_has_one_form() {
    let mut padded = Vec::new();
    padding::pad_into(&mut padded, b"abc", "test", 256).unwrap();
    assert_eq!(padding::unpad(&padded), Ok(&b"abc"[..]));
    let mut dirty = padded.clone();
    dirty[255] = 1;
    let mut longer = padded.clone();
    longer.resize(512, 0);
    let mut lying = padded.clone();
    lying[0] = 253;
    for bad in [&dirty, &longer, &lying, &padded[..255].to_vec(), &vec![]] {
        assert_eq!(padding::unpad(bad), Err(SealError::BadPadding));
    }
}

#[test]
fn payloads_are_bcs_and_leave_nothing_over() {
    let request = payload(&[7; 300]);
    let bytes = request.to_bytes();
    let expected = bcs::to_bytes(&([9u8; 32], &request.path, &request.body)).unwrap();
    assert_eq!(bytes, expected);
    assert_eq!(RequestPayload::from_bytes(&bytes), Ok(request));
    let mut longer = bytes;
    longer.push(0);
    assert!(RequestPayload::from_bytes(&longer).is_err());
    let mut chunk = delivery("a").to_bytes().unwrap();
    assert_eq!(ChunkPayload::from_bytes(&chunk), Ok(delivery("a")));
    chunk.push(0);
    assert!(ChunkPayload::from_bytes(&chunk).is_err());
}

#[test]
fn debug_output_holds_no_secret() {
    let secret = ChunkSecret::new([0xab; 32]);
    let pair = SealingKeyPair::from_seed(Suite::X25519, &[0xab; 32]);
    for text in [
        format!("{secret:?}"),
        format!("{:?}", ChunkSealer::new(&secret)),
        format!("{:?}", ChunkOpener::new(&secret)),
        format!("{:?}", exchange(Suite::X25519).client),
        format!("{:?}", payload(b"prompt")),
        format!("{:?}", delivery("answer")),
        format!("{pair:?}"),
    ] {
        for leak in ["171", "abab", "prompt", "answer", "[9"] {
            assert!(!text.contains(leak), "{text}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_changed_request_does_not_open(at: prop::sample::Index, bit in 0u8..8, which in 0usize..2) {
        let Exchange { key, mut request, .. } = exchange(Suite::X25519);
        let bytes = if which == 0 { &mut request.enc } else { &mut request.ciphertext };
        let at = at.index(bytes.len());
        // X25519 ignores the highest bit, but the key schedule does not.
        bytes[at] ^= 1 << bit;
        prop_assert_eq!(
            open_request(&key, &context(), &request, &mut SeenEncs::new()).unwrap_err(),
            SealError::CannotOpenRequest
        );
    }

    #[test]
    fn decoders_survive_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = RequestPayload::from_bytes(&bytes);
        let _ = ChunkPayload::from_bytes(&bytes);
        let _ = padding::unpad(&bytes);
        let _ = bcs::from_bytes::<SealedRequest>(&bytes);
        let _ = bcs::from_bytes::<SealingPublicKey>(&bytes);
        let _ = ChunkOpener::new(&ChunkSecret::new([0; 32])).open(&bytes);
    }

    #[test]
    fn any_content_comes_back(body in prop::collection::vec(any::<u8>(), 0..9000)) {
        let secret = ChunkSecret::new([7; 32]);
        let chunk = ChunkSealer::new(&secret).seal_bytes(&body, true).unwrap();
        prop_assert_eq!(chunk.len(), 1 + padded_len(body.len()) + 16);
        let opened = ChunkOpener::new(&secret).open_bytes(&chunk).unwrap();
        prop_assert_eq!(&*opened, &body);
    }
}
