//! A Sui-compatible localnet: gRPC, faucet and controls over the ledger.
//!
//! [`Localnet::start`] brings up a chain on a port of its choice; dropping it, or stopping its
//! environment, frees the port. Everything a client sees is Sui's own: `sui.rpc.v2`, transaction
//! and object digests, signed checkpoints.
//!
//! - [`config`]: what a localnet is started with.
//! - [`chain`]: the ledger behind a lock, with a clock that follows the environment's.
//! - [`in_process`]: the chain as an [`atoma_chain::Rpc`], without a network in between.
//! - [`faucet`]: SUI for everybody, over HTTP as Sui's own faucet.
//! - [`controls`]: time, over HTTP, under a path of its own.
//! - [`server`]: all of it on one port.

pub mod chain;
pub mod config;
pub mod controls;
pub mod faucet;
pub mod in_process;
mod message;
pub mod server;
#[expect(
    clippy::field_reassign_with_default,
    reason = "Sui's generated messages are non-exhaustive, so they cannot be written as literals"
)]
mod service;

pub use chain::{ChainError, LocalChain};
pub use config::LocalnetConfig;
pub use in_process::InProcess;
pub use server::Localnet;
