//! A state folder: what it keeps, and what it refuses.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::Arc;

use atoma_ledger::{
    Batch, FjallStore, Ledger, LedgerError, MemoryStore, Range, STATE_FORMAT, Store, StoreError,
    Table,
};
use sui_sdk_types::{Address, Argument};

use crate::harness::{Program, World, config, open, owned_of_type, succeeded};

fn in_folder(folder: &std::path::Path) -> World {
    open(Arc::new(
        FjallStore::open(folder).expect("the folder opens"),
    ))
}

fn pay_bob(world: &mut World) {
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], world.bob.address);
    succeeded(&world.alice(program));
}

#[test]
fn a_ledger_resumes_where_it_was() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut world = in_folder(folder.path());
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    program.call(package, "counter::create", vec![]);
    let executed = world.alice(program);
    let counter = owned_of_type(&executed, "Counter");
    world.ledger.advance_clock(77).expect("time moves forward");
    let sealed = world.ledger.seal_checkpoint().expect("the store works");
    pay_bob(&mut world);
    let before = (
        world.ledger.chain_id(),
        world.ledger.clock_ms(),
        world.ledger.pending_transactions(),
        world.balance(&world.bob.address),
        world.object(&counter),
        world.coins(&world.alice.address),
    );
    drop(world);

    let mut world = in_folder(folder.path());
    assert_eq!(
        before,
        (
            world.ledger.chain_id(),
            world.ledger.clock_ms(),
            world.ledger.pending_transactions(),
            world.balance(&world.bob.address),
            world.object(&counter),
            world.coins(&world.alice.address),
        )
    );
    assert_eq!(
        world.ledger.latest_checkpoint().expect("the store works"),
        sealed
    );
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::increment", vec![argument]);
    succeeded(&world.alice(program));
    let next = world.ledger.seal_checkpoint().expect("the store works");
    assert_eq!(next.sequence_number(), sealed.sequence_number() + 1);
    assert_eq!(
        next.summary.checkpoint.previous_digest,
        Some(sealed.digest())
    );
    assert_eq!(next.transactions().count(), 2);
}

#[test]
fn what_was_acknowledged_survives_without_a_shutdown() {
    let folder = tempfile::tempdir().expect("a folder");
    let copy = tempfile::tempdir().expect("a folder");
    let mut world = in_folder(folder.path());
    pay_bob(&mut world);
    let balance = world.balance(&world.bob.address);
    // What the operating system has of the files now is what a killed process leaves.
    copy_folder(folder.path(), copy.path());
    let killed = in_folder(copy.path());
    assert_eq!(killed.balance(&world.bob.address), balance);
    assert_eq!(
        killed.ledger.transaction_count(),
        world.ledger.transaction_count()
    );
    assert_eq!(killed.ledger.pending_transactions(), 1);
}

/// Names the state folder to the process that is going to be killed.
const VICTIM: &str = "ATOMA_LEDGER_VICTIM";

#[test]
fn what_was_acknowledged_survives_a_kill() {
    if let Ok(folder) = std::env::var(VICTIM) {
        return pay_until_killed(std::path::Path::new(&folder));
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut victim = Command::new(std::env::current_exe().expect("this test"))
        .args([
            "--exact",
            "persistence::what_was_acknowledged_survives_a_kill",
            "--nocapture",
        ])
        .env(VICTIM, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("this test runs again");
    let output = BufReader::new(victim.stdout.take().expect("piped"));
    let mut acknowledged = Vec::new();
    for line in output.lines() {
        let line = line.expect("text");
        if let Some(digest) = line.split("paid ").nth(1) {
            acknowledged.push(digest.parse().expect("a digest"));
        }
        if acknowledged.len() == 40 {
            break;
        }
    }
    victim.kill().expect("the process runs");
    victim.wait().expect("the process ends");
    assert_eq!(acknowledged.len(), 40);

    let mut world = in_folder(folder.path());
    for digest in &acknowledged {
        let executed = world.ledger.transaction(digest).expect("the store works");
        succeeded(&executed.expect("it was acknowledged"));
    }
    // Nothing is half there: every payment that ran is counted, and the chain goes on.
    let start = 4 * 100 * atoma_ledger::MIST_PER_SUI;
    let payments = world.balance(&world.bob.address) - start;
    let checkpoints = world.ledger.latest_checkpoint().expect("the store works");
    assert!(payments >= 40);
    assert_eq!(world.ledger.transaction_count(), 1 + payments);
    assert!(checkpoints.sequence_number() >= payments / 10 - 1);
    pay_bob(&mut world);
    world.ledger.seal_checkpoint().expect("the store works");
}

#[expect(
    clippy::print_stdout,
    reason = "tells the other process what was acknowledged"
)]
fn pay_until_killed(folder: &std::path::Path) {
    let mut world = in_folder(folder);
    for round in 1..10_000 {
        let mut program = Program::new();
        let coin = program.split(Argument::Gas, &[1]);
        program.transfer(vec![coin], world.bob.address);
        let executed = world.alice(program);
        println!("paid {}", executed.digest);
        if round % 10 == 0 {
            world.ledger.seal_checkpoint().expect("the store works");
        }
    }
}

