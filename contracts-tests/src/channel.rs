//! One channel: who is paid what, by the design alone.

use std::collections::BTreeMap;

use atoma_chain::abort::Named;

use crate::live_time::{LiveTime, Window};

/// The whole in basis points.
const BPS: u64 = 10_000;
/// Most key epochs that may earn side by side.
const MAX_LANES: usize = 4;

/// What is fixed when a channel is opened.
#[derive(Clone, Copy, Debug)]
pub struct Terms {
    /// The protocol's part of every payment.
    pub protocol_bps: u64,
    /// The router's part of every payment.
    pub routing_bps: u64,
    /// The operator's part of what they leave.
    pub commission_bps: u64,
    /// Length of the grace, in live milliseconds.
    pub grace_ms: u64,
    /// From closed to deleted, in live milliseconds.
    pub reap_ms: u64,
    /// Clock time from which anybody may ask for the close.
    pub expires_ms: u64,
}

/// Whether a channel pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// Takes deposits and settlements.
    Open,
    /// Takes settlements until the grace is over.
    Closing(Window),
    /// Pays nothing more.
    Closed(Window),
}

/// What one key earned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Sum of its fees.
    pub earned: u64,
    /// Number of its receipts.
    pub receipts: u64,
}

/// How a payment is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Payment {
    /// Stays in the channel for the router.
    pub routing: u64,
    /// For the treasury.
    pub protocol: u64,
    /// For the pool.
    pub stakers: u64,
    /// For the operator.
    pub operator: u64,
}

/// A channel.
#[derive(Clone, Debug)]
pub struct Channel {
    /// What was fixed at opening.
    pub terms: Terms,
    /// Whether it pays.
    pub status: Status,
    /// Everything ever deposited.
    pub funded: u64,
    /// Largest voucher seen.
    pub authorized: u64,
    /// Everything ever paid.
    pub paid: u64,
    /// What key epochs earned that are folded.
    pub folded: u64,
    /// Which they are.
    pub folded_epochs: Vec<u64>,
    /// What the others earned.
    pub lanes: BTreeMap<u64, Lane>,
    /// What the router took.
    pub routing_claimed: u64,
    /// What was refunded.
    pub refunded: u64,
}

fn share(amount: u64, numerator: u64, denominator: u64) -> u64 {
    let part = u128::from(amount) * u128::from(numerator) / u128::from(denominator);
    u64::try_from(part).expect("a part is at most the whole")
}

impl Channel {
    /// A channel just opened.
    #[must_use]
    pub const fn open(terms: Terms, deposit: u64) -> Self {
        Self {
            terms,
            status: Status::Open,
            funded: deposit,
            authorized: 0,
            paid: 0,
            folded: 0,
            folded_epochs: Vec::new(),
            lanes: BTreeMap::new(),
            routing_claimed: 0,
            refunded: 0,
        }
    }

    /// What all keys earned together, as far as it was settled.
    #[must_use]
    pub fn due(&self) -> u64 {
        self.lanes
            .values()
            .fold(self.folded, |sum, lane| sum.saturating_add(lane.earned))
    }

    /// What of `paid` is the router's.
    #[must_use]
    pub fn routing(&self, paid: u64) -> u64 {
        share(paid, self.terms.routing_bps, BPS)
    }

    /// What of `paid` is the protocol's.
    #[must_use]
    pub fn protocol(&self, paid: u64) -> u64 {
        let left = paid - self.routing(paid);
        share(left, self.terms.protocol_bps, BPS - self.terms.routing_bps)
    }

    /// Coins in it.
    #[must_use]
    pub fn balance(&self) -> u64 {
        self.funded - self.paid - self.refunded + self.routing(self.paid) - self.routing_claimed
    }

    /// Somebody brings a genuine voucher and a genuine statement.
    pub fn settle(&mut self, cumulative: u64, epoch: u64, stated: Lane) -> Payment {
        if matches!(self.status, Status::Closed(_)) {
            return Payment::default();
        }
        self.authorized = self.authorized.max(cumulative);
        self.take(epoch, stated);
        let total = self.due().min(self.authorized).min(self.funded);
        let routing = self.routing(total) - self.routing(self.paid);
        let protocol = self.protocol(total) - self.protocol(self.paid);
        let net = total - self.paid - routing - protocol;
        let operator = share(net, self.terms.commission_bps, BPS);
        self.paid = total;
        Payment {
            routing,
            protocol,
            stakers: net - operator,
            operator,
        }
    }

