//! The embedded CPU engine: small open models in this process, without a GPU and without another program.
//!
//! It loads a GGUF file, or a folder with `config.json`, safetensors and `tokenizer.json`, of the Llama, Qwen2 and
//! Qwen3 architectures.
//!
//! - [`engine`]: [`CandleEngine`], the engine over a pool of threads.
//! - [`load`]: a model read from disk, and [`LoadError`].
//! - [`decoder`]: the transformer itself.
//! - [`gguf`]: GGUF files: metadata, tokenizer, weights.
//! - [`folder`]: model folders as Hugging Face lays them out.
//! - [`tokenizer`]: text to tokens and back, one token at a time.
//! - [`template`]: chat templates.
//! - [`sampler`]: choosing the next token.
//! - [`hub`]: getting a model from a Hugging Face server.
//! - `testing`: a tiny model with random weights (feature `testing`).

pub mod decoder;
pub mod engine;
pub mod folder;
mod generation;
pub mod gguf;
pub mod hub;
pub mod load;
pub mod sampler;
pub mod template;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokenizer;
mod worker;

pub use engine::{CandleEngine, EngineOptions};
pub use hub::{Hub, HubError, ModelSource};
pub use load::{LoadError, LoadedModel};
