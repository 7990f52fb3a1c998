//! Values as BCS.

use thiserror::Error;

use crate::address::Address;
use crate::layout::{FieldLayout, TypeLayout};
use crate::value::{U256, Value, Variant};

/// Deepest nesting of values that is read or written.
pub const MAX_VALUE_DEPTH: usize = 128;

/// Why bytes are not a value, or a value has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end too early.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// Bytes are left over.
    #[error("{0} bytes left over")]
    TrailingBytes(usize),
    /// A length or tag is not in its shortest form, or too large.
    #[error("length or tag is not a canonical ULEB128 number below 2^31")]
    BadLength,
    /// A bool that is neither 0 nor 1.
    #[error("bool is neither 0 nor 1")]
    BadBool,
    /// An enum tag without variant.
    #[error("no variant with tag {0}")]
    BadTag(u32),
    /// Nested deeper than [`MAX_VALUE_DEPTH`].
    #[error("nested deeper than {MAX_VALUE_DEPTH}")]
    TooDeep,
    /// The value does not have the shape of the type.
    #[error("value does not have the shape of its type")]
    ShapeMismatch,
}

impl Value {
    /// Reads a value of the given shape from all of `bytes`.
    ///
    /// # Errors
    /// [`CodecError`] unless the bytes are the canonical BCS form of such a value.
    pub fn from_bcs(bytes: &[u8], layout: &TypeLayout) -> Result<Self, CodecError> {
        let mut reader = Reader { rest: bytes };
        let value = reader.value(layout, 1)?;
        if reader.rest.is_empty() {
            Ok(value)
        } else {
            Err(CodecError::TrailingBytes(reader.rest.len()))
        }
    }

    /// The BCS form of this value.
    ///
    /// # Errors
    /// [`CodecError`] when it has another shape or is nested too deeply.
    pub fn to_bcs(&self, layout: &TypeLayout) -> Result<Vec<u8>, CodecError> {
        let mut out = Vec::with_capacity(64);
        write_value(&mut out, self, layout, 1)?;
        Ok(out)
    }
}

/// Largest length or tag in BCS.
const MAX_LENGTH: u32 = (1 << 31) - 1;
/// Elements for which room is made before they are read.
const MAX_RESERVE: usize = 1_024;

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], CodecError> {
        let (head, tail) = self
            .rest
            .split_at_checked(length)
            .ok_or(CodecError::UnexpectedEnd)?;
        self.rest = tail;
        Ok(head)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], CodecError> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(CodecError::UnexpectedEnd)?;
        self.rest = tail;
        Ok(*head)
    }

    fn number(&mut self) -> Result<u32, CodecError> {
        let mut value = 0u64;
        for shift in (0..35).step_by(7) {
            let [byte] = self.array()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(CodecError::BadLength);
                }
                return u32::try_from(value)
                    .ok()
                    .filter(|number| *number <= MAX_LENGTH)
                    .ok_or(CodecError::BadLength);
            }
        }
        Err(CodecError::BadLength)
    }

    fn fields(&mut self, fields: &[FieldLayout], depth: usize) -> Result<Box<[Value]>, CodecError> {
        fields
            .iter()
            .map(|field| self.value(&field.layout, depth + 1))
            .collect()
    }

    fn vector(&mut self, element: &TypeLayout, depth: usize) -> Result<Value, CodecError> {
        let length = self.number()? as usize;
        if *element == TypeLayout::U8 {
            return Ok(Value::Bytes(self.take(length)?.to_vec()));
        }
        // Every element takes at least one byte.
        if length > self.rest.len() {
            return Err(CodecError::UnexpectedEnd);
        }
        let mut elements = Vec::with_capacity(length.min(MAX_RESERVE));
        for _ in 0..length {
            elements.push(self.value(element, depth + 1)?);
        }
        Ok(Value::Vector(elements))
    }

    fn value(&mut self, layout: &TypeLayout, depth: usize) -> Result<Value, CodecError> {
        if depth > MAX_VALUE_DEPTH {
            return Err(CodecError::TooDeep);
        }
        Ok(match layout {
            TypeLayout::Bool => match self.array()? {
                [0] => Value::Bool(false),
                [1] => Value::Bool(true),
                _ => return Err(CodecError::BadBool),
            },
            TypeLayout::U8 => Value::U8(self.array::<1>()?[0]),
            TypeLayout::U16 => Value::U16(u16::from_le_bytes(self.array()?)),
            TypeLayout::U32 => Value::U32(u32::from_le_bytes(self.array()?)),
            TypeLayout::U64 => Value::U64(u64::from_le_bytes(self.array()?)),
            TypeLayout::U128 => Value::U128(u128::from_le_bytes(self.array()?)),
            TypeLayout::U256 => Value::U256(U256::from_le_bytes(&self.array()?)),
            TypeLayout::Address => Value::Address(Address(self.array()?)),
            TypeLayout::Signer => Value::Signer(Address(self.array()?)),
            TypeLayout::Vector(element) => self.vector(element, depth)?,
            TypeLayout::Struct(layout) => Value::Struct(self.fields(&layout.fields, depth)?),
            TypeLayout::Enum(layout) => {
                let number = self.number()?;
                let (tag, variant) = u16::try_from(number)
                    .ok()
                    .and_then(|tag| Some((tag, layout.variants.get(usize::from(tag))?)))
                    .ok_or(CodecError::BadTag(number))?;
                let fields = self.fields(&variant.fields, depth)?;
                Value::Variant(Box::new(Variant { tag, fields }))
            }
        })
    }
}

