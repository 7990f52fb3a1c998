//! Random interleavings of honest and hostile calls on one channel, each held against the model in
//! `atoma_contracts_tests::channel`.
//!
//! `ATOMA_TEST_SEED=N` draws other interleavings; a failure prints the seed and the shortest sequence that
//! still fails.

mod figures;
mod steps;
mod world;

use std::{cell::RefCell, collections::BTreeMap};

use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use tokio::runtime;

use steps::step;
use world::World;

use crate::market::Market;

/// Interleavings of one run.
const CASES: u32 = 300;
/// Most steps of one interleaving.
const MAX_STEPS: usize = 24;
/// Seed where none is given.
const DEFAULT_SEED: u64 = 1;
/// Outcomes without which the run has not tried what it is for.
const EXPECTED: [&str; 31] = [
    "settle: ok",
    "settle: ChannelBadVoucher",
    "settle: ChannelBadStatement",
    "settle: ChannelGradeMissing",
    "settle: NodeUnknownEpoch",
    "settle, closed: ok",
    "top up: ok",
    "top up: ChannelNotOpen",
    "request close: ok",
    "request close: ChannelNotOpen",
    "request close: ChannelWrongCap",
    "request close, expired: ChannelNotExpired",
    "close: ok",
    "close: NodeWrongCap",
    "finalize: ok",
    "finalize: ChannelNotClosing",
    "finalize: ChannelGraceNotOver",
    "claim routing: ok",
    "claim routing: ChannelNotRouter",
    "fold: ok",
    "fold: ChannelNoLane",
    "fold: NodeWrongCap",
    "redirect: ok",
    "redirect: ChannelWrongCap",
    "reap: ok",
    "reap: ChannelNotClosed",
    "reap: ChannelWrongCap",
    "mature: ok",
    "withdraw: ok",
    "withdraw: NodeWrongCap",
    "sweep: ok",
];

/// How often each outcome was seen.
pub(crate) type Tally = BTreeMap<String, u32>;

fn seed() -> u64 {
    std::env::var("ATOMA_TEST_SEED").map_or(DEFAULT_SEED, |text| text.parse().unwrap())
}

#[test]
fn no_interleaving_breaks_the_channel() {
    let seed = seed();
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let (market, stranger) = runtime.block_on(async {
        let market = Market::start().await;
        for epoch in 1..world::GRADED {
            market.graded_epoch(epoch).await;
        }
        market.post_epoch(world::GRADED).await;
        let stranger = world::Stranger::settle_in(&market).await;
        (market, stranger)
    });

    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let config = Config {
        cases: CASES,
        failure_persistence: None,
        ..Config::default()
    };
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let tally = RefCell::new(Tally::new());
    let result = TestRunner::new_with_rng(config, rng).run(&vec(step(), 1..=MAX_STEPS), |steps| {
        runtime.block_on(async {
            let mut world = World::new(&market, &stranger).await;
            for step in &steps {
                world.take(step).await?;
                if world.is_over() {
                    break;
                }
            }
            world.wind_up().await?;
            for (outcome, count) in world.tally {
                *tally.borrow_mut().entry(outcome).or_default() += count;
            }
            Ok(())
        })
    });
    if let Err(failure) = result {
        panic!("ATOMA_TEST_SEED={seed}: {failure}");
    }
    let tally = tally.into_inner();
    println!(
        "seed {seed}, {} calls: {tally:#?}",
        tally.values().sum::<u32>()
    );
    for outcome in EXPECTED {
        assert!(
            tally.contains_key(outcome),
            "seed {seed} never saw {outcome:?}"
        );
    }
}
