//! The network, its live time, attestors, measurements and models.

use atoma_protocol::{
    hash::ManifestHash,
    ids::{Address, AttestorSetVersion, ModelId, NetworkId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps},
    time::TimestampMs,
};
use serde::Serialize;

use super::{
    LiveMs, Window,
    mirror::{BadValue, FromMove, mirror},
    object::state,
};
use crate::{
    deployment::CoinType,
    generated::atoma::{attestors, live_time, measurements, model, network, params},
};

mirror! {
    /// `network::Network`: parameters, accepted coins, and who may change them.
    NetworkState from network::Network {
        /// Its id.
        id: NetworkId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// Fixed at creation: simulated evidence counts and windows may be short.
        dev: bool,
        /// Parameters for what is created now.
        params: NetworkParams,
        /// Announced parameters.
        pending: Option<PendingParams>,
        /// Coins that new channels may use.
        coins: Vec<CoinType>,
        /// Whether new business is stopped.
        paused: bool,
        /// Where protocol dues go.
        treasury: Address,
        /// The one valid `AdminCap`.
        admin_cap: ObjectId,
        /// Who may take over as admin.
        successor: Option<Address>,
        /// The one valid `PauseCap`.
        pause_cap: ObjectId,
        /// Its live clock.
        live_time: ObjectId,
        /// Its attestor set.
        attestors: Option<ObjectId>,
        /// Its allowed measurements.
        measurements: Option<ObjectId>,
    }
}
state!(NetworkState from network::Network, "network", "Network");

mirror! {
    /// Parameters that wait for their time lock.
    PendingParams from network::PendingParams {
        /// The parameters.
        params: NetworkParams,
        /// Since when.
        since: Window,
    }
}

mirror! {
    /// All parameters of a network. Milliseconds are of live time unless said otherwise.
    NetworkParams from params::Params {
        /// The protocol's share of every payment.
        protocol_bps: Bps,
        /// Most that a routing share may be.
        max_routing_bps: Bps,
        /// Least own stake of an operator, in ATOMA.
        min_own_stake: Amount,
        /// Shortest grace of a channel.
        min_grace_ms: u64,
        /// Longest grace of a channel.
        max_grace_ms: u64,
        /// Longest life of a channel, by the clock.
        max_channel_ms: u64,
        /// From a channel's end to its deletion.
        reap_ms: u64,
        /// Cooldown of unstaked shares.
        unbonding_ms: u64,
        /// How long an operator's earnings wait.
        hold_back_ms: u64,
        /// How long stakers' dues are paid out over.
        stream_ms: u64,
        /// How long changes wait.
        timelock_ms: u64,
        /// From a key epoch's anchor to its expiry, by the clock.
        max_evidence_age_ms: u64,
        /// Oldest anchor at posting, by the clock.
        max_anchor_age_ms: u64,
        /// Part of the stake taken for one wrong.
        slash_bps: Bps,
        /// The reporter's part of the operator's loss.
        reporter_bps: Bps,
        /// Least time between a report and its proof, by the clock.
        report_delay_ms: u64,
        /// Most live time between a report and its proof.
        report_window_ms: u64,
        /// How long a slashed node is jailed.
        jail_ms: u64,
    }
}

mirror! {
    /// `network::AdminCap`: right to govern one network.
    AdminCapState from network::AdminCap {
        /// Its id.
        id: ObjectId,
        /// The network.
        network: NetworkId,
    }
}
state!(AdminCapState from network::AdminCap, "network", "AdminCap");

mirror! {
    /// `network::PauseCap`: right to stop new business of one network.
    PauseCapState from network::PauseCap {
        /// Its id.
        id: ObjectId,
        /// The network.
        network: NetworkId,
    }
}
state!(PauseCapState from network::PauseCap, "network", "PauseCap");

