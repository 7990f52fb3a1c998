#[test_only]
module atoma::channel_tests;

use atoma::atoma::ATOMA;
use atoma::channel::{Self, PayerCap};
use atoma::key_epoch;
use atoma::live_time;
use atoma::network;
use atoma::node;
use atoma::message;
use atoma::vault;
use atoma::version;
use atoma::world::{Self, World, DOLLAR};
use std::unit_test::{assert_eq, destroy};
use sui::coin;

/// A coin that the network does not accept.
public struct PEBBLE has drop {}

/// Whatever was deposited is in the channel, in the vault, or with somebody: nothing else.
fun assert_conserved(w: &World, index: u64) {
    let channel = w.channel(index);
    let in_channel = if (channel.is_closed()) 0 else channel.funded() - channel.paid();
    assert_eq!(
        channel.balance(),
        in_channel + channel.routing_due() + channel.compensation_due(),
    );
    let (arriving, held, free) = w.vault().operator_due();
    assert_eq!(
        w.vault().funds(),
        w.vault().protocol_due() + w.vault().stakers_due() + arriving + held + free,
    );
}

// === Opening ===

#[test]
fun opens_with_the_offers_terms() {
    let w = world::new();
    let channel = w.channel(0);
    assert_eq!(channel.funded(), 10_000);
    assert_eq!(channel.balance(), 10_000);
    assert_eq!(channel.authorized(), 0);
    assert_eq!(channel.paid(), 0);
    assert_eq!(channel.due(), 0);
    assert_eq!(channel.credit(), 1_000);
    assert_eq!(channel.node(), object::id(w.node()));
    assert_eq!(channel.network(), object::id(w.network()));
    assert_eq!(channel.state(), 0);
    assert!(channel.is_open());
    let (input, output) = channel.prices(object::id(w.model()));
    assert_eq!(input, 2_000_000);
    assert_eq!(output, 6_000_000);
    let (input, output) = channel.prices(object::id(w.node()));
    assert_eq!(input + output, 0);
    let (earned, receipts, root) = channel.lane(0);
    assert_eq!(earned + receipts, 0);
    assert_eq!(root, @0x0);
    w.end();
}

#[test]
fun an_offer_below_the_expected_price_counts() {
    let mut w = world::bare();
    let models = vector[object::id(w.model())];
    w.open_with(100, 0, models, vector[9_000_000], vector[9_000_000], 0, 10_000, 1_000_001);
    let (input, output) = w.channel(0).prices(models[0]);
    assert_eq!(input, 2_000_000);
    assert_eq!(output, 6_000_000);
    w.end();
}

#[test]
fun a_changed_or_removed_offer_leaves_an_open_channel_alone() {
    let mut w = world::new();
    w.set_offer(9_000_000, 9_000_000, b"gpu", 0);
    let (input, output) = w.channel(0).prices(object::id(w.model()));
    assert_eq!(input, 2_000_000);
    assert_eq!(output, 6_000_000);
    w.remove_offer();
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    w.end();
}

/// Opens with one argument changed.
fun open_variant(
    deposit: u64,
    routing_bps: u64,
    prices: u64,
    models: u64,
    input_price: u64,
    output_price: u64,
    need: u64,
    grace_ms: u64,
    expires_ms: u64,
) {
    let mut w = world::bare();
    let id = object::id(w.model());
    w.open_with(
        deposit,
        routing_bps,
        vector::tabulate!(models, |_| id),
        vector::tabulate!(prices, |_| input_price),
        vector::tabulate!(prices, |_| output_price),
        need,
        grace_ms,
        expires_ms,
    );
    w.end();
}

#[test]
fun opens_at_the_lower_bounds() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 1_000_001);
}

#[test]
fun opens_at_the_upper_bounds() {
    let needs = key_epoch::grade_all();
    open_variant(100, 1_000, 1, 1, 2_000_000, 6_000_000, needs, 100_000, 2_000_000);
}

#[test, expected_failure(abort_code = channel::EDepositTooSmall)]
fun opening_needs_the_least_deposit() {
    open_variant(99, 1_000, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::ERoutingTooLarge)]
fun routing_above_the_offer_is_refused() {
    open_variant(100, 1_001, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::ERoutingTooLarge)]
