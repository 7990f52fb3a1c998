//! Types while code runs: shared, resolved, possibly with type parameters.

use std::sync::{Arc, OnceLock};

use crate::ability::AbilitySet;
use crate::address::Address;
use crate::binary::DatatypeParameter;
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::layout::LoadedType;
use crate::limits::Limits;
use crate::types::{Datatype, Type};

/// A type whose datatypes are resolved. Cloning is cheap.
#[derive(Debug, Clone)]
pub(crate) enum Ty {
    Bool,
    U8,
    U16,
    U32,
    U64,
    U128,
    U256,
    Address,
    Signer,
    Vector(Arc<Ty>),
    Datatype(Arc<DatatypeTy>),
    Reference(Arc<Ty>),
    MutableReference(Arc<Ty>),
    Parameter(u16),
}

/// A datatype with its arguments.
#[derive(Debug)]
pub(crate) struct DatatypeTy {
    pub(crate) info: Arc<DatatypeInfo>,
    pub(crate) args: Box<[Ty]>,
    /// Nodes of the type as text, without sharing.
    nodes: usize,
    /// Nesting of the type as text.
    depth: usize,
    /// Upper bound of the nesting of values, not counting type parameters.
    value_depth: usize,
    /// Whether a type parameter occurs in it.
    is_open: bool,
    /// Filled when natives ask for it; for closed types only.
    pub(crate) loaded: OnceLock<Arc<LoadedType>>,
}

/// A datatype's declaration with its fields resolved.
#[derive(Debug)]
pub(crate) struct DatatypeInfo {
    /// Storage id of the package version that first had it.
    pub(crate) defining: Address,
    /// Original id of its package.
    pub(crate) original: Address,
    pub(crate) module: Identifier,
    pub(crate) name: Identifier,
    pub(crate) abilities: AbilitySet,
    pub(crate) parameters: Vec<DatatypeParameter>,
    pub(crate) body: DatatypeBody,
    /// Upper bound of the nesting of values, type parameters counting nothing.
    pub(crate) value_depth: usize,
}

/// Fields of a struct, or variants of an enum.
#[derive(Debug)]
pub(crate) enum DatatypeBody {
    Struct(Vec<(Identifier, Ty)>),
    Enum(Vec<(Identifier, Vec<(Identifier, Ty)>)>),
    /// A native struct: nothing can make one.
    Native,
}

impl DatatypeBody {
    /// Types of all fields of all variants.
    pub(crate) fn field_types(&self) -> Box<dyn Iterator<Item = &Ty> + '_> {
        match self {
            Self::Struct(fields) => Box::new(fields.iter().map(|(_, ty)| ty)),
            Self::Enum(variants) => Box::new(
                variants
                    .iter()
                    .flat_map(|(_, fields)| fields.iter().map(|(_, ty)| ty)),
            ),
            Self::Native => Box::new(std::iter::empty()),
        }
    }
}

impl DatatypeTy {
    pub(crate) fn new(info: Arc<DatatypeInfo>, args: Box<[Ty]>) -> Self {
        let nodes = args
            .iter()
            .fold(1usize, |sum, arg| sum.saturating_add(arg.nodes()));
        let depth = 1 + args.iter().map(Ty::depth).max().unwrap_or(0);
        let value_depth = info
            .value_depth
            .saturating_add(args.iter().map(Ty::value_depth).max().unwrap_or(0));
        let is_open = args.iter().any(Ty::is_open);
        Self {
            info,
            args,
            nodes,
            depth,
            value_depth,
            is_open,
            loaded: OnceLock::new(),
        }
    }
}

impl Ty {
    pub(crate) fn datatype(info: Arc<DatatypeInfo>, args: Box<[Ty]>) -> Self {
        Self::Datatype(Arc::new(DatatypeTy::new(info, args)))
    }

    fn nodes(&self) -> usize {
        match self {
            Self::Vector(inner) | Self::Reference(inner) | Self::MutableReference(inner) => {
                inner.nodes().saturating_add(1)
            }
            Self::Datatype(datatype) => datatype.nodes,
            _ => 1,
        }
    }

    fn depth(&self) -> usize {
        match self {
            Self::Vector(inner) | Self::Reference(inner) | Self::MutableReference(inner) => {
                inner.depth() + 1
            }
            Self::Datatype(datatype) => datatype.depth,
            _ => 1,
        }
    }

