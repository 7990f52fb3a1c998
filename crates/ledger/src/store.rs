//! Where the ledger's state lies: ordered tables and one kind of write, an atomic batch.

mod fjall;
mod memory;

use std::ops::Bound;

use thiserror::Error;

pub use fjall::FjallStore;
pub use memory::MemoryStore;

/// The tables of the state. Keys are compared byte by byte; numbers in keys are big-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    /// Format version, fingerprint of the genesis, head of the chain.
    Meta,
    /// object id, version -> object as BCS.
    Objects,
    /// object id -> version, and whether it lives, was deleted or is wrapped.
    Latest,
    /// kind and id of the owner, hash of the type, object id -> entry as BCS.
    Owned,
    /// hash of the type, object id -> nothing; only for types of which an index is kept.
    ByType,
    /// original package id, version -> package id.
    Packages,
    /// transaction digest -> record as BCS.
    Transactions,
    /// order of execution -> transaction digest.
    Order,
    /// transaction digest -> sequence number of its checkpoint.
    Checkpointed,
    /// sequence number -> checkpoint as BCS.
    Checkpoints,
    /// checkpoint digest -> sequence number.
    CheckpointDigests,
}

impl Table {
    /// All tables.
    pub const ALL: [Self; 11] = [
        Self::Meta,
        Self::Objects,
        Self::Latest,
        Self::Owned,
        Self::ByType,
        Self::Packages,
        Self::Transactions,
        Self::Order,
        Self::Checkpointed,
        Self::Checkpoints,
        Self::CheckpointDigests,
    ];

    /// The table's name on disk; it never changes within a format version.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Meta => "meta",
            Self::Objects => "objects",
            Self::Latest => "latest",
            Self::Owned => "owned",
            Self::ByType => "by_type",
            Self::Packages => "packages",
            Self::Transactions => "transactions",
            Self::Order => "order",
            Self::Checkpointed => "checkpointed",
            Self::Checkpoints => "checkpoints",
            Self::CheckpointDigests => "checkpoint_digests",
        }
    }

    pub(crate) const fn index(self) -> usize {
        self as usize
    }
}

/// Writes that happen together or not at all, in order.
#[derive(Debug, Clone, Default)]
pub struct Batch {
    writes: Vec<Write>,
}

/// One write of a [`Batch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    /// Where.
    pub table: Table,
    /// Under which key.
    pub key: Vec<u8>,
    /// The new value, or `None` to remove the key.
    pub value: Option<Vec<u8>>,
}

impl Batch {
    /// Sets a key.
    pub fn put(&mut self, table: Table, key: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) {
        self.writes.push(Write {
            table,
            key: key.into(),
            value: Some(value.into()),
        });
    }

    /// Removes a key; nothing happens when it is missing.
    pub fn remove(&mut self, table: Table, key: impl Into<Vec<u8>>) {
        self.writes.push(Write {
            table,
            key: key.into(),
            value: None,
        });
    }

    /// The writes in order.
    #[must_use]
    pub fn into_writes(self) -> Vec<Write> {
        self.writes
    }
}

/// First and last key of a range.
type KeyBounds = (Bound<Vec<u8>>, Bound<Vec<u8>>);

/// A part of a table in order of its keys.
#[derive(Debug, Clone)]
pub struct Range<'a> {
    /// Only keys that start with these bytes.
    pub prefix: &'a [u8],
    /// Only keys after this one, or before it when `descending`.
    pub after: Option<&'a [u8]>,
    /// Largest key first.
    pub descending: bool,
    /// At most so many entries.
    pub limit: usize,
}

impl<'a> Range<'a> {
    /// The first `limit` entries whose keys start with `prefix`.
    #[must_use]
    pub const fn prefix(prefix: &'a [u8], limit: usize) -> Self {
        Self {
            prefix,
            after: None,
            descending: false,
            limit,
        }
    }

    /// The same range, continued after a key.
    #[must_use]
    pub const fn after(mut self, key: Option<&'a [u8]>) -> Self {
        self.after = key;
        self
    }

    /// The same range, largest key first.
    #[must_use]
    pub const fn descending(mut self) -> Self {
        self.descending = true;
        self
    }

    /// Between which keys the range lies; `None` when no key can.
    pub(crate) fn bounds(&self) -> Option<KeyBounds> {
        let mut start = Bound::Included(self.prefix.to_vec());
        let mut end = prefix_end(self.prefix).map_or(Bound::Unbounded, Bound::Excluded);
        if let Some(after) = self.after {
            if self.descending {
                if !matches!(&end, Bound::Excluded(end) if end.as_slice() <= after) {
                    end = Bound::Excluded(after.to_vec());
                }
            } else if after >= self.prefix {
                start = Bound::Excluded(after.to_vec());
            }
        }
        let is_empty = match (&start, &end) {
            (Bound::Included(start) | Bound::Excluded(start), Bound::Excluded(end)) => end <= start,
            _ => false,
        };
        (!is_empty).then_some((start, end))
    }
}

/// The smallest key after all keys with this prefix; `None` when there is none.
fn prefix_end(prefix: &[u8]) -> Option<Vec<u8>> {
    let last = prefix.iter().rposition(|byte| *byte != u8::MAX)?;
    let mut end = prefix[..=last].to_vec();
    end[last] += 1;
    Some(end)
}

/// A key with its value.
pub type Entry = (Vec<u8>, Vec<u8>);

/// An ordered key-value store with atomic batches.
///
/// Reads see every committed batch at once. One ledger is the only writer.
pub trait Store: Send + Sync + std::fmt::Debug {
    /// The value of a key.
    ///
    /// # Errors
    /// When the store fails.
    fn get(&self, table: Table, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Entries of a range in order.
    ///
    /// # Errors
    /// When the store fails.
    fn scan(&self, table: Table, range: Range<'_>) -> Result<Vec<Entry>, StoreError>;

    /// Applies a batch. When this returns, the batch survives the death of the process.
    ///
    /// # Errors
    /// When the store fails; then nothing of the batch was applied.
    fn commit(&self, batch: Batch) -> Result<(), StoreError>;

    /// Makes everything committed so far survive the death of the machine.
    ///
    /// # Errors
    /// When the store fails.
    fn sync(&self) -> Result<(), StoreError>;
}

/// The store failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database in a folder failed.
    #[error("store: {0}")]
    Database(String),
    /// The folder is in use by another process.
    #[error("the state folder {0} is in use by another process")]
    Locked(String),
    /// Another thread panicked while writing.
    #[error("store was left in the middle of a write")]
    Poisoned,
}
