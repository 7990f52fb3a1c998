//! Instructions on integers and bools.

use std::cmp::Ordering;

use crate::binary::Instruction;
use crate::error::{Status, VmError, VmResult};
use crate::runtime::machine::{Machine, invariant};
use crate::value::{U256, Value};

/// Applies a checked operation to two integers of the same type.
macro_rules! checked {
    ($left:expr, $right:expr, $method:ident, $wide:expr) => {
        match ($left, $right) {
            (Value::U8(a), Value::U8(b)) => a.$method(b).map(Value::U8),
            (Value::U16(a), Value::U16(b)) => a.$method(b).map(Value::U16),
            (Value::U32(a), Value::U32(b)) => a.$method(b).map(Value::U32),
            (Value::U64(a), Value::U64(b)) => a.$method(b).map(Value::U64),
            (Value::U128(a), Value::U128(b)) => a.$method(b).map(Value::U128),
            (Value::U256(a), Value::U256(b)) => $wide(a, b).map(Value::U256),
            _ => return Err(mismatch()),
        }
        .ok_or_else(|| VmError::new(Status::Arithmetic))
    };
}

/// Applies a bitwise operation to two integers of the same type.
macro_rules! bitwise {
    ($left:expr, $right:expr, $operator:tt) => {
        Ok(match ($left, $right) {
            (Value::U8(a), Value::U8(b)) => Value::U8(a $operator b),
            (Value::U16(a), Value::U16(b)) => Value::U16(a $operator b),
            (Value::U32(a), Value::U32(b)) => Value::U32(a $operator b),
            (Value::U64(a), Value::U64(b)) => Value::U64(a $operator b),
            (Value::U128(a), Value::U128(b)) => Value::U128(a $operator b),
            (Value::U256(a), Value::U256(b)) => {
                Value::U256(a.zip_limbs(b, |left, right| left $operator right))
            }
            _ => return Err(mismatch()),
        })
    };
}

fn mismatch() -> VmError {
    invariant("operands of other types")
}

impl Machine<'_> {
    pub(super) fn arithmetic_step(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        let result = match instruction {
            I::Not => Value::Bool(!self.pop_bool()?),
            I::And | I::Or => {
                let right = self.pop_bool()?;
                let left = self.pop_bool()?;
                Value::Bool(if *instruction == I::And {
                    left && right
                } else {
                    left || right
                })
            }
            I::Shl | I::Shr => {
                let bits = self.pop_u8()?;
                let value = self.pop()?;
                shift(value, bits, *instruction == I::Shl)?
            }
            I::CastU8 | I::CastU16 | I::CastU32 | I::CastU64 | I::CastU128 | I::CastU256 => {
                let value = self.pop()?;
                cast(&value, instruction)?
            }
            _ => {
                let right = self.pop()?;
                let left = self.pop()?;
                binary(left, right, instruction)?
            }
        };
        self.push(result)
    }
}

fn binary(left: Value, right: Value, instruction: &Instruction) -> VmResult<Value> {
    use Instruction as I;
    match instruction {
        I::Add => checked!(left, right, checked_add, U256::checked_add),
        I::Sub => checked!(left, right, checked_sub, U256::checked_sub),
        I::Mul => checked!(left, right, checked_mul, U256::checked_mul),
        I::Div => checked!(left, right, checked_div, |a: U256, b| a
            .checked_div_rem(b)
            .map(|(quotient, _)| quotient)),
        I::Mod => checked!(left, right, checked_rem, |a: U256, b| a
            .checked_div_rem(b)
            .map(|(_, remainder)| remainder)),
        I::BitAnd => bitwise!(left, right, &),
        I::BitOr => bitwise!(left, right, |),
        I::Xor => bitwise!(left, right, ^),
        I::Lt => Ok(Value::Bool(compare(&left, &right)?.is_lt())),
        I::Gt => Ok(Value::Bool(compare(&left, &right)?.is_gt())),
        I::Le => Ok(Value::Bool(compare(&left, &right)?.is_le())),
        I::Ge => Ok(Value::Bool(compare(&left, &right)?.is_ge())),
        _ => Err(invariant("not an instruction on integers")),
    }
}

fn compare(left: &Value, right: &Value) -> VmResult<Ordering> {
    Ok(match (left, right) {
        (Value::U8(a), Value::U8(b)) => a.cmp(b),
        (Value::U16(a), Value::U16(b)) => a.cmp(b),
        (Value::U32(a), Value::U32(b)) => a.cmp(b),
        (Value::U64(a), Value::U64(b)) => a.cmp(b),
        (Value::U128(a), Value::U128(b)) => a.cmp(b),
        (Value::U256(a), Value::U256(b)) => a.cmp(b),
        _ => return Err(mismatch()),
    })
}

/// Shifts; a shift by the width of the type or more is an error, bits that leave are lost.
fn shift(value: Value, bits: u8, left: bool) -> VmResult<Value> {
    macro_rules! shifted {
        ($number:expr, $wrap:expr) => {
            if left {
                $number.checked_shl(u32::from(bits)).map($wrap)
            } else {
                $number.checked_shr(u32::from(bits)).map($wrap)
            }
        };
    }
    match value {
        Value::U8(number) => shifted!(number, Value::U8),
        Value::U16(number) => shifted!(number, Value::U16),
        Value::U32(number) => shifted!(number, Value::U32),
        Value::U64(number) => shifted!(number, Value::U64),
        Value::U128(number) => shifted!(number, Value::U128),
        Value::U256(number) => Some(Value::U256(if left {
            number.shl_wrapping(bits)
        } else {
            number.shr_wrapping(bits)
        })),
        _ => return Err(mismatch()),
    }
    .ok_or_else(|| VmError::new(Status::Arithmetic))
}

fn cast(value: &Value, instruction: &Instruction) -> VmResult<Value> {
    use Instruction as I;
    let wide = match value {
        Value::U8(number) => u128::from(*number),
        Value::U16(number) => u128::from(*number),
        Value::U32(number) => u128::from(*number),
        Value::U64(number) => u128::from(*number),
        Value::U128(number) => *number,
        Value::U256(number) => {
            if *instruction == I::CastU256 {
                return Ok(Value::U256(*number));
            }
            number
                .to_u128()
                .ok_or_else(|| VmError::new(Status::Arithmetic))?
        }
        _ => return Err(mismatch()),
    };
    match instruction {
        I::CastU8 => u8::try_from(wide).ok().map(Value::U8),
        I::CastU16 => u16::try_from(wide).ok().map(Value::U16),
        I::CastU32 => u32::try_from(wide).ok().map(Value::U32),
        I::CastU64 => u64::try_from(wide).ok().map(Value::U64),
        I::CastU128 => Some(Value::U128(wide)),
        I::CastU256 => Some(Value::U256(U256::from(wide))),
        _ => return Err(invariant("not a cast")),
    }
    .ok_or_else(|| VmError::new(Status::Arithmetic))
}