    /// Upper bound of the nesting of values, type parameters counting nothing.
    pub(crate) fn value_depth(&self) -> usize {
        match self {
            Self::Vector(inner) | Self::Reference(inner) | Self::MutableReference(inner) => {
                inner.value_depth().saturating_add(1)
            }
            Self::Datatype(datatype) => datatype.value_depth,
            Self::Parameter(_) => 0,
            _ => 1,
        }
    }

    /// Whether a type parameter occurs in it.
    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Vector(inner) | Self::Reference(inner) | Self::MutableReference(inner) => {
                inner.is_open()
            }
            Self::Datatype(datatype) => datatype.is_open,
            Self::Parameter(_) => true,
            _ => false,
        }
    }

    /// Refuses types that are too large, so that nothing recursive over them can run away.
    pub(crate) fn check_size(&self, limits: &Limits) -> VmResult<()> {
        if self.nodes() > limits.type_nodes || self.depth() > limits.type_depth {
            return Err(VmError::new(Status::TypeLimit));
        }
        if self.value_depth() > limits.value_depth {
            return Err(VmError::new(Status::ValueDepth));
        }
        Ok(())
    }

    /// Replaces type parameters.
    pub(crate) fn substitute(&self, args: &[Self]) -> VmResult<Self> {
        if !self.is_open() {
            return Ok(self.clone());
        }
        Ok(match self {
            Self::Parameter(index) => args
                .get(usize::from(*index))
                .cloned()
                .ok_or_else(|| VmError::with_message(Status::Invariant, "type parameter"))?,
            Self::Vector(inner) => Self::Vector(Arc::new(inner.substitute(args)?)),
            Self::Reference(inner) => Self::Reference(Arc::new(inner.substitute(args)?)),
            Self::MutableReference(inner) => {
                Self::MutableReference(Arc::new(inner.substitute(args)?))
            }
            Self::Datatype(datatype) => {
                let arguments = datatype
                    .args
                    .iter()
                    .map(|arg| arg.substitute(args))
                    .collect::<VmResult<_>>()?;
                Self::datatype(datatype.info.clone(), arguments)
            }
            other => other.clone(),
        })
    }

    /// Abilities of the type, given those of the type parameters.
    pub(crate) fn abilities(&self, parameters: &[AbilitySet]) -> AbilitySet {
        match self {
            Self::Reference(_) | Self::MutableReference(_) => AbilitySet::REFERENCES,
            Self::Signer => AbilitySet::DROP,
            Self::Vector(inner) => {
                AbilitySet::PRIMITIVES.with_arguments([inner.abilities(parameters)])
            }
            Self::Parameter(index) => parameters
                .get(usize::from(*index))
                .copied()
                .unwrap_or(AbilitySet::EMPTY),
            Self::Datatype(datatype) => datatype.info.abilities.with_arguments(
                datatype
                    .args
                    .iter()
                    .zip(&datatype.info.parameters)
                    .filter(|(_, parameter)| !parameter.is_phantom)
                    .map(|(arg, _)| arg.abilities(parameters)),
            ),
            _ => AbilitySet::PRIMITIVES,
        }
    }

    /// The type as others see it, with datatypes named by defining or by original id.
    pub(crate) fn to_type(&self, naming: Naming) -> Type {
        match self {
            Self::Bool => Type::Bool,
            Self::U8 => Type::U8,
            Self::U16 => Type::U16,
            Self::U32 => Type::U32,
            Self::U64 => Type::U64,
            Self::U128 => Type::U128,
            Self::U256 => Type::U256,
            Self::Address => Type::Address,
            Self::Signer => Type::Signer,
            Self::Vector(inner) => Type::vector(inner.to_type(naming)),
            Self::Reference(inner) => Type::Reference(Box::new(inner.to_type(naming))),
            Self::MutableReference(inner) => {
                Type::MutableReference(Box::new(inner.to_type(naming)))
            }
            Self::Parameter(index) => Type::TypeParameter(*index),
            Self::Datatype(datatype) => Type::Datatype(Box::new(Datatype {
                address: match naming {
                    Naming::Defining => datatype.info.defining,
                    Naming::Original => datatype.info.original,
                },
                module: datatype.info.module.clone(),
                name: datatype.info.name.clone(),
                type_args: datatype
                    .args
                    .iter()
                    .map(|arg| arg.to_type(naming))
                    .collect(),
            })),
        }
    }
}

/// Which id of a package names its datatypes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Naming {
    /// The version that first had the datatype.
    Defining,
    /// The first version.
    Original,
}
