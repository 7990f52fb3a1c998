//! Which channels a node takes, and how long it trusts what it last read of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use atoma_chain::{
    ChainError, CoinType,
    state::{ChannelState, ChannelStatus},
};
use atoma_env::Env;
use atoma_protocol::{
    channel::{ModelTerms, Terms},
    ids::{ChannelId, ModelId, NetworkId, NodeId},
    money::Prices,
    statement::Grade,
    time::TimestampMs,
};

use crate::{
    chain::NodeChain,
    enclave::ChannelView,
    session::{ChannelRefusal, ChannelSource},
};

/// Taken off a channel's grace for the settlement that follows a reunion with the chain.
pub const SETTLE_MARGIN: Duration = Duration::from_secs(2 * 60 * 60);
/// How long a node serves on without the chain at least, however short graces are.
pub const LEAST_CUT_OFF: Duration = Duration::from_secs(15 * 60);

/// What a channel must be to be taken.
#[derive(Clone, Debug)]
pub struct ChannelRules {
    /// The network.
    pub network: NetworkId,
    /// The node.
    pub node: NodeId,
    /// The coin that the node earns in.
    pub coin: CoinType,
    /// What is served.
    pub models: Vec<ModelId>,
}

impl ChannelRules {
    /// Checks a channel against the rules, at `now`, for an epoch of `grade`.
    ///
    /// # Errors
    /// [`ChannelRefusal::Unfit`], worded for the sequencer's operator.
    pub fn check(
        &self,
        state: &ChannelState,
        grade: Grade,
        now: TimestampMs,
    ) -> Result<ChannelView, ChannelRefusal> {
        let unfit = |reason: String| Err(ChannelRefusal::Unfit(reason));
        if state.network != self.network {
            return unfit(format!("the channel is on network {}", state.network));
        }
        if state.node != self.node {
            return unfit(format!("the channel is with node {}", state.node));
        }
        if state.coin != self.coin {
            return unfit(format!("the channel pays in {}", state.coin));
        }
        match state.state {
            ChannelStatus::Open => {}
            ChannelStatus::Closing => return unfit("a close was asked for".to_owned()),
            ChannelStatus::Closed => return unfit("the channel is closed".to_owned()),
        }
        if now >= state.expires_ms {
            return unfit("the channel has expired".to_owned());
        }
        if !grade.covers(state.need) {
            return unfit(format!(
                "the channel needs {}, this key epoch has {grade}",
                state.need
            ));
        }
        if !state
            .slots
            .iter()
            .any(|slot| self.models.contains(&slot.model))
        {
            return unfit("the channel pays for no model that is served here".to_owned());
        }
        Ok(view(state))
    }
}

/// What an account needs of a channel.
#[must_use]
pub fn view(state: &ChannelState) -> ChannelView {
    let models = state.slots.iter().map(|slot| ModelTerms {
        model: slot.model,
        prices: Prices {
            input: slot.input_price,
            output: slot.output_price,
        },
    });
    ChannelView {
        terms: Terms {
            network: state.network,
            channel: state.id,
            node: state.node,
            voucher_key: state.voucher_key,
            credit: state.credit,
            models: models.collect(),
        },
        need: state.need,
        funded: state.funded,
        authorized: state.authorized,
        paid: state.paid,
        lanes: state
            .lanes
            .iter()
            .map(|lane| (lane.epoch, lane.earned))
            .collect(),
        folded: state.folded,
        closing: state.state != ChannelStatus::Open,
    }
}

/// Reads channels from the chain and applies the rules.
#[derive(Debug)]
pub struct ChainChannels {
    /// The chain.
    pub chain: Arc<dyn NodeChain>,
    /// What a channel must be.
    pub rules: ChannelRules,
    /// What the current key epoch has proved.
    pub grade: Grade,
    /// The clock.
    pub env: Env,
    /// How fresh the reading is.
    pub contact: Contact,
}

#[async_trait]
impl ChannelSource for ChainChannels {
    async fn channel(&self, id: ChannelId) -> Result<ChannelView, ChannelRefusal> {
        let now = self.env.now();
        match self.chain.channels(&[id]).await {
            Ok(found) => {
                self.contact.made(now);
                let state =
                    found.into_iter().next().flatten().ok_or_else(|| {
                        ChannelRefusal::Unfit("there is no such channel".to_owned())
                    })?;
                if state.id != id {
                    return Err(ChannelRefusal::Unfit("another channel was read".to_owned()));
                }
                self.rules.check(&state, self.grade, now)
            }
            Err(ChainError::Rpc(error)) if error.is_transient() => Err(ChannelRefusal::Unreachable),
            Err(error) => Err(ChannelRefusal::Unfit(error.to_string())),
        }
    }
}

/// When the chain was last heard of, and how long that is good for. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Contact(Arc<Clock>);

#[derive(Debug, Default)]
struct Clock {
    last_ms: AtomicU64,
    good_for_ms: AtomicU64,
}

impl Contact {
    /// The chain answered at `now`.
    pub fn made(&self, now: TimestampMs) {
        self.0.last_ms.fetch_max(now.0, Ordering::Relaxed);
    }

    /// The shortest grace among the channels in use.
    pub fn shortest_grace(&self, grace: Duration) {
        let good_for = grace.saturating_sub(SETTLE_MARGIN).max(LEAST_CUT_OFF);
        let good_for_ms = u64::try_from(good_for.as_millis()).unwrap_or(u64::MAX);
        self.0.good_for_ms.store(good_for_ms, Ordering::Relaxed);
    }

    /// Whether so much time has passed without the chain that a close could have run its course unseen.
    #[must_use]
    pub fn is_lost(&self, now: TimestampMs) -> bool {
        let last = TimestampMs(self.0.last_ms.load(Ordering::Relaxed));
        let good_for = Duration::from_millis(self.0.good_for_ms.load(Ordering::Relaxed));
        now.saturating_since(last) > good_for.max(LEAST_CUT_OFF)
    }

    /// When the chain was last heard of.
    #[must_use]
    pub fn last(&self) -> TimestampMs {
        TimestampMs(self.0.last_ms.load(Ordering::Relaxed))
    }
}
