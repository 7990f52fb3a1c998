//! An honest answer passes; each forgery fails.

use atoma_chain::{
    CoinType,
    state::{ChannelStatus, Slot},
};
use atoma_protocol::{
    channel::PartReceipt,
    hash::{
        CheckpointDigest, EvidenceHash, ManifestHash, ReportData, RequestCommitment,
        ResponseCommitment, SealingKeysHash,
    },
    ids::{Address, ChannelId, CheckpointSeq, KeyEpoch, ModelId, ObjectId, Seq},
    keys::SigningKey,
    merkle::Tree,
    money::{Bps, Price, Tokens},
    statement::{
        EvidenceKind, Grade, Receipt, ReceiptBody, Report, ReportKey, Statement, Verified, Voucher,
    },
    time::TimestampMs,
};

use super::*;

const NETWORK: NetworkId = NetworkId::new([1; 32]);
const CHANNEL: ChannelId = ChannelId::new([2; 32]);
const NODE: NodeId = NodeId::new([3; 32]);
const MODEL: ModelId = ModelId::new([4; 32]);
const EPOCH: KeyEpoch = KeyEpoch(3);

fn voucher_key() -> SigningKey {
    SigningKey::from_seed([5; 32])
}

fn epoch_key() -> SigningKey {
    SigningKey::from_seed([6; 32])
}

fn channel() -> ChannelState {
    let bps = Bps::new(0).unwrap();
    ChannelState {
        coin: CoinType::sui(),
        id: CHANNEL,
        version: 1,
        network: NETWORK,
        node: NODE,
        payer_cap: ObjectId::default(),
        voucher_key: voucher_key().public(),
        refund_to: Address::default(),
        router: Address::default(),
        routing_bps: bps,
        protocol_bps: bps,
        slots: vec![Slot {
            model: MODEL,
            input_price: Price::new(1_000_000).unwrap(),
            output_price: Price::new(2_000_000).unwrap(),
        }],
        need: Grade::SIMULATED,
        credit: Amount(10),
        grace_ms: 1,
        reap_ms: 1,
        expires_ms: TimestampMs(1),
        state: ChannelStatus::Open,
        since: None,
        balance: Amount(1_000),
        funded: Amount(1_000),
        authorized: Amount(100),
        paid: Amount(23),
        folded: Amount::ZERO,
        lanes: vec![],
        routing_claimed: Amount::ZERO,
        compensated: Amount::ZERO,
        compensation_claimed: Amount::ZERO,
    }
}

fn epoch() -> KeyEpochState {
    let mut epoch = KeyEpochState {
        epoch: EPOCH,
        kind: EvidenceKind::Simulated,
        grade: Grade::SIMULATED,
        measurement: vec![],
        signing_key: epoch_key().public(),
        sealing_keys_hash: SealingKeysHash::new([7; 32]),
        manifest_hash: ManifestHash::new([8; 32]),
        evidence_hash: EvidenceHash::new([9; 32]),
        evidence_uri: String::new(),
        report_data: ReportData::default(),
        anchor_seq: CheckpointSeq(1),
        anchor_digest: CheckpointDigest::new([10; 32]),
        anchor_ms: TimestampMs(1),
        posted_ms: TimestampMs(1),
        expires_ms: TimestampMs(1),
    };
    let report = Report {
        node: NODE,
        kind: epoch.kind,
        key_epoch: EPOCH,
        signing_key: ReportKey(epoch.signing_key),
        sealing_keys_hash: epoch.sealing_keys_hash,
        manifest_hash: epoch.manifest_hash,
        anchor_seq: epoch.anchor_seq,
        anchor_digest: epoch.anchor_digest,
    };
    epoch.report_data = report.data(NETWORK);
    epoch
}

/// Part `part` of an answer: 5 input tokens with the first, 4 output tokens each.
fn part(number: u32, last: bool) -> PartReceipt {
    let tokens = |count: u32| Tokens::new(count.into()).unwrap();
    let first = number == 0;
    let body = ReceiptBody {
        request_commitment: RequestCommitment::default(),
        response_commitment: ResponseCommitment::default(),
        part: number,
        last,
        model: MODEL,
        manifest_hash: ManifestHash::new([8; 32]),
        input_before: tokens(if first { 0 } else { 5 }),
        output_before: tokens(number * 4),
        input_tokens: tokens(if first { 5 } else { 0 }),
        output_tokens: tokens(4),
        finished_at_ms: TimestampMs(1),
    };
    let receipt = Receipt {
        account: CHANNEL.into(),
        key_epoch: EPOCH,
        seq: Seq(number.into()),
        fee: Amount(if first { 13 } else { 8 }),
        body_hash: body.hash(),
    };
    signed(receipt, body)
}

