//! What a payer knows of one key epoch's receipts on its channel.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    PartReceipt,
    payer::{Lie, MAX_PENDING_PARTS, PartError},
};
use crate::{
    ids::{KeyEpoch, NetworkId, Seq},
    keys::PublicKey,
    merkle::{Frontier, LeafHash},
    money::{Amount, TokenCount},
    statement::{Signable, Signed, Statement},
};

/// The receipts of one key epoch as a payer keeps them: the dense ones as a Merkle frontier and sums,
/// those behind a gap one by one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneBook {
    epoch: KeyEpoch,
    signing_key: PublicKey,
    frontier: Frontier,
    earned: Amount,
    input_tokens: u64,
    output_tokens: u64,
    pending: BTreeMap<u64, Pending>,
    held: Amount,
    claimed: Amount,
    statement: Option<Signed<Statement>>,
}

/// A receipt behind a gap, with the statement that came with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Pending {
    leaf: LeafHash,
    fee: Amount,
    tokens: TokenCount,
    statement: Signed<Statement>,
}

impl LaneBook {
    pub(super) const fn new(epoch: KeyEpoch, signing_key: PublicKey) -> Self {
        Self {
            epoch,
            signing_key,
            frontier: Frontier::new(),
            earned: Amount::ZERO,
            input_tokens: 0,
            output_tokens: 0,
            pending: BTreeMap::new(),
            held: Amount::ZERO,
            claimed: Amount::ZERO,
            statement: None,
        }
    }

    /// The key epoch.
    #[must_use]
    pub const fn epoch(&self) -> KeyEpoch {
        self.epoch
    }

    /// Signs the epoch's receipts and statements.
    #[must_use]
    pub const fn signing_key(&self) -> &PublicKey {
        &self.signing_key
    }

    /// Sum of the fees that the payer accepted.
    #[must_use]
    pub const fn held(&self) -> Amount {
        self.held
    }

    /// The most that a statement under the epoch's key claims.
    #[must_use]
    pub const fn claimed(&self) -> Amount {
        self.claimed
    }

    /// The latest statement that agrees with all receipts up to it.
    #[must_use]
    pub const fn statement(&self) -> Option<&Signed<Statement>> {
        self.statement.as_ref()
    }

    /// The first receipt that is missing while later ones came; `None` if none is missing.
    #[must_use]
    pub fn missing_from(&self) -> Option<Seq> {
        (!self.pending.is_empty()).then_some(Seq(self.frontier.count()))
    }

    /// Whether a receipt with this number came, and if it is still at hand, whether it was this one.
    pub(super) fn has(&self, seq: Seq, leaf: LeafHash) -> Option<bool> {
        if seq.0 < self.frontier.count() {
            return Some(true);
        }
        self.pending.get(&seq.0).map(|pending| pending.leaf == leaf)
    }

    /// Adds a receipt and checks the statement with it as soon as no earlier receipt is missing.
    /// Whoever calls has checked signatures, account, body and fee.
    pub(super) fn add(
        &mut self,
        network: NetworkId,
        part: &PartReceipt,
        accepted: bool,
    ) -> Result<(), PartError> {
        let (receipt, statement) = (&part.receipt.statement, &part.statement.statement);
        let seq = receipt.seq.0;
        let leaf = LeafHash::of(&receipt.message(network));
        if self.has(receipt.seq, leaf).is_some() {
            return Err(Lie::SeqReused(receipt.seq).into());
        }
        if seq.checked_add(1) != Some(statement.receipts) {
            return Err(Lie::WrongCount {
                seq: receipt.seq,
                receipts: statement.receipts,
            }
            .into());
        }
        if seq > self.frontier.count() && self.pending.len() >= MAX_PENDING_PARTS {
            return Err(PartError::TooManyMissing);
        }
        // Nothing changes unless all of it holds.
        let mut next = self.clone();
        next.pending.insert(
            seq,
            Pending {
                leaf,
                fee: receipt.fee,
                tokens: part.body.tokens(),
                statement: part.statement.clone(),
            },
        );
        while let Some(due) = next.pending.remove(&next.frontier.count()) {
            next.append(due)?;
        }
        if accepted {
            next.held = next.held.checked_add(receipt.fee)?;
        }
        next.claimed = next.claimed.max(statement.earned);
        *self = next;
        Ok(())
    }

    /// Appends the next receipt and compares its statement with all that came.
    fn append(&mut self, part: Pending) -> Result<(), PartError> {
        let Pending {
            leaf,
            fee,
            tokens,
            statement: signed,
        } = part;
        let statement = &signed.statement;
        self.earned = self.earned.checked_add(fee)?;
        self.input_tokens = self.input_tokens.saturating_add(tokens.input.get());
        self.output_tokens = self.output_tokens.saturating_add(tokens.output.get());
        self.frontier.append(leaf);
        if statement.earned != self.earned {
            return Err(Lie::WrongEarned {
                stated: statement.earned,
                receipted: self.earned,
            }
            .into());
        }
        if (statement.input_tokens, statement.output_tokens)
            != (self.input_tokens, self.output_tokens)
        {
            return Err(Lie::WrongTokens.into());
        }
        if statement.root != self.frontier.root() {
            return Err(Lie::WrongRoot.into());
        }
        self.statement = Some(signed);
        Ok(())
    }
}
