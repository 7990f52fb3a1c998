//! `atoma audit`: every balance again, from raw events in checkpoints that the committee signed.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::{Context as _, bail};
use atoma_chain::{
    Client, CoinType, Rpc, event,
    rpc::{GrpcConfig, GrpcRpc},
    state::{ChannelState, NodeState, VaultState},
};
use atoma_env::Env;
use atoma_protocol::ids::{ChannelId, CheckpointSeq, ObjectId};
use clap::Args;
use futures::StreamExt as _;
use indicatif::{ProgressBar, ProgressStyle};

use crate::output;

mod books;
pub(crate) mod light;
pub(crate) mod place;
mod replay;
mod report;

use light::{Followed, LightClient};
use place::Place;
use replay::{Replay, Totals};
use report::{report, table};

/// Longest wait for one checkpoint that exists.
const CHECKPOINT_LIMIT: Duration = Duration::from_secs(60);
/// How often objects are read again because the market moved meanwhile.
const MAX_ROUNDS: u32 = 20;

/// Re-derives every balance of a market from the chain, trusting neither fullnode nor indexer.
///
/// Reads all checkpoints from the first to the newest; checks that each is signed by a quorum of its
/// committee, follows the one before it, and contains what it says; decodes the market's events and
/// keeps its books again: deposits, settlements and their split, refunds, vaults, key epochs and
/// grades. Then compares with the objects on-chain. Ends with 0 only if everything agrees.
#[derive(Clone, Debug, Args)]
pub(crate) struct AuditArgs {
    #[command(flatten)]
    place: Place,
    /// Hash of the chain's first committee, as an earlier audit printed it: a fullnode that makes up a
    /// chain of its own is refused.
    #[arg(long, value_name = "HEX")]
    committee: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

impl AuditArgs {
    /// Of the market on a state folder.
    #[cfg(test)]
    pub(crate) const fn of(place: Place, committee: Option<String>) -> Self {
        Self {
            place,
            committee,
            json: true,
        }
    }
}

/// What was found.
#[derive(Debug)]
struct Found {
    followed: Followed,
    events: u64,
    replay: Replay,
    totals: BTreeMap<CoinType, Totals>,
}

/// Audits; gives whether everything holds.
///
/// # Errors
/// For people: what kept it from reading everything.
pub(crate) async fn run(args: AuditArgs, env: &Env) -> anyhow::Result<bool> {
    let chain = args.place.chain()?;
    let rpc: Arc<dyn Rpc> = Arc::new(GrpcRpc::new(
        &chain.rpc,
        GrpcConfig::default(),
        env.clone(),
    )?);
    let client = Client::connect(rpc, chain.deployment, env.clone())
        .await
        .with_context(|| format!("the chain at {}", chain.rpc))?;
    let found = audit(&client, args.committee.as_deref()).await?;
    let ok = found.replay.faults().count() == 0;
    if args.json {
        output::json(&report(&client, &found))?;
    } else {
        output::line(&table(&found))?;
    }
    Ok(ok)
}

async fn audit(client: &Client, pinned: Option<&str>) -> anyhow::Result<Found> {
    let rpc = client.rpc().as_ref();
    let info = rpc.service_info().await?;
    if info.lowest_checkpoint > CheckpointSeq(0) {
        let lowest = info.lowest_checkpoint;
        bail!("the fullnode has forgotten checkpoints below {lowest}: point --rpc at an archive");
    }
    let deployment = client.deployment();
    let mut light = LightClient::start(rpc, deployment.chain_id, pinned).await?;
    let mut replay = Replay::new(deployment.network);
    let mut tip = info.latest_checkpoint;
    let mut events = 0;
    for _ in 0..MAX_ROUNDS {
        read_to(client, &mut light, &mut replay, tip, &mut events).await?;
        let objects = Objects::read(client, &replay).await?;
        // Whatever happened while they were read is in checkpoints up to here.
        let before = events;
        tip = rpc.service_info().await?.latest_checkpoint;
        read_to(client, &mut light, &mut replay, tip, &mut events).await?;
        if events == before {
            let totals = objects.compare(&mut replay);
            let followed = light.followed();
            return Ok(Found {
                followed,
                events,
                replay,
                totals,
            });
        }
    }
    bail!("the market moves faster than it can be read: try again, or audit a quieter fullnode")
}

/// Reads, verifies and replays the checkpoints that are due, to `tip` included.
async fn read_to(
    client: &Client,
    light: &mut LightClient,
    replay: &mut Replay,
    tip: CheckpointSeq,
    events: &mut u64,
) -> anyhow::Result<()> {
    let first = light.next();
    if first > tip {
        return Ok(());
    }
    let bar = ProgressBar::new(tip.0.saturating_add(1)).with_position(first.0);
    bar.set_style(ProgressStyle::with_template(
        "audit: checkpoint {pos} of {len} {wide_bar} {eta}",
    )?);
    let mut checkpoints = client.rpc().checkpoints(first);
    while light.next() <= tip {
        let checkpoint = tokio::time::timeout(CHECKPOINT_LIMIT, checkpoints.next())
            .await
            .with_context(|| format!("checkpoint {} does not come", light.next()))?
            .with_context(|| format!("no checkpoint {} came", light.next()))??;
        for wrong in light.follow(&checkpoint) {
            replay.faults_mut().add(None, wrong);
        }
        replay.checkpoint(checkpoint.seq(), checkpoint.digest());
        for event in event::of_checkpoint(&client.deployment().package, &checkpoint)? {
            replay.apply(event.position, &event.event);
            *events = events.saturating_add(1);
        }
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(())
}

/// The objects that the books are of, as the fullnode has them.
struct Objects {
    channels: BTreeMap<ChannelId, ChannelState>,
    vaults: BTreeMap<ObjectId, VaultState>,
    nodes: Vec<NodeState>,
}

impl Objects {
    async fn read(client: &Client, replay: &Replay) -> anyhow::Result<Self> {
        let ids: Vec<_> = replay
            .channels()
            .keys()
            .map(|id| ObjectId::new(id.into_bytes()))
            .collect();
        let channels = client.get_many::<ChannelState>(&ids).await?;
        let ids: Vec<_> = replay.vaults().keys().copied().collect();
        let vaults = client.get_many::<VaultState>(&ids).await?;
        let ids: Vec<_> = replay
            .nodes()
            .keys()
            .map(|id| ObjectId::new(id.into_bytes()))
            .collect();
        let nodes = client.get_many::<NodeState>(&ids).await?;
        let channels = channels.into_iter().flatten();
        let vaults = vaults.into_iter().flatten();
        Ok(Self {
            channels: channels.map(|channel| (channel.id, channel)).collect(),
            vaults: vaults.map(|vault| (vault.id, vault)).collect(),
            nodes: nodes.into_iter().flatten().collect(),
        })
    }

    fn compare(&self, replay: &mut Replay) -> BTreeMap<CoinType, Totals> {
        let ids: Vec<_> = replay.channels().keys().copied().collect();
        for id in ids {
            replay.compare_channel(id, self.channels.get(&id));
        }
        let ids: Vec<_> = replay.vaults().keys().copied().collect();
        for id in ids {
            replay.compare_vault(id, self.vaults.get(&id));
        }
        let ids: Vec<_> = replay.nodes().keys().copied().collect();
        for id in ids {
            replay.compare_node(id, self.nodes.iter().find(|node| node.id == id));
        }
        replay.conserve(&self.channels)
    }
}
