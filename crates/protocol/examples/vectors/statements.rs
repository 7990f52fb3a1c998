//! `statements.json`.

use atoma_protocol::{
    hash::{
        BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData,
        RequestCommitment, ResponseCommitment, SealingKeysHash,
    },
    ids::{
        AccountId, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId, NetworkId,
        NodeId, Seq, SequencerId,
    },
    keys::SigningKey,
    money::{Amount, Tokens},
    statement::{
        EvidenceKind, Grade, Promise, Receipt, ReceiptBody, Report, ReportKey, Signable, Signed,
        Statement, Verdict, Verified, Voucher,
    },
    time::TimestampMs,
};

use super::{Value, Vector, hex};

const NETWORK: NetworkId = NetworkId::new([0xa1; 32]);
const SEED: [u8; 32] = [0x42; 32];

/// Signed statements, then the same with one thing wrong, then what is hashed and not signed.
pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors = Vec::new();
    for cumulative in [0, 1, 0x0102_0304_0506_0708, u64::MAX] {
        vectors.push(voucher(cumulative));
    }
    vectors.push(signed(
        "statement",
        "statement",
        &statement(),
        statement_fields(&statement()),
    ));
    let empty = Statement {
        earned: Amount(0),
        receipts: 0,
        input_tokens: 0,
        output_tokens: 0,
        root: atoma_protocol::merkle::Frontier::new().root(),
        ..statement()
    };
    vectors.push(signed(
        "statement of nothing",
        "statement",
        &empty,
        statement_fields(&empty),
    ));
    vectors.push(signed(
        "receipt",
        "receipt",
        &receipt(),
        receipt_fields(&receipt()),
    ));
    vectors.push(promise());
    vectors.push(verdict());
    vectors.extend(refused());
    vectors.push(body());
    vectors.push(report());
    vectors
}

fn statement() -> Statement {
    Statement {
        channel: ChannelId::new([0xc1; 32]),
        key_epoch: KeyEpoch(7),
        earned: Amount(123_456_789),
        receipts: 42,
        input_tokens: 1_000_000,
        output_tokens: 2_000_000,
        root: MerkleRoot::new([0x5e; 32]),
    }
}

fn statement_fields(statement: &Statement) -> Vector {
    vec![
        ("channel", statement.channel.into()),
        ("key_epoch", statement.key_epoch.into()),
        ("earned", statement.earned.into()),
        ("receipts", statement.receipts.into()),
        ("input_tokens", statement.input_tokens.into()),
        ("output_tokens", statement.output_tokens.into()),
        ("root", statement.root.into()),
    ]
}

fn receipt() -> Receipt {
    Receipt {
        account: AccountId::new([0xc1; 32]),
        key_epoch: KeyEpoch(7),
        seq: Seq(41),
        fee: Amount(1_234),
        body_hash: BodyHash::new([0xb0; 32]),
    }
}

fn receipt_fields(receipt: &Receipt) -> Vector {
    vec![
        ("account", receipt.account.into()),
        ("key_epoch", receipt.key_epoch.into()),
        ("seq", receipt.seq.into()),
        ("fee", receipt.fee.into()),
        ("body_hash", receipt.body_hash.into()),
    ]
}

fn voucher(cumulative: u64) -> Vector {
    let voucher = Voucher {
        channel: ChannelId::new([0xc1; 32]),
        cumulative: Amount(cumulative),
    };
    signed(
        &format!("voucher of {cumulative}"),
        "voucher",
        &voucher,
        vec![
            ("channel", voucher.channel.into()),
            ("cumulative", voucher.cumulative.into()),
        ],
    )
}

fn promise() -> Vector {
    let promise = Promise {
        sequencer: SequencerId::new([0x5e; 32]),
        seq: Seq(9),
        commitment: RequestCommitment::new([0x77; 32]),
        node: NodeId::new([0xd0; 32]),
        at_ms: TimestampMs(1_790_000_000_000),
    };
    signed(
        "promise",
        "promise",
        &promise,
        vec![
            ("sequencer", promise.sequencer.into()),
            ("seq", promise.seq.into()),
            ("commitment", promise.commitment.into()),
            ("node", promise.node.into()),
            ("at_ms", promise.at_ms.0.into()),
        ],
    )
}

fn verdict() -> Vector {
    let verdict = Verdict {
        node: NodeId::new([0xd0; 32]),
        key_epoch: KeyEpoch(7),
        kind: EvidenceKind::SevSnp,
        measurement: vec![0x3a; 48],
        evidence_hash: EvidenceHash::new([0xe1; 32]),
        report_data: ReportData::new([0xe2; 32]),
        grade: Grade::VENDOR_CHAIN.union(Grade::MEASUREMENT),
        anchor_ms: TimestampMs(1_790_000_000_000),
        attestor_set_version: AttestorSetVersion(3),
    };
    signed(
        "verdict",
        "verdict",
        &verdict,
        vec![
            ("node", verdict.node.into()),
            ("key_epoch", verdict.key_epoch.into()),
            ("evidence_kind", u8::from(verdict.kind).into()),
            ("measurement", hex(&verdict.measurement)),
            ("evidence_hash", verdict.evidence_hash.into()),
            ("report_data", verdict.report_data.into()),
            ("grade", verdict.grade.0.into()),
            ("anchor_ms", verdict.anchor_ms.0.into()),
            ("attestor_set_version", verdict.attestor_set_version.into()),
        ],
    )
}

