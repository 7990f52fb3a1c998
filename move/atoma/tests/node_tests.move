#[test_only]
module atoma::node_tests;

use atoma::atoma::ATOMA;
use atoma::fee;
use atoma::live_time;
use atoma::model;
use atoma::network;
use atoma::node::{Self, Node, NodeCap};
use atoma::stake::{Self, StakePosition};
use atoma::version;
use atoma::world::{Self, World, DOLLAR};
use std::unit_test::{assert_eq, destroy};

const PRICE_LIMIT: u64 = 281_474_976_710_656;

fun drop_node(node: Node, cap: NodeCap, position: StakePosition) {
    destroy(node);
    destroy(cap);
    destroy(position);
}

// === Registration ===

#[test]
fun a_node_is_what_it_was_registered_as() {
    let w = world::bare();
    let node = w.node();
    assert_eq!(node.network(), object::id(w.network()));
    assert_eq!(node.pool(), object::id(w.pool()));
    assert_eq!(node.status(), node::active());
    assert!(node.is_active());
    assert_eq!(node.commission_bps(), 8_000);
    assert_eq!(node.vault<DOLLAR>(), option::some(object::id(w.vault())));
    assert_eq!(node.vault<ATOMA>(), option::none());
    assert_eq!(node.next_epoch(), 0);
    assert!(!node.has_epoch(0));
    assert_eq!(w.pool().node(), object::id(node));
    assert_eq!(w.pool().own_stake(), world::stake_amount());
    w.end();
}

#[test]
fun a_cap_names_its_node() {
    let mut w = world::bare();
    let (node, cap, position) = w.other_node(world::stake_amount());
    assert_eq!(cap.cap_node(), object::id(&node));
    drop_node(node, cap, position);
    w.end();
}

#[test, expected_failure(abort_code = node::EStakeTooSmall)]
fun a_node_begins_with_the_least_stake() {
    let mut w = world::bare();
    let (node, cap, position) = w.other_node(world::stake_amount() - 1);
    drop_node(node, cap, position);
    w.end();
}

fun register(bps: u64, max_bps: u64) {
    let mut w = world::bare();
    w.register_with_commission(bps, max_bps);
    w.end();
}

#[test]
fun a_commission_may_be_the_whole() { register(10_000, 10_000); }

#[test, expected_failure(abort_code = node::ECommissionTooLarge)]
fun a_commission_is_not_above_its_cap() { register(501, 500); }

