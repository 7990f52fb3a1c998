//! Modules and packages in the cache, independent of who links to them.

use std::collections::HashMap;
use std::sync::{Arc, RwLock};

use super::machine::NativeFunction;
use crate::address::Address;
use crate::binary::{CompiledModule, SignatureToken};
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::layout::TypeLayout;
use crate::natives;
use crate::resolver::Package;
use crate::types::ModuleId;
use crate::value::Value;

/// A package version with the modules that were needed so far.
#[derive(Debug)]
pub(crate) struct LoadedPackage {
    pub(crate) package: Arc<Package>,
    modules: RwLock<HashMap<Identifier, Arc<LoadedModule>>>,
}

/// A module that was read, with what the interpreter looks up by index or name.
#[derive(Debug)]
pub(crate) struct LoadedModule {
    pub(crate) id: ModuleId,
    /// Storage id of its package version.
    pub(crate) package: Address,
    pub(crate) compiled: Arc<CompiledModule>,
    pub(crate) constants: Vec<Value>,
    /// By index of definition.
    pub(crate) functions: Vec<FunctionFacts>,
    pub(crate) function_names: HashMap<Identifier, u16>,
    pub(crate) datatype_names: HashMap<Identifier, DatatypeDefinition>,
}

/// What a call needs to know of a function.
#[derive(Debug, Clone, Copy)]
pub(crate) struct FunctionFacts {
    pub(crate) parameters: usize,
    pub(crate) returns: usize,
    /// Slots beyond the parameters.
    pub(crate) locals: usize,
    pub(crate) type_parameters: usize,
    pub(crate) native: Option<NativeFunction>,
}

/// Where a datatype is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DatatypeDefinition {
    Struct(u16),
    Enum(u16),
}

impl LoadedPackage {
    pub(crate) fn new(package: Arc<Package>) -> Self {
        Self {
            package,
            modules: RwLock::default(),
        }
    }

    /// The module of that name, read when first asked for.
    pub(crate) fn module(&self, name: &str) -> VmResult<Arc<LoadedModule>> {
        let poisoned = || VmError::with_message(Status::Invariant, "module cache is poisoned");
        if let Some(module) = self.modules.read().map_err(|_| poisoned())?.get(name) {
            return Ok(module.clone());
        }
        let bytes = self.package.modules.get(name).ok_or_else(|| {
            VmError::with_message(
                Status::ModuleNotFound,
                format!("{}::{name}", self.package.storage_id.to_short_hex()),
            )
        })?;
        let module = Arc::new(LoadedModule::read(bytes, self.package.storage_id)?);
        if &*module.id.name != name || module.id.address != self.package.original_id {
            return Err(VmError::with_message(
                Status::Malformed,
                format!("module {} is stored as {name}", module.id),
            ));
        }
        let mut modules = self.modules.write().map_err(|_| poisoned())?;
        Ok(modules
            .entry(module.id.name.clone())
            .or_insert(module)
            .clone())
    }
}

impl LoadedModule {
    fn read(bytes: &[u8], package: Address) -> VmResult<Self> {
        let compiled = CompiledModule::read(bytes)
            .map_err(|error| VmError::with_message(Status::Malformed, error.to_string()))?;
        Self::new(Arc::new(compiled), package)
    }

    pub(crate) fn new(compiled: Arc<CompiledModule>, package: Address) -> VmResult<Self> {
        let id = compiled.id();
        let constants = read_constants(&compiled)?;
        let functions = function_facts(&compiled, &id);
        let function_names = (0u16..)
            .take(compiled.function_defs.len())
            .map(|index| (compiled.function_name(index).clone(), index))
            .collect();
        let name_of = |handle: u16| {
            let name = compiled.datatype_handles[usize::from(handle)].name;
            compiled.name(name).clone()
        };
        let structs = (0u16..)
            .zip(&compiled.struct_defs)
            .map(|(index, def)| (name_of(def.handle), DatatypeDefinition::Struct(index)));
        let enums = (0u16..)
            .zip(&compiled.enum_defs)
            .map(|(index, def)| (name_of(def.handle), DatatypeDefinition::Enum(index)));
        let datatype_names = structs.chain(enums).collect();
        Ok(Self {
            id,
            package,
            constants,
            functions,
            function_names,
            datatype_names,
            compiled,
        })
    }
}

fn function_facts(compiled: &CompiledModule, id: &ModuleId) -> Vec<FunctionFacts> {
    compiled
        .function_defs
        .iter()
        .map(|definition| {
            let handle = &compiled.function_handles[usize::from(definition.handle)];
            FunctionFacts {
                parameters: compiled.signatures[usize::from(handle.parameters)].len(),
                returns: compiled.signatures[usize::from(handle.returns)].len(),
                locals: definition.code.as_ref().map_or(0, |unit| {
                    compiled.signatures[usize::from(unit.locals)].len()
                }),
                type_parameters: handle.type_parameters.len(),
                native: match definition.code {
                    Some(_) => None,
                    None => natives::find(&id.address, &id.name, compiled.name(handle.name)),
                },
            }
        })
        .collect()
}

fn read_constants(compiled: &CompiledModule) -> VmResult<Vec<Value>> {
    compiled
        .constants
        .iter()
        .map(|constant| {
            constant_layout(&constant.ty)
                .and_then(|layout| Value::from_bcs(&constant.data, &layout).ok())
                .ok_or_else(|| VmError::with_message(Status::Malformed, "bad constant"))
        })
        .collect()
}

/// The layout of a constant's type; `None` when constants may not have it.
pub(crate) fn constant_layout(token: &SignatureToken) -> Option<TypeLayout> {
    Some(match token {
        SignatureToken::Bool => TypeLayout::Bool,
        SignatureToken::U8 => TypeLayout::U8,
        SignatureToken::U16 => TypeLayout::U16,
        SignatureToken::U32 => TypeLayout::U32,
        SignatureToken::U64 => TypeLayout::U64,
        SignatureToken::U128 => TypeLayout::U128,
        SignatureToken::U256 => TypeLayout::U256,
        SignatureToken::Address => TypeLayout::Address,
        SignatureToken::Vector(inner) => TypeLayout::Vector(Arc::new(constant_layout(inner)?)),
        _ => return None,
    })
}
