//! A receipt under a settled root: what was paid was done.
//!
//! Nothing here trusts the indexer: the caller brings the key and the settlement as it knows them from
//! the chain.

use atoma_protocol::{
    ids::{AccountId, NetworkId, Seq},
    keys::{KeyError, PublicKey},
    merkle::{LeafHash, MerkleError, Proof},
    statement::{Receipt, Signable as _, Signed, Verified},
};
use thiserror::Error;

use crate::view::Settlement;

/// Why a receipt is not shown to be under a settlement's root.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InclusionError {
    /// The receipt is not signed by the key epoch.
    #[error("the receipt's signature does not hold")]
    Signature(#[from] KeyError),
    /// The settlement is of another channel.
    #[error("the receipt is charged to {account}, the settlement is of channel {settled}")]
    OtherChannel {
        /// From the receipt.
        account: AccountId,
        /// From the settlement.
        settled: AccountId,
    },
    /// The settlement is of another key epoch.
    #[error("the settlement is of another key epoch than the receipt")]
    OtherKeyEpoch,
    /// The settlement did not take its statement.
    #[error("the settlement did not take the statement: its root is not the channel's")]
    NotTaken,
    /// The proof is for another receipt.
    #[error("the proof is for receipt {proven} of the lane, this is {seq}")]
    OtherSeq {
        /// From the receipt.
        seq: Seq,
        /// From the proof.
        proven: u64,
    },
    /// The proof is for another number of receipts.
    #[error("the proof is for {proven} receipts, the settlement has {settled}")]
    OtherCount {
        /// From the settlement.
        settled: u64,
        /// From the proof.
        proven: u64,
    },
    /// The proof does not hold.
    #[error("the proof does not hold")]
    Proof(#[from] MerkleError),
}

/// Hash of the leaf that a receipt is in the tree.
#[must_use]
pub fn leaf(receipt: &Receipt, network: NetworkId) -> LeafHash {
    LeafHash::of(&receipt.message(network))
}

/// Checks that `receipt` is signed by `key` and lies under the root of `settlement`.
///
/// # Errors
/// [`InclusionError`].
pub fn verify(
    receipt: Signed<Receipt>,
    key: &PublicKey,
    network: NetworkId,
    proof: &Proof,
    settlement: &Settlement,
) -> Result<Verified<Receipt>, InclusionError> {
    let receipt = receipt.verify(network, key)?;
    let head = receipt.statement();
    let settled = AccountId::from(settlement.channel);
    if head.account != settled {
        return Err(InclusionError::OtherChannel {
            account: head.account,
            settled,
        });
    }
    if head.key_epoch != settlement.key_epoch {
        return Err(InclusionError::OtherKeyEpoch);
    }
    if !settlement.taken {
        return Err(InclusionError::NotTaken);
    }
    if proof.index != head.seq.0 {
        return Err(InclusionError::OtherSeq {
            seq: head.seq,
            proven: proof.index,
        });
    }
    if proof.count != settlement.receipts {
        let (settled, proven) = (settlement.receipts, proof.count);
        return Err(InclusionError::OtherCount { settled, proven });
    }
    proof.verify(leaf(head, network), settlement.root)?;
    Ok(receipt)
}
