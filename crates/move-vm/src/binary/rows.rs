//! Rows of tables.

use super::code::read_code_unit;
use super::cursor::Cursor;
use super::limits;
use super::{
    BinaryError, Constant, DatatypeHandle, DatatypeParameter, EnumDef, FieldDef, FunctionDef,
    FunctionHandle, Instantiation, ModuleHandle, SignatureToken, StructDef, VariantDef,
    VariantHandle,
};
use crate::ability::AbilitySet;
use crate::identifier::Identifier;
use crate::vm::Visibility;

type Result<T> = std::result::Result<T, BinaryError>;

const FLAG_NATIVE: u8 = 0x2;
const FLAG_ENTRY: u8 = 0x4;

/// Reads rows until the table's bytes are used up.
pub(super) fn rows<T>(
    bytes: &[u8],
    what: &'static str,
    max: usize,
    mut read: impl FnMut(&mut Cursor<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut cursor = Cursor::new(bytes, what);
    let mut rows = Vec::new();
    while !cursor.is_empty() {
        if rows.len() >= max {
            return Err(BinaryError::TooLarge(what));
        }
        rows.push(read(&mut cursor)?);
    }
    Ok(rows)
}

pub(super) fn module_handle(cursor: &mut Cursor<'_>) -> Result<ModuleHandle> {
    Ok(ModuleHandle {
        address: cursor.index()?,
        name: cursor.index()?,
    })
}

fn abilities(cursor: &mut Cursor<'_>) -> Result<AbilitySet> {
    let byte = cursor.small(AbilitySet::ALL.to_byte())?;
    AbilitySet::from_byte(byte).ok_or(BinaryError::Unknown {
        what: "ability",
        byte,
    })
}

pub(super) fn datatype_handle(cursor: &mut Cursor<'_>) -> Result<DatatypeHandle> {
    let module = cursor.index()?;
    let name = cursor.index()?;
    let declared = abilities(cursor)?;
    let count = cursor.small(u8::MAX)?;
    let type_parameters = (0..count)
        .map(|_| {
            Ok(DatatypeParameter {
                constraints: abilities(cursor)?,
                is_phantom: cursor.small(1)? == 1,
            })
        })
        .collect::<Result<_>>()?;
    Ok(DatatypeHandle {
        module,
        name,
        abilities: declared,
        type_parameters,
    })
}

pub(super) fn function_handle(cursor: &mut Cursor<'_>) -> Result<FunctionHandle> {
    let module = cursor.index()?;
    let name = cursor.index()?;
    let parameters = cursor.index()?;
    let returns = cursor.index()?;
    let count = cursor.small(u8::MAX)?;
    let type_parameters = (0..count)
        .map(|_| abilities(cursor))
        .collect::<Result<_>>()?;
    Ok(FunctionHandle {
        module,
        name,
        parameters,
        returns,
        type_parameters,
    })
}

pub(super) fn instantiation(cursor: &mut Cursor<'_>) -> Result<Instantiation> {
    Ok(Instantiation {
        target: cursor.index()?,
        type_args: cursor.index()?,
    })
}

pub(super) fn variant_handle(cursor: &mut Cursor<'_>) -> Result<VariantHandle> {
    Ok(VariantHandle {
        owner: cursor.index()?,
        tag: u16::from(cursor.small(limits::VARIANTS)?),
    })
}

pub(super) fn identifier(cursor: &mut Cursor<'_>) -> Result<Identifier> {
    let bytes = cursor.blob(u16::MAX)?;
    std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| Identifier::new(text).ok())
        .ok_or(BinaryError::BadIdentifier)
}

pub(super) fn constant(cursor: &mut Cursor<'_>) -> Result<Constant> {
    Ok(Constant {
        ty: token(cursor, 0)?,
        data: cursor.blob(u16::MAX)?.to_vec(),
    })
}

pub(super) fn signature(cursor: &mut Cursor<'_>) -> Result<Vec<SignatureToken>> {
    let count = cursor.small(u8::MAX)?;
    (0..count).map(|_| token(cursor, 0)).collect()
}

