//! Gets the node paid: at a threshold, at an interval, before a window closes, at rotation, on shutdown.
//!
//! One pass reads every channel that something is stored for, compares it with the stored vouchers and
//! statements, and settles what brings something. Everything is idempotent: a pass that was cut off is
//! simply made again. While the chain cannot be reached nothing is lost, and the next pass catches up.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use atoma_chain::{
    ChainError,
    state::{ChannelState, ChannelStatus},
};
use atoma_env::Env;
use atoma_protocol::{
    ids::{ChannelId, KeyEpoch},
    money::Amount,
    statement::{Signed, Statement, Voucher},
    time::TimestampMs,
};
use thiserror::Error;
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    chain::{NodeChain, Settlement},
    channels::{Contact, view},
    config::SettleConfig,
    enclave::Enclave,
    status::Earnings,
    store::{Store, StoreError},
};

/// Lanes that a channel holds at a time; more key epochs need a fold first.
pub const MAX_LANES: usize = 4;
/// Shortest and longest time between two readings of the channels; a quarter of the shortest grace in
/// between.
pub const POLLS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(60));
/// First and longest pause after a failed pass.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));

/// Why a pass failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum SettleError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The state folder.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    /// Channels that earned [`SettleConfig::threshold`], and those that are closing.
    Due,
    /// Every channel on which anything can be earned.
    All,
}

/// Settles. Share it by `Arc`.
#[derive(Debug)]
pub struct Settler {
    env: Env,
    enclave: Arc<Enclave>,
    store: Store,
    chain: Arc<dyn NodeChain>,
    config: SettleConfig,
    contact: Contact,
    earnings: Earnings,
    /// One pass at a time.
    turn: Mutex<Turn>,
}

#[derive(Debug, Default)]
struct Turn {
    last_all: TimestampMs,
    last_tick: TimestampMs,
    poll: Duration,
}

/// What one channel still has to bring.
struct Outstanding {
    items: Vec<Settlement>,
    pays: Amount,
    /// Whether a larger voucher would bring more.
    uncovered: bool,
    /// Lanes to be folded before the items fit.
    fold: Vec<KeyEpoch>,
}

impl Settler {
    /// A settler that has settled nothing yet.
    #[must_use]
    pub fn new(
        env: Env,
        enclave: Arc<Enclave>,
        store: Store,
        chain: Arc<dyn NodeChain>,
        config: SettleConfig,
        contact: Contact,
        earnings: Earnings,
    ) -> Self {
        let turn = Turn {
            // Long ago, so that the first pass settles what an earlier process left.
            last_all: TimestampMs(0),
            last_tick: TimestampMs(0),
            poll: POLLS.0,
        };
        Self {
            env,
            enclave,
            store,
            chain,
            config,
            contact,
            earnings,
            turn: Mutex::new(turn),
        }
    }

