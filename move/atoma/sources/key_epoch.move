/// Key epochs: what one boot of a node's enclave signs and opens with, and what was proved of it.
///
/// A key epoch begins with a restart of the enclave or a rotation; numbers are dense from 0 per
/// node. Its **grade** is a bit set of what was proved. A grade once given is a fact: expiry,
/// revocation and jail stop new work, never payment for old work.
module atoma::key_epoch;

use std::string::String;

// === Constants ===

/// Evidence that proves nothing about hardware; counts on dev networks only.
const KIND_SIMULATED: u8 = 0;
/// AMD SEV-SNP.
const KIND_SEV_SNP: u8 = 1;
/// Intel TDX.
const KIND_TDX: u8 = 2;
/// AWS Nitro enclave.
const KIND_NITRO: u8 = 3;

/// The vendor's certificate chain verifies.
const GRADE_VENDOR_CHAIN: u64 = 1 << 0;
/// The measurement is on the network's list.
const GRADE_MEASUREMENT: u64 = 1 << 1;
/// The platform's TCB is up to date.
const GRADE_TCB: u64 = 1 << 2;
/// A GPU report is bound to the same 32 bytes.
const GRADE_GPU_BOUND: u64 = 1 << 3;
/// The platform is registered with its vendor.
const GRADE_PLATFORM_REGISTERED: u64 = 1 << 4;
/// Nothing about hardware was proved.
const GRADE_SIMULATED: u64 = 1 << 63;
/// Every grade bit there is.
const GRADE_ALL: u64 = (1 << 63) | 0x1F;

// === Structs ===

/// One key epoch of a node. Hashes are typed `address`.
public struct KeyEpoch has copy, drop, store {
    epoch: u64,
    kind: u8,
    /// What was proved; 0 until graded.
    grade: u64,
    measurement: vector<u8>,
    /// ed25519 public key that signs receipts and statements.
    signing_key: vector<u8>,
    /// `blake2b256` of the sealing keys, which the posting event carries in full.
    sealing_keys_hash: address,
    manifest_hash: address,
    evidence_hash: address,
    evidence_uri: String,
    /// The 32 bytes that the evidence must carry.
    report_data: address,
    anchor_seq: u64,
    anchor_digest: address,
    /// Time of the anchor's checkpoint; 0 until graded.
    anchor_ms: u64,
    posted_ms: u64,
    /// No new work from here on; 0 until graded.
    expires_ms: u64,
}

// === View functions ===

/// Number of the epoch within its node.
public fun epoch(self: &KeyEpoch): u64 { self.epoch }

/// Kind of evidence.
public fun kind(self: &KeyEpoch): u8 { self.kind }

/// What was proved; 0 until graded.
public fun grade(self: &KeyEpoch): u64 { self.grade }

/// Measurement that the evidence claims.
public fun measurement(self: &KeyEpoch): vector<u8> { self.measurement }

/// Key that signs receipts and statements.
public fun signing_key(self: &KeyEpoch): &vector<u8> { &self.signing_key }

/// Hash of the sealing keys.
public fun sealing_keys_hash(self: &KeyEpoch): address { self.sealing_keys_hash }

/// Hash of the manifest of what runs in the enclave.
public fun manifest_hash(self: &KeyEpoch): address { self.manifest_hash }

/// Hash of the evidence.
public fun evidence_hash(self: &KeyEpoch): address { self.evidence_hash }

/// The 32 bytes that the evidence must carry.
public fun report_data(self: &KeyEpoch): address { self.report_data }

/// Time of the anchor's checkpoint; 0 until graded.
public fun anchor_ms(self: &KeyEpoch): u64 { self.anchor_ms }

/// Clock time of posting.
public fun posted_ms(self: &KeyEpoch): u64 { self.posted_ms }

/// Clock time from which the epoch takes no new work; 0 until graded.
public fun expires_ms(self: &KeyEpoch): u64 { self.expires_ms }

/// Whether it was ever graded, and the grade covers `need`.
public fun covers(self: &KeyEpoch, need: u64): bool {
    self.grade != 0 && need & self.grade == need
}

/// Kind: simulated.
public fun kind_simulated(): u8 { KIND_SIMULATED }

/// Kind: AMD SEV-SNP.
public fun kind_sev_snp(): u8 { KIND_SEV_SNP }

/// Kind: Intel TDX.
public fun kind_tdx(): u8 { KIND_TDX }

/// Kind: AWS Nitro.
public fun kind_nitro(): u8 { KIND_NITRO }

/// Grade bit: the vendor's certificate chain verifies.
public fun grade_vendor_chain(): u64 { GRADE_VENDOR_CHAIN }

/// Grade bit: the measurement is on the network's list.
public fun grade_measurement(): u64 { GRADE_MEASUREMENT }

/// Grade bit: the platform's TCB is up to date.
public fun grade_tcb(): u64 { GRADE_TCB }

/// Grade bit: a GPU report is bound to the same 32 bytes.
public fun grade_gpu_bound(): u64 { GRADE_GPU_BOUND }

/// Grade bit: the platform is registered.
public fun grade_platform_registered(): u64 { GRADE_PLATFORM_REGISTERED }

/// Grade bit: simulated.
public fun grade_simulated(): u64 { GRADE_SIMULATED }

/// Every grade bit there is.
public fun grade_all(): u64 { GRADE_ALL }

// === Package functions ===

/// A key epoch as posted, not graded yet.
public(package) fun new(
    epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    signing_key: vector<u8>,
    sealing_keys_hash: address,
    manifest_hash: address,
    evidence_hash: address,
    evidence_uri: String,
    report_data: address,
    anchor_seq: u64,
    anchor_digest: address,
    posted_ms: u64,
): KeyEpoch {
    KeyEpoch {
        epoch,
        kind,
        grade: 0,
        measurement,
        signing_key,
        sealing_keys_hash,
        manifest_hash,
        evidence_hash,
        evidence_uri,
        report_data,
        anchor_seq,
        anchor_digest,
        anchor_ms: 0,
        posted_ms,
        expires_ms: 0,
    }
}

/// Adds grade bits. The first grade fixes anchor and expiry.
public(package) fun add_grade(
    self: &mut KeyEpoch,
    grade: u64,
    anchor_ms: u64,
    expires_ms: u64,
) {
    if (self.grade == 0) {
        self.anchor_ms = anchor_ms;
        self.expires_ms = if (self.expires_ms == 0) expires_ms else self.expires_ms.min(expires_ms);
    };
    self.grade = self.grade | grade;
}

/// Lets the epoch expire at `now_ms` if it would later.
public(package) fun end(self: &mut KeyEpoch, now_ms: u64) {
    if (self.expires_ms == 0 || self.expires_ms > now_ms) self.expires_ms = now_ms;
}
