#[test_only]
module atoma::stake_tests;

use atoma::atoma::{Self, ATOMA};
use atoma::live_time;
use atoma::stake;
use atoma::version;
use atoma::world::{Self, DOLLAR};
use std::unit_test::{assert_eq, destroy};
use sui::coin::TreasuryCap;

const STAKE: u64 = 1_000_000_000;
/// Shares of the first stake: 10^6 a unit.
const SHARES: u128 = 1_000_000_000_000_000;

public struct PEBBLE has drop {}

// === Shares ===

#[test]
fun the_first_stake_sets_the_price() {
    let w = world::bare();
    assert_eq!(w.position().shares(), SHARES);
    assert_eq!(w.pool().value(w.position()), STAKE);
    assert_eq!(w.pool().own_stake(), STAKE);
    assert_eq!(w.pool().delegated_stake(), 0);
    assert_eq!(w.pool().burned(), 0);
    w.end();
}

#[test]
fun later_stakes_pay_the_same_price() {
    let mut w = world::bare();
    let position = w.stake(123);
    assert_eq!(position.shares(), 123_000_000);
    assert_eq!(w.pool().value(&position), 123);
    assert_eq!(w.pool().value(w.position()), STAKE);
    destroy(position);
    w.end();
}

#[test]
fun after_a_slash_shares_are_cheaper_and_old_ones_worth_less() {
    let mut w = world::bare();
    assert_eq!(w.slash(@0x1, 5_000), 25_000_000);
    assert_eq!(w.pool().value(w.position()), 500_000_000);
    let position = w.stake(500_000_000);
    // Within one unit, against the mover.
    let value = w.pool().value(&position);
    assert!(value <= 500_000_000 && value >= 499_999_999);
    assert!(w.pool().value(w.position()) <= 500_000_001);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = stake::ETooLittle)]
fun nothing_is_not_staked() {
    let mut w = world::bare();
    destroy(w.stake(0));
    w.end();
}

#[test]
fun no_first_staker_moves_the_price_of_a_share() {
    // Slashed to almost nothing, the pool still gives a small stake its worth within one unit.
    let mut w = world::bare();
    29u64.do!(|i| { w.slash(sui::address::from_u256(i as u256), 5_000); });
    assert_eq!(w.pool().own_stake(), 2);
    let position = w.stake(1_000);
    assert!(w.pool().value(&position) >= 999);
    destroy(position);
    w.end();
}

// === Unstaking ===

#[test]
fun unstaked_shares_leave_after_their_cooldown() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let shares = position.shares();
    let ticket = w.unstake(&mut position, shares / 2);
    assert_eq!(position.shares(), shares / 2);
    let (own, delegated) = w.pool().unbonding_stake();
    assert_eq!(own, 500);
    assert_eq!(delegated, 0);
    assert_eq!(w.pool().own_stake(), STAKE + 500);
    w.pass(201_000);
    assert_eq!(w.withdraw_stake(ticket), 500);
    let (own, _) = w.pool().unbonding_stake();
    assert_eq!(own, 0);
    destroy(position);
    w.end();
}

#[test]
fun a_retired_operator_takes_everything_out() {
    let mut w = world::bare();
    w.retire();
    let ticket = w.unstake_own(SHARES);
    assert_eq!(w.pool().own_stake(), 0);
    w.pass(201_000);
    assert_eq!(w.withdraw_stake(ticket), STAKE);
    w.end();
}

#[test, expected_failure(abort_code = stake::EOwnStakeTooSmall)]
fun the_least_stake_stays_until_the_node_is_retired() {
    let mut w = world::bare();
    destroy(w.unstake_own(1_000_000));
    w.end();
}

#[test, expected_failure(abort_code = stake::EStillUnbonding)]
fun unbonding_lasts() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let ticket = w.unstake(&mut position, 1_000_000);
    w.pass(200_999);
    w.withdraw_stake(ticket);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = stake::EStillUnbonding)]
fun a_halt_shortens_no_unbonding() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let ticket = w.unstake(&mut position, 1_000_000);
    w.halt(16 * 60 * 60 * 1000);
    w.withdraw_stake(ticket);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = stake::ETooLittle)]
fun no_shares_are_not_unstaked() {
    let mut w = world::bare();
    destroy(w.unstake_own(0));
    w.end();
}

#[test, expected_failure(abort_code = stake::ETooManyShares)]
fun more_shares_than_there_are_are_not_unstaked() {
    let mut w = world::bare();
    w.retire();
    destroy(w.unstake_own(SHARES + 1));
    w.end();
}

