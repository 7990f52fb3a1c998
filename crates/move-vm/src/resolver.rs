//! Where packages come from.

use std::collections::BTreeMap;
use std::sync::Arc;

use thiserror::Error;

use crate::address::Address;
use crate::identifier::Identifier;

/// A published package version, as it lies in the store.
///
/// Modules name other packages by their *original* id: the id under which the first version was
/// published. The linkage table says which stored version stands for it, for this package and for
/// everything it calls.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Id under which this version is stored.
    pub storage_id: Address,
    /// Id of the first version; the address that its modules carry inside.
    pub original_id: Address,
    /// Version number, from 1.
    pub version: u64,
    /// Module bytes by name.
    pub modules: BTreeMap<Identifier, Vec<u8>>,
    /// Original id of each direct and indirect dependency -> storage id of the version to use.
    /// The package itself need not be in it.
    pub linkage: BTreeMap<Address, Address>,
    /// (module, datatype) -> storage id of the version that first contained it. What is missing
    /// here is taken as defined by this very version.
    pub type_origins: BTreeMap<(Identifier, Identifier), Address>,
}

/// The store failed to answer.
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("package store failed: {0}")]
pub struct ResolverError(pub String);

/// Hands out stored packages.
///
/// What it returns for one storage id must never change while a [`crate::Vm`] caches it: see
/// [`crate::Vm::forget`].
pub trait ModuleResolver {
    /// The package stored under `storage_id`, or `None` when there is none.
    ///
    /// # Errors
    /// When the store itself fails.
    fn package(&self, storage_id: &Address) -> Result<Option<Arc<Package>>, ResolverError>;
}
