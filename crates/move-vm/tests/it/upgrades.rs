//! Package versions: linkage, identity of types, and what an upgrade may change.

use std::collections::BTreeMap;
use std::sync::Arc;

use atoma_contracts::{placeholder_address, testing};
use atoma_move_vm::{
    Address, Argument, Call, Host, LinearGas, Outcome, Package, Status, Type, UpgradePolicy, Value,
    Vm, VmResult,
};

use crate::ledger::{Objects, PLENTY, Packages, bytes, name, package, packages};

const FIRST: Address = Address::from_suffix(0xB1);
const SECOND: Address = Address::from_suffix(0xB2);
const OLD_USER: Address = Address::from_suffix(0xC1);
const NEW_USER: Address = Address::from_suffix(0xC2);
const FRAMEWORK: [Address; 2] = [Address::STD, Address::SUI];

fn first() -> Package {
    package(
        &testing::package("steady").unwrap(),
        FIRST,
        FIRST,
        1,
        &FRAMEWORK,
    )
}

/// The second version: types of the first are still defined there.
fn second() -> Package {
    let compiled = testing::package("steadier").unwrap();
    let mut second = package(&compiled, SECOND, FIRST, 2, &FRAMEWORK);
    second.type_origins = BTreeMap::from([
        ((name("counter"), name("Counter")), FIRST),
        ((name("counter"), name("Note")), FIRST),
        ((name("counter"), name("Extra")), SECOND),
    ]);
    second
}

/// A package that calls one of the versions.
fn user(id: Address, linked_to: Address) -> Package {
    let compiled = testing::package("relying")
        .unwrap()
        .relocate(placeholder_address("steady"), FIRST.0)
        .unwrap();
    let mut user = package(&compiled, id, id, 1, &FRAMEWORK);
    user.linkage.insert(FIRST, linked_to);
    user
}

fn store() -> Packages {
    let mut store = packages();
    for package in [
        first(),
        second(),
        user(OLD_USER, FIRST),
        user(NEW_USER, SECOND),
    ] {
        store.0.insert(package.storage_id, Arc::new(package));
    }
    store
}

fn call(
    vm: &Vm,
    package: Address,
    module: &str,
    function: &str,
    type_args: &[Type],
    args: Vec<Argument>,
) -> VmResult<Outcome> {
    let store = store();
    vm.execute(
        Call {
            package,
            module,
            function,
            type_args,
            args,
        },
        Host {
            resolver: &store,
            objects: &mut Objects::default(),
            gas: &mut LinearGas::new(PLENTY),
        },
    )
}

fn counted(vm: &Vm, user: Address) -> Value {
    let context = Objects::default().tx_context();
    let mut outcome = call(
        vm,
        user,
        "user",
        "count",
        &[],
        vec![Argument::MutableReference(context)],
    )
    .unwrap();
    let wrapper = outcome.returns.remove(0);
    wrapper.field(0).unwrap().field(1).unwrap().clone()
}

#[test]
fn each_root_runs_the_version_it_is_linked_to() {
    let vm = Vm::default();
    assert_eq!(counted(&vm, OLD_USER), Value::U64(2));
    assert_eq!(counted(&vm, NEW_USER), Value::U64(20));
    assert_eq!(counted(&vm, OLD_USER), Value::U64(2));
}

