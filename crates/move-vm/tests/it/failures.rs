//! Code that must be stopped, and where errors say it was.

use atoma_move_vm::{Address, Call, Host, LinearGas, Status, Value, Visibility, VmError};

use crate::ledger::{MACHINE, Objects, PLENTY, call, packages, vm};

fn run_with_gas(function: &str, args: Vec<Value>, limit: u64) -> (VmError, u64) {
    let packages = packages();
    let mut gas = LinearGas::new(limit);
    let error = vm()
        .execute(
            Call {
                package: MACHINE,
                module: "failures",
                function,
                type_args: &[],
                args: args
                    .into_iter()
                    .map(atoma_move_vm::Argument::Value)
                    .collect(),
            },
            Host {
                resolver: &packages,
                objects: &mut Objects::default(),
                gas: &mut gas,
            },
        )
        .unwrap_err();
    (error, gas.used())
}

#[test]
fn an_abort_says_where_it_was() {
    let error = call("failures", "abort_deep", vec![Value::U64(3)]).unwrap_err();
    assert_eq!(error.abort_code(), Some(42));
    let location = error.location.unwrap();
    assert_eq!(location.module.address, MACHINE);
    assert_eq!(location.package, MACHINE);
    assert_eq!(&*location.module.name, "failures");
    assert_eq!(&*location.function_name, "abort_deep");
    assert!(location.pc > 0);
}

#[test]
fn an_abort_in_a_library_names_the_library() {
    let error = call("failures", "in_library", vec![]).unwrap_err();
    let location = error.location.unwrap();
    assert_eq!(location.module.address, Address::STD);
    assert_eq!(&*location.module.name, "option");
    assert_eq!(&*location.function_name, "destroy_none");
}

#[test]
fn an_abort_in_a_native_names_the_native_at_zero() {
    let error = call("library", "bad_address", vec![]).unwrap_err();
    assert_eq!(error.abort_code(), Some(0));
    assert_eq!(error.pc(), Some(0));
    assert_eq!(error.module().unwrap().to_string(), "0x2::address");
    assert_eq!(error.function().unwrap().1, "from_bytes");
}

#[test]
fn endless_code_runs_out_of_gas() {
    let (error, used) = run_with_gas("forever", vec![], 100_000);
    assert_eq!(error.status, Status::OutOfGas);
    assert_eq!(used, 100_000);
    let (error, _) = run_with_gas("hoard", vec![], PLENTY);
    assert!(matches!(
        error.status,
        Status::OutOfGas | Status::MemoryLimit
    ));
}

#[test]
fn endless_recursion_hits_the_call_depth() {
    let (error, _) = run_with_gas("recurse", vec![Value::U64(0)], PLENTY);
    assert_eq!(error.status, Status::CallDepth);
}

#[test]
fn gas_does_not_depend_on_the_run() {
    let used: Vec<u64> = (0..3)
        .map(|_| run_with_gas("abort_deep", vec![Value::U64(100)], PLENTY).1)
        .collect();
    assert!(used[0] > 100);
    assert_eq!(used[0], used[1]);
    assert_eq!(used[1], used[2]);
}

#[test]
fn an_unknown_native_says_its_name() {
    let error = call("library", "unknown", vec![Value::Bytes(vec![])]).unwrap_err();
    assert_eq!(error.status, Status::UnknownNative);
    assert!(
        error
            .to_string()
            .contains("0x2::bls12381::bls12381_min_pk_verify")
    );
}

#[test]
fn calls_are_checked_against_the_function() {
    assert_eq!(
        call("failures", "nothing_like_it", vec![])
            .unwrap_err()
            .status,
        Status::FunctionNotFound
    );
    assert_eq!(
        call("no_module", "f", vec![]).unwrap_err().status,
        Status::ModuleNotFound
    );
    assert_eq!(
        call("failures", "entered", vec![]).unwrap_err().status,
        Status::Arguments
    );
    let error = call("objects", "names", vec![]).unwrap_err();
    assert_eq!(error.status, Status::TypeArguments);
}

#[test]
fn functions_tell_who_may_call_them() {
    let packages = packages();
    let info = |name| {
        vm().function(&packages, &MACHINE, "failures", name)
            .unwrap()
    };
    assert_eq!(info("hidden").visibility, Visibility::Private);
    assert!(!info("hidden").is_entry);
    assert!(info("entered").is_entry);
    assert_eq!(info("abort_deep").visibility, Visibility::Public);
    assert_eq!(
        call("failures", "entered", vec![Value::U64(4)]).unwrap(),
        [Value::U64(5)]
    );
}