#[test]
fun unbonding_stake_is_slashed_with_the_rest() {
    let mut w = world::bare();
    let mut position = w.stake(STAKE);
    let shares = position.shares();
    let ticket = w.unstake(&mut position, shares);
    assert_eq!(w.slash(@0x1, 1_000), 10_000_000);
    assert_eq!(w.pool().own_stake(), 900_000_000);
    let (own, _) = w.pool().unbonding_stake();
    assert_eq!(own, 900_000_000);
    assert_eq!(w.pool().burned(), 190_000_000);
    w.pass(201_000);
    assert_eq!(w.withdraw_stake(ticket), 900_000_000);
    destroy(position);
    w.end();
}

#[test]
fun an_empty_position_is_deleted() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let shares = position.shares();
    destroy(w.unstake(&mut position, shares));
    position.destroy(w.pool());
    w.end();
}

#[test, expected_failure(abort_code = stake::ETooManyShares)]
fun a_position_with_shares_is_not_deleted() {
    let mut w = world::bare();
    let position = w.stake(1_000);
    position.destroy(w.pool());
    w.end();
}

// === Slashing to nothing ===

#[test]
fun a_pool_slashed_to_nothing_begins_anew() {
    let mut w = world::bare();
    let mut old = w.stake(1_000);
    assert_eq!(w.slash(@0x1, 10_000), 50_000_050);
    assert_eq!(w.pool().own_stake(), 0);
    assert_eq!(w.pool().burned(), 950_000_950);
    assert_eq!(w.pool().value(&old), 0);
    // No division by zero, and the old position has no part in what comes.
    let new = w.stake(777);
    assert_eq!(w.pool().value(&new), 777);
    assert_eq!(w.pool().value(&old), 0);
    w.add_rewards<DOLLAR>(700);
    w.pass(70_000);
    assert_eq!(w.claim<DOLLAR>(&mut old), 0);
    old.destroy(w.pool());
    destroy(new);
    w.end();
}

#[test, expected_failure(abort_code = stake::EVoid)]
fun a_void_position_is_not_unstaked() {
    let mut w = world::bare();
    w.retire();
    w.slash(@0x1, 10_000);
    destroy(w.unstake_own(SHARES));
    w.end();
}

#[test]
fun a_void_ticket_withdraws_nothing() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let ticket = w.unstake(&mut position, 1_000_000_000);
    w.slash(@0x1, 10_000);
    w.pass(201_000);
    assert_eq!(w.withdraw_stake(ticket), 0);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = stake::EAlreadyPunished)]
fun a_wrong_is_punished_once() {
    let mut w = world::bare();
    w.slash(@0x1, 1_000);
    assert!(w.pool().is_punished(@0x1));
    assert!(!w.pool().is_punished(@0x2));
    w.slash(@0x1, 1_000);
    w.end();
}

#[test]
fun what_was_burned_leaves_the_supply() {
    let mut w = world::bare();
    atoma::init_for_testing(w.ctx());
    w.next(world::admin());
    let mut treasury = w.take_owned<TreasuryCap<ATOMA>>();
    let coin = treasury.mint(STAKE, w.ctx());
    w.slash(@0x1, 1_000);
    assert_eq!(w.destroy_burned(&mut treasury), 95_000_000);
    assert_eq!(treasury.total_supply(), STAKE - 95_000_000);
    assert_eq!(w.pool().burned(), 0);
    assert_eq!(w.destroy_burned(&mut treasury), 0);
    destroy(coin);
    destroy(treasury);
    w.end();
}

// === Rewards ===

#[test]
fun rewards_are_streamed() {
    let mut w = world::bare();
    w.add_rewards<DOLLAR>(7_000);
    assert_eq!(w.claim_own<DOLLAR>(), 0);
    w.pass(35_000);
    let half = w.claim_own<DOLLAR>();
    assert!(half >= 3_465 && half <= 3_500);
    w.pass(36_000);
    let rest = w.claim_own<DOLLAR>();
    // Two claims, each rounded down.
    assert!(half + rest >= 6_998 && half + rest <= 7_000);
    assert_eq!(w.pool().rewards<DOLLAR>(), 7_000 - half - rest);
    w.end();
}

#[test]
fun who_stakes_just_before_gets_next_to_nothing() {
    let mut w = world::bare();
    let mut sniper = w.stake(9 * STAKE);
    w.add_rewards<DOLLAR>(7_000);
    w.pass(1_000);
    // One seventieth of nine tenths.
    assert!(w.claim<DOLLAR>(&mut sniper) <= 90);
    destroy(sniper);
    w.end();
}

#[test]
fun a_later_position_has_no_part_in_the_past() {
    let mut w = world::bare();
    w.add_rewards<DOLLAR>(7_000);
    w.pass(70_000);
    let mut late = w.stake(STAKE);
    assert_eq!(w.claim<DOLLAR>(&mut late), 0);
    w.add_rewards<PEBBLE>(7_000);
    w.pass(70_000);
    let late_part = w.claim<PEBBLE>(&mut late);
    let own_part = w.claim_own<PEBBLE>();
    assert!(late_part >= 3_499 && late_part <= 3_500);
    assert!(own_part >= 3_499 && own_part <= 3_500);
    assert!(w.claim_own<DOLLAR>() >= 6_999);
    destroy(late);
    w.end();
}

