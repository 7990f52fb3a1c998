//! An account against a node's side: what is signed is on disk, and a restart forgets nothing.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use atoma_client::{Account, AccountError, Exchange, PayerStore};
use atoma_protocol::{
    channel::{
        ModelTerms, PartEnd, PartReceipt, Payee, PayeeConfig, PayerConfig, StreamRequest,
        StreamSpec, Terms,
    },
    commitment::{ResponseCommitter, commit_request},
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, Seq},
    keys::SigningKey,
    merkle::{LeafHash, Tree},
    money::{Amount, Price, Prices, TokenCount, Tokens},
    sealed::{
        ChunkPayload, ChunkSealer, Delivery, RequestContext, ResponseNonce, SealedRequest,
        SealingKeyPair, SeenEncs, Suite, open_request,
    },
    time::TimestampMs,
};

const NETWORK: NetworkId = NetworkId::new([1; 32]);
const CHANNEL: ChannelId = ChannelId::new([2; 32]);
const NODE: NodeId = NodeId::new([3; 32]);
const MODEL: ModelId = ModelId::new([4; 32]);
const MANIFEST: ManifestHash = ManifestHash::new([5; 32]);
const EPOCH: KeyEpoch = KeyEpoch(0);
const PATH: &str = "/v1/chat/completions";
const FUNDED: Amount = Amount(1_000_000);

fn voucher_key() -> SigningKey {
    SigningKey::from_seed([6; 32])
}

fn signing_key() -> SigningKey {
    SigningKey::from_seed([7; 32])
}

fn terms() -> Terms {
    let price = |units| Price::new(units).unwrap();
    Terms {
        network: NETWORK,
        channel: CHANNEL,
        node: NODE,
        voucher_key: voucher_key().public(),
        credit: Amount(10_000),
        models: vec![ModelTerms {
            model: MODEL,
            prices: Prices {
                input: price(1_000_000),
                output: price(2_000_000),
            },
        }],
    }
}

fn account(folder: &std::path::Path) -> Account {
    let store = PayerStore::open(folder).unwrap();
    let config = PayerConfig {
        ahead_limit: Amount(20_000),
    };
    let mut account =
        Account::open(terms(), config, voucher_key(), store, FUNDED, Amount::ZERO).unwrap();
    account.add_epoch(EPOCH, signing_key().public()).unwrap();
    account
}

/// Draws from a counter: good enough where nothing is secret.
fn counting() -> impl FnMut(&mut [u8]) {
    let mut next = 0u8;
    move |bytes: &mut [u8]| {
        for byte in bytes {
            next = next.wrapping_add(1);
            *byte = next;
        }
    }
}

fn context() -> RequestContext {
    RequestContext {
        network: NETWORK,
        channel: CHANNEL,
        node: NODE,
        model: MODEL,
        key_epoch: EPOCH,
        path: PATH.into(),
    }
}

struct Node {
    keys: SealingKeyPair,
    payee: Payee,
}

struct Served {
    nonce: ResponseNonce,
    sealer: ChunkSealer,
    committer: ResponseCommitter,
    stream: atoma_protocol::channel::StreamId,
}

impl Node {
    fn new() -> Self {
        let mut payee = Payee::new(terms(), EPOCH, PayeeConfig::default()).unwrap();
        payee.on_funded(FUNDED);
        Self {
            keys: SealingKeyPair::generate(Suite::X25519, &mut counting()),
            payee,
        }
    }

    fn take(&mut self, sealed: &SealedRequest) -> Served {
        let opened =
            open_request(&self.keys, &context(), sealed, &mut SeenEncs::default()).unwrap();
        let payload = opened.payload;
        let spec = StreamSpec {
            request_commitment: commit_request(&payload.client_nonce, PATH, &payload.body),
            ..spec()
        };
        let stream = self.payee.open_stream(spec).unwrap();
        let (nonce, sealer) = opened.response.sealer(&mut counting());
        let committer = ResponseCommitter::new(&payload.client_nonce);
        Served {
            nonce,
            sealer,
            committer,
            stream,
        }
    }

    fn answer(&mut self, served: &mut Served) -> (PartReceipt, Vec<u8>) {
        let delivery = Delivery::Json(br#"{"hello":"you"}"#.to_vec());
        served.committer.deliver(&delivery);
        let made = TokenCount::new(Tokens::new(10).unwrap(), Tokens::new(3).unwrap());
        self.payee.on_tokens(served.stream, made).unwrap();
        let end = PartEnd {
            last: true,
            response_commitment: served.committer.commitment(),
            now: TimestampMs(1),
        };
        let part = self
            .payee
            .cut_part(&signing_key(), served.stream, end)
            .unwrap();
        let payload = ChunkPayload {
            deliveries: vec![delivery],
            receipt: Some(Box::new(part.clone())),
        };
        (part, served.sealer.seal(&payload, true).unwrap())
    }
}

fn spec() -> StreamSpec {
    StreamSpec {
        model: MODEL,
        input_bound: Tokens::new(100).unwrap(),
        max_output: Tokens::new(50).unwrap(),
        request_commitment: [0; 32].into(),
        manifest_hash: MANIFEST,
    }
}

#[test]
fn a_request_is_sealed_answered_receipted_and_paid() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::new();
    let mut account = account(folder.path());

    let (mut exchange, sealed) = Exchange::seal(
        &mut counting(),
        node.keys.public(),
        &context(),
        b"{}".to_vec(),
    )
    .unwrap();
    let request = StreamRequest {
        epoch: EPOCH,
        spec: StreamSpec {
            request_commitment: exchange.request_commitment(),
            ..spec()
        },
    };
    let opened = account.open_stream(request).unwrap();
    node.payee.on_voucher(opened.voucher.unwrap()).unwrap();