fun routing_above_the_network_is_refused() {
    open_variant(100, 2_001, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadModels)]
fun a_channel_has_models() {
    open_variant(100, 0, 0, 0, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadModels)]
fun every_model_has_prices() {
    open_variant(100, 0, 2, 1, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadModels)]
fun a_model_is_there_once() {
    open_variant(100, 0, 2, 2, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadModels)]
fun a_channel_has_at_most_eight_models() {
    open_variant(100, 0, 9, 9, 2_000_000, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EPriceAboveExpected)]
fun an_input_price_above_the_expected_is_refused() {
    open_variant(100, 0, 1, 1, 1_999_999, 6_000_000, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EPriceAboveExpected)]
fun an_output_price_above_the_expected_is_refused() {
    open_variant(100, 0, 1, 1, 2_000_000, 5_999_999, 0, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadNeed)]
fun a_need_has_known_bits() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 64, 10_000, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadNeed)]
fun simulated_evidence_does_not_count_on_production() {
    let mut w = world::bare();
    w.make_production();
    w.open();
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadGrace)]
fun a_grace_is_not_too_short() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 0, 9_999, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadGrace)]
fun a_grace_is_not_too_long() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 0, 100_001, 1_500_000);
}

#[test, expected_failure(abort_code = channel::EBadExpiry)]
fun an_expiry_is_ahead() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 1_000_000);
}

#[test, expected_failure(abort_code = channel::EBadExpiry)]
fun an_expiry_is_not_too_far() {
    open_variant(100, 0, 1, 1, 2_000_000, 6_000_000, 0, 10_000, 2_000_001);
}

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_opens_nothing() {
    let mut w = world::bare();
    w.pause();
    w.open();
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_draining_node_opens_nothing() {
    let mut w = world::bare();
    w.drain();
    w.open();
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongNetwork)]
fun a_node_of_another_network_opens_nothing() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    let stake = coin::mint_for_testing<ATOMA>(world::stake_amount(), w.ctx());
    let clock = sui::clock::create_for_testing(w.ctx());
    let (node, cap, position) =
        node::register(&network, &live_time, stake, 0, 0, &clock, w.ctx());
    destroy(w.open_at(&node));
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(clock);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = node::ENoOffer)]
fun a_model_not_offered_opens_nothing() {
    let mut w = world::bare();
    w.remove_offer();
    w.open();
    w.end();
}

#[test, expected_failure(abort_code = network::ECoinNotAccepted)]
fun a_coin_not_accepted_opens_nothing() {
    let mut w = world::bare();
    let (node, cap, position) = w.other_node(world::stake_amount());
    let deposit = coin::mint_for_testing<PEBBLE>(1_000, w.ctx());
    destroy(w.open_in(&node, deposit));
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = message::EBadKey)]
fun a_voucher_key_of_small_order_opens_nothing() {
    let mut w = world::bare();
    destroy(w.open_with_key(x"0000000000000000000000000000000000000000000000000000000000000000"));
    w.end();
}

// === Topping up ===

#[test]
fun anybody_tops_up() {
    let mut w = world::new();
    w.next(world::stranger());
    w.top_up(0, 500);
    assert_eq!(w.channel(0).funded(), 10_500);
    assert_eq!(w.channel(0).balance(), 10_500);
    w.top_up(0, 0);
    assert_eq!(w.channel(0).funded(), 10_500);
    w.end();
}

#[test, expected_failure(abort_code = channel::ENotOpen)]
fun no_top_up_once_a_close_is_asked_for() {
    let mut w = world::new();
    w.request_close(0);
    w.top_up(0, 500);
    w.end();
}

// === Settling ===

#[test]
fun settles_the_smaller_of_voucher_statement_and_deposit() {
    // cumulative, earned, receipts -> paid in total
    let cases = vector[
        vector[400, 100, 1, 100],
        vector[400, 500, 5, 400],
        vector[1000, 500, 5, 500],
        vector[1000, 1000, 10, 1000],
        vector[3000, 2000, 20, 2000],
        vector[20000, 20000, 200, 10000],
    ];
    let mut w = world::new();
    cases.do!(|case| {
        w.settle(0, case[0], 0, case[1], case[2]);
        assert_eq!(w.channel(0).paid(), case[3]);
        assert_conserved(&w, 0);
    });
    w.end();
}

