//! Publishing and upgrading packages.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use atoma_move_vm::binary::relocate;
use atoma_move_vm::vm::UpgradePolicy;
use atoma_move_vm::{self as vm, CompiledModule, Status, Type, Value, VmError};
use sui_sdk_types::{
    Address, ExecutionError, Identifier, MovePackage, ObjectData, PackageUpgradeError, Publish,
    TypeOrigin, Upgrade, UpgradeInfo,
};

use super::failure::{Step, Stop, fail, invariant, machine_error, stop, stop_with};
use super::gas::package_size;
use super::interpreter::{Interpreter, Left, Usage};
use super::values::Typed;
use crate::bridge;
use crate::error::LedgerError;
use crate::records::hash;
use crate::state::{machine_package, original_id};

impl Interpreter<'_> {
    pub(super) fn publish(&mut self, publish: &Publish) -> Step<Left> {
        self.charge_modules(&publish.modules)?;
        let id = self.objects.fresh_package_id();
        let modules = placed_modules(&publish.modules, id)?;
        let dependencies = self.dependencies(&publish.dependencies)?;
        let package = MovePackage {
            id,
            version: 1,
            linkage_table: linkage(id, &modules, &dependencies)?,
            type_origin_table: type_origins(&modules, id, &BTreeMap::new())?,
            modules: by_name(&modules)?,
        };
        self.verify(&package)?;
        for module in &modules {
            let name = module_name(&module.read)?;
            self.initialize(id, &name)?;
        }
        let cap = Value::structure([
            Value::uid(self.fresh_id()?),
            Value::id(bridge::vm_address(&id)),
            Value::U64(1),
            Value::U8(0),
        ]);
        self.published.push(package);
        self.leave("UpgradeCap", cap)
    }

    pub(super) fn upgrade(&mut self, upgrade: &Upgrade) -> Step<Left> {
        self.charge_modules(&upgrade.modules)?;
        let ticket = self.take_ticket(upgrade)?;
        if ticket.package != upgrade.package {
            return fail(upgrade_error(PackageUpgradeError::PackageIdDoesNotMatch {
                package_id: upgrade.package,
                ticket_id: ticket.package,
            }));
        }
        let digest = package_digest(&upgrade.modules, &upgrade.dependencies);
        if digest.as_slice() != ticket.digest {
            return fail(upgrade_error(PackageUpgradeError::DigestDoesNotMatch {
                digest: sui_sdk_types::Digest::new(digest),
            }));
        }
        let Some(policy) = policy(ticket.policy) else {
            return fail(upgrade_error(PackageUpgradeError::UnknownUpgradePolicy {
                policy: ticket.policy,
            }));
        };
        let old = self.stored_package(&upgrade.package)?.ok_or_else(|| {
            stop(upgrade_error(PackageUpgradeError::UnableToFetchPackage {
                package_id: upgrade.package,
            }))
        })?;
        let original = bridge::sui_address(&old.original_id);
        let id = self.objects.fresh_package_id();
        let modules = placed_modules(&upgrade.modules, original)?;
        let dependencies = self.dependencies(&upgrade.dependencies)?;
        let package = MovePackage {
            id,
            version: old.version + 1,
            linkage_table: linkage(original, &modules, &dependencies)?,
            type_origin_table: type_origins(&modules, id, &old.type_origins)?,
            modules: by_name(&modules)?,
        };
        let new = self.verify(&package)?;
        self.chain
            .vm
            .check_upgrade(&old, &new, policy)
            .map_err(incompatible)?;
        self.published.push(package);
        let receipt = Value::structure([Value::id(ticket.cap), Value::id(bridge::vm_address(&id))]);
        self.leave("UpgradeReceipt", receipt)
    }

    fn charge_modules(&mut self, modules: &[Vec<u8>]) -> Step<()> {
        self.charge_bytes(modules.iter().map(Vec::len).sum())
    }

    /// A value of a type of `0x2::package` as the only result.
    fn leave(&mut self, name: &str, value: Value) -> Step<Left> {
        let ty = self.package_type(name)?;
        Ok(Left {
            results: vec![Typed { ty, value }],
            ..Left::default()
        })
    }

    fn package_type(&self, name: &str) -> Step<Arc<vm::LoadedType>> {
        let identifier = |name| vm::Identifier::new(name).map_err(|_| invariant("identifier"));
        self.load(&Type::datatype(
            vm::Address::SUI,
            identifier("package")?,
            identifier(name)?,
        ))
    }

    fn take_ticket(&mut self, upgrade: &Upgrade) -> Step<Ticket> {
        let ty = self.package_type("UpgradeTicket")?;
        let place = self.place(0, upgrade.ticket)?;
        let group = self.slot(place)?.group;
        let ticket = self.take(0, place, Usage::Value, &ty)?;
        if let Some(group) = group {
            self.groups.release(group);
        }
        let id = |index: usize| ticket.field(index)?.field(0)?.as_address();
        let policy = match ticket.field(2) {
            Some(Value::U8(policy)) => Some(*policy),
            _ => None,
        };
        let digest = ticket.field(3).and_then(Value::as_bytes);
        match (id(0), id(1), policy, digest) {
            (Some(cap), Some(package), Some(policy), Some(digest)) => Ok(Ticket {
                cap,
                package: bridge::sui_address(&package),
                policy,
                digest: digest.to_vec(),
            }),
            _ => Err(invariant("an upgrade ticket is no ticket")),
        }
    }

    fn stored_package(&self, id: &Address) -> Step<Option<Arc<vm::Package>>> {
        use atoma_move_vm::ModuleResolver as _;
        self.packages
            .package(&bridge::vm_address(id))
            .map_err(|error| machine_error(VmError::with_message(Status::Storage, error.0)))
    }

    fn dependencies(&self, ids: &[Address]) -> Step<Vec<MovePackage>> {
        let mut packages = Vec::with_capacity(ids.len());
        for id in ids {
            let own = self.published.iter().find(|package| package.id == *id);
            let package = match own {
                Some(package) => Some(package.clone()),
                None => self
                    .chain
                    .state
                    .live(id)?
                    .and_then(|object| match object.data() {
                        ObjectData::Package(package) => Some(package.clone()),
                        ObjectData::Struct(_) => None,
                    }),
            };
            packages.push(package.ok_or_else(|| {
                stop_with(
                    ExecutionError::PublishUpgradeMissingDependency,
                    format!("package {id} not found"),
                )
            })?);
        }
        Ok(packages)
    }

    /// Checks a package and makes it visible to the rest of the transaction.
    fn verify(&mut self, package: &MovePackage) -> Step<vm::Package> {
        let size = u64::try_from(package_size(package)).unwrap_or(u64::MAX);
        let most = self.chain.limits.package_bytes;
        if size > most {
            return fail(ExecutionError::PackageTooBig {
                object_size: size,
                max_object_size: most,
            });
        }
        let new = machine_package(package)?;
        self.chain
            .vm
            .check_package(self.packages, &new)
            .map_err(unverified)?;
        self.packages.add(Arc::new(new.clone()));
        Ok(new)
    }
}