#[test, expected_failure(abort_code = node::ECommissionTooLarge)]
fun a_cap_is_not_above_the_whole() { register(0, 10_001); }

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun a_node_registers_with_its_networks_live_time() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.register_at(&live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

#[test, expected_failure(abort_code = node::EVaultExists)]
fun a_coin_has_one_vault() {
    let mut w = world::bare();
    w.create_vault<DOLLAR>();
    w.end();
}

#[test]
fun another_coin_gets_a_vault_of_its_own() {
    let mut w = world::bare();
    w.accept_coin<ATOMA>();
    let vault = w.create_vault<ATOMA>();
    assert_eq!(w.node().vault<ATOMA>(), option::some(vault));
    w.end();
}

// === Offers ===

#[test]
fun an_offer_is_what_was_offered() {
    let w = world::bare();
    let offer = w.node().offer<DOLLAR>(object::id(w.model()));
    assert_eq!(offer.input_price(), 2_000_000);
    assert_eq!(offer.output_price(), 6_000_000);
    assert_eq!(offer.context_length(), 4_096);
    assert_eq!(offer.engine_class(), b"cpu".to_string());
    assert_eq!(offer.credit(), 1_000);
    assert_eq!(offer.max_routing_bps(), 1_000);
    assert_eq!(offer.min_deposit(), 100);
    w.end();
}

#[test]
fun an_offer_changes_at_its_bounds() {
    let mut w = world::bare();
    w.set_offer(PRICE_LIMIT - 1, PRICE_LIMIT - 1, vector::tabulate!(64, |_| 97), 2_000);
    let offer = w.node().offer<DOLLAR>(object::id(w.model()));
    assert_eq!(offer.input_price(), PRICE_LIMIT - 1);
    assert_eq!(offer.max_routing_bps(), 2_000);
    w.end();
}

#[test, expected_failure(abort_code = node::ENoOffer)]
fun an_offer_is_for_one_coin() {
    let w = world::bare();
    w.node().offer<ATOMA>(object::id(w.model()));
    w.end();
}

#[test, expected_failure(abort_code = node::ENoOffer)]
fun an_offer_is_withdrawn_once() {
    let mut w = world::bare();
    w.remove_offer();
    w.remove_offer();
    w.end();
}

fun offer(input_price: u64, output_price: u64, engine_class: vector<u8>, routing: u64) {
    let mut w = world::bare();
    w.set_offer(input_price, output_price, engine_class, routing);
    w.end();
}

#[test, expected_failure(abort_code = fee::EPriceTooLarge)]
fun an_input_price_has_a_limit() { offer(PRICE_LIMIT, 0, b"cpu", 0); }

#[test, expected_failure(abort_code = fee::EPriceTooLarge)]
fun an_output_price_has_a_limit() { offer(0, PRICE_LIMIT, b"cpu", 0); }

#[test, expected_failure(abort_code = node::EBadEngineClass)]
fun an_engine_class_is_not_empty() { offer(0, 0, b"", 0); }

#[test, expected_failure(abort_code = node::EBadEngineClass)]
fun an_engine_class_is_not_too_long() { offer(0, 0, vector::tabulate!(65, |_| 97), 0); }

#[test, expected_failure(abort_code = node::ERoutingTooLarge)]
fun a_routing_share_keeps_the_networks_bound() { offer(0, 0, b"cpu", 2_001); }

#[test, expected_failure(abort_code = network::ECoinNotAccepted)]
fun an_offer_is_for_an_accepted_coin() {
    let mut w = world::bare();
    w.set_offer_for_own_model<ATOMA>();
    w.end();
}

#[test, expected_failure(abort_code = node::ENoVault)]
fun an_offer_is_for_a_coin_with_a_vault() {
    let mut w = world::bare();
    w.accept_coin<ATOMA>();
    w.set_offer_for_own_model<ATOMA>();
    w.end();
}

#[test]
fun a_model_is_offered_for_every_coin_apart() {
    let mut w = world::bare();
    w.accept_coin<ATOMA>();
    w.create_vault<ATOMA>();
    w.set_offer_for_own_model<ATOMA>();
    let model = object::id(w.model());
    assert_eq!(w.node().offer<ATOMA>(model).input_price(), 1);
    assert_eq!(w.node().offer<DOLLAR>(model).input_price(), 2_000_000);
    w.end();
}

#[test, expected_failure(abort_code = model::EWrongNetwork)]
fun an_offer_is_for_a_model_of_the_network() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    let cap = model::register(
        &network,
        b"other".to_string(),
        @0x1,
        0,
        b"".to_string(),
        w.ctx(),
    );
    let model = w.take<model::Model>();
    w.set_offer_for<DOLLAR>(&model);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(cap);
    destroy(model);
    w.end();
}

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_takes_no_offer() {
    let mut w = world::bare();
    w.pause();
    w.set_offer(0, 0, b"cpu", 0);
    w.end();
}

/// Offers `count` models more.
fun offer_many(count: u64) {
    let mut w = world::bare();
    count.do!(|_| {
        destroy(w.register_model(b"m", 0, b""));
        let model = w.take<model::Model>();
        w.set_offer_for<DOLLAR>(&model);
        destroy(model);
    });
    w.end();
}

#[test]
fun a_node_offers_32_models() { offer_many(31); }

