//! The reader, on genuine modules and on small lies.

use atoma_move_vm::binary::{BinaryError, Instruction, relocate};
use atoma_move_vm::{Address, CompiledModule};

use crate::ledger::{MACHINE, name, packages};
use crate::writer::write;

fn numbers() -> Vec<u8> {
    packages().0[&MACHINE].modules[&name("numbers")].clone()
}

#[test]
fn every_module_of_the_framework_is_read() {
    let mut functions = 0;
    for package in packages().0.values() {
        for (name, bytes) in &package.modules {
            let module = CompiledModule::read(bytes).unwrap();
            assert_eq!(module.id().name, *name);
            assert_eq!(module.id().address, package.original_id);
            assert_eq!(module.version, 7);
            assert!(module.dependencies().all(|id| id != module.id()));
            functions += module.function_defs.len();
        }
    }
    assert!(functions > 1_000, "{functions}");
}

#[test]
fn bodies_are_read_instruction_by_instruction() {
    let module = CompiledModule::read(&numbers()).unwrap();
    let index = module.function_named("add_u8").unwrap();
    let unit = module.function_defs[usize::from(index)]
        .code
        .as_ref()
        .unwrap();
    assert_eq!(
        unit.code,
        [
            Instruction::MoveLoc(0),
            Instruction::MoveLoc(1),
            Instruction::Add,
            Instruction::Ret,
        ]
    );
}

#[test]
fn the_head_must_be_right() {
    let genuine = numbers();
    let with = |at: usize, bytes: &[u8]| {
        let mut module = genuine.clone();
        module[at..at + bytes.len()].copy_from_slice(bytes);
        CompiledModule::read(&module)
    };
    assert_eq!(with(0, &[0xA0]), Err(BinaryError::BadMagic));
    for version in [
        [5, 0, 0, 0],
        [7, 0, 0, 0],
        [8, 0, 0, 5],
        [7, 0, 0, 6],
        [0xff; 4],
    ] {
        let word = u32::from_le_bytes(version);
        assert_eq!(
            with(4, &version),
            Err(BinaryError::UnsupportedVersion(word))
        );
    }
    assert_eq!(with(4, &[7, 0, 0, 5]), CompiledModule::read(&genuine));
    let mut longer = genuine.clone();
    longer.push(0);
    assert_eq!(
        CompiledModule::read(&longer),
        Err(BinaryError::TrailingBytes)
    );
    assert_eq!(
        CompiledModule::read(&vec![0; 2 << 20]),
        Err(BinaryError::TooLarge("bytes"))
    );
}

#[test]
fn version_six_has_neither_flavour_nor_jump_tables() {
    // Magic, version, four tables (module handles, identifiers, addresses, signatures), a module
    // 0x1::m without anything.
    let mut module = vec![0xA1, 0x1C, 0xEB, 0x0B, 6, 0, 0, 0, 3];
    module.extend([1, 0, 2, 7, 2, 2, 8, 4, 32]);
    module.extend([0, 0]);
    module.extend([1, b'm']);
    module.extend(Address::STD.0);
    module.push(0);
    let read = CompiledModule::read(&module).unwrap();
    assert_eq!(read.version, 6);
    assert_eq!(read.id().to_string(), "0x1::m");
    // A table of enums is not for this version.
    module[9] = 0x11;
    assert_eq!(
        CompiledModule::read(&module),
        Err(BinaryError::NotInVersion("enums"))
    );
}

#[test]
fn tables_may_neither_overlap_nor_repeat() {
    let build = |tables: &[[u8; 3]]| {
        let mut module = vec![0xA1, 0x1C, 0xEB, 0x0B, 6, 0, 0, 0];
        module.push(u8::try_from(tables.len()).unwrap());
        module.extend(tables.concat());
        module.extend([0, 0, 1, b'm']);
        module.extend(Address::STD.0);
        module.push(0);
        CompiledModule::read(&module)
    };
    assert!(build(&[[8, 4, 32], [1, 0, 2], [7, 2, 2]]).is_ok());
    let bad = |why| Err(BinaryError::BadTables(why));
    assert_eq!(
        build(&[[1, 0, 2], [7, 1, 3], [8, 4, 32]]),
        bad("not contiguous")
    );
    assert_eq!(
        build(&[[1, 0, 2], [7, 3, 1], [8, 4, 32]]),
        bad("not contiguous")
    );
    assert_eq!(
        build(&[[1, 0, 2], [1, 2, 2], [8, 4, 32]]),
        bad("same table twice")
    );
    assert_eq!(
        build(&[[1, 0, 2], [7, 2, 0], [8, 2, 32]]),
        bad("empty table")
    );
    assert_eq!(
        build(&[[1, 0, 2], [9, 2, 2], [8, 4, 32]]),
        Err(BinaryError::Unknown {
            what: "table kind",
            byte: 9
        })
    );
}

#[test]
fn a_module_moves_to_another_address_and_nothing_else_changes() {
    let original = numbers();
    let there = Address([0x5A; 32]);
    let moved = relocate(&original, there).unwrap();
    let module = CompiledModule::read(&moved).unwrap();
    assert_eq!(module.id().address, there);
    assert_eq!(moved.len(), original.len());
    assert_eq!(relocate(&moved, MACHINE).unwrap(), original);
    for bytes in packages().0[&MACHINE].modules.values() {
        let moved = CompiledModule::read(&relocate(bytes, there).unwrap()).unwrap();
        let before = CompiledModule::read(bytes).unwrap();
        assert_eq!(moved.function_defs, before.function_defs);
        assert_eq!(moved.identifiers, before.identifiers);
    }
}

#[test]
fn what_is_read_is_all_there_is() {
    for package in packages().0.values() {
        for bytes in package.modules.values() {
            let module = CompiledModule::read(bytes).unwrap();
            assert!(write(&module) == *bytes, "{}", module.id());
        }
    }
}
