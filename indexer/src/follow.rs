//! From the chain's checkpoints to rows, exactly once.

use std::{sync::Mutex, time::Duration};

use atoma_chain::{
    ChainError, Client, Lineage, Position, RpcError, event,
    rpc::{Checkpoint, CheckpointStream},
};
use atoma_env::Env;
use atoma_protocol::{
    hash::CheckpointDigest,
    ids::{CheckpointSeq, NetworkId},
    time::TimestampMs,
};
use futures::{FutureExt as _, StreamExt as _};
use thiserror::Error;
use tokio::sync::watch;

use crate::{
    rows::{self, Entry, Origin, Read},
    store::{self, Progress, Store, StoreError},
};

/// Checkpoints written in one transaction while catching up.
const MAX_CHECKPOINTS_A_WRITE: usize = 128;
/// Events after which a transaction takes no further checkpoint.
const MAX_EVENTS_A_WRITE: usize = 2_000;
/// First pause after a failure.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
/// Longest pause after failures.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Why following stops for a while.
#[derive(Debug, Error)]
#[non_exhaustive]
pub(crate) enum FollowError {
    /// The fullnode.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The stream of checkpoints ended.
    #[error("the chain's RPC ended the stream of checkpoints")]
    Ended,
    /// Another checkpoint than the next one.
    #[error("checkpoint {expected} is next, the chain's RPC gave {found}")]
    OutOfOrder {
        /// The next one.
        expected: CheckpointSeq,
        /// What came.
        found: CheckpointSeq,
    },
    /// A history that does not continue the one in the database.
    #[error(
        "checkpoint {seq} does not follow the one in the database: the chain was made anew, or the RPC invents; remove the database to read the chain again"
    )]
    OtherHistory {
        /// The checkpoint.
        seq: CheckpointSeq,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What is read of a checkpoint.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) seq: CheckpointSeq,
    pub(crate) digest: CheckpointDigest,
    pub(crate) previous: Option<CheckpointDigest>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) timestamp: TimestampMs,
}

impl Page {
    /// Our events of `checkpoint`, by the ids of `lineage`'s packages: names prove nothing.
    pub(crate) fn read(lineage: &Lineage, network: NetworkId, checkpoint: &Checkpoint) -> Self {
        let (seq, timestamp) = (checkpoint.seq(), checkpoint.timestamp());
        let mut entries = Vec::new();
        for (transaction, executed) in (0_u32..).zip(checkpoint.transactions()) {
            let executed = &executed.executed;
            for (index, event) in (0_u32..).zip(executed.events()) {
                let position = Position {
                    checkpoint: seq,
                    transaction,
                    event: index,
                };
                let read = match event::decode(lineage, event, position) {
                    Ok(None) => continue,
                    Ok(Some(event)) => Read::Known(Box::new(event)),
                    // Anybody can make the contracts emit a value that has no meaning here, such as
                    // bytes that are no key; that must not stop the rest.
                    Err(error) => unknown(&error, &event.contents),
                };
                let digest = executed.digest();
                let origin = Origin {
                    network,
                    position,
                    digest,
                    timestamp,
                };
                entries.push(Entry {
                    origin,
                    event: read,
                });
            }
        }
        let (digest, previous) = (checkpoint.digest(), checkpoint.previous());
        Self {
            seq,
            digest,
            previous,
            entries,
            timestamp,
        }
    }
}

fn unknown(error: &ChainError, bytes: &[u8]) -> Read {
    tracing::warn!(%error, "an event that this software cannot read");
    let (name, reason) = match error {
        ChainError::UndecodableEvent { event, reason, .. } => (event.clone(), reason.clone()),
        other => (String::new(), other.to_string()),
    };
    Read::Unknown {
        name,
        bytes: bytes.to_vec(),
        reason,
    }
}

