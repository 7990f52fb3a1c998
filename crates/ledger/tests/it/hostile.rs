//! Bytes and transactions made to hurt: errors, never panics.

use std::sync::{LazyLock, Mutex};

use atoma_ledger::{Checks, decode_transaction};
use proptest::prelude::*;
use sui_sdk_types::{
    Address, Argument, Command, Digest, Identifier, Input, MakeMoveVector, MergeCoins, MoveCall,
    Mutability, ObjectReference, Publish, SharedInput, SplitCoins, Transaction, TransferObjects,
    TypeTag, Upgrade,
};

use crate::harness::{Program, World, modules};

/// One world for all cases: each is a chain of its own work.
static WORLD: LazyLock<Mutex<(World, Address)>> = LazyLock::new(|| {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    Mutex::new((world, package))
});

fn good() -> Vec<u8> {
    let world = WORLD.lock().expect("no case panics");
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], world.0.bob.address);
    let transaction = world.0.transaction(&world.0.alice.address, program);
    bcs::to_bytes(&transaction).expect("encodes")
}

fn arguments() -> impl Strategy<Value = Argument> {
    prop_oneof![
        Just(Argument::Gas),
        (0u16..6).prop_map(Argument::Input),
        (0u16..6).prop_map(Argument::Result),
        (0u16..6, 0u16..3).prop_map(|(index, sub)| Argument::NestedResult(index, sub)),
        any::<u16>().prop_map(Argument::Input),
    ]
}

fn many_arguments() -> impl Strategy<Value = Vec<Argument>> {
    proptest::collection::vec(arguments(), 0..4)
}

const CALLS: [(&str, &str); 12] = [
    ("counter", "new"),
    ("counter", "create"),
    ("counter", "increment"),
    ("counter", "delete"),
    ("counter", "share"),
    ("counter", "add_twice"),
    ("container", "new"),
    ("container", "wrap"),
    ("container", "unwrap"),
    ("loan", "borrow"),
    ("loan", "repay"),
    ("pure", "sum"),
];

fn types() -> impl Strategy<Value = TypeTag> {
    let leaf = prop_oneof![
        Just(TypeTag::U64),
        Just(TypeTag::Signer),
        Just("0x2::sui::SUI".parse().expect("a type")),
        Just("0x2::no::Such".parse().expect("a type")),
        Just("0x6::clock::Clock".parse().expect("a type")),
    ];
    leaf.prop_recursive(20, 40, 2, |inner| {
        inner.prop_map(|tag| TypeTag::Vector(Box::new(tag)))
    })
}

fn commands(package: Address) -> impl Strategy<Value = Command> {
    prop_oneof![
        4 => (0..CALLS.len(), many_arguments(), proptest::collection::vec(types(), 0..2)).prop_map(
            move |(index, arguments, type_arguments)| Command::MoveCall(MoveCall {
                package,
                module: Identifier::new(CALLS[index].0).expect("identifier"),
                function: Identifier::new(CALLS[index].1).expect("identifier"),
                type_arguments,
                arguments,
            })
        ),
        1 => (many_arguments(), arguments()).prop_map(|(objects, address)| {
            Command::TransferObjects(TransferObjects { objects, address })
        }),
        1 => (arguments(), many_arguments())
            .prop_map(|(coin, amounts)| Command::SplitCoins(SplitCoins { coin, amounts })),
        1 => (arguments(), many_arguments()).prop_map(|(coin, coins_to_merge)| {
            Command::MergeCoins(MergeCoins { coin, coins_to_merge })
        }),
        1 => (proptest::option::of(types()), many_arguments()).prop_map(|(type_, elements)| {
            Command::MakeMoveVector(MakeMoveVector { type_, elements })
        }),
        1 => proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..64), 0..3).prop_map(
            |modules| Command::Publish(Publish { modules, dependencies: vec![Address::TWO] })
        ),
        1 => arguments().prop_map(move |ticket| Command::Upgrade(Upgrade {
            modules: vec![vec![0xa1]],
            dependencies: vec![],
            package,
            ticket,
        })),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn random_bytes_are_no_transaction(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        if let Ok(transaction) = decode_transaction(&bytes) {
            let world = WORLD.lock().expect("no case panics");
            let _ = world.0.ledger.simulate(&transaction, Checks::On);
        }
    }

    #[test]
    fn damaged_transactions_do_not_panic(
        cut in any::<prop::sample::Index>(),
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let bytes = good();
        prop_assert!(decode_transaction(&bytes[..cut.index(bytes.len())]).is_err());
        let mut damaged = bytes;
        let place = place.index(damaged.len());
        damaged[place] = byte;
        if let Ok(transaction) = decode_transaction(&damaged) {
            let mut world = WORLD.lock().expect("no case panics");
            for checks in [Checks::On, Checks::Off] {
                let _ = world.0.ledger.simulate(&transaction, checks);
            }
            let signature = world.0.alice.sign(&transaction);
            let _ = world.0.ledger.execute(&transaction, &[signature]);
        }
    }

    #[test]
    fn absurd_programs_do_not_panic(
        commands in {
            let package = WORLD.lock().expect("no case panics").1;
            proptest::collection::vec(commands(package), 1..6)
        },
        pure in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..40), 0..3),
        object in any::<[u8; 32]>(),
    ) {
        let mut world = WORLD.lock().expect("no case panics");
        let mut program = Program::new();
        for bytes in pure {
            program.input(Input::Pure(bytes));
        }
        program.pure(&7u64);
        let clock = SharedInput::new(Address::from_static("0x6"), 1, Mutability::Immutable);
        program.input(Input::Shared(clock));
        let mut absent = program.clone();
        absent.input(Input::ImmutableOrOwned(ObjectReference::new(
            Address::new(object),
            u64::MAX,
            Digest::ZERO,
        )));
        program.transaction.commands = commands.clone();
        absent.transaction.commands = commands;
        let alice = world.0.alice.address;
        let total = supply(&world.0);
        for program in [program, absent] {
            let transaction = world.0.transaction(&alice, program);
            for checks in [Checks::On, Checks::Off] {
                let _ = world.0.ledger.simulate(&transaction, checks);
            }
            let signature = world.0.alice.sign(&transaction);
            if let Ok(executed) = world.0.ledger.execute(&transaction, &[signature]) {
                // Whatever happened, the signer paid what the effects say and nothing else.
                let gas = executed.effects.gas_summary().clone();
                let net = i128::from(gas.computation_cost) + i128::from(gas.storage_cost)
                    - i128::from(gas.storage_rebate);
                let changed: i128 = executed.balance_changes.iter().map(|change| change.amount).sum();
                prop_assert_eq!(changed, -net);
            }
        }
        prop_assert!(supply(&world.0) <= total);
    }

    #[test]
    fn damaged_modules_are_not_published(
        module in 0usize..5,
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let world = WORLD.lock().expect("no case panics");
        let mut modules = modules("machinery");
        let place = place.index(modules[module].len());
        modules[module][place] ^= byte;
        let mut program = Program::new();
        let cap = program.push(Command::Publish(Publish {
            modules,
            dependencies: vec![Address::from_static("0x1"), Address::TWO],
        }));
        program.transfer(vec![cap], world.0.alice.address);
        let transaction: Transaction = world.0.transaction(&world.0.alice.address, program);
        let _ = world.0.ledger.simulate(&transaction, Checks::On);
    }
}

/// SUI that alice and bob hold together.
fn supply(world: &World) -> u64 {
    world.balance(&world.alice.address) + world.balance(&world.bob.address)
}
