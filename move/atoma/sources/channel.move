/// The fast lane: one payer, one node, one coin, any number of requests, settled by two signatures.
///
/// | object       | kind   | fields | who writes |
/// |--------------|--------|--------|------------|
/// | `Channel<T>` | shared | fixed at `open`: `version, network, node, payer_cap, voucher_key, router, routing_bps, protocol_bps, slots, need, credit, grace_ms, reap_ms, expires_ms`; only growing: `funded, authorized, paid, lanes, folded, routing_claimed, compensated, compensation_claimed`; `refund_to`, `state`, `since`, `balance` | anybody: `settle`, `top_up`, `request_close_expired`, `finalize`; `PayerCap`: `request_close`, `set_refund_to`, `claim_compensation`, `reap`; `NodeCap`: `close`, `fold`; router: `claim_routing` |
/// | `PayerCap`   | owned  | `channel` | - |
///
/// A **voucher** by the payer's key says how much was authorized since opening, a **statement** by
/// the key of one key epoch how much that key earned. `settle` pays the node
/// `min(authorized, folded + sum(earned), funded) - paid`. It writes the channel and the node's
/// vault, reads the node, and takes neither network nor clock. Repeats, gaps and any order of calls
/// give the same result. It aborts only on a wrong signature or object, an unknown key epoch or a
/// missing grade, all of which its sender can check; a closed channel, a stale or empty statement
/// pays 0, so that no channel can stop a batch.
///
/// Funds: `balance = (funded - paid) + (routing share of paid - routing_claimed) + (compensated -
/// compensation_claimed)`, always; closing takes the first part out.
///
/// | from \ to | open | closing | closed |
/// |-----------|------|---------|--------|
/// | open      |      | `request_close`; `request_close_expired` after expiry | `close` |
/// | closing   |      |         | `close`; `finalize` after the grace |
/// | closed    |      |         | deleted by `reap` 30 days later |
module atoma::channel;

use atoma::events;
use atoma::key_epoch;
use atoma::live_time::{LiveTime, Window};
use atoma::message;
use atoma::network::Network;
use atoma::node::{Node, NodeCap};
use atoma::params;
use atoma::vault::Vault;
use atoma::version;
use sui::balance::Balance;
use sui::clock::Clock;
use sui::coin::{Self, Coin};
use sui::dynamic_field;

// === Errors ===

/// The node of the call is not the channel's.
#[error(code = 0)]
const EWrongNode: vector<u8> = b"The channel is with another node";
/// The capability is of another channel.
#[error(code = 1)]
const EWrongCap: vector<u8> = b"The capability is of another channel";
/// The channel's network is another one.
#[error(code = 2)]
const EWrongNetwork: vector<u8> = b"The channel belongs to another network";
/// The signature is not the voucher key's over this voucher.
#[error(code = 3)]
const EBadVoucher: vector<u8> = b"The voucher is not signed by the channel's voucher key";
/// The signature is not the key epoch's over this statement.
#[error(code = 4)]
const EBadStatement: vector<u8> = b"The statement is not signed by the key of its epoch";
/// The key epoch was never graded, or its grade does not cover the channel's need.
#[error(code = 5)]
const EGradeMissing: vector<u8> = b"The key epoch's grade does not cover what the channel needs";
/// No models, too many, one twice, or not one expected price each.
#[error(code = 6)]
const EBadModels: vector<u8> = b"A channel has 1 to 8 different models with both prices each";
/// An offer is dearer than expected.
#[error(code = 7)]
const EPriceAboveExpected: vector<u8> = b"The offer's price is above what the payer expects";
/// The routing share is above what an offer or the network allows.
#[error(code = 8)]
const ERoutingTooLarge: vector<u8> = b"The routing share is above the offer's";
/// Deposit is below an offer's least.
#[error(code = 9)]
const EDepositTooSmall: vector<u8> = b"The deposit is below the offer's least";
/// Need has unknown bits, or simulated outside a dev network.
#[error(code = 10)]
const EBadNeed: vector<u8> = b"The need has bits that no key epoch here can have";
/// Grace is outside the network's bounds.
#[error(code = 11)]
const EBadGrace: vector<u8> = b"The grace is outside the network's bounds";
/// Expiry is past or too far.
#[error(code = 12)]
const EBadExpiry: vector<u8> = b"The expiry is past, or later than the network allows";
/// A close was asked for.
#[error(code = 13)]
const ENotOpen: vector<u8> = b"The channel is not open";
/// The channel has not expired.
#[error(code = 14)]
const ENotExpired: vector<u8> = b"The channel has not expired";
/// No close was asked for, or the channel is closed.
#[error(code = 15)]
const ENotClosing: vector<u8> = b"The channel is not closing";
/// The grace is not over.
#[error(code = 16)]
const EGraceNotOver: vector<u8> = b"The grace is not over";
/// The channel is closed.
#[error(code = 17)]
const EClosed: vector<u8> = b"The channel is closed";
/// The channel is not closed.
#[error(code = 18)]
const ENotClosed: vector<u8> = b"The channel is not closed";
/// The channel was not closed for long enough.
#[error(code = 19)]
const ETooEarlyToReap: vector<u8> = b"The channel was closed too short a time ago";
/// The sender is not the channel's router.
#[error(code = 20)]
const ENotRouter: vector<u8> = b"Only the router claims the routing share";
/// There is no lane of this key epoch to fold.
#[error(code = 21)]
const ENoLane: vector<u8> = b"The channel has no lane of this key epoch";