    let mut served = node.take(&sealed);
    let (part, chunk) = node.answer(&mut served);
    let payload = exchange
        .open(Some(*served.nonce.as_bytes()), &chunk)
        .unwrap();
    assert!(exchange.is_finished());
    assert_eq!(payload.deliveries[0].json(), br#"{"hello":"you"}"#);

    let received = payload.receipt.unwrap();
    assert_eq!(*received, part);
    let taken = account
        .on_part(opened.stream, &received, &exchange.delivered())
        .unwrap();
    assert_eq!(taken.outcome.fee, Amount(16));
    assert_eq!(account.payer().held(), Amount(16));
}

#[test]
fn a_restart_forgets_neither_voucher_nor_receipt() {
    let folder = tempfile::tempdir().unwrap();
    let (authorized, held) = {
        let mut node = Node::new();
        let mut account = account(folder.path());
        let (mut exchange, sealed) = Exchange::seal(
            &mut counting(),
            node.keys.public(),
            &context(),
            b"{}".to_vec(),
        )
        .unwrap();
        let commitment = exchange.request_commitment();
        let request = StreamRequest {
            epoch: EPOCH,
            spec: StreamSpec {
                request_commitment: commitment,
                ..spec()
            },
        };
        let opened = account.open_stream(request).unwrap();
        node.payee.on_voucher(opened.voucher.unwrap()).unwrap();
        let mut served = node.take(&sealed);
        let (part, chunk) = node.answer(&mut served);
        exchange
            .open(Some(*served.nonce.as_bytes()), &chunk)
            .unwrap();
        account
            .on_part(opened.stream, &part, &exchange.delivered())
            .unwrap();
        (account.payer().authorized(), account.payer().held())
    };
    let account = account(folder.path());
    assert_eq!(account.payer().authorized(), authorized);
    assert_eq!(account.payer().held(), held);
    assert!(held > Amount::ZERO && authorized >= held);
}

#[test]
fn a_wrong_voucher_key_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let store = PayerStore::open(folder.path()).unwrap();
    let config = PayerConfig {
        ahead_limit: Amount(1),
    };
    let result = Account::open(
        terms(),
        config,
        SigningKey::from_seed([9; 32]),
        store,
        FUNDED,
        Amount::ZERO,
    );
    assert!(matches!(result, Err(AccountError::WrongKey)));
}

#[test]
fn receipts_are_found_by_their_request() {
    let folder = tempfile::tempdir().unwrap();
    let mut node = Node::new();
    let mut account = account(&folder.path().join("account"));
    let (exchange, sealed) = Exchange::seal(
        &mut counting(),
        node.keys.public(),
        &context(),
        b"{}".to_vec(),
    )
    .unwrap();
    let request = StreamRequest {
        epoch: EPOCH,
        spec: StreamSpec {
            request_commitment: exchange.request_commitment(),
            ..spec()
        },
    };
    let opened = account.open_stream(request).unwrap();
    node.payee.on_voucher(opened.voucher.unwrap()).unwrap();
    let mut served = node.take(&sealed);
    let (part, _) = node.answer(&mut served);
    let store = PayerStore::open(&folder.path().join("receipts")).unwrap();
    store.keep_receipt([8; 32].into(), &part).unwrap();
    assert_eq!(store.receipts([8; 32].into()).unwrap(), [part]);
    assert_eq!(store.receipts([9; 32].into()).unwrap(), []);
}

#[test]
fn inclusion_is_proved_from_what_was_kept_and_not_across_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let leaf = |n: u64| LeafHash::of(&n.to_be_bytes());
    let root = |count| {
        let tree: Tree = (0..count).map(leaf).collect();
        tree.root()
    };
    {
        let store = PayerStore::open(folder.path()).unwrap();
        // 300 numbers: more than one byte of a key.
        for n in (0..300).rev().filter(|n| *n != 298) {
            store.keep_leaf(CHANNEL, EPOCH, Seq(n), leaf(n)).unwrap();
        }
        store
            .keep_leaf(CHANNEL, EPOCH.next(), Seq(0), leaf(7))
            .unwrap();
    }
    let store = PayerStore::open(folder.path()).unwrap();
    let proofs = |count, seqs: &[Seq]| store.proofs(CHANNEL, EPOCH, count, seqs).unwrap();
    for count in [1, 2, 257, 298] {
        let seqs = [Seq(0), Seq(count - 1)];
        for (seq, proof) in seqs.iter().zip(proofs(count, &seqs).unwrap()) {
            proof.verify(leaf(seq.0), root(count)).unwrap();
            assert!(proof.verify(leaf(seq.0), root(count + 1)).is_err());
            assert!(proof.verify(leaf(seq.0 + 1), root(count)).is_err());
        }
    }
    assert_eq!(proofs(299, &[Seq(0)]), None);
    assert_eq!(proofs(300, &[Seq(0)]), None);
    assert_eq!(proofs(5, &[Seq(5)]), None);
    assert_eq!(proofs(u64::MAX, &[Seq(0)]), None);
    let other = store.proofs(CHANNEL, EPOCH.next(), 1, &[Seq(0)]).unwrap();
    other.unwrap()[0]
        .verify(leaf(7), {
            let tree: Tree = [leaf(7)].into_iter().collect();
            tree.root()
        })
        .unwrap();
}
