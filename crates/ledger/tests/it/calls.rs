//! Calls of Move functions: arguments, results and failures.

use sui_sdk_types::{
    Address, Argument, Command, CommandArgumentError, ExecutionError, Input, MakeMoveVector,
    TypeArgumentError, TypeTag,
};

use crate::harness::{
    Program, START_MS, counter, effects, failed, machinery, owned_counter, succeeded,
};

#[test]
fn the_clock_is_read() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    world
        .ledger
        .advance_clock(1_234)
        .expect("time moves forward");
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    let clock = program.shared(&world, &Address::from_static("0x6"), false);
    program.call(package, "counter::set_to_clock", vec![argument, clock]);
    succeeded(&world.alice(program));
    assert_eq!(world.number_in(&counter), START_MS + 1_234);
    assert_eq!(world.ledger.clock_ms(), START_MS + 1_234);
}

#[test]
fn an_abort_tells_its_place_and_changes_only_gas() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let version = world.object(&counter).version();
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::increment", vec![argument]);
    program.call(package, "counter::assert_ten", vec![argument]);
    let executed = world.alice(program);
    let ExecutionError::MoveAbort { location, code } = failed(&executed) else {
        panic!("no abort: {:?}", executed.failure)
    };
    assert_eq!(*code, 7);
    assert_eq!(
        (location.package, location.module.as_str()),
        (package, "counter")
    );
    assert_eq!(
        location.function_name.as_ref().expect("named").as_str(),
        "assert_ten"
    );
    assert_eq!(world.number_in(&counter), 0);
    // As on Sui, every mutable input is written again by a failed transaction.
    assert!(world.object(&counter).version() > version);
    assert_eq!(executed.events, None);
    let gas = &effects(&executed).gas_used;
    assert!(gas.computation_cost > 0);
    assert_eq!(executed.balance_changes.len(), 1);
}

#[test]
fn a_clever_error_keeps_its_raw_code() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::increment", vec![argument]);
    program.call(package, "counter::increment", vec![argument]);
    program.call(package, "counter::refuse_large", vec![argument]);
    let executed = world.alice(program);
    let ExecutionError::MoveAbort { code, .. } = failed(&executed) else {
        panic!("no abort: {:?}", executed.failure)
    };
    // Bit 63 marks a clever error; the declared code stands in bits 48 to 55.
    assert_eq!(code >> 63, 1);
    assert_eq!((code >> 48) & 0xff, 3);
}

#[test]
fn runaway_code_stops_at_the_budget() {
    let (mut world, package) = machinery();
    let before = world.balance(&world.alice.address);
    let mut program = Program::new();
    program.call(package, "counter::spin", vec![]);
    let executed = world.alice(program);
    assert_eq!(*failed(&executed), ExecutionError::InsufficientGas);
    let spent = before - world.balance(&world.alice.address);
    assert!(
        spent > 0 && spent <= crate::harness::BUDGET,
        "spent {spent}"
    );
}

#[test]
fn too_many_events_are_refused() {
    let (mut world, package) = machinery();
    for (count, works) in [(1_024u64, true), (1_025, false)] {
        let mut program = Program::new();
        let count = program.pure(&count);
        program.call(package, "counter::emit_many", vec![count]);
        let executed = world.alice(program);
        assert_eq!(executed.failure.is_none(), works, "{:?}", executed.failure);
    }
}

#[test]
fn obligations_cannot_be_left_over() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "loan::borrow", vec![argument]);
    let leftover = program.clone();
    let loan = Argument::Result(0);
    program.call(package, "loan::repay", vec![loan]);
    succeeded(&world.alice(program));
    assert_eq!(
        *failed(&world.alice(leftover)),
        ExecutionError::UnusedValueWithoutDrop {
            result: 0,
            subresult: 0
        }
    );
}

#[test]
fn objects_cannot_be_left_over_nor_used_twice() {
    let (mut world, package) = machinery();
    let mut program = Program::new();
    program.call(package, "counter::new", vec![]);
    assert!(matches!(
        failed(&world.alice(program)),
        ExecutionError::UnusedValueWithoutDrop { .. }
    ));

    let counter = owned_counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.owned(world.reference(&counter));
    program.call(package, "counter::delete", vec![argument]);
    program.call(package, "counter::value", vec![argument]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::CommandArgumentError {
            argument: 0,
            kind: CommandArgumentError::InvalidValueUsage
        }
    );

    let mut program = Program::new();
    let argument = program.owned(world.reference(&counter));
    program.call(package, "counter::add_twice", vec![argument, argument]);
    assert!(matches!(
        failed(&world.alice(program)),
        ExecutionError::CommandArgumentError {
            argument: 1,
            kind: CommandArgumentError::InvalidValueUsage
        }
    ));
}

#[test]
fn private_entry_functions_take_nothing_under_obligation() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    let by = program.pure(&5u64);
    program.call(package, "counter::private_entry", vec![argument, by]);
    succeeded(&world.alice(program));
    assert_eq!(world.number_in(&counter), 5);

    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    let by = program.pure(&5u64);
    let loan = program.call(package, "loan::borrow", vec![argument]);
    program.call(package, "counter::private_entry", vec![argument, by]);
    program.call(package, "loan::repay", vec![loan]);
    assert!(matches!(
        failed(&world.alice(program)),
        ExecutionError::CommandArgumentError {
            kind: CommandArgumentError::InvalidArgumentToPrivateEntryFunction,
            ..
        }
    ));

    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::secret", vec![argument]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::NonEntryFunctionInvoked
    );
}