fn write_number(out: &mut Vec<u8>, number: usize) -> Result<(), CodecError> {
    let mut rest = u32::try_from(number)
        .ok()
        .filter(|number| *number <= MAX_LENGTH)
        .ok_or(CodecError::BadLength)?;
    loop {
        let [low, ..] = rest.to_le_bytes();
        rest >>= 7;
        if rest == 0 {
            out.push(low & 0x7f);
            return Ok(());
        }
        out.push(low | 0x80);
    }
}

fn write_fields(
    out: &mut Vec<u8>,
    values: &[Value],
    fields: &[FieldLayout],
    depth: usize,
) -> Result<(), CodecError> {
    if values.len() != fields.len() {
        return Err(CodecError::ShapeMismatch);
    }
    for (value, field) in values.iter().zip(fields) {
        write_value(out, value, &field.layout, depth + 1)?;
    }
    Ok(())
}

fn write_value(
    out: &mut Vec<u8>,
    value: &Value,
    layout: &TypeLayout,
    depth: usize,
) -> Result<(), CodecError> {
    if depth > MAX_VALUE_DEPTH {
        return Err(CodecError::TooDeep);
    }
    match (value, layout) {
        (Value::Bool(value), TypeLayout::Bool) => out.push(u8::from(*value)),
        (Value::U8(value), TypeLayout::U8) => out.push(*value),
        (Value::U16(value), TypeLayout::U16) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U32(value), TypeLayout::U32) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U64(value), TypeLayout::U64) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U128(value), TypeLayout::U128) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::U256(value), TypeLayout::U256) => out.extend_from_slice(&value.to_le_bytes()),
        (Value::Address(value), TypeLayout::Address)
        | (Value::Signer(value), TypeLayout::Signer) => out.extend_from_slice(value.as_bytes()),
        (Value::Bytes(bytes), TypeLayout::Vector(element)) if **element == TypeLayout::U8 => {
            write_number(out, bytes.len())?;
            out.extend_from_slice(bytes);
        }
        (Value::Vector(elements), TypeLayout::Vector(element)) if **element != TypeLayout::U8 => {
            write_number(out, elements.len())?;
            for value in elements {
                write_value(out, value, element, depth + 1)?;
            }
        }
        (Value::Struct(values), TypeLayout::Struct(layout)) => {
            write_fields(out, values, &layout.fields, depth)?;
        }
        (Value::Variant(value), TypeLayout::Enum(layout)) => {
            let variant = layout
                .variants
                .get(usize::from(value.tag))
                .ok_or(CodecError::ShapeMismatch)?;
            write_number(out, usize::from(value.tag))?;
            write_fields(out, &value.fields, &variant.fields, depth)?;
        }
        _ => return Err(CodecError::ShapeMismatch),
    }
    Ok(())
}
