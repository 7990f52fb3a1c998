//! Evidence as it is stored and sent.

use atoma_protocol::{
    hash::{EvidenceHash, blake2b256},
    statement::EvidenceKind,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Largest evidence, in bytes: eight GPU reports with their chains and room to grow.
pub const MAX_EVIDENCE_BYTES: usize = 512 << 10;

/// Bytes that are no evidence.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// More than [`MAX_EVIDENCE_BYTES`].
    #[error("evidence of {0} bytes exceeds {MAX_EVIDENCE_BYTES}")]
    TooLong(usize),
    /// Not the BCS of an [`Evidence`].
    #[error("evidence does not decode")]
    Undecodable,
}

/// What a platform says about a guest, in the vendor's own format.
///
/// BCS: the kind's byte, then the vendor's bytes behind their length.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Where it comes from.
    pub kind: EvidenceKind,
    /// The vendor's report, quote or document.
    pub document: Vec<u8>,
}

impl Evidence {
    /// The bytes that are stored, sent and hashed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bcs::to_bytes(self).expect("a byte and a byte string always encode")
    }

    /// Reads what [`Self::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`DecodeError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        if bytes.len() > MAX_EVIDENCE_BYTES {
            return Err(DecodeError::TooLong(bytes.len()));
        }
        bcs::from_bytes(bytes).map_err(|_| DecodeError::Undecodable)
    }

    /// What names it on-chain: BLAKE2b-256 of [`Self::to_bytes`].
    #[must_use]
    pub fn hash(&self) -> EvidenceHash {
        EvidenceHash::new(blake2b256(&[&self.to_bytes()]))
    }
}
