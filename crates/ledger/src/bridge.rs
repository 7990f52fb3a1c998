//! Conversions between Sui's types and the Move machine's.

use atoma_move_vm as vm;
use sui_sdk_types::{Address, Identifier, StructTag, TypeTag};

/// Deepest nesting of a type that is converted.
const MAX_TYPE_DEPTH: usize = 32;

pub(crate) fn vm_address(address: &Address) -> vm::Address {
    vm::Address(address.into_inner())
}

pub(crate) fn sui_address(address: &vm::Address) -> Address {
    Address::new(address.0)
}

/// `None` for the few names that one side accepts and the other does not.
pub(crate) fn vm_identifier(name: &Identifier) -> Option<vm::Identifier> {
    vm::Identifier::new(name.as_str()).ok()
}

/// `None` for the few names that one side accepts and the other does not.
pub(crate) fn sui_identifier(name: &str) -> Option<Identifier> {
    Identifier::new(name).ok()
}

/// `None` when it is nested too deeply.
pub(crate) fn vm_type(tag: &TypeTag) -> Option<vm::Type> {
    vm_type_within(tag, MAX_TYPE_DEPTH)
}

fn vm_type_within(tag: &TypeTag, depth: usize) -> Option<vm::Type> {
    let depth = depth.checked_sub(1)?;
    Some(match tag {
        TypeTag::U8 => vm::Type::U8,
        TypeTag::U16 => vm::Type::U16,
        TypeTag::U32 => vm::Type::U32,
        TypeTag::U64 => vm::Type::U64,
        TypeTag::U128 => vm::Type::U128,
        TypeTag::U256 => vm::Type::U256,
        TypeTag::Bool => vm::Type::Bool,
        TypeTag::Address => vm::Type::Address,
        TypeTag::Signer => vm::Type::Signer,
        TypeTag::Vector(element) => vm::Type::vector(vm_type_within(element, depth)?),
        TypeTag::Struct(tag) => vm::Type::Datatype(Box::new(vm_datatype_within(tag, depth)?)),
    })
}

fn vm_datatype_within(tag: &StructTag, depth: usize) -> Option<vm::Datatype> {
    Some(vm::Datatype {
        address: vm_address(tag.address()),
        module: vm_identifier(tag.module())?,
        name: vm_identifier(tag.name())?,
        type_args: tag
            .type_params()
            .iter()
            .map(|argument| vm_type_within(argument, depth))
            .collect::<Option<_>>()?,
    })
}

/// `None` for references, type parameters and names that Sui's types cannot carry.
pub(crate) fn type_tag(ty: &vm::Type) -> Option<TypeTag> {
    Some(match ty {
        vm::Type::Bool => TypeTag::Bool,
        vm::Type::U8 => TypeTag::U8,
        vm::Type::U16 => TypeTag::U16,
        vm::Type::U32 => TypeTag::U32,
        vm::Type::U64 => TypeTag::U64,
        vm::Type::U128 => TypeTag::U128,
        vm::Type::U256 => TypeTag::U256,
        vm::Type::Address => TypeTag::Address,
        vm::Type::Signer => TypeTag::Signer,
        vm::Type::Vector(element) => TypeTag::Vector(Box::new(type_tag(element)?)),
        vm::Type::Datatype(datatype) => TypeTag::Struct(Box::new(struct_tag(datatype)?)),
        vm::Type::Reference(_) | vm::Type::MutableReference(_) | vm::Type::TypeParameter(_) => {
            return None;
        }
    })
}

/// `None` as for [`type_tag`].
pub(crate) fn struct_tag(datatype: &vm::Datatype) -> Option<StructTag> {
    Some(StructTag::new(
        sui_address(&datatype.address),
        sui_identifier(&datatype.module)?,
        sui_identifier(&datatype.name)?,
        datatype
            .type_args
            .iter()
            .map(type_tag)
            .collect::<Option<_>>()?,
    ))
}

/// Whether both name the same type; allocates nothing.
pub(crate) fn same_type(ty: &vm::Type, tag: &TypeTag) -> bool {
    match (ty, tag) {
        (vm::Type::Bool, TypeTag::Bool)
        | (vm::Type::U8, TypeTag::U8)
        | (vm::Type::U16, TypeTag::U16)
        | (vm::Type::U32, TypeTag::U32)
        | (vm::Type::U64, TypeTag::U64)
        | (vm::Type::U128, TypeTag::U128)
        | (vm::Type::U256, TypeTag::U256)
        | (vm::Type::Address, TypeTag::Address)
        | (vm::Type::Signer, TypeTag::Signer) => true,
        (vm::Type::Vector(left), TypeTag::Vector(right)) => same_type(left, right),
        (vm::Type::Datatype(left), TypeTag::Struct(right)) => same_datatype(left, right),
        _ => false,
    }
}

/// Whether both name the same datatype with the same arguments; allocates nothing.
pub(crate) fn same_datatype(datatype: &vm::Datatype, tag: &StructTag) -> bool {
    datatype.address.0 == tag.address().into_inner()
        && *datatype.module == **tag.module()
        && *datatype.name == **tag.name()
        && datatype.type_args.len() == tag.type_params().len()
        && datatype
            .type_args
            .iter()
            .zip(tag.type_params())
            .all(|(left, right)| same_type(left, right))
}
