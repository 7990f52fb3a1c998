//! What a node earned in one coin, until those it is due to pull it.

use crate::{
    channel::Payment,
    live_time::{LiveTime, Window},
};

/// A vault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Vault {
    /// How long the operator's part waits, in live milliseconds.
    pub hold_back_ms: u64,
    /// For the treasury.
    pub protocol: u64,
    /// For the pool.
    pub stakers: u64,
    /// The operator's, came in since `held_since`.
    pub arriving: u64,
    /// The operator's, waiting.
    pub held: u64,
    /// Since when.
    pub held_since: Window,
    /// The operator's, to be taken.
    pub free: u64,
}

impl Vault {
    /// Everything in it.
    #[must_use]
    pub const fn funds(&self) -> u64 {
        self.protocol + self.stakers + self.operator()
    }

    /// What is the operator's, waiting or not.
    #[must_use]
    pub const fn operator(&self) -> u64 {
        self.arriving + self.held + self.free
    }

    /// Takes a channel's payment in, less the routing share, which stays in the channel.
    pub const fn deposit(&mut self, payment: &Payment) {
        self.protocol += payment.protocol;
        self.stakers += payment.stakers;
        self.arriving += payment.operator;
    }

    /// Somebody advances the operator's part through the hold-back.
    pub fn mature(&mut self, live: &LiveTime, clock_ms: u64) {
        if self.held > 0 {
            if !live.is_over(self.held_since, self.hold_back_ms, clock_ms) {
                return;
            }
        } else if self.arriving == 0 {
            return;
        }
        self.free += self.held;
        self.held = self.arriving;
        self.arriving = 0;
        self.held_since = live.open(clock_ms);
    }

    /// The operator takes what waited long enough.
    pub fn withdraw(&mut self, live: &LiveTime, clock_ms: u64) -> u64 {
        self.mature(live, clock_ms);
        std::mem::take(&mut self.free)
    }
}