#[test]
fun splits_a_payment_by_the_shares() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    // 5 % protocol, 10 % routing, of the other 850 the operator's 80 %.
    assert_eq!(w.vault().protocol_due(), 50);
    assert_eq!(w.channel(0).routing_due(), 100);
    let (arriving, held, free) = w.vault().operator_due();
    assert_eq!(arriving, 680);
    assert_eq!(held + free, 0);
    assert_eq!(w.vault().stakers_due(), 170);
    assert_eq!(w.channel(0).balance(), 9_100);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun many_small_settlements_split_like_one() {
    let mut w = world::new();
    vector[100, 400, 500, 900, 1000, 1500].do!(
        |earned| w.settle(0, earned, 0, earned, earned / 100),
    );
    assert_eq!(w.vault().protocol_due(), 75);
    assert_eq!(w.channel(0).routing_due(), 150);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun a_payment_too_small_for_both_shares_stops_no_batch() {
    let mut w = world::new();
    w.settle(0, 199, 0, 1000, 10);
    // Routing leaves 180, of which the protocol has an eighteenth.
    assert_eq!(w.vault().protocol_due(), 10);
    assert_eq!(w.channel(0).routing_due(), 19);
    // 5 % and 10 % both step up at 200, where one unit is paid.
    w.settle(0, 200, 0, 1000, 10);
    assert_eq!(w.vault().protocol_due(), 10);
    assert_eq!(w.channel(0).routing_due(), 20);
    assert_conserved(&w, 0);
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.vault().protocol_due(), 50);
    assert_eq!(w.channel(0).routing_due(), 100);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun unit_by_unit_the_shares_stay_what_they_are() {
    let mut w = world::new();
    42u64.do!(|i| {
        w.settle(0, 180 + i, 0, 1000, 10);
        assert_conserved(&w, 0);
    });
    assert_eq!(w.channel(0).paid(), 221);
    assert_eq!(w.vault().protocol_due(), 11);
    assert_eq!(w.channel(0).routing_due(), 22);
    w.end();
}

/// Settles 100, 500 and 1,000 in some order, with repeats and gaps.
fun settle_in_order(order: vector<u64>) {
    let mut w = world::new();
    order.do!(|amount| w.settle(0, amount, 0, amount, amount / 100));
    assert_eq!(w.channel(0).paid(), 1000);
    assert_eq!(w.channel(0).authorized(), 1000);
    assert_eq!(w.channel(0).due(), 1000);
    assert_eq!(w.vault().protocol_due(), 50);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun every_order_gives_the_same_ascending() { settle_in_order(vector[100, 500, 1000]); }

#[test]
fun every_order_gives_the_same_descending() { settle_in_order(vector[1000, 500, 100]); }

#[test]
fun every_order_gives_the_same_with_gaps() { settle_in_order(vector[1000]); }

#[test]
fun every_order_gives_the_same_with_repeats() {
    settle_in_order(vector[500, 1000, 1000, 100, 500]);
}

#[test]
fun a_replayed_settlement_pays_nothing() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    let funds = w.vault().funds();
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.vault().funds(), funds);
    assert_eq!(w.channel(0).paid(), 1000);
    w.end();
}

