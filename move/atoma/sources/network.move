/// The network: its parameters, the coins it accepts, and who may change them.
///
/// | object     | kind   | fields                                                   | who writes |
/// |------------|--------|----------------------------------------------------------|------------|
/// | `Network`  | shared | `version, dev, params, pending, coins, paused, treasury, admin_cap, successor, pause_cap, live_time, attestors, measurements` | `AdminCap`; `PauseCap` pauses; anybody applies a change whose time lock is over |
/// | `AdminCap` | owned  | `network`                                                | - |
/// | `PauseCap` | owned  | `network`                                                | - |
///
/// `create`, `attestors::create`, `measurements::create` and `share` are one transaction. Anybody
/// may create a network; its id is what clients pin and what every signed message names. Business
/// reads this object and never writes it.
module atoma::network;

use atoma::events;
use atoma::live_time::{Self, LiveTime, Window};
use atoma::params::Params;
use atoma::version;
use std::type_name::{Self, TypeName};
use sui::clock::Clock;

// === Errors ===

/// The capability belongs to another network, or was replaced by a hand-over.
#[error(code = 0)]
const EWrongCap: vector<u8> = b"The capability does not govern this network";
/// The network takes no new business.
#[error(code = 1)]
const EPaused: vector<u8> = b"The network is paused: it takes no new business";
/// Coin is not on the list.
#[error(code = 2)]
const ECoinNotAccepted: vector<u8> = b"The network does not accept this coin";
/// Coin is on the list already.
#[error(code = 3)]
const ECoinKnown: vector<u8> = b"The network accepts this coin already";
/// List of coins is full.
#[error(code = 4)]
const ETooManyCoins: vector<u8> = b"A network accepts at most 8 coins";
/// Sender was not named as successor.
#[error(code = 5)]
const ENotSuccessor: vector<u8> = b"Only the successor named by the admin may take over";
/// GAP is outside its bounds.
#[error(code = 6)]
const EBadGap: vector<u8> = b"GAP is 1 hour, on a dev network between 1 ms and 1 hour";
/// No change of parameters waits.
#[error(code = 7)]
const ENothingPending: vector<u8> = b"No change of parameters is pending";
/// The time lock of the change still runs.
#[error(code = 8)]
const ETooEarly: vector<u8> = b"The time lock of the change is not over";
/// The network has such an object already.
#[error(code = 9)]
const EAlreadySet: vector<u8> = b"The network has such an object already";
/// The network lacks its attestors or measurements.
#[error(code = 10)]
const EIncomplete: vector<u8> = b"Attestors and measurements must be created before sharing";

// === Constants ===

/// Most coins a network accepts.
const MAX_COINS: u64 = 8;
/// GAP of live time on a production network: 1 hour.
const GAP_MS: u64 = 60 * 60 * 1000;

// === Structs ===

/// Root object of a network.
public struct Network has key {
    id: UID,
    version: u64,
    /// Fixed at creation: simulated evidence counts and windows may be short.
    dev: bool,
    params: Params,
    pending: Option<PendingParams>,
    /// Coins that new channels may use.
    coins: vector<TypeName>,
    paused: bool,
    /// Where `vault::sweep` sends protocol dues.
    treasury: address,
    /// The one valid `AdminCap`.
    admin_cap: ID,
    /// Who may take over as admin.
    successor: Option<address>,
    /// The one valid `PauseCap`.
    pause_cap: ID,
    live_time: ID,
    attestors: Option<ID>,
    measurements: Option<ID>,
}

/// Parameters that wait for their time lock.
public struct PendingParams has copy, drop, store {
    params: Params,
    since: Window,
}

/// Right to govern one network.
public struct AdminCap has key, store {
    id: UID,
    network: ID,
}

/// Right to stop new business of one network; exits go on. Only the admin resumes.
public struct PauseCap has key, store {
    id: UID,
    network: ID,
}

// === Public functions ===

/// Makes a network with its live time, which is shared at once. `gap_ms` is `GAP_MS` unless `dev`.
/// Follow with `attestors::create`, `measurements::create` and `share`.
public fun create(
    params: Params,
    dev: bool,
    gap_ms: u64,
    treasury: address,
    clock: &Clock,
    ctx: &mut TxContext,
): (Network, AdminCap, PauseCap) {
    params.assert_valid(dev);
    assert!(gap_ms == GAP_MS || dev && gap_ms > 0 && gap_ms < GAP_MS, EBadGap);
    let id = object::new(ctx);
    let network_id = id.to_inner();
    let admin = AdminCap { id: object::new(ctx), network: network_id };
    let pause = PauseCap { id: object::new(ctx), network: network_id };
    let network = Network {
        id,
        version: version::current(),
        dev,
        params,
        pending: option::none(),
        coins: vector[],
        paused: false,
        treasury,
        admin_cap: object::id(&admin),
        successor: option::none(),
        pause_cap: object::id(&pause),
        live_time: live_time::create(network_id, gap_ms, clock, ctx),
        attestors: option::none(),
        measurements: option::none(),
    };
    events::emit_network_created(
        network_id,
        network.live_time,
        network.admin_cap,
        network.pause_cap,
        dev,
        gap_ms,
        treasury,
        params,
    );
    (network, admin, pause)
}

/// Shares a network that has its attestors and measurements.
#[allow(lint(share_owned))]
public fun share(network: Network) {
    assert!(network.attestors.is_some() && network.measurements.is_some(), EIncomplete);
    transfer::share_object(network);
}

