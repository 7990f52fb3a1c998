//! Events of our contracts, decoded and put in order.
//!
//! An event is ours if its type was defined by a package of the lineage: only the module that defines a
//! type can emit it, whoever calls. Names prove nothing, so a package that looks like ours emits nothing
//! that is seen here.

mod channel;
mod network;
mod node;
mod stake;

use atoma_protocol::ids::CheckpointSeq;
use serde::{Deserialize, Serialize};
use sui_sdk_types::Event;

use crate::{
    deployment::Lineage,
    error::ChainError,
    generated::atoma::events as raw,
    rpc::{Checkpoint, Executed},
    state::mirror::{BadValue, FromMove as _},
};

pub use channel::{
    ChannelClosed, ChannelOpened, ChannelReaped, ChannelSettled, ChannelToppedUp, CloseRequested,
    CompensationClaimed, LaneFolded, RefundAddressChanged, RoutingClaimed, VaultCreated,
    VaultDistributed, VaultMatured, VaultSwept, VaultWithdrawn,
};
pub use network::{
    AdminChanged, AttestorsChanged, AttestorsCreated, AttestorsProposed, CoinAccepted,
    MeasurementAllowed, MeasurementDisallowed, MeasurementsCreated, ModelRegistered,
    NetworkCreated, ParamsChanged, ParamsProposed, PauseCapReplaced, PauseChanged, SuccessorNamed,
    Ticked, TreasuryChanged,
};
pub use node::{
    AttestationPosted, CommissionChanged, CommissionProposed, KeyEpochEnded, KeyEpochGraded,
    NodeRegistered, NodeStatusChanged, OfferRemoved, OfferSet,
};
pub use stake::{
    BurnedDestroyed, OverchargeCompensated, PoolChanged, RewardsAdded, RewardsClaimed, Slashed,
    StakeWithdrawn, Staked, Unstaked, WrongProven, WrongReported,
};

/// The module that defines every event.
const EVENTS_MODULE: &str = "events";

/// Where an event stands in the chain's history. Ordered as it happened.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
pub struct Position {
    /// The checkpoint.
    pub checkpoint: CheckpointSeq,
    /// Index of the transaction in it.
    pub transaction: u32,
    /// Index of the event among all events of the transaction, ours and others'.
    pub event: u32,
}

impl std::fmt::Display for Position {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}:{}", self.checkpoint, self.transaction, self.event)
    }
}

/// An event with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Positioned {
    /// Where it stands.
    pub position: Position,
    /// The transaction that emitted it.
    pub digest: crate::id::TxDigest,
    /// The event.
    pub event: AtomaEvent,
}

/// Declares the enum of events, its decoder and the table of names.
macro_rules! events {
    ($($name:ident,)*) => {
        /// An event of our contracts.
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[serde(tag = "type")]
        #[non_exhaustive]
        pub enum AtomaEvent {
            $(
                #[doc = concat!("`events::", stringify!($name), "`.")]
                $name($name),
            )*
        }

        impl AtomaEvent {
            /// Names of all events, as in the Move source.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// Its name, as in the Move source.
            #[must_use]
            pub const fn name(&self) -> &'static str {
                match self {
                    $(Self::$name(_) => stringify!($name),)*
                }
            }

            /// From the BCS of an event of this name; none if there is no such event.
            fn from_bcs(name: &str, bytes: &[u8]) -> Option<Result<Self, BadValue>> {
                match name {
                    $(stringify!($name) => Some(
                        bcs::from_bytes::<raw::$name>(bytes)
                            .map_err(BadValue::new)
                            .and_then($name::from_move)
                            .map(Self::$name),
                    ),)*
                    _ => None,
                }
            }
        }

        $(
            impl From<$name> for AtomaEvent {
                fn from(event: $name) -> Self {
                    Self::$name(event)
                }
            }
        )*
    };
}

