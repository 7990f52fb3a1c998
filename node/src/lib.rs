//! The node: pulls paid tasks from sequencers, runs them, signs receipts, settles.
//!
//! - [`node`]: starts a node and keeps it going.
//! - [`config`]: what an operator sets.
//! - [`enclave`]: the sole holder of keys; opens, runs, meters, seals, signs.
//! - [`model`]: what is served.
//! - [`session`]: one stream of messages with one sequencer; [`dial`] keeps one with each.
//! - [`bindings`]: which sequencer uses which channel.
//! - [`channels`]: which channels are taken.
//! - [`settle`]: gets the node paid; [`chain`] is what it needs for that.
//! - [`store`]: what may never be lost.
//! - [`attestors`] and [`evidence`]: how a key epoch gets its grade.
//! - [`status`]: what a node looks like from outside.

pub mod attestors;
mod backoff;
pub mod bindings;
pub mod chain;
pub mod channels;
pub mod config;
pub mod dial;
pub mod enclave;
mod epoch;
pub mod error;
pub mod evidence;
pub mod model;
pub mod node;
mod registration;
pub mod session;
pub mod settle;
pub mod status;
pub mod store;

pub use config::{ModelConfig, NodeConfig};
pub use error::NodeError;
pub use node::{Node, NodeDeps, NodeHandle};
pub use registration::Engines;
pub use status::NodeStatus;