/// A vector around fields: what comes before them, and message, key and signature after them.
fn signed<S: Signable + Clone>(
    name: &str,
    kind: &'static str,
    content: &S,
    fields: Vector,
) -> Vector {
    let key = SigningKey::from_seed(SEED);
    let signed = Verified::sign(content.clone(), NETWORK, &key).into_signed();
    vector(name, kind, &signed, fields, NETWORK, SEED)
}

fn vector<S: Signable + Clone>(
    name: &str,
    kind: &'static str,
    signed: &Signed<S>,
    fields: Vector,
    network: NetworkId,
    seed: [u8; 32],
) -> Vector {
    let key = SigningKey::from_seed(seed).public();
    let valid = signed.clone().verify(network, &key).is_ok();
    let mut vector = head(name, kind, S::DOMAIN, network);
    vector.extend(fields);
    vector.extend([
        ("message", hex(signed.statement.message(network))),
        ("seed", hex(seed)),
        ("public_key", key.into()),
        ("signature", hex(signed.signature.as_bytes())),
        ("expected", if valid { "valid" } else { "invalid" }.into()),
    ]);
    vector
}

fn head(name: &str, kind: &'static str, domain: &str, network: NetworkId) -> Vector {
    vec![
        ("name", name.into()),
        ("kind", kind.into()),
        ("domain", domain.into()),
        ("network", network.into()),
    ]
}

/// Signatures of something else.
fn refused() -> Vec<Vector> {
    let key = SigningKey::from_seed(SEED);
    let voucher = Voucher {
        channel: ChannelId::new([0xc1; 32]),
        cumulative: Amount(1_000),
    };
    let fields = || -> Vector {
        vec![
            ("channel", voucher.channel.into()),
            ("cumulative", voucher.cumulative.into()),
        ]
    };
    let other_network = NetworkId::new([0xa2; 32]);
    let elsewhere = Verified::sign(voucher, other_network, &key).into_signed();
    let less = Voucher {
        cumulative: Amount(999),
        ..voucher
    };
    let less = Signed {
        statement: voucher,
        signature: *Verified::sign(less, NETWORK, &key).signature(),
    };
    let foreign = SigningKey::from_seed([0x43; 32]);
    let foreign = Verified::sign(voucher, NETWORK, &foreign).into_signed();
    let of_receipt = Signed {
        statement: statement(),
        signature: *Verified::sign(receipt(), NETWORK, &key).signature(),
    };
    vec![
        vector(
            "voucher signed for another network",
            "voucher",
            &elsewhere,
            fields(),
            NETWORK,
            SEED,
        ),
        vector(
            "voucher signed over another amount",
            "voucher",
            &less,
            fields(),
            NETWORK,
            SEED,
        ),
        vector(
            "voucher signed by another key",
            "voucher",
            &foreign,
            fields(),
            NETWORK,
            SEED,
        ),
        vector(
            "statement with the signature of a receipt",
            "statement",
            &of_receipt,
            statement_fields(&statement()),
            NETWORK,
            SEED,
        ),
    ]
}

/// The body of a receipt: its bytes, and the hash that the head holds.
fn body() -> Vector {
    let tokens = |count| Tokens::new(count).expect("a small count");
    let body = ReceiptBody {
        request_commitment: RequestCommitment::new([0x71; 32]),
        response_commitment: ResponseCommitment::new([0x72; 32]),
        part: 3,
        last: true,
        model: ModelId::new([0x73; 32]),
        manifest_hash: ManifestHash::new([0x74; 32]),
        input_before: tokens(100),
        output_before: tokens(200),
        input_tokens: tokens(0),
        output_tokens: tokens(55),
        finished_at_ms: TimestampMs(1_790_000_000_000),
    };
    vec![
        ("name", "body of a receipt".into()),
        ("kind", "receipt_body".into()),
        ("request_commitment", body.request_commitment.into()),
        ("response_commitment", body.response_commitment.into()),
        ("part", body.part.into()),
        ("last", body.last.into()),
        ("model", body.model.into()),
        ("manifest_hash", body.manifest_hash.into()),
        ("input_before", body.input_before.into()),
        ("output_before", body.output_before.into()),
        ("input_tokens", body.input_tokens.into()),
        ("output_tokens", body.output_tokens.into()),
        ("finished_at_ms", body.finished_at_ms.0.into()),
        (
            "bytes",
            hex(bcs::to_bytes(&body).expect("a body always encodes")),
        ),
        ("expected", body.hash().into()),
    ]
}

/// What a TEE binds into its report: hashed, not signed.
fn report() -> Vector {
    let report = Report {
        node: NodeId::new([0xd0; 32]),
        kind: EvidenceKind::SevSnp,
        key_epoch: KeyEpoch(7),
        signing_key: ReportKey(SigningKey::from_seed(SEED).public()),
        sealing_keys_hash: SealingKeysHash::new([0x91; 32]),
        manifest_hash: ManifestHash::new([0x74; 32]),
        anchor_seq: CheckpointSeq(123_456),
        anchor_digest: CheckpointDigest::new([0x92; 32]),
    };
    let mut vector = head("report", "report", Report::DOMAIN, NETWORK);
    let fields: Vec<(&'static str, Value)> = vec![
        ("node", report.node.into()),
        ("evidence_kind", u8::from(report.kind).into()),
        ("key_epoch", report.key_epoch.into()),
        ("signing_key", report.signing_key.0.into()),
        ("sealing_keys_hash", report.sealing_keys_hash.into()),
        ("manifest_hash", report.manifest_hash.into()),
        ("anchor_seq", report.anchor_seq.into()),
        ("anchor_digest", report.anchor_digest.into()),
        ("message", hex(report.message(NETWORK))),
        ("expected", report.data(NETWORK).into()),
    ];
    vector.extend(fields);
    vector
}
