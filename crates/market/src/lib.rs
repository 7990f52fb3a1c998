//! The whole market in one process: localnet, contracts, attestor, sequencer, nodes, indexer.
//!
//! `atoma up` and the end-to-end tests are thin faces on [`Market`]. The roles are the same as those
//! that run as processes of their own, with the same settings, over the same ports.
//!
//! - [`config`]: what a market is started with.
//! - [`folder`]: its state on disk: one process at a time, one version of the program.
//! - [`genesis`]: deploys the contracts and funds the roles, once.
//! - [`market`]: starts and stops everything.
//! - [`ready`]: what a person or a program needs to use it.

pub mod config;
pub mod folder;
pub mod genesis;
pub mod market;
pub mod ready;

pub use config::{MarketConfig, Ports};
pub use folder::{Folder, FolderError};
pub use genesis::Genesis;
pub use market::{Market, MarketError};
pub use ready::Ready;