#[test]
fn types_are_named_by_the_version_that_defined_them() {
    let vm = Vm::default();
    let of_version = |version: Address, function: &str, ty: &Type| {
        call(
            &vm,
            version,
            "counter",
            function,
            std::slice::from_ref(ty),
            vec![],
        )
        .map(|mut outcome| outcome.returns.remove(0))
    };
    let text = |address: Address, ty: &str| {
        bytes(format!("{}::counter::{ty}", address.to_hex()).as_bytes())
    };
    let counter = Type::datatype(FIRST, name("counter"), name("Counter"));
    let extra = Type::datatype(SECOND, name("counter"), name("Extra"));
    assert_eq!(
        of_version(SECOND, "name", &counter).unwrap(),
        text(FIRST, "Counter")
    );
    assert_eq!(
        of_version(SECOND, "name", &extra).unwrap(),
        text(SECOND, "Extra")
    );
    assert_eq!(
        of_version(SECOND, "original", &extra).unwrap(),
        text(FIRST, "Extra")
    );
    // The first version has no such type, and the second does not define the old one.
    assert_eq!(
        of_version(FIRST, "name", &extra).unwrap_err().status,
        Status::TypeNotFound
    );
    let misnamed = Type::datatype(SECOND, name("counter"), name("Counter"));
    assert_eq!(
        of_version(SECOND, "name", &misnamed).unwrap_err().status,
        Status::TypeNotFound
    );
    let loaded = vm.load_type(&store(), &extra).unwrap();
    assert_eq!(
        loaded.original_ty,
        Type::datatype(FIRST, name("counter"), name("Extra"))
    );
}

#[test]
fn a_missing_link_is_a_linker_error() {
    let vm = Vm::default();
    let mut store = store();
    let mut broken = user(Address::from_suffix(0xC3), FIRST);
    broken.linkage.remove(&FIRST);
    assert_eq!(
        vm.check_package(&store, &broken).unwrap_err().status,
        Status::Linker
    );
    let mut elsewhere = user(Address::from_suffix(0xC4), Address::SUI);
    elsewhere.linkage.insert(FIRST, Address::SUI);
    assert_eq!(
        vm.check_package(&store, &elsewhere).unwrap_err().status,
        Status::Linker
    );
    store.0.remove(&SECOND);
    let unstored = user(Address::from_suffix(0xC5), SECOND);
    assert_eq!(
        vm.check_package(&store, &unstored).unwrap_err().status,
        Status::PackageNotFound
    );
}

#[test]
fn an_upgrade_keeps_what_others_rely_on() {
    let vm = Vm::default();
    let (first, second) = (first(), second());
    let check = |old: &Package, new: &Package, policy| {
        vm.check_upgrade(old, new, policy)
            .map_err(|error| error.status)
    };
    let refused = Err(Status::IncompatibleUpgrade);
    assert_eq!(check(&first, &second, UpgradePolicy::Compatible), Ok(()));
    assert_eq!(check(&second, &first, UpgradePolicy::Compatible), refused);
    // The second version changes bodies.
    assert_eq!(check(&first, &second, UpgradePolicy::Additive), refused);
    assert_eq!(
        check(&first, &second, UpgradePolicy::DependencyOnly),
        refused
    );
    let mut same = second.clone();
    same.storage_id = Address::from_suffix(0xB3);
    for policy in [
        UpgradePolicy::Compatible,
        UpgradePolicy::Additive,
        UpgradePolicy::DependencyOnly,
    ] {
        assert_eq!(check(&second, &same, policy), Ok(()));
    }
    same.modules.clear();
    assert_eq!(check(&second, &same, UpgradePolicy::Compatible), refused);
}

#[test]
fn forgotten_packages_are_read_again() {
    let vm = Vm::default();
    assert_eq!(counted(&vm, OLD_USER), Value::U64(2));
    let mut store = store();
    let mut replaced = second();
    replaced.storage_id = FIRST;
    store.0.insert(FIRST, Arc::new(replaced));
    vm.forget(&[FIRST]);
    let context = Objects::default().tx_context();
    let outcome = vm
        .execute(
            Call {
                package: OLD_USER,
                module: "user",
                function: "count",
                type_args: &[],
                args: vec![Argument::MutableReference(context)],
            },
            Host {
                resolver: &store,
                objects: &mut Objects::default(),
                gas: &mut LinearGas::new(PLENTY),
            },
        )
        .unwrap();
    let counter = outcome.returns[0].field(0).unwrap();
    assert_eq!(counter.field(1), Some(&Value::U64(20)));
}
