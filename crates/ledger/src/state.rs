//! Reading objects and packages, through caches.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoma_move_vm as vm;
use atoma_move_vm::{CompiledModule, ModuleResolver, ResolverError};
use sui_sdk_types::{Address, MovePackage, Object, ObjectData, Version};

use crate::bridge;
use crate::error::LedgerError;
use crate::records::{self, Fate};
use crate::store::{Store, Table};

/// Most objects whose latest version is kept decoded.
const CACHED_OBJECTS: usize = 8_192;

/// The latest version of an object.
#[derive(Debug, Clone)]
pub(crate) enum Latest {
    Live(Arc<Object>),
    Gone { version: Version },
}

/// The committed state.
#[derive(Debug)]
pub(crate) struct State {
    store: Arc<dyn Store>,
    latest: Mutex<LatestCache>,
    packages: Mutex<HashMap<Address, Arc<vm::Package>>>,
}

/// Latest versions by id; the oldest entry goes first.
#[derive(Debug, Default)]
struct LatestCache {
    entries: HashMap<Address, Latest>,
    order: VecDeque<Address>,
}

impl LatestCache {
    fn insert(&mut self, id: Address, latest: Latest) {
        if self.entries.insert(id, latest).is_none() {
            self.order.push_back(id);
            if self.order.len() > CACHED_OBJECTS
                && let Some(oldest) = self.order.pop_front()
            {
                self.entries.remove(&oldest);
            }
        }
    }
}

impl State {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self {
            store,
            latest: Mutex::default(),
            packages: Mutex::default(),
        }
    }

    pub(crate) fn store(&self) -> &dyn Store {
        &*self.store
    }

    /// The latest version of an object; `None` when the id never was an object.
    pub(crate) fn latest(&self, id: &Address) -> Result<Option<Latest>, LedgerError> {
        if let Some(latest) = lock(&self.latest).entries.get(id) {
            return Ok(Some(latest.clone()));
        }
        let Some(bytes) = self.store.get(Table::Latest, id.as_ref())? else {
            return Ok(None);
        };
        let (version, fate) = records::parse_latest(&bytes)?;
        let latest = match fate {
            Fate::Live => Latest::Live(self.at_version(id, version)?.ok_or_else(|| {
                LedgerError::Damaged(format!("object {id} lacks its version {version}"))
            })?),
            Fate::Deleted | Fate::Wrapped => Latest::Gone { version },
        };
        lock(&self.latest).insert(*id, latest.clone());
        Ok(Some(latest))
    }

    /// The object, if it lives.
    pub(crate) fn live(&self, id: &Address) -> Result<Option<Arc<Object>>, LedgerError> {
        Ok(match self.latest(id)? {
            Some(Latest::Live(object)) => Some(object),
            Some(Latest::Gone { .. }) | None => None,
        })
    }

    /// An object as it was at some version.
    pub(crate) fn at_version(
        &self,
        id: &Address,
        version: Version,
    ) -> Result<Option<Arc<Object>>, LedgerError> {
        let key = records::object_key(id, version);
        match self.store.get(Table::Objects, &key)? {
            Some(bytes) => Ok(Some(Arc::new(records::decode(&bytes)?))),
            None => Ok(None),
        }
    }

    /// Takes over what a committed transaction changed.
    pub(crate) fn remember(&self, id: Address, latest: Latest) {
        lock(&self.latest).insert(id, latest);
    }

    /// Forgets everything, after the store was replaced.
    pub(crate) fn forget_all(&self) -> Vec<vm::Address> {
        *lock(&self.latest) = LatestCache::default();
        let packages = std::mem::take(&mut *lock(&self.packages));
        packages.keys().map(bridge::vm_address).collect()
    }

    /// A published package, as the machine reads it.
    pub(crate) fn package(&self, id: &Address) -> Result<Option<Arc<vm::Package>>, LedgerError> {
        if let Some(package) = lock(&self.packages).get(id) {
            return Ok(Some(Arc::clone(package)));
        }
        let Some(object) = self.live(id)? else {
            return Ok(None);
        };
        let ObjectData::Package(package) = object.data() else {
            return Ok(None);
        };
        let package = Arc::new(machine_package(package)?);
        lock(&self.packages).insert(*id, Arc::clone(&package));
        Ok(Some(package))
    }
}

impl ModuleResolver for State {
    fn package(&self, storage_id: &vm::Address) -> Result<Option<Arc<vm::Package>>, ResolverError> {
        Self::package(self, &bridge::sui_address(storage_id))
            .map_err(|error| ResolverError(error.to_string()))
    }
}

/// A package as the machine reads it.
pub(crate) fn machine_package(package: &MovePackage) -> Result<vm::Package, LedgerError> {
    let damaged = || LedgerError::Damaged(format!("package {}", package.id));
    let modules = package
        .modules
        .iter()
        .map(|(name, bytes)| Some((bridge::vm_identifier(name)?, bytes.clone())))
        .collect::<Option<BTreeMap<_, _>>>()
        .ok_or_else(damaged)?;
    let linkage = package
        .linkage_table
        .iter()
        .map(|(original, info)| {
            (
                bridge::vm_address(original),
                bridge::vm_address(&info.upgraded_id),
            )
        })
        .collect();
    let type_origins = package
        .type_origin_table
        .iter()
        .map(|origin| {
            Some((
                (
                    bridge::vm_identifier(&origin.module_name)?,
                    bridge::vm_identifier(&origin.struct_name)?,
                ),
                bridge::vm_address(&origin.package),
            ))
        })
        .collect::<Option<_>>()
        .ok_or_else(damaged)?;
    Ok(vm::Package {
        storage_id: bridge::vm_address(&package.id),
        original_id: bridge::vm_address(&original_id(package)?),
        version: package.version,
        modules,
        linkage,
        type_origins,
    })
}

/// The id under which the first version of a package was published: the address that its modules
/// carry.
pub(crate) fn original_id(package: &MovePackage) -> Result<Address, LedgerError> {
    if package.version <= 1 {
        return Ok(package.id);
    }
    let bytes = package
        .modules
        .values()
        .next()
        .ok_or_else(|| LedgerError::Damaged(format!("package {} is empty", package.id)))?;
    let module = CompiledModule::read(bytes)
        .map_err(|error| LedgerError::Damaged(format!("package {}: {error}", package.id)))?;
    Ok(bridge::sui_address(&module.id().address))
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The guarded caches are valid after every single step, so a panic elsewhere spoils nothing.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
