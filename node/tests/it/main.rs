//! The node against hand-written sequencers, chains and attestors.
#![expect(
    clippy::unwrap_used,
    reason = "a test that unwraps nothing fails as it should"
)]

mod attestors;
mod crash;
mod fake_chain;
mod market;
mod session;
mod settle;
mod store;
mod support;
