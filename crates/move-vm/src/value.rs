//! Move values.

mod reference;
mod u256;

use crate::address::Address;

pub use reference::Reference;
pub(crate) use reference::{Path, Root, Step, StepKind};
pub use u256::U256;

/// A Move value.
///
/// Owned values form a tree without sharing; `vector<u8>` is stored as bytes, every other vector
/// as values. References are handles that only the machine can make and follow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A local that was moved out of; never seen outside of the machine.
    Invalid,
    /// `bool`
    Bool(bool),
    /// `u8`
    U8(u8),
    /// `u16`
    U16(u16),
    /// `u32`
    U32(u32),
    /// `u64`
    U64(u64),
    /// `u128`
    U128(u128),
    /// `u256`
    U256(U256),
    /// `address`
    Address(Address),
    /// `signer`
    Signer(Address),
    /// `vector<u8>`
    Bytes(Vec<u8>),
    /// Any other vector.
    Vector(Vec<Value>),
    /// A struct: its fields in order.
    Struct(Box<[Value]>),
    /// An enum value.
    Variant(Box<Variant>),
    /// A reference; never seen outside of the machine.
    Reference(Reference),
}

/// An enum value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variant {
    /// Which variant, by its place in the declaration.
    pub tag: u16,
    /// Its fields in order.
    pub fields: Box<[Value]>,
}

impl Value {
    /// A struct of these fields.
    #[must_use]
    pub fn structure(fields: impl IntoIterator<Item = Self>) -> Self {
        Self::Struct(fields.into_iter().collect())
    }

    /// A `0x2::object::ID`.
    #[must_use]
    pub fn id(id: Address) -> Self {
        Self::structure([Self::Address(id)])
    }

    /// A `0x2::object::UID`.
    #[must_use]
    pub fn uid(id: Address) -> Self {
        Self::structure([Self::id(id)])
    }

    /// The id of an object: the address inside its first field, `id: UID`.
    #[must_use]
    pub fn object_id(&self) -> Option<Address> {
        self.field(0)?.uid_address()
    }

    /// The address inside a `UID`.
    #[must_use]
    pub fn uid_address(&self) -> Option<Address> {
        self.field(0)?.field(0)?.as_address()
    }

    /// A field of a struct.
    #[must_use]
    pub fn field(&self, index: usize) -> Option<&Self> {
        match self {
            Self::Struct(fields) => fields.get(index),
            _ => None,
        }
    }

    /// The address, if it is one.
    #[must_use]
    pub const fn as_address(&self) -> Option<Address> {
        match self {
            Self::Address(address) => Some(*address),
            _ => None,
        }
    }

    /// The number, if it is a `u64`.
    #[must_use]
    pub const fn as_u64(&self) -> Option<u64> {
        match self {
            Self::U64(number) => Some(*number),
            _ => None,
        }
    }

    /// The bytes, if it is a `vector<u8>`.
    #[must_use]
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self {
            Self::Bytes(bytes) => Some(bytes),
            _ => None,
        }
    }

    /// Bytes that a copy of this value takes beyond the value itself; none for scalars.
    #[must_use]
    pub fn size(&self) -> u64 {
        /// Bytes of one value in a vector or struct.
        const CELL: u64 = 40;
        let cells = |values: &[Self]| -> u64 {
            values
                .iter()
                .fold(0, |sum: u64, value| sum.saturating_add(CELL + value.size()))
        };
        match self {
            Self::Bytes(bytes) => u64::try_from(bytes.len()).unwrap_or(u64::MAX),
            Self::Vector(values) => cells(values),
            Self::Struct(fields) => cells(fields),
            Self::Variant(variant) => cells(&variant.fields),
            _ => 0,
        }
    }
}
