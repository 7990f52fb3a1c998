//! Modules as bytes again: the inverse of the reader, for tests.

use atoma_move_vm::binary::{
    CodeUnit, FieldDef, FunctionDef, Instantiation, Instruction, ModuleHandle, SignatureToken,
    VariantHandle,
};
use atoma_move_vm::{CompiledModule, Visibility};

/// Order in which Sui's compiler writes tables.
const TABLES: [u8; 19] = [
    0x1, 0x2, 0x3, 0x4, 0x5, 0x7, 0x8, 0x6, 0x10, 0xA, 0xB, 0xC, 0xD, 0xE, 0xF, 0x11, 0x12, 0x13,
    0x14,
];

fn byte(number: impl TryInto<u8>) -> u8 {
    number.try_into().ok().unwrap()
}

fn uleb(out: &mut Vec<u8>, number: usize) {
    let mut rest = number;
    while rest >= 0x80 {
        out.push(byte(rest & 0x7f) | 0x80);
        rest >>= 7;
    }
    out.push(byte(rest));
}

fn index(out: &mut Vec<u8>, number: u16) {
    uleb(out, usize::from(number));
}

fn blob(out: &mut Vec<u8>, bytes: &[u8]) {
    uleb(out, bytes.len());
    out.extend_from_slice(bytes);
}

fn token(out: &mut Vec<u8>, ty: &SignatureToken) {
    use SignatureToken as T;
    match ty {
        T::Bool => out.push(0x1),
        T::U8 => out.push(0x2),
        T::U64 => out.push(0x3),
        T::U128 => out.push(0x4),
        T::Address => out.push(0x5),
        T::Signer => out.push(0xC),
        T::U16 => out.push(0xD),
        T::U32 => out.push(0xE),
        T::U256 => out.push(0xF),
        T::Reference(inner) => {
            out.push(0x6);
            token(out, inner);
        }
        T::MutableReference(inner) => {
            out.push(0x7);
            token(out, inner);
        }
        T::Vector(inner) => {
            out.push(0xA);
            token(out, inner);
        }
        T::Datatype(handle) => {
            out.push(0x8);
            index(out, *handle);
        }
        T::TypeParameter(number) => {
            out.push(0x9);
            index(out, *number);
        }
        T::DatatypeInstantiation(instance) => {
            out.push(0xB);
            index(out, instance.0);
            uleb(out, instance.1.len());
            instance.1.iter().for_each(|arg| token(out, arg));
        }
    }
}

/// Opcode and index of an instruction that has an index.
fn indexed(instruction: &Instruction) -> Option<(u8, u16)> {
    use Instruction as I;
    Some(match instruction {
        I::BrTrue(at) => (0x03, *at),
        I::BrFalse(at) => (0x04, *at),
        I::Branch(at) => (0x05, *at),
        I::LdConst(at) => (0x07, *at),
        I::CopyLoc(at) => (0x0A, u16::from(*at)),
        I::MoveLoc(at) => (0x0B, u16::from(*at)),
        I::StLoc(at) => (0x0C, u16::from(*at)),
        I::MutBorrowLoc(at) => (0x0D, u16::from(*at)),
        I::ImmBorrowLoc(at) => (0x0E, u16::from(*at)),
        I::MutBorrowField(at) => (0x0F, *at),
        I::ImmBorrowField(at) => (0x10, *at),
        I::Call(at) => (0x11, *at),
        I::Pack(at) => (0x12, *at),
        I::Unpack(at) => (0x13, *at),
        I::MutBorrowFieldGeneric(at) => (0x36, *at),
        I::ImmBorrowFieldGeneric(at) => (0x37, *at),
        I::CallGeneric(at) => (0x38, *at),
        I::PackGeneric(at) => (0x39, *at),
        I::UnpackGeneric(at) => (0x3A, *at),
        I::VecLen(at) => (0x41, *at),
        I::VecImmBorrow(at) => (0x42, *at),
        I::VecMutBorrow(at) => (0x43, *at),
        I::VecPushBack(at) => (0x44, *at),
        I::VecPopBack(at) => (0x45, *at),
        I::VecSwap(at) => (0x47, *at),
        I::PackVariant(at) => (0x4E, *at),
        I::PackVariantGeneric(at) => (0x4F, *at),
        I::UnpackVariant(at) => (0x50, *at),
        I::UnpackVariantImmRef(at) => (0x51, *at),
        I::UnpackVariantMutRef(at) => (0x52, *at),
        I::UnpackVariantGeneric(at) => (0x53, *at),
        I::UnpackVariantGenericImmRef(at) => (0x54, *at),
        I::UnpackVariantGenericMutRef(at) => (0x55, *at),
        I::VariantSwitch(at) => (0x56, *at),
        I::GlobalStorage(opcode, at) => (*opcode, *at),
        _ => return None,
    })
}

