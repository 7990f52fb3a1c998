//! The real binary: whole markets, killed and restarted, and a newcomer's stumbles.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod kill;
mod openai;
mod stumbles;
