//! Types as the verifier handles them.

use super::broken;
use crate::binary::SignatureToken;
use crate::error::VmResult;

/// Most nodes of a type in a signature.
pub(super) const MAX_TYPE_NODES: usize = 256;

/// Replaces type parameters.
pub(super) fn instantiate(token: &SignatureToken, args: &[SignatureToken]) -> SignatureToken {
    use SignatureToken as T;
    if args.is_empty() {
        return token.clone();
    }
    match token {
        // Out of range cannot be: indices were checked against the declaration.
        T::TypeParameter(index) => args.get(usize::from(*index)).unwrap_or(token).clone(),
        T::Vector(inner) => T::Vector(Box::new(instantiate(inner, args))),
        T::Reference(inner) => T::Reference(Box::new(instantiate(inner, args))),
        T::MutableReference(inner) => T::MutableReference(Box::new(instantiate(inner, args))),
        T::DatatypeInstantiation(instance) => T::DatatypeInstantiation(Box::new((
            instance.0,
            instance
                .1
                .iter()
                .map(|arg| instantiate(arg, args))
                .collect(),
        ))),
        other => other.clone(),
    }
}

/// Number of nodes of a type.
pub(super) fn nodes(token: &SignatureToken) -> u64 {
    match token {
        SignatureToken::Vector(inner)
        | SignatureToken::Reference(inner)
        | SignatureToken::MutableReference(inner) => 1 + nodes(inner),
        SignatureToken::DatatypeInstantiation(instance) => {
            1 + instance.1.iter().map(nodes).sum::<u64>()
        }
        _ => 1,
    }
}

/// The type of a datatype with these arguments.
pub(super) fn datatype(handle: u16, args: &[SignatureToken]) -> SignatureToken {
    if args.is_empty() {
        SignatureToken::Datatype(handle)
    } else {
        SignatureToken::DatatypeInstantiation(Box::new((handle, args.to_vec())))
    }
}

/// The datatype handle of a struct or enum type.
pub(super) fn datatype_handle(token: &SignatureToken) -> Option<u16> {
    match token {
        SignatureToken::Datatype(handle) => Some(*handle),
        SignatureToken::DatatypeInstantiation(instance) => Some(instance.0),
        _ => None,
    }
}

pub(super) const fn is_reference(token: &SignatureToken) -> bool {
    matches!(
        token,
        SignatureToken::Reference(_) | SignatureToken::MutableReference(_)
    )
}

pub(super) const fn is_integer(token: &SignatureToken) -> bool {
    matches!(
        token,
        SignatureToken::U8
            | SignatureToken::U16
            | SignatureToken::U32
            | SignatureToken::U64
            | SignatureToken::U128
            | SignatureToken::U256
    )
}

/// Refuses references anywhere inside, and types that are too large.
pub(super) fn check_no_references(token: &SignatureToken) -> VmResult<()> {
    let mut nodes = 0;
    check_inner(token, &mut nodes)
}

/// Like [`check_no_references`], but the type itself may be a reference.
pub(super) fn check_signature_type(token: &SignatureToken) -> VmResult<()> {
    match token {
        SignatureToken::Reference(inner) | SignatureToken::MutableReference(inner) => {
            check_no_references(inner)
        }
        other => check_no_references(other),
    }
}

fn check_inner(token: &SignatureToken, nodes: &mut usize) -> VmResult<()> {
    *nodes += 1;
    if *nodes > MAX_TYPE_NODES {
        return Err(broken("type is too large"));
    }
    match token {
        SignatureToken::Reference(_) | SignatureToken::MutableReference(_) => {
            Err(broken("reference inside of a type"))
        }
        SignatureToken::Vector(inner) => check_inner(inner, nodes),
        SignatureToken::DatatypeInstantiation(instance) => instance
            .1
            .iter()
            .try_for_each(|arg| check_inner(arg, nodes)),
        _ => Ok(()),
    }
}
