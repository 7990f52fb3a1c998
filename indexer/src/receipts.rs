//! Heads of receipts, handed in by whoever has them.
//!
//! A head counts only with the signature of a key epoch that its node posted, for a channel to that
//! node; so anybody may bring it, and nobody can invent it.

use std::{collections::VecDeque, sync::Arc};

use atoma_protocol::{
    ids::{AccountId, ChannelId, KeyEpoch, NetworkId, Seq},
    keys::PublicKey,
    merkle::{LeafHash, Tree},
    statement::{Receipt, Signed, Verified},
};
use futures::TryStreamExt as _;
use sqlx::Row as _;
use thiserror::Error;
use tokio::sync::Mutex;

use crate::{
    inclusion, query,
    store::{
        Store,
        cell::{Cell as _, get},
    },
    view::{Accepted, Inclusion, MissingReceipts, ReceiptView, Settlement},
};

/// Most receipts in one call.
pub(crate) const MAX_RECEIPTS_A_CALL: usize = 1_000;
/// Most receipts under a root that proofs are built for.
const MAX_LEAVES: u64 = 1 << 20;
/// Most leaves in all trees that are kept, 64 bytes each.
const MAX_CACHED_LEAVES: u64 = MAX_LEAVES;
/// Most ranges of missing receipts in an answer.
const MAX_MISSING: usize = 16;
/// Signatures that are checked before others get a turn.
const CHECKS_A_TURN: usize = 32;

/// Why receipts are not taken, or not found.
#[derive(Debug, Error)]
pub(crate) enum ReceiptError {
    #[error("no receipts")]
    Empty,
    #[error("{0} receipts, at most {MAX_RECEIPTS_A_CALL} in one call")]
    TooMany(usize),
    #[error("receipts of more than one channel or key epoch")]
    Mixed,
    #[error("receipt {found} follows {before}: hand in receipts in order, without gaps")]
    NotDense { before: Seq, found: Seq },
    #[error("channel {0} is not known: it was not opened, or the indexer is not that far yet")]
    UnknownChannel(ChannelId),
    #[error("the channel's node has posted no key epoch {0}, or the indexer is not that far yet")]
    UnknownKeyEpoch(KeyEpoch),
    #[error("the signature of receipt {0} does not hold")]
    BadSignature(Seq),
    #[error("another receipt {0} is known, also signed by this key: that is a proof of fraud")]
    Conflict(Seq),
    #[error("this indexer keeps no more receipts")]
    Full,
    #[error("receipt {0} was not handed in")]
    Unknown(Seq),
    #[error("the settlement covers {0} receipts, proofs are built for at most {MAX_LEAVES}")]
    TooManyLeaves(u64),
    #[error("the database failed")]
    Sql(#[from] sqlx::Error),
}

/// One channel and key epoch, and how many receipts a root has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Root {
    channel: ChannelId,
    key_epoch: KeyEpoch,
    receipts: u64,
}

/// Trees that were proven from, the latest first.
type Trees = VecDeque<(Root, Arc<Tree>)>;

/// What is known of the leaves under a root.
enum Leaves {
    All(Arc<Tree>),
    Some {
        missing: Vec<MissingReceipts>,
        more: bool,
    },
}

/// The receipts.
#[derive(Clone, Debug)]
pub(crate) struct Receipts {
    store: Store,
    network: NetworkId,
    limit: u64,
    // Held while a tree is built, so that only one is at a time.
    trees: Arc<Mutex<Trees>>,
}

impl Receipts {
    pub(crate) fn new(store: Store, network: NetworkId, limit: u64) -> Self {
        Self {
            store,
            network,
            limit,
            trees: Arc::default(),
        }
    }

