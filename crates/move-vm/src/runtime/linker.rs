//! From names in modules to loaded things, under the linkage table of a root package.
//!
//! A module names other packages by original id. Which stored version that means is decided by
//! the linkage table of the package that was called from outside, for everything it reaches; so
//! every root has a context of its own with its own resolved handles, while code is shared.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock, RwLock};

use super::loaded::{DatatypeDefinition, LoadedModule, LoadedPackage};
use super::ty::{DatatypeBody, DatatypeInfo, Ty};
use crate::address::Address;
use crate::binary::{FieldDef, SignatureToken};
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::limits::Limits;
use crate::resolver::ModuleResolver;
use crate::types::{ModuleId, Type};
use crate::vm::Visibility;

/// Most datatypes nested in each other by their fields; verified modules stay far below.
const MAX_DATATYPE_NESTING: usize = 128;

/// Most lists of type arguments that are remembered in one place; the memory starts anew beyond.
const MAX_REMEMBERED: usize = 64;

/// Type arguments of a caller, and what an instantiation makes of them.
type Instances = RwLock<Vec<(Arc<[Ty]>, Arc<[Ty]>)>>;

/// Loaded packages, and contexts by the storage id of their root.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    packages: RwLock<HashMap<Address, Arc<LoadedPackage>>>,
    contexts: RwLock<HashMap<Address, Arc<LinkContext>>>,
}

/// Everything reachable from one root package, resolved as far as it was needed.
#[derive(Debug)]
pub(crate) struct LinkContext {
    pub(crate) root: Arc<LoadedPackage>,
    modules: RwLock<HashMap<ModuleId, Arc<LinkedModule>>>,
    /// Type arguments of calls from outside.
    type_args: RwLock<HashMap<Vec<Type>, Arc<[Ty]>>>,
}

/// A module with its handles resolved under one context.
#[derive(Debug)]
pub(crate) struct LinkedModule {
    pub(crate) loaded: Arc<LoadedModule>,
    callees: Box<[OnceLock<Callee>]>,
    datatypes: Box<[OnceLock<Arc<DatatypeInfo>>]>,
    signatures: Box<[OnceLock<Arc<[Ty]>>]>,
    structs: Box<[OnceLock<Arc<DatatypeInfo>>]>,
    enums: Box<[OnceLock<Arc<DatatypeInfo>>]>,
    /// By index of function instantiation.
    instances: Box<[Instances]>,
}

/// What a function handle stands for.
#[derive(Debug, Clone)]
pub(crate) struct Callee {
    /// `None` for a function of the same module.
    pub(crate) module: Option<Arc<LinkedModule>>,
    /// Index of definition.
    pub(crate) function: u16,
}

impl LinkedModule {
    fn new(loaded: Arc<LoadedModule>) -> Self {
        fn empty<T>(length: usize) -> Box<[OnceLock<T>]> {
            (0..length).map(|_| OnceLock::new()).collect()
        }
        let compiled = &loaded.compiled;
        Self {
            callees: empty(compiled.function_handles.len()),
            datatypes: empty(compiled.datatype_handles.len()),
            signatures: empty(compiled.signatures.len()),
            structs: empty(compiled.struct_defs.len()),
            enums: empty(compiled.enum_defs.len()),
            instances: compiled
                .function_instantiations
                .iter()
                .map(|_| Instances::default())
                .collect(),
            loaded,
        }
    }
}

impl Cache {
    /// Drops packages, and every context, since any may have linked to them. Tells whether any was
    /// cached.
    pub(crate) fn forget(&self, packages: &[Address]) -> bool {
        // A poisoned lock means that another thread panicked; dropping entries is still sound.
        let mut cached = self
            .packages
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut found = false;
        for package in packages {
            found |= cached.remove(package).is_some();
        }
        drop(cached);
        if found {
            self.contexts
                .write()
                .unwrap_or_else(std::sync::PoisonError::into_inner)
                .clear();
        }
        found
    }
}

/// Resolves names; borrows the cache and the store.
#[derive(Clone, Copy)]
pub(crate) struct Linker<'a> {
    pub(crate) cache: &'a Cache,
    pub(crate) resolver: &'a dyn ModuleResolver,
    pub(crate) limits: &'a Limits,
}