#[test]
fun nothing_beyond_the_deposit_is_paid_until_it_is_topped_up() {
    let mut w = world::new();
    w.settle(0, 20000, 0, 20000, 200);
    assert_eq!(w.channel(0).paid(), 10_000);
    assert_conserved(&w, 0);
    w.top_up(0, 4_000);
    w.settle(0, 20000, 0, 20000, 200);
    assert_eq!(w.channel(0).paid(), 14_000);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun amounts_at_the_end_of_the_scale_cannot_overflow() {
    let max = std::u64::max_value!();
    let mut w = world::new();
    w.settle(0, max, 0, max, 1000);
    w.settle(0, max, 1, max, 1000);
    assert_eq!(w.channel(0).due(), max);
    assert_eq!(w.channel(0).paid(), 10_000);
    w.fold(0, 0);
    w.fold(0, 1);
    assert_eq!(w.channel(0).due(), max);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun two_key_epochs_add_up() {
    let mut w = world::new();
    w.settle(0, 500, 0, 500, 5);
    w.settle(0, 3000, 1, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1_500);
    // A late statement of the old epoch counts like any other.
    w.settle(0, 3000, 0, 900, 9);
    assert_eq!(w.channel(0).paid(), 1_900);
    let (earned, receipts, root) = w.channel(0).lane(0);
    assert_eq!(earned, 900);
    assert_eq!(receipts, 9);
    assert_eq!(root, @0x9);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun a_statement_that_shrinks_is_ignored_but_its_voucher_counts() {
    let mut w = world::new();
    w.settle(0, 400, 0, 1000, 10);
    // Fewer receipts; then more receipts that earn less; then as many receipts.
    w.settle(0, 500, 0, 500, 5);
    w.settle(0, 900, 0, 400, 4);
    w.settle(0, 1000, 0, 5, 10);
    let (earned, receipts, _) = w.channel(0).lane(0);
    assert_eq!(earned, 1000);
    assert_eq!(receipts, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    w.end();
}

#[test]
fun a_statement_without_receipts_pays_nothing() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 0);
    w.settle(0, 1000, 0, 0, 0);
    assert_eq!(w.channel(0).paid(), 0);
    assert_eq!(w.channel(0).due(), 0);
    w.end();
}

#[test]
fun a_smaller_voucher_takes_nothing_back() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    w.settle(0, 100, 0, 1500, 15);
    assert_eq!(w.channel(0).authorized(), 1000);
    assert_eq!(w.channel(0).paid(), 1000);
    w.end();
}

#[test]
fun a_fifth_key_epoch_pays_nothing_until_one_is_folded() {
    let mut w = world::new();
    vector[2, 3, 4].do!(|epoch| {
        w.post(epoch);
        w.grade(epoch);
    });
    vector[0, 1, 2, 3].do!(|epoch| w.settle(0, 5000, epoch, 500, 5));
    assert_eq!(w.channel(0).paid(), 2_000);
    w.settle(0, 5000, 4, 500, 5);
    assert_eq!(w.channel(0).paid(), 2_000);
    w.fold(0, 0);
    assert_eq!(w.channel(0).due(), 2_000);
    w.settle(0, 5000, 4, 500, 5);
    assert_eq!(w.channel(0).paid(), 2_500);
    // A folded epoch's later statement pays nothing; its root stays provable.
    w.fold(0, 1);
    w.settle(0, 5000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 2_500);
    let (earned, receipts, root) = w.channel(0).lane(0);
    assert_eq!(earned, 500);
    assert_eq!(receipts, 5);
    assert_eq!(root, @0x5);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun expiry_jail_and_pause_stop_no_payment() {
    let mut w = world::new();
    w.pass(960_000);
    w.end_epoch(0);
    w.disallow(key_epoch::kind_simulated(), world::measurement());
    w.jail();
    w.pause();
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    w.retire();
    w.settle(0, 1500, 0, 1500, 15);
    assert_eq!(w.channel(0).paid(), 1500);
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadVoucher)]
fun a_forged_voucher_is_refused() {
    let mut w = world::new();
    w.settle_by(0, world::key_stranger(), 1000, world::key_epoch_0(), 0, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadVoucher)]
fun a_voucher_raised_by_the_node_is_refused() {
    let mut w = world::new();
    let (voucher, _) = w.messages(0, 1000, 0, 1000, 10);
    let (_, statement) = w.messages(0, 5000, 0, 5000, 50);
    w.settle_signed(
        0,
        5000,
        atoma::signatures::sign(world::key_payer(), voucher),
        0,
        5000,
        50,
        atoma::signatures::sign(world::key_epoch_0(), statement),
    );
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadVoucher)]
fun a_voucher_of_another_channel_is_refused() {
    let mut w = world::new();
    let other = w.open();
    let (voucher, _) = w.messages(other, 1000, 0, 1000, 10);
    let (_, statement) = w.messages(0, 1000, 0, 1000, 10);
    w.settle_signed(
        0,
        1000,
        atoma::signatures::sign(world::key_payer(), voucher),
        0,
        1000,
        10,
        atoma::signatures::sign(world::key_epoch_0(), statement),
    );
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadVoucher)]
fun a_voucher_of_another_network_is_refused() {
    let mut w = world::new();
    let voucher = message::voucher(world::elsewhere(), object::id(w.channel(0)), 1000);
    let (_, statement) = w.messages(0, 1000, 0, 1000, 10);
    w.settle_signed(
        0,
        1000,
        atoma::signatures::sign(world::key_payer(), voucher),
        0,
        1000,
        10,
        atoma::signatures::sign(world::key_epoch_0(), statement),
    );
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadStatement)]
fun a_forged_statement_is_refused() {
    let mut w = world::new();
    w.settle_by(0, world::key_payer(), 1000, world::key_stranger(), 0, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadStatement)]
