//! Properties and attacks that take both sides of a channel, and the golden vectors.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod cheats;
mod market;
mod setup;
mod vectors;