fn token(cursor: &mut Cursor<'_>, depth: usize) -> Result<SignatureToken> {
    if depth >= limits::TYPE_DEPTH {
        return Err(BinaryError::BadType("nested too deeply"));
    }
    let byte = cursor.byte()?;
    Ok(match byte {
        0x1 => SignatureToken::Bool,
        0x2 => SignatureToken::U8,
        0x3 => SignatureToken::U64,
        0x4 => SignatureToken::U128,
        0x5 => SignatureToken::Address,
        0x6 => SignatureToken::Reference(Box::new(token(cursor, depth + 1)?)),
        0x7 => SignatureToken::MutableReference(Box::new(token(cursor, depth + 1)?)),
        0x8 => SignatureToken::Datatype(cursor.index()?),
        0x9 => SignatureToken::TypeParameter(cursor.index()?),
        0xA => SignatureToken::Vector(Box::new(token(cursor, depth + 1)?)),
        0xB => {
            let handle = cursor.index()?;
            let count = cursor.small(u8::MAX)?;
            if count == 0 {
                return Err(BinaryError::BadType("instance without arguments"));
            }
            let arguments = (0..count)
                .map(|_| token(cursor, depth + 1))
                .collect::<Result<_>>()?;
            SignatureToken::DatatypeInstantiation(Box::new((handle, arguments)))
        }
        0xC => SignatureToken::Signer,
        0xD => SignatureToken::U16,
        0xE => SignatureToken::U32,
        0xF => SignatureToken::U256,
        _ => return Err(BinaryError::Unknown { what: "type", byte }),
    })
}

fn fields(cursor: &mut Cursor<'_>) -> Result<Vec<FieldDef>> {
    let count = cursor.small(u8::MAX)?;
    (0..count)
        .map(|_| {
            Ok(FieldDef {
                name: cursor.index()?,
                ty: token(cursor, 0)?,
            })
        })
        .collect()
}

pub(super) fn struct_def(cursor: &mut Cursor<'_>) -> Result<StructDef> {
    let handle = cursor.index()?;
    let fields = match cursor.byte()? {
        0x1 => None,
        0x2 => Some(fields(cursor)?),
        byte => {
            return Err(BinaryError::Unknown {
                what: "struct flag",
                byte,
            });
        }
    };
    Ok(StructDef { handle, fields })
}

pub(super) fn enum_def(cursor: &mut Cursor<'_>) -> Result<EnumDef> {
    let handle = cursor.index()?;
    match cursor.byte()? {
        0x2 => {}
        byte => {
            return Err(BinaryError::Unknown {
                what: "enum flag",
                byte,
            });
        }
    }
    let count = cursor.small(limits::VARIANTS)?;
    if count == 0 {
        return Err(BinaryError::BadTables("enum without variants"));
    }
    let variants = (0..count)
        .map(|_| {
            Ok(VariantDef {
                name: cursor.index()?,
                fields: fields(cursor)?,
            })
        })
        .collect::<Result<_>>()?;
    Ok(EnumDef { handle, variants })
}

pub(super) fn function_def(cursor: &mut Cursor<'_>, version: u32) -> Result<FunctionDef> {
    let handle = cursor.index()?;
    let visibility = match cursor.byte()? {
        0x0 => Visibility::Private,
        0x1 => Visibility::Public,
        0x3 => Visibility::Friend,
        byte => {
            return Err(BinaryError::Unknown {
                what: "visibility",
                byte,
            });
        }
    };
    let flags = cursor.byte()?;
    if flags & !(FLAG_NATIVE | FLAG_ENTRY) != 0 {
        return Err(BinaryError::Unknown {
            what: "function flags",
            byte: flags,
        });
    }
    let count = cursor.small(u8::MAX)?;
    let acquires = (0..count).map(|_| cursor.index()).collect::<Result<_>>()?;
    let code = if flags & FLAG_NATIVE == 0 {
        Some(read_code_unit(cursor, version)?)
    } else {
        None
    };
    Ok(FunctionDef {
        handle,
        visibility,
        is_entry: flags & FLAG_ENTRY != 0,
        acquires,
        code,
    })
}
