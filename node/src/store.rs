//! What a node may never lose: vouchers, receipts and statements.
//!
//! One embedded database in `node/db` of the state folder, opened by one process at a time:
//!
//! | keyspace | key | value |
//! |---|---|---|
//! | `meta` | `version` | [`STATE_VERSION`] |
//! | `meta` | `node` | BCS of [`Identity`] |
//! | `meta` | `model/` manifest hash | id of the model registered on-chain |
//! | `vouchers` | channel | BCS of the largest `Signed<Voucher>` accepted |
//! | `statements` | channel, key epoch (big-endian) | BCS of the last `Signed<Statement>` of that epoch |
//! | `receipts` | channel, key epoch, seq (big-endian) | BCS of `Signed<Receipt>` |
//! | `forgiven` | channel | BCS of the total given up and how often |
//! | `closed` | channel | nothing |
//!
//! A write has reached the operating system when the call returns, so a killed process loses nothing;
//! [`Store::sync`], called every [`SYNC_INTERVAL`], makes it outlast a power cut.

use std::{
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use atoma_protocol::{
    channel::PayeeRecord,
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId},
    money::Amount,
    statement::{Receipt, Signed, Statement, Voucher},
};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode, UserKey};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use thiserror::Error;

/// What the state folder's contents look like; changes with every change of layout.
pub const STATE_VERSION: &str = "atoma-node/1";
/// How long a record may wait for the disk.
pub const SYNC_INTERVAL: Duration = Duration::from_millis(50);
/// Memory for cached blocks: records are written often and read at start.
const CACHE_BYTES: u64 = 4 << 20;

/// Memory that each kind of record takes before it goes to a table on disk.
const MEMTABLE_BYTES: u64 = 2 << 20;

/// Why state cannot be read or written.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// Another process has it open.
    #[error(
        "{0} is in use by another node: stop that one, or give this one a state folder of its own"
    )]
    InUse(String),
    /// Written by another version of the software.
    #[error(
        "{folder} holds state of version {found:?}, this software needs {STATE_VERSION:?}: use another state folder or the matching software"
    )]
    OtherVersion {
        /// The folder.
        folder: String,
        /// What its stamp says.
        found: String,
    },
    /// The folder cannot be made.
    #[error("cannot make the state folder {folder}")]
    Folder {
        /// The folder.
        folder: String,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The database failed; a failed write means that nothing may be released any more.
    #[error("the state database failed")]
    Database(#[from] fjall::Error),
    /// A record does not decode: the disk or another program changed it.
    #[error("the record {0} in the state folder is damaged")]
    Damaged(String),
}

/// Who this node is on-chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The network that it is registered on.
    pub network: NetworkId,
    /// The node.
    pub node: NodeId,
    /// The capability that operates it.
    pub cap: ObjectId,
}

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    database: Database,
    meta: Keyspace,
    vouchers: Keyspace,
    statements: Keyspace,
    receipts: Keyspace,
    forgiven: Keyspace,
    closed: Keyspace,
    unsynced: AtomicBool,
}

