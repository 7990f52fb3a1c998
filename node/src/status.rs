//! What a node looks like from outside.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, ModelId, NodeId},
    money::Amount,
    time::TimestampMs,
};
use serde::Serialize;

/// A snapshot of a node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// The node.
    pub node: NodeId,
    /// The key epoch that new tasks are sealed to.
    pub key_epoch: KeyEpoch,
    /// What its evidence was found to prove; shows `SIMULATED` where it is.
    pub grade: String,
    /// When that epoch stops to count for new work.
    pub expires_ms: TimestampMs,
    /// Models served, by name.
    pub models: BTreeMap<String, ModelId>,
    /// Sequencers that are attached, by URL.
    pub sequencers: Vec<String>,
    /// Channels in use.
    pub channels: Vec<ChannelStatus>,
    /// What the chain has paid, over all channels seen by this process, protocol and routing included.
    pub settled: Amount,
    /// When the chain was last heard of.
    pub chain_seen_ms: TimestampMs,
}

/// One channel in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct ChannelStatus {
    /// The channel.
    pub channel: ChannelId,
    /// All that was receipted.
    pub earned: Amount,
    /// What of it vouchers and deposit cover.
    pub covered: Amount,
    /// What the chain has paid.
    pub settled: Amount,
    /// Streams that run.
    pub streams: usize,
}

/// What the chain has paid, a channel each. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Earnings(Arc<Mutex<BTreeMap<ChannelId, Amount>>>);

impl Earnings {
    fn table(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Amount>> {
        // Only whole entries are written.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The chain says that so much was paid on a channel.
    pub fn paid(&self, channel: ChannelId, paid: Amount) {
        let mut table = self.table();
        let known = table.entry(channel).or_default();
        *known = (*known).max(paid);
    }

    /// Sum over all channels.
    #[must_use]
    pub fn total(&self) -> Amount {
        self.table()
            .values()
            .fold(Amount::ZERO, |sum, paid| sum.saturating_add(*paid))
    }
}