// === Constants ===

/// Takes vouchers, statements and deposits.
const OPEN: u8 = 0;
/// Takes vouchers and statements until the grace is over.
const CLOSING: u8 = 1;
/// Pays nothing more.
const CLOSED: u8 = 2;

/// Most models of a channel.
const MAX_SLOTS: u64 = 8;
/// Most lanes at a time.
const MAX_LANES: u64 = 4;
/// Largest value of a `u64`.
const MAX_U64: u128 = 0xFFFF_FFFF_FFFF_FFFF;

// === Structs ===

/// An account that one payer funds and one node earns from, in coin `T`.
public struct Channel<phantom T> has key {
    id: UID,
    version: u64,
    network: ID,
    node: ID,
    /// The one valid `PayerCap`.
    payer_cap: ID,
    /// ed25519 key that signs vouchers.
    voucher_key: vector<u8>,
    refund_to: address,
    /// Who may claim the routing share.
    router: address,
    routing_bps: u64,
    protocol_bps: u64,
    slots: vector<Slot>,
    /// Grade bits that a key epoch must have to be paid.
    need: u64,
    /// Base units that the node serves ahead of vouchers, at most.
    credit: u64,
    grace_ms: u64,
    reap_ms: u64,
    /// Clock time from which anybody may ask for the close.
    expires_ms: u64,
    state: u8,
    /// When the close was asked for, or the channel closed.
    since: Option<Window>,
    balance: Balance<T>,
    /// Everything ever deposited.
    funded: u64,
    /// Largest voucher.
    authorized: u64,
    /// Everything ever paid, routing and protocol included.
    paid: u64,
    /// Earned by key epochs whose lanes were folded.
    folded: u64,
    lanes: vector<Lane>,
    routing_claimed: u64,
    /// Everything the node had to give back for proven overcharges; never above `paid`.
    compensated: u64,
    compensation_claimed: u64,
}

/// Prices of one model, fixed for the life of the channel.
public struct Slot has copy, drop, store {
    model: ID,
    input_price: u64,
    output_price: u64,
}

/// What one key epoch earned: the last statement that was settled.
public struct Lane has copy, drop, store {
    epoch: u64,
    earned: u64,
    receipts: u64,
    root: address,
}

/// Key of a folded lane, a dynamic field of the channel.
public struct FoldedLane(u64) has copy, drop, store;

/// Right to the payer's side of one channel.
public struct PayerCap has key, store {
    id: UID,
    channel: ID,
}

// === Public functions ===

