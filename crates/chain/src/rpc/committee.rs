//! The validators who sign checkpoints.

use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use sui_sdk_types::ValidatorCommittee;
use thiserror::Error;

use crate::{error::RpcError, rpc::checkpoint::Checkpoint};

/// The committee of one epoch. Who trusts one can check a checkpoint without trusting the fullnode
/// that gave it, and learns the next committee from the last checkpoint of the epoch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Committee(ValidatorCommittee);

/// Why a checkpoint is not the committee's.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It came without a signature.
    #[error("checkpoint {0} came without its signature")]
    Unsigned(atoma_protocol::ids::CheckpointSeq),
    /// It is of another epoch than the committee.
    #[error("checkpoint {seq} is of epoch {found}, the committee of epoch {expected}")]
    WrongEpoch {
        /// The checkpoint.
        seq: atoma_protocol::ids::CheckpointSeq,
        /// Its epoch.
        found: u64,
        /// The committee's epoch.
        expected: u64,
    },
    /// The signature is not that of a quorum of the committee.
    #[error("checkpoint {0} is not signed by a quorum of its committee")]
    BadSignature(atoma_protocol::ids::CheckpointSeq),
}

impl Committee {
    /// From BCS, as written by [`Self::to_bytes`].
    ///
    /// # Errors
    /// [`RpcError::BadAnswer`] if it is none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, RpcError> {
        bcs::from_bytes(bytes).map(Self).map_err(RpcError::bad)
    }

    /// As BCS: epoch, then each member's BLS key and stake. To be kept by who pins it.
    ///
    /// # Panics
    /// Never: keys and numbers always have BCS.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        bcs::to_bytes(&self.0).expect("keys and numbers always have BCS")
    }

    /// Its epoch.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        self.0.epoch
    }

    /// Checks that a quorum signed the checkpoint, and with it everything in it.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn verify(&self, checkpoint: &Checkpoint) -> Result<(), CheckpointError> {
        let seq = checkpoint.seq();
        let summary = checkpoint.summary();
        if summary.epoch != self.0.epoch {
            return Err(CheckpointError::WrongEpoch {
                seq,
                found: summary.epoch,
                expected: self.0.epoch,
            });
        }
        let signature = checkpoint
            .signature()
            .ok_or(CheckpointError::Unsigned(seq))?;
        ValidatorCommitteeSignatureVerifier::new(self.0.clone())
            .and_then(|verifier| verifier.verify_checkpoint_summary(summary, signature))
            .map_err(|_| CheckpointError::BadSignature(seq))
    }

    /// The committee of the next epoch, if this checkpoint, which must be verified, ends its own.
    #[must_use]
    pub fn next(checkpoint: &Checkpoint) -> Option<Self> {
        let end = checkpoint.summary().end_of_epoch_data.as_ref()?;
        Some(Self(ValidatorCommittee {
            epoch: checkpoint.summary().epoch.checked_add(1)?,
            members: end.next_epoch_committee.clone(),
        }))
    }
}

impl From<ValidatorCommittee> for Committee {
    fn from(committee: ValidatorCommittee) -> Self {
        Self(committee)
    }
}