    fn take(&mut self, epoch: u64, stated: Lane) {
        if let Some(lane) = self.lanes.get_mut(&epoch) {
            if stated.earned >= lane.earned && stated.receipts > lane.receipts {
                *lane = stated;
            }
        } else if stated.receipts > 0
            && self.lanes.len() < MAX_LANES
            && !self.folded_epochs.contains(&epoch)
        {
            self.lanes.insert(epoch, stated);
        }
    }

    /// The node folds a key epoch.
    ///
    /// # Errors
    /// [`Named::ChannelNoLane`].
    pub fn fold(&mut self, epoch: u64) -> Result<(), Named> {
        let lane = self.lanes.remove(&epoch).ok_or(Named::ChannelNoLane)?;
        self.folded = self.folded.saturating_add(lane.earned);
        self.folded_epochs.push(epoch);
        Ok(())
    }

    /// Anybody adds to the deposit.
    ///
    /// # Errors
    /// [`Named::ChannelNotOpen`].
    pub fn top_up(&mut self, amount: u64) -> Result<(), Named> {
        self.must_be_open()?;
        self.funded += amount;
        Ok(())
    }

    /// The payer asks for the close.
    ///
    /// # Errors
    /// [`Named::ChannelNotOpen`].
    pub fn request_close(&mut self, now: Window) -> Result<(), Named> {
        self.must_be_open()?;
        self.status = Status::Closing(now);
        Ok(())
    }

    /// Anybody asks for the close.
    ///
    /// # Errors
    /// [`Named::ChannelNotExpired`] or [`Named::ChannelNotOpen`].
    pub fn request_close_expired(&mut self, now: Window) -> Result<(), Named> {
        if now.clock_ms < self.terms.expires_ms {
            return Err(Named::ChannelNotExpired);
        }
        self.request_close(now)
    }

    /// The node closes; gives the refund.
    ///
    /// # Errors
    /// [`Named::ChannelClosed`].
    pub fn close(&mut self, now: Window) -> Result<u64, Named> {
        if matches!(self.status, Status::Closed(_)) {
            return Err(Named::ChannelClosed);
        }
        Ok(self.refund(now))
    }

    /// Anybody closes after the grace; gives the refund.
    ///
    /// # Errors
    /// [`Named::ChannelNotClosing`] or [`Named::ChannelGraceNotOver`].
    pub fn finalize(&mut self, live: &LiveTime, clock_ms: u64) -> Result<u64, Named> {
        let Status::Closing(since) = self.status else {
            return Err(Named::ChannelNotClosing);
        };
        if !live.is_over(since, self.terms.grace_ms, clock_ms) {
            return Err(Named::ChannelGraceNotOver);
        }
        Ok(self.refund(live.open(clock_ms)))
    }

    /// The router takes its part.
    pub fn claim_routing(&mut self) -> u64 {
        let amount = self.routing(self.paid) - self.routing_claimed;
        self.routing_claimed += amount;
        amount
    }

    /// The payer deletes it; gives what goes to the protocol.
    ///
    /// # Errors
    /// [`Named::ChannelNotClosed`] or [`Named::ChannelTooEarlyToReap`].
    pub fn reap(&mut self, live: &LiveTime, clock_ms: u64) -> Result<u64, Named> {
        let Status::Closed(since) = self.status else {
            return Err(Named::ChannelNotClosed);
        };
        if live.is_over(since, self.terms.reap_ms, clock_ms) {
            Ok(self.claim_routing())
        } else {
            Err(Named::ChannelTooEarlyToReap)
        }
    }

    fn must_be_open(&self) -> Result<(), Named> {
        if self.status == Status::Open {
            Ok(())
        } else {
            Err(Named::ChannelNotOpen)
        }
    }

    const fn refund(&mut self, now: Window) -> u64 {
        self.status = Status::Closed(now);
        self.refunded = self.funded - self.paid;
        self.refunded
    }
}
