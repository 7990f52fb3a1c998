//! GGUF files: one file with metadata, tokenizer, chat template and quantised weights.
//!
//! - [`metadata`]: typed access to the file's values.
//! - [`tokenizer`]: the byte-level BPE tokenizer built from them.
//! - [`weights`]: its tensors by their place in the decoder.

pub mod metadata;
pub mod tokenizer;
pub mod weights;

use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use atoma_engine::{Manifest, ManifestFile};
use candle_core::quantized::gguf_file::Content;

use crate::decoder::{Decoder, DecoderConfig, Part, RopeStyle};
use crate::load::{LoadError, LoadedModel};
use crate::template::ChatTemplate;
use metadata::Metadata;
use weights::GgufWeights;

/// What a GGUF file begins with.
pub const MAGIC: [u8; 4] = *b"GGUF";
/// The file's name in the model's manifest, whatever it is called on disk.
pub const MANIFEST_NAME: &str = "model.gguf";
/// The alignment key; a value of zero would divide by zero in the reader.
const ALIGNMENT: &str = "general.alignment";

/// Whether a file begins as a GGUF file does.
///
/// # Errors
/// [`LoadError::Io`].
pub fn is_gguf(path: &Path) -> Result<bool, LoadError> {
    let mut magic = Vec::new();
    let file = File::open(path).map_err(LoadError::io(path))?;
    file.take(4)
        .read_to_end(&mut magic)
        .map_err(LoadError::io(path))?;
    Ok(magic == MAGIC)
}

/// Loads a GGUF file.
///
/// # Errors
/// [`LoadError`].
pub(crate) fn load(path: &Path, max_context: usize) -> Result<LoadedModel, LoadError> {
    let mut file = File::open(path).map_err(LoadError::io(path))?;
    let entry = ManifestFile::read(MANIFEST_NAME, &mut file).map_err(LoadError::io(path))?;
    file.seek(SeekFrom::Start(0)).map_err(LoadError::io(path))?;
    let mut reader = BufReader::new(file);
    let content = Content::read(&mut reader)
        .map_err(|cause| LoadError::damaged(path.display().to_string())(cause.into()))?;
    let metadata = Metadata::new(&content);
    if metadata.optional_size(ALIGNMENT)? == Some(0) {
        return Err(LoadError::bad_value(ALIGNMENT, "it is zero"));
    }
    let architecture = metadata.text("general.architecture")?.to_owned();
    let mut config = decoder_config(&metadata, &architecture, &content)?;
    config.context_length = config.context_length.min(max_context);
    config.validate()?;
    let name = match metadata.optional_text("general.name")? {
        Some(name) => name.to_owned(),
        None => path.file_stem().map_or_else(
            || "model".to_owned(),
            |stem| stem.to_string_lossy().into_owned(),
        ),
    };
    let tokenizer = tokenizer::build(&metadata)?;
    if tokenizer.size() > config.vocabulary {
        return Err(LoadError::bad_value(
            "vocabulary size",
            "the tokenizer has more tokens than the weights",
        ));
    }
    let end_tokens = tokenizer::end_tokens(&metadata, &tokenizer)?;
    let text_of = |key: &str| -> Result<String, LoadError> {
        let id = metadata.optional_token(key)?;
        Ok(id.and_then(|id| tokenizer.token(id)).unwrap_or_default())
    };
    let template = metadata
        .optional_text("tokenizer.chat_template")?
        .ok_or_else(|| LoadError::missing("tokenizer.chat_template"))?;
    let template = ChatTemplate::new(
        template,
        &text_of("tokenizer.ggml.bos_token_id")?,
        &text_of("tokenizer.ggml.eos_token_id")?,
    )?;
    let decoder = Decoder::load(config, &mut GgufWeights::new(&content, &mut reader))?;
    Ok(LoadedModel {
        name,
        decoder,
        tokenizer,
        template,
        end_tokens,
        manifest: Manifest::new(vec![entry]),
    })
}

fn decoder_config(
    metadata: &Metadata<'_>,
    architecture: &str,
    content: &Content,
) -> Result<DecoderConfig, LoadError> {
    let (rope_style, attention_bias, head_norms) = match architecture {
        "llama" => (RopeStyle::Interleaved, false, false),
        "qwen2" => (RopeStyle::Halves, true, false),
        "qwen3" => (RopeStyle::Halves, false, true),
        other => {
            return Err(LoadError::unsupported(format!(
                "the architecture `{other}`"
            )));
        }
    };
    let key = |name: &str| format!("{architecture}.{name}");
    if metadata.optional_size(&key("expert_count"))?.unwrap_or(0) > 1 {
        return Err(LoadError::unsupported("mixtures of experts"));
    }
    match metadata.optional_text(&key("rope.scaling.type"))? {
        None | Some("none") => {}
        Some(other) => {
            return Err(LoadError::unsupported(format!(
                "rope scaling of type `{other}`"
            )));
        }
    }
    let heads = metadata.size(&key("attention.head_count"))?;
    let hidden_size = metadata.size(&key("embedding_length"))?;
    let head_size = match metadata.optional_size(&key("attention.key_length"))? {
        Some(size) => size,
        None => hidden_size
            .checked_div(heads)
            .ok_or_else(|| LoadError::bad_value("head count", "it is zero"))?,
    };
    for (name, default) in [
        ("attention.value_length", head_size),
        ("rope.dimension_count", head_size),
    ] {
        if metadata.optional_size(&key(name))?.unwrap_or(default) != head_size {
            return Err(LoadError::unsupported(format!(
                "a {name} other than the head size"
            )));
        }
    }
    // The embedding's first dimension is the vocabulary that the weights have, padding included.
    let vocabulary = content
        .tensor_infos
        .get(&weights::name_of(&Part::Embedding))
        .and_then(|info| info.shape.dims().first().copied())
        .ok_or_else(|| LoadError::missing(weights::name_of(&Part::Embedding)))?;
    Ok(DecoderConfig {
        vocabulary,
        hidden_size,
        feed_forward_size: metadata.size(&key("feed_forward_length"))?,
        layers: metadata.size(&key("block_count"))?,
        heads,
        key_value_heads: metadata
            .optional_size(&key("attention.head_count_kv"))?
            .unwrap_or(heads),
        head_size,
        context_length: metadata.size(&key("context_length"))?,
        norm_epsilon: metadata.float(&key("attention.layer_norm_rms_epsilon"))?,
        rope_theta: metadata
            .optional_float(&key("rope.freq_base"))?
            .unwrap_or(10_000.0),
        rope_style,
        rope_scaling: crate::decoder::rope::RopeScaling::None,
        attention_bias,
        head_norms,
    })
}
