//! State in memory.

use std::collections::BTreeMap;
use std::ops::Bound;
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
        let map = &tables[table.index()];
        let copy = |(key, value): (&Vec<u8>, &Arc<[u8]>)| (key.clone(), value.to_vec());
        let within = |(key, _): &(&Vec<u8>, &Arc<[u8]>)| key.starts_with(range.prefix);
        if range.descending {
            let upper = match (range.after, prefix_end(range.prefix)) {
                (Some(key), _) => Bound::Excluded(key.to_vec()),
                (None, Some(end)) => Bound::Excluded(end),
                (None, None) => Bound::Unbounded,
            };
            if matches!(&upper, Bound::Excluded(end) if end.as_slice() <= range.prefix) {
                return Ok(Vec::new());
            }
            let bounds = (Bound::Included(range.prefix.to_vec()), upper);
            let entries = map.range(bounds).rev();
            Ok(entries
                .take_while(within)
                .take(range.limit)
                .map(copy)
                .collect())
        } else {
            let lower = range.after.map_or_else(
                || Bound::Included(range.prefix.to_vec()),
                |key| Bound::Excluded(key.to_vec()),
            );
            let entries = map.range((lower, Bound::Unbounded));
            Ok(entries
                .take_while(within)
                .take(range.limit)
                .map(copy)
                .collect())
        }
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

/// The smallest key after all keys with this prefix; `None` when there is none.
pub(super) fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}