/// Opens and shares a channel. For each of `models`, which the node must offer for coin `T`, the
/// prices must not be above those expected; the channel takes the offer's. `credit` is the least and
/// the least deposit the largest of the offers'.
public fun open<T>(
    network: &Network,
    node: &Node,
    deposit: Coin<T>,
    voucher_key: vector<u8>,
    refund_to: address,
    router: address,
    routing_bps: u64,
    models: vector<ID>,
    expected_input_prices: vector<u64>,
    expected_output_prices: vector<u64>,
    need: u64,
    grace_ms: u64,
    expires_ms: u64,
    clock: &Clock,
    ctx: &mut TxContext,
): PayerCap {
    network.assert_open();
    node.assert_open();
    node.assert_network(object::id(network));
    let coin = network.assert_accepts<T>();
    let params = network.params();
    message::assert_usable_key(&voucher_key);
    assert!(
        grace_ms >= params.min_grace_ms() && grace_ms <= params.max_grace_ms(),
        EBadGrace,
    );
    let now = clock.timestamp_ms();
    assert!(expires_ms > now && expires_ms - now <= params.max_channel_ms(), EBadExpiry);
    assert!(
        need | key_epoch::grade_all() == key_epoch::grade_all()
            && (need & key_epoch::grade_simulated() == 0 || network.is_dev()),
        EBadNeed,
    );
    assert!(
        !models.is_empty()
            && models.length() <= MAX_SLOTS
            && models.length() == expected_input_prices.length()
            && models.length() == expected_output_prices.length(),
        EBadModels,
    );
    assert!(routing_bps <= params.max_routing_bps(), ERoutingTooLarge);
    let funded = deposit.value();
    let mut credit = MAX_U64 as u64;
    let mut slots: vector<Slot> = vector[];
    models.length().do!(|i| {
        let model = models[i];
        assert!(!slots.any!(|slot| slot.model == model), EBadModels);
        let offer = node.offer<T>(model);
        assert!(
            offer.input_price() <= expected_input_prices[i]
                && offer.output_price() <= expected_output_prices[i],
            EPriceAboveExpected,
        );
        assert!(routing_bps <= offer.max_routing_bps(), ERoutingTooLarge);
        assert!(funded >= offer.min_deposit(), EDepositTooSmall);
        credit = credit.min(offer.credit());
        slots.push_back(Slot {
            model,
            input_price: offer.input_price(),
            output_price: offer.output_price(),
        });
    });
    let id = object::new(ctx);
    let cap = PayerCap { id: object::new(ctx), channel: id.to_inner() };
    let channel = Channel<T> {
        id,
        version: version::current(),
        network: object::id(network),
        node: object::id(node),
        payer_cap: object::id(&cap),
        voucher_key,
        refund_to,
        router,
        routing_bps,
        protocol_bps: params.protocol_bps(),
        slots,
        need,
        credit,
        grace_ms,
        reap_ms: params.reap_ms(),
        expires_ms,
        state: OPEN,
        since: option::none(),
        balance: deposit.into_balance(),
        funded,
        authorized: 0,
        paid: 0,
        folded: 0,
        lanes: vector[],
        routing_claimed: 0,
        compensated: 0,
        compensation_claimed: 0,
    };
    events::emit_channel_opened(
        channel.network,
        cap.channel,
        channel.node,
        channel.payer_cap,
        coin,
        voucher_key,
        refund_to,
        router,
        routing_bps,
        channel.protocol_bps,
        models,
        channel.slots.map_ref!(|slot| slot.input_price),
        channel.slots.map_ref!(|slot| slot.output_price),
        need,
        credit,
        grace_ms,
        channel.reap_ms,
        expires_ms,
        funded,
    );
    transfer::share_object(channel);
    cap
}

/// Adds to the deposit while the channel is open. Anybody may; the refund is the payer's.
public fun top_up<T>(channel: &mut Channel<T>, deposit: Coin<T>) {
    version::assert_current(channel.version);
    assert!(channel.state == OPEN, ENotOpen);
    let amount = deposit.value();
    channel.balance.join(deposit.into_balance());
    channel.funded = channel.funded + amount;
    events::emit_channel_topped_up(object::id(channel), amount, channel.funded);
}