#[test]
fn the_framework_keeps_what_is_reserved_to_modules() {
    let (mut world, package) = machinery();
    let counter = owned_counter(&mut world, package);
    let tag: TypeTag = format!("{package}::counter::Counter")
        .parse()
        .expect("a type");
    let mut program = Program::new();
    let argument = program.owned(world.reference(&counter));
    program.call_with(
        Address::TWO,
        "transfer::share_object",
        vec![tag],
        vec![argument],
    );
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::NonEntryFunctionInvoked
    );
}

#[test]
fn plain_arguments_are_checked_against_their_types() {
    let (mut world, package) = machinery();
    let bad = |kind| ExecutionError::CommandArgumentError { argument: 0, kind };

    let mut program = Program::new();
    let (utf8, ascii) = (program.pure(&"grün"), program.pure(&"abc"));
    program.call(package, "pure::strings", vec![utf8, ascii]);
    let left = program.pure(&Some(1u64));
    let right = program.pure(&None::<Vec<String>>);
    program.call(package, "pure::options", vec![left, right]);
    let (id, address) = (program.pure(&Address::TWO), program.pure(&Address::TWO));
    program.call(package, "pure::ids", vec![id, address]);
    succeeded(&world.alice(program));

    let mut program = Program::new();
    let broken = program.input(Input::Pure(vec![2, 0xff, 0xfe]));
    let ascii = program.pure(&"abc");
    program.call(package, "pure::strings", vec![broken, ascii]);
    assert_eq!(
        *failed(&world.alice(program)),
        bad(CommandArgumentError::InvalidBcsBytes)
    );

    let mut program = Program::new();
    let two = program.input(Input::Pure(vec![
        2, 1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0,
    ]));
    let none = program.pure(&None::<Vec<String>>);
    program.call(package, "pure::options", vec![two, none]);
    assert_eq!(
        *failed(&world.alice(program)),
        bad(CommandArgumentError::InvalidBcsBytes)
    );

    let mut program = Program::new();
    let forged = program.pure(&7u64);
    program.call(package, "pure::plain", vec![forged]);
    assert_eq!(
        *failed(&world.alice(program)),
        bad(CommandArgumentError::InvalidUsageOfPureArgument)
    );

    let mut program = Program::new();
    let number = program.pure(&7u64);
    let plain = program.call(package, "pure::make_plain", vec![number]);
    program.call(package, "pure::plain", vec![plain]);
    program.call(package, "pure::plain", vec![plain]);
    succeeded(&world.alice(program));
}

#[test]
fn calls_are_checked_against_signatures() {
    let (mut world, package) = machinery();
    let mut program = Program::new();
    program.call(package, "pure::make_plain", vec![]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::ArityMismatch
    );

    let mut program = Program::new();
    program.call(package, "pure::missing", vec![]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::FunctionNotFound
    );

    let mut program = Program::new();
    program.call(package, "pure::type_of", vec![]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::TypeArityMismatch
    );

    let mut program = Program::new();
    let tag: TypeTag = format!("{package}::pure::Missing").parse().expect("a type");
    program.call_with(package, "pure::type_of", vec![tag], vec![]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::TypeArgumentError {
            type_argument: 0,
            kind: TypeArgumentError::TypeNotFound
        }
    );

    let mut program = Program::new();
    let number = program.pure(&1u64);
    let plain = program.call(package, "pure::make_plain", vec![number]);
    program.call(package, "pure::reference", vec![plain]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::InvalidPublicFunctionReturnType { index: 0 }
    );
}

#[test]
fn vectors_are_made() {
    let (mut world, package) = machinery();
    let mut program = Program::new();
    let elements = vec![program.pure(&1u64), program.pure(&2u64)];
    let vector = program.push(Command::MakeMoveVector(MakeMoveVector {
        type_: Some(TypeTag::U64),
        elements,
    }));
    program.call(package, "pure::sum", vec![vector]);
    succeeded(&world.alice(program));

    let coin: TypeTag = "0x2::coin::Coin<0x2::sui::SUI>".parse().expect("a type");
    let sui: TypeTag = "0x2::sui::SUI".parse().expect("a type");
    let before = world.balance(&world.bob.address);
    let mut program = Program::new();
    let parts = program.split(Argument::Gas, &[3, 4]);
    let elements = (0..2).filter_map(|index| parts.nested(index)).collect();
    let vector = program.push(Command::MakeMoveVector(MakeMoveVector {
        type_: Some(coin),
        elements,
    }));
    let first = program.split(Argument::Gas, &[1]);
    program.call_with(
        Address::TWO,
        "pay::join_vec",
        vec![sui],
        vec![first, vector],
    );
    program.transfer(vec![first], world.bob.address);
    succeeded(&world.alice(program));
    assert_eq!(world.balance(&world.bob.address), before + 8);
}
