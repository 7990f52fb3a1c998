/// Nodes: what an operator registers, what it offers, and whether it takes new work.
///
/// | object    | kind   | fields | who writes |
/// |-----------|--------|--------|------------|
/// | `Node`    | shared | `version, network, cap, pool, status, commission_bps, max_commission_bps, pending_commission, jailed, jail_ms, offers, vaults, next_epoch, epochs, archive` | `NodeCap`; attestors' verdicts; `slashing` jails |
/// | `NodeCap` | owned  | `node` | - |
///
/// `register` hands the node out by value: the same transaction makes its first vault with
/// `vault::create`, adds offers, and ends with `share`. Business on channels only reads the node.
///
/// Status, and who changes it:
///
/// | from \ to | active               | draining        | jailed     | retired  |
/// |-----------|----------------------|-----------------|------------|----------|
/// | active    |                      | `drain`         | `slashing` | `retire` |
/// | draining  | `activate`, own stake at the least | | `slashing` | `retire` |
/// | jailed    |                      | `unjail`, jail over | `slashing`, jail anew | `retire` |
/// | retired   |                      |                 |            |          |
module atoma::node;

use atoma::atoma::ATOMA;
use atoma::events;
use atoma::fee;
use atoma::key_epoch::KeyEpoch;
use atoma::live_time::{LiveTime, Window};
use atoma::model::Model;
use atoma::network::Network;
use atoma::params;
use atoma::stake::{Self, Pool, StakePosition};
use atoma::version;
use std::string::String;
use std::type_name::{Self, TypeName};
use sui::clock::Clock;
use sui::coin::Coin;
use sui::table::{Self, Table};
use sui::vec_map::{Self, VecMap};

// === Errors ===

/// The capability is of another node.
#[error(code = 0)]
const EWrongCap: vector<u8> = b"The capability does not operate this node";
/// The node belongs to another network.
#[error(code = 1)]
const EWrongNetwork: vector<u8> = b"The node belongs to another network";
/// The status does not allow the step.
#[error(code = 2)]
const EWrongStatus: vector<u8> = b"The status of the node does not allow this";
/// Own stake is below the least.
#[error(code = 3)]
const EStakeTooSmall: vector<u8> = b"The operator's own stake is below the least";
/// The jail is not over.
#[error(code = 4)]
const EStillJailed: vector<u8> = b"The node is still jailed";
/// Commission is above its cap, or the cap above the whole.
#[error(code = 5)]
const ECommissionTooLarge: vector<u8> = b"The commission is above its cap";
/// A change of commission is too large.
#[error(code = 6)]
const EStepTooLarge: vector<u8> = b"Commission changes by at most 5 points at a time";
/// No change of commission waits.
#[error(code = 7)]
const ENothingPending: vector<u8> = b"No change of commission is pending";
/// The time lock of the change still runs.
#[error(code = 8)]
const ETooEarly: vector<u8> = b"The time lock of the change is not over";
/// Too many offers.
#[error(code = 9)]
const ETooManyOffers: vector<u8> = b"A node has at most 32 offers";
/// Routing share of an offer is above the network's bound.
#[error(code = 10)]
const ERoutingTooLarge: vector<u8> = b"The routing share is above the network's bound";
/// Engine class is empty or too long.
#[error(code = 11)]
const EBadEngineClass: vector<u8> = b"An engine class has 1 to 64 bytes";
/// There is no such offer.
#[error(code = 12)]
const ENoOffer: vector<u8> = b"The node does not offer this model for this coin";
/// The coin has a vault already.
#[error(code = 13)]
const EVaultExists: vector<u8> = b"The node has a vault for this coin";
/// The node does not have this key epoch.
#[error(code = 14)]
const EUnknownEpoch: vector<u8> = b"The node has no such key epoch";

/// The node has no vault for the coin of an offer.
#[error(code = 15)]
const ENoVault: vector<u8> = b"The node has no vault for this coin";

// === Constants ===

/// Takes new work.
const ACTIVE: u8 = 0;
/// Finishes what it has.
const DRAINING: u8 = 1;
/// Was slashed; takes no new work.
const JAILED: u8 = 2;
/// Takes no new work for ever; its stake may leave.
const RETIRED: u8 = 3;

/// Most offers of a node.
const MAX_OFFERS: u64 = 32;
/// Largest change of commission at a time, in basis points.
const MAX_COMMISSION_STEP_BPS: u64 = 500;
/// Most bytes of an engine class.
const MAX_ENGINE_CLASS_LENGTH: u64 = 64;
/// Latest key epochs held in the node itself; older ones are in its archive.
const EPOCHS_AT_HAND: u64 = 8;

// === Structs ===