    /// Checks and keeps receipts of one channel and key epoch, in order.
    pub(crate) async fn accept(
        &self,
        receipts: Vec<Signed<Receipt>>,
    ) -> Result<Accepted, ReceiptError> {
        let first = receipts.first().ok_or(ReceiptError::Empty)?.statement;
        if receipts.len() > MAX_RECEIPTS_A_CALL {
            return Err(ReceiptError::TooMany(receipts.len()));
        }
        for pair in receipts.windows(2) {
            let (before, after) = (&pair[0].statement, &pair[1].statement);
            if (after.account, after.key_epoch) != (before.account, before.key_epoch) {
                return Err(ReceiptError::Mixed);
            }
            if before.seq.0.checked_add(1) != Some(after.seq.0) {
                return Err(ReceiptError::NotDense {
                    before: before.seq,
                    found: after.seq,
                });
            }
        }
        let channel = ChannelId::new(first.account.into_bytes());
        let key = self.key(channel, first.key_epoch).await?;
        let mut verified = Vec::with_capacity(receipts.len());
        for (index, receipt) in receipts.into_iter().enumerate() {
            if index % CHECKS_A_TURN == CHECKS_A_TURN - 1 {
                tokio::task::yield_now().await;
            }
            let seq = receipt.statement.seq;
            let receipt = receipt.verify(self.network, &key);
            verified.push(receipt.map_err(|_| ReceiptError::BadSignature(seq))?);
        }
        self.keep(channel, &verified).await
    }

    async fn keep(
        &self,
        channel: ChannelId,
        receipts: &[Verified<Receipt>],
    ) -> Result<Accepted, ReceiptError> {
        let mut accepted = Accepted { new: 0, known: 0 };
        let mut transaction = self.store.begin().await?;
        for receipt in receipts {
            let head = receipt.statement();
            let leaf = inclusion::leaf(head, self.network);
            let written = sqlx::query(
                "INSERT INTO receipt (channel, key_epoch, seq, fee, body_hash, signature, leaf)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)
                 ON CONFLICT (channel, key_epoch, seq) DO NOTHING",
            )
            .bind(channel.cell())
            .bind(head.key_epoch.cell())
            .bind(head.seq.cell())
            .bind(head.fee.cell())
            .bind(head.body_hash.cell())
            .bind(receipt.signature().cell())
            .bind(leaf.cell())
            .execute(&mut *transaction)
            .await?;
            if written.rows_affected() == 1 {
                accepted.new += 1;
                continue;
            }
            accepted.known += 1;
            let known = sqlx::query(
                "SELECT leaf FROM receipt WHERE channel = $1 AND key_epoch = $2 AND seq = $3",
            )
            .bind(channel.cell())
            .bind(head.key_epoch.cell())
            .bind(head.seq.cell())
            .fetch_one(&mut *transaction)
            .await?;
            if get::<LeafHash>(&known, "leaf")? != leaf {
                return Err(ReceiptError::Conflict(head.seq));
            }
        }
        let total = sqlx::query("UPDATE receipt_total SET count = count + $1 RETURNING count")
            .bind(i64::try_from(accepted.new).unwrap_or(i64::MAX))
            .fetch_one(&mut *transaction)
            .await?;
        let total: i64 = total.try_get("count")?;
        if accepted.new > 0 && u64::try_from(total).unwrap_or(u64::MAX) > self.limit {
            return Err(ReceiptError::Full);
        }
        transaction.commit().await?;
        Ok(accepted)
    }

    /// A receipt, and the proof that it lies under a settled root if there is one.
    pub(crate) async fn find(
        &self,
        channel: ChannelId,
        key_epoch: KeyEpoch,
        seq: Seq,
    ) -> Result<ReceiptView, ReceiptError> {
        let row = sqlx::query(
            "SELECT fee, body_hash, signature FROM receipt
             WHERE channel = $1 AND key_epoch = $2 AND seq = $3",
        )
        .bind(channel.cell())
        .bind(key_epoch.cell())
        .bind(seq.cell())
        .fetch_optional(self.store.readers())
        .await?
        .ok_or(ReceiptError::Unknown(seq))?;
        let statement = Receipt {
            account: AccountId::from(channel),
            key_epoch,
            seq,
            fee: get(&row, "fee")?,
            body_hash: get(&row, "body_hash")?,
        };
        Ok(ReceiptView {
            receipt: Signed {
                statement,
                signature: get(&row, "signature")?,
            },
            signing_key: self.key(channel, key_epoch).await?,
            inclusion: self.inclusion(channel, key_epoch, seq).await?,
        })
    }

