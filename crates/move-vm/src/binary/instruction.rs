//! The instruction set.

use crate::value::U256;

/// One instruction. Numbers are indices into the table that the name of the variant suggests.
#[derive(Debug, Clone, PartialEq, Eq)]
#[rustfmt::skip]
#[expect(missing_docs, reason = "the names are those of the Move bytecode, whose semantics they carry")]
pub enum Instruction {
    Pop, Ret, Nop, Abort,
    BrTrue(u16), BrFalse(u16), Branch(u16),
    LdU8(u8), LdU16(u16), LdU32(u32), LdU64(u64), LdU128(Box<u128>), LdU256(Box<U256>),
    LdTrue, LdFalse, LdConst(u16),
    CastU8, CastU16, CastU32, CastU64, CastU128, CastU256,
    CopyLoc(u8), MoveLoc(u8), StLoc(u8), MutBorrowLoc(u8), ImmBorrowLoc(u8),
    MutBorrowField(u16), ImmBorrowField(u16), MutBorrowFieldGeneric(u16), ImmBorrowFieldGeneric(u16),
    Call(u16), CallGeneric(u16),
    Pack(u16), PackGeneric(u16), Unpack(u16), UnpackGeneric(u16),
    PackVariant(u16), PackVariantGeneric(u16), UnpackVariant(u16), UnpackVariantGeneric(u16),
    UnpackVariantImmRef(u16), UnpackVariantMutRef(u16),
    UnpackVariantGenericImmRef(u16), UnpackVariantGenericMutRef(u16), VariantSwitch(u16),
    ReadRef, WriteRef, FreezeRef,
    Add, Sub, Mul, Mod, Div, BitOr, BitAnd, Xor, Shl, Shr,
    Or, And, Not, Eq, Neq, Lt, Gt, Le, Ge,
    VecPack(u16, u64), VecLen(u16), VecImmBorrow(u16), VecMutBorrow(u16),
    VecPushBack(u16), VecPopBack(u16), VecUnpack(u16, u64), VecSwap(u16),
    /// One of the ten operations on global storage, by opcode; read, but refused by the verifier.
    GlobalStorage(u8, u16),
}
