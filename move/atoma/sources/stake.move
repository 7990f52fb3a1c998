/// Stake of a node: what it loses for a proven wrong, and who shares in its dues.
///
/// | object           | kind   | fields | who writes |
/// |------------------|--------|--------|------------|
/// | `Pool`           | shared | `version, network, node, min_own_stake, unbonding_ms, stream_ms, slash_bps, reporter_bps` fixed but for the first; `own, delegated, own_unbonding, delegated_unbonding, rewards, burned, offences`; `Balance<T>` of each coin as dynamic field | stakers, `vault::distribute`, `slashing` |
/// | `StakePosition`  | owned  | `pool, own, generation, shares, rewards` | its owner |
/// | `UnbondPosition` | owned  | `pool, own, generation, shares, since` | its owner |
///
/// Four tranches: the operator's own stake and the stake delegated to it, each with a second
/// tranche of what is unbonding. Each counts shares with 10^6 virtual shares and one virtual unit,
/// and rounds against the mover. A slash takes the operator's tranches first, active and unbonding
/// pro rata. A tranche slashed to nothing starts a new generation: the positions of the old one are
/// void.
///
/// Stakers' dues enter a stream per coin, so that nobody gains by staking just before them. A
/// position remembers every coin's accumulator as it was when it was made.
module atoma::stake;

use atoma::atoma::ATOMA;
use atoma::events;
use atoma::live_time::{LiveTime, Window};
use atoma::params::{Self, Params};
use atoma::version;
use std::type_name::{Self, TypeName};
use sui::balance::{Self, Balance};
use sui::clock::Clock;
use sui::coin::{Self, Coin, TreasuryCap};
use sui::dynamic_field;
use sui::table::{Self, Table};
use sui::vec_map::{Self, VecMap};

// === Errors ===

/// The pool belongs to another node.
#[error(code = 0)]
const EWrongPool: vector<u8> = b"The pool belongs to another node";
/// The position is of another pool.
#[error(code = 1)]
const EWrongPosition: vector<u8> = b"The position is of another pool";
/// Nothing is moved, or so little that it is worth nothing.
#[error(code = 2)]
const ETooLittle: vector<u8> = b"The amount is zero or worth no share";
/// More shares than the position has.
#[error(code = 3)]
const ETooManyShares: vector<u8> = b"The position has fewer shares";
/// The operator's own stake would fall below the least while the node is not retired.
#[error(code = 4)]
const EOwnStakeTooSmall: vector<u8> =
    b"Own stake must stay at the least until the node is retired";
/// Unbonding still runs.
#[error(code = 5)]
const EStillUnbonding: vector<u8> = b"The stake is still unbonding";
/// The position was slashed to nothing.
#[error(code = 6)]
const EVoid: vector<u8> = b"The position was slashed to nothing";
/// The same wrong was punished before.
#[error(code = 7)]
const EAlreadyPunished: vector<u8> = b"This wrong was punished before";

// === Constants ===

/// Shares that nobody has, so that no first staker can move the price of a share.
const VIRTUAL_SHARES: u128 = 1_000_000;
/// Stake that nobody has, the counterpart of `VIRTUAL_SHARES`.
const VIRTUAL_STAKE: u128 = 1;
/// Accumulators count rewards a share times 2^64.
const SCALE_BITS: u8 = 64;

// === Structs ===

/// Stake of one node.
public struct Pool has key {
    id: UID,
    version: u64,
    network: ID,
    node: ID,
    /// Own stake may not be withdrawn below this; 0 once the node is retired.
    min_own_stake: u64,
    unbonding_ms: u64,
    stream_ms: u64,
    /// Part of the whole stake taken for one proven wrong.
    slash_bps: u64,
    /// Reporter's part of what the operator itself loses.
    reporter_bps: u64,
    own: Tranche,
    delegated: Tranche,
    own_unbonding: Tranche,
    delegated_unbonding: Tranche,
    /// A stream for each coin that ever came in; at most the network's number of coins.
    rewards: VecMap<TypeName, Stream>,
    /// What slashes took, out of everybody's reach until `destroy_burned`.
    burned: Balance<ATOMA>,
    /// Hashes of the wrongs that were punished.
    offences: Table<address, bool>,
}

/// Stake with its shares.
public struct Tranche has store {
    stake: Balance<ATOMA>,
    shares: u128,
    /// One more each time the tranche is slashed to nothing.
    generation: u64,
}

