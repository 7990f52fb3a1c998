//! Simulation: what a transaction would do, and what functions return.

use atoma_ledger::{Checks, LedgerError, OwnerKind, Refusal};
use sui_sdk_types::{
    Address, Argument, ExecutionError, ExecutionStatus, StructTag, Transaction, TransactionEffects,
    TypeTag,
};

use crate::harness::{Program, World, owned_of_type, succeeded};

fn unpaid(world: &World, program: Program) -> Transaction {
    let mut transaction = world.transaction(&world.alice.address, program);
    transaction.gas_payment.objects.clear();
    transaction.gas_payment.budget = 0;
    transaction
}

#[test]
fn a_simulation_tells_what_an_execution_does() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    program.call(package, "counter::create", vec![]);
    let transaction = world.transaction(&world.alice.address, program);
    let count = world.ledger.transaction_count();
    let simulated = world
        .ledger
        .simulate(&transaction, Checks::On)
        .expect("not refused");
    assert_eq!(world.ledger.transaction_count(), count);
    let signature = world.alice.sign(&transaction);
    let executed = world
        .ledger
        .execute(&transaction, &[signature])
        .expect("not refused");
    succeeded(&executed);
    assert_eq!(simulated.effects, executed.effects);
    assert_eq!(simulated.output_objects, executed.output_objects);
    assert_eq!(simulated.balance_changes, executed.balance_changes);
    assert_eq!(simulated.transaction, transaction);
}

#[test]
fn a_simulation_makes_up_gas() {
    let world = World::new();
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], world.bob.address);
    let transaction = unpaid(&world, program);
    let simulated = world
        .ledger
        .simulate(&transaction, Checks::On)
        .expect("not refused");
    assert_eq!(simulated.failure, None);
    assert_eq!(simulated.transaction.gas_payment.objects.len(), 1);
    assert!(simulated.effects.gas_summary().computation_cost > 0);
}

#[test]
fn results_of_commands_are_returned() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    let number = program.pure(&41u64);
    program.call(package, "pure::bump", vec![number]);
    program.call(package, "pure::who", vec![]);
    program.call(package, "pure::make_plain", vec![number]);
    let type_argument: TypeTag = format!("vector<{package}::pure::Plain>")
        .parse()
        .expect("a type");
    program.call_with(package, "pure::type_of", vec![type_argument], vec![]);
    let transaction = unpaid(&world, program);
    for checks in [Checks::On, Checks::Off] {
        let simulated = world
            .ledger
            .simulate(&transaction, checks)
            .expect("not refused");
        assert_eq!(simulated.failure, None);
        let commands = &simulated.commands;
        assert_eq!(commands.len(), 4);
        assert_eq!(commands[0].return_values[0].bcs, 42u64.to_le_bytes());
        assert_eq!(commands[0].mutated[0].argument, Argument::Input(0));
        assert_eq!(commands[0].mutated[0].value.bcs, 42u64.to_le_bytes());
        let who = &commands[1].return_values;
        assert_eq!(who[0].bcs, world.alice.address.into_inner());
        assert_eq!(who[1].bcs, [0], "no sponsor");
        assert_eq!(commands[2].return_values[0].bcs, 42u64.to_le_bytes());
        let plain = format!("{package}::pure::Plain").parse().expect("a type");
        assert_eq!(commands[2].return_values[0].type_tag, plain);
        let name: String = bcs::from_bytes(&commands[3].return_values[0].bcs).expect("a string");
        assert!(
            name.starts_with("vector<") && name.ends_with("::pure::Plain>"),
            "{name}"
        );
    }
}

#[test]
fn without_checks_private_functions_and_foreign_objects_are_seen() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    let counter = program.call(package, "counter::new", vec![]);
    program.transfer(vec![counter], world.bob.address);
    let executed = world.alice(program);
    let counter = owned_of_type(&executed, "Counter");
    let mut program = Program::new();
    let argument = program.owned(world.reference(&counter));
    program.call(package, "counter::secret", vec![argument]);
    program.call(package, "counter::new", vec![]);
    let transaction = unpaid(&world, program);
    let simulated = world
        .ledger
        .simulate(&transaction, Checks::Off)
        .expect("not refused");
    assert_eq!(simulated.failure, None);
    assert_eq!(
        simulated.commands[0].return_values[0].bcs,
        42u64.to_le_bytes()
    );
    let refused = world.ledger.simulate(&transaction, Checks::On);
    assert!(matches!(
        refused,
        Err(LedgerError::Refused(Refusal::NotOwner { .. }))
    ));
}

#[test]
fn a_failing_simulation_is_an_outcome() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let mut program = Program::new();
    program.call(package, "counter::spin", vec![]);
    let transaction = unpaid(&world, program);
    let simulated = world
        .ledger
        .simulate(&transaction, Checks::On)
        .expect("not refused");
    let TransactionEffects::V2(effects) = simulated.effects else {
        panic!("effects of another version")
    };
    assert_eq!(
        effects.status,
        ExecutionStatus::Failure {
            error: ExecutionError::InsufficientGas,
            command: Some(0)
        }
    );
}

#[test]
fn owned_objects_are_listed_in_pages_and_by_type() {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    let bob = world.bob.address;
    for _ in 0..5 {
        let mut program = Program::new();
        let counter = program.call(package, "counter::new", vec![]);
        program.transfer(vec![counter], bob);
        succeeded(&world.alice(program));
    }
    let counter: StructTag = format!("{package}::counter::Counter")
        .parse()
        .expect("a type");
    let mut seen = Vec::new();
    let mut after = None;
    loop {
        let page = world
            .ledger
            .owned_objects(OwnerKind::Address, &bob, Some(&counter), after.as_ref(), 2)
            .expect("the store works");
        assert!(page.items.len() <= 2);
        seen.extend(page.items.into_iter().map(|object| object.id));
        match page.next {
            Some(next) => after = Some(next),
            None => break,
        }
    }
    assert_eq!(seen.len(), 5);
    let all = world
        .ledger
        .owned_objects(OwnerKind::Address, &bob, None, None, 100)
        .expect("the store works");
    assert_eq!(all.items.len(), 9);
    let any_coin: StructTag = "0x2::coin::Coin".parse().expect("a type");
    let coins = world
        .ledger
        .owned_objects(OwnerKind::Address, &bob, Some(&any_coin), None, 100)
        .expect("the store works");
    assert_eq!(coins.items.len(), 4);
    assert_eq!(
        coins.items[0].balance,
        Some(100 * atoma_ledger::MIST_PER_SUI)
    );
}

#[test]
fn functions_and_modules_are_described() {
    let world = World::new();
    let function = world
        .ledger
        .function(&Address::TWO, "coin", "value")
        .expect("exists");
    assert_eq!(function.parameters.len(), 1);
    assert!(world.ledger.module(&Address::TWO, "coin").is_ok());
    assert!(world.ledger.module(&Address::TWO, "nothing").is_err());
    let package = world
        .ledger
        .package(&Address::TWO)
        .expect("the store works")
        .expect("exists");
    assert_eq!(package.modules.len(), 62);
}

#[test]
fn a_ledger_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&World::new().ledger);
}
