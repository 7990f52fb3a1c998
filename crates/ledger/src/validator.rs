//! The one validator that signs checkpoints.

use sui_crypto::bls12381::Bls12381PrivateKey;
use sui_sdk_types::{
    Bitmap, CheckpointSummary, SignedCheckpointSummary, ValidatorAggregatedSignature,
    ValidatorCommittee, ValidatorCommitteeMember,
};

use crate::error::LedgerError;
use crate::records::hash;

/// The only epoch.
pub(crate) const EPOCH: u64 = 0;
/// Stake of the only validator: all of it, in Sui's measure of voting power.
const TOTAL_VOTING_POWER: u64 = 10_000;
/// Keeps the first byte of a key below that of the order of BLS12-381's scalar field (0x73).
const SCALAR_MASK: u8 = 0x3f;

/// A validator with all the voting power.
#[derive(Debug)]
pub(crate) struct Validator {
    key: Bls12381PrivateKey,
}

impl Validator {
    /// The validator of the chain with this seed.
    pub(crate) fn new(chain_seed: &[u8; 32]) -> Result<Self, LedgerError> {
        let mut secret = hash(&[b"atoma localnet validator", chain_seed]);
        secret[0] &= SCALAR_MASK;
        let key = Bls12381PrivateKey::new(secret)
            .map_err(|error| LedgerError::Genesis(format!("validator key: {error}")))?;
        Ok(Self { key })
    }

    /// The committee: this validator alone.
    pub(crate) fn committee(&self) -> ValidatorCommittee {
        ValidatorCommittee {
            epoch: EPOCH,
            members: vec![ValidatorCommitteeMember {
                public_key: self.key.public_key(),
                stake: TOTAL_VOTING_POWER,
            }],
        }
    }

    /// Signs a checkpoint for the whole committee.
    pub(crate) fn sign(&self, summary: CheckpointSummary) -> SignedCheckpointSummary {
        let signature = self.key.sign_checkpoint_summary(&summary).signature;
        // One member's signature is the aggregate of a committee of one; nothing to verify here.
        let mut bitmap = Bitmap::new();
        bitmap.insert(0);
        SignedCheckpointSummary {
            signature: ValidatorAggregatedSignature {
                epoch: summary.epoch,
                signature,
                bitmap,
            },
            checkpoint: summary,
        }
    }
}
