//! Coins, gas and who pays.

use sui_sdk_types::{Argument, CommandArgumentError, ExecutionError, IdOperation};

use crate::harness::{Program, World, effects, failed, machinery, owned_of_type, succeeded};

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
        .execute(&transaction, std::slice::from_ref(&signature))
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
fn a_small_budget_is_never_overdrawn() {
    let (mut world, package) = machinery();
    let alice = world.alice.address;
    let mut program = Program::new();
    let size = program.pure(&250_000u64);
    let blob = program.call(package, "container::blob", vec![size]);
    program.transfer(vec![blob], alice);
    let executed = world.alice(program);
    succeeded(&executed);
    let blob = owned_of_type(&executed, "Blob");
    let rebate = world.object(&blob).storage_rebate();

    // One hundredth of the large input's storage is more than the whole budget.
    let least = 1_000 * world.ledger.reference_gas_price();
    assert!(rebate / 100 > least);
    let mut program = Program::new();
    let coin = program.split(Argument::Gas, &[1]);
    program.transfer(vec![coin], alice);
    program.owned(world.reference(&blob));
    let mut transaction = world.transaction(&alice, program);
    transaction.gas_payment.budget = least;
    let before = world.balance(&alice);
    let signature = world.alice.sign(&transaction);
    let executed = world
        .ledger
        .execute(&transaction, &[signature])
        .expect("not refused");
    assert_eq!(*failed(&executed), ExecutionError::InsufficientGas);
    assert_eq!(world.balance(&alice), before - least);
    assert_eq!(world.object(&blob).storage_rebate(), rebate);
}