fun a_statement_by_the_key_of_another_epoch_is_refused() {
    let mut w = world::new();
    w.settle_by(0, world::key_payer(), 1000, world::signer_of(1), 0, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadStatement)]
fun a_statement_of_another_channel_is_refused() {
    let mut w = world::new();
    let other = w.open();
    let (voucher, _) = w.messages(0, 1000, 0, 1000, 10);
    let (_, statement) = w.messages(other, 1000, 0, 1000, 10);
    w.settle_signed(
        0,
        1000,
        atoma::signatures::sign(world::key_payer(), voucher),
        0,
        1000,
        10,
        atoma::signatures::sign(world::key_epoch_0(), statement),
    );
    w.end();
}

#[test, expected_failure(abort_code = channel::EBadStatement)]
fun a_truncated_signature_is_refused() {
    let mut w = world::new();
    let (voucher, _) = w.messages(0, 1000, 0, 1000, 10);
    w.settle_signed(
        0,
        1000,
        atoma::signatures::sign(world::key_payer(), voucher),
        0,
        1000,
        10,
        vector[],
    );
    w.end();
}

#[test, expected_failure(abort_code = channel::EGradeMissing)]
fun an_epoch_never_graded_is_refused() {
    let mut w = world::new();
    w.post(2);
    w.settle(0, 1000, 2, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EGradeMissing)]
fun an_epoch_never_graded_is_refused_even_without_need() {
    let mut w = world::bare();
    w.post(0);
    let models = vector[object::id(w.model())];
    w.open_with(100, 0, models, vector[2_000_000], vector[6_000_000], 0, 10_000, 1_500_000);
    w.settle(0, 1000, 0, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EGradeMissing)]
fun an_epoch_graded_below_the_need_is_refused() {
    let mut w = world::bare();
    w.post(0);
    w.grade(0);
    let models = vector[object::id(w.model())];
    let need = key_epoch::grade_simulated() | key_epoch::grade_vendor_chain();
    w.open_with(100, 0, models, vector[2_000_000], vector[6_000_000], need, 10_000, 1_500_000);
    w.settle(0, 1000, 0, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = node::EUnknownEpoch)]
fun an_unknown_epoch_is_refused() {
    let mut w = world::new();
    w.settle(0, 1000, 2, 1000, 10);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongNode)]
fun another_node_cannot_settle() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.settle_at_node(&node);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = vault::EWrongVault)]
fun another_vault_cannot_be_paid() {
    let mut w = world::new();
    let (mut node, cap, position) = w.other_node(world::stake_amount());
    let clock = sui::clock::create_for_testing(w.ctx());
    let mut ctx = tx_context::dummy();
    vault::create<DOLLAR>(&mut node, &cap, w.network(), w.live_time(), &clock, &mut ctx);
    let mut vault = w.take<vault::Vault<DOLLAR>>();
    w.settle_at_vault(&mut vault);
    destroy(vault);
    destroy(node);
    destroy(cap);
    destroy(position);
    destroy(clock);
    w.end();
}

#[test]
fun a_closed_channel_stops_no_batch() {
    let mut w = world::new();
    let other = w.open();
    w.close(0);
    let funds = w.vault().funds();
    // One transaction: the closed channel, with good and with worthless signatures, then the other.
    w.settle(0, 1000, 0, 1000, 10);
    w.settle_signed(0, 1000, vector[], 7, 1000, 10, vector[]);
    assert_eq!(w.vault().funds(), funds);
    assert_eq!(w.channel(0).paid(), 0);
    w.settle(other, 1000, 0, 1000, 10);
    assert_eq!(w.channel(other).paid(), 1000);
    assert_conserved(&w, 0);
    assert_conserved(&w, other);
    w.end();
}

