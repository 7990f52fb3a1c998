//! State in a folder.

use std::path::Path;

use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};

use super::{Batch, Entry, Range, Store, StoreError, Table};

/// Bytes of cache for blocks read from disk.
const CACHE_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes that one table may hold in memory before it is written out.
const TABLE_BUFFER_BYTES: u64 = 4 * 1024 * 1024;

/// State in a folder, in a log-structured database.
///
/// A committed batch is handed to the operating system before [`Store::commit`] returns, so that
/// it survives `kill -9`; [`Store::sync`] makes it survive a power cut.
pub struct FjallStore {
    database: Database,
    tables: Vec<Keyspace>,
}

impl std::fmt::Debug for FjallStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FjallStore").finish_non_exhaustive()
    }
}

impl FjallStore {
    /// Opens the folder, or makes it.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process has it open; [`StoreError::Database`] when it
    /// cannot be made or read.
    pub fn open(folder: impl AsRef<Path>) -> Result<Self, StoreError> {
        let folder = folder.as_ref();
        let database = Database::builder(folder)
            .cache_size(CACHE_BYTES)
            .open()
            .map_err(|error| match error {
                fjall::Error::Locked => StoreError::Locked(folder.display().to_string()),
                other => database(other),
            })?;
        let tables = Table::ALL
            .iter()
            .map(|table| keyspace(&database, *table))
            .collect::<Result<_, _>>()?;
        Ok(Self { database, tables })
    }
}

fn keyspace(folder: &Database, table: Table) -> Result<Keyspace, StoreError> {
    folder
        .keyspace(table.name(), || {
            KeyspaceCreateOptions::default().max_memtable_size(TABLE_BUFFER_BYTES)
        })
        .map_err(database)
}

impl Store for FjallStore {
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let value = self.tables[table.index()].get(key).map_err(database)?;
        Ok(value.map(|value| value.to_vec()))
    }

    fn scan(&self, table: Table, range: Range<'_>) -> Result<Vec<Entry>, StoreError> {
        let Some(bounds) = range.bounds() else {
            return Ok(Vec::new());
        };
        let entries = self.tables[table.index()].range(bounds);
        let collect = |entries: &mut dyn Iterator<Item = fjall::Guard>| {
            entries
                .take(range.limit)
                .map(|guard| {
                    let (key, value) = guard.into_inner().map_err(database)?;
                    Ok((key.to_vec(), value.to_vec()))
                })
                .collect()
        };
        if range.descending {
            collect(&mut entries.rev())
        } else {
            collect(&mut { entries })
        }
    }

    fn commit(&self, batch: Batch) -> Result<(), StoreError> {
        let mut writes = self.database.batch().durability(Some(PersistMode::Buffer));
        for write in batch.into_writes() {
            let table = &self.tables[write.table.index()];
            match write.value {
                Some(value) => writes.insert(table, write.key, value),
                None => writes.remove(table, write.key),
            }
        }
        writes.commit().map_err(database)
    }

    fn sync(&self) -> Result<(), StoreError> {
        self.database
            .persist(PersistMode::SyncAll)
            .map_err(database)
    }
}

fn database(error: fjall::Error) -> StoreError {
    StoreError::Database(error.to_string())
}