impl Store {
    /// Opens or makes the database in `node_dir`.
    ///
    /// # Errors
    /// [`StoreError`], worded for the operator.
    pub fn open(node_dir: &Path) -> Result<Self, StoreError> {
        let folder = node_dir.join("db");
        let shown = || folder.display().to_string();
        std::fs::create_dir_all(&folder).map_err(|cause| StoreError::Folder {
            folder: shown(),
            cause,
        })?;
        let database = Database::builder(&folder)
            .cache_size(CACHE_BYTES)
            .worker_threads(1)
            .open()
            .map_err(|error| match error {
                fjall::Error::Locked => StoreError::InUse(shown()),
                fjall::Error::InvalidVersion(_) => StoreError::OtherVersion {
                    folder: shown(),
                    found: "of another database".to_owned(),
                },
                other => other.into(),
            })?;
        let options = || KeyspaceCreateOptions::default().max_memtable_size(MEMTABLE_BYTES);
        let keyspace = |name: &str| database.keyspace(name, options);
        let inner = Inner {
            meta: keyspace("meta")?,
            vouchers: keyspace("vouchers")?,
            statements: keyspace("statements")?,
            receipts: keyspace("receipts")?,
            forgiven: keyspace("forgiven")?,
            closed: keyspace("closed")?,
            unsynced: AtomicBool::new(false),
            database,
        };
        match inner.meta.get("version")? {
            Some(stamp) if *stamp == *STATE_VERSION.as_bytes() => {}
            Some(stamp) => {
                return Err(StoreError::OtherVersion {
                    folder: shown(),
                    found: String::from_utf8_lossy(&stamp).chars().take(64).collect(),
                });
            }
            None => inner.meta.insert("version", STATE_VERSION)?,
        }
        Ok(Self(Arc::new(inner)))
    }

    /// Who this node is, if it was registered before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn identity(&self) -> Result<Option<Identity>, StoreError> {
        read(&self.0.meta, "node")
    }

    /// Remembers who this node is.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_identity(&self, identity: &Identity) -> Result<(), StoreError> {
        write(&self.0.meta, "node", identity)
    }

    /// The model registered earlier for these weights.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn model(&self, manifest: ManifestHash) -> Result<Option<ModelId>, StoreError> {
        read(&self.0.meta, model_key(manifest))
    }

    /// Remembers a model's id.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_model(&self, manifest: ManifestHash, model: ModelId) -> Result<(), StoreError> {
        write(&self.0.meta, model_key(manifest), &model)
    }

    /// Keeps a change of a channel's account, before anything that follows from it leaves.
    ///
    /// # Errors
    /// [`StoreError`]: then it did not happen.
    pub fn put_record(&self, channel: ChannelId, record: &PayeeRecord) -> Result<(), StoreError> {
        self.0.unsynced.store(true, Ordering::Release);
        match record {
            PayeeRecord::Voucher(voucher) => write(&self.0.vouchers, channel.into_bytes(), voucher),
            PayeeRecord::Part(part) => self.put_receipt(&part.receipt, &part.statement),
            PayeeRecord::Forgiven { total, strikes } => {
                write(&self.0.forgiven, channel.into_bytes(), &(*total, *strikes))
            }
            // Only snapshots hold lanes; a lane is known here by its last statement.
            PayeeRecord::Lane { .. } => Ok(()),
        }
    }

    /// What a channel's account goes on from.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn payee_records(&self, channel: ChannelId) -> Result<Vec<PayeeRecord>, StoreError> {
        let mut records: Vec<_> = self
            .statements(channel)?
            .into_iter()
            .map(|signed| PayeeRecord::Lane {
                epoch: signed.statement.key_epoch,
                earned: signed.statement.earned,
            })
            .collect();
        records.extend(self.voucher(channel)?.map(PayeeRecord::Voucher));
        let forgiven: Option<(Amount, u32)> = read(&self.0.forgiven, channel.as_bytes())?;
        records.extend(forgiven.map(|(total, strikes)| PayeeRecord::Forgiven { total, strikes }));
        Ok(records)
    }

    /// The largest voucher accepted for a channel.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn voucher(&self, channel: ChannelId) -> Result<Option<Signed<Voucher>>, StoreError> {
        read(&self.0.vouchers, channel.as_bytes())
    }

    /// Keeps a receipt and the statement that covers it, both or none.
    fn put_receipt(
        &self,
        receipt: &Signed<Receipt>,
        statement: &Signed<Statement>,
    ) -> Result<(), StoreError> {
        let lane = lane_key(statement.statement.channel, statement.statement.key_epoch);
        let mut seq_key = lane.to_vec();
        seq_key.extend_from_slice(&receipt.statement.seq.0.to_be_bytes());
        let mut batch = self
            .0
            .database
            .batch()
            .durability(Some(PersistMode::Buffer));
        batch.insert(&self.0.receipts, seq_key, encode(receipt));
        batch.insert(&self.0.statements, lane.to_vec(), encode(statement));
        Ok(batch.commit()?)
    }

    /// The last statement of every key epoch on a channel, oldest epoch first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn statements(&self, channel: ChannelId) -> Result<Vec<Signed<Statement>>, StoreError> {
        let entries = self.0.statements.prefix(channel.as_bytes());
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                decode(&key, &value)
            })
            .collect()
    }

    /// The receipts of one key epoch on a channel, in order: the leaves under its statement's root.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn receipts(
        &self,
        channel: ChannelId,
        key_epoch: KeyEpoch,
    ) -> Result<Vec<Signed<Receipt>>, StoreError> {
        let entries = self.0.receipts.prefix(lane_key(channel, key_epoch));
        entries
            .map(|entry| {
                let (key, value) = entry.into_inner()?;
                decode(&key, &value)
            })
            .collect()
    }

    /// Every channel that something was earned on or authorized for, and that is not closed.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn channels(&self) -> Result<Vec<ChannelId>, StoreError> {
        let mut channels = std::collections::BTreeSet::new();
        for entry in self.0.vouchers.iter().chain(self.0.statements.iter()) {
            let key = entry.key()?;
            let id = key
                .first_chunk::<32>()
                .ok_or_else(|| StoreError::Damaged(hex::encode(&key)))?;
            if !self.0.closed.contains_key(id)? {
                channels.insert(ChannelId::new(*id));
            }
        }
        Ok(channels.into_iter().collect())
    }

    /// Notes that a channel is closed on-chain: nothing more can be paid on it. What is stored of it stays.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn set_closed(&self, channel: ChannelId) -> Result<(), StoreError> {
        write(&self.0.closed, channel.into_bytes(), &())
    }

    /// Forgets the statement of a key epoch that the chain knows whole. Its receipts stay.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn forget_statement(
        &self,
        channel: ChannelId,
        key_epoch: KeyEpoch,
    ) -> Result<(), StoreError> {
        Ok(self
            .0
            .statements
            .remove(lane_key(channel, key_epoch).to_vec())?)
    }

    /// Whether something was written since the last call.
    #[must_use]
    pub fn take_unsynced(&self) -> bool {
        self.0.unsynced.swap(false, Ordering::AcqRel)
    }

    /// Makes everything written so far outlast a power cut. Blocks on the disk.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn sync(&self) -> Result<(), StoreError> {
        Ok(self.0.database.persist(PersistMode::SyncData)?)
    }
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Store")
    }
}

