//! Checkpoints, the clock and going back in time.

use std::sync::Arc;

use atoma_ledger::{LedgerError, MemoryStore};
use sui_crypto::bls12381::ValidatorCommitteeSignatureVerifier;
use sui_sdk_types::{Address, Argument, TransactionKind};

use crate::harness::{Program, START_MS, World, config, open, succeeded};

fn pay_bob(world: &mut World) -> atoma_ledger::Executed {
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], world.bob.address);
    let executed = world.alice(program);
    succeeded(&executed);
    executed
}

#[test]
fn the_genesis_is_checkpoint_zero_and_names_the_chain() {
    let world = World::new();
    let genesis = world
        .ledger
        .checkpoint(0)
        .expect("the store works")
        .expect("sealed");
    assert_eq!(genesis.digest(), world.ledger.chain_id());
    assert_eq!(genesis.summary.checkpoint.timestamp_ms, START_MS);
    assert_eq!(genesis.transactions().count(), 1);
    let digest = *genesis.transactions().next().expect("one transaction");
    let executed = world
        .ledger
        .transaction(&digest)
        .expect("the store works")
        .expect("executed");
    assert!(matches!(
        executed.transaction.transaction.kind,
        TransactionKind::Genesis(_)
    ));
    assert_eq!(executed.transaction.transaction.digest(), digest);
    for id in ["0x1", "0x2", "0x6", "0x8", "0xc", "0x403"] {
        let object = world.object(&Address::from_hex(id).expect("an address"));
        assert_eq!(object.version(), 1, "{id}");
        assert_eq!(object.previous_transaction(), digest, "{id}");
    }
    // Another run of the same configuration is the same chain.
    assert_eq!(World::new().ledger.chain_id(), world.ledger.chain_id());
    let mut other = config();
    other.chain_seed = [8; 32];
    let other = atoma_ledger::Ledger::new(other, Arc::new(MemoryStore::new())).expect("a chain");
    assert_ne!(other.chain_id(), world.ledger.chain_id());
}

#[test]
fn checkpoints_are_chained_and_signed() {
    let mut world = World::new();
    let first = pay_bob(&mut world);
    let second = pay_bob(&mut world);
    assert_eq!(world.ledger.pending_transactions(), 2);
    world.ledger.advance_clock(500).expect("time moves forward");
    let checkpoint = world.ledger.seal_checkpoint().expect("the store works");
    assert_eq!(world.ledger.pending_transactions(), 0);

    let summary = &checkpoint.summary.checkpoint;
    assert_eq!(summary.sequence_number, 1);
    assert_eq!(summary.previous_digest, Some(world.ledger.chain_id()));
    assert_eq!(summary.timestamp_ms, START_MS + 500);
    assert_eq!(summary.network_total_transactions, 4);
    assert_eq!(summary.content_digest, checkpoint.contents.digest());
    let digests: Vec<_> = checkpoint.transactions().copied().collect();
    assert_eq!(digests[..2], [first.digest, second.digest]);
    ValidatorCommitteeSignatureVerifier::new(world.ledger.committee())
        .expect("a committee of one")
        .verify_checkpoint_summary(summary, &checkpoint.summary.signature)
        .expect("signed by all the voting power");

    let stored = world
        .ledger
        .transaction(&first.digest)
        .expect("the store works");
    let stored = stored.expect("executed");
    assert_eq!(stored.checkpoint, Some(1));
    assert_eq!(stored.input_objects, first.input_objects);
    assert_eq!(stored.output_objects, first.output_objects);
    assert_eq!(stored.effects, first.effects);
    let by_digest = world.ledger.checkpoint_by_digest(&checkpoint.digest());
    assert_eq!(
        by_digest.expect("the store works"),
        Some(checkpoint.clone())
    );
    assert_eq!(
        world.ledger.latest_checkpoint().expect("the store works"),
        checkpoint
    );
    let empty = world.ledger.seal_checkpoint().expect("the store works");
    assert_eq!(empty.transactions().count(), 0);
}