mirror! {
    /// `live_time::LiveTime`: time that a halt of the chain does not eat.
    LiveTimeState from live_time::LiveTime {
        /// Its id.
        id: ObjectId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// Most live time that passes between two ticks.
        gap_ms: u64,
        /// Live time at the last tick.
        live_ms: LiveMs,
        /// The chain's clock at the last tick.
        last_ms: TimestampMs,
    }
}
state!(LiveTimeState from live_time::LiveTime, "live_time", "LiveTime");

/// Past this much clock time beyond its length a window is over in any case: seven days.
const LAST_DAY_MS: u64 = 7 * 24 * 60 * 60 * 1_000;

impl LiveTimeState {
    /// Live time when the chain's clock shows `now`, as `live_time::now`.
    #[must_use]
    pub fn now(&self, now: TimestampMs) -> LiveMs {
        let elapsed = now.0.saturating_sub(self.last_ms.0).min(self.gap_ms);
        LiveMs(self.live_ms.0.saturating_add(elapsed))
    }

    /// Whether a window of `length_ms` opened at `window` is over at `now`, as `live_time::is_over`.
    #[must_use]
    pub fn is_over(&self, window: &Window, length_ms: u64, now: TimestampMs) -> bool {
        let length = u128::from(length_ms) + u128::from(self.gap_ms);
        u128::from(self.now(now).0) >= u128::from(window.live_ms.0) + length
            || u128::from(now.0) >= u128::from(window.clock_ms.0) + length + u128::from(LAST_DAY_MS)
    }
}

mirror! {
    /// `attestors::Attestors`: who may grade evidence, and how many must agree.
    AttestorsState from attestors::Attestors {
        /// Its id.
        id: ObjectId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// Version of the set, which verdicts name; 0 before the first.
        set_version: AttestorSetVersion,
        /// How many must agree.
        threshold: u64,
        /// A signer is an index into these.
        keys: Vec<PublicKey>,
        /// A set that waits for its time lock.
        pending: Option<PendingAttestors>,
    }
}
state!(AttestorsState from attestors::Attestors, "attestors", "Attestors");

mirror! {
    /// An attestor set that waits for its time lock.
    PendingAttestors from attestors::PendingSet {
        /// How many must agree.
        threshold: u64,
        /// The keys.
        keys: Vec<PublicKey>,
        /// Since when.
        since: Window,
    }
}

mirror! {
    /// `measurements::Measurements`: the allow-list.
    MeasurementsState from measurements::Measurements {
        /// Its id.
        id: ObjectId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// The table of accepted measurements; [`crate::Client::measurement_until`] reads it.
        allowed: ObjectId,
    }
}
state!(MeasurementsState from measurements::Measurements, "measurements", "Measurements");

/// What a model takes and gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Modality {
    /// Text in, text out.
    Text,
    /// Text in, vector out.
    Embedding,
    /// Text and images in, text out.
    Vision,
}

impl FromMove<u8> for Modality {
    fn from_move(raw: u8) -> Result<Self, BadValue> {
        match raw {
            0 => Ok(Self::Text),
            1 => Ok(Self::Embedding),
            2 => Ok(Self::Vision),
            _ => Err(BadValue(format!("{raw} is no modality"))),
        }
    }
}

impl From<Modality> for u8 {
    fn from(modality: Modality) -> Self {
        match modality {
            Modality::Text => 0,
            Modality::Embedding => 1,
            Modality::Vision => 2,
        }
    }
}

mirror! {
    /// `model::Model`: which weights a name stands for.
    ModelState from model::Model {
        /// Its id.
        id: ModelId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// Its name; not unique.
        name: String,
        /// Exactly which weights.
        manifest_hash: ManifestHash,
        /// What it takes and gives.
        modality: Modality,
        /// Where the weights are.
        weights_uri: String,
        /// What was put up for it.
        bond: Amount,
        /// The one valid `ModelCap`.
        cap: ObjectId,
    }
}
state!(ModelState from model::Model, "model", "Model");
