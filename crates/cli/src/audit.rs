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
use serde::Serialize;
use serde_json::{Value, json};

use crate::output;

mod books;
pub(crate) mod light;
pub(crate) mod place;
mod replay;

use light::{Followed, LightClient};
use place::Place;
use replay::{Replay, Totals};

/// Longest wait for one checkpoint that exists.
const CHECKPOINT_LIMIT: Duration = Duration::from_secs(60);
/// How often objects are read again because the market moved meanwhile.
const MAX_ROUNDS: u32 = 20;
/// Most mismatches that a person is shown.
const MAX_SHOWN: usize = 20;

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

fn report(client: &Client, found: &Found) -> Value {
    /// A map by id as a list of objects that carry their id.
    fn list<'a, K: Serialize + 'a, V: Serialize + 'a>(
        key: &str,
        map: impl IntoIterator<Item = (&'a K, &'a V)>,
    ) -> Vec<Value> {
        map.into_iter()
            .map(|(id, book)| {
                let mut value = json!(book);
                value[key] = json!(id);
                value
            })
            .collect()
    }
    let (replay, faults) = (&found.replay, found.replay.faults());
    let deployment = client.deployment();
    json!({
        "ok": faults.count() == 0,
        "chain_id": deployment.chain_id,
        "package_id": deployment.package.newest(),
        "network_id": deployment.network,
        "verified": found.followed,
        "events": found.events,
        "coins": list("coin", &found.totals),
        "channels": list("channel", replay.channels()),
        "vaults": list("vault", replay.vaults()),
        "nodes": list("node", replay.nodes()),
        "mismatches": faults.listed(),
        "mismatch_count": faults.count(),
    })
}

fn table(found: &Found) -> String {
    let (replay, faults) = (&found.replay, found.replay.faults());
    let Followed {
        checkpoints,
        epoch,
        first_committee,
        ..
    } = &found.followed;
    let mut lines = vec![
        format!(
            "checkpoints  {checkpoints} read: signatures, order and contents checked; epoch {epoch}"
        ),
        format!("committee    {first_committee} (pin it with --committee)"),
        format!("events       {} of the market", found.events),
        String::new(),
    ];
    for (coin, totals) in &found.totals {
        let Totals {
            deposited,
            paid,
            refunded,
            held,
        } = totals;
        let symbol = coin.symbol();
        lines.push(format!(
            "{symbol:<12} deposited {deposited} = paid {paid} + refunded {refunded} + held {held}"
        ));
    }
    lines.push(String::new());
    lines.push(format!(
        "{:<14}{:>8}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>14}",
        "channel",
        "state",
        "deposit",
        "paid",
        "operator",
        "stakers",
        "protocol",
        "routing",
        "refund"
    ));
    for (id, book) in replay.channels() {
        let state = if book.reaped {
            "deleted".to_owned()
        } else {
            format!("{:?}", book.state)
        };
        let shares = &book.shares;
        lines.push(format!(
            "{:<14}{state:>8}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}{:>14}",
            short(&id.to_string()),
            book.funded.0,
            book.paid.0,
            shares.operator.0,
            shares.stakers.0,
            shares.protocol.0,
            shares.routing.0,
            book.refunded.0,
        ));
    }
    lines.push(format!(
        "\n{:<14}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}",
        "vault", "came in", "swept", "distributed", "withdrawn", "given back", "in it"
    ));
    for (id, book) in replay.vaults() {
        lines.push(format!(
            "{:<14}{:>14}{:>12}{:>12}{:>12}{:>12}{:>12}",
            short(&id.to_string()),
            book.came_in.sum().saturating_add(book.reaped).0,
            book.swept.0,
            book.distributed.0,
            book.withdrawn.0,
            book.given_back.0,
            book.funds().0,
        ));
    }
    lines.push(format!(
        "\n{:<14}{:>10}  key epochs: what was proved",
        "node", "status"
    ));
    for (id, book) in replay.nodes() {
        let epochs: Vec<_> = book
            .epochs
            .iter()
            .map(|(epoch, book)| format!("{epoch}: {}", book.proved))
            .collect();
        let (id, status) = (short(&id.to_string()), format!("{:?}", book.status));
        lines.push(format!("{id:<14}{status:>10}  {}", epochs.join(", ")));
    }
    lines.push(String::new());
    for mismatch in faults.listed().iter().take(MAX_SHOWN) {
        lines.push(format!("MISMATCH {mismatch}"));
    }
    lines.push(match faults.count() {
        0 => "everything holds".to_owned(),
        count => format!("{count} things do not hold"),
    });
    lines.join("\n")
}

/// The head of an id: enough to tell those of one table apart.
fn short(id: &str) -> String {
    const SHOWN: usize = 10;
    match id.get(..SHOWN) {
        Some(head) if id.len() > SHOWN => format!("{head}…"),
        _ => id.to_owned(),
    }
}