/// Writes `pages`, which follow each other and `before`, and moves on: all of it or nothing.
pub(crate) async fn write(
    store: &Store,
    before: &Progress,
    pages: &[Page],
) -> Result<Progress, FollowError> {
    let mut after = *before;
    for page in pages {
        if page.seq != after.next {
            return Err(FollowError::OutOfOrder {
                expected: after.next,
                found: page.seq,
            });
        }
        if after.digest.is_some() && page.previous != after.digest {
            return Err(FollowError::OtherHistory { seq: page.seq });
        }
        let undecoded = |entry: &&Entry| matches!(entry.event, Read::Unknown { .. });
        after = Progress {
            next: page.seq.next(),
            digest: Some(page.digest),
            timestamp: page.timestamp,
            events: after.events.saturating_add(count(page.entries.len())),
            undecoded: after
                .undecoded
                .saturating_add(count(page.entries.iter().filter(undecoded).count())),
        };
    }
    let mut transaction = store.begin().await.map_err(StoreError::Sql)?;
    for page in pages {
        rows::write_events(&mut transaction, &page.entries)
            .await
            .map_err(StoreError::Sql)?;
        for entry in &page.entries {
            if let Read::Known(event) = &entry.event {
                rows::apply(&mut transaction, &entry.origin, event)
                    .await
                    .map_err(StoreError::Sql)?;
            }
        }
    }
    store::advance(&mut transaction, before, &after).await?;
    transaction.commit().await.map_err(StoreError::Sql)?;
    Ok(after)
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// What others see of the follower.
#[derive(Debug)]
pub(crate) struct Watched {
    progress: watch::Sender<Progress>,
    trouble: Mutex<Option<String>>,
}

impl Watched {
    pub(crate) fn new(progress: Progress) -> Self {
        Self {
            progress: watch::Sender::new(progress),
            trouble: Mutex::new(None),
        }
    }

    /// Wakes whenever more was written.
    pub(crate) fn subscribe(&self) -> watch::Receiver<Progress> {
        self.progress.subscribe()
    }

    /// How far it is.
    pub(crate) fn progress(&self) -> Progress {
        *self.progress.borrow()
    }

    /// What it last failed with, while it fails.
    pub(crate) fn trouble(&self) -> Option<String> {
        self.trouble
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .clone()
    }

    fn set_trouble(&self, trouble: Option<String>) {
        *self
            .trouble
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner) = trouble;
    }
}

/// Reads the chain until the indexer stops.
#[derive(Debug)]
pub(crate) struct Follower {
    pub(crate) chain: Client,
    pub(crate) store: Store,
    pub(crate) watched: std::sync::Arc<Watched>,
    pub(crate) env: Env,
}

impl Follower {
    /// Follows until the environment stops; failures are waited out.
    pub(crate) async fn run(self) {
        let mut pause = FIRST_PAUSE;
        loop {
            let before = self.watched.progress();
            let error = tokio::select! {
                error = self.follow() => error,
                () = self.env.shutdown() => return,
            };
            tracing::warn!(%error, cause = cause(&error), "the chain cannot be followed");
            self.watched.set_trouble(Some(error.to_string()));
            pause = if self.watched.progress() == before {
                (pause * 2).min(LONGEST_PAUSE)
            } else {
                FIRST_PAUSE
            };
            tokio::select! {
                () = self.env.sleep(pause) => {}
                () = self.env.shutdown() => return,
            }
        }
    }

    /// Follows from where the database stands, until something fails.
    async fn follow(&self) -> FollowError {
        let mut progress = match self.store.progress().await {
            Ok(progress) => progress,
            Err(error) => return FollowError::Store(StoreError::Sql(error)),
        };
        let mut checkpoints = self.chain.rpc().checkpoints(progress.next);
        loop {
            progress = match self.step(&mut checkpoints, &progress).await {
                Ok(progress) => progress,
                Err(error) => return error,
            };
            self.watched.progress.send_replace(progress);
            self.watched.set_trouble(None);
        }
    }

    /// Writes the next checkpoint, and those behind it that are there already.
    async fn step(
        &self,
        checkpoints: &mut CheckpointStream,
        before: &Progress,
    ) -> Result<Progress, FollowError> {
        let first = checkpoints.next().await.ok_or(FollowError::Ended)??;
        let mut pages = vec![self.page(&first)];
        let mut events = pages[0].entries.len();
        let mut failed = None;
        while pages.len() < MAX_CHECKPOINTS_A_WRITE && events < MAX_EVENTS_A_WRITE {
            match checkpoints.next().now_or_never() {
                Some(Some(Ok(checkpoint))) => {
                    let page = self.page(&checkpoint);
                    events += page.entries.len();
                    pages.push(page);
                }
                Some(Some(Err(error))) => {
                    failed = Some(FollowError::Rpc(error));
                    break;
                }
                Some(None) => {
                    failed = Some(FollowError::Ended);
                    break;
                }
                None => break,
            }
        }
        let after = write(&self.store, before, &pages).await?;
        match failed {
            None => Ok(after),
            Some(error) => {
                self.watched.progress.send_replace(after);
                Err(error)
            }
        }
    }

    fn page(&self, checkpoint: &Checkpoint) -> Page {
        let deployment = self.chain.deployment();
        Page::read(&deployment.package, deployment.network, checkpoint)
    }
}

fn cause(error: &FollowError) -> Option<String> {
    std::error::Error::source(error).map(ToString::to_string)
}