/// A package of a genesis over the packages before it; its modules carry its id, or zero.
pub(crate) fn genesis_package(
    id: Address,
    modules: &[Vec<u8>],
    dependencies: &[MovePackage],
) -> Result<MovePackage, LedgerError> {
    let genesis = |error| LedgerError::Genesis(format!("package {id}: {error}"));
    let mut placed = Vec::with_capacity(modules.len());
    for bytes in modules {
        let mut bytes = bytes.clone();
        let mut read = CompiledModule::read(&bytes).map_err(genesis)?;
        if read.id().address == vm::Address::ZERO {
            bytes = relocate(&bytes, bridge::vm_address(&id)).map_err(genesis)?;
            read = CompiledModule::read(&bytes).map_err(genesis)?;
        }
        if read.id().address != bridge::vm_address(&id) {
            let message = format!("module {} is not of package {id}", read.id());
            return Err(LedgerError::Genesis(message));
        }
        placed.push(PlacedModule { bytes, read });
    }
    let package = || -> Step<MovePackage> {
        Ok(MovePackage {
            id,
            version: 1,
            linkage_table: linkage(id, &placed, dependencies)?,
            type_origin_table: type_origins(&placed, id, &BTreeMap::new())?,
            modules: by_name(&placed)?,
        })
    };
    package().map_err(|stop| match stop {
        Stop::Failure(failure) => LedgerError::Genesis(failure.message),
        Stop::Ledger(error) => error,
    })
}

struct Ticket {
    cap: vm::Address,
    package: Address,
    policy: u8,
    digest: Vec<u8>,
}

/// A module at the address of its package.
struct PlacedModule {
    bytes: Vec<u8>,
    read: CompiledModule,
}

/// Reads modules that carry the address zero, and puts the package's in its place.
fn placed_modules(modules: &[Vec<u8>], address: Address) -> Step<Vec<PlacedModule>> {
    let malformed = |error: atoma_move_vm::binary::BinaryError| {
        stop_with(
            ExecutionError::VmVerificationOrDeserializationError,
            error.to_string(),
        )
    };
    let mut placed = Vec::with_capacity(modules.len());
    for bytes in modules {
        let read = CompiledModule::read(bytes).map_err(malformed)?;
        if read.id().address != vm::Address::ZERO {
            return Err(stop_with(
                ExecutionError::PublishErrorNonZeroAddress,
                format!("module {} does not carry the address 0x0", read.id()),
            ));
        }
        let bytes = relocate(bytes, bridge::vm_address(&address)).map_err(malformed)?;
        let read = CompiledModule::read(&bytes).map_err(malformed)?;
        placed.push(PlacedModule { bytes, read });
    }
    Ok(placed)
}

