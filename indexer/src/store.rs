//! The database: one file, one writer.
//!
//! Rows and the place in the chain up to which they are written change in one transaction, so that a
//! process killed at any step leaves either both or neither.

pub(crate) mod cell;

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use atoma_chain::ChainId;
use atoma_protocol::{
    hash::CheckpointDigest,
    ids::{CheckpointSeq, NetworkId},
    time::TimestampMs,
};
use sqlx::{
    Row, SqlSafeStr as _, SqliteConnection, SqlitePool,
    migrate::{MigrateError, Migration, MigrationType, Migrator},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};
use thiserror::Error;

use cell::{Cell, find, get};

/// What the rows mean; another number is another meaning.
const FORMAT: i64 = 1;
/// Connections that answer queries.
const READERS: u32 = 4;
/// How long a query waits for one of them, or for the file.
const WAIT_LIMIT: Duration = Duration::from_secs(5);
/// Name of the file in the indexer's folder.
const FILE: &str = "indexer.sqlite";

/// What brings a database to the shape that is used here, in order; append only.
fn migrations() -> Migrator {
    let initial = include_str!("../migrations/0001_initial.sql").into_sql_str();
    let kind = MigrationType::Simple;
    Migrator::with_migrations(vec![Migration::new(
        1,
        "initial".into(),
        kind,
        initial,
        false,
    )])
}

/// Why the database cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The folder cannot be made.
    #[error("the folder {path} cannot be used")]
    Folder {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// Written for another market.
    #[error(
        "the database at {path} is of {found}, this indexer is for {expected}: give another state folder"
    )]
    OtherMarket {
        /// The file.
        path: PathBuf,
        /// What it is of.
        found: String,
        /// What it should be of.
        expected: String,
    },
    /// Written by another version of the software.
    #[error(
        "the database at {path} was written by another version of this software ({reason}): remove it to read the chain again"
    )]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// What differs.
        reason: String,
    },
    /// Somebody else wrote in between.
    #[error("another indexer writes to the same database")]
    Raced,
    /// SQL.
    #[error("the database failed")]
    Sql(#[from] sqlx::Error),
}

/// How far the chain is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// The next checkpoint to be read.
    pub(crate) next: CheckpointSeq,
    /// Digest of the one before it; none at the start.
    pub(crate) digest: Option<CheckpointDigest>,
    /// Its time.
    pub(crate) timestamp: TimestampMs,
    /// How many events were written.
    pub(crate) events: u64,
    /// How many of them this software cannot read.
    pub(crate) undecoded: u64,
}

/// The database.
#[derive(Clone, Debug)]
pub(crate) struct Store {
    writer: SqlitePool,
    readers: SqlitePool,
}

/// Whose database it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Market {
    pub(crate) chain: ChainId,
    pub(crate) network: NetworkId,
}

impl std::fmt::Display for Market {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "network {} on chain {}", self.network, self.chain)
    }
}

impl Store {
    /// Opens the database in `folder`, or makes one that begins at `first`.
    pub(crate) async fn open(
        folder: &Path,
        market: Market,
        first: CheckpointSeq,
    ) -> Result<Self, StoreError> {
        let failed = |source| StoreError::Folder {
            path: folder.to_owned(),
            source,
        };
        std::fs::create_dir_all(folder).map_err(failed)?;
        let path = folder.join(FILE);
        let options = SqliteConnectOptions::new()
            .filename(&path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Normal)
            .busy_timeout(WAIT_LIMIT);
        let pool = |connections| {
            SqlitePoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(WAIT_LIMIT)
        };
        let writer = pool(1).connect_with(options.clone()).await?;
        migrations()
            .run(&writer)
            .await
            .map_err(|error| match error {
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                    StoreError::Sql(error)
                }
                other => StoreError::OtherVersion {
                    path: path.clone(),
                    reason: other.to_string(),
                },
            })?;
        let readers = pool(READERS).connect_lazy_with(options.read_only(true));
        let store = Self { writer, readers };
        store.stamp(&path, market, first).await?;
        Ok(store)
    }

    /// Writes whose database this is, or checks it.
    async fn stamp(
        &self,
        path: &Path,
        market: Market,
        first: CheckpointSeq,
    ) -> Result<(), StoreError> {
        let mut transaction = self.writer.begin_with("BEGIN IMMEDIATE").await?;
        let found = sqlx::query("SELECT format, chain, network FROM stamp")
            .fetch_optional(&mut *transaction)
            .await?;
        if let Some(row) = found {
            let format: i64 = row.try_get("format")?;
            if format != FORMAT {
                let reason = format!("format {format}, this one writes {FORMAT}");
                return Err(StoreError::OtherVersion {
                    path: path.to_owned(),
                    reason,
                });
            }
            let found = Market {
                chain: get(&row, "chain")?,
                network: get(&row, "network")?,
            };
            if found != market {
                return Err(StoreError::OtherMarket {
                    path: path.to_owned(),
                    found: found.to_string(),
                    expected: market.to_string(),
                });
            }
            return Ok(());
        }
        sqlx::query("INSERT INTO stamp (only, format, chain, network) VALUES (1, $1, $2, $3)")
            .bind(FORMAT)
            .bind(market.chain.cell())
            .bind(market.network.cell())
            .execute(&mut *transaction)
            .await?;
        sqlx::query(
            "INSERT INTO progress (only, next, timestamp_ms, events, undecoded)
             VALUES (1, $1, $2, $2, $2)",
        )
        .bind(first.cell())
        .bind(0_u64.cell())
        .execute(&mut *transaction)
        .await?;
        Ok(transaction.commit().await?)
    }

    /// Begins to write; nothing is written unless it is committed.
    pub(crate) async fn begin(
        &self,
    ) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, sqlx::Error> {
        self.writer.begin_with("BEGIN IMMEDIATE").await
    }

    /// Where to read.
    pub(crate) const fn readers(&self) -> &SqlitePool {
        &self.readers
    }

    /// How far it is.
    pub(crate) async fn progress(&self) -> Result<Progress, sqlx::Error> {
        progress(&mut *self.readers.acquire().await?).await
    }

    /// Ends all connections.
    pub(crate) async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }
}

/// How far it is, within a transaction.
pub(crate) async fn progress(connection: &mut SqliteConnection) -> Result<Progress, sqlx::Error> {
    let row = sqlx::query("SELECT next, digest, timestamp_ms, events, undecoded FROM progress")
        .fetch_one(connection)
        .await?;
    Ok(Progress {
        next: get(&row, "next")?,
        digest: find(&row, "digest")?,
        timestamp: get(&row, "timestamp_ms")?,
        events: get(&row, "events")?,
        undecoded: get(&row, "undecoded")?,
    })
}

/// Moves on from `before`, unless somebody else did.
pub(crate) async fn advance(
    connection: &mut SqliteConnection,
    before: &Progress,
    after: &Progress,
) -> Result<(), StoreError> {
    let moved = sqlx::query(
        "UPDATE progress SET next = $1, digest = $2, timestamp_ms = $3, events = $4, undecoded = $5
         WHERE next = $6",
    )
    .bind(after.next.cell())
    .bind(after.digest.map(|digest| digest.cell()))
    .bind(after.timestamp.cell())
    .bind(after.events.cell())
    .bind(after.undecoded.cell())
    .bind(before.next.cell())
    .execute(connection)
    .await?;
    if moved.rows_affected() == 1 {
        Ok(())
    } else {
        Err(StoreError::Raced)
    }
}
