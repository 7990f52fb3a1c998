//! Abilities of types inside of a module.

use super::broken;
use crate::ability::AbilitySet;
use crate::binary::{CompiledModule, SignatureToken};
use crate::error::VmResult;

/// Abilities of a type, given those of the type parameters in scope.
pub(super) fn abilities(
    module: &CompiledModule,
    token: &SignatureToken,
    parameters: &[AbilitySet],
) -> AbilitySet {
    match token {
        SignatureToken::Reference(_) | SignatureToken::MutableReference(_) => {
            AbilitySet::REFERENCES
        }
        SignatureToken::Signer => AbilitySet::DROP,
        SignatureToken::Vector(inner) => {
            AbilitySet::PRIMITIVES.with_arguments([abilities(module, inner, parameters)])
        }
        SignatureToken::TypeParameter(index) => parameters
            .get(usize::from(*index))
            .copied()
            .unwrap_or(AbilitySet::EMPTY),
        SignatureToken::Datatype(handle) => module.datatype_handles[usize::from(*handle)].abilities,
        SignatureToken::DatatypeInstantiation(instance) => {
            let handle = &module.datatype_handles[usize::from(instance.0)];
            handle.abilities.with_arguments(
                instance
                    .1
                    .iter()
                    .zip(&handle.type_parameters)
                    .filter(|(_, parameter)| !parameter.is_phantom)
                    .map(|(arg, _)| abilities(module, arg, parameters)),
            )
        }
        _ => AbilitySet::PRIMITIVES,
    }
}

/// Every datatype inside of `token` gets type arguments with the abilities it asks for.
pub(super) fn check_instances(
    module: &CompiledModule,
    token: &SignatureToken,
    parameters: &[AbilitySet],
) -> VmResult<()> {
    match token {
        SignatureToken::Vector(inner)
        | SignatureToken::Reference(inner)
        | SignatureToken::MutableReference(inner) => check_instances(module, inner, parameters),
        SignatureToken::DatatypeInstantiation(instance) => {
            let handle = &module.datatype_handles[usize::from(instance.0)];
            let constraints = handle
                .type_parameters
                .iter()
                .map(|parameter| parameter.constraints);
            check_arguments(module, &instance.1, constraints, parameters)
        }
        _ => Ok(()),
    }
}

/// Type arguments have the abilities asked for, and are themselves well formed.
pub(super) fn check_arguments(
    module: &CompiledModule,
    args: &[SignatureToken],
    constraints: impl Iterator<Item = AbilitySet>,
    parameters: &[AbilitySet],
) -> VmResult<()> {
    for (arg, constraint) in args.iter().zip(constraints) {
        check_instances(module, arg, parameters)?;
        if !abilities(module, arg, parameters).contains(constraint) {
            return Err(broken("type argument lacks an ability"));
        }
    }
    Ok(())
}
