//! The protocol between node and sequencer: one bidirectional stream, dialled by the node.
//!
//! [`wire`] is the generated code, [`message`] the checked types that roles work with, [`connection`]
//! the two ends of a stream whatever carries it: [`grpc`] over the network, [`connection::pair`] inside
//! one process, where a market is replayed from a seed.

pub mod connection;
pub mod grpc;
pub mod hello;
pub mod message;

/// Generated from `proto/atoma/link/v1/link.proto`.
pub mod wire {
    #![allow(
        missing_docs,
        unreachable_pub,
        clippy::all,
        clippy::allow_attributes_without_reason
    )]
    tonic::include_proto!("atoma.link.v1");
}
