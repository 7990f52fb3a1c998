//! 32-byte digests: BLAKE2b-256 for what a contract recomputes, BLAKE3 for content.

use blake2::{Blake2b, Digest, digest::consts::U32};

use crate::ids::bytes32;

bytes32! {
    /// BLAKE2b-256 of the BCS of a receipt's body.
    BodyHash;
    /// Root over the receipts of one channel and key epoch; binds their count.
    MerkleRoot;
    /// BLAKE3 of a request, keyed from the requester's nonce, so that a short prompt cannot be guessed.
    RequestCommitment;
    /// BLAKE3 of a response, keyed from the requester's nonce.
    ResponseCommitment;
    /// BLAKE3 over the canonical manifest of a model's files.
    ManifestHash;
    /// BLAKE2b-256 of a piece of attestation evidence.
    EvidenceHash;
    /// What a TEE puts into the first 32 bytes of its report data: see [`crate::statement::Report`].
    ReportData;
    /// Digest of a chain checkpoint.
    CheckpointDigest;
    /// BLAKE2b-256 of all sealing keys of a key epoch, concatenated in order.
    SealingKeysHash;
}

/// BLAKE2b-256 over the concatenation of `parts`.
#[must_use]
pub fn blake2b256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
