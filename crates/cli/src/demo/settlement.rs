//! The settlements that pay an answer, found in checkpoints.

use std::time::Duration;

use anyhow::{Context as _, bail};
use atoma_chain::{AtomaEvent, Client, TxDigest, event, event::ChannelSettled, rpc::Checkpoint};
use atoma_protocol::ids::{ChannelId, CheckpointSeq, KeyEpoch, Seq};
use futures::StreamExt as _;
use serde::Serialize;

/// A settlement of the channel in a checkpoint that its committee signed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Settlement {
    /// The transaction.
    pub(crate) transaction: TxDigest,
    /// Its checkpoint.
    pub(crate) checkpoint: CheckpointSeq,
    /// Whether a quorum of the committee signed the checkpoint.
    pub(crate) verified: bool,
    /// What it paid, to whom.
    pub(crate) event: ChannelSettled,
}

/// What is waited for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Awaited {
    pub(crate) channel: ChannelId,
    pub(crate) key_epoch: KeyEpoch,
    /// The last receipt.
    pub(crate) last: Seq,
    /// Where to begin to look.
    pub(crate) from: CheckpointSeq,
    pub(crate) limit: Duration,
}

impl Awaited {
    /// Whether a settlement's statement covers the receipts.
    pub(crate) fn is_covered_by(&self, event: &ChannelSettled) -> bool {
        event.channel == self.channel
            && event.key_epoch == self.key_epoch
            && event.taken
            && event.receipts > self.last.0
    }
}

/// Waits until a settled statement covers the receipts and the channel has paid all that is due; gives
/// the channel's settlements up to then, the one that covers them among them.
///
/// # Errors
/// For people: nothing was settled in time, or the chain cannot be read.
pub(crate) async fn wait(client: &Client, awaited: &Awaited) -> anyhow::Result<Vec<Settlement>> {
    let mut found = Vec::new();
    let limit = awaited.limit;
    match tokio::time::timeout(limit, collect(client, awaited, &mut found)).await {
        Ok(result) => result?,
        // What was settled is shown, with what is missing.
        Err(_) if covering(awaited, &found).is_some() => {}
        Err(_) => bail!(
            "the answer was not settled within {} s: is its node alive?",
            limit.as_secs()
        ),
    }
    Ok(found)
}

/// The first settlement whose statement covers the receipts.
pub(crate) fn covering<'a>(awaited: &Awaited, found: &'a [Settlement]) -> Option<&'a Settlement> {
    found
        .iter()
        .find(|settlement| awaited.is_covered_by(&settlement.event))
}

async fn collect(
    client: &Client,
    awaited: &Awaited,
    found: &mut Vec<Settlement>,
) -> anyhow::Result<()> {
    let mut checkpoints = client.rpc().checkpoints(awaited.from);
    while let Some(checkpoint) = checkpoints.next().await {
        let checkpoint = checkpoint?;
        let before = found.len();
        for event in event::of_checkpoint(&client.deployment().package, &checkpoint)? {
            if let AtomaEvent::ChannelSettled(settled) = event.event
                && settled.channel == awaited.channel
            {
                found.push(Settlement {
                    transaction: event.digest,
                    checkpoint: checkpoint.seq(),
                    verified: is_signed(client, &checkpoint).await?,
                    event: settled,
                });
            }
        }
        if found.len() > before && covering(awaited, found).is_some() {
            let channel = client.channel(awaited.channel).await?;
            if channel.paid >= channel.due().min(channel.funded) {
                return Ok(());
            }
        }
    }
    bail!("the chain's checkpoints ended")
}

/// Whether the committee of its epoch signed the checkpoint.
///
/// # Errors
/// The fullnode's.
pub(crate) async fn is_signed(client: &Client, checkpoint: &Checkpoint) -> anyhow::Result<bool> {
    let epoch = checkpoint.summary().epoch;
    let committee = client.committee(Some(epoch)).await;
    let committee = committee.with_context(|| format!("the committee of epoch {epoch}"))?;
    Ok(committee.verify(checkpoint).is_ok())
}