/// Pays the node what voucher and statement together allow. Anybody may bring them.
public fun settle<T>(
    channel: &mut Channel<T>,
    vault: &mut Vault<T>,
    node: &Node,
    cumulative: u64,
    voucher_signature: vector<u8>,
    key_epoch: u64,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
    statement_signature: vector<u8>,
) {
    version::assert_supported(channel.version);
    assert!(channel.node == object::id(node), EWrongNode);
    vault.assert_node(channel.node);
    if (channel.state == CLOSED) return;
    let id = object::id(channel);
    assert!(
        message::is_signed(
            &message::voucher(channel.network, id, cumulative),
            &voucher_signature,
            &channel.voucher_key,
        ),
        EBadVoucher,
    );
    let epoch = node.epoch(key_epoch);
    assert!(epoch.covers(channel.need), EGradeMissing);
    assert!(
        message::is_signed(
            &message::statement(
                channel.network,
                id,
                key_epoch,
                earned,
                receipts,
                input_tokens,
                output_tokens,
                root,
            ),
            &statement_signature,
            epoch.signing_key(),
        ),
        EBadStatement,
    );
    let raised = cumulative > channel.authorized;
    if (raised) channel.authorized = cumulative;
    let taken = channel.take_statement(key_epoch, earned, receipts, root);
    let total = channel.due().min(channel.authorized).min(channel.funded);
    let payment = total - channel.paid;
    if (!raised && !taken && payment == 0) return;
    // Shares are of all that was ever paid, so that small payments lose none.
    let protocol = channel.protocol_share(total) - channel.protocol_share(channel.paid);
    let routing = channel.routing_share(total) - channel.routing_share(channel.paid);
    channel.paid = total;
    let net = payment - protocol - routing;
    let operator = share(net, node.commission_bps());
    let stakers = net - operator;
    vault.deposit(channel.balance.split(payment - routing), protocol, stakers);
    events::emit_channel_settled(
        id,
        object::id(vault),
        key_epoch,
        epoch.kind(),
        taken,
        earned,
        receipts,
        input_tokens,
        output_tokens,
        root,
        channel.authorized,
        channel.paid,
        payment,
        protocol,
        routing,
        stakers,
        operator,
    );
}

/// Asks for the close; the grace begins. The payer may at any time.
public fun request_close<T>(
    channel: &mut Channel<T>,
    cap: &PayerCap,
    live_time: &LiveTime,
    clock: &Clock,
) {
    channel.assert_payer(cap);
    channel.start_closing(live_time, clock);
}

/// Asks for the close of an expired channel; the grace begins. Anybody may.
public fun request_close_expired<T>(
    channel: &mut Channel<T>,
    live_time: &LiveTime,
    clock: &Clock,
) {
    assert!(clock.timestamp_ms() >= channel.expires_ms, ENotExpired);
    channel.start_closing(live_time, clock);
}

/// Closes and refunds at once: the node wants nothing more. What it did not settle is forgone.
public fun close<T>(
    channel: &mut Channel<T>,
    node: &Node,
    cap: &NodeCap,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    node.assert_operator(cap);
    assert!(channel.node == object::id(node), EWrongNode);
    assert!(channel.state != CLOSED, EClosed);
    channel.refund(live_time, clock, ctx);
}

/// Closes and refunds once the grace is over. Anybody may.
public fun finalize<T>(
    channel: &mut Channel<T>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    assert!(channel.state == CLOSING, ENotClosing);
    live_time.assert_network(channel.network);
    assert!(live_time.is_over(channel.since.borrow(), channel.grace_ms, clock), EGraceNotOver);
    channel.refund(live_time, clock, ctx);
}

/// Sets where the refund goes.
public fun set_refund_to<T>(channel: &mut Channel<T>, cap: &PayerCap, refund_to: address) {
    channel.assert_payer(cap);
    channel.refund_to = refund_to;
    events::emit_refund_address_changed(object::id(channel), refund_to);
}

/// Pays the router its share of what was paid so far. Only the router may.
public fun claim_routing<T>(channel: &mut Channel<T>, ctx: &mut TxContext): Coin<T> {
    version::assert_supported(channel.version);
    assert!(ctx.sender() == channel.router, ENotRouter);
    let amount = channel.routing_due();
    channel.routing_claimed = channel.routing_claimed + amount;
    events::emit_routing_claimed(object::id(channel), amount, channel.routing_claimed);
    coin::take(&mut channel.balance, amount, ctx)
}

/// Pays the payer what the node had to give back for proven overcharges.
public fun claim_compensation<T>(
    channel: &mut Channel<T>,
    cap: &PayerCap,
    ctx: &mut TxContext,
): Coin<T> {
    channel.assert_payer(cap);
    let amount = channel.compensation_due();
    channel.compensation_claimed = channel.compensation_claimed + amount;
    events::emit_compensation_claimed(
        object::id(channel),
        amount,
        channel.compensation_claimed,
    );
    coin::take(&mut channel.balance, amount, ctx)
}