fn poisoned<T>(_: T) -> VmError {
    VmError::with_message(Status::Invariant, "package cache is poisoned")
}

impl Linker<'_> {
    /// The package stored under `id`.
    pub(crate) fn package(&self, id: &Address) -> VmResult<Arc<LoadedPackage>> {
        if let Some(package) = self.cache.packages.read().map_err(poisoned)?.get(id) {
            return Ok(package.clone());
        }
        let package = self
            .resolver
            .package(id)
            .map_err(|error| VmError::with_message(Status::Storage, error.to_string()))?
            .ok_or_else(|| VmError::with_message(Status::PackageNotFound, id.to_string()))?;
        let mut packages = self.cache.packages.write().map_err(poisoned)?;
        Ok(packages
            .entry(*id)
            .or_insert_with(|| Arc::new(LoadedPackage::new(package)))
            .clone())
    }

    /// The context whose root is the package stored under `root`.
    pub(crate) fn context(&self, root: &Address) -> VmResult<Arc<LinkContext>> {
        if let Some(context) = self.cache.contexts.read().map_err(poisoned)?.get(root) {
            return Ok(context.clone());
        }
        let package = self.package(root)?;
        let mut contexts = self.cache.contexts.write().map_err(poisoned)?;
        Ok(contexts
            .entry(*root)
            .or_insert_with(|| Arc::new(LinkContext::new(package)))
            .clone())
    }

    /// A module by original id.
    pub(crate) fn module(
        &self,
        context: &LinkContext,
        id: &ModuleId,
    ) -> VmResult<Arc<LinkedModule>> {
        if let Some(module) = context.modules.read().map_err(poisoned)?.get(id) {
            return Ok(module.clone());
        }
        let package = match context.storage_id(&id.address) {
            Some(storage_id) if storage_id == context.root.package.storage_id => {
                context.root.clone()
            }
            Some(storage_id) => self.package(&storage_id)?,
            None => {
                return Err(VmError::with_message(
                    Status::Linker,
                    format!("{id} is not in the linkage table"),
                ));
            }
        };
        if package.package.original_id != id.address {
            return Err(VmError::with_message(
                Status::Linker,
                format!("{id} is linked to a version of another package"),
            ));
        }
        let module = Arc::new(LinkedModule::new(package.module(&id.name)?));
        let mut modules = context.modules.write().map_err(poisoned)?;
        Ok(modules.entry(id.clone()).or_insert(module).clone())
    }

    /// What a function handle stands for.
    pub(crate) fn callee<'m>(
        &self,
        context: &LinkContext,
        module: &'m LinkedModule,
        handle: u16,
    ) -> VmResult<&'m Callee> {
        let slot = &module.callees[usize::from(handle)];
        if let Some(callee) = slot.get() {
            return Ok(callee);
        }
        let compiled = &module.loaded.compiled;
        let row = &compiled.function_handles[usize::from(handle)];
        let name = compiled.name(row.name);
        let target = if row.module == compiled.self_handle {
            None
        } else {
            Some(self.module(context, &compiled.module_id(row.module))?)
        };
        let owner = target.as_ref().map_or(&module.loaded, |it| &it.loaded);
        let function = owner
            .function_names
            .get(name)
            .copied()
            .ok_or_else(|| not_found(Status::FunctionNotFound, &owner.id, name))?;
        let facts = &owner.functions[usize::from(function)];
        if facts.parameters != compiled.signatures[usize::from(row.parameters)].len()
            || facts.returns != compiled.signatures[usize::from(row.returns)].len()
            || facts.type_parameters != row.type_parameters.len()
        {
            return Err(not_found(Status::Linker, &owner.id, name));
        }
        if target.is_some() {
            let definition = &owner.compiled.function_defs[usize::from(function)];
            let visible = match definition.visibility {
                Visibility::Public => true,
                Visibility::Friend => is_friend(owner, &module.loaded.id),
                Visibility::Private => false,
            };
            if !visible {
                return Err(not_found(Status::Visibility, &owner.id, name));
            }
        }
        Ok(slot.get_or_init(|| Callee {
            module: target,
            function,
        }))
    }

    /// The types of a signature; they may contain type parameters.
    pub(crate) fn signature<'m>(
        &self,
        context: &LinkContext,
        module: &'m LinkedModule,
        index: u16,
    ) -> VmResult<&'m Arc<[Ty]>> {
        let slot = &module.signatures[usize::from(index)];
        if let Some(types) = slot.get() {
            return Ok(types);
        }
        let types = module.loaded.compiled.signatures[usize::from(index)]
            .iter()
            .map(|token| self.token(context, module, token, 0))
            .collect::<VmResult<Arc<[Ty]>>>()?;
        Ok(slot.get_or_init(|| types))
    }

    /// Type arguments of a function instantiation, given those of the caller. The same arguments
    /// give the same list again, with the layouts that were computed for it.
    pub(crate) fn instance(
        &self,
        context: &LinkContext,
        module: &LinkedModule,
        index: u16,
        caller: &Arc<[Ty]>,
    ) -> VmResult<Arc<[Ty]>> {
        let row = module.loaded.compiled.function_instantiations[usize::from(index)];
        let types = self.signature(context, module, row.type_args)?;
        if !types.iter().any(Ty::is_open) {
            return Ok(types.clone());
        }
        let remembered = &module.instances[usize::from(index)];
        let known = remembered.read().map_err(poisoned)?;
        if let Some((_, instance)) = known.iter().find(|(args, _)| Arc::ptr_eq(args, caller)) {
            return Ok(instance.clone());
        }
        drop(known);
        let instance = types
            .iter()
            .map(|ty| {
                let ty = ty.substitute(caller)?;
                ty.check_size(self.limits)?;
                Ok(ty)
            })
            .collect::<VmResult<Arc<[Ty]>>>()?;
        let mut remembered = remembered.write().map_err(poisoned)?;
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.push((caller.clone(), instance.clone()));
        Ok(instance)
    }

    /// Type arguments of a call from outside; see [`Linker::concrete`].
    pub(crate) fn type_arguments(
        &self,
        context: &LinkContext,
        types: &[Type],
    ) -> VmResult<Arc<[Ty]>> {
        if let Some(args) = context.type_args.read().map_err(poisoned)?.get(types) {
            return Ok(args.clone());
        }
        let args = types
            .iter()
            .map(|ty| self.concrete(Some(context), ty))
            .collect::<VmResult<Arc<[Ty]>>>()?;
        let mut remembered = context.type_args.write().map_err(poisoned)?;
        if remembered.len() >= MAX_REMEMBERED {
            remembered.clear();
        }
        remembered.insert(types.to_vec(), args.clone());
        Ok(args)
    }

    fn token(
        &self,
        context: &LinkContext,
        module: &LinkedModule,
        token: &SignatureToken,
        nesting: usize,
    ) -> VmResult<Ty> {
        let nested = |inner: &SignatureToken| -> VmResult<Arc<Ty>> {
            Ok(Arc::new(self.token(context, module, inner, nesting)?))
        };
        let ty = match token {
            SignatureToken::Bool => Ty::Bool,
            SignatureToken::U8 => Ty::U8,
            SignatureToken::U16 => Ty::U16,
            SignatureToken::U32 => Ty::U32,
            SignatureToken::U64 => Ty::U64,
            SignatureToken::U128 => Ty::U128,
            SignatureToken::U256 => Ty::U256,
            SignatureToken::Address => Ty::Address,
            SignatureToken::Signer => Ty::Signer,
            SignatureToken::TypeParameter(index) => Ty::Parameter(*index),
            SignatureToken::Vector(inner) => Ty::Vector(nested(inner)?),
            SignatureToken::Reference(inner) => Ty::Reference(nested(inner)?),
            SignatureToken::MutableReference(inner) => Ty::MutableReference(nested(inner)?),
            SignatureToken::Datatype(handle) => Ty::datatype(
                self.datatype(context, module, *handle, nesting)?,
                Box::default(),
            ),
            SignatureToken::DatatypeInstantiation(instance) => {
                let args = instance
                    .1
                    .iter()
                    .map(|arg| self.token(context, module, arg, nesting))
                    .collect::<VmResult<_>>()?;
                Ty::datatype(self.datatype(context, module, instance.0, nesting)?, args)
            }
        };
        ty.check_size(self.limits)?;
        Ok(ty)
    }

    /// What a datatype handle stands for.
    pub(crate) fn datatype(
        &self,
        context: &LinkContext,
        module: &LinkedModule,
        handle: u16,
        nesting: usize,
    ) -> VmResult<Arc<DatatypeInfo>> {
        let slot = &module.datatypes[usize::from(handle)];
        if let Some(info) = slot.get() {
            return Ok(info.clone());
        }
        let compiled = &module.loaded.compiled;
        let row = &compiled.datatype_handles[usize::from(handle)];
        let name = compiled.name(row.name);
        let info = if row.module == compiled.self_handle {
            self.datatype_named(context, module, name, nesting)?
        } else {
            let owner = self.module(context, &compiled.module_id(row.module))?;
            self.datatype_named(context, &owner, name, nesting)?
        };
        if info.parameters.len() != row.type_parameters.len() {
            return Err(VmError::with_message(Status::Linker, name.as_str()));
        }
        Ok(slot.get_or_init(|| info).clone())
    }

    /// A datatype that `owner` declares.
    pub(crate) fn datatype_named(
        &self,
        context: &LinkContext,
        owner: &LinkedModule,
        name: &Identifier,
        nesting: usize,
    ) -> VmResult<Arc<DatatypeInfo>> {
        let definition = owner
            .loaded
            .datatype_names
            .get(name)
            .copied()
            .ok_or_else(|| not_found(Status::TypeNotFound, &owner.loaded.id, name))?;
        let slot = match definition {
            DatatypeDefinition::Struct(index) => &owner.structs[usize::from(index)],
            DatatypeDefinition::Enum(index) => &owner.enums[usize::from(index)],
        };
        if let Some(info) = slot.get() {
            return Ok(info.clone());
        }
        if nesting >= MAX_DATATYPE_NESTING {
            return Err(VmError::with_message(Status::ValueDepth, name.as_str()));
        }
        let info = Arc::new(self.declare(context, owner, name, definition, nesting + 1)?);
        Ok(slot.get_or_init(|| info).clone())
    }

    fn declare(
        &self,
        context: &LinkContext,
        owner: &LinkedModule,
        name: &Identifier,
        definition: DatatypeDefinition,
        nesting: usize,
    ) -> VmResult<DatatypeInfo> {
        let loaded = &owner.loaded;
        let compiled = &loaded.compiled;
        let fields = |fields: &[FieldDef]| -> VmResult<Vec<(Identifier, Ty)>> {
            fields
                .iter()
                .map(|field| {
                    Ok((
                        compiled.name(field.name).clone(),
                        self.token(context, owner, &field.ty, nesting)?,
                    ))
                })
                .collect()
        };
        let (handle, body) = match definition {
            DatatypeDefinition::Struct(index) => {
                let definition = &compiled.struct_defs[usize::from(index)];
                let body = match &definition.fields {
                    Some(members) => DatatypeBody::Struct(fields(members)?),
                    None => DatatypeBody::Native,
                };
                (definition.handle, body)
            }
            DatatypeDefinition::Enum(index) => {
                let definition = &compiled.enum_defs[usize::from(index)];
                let variants = definition
                    .variants
                    .iter()
                    .map(|variant| {
                        Ok((
                            compiled.name(variant.name).clone(),
                            fields(&variant.fields)?,
                        ))
                    })
                    .collect::<VmResult<_>>()?;
                (definition.handle, DatatypeBody::Enum(variants))
            }
        };
        let row = &compiled.datatype_handles[usize::from(handle)];
        let package = self.package_of(context, loaded)?;
        let origin = package
            .package
            .type_origins
            .get(&(loaded.id.name.clone(), name.clone()))
            .copied();
        let value_depth = body.field_types().map(Ty::value_depth).max().unwrap_or(0) + 1;
        Ok(DatatypeInfo {
            defining: origin.unwrap_or(loaded.package),
            original: loaded.id.address,
            module: loaded.id.name.clone(),
            name: name.clone(),
            abilities: row.abilities,
            parameters: row.type_parameters.clone(),
            body,
            value_depth,
        })
    }

    fn package_of(
        &self,
        context: &LinkContext,
        module: &LoadedModule,
    ) -> VmResult<Arc<LoadedPackage>> {
        if module.package == context.root.package.storage_id {
            Ok(context.root.clone())
        } else {
            self.package(&module.package)
        }
    }

    /// Resolves a concrete type from outside, whose datatypes are named by defining id: under
    /// `context` where its linkage table knows the package, else under the package's own.
    pub(crate) fn concrete(&self, context: Option<&LinkContext>, ty: &Type) -> VmResult<Ty> {
        let resolved = self.concrete_unchecked(context, ty, 1)?;
        resolved.check_size(self.limits)?;
        Ok(resolved)
    }

    fn concrete_unchecked(
        &self,
        context: Option<&LinkContext>,
        ty: &Type,
        depth: usize,
    ) -> VmResult<Ty> {
        if depth > self.limits.type_depth {
            return Err(VmError::new(Status::TypeLimit));
        }
        Ok(match ty {
            Type::Bool => Ty::Bool,
            Type::U8 => Ty::U8,
            Type::U16 => Ty::U16,
            Type::U32 => Ty::U32,
            Type::U64 => Ty::U64,
            Type::U128 => Ty::U128,
            Type::U256 => Ty::U256,
            Type::Address => Ty::Address,
            Type::Signer => Ty::Signer,
            Type::Vector(inner) => Ty::Vector(Arc::new(self.concrete_unchecked(
                context,
                inner,
                depth + 1,
            )?)),
            Type::Datatype(datatype) => {
                let args = datatype
                    .type_args
                    .iter()
                    .map(|arg| self.concrete_unchecked(context, arg, depth + 1))
                    .collect::<VmResult<Box<[Ty]>>>()?;
                let info =
                    self.defined_at(context, &datatype.address, &datatype.module, &datatype.name)?;
                check_arguments(&info, &args)?;
                Ty::datatype(info, args)
            }
            Type::Reference(_) | Type::MutableReference(_) | Type::TypeParameter(_) => {
                return Err(VmError::with_message(
                    Status::TypeArguments,
                    "references and type parameters are not concrete types",
                ));
            }
        })
    }

    fn defined_at(
        &self,
        context: Option<&LinkContext>,
        defining: &Address,
        module: &Identifier,
        name: &Identifier,
    ) -> VmResult<Arc<DatatypeInfo>> {
        let original = self.package(defining)?.package.original_id;
        let id = ModuleId::new(original, module.clone());
        let info = match context.filter(|context| context.storage_id(&original).is_some()) {
            Some(context) => {
                let owner = self.module(context, &id)?;
                self.datatype_named(context, &owner, name, 0)?
            }
            None => {
                let context = self.context(defining)?;
                let owner = self.module(&context, &id)?;
                self.datatype_named(&context, &owner, name, 0)?
            }
        };
        if info.defining == *defining {
            Ok(info)
        } else {
            Err(not_found(Status::TypeNotFound, &id, name))
        }
    }
}

