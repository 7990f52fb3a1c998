//! `atoma up`: the whole market on this machine.

use std::path::PathBuf;

use anyhow::{Context, anyhow};
use atoma_env::Env;
use atoma_market::{Market, MarketConfig, Ports, Ready};
use clap::Args;

use crate::{
    engine::{self, EngineArgs, EngineOptionArgs},
    interrupt::interrupted,
    output,
};

/// Name of the file in the state folder that tells how to use the running market.
pub(crate) const READY_FILE: &str = "ready.json";

/// Flags of `atoma up`.
#[derive(Debug, Args)]
pub(crate) struct UpArgs {
    #[command(flatten)]
    engine: EngineArgs,
    #[command(flatten)]
    options: EngineOptionArgs,
    /// Folder of all state. The market goes on where it stopped.
    #[arg(
        long,
        value_name = "DIR",
        default_value = ".atoma",
        env = "ATOMA_STATE"
    )]
    state: PathBuf,
    /// Keep no state: everything is gone when it stops.
    #[arg(long, conflicts_with = "state")]
    ephemeral: bool,
    /// First of five ports in a row: RPC and faucet, API, nodes, indexer, attestor. 0 takes free ones.
    #[arg(long, value_name = "PORT", default_value_t = 9_000)]
    port_base: u16,
    /// Nodes to start.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    nodes: u8,
    /// Time after which a node settles whatever it earned, in milliseconds.
    #[arg(long, value_name = "MS", default_value_t = 5_000)]
    settle_interval_ms: u64,
    /// Once ready, print one line of JSON instead of a screen.
    #[arg(long)]
    json: bool,
}

/// Starts the market, says how to use it, and waits for Ctrl-C.
pub(crate) async fn run(args: UpArgs, env: &Env) -> anyhow::Result<()> {
    let ports = Ports::from_base(args.port_base).ok_or_else(|| {
        anyhow!(
            "--port-base {} leaves no room for five ports",
            args.port_base
        )
    })?;
    let tell = |step: &str| output::tell(&format!("atoma: {step}"));
    tell("loading the model");
    let engine = engine::make(&args.engine, &args.options, env).await?;
    let config = MarketConfig {
        state: (!args.ephemeral).then(|| args.state.clone()),
        ports,
        nodes: args.nodes,
        settle_interval_ms: args.settle_interval_ms,
        ..MarketConfig::new(engine)
    };
    // Ctrl-C while it starts ends it just as well: everything begun is stopped when dropped.
    let market = tokio::select! {
        market = Market::start(config, env, tell) => market.map_err(|error| hint(error.into()))?,
        result = interrupted() => {
            result.context("signals")?;
            tell("stopped before it was ready");
            return Ok(());
        }
    };
    let ready = market.ready();
    let ready_file = market.folder().join(READY_FILE);
    market.write_ready(READY_FILE)?;
    if args.json {
        output::json(ready)?;
    } else {
        output::line(&screen(ready, &market.folder().display().to_string()))?;
    }
    interrupted().await.context("signals")?;
    tell("stopping: nodes settle what they earned");
    // Nobody is to find a market that is gone.
    let _ = std::fs::remove_file(ready_file);
    market.stop().await;
    tell("stopped");
    Ok(())
}

/// Adds what to do where the system's own words do not tell.
fn hint(error: anyhow::Error) -> anyhow::Error {
    let taken = error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|io| io.kind() == std::io::ErrorKind::AddrInUse)
    });
    if taken {
        error.context(
            "a port is taken: choose others with --port-base, or free ones with --port-base 0",
        )
    } else {
        error
    }
}

fn screen(ready: &Ready, state: &str) -> String {
    let nodes: Vec<String> = ready.node_ids.iter().map(ToString::to_string).collect();
    let model = ready.models.first().map_or("", String::as_str);
    let body = serde_json::json!({
        "model": model,
        "stream": true,
        "messages": [{ "role": "user", "content": "What is the capital of France?" }],
        "temperature": 0,
    });
    format!(
        "\n\
         The market runs. Test money, simulated attestation: nothing here is real but the code.\n\n\
         API       {gateway}\n\
         API key   {key}\n\
         indexer   {indexer}\n\
         Sui RPC   {rpc}\n\
         package   {package}\n\
         network   {network}\n\
         nodes     {nodes}\n\
         models    {models}\n\
         state     {state}\n\n\
         Try it:\n\n\
         curl -N {gateway}/chat/completions -H 'Authorization: Bearer {key}' \
         -H 'Content-Type: application/json' -d '{body}'\n\n\
         Ctrl-C stops it.",
        gateway = ready.gateway_url,
        key = ready.api_key,
        indexer = ready.indexer_url,
        rpc = ready.rpc_url,
        package = ready.package_id,
        network = ready.network_id,
        nodes = nodes.join("\n          "),
        models = ready.models.join(", "),
    )
}
