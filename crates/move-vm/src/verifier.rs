//! Checks of a module before it is stored.

use crate::binary::CompiledModule;
use crate::error::VmResult;

/// Verifies one module by itself.
pub(crate) fn verify_module(module: &CompiledModule) -> VmResult<()> {
    let _ = module;
    Ok(())
}
