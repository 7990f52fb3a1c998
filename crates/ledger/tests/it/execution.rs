//! What transactions do.

use std::sync::Arc;

use atoma_ledger::OwnerKind;
use sui_sdk_types::{
    Address, Argument, Command, CommandArgumentError, ExecutionError, IdOperation, Input,
    MakeMoveVector, Object, ObjectIn, ObjectOut, Owner, TypeArgumentError, TypeTag,
    UnchangedConsensusKind,
};

use crate::harness::{Program, START_MS, World, effects, failed, owned_of_type, succeeded};

fn machinery() -> (World, Address) {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    (world, package)
}

/// A shared counter; its id.
fn counter(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    program.call(package, "counter::create", vec![]);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Counter")
}

/// A counter that alice owns; its id.
fn owned_counter(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    let counter = program.call(package, "counter::new", vec![]);
    program.transfer(vec![counter], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Counter")
}

fn container(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    let container = program.call(package, "container::new", vec![]);
    program.transfer(vec![container], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Container")
}

#[test]
fn coins_are_split_merged_and_sent() {
    let mut world = World::new();
    let (alice, bob) = (world.alice.address, world.bob.address);
    let before = (world.balance(&alice), world.balance(&bob));
    let mut program = Program::new();
    let parts = program.split(Argument::Gas, &[5, 7, 11]);
    program.merge(
        parts.nested(0).expect("a result"),
        vec![parts.nested(1).expect("a result")],
    );
    program.transfer(vec![parts.nested(0).expect("a result")], bob);
    program.transfer(vec![parts.nested(2).expect("a result")], alice);
    let executed = world.alice(program);
    succeeded(&executed);

    assert_eq!(world.balance(&bob), before.1 + 12);
    let gas = &effects(&executed).gas_used;
    let charged = gas.computation_cost + gas.storage_cost - gas.storage_rebate;
    assert_eq!(world.balance(&alice), before.0 - 12 - charged);
    assert_eq!(
        gas.computation_cost % (1_000 * world.ledger.reference_gas_price()),
        0
    );
    // Three coins of SUI at Sui's price: the gas coin and two new ones.
    assert_eq!(gas.storage_cost, 3 * 988_000);

    let change = |address| {
        let changes = executed.balance_changes.iter();
        changes
            .filter(|change| change.address == address)
            .map(|change| change.amount)
            .sum::<i128>()
    };
    assert_eq!(change(bob), 12);
    assert_eq!(change(alice), -12 - i128::from(charged));
    // The merged coin never existed outside of the transaction.
    let created = |operation| {
        let changed = effects(&executed).changed_objects.iter();
        changed
            .filter(|changed| changed.id_operation == operation)
            .count()
    };
    assert_eq!(
        (created(IdOperation::Created), created(IdOperation::Deleted)),
        (2, 0)
    );
}

#[test]
fn gas_coins_are_merged_into_the_first() {
    let mut world = World::new();
    let alice = world.alice.address;
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], alice);
    let mut transaction = world.transaction(&alice, program);
    transaction.gas_payment.objects = world.coins(&alice);
    let before = world.balance(&alice);
    let signature = world.alice.sign(&transaction);
    let executed = world
        .ledger
        .execute(&transaction, &[signature])
        .expect("not refused");
    succeeded(&executed);

    assert_eq!(world.coins(&alice).len(), 2);
    let gas = &effects(&executed).gas_used;
    let charged = gas.computation_cost + gas.storage_cost;
    assert_eq!(world.balance(&alice), before + gas.storage_rebate - charged);
    let first = *transaction.gas_payment.objects[0].object_id();
    let index = effects(&executed).gas_object_index.expect("gas was paid");
    let index = usize::try_from(index).expect("small");
    assert_eq!(effects(&executed).changed_objects[index].object_id, first);
}

#[test]
fn the_gas_coin_may_be_sent_but_not_otherwise_taken() {
    let mut world = World::new();
    let bob = world.bob.address;
    let before = world.balance(&bob);
    let mut program = Program::new();
    program.transfer(vec![Argument::Gas], bob);
    let executed = world.alice(program);
    succeeded(&executed);
    assert!(world.balance(&bob) > before);

    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.merge(coin, vec![Argument::Gas]);
    let executed = world.alice(program);
    assert_eq!(
        *failed(&executed),
        ExecutionError::CommandArgumentError {
            argument: 1,
            kind: CommandArgumentError::InvalidGasCoinUsage
        }
    );
}

