/// Evidence and its grades.
///
/// The operator posts a key epoch: which keys, in which enclave, with which evidence. Attestors
/// check the evidence and sign a verdict that says what it proves; a threshold of them makes a
/// grade. Nothing here reads evidence: the chain keeps its hash, and the posting event carries the
/// sealing keys (X25519 and X-Wing, too long for state), whose hash is in the node.
///
/// Writes `Node` only; see `node` and `key_epoch` for the fields.
module atoma::attestation;

use atoma::attestors::Attestors;
use atoma::events;
use atoma::key_epoch;
use atoma::measurements::{Self, Measurements};
use atoma::message;
use atoma::network::Network;
use atoma::node::{Node, NodeCap};
use std::string::String;
use sui::clock::Clock;

// === Errors ===

/// The key epoch is not the next one.
#[error(code = 0)]
const EWrongEpoch: vector<u8> = b"The evidence is for another key epoch than the next one";
/// The kind of evidence is unknown, or simulated where it does not count.
#[error(code = 1)]
const EBadKind: vector<u8> = b"Unknown kind of evidence, or simulated outside a dev network";
/// Measurement is empty or too long.
#[error(code = 2)]
const EBadMeasurement: vector<u8> = b"A measurement has 1 to 64 bytes";
/// Sealing keys are empty or too long.
#[error(code = 3)]
const EBadSealingKeys: vector<u8> = b"Sealing keys have 1 to 2048 bytes";
/// URI is too long.
#[error(code = 4)]
const EUriTooLong: vector<u8> = b"An evidence URI has at most 256 bytes";
/// The grade has no bits, unknown bits, or bits that its kind cannot prove.
#[error(code = 5)]
const EBadGrade: vector<u8> = b"The grade has no bits, or bits that this kind cannot prove";
/// The measurement is not on the network's list.
#[error(code = 6)]
const ENotAllowed: vector<u8> = b"The measurement is not on the network's list";
/// The anchor was too old when the evidence was posted, or is later than it.
#[error(code = 7)]
const EAnchorNotRecent: vector<u8> = b"The anchor must precede the posting, by at most 15 minutes";
/// A later verdict contradicts the first about the anchor.
#[error(code = 8)]
const EAnchorChanged: vector<u8> = b"Verdicts on one key epoch must agree on the anchor's time";

// === Constants ===

/// Most bytes of the sealing keys together.
const MAX_SEALING_KEYS_LENGTH: u64 = 2048;
/// Most bytes of an evidence URI.
const MAX_URI_LENGTH: u64 = 256;
/// How far the clock of a checkpoint may be ahead of the posting's.
const ANCHOR_SKEW_MS: u64 = 60 * 1000;

// === Public functions ===

/// Posts the next key epoch of a node, not graded yet. `sealing_keys` are the bytes that
/// `sealing_keys_hash` of the report data is over: the X25519 key (32) and the X-Wing key (1,216).
public fun post(
    node: &mut Node,
    cap: &NodeCap,
    network: &Network,
    key_epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    signing_key: vector<u8>,
    sealing_keys: vector<u8>,
    manifest_hash: address,
    evidence_hash: address,
    evidence_uri: String,
    anchor_seq: u64,
    anchor_digest: address,
    clock: &Clock,
) {
    network.assert_open();
    node.assert_operator(cap);
    node.assert_network(object::id(network));
    assert!(key_epoch == node.next_epoch(), EWrongEpoch);
    assert!(
        kind <= key_epoch::kind_nitro()
            && (kind != key_epoch::kind_simulated() || network.is_dev()),
        EBadKind,
    );
    assert!(
        !measurement.is_empty() && measurement.length() <= measurements::max_length(),
        EBadMeasurement,
    );
    message::assert_usable_key(&signing_key);
    assert!(
        !sealing_keys.is_empty() && sealing_keys.length() <= MAX_SEALING_KEYS_LENGTH,
        EBadSealingKeys,
    );
    assert!(evidence_uri.length() <= MAX_URI_LENGTH, EUriTooLong);
    let sealing_keys_hash = message::hash(&sealing_keys);
    let report_data = message::report_data(
        object::id(network),
        object::id(node),
        kind,
        key_epoch,
        signing_key,
        sealing_keys_hash,
        manifest_hash,
        anchor_seq,
        anchor_digest,
    );
    let posted_ms = clock.timestamp_ms();
    node.add_epoch(
        key_epoch::new(
            key_epoch,
            kind,
            measurement,
            signing_key,
            sealing_keys_hash,
            manifest_hash,
            evidence_hash,
            evidence_uri,
            report_data,
            anchor_seq,
            anchor_digest,
            posted_ms,
        ),
    );
    events::emit_attestation_posted(
        object::id(node),
        key_epoch,
        kind,
        measurement,
        signing_key,
        sealing_keys,
        manifest_hash,
        evidence_hash,
        evidence_uri,
        report_data,
        anchor_seq,
        anchor_digest,
        posted_ms,
    );
}