/// One node.
public struct Node has key {
    id: UID,
    version: u64,
    network: ID,
    /// The one valid `NodeCap`.
    cap: ID,
    pool: ID,
    status: u8,
    /// Operator's part of what protocol and routing leave; the stakers get the rest.
    commission_bps: u64,
    /// Fixed at registration.
    max_commission_bps: u64,
    pending_commission: Option<PendingCommission>,
    /// When the node was jailed, while it is.
    jailed: Option<Window>,
    jail_ms: u64,
    offers: VecMap<OfferKey, Offer>,
    /// Vault of each coin.
    vaults: VecMap<TypeName, ID>,
    /// Number of the next key epoch.
    next_epoch: u64,
    /// The latest key epochs, oldest first, without gaps.
    epochs: vector<KeyEpoch>,
    /// Key epochs that `epochs` has no room for: none is ever forgotten.
    archive: Table<u64, KeyEpoch>,
}

/// A commission that waits for its time lock.
public struct PendingCommission has copy, drop, store {
    commission_bps: u64,
    since: Window,
}

/// What an offer is for.
public struct OfferKey has copy, drop, store {
    model: ID,
    coin: TypeName,
}

/// Terms for one model in one coin. A change never touches an open channel.
public struct Offer has copy, drop, store {
    /// Base units per 1,000,000 input tokens.
    input_price: u64,
    /// Base units per 1,000,000 output tokens.
    output_price: u64,
    /// Most tokens of prompt and answer together.
    context_length: u64,
    /// Engine and hardware that answer alike.
    engine_class: String,
    /// Base units that the node serves a channel ahead of its vouchers, at most.
    credit: u64,
    /// Most that a channel may give to its router.
    max_routing_bps: u64,
    /// Least deposit of a channel.
    min_deposit: u64,
}

/// Right to operate one node.
public struct NodeCap has key, store {
    id: UID,
    node: ID,
}

// === Public functions ===

/// Registers a node with its operator's first stake; it is active at once. Follow with
/// `vault::create` and `share` in the same transaction.
public fun register(
    network: &Network,
    live_time: &LiveTime,
    stake: Coin<ATOMA>,
    commission_bps: u64,
    max_commission_bps: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): (Node, NodeCap, StakePosition) {
    network.assert_open();
    assert!(
        commission_bps <= max_commission_bps && max_commission_bps <= params::bps(),
        ECommissionTooLarge,
    );
    let id = object::new(ctx);
    let node_id = id.to_inner();
    let network_id = object::id(network);
    let cap = NodeCap { id: object::new(ctx), node: node_id };
    let mut pool = stake::new(network_id, node_id, network.params(), ctx);
    let node = Node {
        id,
        version: version::current(),
        network: network_id,
        cap: object::id(&cap),
        pool: object::id(&pool),
        status: ACTIVE,
        commission_bps,
        max_commission_bps,
        pending_commission: option::none(),
        jailed: option::none(),
        jail_ms: network.params().jail_ms(),
        offers: vec_map::empty(),
        vaults: vec_map::empty(),
        next_epoch: 0,
        epochs: vector[],
        archive: table::new(ctx),
    };
    events::emit_node_registered(
        network_id,
        node_id,
        node.cap,
        node.pool,
        commission_bps,
        max_commission_bps,
        network.params().min_own_stake(),
        network.params().unbonding_ms(),
        network.params().stream_ms(),
        network.params().slash_bps(),
        network.params().reporter_bps(),
        node.jail_ms,
    );
    let position = pool.stake_own(stake, live_time, clock, ctx);
    assert!(pool.is_sufficient(), EStakeTooSmall);
    pool.share();
    (node, cap, position)
}

/// Shares a node just registered.
#[allow(lint(share_owned))]
public fun share(node: Node) {
    transfer::share_object(node);
}

/// Adds to the operator's own stake.
public fun stake(
    node: &Node,
    cap: &NodeCap,
    pool: &mut Pool,
    stake: Coin<ATOMA>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): StakePosition {
    node.assert_operator(cap);
    pool.assert_node(object::id(node));
    pool.stake_own(stake, live_time, clock, ctx)
}

