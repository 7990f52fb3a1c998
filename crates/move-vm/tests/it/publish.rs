//! Packages as a ledger publishes them.

use atoma_move_vm::{Address, Package, Vm};

use crate::ledger::{MACHINE, package, packages};

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
