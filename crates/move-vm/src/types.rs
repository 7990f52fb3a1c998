//! Resolved Move types, their text form and their BCS form.

mod bcs_form;
mod text;

use std::fmt;

use crate::address::Address;
use crate::identifier::Identifier;

pub use text::TypeParseError;

/// Deepest nesting of a type that is accepted.
pub const MAX_TYPE_DEPTH: usize = 16;
/// Most nodes in one type.
pub const MAX_TYPE_NODES: usize = 256;

/// A module's name with the address of its package.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModuleId {
    /// Package: the original (runtime) id unless said otherwise.
    pub address: Address,
    /// The module's name.
    pub name: Identifier,
}

impl ModuleId {
    /// Names a module.
    #[must_use]
    pub const fn new(address: Address, name: Identifier) -> Self {
        Self { address, name }
    }
}

impl fmt::Display for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}::{}", self.address.to_short_hex(), self.name)
    }
}

impl fmt::Debug for ModuleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A Move type. Datatypes are named by their *defining* id: the package version that first
/// contained them, as in the type of an object or event on chain.
///
/// References and type parameters appear in signatures only; [`Type::is_concrete`] tells.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Type {
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
    Vector(Box<Type>),
    /// A struct or an enum.
    Datatype(Box<Datatype>),
    /// `&T`
    Reference(Box<Type>),
    /// `&mut T`
    MutableReference(Box<Type>),
    /// The type parameter with this index, of the function whose signature it is.
    TypeParameter(u16),
}

/// A struct or enum type with its arguments.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datatype {
    /// Defining id of the package.
    pub address: Address,
    /// Module that declares it.
    pub module: Identifier,
    /// Its name.
    pub name: Identifier,
    /// Type arguments, phantom ones too.
    pub type_args: Vec<Type>,
}

impl Type {
    /// A datatype without type arguments.
    #[must_use]
    pub fn datatype(address: Address, module: Identifier, name: Identifier) -> Self {
        Self::Datatype(Box::new(Datatype {
            address,
            module,
            name,
            type_args: Vec::new(),
        }))
    }

    /// `vector<element>`
    #[must_use]
    pub fn vector(element: Self) -> Self {
        Self::Vector(Box::new(element))
    }

    /// Whether neither reference nor type parameter occurs in it.
    #[must_use]
    pub fn is_concrete(&self) -> bool {
        match self {
            Self::Reference(_) | Self::MutableReference(_) | Self::TypeParameter(_) => false,
            Self::Vector(element) => element.is_concrete(),
            Self::Datatype(datatype) => datatype.type_args.iter().all(Self::is_concrete),
            _ => true,
        }
    }

    /// Whether it is `&T` or `&mut T`.
    #[must_use]
    pub const fn is_reference(&self) -> bool {
        matches!(self, Self::Reference(_) | Self::MutableReference(_))
    }

    /// The datatype, if it is one.
    #[must_use]
    pub fn as_datatype(&self) -> Option<&Datatype> {
        match self {
            Self::Datatype(datatype) => Some(datatype),
            _ => None,
        }
    }

    /// Replaces type parameters by `arguments`; `None` when an index is out of range.
    #[must_use]
    pub fn substitute(&self, arguments: &[Self]) -> Option<Self> {
        Some(match self {
            Self::TypeParameter(index) => arguments.get(usize::from(*index))?.clone(),
            Self::Vector(inner) => Self::Vector(Box::new(inner.substitute(arguments)?)),
            Self::Reference(inner) => Self::Reference(Box::new(inner.substitute(arguments)?)),
            Self::MutableReference(inner) => {
                Self::MutableReference(Box::new(inner.substitute(arguments)?))
            }
            Self::Datatype(datatype) => Self::Datatype(Box::new(Datatype {
                address: datatype.address,
                module: datatype.module.clone(),
                name: datatype.name.clone(),
                type_args: datatype
                    .type_args
                    .iter()
                    .map(|argument| argument.substitute(arguments))
                    .collect::<Option<_>>()?,
            })),
            other => other.clone(),
        })
    }
}

impl Datatype {
    /// Whether this is `address::module::name`, whatever its arguments.
    #[must_use]
    pub fn is(&self, address: &Address, module: &str, name: &str) -> bool {
        self.address == *address && &*self.module == module && &*self.name == name
    }
}

impl fmt::Debug for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for Datatype {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
