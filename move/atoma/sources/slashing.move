/// Wrongs that anybody can prove, checked here and nowhere else.
///
/// | object   | kind  | fields | who writes |
/// |----------|-------|--------|------------|
/// | `Report` | owned | `node, commitment, reporter, since` | - |
///
/// A proof comes in two steps, so that nobody steals it on its way: first a `Report` with a hash
/// that names the proof and the reporter, a while later the proof itself. Two rules so far:
///
/// - **two receipts with one number**: one key signed two different heads with the same account, key
///   epoch and seq, or signed one and settled another;
/// - **overcharge**: a receipt under a settled root has a fee above the formula for its own counts at
///   the channel's prices. The payer gets the difference back in the channel's coin, out of what the
///   operator has in its vault, at most what the channel paid.
///
/// For each the pool loses a fixed part, the operator's stake first. The reporter gets 5 % of what
/// the operator lost, the rest is burned: reporting oneself never pays.
module atoma::slashing;

use atoma::atoma::ATOMA;
use atoma::channel::Channel;
use atoma::events;
use atoma::fee;
use atoma::live_time::{LiveTime, Window};
use atoma::message;
use atoma::network::Network;
use atoma::node::Node;
use atoma::receipt::{Body, Head};
use atoma::stake::Pool;
use atoma::vault::Vault;
use sui::bcs;
use sui::clock::Clock;
use sui::coin::{Self, Coin};

// === Errors ===

/// The report is about another node.
#[error(code = 0)]
const EWrongNode: vector<u8> = b"The report is about another node";
/// The sender is not the reporter.
#[error(code = 1)]
const ENotReporter: vector<u8> = b"Only the reporter may bring the proof";
/// The report's hash is not that of this proof.
#[error(code = 2)]
const EOtherProof: vector<u8> = b"The report committed to another proof";
/// The proof follows its report too soon.
#[error(code = 3)]
const ETooEarly: vector<u8> = b"The proof follows its report too soon";
/// The proof follows its report too late.
#[error(code = 4)]
const ETooLate: vector<u8> = b"The proof follows its report too late: report again";
/// The heads are not two different ones with one number.
#[error(code = 5)]
const ENoConflict: vector<u8> = b"The heads do not conflict";
/// A signature is not the key epoch's over the head.
#[error(code = 6)]
const EBadSignature: vector<u8> = b"A receipt is not signed by the key of its epoch";
/// The receipt is of another channel.
#[error(code = 7)]
const EWrongChannel: vector<u8> = b"The receipt is of another channel";
/// The receipt is not under the settled root.
#[error(code = 8)]
const ENotIncluded: vector<u8> = b"The receipt is not under the settled root of its key epoch";
/// The body is not the one in the head.
#[error(code = 9)]
const EWrongBody: vector<u8> = b"The body is not the one that the head commits to";
/// The fee is not above the formula.
#[error(code = 10)]
const ENoOvercharge: vector<u8> = b"The fee is not above the formula";

// === Constants ===

/// `blake2b256("atoma/offence/1")`.
const OFFENCE: address = @0x75fbd07dcb0b916b02bb727ed2e626564e8560068e9872b496ae0f8a96a0be6d;

/// Rule: two receipts with one number.
const RULE_TWO_RECEIPTS: u8 = 0;
/// Rule: overcharge.
const RULE_OVERCHARGE: u8 = 1;

// === Structs ===

/// A proof announced by its hash.
public struct Report has key, store {
    id: UID,
    node: ID,
    commitment: address,
    reporter: address,
    since: Window,
}

/// What a report's hash is over. `proof` is `blake2b256` of the heads' bytes, one after the other.
public struct Commitment has copy, drop {
    domain: address,
    network: address,
    reporter: address,
    rule: u8,
    proof: address,
}

/// What may be punished once.
public struct Offence has copy, drop {
    domain: address,
    network: address,
    rule: u8,
    account: address,
    key_epoch: u64,
    seq: u64,
}

