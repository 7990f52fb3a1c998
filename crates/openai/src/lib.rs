//! OpenAI request, response, stream and error shapes.
//!
//! Everything that speaks the OpenAI API (sequencer, sidecar, HTTP upstream, SDK) uses these types, so that a shape is
//! written once. Fields this crate does not know are kept and passed on, never dropped.
//!
//! - [`chat`]: `POST /v1/chat/completions`: request, response and stream chunk.
//! - [`models`]: `GET /v1/models`.
//! - [`usage`]: token counts as the API reports them.
//! - [`error`]: the error body and [`ApiError`], which carries status, body and `Retry-After`.
//! - [`validate`]: limits of a request, checked before any work is done for it.
//! - [`extract`]: [`OpenAiJson`], a JSON body extractor whose rejections have the OpenAI shape.
//! - [`sse`]: framing of server-sent events, both directions.

pub mod chat;
pub mod error;
pub mod extract;
pub mod models;
pub mod sse;
pub mod usage;
pub mod validate;

pub use chat::{ChatChunk, ChatRequest, ChatResponse, Content, FinishReason, Message, Role};
pub use error::{ApiError, ErrorBody};
pub use extract::OpenAiJson;
pub use models::{Model, ModelList};
pub use usage::Usage;
pub use validate::RequestLimits;

/// Fields of an object that this crate has no name for, in the order in which they came.
pub type Extra = serde_json::Map<String, serde_json::Value>;