/// Folds the lane of a key epoch that will state nothing more here, so that a new epoch has room.
/// Its later statements pay 0; its root stays provable.
public fun fold<T>(channel: &mut Channel<T>, node: &Node, cap: &NodeCap, key_epoch: u64) {
    version::assert_supported(channel.version);
    node.assert_operator(cap);
    assert!(channel.node == object::id(node), EWrongNode);
    let index = channel.lanes.find_index!(|lane| lane.epoch == key_epoch);
    assert!(index.is_some(), ENoLane);
    let lane = channel.lanes.remove(index.destroy_some());
    channel.folded = clamp((channel.folded as u128) + (lane.earned as u128));
    dynamic_field::add(&mut channel.id, FoldedLane(key_epoch), lane);
    events::emit_lane_folded(object::id(channel), key_epoch, channel.folded);
}

/// Deletes a channel closed long enough ago. What the router left goes to the protocol; what the
/// payer is still owed comes back.
public fun reap<T>(
    channel: Channel<T>,
    cap: PayerCap,
    vault: &mut Vault<T>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<T> {
    channel.assert_payer(&cap);
    vault.assert_node(channel.node);
    live_time.assert_network(channel.network);
    assert!(channel.state == CLOSED, ENotClosed);
    assert!(
        live_time.is_over(channel.since.borrow(), channel.reap_ms, clock),
        ETooEarlyToReap,
    );
    let compensation = channel.compensation_due();
    let Channel { id, mut balance, .. } = channel;
    let PayerCap { id: cap_id, .. } = cap;
    let owed = coin::take(&mut balance, compensation, ctx);
    let unclaimed = balance.value();
    vault.deposit(balance, unclaimed, 0);
    events::emit_channel_reaped(id.to_inner(), unclaimed, compensation);
    id.delete();
    cap_id.delete();
    owed
}

// === View functions ===

/// Network of the channel.
public fun network<T>(channel: &Channel<T>): ID { channel.network }

/// Node of the channel.
public fun node<T>(channel: &Channel<T>): ID { channel.node }

/// Channel of a capability.
public fun cap_channel(cap: &PayerCap): ID { cap.channel }

/// State: `is_open`, closing, or `is_closed`.
public fun state<T>(channel: &Channel<T>): u8 { channel.state }

/// Whether the channel takes deposits.
public fun is_open<T>(channel: &Channel<T>): bool { channel.state == OPEN }

/// Whether the channel pays nothing more.
public fun is_closed<T>(channel: &Channel<T>): bool { channel.state == CLOSED }

/// Everything ever deposited.
public fun funded<T>(channel: &Channel<T>): u64 { channel.funded }

/// Largest voucher that was settled.
public fun authorized<T>(channel: &Channel<T>): u64 { channel.authorized }

/// Everything ever paid.
public fun paid<T>(channel: &Channel<T>): u64 { channel.paid }

/// What all key epochs earned together, by settled statements.
public fun due<T>(channel: &Channel<T>): u64 {
    clamp(
        channel.lanes.fold!(channel.folded as u128, |sum, lane| sum + (lane.earned as u128)),
    )
}

/// What the router may claim.
public fun routing_due<T>(channel: &Channel<T>): u64 {
    channel.routing_share(channel.paid) - channel.routing_claimed
}

/// What the payer may claim for proven overcharges.
public fun compensation_due<T>(channel: &Channel<T>): u64 {
    channel.compensated - channel.compensation_claimed
}

/// Everything the node had to give back for proven overcharges.
public fun compensated<T>(channel: &Channel<T>): u64 { channel.compensated }

/// Coins in the channel.
public fun balance<T>(channel: &Channel<T>): u64 { channel.balance.value() }

/// Base units that the node serves ahead of vouchers, at most.
public fun credit<T>(channel: &Channel<T>): u64 { channel.credit }

/// Prices of a model, input and output; 0 for a model the channel does not have.
public fun prices<T>(channel: &Channel<T>, model: ID): (u64, u64) {
    let index = channel.slots.find_index!(|slot| slot.model == model);
    if (index.is_none()) return (0, 0);
    let slot = &channel.slots[index.destroy_some()];
    (slot.input_price, slot.output_price)
}

/// What a key epoch earned by settled statements: earned, receipts, root; zeros without a lane.
public fun lane<T>(channel: &Channel<T>, key_epoch: u64): (u64, u64, address) {
    let index = channel.lanes.find_index!(|lane| lane.epoch == key_epoch);
    let lane = if (index.is_some()) {
        channel.lanes[index.destroy_some()]
    } else if (dynamic_field::exists_(&channel.id, FoldedLane(key_epoch))) {
        *dynamic_field::borrow(&channel.id, FoldedLane(key_epoch))
    } else {
        return (0, 0, @0x0)
    };
    (lane.earned, lane.receipts, lane.root)
}

// === Package functions ===

/// Gate of calls about this channel's network.
public(package) fun assert_network<T>(channel: &Channel<T>, network: ID) {
    version::assert_supported(channel.version);
    assert!(channel.network == network, EWrongNetwork);
}

/// What the payer paid and did not get back, the most that it may still be given back.
public(package) fun compensable<T>(channel: &Channel<T>): u64 {
    channel.paid - channel.compensated
}

/// Takes in what the node gives back for a proven overcharge.
public(package) fun compensate<T>(channel: &mut Channel<T>, funds: Balance<T>) {
    channel.compensated = channel.compensated + funds.value();
    channel.balance.join(funds);
}

// === Private functions ===

fun assert_payer<T>(channel: &Channel<T>, cap: &PayerCap) {
    version::assert_supported(channel.version);
    assert!(channel.payer_cap == object::id(cap), EWrongCap);
}

/// Takes a statement that has more receipts than the lane and does not earn less. Returns whether
/// it was taken; a folded epoch's is not, nor a fifth lane.
fun take_statement<T>(
    channel: &mut Channel<T>,
    epoch: u64,
    earned: u64,
    receipts: u64,
    root: address,
): bool {
    let index = channel.lanes.find_index!(|lane| lane.epoch == epoch);
    if (index.is_some()) {
        let lane = &mut channel.lanes[index.destroy_some()];
        if (earned < lane.earned || receipts <= lane.receipts) return false;
        lane.earned = earned;
        lane.receipts = receipts;
        lane.root = root;
        return true
    };
    if (
        receipts == 0
            || channel.lanes.length() == MAX_LANES
            || dynamic_field::exists_(&channel.id, FoldedLane(epoch))
    ) return false;
    channel.lanes.push_back(Lane { epoch, earned, receipts, root });
    true
}

fun start_closing<T>(channel: &mut Channel<T>, live_time: &LiveTime, clock: &Clock) {
    version::assert_supported(channel.version);
    live_time.assert_network(channel.network);
    assert!(channel.state == OPEN, ENotOpen);
    channel.state = CLOSING;
    let since = live_time.open(clock);
    channel.since = option::some(since);
    events::emit_close_requested(
        object::id(channel),
        since.opened_live_ms(),
        since.opened_clock_ms(),
    );
}

fun refund<T>(
    channel: &mut Channel<T>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
) {
    version::assert_supported(channel.version);
    live_time.assert_network(channel.network);
    channel.state = CLOSED;
    let since = live_time.open(clock);
    channel.since = option::some(since);
    let amount = channel.funded - channel.paid;
    if (amount > 0) {
        let coin = coin::take(&mut channel.balance, amount, ctx);
        transfer::public_transfer(coin, channel.refund_to);
    };
    events::emit_channel_closed(
        object::id(channel),
        channel.refund_to,
        amount,
        channel.paid,
        since.opened_live_ms(),
        since.opened_clock_ms(),
    );
}

/// The router's part of everything paid, rounded down.
fun routing_share<T>(channel: &Channel<T>, paid: u64): u64 {
    share(paid, channel.routing_bps)
}

/// The protocol's part of everything paid: of what routing leaves, as many times more, so that no
/// payment, however small, is less than both parts together.
fun protocol_share<T>(channel: &Channel<T>, paid: u64): u64 {
    let left = (paid - channel.routing_share(paid)) as u128;
    let whole = (params::bps() - channel.routing_bps) as u128;
    (left * (channel.protocol_bps as u128) / whole) as u64
}

/// `amount * bps / 10,000`, rounded down.
fun share(amount: u64, bps: u64): u64 {
    ((amount as u128) * (bps as u128) / (params::bps() as u128)) as u64
}

fun clamp(amount: u128): u64 {
    amount.min(MAX_U64) as u64
}

// === Test-only functions ===

#[test_only]
public fun set_version_for_testing<T>(channel: &mut Channel<T>, version: u64) {
    channel.version = version;
}
