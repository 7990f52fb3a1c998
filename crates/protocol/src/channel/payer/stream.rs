//! One stream of a payer: what it asked for, what was receipted of it.

use super::{Delivered, Finished, Lie, PartError, StreamRequest};
use crate::{
    channel::{PartReceipt, StreamSpec, part_limit},
    hash::ResponseCommitment,
    ids::KeyEpoch,
    money::{Amount, MoneyError, Prices, TokenCount, Tokens, fee},
};

#[derive(Clone, Debug)]
pub(super) struct Stream {
    pub(super) epoch: KeyEpoch,
    pub(super) spec: StreamSpec,
    part_limit: Amount,
    input_fee: Amount,
    largest_fee: Amount,
    receipted: TokenCount,
    fee: Amount,
    parts: u32,
    /// Of an aborted stream: commits to what arrived.
    arrived: Option<ResponseCommitment>,
}

impl Stream {
    pub(super) fn new(
        request: StreamRequest,
        prices: Prices,
        credit: Amount,
    ) -> Result<Self, MoneyError> {
        let StreamRequest { epoch, spec } = request;
        Ok(Self {
            epoch,
            spec,
            part_limit: part_limit(credit),
            input_fee: fee(TokenCount::new(spec.input_bound, Tokens::ZERO), prices)?,
            largest_fee: fee(TokenCount::new(spec.input_bound, spec.max_output), prices)?,
            receipted: TokenCount::default(),
            fee: Amount::ZERO,
            parts: 0,
            arrived: None,
        })
    }

    /// What the input can cost, until the first receipt tells.
    pub(super) const fn input_reserve(&self) -> Amount {
        if self.parts == 0 {
            self.input_fee
        } else {
            Amount::ZERO
        }
    }

    /// What is authorized ahead for this stream: its input and one part, at most all it can cost.
    pub(super) fn ahead(&self) -> Amount {
        self.input_reserve()
            .saturating_add(self.part_limit)
            .min(self.largest_fee.saturating_sub(self.fee))
    }

    /// The next part is due, neither one that came nor one behind a lost one.
    pub(super) const fn check_order(&self, part: &PartReceipt) -> Result<(), PartError> {
        let (expected, got) = (self.parts, part.body.part);
        if got < expected {
            Err(PartError::AlreadyHeld)
        } else if got > expected {
            Err(PartError::PartMissing { expected, got })
        } else {
            Ok(())
        }
    }

    /// Checks a part against what was asked and what arrived, and counts it.
    pub(super) fn take(&mut self, part: &PartReceipt, delivered: &Delivered) -> Result<(), Lie> {
        self.check_asked(part)?;
        if part.body.response_commitment != delivered.response_commitment {
            return Err(Lie::OtherResponse);
        }
        self.count(part);
        match delivered.output_at_most {
            Some(at_most) if self.receipted.output > at_most => Err(Lie::OutputAboveDelivered {
                charged: self.receipted.output,
                at_most,
            }),
            _ => Ok(()),
        }
    }

    /// The part is of this request, follows what was receipted, and keeps its bounds.
    fn check_asked(&self, part: &PartReceipt) -> Result<(), Lie> {
        let body = &part.body;
        if body.request_commitment != self.spec.request_commitment {
            return Err(Lie::OtherRequest);
        }
        if body.model != self.spec.model {
            return Err(Lie::OtherModel(body.model));
        }
        if body.manifest_hash != self.spec.manifest_hash {
            return Err(Lie::OtherManifest(body.manifest_hash));
        }
        if body.before() != self.receipted {
            return Err(Lie::WrongBefore);
        }
        let total = body
            .before()
            .checked_add(body.tokens())
            .map_err(|_| Lie::ImpossibleTokens)?;
        if total.input > self.spec.input_bound {
            return Err(Lie::InputAboveBound {
                charged: total.input,
                bound: self.spec.input_bound,
            });
        }
        if total.output > self.spec.max_output {
            return Err(Lie::OutputAboveMaximum {
                charged: total.output,
                maximum: self.spec.max_output,
            });
        }
        Ok(())
    }

    /// Adds a part that was checked.
    pub(super) fn count(&mut self, part: &PartReceipt) {
        let body = &part.body;
        self.receipted = body
            .before()
            .checked_add(body.tokens())
            .unwrap_or(self.receipted);
        self.fee = self.fee.saturating_add(part.receipt.statement.fee);
        self.parts = self.parts.saturating_add(1);
    }

    pub(super) const fn finished(&self) -> Finished {
        Finished {
            tokens: self.receipted,
            fee: self.fee,
            parts: self.parts,
        }
    }

    pub(super) const fn abort(&mut self, delivered: ResponseCommitment) {
        self.arrived = Some(delivered);
    }

    /// Of an aborted stream: whether all that a late part receipts arrived.
    pub(super) fn arrived(&self, part: &PartReceipt) -> bool {
        self.arrived == Some(part.body.response_commitment)
            && part.body.part == self.parts
            && part.receipt.statement.key_epoch == self.epoch
            && self.check_asked(part).is_ok()
    }
}