// === Closing ===

#[test]
fun the_node_closes_and_refunds_at_once() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    w.close(0);
    assert!(w.channel(0).is_closed());
    assert_eq!(w.received<DOLLAR>(world::payer()), 9_000);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun closing_goes_through_the_grace() {
    let mut w = world::new();
    w.settle(0, 400, 0, 400, 4);
    w.request_close(0);
    assert_eq!(w.channel(0).state(), 1);
    assert!(!w.channel(0).is_open() && !w.channel(0).is_closed());
    // Settling goes on until the refund.
    w.pass(30_000);
    w.settle(0, 1000, 0, 1000, 10);
    w.pass(31_000);
    w.settle(0, 1500, 0, 1500, 15);
    assert_eq!(w.channel(0).paid(), 1_500);
    w.finalize(0);
    assert!(w.channel(0).is_closed());
    assert_eq!(w.received<DOLLAR>(world::payer()), 8_500);
    assert_conserved(&w, 0);
    w.end();
}

#[test]
fun everything_deposited_is_accounted_for_to_the_unit() {
    let mut w = world::new();
    w.top_up(0, 777);
    w.settle(0, 3000, 0, 1500, 15);
    w.settle(0, 3000, 1, 900, 9);
    w.request_close(0);
    w.pass(61_000);
    w.finalize(0);
    let refund = w.received<DOLLAR>(world::payer());
    let routing = w.claim_routing(0, world::router());
    w.sweep();
    let treasury = w.received<DOLLAR>(world::treasury());
    w.mature();
    w.pass(21_000);
    let operator = w.withdraw();
    w.distribute();
    w.pass(70_000);
    let stakers = w.claim_own<DOLLAR>();
    assert_eq!(refund, 8_377);
    assert_eq!(routing, 240);
    assert_eq!(treasury, 120);
    // 2,040 in two settlements: 1,275 and 765, the stakers' part rounded up.
    assert_eq!(operator, 1_632);
    // The stream rounds against the staker; what it leaves stays in the pool.
    assert_eq!(stakers + w.pool().rewards<DOLLAR>(), 408);
    assert!(stakers >= 407);
    assert_eq!(
        refund + routing + treasury + operator + stakers + w.pool().rewards<DOLLAR>(),
        10_777,
    );
    assert_eq!(w.vault().funds(), 0);
    assert_eq!(w.channel(0).balance(), 0);
    w.end();
}

#[test]
fun the_refund_goes_where_the_payer_says() {
    let mut w = world::new();
    w.request_close(0);
    w.set_refund_to(0, world::router());
    w.pass(61_000);
    w.finalize(0);
    assert_eq!(w.received<DOLLAR>(world::payer()), 0);
    assert_eq!(w.received<DOLLAR>(world::router()), 10_000);
    w.end();
}

#[test]
fun a_channel_that_paid_everything_closes_without_a_refund() {
    let mut w = world::new();
    w.settle(0, 20000, 0, 20000, 200);
    w.close(0);
    assert_eq!(w.received<DOLLAR>(world::payer()), 0);
    assert_conserved(&w, 0);
    w.end();
}

/// Steps: 0 `request_close`, 1 `request_close_expired`, 2 `close`, 3 `finalize`. The state is reached
/// by the first steps, the last one is tried; expiry and grace are always over.
fun try_step(steps: vector<u8>): u8 {
    let mut w = world::new();
    steps.do!(|step| {
        w.pass(501_000);
        if (step == 0) w.request_close(0)
        else if (step == 1) w.request_close_expired(0)
        else if (step == 2) w.close(0)
        else w.finalize(0);
    });
    let state = w.channel(0).state();
    w.end();
    state
}

#[test]
fun the_payer_starts_the_close() { assert_eq!(try_step(vector[0]), 1); }

#[test]
fun expiry_starts_the_close() { assert_eq!(try_step(vector[1]), 1); }

#[test]
fun the_node_closes_an_open_channel() { assert_eq!(try_step(vector[2]), 2); }

