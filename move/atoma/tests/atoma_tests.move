#[test_only]
module atoma::atoma_tests;

use atoma::atoma::{Self, ATOMA};
use std::unit_test::{assert_eq, destroy};
use sui::coin::TreasuryCap;
use sui::coin_registry::MetadataCap;
use sui::test_scenario;

#[test]
fun the_publisher_gets_the_right_to_mint() {
    let mut scenario = test_scenario::begin(@0x1);
    atoma::init_for_testing(scenario.ctx());
    scenario.next_tx(@0x1);
    let mut treasury = scenario.take_from_sender<TreasuryCap<ATOMA>>();
    let metadata = scenario.take_from_sender<MetadataCap<ATOMA>>();
    let coin = treasury.mint(1_000_000_000, scenario.ctx());
    assert_eq!(treasury.total_supply(), 1_000_000_000);
    destroy(coin);
    destroy(treasury);
    destroy(metadata);
    scenario.end();
}