fn plain(instruction: &Instruction) -> u8 {
    use Instruction as I;
    let table = [
        (0x01, I::Pop),
        (0x02, I::Ret),
        (0x08, I::LdTrue),
        (0x09, I::LdFalse),
        (0x14, I::ReadRef),
        (0x15, I::WriteRef),
        (0x16, I::Add),
        (0x17, I::Sub),
        (0x18, I::Mul),
        (0x19, I::Mod),
        (0x1A, I::Div),
        (0x1B, I::BitOr),
        (0x1C, I::BitAnd),
        (0x1D, I::Xor),
        (0x1E, I::Or),
        (0x1F, I::And),
        (0x20, I::Not),
        (0x21, I::Eq),
        (0x22, I::Neq),
        (0x23, I::Lt),
        (0x24, I::Gt),
        (0x25, I::Le),
        (0x26, I::Ge),
        (0x27, I::Abort),
        (0x28, I::Nop),
        (0x2E, I::FreezeRef),
        (0x2F, I::Shl),
        (0x30, I::Shr),
        (0x33, I::CastU8),
        (0x34, I::CastU64),
        (0x35, I::CastU128),
        (0x4B, I::CastU16),
        (0x4C, I::CastU32),
        (0x4D, I::CastU256),
    ];
    let found = table.iter().find(|(_, known)| known == instruction);
    found.unwrap_or_else(|| panic!("{instruction:?}")).0
}

fn instruction(out: &mut Vec<u8>, instruction: &Instruction) {
    use Instruction as I;
    if let Some((opcode, at)) = indexed(instruction) {
        out.push(opcode);
        index(out, at);
        return;
    }
    match instruction {
        I::LdU8(number) => out.extend([0x31, *number]),
        I::LdU16(number) => {
            out.push(0x48);
            out.extend(number.to_le_bytes());
        }
        I::LdU32(number) => {
            out.push(0x49);
            out.extend(number.to_le_bytes());
        }
        I::LdU64(number) => {
            out.push(0x06);
            out.extend(number.to_le_bytes());
        }
        I::LdU128(number) => {
            out.push(0x32);
            out.extend(number.to_le_bytes());
        }
        I::LdU256(number) => {
            out.push(0x4A);
            out.extend(number.to_le_bytes());
        }
        I::VecPack(at, count) | I::VecUnpack(at, count) => {
            let packs = matches!(instruction, I::VecPack(..));
            out.push(if packs { 0x40 } else { 0x46 });
            index(out, *at);
            out.extend(count.to_le_bytes());
        }
        other => out.push(plain(other)),
    }
}

fn body(out: &mut Vec<u8>, unit: &CodeUnit, version: u32) {
    index(out, unit.locals);
    uleb(out, unit.code.len());
    unit.code.iter().for_each(|it| instruction(out, it));
    if version >= 7 {
        uleb(out, unit.jump_tables.len());
        for table in &unit.jump_tables {
            index(out, table.enum_def);
            uleb(out, table.offsets.len());
            out.push(1);
            table.offsets.iter().for_each(|offset| index(out, *offset));
        }
    }
}

fn function(out: &mut Vec<u8>, definition: &FunctionDef, version: u32) {
    index(out, definition.handle);
    out.push(match definition.visibility {
        Visibility::Private => 0,
        Visibility::Public => 1,
        Visibility::Friend => 3,
    });
    let entry = if definition.is_entry { 4 } else { 0 };
    let native = if definition.code.is_none() { 2 } else { 0 };
    out.push(entry | native);
    uleb(out, definition.acquires.len());
    definition.acquires.iter().for_each(|at| index(out, *at));
    if let Some(unit) = &definition.code {
        body(out, unit, version);
    }
}

fn fields(out: &mut Vec<u8>, fields: &[FieldDef]) {
    uleb(out, fields.len());
    for field in fields {
        index(out, field.name);
        token(out, &field.ty);
    }
}

