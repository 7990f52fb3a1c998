//! Typed access to the Atoma contracts on Sui; the only crate, ledger and localnet aside, that names a
//! Sui type.
//!
//! - [`deploy`]: puts a market on a chain.
//! - [`deployment`]: where a market lives: chain, network, packages, coins, shared objects.
//! - [`rpc`]: what is used of a Sui fullnode, as a trait, and its gRPC implementation.
//! - [`wallet`]: an account that signs the transactions built here and nothing else.
//! - [`tx`]: one builder an action of the protocol; [`action`] is what they build.
//! - [`client`]: resolves, pays for, signs and executes actions; reads objects as domain structs.
//! - [`state`]: those structs.
//! - [`event`]: events of the package lineage, decoded and ordered.
//! - [`abort`]: the contracts' named errors.
//! - [`error`]: everything that can go wrong.

pub mod abort;
pub mod action;
pub mod client;
pub mod deploy;
pub mod deployment;
pub mod error;
pub mod event;
mod generated;
pub mod id;
pub mod rpc;
pub mod state;
pub mod tx;
pub mod wallet;

pub use abort::Abort;
pub use action::Action;
pub use client::{Client, Outcome, Sender, Settled};
pub use deployment::{CoinType, Deployment, Lineage};
pub use error::{ChainError, RpcError};
pub use event::{AtomaEvent, Position};
pub use id::{ChainId, TxDigest};
pub use rpc::Rpc;
pub use wallet::Wallet;
