//! What happens to objects.

use std::sync::Arc;

use atoma_ledger::{OwnerKind, Refusal};
use sui_sdk_types::{
    Address, CommandArgumentError, ExecutionError, IdOperation, Input, Object, ObjectIn, ObjectOut,
    Owner, SharedInput, TypeTag, UnchangedConsensusKind,
};

use crate::harness::{
    Program, container, counter, effects, failed, machinery, owned_counter, owned_of_type,
    succeeded,
};

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
fn objects_are_limited_in_size_and_number() {
    let (mut world, package) = machinery();
    let alice = world.alice.address;
    let mut blobs = |sizes: &[u64]| {
        let mut program = Program::new();
        for size in sizes {
            let size = program.pure(size);
            let blob = program.call(package, "container::blob", vec![size]);
            program.transfer(vec![blob], alice);
        }
        world.alice(program)
    };
    // Contents: 32 bytes of id, 3 of length, the bytes.
    let largest = 250 * 1024 - 35;
    succeeded(&blobs(&[largest]));
    assert_eq!(
        *failed(&blobs(&[largest + 1])),
        ExecutionError::ObjectTooBig {
            object_size: 256_001,
            max_object_size: 256_000
        }
    );
}

#[test]
fn child_objects_and_new_ids_are_limited() {
    let (mut world, package) = machinery();
    let container = container(&mut world, package);
    let mut add = |from: u64, count: u64| {
        let mut program = Program::new();
        let object = program.owned(world.reference(&container));
        let (from, count) = (program.pure(&from), program.pure(&count));
        program.call(package, "container::add_many", vec![object, from, count]);
        world.alice(program)
    };
    succeeded(&add(0, 1_000));
    assert!(
        add(5_000, 1_001)
            .failure
            .is_some_and(|reason| reason.contains("limit"))
    );
    let mut create = |count: u64| {
        let mut program = Program::new();
        let (count, recipient) = (program.pure(&count), program.pure(&world.bob.address));
        program.call(package, "container::create_many", vec![count, recipient]);
        world.alice(program)
    };
    assert!(
        create(2_049)
            .failure
            .is_some_and(|reason| reason.contains("limit"))
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

#[test]
fn a_party_owns_through_consensus() {
    let (mut world, package) = machinery();
    let counter = owned_counter(&mut world, package);
    let tag: TypeTag = format!("{package}::counter::Counter")
        .parse()
        .expect("a type");
    let bob = world.bob.address;
    let mut program = Program::new();
    let object = program.owned(world.reference(&counter));
    let owner = program.pure(&bob);
    let party = program.call(Address::TWO, "party::single_owner", vec![owner]);
    program.call_with(
        Address::TWO,
        "transfer::public_party_transfer",
        vec![tag],
        vec![object, party],
    );
    let executed = world.alice(program);
    succeeded(&executed);
    let start_version = effects(&executed).lamport_version;
    assert_eq!(
        *world.object(&counter).owner(),
        Owner::ConsensusAddress {
            start_version,
            owner: bob
        }
    );
    let input = || Input::Shared(SharedInput::new(counter, start_version, true));
    let mut program = Program::new();
    let argument = program.input(input());
    program.call(package, "counter::increment", vec![argument]);
    let stranger = program.clone();
    succeeded(&world.bob(program));
    assert_eq!(world.number_in(&counter), 1);
    assert!(matches!(world.refusal(stranger), Refusal::NotOwner { .. }));
    let mut program = Program::new();
    let argument = program.input(input());
    program.transfer(vec![argument], world.alice.address);
    succeeded(&world.bob(program));
    assert_eq!(
        *world.object(&counter).owner(),
        Owner::Address(world.alice.address)
    );
}