/// Linear payout of one coin to both active tranches.
public struct Stream has copy, drop, store {
    /// Base units not paid out yet.
    remaining: u64,
    /// Live time of the last update.
    updated_ms: u64,
    /// Live time at which nothing will remain.
    end_ms: u64,
    /// Rewards an own share ever got, times 2^64.
    per_own_share: u256,
    /// Rewards a delegated share ever got, times 2^64.
    per_delegated_share: u256,
}

/// Key of a coin's `Balance<T>`, a dynamic field of the pool.
public struct RewardKey<phantom T>() has copy, drop, store;

/// Active stake of one staker.
public struct StakePosition has key, store {
    id: UID,
    pool: ID,
    /// The operator's, slashed first.
    own: bool,
    generation: u64,
    shares: u128,
    /// What each coin earned; a coin not in here counts from zero.
    rewards: VecMap<TypeName, Reward>,
}

/// What one position earned in one coin.
public struct Reward has copy, drop, store {
    /// Accumulator up to which `owed` counts.
    counted: u256,
    /// Base units to be claimed.
    owed: u64,
}

/// Stake on its way out.
public struct UnbondPosition has key, store {
    id: UID,
    pool: ID,
    own: bool,
    generation: u64,
    shares: u128,
    since: Window,
}

// === Public functions ===

/// Starts to take `shares` of a position out of the pool. They are slashed like the others until
/// `withdraw`. What they earned so far stays with the position.
public fun unstake(
    pool: &mut Pool,
    position: &mut StakePosition,
    live_time: &LiveTime,
    shares: u128,
    clock: &Clock,
    ctx: &mut TxContext,
): UnbondPosition {
    version::assert_supported(pool.version);
    pool.assert_position(position.pool);
    live_time.assert_network(pool.network);
    assert!(shares > 0, ETooLittle);
    assert!(shares <= position.shares, ETooManyShares);
    pool.advance(live_time, clock);
    pool.count_rewards(position);
    position.shares = position.shares - shares;
    let Pool { own, delegated, own_unbonding, delegated_unbonding, min_own_stake, .. } = pool;
    let (active, unbonding) = if (position.own) {
        (own, own_unbonding)
    } else {
        (delegated, delegated_unbonding)
    };
    assert!(active.generation == position.generation, EVoid);
    let stake = active.remove(shares);
    assert!(!position.own || active.stake.value() >= *min_own_stake, EOwnStakeTooSmall);
    let amount = stake.value();
    let unbonding_shares = unbonding.add(stake);
    let ticket = UnbondPosition {
        id: object::new(ctx),
        pool: position.pool,
        own: position.own,
        generation: unbonding.generation,
        shares: unbonding_shares,
        since: live_time.open(clock),
    };
    events::emit_unstaked(
        ticket.pool,
        object::id(position),
        object::id(&ticket),
        ticket.own,
        amount,
        shares,
        unbonding_shares,
    );
    pool.emit_changed();
    ticket
}