    /// Settles until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut pause = Duration::ZERO;
        let mut failing = false;
        loop {
            tokio::select! {
                biased;
                () = stop.cancelled() => return,
                () = self.enclave.settlement_wanted(), if !failing => {}
                () = self.env.sleep(pause) => {}
            }
            let pass = if self.interval_is_over().await {
                Pass::All
            } else {
                Pass::Due
            };
            let passed = self.pass(pass).await;
            failing = passed.is_err();
            if !failing {
                // However often it is asked for, the chain is not read more often than this.
                tokio::select! {
                    biased;
                    () = stop.cancelled() => return,
                    () = self.env.sleep(POLLS.0) => {}
                }
            }
            pause = match passed {
                Ok(()) => {
                    backoff.reset();
                    let poll = self.turn.lock().await.poll;
                    poll.min(self.config.interval())
                }
                Err(error) => {
                    tracing::warn!(target: "atoma_node::settle", %error, "settling failed; trying again");
                    backoff.pause(&self.env)
                }
            };
        }
    }

    async fn interval_is_over(&self) -> bool {
        let last = self.turn.lock().await.last_all;
        self.env.now().saturating_since(last) >= self.config.interval()
    }

    /// Settles everything, trying for at most `limit` while the chain cannot be reached.
    ///
    /// # Errors
    /// The last failure. What is not settled then is settled at the next start.
    pub async fn settle_all(&self, limit: Duration) -> Result<(), SettleError> {
        let begun = self.env.now();
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        loop {
            match self.pass(Pass::All).await {
                Err(SettleError::Chain(error)) if error.is_transient() => {
                    if self.env.now().saturating_since(begun) >= limit {
                        return Err(error.into());
                    }
                    self.env.sleep(backoff.pause(&self.env)).await;
                }
                done => return done,
            }
        }
    }

    /// Reads every channel once and settles what the pass is for.
    ///
    /// # Errors
    /// [`SettleError`]; a pass after it goes on where it stopped.
    pub async fn pass(&self, pass: Pass) -> Result<(), SettleError> {
        let mut turn = self.turn.lock().await;
        let mut ids: BTreeSet<ChannelId> = self.store.channels()?.into_iter().collect();
        ids.extend(self.enclave.channels());
        let ids: Vec<_> = ids.into_iter().collect();
        let states = self.chain.channels(&ids).await?;
        let now = self.env.now();
        self.contact.made(now);
        let mut open = Vec::new();
        for (id, state) in ids.iter().zip(states) {
            match state {
                Some(state) if state.state != ChannelStatus::Closed => {
                    self.refresh(&state);
                    open.push(state);
                }
                Some(state) => {
                    self.earnings.paid(*id, state.paid);
                    self.store.set_closed(*id)?;
                    self.enclave.forget_channel(*id);
                }
                // A fullnode that lags or was reset; what is stored is not given up for it.
                None => {
                    tracing::debug!(target: "atoma_node::settle", channel = %id, "no such channel");
                }
            }
        }
        turn.poll = poll(&open);
        if let Some(grace) = open.iter().map(|state| state.grace_ms).min() {
            self.contact.shortest_grace(Duration::from_millis(grace));
        }
        let mut batch = Vec::new();
        for state in &open {
            let closing = state.state == ChannelStatus::Closing;
            let outstanding = self.outstanding(state)?;
            let worth_it =
                closing || pass == Pass::All || outstanding.pays >= self.config.threshold;
            if outstanding.pays == Amount::ZERO || !worth_it {
                continue;
            }
            for epoch in outstanding.fold {
                // Its last statement is on-chain. Forgotten first, it is not brought again after a crash.
                self.store.forget_statement(state.id, epoch)?;
                self.chain.fold(state.id, epoch).await?;
            }
            batch.extend(outstanding.items);
        }
        self.settle(&batch).await?;
        self.close_asked(&open).await?;
        self.tick(&open, &mut turn).await;
        if pass == Pass::All {
            turn.last_all = now;
        }
        Ok(())
    }

    fn refresh(&self, state: &ChannelState) {
        self.earnings.paid(state.id, state.paid);
        if let Err(error) = self.enclave.refresh_channel(view(state)) {
            tracing::error!(target: "atoma_node::settle", channel = %state.id, %error, "account not refreshed");
        }
    }

    async fn settle(&self, batch: &[Settlement]) -> Result<(), SettleError> {
        if batch.is_empty() {
            return Ok(());
        }
        let refused = self.chain.settle(batch).await?;
        for (channel, error) in &refused {
            tracing::error!(target: "atoma_node::settle", %channel, %error, "settlement refused");
        }
        let ids: BTreeSet<_> = batch
            .iter()
            .map(|item| item.voucher.statement.channel)
            .collect();
        let ids: Vec<_> = ids.into_iter().collect();
        for state in self.chain.channels(&ids).await?.into_iter().flatten() {
            tracing::info!(target: "atoma_node::settle", channel = %state.id, paid = %state.paid, "settled");
            self.refresh(&state);
        }
        Ok(())
    }

    /// What a channel can still bring: statements that the chain does not have, or that a larger voucher
    /// now covers.
    fn outstanding(&self, state: &ChannelState) -> Result<Outstanding, StoreError> {
        let nothing = Outstanding {
            items: Vec::new(),
            pays: Amount::ZERO,
            uncovered: false,
            fold: Vec::new(),
        };
        let Some(voucher) = self.store.voucher(state.id)? else {
            return Ok(nothing);
        };
        let statements = self.store.statements(state.id)?;
        let mut due = state.folded;
        for lane in &state.lanes {
            let stated = statements
                .iter()
                .find(|signed| signed.statement.key_epoch == lane.epoch)
                .map_or(Amount::ZERO, |signed| signed.statement.earned);
            due = due.saturating_add(stated.max(lane.earned));
        }
        let mut newer: Vec<Signed<Statement>> = Vec::new();
        let mut new_lanes = 0_usize;
        for signed in &statements {
            let lane = state
                .lanes
                .iter()
                .find(|lane| lane.epoch == signed.statement.key_epoch);
            match lane {
                Some(lane) if lane.receipts >= signed.statement.receipts => {}
                Some(_) => newer.push(signed.clone()),
                None => {
                    due = due.saturating_add(signed.statement.earned);
                    new_lanes += 1;
                    newer.push(signed.clone());
                }
            }
        }
        let authorized = state.authorized.max(voucher.statement.cumulative);
        let pays = due
            .min(authorized)
            .min(state.funded)
            .saturating_sub(state.paid);
        if newer.is_empty() {
            // The chain knows all that was earned; only the voucher is news.
            newer.extend(statements.last().cloned());
        }
        let too_many = (state.lanes.len() + new_lanes).saturating_sub(MAX_LANES);
        let fold = self.foldable(state, &statements, too_many);
        Ok(Outstanding {
            items: items(&voucher, newer),
            pays,
            uncovered: due.min(state.funded) > authorized,
            fold,
        })
    }

    /// The oldest lanes of key epochs that are over and fully stated on-chain.
    fn foldable(
        &self,
        state: &ChannelState,
        statements: &[Signed<Statement>],
        count: usize,
    ) -> Vec<KeyEpoch> {
        let mut epochs: Vec<_> = state
            .lanes
            .iter()
            .filter(|lane| self.enclave.public_keys(lane.epoch).is_none())
            .filter(|lane| {
                statements.iter().all(|signed| {
                    signed.statement.key_epoch != lane.epoch
                        || signed.statement.receipts <= lane.receipts
                })
            })
            .map(|lane| lane.epoch)
            .collect();
        epochs.sort();
        epochs.truncate(count);
        epochs
    }

    /// Closes channels whose payers asked for it, once nothing is left to be earned: the refund need not
    /// wait for the window.
    async fn close_asked(&self, open: &[ChannelState]) -> Result<(), SettleError> {
        for state in open {
            if state.state != ChannelStatus::Closing {
                continue;
            }
            let running = self.enclave.balance(state.id);
            if running.is_some_and(|balance| balance.streams > 0) {
                continue;
            }
            let Some(fresh) = self
                .chain
                .channels(&[state.id])
                .await?
                .into_iter()
                .next()
                .flatten()
            else {
                continue;
            };
            let left = self.outstanding(&fresh)?;
            let done = left.pays == Amount::ZERO && !left.uncovered;
            if fresh.state == ChannelStatus::Closing && done {
                self.chain.close(state.id).await?;
                tracing::info!(target: "atoma_node::settle", channel = %state.id, "closed as asked");
            }
        }
        Ok(())
    }

    /// Advances live time while a window is open, so that nobody waits for a clock that nobody winds.
    async fn tick(&self, open: &[ChannelState], turn: &mut Turn) {
        let closing = open
            .iter()
            .any(|state| state.state == ChannelStatus::Closing);
        let now = self.env.now();
        if !closing || now.saturating_since(turn.last_tick) < turn.poll {
            return;
        }
        turn.last_tick = now;
        if let Err(error) = self.chain.tick().await {
            tracing::debug!(target: "atoma_node::settle", %error, "live time not advanced");
        }
    }
}

fn items(voucher: &Signed<Voucher>, statements: Vec<Signed<Statement>>) -> Vec<Settlement> {
    statements
        .into_iter()
        .map(|statement| Settlement {
            voucher: voucher.clone(),
            statement,
        })
        .collect()
}

/// A quarter of the shortest grace, within [`POLLS`].
fn poll(open: &[ChannelState]) -> Duration {
    let grace = open.iter().map(|state| state.grace_ms).min();
    grace.map_or(POLLS.1, |grace| {
        Duration::from_millis(grace / 4).clamp(POLLS.0, POLLS.1)
    })
}