/// Makes pending parameters valid once their time lock is over. Anybody may.
public fun apply_params(network: &mut Network, live_time: &LiveTime, clock: &Clock) {
    version::assert_supported(network.version);
    live_time.assert_network(object::id(network));
    assert!(network.pending.is_some(), ENothingPending);
    let PendingParams { params, since } = network.pending.extract();
    assert!(live_time.is_over(&since, network.params.timelock_ms(), clock), ETooEarly);
    network.params = params;
    events::emit_params_changed(object::id(network), params);
}

/// Takes over as admin. Only the named successor may; the old `AdminCap` is void from now on.
public fun accept_admin(network: &mut Network, ctx: &mut TxContext): AdminCap {
    version::assert_supported(network.version);
    assert!(network.successor.contains(&ctx.sender()), ENotSuccessor);
    network.successor = option::none();
    let cap = AdminCap { id: object::new(ctx), network: object::id(network) };
    network.admin_cap = object::id(&cap);
    events::emit_admin_changed(object::id(network), network.admin_cap, ctx.sender());
    cap
}

/// Stops new business. Nothing that lets somebody out is stopped.
public fun pause(network: &mut Network, cap: &PauseCap) {
    assert!(network.pause_cap == object::id(cap), EWrongCap);
    network.set_paused(true);
}

// === View functions ===

/// Whether this is a development network.
public fun is_dev(network: &Network): bool { network.dev }

/// Whether new business is stopped.
public fun is_paused(network: &Network): bool { network.paused }

/// Parameters for what is created now.
public fun params(network: &Network): &Params { &network.params }

/// Where protocol dues go.
public fun treasury(network: &Network): address { network.treasury }

/// Coins that new channels may use.
public fun coins(network: &Network): vector<TypeName> { network.coins }

/// Whether new channels may use coin `T`.
public fun accepts<T>(network: &Network): bool {
    network.coins.contains(&type_name::with_defining_ids<T>())
}

/// Id of the network's live time.
public fun live_time(network: &Network): ID { network.live_time }

/// Id of the network's attestors.
public fun attestors(network: &Network): Option<ID> { network.attestors }

/// Id of the network's allowed measurements.
public fun measurements(network: &Network): Option<ID> { network.measurements }

// === Admin functions ===

/// Lets new channels use coin `T`.
public fun accept_coin<T>(network: &mut Network, cap: &AdminCap) {
    network.assert_admin(cap);
    let coin = type_name::with_defining_ids<T>();
    assert!(!network.coins.contains(&coin), ECoinKnown);
    assert!(network.coins.length() < MAX_COINS, ETooManyCoins);
    network.coins.push_back(coin);
    events::emit_coin_accepted(object::id(network), coin);
}

/// Sets where protocol dues go.
public fun set_treasury(network: &mut Network, cap: &AdminCap, treasury: address) {
    network.assert_admin(cap);
    network.treasury = treasury;
    events::emit_treasury_changed(object::id(network), treasury);
}

/// Announces new parameters; they replace an earlier announcement and its time lock.
public fun propose_params(
    network: &mut Network,
    cap: &AdminCap,
    live_time: &LiveTime,
    params: Params,
    clock: &Clock,
) {
    network.assert_admin(cap);
    live_time.assert_network(object::id(network));
    params.assert_valid(network.dev);
    network.pending = option::some(PendingParams { params, since: live_time.open(clock) });
    events::emit_params_proposed(object::id(network), params);
}

/// Names who may take over as admin; `none` withdraws the offer.
public fun name_successor(network: &mut Network, cap: &AdminCap, successor: Option<address>) {
    network.assert_admin(cap);
    network.successor = successor;
    events::emit_successor_named(object::id(network), successor);
}

/// Replaces the `PauseCap`; the old one is void.
public fun replace_pause_cap(
    network: &mut Network,
    cap: &AdminCap,
    ctx: &mut TxContext,
): PauseCap {
    network.assert_admin(cap);
    let pause = PauseCap { id: object::new(ctx), network: object::id(network) };
    network.pause_cap = object::id(&pause);
    events::emit_pause_cap_replaced(object::id(network), network.pause_cap);
    pause
}

/// Takes new business again.
public fun resume(network: &mut Network, cap: &AdminCap) {
    network.assert_admin(cap);
    network.set_paused(false);
}

// === Package functions ===

/// Aborts with `EWrongCap` unless the cap governs this network.
public(package) fun assert_admin(network: &Network, cap: &AdminCap) {
    version::assert_supported(network.version);
    assert!(network.admin_cap == object::id(cap), EWrongCap);
}

/// Gate of new business: current version, not paused.
public(package) fun assert_open(network: &Network) {
    version::assert_current(network.version);
    assert!(!network.paused, EPaused);
}

/// Gate of new business in coin `T`.
public(package) fun assert_accepts<T>(network: &Network): TypeName {
    let coin = type_name::with_defining_ids<T>();
    assert!(network.coins.contains(&coin), ECoinNotAccepted);
    coin
}

/// Remembers the network's only `Attestors`.
public(package) fun set_attestors(network: &mut Network, attestors: ID) {
    assert!(network.attestors.is_none(), EAlreadySet);
    network.attestors = option::some(attestors);
}

/// Remembers the network's only `Measurements`.
public(package) fun set_measurements(network: &mut Network, measurements: ID) {
    assert!(network.measurements.is_none(), EAlreadySet);
    network.measurements = option::some(measurements);
}

// === Private functions ===

fun set_paused(network: &mut Network, paused: bool) {
    network.paused = paused;
    events::emit_pause_changed(object::id(network), paused);
}

// === Test-only functions ===

#[test_only]
public fun set_dev_for_testing(network: &mut Network, dev: bool) {
    network.dev = dev;
}
