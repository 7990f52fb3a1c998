//! Packages as a running transaction sees them: the store's, and those it has just published.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;

use atoma_move_vm::{self as vm, ModuleResolver, ResolverError};

use crate::state::State;

/// The store's packages and the transaction's own.
#[derive(Debug)]
pub(super) struct Packages<'a> {
    state: &'a State,
    new: RefCell<BTreeMap<vm::Address, Arc<vm::Package>>>,
}

impl<'a> Packages<'a> {
    pub(super) fn new(state: &'a State) -> Self {
        Self {
            state,
            new: RefCell::default(),
        }
    }

    pub(super) fn add(&self, package: Arc<vm::Package>) {
        self.new.borrow_mut().insert(package.storage_id, package);
    }

    /// Ids of the transaction's own packages.
    pub(super) fn added(&self) -> Vec<vm::Address> {
        self.new.borrow().keys().copied().collect()
    }
}

impl ModuleResolver for Packages<'_> {
    fn package(&self, storage_id: &vm::Address) -> Result<Option<Arc<vm::Package>>, ResolverError> {
        if let Some(package) = self.new.borrow().get(storage_id) {
            return Ok(Some(Arc::clone(package)));
        }
        ModuleResolver::package(self.state, storage_id)
    }
}
