/// What a node earned in one coin, until it is pulled by those it is due to.
///
/// | object     | kind   | fields | who writes |
/// |------------|--------|--------|------------|
/// | `Vault<T>` | shared | `version, network, node, hold_back_ms` fixed; `funds`, and who they are due to: `protocol_due, stakers_due, arriving, held, held_since, free` | `channel::settle`; anybody: `sweep`, `distribute`, `mature`; `NodeCap`: `withdraw`; `slashing` takes back |
///
/// `funds = protocol_due + stakers_due + arriving + held + free`, always. What the operator earns
/// is `arriving` (settling needs no clock), then `held` for the hold-back, then `free`: it waits
/// between one and two hold-backs, for it is the first to make a victim whole.
module atoma::vault;

use atoma::events;
use atoma::live_time::{LiveTime, Window};
use atoma::network::Network;
use atoma::node::{Node, NodeCap};
use atoma::stake::Pool;
use atoma::version;
use sui::balance::{Self, Balance};
use sui::clock::Clock;
use sui::coin::{Self, Coin};

// === Errors ===

/// The vault is of another node.
#[error(code = 0)]
const EWrongVault: vector<u8> = b"The vault is of another node";
/// The vault belongs to another network.
#[error(code = 1)]
const EWrongNetwork: vector<u8> = b"The vault belongs to another network";

// === Structs ===

/// Earnings of one node in coin `T`.
public struct Vault<phantom T> has key {
    id: UID,
    version: u64,
    network: ID,
    node: ID,
    hold_back_ms: u64,
    funds: Balance<T>,
    /// For the network's treasury.
    protocol_due: u64,
    /// For the node's pool.
    stakers_due: u64,
    /// Operator's, settled since `held_since`.
    arriving: u64,
    /// Operator's, waiting since `held_since`.
    held: u64,
    held_since: Window,
    /// Operator's, to be withdrawn.
    free: u64,
}

// === Public functions ===

/// Makes and shares the node's vault for coin `T`, once a coin; returns its id.
public fun create<T>(
    node: &mut Node,
    cap: &NodeCap,
    network: &Network,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): ID {
    network.assert_open();
    node.assert_operator(cap);
    node.assert_network(object::id(network));
    live_time.assert_network(object::id(network));
    let coin = network.assert_accepts<T>();
    let vault = Vault<T> {
        id: object::new(ctx),
        version: version::current(),
        network: object::id(network),
        node: object::id(node),
        hold_back_ms: network.params().hold_back_ms(),
        funds: balance::zero(),
        protocol_due: 0,
        stakers_due: 0,
        arriving: 0,
        held: 0,
        held_since: live_time.open(clock),
        free: 0,
    };
    let id = object::id(&vault);
    node.add_vault(coin, id);
    events::emit_vault_created(id, object::id(node), coin, vault.hold_back_ms);
    transfer::share_object(vault);
    id
}

/// Moves what is due to the protocol to the network's treasury. Anybody may.
public fun sweep<T>(vault: &mut Vault<T>, network: &Network, ctx: &mut TxContext) {
    version::assert_supported(vault.version);
    assert!(vault.network == object::id(network), EWrongNetwork);
    let amount = vault.protocol_due;
    if (amount == 0) return;
    vault.protocol_due = 0;
    let coin = coin::take(&mut vault.funds, amount, ctx);
    transfer::public_transfer(coin, network.treasury());
    events::emit_vault_swept(object::id(vault), network.treasury(), amount);
}

/// Moves what is due to the stakers to the node's pool. Anybody may.
public fun distribute<T>(
    vault: &mut Vault<T>,
    pool: &mut Pool,
    live_time: &LiveTime,
    clock: &Clock,
) {
    version::assert_supported(vault.version);
    pool.assert_node(vault.node);
    let amount = vault.stakers_due;
    if (amount == 0) return;
    vault.stakers_due = 0;
    pool.add_rewards(vault.funds.split(amount), live_time, clock);
    events::emit_vault_distributed(object::id(vault), object::id(pool), amount);
}

/// Advances the operator's earnings through the hold-back. Anybody may.
public fun mature<T>(vault: &mut Vault<T>, live_time: &LiveTime, clock: &Clock) {
    version::assert_supported(vault.version);
    live_time.assert_network(vault.network);
    if (vault.held > 0) {
        if (!live_time.is_over(&vault.held_since, vault.hold_back_ms, clock)) return;
        vault.free = vault.free + vault.held;
    } else if (vault.arriving == 0) return;
    vault.held = vault.arriving;
    vault.arriving = 0;
    vault.held_since = live_time.open(clock);
    events::emit_vault_matured(object::id(vault), vault.held, vault.free);
}

/// Pays the operator everything that the hold-back let go.
public fun withdraw<T>(
    vault: &mut Vault<T>,
    node: &Node,
    cap: &NodeCap,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<T> {
    node.assert_operator(cap);
    vault.assert_node(object::id(node));
    vault.mature(live_time, clock);
    let amount = vault.free;
    vault.free = 0;
    events::emit_vault_withdrawn(object::id(vault), amount);
    coin::take(&mut vault.funds, amount, ctx)
}

// === View functions ===

/// Node of the vault.
public fun node<T>(vault: &Vault<T>): ID { vault.node }

/// Everything in the vault, in base units.
public fun funds<T>(vault: &Vault<T>): u64 { vault.funds.value() }

/// What is due to the network's treasury.
public fun protocol_due<T>(vault: &Vault<T>): u64 { vault.protocol_due }

/// What is due to the node's pool.
public fun stakers_due<T>(vault: &Vault<T>): u64 { vault.stakers_due }

/// What is due to the operator: arriving, held, free.
public fun operator_due<T>(vault: &Vault<T>): (u64, u64, u64) {
    (vault.arriving, vault.held, vault.free)
}

// === Package functions ===

/// Takes a payment in. What protocol and stakers do not get is the operator's.
public(package) fun deposit<T>(
    vault: &mut Vault<T>,
    payment: Balance<T>,
    protocol: u64,
    stakers: u64,
) {
    vault.protocol_due = vault.protocol_due + protocol;
    vault.stakers_due = vault.stakers_due + stakers;
    vault.arriving = vault.arriving + (payment.value() - protocol - stakers);
    vault.funds.join(payment);
}

/// Takes up to `amount` of what is due to the operator back for a victim, the youngest first.
public(package) fun take_back<T>(vault: &mut Vault<T>, amount: u64): Balance<T> {
    let from_arriving = amount.min(vault.arriving);
    vault.arriving = vault.arriving - from_arriving;
    let from_held = (amount - from_arriving).min(vault.held);
    vault.held = vault.held - from_held;
    let from_free = (amount - from_arriving - from_held).min(vault.free);
    vault.free = vault.free - from_free;
    vault.funds.split(from_arriving + from_held + from_free)
}

/// Aborts with `EWrongVault` unless the vault is the node's.
public(package) fun assert_node<T>(vault: &Vault<T>, node: ID) {
    version::assert_supported(vault.version);
    assert!(vault.node == node, EWrongVault);
}

// === Test-only functions ===

#[test_only]
public fun set_version_for_testing<T>(vault: &mut Vault<T>, version: u64) {
    vault.version = version;
}
