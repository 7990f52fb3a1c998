//! What both sides of a channel agree on.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{
    ids::{ChannelId, ModelId, NetworkId, NodeId},
    keys::PublicKey,
    money::{Amount, Prices},
    statement::{Receipt, ReceiptBody, Signed, Statement},
};

/// Most models of one channel.
pub const MAX_MODELS: usize = 8;

/// A model that a channel pays for, and at what prices. They never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelTerms {
    /// The model's id on-chain.
    pub model: ModelId,
    /// What it costs.
    pub prices: Prices,
}

/// What was fixed when the channel was opened, as far as the two sides need it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// The network.
    pub network: NetworkId,
    /// The channel.
    pub channel: ChannelId,
    /// The node that is paid.
    pub node: NodeId,
    /// Signs vouchers.
    pub voucher_key: PublicKey,
    /// The most that the node serves beyond what is covered by a voucher and the deposit.
    pub credit: Amount,
    /// The models served; at most [`MAX_MODELS`], each once.
    pub models: Vec<ModelTerms>,
}

/// Why terms are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TermsError {
    /// More models than a channel can have.
    #[error("{0} models in a channel, at most {MAX_MODELS} allowed")]
    TooManyModels(usize),
    /// A model twice.
    #[error("model {0} stands twice in a channel")]
    ModelTwice(ModelId),
}

impl Terms {
    /// Checks the list of models.
    ///
    /// # Errors
    /// [`TermsError`].
    pub fn check(&self) -> Result<(), TermsError> {
        if self.models.len() > MAX_MODELS {
            return Err(TermsError::TooManyModels(self.models.len()));
        }
        for (index, terms) in self.models.iter().enumerate() {
            if self.models[..index]
                .iter()
                .any(|earlier| earlier.model == terms.model)
            {
                return Err(TermsError::ModelTwice(terms.model));
            }
        }
        Ok(())
    }

    /// The prices of `model`, if the channel pays for it.
    #[must_use]
    pub fn prices(&self, model: ModelId) -> Option<Prices> {
        self.models
            .iter()
            .find(|terms| terms.model == model)
            .map(|terms| terms.prices)
    }
}

/// The fee after which a part of an answer is receipted: half of the credit, at least 1.
#[must_use]
pub const fn part_limit(credit: Amount) -> Amount {
    if credit.0 < 2 {
        Amount(1)
    } else {
        Amount(credit.0 / 2)
    }
}

/// A stream of one channel, numbered by the side that asks; numbers only grow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StreamId(pub u64);

impl std::fmt::Display for StreamId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A receipt for one part of an answer, its body, and the statement that includes it. In BCS:
/// receipt and signature, body, statement and signature; no signature is checked by decoding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartReceipt {
    /// The public head.
    pub receipt: Signed<Receipt>,
    /// The private body.
    pub body: ReceiptBody,
    /// All that the key earned on the channel, this part last: `receipts` is `seq + 1`.
    pub statement: Signed<Statement>,
}