#[test]
fun the_node_closes_a_closing_channel() { assert_eq!(try_step(vector[0, 2]), 2); }

#[test]
fun anybody_finalizes() { assert_eq!(try_step(vector[0, 3]), 2); }

#[test]
fun the_node_closes_an_expired_channel() { assert_eq!(try_step(vector[1, 2]), 2); }

#[test]
fun anybody_finalizes_an_expired_channel() { assert_eq!(try_step(vector[1, 3]), 2); }

#[test, expected_failure(abort_code = channel::ENotClosing)]
fun an_open_channel_is_not_finalized() { try_step(vector[3]); }

#[test, expected_failure(abort_code = channel::ENotOpen)]
fun a_close_is_asked_for_once() { try_step(vector[0, 0]); }

#[test, expected_failure(abort_code = channel::ENotOpen)]
fun a_close_is_asked_for_once_also_after_expiry() { try_step(vector[0, 1]); }

#[test, expected_failure(abort_code = channel::ENotOpen)]
fun a_closed_channel_cannot_start_to_close() { try_step(vector[2, 0]); }

#[test, expected_failure(abort_code = channel::ENotOpen)]
fun a_closed_channel_cannot_start_to_close_by_expiry() { try_step(vector[2, 1]); }

#[test, expected_failure(abort_code = channel::EClosed)]
fun a_channel_is_closed_once() { try_step(vector[2, 2]); }

#[test, expected_failure(abort_code = channel::ENotClosing)]
fun a_channel_is_refunded_once() { try_step(vector[0, 3, 3]); }

#[test, expected_failure(abort_code = channel::ENotClosing)]
fun a_closed_channel_is_not_finalized() { try_step(vector[2, 3]); }

#[test, expected_failure(abort_code = channel::ENotExpired)]
fun a_stranger_closes_nothing_before_expiry() {
    let mut w = world::new();
    w.pass(499_000);
    w.request_close_expired(0);
    w.end();
}

#[test, expected_failure(abort_code = channel::EGraceNotOver)]
fun no_finalizing_before_the_grace_is_over() {
    let mut w = world::new();
    w.request_close(0);
    w.pass(60_999);
    w.finalize(0);
    w.end();
}

#[test, expected_failure(abort_code = channel::EGraceNotOver)]
fun a_halt_of_the_chain_eats_no_grace() {
    let mut w = world::new();
    w.pass(500_000);
    w.request_close_expired(0);
    w.pass(5_000);
    // Sixteen hours without a block; the first transaction after them tries the refund.
    w.halt(16 * 60 * 60 * 1000);
    w.finalize(0);
    w.end();
}

#[test]
fun the_node_settles_after_a_halt() {
    let mut w = world::new();
    w.request_close(0);
    w.halt(16 * 60 * 60 * 1000);
    w.tick();
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    // The window it was promised is still there in full.
    w.pass(59_000);
    w.settle(0, 1500, 0, 1500, 15);
    w.pass(1_000);
    w.finalize(0);
    assert_eq!(w.received<DOLLAR>(world::payer()), 8_500);
    w.end();
}

#[test]
fun a_grace_has_a_last_day_even_if_nobody_ticks() {
    let mut w = world::new();
    w.request_close(0);
    w.halt(60_000 + 1_000 + 7 * 24 * 60 * 60 * 1000);
    w.finalize(0);
    assert!(w.channel(0).is_closed());
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun the_live_time_of_another_network_closes_nothing() {
    let mut w = world::new();
    w.request_close(0);
    let (network, admin, pause, live_time) = w.other_network(true);
    w.finalize_at(0, &live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

// === Routing, folding, reaping ===

#[test]
fun the_router_claims_as_it_comes() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.claim_routing(0, world::router()), 100);
    assert_eq!(w.claim_routing(0, world::router()), 0);
    w.settle(0, 1500, 0, 1500, 15);
    w.close(0);
    assert_conserved(&w, 0);
    assert_eq!(w.claim_routing(0, world::router()), 50);
    assert_eq!(w.channel(0).balance(), 0);
    w.end();
}

#[test, expected_failure(abort_code = channel::ENotRouter)]
fun only_the_router_claims_routing() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    w.claim_routing(0, world::payer());
    w.end();
}