fn modules(out: &mut Vec<u8>, rows: &[ModuleHandle]) {
    for row in rows {
        index(out, row.address);
        index(out, row.name);
    }
}

fn instances(out: &mut Vec<u8>, rows: &[Instantiation]) {
    for row in rows {
        index(out, row.target);
        index(out, row.type_args);
    }
}

fn variants(out: &mut Vec<u8>, rows: &[VariantHandle]) {
    for row in rows {
        index(out, row.owner);
        index(out, row.tag);
    }
}

fn handles(module: &CompiledModule, kind: u8, out: &mut Vec<u8>) {
    match kind {
        0x2 => {
            for row in &module.datatype_handles {
                index(out, row.module);
                index(out, row.name);
                out.push(row.abilities.to_byte());
                uleb(out, row.type_parameters.len());
                for parameter in &row.type_parameters {
                    out.push(parameter.constraints.to_byte());
                    out.push(u8::from(parameter.is_phantom));
                }
            }
        }
        0x3 => {
            for row in &module.function_handles {
                index(out, row.module);
                index(out, row.name);
                index(out, row.parameters);
                index(out, row.returns);
                uleb(out, row.type_parameters.len());
                out.extend(row.type_parameters.iter().map(|it| it.to_byte()));
            }
        }
        0x5 => {
            for row in &module.signatures {
                uleb(out, row.len());
                row.iter().for_each(|ty| token(out, ty));
            }
        }
        0x6 => {
            for row in &module.constants {
                token(out, &row.ty);
                blob(out, &row.data);
            }
        }
        0xD => {
            for row in &module.field_handles {
                index(out, row.owner);
                index(out, row.field);
            }
        }
        _ => {}
    }
}

fn table(module: &CompiledModule, kind: u8) -> Vec<u8> {
    let mut out = Vec::new();
    match kind {
        0x1 => modules(&mut out, &module.module_handles),
        0x4 => instances(&mut out, &module.function_instantiations),
        0x7 => {
            for name in &module.identifiers {
                blob(&mut out, name.as_bytes());
            }
        }
        0x8 => {
            for address in &module.addresses {
                out.extend(address.0);
            }
        }
        0x10 => {
            for row in &module.metadata {
                blob(&mut out, &row.key);
                blob(&mut out, &row.value);
            }
        }
        0xA => {
            for row in &module.struct_defs {
                index(&mut out, row.handle);
                out.push(if row.fields.is_some() { 2 } else { 1 });
                if let Some(members) = &row.fields {
                    fields(&mut out, members);
                }
            }
        }
        0xB => instances(&mut out, &module.struct_instantiations),
        0xC => {
            for row in &module.function_defs {
                function(&mut out, row, module.version);
            }
        }
        0xE => instances(&mut out, &module.field_instantiations),
        0xF => modules(&mut out, &module.friends),
        0x11 => {
            for row in &module.enum_defs {
                index(&mut out, row.handle);
                out.push(2);
                uleb(&mut out, row.variants.len());
                for variant in &row.variants {
                    index(&mut out, variant.name);
                    fields(&mut out, &variant.fields);
                }
            }
        }
        0x12 => instances(&mut out, &module.enum_instantiations),
        0x13 => variants(&mut out, &module.variant_handles),
        0x14 => variants(&mut out, &module.variant_instantiation_handles),
        other => handles(module, other, &mut out),
    }
    out
}

/// The module as Sui's compiler writes it.
pub(crate) fn write(module: &CompiledModule) -> Vec<u8> {
    let mut out = vec![0xA1, 0x1C, 0xEB, 0x0B];
    let flavour = if module.version >= 7 { 5 << 24 } else { 0 };
    out.extend((module.version | flavour).to_le_bytes());
    let tables: Vec<(u8, Vec<u8>)> = TABLES
        .into_iter()
        .map(|kind| (kind, table(module, kind)))
        .filter(|(_, bytes)| !bytes.is_empty())
        .collect();
    uleb(&mut out, tables.len());
    let mut offset = 0;
    for (kind, bytes) in &tables {
        out.push(*kind);
        uleb(&mut out, offset);
        uleb(&mut out, bytes.len());
        offset += bytes.len();
    }
    for (_, bytes) in &tables {
        out.extend(bytes);
    }
    index(&mut out, module.self_handle);
    out
}