/// Offers a model for coin `T`, for which the node must have a vault, or changes the offer.
public fun set_offer<T>(
    node: &mut Node,
    cap: &NodeCap,
    network: &Network,
    model: &Model,
    input_price: u64,
    output_price: u64,
    context_length: u64,
    engine_class: String,
    credit: u64,
    max_routing_bps: u64,
    min_deposit: u64,
) {
    network.assert_open();
    node.assert_operator(cap);
    node.assert_network(object::id(network));
    model.assert_network(object::id(network));
    let coin = network.assert_accepts<T>();
    fee::assert_price(input_price);
    fee::assert_price(output_price);
    assert!(max_routing_bps <= network.params().max_routing_bps(), ERoutingTooLarge);
    assert!(
        !engine_class.is_empty() && engine_class.length() <= MAX_ENGINE_CLASS_LENGTH,
        EBadEngineClass,
    );
    assert!(node.vaults.contains(&coin), ENoVault);
    let key = OfferKey { model: object::id(model), coin };
    if (node.offers.contains(&key)) {
        node.offers.remove(&key);
    };
    assert!(node.offers.length() < MAX_OFFERS, ETooManyOffers);
    node.offers.insert(
        key,
        Offer {
            input_price,
            output_price,
            context_length,
            engine_class,
            credit,
            max_routing_bps,
            min_deposit,
        },
    );
    events::emit_offer_set(
        object::id(node),
        key.model,
        coin,
        input_price,
        output_price,
        context_length,
        engine_class,
        credit,
        max_routing_bps,
        min_deposit,
    );
}

/// Withdraws the offer of a model for coin `T`.
public fun remove_offer<T>(node: &mut Node, cap: &NodeCap, model: ID) {
    node.assert_operator(cap);
    let key = OfferKey { model, coin: type_name::with_defining_ids<T>() };
    assert!(node.offers.contains(&key), ENoOffer);
    node.offers.remove(&key);
    events::emit_offer_removed(object::id(node), model, key.coin);
}

/// Takes new work again.
public fun activate(node: &mut Node, cap: &NodeCap, pool: &Pool) {
    version::assert_current(node.version);
    node.assert_operator(cap);
    pool.assert_node(object::id(node));
    assert!(node.status == DRAINING, EWrongStatus);
    assert!(pool.is_sufficient(), EStakeTooSmall);
    node.set_status(ACTIVE);
}

/// Takes no new work until `activate`.
public fun drain(node: &mut Node, cap: &NodeCap) {
    node.assert_operator(cap);
    assert!(node.status == ACTIVE, EWrongStatus);
    node.set_status(DRAINING);
}

/// Leaves jail once it is over; the node is draining then.
public fun unjail(node: &mut Node, cap: &NodeCap, live_time: &LiveTime, clock: &Clock) {
    node.assert_operator(cap);
    live_time.assert_network(node.network);
    assert!(node.status == JAILED, EWrongStatus);
    assert!(live_time.is_over(node.jailed.borrow(), node.jail_ms, clock), EStillJailed);
    node.jailed = option::none();
    node.set_status(DRAINING);
}

/// Takes no new work for ever. From now on all own stake may be unstaked.
public fun retire(node: &mut Node, cap: &NodeCap, pool: &mut Pool) {
    node.assert_operator(cap);
    pool.assert_node(object::id(node));
    assert!(node.status != RETIRED, EWrongStatus);
    pool.release();
    node.jailed = option::none();
    node.set_status(RETIRED);
}

/// Announces a new commission; it replaces an earlier announcement and its time lock.
public fun propose_commission(
    node: &mut Node,
    cap: &NodeCap,
    live_time: &LiveTime,
    commission_bps: u64,
    clock: &Clock,
) {
    node.assert_operator(cap);
    live_time.assert_network(node.network);
    assert!(commission_bps <= node.max_commission_bps, ECommissionTooLarge);
    assert!(
        commission_bps.diff(node.commission_bps) <= MAX_COMMISSION_STEP_BPS,
        EStepTooLarge,
    );
    node.pending_commission =
        option::some(PendingCommission { commission_bps, since: live_time.open(clock) });
    events::emit_commission_proposed(object::id(node), commission_bps);
}

/// Makes an announced commission valid once its time lock is over. Anybody may.
public fun apply_commission(
    node: &mut Node,
    network: &Network,
    live_time: &LiveTime,
    clock: &Clock,
) {
    node.assert_network(object::id(network));
    live_time.assert_network(node.network);
    assert!(node.pending_commission.is_some(), ENothingPending);
    let PendingCommission { commission_bps, since } = node.pending_commission.extract();
    assert!(live_time.is_over(&since, network.params().timelock_ms(), clock), ETooEarly);
    node.commission_bps = commission_bps;
    events::emit_commission_changed(object::id(node), commission_bps);
}

// === View functions ===

/// Network of the node.
public fun network(node: &Node): ID { node.network }

/// Pool of the node.
public fun pool(node: &Node): ID { node.pool }

/// Node that a capability operates.
public fun cap_node(cap: &NodeCap): ID { cap.node }

/// Status: `active`, `draining`, `jailed` or `retired`.
public fun status(node: &Node): u8 { node.status }

