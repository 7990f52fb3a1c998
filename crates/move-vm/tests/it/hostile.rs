//! Mutated modules: nothing may panic, neither when read, nor verified, nor run.

use std::collections::BTreeMap;
use std::sync::Arc;

use atoma_move_vm::binary::Instruction;
use atoma_move_vm::layout::FieldLayout;
use atoma_move_vm::{
    Address, Argument, Call, CompiledModule, Host, Limits, LinearGas, Package, Status, Type,
    TypeLayout, U256, Value, Variant, Vm,
};
use proptest::prelude::*;

use crate::ledger::{MACHINE, Objects, PLENTY, Packages, name, packages};
use crate::writer::write;

/// Gas of a mutated function.
const LITTLE: u64 = 20_000;

fn originals() -> Vec<(String, Vec<u8>)> {
    let store = packages();
    let mut all = Vec::new();
    for package in store.0.values() {
        for (name, bytes) in &package.modules {
            if package.storage_id == MACHINE || bytes.len() < 6_000 {
                all.push((format!("{}::{name}", package.original_id), bytes.clone()));
            }
        }
    }
    all
}

/// A change of some bytes.
#[derive(Debug, Clone)]
enum Change {
    Set(prop::sample::Index, u8),
    Flip(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Remove(prop::sample::Index),
    Insert(prop::sample::Index, u8),
    Swap(prop::sample::Index, prop::sample::Index),
}

fn change() -> impl Strategy<Value = Change> {
    let index = any::<prop::sample::Index>;
    prop_oneof![
        6 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Set(at, byte)),
        6 => (index(), 0u8..8).prop_map(|(at, bit)| Change::Flip(at, bit)),
        6 => (index(), 0u8..16).prop_map(|(at, byte)| Change::Set(at, byte)),
        1 => index().prop_map(Change::Cut),
        1 => index().prop_map(Change::Remove),
        1 => (index(), any::<u8>()).prop_map(|(at, byte)| Change::Insert(at, byte)),
        3 => (index(), index()).prop_map(|(a, b)| Change::Swap(a, b)),
    ]
}

fn apply(bytes: &mut Vec<u8>, change: &Change) {
    if bytes.is_empty() {
        return;
    }
    let length = bytes.len();
    match change {
        Change::Set(at, byte) => bytes[at.index(length)] = *byte,
        Change::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
        Change::Cut(at) => bytes.truncate(at.index(length)),
        Change::Remove(at) => {
            bytes.remove(at.index(length));
        }
        Change::Insert(at, byte) => bytes.insert(at.index(length), *byte),
        Change::Swap(a, b) => bytes.swap(a.index(length), b.index(length)),
    }
}

/// A change of one instruction of one function.
#[derive(Debug, Clone)]
struct Edit {
    function: prop::sample::Index,
    place: prop::sample::Index,
    other: prop::sample::Index,
    kind: EditKind,
}

#[derive(Debug, Clone, Copy)]
enum EditKind {
    /// Two instructions change places.
    Swap,
    /// One is written over another.
    Overwrite,
    /// One gives way to nothing.
    Blank,
    /// A local is moved where it was copied, or the other way round.
    CopyOrMove,
    /// A borrow becomes mutable, or the other way round.
    Mutability,
    /// Another local.
    Local(u8),
    /// Another index.
    Operand(u16),
}

fn edit() -> impl Strategy<Value = Edit> {
    let index = any::<prop::sample::Index>;
    let kind = prop_oneof![
        Just(EditKind::Swap),
        Just(EditKind::Overwrite),
        Just(EditKind::Blank),
        Just(EditKind::CopyOrMove),
        Just(EditKind::Mutability),
        (0u8..6).prop_map(EditKind::Local),
        (0u16..12).prop_map(EditKind::Operand),
    ];
    (index(), index(), index(), kind).prop_map(|(function, place, other, kind)| Edit {
        function,
        place,
        other,
        kind,
    })
}

/// Changes the first instruction from `place` on that `change` can change.
fn change_next(
    code: &mut [Instruction],
    place: usize,
    change: impl Fn(&Instruction) -> Option<Instruction>,
) {
    let length = code.len();
    for at in (place..length).chain(0..place) {
        if let Some(changed) = change(&code[at]) {
            code[at] = changed;
            return;
        }
    }
}

