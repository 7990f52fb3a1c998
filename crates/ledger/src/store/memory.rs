//! State in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use super::{Batch, Entry, Range, Store, StoreError, Table};

type Tables = [BTreeMap<Vec<u8>, Arc<[u8]>>; Table::ALL.len()];

/// State that ends with the process.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: RwLock<Tables>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }
}

impl Store for MemoryStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let tables = self.tables.read().map_err(poisoned)?;
        Ok(tables[table.index()].get(key).map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, range: Range<'_>) -> Result<Vec<Entry>, StoreError> {
        let tables = self.tables.read().map_err(poisoned)?;
        let Some(bounds) = range.bounds() else {
            return Ok(Vec::new());
        };
        let copy = |(key, value): (&Vec<u8>, &Arc<[u8]>)| (key.clone(), value.to_vec());
        let entries = tables[table.index()].range(bounds);
        Ok(if range.descending {
            entries.rev().take(range.limit).map(copy).collect()
        } else {
            entries.take(range.limit).map(copy).collect()
        })
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut tables = self.tables.write().map_err(poisoned)?;
        for write in batch.into_writes() {
            let map = &mut tables[write.table.index()];
            match write.value {
                Some(value) => map.insert(write.key, value.into()),
                None => map.remove(&write.key),
            };
        }
        Ok(())
    }

    fn sync(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn poisoned<T>(_: PoisonError<T>) -> StoreError {
    StoreError::Poisoned
}
