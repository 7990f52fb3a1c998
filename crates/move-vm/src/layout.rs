//! Fully resolved shapes of values.

use std::sync::Arc;

use crate::ability::AbilitySet;
use crate::identifier::Identifier;
use crate::types::{Datatype, Type};

/// The shape of a concrete type's values: what the BCS codec needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeLayout {
    /// `bool`
    Bool,
    /// `u8`
    U8,
    /// `u16`
    U16,
    /// `u32`
    U32,
    /// `u64`
    U64,
    /// `u128`
    U128,
    /// `u256`
    U256,
    /// `address`
    Address,
    /// `signer`
    Signer,
    /// `vector<T>`
    Vector(Arc<TypeLayout>),
    /// A struct.
    Struct(Arc<StructLayout>),
    /// An enum.
    Enum(Arc<EnumLayout>),
}

/// The shape of a struct.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StructLayout {
    /// Its type.
    pub datatype: Datatype,
    /// Fields in order.
    pub fields: Vec<FieldLayout>,
}

/// The shape of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumLayout {
    /// Its type.
    pub datatype: Datatype,
    /// Variants by tag.
    pub variants: Vec<VariantLayout>,
}

/// One variant of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VariantLayout {
    /// Its name.
    pub name: Identifier,
    /// Fields in order.
    pub fields: Vec<FieldLayout>,
}

/// One field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldLayout {
    /// Its name.
    pub name: Identifier,
    /// Shape of its value.
    pub layout: TypeLayout,
}

/// A concrete type with everything natives and ledgers ask of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadedType {
    /// The type, datatypes named by defining id.
    pub ty: Type,
    /// The same type with datatypes named by original id.
    pub original_ty: Type,
    /// Shape of its values.
    pub layout: TypeLayout,
    /// Abilities of its values.
    pub abilities: AbilitySet,
}