impl LinkContext {
    pub(crate) fn new(root: Arc<LoadedPackage>) -> Self {
        Self {
            root,
            modules: RwLock::default(),
            type_args: RwLock::default(),
        }
    }

    /// The stored version that stands for an original id here.
    pub(crate) fn storage_id(&self, original: &Address) -> Option<Address> {
        let root = &self.root.package;
        if *original == root.original_id {
            return Some(root.storage_id);
        }
        root.linkage.get(original).copied()
    }
}

/// Type arguments have the abilities that the declaration asks for.
fn check_arguments(info: &DatatypeInfo, args: &[Ty]) -> VmResult<()> {
    let fits = info.parameters.len() == args.len()
        && info
            .parameters
            .iter()
            .zip(args)
            .all(|(parameter, arg)| arg.abilities(&[]).contains(parameter.constraints));
    if fits {
        Ok(())
    } else {
        Err(VmError::with_message(
            Status::TypeArguments,
            format!("wrong type arguments for {}", info.name),
        ))
    }
}

/// Whether `owner` declares this module of its own package as a friend.
fn is_friend(owner: &LoadedModule, module: &ModuleId) -> bool {
    owner.id.address == module.address
        && owner
            .compiled
            .friends
            .iter()
            .any(|friend| *owner.compiled.name(friend.name) == module.name)
}

fn not_found(status: Status, module: &ModuleId, name: &str) -> VmError {
    VmError::with_message(status, format!("{module}::{name}"))
}