#[test, expected_failure(abort_code = channel::ENoLane)]
fun only_a_lane_that_is_there_is_folded() {
    let mut w = world::new();
    w.fold(0, 0);
    w.end();
}

#[test, expected_failure(abort_code = channel::ENoLane)]
fun a_lane_is_folded_once() {
    let mut w = world::new();
    w.settle(0, 500, 0, 500, 5);
    w.fold(0, 0);
    w.fold(0, 0);
    w.end();
}

#[test]
fun reaping_leaves_unclaimed_routing_to_the_protocol() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    w.close(0);
    assert_eq!(w.received<DOLLAR>(world::payer()), 9_000);
    w.pass(31_000);
    assert_eq!(w.reap(), 0);
    assert_eq!(w.vault().protocol_due(), 150);
    assert_eq!(w.vault().funds(), 1_000);
    w.end();
}

#[test, expected_failure(abort_code = channel::ENotClosed)]
fun an_open_channel_is_not_reaped() {
    let mut w = world::new();
    w.reap();
    w.end();
}

#[test, expected_failure(abort_code = channel::ETooEarlyToReap)]
fun a_closed_channel_stays_for_a_while() {
    let mut w = world::new();
    w.close(0);
    w.pass(30_999);
    w.reap();
    w.end();
}

// === Capabilities ===

fun other_payer(w: &mut World): PayerCap {
    w.open();
    w.take_payer()
}

#[test, expected_failure(abort_code = channel::EWrongCap)]
fun another_payer_cannot_close() {
    let mut w = world::new();
    let cap = other_payer(&mut w);
    w.request_close_with(0, &cap);
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongCap)]
fun another_payer_cannot_turn_the_refund() {
    let mut w = world::new();
    let cap = other_payer(&mut w);
    w.set_refund_to_with(0, &cap, world::stranger());
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongCap)]
fun another_payer_cannot_claim_compensation() {
    let mut w = world::new();
    let cap = other_payer(&mut w);
    w.claim_compensation_with(0, &cap);
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongCap)]
fun another_payer_cannot_reap() {
    let mut w = world::bare();
    w.open();
    w.open();
    w.close(1);
    let first = w.take_first_payer();
    w.reap_with(first);
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongCap)]
fun another_operator_cannot_close() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.close_as(0, &cap);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongNode)]
fun an_operator_cannot_close_a_channel_of_another_node() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.close_with(0, &node, &cap);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongNode)]
fun an_operator_cannot_fold_a_lane_of_another_node() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.settle(0, 500, 0, 500, 5);
    w.fold_with(0, &node, &cap, 0);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongNetwork)]
fun a_channel_knows_its_network() {
    let w = world::new();
    w.channel(0).assert_network(object::id(w.node()));
    w.end();
}

#[test, expected_failure(abort_code = version::ENotCurrent)]
fun an_old_channel_takes_no_deposit() {
    let mut w = world::new();
    w.set_channel_version(0, version::current() - 1);
    w.top_up(0, 1);
    w.end();
}

/// Takes a channel of a neighbouring version from settlement to refund.
fun leave_with_version(version: u64) {
    let mut w = world::new();
    w.set_channel_version(0, version);
    w.settle(0, 1000, 0, 1000, 10);
    w.request_close(0);
    w.pass(61_000);
    w.finalize(0);
    assert_eq!(w.claim_routing(0, world::router()), 100);
    assert_eq!(w.received<DOLLAR>(world::payer()), 9_000);
    w.end();
}

#[test]
fun an_old_channel_lets_everybody_out() { leave_with_version(version::current() - 1); }

#[test]
fun a_newer_channel_lets_everybody_out() { leave_with_version(version::current() + 1); }

#[test, expected_failure(abort_code = version::EUnsupported)]
fun a_channel_two_versions_ahead_is_refused() {
    let mut w = world::new();
    w.set_channel_version(0, version::current() + 2);
    w.settle(0, 1000, 0, 1000, 10);
    w.end();
}

#[test]
fun overcharge_cannot_be_claimed_where_none_was_proven() {
    let mut w = world::new();
    assert_eq!(w.claim_compensation(0), 0);
    assert_eq!(w.channel(0).compensated(), 0);
    w.end();
}