fn apply_edit(module: &mut CompiledModule, edit: &Edit) {
    use Instruction as I;
    let count = module.function_defs.len();
    let definition = &mut module.function_defs[edit.function.index(count)];
    let Some(unit) = &mut definition.code else {
        return;
    };
    let code = &mut unit.code;
    let (place, other) = (edit.place.index(code.len()), edit.other.index(code.len()));
    match edit.kind {
        EditKind::Swap => code.swap(place, other),
        EditKind::Overwrite => code[place] = code[other].clone(),
        EditKind::Blank => code[place] = I::Nop,
        EditKind::CopyOrMove => change_next(code, place, |it| match it {
            I::CopyLoc(slot) => Some(I::MoveLoc(*slot)),
            I::MoveLoc(slot) => Some(I::CopyLoc(*slot)),
            _ => None,
        }),
        EditKind::Mutability => change_next(code, place, |it| match it {
            I::MutBorrowLoc(slot) => Some(I::ImmBorrowLoc(*slot)),
            I::ImmBorrowLoc(slot) => Some(I::MutBorrowLoc(*slot)),
            I::MutBorrowField(at) => Some(I::ImmBorrowField(*at)),
            I::ImmBorrowField(at) => Some(I::MutBorrowField(*at)),
            I::VecMutBorrow(at) => Some(I::VecImmBorrow(*at)),
            I::VecImmBorrow(at) => Some(I::VecMutBorrow(*at)),
            I::UnpackVariantMutRef(at) => Some(I::UnpackVariantImmRef(*at)),
            I::UnpackVariantImmRef(at) => Some(I::UnpackVariantMutRef(*at)),
            _ => None,
        }),
        EditKind::Local(slot) => change_next(code, place, |it| match it {
            I::CopyLoc(_) => Some(I::CopyLoc(slot)),
            I::MoveLoc(_) => Some(I::MoveLoc(slot)),
            I::StLoc(_) => Some(I::StLoc(slot)),
            I::MutBorrowLoc(_) => Some(I::MutBorrowLoc(slot)),
            I::ImmBorrowLoc(_) => Some(I::ImmBorrowLoc(slot)),
            _ => None,
        }),
        EditKind::Operand(at) => change_next(code, place, |it| match it {
            I::Call(_) => Some(I::Call(at)),
            I::CallGeneric(_) => Some(I::CallGeneric(at)),
            I::Pack(_) => Some(I::Pack(at)),
            I::Unpack(_) => Some(I::Unpack(at)),
            I::PackVariant(_) => Some(I::PackVariant(at)),
            I::UnpackVariant(_) => Some(I::UnpackVariant(at)),
            I::UnpackVariantMutRef(_) => Some(I::UnpackVariantMutRef(at)),
            I::MutBorrowField(_) => Some(I::MutBorrowField(at)),
            I::ImmBorrowField(_) => Some(I::ImmBorrowField(at)),
            I::Branch(_) => Some(I::Branch(at)),
            I::BrFalse(_) => Some(I::BrFalse(at)),
            _ => None,
        }),
    }
}

/// Some value of this shape.
fn some_value(layout: &TypeLayout) -> Value {
    let all = |fields: &[FieldLayout]| fields.iter().map(|it| some_value(&it.layout)).collect();
    match layout {
        TypeLayout::Bool => Value::Bool(true),
        TypeLayout::U8 => Value::U8(3),
        TypeLayout::U16 => Value::U16(3),
        TypeLayout::U32 => Value::U32(3),
        TypeLayout::U64 => Value::U64(3),
        TypeLayout::U128 => Value::U128(3),
        TypeLayout::U256 => Value::U256(U256::from(3u64)),
        TypeLayout::Address => Value::Address(Address::SUI),
        TypeLayout::Signer => Value::Signer(Address::SUI),
        TypeLayout::Vector(inner) if **inner == TypeLayout::U8 => Value::Bytes(vec![1, 2, 3]),
        TypeLayout::Vector(inner) => Value::Vector(vec![some_value(inner); 2]),
        TypeLayout::Struct(layout) => Value::Struct(all(&layout.fields)),
        TypeLayout::Enum(layout) => Value::Variant(Box::new(Variant {
            tag: 0,
            fields: all(&layout.variants[0].fields),
        })),
    }
}

fn some_argument(vm: &Vm, store: &Packages, ty: &Type, type_args: &[Type]) -> Option<Argument> {
    let value = |ty: &Type| {
        let ty = ty.substitute(type_args)?;
        Some(some_value(&vm.load_type(store, &ty).ok()?.layout))
    };
    Some(match ty {
        Type::Reference(inner) => Argument::Reference(value(inner)?),
        Type::MutableReference(inner) => Argument::MutableReference(value(inner)?),
        ty => Argument::Value(value(ty)?),
    })
}

/// Calls every function of a package. Whatever comes of it, code that was verified never gets the
/// machine into a state that it must not reach.
fn run_everything(package: Package, verified: bool) {
    let mut store = Packages(packages().0);
    let id = package.storage_id;
    let names: Vec<_> = package.modules.keys().cloned().collect();
    store.0.insert(id, Arc::new(package));
    let vm = Vm::new(Limits {
        call_depth: 64,
        vector_length: 4_096,
        ..Limits::default()
    });
    for module in names {
        let Ok(compiled) = vm.module(&store, &id, &module) else {
            continue;
        };
        for function in 0..u16::try_from(compiled.function_defs.len()).unwrap() {
            let function = compiled.function_name(function);
            let Ok(info) = vm.function(&store, &id, &module, function) else {
                continue;
            };
            let type_args = vec![Type::U64; info.type_parameters.len()];
            let args = info
                .parameters
                .iter()
                .map(|ty| some_argument(&vm, &store, ty, &type_args))
                .collect::<Option<_>>();
            let Some(args) = args else {
                continue;
            };
            let mut objects = if verified {
                Objects::default()
            } else {
                Objects::lenient()
            };
            let result = vm.execute(
                Call {
                    package: id,
                    module: &module,
                    function,
                    type_args: &type_args,
                    args,
                },
                Host {
                    resolver: &store,
                    objects: &mut objects,
                    gas: &mut LinearGas::new(LITTLE),
                },
            );
            if let Err(error) = result
                && verified
            {
                assert_ne!(error.status, Status::Invariant, "{error}");
            }
        }
    }
}