// === Public functions ===

/// Announces a proof against a node by its `commitment`.
public fun report(
    node: &Node,
    commitment: address,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Report {
    live_time.assert_network(node.network());
    let report = Report {
        id: object::new(ctx),
        node: object::id(node),
        commitment,
        reporter: ctx.sender(),
        since: live_time.open(clock),
    };
    events::emit_wrong_reported(object::id(&report), report.node, report.reporter, commitment);
    report
}

/// Proves that one key signed two different receipts with one number. Returns the reward.
public fun prove_two_receipts(
    report: Report,
    network: &Network,
    node: &mut Node,
    pool: &mut Pool,
    first: Head,
    first_signature: vector<u8>,
    second: Head,
    second_signature: vector<u8>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<ATOMA> {
    let network_id = object::id(network);
    node.assert_network(network_id);
    let proof = both(&first, &second, network_id);
    report.consume(network, node, RULE_TWO_RECEIPTS, proof, live_time, clock, ctx);
    assert!(first.conflicts_with(&second), ENoConflict);
    let key = node.epoch(first.key_epoch()).signing_key();
    assert!(
        first.is_signed(network_id, &first_signature, key)
            && second.is_signed(network_id, &second_signature, key),
        EBadSignature,
    );
    punish(network, node, pool, RULE_TWO_RECEIPTS, &first, live_time, clock, ctx)
}

/// Proves that a key signed a receipt other than the one it settled under that number: the statement
/// that was paid does not contain what the payer was given. Returns the reward. `siblings` prove the
/// inclusion of `settled` at its `seq`.
public fun prove_settled_another<T>(
    report: Report,
    network: &Network,
    node: &mut Node,
    pool: &mut Pool,
    channel: &Channel<T>,
    signed: Head,
    signature: vector<u8>,
    settled: Head,
    siblings: vector<address>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<ATOMA> {
    let network_id = object::id(network);
    node.assert_network(network_id);
    channel.assert_network(network_id);
    assert!(channel.node() == object::id(node), EWrongNode);
    let proof = both(&signed, &settled, network_id);
    report.consume(network, node, RULE_TWO_RECEIPTS, proof, live_time, clock, ctx);
    assert!(signed.account() == object::id(channel), EWrongChannel);
    assert!(signed.conflicts_with(&settled), ENoConflict);
    let key = node.epoch(signed.key_epoch()).signing_key();
    assert!(signed.is_signed(network_id, &signature, key), EBadSignature);
    let (_, receipts, root) = channel.lane(settled.key_epoch());
    assert!(settled.is_included(network_id, root, receipts, siblings), ENotIncluded);
    punish(network, node, pool, RULE_TWO_RECEIPTS, &signed, live_time, clock, ctx)
}

/// Proves that a settled receipt has a fee above the formula. The payer's compensation goes to the
/// channel; returns the reporter's reward. `siblings` prove the head's inclusion at its `seq`.
public fun prove_overcharge<T>(
    report: Report,
    network: &Network,
    node: &mut Node,
    pool: &mut Pool,
    vault: &mut Vault<T>,
    channel: &mut Channel<T>,
    head: Head,
    body: Body,
    siblings: vector<address>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<ATOMA> {
    let network_id = object::id(network);
    node.assert_network(network_id);
    channel.assert_network(network_id);
    assert!(channel.node() == object::id(node), EWrongNode);
    vault.assert_node(object::id(node));
    report.consume(
        network,
        node,
        RULE_OVERCHARGE,
        head.bytes(network_id),
        live_time,
        clock,
        ctx,
    );
    assert!(head.account() == object::id(channel), EWrongChannel);
    let (_, receipts, root) = channel.lane(head.key_epoch());
    assert!(head.is_included(network_id, root, receipts, siblings), ENotIncluded);
    assert!(head.has_body(&body), EWrongBody);
    let allowed = channel.fee_of(&body);
    let fee = head.fee() as u128;
    assert!(fee > allowed, ENoOvercharge);
    // Above nothing and at most the fee: it fits.
    let loss = (fee - allowed) as u64;
    let restitution = vault.take_back(loss.min(channel.compensable()));
    let amount = restitution.value();
    channel.compensate(restitution);
    events::emit_overcharge_compensated(
        object::id(channel),
        object::id(vault),
        amount,
        channel.compensated(),
    );
    punish(network, node, pool, RULE_OVERCHARGE, &head, live_time, clock, ctx)
}

/// Deletes a report that will not be proven.
public fun withdraw(report: Report) {
    let Report { id, .. } = report;
    id.delete();
}

// === View functions ===

/// What `report` wants for two receipts with one number, brought by `reporter`.
public fun two_receipts_commitment(
    network: ID,
    reporter: address,
    first: &Head,
    second: &Head,
): address {
    commitment(network, reporter, RULE_TWO_RECEIPTS, both(first, second, network))
}

/// What `report` wants for an overcharge, brought by `reporter`.
public fun overcharge_commitment(network: ID, reporter: address, head: &Head): address {
    commitment(network, reporter, RULE_OVERCHARGE, head.bytes(network))
}

// === Private functions ===

use fun fee_of as Channel.fee_of;

/// What the formula allows for a part, at the channel's prices.
fun fee_of<T>(channel: &Channel<T>, body: &Body): u128 {
    let (input_price, output_price) = channel.prices(body.model());
    let (input, output) = body.tokens();
    let (input_before, output_before) = body.tokens_before();
    fee::of_part(input_before, output_before, input, output, input_price, output_price)
}

/// The bytes of two heads, one after the other.
fun both(first: &Head, second: &Head, network: ID): vector<u8> {
    let mut bytes = first.bytes(network);
    bytes.append(second.bytes(network));
    bytes
}

fun commitment(network: ID, reporter: address, rule: u8, proof: vector<u8>): address {
    message::hash(
        &bcs::to_bytes(
            &Commitment {
                domain: OFFENCE,
                network: network.to_address(),
                reporter,
                rule,
                proof: message::hash(&proof),
            },
        ),
    )
}

fun consume(
    report: Report,
    network: &Network,
    node: &Node,
    rule: u8,
    proof: vector<u8>,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &TxContext,
) {
    let Report { id, node: node_id, commitment: committed, reporter, since } = report;
    id.delete();
    live_time.assert_network(object::id(network));
    assert!(node_id == object::id(node), EWrongNode);
    assert!(reporter == ctx.sender(), ENotReporter);
    assert!(
        committed == commitment(object::id(network), reporter, rule, proof),
        EOtherProof,
    );
    let params = network.params();
    assert!(
        clock.timestamp_ms() >= since.opened_clock_ms() + params.report_delay_ms(),
        ETooEarly,
    );
    assert!(!live_time.is_over(&since, params.report_window_ms(), clock), ETooLate);
}

fun punish(
    network: &Network,
    node: &mut Node,
    pool: &mut Pool,
    rule: u8,
    head: &Head,
    live_time: &LiveTime,
    clock: &Clock,
    ctx: &mut TxContext,
): Coin<ATOMA> {
    pool.assert_node(object::id(node));
    let network_id = object::id(network);
    let offence = message::hash(
        &bcs::to_bytes(
            &Offence {
                domain: OFFENCE,
                network: network_id.to_address(),
                rule,
                account: head.account().to_address(),
                key_epoch: head.key_epoch(),
                seq: head.seq(),
            },
        ),
    );
    let reward = pool.slash(offence, live_time, clock);
    node.jail(live_time.open(clock));
    events::emit_wrong_proven(
        object::id(node),
        rule,
        head.account(),
        head.key_epoch(),
        head.seq(),
        ctx.sender(),
        reward.value(),
    );
    coin::from_balance(reward, ctx)
}