#[test, expected_failure(abort_code = node::ETooManyOffers)]
fun a_node_offers_no_33rd_model() { offer_many(32); }

// === Status ===

/// Steps: 0 `activate`, 1 `drain`, 2 jail, 3 `unjail`, 4 `retire`; every jail is over.
fun try_steps(steps: vector<u8>): u8 {
    let mut w = world::bare();
    steps.do!(|step| {
        if (step == 0) w.activate()
        else if (step == 1) w.drain()
        else if (step == 2) w.jail()
        else if (step == 3) w.unjail()
        else w.retire();
        w.pass(81_000);
    });
    let status = w.node().status();
    w.end();
    status
}

#[test]
fun an_active_node_drains() { assert_eq!(try_steps(vector[1]), node::draining()); }

#[test]
fun an_active_node_is_jailed() { assert_eq!(try_steps(vector[2]), node::jailed()); }

#[test]
fun an_active_node_retires() { assert_eq!(try_steps(vector[4]), node::retired()); }

#[test]
fun a_draining_node_activates() { assert_eq!(try_steps(vector[1, 0]), node::active()); }

#[test]
fun a_draining_node_is_jailed() { assert_eq!(try_steps(vector[1, 2]), node::jailed()); }

#[test]
fun a_draining_node_retires() { assert_eq!(try_steps(vector[1, 4]), node::retired()); }

#[test]
fun a_jailed_node_is_released_to_drain() {
    assert_eq!(try_steps(vector[2, 3]), node::draining());
}

#[test]
fun a_released_node_activates() { assert_eq!(try_steps(vector[2, 3, 0]), node::active()); }

#[test]
fun a_jailed_node_is_jailed_again() { assert_eq!(try_steps(vector[2, 2]), node::jailed()); }

#[test]
fun a_jailed_node_retires() { assert_eq!(try_steps(vector[2, 4]), node::retired()); }

