//! Ids, money, time, signed statements, Merkle roots, sealed chunks and both sides of a channel.
//!
//! Everything here is pure: no IO, no clock, no source of randomness, no chain client. Time and
//! randomness are arguments. What a contract recomputes is BCS and BLAKE2b-256, byte for byte as in
//! `move/atoma`; golden vectors in `vectors/` hold both to it.

mod byte_string;
pub mod channel;
pub mod commitment;
pub mod hash;
pub mod ids;
pub mod keys;
pub mod merkle;
pub mod money;
pub mod random;
pub mod sealed;
pub mod statement;
pub mod time;
