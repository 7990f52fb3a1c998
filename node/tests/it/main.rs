//! The node against hand-written sequencers, chains and attestors.

mod attestors;
mod crash;
mod fake_chain;
mod session;
mod settle;
mod store;
mod support;
