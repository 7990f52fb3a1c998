//! The engine trait, a scripted engine for tests and an OpenAI-compatible HTTP upstream.
//!
//! An engine turns a chat request into tokens and counts them. It knows nothing of channels, prices or keys: whoever
//! meters and signs (the node's enclave) reads the counts from the stream.
//!
//! - [`engine`]: [`Engine`] and [`GenerateRequest`].
//! - [`delta`]: [`DeltaStream`], the events of one answer.
//! - [`model`]: [`ModelInfo`] and the manifest that gives a model its hash.
//! - [`error`]: [`EngineError`], and what an API caller sees of it.
//! - [`request`]: what of a request an engine without tools and formats must refuse.
//! - [`stop`]: stop sequences over token boundaries.
//! - [`scripted`]: [`ScriptedEngine`], whose model's name picks what happens.
//! - [`upstream`]: [`UpstreamEngine`], any OpenAI-compatible server.
//! - [`http`]: HTTP clients with the TLS provider this project uses.

pub mod delta;
pub mod engine;
pub mod error;
pub mod http;
pub mod model;
pub mod request;
pub mod scripted;
pub mod stop;
pub mod upstream;

pub use delta::{Completion, Delta, DeltaStream, Event, Finish};
pub use engine::{Engine, GenerateRequest};
pub use error::EngineError;
pub use model::{Manifest, ManifestFile, Modality, ModelInfo};
pub use scripted::ScriptedEngine;
pub use upstream::{UpstreamConfig, UpstreamEngine};