/// Takes unbonded stake out once its cooldown is over.
public fun withdraw(
    pool: &mut Pool,
    ticket: UnbondPosition,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<ATOMA> {
    version::assert_supported(pool.version);
    pool.assert_position(ticket.pool);
    live_time.assert_network(pool.network);
    assert!(live_time.is_over(&ticket.since, pool.unbonding_ms, clock), EStillUnbonding);
    let UnbondPosition { id, own, generation, shares, .. } = ticket;
    let tranche = if (own) &mut pool.own_unbonding else &mut pool.delegated_unbonding;
    let stake = if (tranche.generation == generation) tranche.remove(shares) else balance::zero();
    events::emit_stake_withdrawn(object::id(pool), id.to_inner(), stake.value());
    id.delete();
    pool.emit_changed();
    coin::from_balance(stake, ctx)
}

/// Pays a position what it earned in coin `T`, rounded down. A void position gets nothing.
public fun claim<T>(
    pool: &mut Pool,
    position: &mut StakePosition,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<T> {
    version::assert_supported(pool.version);
    pool.assert_position(position.pool);
    live_time.assert_network(pool.network);
    pool.advance(live_time, clock);
    pool.count_rewards(position);
    let coin = type_name::with_defining_ids<T>();
    if (!position.rewards.contains(&coin)) return coin::zero(ctx);
    let reward = &mut position.rewards[&coin];
    let amount = reward.owed;
    reward.owed = 0;
    events::emit_rewards_claimed(object::id(pool), object::id(position), coin, amount);
    let rewards: &mut Balance<T> = dynamic_field::borrow_mut(&mut pool.id, RewardKey<T>());
    coin::take(rewards, amount, ctx)
}

/// Deletes a position without shares, or one that was slashed to nothing, with what it did not claim.
public fun destroy(position: StakePosition, pool: &Pool) {
    pool.assert_position(position.pool);
    let tranche = if (position.own) &pool.own else &pool.delegated;
    assert!(
        position.shares == 0 || tranche.generation != position.generation,
        ETooManyShares,
    );
    let StakePosition { id, .. } = position;
    id.delete();
}

/// Takes what slashes took out of the supply. Whoever holds the treasury cap may.
public fun destroy_burned(pool: &mut Pool, treasury: &mut TreasuryCap<ATOMA>): u64 {
    version::assert_supported(pool.version);
    let amount = treasury.supply_mut().decrease_supply(pool.burned.withdraw_all());
    events::emit_burned_destroyed(object::id(pool), amount);
    amount
}

// === View functions ===

/// Node of the pool.
public fun node(pool: &Pool): ID { pool.node }

/// Operator's own active stake, in ATOMA base units.
public fun own_stake(pool: &Pool): u64 { pool.own.stake.value() }

/// Delegated active stake, in ATOMA base units.
public fun delegated_stake(pool: &Pool): u64 { pool.delegated.stake.value() }

/// Stake that is unbonding: own, delegated.
public fun unbonding_stake(pool: &Pool): (u64, u64) {
    (pool.own_unbonding.stake.value(), pool.delegated_unbonding.stake.value())
}

/// What slashes took and nobody can reach.
public fun burned(pool: &Pool): u64 { pool.burned.value() }

/// Shares of a position.
public fun shares(position: &StakePosition): u128 { position.shares }

/// What a position would unbond to now; nothing if it is void.
public fun value(pool: &Pool, position: &StakePosition): u64 {
    pool.assert_position(position.pool);
    let tranche = if (position.own) &pool.own else &pool.delegated;
    if (tranche.generation == position.generation) tranche.worth(position.shares) else 0
}

/// Whether a wrong was punished before.
public fun is_punished(pool: &Pool, offence: address): bool { pool.offences.contains(offence) }

/// Rewards of coin `T` that the pool holds, streamed or not.
public fun rewards<T>(pool: &Pool): u64 {
    if (!dynamic_field::exists_(&pool.id, RewardKey<T>())) return 0;
    dynamic_field::borrow<RewardKey<T>, Balance<T>>(&pool.id, RewardKey<T>()).value()
}

// === Package functions ===

/// A pool for a new node, not shared yet.
public(package) fun new(network: ID, node: ID, params: &Params, ctx: &mut TxContext): Pool {
    Pool {
        id: object::new(ctx),
        version: version::current(),
        network,
        node,
        min_own_stake: params.min_own_stake(),
        unbonding_ms: params.unbonding_ms(),
        stream_ms: params.stream_ms(),
        slash_bps: params.slash_bps(),
        reporter_bps: params.reporter_bps(),
        own: empty_tranche(),
        delegated: empty_tranche(),
        own_unbonding: empty_tranche(),
        delegated_unbonding: empty_tranche(),
        rewards: vec_map::empty(),
        burned: balance::zero(),
        offences: table::new(ctx),
    }
}

/// Shares a new pool.
public(package) fun share(pool: Pool) {
    transfer::share_object(pool);
}

/// Adds to the operator's own stake. The caller has checked that it is the operator.
public(package) fun stake_own(
    pool: &mut Pool,
    coin: Coin<ATOMA>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): StakePosition {
    version::assert_current(pool.version);
    live_time.assert_network(pool.network);
    pool.advance(live_time, clock);
    let amount = coin.value();
    let shares = pool.own.add(coin.into_balance());
    let (coins, streams) = pool.rewards.into_keys_values();
    let position = StakePosition {
        id: object::new(ctx),
        pool: object::id(pool),
        own: true,
        generation: pool.own.generation,
        shares,
        rewards: vec_map::from_keys_values(
            coins,
            streams.map!(|stream| Reward { counted: stream.per_own_share, owed: 0 }),
        ),
    };
    events::emit_staked(
        object::id(pool),
        object::id(&position),
        true,
        position.generation,
        amount,
        shares,
    );
    pool.emit_changed();
    position
}

/// Takes stakers' dues of coin `T` into their stream.
public(package) fun add_rewards<T>(
    pool: &mut Pool,
    dues: Balance<T>,
    live_time: &LiveTime,
    clock: &Clock,
) {
    version::assert_supported(pool.version);
    live_time.assert_network(pool.network);
    pool.advance(live_time, clock);
    let coin = type_name::with_defining_ids<T>();
    let now = live_time.now(clock);
    if (!pool.rewards.contains(&coin)) {
        pool.rewards.insert(
            coin,
            Stream {
                remaining: 0,
                updated_ms: now,
                end_ms: now,
                per_own_share: 0,
                per_delegated_share: 0,
            },
        );
        dynamic_field::add(&mut pool.id, RewardKey<T>(), balance::zero<T>());
    };
    let amount = dues.value();
    let stream = &mut pool.rewards[&coin];
    if (amount > 0) {
        // The new end is the mean of both ends, weighted by amount: dust cannot put it off.
        let left = (stream.end_ms - now) as u256;
        let total = (stream.remaining as u256) + (amount as u256);
        let length =
            (left * (stream.remaining as u256) + (pool.stream_ms as u256) * (amount as u256))
                .divide_and_round_up(total);
        stream.end_ms = now + (length as u64);
        stream.remaining = total as u64;
    };
    let (remaining, end_ms) = (stream.remaining, stream.end_ms);
    let rewards: &mut Balance<T> = dynamic_field::borrow_mut(&mut pool.id, RewardKey<T>());
    rewards.join(dues);
    events::emit_rewards_added(object::id(pool), coin, amount, remaining, end_ms);
}

/// Takes `slash_bps` of the whole stake, the operator's first, and remembers the wrong. Returns
/// `reporter_bps` of what the operator lost; everything else is out of reach from now on.
public(package) fun slash(
    pool: &mut Pool,
    offence: address,
    live_time: &LiveTime,
    clock: &Clock,
): Balance<ATOMA> {
    assert!(!pool.offences.contains(offence), EAlreadyPunished);
    pool.offences.add(offence, true);
    pool.advance(live_time, clock);
    let own = pool.own.stake.value() + pool.own_unbonding.stake.value();
    let delegated = pool.delegated.stake.value() + pool.delegated_unbonding.stake.value();
    let total = share_of(own + delegated, pool.slash_bps);
    let own_loss = total.min(own);
    let mut taken = take(&mut pool.own, &mut pool.own_unbonding, own_loss);
    let reward = taken.split(share_of(own_loss, pool.reporter_bps));
    let delegated_loss = total - own_loss;
    taken.join(take(&mut pool.delegated, &mut pool.delegated_unbonding, delegated_loss));
    events::emit_slashed(
        object::id(pool),
        pool.node,
        offence,
        own_loss,
        delegated_loss,
        reward.value(),
    );
    pool.burned.join(taken);
    pool.emit_changed();
    reward
}

/// Lets the operator withdraw everything, for its node is retired.
public(package) fun release(pool: &mut Pool) {
    pool.min_own_stake = 0;
}

/// Whether the operator has as much at stake as new work wants.
public(package) fun is_sufficient(pool: &Pool): bool {
    pool.own.stake.value() >= pool.min_own_stake
}

/// Aborts with `EWrongPool` unless the pool is the node's.
public(package) fun assert_node(pool: &Pool, node: ID) {
    version::assert_supported(pool.version);
    assert!(pool.node == node, EWrongPool);
}

// === Private functions ===

use fun mul_div as u64.mul_div;

fun assert_position(pool: &Pool, position_pool: ID) {
    assert!(object::id(pool) == position_pool, EWrongPosition);
}

fun empty_tranche(): Tranche {
    Tranche { stake: balance::zero(), shares: 0, generation: 0 }
}

/// Adds stake and returns its shares, rounded down.
fun add(tranche: &mut Tranche, stake: Balance<ATOMA>): u128 {
    let shares = mul_div_u128(
        stake.value() as u128,
        tranche.shares + VIRTUAL_SHARES,
        (tranche.stake.value() as u128) + VIRTUAL_STAKE,
    );
    assert!(shares > 0, ETooLittle);
    tranche.shares = tranche.shares + shares;
    tranche.stake.join(stake);
    shares
}

/// What `shares` are worth, rounded down.
fun worth(tranche: &Tranche, shares: u128): u64 {
    mul_div_u128(
        shares,
        (tranche.stake.value() as u128) + VIRTUAL_STAKE,
        tranche.shares + VIRTUAL_SHARES,
    ).min(tranche.stake.value() as u128) as u64
}

/// Takes `shares` out with what they are worth.
fun remove(tranche: &mut Tranche, shares: u128): Balance<ATOMA> {
    let worth = tranche.worth(shares);
    tranche.shares = tranche.shares - shares;
    tranche.stake.split(worth)
}

/// Takes `amount` from both tranches pro rata.
fun take(active: &mut Tranche, unbonding: &mut Tranche, amount: u64): Balance<ATOMA> {
    let total = active.stake.value() + unbonding.stake.value();
    if (amount == 0) return balance::zero();
    let from_unbonding = amount.mul_div(unbonding.stake.value(), total);
    let mut taken = unbonding.cut(from_unbonding);
    taken.join(active.cut(amount - from_unbonding));
    taken
}

/// Takes `amount` without its shares; a tranche left without stake starts a new generation.
fun cut(tranche: &mut Tranche, amount: u64): Balance<ATOMA> {
    let taken = tranche.stake.split(amount);
    if (amount > 0 && tranche.stake.value() == 0) {
        tranche.shares = 0;
        tranche.generation = tranche.generation + 1;
    };
    taken
}

/// Pays out of every stream what its time has come for, by stake to both active tranches.
/// Dust that nobody has shares of earns nothing.
fun advance(pool: &mut Pool, live_time: &LiveTime, clock: &Clock) {
    let now = live_time.now(clock);
    let (own_shares, delegated_shares) = (pool.own.shares, pool.delegated.shares);
    let own = if (own_shares == 0) 0 else pool.own.stake.value();
    let delegated = if (delegated_shares == 0) 0 else pool.delegated.stake.value();
    let mut i = 0;
    while (i < pool.rewards.length()) {
        let (_, stream) = pool.rewards.get_entry_by_idx_mut(i);
        stream.pay(now, own, own_shares, delegated, delegated_shares);
        i = i + 1;
    };
}

/// Counts what a position earned up to now in every coin; a void one earns nothing more.
fun count_rewards(pool: &Pool, position: &mut StakePosition) {
    let tranche = if (position.own) &pool.own else &pool.delegated;
    if (tranche.generation != position.generation) return;
    let mut i = 0;
    while (i < pool.rewards.length()) {
        let (coin, stream) = pool.rewards.get_entry_by_idx(i);
        let now = if (position.own) stream.per_own_share else stream.per_delegated_share;
        if (!position.rewards.contains(coin)) {
            position.rewards.insert(*coin, Reward { counted: 0, owed: 0 });
        };
        let reward = &mut position.rewards[coin];
        let earned = ((now - reward.counted) * (position.shares as u256)) >> SCALE_BITS;
        reward.owed = reward.owed + (earned as u64);
        reward.counted = now;
        i = i + 1;
    };
}

/// Without any staker the stream stands still.
fun pay(
    stream: &mut Stream,
    now: u64,
    own: u64,
    own_shares: u128,
    delegated: u64,
    delegated_shares: u128,
) {
    let elapsed = now - stream.updated_ms;
    let left = stream.end_ms - stream.updated_ms;
    stream.updated_ms = now;
    if (own + delegated == 0) {
        stream.end_ms = (stream.end_ms + elapsed).max(now);
        return
    };
    let due = if (now >= stream.end_ms) {
        stream.remaining
    } else {
        stream.remaining.mul_div(elapsed, left)
    };
    stream.end_ms = stream.end_ms.max(now);
    stream.remaining = stream.remaining - due;
    let to_own = due.mul_div(own, own + delegated);
    if (own_shares > 0) {
        stream.per_own_share =
            stream.per_own_share + ((to_own as u256) << SCALE_BITS) / (own_shares as u256);
    };
    if (delegated_shares > 0) {
        stream.per_delegated_share =
            stream.per_delegated_share
                + (((due - to_own) as u256) << SCALE_BITS) / (delegated_shares as u256);
    };
}

fun share_of(amount: u64, bps: u64): u64 {
    amount.mul_div(bps, params::bps())
}

fun mul_div(a: u64, b: u64, c: u64): u64 {
    mul_div_u128(a as u128, b as u128, c as u128) as u64
}

fun mul_div_u128(a: u128, b: u128, c: u128): u128 {
    ((a as u256) * (b as u256) / (c as u256)) as u128
}

fun emit_changed(pool: &Pool) {
    events::emit_pool_changed(
        object::id(pool),
        pool.own.stake.value(),
        pool.own.shares,
        pool.own.generation,
        pool.delegated.stake.value(),
        pool.delegated.shares,
        pool.delegated.generation,
        pool.own_unbonding.stake.value(),
        pool.own_unbonding.shares,
        pool.own_unbonding.generation,
        pool.delegated_unbonding.stake.value(),
        pool.delegated_unbonding.shares,
        pool.delegated_unbonding.generation,
        pool.burned.value(),
    );
}

// === Test-only functions ===

#[test_only]
public fun set_version_for_testing(pool: &mut Pool, version: u64) {
    pool.version = version;
}

#[test_only]
public fun set_slash_bps_for_testing(pool: &mut Pool, slash_bps: u64) {
    pool.slash_bps = slash_bps;
}
