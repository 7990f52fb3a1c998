//! The machine: caches, calls and questions about functions and types.

use std::sync::Arc;

use crate::ability::AbilitySet;
use crate::address::Address;
use crate::binary::CompiledModule;
use crate::error::{Status, VmError, VmResult};
use crate::gas::GasMeter;
use crate::identifier::Identifier;
use crate::layout::LoadedType;
use crate::limits::Limits;
use crate::object_runtime::ObjectRuntime;
use crate::resolver::{ModuleResolver, Package};
use crate::runtime::layouts::{self, TypeCache};
use crate::runtime::linker::{Cache, LinkContext, LinkedModule, Linker};
use crate::runtime::machine::Machine;
use crate::runtime::publish;
use crate::runtime::ty::{Naming, Ty};
use crate::types::{ModuleId, Type};
use crate::upgrade;
use crate::value::Value;

/// A Move virtual machine with its cache of loaded packages. One serves many threads.
#[derive(Debug, Default)]
pub struct Vm {
    limits: Limits,
    cache: Cache,
    types: TypeCache,
}

/// Everything outside of the machine that one execution uses.
#[expect(missing_debug_implementations, reason = "holds trait objects only")]
pub struct Host<'a> {
    /// Where packages come from.
    pub resolver: &'a dyn ModuleResolver,
    /// The ledger's side of natives.
    pub objects: &'a mut dyn ObjectRuntime,
    /// What pays.
    pub gas: &'a mut dyn GasMeter,
}

/// A call from outside.
#[derive(Debug, Clone)]
pub struct Call<'a> {
    /// Storage id of the package to call; its linkage table holds for the whole execution.
    pub package: Address,
    /// Module to call.
    pub module: &'a str,
    /// Function to call; any visibility, see [`FunctionInfo`].
    pub function: &'a str,
    /// Type arguments, datatypes named by defining id.
    pub type_args: &'a [Type],
    /// Arguments in order.
    pub args: Vec<Argument>,
}

/// An argument of a call from outside. The caller vouches for the shape of the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// Passed by value.
    Value(Value),
    /// Passed as `&T`; handed back unchanged in [`Outcome::references`].
    Reference(Value),
    /// Passed as `&mut T`; handed back as the call left it in [`Outcome::references`].
    MutableReference(Value),
}

/// What a successful call leaves.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Outcome {
    /// Returned values in order.
    pub returns: Vec<Value>,
    /// For each argument passed as a reference, in order of the arguments: its index and the
    /// value that the call left there.
    pub references: Vec<(usize, Value)>,
}

/// Who may call a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Visibility {
    /// Its own module.
    Private,
    /// Every module, and transactions.
    Public,
    /// Modules of its package that are declared as friends.
    Friend,
}

/// What a caller must know about a function before calling it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionInfo {
    /// Who may call it.
    pub visibility: Visibility,
    /// Whether a transaction may call it even if it is not public.
    pub is_entry: bool,
    /// Whether its body is native.
    pub is_native: bool,
    /// Abilities that each type parameter must have.
    pub type_parameters: Vec<AbilitySet>,
    /// Parameter types; they may contain references and type parameters.
    pub parameters: Vec<Type>,
    /// Return types; they may contain references and type parameters.
    pub returns: Vec<Type>,
    /// Index among the module's function definitions.
    pub index: u16,
}

/// How far an upgrade may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpgradePolicy {
    /// Bodies may change, things may be added, what is public stays as it is.
    Compatible,
    /// Things may be added, nothing that exists may change.
    Additive,
    /// Only dependencies may change.
    DependencyOnly,
}