#[test]
fun a_retired_node_stays_retired() { assert_eq!(try_steps(vector[4, 2]), node::retired()); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun an_active_node_is_not_activated() { try_steps(vector[0]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun an_active_node_is_not_released() { try_steps(vector[3]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_draining_node_does_not_drain() { try_steps(vector[1, 1]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_draining_node_is_not_released() { try_steps(vector[1, 3]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_jailed_node_is_not_activated() { try_steps(vector[2, 0]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_jailed_node_does_not_drain() { try_steps(vector[2, 1]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_retired_node_is_not_activated() { try_steps(vector[4, 0]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_retired_node_does_not_drain() { try_steps(vector[4, 1]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_retired_node_is_not_released() { try_steps(vector[4, 3]); }

#[test, expected_failure(abort_code = node::EWrongStatus)]
fun a_node_retires_once() { try_steps(vector[4, 4]); }

#[test, expected_failure(abort_code = node::EStillJailed)]
fun a_jail_lasts() {
    let mut w = world::bare();
    w.jail();
    w.pass(80_999);
    w.unjail();
    w.end();
}

#[test, expected_failure(abort_code = node::EStillJailed)]
fun a_second_wrong_starts_the_jail_anew() {
    let mut w = world::bare();
    w.jail();
    w.pass(70_000);
    w.jail();
    w.pass(70_000);
    w.unjail();
    w.end();
}

#[test, expected_failure(abort_code = node::EStakeTooSmall)]
fun a_slashed_node_is_not_active_before_it_has_the_least_stake() {
    let mut w = world::bare();
    w.drain();
    w.slash(@0x1, 1);
    w.activate();
    w.end();
}

#[test]
fun more_stake_activates_a_slashed_node() {
    let mut w = world::bare();
    w.drain();
    w.slash(@0x1, 1_000);
    destroy(w.stake(100_000_000));
    w.activate();
    assert!(w.node().is_active());
    w.end();
}

// === Commission ===

#[test]
fun a_commission_changes_after_the_time_lock() {
    let mut w = world::new();
    w.propose_commission(7_500);
    assert_eq!(w.node().commission_bps(), 8_000);
    w.pass(51_000);
    w.apply_commission();
    assert_eq!(w.node().commission_bps(), 7_500);
    w.settle(0, 1000, 0, 1000, 10);
    // Of 850, 75 %, the stakers' part rounded up.
    let (arriving, _, _) = w.vault().operator_due();
    assert_eq!(arriving, 637);
    assert_eq!(w.vault().stakers_due(), 213);
    w.end();
}

fun propose(bps: u64) {
    let mut w = world::bare();
    w.propose_commission(bps);
    w.end();
}

#[test]
fun a_commission_may_fall_by_5_points() { propose(7_500); }

#[test]
fun a_commission_may_rise_by_5_points() { propose(8_500); }

#[test, expected_failure(abort_code = node::EStepTooLarge)]
fun a_commission_does_not_fall_by_more() { propose(7_499); }

#[test, expected_failure(abort_code = node::EStepTooLarge)]
fun a_commission_does_not_rise_by_more() { propose(8_501); }

#[test, expected_failure(abort_code = node::ECommissionTooLarge)]
fun a_commission_keeps_its_cap() { propose(9_001); }

#[test, expected_failure(abort_code = node::ETooEarly)]
fun a_commission_waits_for_the_time_lock() {
    let mut w = world::bare();
    w.propose_commission(8_100);
    w.pass(50_999);
    w.apply_commission();
    w.end();
}

#[test, expected_failure(abort_code = node::ENothingPending)]
fun a_commission_is_applied_once() {
    let mut w = world::bare();
    w.propose_commission(8_100);
    w.pass(51_000);
    w.apply_commission();
    w.apply_commission();
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongNetwork)]
fun a_commission_waits_by_its_own_network() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.propose_commission(8_100);
    w.apply_commission_at(&network);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

// === Strangers ===

/// Calls an operator's function with the cap of another node.
fun intrude(call: u8) {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.operator_call(call, &cap);
    drop_node(node, cap, position);
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_stakes_nothing_as_own() { intrude(0); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_sets_no_offer() { intrude(1); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_removes_no_offer() { intrude(2); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_does_not_activate() { intrude(3); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_does_not_drain() { intrude(4); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_does_not_unjail() { intrude(5); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_does_not_retire() { intrude(6); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_proposes_no_commission() { intrude(7); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_creates_no_vault() { intrude(8); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_posts_no_evidence() { intrude(9); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_ends_no_key_epoch() { intrude(10); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_withdraws_nothing() { intrude(11); }

#[test, expected_failure(abort_code = node::EWrongCap)]
fun a_stranger_folds_no_lane() { intrude(12); }

#[test, expected_failure(abort_code = stake::EWrongPool)]
fun a_pool_is_of_one_node() {
    let mut w = world::bare();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.pool_mut().assert_node(object::id(&node));
    drop_node(node, cap, position);
    w.end();
}

#[test, expected_failure(abort_code = node::EUnknownEpoch)]
fun an_unknown_epoch_is_not_ended() {
    let mut w = world::new();
    w.end_epoch(2);
    w.end();
}

fun set_version(w: &mut World, version: u64) {
    w.node_mut().set_version_for_testing(version);
}

#[test, expected_failure(abort_code = version::ENotCurrent)]
fun an_old_node_opens_nothing() {
    let mut w = world::bare();
    set_version(&mut w, version::current() - 1);
    w.open();
    w.end();
}

#[test]
fun an_old_node_lets_its_operator_out() {
    let mut w = world::new();
    set_version(&mut w, version::current() - 1);
    w.settle(0, 1000, 0, 1000, 10);
    w.mature();
    w.pass(21_000);
    assert_eq!(w.withdraw(), 680);
    w.close(0);
    w.retire();
    w.end();
}
