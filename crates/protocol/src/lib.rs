//! Ids, money, time, signed statements, Merkle roots, sealed chunks and both sides of a channel.
