//! Reading function bodies.

use super::cursor::Cursor;
use super::limits;
use super::reader::FIRST_VERSION_WITH_ENUMS;
use super::{BinaryError, CodeUnit, Instruction, JumpTable};
use crate::value::U256;

type Result<T> = std::result::Result<T, BinaryError>;

pub(super) fn read_code_unit(cursor: &mut Cursor<'_>, version: u32) -> Result<CodeUnit> {
    let locals = cursor.index()?;
    let count = cursor.length(u16::MAX)?;
    // Every instruction takes at least a byte, so this cannot reserve more than the file has.
    let mut code = Vec::with_capacity(count.min(cursor.remaining().len()));
    for _ in 0..count {
        code.push(read_instruction(cursor, version)?);
    }
    let mut jump_tables = Vec::new();
    if version >= FIRST_VERSION_WITH_ENUMS {
        for _ in 0..cursor.small(limits::VARIANTS)? {
            jump_tables.push(read_jump_table(cursor)?);
        }
    }
    Ok(CodeUnit {
        locals,
        code,
        jump_tables,
    })
}

fn read_jump_table(cursor: &mut Cursor<'_>) -> Result<JumpTable> {
    let enum_def = cursor.index()?;
    let branches = cursor.small(limits::VARIANTS)?;
    match cursor.byte()? {
        0x1 => {}
        byte => {
            return Err(BinaryError::Unknown {
                what: "jump table flag",
                byte,
            });
        }
    }
    let offsets = (0..branches)
        .map(|_| cursor.index())
        .collect::<Result<_>>()?;
    Ok(JumpTable { enum_def, offsets })
}

fn read_instruction(cursor: &mut Cursor<'_>, version: u32) -> Result<Instruction> {
    use Instruction as I;
    let opcode = cursor.byte()?;
    if (0x4E..=0x56).contains(&opcode) && version < FIRST_VERSION_WITH_ENUMS {
        return Err(BinaryError::NotInVersion("enum instructions"));
    }
    if let Some(plain) = plain_instruction(opcode) {
        return Ok(plain);
    }
    Ok(match opcode {
        0x03 => I::BrTrue(cursor.index()?),
        0x04 => I::BrFalse(cursor.index()?),
        0x05 => I::Branch(cursor.index()?),
        0x06 => I::LdU64(cursor.u64_le()?),
        0x07 => I::LdConst(cursor.index()?),
        0x0A => I::CopyLoc(cursor.small(u8::MAX)?),
        0x0B => I::MoveLoc(cursor.small(u8::MAX)?),
        0x0C => I::StLoc(cursor.small(u8::MAX)?),
        0x0D => I::MutBorrowLoc(cursor.small(u8::MAX)?),
        0x0E => I::ImmBorrowLoc(cursor.small(u8::MAX)?),
        0x0F => I::MutBorrowField(cursor.index()?),
        0x10 => I::ImmBorrowField(cursor.index()?),
        0x11 => I::Call(cursor.index()?),
        0x12 => I::Pack(cursor.index()?),
        0x13 => I::Unpack(cursor.index()?),
        0x31 => I::LdU8(cursor.byte()?),
        0x32 => I::LdU128(Box::new(u128::from_le_bytes(cursor.array()?))),
        0x36 => I::MutBorrowFieldGeneric(cursor.index()?),
        0x37 => I::ImmBorrowFieldGeneric(cursor.index()?),
        0x38 => I::CallGeneric(cursor.index()?),
        0x39 => I::PackGeneric(cursor.index()?),
        0x3A => I::UnpackGeneric(cursor.index()?),
        0x40 => I::VecPack(cursor.index()?, cursor.u64_le()?),
        0x41 => I::VecLen(cursor.index()?),
        0x42 => I::VecImmBorrow(cursor.index()?),
        0x43 => I::VecMutBorrow(cursor.index()?),
        0x44 => I::VecPushBack(cursor.index()?),
        0x45 => I::VecPopBack(cursor.index()?),
        0x46 => I::VecUnpack(cursor.index()?, cursor.u64_le()?),
        0x47 => I::VecSwap(cursor.index()?),
        0x48 => I::LdU16(u16::from_le_bytes(cursor.array()?)),
        0x49 => I::LdU32(u32::from_le_bytes(cursor.array()?)),
        0x4A => I::LdU256(Box::new(U256::from_le_bytes(&cursor.array()?))),
        0x4E => I::PackVariant(cursor.index()?),
        0x4F => I::PackVariantGeneric(cursor.index()?),
        0x50 => I::UnpackVariant(cursor.index()?),
        0x51 => I::UnpackVariantImmRef(cursor.index()?),
        0x52 => I::UnpackVariantMutRef(cursor.index()?),
        0x53 => I::UnpackVariantGeneric(cursor.index()?),
        0x54 => I::UnpackVariantGenericImmRef(cursor.index()?),
        0x55 => I::UnpackVariantGenericMutRef(cursor.index()?),
        0x56 => I::VariantSwitch(u16::from(cursor.small(limits::VARIANTS)?)),
        0x29..=0x2D | 0x3B..=0x3F => I::GlobalStorage(opcode, cursor.index()?),
        byte => {
            return Err(BinaryError::Unknown {
                what: "opcode",
                byte,
            });
        }
    })
}

/// The instructions without operand.
fn plain_instruction(opcode: u8) -> Option<Instruction> {
    use Instruction as I;
    Some(match opcode {
        0x01 => I::Pop,
        0x02 => I::Ret,
        0x08 => I::LdTrue,
        0x09 => I::LdFalse,
        0x14 => I::ReadRef,
        0x15 => I::WriteRef,
        0x16 => I::Add,
        0x17 => I::Sub,
        0x18 => I::Mul,
        0x19 => I::Mod,
        0x1A => I::Div,
        0x1B => I::BitOr,
        0x1C => I::BitAnd,
        0x1D => I::Xor,
        0x1E => I::Or,
        0x1F => I::And,
        0x20 => I::Not,
        0x21 => I::Eq,
        0x22 => I::Neq,
        0x23 => I::Lt,
        0x24 => I::Gt,
        0x25 => I::Le,
        0x26 => I::Ge,
        0x27 => I::Abort,
        0x28 => I::Nop,
        0x2E => I::FreezeRef,
        0x2F => I::Shl,
        0x30 => I::Shr,
        0x33 => I::CastU8,
        0x34 => I::CastU64,
        0x35 => I::CastU128,
        0x4B => I::CastU16,
        0x4C => I::CastU32,
        0x4D => I::CastU256,
        _ => return None,
    })
}