fn signed(receipt: Receipt, body: ReceiptBody) -> PartReceipt {
    let statement = Statement {
        channel: CHANNEL,
        key_epoch: EPOCH,
        earned: Amount(1),
        receipts: receipt.seq.0 + 1,
        input_tokens: 0,
        output_tokens: 0,
        root: MerkleRoot::default(),
    };
    PartReceipt {
        receipt: Verified::sign(receipt, NETWORK, &epoch_key()).into_signed(),
        body,
        statement: Verified::sign(statement, NETWORK, &epoch_key()).into_signed(),
    }
}

fn honest() -> (Receipts, MerkleRoot) {
    let parts = vec![part(0, false), part(1, true)];
    let mut tree: Tree = parts
        .iter()
        .map(|part| LeafHash::of(&part.receipt.statement.message(NETWORK)))
        .collect();
    tree.append(LeafHash::of(b"another answer's"));
    let stated = Voucher {
        channel: CHANNEL,
        cumulative: Amount(30),
    };
    let receipts = Receipts {
        channel: CHANNEL,
        key_epoch: EPOCH,
        parts,
        voucher: Some(Verified::sign(stated, NETWORK, &voucher_key()).into_signed()),
        proofs: Some(vec![tree.proof(0).unwrap(), tree.proof(1).unwrap()]),
    };
    (receipts, tree.root())
}

fn checked(given: &Receipts, epoch: &KeyEpochState, root: MerkleRoot) -> Checks {
    let mut checks = Checks::default();
    voucher(&mut checks, NETWORK, &channel(), given);
    receipts(&mut checks, NETWORK, &channel(), epoch, given);
    inclusion(&mut checks, NETWORK, given, root, 3);
    report_data(&mut checks, NETWORK, NODE, epoch);
    let stated = serde_json::json!({ "prompt_tokens": 5, "completion_tokens": 8 });
    usage(&mut checks, &stated, given);
    checks
}

#[test]
fn an_honest_answer_passes() {
    let (receipts, root) = honest();
    let checks = checked(&receipts, &epoch(), root);
    assert!(checks.hold(), "{checks:#?}");
    assert_eq!(fees(&receipts), Amount(21));
    assert!(!Checks::default().hold());
}

/// Changes an honest answer and expects a complaint about `what`, and nothing that passes as a whole.
#[track_caller]
fn refused(what: &str, change: impl FnOnce(&mut Receipts, &mut KeyEpochState, &mut MerkleRoot)) {
    let ((mut receipts, mut root), mut epoch) = (honest(), epoch());
    change(&mut receipts, &mut epoch, &mut root);
    let checks = checked(&receipts, &epoch, root);
    let mut failed = checks.iter().filter(|check| !check.ok);
    assert!(failed.any(|check| check.what.contains(what)), "{checks:#?}");
}

#[test]
fn forgeries_are_refused() {
    refused("shows a voucher", |receipts, _, _| receipts.voucher = None);
    refused(
        "is signed by the channel's voucher key",
        |receipts, _, _| {
            if let Some(voucher) = &mut receipts.voucher {
                voucher.statement.cumulative = Amount(31);
            }
        },
    );
    refused("paid no more", |receipts, _, _| {
        let stated = Voucher {
            channel: CHANNEL,
            cumulative: Amount(22),
        };
        receipts.voucher = Some(Verified::sign(stated, NETWORK, &voucher_key()).into_signed());
    });
    refused("is signed by the key of epoch 3", |_, epoch, _| {
        epoch.signing_key = voucher_key().public();
    });
    refused("is signed by the key of epoch 3", |receipts, _, _| {
        receipts.parts[0].receipt.statement.fee = Amount(12);
    });
    refused("commits to its body", |receipts, _, _| {
        receipts.parts[1].body.last = false
    });
    refused("ends the answer", |receipts, _, _| {
        receipts.parts[1].body.last = false
    });
    refused("ends the answer", |receipts, _, _| receipts.parts.clear());
    refused("for the usage in the answer", |receipts, _, _| {
        receipts.parts.remove(0);
    });
    refused("follows the one before it", |receipts, _, _| {
        receipts.parts.remove(0);
    });
    // An overcharge that the node signed for.
    refused("at the channel's prices", |receipts, _, _| {
        let PartReceipt { receipt, body, .. } = receipts.parts[0].clone();
        receipts.parts[0] = signed(
            Receipt {
                fee: Amount(14),
                ..receipt.statement
            },
            body,
        );
    });
    refused("under the settled root", |_, _, root| {
        *root = MerkleRoot::default()
    });
    refused("under the settled root", |receipts, _, _| {
        receipts.proofs = None
    });
    refused("under the settled root", |receipts, _, _| {
        if let Some(proofs) = &mut receipts.proofs {
            proofs.swap(0, 1);
        }
    });
    refused("exactly these keys", |_, epoch, _| {
        epoch.signing_key = voucher_key().public()
    });
    refused("exactly these keys", |_, epoch, _| {
        epoch.anchor_digest = CheckpointDigest::default()
    });
}