/// Gives a key epoch what a threshold of attestors says its evidence proves. Anybody may bring the
/// verdict. Bits are only ever added; the first verdict fixes anchor and expiry.
public fun grade(
    node: &mut Node,
    network: &Network,
    attestors: &Attestors,
    measurements: &Measurements,
    key_epoch: u64,
    grade: u64,
    anchor_ms: u64,
    signers: vector<u8>,
    signatures: vector<vector<u8>>,
    clock: &Clock,
) {
    let network_id = object::id(network);
    node.assert_network(network_id);
    attestors.assert_network(network_id);
    measurements.assert_network(network_id);
    let epoch = node.epoch(key_epoch);
    let kind = epoch.kind();
    assert!(is_possible(kind, grade), EBadGrade);
    assert!(
        grade & key_epoch::grade_measurement() == 0
            || measurements.is_allowed(kind, epoch.measurement(), clock),
        ENotAllowed,
    );
    let posted_ms = epoch.posted_ms();
    assert!(
        anchor_ms <= posted_ms + ANCHOR_SKEW_MS
            && posted_ms <= anchor_ms + network.params().max_anchor_age_ms(),
        EAnchorNotRecent,
    );
    assert!(epoch.grade() == 0 || epoch.anchor_ms() == anchor_ms, EAnchorChanged);
    attestors.assert_signed(
        &message::verdict(
            network_id,
            object::id(node),
            key_epoch,
            kind,
            epoch.measurement(),
            epoch.evidence_hash(),
            epoch.report_data(),
            grade,
            anchor_ms,
            attestors.set_version(),
        ),
        signers,
        signatures,
    );
    let node_id = object::id(node);
    let epoch = node.epoch_mut(key_epoch);
    epoch.add_grade(grade, anchor_ms, anchor_ms + network.params().max_evidence_age_ms());
    events::emit_key_epoch_graded(
        node_id,
        key_epoch,
        kind,
        epoch.grade(),
        anchor_ms,
        epoch.expires_ms(),
        attestors.set_version(),
        signers,
    );
}

/// Lets a key epoch take no new work from now on: the operator rotated its keys or stops.
public fun end(node: &mut Node, cap: &NodeCap, key_epoch: u64, clock: &Clock) {
    node.assert_operator(cap);
    let node_id = object::id(node);
    let epoch = node.epoch_mut(key_epoch);
    epoch.end(clock.timestamp_ms());
    events::emit_key_epoch_ended(node_id, key_epoch, epoch.expires_ms());
}

// === Private functions ===

/// Simulated evidence says so and can have its measurement listed, nothing else; real evidence
/// never says simulated.
fun is_possible(kind: u8, grade: u64): bool {
    let simulated = key_epoch::grade_simulated();
    if (kind == key_epoch::kind_simulated()) {
        grade & simulated != 0 && grade | (simulated | key_epoch::grade_measurement())
            == simulated | key_epoch::grade_measurement()
    } else {
        grade != 0
            && grade & simulated == 0
            && grade | key_epoch::grade_all() == key_epoch::grade_all()
    }
}
