//! A copy of the whole state, to come back to.

use std::fmt;

use sui_sdk_types::Digest;

use crate::error::LedgerError;
use crate::records::META_GENESIS;
use crate::store::{Batch, Range, Store, StoreError, Table};

/// Entries copied at a time.
const CHUNK: usize = 1_024;

/// The state of a ledger at one moment, in memory.
#[derive(Clone)]
pub struct Snapshot {
    entries: Vec<(Table, Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for Snapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Snapshot")
            .field("entries", &self.entries.len())
            .finish()
    }
}

impl Snapshot {
    pub(crate) fn take(store: &dyn Store) -> Result<Self, LedgerError> {
        let mut entries = Vec::new();
        for table in Table::ALL {
            for_each(store, table, |key, value| entries.push((table, key, value)))?;
        }
        Ok(Self { entries })
    }

    /// Refuses a snapshot of another chain.
    pub(crate) fn check_chain(&self, expected: &Digest) -> Result<(), LedgerError> {
        let stamp = self
            .entries
            .iter()
            .find(|(table, key, _)| *table == Table::Meta && key == META_GENESIS);
        let found = stamp.and_then(|(_, _, value)| Digest::from_bytes(value).ok());
        match found {
            Some(found) if found == *expected => Ok(()),
            Some(found) => Err(LedgerError::OtherGenesis {
                found,
                expected: *expected,
            }),
            None => Err(LedgerError::Damaged(
                "the snapshot has no genesis".to_owned(),
            )),
        }
    }

    /// Replaces everything in the store, in one batch.
    pub(crate) fn restore(&self, store: &dyn Store) -> Result<(), LedgerError> {
        let mut batch = Batch::default();
        for table in Table::ALL {
            for_each(store, table, |key, _| batch.remove(table, key))?;
        }
        for (table, key, value) in &self.entries {
            batch.put(*table, key.as_slice(), value.as_slice());
        }
        store.commit(batch)?;
        Ok(())
    }
}

fn for_each(
    store: &dyn Store,
    table: Table,
    mut visit: impl FnMut(Vec<u8>, Vec<u8>),
) -> Result<(), StoreError> {
    let mut last: Option<Vec<u8>> = None;
    loop {
        let chunk = store.scan(table, Range::prefix(&[], CHUNK).after(last.as_deref()))?;
        let complete = chunk.len() < CHUNK;
        last = chunk.last().map(|(key, _)| key.clone());
        for (key, value) in chunk {
            visit(key, value);
        }
        if complete {
            return Ok(());
        }
    }
}