fn module_name(module: &CompiledModule) -> Step<Identifier> {
    bridge::sui_identifier(&module.id().name).ok_or_else(|| {
        stop_with(
            ExecutionError::VmVerificationOrDeserializationError,
            "a module has a name that types cannot carry",
        )
    })
}

fn by_name(modules: &[PlacedModule]) -> Step<BTreeMap<Identifier, Vec<u8>>> {
    let mut map = BTreeMap::new();
    for module in modules {
        let name = module_name(&module.read)?;
        if map.insert(name, module.bytes.clone()).is_some() {
            return Err(stop_with(
                ExecutionError::VmVerificationOrDeserializationError,
                "two modules of the same name",
            ));
        }
    }
    Ok(map)
}

/// Where each type was first defined: in the version before, or here.
fn type_origins(
    modules: &[PlacedModule],
    id: Address,
    before: &BTreeMap<(vm::Identifier, vm::Identifier), vm::Address>,
) -> Step<Vec<TypeOrigin>> {
    let mut origins = Vec::new();
    let mut kept = 0;
    for module in modules {
        let module = &module.read;
        let module_id = module.id();
        let structs = module
            .struct_defs
            .iter()
            .map(|definition| definition.handle);
        let enums = module.enum_defs.iter().map(|definition| definition.handle);
        for handle in structs.chain(enums) {
            let handle = module
                .datatype_handles
                .get(usize::from(handle))
                .ok_or_else(|| invariant("a datatype without handle"))?;
            let name = module.name(handle.name);
            let package = before.get(&(module_id.name.clone(), name.clone()));
            kept += usize::from(package.is_some());
            origins.push(TypeOrigin {
                module_name: module_name(module)?,
                struct_name: bridge::sui_identifier(name)
                    .ok_or_else(|| invariant("a type with an unusable name"))?,
                package: package.map_or(id, bridge::sui_address),
            });
        }
    }
    if kept != before.len() {
        return Err(stop_with(
            upgrade_error(PackageUpgradeError::IncompatibleUpgrade),
            "a type of the version before is missing",
        ));
    }
    Ok(origins)
}

/// Which version of each dependency the package uses.
///
/// Every package that is depended on directly must be named, and what those depend on in turn, in
/// a version not below the one that they use.
fn linkage(
    own: Address,
    modules: &[PlacedModule],
    dependencies: &[MovePackage],
) -> Step<BTreeMap<Address, UpgradeInfo>> {
    let direct: BTreeSet<Address> = modules
        .iter()
        .flat_map(|module| module.read.dependencies())
        .map(|dependency| bridge::sui_address(&dependency.address))
        .filter(|address| *address != own)
        .collect();
    let mut table = BTreeMap::new();
    let mut used = Vec::new();
    for package in dependencies {
        let original = original_id(package)?;
        if direct.contains(&original) {
            used.push(package);
        }
        let info = UpgradeInfo {
            upgraded_id: package.id,
            upgraded_version: package.version,
        };
        table.insert(original, info);
    }
    let missing = |id: &Address| {
        stop_with(
            ExecutionError::PublishUpgradeMissingDependency,
            format!("dependency {id} is not named"),
        )
    };
    if let Some(dependency) = direct.iter().find(|id| !table.contains_key(*id)) {
        return Err(missing(dependency));
    }
    for (original, needed) in used.iter().flat_map(|package| &package.linkage_table) {
        let named = table.get(original).ok_or_else(|| missing(original))?;
        if named.upgraded_version < needed.upgraded_version {
            return fail(ExecutionError::PublishUpgradeDependencyDowngrade);
        }
    }
    Ok(table)
}

/// What an upgrade ticket commits to: the sorted digests of the modules and ids of the
/// dependencies, hashed together.
pub(crate) fn package_digest(modules: &[Vec<u8>], dependencies: &[Address]) -> [u8; 32] {
    let mut parts: Vec<[u8; 32]> = modules.iter().map(|module| hash(&[module])).collect();
    parts.extend(dependencies.iter().map(|id| id.into_inner()));
    parts.sort_unstable();
    let parts: Vec<&[u8]> = parts.iter().map(|part| part.as_slice()).collect();
    hash(&parts)
}

fn policy(policy: u8) -> Option<UpgradePolicy> {
    match policy {
        0 => Some(UpgradePolicy::Compatible),
        128 => Some(UpgradePolicy::Additive),
        192 => Some(UpgradePolicy::DependencyOnly),
        _ => None,
    }
}

const fn upgrade_error(kind: PackageUpgradeError) -> ExecutionError {
    ExecutionError::PackageUpgradeError { kind }
}

fn incompatible(error: VmError) -> Stop {
    if error.status == Status::IncompatibleUpgrade {
        return stop_with(
            upgrade_error(PackageUpgradeError::IncompatibleUpgrade),
            error.to_string(),
        );
    }
    machine_error(error)
}

fn unverified(error: VmError) -> Stop {
    if error.status == Status::Verification {
        return stop_with(ExecutionError::SuiMoveVerificationError, error.to_string());
    }
    machine_error(error)
}
