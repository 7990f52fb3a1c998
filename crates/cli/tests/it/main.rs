//! The real binary: whole markets and single roles, killed and restarted, and a newcomer's stumbles.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod binary;
mod chat;
mod kill;
mod openai;
mod roles;
mod stumbles;