#[test]
fun what_unstaked_shares_earned_stays_with_the_position() {
    let mut w = world::bare();
    let mut position = w.stake(STAKE);
    w.add_rewards<DOLLAR>(7_000);
    w.pass(70_000);
    let shares = position.shares();
    let ticket = w.unstake(&mut position, shares);
    let earned = w.claim<DOLLAR>(&mut position);
    assert!(earned >= 3_499 && earned <= 3_500);
    // Unbonding stake earns nothing more.
    w.add_rewards<DOLLAR>(7_000);
    w.pass(75_000);
    assert_eq!(w.claim<DOLLAR>(&mut position), 0);
    assert!(w.claim_own<DOLLAR>() >= 10_498);
    destroy(position);
    destroy(ticket);
    w.end();
}

#[test]
fun dust_puts_no_stream_off() {
    let mut w = world::bare();
    w.add_rewards<DOLLAR>(700_000);
    // A stranger pays one unit in each time a tenth has passed.
    9u64.do!(|_| {
        w.pass(7_000);
        w.add_rewards<DOLLAR>(1);
    });
    w.pass(8_000);
    assert!(w.claim_own<DOLLAR>() >= 699_900);
    w.end();
}

#[test]
fun without_stakers_the_stream_stands_still() {
    let mut w = world::bare();
    w.retire();
    destroy(w.unstake_own(SHARES));
    w.add_rewards<DOLLAR>(7_000);
    w.pass(90_000);
    let mut position = w.stake(STAKE);
    assert_eq!(w.claim<DOLLAR>(&mut position), 0);
    w.pass(70_000);
    assert!(w.claim<DOLLAR>(&mut position) >= 6_999);
    destroy(position);
    w.end();
}

#[test]
fun a_coin_that_never_came_pays_nothing() {
    let mut w = world::bare();
    assert_eq!(w.claim_own<DOLLAR>(), 0);
    assert_eq!(w.pool().rewards<DOLLAR>(), 0);
    w.end();
}

// === Strangers ===

/// Calls a function of the pool with a position of another one.
fun intrude(call: u8) {
    let mut w = world::bare();
    let (node, cap, mut position) = w.other_node(STAKE);
    if (call == 0) destroy(w.unstake(&mut position, 1))
    else if (call == 1) { w.claim<DOLLAR>(&mut position); }
    else if (call == 2) { w.pool().value(&position); };
    position.destroy(w.pool());
    destroy(node);
    destroy(cap);
    w.end();
}

#[test, expected_failure(abort_code = stake::EWrongPosition)]
fun another_pools_position_unstakes_nothing() { intrude(0); }

#[test, expected_failure(abort_code = stake::EWrongPosition)]
fun another_pools_position_claims_nothing() { intrude(1); }

#[test, expected_failure(abort_code = stake::EWrongPosition)]
fun another_pools_position_is_worth_nothing() { intrude(2); }

#[test, expected_failure(abort_code = stake::EWrongPosition)]
fun another_pools_position_is_not_deleted() { intrude(3); }

#[test, expected_failure(abort_code = stake::EWrongPosition)]
fun another_pools_ticket_withdraws_nothing() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let ticket = w.unstake(&mut position, 1_000_000);
    let (node, cap, other) = w.other_node(STAKE);
    let mut pool = w.take<stake::Pool>();
    w.withdraw_stake_at(&mut pool, ticket);
    destroy(pool);
    destroy(node);
    destroy(cap);
    destroy(other);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun the_live_time_of_another_network_unbonds_nothing() {
    let mut w = world::bare();
    let mut position = w.stake(1_000);
    let ticket = w.unstake(&mut position, 1_000_000);
    let (network, admin, pause, live_time) = w.other_network(true);
    w.withdraw_stake_by(ticket, &live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(position);
    w.end();
}

#[test]
fun an_old_pool_lets_everybody_out() {
    let mut w = world::bare();
    w.retire();
    w.pool_mut().set_version_for_testing(version::current() - 1);
    let ticket = w.unstake_own(SHARES);
    w.pass(201_000);
    assert_eq!(w.withdraw_stake(ticket), STAKE);
    w.end();
}

#[test, expected_failure(abort_code = version::ENotCurrent)]
fun an_old_pool_takes_no_stake() {
    let mut w = world::bare();
    w.pool_mut().set_version_for_testing(version::current() - 1);
    destroy(w.stake(1));
    w.end();
}
