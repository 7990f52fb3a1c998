//! A model read from disk.

use std::path::{Path, PathBuf};

use atoma_engine::Manifest;

use crate::decoder::Decoder;
use crate::template::{ChatTemplate, TemplateError};
use crate::tokenizer::{ModelTokenizer, TokenizerError};
use crate::{folder, gguf};

/// A model that is ready to answer.
#[derive(Debug)]
pub struct LoadedModel {
    /// What the files call it.
    pub name: String,
    /// The transformer.
    pub decoder: Decoder,
    /// Text to tokens and back.
    pub tokenizer: ModelTokenizer,
    /// A conversation to text.
    pub template: ChatTemplate,
    /// Tokens that end an answer.
    pub end_tokens: Vec<u32>,
    /// The files, by content.
    pub manifest: Manifest,
}

/// Why a model cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LoadError {
    /// A file cannot be read.
    #[error("cannot read {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        cause: std::io::Error,
    },
    /// The path is neither a GGUF file nor a model folder.
    #[error("{} is neither a GGUF file nor a folder with config.json", path.display())]
    NotAModel {
        /// The path.
        path: PathBuf,
    },
    /// A file is cut off or not what it says it is.
    #[error("{what} is damaged")]
    Damaged {
        /// The file or part of it.
        what: String,
        /// Why.
        #[source]
        cause: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A value that every model has is missing.
    #[error("the model lacks `{key}`")]
    Missing {
        /// The value.
        key: String,
    },
    /// A value makes no sense.
    #[error("the model's {key} is not usable: {reason}")]
    BadValue {
        /// The value.
        key: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A tensor has another shape than the model's sizes say.
    #[error("tensor `{name}` has shape {found:?}, not {expected:?}")]
    BadShape {
        /// The tensor.
        name: String,
        /// What the sizes say.
        expected: Vec<usize>,
        /// What it has.
        found: Vec<usize>,
    },
    /// The model needs something this engine does not have.
    #[error("this engine does not support {what}")]
    Unsupported {
        /// What the model needs.
        what: String,
    },
    /// The tokenizer cannot be used.
    #[error("the model's tokenizer is not usable")]
    Tokenizer(#[from] TokenizerError),
    /// The chat template cannot be used.
    #[error("the model's chat template is not usable")]
    Template(#[from] TemplateError),
    /// A computation with the weights failed.
    #[error("the model's weights are not usable")]
    Weights(#[from] candle_core::Error),
    /// The loader met data it has no error for.
    #[error("the model's data made the loader fail")]
    Panicked,
}

impl LoadError {
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + use<'_> {
        move |cause| Self::Io {
            path: path.to_owned(),
            cause,
        }
    }

    pub(crate) fn damaged(
        what: impl Into<String>,
    ) -> impl FnOnce(Box<dyn std::error::Error + Send + Sync>) -> Self {
        move |cause| Self::Damaged {
            what: what.into(),
            cause,
        }
    }

    pub(crate) fn missing(key: impl Into<String>) -> Self {
        Self::Missing { key: key.into() }
    }

    pub(crate) fn bad_value(key: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::BadValue {
            key: key.into(),
            reason: reason.into(),
        }
    }

    pub(crate) fn unsupported(what: impl Into<String>) -> Self {
        Self::Unsupported { what: what.into() }
    }
}

impl LoadedModel {
    /// Loads a GGUF file or a model folder; contexts longer than `max_context` tokens are cut to it.
    ///
    /// Reads every byte of the model, some of them twice. Runs on a thread of its own, so that data which makes a
    /// library panic is an error here and not the end of the process.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(path: &Path, max_context: usize) -> Result<Self, LoadError> {
        let path = path.to_owned();
        std::thread::Builder::new()
            .name("load-model".to_owned())
            .spawn(move || Self::load_here(&path, max_context))
            .map_err(LoadError::io(Path::new("a new thread")))?
            .join()
            .unwrap_or(Err(LoadError::Panicked))
    }

    fn load_here(path: &Path, max_context: usize) -> Result<Self, LoadError> {
        let metadata = std::fs::metadata(path).map_err(LoadError::io(path))?;
        if metadata.is_dir() {
            if path.join(folder::CONFIG_FILE).is_file() {
                return folder::load(path, max_context);
            }
        } else if gguf::is_gguf(path)? {
            return gguf::load(path, max_context);
        }
        Err(LoadError::NotAModel {
            path: path.to_owned(),
        })
    }
}
