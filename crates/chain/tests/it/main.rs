//! The client against a chain in memory, and the gRPC implementation against a server with faults.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod client;
mod fake_chain;
mod fake_server;
mod grpc;
mod market;
mod on_localnet;
mod settle;
