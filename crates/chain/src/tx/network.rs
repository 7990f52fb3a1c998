//! Making and governing a network; models; live time.

use atoma_protocol::{
    hash::ManifestHash,
    ids::{Address, ObjectId, PackageId},
    keys::PublicKey,
    statement::EvidenceKind,
    time::TimestampMs,
};

use super::{Builder, CLOCK};
use crate::{
    action::{Access, Action},
    deployment::{CoinType, Deployment},
    state::{Modality, NetworkParams},
};

/// A network to be made.
#[derive(Clone, Debug)]
pub struct CreateNetwork {
    /// The package, published already.
    pub package: PackageId,
    /// Whether simulated evidence counts and windows may be short; fixed for ever.
    pub dev: bool,
    /// Most live time between two ticks, in milliseconds; an hour unless `dev`.
    pub gap_ms: u64,
    /// Parameters; none for the package's own, of development or production as `dev` says.
    pub params: Option<NetworkParams>,
    /// Where protocol dues go.
    pub treasury: Address,
    /// Coins that channels may use.
    pub coins: Vec<CoinType>,
    /// Who gets the `AdminCap` and the `PauseCap`.
    pub admin: Address,
}

/// Makes a network with its live time, attestors and measurements, in one transaction.
#[must_use]
pub fn create_network(network: &CreateNetwork) -> Action {
    let mut action = Action::new("create_network");
    let package = network.package;
    let params = match &network.params {
        Some(params) => {
            let fields = fields_of(params).map(|field| action.pure(&field));
            action.call(package, "params", "new", Vec::new(), fields.to_vec())
        }
        None if network.dev => action.call(package, "params", "development", vec![], vec![]),
        None => action.call(package, "params", "production", vec![], vec![]),
    };
    let dev = action.pure(&network.dev);
    let gap = action.pure(&network.gap_ms);
    let treasury = action.id(network.treasury);
    let clock = action.object(CLOCK, Access::Read);
    let made = action.call(
        package,
        "network",
        "create",
        Vec::new(),
        vec![params, dev, gap, treasury, clock],
    );
    let (root, admin, pause) = (made.nth(0), made.nth(1), made.nth(2));
    action.call(package, "attestors", "create", vec![], vec![root, admin]);
    action.call(package, "measurements", "create", vec![], vec![root, admin]);
    for coin in &network.coins {
        action.call(
            package,
            "network",
            "accept_coin",
            vec![coin.type_tag()],
            vec![root, admin],
        );
    }
    action.call(package, "network", "share", vec![], vec![root]);
    action.transfer(vec![admin, pause], network.admin);
    action
}

/// Parameters in the order of `params::new`.
fn fields_of(params: &NetworkParams) -> [u64; 18] {
    [
        u64::from(params.protocol_bps.get()),
        u64::from(params.max_routing_bps.get()),
        params.min_own_stake.0,
        params.min_grace_ms,
        params.max_grace_ms,
        params.max_channel_ms,
        params.reap_ms,
        params.unbonding_ms,
        params.hold_back_ms,
        params.stream_ms,
        params.timelock_ms,
        params.max_evidence_age_ms,
        params.max_anchor_age_ms,
        u64::from(params.slash_bps.get()),
        u64::from(params.reporter_bps.get()),
        params.report_delay_ms,
        params.report_window_ms,
        params.jail_ms,
    ]
}

/// Lets new channels use a coin.
#[must_use]
pub fn accept_coin(at: &Deployment, admin_cap: ObjectId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "accept_coin");
    let network = b.network(Access::Write);
    let cap = b.action.object(admin_cap, Access::Read);
    b.call_for(coin, "network", "accept_coin", vec![network, cap]);
    b.action
}

