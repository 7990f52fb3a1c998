//! The network, its attestors, measurements and models.

use atoma_protocol::{
    hash::ManifestHash,
    ids::{Address, AttestorSetVersion, ModelId, NetworkId, ObjectId},
    keys::PublicKey,
    statement::EvidenceKind,
    time::TimestampMs,
};

use crate::{
    deployment::CoinType,
    generated::atoma::events,
    state::{LiveMs, Modality, NetworkParams, mirror::mirror},
};

mirror! {
    /// Emitted when live time was advanced.
    Ticked from events::Ticked {
        /// The live clock.
        live_time: ObjectId,
        /// Live time.
        live_ms: LiveMs,
        /// The chain's clock.
        last_ms: TimestampMs,
    }
}

mirror! {
    /// Emitted when a network was created.
    NetworkCreated from events::NetworkCreated {
        /// The network.
        network: NetworkId,
        /// The live clock.
        live_time: ObjectId,
        /// The valid `AdminCap`.
        admin_cap: ObjectId,
        /// The valid `PauseCap`.
        pause_cap: ObjectId,
        /// Whether it is a development network.
        dev: bool,
        /// Most live time between two ticks.
        gap_ms: u64,
        /// Where protocol dues go.
        treasury: Address,
        /// The parameters.
        params: NetworkParams,
    }
}

mirror! {
    /// Emitted when an admin announced parameters.
    ParamsProposed from events::ParamsProposed {
        /// The network.
        network: NetworkId,
        /// The parameters.
        params: NetworkParams,
    }
}

mirror! {
    /// Emitted when announced parameters became valid.
    ParamsChanged from events::ParamsChanged {
        /// The network.
        network: NetworkId,
        /// The parameters.
        params: NetworkParams,
    }
}

mirror! {
    /// Emitted when an admin accepted a coin.
    CoinAccepted from events::CoinAccepted {
        /// The network.
        network: NetworkId,
        /// The coin.
        coin: CoinType,
    }
}

mirror! {
    /// Emitted when an admin moved the treasury.
    TreasuryChanged from events::TreasuryChanged {
        /// The network.
        network: NetworkId,
        /// Where protocol dues go.
        treasury: Address,
    }
}

mirror! {
    /// Emitted when an admin named a successor, or withdrew the name.
    SuccessorNamed from events::SuccessorNamed {
        /// The network.
        network: NetworkId,
        /// Who may take over.
        successor: Option<Address>,
    }
}

mirror! {
    /// Emitted when a successor took over.
    AdminChanged from events::AdminChanged {
        /// The network.
        network: NetworkId,
        /// The valid `AdminCap`.
        admin_cap: ObjectId,
        /// Who governs now.
        admin: Address,
    }
}

mirror! {
    /// Emitted when an admin replaced the pause capability.
    PauseCapReplaced from events::PauseCapReplaced {
        /// The network.
        network: NetworkId,
        /// The valid `PauseCap`.
        pause_cap: ObjectId,
    }
}

mirror! {
    /// Emitted when new business was stopped or resumed.
    PauseChanged from events::PauseChanged {
        /// The network.
        network: NetworkId,
        /// Whether new business is stopped.
        paused: bool,
    }
}

mirror! {
    /// Emitted when a network got its attestors.
    AttestorsCreated from events::AttestorsCreated {
        /// The network.
        network: NetworkId,
        /// The attestor set.
        attestors: ObjectId,
    }
}

mirror! {
    /// Emitted when an admin announced a set.
    AttestorsProposed from events::AttestorsProposed {
        /// The attestor set.
        attestors: ObjectId,
        /// How many must agree.
        threshold: u64,
        /// Their keys, by index.
        keys: Vec<PublicKey>,
    }
}

mirror! {
    /// Emitted when a set was put in place.
    AttestorsChanged from events::AttestorsChanged {
        /// The attestor set.
        attestors: ObjectId,
        /// Version of the set.
        set_version: AttestorSetVersion,
        /// How many must agree.
        threshold: u64,
        /// Their keys, by index.
        keys: Vec<PublicKey>,
    }
}

mirror! {
    /// Emitted when a network got its list of measurements.
    MeasurementsCreated from events::MeasurementsCreated {
        /// The network.
        network: NetworkId,
        /// The list.
        measurements: ObjectId,
    }
}

mirror! {
    /// Emitted when an admin put a measurement on the list.
    MeasurementAllowed from events::MeasurementAllowed {
        /// The list.
        measurements: ObjectId,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// The measurement.
        measurement: Vec<u8>,
        /// Until when.
        until_ms: TimestampMs,
    }
}

mirror! {
    /// Emitted when an admin took a measurement off the list.
    MeasurementDisallowed from events::MeasurementDisallowed {
        /// The list.
        measurements: ObjectId,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// The measurement.
        measurement: Vec<u8>,
    }
}

mirror! {
    /// Emitted when a model was registered.
    ModelRegistered from events::ModelRegistered {
        /// The network.
        network: NetworkId,
        /// The model.
        model: ModelId,
        /// The valid capability.
        cap: ObjectId,
        /// Its name.
        name: String,
        /// Which files.
        manifest_hash: ManifestHash,
        /// What it takes and gives.
        modality: Modality,
        /// Where the weights are.
        weights_uri: String,
    }
}
