//! The indexer against real transactions on an in-process localnet.

mod api;
mod crash;
mod market;
mod receipt;
mod stranger;