events! {
    Ticked,
    NetworkCreated,
    ParamsProposed,
    ParamsChanged,
    CoinAccepted,
    TreasuryChanged,
    SuccessorNamed,
    AdminChanged,
    PauseCapReplaced,
    PauseChanged,
    AttestorsCreated,
    AttestorsProposed,
    AttestorsChanged,
    MeasurementsCreated,
    MeasurementAllowed,
    MeasurementDisallowed,
    ModelRegistered,
    NodeRegistered,
    NodeStatusChanged,
    OfferSet,
    OfferRemoved,
    CommissionProposed,
    CommissionChanged,
    AttestationPosted,
    KeyEpochGraded,
    KeyEpochEnded,
    Staked,
    Unstaked,
    StakeWithdrawn,
    RewardsAdded,
    RewardsClaimed,
    BurnedDestroyed,
    PoolChanged,
    ChannelOpened,
    ChannelToppedUp,
    ChannelSettled,
    CloseRequested,
    ChannelClosed,
    ChannelReaped,
    RefundAddressChanged,
    RoutingClaimed,
    CompensationClaimed,
    LaneFolded,
    VaultCreated,
    VaultSwept,
    VaultDistributed,
    VaultMatured,
    VaultWithdrawn,
    WrongReported,
    WrongProven,
    OverchargeCompensated,
    Slashed,
}

/// Decodes one event; none if it is not ours.
///
/// # Errors
/// [`ChainError::UndecodableEvent`] if it is ours but of an unknown name or layout: the contracts are
/// newer than this software.
pub fn decode(
    lineage: &Lineage,
    event: &Event,
    position: Position,
) -> Result<Option<AtomaEvent>, ChainError> {
    let tag = &event.type_;
    if !lineage.defines(tag.address()) {
        return Ok(None);
    }
    let undecodable = |reason: String| ChainError::UndecodableEvent {
        position,
        event: format!("{}::{}", tag.module(), tag.name()),
        reason,
    };
    if tag.module().as_str() != EVENTS_MODULE || !tag.type_params().is_empty() {
        return Err(undecodable("no event of this type is known".to_owned()));
    }
    AtomaEvent::from_bcs(tag.name().as_str(), &event.contents)
        .ok_or_else(|| undecodable("no event of this name is known".to_owned()))?
        .map(Some)
        .map_err(|BadValue(reason)| undecodable(reason))
}

/// All our events of a checkpoint, in order.
///
/// # Errors
/// As [`decode`].
pub fn of_checkpoint(
    lineage: &Lineage,
    checkpoint: &Checkpoint,
) -> Result<Vec<Positioned>, ChainError> {
    let mut events = Vec::new();
    for (index, transaction) in (0_u32..).zip(checkpoint.transactions()) {
        decode_all(
            lineage,
            &transaction.executed,
            checkpoint.seq(),
            index,
            &mut events,
        )?;
    }
    Ok(events)
}

/// All our events of a transaction, in order.
///
/// # Errors
/// As [`decode`]; the position's checkpoint is the transaction's if it is known, its index is 0.
pub fn of_transaction(
    lineage: &Lineage,
    executed: &Executed,
) -> Result<Vec<AtomaEvent>, ChainError> {
    let mut events = Vec::new();
    let checkpoint = executed.checkpoint().unwrap_or_default();
    decode_all(lineage, executed, checkpoint, 0, &mut events)?;
    Ok(events.into_iter().map(|event| event.event).collect())
}

/// As [`of_transaction`], without those that do not decode.
pub(crate) fn known_of_transaction(lineage: &Lineage, executed: &Executed) -> Vec<AtomaEvent> {
    executed
        .events()
        .iter()
        .filter_map(|event| {
            decode(lineage, event, Position::default()).unwrap_or_else(|error| {
                tracing::warn!(%error, digest = %executed.digest(), "event of newer contracts");
                None
            })
        })
        .collect()
}

fn decode_all(
    lineage: &Lineage,
    executed: &Executed,
    checkpoint: CheckpointSeq,
    transaction: u32,
    into: &mut Vec<Positioned>,
) -> Result<(), ChainError> {
    for (index, event) in (0_u32..).zip(executed.events()) {
        let position = Position {
            checkpoint,
            transaction,
            event: index,
        };
        if let Some(event) = decode(lineage, event, position)? {
            into.push(Positioned {
                position,
                digest: executed.digest(),
                event,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
