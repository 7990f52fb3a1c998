//! Checked messages: what [`crate::wire`] carries, with every length and encoding verified.

use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, RequestId},
    statement::{Receipt, Signed, Statement, Voucher},
};
use bytes::Bytes;
use thiserror::Error;

use crate::hello;

mod decode;
mod encode;

/// Version of the protocol that this crate speaks.
pub const PROTOCOL: u32 = 1;
/// Largest message on the stream, in bytes.
pub const MAX_MESSAGE_BYTES: usize = 4 << 20;
/// Most models that one node announces.
pub const MAX_MODELS: usize = 64;
/// Most sealing keys that one node announces.
pub const MAX_SEALING_KEYS: usize = 4;
/// Longest sealing key or encapsulation, in bytes: X-Wing's 1,216 and room to grow.
pub const MAX_KEY_BYTES: usize = 4_096;
/// Longest name of a model, in bytes.
pub const MAX_NAME_BYTES: usize = 256;
/// Longest text for people, in bytes; longer ones are cut.
pub const MAX_TEXT_BYTES: usize = 1_024;

/// Why bytes are no message.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MessageError {
    /// A message without content, or of a kind this version does not know.
    #[error("message of unknown kind")]
    UnknownKind,
    /// A fixed-length field of another length.
    #[error("field {field} has {actual} bytes instead of {expected}")]
    WrongLength {
        /// The field.
        field: &'static str,
        /// Bytes it must have.
        expected: usize,
        /// Bytes it has.
        actual: usize,
    },
    /// A field longer than its limit.
    #[error("field {field} exceeds its limit of {limit}")]
    TooLong {
        /// The field.
        field: &'static str,
        /// The limit, in bytes or items.
        limit: usize,
    },
    /// A field that does not decode.
    #[error("field {field} does not decode")]
    Undecodable {
        /// The field.
        field: &'static str,
    },
}

/// What a node sends.
#[derive(Clone, Debug, PartialEq)]
pub enum FromNode {
    /// Answers the challenge.
    Hello(Hello),
    /// Takes this many more tasks.
    Pull(u32),
    /// Answers [`ToNode::UseChannel`].
    ChannelReady(ChannelReady),
    /// A piece of an answer.
    Chunk(Chunk),
    /// A task ended without its last chunk.
    Failed(Failed),
    /// No new tasks; the stream ends with the last one.
    Draining,
}

/// What a sequencer sends.
#[derive(Clone, Debug, PartialEq)]
pub enum ToNode {
    /// The first message on every stream.
    Challenge(Challenge),
    /// Pay through this channel.
    UseChannel(ChannelId),
    /// A task.
    Task(Task),
    /// A larger voucher.
    Voucher(Signed<Voucher>),
    /// Stop a task; a last receipt covers what was done.
    Cancel(RequestId),
    /// The stream ends.
    Goodbye(String),
}

/// The sequencer's fresh nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Challenge {
    /// Drawn for this stream.
    pub nonce: [u8; 32],
    /// The sequencer's network.
    pub network: NetworkId,
}

/// A node introduces itself.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// Version of the protocol it speaks.
    pub protocol: u32,
    /// Proof that it holds its epoch's key. Unchecked.
    pub hello: Signed<hello::Hello>,
    /// Keys to seal requests to, in the order whose hash is on-chain. Unchecked.
    pub sealing_keys: Vec<SealingKey>,
    /// What it serves.
    pub models: Vec<ModelLoad>,
}

/// A public sealing key, not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingKey {
    /// Number of the suite, as in `atoma_protocol::sealed`.
    pub suite: u16,
    /// The key's bytes.
    pub key: Bytes,
}

/// A model that a node serves now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelLoad {
    /// Its id on-chain.
    pub model: ModelId,
    /// Its name in requests.
    pub name: String,
    /// Tokens of context.
    pub context_length: u64,
}

/// A node's answer about a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelReady {
    /// The channel.
    pub channel: ChannelId,
    /// The largest voucher the node holds for it. Unchecked.
    pub voucher: Option<Signed<Voucher>>,
    /// Why the node does not take it.
    pub refusal: Option<String>,
}

/// A sealed request.
#[derive(Clone, Debug, PartialEq)]
pub struct Task {
    /// Its id on this stream.
    pub request: RequestId,
    /// Who pays.
    pub channel: ChannelId,
    /// The model asked for.
    pub model: ModelId,
    /// The epoch whose sealing key it is sealed to.
    pub key_epoch: KeyEpoch,
    /// Number of the HPKE suite.
    pub suite: u16,
    /// HPKE encapsulation.
    pub enc: Bytes,
    /// The sealed request.
    pub ciphertext: Bytes,
    /// A larger voucher, if the last does not cover it. Unchecked.
    pub voucher: Option<Signed<Voucher>>,
}

/// A piece of an answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Chunk {
    /// The request.
    pub request: RequestId,
    /// With the first chunk.
    pub response_nonce: Option<[u8; 32]>,
    /// The sealed chunk.
    pub sealed: Bytes,
    /// Ends a part. Unchecked.
    pub receipt: Option<Box<PartReceipt>>,
    /// Ends the answer.
    pub last: bool,
}

/// Receipt and statement of a part, as the payer sees them.
#[derive(Clone, Debug, PartialEq)]
pub struct PartReceipt {
    /// The receipt's head.
    pub receipt: Signed<Receipt>,
    /// What the epoch's key earned with it.
    pub statement: Signed<Statement>,
}

/// Why a task was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// The request.
    pub request: RequestId,
    /// For machines.
    pub code: FailureCode,
    /// For people; holds nothing of the request.
    pub message: String,
}

/// Why a task was not done, for machines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FailureCode {
    /// Try another node.
    Overloaded,
    /// The node does not serve the model.
    UnknownModel,
    /// The request itself is at fault: no other node would take it.
    BadRequest,
    /// Voucher or channel do not cover it.
    Unpaid,
    /// Sealed to a key that is gone: fetch the node's keys and seal anew.
    WrongKey,
    /// This encapsulation was seen before.
    Replayed,
    /// The engine failed.
    Engine,
    /// The sequencer cancelled it.
    Cancelled,
}

#[cfg(test)]
mod tests;
