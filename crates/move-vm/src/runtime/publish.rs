//! Checks of a whole package before it is stored.

use std::collections::HashMap;
use std::sync::Arc;

use super::linker::{LinkContext, LinkedModule, Linker};
use super::loaded::LoadedPackage;
use super::ty::{Naming, Ty};
use crate::binary::{CompiledModule, DatatypeHandle};
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::resolver::Package;
use crate::types::ModuleId;
use crate::verifier;

/// Reads, verifies and links every module of a package that need not be in the store.
pub(crate) fn check_package(
    linker: &Linker<'_>,
    package: &Package,
) -> VmResult<Vec<Arc<CompiledModule>>> {
    let loaded = Arc::new(LoadedPackage::new(Arc::new(package.clone())));
    let context = LinkContext::new(loaded.clone());
    let mut modules = Vec::with_capacity(package.modules.len());
    for name in package.modules.keys() {
        let module = loaded.module(name)?;
        verifier::verify_module(&module.compiled)?;
        modules.push(module.compiled.clone());
    }
    check_acyclic(package, &modules)?;
    for name in package.modules.keys() {
        let id = ModuleId::new(package.original_id, name.clone());
        let module = linker.module(&context, &id)?;
        check_links(linker, &context, &module)?;
    }
    Ok(modules)
}

/// Modules of a package do not depend on each other in circles.
fn check_acyclic(package: &Package, modules: &[Arc<CompiledModule>]) -> VmResult<()> {
    let mut open: HashMap<Identifier, Vec<Identifier>> = modules
        .iter()
        .map(|module| {
            let inside = module
                .dependencies()
                .filter(|id| id.address == package.original_id)
                .map(|id| id.name)
                .collect();
            (module.id().name, inside)
        })
        .collect();
    // Takes away what depends on nothing that is left, until nothing is left.
    while !open.is_empty() {
        let ready: Vec<Identifier> = open
            .iter()
            .filter(|(_, inside)| !inside.iter().any(|name| open.contains_key(name)))
            .map(|(name, _)| name.clone())
            .collect();
        if ready.is_empty() {
            return Err(VmError::with_message(
                Status::Linker,
                "modules depend on each other in a circle",
            ));
        }
        for name in ready {
            open.remove(&name);
        }
    }
    Ok(())
}

/// Every handle stands for something that is as the handle says, and every type is small enough
/// for values of it to be handled recursively.
fn check_links(linker: &Linker<'_>, context: &LinkContext, module: &LinkedModule) -> VmResult<()> {
    let compiled = &module.loaded.compiled;
    // Resolving a type checks its size and how deep its values nest.
    for index in (0u16..).take(compiled.signatures.len()) {
        linker.signature(context, module, index)?;
    }
    for index in 0u16.. {
        let Some(handle) = compiled.datatype_handles.get(usize::from(index)) else {
            break;
        };
        let info = linker.datatype(context, module, index, 0)?;
        let fits =
            info.abilities.contains(handle.abilities) && parameters_fit(handle, &info.parameters);
        if !fits {
            return Err(unlinked(module, &info.name));
        }
    }
    for index in 0u16.. {
        let Some(handle) = compiled.function_handles.get(usize::from(index)) else {
            break;
        };
        if handle.module == compiled.self_handle {
            continue;
        }
        let callee = linker.callee(context, module, index)?;
        let owner = callee.module.as_deref().unwrap_or(module);
        let theirs = &owner.loaded.compiled;
        let definition = &theirs.function_defs[usize::from(callee.function)];
        let declared = &theirs.function_handles[usize::from(definition.handle)];
        // The handle may ask for more of its type arguments than the function does.
        let constraints_fit = handle.type_parameters.len() == declared.type_parameters.len()
            && handle
                .type_parameters
                .iter()
                .zip(&declared.type_parameters)
                .all(|(ours, theirs)| ours.contains(*theirs));
        let same = |ours: u16, theirs: u16| -> VmResult<bool> {
            let ours = linker.signature(context, module, ours)?;
            let theirs = linker.signature(context, owner, theirs)?;
            Ok(same_types(ours, theirs))
        };
        if !constraints_fit
            || !same(handle.parameters, declared.parameters)?
            || !same(handle.returns, declared.returns)?
        {
            return Err(unlinked(module, compiled.name(handle.name)));
        }
    }
    Ok(())
}

fn parameters_fit(handle: &DatatypeHandle, declared: &[crate::binary::DatatypeParameter]) -> bool {
    handle.type_parameters.len() == declared.len()
        && handle
            .type_parameters
            .iter()
            .zip(declared)
            .all(|(ours, theirs)| {
                ours.constraints.contains(theirs.constraints)
                    && (!ours.is_phantom || theirs.is_phantom)
            })
}

fn same_types(left: &[Ty], right: &[Ty]) -> bool {
    left.len() == right.len()
        && left
            .iter()
            .zip(right)
            .all(|(left, right)| left.to_type(Naming::Original) == right.to_type(Naming::Original))
}

fn unlinked(module: &LinkedModule, name: &str) -> VmError {
    VmError::with_message(
        Status::Linker,
        format!("{} does not fit what {} expects", name, module.loaded.id),
    )
}