    async fn inclusion(
        &self,
        channel: ChannelId,
        key_epoch: KeyEpoch,
        seq: Seq,
    ) -> Result<Inclusion, ReceiptError> {
        let pool = self.store.readers();
        let Some(settlement) = query::covering_settlement(pool, channel, key_epoch, seq).await?
        else {
            return Ok(Inclusion::Unsettled);
        };
        let Settlement { receipts, root, .. } = settlement;
        if receipts > MAX_LEAVES {
            return Err(ReceiptError::TooManyLeaves(receipts));
        }
        let settlement = Box::new(settlement);
        match self
            .leaves(Root {
                channel,
                key_epoch,
                receipts,
            })
            .await?
        {
            Leaves::Some { missing, more } => Ok(Inclusion::Incomplete {
                settlement,
                missing,
                more,
            }),
            Leaves::All(tree) if tree.root() != root => Ok(Inclusion::WrongRoot {
                settlement,
                found: tree.root(),
            }),
            Leaves::All(tree) => match tree.proof(seq.0) {
                Ok(proof) => Ok(Inclusion::Proven { proof, settlement }),
                Err(_) => Err(ReceiptError::Unknown(seq)),
            },
        }
    }

    /// The tree over the first receipts of a lane, or those that are missing.
    async fn leaves(&self, root: Root) -> Result<Leaves, ReceiptError> {
        let mut trees = self.trees.lock().await;
        if let Some((_, tree)) = trees.iter().find(|(known, _)| *known == root) {
            return Ok(Leaves::All(tree.clone()));
        }
        let mut rows = sqlx::query(
            "SELECT seq, leaf FROM receipt
             WHERE channel = $1 AND key_epoch = $2 AND seq < $3 ORDER BY seq",
        )
        .bind(root.channel.cell())
        .bind(root.key_epoch.cell())
        .bind(root.receipts.cell())
        .fetch(self.store.readers());
        let (mut tree, mut missing, mut next) = (Tree::new(), Vec::new(), 0_u64);
        while missing.len() < MAX_MISSING {
            let row = rows.try_next().await?;
            let found = row.as_ref().map(|row| get::<Seq>(row, "seq")).transpose()?;
            let end = found.map_or(root.receipts, |seq| seq.0);
            if next < end {
                missing.push(MissingReceipts {
                    from: Seq(next),
                    to: Seq(end - 1),
                });
            }
            let Some(row) = row else { break };
            if missing.is_empty() {
                tree.append(get(&row, "leaf")?);
            }
            next = end.saturating_add(1);
        }
        if !missing.is_empty() {
            let more = missing.len() == MAX_MISSING
                && missing
                    .last()
                    .is_some_and(|last| last.to.0 + 1 < root.receipts);
            return Ok(Leaves::Some { missing, more });
        }
        let tree = Arc::new(tree);
        trees.push_front((root, tree.clone()));
        let mut cached = 0_u64;
        trees.retain(|(root, _)| {
            cached = cached.saturating_add(root.receipts);
            cached <= MAX_CACHED_LEAVES
        });
        Ok(Leaves::All(tree))
    }

    /// The key that signs for `channel` in `key_epoch`, as its node posted it.
    async fn key(
        &self,
        channel: ChannelId,
        key_epoch: KeyEpoch,
    ) -> Result<PublicKey, ReceiptError> {
        let pool = self.store.readers();
        let found = query::channel(pool, channel).await?;
        let node = found.ok_or(ReceiptError::UnknownChannel(channel))?.node;
        let posted = query::key_epoch(pool, node, key_epoch).await?;
        Ok(posted
            .ok_or(ReceiptError::UnknownKeyEpoch(key_epoch))?
            .signing_key)
    }
}
