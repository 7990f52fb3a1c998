#[test_only]
module usd::usd_tests;

use std::unit_test::assert_eq;
use sui::test_scenario::{Self, Scenario};
use usd::usd::{Self, Faucet};

fun begin(): (Scenario, Faucet) {
    let mut scenario = test_scenario::begin(@0x1);
    usd::init_for_testing(scenario.ctx());
    scenario.next_tx(@0xBAD);
    let faucet = scenario.take_shared<Faucet>();
    (scenario, faucet)
}

#[test]
fun anybody_mints_up_to_the_cap_a_call() {
    let (mut scenario, mut faucet) = begin();
    let coin = faucet.mint(usd::max_mint(), scenario.ctx());
    assert_eq!(coin.burn_for_testing(), 1_000_000_000_000);
    let coin = faucet.mint(1, scenario.ctx());
    assert_eq!(coin.burn_for_testing(), 1);
    assert_eq!(faucet.total_supply(), 1_000_000_000_001);
    test_scenario::return_shared(faucet);
    scenario.end();
}

#[test, expected_failure(abort_code = usd::EMintTooLarge)]
fun nobody_mints_more_in_one_call() {
    let (mut scenario, mut faucet) = begin();
    faucet.mint(usd::max_mint() + 1, scenario.ctx()).burn_for_testing();
    test_scenario::return_shared(faucet);
    scenario.end();
}