/// A package that has one mutated module and the genuine others.
fn mutated_package(module: &CompiledModule, bytes: Vec<u8>) -> Package {
    let id = module.id();
    let mut package = packages().0.get(&id.address).map_or_else(
        || Package {
            storage_id: id.address,
            original_id: id.address,
            version: 1,
            modules: BTreeMap::new(),
            linkage: BTreeMap::from([(Address::STD, Address::STD), (Address::SUI, Address::SUI)]),
            type_origins: BTreeMap::new(),
        },
        |package| (**package).clone(),
    );
    package.modules.insert(id.name, bytes);
    package
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1_000))]

    #[test]
    fn mutated_modules_never_panic(
        which: prop::sample::Index,
        changes in prop::collection::vec(change(), 1..6),
    ) {
        let originals = originals();
        let mut bytes = which.get(&originals).1.clone();
        for change in &changes {
            apply(&mut bytes, change);
        }
        if let Ok(module) = CompiledModule::read(&bytes) {
            let package = mutated_package(&module, bytes);
            let verified = Vm::default().check_package(&packages(), &package).is_ok();
            if package.original_id == MACHINE {
                run_everything(package, verified);
            }
        }
    }

    #[test]
    fn mutated_code_of_the_test_package_never_panics(
        which in 0usize..6,
        place: prop::sample::Index,
        values in prop::collection::vec(any::<u8>(), 1..3),
    ) {
        // The bodies are in the last third of a file.
        let machine = packages().0[&MACHINE].clone();
        let (_, original) = machine.modules.iter().nth(which % machine.modules.len()).unwrap();
        let mut bytes = original.clone();
        let third = bytes.len() / 3;
        let start = bytes.len() - third + place.index(third - values.len());
        bytes[start..start + values.len()].copy_from_slice(&values);
        if let Ok(module) = CompiledModule::read(&bytes) {
            let package = mutated_package(&module, bytes);
            let verified = Vm::default().check_package(&packages(), &package).is_ok();
            run_everything(package, verified);
        }
    }

    #[test]
    fn edited_code_is_refused_or_harmless(
        module in prop::sample::select(vec!["places", "objects", "library", "failures"]),
        edits in prop::collection::vec(edit(), 1..4),
    ) {
        let bytes = &packages().0[&MACHINE].modules[&name(module)];
        let mut module = CompiledModule::read(bytes).unwrap();
        for edit in &edits {
            apply_edit(&mut module, edit);
        }
        let package = mutated_package(&module, write(&module));
        let verified = Vm::default().check_package(&packages(), &package).is_ok();
        run_everything(package, verified);
    }

    #[test]
    fn noise_is_no_module(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(CompiledModule::read(&bytes).is_err());
        let mut with_head = vec![0xA1, 0x1C, 0xEB, 0x0B, 7, 0, 0, 5];
        with_head.extend(bytes);
        let _ = CompiledModule::read(&with_head);
    }
}

#[test]
fn every_cut_of_a_module_is_an_error() {
    for (name, bytes) in originals() {
        for length in 0..bytes.len() {
            assert!(
                CompiledModule::read(&bytes[..length]).is_err(),
                "{name} at {length}"
            );
        }
    }
}

#[test]
fn types_without_end_are_refused_and_stopped() {
    let bytes = &packages().0[&MACHINE].modules[&name("failures")];
    let mut module = CompiledModule::read(bytes).unwrap();
    let handle_of = |module: &CompiledModule, function: &str| {
        let index = module.function_named(function).unwrap();
        module.function_defs[usize::from(index)].handle
    };
    let (grow, stop) = (handle_of(&module, "grow"), handle_of(&module, "stop"));
    for row in &mut module.function_instantiations {
        if row.target == stop {
            row.target = grow;
        }
    }
    let package = mutated_package(&module, write(&module));
    let error = Vm::default()
        .check_package(&packages(), &package)
        .unwrap_err();
    assert_eq!(error.status, Status::Verification);
    assert_eq!(
        error.message.as_deref(),
        Some("generic functions make types without end")
    );
    let mut store = packages();
    store.0.insert(MACHINE, Arc::new(package));
    let error = Vm::default()
        .execute(
            Call {
                package: MACHINE,
                module: "failures",
                function: "grow",
                type_args: &[Type::U64],
                args: vec![Argument::Value(Value::U64(1_000))],
            },
            Host {
                resolver: &store,
                objects: &mut Objects::default(),
                gas: &mut LinearGas::new(PLENTY),
            },
        )
        .unwrap_err();
    assert_eq!(error.status, Status::TypeLimit);
}
