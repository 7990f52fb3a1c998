//! `POST /v1/chat/completions`.
//!
//! - [`request`]: what a caller sends.
//! - [`message`]: a message of a conversation.
//! - [`response`]: the whole answer.
//! - [`chunk`]: one event of a streamed answer.
//! - [`collect`]: puts a streamed answer together.
//! - [`logprobs`]: log-probabilities of sampled tokens.

pub mod chunk;
pub mod collect;
pub mod logprobs;
pub mod message;
pub mod request;
pub mod response;

pub use chunk::{ChatChunk, ChunkChoice, ChunkDelta};
pub use collect::{ChatCollector, CollectError};
pub use logprobs::{ChoiceLogprobs, TokenLogprob, TopLogprob};
pub use message::{Content, ContentPart, Message, NotText, Role};
pub use request::{ChatRequest, Stop, StreamOptions};
pub use response::{ChatResponse, Choice, FinishReason};

#[cfg(test)]
mod tests;