fn copy_folder(from: &std::path::Path, to: &std::path::Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), target).expect("a file");
        }
    }
}

#[test]
fn a_folder_serves_one_ledger() {
    let folder = tempfile::tempdir().expect("a folder");
    let _world = in_folder(folder.path());
    let second = FjallStore::open(folder.path());
    assert!(matches!(second, Err(StoreError::Locked(_))), "{second:?}");
}

#[test]
fn another_chain_or_format_is_refused_in_one_sentence() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    drop(open(Arc::clone(&store)));
    let mut other = config();
    other.chain_seed = [1; 32];
    let error = Ledger::new(other, Arc::clone(&store)).expect_err("another chain");
    assert!(matches!(error, LedgerError::OtherGenesis { .. }));
    assert!(
        error.to_string().contains("start with an empty state"),
        "{error}"
    );

    let mut batch = Batch::default();
    batch.put(
        Table::Meta,
        b"format".to_vec(),
        (STATE_FORMAT + 1).to_be_bytes(),
    );
    store.commit(batch).expect("the store works");
    let error = Ledger::new(config(), store).expect_err("another format");
    assert!(matches!(error, LedgerError::FormatVersion { .. }));
}

#[test]
fn limits_may_change_between_runs() {
    let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
    drop(open(Arc::clone(&store)));
    let mut config = config();
    config.limits.commands = 1;
    let ledger = Ledger::new(config, store).expect("the same chain");
    assert_eq!(ledger.limits().commands, 1);
}

#[test]
fn both_stores_scan_alike() {
    let folder = tempfile::tempdir().expect("a folder");
    let stores: [Arc<dyn Store>; 2] = [
        Arc::new(MemoryStore::new()),
        Arc::new(FjallStore::open(folder.path()).expect("the folder opens")),
    ];
    let keys: [&[u8]; 6] = [&[1], &[1, 0], &[1, 255], &[1, 255, 3], &[2], &[255, 255]];
    for store in &stores {
        let mut batch = Batch::default();
        for key in keys {
            batch.put(Table::Owned, key, key);
        }
        batch.put(Table::Owned, [9], [9]);
        batch.remove(Table::Owned, [9]);
        store.commit(batch).expect("the store works");
    }
    let prefixes: [&[u8]; 5] = [&[], &[1], &[1, 255], &[255], &[7]];
    for prefix in prefixes {
        for after in [
            None,
            Some(&[1u8, 255] as &[u8]),
            Some(&[0]),
            Some(&[255, 255, 1]),
        ] {
            for descending in [false, true] {
                for limit in [1, 100] {
                    let mut range = Range::prefix(prefix, limit).after(after);
                    range.descending = descending;
                    let scans = stores
                        .each_ref()
                        .map(|store| store.scan(Table::Owned, range.clone()).expect("works"));
                    assert_eq!(scans[0], scans[1], "{range:?}");
                    assert!(scans[0].iter().all(|(key, _)| key.starts_with(prefix)));
                }
            }
        }
    }
    let all = stores[0]
        .scan(Table::Owned, Range::prefix(&[], 100))
        .expect("works");
    assert_eq!(all.len(), keys.len());
}

#[test]
fn an_unknown_object_is_unknown() {
    let world = World::new();
    let id = Address::from_static("0x12345");
    assert_eq!(world.ledger.object(&id).expect("the store works"), None);
    assert_eq!(
        world.ledger.object_at(&id, 1).expect("the store works"),
        None
    );
}
