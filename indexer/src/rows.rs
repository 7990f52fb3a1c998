//! From events to rows: one file a table.
//!
//! Only what belongs to our network gets rows of its own; other networks of the same package, which
//! anybody may create, are in the table of events and nowhere else. A row of something unknown is
//! never made, and events about it change nothing.

mod channel;
mod event;
mod key_epoch;
mod network;
mod node;
mod vault;

use atoma_chain::{AtomaEvent, Position, TxDigest};
use atoma_protocol::{ids::NetworkId, time::TimestampMs};
use sqlx::SqliteConnection;

use crate::store::cell::Cell as _;

pub(crate) use event::{Entry, Read, write as write_events};

/// Where an event comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin {
    /// Our network.
    pub(crate) network: NetworkId,
    /// Its place.
    pub(crate) position: Position,
    /// The transaction.
    pub(crate) digest: TxDigest,
    /// Time of the checkpoint.
    pub(crate) timestamp: TimestampMs,
}

impl Origin {
    fn at(&self) -> Vec<u8> {
        self.position.cell()
    }
}

/// What writing a row gives.
type Written = Result<(), sqlx::Error>;

/// Brings the tables up to date with one event.
pub(crate) async fn apply(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &AtomaEvent,
) -> Written {
    use AtomaEvent as E;
    match event {
        E::NetworkCreated(event) => network::created(to, origin, event).await,
        E::ParamsProposed(event) => network::params_proposed(to, origin, event).await,
        E::ParamsChanged(event) => network::params_changed(to, origin, event).await,
        E::CoinAccepted(event) => network::coin_accepted(to, origin, event).await,
        E::TreasuryChanged(event) => network::treasury_changed(to, origin, event).await,
        E::AdminChanged(event) => network::admin_changed(to, origin, event).await,
        E::PauseChanged(event) => network::pause_changed(to, origin, event).await,
        E::AttestorsCreated(event) => network::attestors_created(to, origin, event).await,
        E::AttestorsChanged(event) => network::attestors_changed(to, origin, event).await,
        E::MeasurementsCreated(event) => network::measurements_created(to, origin, event).await,
        E::MeasurementAllowed(event) => network::measurement_allowed(to, origin, event).await,
        E::MeasurementDisallowed(event) => network::measurement_disallowed(to, origin, event).await,
        E::ModelRegistered(event) => network::model_registered(to, origin, event).await,
        E::NodeRegistered(event) => node::registered(to, origin, event).await,
        E::NodeStatusChanged(event) => node::status_changed(to, origin, event).await,
        E::OfferSet(event) => node::offer_set(to, origin, event).await,
        E::OfferRemoved(event) => node::offer_removed(to, event).await,
        E::CommissionProposed(event) => node::commission_proposed(to, origin, event).await,
        E::CommissionChanged(event) => node::commission_changed(to, origin, event).await,
        E::PoolChanged(event) => node::pool_changed(to, origin, event).await,
        E::AttestationPosted(event) => key_epoch::posted(to, origin, event).await,
        E::KeyEpochGraded(event) => key_epoch::graded(to, origin, event).await,
        E::KeyEpochEnded(event) => key_epoch::ended(to, origin, event).await,
        E::ChannelOpened(event) => channel::opened(to, origin, event).await,
        E::ChannelToppedUp(event) => channel::topped_up(to, origin, event).await,
        E::ChannelSettled(event) => channel::settled(to, origin, event).await,
        E::CloseRequested(event) => channel::close_requested(to, origin, event).await,
        E::ChannelClosed(event) => channel::closed(to, origin, event).await,
        E::ChannelReaped(event) => channel::reaped(to, origin, event).await,
        E::RefundAddressChanged(event) => channel::refund_address_changed(to, origin, event).await,
        E::RoutingClaimed(event) => channel::routing_claimed(to, origin, event).await,
        E::CompensationClaimed(event) => channel::compensation_claimed(to, origin, event).await,
        E::OverchargeCompensated(event) => channel::compensated(to, origin, event).await,
        E::LaneFolded(event) => channel::lane_folded(to, origin, event).await,
        E::VaultCreated(event) => vault::created(to, origin, event).await,
        E::VaultMatured(event) => vault::matured(to, origin, event).await,
        E::VaultSwept(event) => vault::swept(to, origin, event).await,
        E::VaultDistributed(event) => vault::distributed(to, origin, event).await,
        E::VaultWithdrawn(event) => vault::withdrawn(to, origin, event).await,
        // In the table of events only.
        _ => Ok(()),
    }
}

/// A list or struct as the JSON that a column of text holds.
fn json<T: serde::Serialize>(value: &T) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(Box::new(error)))
}