impl Vm {
    /// A machine with these bounds.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            cache: Cache::default(),
            types: TypeCache::default(),
        }
    }

    /// Bounds of every execution.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    fn linker<'a>(&'a self, resolver: &'a dyn ModuleResolver) -> Linker<'a> {
        Linker {
            cache: &self.cache,
            resolver,
            limits: &self.limits,
        }
    }

    /// Calls a function.
    ///
    /// Visibility is the caller's business; number of arguments, type arguments and their
    /// abilities are checked here.
    ///
    /// # Errors
    /// [`VmError`] with the place where the execution failed. The host's state is then whatever
    /// the execution left; a ledger discards it.
    pub fn execute(&self, call: Call<'_>, host: Host<'_>) -> VmResult<Outcome> {
        let linker = self.linker(host.resolver);
        let context = linker.context(&call.package)?;
        let (module, function) = find(&linker, &context, call.module, call.function)?;
        let ty_args = resolve_type_args(&linker, &context, &module, function, call.type_args)?;
        let facts = module.loaded.functions[usize::from(function)];
        if facts.parameters != call.args.len() {
            return Err(VmError::with_message(
                Status::Arguments,
                format!("expected {} arguments", facts.parameters),
            ));
        }
        let mut machine = Machine::new(linker, context, host.objects, host.gas);
        let mut held = Vec::new();
        for (index, argument) in call.args.into_iter().enumerate() {
            let value = match argument {
                Argument::Value(value) => value,
                Argument::Reference(value) => {
                    let slot = machine.hold(value)?;
                    held.push((index, slot));
                    Machine::reference_to(slot, false)
                }
                Argument::MutableReference(value) => {
                    let slot = machine.hold(value)?;
                    held.push((index, slot));
                    Machine::reference_to(slot, true)
                }
            };
            machine.push(value)?;
        }
        machine.run(&module, function, ty_args)?;
        let returns: Vec<Value> = machine.pop_many(facts.returns)?.collect();
        if returns
            .iter()
            .any(|value| matches!(value, Value::Reference(_)))
        {
            return Err(VmError::with_message(
                Status::ReturnValue,
                "references cannot be returned to a transaction",
            ));
        }
        let references = held
            .into_iter()
            .map(|(index, slot)| Ok((index, machine.release(slot)?)))
            .collect::<VmResult<_>>()?;
        Ok(Outcome {
            returns,
            references,
        })
    }

    /// What there is to know about a function.
    ///
    /// # Errors
    /// When package, module or function is missing or malformed.
    pub fn function(
        &self,
        resolver: &dyn ModuleResolver,
        package: &Address,
        module: &str,
        function: &str,
    ) -> VmResult<FunctionInfo> {
        let linker = self.linker(resolver);
        let context = linker.context(package)?;
        let (module, index) = find(&linker, &context, module, function)?;
        let compiled = &module.loaded.compiled;
        let definition = &compiled.function_defs[usize::from(index)];
        let handle = &compiled.function_handles[usize::from(definition.handle)];
        let types = |signature: u16| -> VmResult<Vec<Type>> {
            Ok(linker
                .signature(&context, &module, signature)?
                .iter()
                .map(|ty| ty.to_type(Naming::Defining))
                .collect())
        };
        Ok(FunctionInfo {
            visibility: definition.visibility,
            is_entry: definition.is_entry,
            is_native: definition.code.is_none(),
            type_parameters: handle.type_parameters.clone(),
            parameters: types(handle.parameters)?,
            returns: types(handle.returns)?,
            index,
        })
    }

    /// Shape and abilities of a concrete type whose datatypes are named by defining id.
    ///
    /// # Errors
    /// When the type is not concrete, a package or datatype is missing, or a bound is exceeded.
    pub fn load_type(&self, resolver: &dyn ModuleResolver, ty: &Type) -> VmResult<Arc<LoadedType>> {
        if let Some(loaded) = self.types.get(ty) {
            return Ok(loaded);
        }
        let resolved = self.linker(resolver).concrete(None, ty)?;
        let loaded = layouts::load_type(&resolved)?;
        self.types.insert(ty.clone(), loaded.clone());
        Ok(loaded)
    }

    /// A module of a stored package.
    ///
    /// # Errors
    /// When package or module is missing or malformed.
    pub fn module(
        &self,
        resolver: &dyn ModuleResolver,
        package: &Address,
        module: &str,
    ) -> VmResult<Arc<CompiledModule>> {
        let package = self.linker(resolver).package(package)?;
        Ok(package.module(module)?.compiled.clone())
    }

    /// Checks a package that is about to be published: every module is read, verified (Sui's rules
    /// included) and linked against its dependencies. `package` itself need not be in the store.
    ///
    /// # Errors
    /// [`Status::Malformed`], [`Status::Verification`], [`Status::Linker`].
    pub fn check_package(
        &self,
        resolver: &dyn ModuleResolver,
        package: &Package,
    ) -> VmResult<Vec<Arc<CompiledModule>>> {
        publish::check_package(&self.linker(resolver), package)
    }

    /// Checks that `new` may replace `old` under `policy`: what others rely on is still there.
    ///
    /// # Errors
    /// [`Status::IncompatibleUpgrade`]; [`Status::Malformed`] when a module cannot be read.
    pub fn check_upgrade(
        &self,
        old: &Package,
        new: &Package,
        policy: UpgradePolicy,
    ) -> VmResult<()> {
        upgrade::check(old, new, policy)
    }

    /// Drops what is cached about these storage ids: for packages that were loaded in a
    /// transaction which was then discarded, or that were replaced in place.
    pub fn forget(&self, packages: &[Address]) {
        if self.cache.forget(packages) {
            self.types.clear();
        }
    }
}

fn find(
    linker: &Linker<'_>,
    context: &LinkContext,
    module: &str,
    function: &str,
) -> VmResult<(Arc<LinkedModule>, u16)> {
    let name = Identifier::new(module)
        .map_err(|_| VmError::with_message(Status::ModuleNotFound, "not an identifier"))?;
    let id = ModuleId::new(context.root.package.original_id, name);
    let module = linker.module(context, &id)?;
    let index = module
        .loaded
        .function_names
        .get(function)
        .copied()
        .ok_or_else(|| {
            VmError::with_message(Status::FunctionNotFound, format!("{id}::{function}"))
        })?;
    Ok((module, index))
}

fn resolve_type_args(
    linker: &Linker<'_>,
    context: &LinkContext,
    module: &LinkedModule,
    function: u16,
    type_args: &[Type],
) -> VmResult<Arc<[Ty]>> {
    let compiled = &module.loaded.compiled;
    let handle = compiled.function_defs[usize::from(function)].handle;
    let constraints = &compiled.function_handles[usize::from(handle)].type_parameters;
    if constraints.len() != type_args.len() {
        return Err(VmError::with_message(
            Status::TypeArguments,
            format!("expected {} type arguments", constraints.len()),
        ));
    }
    let args = linker.type_arguments(context, type_args)?;
    let fit = args
        .iter()
        .zip(constraints)
        .all(|(ty, constraint)| ty.abilities(&[]).contains(*constraint));
    if fit {
        Ok(args)
    } else {
        Err(VmError::with_message(
            Status::TypeArguments,
            "type argument lacks an ability",
        ))
    }
}
