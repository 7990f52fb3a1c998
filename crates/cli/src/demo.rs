//! `atoma demo`: one private answer, and everything behind it, from prompt to settlement.

use std::{io::Write as _, sync::Arc, time::Duration};

use anyhow::Context as _;
use atoma_attestation::evidence::MAX_EVIDENCE_BYTES;
use atoma_chain::{
    Client, Rpc,
    rpc::{GrpcConfig, GrpcRpc},
    state::{ChannelState, KeyEpochState},
};
use atoma_env::Env;
use atoma_protocol::{
    hash::{EvidenceHash, blake2b256},
    ids::NodeId,
    money::Amount,
};
use clap::Args;

use crate::{audit::place::Place, output};

mod gateway;
mod proof;
mod report;
mod settlement;

use gateway::{Answered, Gateway, Question, Receipts};
use proof::Checks;
use report::{report, screen};
use settlement::{Awaited, Settlement};

/// Streams one chat completion, then shows who was paid for it and proves it from the chain.
///
/// Prints the answer as it arrives and its receipts; waits until they are settled; then audits: the
/// voucher, each receipt's signature and fee, its inclusion under the settled root, the settlement's
/// transaction and what each party got of it, and the attestation behind the key. Every figure is read
/// back from the chain. Ends with 0 only if everything checked holds.
#[derive(Clone, Debug, Args)]
pub(crate) struct DemoArgs {
    #[command(flatten)]
    place: Place,
    /// Base URL of a gateway, `/v1` included, instead of that of the market on DIR.
    #[arg(long, value_name = "URL", requires = "api_key")]
    gateway: Option<String>,
    /// API key for it.
    #[arg(
        long,
        value_name = "KEY",
        env = "ATOMA_API_KEY",
        hide_env_values = true
    )]
    api_key: Option<String>,
    /// What to ask.
    #[arg(long, default_value = "In one sentence: why is the sky blue?")]
    prompt: String,
    /// Which model; the first one served if not given.
    #[arg(long, value_name = "NAME")]
    model: Option<String>,
    /// Most tokens of the answer.
    #[arg(long, value_name = "COUNT", default_value_t = 64)]
    max_tokens: u32,
    /// Longest wait for the settlement, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    wait: u64,
    /// Print one JSON object at the end; the answer streams to stderr.
    #[arg(long)]
    json: bool,
}

/// The key epoch behind the receipts, with its evidence.
#[derive(Debug)]
struct Attestation {
    node: NodeId,
    epoch: KeyEpochState,
    evidence_bytes: Option<usize>,
}

/// All that is shown.
#[derive(Debug)]
struct Story {
    model: String,
    answered: Answered,
    receipts: Receipts,
    channel: ChannelState,
    settlements: Vec<Settlement>,
    attestation: Attestation,
    checks: Checks,
}

/// Asks, waits, audits; gives whether everything holds.
///
/// # Errors
/// For people: what kept it from coming so far.
pub(crate) async fn run(args: DemoArgs, env: &Env) -> anyhow::Result<bool> {
    let chain = args.place.chain()?;
    let gateway = match (&args.gateway, &args.api_key) {
        (Some(url), Some(key)) => Gateway::new(url, key.clone())?,
        _ => {
            let ready = args.place.ready()?;
            Gateway::new(&ready.gateway_url, ready.api_key)?
        }
    };
    let rpc: Arc<dyn Rpc> = Arc::new(GrpcRpc::new(
        &chain.rpc,
        GrpcConfig::default(),
        env.clone(),
    )?);
    let client = Client::connect(rpc, chain.deployment, env.clone())
        .await
        .with_context(|| format!("the chain at {}", chain.rpc))?;
    let story = tell(&args, &gateway, &client).await?;
    let ok = story.checks.hold();
    if args.json {
        output::json(&report(&story))?;
    } else {
        output::line(&screen(&story))?;
    }
    Ok(ok)
}

/// An answer with its receipts, before anything is settled.
struct Begun {
    model: String,
    answered: Answered,
    receipts: Receipts,
    awaited: Awaited,
}

async fn tell(args: &DemoArgs, gateway: &Gateway, client: &Client) -> anyhow::Result<Story> {
    let begun = begin(args, gateway, client).await?;
    output::tell("demo: waiting until it is settled on-chain");
    let settlements = settlement::wait(client, &begun.awaited).await?;
    prove(begun, settlements, gateway, client).await
}

/// Asks, and shows answer and receipts.
async fn begin(args: &DemoArgs, gateway: &Gateway, client: &Client) -> anyhow::Result<Begun> {
    let model = match &args.model {
        Some(model) => model.clone(),
        None => {
            let mut models = gateway.models().await?.into_iter();
            models
                .next()
                .context("the gateway serves no model: is a node attached?")?
        }
    };
    let tip = client.rpc().service_info().await?.latest_checkpoint;
    let question = Question {
        model: model.clone(),
        prompt: args.prompt.clone(),
        max_tokens: args.max_tokens,
    };
    output::tell(&format!("demo: asking {model}: {}", args.prompt));
    let answered = gateway.ask(&question, |text| say(text, args.json)).await?;
    say("\n", args.json)?;

    let receipts = gateway.receipts(answered.request, None).await?;
    for part in &receipts.parts {
        let (head, body) = (&part.receipt.statement, &part.body);
        let text = format!(
            "receipt {} of key epoch {} on channel {}: {} input and {} output tokens, fee {}",
            head.seq,
            head.key_epoch,
            head.account,
            body.input_tokens.get(),
            body.output_tokens.get(),
            head.fee,
        );
        if args.json {
            output::tell(&text);
        } else {
            output::line(&text)?;
        }
    }
    let last = receipts.parts.last();
    let last = last.context("the gateway shows no receipt")?;
    let awaited = Awaited {
        channel: receipts.channel,
        key_epoch: receipts.key_epoch,
        last: last.receipt.statement.seq,
        from: tip.next(),
        limit: Duration::from_secs(args.wait),
    };
    Ok(Begun {
        model,
        answered,
        receipts,
        awaited,
    })
}

