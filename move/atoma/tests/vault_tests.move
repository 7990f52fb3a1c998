#[test_only]
module atoma::vault_tests;

use atoma::live_time;
use atoma::network;
use atoma::node;
use atoma::stake;
use atoma::vault;
use atoma::version;
use atoma::world::{Self, World, DOLLAR};
use std::unit_test::{assert_eq, destroy};
use sui::balance;

fun assert_operator(w: &World, arriving: u64, held: u64, free: u64) {
    let (a, h, f) = w.vault().operator_due();
    assert_eq!(a, arriving);
    assert_eq!(h, held);
    assert_eq!(f, free);
    assert_eq!(
        w.vault().funds(),
        w.vault().protocol_due() + w.vault().stakers_due() + a + h + f,
    );
}

#[test]
fun a_vault_begins_empty() {
    let w = world::bare();
    assert_eq!(w.vault().node(), object::id(w.node()));
    assert_eq!(w.vault().funds(), 0);
    assert_operator(&w, 0, 0, 0);
    w.end();
}

#[test]
fun an_operators_earnings_wait_between_one_and_two_hold_backs() {
    let mut w = world::new();
    w.mature();
    assert_operator(&w, 0, 0, 0);
    w.settle(0, 1000, 0, 1000, 10);
    assert_operator(&w, 680, 0, 0);
    w.mature();
    assert_operator(&w, 0, 680, 0);
    w.settle(0, 1500, 0, 1500, 15);
    assert_operator(&w, 340, 680, 0);
    w.pass(20_999);
    w.mature();
    assert_operator(&w, 340, 680, 0);
    assert_eq!(w.withdraw(), 0);
    w.pass(1);
    w.mature();
    assert_operator(&w, 0, 340, 680);
    assert_eq!(w.withdraw(), 680);
    assert_eq!(w.withdraw(), 0);
    w.pass(21_000);
    assert_eq!(w.withdraw(), 340);
    assert_operator(&w, 0, 0, 0);
    w.end();
}

#[test]
fun anybody_sweeps_what_is_due_to_the_protocol() {
    let mut w = world::new();
    w.sweep();
    w.settle(0, 1000, 0, 1000, 10);
    w.next(world::stranger());
    w.sweep();
    assert_eq!(w.vault().protocol_due(), 0);
    assert_eq!(w.received<DOLLAR>(world::treasury()), 50);
    w.sweep();
    assert_eq!(w.received<DOLLAR>(world::treasury()), 0);
    assert_operator(&w, 680, 0, 0);
    w.end();
}

#[test]
fun anybody_distributes_what_is_due_to_the_stakers() {
    let mut w = world::new();
    w.distribute();
    assert_eq!(w.pool().rewards<DOLLAR>(), 0);
    w.settle(0, 1000, 0, 1000, 10);
    w.next(world::stranger());
    w.distribute();
    assert_eq!(w.vault().stakers_due(), 0);
    assert_eq!(w.pool().rewards<DOLLAR>(), 170);
    assert_operator(&w, 680, 0, 0);
    w.end();
}

#[test]
fun a_victim_is_paid_from_the_youngest_earnings_first() {
    let mut w = world::new();
    w.settle(0, 1000, 0, 1000, 10);
    w.mature();
    w.pass(21_000);
    w.settle(0, 1500, 0, 1500, 15);
    w.mature();
    w.settle(0, 2000, 0, 2000, 20);
    assert_operator(&w, 340, 340, 680);
    assert_eq!(w.take_back(100), 100);
    assert_operator(&w, 240, 340, 680);
    assert_eq!(w.take_back(300), 300);
    assert_operator(&w, 0, 280, 680);
    assert_eq!(w.take_back(300), 300);
    assert_operator(&w, 0, 0, 660);
    assert_eq!(w.take_back(1_000), 660);
    assert_operator(&w, 0, 0, 0);
    // Never what is due to protocol and stakers.
    assert_eq!(w.take_back(1_000), 0);
    assert_eq!(w.vault().protocol_due(), 100);
    assert_eq!(w.vault().stakers_due(), 340);
    w.end();
}

#[test, expected_failure(abort_code = vault::EWrongNetwork)]
fun another_networks_treasury_gets_nothing() {
    let mut w = world::new();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.settle(0, 1000, 0, 1000, 10);
    w.sweep_to(&network);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

#[test, expected_failure(abort_code = stake::EWrongPool)]
fun another_nodes_pool_gets_nothing() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    let mut pool = w.take<stake::Pool>();
    w.settle(0, 1000, 0, 1000, 10);
    w.distribute_to(&mut pool);
    destroy(node);
    destroy(cap);
    destroy(position);
    destroy(pool);
    w.end();
}

#[test, expected_failure(abort_code = vault::EWrongVault)]
fun another_nodes_operator_gets_nothing() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    w.withdraw_with(&node, &cap);
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun the_live_time_of_another_network_matures_nothing() {
    let mut w = world::new();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.mature_at(&live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongNetwork)]
fun a_vault_is_for_the_nodes_network() {
    let mut w = world::new();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.create_vault_at(&network);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_makes_no_vault() {
    let mut w = world::new();
    w.pause();
    w.create_vault<atoma::atoma::ATOMA>();
    w.end();
}

#[test, expected_failure(abort_code = version::EUnsupported)]
fun a_vault_two_versions_ahead_is_refused() {
    let mut w = world::new();
    w.set_vault_version(version::current() + 2);
    w.sweep();
    w.end();
}

#[test]
fun an_old_vault_lets_everybody_out() {
    let mut w = world::new();
    w.set_vault_version(version::current() - 1);
    w.settle(0, 1000, 0, 1000, 10);
    w.sweep();
    w.distribute();
    w.mature();
    w.pass(21_000);
    assert_eq!(w.withdraw(), 680);
    w.end();
}

#[test]
fun an_empty_payment_changes_nothing() {
    let mut w = world::new();
    w.deposit(balance::zero<DOLLAR>());
    assert_operator(&w, 0, 0, 0);
    w.end();
}