#[test]
fn a_budget_is_not_spendable() {
    let mut world = World::new();
    let alice = world.alice.address;
    let gas = world.coins(&alice)[0].clone();
    let whole = world.number_in(gas.object_id());
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[whole - crate::harness::BUDGET + 1]);
    program.transfer(vec![coin], alice);
    let executed = world.alice(program);
    assert_eq!(*failed(&executed), ExecutionError::InsufficientCoinBalance);
}

#[test]
fn shared_objects_are_written_and_read() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let Owner::Shared(initial) = *world.object(&counter).owner() else {
        panic!("not shared")
    };
    assert_eq!(initial, world.object(&counter).version());

    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::increment", vec![argument]);
    program.call(package, "counter::increment", vec![argument]);
    let executed = world.bob(program);
    succeeded(&executed);
    assert_eq!(world.number_in(&counter), 2);
    assert_eq!(*world.object(&counter).owner(), Owner::Shared(initial));
    let effects_v2 = effects(&executed);
    assert_eq!(world.object(&counter).version(), effects_v2.lamport_version);
    assert_eq!(
        world.object(&counter).previous_transaction(),
        executed.digest
    );
    let events = executed.events.clone().expect("two events");
    assert_eq!(events.0.len(), 2);
    assert_eq!(events.0[1].package_id, package);
    assert_eq!(events.0[1].contents[32..], 2u64.to_le_bytes());
    assert_eq!(effects_v2.events_digest, Some(events.digest()));

    let before = world.object(&counter);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, false);
    program.call(package, "counter::value", vec![argument]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(world.object(&counter), before);
    let unchanged = &effects(&executed).unchanged_consensus_objects;
    assert_eq!(
        unchanged[0].kind,
        UnchangedConsensusKind::ReadOnlyRoot {
            version: before.version(),
            digest: before.digest()
        }
    );

    let mut program = Program::new();
    let argument = program.shared(&world, &counter, false);
    program.call(package, "counter::increment", vec![argument]);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::CommandArgumentError {
            argument: 0,
            kind: CommandArgumentError::InvalidObjectByMutRef
        }
    );
}

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
fn only_objects_with_store_are_transferred() {
    let (mut world, package) = machinery();
    let alice = world.alice.address;
    let mut program = Program::new();
    let recipient = program.pure(&alice);
    program.call(package, "container::bind", vec![recipient]);
    let executed = world.alice(program);
    succeeded(&executed);
    let bound = owned_of_type(&executed, "Bound");
    let mut program = Program::new();
    let argument = program.owned(world.reference(&bound));
    program.transfer(vec![argument], world.bob.address);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::CommandArgumentError {
            argument: 0,
            kind: CommandArgumentError::InvalidTransferObject
        }
    );
}

fn states(executed: &atoma_ledger::Executed, id: &Address) -> (bool, bool, IdOperation) {
    let changed = effects(executed).changed_objects.iter();
    let changed = changed
        .clone()
        .find(|changed| changed.object_id == *id)
        .expect("changed");
    (
        matches!(changed.input_state, ObjectIn::Exist { .. }),
        matches!(changed.output_state, ObjectOut::ObjectWrite { .. }),
        changed.id_operation,
    )
}

#[test]
fn objects_are_wrapped_unwrapped_and_deleted() {
    let (mut world, package) = machinery();
    let counter = owned_counter(&mut world, package);
    let container = container(&mut world, package);

    let mut program = Program::new();
    let outer = program.owned(world.reference(&container));
    let inner = program.owned(world.reference(&counter));
    program.call(package, "container::wrap", vec![outer, inner]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        states(&executed, &counter),
        (true, false, IdOperation::None)
    );
    assert_eq!(
        world.ledger.object(&counter).expect("the store works"),
        None
    );

    let mut program = Program::new();
    let outer = program.owned(world.reference(&container));
    let inner = program.call(package, "container::unwrap", vec![outer]);
    program.transfer(vec![inner], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        states(&executed, &counter),
        (false, true, IdOperation::None)
    );

    let mut program = Program::new();
    let outer = program.owned(world.reference(&container));
    let inner = program.owned(world.reference(&counter));
    program.call(package, "container::wrap", vec![outer, inner]);
    succeeded(&world.alice(program));
    let mut program = Program::new();
    let outer = program.owned(world.reference(&container));
    let inner = program.call(package, "container::unwrap", vec![outer]);
    program.call(package, "counter::delete", vec![inner]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        states(&executed, &counter),
        (false, false, IdOperation::Deleted)
    );
}

