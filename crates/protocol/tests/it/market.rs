//! An honest payer and an honest node over a transport that loses, repeats and reorders, while either
//! side crashes at any step and many streams run at once.

mod world;

use atoma_protocol::money::Amount;
use proptest::prelude::*;

use self::world::{Op, World};

/// Mostly the dear one.
fn model() -> impl Strategy<Value = u8> {
    prop_oneof![4 => Just(0), 1 => Just(1), 1 => Just(2)]
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        8 => (model(), 0u64..60, 0u64..400).prop_map(|(model, input, output)| Op::Open { model, input, output }),
        10 => any::<u8>().prop_map(Op::Request),
        40 => (any::<u8>(), 1u8..=4).prop_map(|(stream, tokens)| Op::Generate { stream, tokens }),
        24 => any::<u8>().prop_map(Op::Chunk),
        6 => (any::<u8>(), any::<bool>()).prop_map(|(index, again)| Op::Voucher { index, again }),
        4 => any::<u8>().prop_map(Op::LoseVoucher),
        3 => Just(Op::ResendVoucher),
        2 => any::<u8>().prop_map(Op::BreakStream),
        1 => Just(Op::CrashPayee),
        1 => Just(Op::CrashPayer),
        1 => Just(Op::CompactStores),
        2 => (0u64..2_000, any::<bool>(), any::<bool>()).prop_map(|(amount, payer, payee)| Op::TopUp { amount, payer, payee }),
        2 => Just(Op::Settle),
        2 => (0u64..40_000).prop_map(Op::Wait),
        2 => Just(Op::Recover),
        1 => Just(Op::Forgive),
        1 => any::<u8>().prop_map(Op::ForgedVoucher),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_loses_more_than_their_limit(
        ahead_limit in prop_oneof![0u64..400, 0u64..4_000],
        deposit in 0u64..20_000,
        ops in prop::collection::vec(op(), 1..120),
    ) {
        let mut world = World::new(Amount(ahead_limit));
        world.apply(Op::TopUp { amount: deposit, payer: true, payee: true });
        for op in ops {
            world.apply(op);
            world.check();
        }
        world.drain();
        world.check();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 120, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn without_losses_the_node_is_paid_for_exactly_what_it_served(
        opens in prop::collection::vec((model(), 0u64..60, 0u64..120), 1..12),
        turns in prop::collection::vec((any::<u8>(), any::<u8>(), 1u8..=4), 0..200),
    ) {
        let mut world = World::new(Amount(100_000));
        world.apply(Op::TopUp { amount: 1_000_000, payer: true, payee: true });
        for (model, input, output) in opens {
            world.apply(Op::Open { model, input, output });
        }
        for (kind, stream, tokens) in turns {
            world.apply(match kind % 4 {
                0 => Op::Request(stream),
                1 => Op::Generate { stream, tokens },
                2 => Op::Chunk(stream),
                _ => Op::Voucher { index: stream, again: kind % 8 < 4 },
            });
            world.check();
        }
        world.drain();
        world.check();
        prop_assert_eq!(world.paid(), world.served());
    }
}

#[test]
fn a_payer_that_aborts_owes_nothing_beyond_what_arrived() {
    let mut world = World::new(Amount(5_000));
    world.apply(Op::TopUp {
        amount: 100_000,
        payer: true,
        payee: true,
    });
    world.apply(Op::Open {
        model: 0,
        input: 10,
        output: 1_000,
    });
    world.apply(Op::Request(0));
    for _ in 0..40 {
        world.apply(Op::Generate {
            stream: 0,
            tokens: 4,
        });
    }
    let authorized = world.payer.authorized();
    world.apply(Op::BreakStream(0));
    world.drain();
    assert_eq!(world.payer.authorized(), authorized);
    assert_eq!(world.payer.held(), Amount::ZERO);
}
