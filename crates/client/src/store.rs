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
    ids::{ChannelId, KeyEpoch, RequestId, Seq},
    merkle::{LeafHash, Proof, Tree},
    statement::{Signed, Voucher},
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use thiserror::Error;

/// Most records of a channel before they are folded into a snapshot at the next start.
pub const MAX_RECORDS: usize = 10_000;
/// Most receipts of a tree that inclusion is proved in: hashing them takes about a second.
pub const MAX_PROOF_RECEIPTS: u64 = 1 << 20;

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
    leaves: Keyspace,
    vouchers: Keyspace,
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
            leaves: database.keyspace("leaves", KeyspaceCreateOptions::default)?,
            vouchers: database.keyspace("vouchers", KeyspaceCreateOptions::default)?,
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

    /// Keeps the leaf of a receipt, so that its inclusion under a settled root can be proved. Written
    /// down with the next [`Self::append`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn keep_leaf(
        &self,
        channel: ChannelId,
        epoch: KeyEpoch,
        seq: Seq,
        leaf: LeafHash,
    ) -> Result<(), StoreError> {
        let key = [&lane_key(channel, epoch) as &[u8], &seq.0.to_be_bytes()].concat();
        Ok(self.leaves.insert(key, leaf.as_bytes())?)
    }

    /// Proves where the receipts `seqs` stand in the tree of the first `receipts` of a key epoch, in
    /// their order; `None` if not all of its receipts came here, or if it is beyond
    /// [`MAX_PROOF_RECEIPTS`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn proofs(
        &self,
        channel: ChannelId,
        epoch: KeyEpoch,
        receipts: u64,
        seqs: &[Seq],
    ) -> Result<Option<Vec<Proof>>, StoreError> {
        if receipts > MAX_PROOF_RECEIPTS {
            return Ok(None);
        }
        let prefix = lane_key(channel, epoch);
        let mut tree = Tree::new();
        for entry in self.leaves.prefix(prefix) {
            if tree.count() == receipts {
                break;
            }
            let (key, value) = entry.into_inner()?;
            if key.get(prefix.len()..) != Some(&tree.count().to_be_bytes()) {
                return Ok(None);
            }
            let leaf = <[u8; 32]>::try_from(&*value).map_err(|_| StoreError::Damaged(channel))?;
            tree.append(LeafHash::new(leaf));
        }
        if tree.count() < receipts {
            return Ok(None);
        }
        Ok(seqs.iter().map(|seq| tree.proof(seq.0).ok()).collect())
    }

    /// Keeps the newest voucher of its channel. Written down with the next [`Self::append`].
    ///
    /// # Errors
    /// [`StoreError::Database`].
    pub fn keep_voucher(&self, voucher: &Signed<Voucher>) -> Result<(), StoreError> {
        let value = bcs::to_bytes(voucher).expect("a voucher holds an id, a sum and a signature");
        let key = voucher.statement.channel;
        Ok(self.vouchers.insert(key.as_bytes(), value)?)
    }

    /// The newest voucher of `channel`, if any was signed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn voucher(&self, channel: ChannelId) -> Result<Option<Signed<Voucher>>, StoreError> {
        let found = self.vouchers.get(channel.as_bytes())?;
        found
            .map(|bytes| bcs::from_bytes(&bytes).map_err(|_| StoreError::Damaged(channel)))
            .transpose()
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

fn lane_key(channel: ChannelId, epoch: KeyEpoch) -> [u8; 40] {
    record_key(channel, epoch.0)
}

fn encode(record: &PayerRecord) -> Vec<u8> {
    bcs::to_bytes(record).expect("records hold integers, hashes and signatures only")
}