#[test]
fn dynamic_fields_live_and_go() {
    let (mut world, package) = machinery();
    let container = container(&mut world, package);
    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let (name, value) = (program.pure(&"speed"), program.pure(&88u64));
    program.call(package, "container::add_field", vec![object, name, value]);
    let executed = world.alice(program);
    succeeded(&executed);

    let fields = world
        .ledger
        .dynamic_fields(&container, None, 10)
        .expect("the store works");
    assert_eq!(fields.items.len(), 1);
    let field = &fields.items[0];
    assert_eq!(field.name_bcs, bcs::to_bytes("speed").expect("a string"));
    assert_eq!(
        field.kind,
        atoma_ledger::DynamicFieldKind::Field(88u64.to_le_bytes().to_vec())
    );
    let expected = container.derive_dynamic_child_id(&field.name_type, &field.name_bcs);
    assert_eq!(field.field.object_id(), expected);
    assert_eq!(*field.field.owner(), Owner::Object(container));

    // Reading leaves the field alone; writing moves it to the transaction's version.
    let before = world.object(&expected);
    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let name = program.pure(&"speed");
    program.call(package, "container::get_field", vec![object, name]);
    succeeded(&world.alice(program));
    assert_eq!(world.object(&expected), before);
    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let (name, value) = (program.pure(&"speed"), program.pure(&89u64));
    program.call(package, "container::set_field", vec![object, name, value]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        world.object(&expected).version(),
        effects(&executed).lamport_version
    );

    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let name = program.pure(&"speed");
    program.call(package, "container::remove_field", vec![object, name]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        states(&executed, &expected),
        (true, false, IdOperation::Deleted)
    );
    let fields = world
        .ledger
        .dynamic_fields(&container, None, 10)
        .expect("the store works");
    assert_eq!(fields.items, vec![]);
}

#[test]
fn object_fields_keep_their_ids() {
    let (mut world, package) = machinery();
    let counter = owned_counter(&mut world, package);
    let container = container(&mut world, package);
    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let inner = program.owned(world.reference(&counter));
    let name = program.pure(&1u64);
    program.call(package, "container::add_object", vec![object, name, inner]);
    program.call(package, "container::increment_object", vec![object, name]);
    succeeded(&world.alice(program));
    assert_eq!(world.number_in(&counter), 1);
    let Owner::Object(field) = *world.object(&counter).owner() else {
        panic!("not a child")
    };
    assert_eq!(*world.object(&field).owner(), Owner::Object(container));
    let fields = world
        .ledger
        .dynamic_fields(&container, None, 10)
        .expect("the store works");
    let child = world.object(&counter);
    assert_eq!(
        fields.items[0].kind,
        atoma_ledger::DynamicFieldKind::Object(Some(child))
    );
    assert_eq!(fields.items[0].name_type, TypeTag::U64);

    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let name = program.pure(&1u64);
    let inner = program.call(package, "container::remove_object", vec![object, name]);
    program.transfer(vec![inner], world.bob.address);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        *world.object(&counter).owner(),
        Owner::Address(world.bob.address)
    );
    assert_eq!(states(&executed, &counter), (true, true, IdOperation::None));
    assert_eq!(
        states(&executed, &field),
        (true, false, IdOperation::Deleted)
    );
}

#[test]
fn objects_are_sent_to_objects_and_received() {
    let (mut world, package) = machinery();
    let counter = owned_counter(&mut world, package);
    let container = container(&mut world, package);
    let mut program = Program::new();
    let inner = program.owned(world.reference(&counter));
    program.transfer(vec![inner], container);
    succeeded(&world.alice(program));

    let page = world
        .ledger
        .owned_objects(OwnerKind::Address, &container, None, None, 10)
        .expect("the store works");
    assert_eq!(page.items[0].id, counter);
    let mut program = Program::new();
    let object = program.owned(world.reference(&container));
    let ticket = program.input(Input::Receiving(world.reference(&counter)));
    let received = program.call(package, "container::receive", vec![object, ticket]);
    program.transfer(vec![received], world.bob.address);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(states(&executed, &counter), (true, true, IdOperation::None));
    assert_eq!(
        *world.object(&counter).owner(),
        Owner::Address(world.bob.address)
    );
}

