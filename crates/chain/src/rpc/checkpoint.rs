//! One checkpoint, its parts checked against each other.

use atoma_protocol::{hash::CheckpointDigest, ids::CheckpointSeq, time::TimestampMs};
use sui_sdk_types::{CheckpointContents, CheckpointSummary, ValidatorAggregatedSignature};

use crate::{error::RpcError, id::TxDigest, rpc::executed::Executed};

/// A checkpoint with its transactions. Summary, contents, effects and events are checked to hash into
/// each other; only the committee's signature over the summary is left to whoever wants it checked.
#[derive(Clone, Debug)]
pub struct Checkpoint {
    summary: CheckpointSummary,
    digest: CheckpointDigest,
    signature: Option<ValidatorAggregatedSignature>,
    transactions: Vec<CheckpointTx>,
}

/// A transaction in a checkpoint.
#[derive(Clone, Debug)]
pub struct CheckpointTx {
    /// What became of it.
    pub executed: Executed,
}

impl CheckpointTx {
    /// The transaction's digest.
    #[must_use]
    pub const fn digest(&self) -> TxDigest {
        self.executed.digest()
    }
}

impl Checkpoint {
    /// Puts together what a fullnode or ledger answered.
    ///
    /// # Errors
    /// [`RpcError::BadAnswer`] if the parts do not belong together.
    pub fn new(
        summary: CheckpointSummary,
        signature: Option<ValidatorAggregatedSignature>,
        contents: &CheckpointContents,
        transactions: Vec<Executed>,
    ) -> Result<Self, RpcError> {
        let seq = summary.sequence_number;
        if contents.digest() != summary.content_digest {
            return Err(RpcError::bad(format!(
                "contents of checkpoint {seq} do not match its summary"
            )));
        }
        if contents.transactions().len() != transactions.len() {
            return Err(RpcError::bad(format!(
                "checkpoint {seq} has {} transactions, {} came",
                contents.transactions().len(),
                transactions.len()
            )));
        }
        for (info, executed) in contents.transactions().iter().zip(&transactions) {
            if *info.transaction() != executed.digest().into()
                || *info.effects() != executed.effects().digest()
            {
                return Err(RpcError::bad(format!(
                    "transaction {} is not the one in checkpoint {seq}",
                    executed.digest()
                )));
            }
        }
        Ok(Self {
            digest: CheckpointDigest::new(summary.digest().into_inner()),
            summary,
            signature,
            transactions: transactions
                .into_iter()
                .map(|mut executed| {
                    executed.set_checkpoint(CheckpointSeq(seq));
                    CheckpointTx { executed }
                })
                .collect(),
        })
    }

    /// Its number.
    #[must_use]
    pub const fn seq(&self) -> CheckpointSeq {
        CheckpointSeq(self.summary.sequence_number)
    }

    /// Its digest: what a key epoch's evidence is anchored to.
    #[must_use]
    pub const fn digest(&self) -> CheckpointDigest {
        self.digest
    }

    /// Digest of the checkpoint before it; none for the first.
    #[must_use]
    pub fn previous(&self) -> Option<CheckpointDigest> {
        self.summary
            .previous_digest
            .map(|digest| CheckpointDigest::new(digest.into_inner()))
    }

    /// The chain's time.
    #[must_use]
    pub const fn timestamp(&self) -> TimestampMs {
        TimestampMs(self.summary.timestamp_ms)
    }

    /// Sui's summary: what the committee signs.
    #[must_use]
    pub const fn summary(&self) -> &CheckpointSummary {
        &self.summary
    }

    /// The committee's signature, not checked.
    #[must_use]
    pub const fn signature(&self) -> Option<&ValidatorAggregatedSignature> {
        self.signature.as_ref()
    }

    /// Its transactions, in order.
    #[must_use]
    pub fn transactions(&self) -> &[CheckpointTx] {
        &self.transactions
    }
}
