//! Where the records of paying accounts lie: an embedded database, safe against the death of the
//! process with every append, and against loss of power with every [`PayerStore::sync`].

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use atoma_protocol::{
    channel::{PartReceipt, PayerRecord},
    ids::{ChannelId, RequestId},
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use thiserror::Error;

/// Most records of a channel before they are folded into a snapshot at the next start.
pub const MAX_RECORDS: usize = 10_000;

const FORMAT_KEY: &[u8] = b"format";
const FORMAT: &[u8] = b"atoma-payer-1";

/// Why records cannot be kept or read.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The database failed.
    #[error("the payer's store failed")]
    Database(#[from] fjall::Error),
    /// A record does not decode.
    #[error("a stored record of channel {0} is damaged")]
    Damaged(ChannelId),
    /// Another version of this program wrote it.
    #[error(
        "the payer's store was written by another version of atoma: use an empty state folder, or that version"
    )]
    OtherFormat,
}

/// Records of all channels that one process pays from.
#[derive(Clone)]
pub struct PayerStore {
    database: Database,
    records: Keyspace,
    receipts: Keyspace,
    unsynced: Arc<AtomicBool>,
}

impl std::fmt::Debug for PayerStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PayerStore").finish_non_exhaustive()
    }
}

impl PayerStore {
    /// Opens the store in `folder`, or makes it there. One process at a time.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn open(folder: &Path) -> Result<Self, StoreError> {
        let database = Database::builder(folder).open()?;
        let meta = database.keyspace("meta", KeyspaceCreateOptions::default)?;
        match meta.get(FORMAT_KEY)? {
            Some(format) if *format == *FORMAT => {}
            Some(_) => return Err(StoreError::OtherFormat),
            None => meta.insert(FORMAT_KEY, FORMAT)?,
        }
        Ok(Self {
            records: database.keyspace("records", KeyspaceCreateOptions::default)?,
            receipts: database.keyspace("receipts", KeyspaceCreateOptions::default)?,
            database,
            unsynced: Arc::default(),
        })
    }

    /// Appends a record of `channel` as number `index`. It survives the death of this process.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn append(
        &self,
        channel: ChannelId,
        index: u64,
        record: &PayerRecord,
    ) -> Result<(), StoreError> {
        self.records
            .insert(record_key(channel, index), encode(record))?;
        self.flush()
    }

    /// All records of `channel` in order, and the number of the next one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn records(&self, channel: ChannelId) -> Result<(Vec<PayerRecord>, u64), StoreError> {
        let mut records = Vec::new();
        let mut next = 0;
        for entry in self.records.prefix(channel.as_bytes()) {
            let (key, value) = entry.into_inner()?;
            let damaged = || StoreError::Damaged(channel);
            let index = key
                .get(32..)
                .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok());
            next = u64::from_be_bytes(index.ok_or_else(damaged)?).saturating_add(1);
            records.push(bcs::from_bytes(&value).map_err(|_| damaged())?);
        }
        Ok((records, next))
    }

    /// Replaces the records `0..end` of `channel` by `snapshot`, at once; gives the next number.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn replace(
        &self,
        channel: ChannelId,
        end: u64,
        snapshot: &[PayerRecord],
    ) -> Result<u64, StoreError> {
        let mut batch = self.database.batch();
        for entry in self.records.prefix(channel.as_bytes()) {
            batch.remove(&self.records, entry.key()?);
        }
        let mut next = end;
        for record in snapshot {
            batch.insert(&self.records, record_key(channel, next), encode(record));
            next = next.saturating_add(1);
        }
        batch.commit()?;
        self.flush()?;
        Ok(next)
    }

    /// Keeps a part's receipt under the request it belongs to.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn keep_receipt(&self, request: RequestId, part: &PartReceipt) -> Result<(), StoreError> {
        let key = [request.as_bytes() as &[u8], &part.body.part.to_be_bytes()].concat();
        let value = bcs::to_bytes(part).expect("a receipt holds integers, hashes and signatures");
        Ok(self.receipts.insert(key, value)?)
    }

    /// The receipts of a request in order of its parts.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receipts(&self, request: RequestId) -> Result<Vec<PartReceipt>, StoreError> {
        let mut parts = Vec::new();
        for entry in self.receipts.prefix(request.as_bytes()) {
            let part: PartReceipt = bcs::from_bytes(&entry.value()?)
                .map_err(|_| StoreError::Damaged(ChannelId::default()))?;
            parts.push(part);
        }
        Ok(parts)
    }

    /// Forces what was written since the last call onto the disk. Called every few milliseconds, so
    /// that one wait for the disk serves many requests.
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn sync(&self) -> Result<(), StoreError> {
        if self.unsynced.swap(false, Ordering::AcqRel) {
            self.database.persist(PersistMode::SyncData)?;
        }
        Ok(())
    }

    fn flush(&self) -> Result<(), StoreError> {
        self.database.persist(PersistMode::Buffer)?;
        self.unsynced.store(true, Ordering::Release);
        Ok(())
    }
}

fn record_key(channel: ChannelId, index: u64) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(channel.as_bytes());
    key[32..].copy_from_slice(&index.to_be_bytes());
    key
}

fn encode(record: &PayerRecord) -> Vec<u8> {
    bcs::to_bytes(record).expect("records hold integers, hashes and signatures only")
}
