//! One role a process, against any network.

use std::{path::PathBuf, sync::Arc};

use anyhow::{Context, anyhow};
use atoma_attestation::{Verifiers, simulated::SimulatedVerifier};
use atoma_attestor::{Attestor, AttestorConfig};
use atoma_chain::{
    Client, Deployment, Rpc,
    rpc::{GrpcConfig, GrpcRpc},
};
use atoma_env::Env;
use atoma_indexer::{Indexer, IndexerConfig};
use atoma_localnet::{Localnet, LocalnetConfig};
use atoma_node::{Node, NodeConfig, NodeDeps, evidence::Simulated};
use atoma_protocol::keys::{PublicKey, SigningKey};
use atoma_sequencer::{Dependencies, Sequencer, SequencerConfig};
use clap::Args;
use serde::Serialize;
use serde_json::json;

use crate::{
    engine::{self, EngineArgs, EngineOptionArgs},
    interrupt::interrupted,
    output,
    settings::SettingsArgs,
};

/// Which market, and how to reach its chain.
#[derive(Debug, Args)]
pub(crate) struct ChainArgs {
    /// Sui RPC, as `http://host:port` or `https://host:port`.
    #[arg(
        long,
        value_name = "URL",
        env = "ATOMA_RPC",
        default_value = "http://127.0.0.1:9000"
    )]
    rpc: String,
    /// Where the market lives, as JSON or TOML; `market.json` in a state folder will do.
    #[arg(long, value_name = "FILE", env = "ATOMA_DEPLOYMENT")]
    deployment: PathBuf,
}

impl ChainArgs {
    fn connect(&self, env: &Env) -> anyhow::Result<Client> {
        let rpc: Arc<dyn Rpc> =
            Arc::new(GrpcRpc::new(&self.rpc, GrpcConfig::default(), env.clone())?);
        // A role starts while the chain cannot be reached and waits for it.
        Ok(Client::unchecked(
            rpc,
            read_deployment(&self.deployment)?,
            env.clone(),
        ))
    }
}

/// Reads a deployment, by itself or as a field of a market's file.
pub(crate) fn read_deployment(path: &std::path::Path) -> anyhow::Result<Deployment> {
    #[derive(serde::Deserialize)]
    struct Market {
        deployment: Deployment,
    }
    let text = std::fs::read_to_string(path)
        .with_context(|| format!("cannot read the deployment {}", path.display()))?;
    serde_json::from_str::<Market>(&text)
        .map(|market| market.deployment)
        .or_else(|_| serde_json::from_str(&text))
        .or_else(|_| toml::from_str(&text))
        .map_err(|error| anyhow!("{} is no deployment: {error}", path.display()))
}

/// Simulated attestation, on development networks only.
#[derive(Debug, Args)]
pub(crate) struct SimulatedArgs {
    /// Trust simulated evidence under this root: the 32 secret bytes that `atoma up` keeps in
    /// `simulated-root.key`. Proves nothing about hardware.
    #[arg(long, value_name = "FILE")]
    dev_simulated_root: Option<PathBuf>,
}

impl SimulatedArgs {
    fn root(&self) -> anyhow::Result<Option<SigningKey>> {
        self.dev_simulated_root
            .as_deref()
            .map(read_secret)
            .transpose()
    }

    fn verifiers(&self) -> anyhow::Result<Verifiers> {
        let root: Option<PublicKey> = self.root()?.map(|root| root.public());
        Ok(root.map_or_else(Verifiers::new, |root| {
            Verifiers::new().with(SimulatedVerifier::new(root))
        }))
    }
}

fn read_secret(path: &std::path::Path) -> anyhow::Result<SigningKey> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    let seed = <[u8; 32]>::try_from(bytes.as_slice())
        .map_err(|_| anyhow!("{} does not hold 32 bytes", path.display()))?;
    Ok(SigningKey::from_seed(seed))
}

/// Prints the settings if that was asked for.
fn printed<T: Serialize>(args: &SettingsArgs, settings: &T) -> anyhow::Result<bool> {
    if args.print_config {
        output::line(&toml::to_string_pretty(settings)?)?;
    }
    Ok(args.print_config)
}

/// Flags of `atoma localnet`.
#[derive(Debug, Args)]
pub(crate) struct LocalnetArgs {
    #[command(flatten)]
    settings: SettingsArgs,
}

