#[test_only]
module atoma::network_tests;

use atoma::atoma::ATOMA;
use atoma::live_time;
use atoma::network::{Self, AdminCap, Network, PauseCap};
use atoma::params;
use atoma::world::{Self, World, DOLLAR};
use std::unit_test::{assert_eq, destroy};
use sui::clock;

public struct C1 has drop {}
public struct C2 has drop {}
public struct C3 has drop {}
public struct C4 has drop {}
public struct C5 has drop {}
public struct C6 has drop {}
public struct C7 has drop {}

/// The caps of a stranger's own network.
fun strangers_caps(w: &mut World): (AdminCap, PauseCap) {
    let (network, admin, pause, live_time) = w.other_network(true);
    destroy(network);
    destroy(live_time);
    (admin, pause)
}

#[test]
fun a_network_is_what_it_was_created_as() {
    let w = world::bare();
    let network = w.network();
    assert!(network.is_dev());
    assert!(!network.is_paused());
    assert_eq!(network.treasury(), world::treasury());
    assert_eq!(*network.params(), world::parameters());
    assert_eq!(network.live_time(), object::id(w.live_time()));
    assert_eq!(network.attestors(), option::some(object::id(w.attestors())));
    assert_eq!(network.measurements(), option::some(object::id(w.measurements())));
    assert_eq!(network.coins().length(), 1);
    assert!(network.accepts<DOLLAR>());
    assert!(!network.accepts<ATOMA>());
    w.end();
}

#[test]
fun a_production_network_has_the_whole_gap() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(false);
    assert!(!network.is_dev());
    assert_eq!(live_time.gap_ms(), 60 * 60 * 1000);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

fun create(params: params::Params, dev: bool, gap_ms: u64) {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let (network, admin, pause) =
        network::create(params, dev, gap_ms, @0x1, &clock, &mut ctx);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(clock);
}

#[test]
fun gap_has_bounds() {
    create(params::development(), true, 1);
    create(params::development(), true, 60 * 60 * 1000);
    create(params::production(), false, 60 * 60 * 1000);
}

#[test, expected_failure(abort_code = network::EBadGap)]
fun gap_is_not_zero() { create(params::development(), true, 0); }

#[test, expected_failure(abort_code = network::EBadGap)]
fun gap_is_at_most_an_hour() { create(params::development(), true, 60 * 60 * 1000 + 1); }