/// Sets the attestors: at once while there are none and on a development network, else after the time
/// lock.
#[must_use]
pub fn set_attestors(
    at: &Deployment,
    admin_cap: ObjectId,
    threshold: u64,
    keys: &[PublicKey],
) -> Action {
    let mut b = Builder::new(at, "set_attestors");
    let attestors = b.action.object(at.objects.attestors, Access::Write);
    let network = b.network(Access::Read);
    let cap = b.action.object(admin_cap, Access::Read);
    let live_time = b.live_time(Access::Read);
    let threshold = b.action.pure(&threshold);
    let keys: Vec<Vec<u8>> = keys.iter().map(|key| key.as_bytes().to_vec()).collect();
    let keys = b.action.pure(&keys);
    let clock = b.clock();
    b.call(
        "attestors",
        "set",
        vec![attestors, network, cap, live_time, threshold, keys, clock],
    );
    b.action
}

/// Puts a measurement on the list until a time.
#[must_use]
pub fn allow_measurement(
    at: &Deployment,
    admin_cap: ObjectId,
    kind: EvidenceKind,
    measurement: &[u8],
    until: TimestampMs,
) -> Action {
    let mut b = Builder::new(at, "allow_measurement");
    let list = b.action.object(at.objects.measurements, Access::Write);
    let network = b.network(Access::Read);
    let cap = b.action.object(admin_cap, Access::Read);
    let kind = b.action.pure(&u8::from(kind));
    let measurement = b.action.pure(measurement);
    let until = b.action.pure(&until);
    b.call(
        "measurements",
        "allow",
        vec![list, network, cap, kind, measurement, until],
    );
    b.action
}

/// Takes a measurement off the list.
#[must_use]
pub fn disallow_measurement(
    at: &Deployment,
    admin_cap: ObjectId,
    kind: EvidenceKind,
    measurement: &[u8],
) -> Action {
    let mut b = Builder::new(at, "disallow_measurement");
    let list = b.action.object(at.objects.measurements, Access::Write);
    let network = b.network(Access::Read);
    let cap = b.action.object(admin_cap, Access::Read);
    let kind = b.action.pure(&u8::from(kind));
    let measurement = b.action.pure(measurement);
    b.call(
        "measurements",
        "disallow",
        vec![list, network, cap, kind, measurement],
    );
    b.action
}

/// Stops new business of the network.
#[must_use]
pub fn pause(at: &Deployment, pause_cap: ObjectId) -> Action {
    let mut b = Builder::new(at, "pause");
    let network = b.network(Access::Write);
    let cap = b.action.object(pause_cap, Access::Read);
    b.call("network", "pause", vec![network, cap]);
    b.action
}

/// Takes new business again.
#[must_use]
pub fn resume(at: &Deployment, admin_cap: ObjectId) -> Action {
    let mut b = Builder::new(at, "resume");
    let network = b.network(Access::Write);
    let cap = b.action.object(admin_cap, Access::Read);
    b.call("network", "resume", vec![network, cap]);
    b.action
}

/// Registers a model; its `ModelCap` goes to `owner`.
#[must_use]
pub fn register_model(
    at: &Deployment,
    name: &str,
    manifest_hash: ManifestHash,
    modality: Modality,
    weights_uri: &str,
    owner: Address,
) -> Action {
    let mut b = Builder::new(at, "register_model");
    let network = b.network(Access::Read);
    let name = b.action.pure(name);
    let manifest_hash = b.action.id(manifest_hash);
    let modality = b.action.pure(&u8::from(modality));
    let weights_uri = b.action.pure(weights_uri);
    let cap = b.call(
        "model",
        "register",
        vec![network, name, manifest_hash, modality, weights_uri],
    );
    b.action.transfer(vec![cap], owner);
    b.action
}

/// Advances live time. Anybody may.
#[must_use]
pub fn tick(at: &Deployment) -> Action {
    let mut b = Builder::new(at, "tick");
    let live_time = b.live_time(Access::Write);
    let clock = b.clock();
    b.call("live_time", "tick", vec![live_time, clock]);
    b.action
}