#[test]
fn the_clock_never_runs_backwards() {
    let mut world = World::new();
    world
        .ledger
        .set_time(START_MS + 10)
        .expect("time moves forward");
    let result = world.ledger.set_time(START_MS + 9);
    assert!(matches!(result, Err(LedgerError::ClockBackwards { .. })));
    assert_eq!(world.ledger.clock_ms(), START_MS + 10);
    assert_eq!(world.number_in(&Address::from_static("0x6")), START_MS + 10);
    // The same time twice makes two transactions.
    let left = world.ledger.set_time(START_MS + 10).expect("time stands");
    let right = world.ledger.set_time(START_MS + 10).expect("time stands");
    assert_ne!(left.digest, right.digest);
}

#[test]
fn a_snapshot_brings_everything_back() {
    let mut world = World::new();
    pay_bob(&mut world);
    let checkpoint = world.ledger.seal_checkpoint().expect("the store works");
    let snapshot = world.ledger.snapshot().expect("the store works");
    let balances = (
        world.balance(&world.alice.address),
        world.balance(&world.bob.address),
    );
    let coins = world.coins(&world.alice.address);

    world.publish("machinery");
    let later = pay_bob(&mut world);
    world.ledger.advance_clock(99).expect("time moves forward");
    world.ledger.seal_checkpoint().expect("the store works");
    world.ledger.restore(&snapshot).expect("the same chain");

    assert_eq!(
        world.ledger.latest_checkpoint().expect("the store works"),
        checkpoint
    );
    assert_eq!(world.ledger.clock_ms(), START_MS);
    assert_eq!(
        (
            world.balance(&world.alice.address),
            world.balance(&world.bob.address)
        ),
        balances
    );
    assert_eq!(world.coins(&world.alice.address), coins);
    assert_eq!(
        world
            .ledger
            .transaction(&later.digest)
            .expect("the store works"),
        None
    );
    pay_bob(&mut world);

    let mut other = config();
    other.chain_seed = [9; 32];
    let store = Arc::new(MemoryStore::new());
    let mut other = atoma_ledger::Ledger::new(other, store).expect("a chain");
    assert!(matches!(
        other.restore(&snapshot),
        Err(LedgerError::OtherGenesis { .. })
    ));
}

#[test]
fn one_seed_and_one_history_make_one_chain() {
    let run = || {
        let mut world = open(Arc::new(MemoryStore::new()));
        world.publish("machinery");
        pay_bob(&mut world);
        world.ledger.advance_clock(10).expect("time moves forward");
        world.ledger.seal_checkpoint().expect("the store works")
    };
    assert_eq!(run(), run());
}

#[test]
fn old_history_is_forgotten_on_request() {
    let mut config = config();
    config.retained_checkpoints = Some(3);
    let store = Arc::new(MemoryStore::new());
    let mut world = open(Arc::new(MemoryStore::new()));
    world.ledger = atoma_ledger::Ledger::new(config, Arc::clone(&store) as _).expect("a chain");
    let mut payments = Vec::new();
    let mut sizes = Vec::new();
    for round in 0..12 {
        payments.push(pay_bob(&mut world));
        world.ledger.advance_clock(1).expect("time moves forward");
        world.ledger.seal_checkpoint().expect("the store works");
        if round >= 6 {
            sizes.push(entries(&store));
        }
    }
    let last = world
        .ledger
        .latest_checkpoint()
        .expect("the store works")
        .sequence_number();
    assert_eq!(last, 12);
    assert_eq!(
        world.ledger.lowest_checkpoint().expect("the store works"),
        10
    );
    assert!(
        world
            .ledger
            .checkpoint(0)
            .expect("the store works")
            .is_some()
    );
    assert!(
        world
            .ledger
            .checkpoint(9)
            .expect("the store works")
            .is_none()
    );
    let known = |executed: &atoma_ledger::Executed| {
        let found = world.ledger.transaction(&executed.digest);
        found.expect("the store works").is_some()
    };
    assert_eq!(
        payments.iter().filter(|executed| known(executed)).count(),
        3
    );
    // Every round leaves one more coin to bob, and nothing else.
    let growth: Vec<usize> = sizes.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(
        growth.iter().all(|more| *more == growth[0] && *more <= 3),
        "{growth:?}"
    );
    // All that lives is still there.
    assert_eq!(world.coins(&world.bob.address).len(), 4 + 12);
    pay_bob(&mut world);
}

fn entries(store: &MemoryStore) -> usize {
    use atoma_ledger::{Range, Store, Table};
    let count = |table| {
        store
            .scan(table, Range::prefix(&[], 10_000))
            .expect("works")
            .len()
    };
    Table::ALL.into_iter().map(count).sum()
}