#[test, expected_failure(abort_code = network::EBadGap)]
fun gap_of_production_is_an_hour() { create(params::production(), false, 1_000); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun production_refuses_parameters_of_development() {
    create(params::development(), false, 60 * 60 * 1000);
}

fun share_incomplete() {
    let mut ctx = tx_context::dummy();
    let clock = clock::create_for_testing(&mut ctx);
    let (mut network, admin, pause) =
        network::create(params::development(), true, 1, @0x1, &clock, &mut ctx);
    atoma::attestors::create(&mut network, &admin, &mut ctx);
    network.share();
    destroy(admin);
    destroy(pause);
    destroy(clock);
}

#[test, expected_failure(abort_code = network::EIncomplete)]
fun a_network_is_shared_complete() { share_incomplete(); }

#[test, expected_failure(abort_code = network::EAlreadySet)]
fun a_network_has_one_set_of_attestors() {
    let mut w = world::bare();
    w.create_attestors();
    w.end();
}

#[test, expected_failure(abort_code = network::EAlreadySet)]
fun a_network_has_one_list_of_measurements() {
    let mut w = world::bare();
    w.create_measurements();
    w.end();
}

// === Coins ===

#[test]
fun coins_are_accepted_up_to_eight() {
    let mut w = world::bare();
    w.accept_coin<C1>();
    w.accept_coin<C2>();
    w.accept_coin<C3>();
    w.accept_coin<C4>();
    w.accept_coin<C5>();
    w.accept_coin<C6>();
    w.accept_coin<C7>();
    assert_eq!(w.network().coins().length(), 8);
    assert!(w.network().accepts<C7>());
    w.end();
}

#[test, expected_failure(abort_code = network::ETooManyCoins)]
fun a_ninth_coin_is_refused() {
    let mut w = world::bare();
    w.accept_coin<C1>();
    w.accept_coin<C2>();
    w.accept_coin<C3>();
    w.accept_coin<C4>();
    w.accept_coin<C5>();
    w.accept_coin<C6>();
    w.accept_coin<C7>();
    w.accept_coin<ATOMA>();
    w.end();
}

#[test, expected_failure(abort_code = network::ECoinKnown)]
fun a_coin_is_accepted_once() {
    let mut w = world::bare();
    w.accept_coin<DOLLAR>();
    w.end();
}

#[test, expected_failure(abort_code = network::ECoinNotAccepted)]
fun a_coin_not_accepted_has_no_vault() {
    let mut w = world::bare();
    w.create_vault<C1>();
    w.end();
}

// === Pausing ===

#[test]
fun a_pause_ends_with_resume() {
    let mut w = world::bare();
    w.pause();
    assert!(w.network().is_paused());
    w.resume();
    assert!(!w.network().is_paused());
    w.open();
    w.end();
}

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_registers_no_node() {
    let mut w = world::bare();
    w.pause();
    w.register_with_commission(0, 0);
    w.end();
}

#[test, expected_failure(abort_code = network::EWrongCap)]
fun another_networks_pause_cap_pauses_nothing() {
    let mut w = world::bare();
    let (admin, pause) = strangers_caps(&mut w);
    w.pause_with(&pause);
    destroy(admin);
    destroy(pause);
    w.end();
}

#[test]
fun a_replaced_pause_cap_pauses() {
    let mut w = world::bare();
    let cap = w.replace_pause_cap();
    w.pause_with(&cap);
    assert!(w.network().is_paused());
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_replaced_pause_cap_voids_the_old_one() {
    let mut w = world::bare();
    let cap = w.replace_pause_cap();
    w.pause();
    destroy(cap);
    w.end();
}

// === Parameters ===

#[test]
fun parameters_change_after_the_time_lock_and_touch_nothing_old() {
    let mut w = world::new();
    let mut params = world::parameters();
    params.set_for_testing(0, 2_000);
    params.set_for_testing(10, 0);
    w.propose_params(params);
    w.settle(0, 1000, 0, 1000, 10);
    w.pass(51_000);
    w.apply_params();
    assert_eq!(w.network().params().protocol_bps(), 2_000);
    // The open channel keeps its 5 %, a new one has 20 %.
    w.settle(0, 2000, 0, 2000, 20);
    assert_eq!(w.vault().protocol_due(), 100);
    let other = w.open();
    w.settle(other, 1000, 0, 1000, 10);
    assert_eq!(w.vault().protocol_due(), 300);
    w.end();
}

#[test, expected_failure(abort_code = network::ETooEarly)]
fun parameters_wait_for_the_time_lock() {
    let mut w = world::bare();
    w.propose_params(world::parameters());
    w.pass(50_999);
    w.apply_params();
    w.end();
}

#[test, expected_failure(abort_code = network::ETooEarly)]
fun a_new_proposal_starts_the_time_lock_anew() {
    let mut w = world::bare();
    w.propose_params(world::parameters());
    w.pass(40_000);
    w.propose_params(world::parameters());
    w.pass(40_000);
    w.apply_params();
    w.end();
}

#[test, expected_failure(abort_code = network::ENothingPending)]
fun parameters_are_applied_once() {
    let mut w = world::bare();
    w.propose_params(world::parameters());
    w.pass(51_000);
    w.apply_params();
    w.apply_params();
    w.end();
}

#[test, expected_failure(abort_code = params::EShareTooLarge)]
fun parameters_are_checked_when_proposed() {
    let mut w = world::bare();
    let mut params = world::parameters();
    params.set_for_testing(0, 2_001);
    w.propose_params(params);
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun the_live_time_of_another_network_opens_no_lock() {
    let mut w = world::bare();
    w.propose_params(world::parameters());
    w.pass(51_000);
    let (network, admin, pause, live_time) = w.other_network(true);
    w.apply_params_at(&live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

// === Treasury and hand-over ===

#[test]
fun the_treasury_moves() {
    let mut w = world::bare();
    w.set_treasury(@0x99);
    assert_eq!(w.network().treasury(), @0x99);
    w.end();
}

#[test]
fun an_admin_hands_over_in_two_steps() {
    let mut w = world::bare();
    w.name_successor(option::some(@0x51));
    let cap = w.accept_admin(@0x51);
    w.accept_coin_with<C1>(&cap);
    assert!(w.network().accepts<C1>());
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = network::EWrongCap)]
fun after_the_hand_over_the_old_cap_is_void() {
    let mut w = world::bare();
    w.name_successor(option::some(@0x51));
    let cap = w.accept_admin(@0x51);
    w.accept_coin<C1>();
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = network::ENotSuccessor)]
fun only_the_successor_takes_over() {
    let mut w = world::bare();
    w.name_successor(option::some(@0x51));
    destroy(w.accept_admin(world::stranger()));
    w.end();
}

#[test, expected_failure(abort_code = network::ENotSuccessor)]
fun a_withdrawn_successor_does_not_take_over() {
    let mut w = world::bare();
    w.name_successor(option::some(@0x51));
    w.name_successor(option::none());
    destroy(w.accept_admin(@0x51));
    w.end();
}

#[test, expected_failure(abort_code = network::ENotSuccessor)]
fun a_successor_takes_over_once() {
    let mut w = world::bare();
    w.name_successor(option::some(@0x51));
    destroy(w.accept_admin(@0x51));
    destroy(w.accept_admin(@0x51));
    w.end();
}

// === Strangers ===

/// Calls an admin function of this network with the admin cap of another one.
fun intrude(call: u8) {
    let mut w = world::bare();
    let (admin, pause) = strangers_caps(&mut w);
    w.admin_call(call, &admin);
    destroy(admin);
    destroy(pause);
    w.end();
}

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_accepts_no_coin() { intrude(0); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_moves_no_treasury() { intrude(1); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_proposes_no_parameters() { intrude(2); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_names_no_successor() { intrude(3); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_replaces_no_pause_cap() { intrude(4); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_does_not_resume() { intrude(5); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_sets_no_attestors() { intrude(6); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_allows_no_measurement() { intrude(7); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_disallows_no_measurement() { intrude(8); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_creates_no_attestors() { intrude(9); }

#[test, expected_failure(abort_code = network::EWrongCap)]
fun a_stranger_creates_no_measurements() { intrude(10); }
