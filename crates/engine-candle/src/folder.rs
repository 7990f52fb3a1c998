//! Model folders as Hugging Face lays them out: `config.json`, safetensors, `tokenizer.json`, chat template.
//!
//! - [`config`]: `config.json` and its neighbours.
//! - [`weights`]: safetensors by their place in the decoder.

pub mod config;
pub mod weights;

use std::path::{Path, PathBuf};

use atoma_engine::{Manifest, ManifestFile};
use serde::de::DeserializeOwned;
use tokenizers::Tokenizer;

use crate::decoder::Decoder;
use crate::load::{LoadError, LoadedModel};
use crate::template::ChatTemplate;
use crate::tokenizer::{ModelTokenizer, TokenizerError};
use config::{GenerationConfig, ModelConfig, TokenizerConfig};
use weights::FolderWeights;

/// Sizes and constants; a folder with this file is a model folder.
pub const CONFIG_FILE: &str = "config.json";
/// What the model's authors recommend for generation; may be missing.
pub const GENERATION_CONFIG_FILE: &str = "generation_config.json";
/// The tokenizer.
pub const TOKENIZER_FILE: &str = "tokenizer.json";
/// Special tokens, and in most models the chat template.
pub const TOKENIZER_CONFIG_FILE: &str = "tokenizer_config.json";
/// The chat template, where it has a file of its own.
pub const TEMPLATE_FILE: &str = "chat_template.jinja";
/// How the names of files with weights end.
pub const WEIGHTS_EXTENSION: &str = "safetensors";
/// The longest of the small files, in bytes.
const MAX_SMALL_FILE_BYTES: u64 = 256 << 20;
/// The most files with weights.
const MAX_WEIGHT_FILES: usize = 1_024;

/// Loads a model folder.
///
/// # Errors
/// [`LoadError`].
pub(crate) fn load(folder: &Path, max_context: usize) -> Result<LoadedModel, LoadError> {
    let config: ModelConfig = read_json(&folder.join(CONFIG_FILE))?;
    let tokenizer_config: TokenizerConfig =
        read_optional_json(&folder.join(TOKENIZER_CONFIG_FILE))?.unwrap_or_default();
    let generation: GenerationConfig =
        read_optional_json(&folder.join(GENERATION_CONFIG_FILE))?.unwrap_or_default();
    let mut decoder_config = config.decoder()?;
    decoder_config.context_length = decoder_config.context_length.min(max_context);
    decoder_config.validate()?;

    let tokenizer_file = read_small(&folder.join(TOKENIZER_FILE))?;
    let tokenizer = Tokenizer::from_bytes(&tokenizer_file).map_err(TokenizerError::new)?;
    let tokenizer = ModelTokenizer::new(tokenizer)?;
    if tokenizer.size() > decoder_config.vocabulary {
        return Err(LoadError::bad_value(
            "vocab_size",
            "the tokenizer has more tokens than the weights",
        ));
    }
    let end_text = tokenizer_config.end_token();
    let mut end_tokens = config.end_tokens();
    end_tokens.extend(generation.end_tokens());
    end_tokens.extend(tokenizer.special(end_text));
    end_tokens.sort_unstable();
    end_tokens.dedup();
    if end_tokens.is_empty() {
        return Err(LoadError::missing("eos_token_id"));
    }

    let template_file = folder.join(TEMPLATE_FILE);
    let template = if template_file.is_file() {
        String::from_utf8(read_small(&template_file)?)
            .map_err(|cause| LoadError::damaged(TEMPLATE_FILE)(cause.into()))?
    } else {
        tokenizer_config
            .chat_template()
            .ok_or_else(|| LoadError::missing("chat_template"))?
            .to_owned()
    };
    let template = ChatTemplate::new(&template, tokenizer_config.beginning_token(), end_text)?;

    let files = weight_files(folder)?;
    let decoder = Decoder::load(decoder_config, &mut FolderWeights::read(&files)?)?;
    let manifest = manifest(folder, &files)?;
    let name = folder.canonicalize().ok().and_then(|full| {
        full.file_name()
            .map(|name| name.to_string_lossy().into_owned())
    });
    let name = name.unwrap_or_else(|| "model".to_owned());
    Ok(LoadedModel {
        name,
        decoder,
        tokenizer,
        template,
        end_tokens,
        manifest,
    })
}

/// The folder's files with weights, sorted by name.
fn weight_files(folder: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(LoadError::io(folder))? {
        let path = entry.map_err(LoadError::io(folder))?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == WEIGHTS_EXTENSION)
        {
            files.push(path);
        }
    }
    files.sort();
    match files.len() {
        0 => Err(LoadError::missing("*.safetensors")),
        1..=MAX_WEIGHT_FILES => Ok(files),
        many => Err(LoadError::bad_value(
            "weights",
            format!("{many} files are too many"),
        )),
    }
}

fn manifest(folder: &Path, weights: &[PathBuf]) -> Result<Manifest, LoadError> {
    let small = [
        CONFIG_FILE,
        GENERATION_CONFIG_FILE,
        TOKENIZER_FILE,
        TOKENIZER_CONFIG_FILE,
        TEMPLATE_FILE,
    ];
    let small = small
        .iter()
        .map(|name| folder.join(name))
        .filter(|path| path.is_file());
    let entries = small.chain(weights.iter().cloned()).map(|path| {
        let file = std::fs::File::open(&path).map_err(LoadError::io(&path))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        ManifestFile::read(name, file).map_err(LoadError::io(&path))
    });
    Ok(Manifest::new(entries.collect::<Result<_, _>>()?))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, LoadError> {
    serde_json::from_slice(&read_small(path)?)
        .map_err(|cause| LoadError::damaged(path.display().to_string())(cause.into()))
}

fn read_optional_json<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, LoadError> {
    if path.is_file() {
        read_json(path).map(Some)
    } else {
        Ok(None)
    }
}

fn read_small(path: &Path) -> Result<Vec<u8>, LoadError> {
    let size = std::fs::metadata(path).map_err(LoadError::io(path))?.len();
    if size > MAX_SMALL_FILE_BYTES {
        let name = path.display().to_string();
        return Err(LoadError::bad_value(
            name,
            format!("{size} bytes are too many for this file"),
        ));
    }
    std::fs::read(path).map_err(LoadError::io(path))
}
