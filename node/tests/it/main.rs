//! The node against hand-written sequencers, chains and attestors.

mod session;
mod support;
