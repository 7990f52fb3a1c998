//! The contracts' objects in the protocol's own types.

mod channel;
pub(crate) mod mirror;
mod network;
mod node;
mod object;
mod pool;

use serde::Serialize;

pub use channel::{ChannelState, ChannelStatus, Lane, PayerCapState, Slot, VaultState};
pub use mirror::BadValue;
pub use network::{
    AdminCapState, AttestorsState, LiveTimeState, MeasurementsState, Modality, ModelState,
    NetworkParams, NetworkState, PauseCapState, PendingAttestors, PendingParams,
};
pub use node::{
    KeyEpochState, NodeCapState, NodeState, NodeStatus, Offer, OfferState, PendingCommission,
    VaultRef,
};
pub use object::State;
pub(crate) use object::{decode, decode_field, field_id, struct_tag};
pub use pool::{PoolState, RewardStream, StakePositionState, Tranche, UnbondPositionState};

/// A point in live time, in milliseconds: time that a halt of the chain does not eat.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize)]
#[serde(transparent)]
pub struct LiveMs(pub u64);

mirror::mirror! {
    /// The two times at which a window was opened.
    Window from crate::generated::atoma::live_time::Window {
        /// Live time.
        live_ms: LiveMs,
        /// The chain's clock.
        clock_ms: atoma_protocol::time::TimestampMs,
    }
}

impl Copy for Window {}

#[cfg(test)]
mod tests;