#[test]
fn shared_objects_are_deleted_but_not_taken_away() {
    let (mut world, package) = machinery();
    let shared = counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.shared(&world, &shared, true);
    program.transfer(vec![argument], world.bob.address);
    assert_eq!(
        *failed(&world.alice(program)),
        ExecutionError::ConsensusObjectOperationNotAllowed
    );

    let mut program = Program::new();
    let argument = program.shared(&world, &shared, true);
    program.call(package, "counter::delete", vec![argument]);
    let executed = world.alice(program);
    succeeded(&executed);
    assert_eq!(
        states(&executed, &shared),
        (true, false, IdOperation::Deleted)
    );

    let owned = owned_counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.owned(world.reference(&owned));
    program.call(package, "counter::share", vec![argument]);
    // Only what was created in the same transaction may be shared.
    assert!(matches!(
        failed(&world.alice(program)),
        ExecutionError::MoveAbort { code: 0, .. }
    ));
}

#[test]
fn frozen_objects_are_read_by_everybody_and_written_by_nobody() {
    let (mut world, package) = machinery();
    let container = container(&mut world, package);
    let mut program = Program::new();
    let argument = program.owned(world.reference(&container));
    program.call(package, "container::freeze_it", vec![argument]);
    succeeded(&world.alice(program));
    assert_eq!(*world.object(&container).owner(), Owner::Immutable);

    let frozen = world.object(&container);
    let mut program = Program::new();
    let argument = program.owned(world.reference(&container));
    let (name, value) = (program.pure(&"a"), program.pure(&1u64));
    program.call(package, "container::add_field", vec![argument, name, value]);
    assert_eq!(
        *failed(&world.bob(program)),
        ExecutionError::CommandArgumentError {
            argument: 0,
            kind: CommandArgumentError::InvalidObjectByMutRef
        }
    );
    assert_eq!(world.object(&container), frozen);
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

#[test]
fn a_sponsor_pays_for_gas() {
    let (mut world, package) = machinery();
    let (alice, bob) = (world.alice.address, world.bob.address);
    let mut program = Program::new();
    program.call(package, "pure::who", vec![]);
    let mut transaction = world.transaction(&alice, program);
    transaction.gas_payment.owner = bob;
    transaction.gas_payment.objects = vec![world.coins(&bob)[0].clone()];
    let before = (world.balance(&alice), world.balance(&bob));
    let signatures = [world.alice.sign(&transaction), world.bob.sign(&transaction)];
    let executed = world
        .ledger
        .execute(&transaction, &signatures)
        .expect("not refused");
    succeeded(&executed);
    assert_eq!(world.balance(&alice), before.0);
    assert!(world.balance(&bob) < before.1);
}

#[test]
fn the_same_transaction_runs_once() {
    let mut world = World::new();
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], world.bob.address);
    let transaction = world.transaction(&world.alice.address, program);
    let signature = world.alice.sign(&transaction);
    let first = world
        .ledger
        .execute(&transaction, &[signature.clone()])
        .expect("not refused");
    let count = world.ledger.transaction_count();
    let second = world
        .ledger
        .execute(&transaction, &[signature])
        .expect("not refused");
    assert_eq!(first, second);
    assert_eq!(world.ledger.transaction_count(), count);
}

#[test]
fn objects_of_a_transaction_are_those_of_its_effects() {
    let (mut world, package) = machinery();
    let counter = counter(&mut world, package);
    let mut program = Program::new();
    let argument = program.shared(&world, &counter, true);
    program.call(package, "counter::increment", vec![argument]);
    let executed = world.alice(program);
    for changed in &effects(&executed).changed_objects {
        let version = |objects: &[Arc<Object>]| {
            objects
                .iter()
                .find(|object| object.object_id() == changed.object_id)
                .cloned()
        };
        if let ObjectIn::Exist { digest, .. } = &changed.input_state {
            assert_eq!(
                version(&executed.input_objects).expect("an input").digest(),
                *digest
            );
        }
        if let ObjectOut::ObjectWrite { digest, .. } = &changed.output_state {
            assert_eq!(
                version(&executed.output_objects)
                    .expect("an output")
                    .digest(),
                *digest
            );
        }
    }
}
