//! Checks of a module before it is stored.
//!
//! A verified module cannot confuse the machine: declarations are consistent and finite, every
//! instruction gets operands of the right types with the right abilities, no value without `drop`
//! or `copy` is lost or doubled, locals are used only while they have a value, references never
//! outlive or alias what they may not, and Sui's own rules hold (object ids are fresh, objects and
//! events are handled by their own module, one-time witnesses are made once).
//!
//! The machine does not rely on it for memory safety: it checks every step of every reference and
//! every operand's kind again, and ends with [`crate::Status::Invariant`] where they do not fit.
//!
//! Not checked, though Sui does: that the control flow is reducible and loops are shallow.

mod abilities;
mod blocks;
mod borrow_graph;
mod declarations;
mod function;
mod instantiations;
mod operands;
mod state;
mod sui;
mod tokens;

use crate::binary::CompiledModule;
use crate::error::{Location, Status, VmError, VmResult};

/// Verifies one module by itself; links to others are checked when its package is published.
pub(crate) fn verify_module(module: &CompiledModule) -> VmResult<()> {
    declarations::check(module)?;
    instantiations::check(module)?;
    let mut budget = function::Budget::default();
    for index in 0u16.. {
        let Some(definition) = module.function_defs.get(usize::from(index)) else {
            break;
        };
        if definition.code.is_some() {
            function::check(module, index, &mut budget)?;
        }
    }
    sui::check(module)
}

/// A broken rule, without place.
fn broken(message: impl Into<Box<str>>) -> VmError {
    VmError::with_message(Status::Verification, message)
}

/// Puts the place of an instruction on an error. The package's id is not known here.
fn placed(error: VmError, module: &CompiledModule, function: u16, pc: usize) -> VmError {
    error.at(|| Location {
        module: module.id(),
        package: module.id().address,
        function,
        function_name: module.function_name(function).clone(),
        pc: u16::try_from(pc).unwrap_or(u16::MAX),
    })
}

#[cfg(test)]
mod tests;
