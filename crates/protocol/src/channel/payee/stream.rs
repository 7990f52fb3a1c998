//! One stream of a payee: what it made, what it may still make.

use super::{Flow, PayeeError, StreamSpec, UNPAID_TIMEOUT};
use crate::{
    money::{Amount, MoneyError, Prices, TokenCount, Tokens, fee},
    time::TimestampMs,
};

#[derive(Debug)]
pub(super) struct Stream {
    spec: StreamSpec,
    prices: Prices,
    step_tokens: Tokens,
    made: TokenCount,
    receipted: TokenCount,
    /// Fee of all that was made, and of what was receipted.
    made_fee: Amount,
    receipted_fee: Amount,
    /// What one more step can cost at most.
    step: Amount,
    parts: u32,
    prefilled: bool,
    granted: bool,
    waits_since: Option<TimestampMs>,
    timed_out: bool,
}

impl Stream {
    /// Its largest fee must fit an amount, so that no later sum of it can fail.
    pub(super) fn new(
        spec: StreamSpec,
        prices: Prices,
        step_tokens: Tokens,
    ) -> Result<Self, MoneyError> {
        fee(TokenCount::new(spec.input_bound, spec.max_output), prices)?;
        Ok(Self {
            spec,
            prices,
            step_tokens,
            made: TokenCount::default(),
            receipted: TokenCount::default(),
            made_fee: Amount::ZERO,
            receipted_fee: Amount::ZERO,
            step: fee(TokenCount::new(spec.input_bound, Tokens::ZERO), prices)?,
            parts: 0,
            prefilled: false,
            granted: true,
            waits_since: None,
            timed_out: false,
        })
    }

    pub(super) const fn spec(&self) -> &StreamSpec {
        &self.spec
    }

    pub(super) const fn next_part(&self) -> u32 {
        self.parts
    }

    /// Fee of what was made and not receipted.
    pub(super) const fn running(&self) -> Amount {
        self.made_fee.saturating_sub(self.receipted_fee)
    }

    /// What the input can cost at most, until it is counted.
    pub(super) const fn input_reserve(&self) -> Amount {
        if self.prefilled {
            Amount::ZERO
        } else {
            self.step
        }
    }

    pub(super) const fn step(&self) -> Amount {
        self.step
    }

    /// Fee of what was made and not receipted, or the input that is about to be read.
    pub(super) const fn served(&self) -> Amount {
        self.running().saturating_add(self.input_reserve())
    }

    /// Fee of what was made, plus what it was allowed to make.
    pub(super) const fn committed(&self) -> Amount {
        let allowed = if self.granted {
            self.step
        } else {
            Amount::ZERO
        };
        self.running().saturating_add(allowed)
    }

    pub(super) const fn may_run(&self) -> bool {
        self.granted
    }

    pub(super) const fn grant(&mut self) {
        self.granted = true;
        self.waits_since = None;
    }

    /// Whether it made all it may, or waited too long.
    pub(super) fn is_over(&self) -> bool {
        self.timed_out || (self.prefilled && self.made.output >= self.spec.max_output)
    }

    /// Counts what was made with the grant, which is used up by it.
    pub(super) fn meter(&mut self, made: TokenCount) -> Result<(), PayeeError> {
        if made.input > Tokens::ZERO && self.prefilled {
            return Err(PayeeError::InputTwice);
        }
        if made.input > self.spec.input_bound {
            return Err(PayeeError::InputAboveBound {
                input: made.input,
                bound: self.spec.input_bound,
            });
        }
        let mut total = self.made.checked_add(made)?;
        total.output = total.output.min(self.spec.max_output);
        self.made_fee = fee(total, self.prices)?;
        self.made = total;
        self.prefilled = true;
        self.granted = false;
        let mut next = total;
        next.output = Tokens::new(
            total
                .output
                .get()
                .saturating_add(self.step_tokens.get())
                .min(self.spec.max_output.get()),
        )?;
        self.step = fee(next, self.prices)?.saturating_sub(self.made_fee);
        Ok(())
    }

    /// What was receipted before, and what the next part holds.
    pub(super) fn part(&self) -> Result<(TokenCount, TokenCount), MoneyError> {
        let since = |made: Tokens, receipted: Tokens| {
            Tokens::new(made.get().saturating_sub(receipted.get()))
        };
        let tokens = TokenCount::new(
            since(self.made.input, self.receipted.input)?,
            since(self.made.output, self.receipted.output)?,
        );
        Ok((self.receipted, tokens))
    }

    pub(super) const fn receipted(&mut self) {
        self.receipted = self.made;
        self.receipted_fee = self.made_fee;
        self.parts = self.parts.saturating_add(1);
    }

    /// Notes that the stream waits, or no longer does.
    pub(super) fn wait(&mut self, flow: Flow, now: TimestampMs) -> Flow {
        match flow {
            Flow::Run => self.waits_since = None,
            Flow::Pause => {
                let since = *self.waits_since.get_or_insert(now);
                self.timed_out = now.saturating_since(since) >= UNPAID_TIMEOUT;
            }
            Flow::End => {}
        }
        if self.timed_out { Flow::End } else { flow }
    }
}
