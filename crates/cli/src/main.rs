//! `atoma`: one binary, one subcommand a role.

use std::process::ExitCode;

use atoma_env::Env;
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

mod audit;
mod demo;
mod engine;
mod interrupt;
mod output;
mod roles;
mod settings;
mod up;

/// A marketplace for private AI compute on Sui.
///
/// `atoma up` starts the whole market on this machine: a Sui-compatible localnet with the real
/// contracts, two nodes with an embedded engine, a sequencer with an OpenAI-compatible API, an
/// attestor and an indexer. `atoma demo` then shows one paid answer from prompt to settlement.
/// The other commands run one role each, against any network, by configuration alone.
#[derive(Debug, Parser)]
#[command(name = "atoma", version, propagate_version = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged to stderr, as in `info` or `atoma_node=debug`.
    #[arg(long, global = true, env = "ATOMA_LOG", default_value = "warn")]
    log: String,
    /// Log lines as JSON.
    #[arg(long, global = true)]
    log_json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Start the whole market on this machine and keep it running until Ctrl-C.
    Up(up::UpArgs),
    /// Ask a running market one question and check its payment on the chain, step by step.
    Demo(demo::DemoArgs),
    /// Re-derive every balance of a market from its raw events, and compare with the chain.
    Audit(audit::AuditArgs),
    /// Run a Sui-compatible localnet alone: RPC and faucet on one port.
    Localnet(roles::LocalnetArgs),
    /// Run a node: stake, attest, serve a model, get paid.
    Node(roles::NodeArgs),
    /// Run a sequencer: an OpenAI-compatible API that routes to nodes and pays them.
    Sequencer(roles::SequencerArgs),
    /// Run an attestor: check evidence, sign verdicts.
    Attestor(roles::AttestorArgs),
    /// Run an indexer: follow the chain into SQL, answer auditors.
    Indexer(roles::IndexerArgs),
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Err(error) = log(&cli.log, cli.log_json) {
        return output::failed(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => return output::failed(&error.into()),
    };
    match runtime.block_on(run(cli.command)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => output::failed(&error),
    }
}

async fn run(command: Command) -> anyhow::Result<bool> {
    let env = Env::system();
    match command {
        Command::Up(args) => up::run(args, &env).await?,
        Command::Demo(args) => return demo::run(args, &env).await,
        Command::Audit(args) => return audit::run(args, &env).await,
        Command::Localnet(args) => roles::localnet(args, &env).await?,
        Command::Node(args) => roles::node(args, &env).await?,
        Command::Sequencer(args) => roles::sequencer(args, &env).await?,
        Command::Attestor(args) => roles::attestor(args, &env).await?,
        Command::Indexer(args) => roles::indexer(args, &env).await?,
    }
    Ok(true)
}

/// Logs go to stderr: stdout is for results.
fn log(filter: &str, json: bool) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| anyhow::anyhow!("--log {filter:?} is no log filter: {error}"))?;
    let logger = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    let result = if json {
        logger.json().try_init()
    } else {
        logger.try_init()
    };
    result.map_err(|error| anyhow::anyhow!("cannot log: {error}"))
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
