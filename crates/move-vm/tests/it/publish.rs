//! Packages as a ledger publishes them.

use std::sync::Arc;

use atoma_move_vm::{
    Address, Argument, Call, Host, LinearGas, Package, Recipient, Type, Value, Vm,
};

use crate::ledger::{MACHINE, Objects, PLENTY, bytes, name, package, packages};

#[test]
fn genuine_packages_pass() {
    let store = packages();
    let vm = Vm::default();
    for package in store.0.values() {
        let modules = vm.check_package(&store, package).unwrap();
        assert_eq!(modules.len(), package.modules.len());
    }
    let usd: Package = package(
        &atoma_contracts::usd(),
        MACHINE,
        MACHINE,
        1,
        &[Address::STD, Address::SUI],
    );
    vm.check_package(&store, &usd).unwrap();
    let atoma = package(
        &atoma_contracts::atoma(),
        MACHINE,
        MACHINE,
        1,
        &[Address::STD, Address::SUI],
    );
    vm.check_package(&store, &atoma).unwrap();
}

#[test]
fn a_currency_is_made_and_minted() {
    let usd = Address::from_suffix(0xDD);
    let mut store = packages();
    let compiled = package(
        &atoma_contracts::usd(),
        usd,
        usd,
        1,
        &[Address::STD, Address::SUI],
    );
    store.0.insert(usd, Arc::new(compiled));
    let vm = Vm::default();
    let mut objects = Objects::default();
    let context = objects.tx_context();
    let run = |objects: &mut Objects, function: &str, args: Vec<Argument>| {
        vm.execute(
            Call {
                package: usd,
                module: "usd",
                function,
                type_args: &[],
                args,
            },
            Host {
                resolver: &store,
                objects,
                gas: &mut LinearGas::new(PLENTY),
            },
        )
    };
    let witness = Value::structure([Value::Bool(false)]);
    let args = vec![
        Argument::Value(witness),
        Argument::MutableReference(context.clone()),
    ];
    run(&mut objects, "init", args).unwrap();
    let registry: Address = "0xc".parse().unwrap();
    let (_, currency, to) = &objects.given[0];
    assert_eq!(*to, Recipient::Address(registry));
    assert_eq!(currency.field(3), Some(&Value::structure([bytes(b"USD")])));
    let (ty, faucet, to) = objects.given[1].clone();
    assert_eq!(to, Recipient::Shared);
    assert_eq!(ty, Type::datatype(usd, name("usd"), name("Faucet")));
    let mint = |objects: &mut Objects, amount: u64| {
        let args = vec![
            Argument::MutableReference(faucet.clone()),
            Argument::Value(Value::U64(amount)),
            Argument::MutableReference(context.clone()),
        ];
        run(objects, "mint", args)
    };
    let coin = mint(&mut objects, 7).unwrap().returns.remove(0);
    assert_eq!(coin.field(1).unwrap().field(0), Some(&Value::U64(7)));
    let error = mint(&mut objects, u64::MAX).unwrap_err();
    assert!(error.abort_code().is_some());
    assert_eq!(error.function().unwrap().1, "mint");
}
