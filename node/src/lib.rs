//! The node: pulls paid tasks from sequencers, runs them, signs receipts, settles.
//!
//! - [`config`]: what an operator sets.
//! - [`enclave`]: the sole holder of keys; opens, runs, meters, seals, signs.
//! - [`model`]: what is served.
//! - [`session`]: one stream of messages with one sequencer.
//! - [`bindings`]: which sequencer uses which channel.
//! - [`store`]: what may never be lost.
//! - [`attestors`]: asking attestors for verdicts.

pub mod attestors;
mod backoff;
pub mod bindings;
pub mod enclave;
pub mod model;
pub mod session;
pub mod store;