pub(crate) async fn localnet(args: LocalnetArgs, env: &Env) -> anyhow::Result<()> {
    let config: LocalnetConfig = args.settings.load("localnet")?;
    if printed(&args.settings, &config)? {
        return Ok(());
    }
    let localnet = Localnet::start(config, env.clone()).await?;
    output::json(&json!({ "rpc_url": localnet.url(), "faucet_url": localnet.url() }))?;
    interrupted().await.context("signals")?;
    localnet.stop().await;
    Ok(())
}

/// Flags of `atoma node`.
#[derive(Debug, Args)]
pub(crate) struct NodeArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    options: EngineOptionArgs,
    #[command(flatten)]
    simulated: SimulatedArgs,
}

pub(crate) async fn node(args: NodeArgs, env: &Env) -> anyhow::Result<()> {
    let config: NodeConfig = args.settings.load("node")?;
    if printed(&args.settings, &config)? {
        return Ok(());
    }
    let root = args.simulated.root()?.ok_or_else(|| {
        anyhow!("only simulated evidence is supported yet: name its root with --dev-simulated-root")
    })?;
    let measurement = atoma_market::genesis::MEASUREMENT.to_vec();
    let wallet = config.open_wallet(env)?;
    let engine = engine::make(&args.engine, &args.options, env).await?;
    let engines = [("default".to_owned(), engine)].into();
    let client = args.chain.connect(env)?;
    let platform = Arc::new(Simulated::new(root, measurement));
    let deps = NodeDeps::new(env.clone(), client, Arc::new(wallet), engines, platform);
    let node = tokio::select! {
        node = Node::start(config, deps) => node?,
        result = interrupted() => return result.context("signals"),
    };
    output::json(&node.status())?;
    interrupted().await.context("signals")?;
    output::tell("atoma: stopping: what was earned is settled");
    node.stop().await.map_err(Into::into)
}

/// Flags of `atoma sequencer`.
#[derive(Debug, Args)]
pub(crate) struct SequencerArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    simulated: SimulatedArgs,
}

pub(crate) async fn sequencer(args: SequencerArgs, env: &Env) -> anyhow::Result<()> {
    let config: SequencerConfig = args.settings.load("sequencer")?;
    if printed(&args.settings, &config)? {
        return Ok(());
    }
    // The trust store of this machine is needed only if an archive is reached over TLS.
    let archives = &config.evidence_archives;
    let tls = archives
        .iter()
        .find(|url| url.starts_with("https:"))
        .or_else(|| archives.first());
    let archive = tls.map_or("http://127.0.0.1", String::as_str).parse()?;
    let dependencies = Dependencies {
        chain: args.chain.connect(env)?,
        verifiers: args.simulated.verifiers()?,
        http: atoma_engine::http::client_builder(&archive)?.build()?,
    };
    let sequencer = Sequencer::start(config, dependencies, env).await?;
    output::json(&json!({
        "gateway_url": format!("http://{}/v1", sequencer.address()),
        "nodes_url": format!("http://{}", sequencer.nodes_address()),
        "wallet": sequencer.wallet(),
    }))?;
    interrupted().await.context("signals")?;
    sequencer.stop().await;
    Ok(())
}

/// Flags of `atoma attestor`.
#[derive(Debug, Args)]
pub(crate) struct AttestorArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    chain: ChainArgs,
    #[command(flatten)]
    simulated: SimulatedArgs,
}

pub(crate) async fn attestor(args: AttestorArgs, env: &Env) -> anyhow::Result<()> {
    let config: AttestorConfig = args.settings.load("attestor")?;
    if printed(&args.settings, &config)? {
        return Ok(());
    }
    let key = read_secret(&config.key_path())?;
    let (chain, verifiers) = (args.chain.connect(env)?, args.simulated.verifiers()?);
    let attestor = Attestor::start(config, chain, key, verifiers, env).await?;
    output::json(&json!({ "url": attestor.url(), "key": attestor.key() }))?;
    interrupted().await.context("signals")?;
    attestor.stop().await;
    Ok(())
}

/// Flags of `atoma indexer`.
#[derive(Debug, Args)]
pub(crate) struct IndexerArgs {
    #[command(flatten)]
    settings: SettingsArgs,
    #[command(flatten)]
    chain: ChainArgs,
}

pub(crate) async fn indexer(args: IndexerArgs, env: &Env) -> anyhow::Result<()> {
    let config: IndexerConfig = args.settings.load("indexer")?;
    if printed(&args.settings, &config)? {
        return Ok(());
    }
    let indexer = Indexer::start(config, args.chain.connect(env)?, env).await?;
    output::json(&json!({ "url": indexer.url() }))?;
    interrupted().await.context("signals")?;
    indexer.stop().await;
    Ok(())
}