/// Whether the node takes new work.
public fun is_active(node: &Node): bool { node.status == ACTIVE }

/// Operator's part of what protocol and routing leave, in basis points.
public fun commission_bps(node: &Node): u64 { node.commission_bps }

/// Vault for coin `T`, if there is one.
public fun vault<T>(node: &Node): Option<ID> {
    node.vaults.try_get(&type_name::with_defining_ids<T>())
}

/// Offer of a model for coin `T`. Aborts with `ENoOffer` without one.
public fun offer<T>(node: &Node, model: ID): Offer {
    let key = OfferKey { model, coin: type_name::with_defining_ids<T>() };
    assert!(node.offers.contains(&key), ENoOffer);
    node.offers[&key]
}

/// Base units per 1,000,000 input tokens.
public fun input_price(offer: &Offer): u64 { offer.input_price }

/// Base units per 1,000,000 output tokens.
public fun output_price(offer: &Offer): u64 { offer.output_price }

/// Most tokens of prompt and answer together.
public fun context_length(offer: &Offer): u64 { offer.context_length }

/// Engine and hardware that answer alike.
public fun engine_class(offer: &Offer): String { offer.engine_class }

/// Base units served ahead of vouchers, at most.
public fun credit(offer: &Offer): u64 { offer.credit }

/// Most that a channel may give to its router, in basis points.
public fun max_routing_bps(offer: &Offer): u64 { offer.max_routing_bps }

/// Least deposit of a channel.
public fun min_deposit(offer: &Offer): u64 { offer.min_deposit }

/// Number of the next key epoch.
public fun next_epoch(node: &Node): u64 { node.next_epoch }

/// Whether there is a key epoch of this number.
public fun has_epoch(node: &Node, epoch: u64): bool { epoch < node.next_epoch }

/// A key epoch. Aborts with `EUnknownEpoch` without it.
public fun epoch(node: &Node, epoch: u64): &KeyEpoch {
    assert!(epoch < node.next_epoch, EUnknownEpoch);
    let first = node.next_epoch - node.epochs.length();
    if (epoch >= first) &node.epochs[epoch - first] else &node.archive[epoch]
}

/// Status: takes new work.
public fun active(): u8 { ACTIVE }

/// Status: finishes what it has.
public fun draining(): u8 { DRAINING }

/// Status: was slashed.
public fun jailed(): u8 { JAILED }

/// Status: gone for ever.
public fun retired(): u8 { RETIRED }

// === Package functions ===

/// Aborts with `EWrongCap` unless the cap operates this node.
public(package) fun assert_operator(node: &Node, cap: &NodeCap) {
    version::assert_supported(node.version);
    assert!(node.cap == object::id(cap), EWrongCap);
}

/// Aborts with `EWrongNetwork` unless the node is of `network`.
public(package) fun assert_network(node: &Node, network: ID) {
    version::assert_supported(node.version);
    assert!(node.network == network, EWrongNetwork);
}

/// Gate of new work: current version, active.
public(package) fun assert_open(node: &Node) {
    version::assert_current(node.version);
    assert!(node.status == ACTIVE, EWrongStatus);
}

/// Remembers the node's only vault of a coin.
public(package) fun add_vault(node: &mut Node, coin: TypeName, vault: ID) {
    assert!(!node.vaults.contains(&coin), EVaultExists);
    node.vaults.insert(coin, vault);
}

/// Adds the next key epoch; the oldest at hand moves to the archive when there is no room.
public(package) fun add_epoch(node: &mut Node, epoch: KeyEpoch) {
    if (node.epochs.length() == EPOCHS_AT_HAND) {
        let oldest = node.epochs.remove(0);
        node.archive.add(oldest.epoch(), oldest);
    };
    node.epochs.push_back(epoch);
    node.next_epoch = node.next_epoch + 1;
}

/// A key epoch to be changed.
public(package) fun epoch_mut(node: &mut Node, epoch: u64): &mut KeyEpoch {
    assert!(epoch < node.next_epoch, EUnknownEpoch);
    let first = node.next_epoch - node.epochs.length();
    if (epoch >= first) &mut node.epochs[epoch - first] else &mut node.archive[epoch]
}

/// Jails the node for a proven wrong; a retired one stays retired.
public(package) fun jail(node: &mut Node, since: Window) {
    if (node.status == RETIRED) return;
    node.jailed = option::some(since);
    node.set_status(JAILED);
}

// === Private functions ===

fun set_status(node: &mut Node, status: u8) {
    node.status = status;
    events::emit_node_status_changed(object::id(node), status);
}

// === Test-only functions ===

#[test_only]
public fun set_version_for_testing(node: &mut Node, version: u64) {
    node.version = version;
}