fn lane_key(channel: ChannelId, key_epoch: KeyEpoch) -> [u8; 40] {
    let mut key = [0; 40];
    key[..32].copy_from_slice(channel.as_bytes());
    key[32..].copy_from_slice(&key_epoch.0.to_be_bytes());
    key
}

fn model_key(manifest: ManifestHash) -> Vec<u8> {
    [b"model/", manifest.as_bytes().as_slice()].concat()
}

fn encode<T: Serialize>(record: &T) -> Vec<u8> {
    bcs::to_bytes(record).expect("records hold integers, hashes and signatures only")
}

fn decode<T: DeserializeOwned>(key: &[u8], value: &[u8]) -> Result<T, StoreError> {
    bcs::from_bytes(value).map_err(|_| StoreError::Damaged(hex::encode(key)))
}

fn read<T: DeserializeOwned>(
    keyspace: &Keyspace,
    key: impl AsRef<[u8]>,
) -> Result<Option<T>, StoreError> {
    let value = keyspace.get(key.as_ref())?;
    value.map(|value| decode(key.as_ref(), &value)).transpose()
}

fn write<T: Serialize>(
    keyspace: &Keyspace,
    key: impl Into<UserKey>,
    record: &T,
) -> Result<(), StoreError> {
    Ok(keyspace.insert(key, encode(record))?)
}