/// Checks everything that was shown against the chain.
async fn prove(
    begun: Begun,
    settlements: Vec<Settlement>,
    gateway: &Gateway,
    client: &Client,
) -> anyhow::Result<Story> {
    let Begun {
        model,
        answered,
        receipts: shown,
        awaited,
    } = begun;
    let settled = settlement::covering(&awaited, &settlements)
        .context("no settlement covers the receipts")?
        .event
        .clone();
    let count = settled.receipts;
    // The channel first: a voucher read after it covers all that it paid.
    let channel = client.channel(awaited.channel).await?;
    let receipts = gateway.receipts(answered.request, Some(count)).await?;
    let network = client.deployment().network;
    let mut checks = Checks::default();
    checks.add(
        channel.network == network && channel.id == receipts.channel,
        "the channel belongs to this market",
    );
    checks.add(
        receipts.parts == shown.parts,
        "the gateway still shows the same receipts",
    );
    proof::usage(&mut checks, &answered.usage, &receipts);
    proof::voucher(&mut checks, network, &channel, &receipts);
    let attestation = attested(client, &channel, &receipts, &mut checks).await?;
    let epoch = &attestation.epoch;
    proof::receipts(&mut checks, network, &channel, epoch, &receipts);
    proof::inclusion(&mut checks, network, &receipts, settled.root, count);
    let lane = client.lane(&channel, receipts.key_epoch).await?;
    checks.add(
        lane.is_some_and(|lane| {
            lane.receipts > count || (lane.receipts == count && lane.root == settled.root)
        }),
        "the channel on-chain stands at that root, or at a later one",
    );
    for settlement in &settlements {
        let (event, checkpoint) = (&settlement.event, settlement.checkpoint);
        checks.add(
            settlement.verified,
            format!("checkpoint {checkpoint} is signed by a quorum of its committee"),
        );
        let parts = [event.operator, event.stakers, event.protocol, event.routing];
        let sum = parts
            .iter()
            .fold(Amount::ZERO, |sum, part| sum.saturating_add(*part));
        checks.add(
            sum == event.payment,
            format!("its parts sum to the payment of {}", event.payment),
        );
    }
    let (paid, due) = (channel.paid, channel.due());
    checks.add(
        paid >= due.min(channel.funded),
        format!("the channel has paid all that is due: {paid} of {due}"),
    );
    Ok(Story {
        model,
        answered,
        receipts,
        channel,
        settlements,
        attestation,
        checks,
    })
}

/// Reads the key epoch, its evidence and its anchor, and checks what can be checked of them here.
async fn attested(
    client: &Client,
    channel: &ChannelState,
    receipts: &Receipts,
    checks: &mut Checks,
) -> anyhow::Result<Attestation> {
    let node = client.node(channel.node).await?;
    let epoch = client
        .key_epoch(&node, receipts.key_epoch)
        .await?
        .with_context(|| {
            format!(
                "node {} never posted key epoch {}",
                node.id, receipts.key_epoch
            )
        })?;
    checks.add(
        epoch.covers(channel.need),
        format!(
            "attestors graded the key: {}, the channel asks for {}",
            epoch.grade, channel.need
        ),
    );
    proof::report_data(checks, client.deployment().network, node.id, &epoch);
    let anchor = client.rpc().checkpoint(epoch.anchor_seq).await?;
    checks.add(
        anchor.digest() == epoch.anchor_digest && settlement::is_signed(client, &anchor).await?,
        format!(
            "the key is anchored to checkpoint {}, which its committee signed",
            epoch.anchor_seq
        ),
    );
    let evidence = match evidence(&epoch.evidence_uri).await {
        Ok(bytes) => Some(bytes),
        Err(error) => {
            output::tell(&format!(
                "demo: evidence from {:?}: {error:#}",
                epoch.evidence_uri
            ));
            None
        }
    };
    let hash = evidence
        .as_deref()
        .map(|bytes| EvidenceHash::new(blake2b256(&[bytes])));
    checks.add(
        hash == Some(epoch.evidence_hash),
        "the evidence at the posted address has the posted hash",
    );
    Ok(Attestation {
        node: node.id,
        epoch,
        evidence_bytes: evidence.map(|bytes| bytes.len()),
    })
}

async fn evidence(uri: &str) -> anyhow::Result<Vec<u8>> {
    let response = gateway::http(uri)?
        .get(uri)
        .send()
        .await?
        .error_for_status()?;
    gateway::bounded(response, MAX_EVIDENCE_BYTES).await
}

/// Streams text to whoever reads.
fn say(text: &str, json: bool) -> anyhow::Result<()> {
    if json {
        let mut err = std::io::stderr().lock();
        // Nobody may be there to read it.
        let _ = err.write_all(text.as_bytes()).and_then(|()| err.flush());
        return Ok(());
    }
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests;
