//! A tiny model with random weights, made on the spot: for tests of whoever uses this engine.
//!
//! It speaks nonsense, the same nonsense every time.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use ahash::AHashSet;
use candle_core::quantized::gguf_file::{self, Value};
use candle_core::quantized::{GgmlDType, QTensor};
use candle_core::{Device, Tensor};
use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};
use serde_json::json;
use tokenizers::decoders::byte_level::ByteLevel;
use tokenizers::models::TrainerWrapper;
use tokenizers::models::bpe::{BPE, BpeTrainer};
use tokenizers::pre_tokenizers::digits::Digits;
use tokenizers::pre_tokenizers::sequence::Sequence;
use tokenizers::{AddedToken, PreTokenizerWrapper, Tokenizer};

use crate::decoder::Part;
use crate::{folder, gguf};

/// The tiny model's context in tokens.
pub const CONTEXT_LENGTH: usize = 512;
/// Its chat template.
pub const TEMPLATE: &str = "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

/// Tokens of the vocabulary, the largest a training on so little text may reach.
const VOCABULARY: usize = 400;
const HIDDEN: usize = 64;
const FEED_FORWARD: usize = 96;
const LAYERS: usize = 2;
const HEADS: usize = 4;
const KEY_VALUE_HEADS: usize = 2;
const HEAD: usize = HIDDEN / HEADS;
const EPSILON: f32 = 1e-5;
const THETA: f32 = 10_000.0;
const SPECIAL: [&str; 3] = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"];
const BEGINNING: u32 = 1;
const END: u32 = 2;
const TEXT: &str = "the quick brown fox jumps over the lazy dog while thirty wise cats watch from the warm window \
                    and nobody between them can read what they say because every word is sealed and paid for";

/// A tiny model in both of its forms.
#[derive(Debug, Clone)]
pub struct TinyModel {
    /// A folder with `config.json`, safetensors, tokenizer and template.
    pub folder: PathBuf,
    /// The same weights and tokenizer as one GGUF file, unquantised.
    pub gguf: PathBuf,
}

/// A tiny model cannot be written.
pub type TestingError = Box<dyn std::error::Error + Send + Sync>;

/// Writes a tiny model with random weights below `dir`, as a folder and as a GGUF file; under a megabyte, the same
/// bytes every time.
///
/// # Errors
/// The files cannot be written.
pub fn tiny_model(dir: &Path) -> Result<TinyModel, TestingError> {
    let model = TinyModel {
        folder: dir.join("tiny"),
        gguf: dir.join("tiny.gguf"),
    };
    std::fs::create_dir_all(&model.folder)?;
    let tokenizer = tiny_tokenizer();
    let weights = Weights::random()?;
    write_folder(&model.folder, &tokenizer, &weights)?;
    write_gguf(&model.gguf, &tokenizer, &weights)?;
    Ok(model)
}

/// The tiny model's tokenizer: byte-level BPE, trained on the spot.
///
/// # Panics
/// Never: its training text is fixed.
#[must_use]
pub fn tiny_tokenizer() -> Tokenizer {
    let mut tokenizer = Tokenizer::new(BPE::default());
    let words: PreTokenizerWrapper = ByteLevel::new(false, true, true).into();
    tokenizer.with_pre_tokenizer(Some(Sequence::new(vec![Digits::new(true).into(), words])));
    tokenizer.with_decoder(Some(ByteLevel::new(false, false, true)));
    let alphabet: AHashSet<char> = ByteLevel::alphabet();
    let trainer = BpeTrainer::builder()
        .vocab_size(VOCABULARY)
        .min_frequency(1)
        .show_progress(false)
        .initial_alphabet(alphabet.into_iter().collect())
        .special_tokens(
            SPECIAL
                .iter()
                .map(|name| AddedToken::from(*name, true))
                .collect(),
        )
        .build();
    tokenizer
        .train(
            &mut TrainerWrapper::from(trainer),
            TEXT.split_inclusive(' ').map(str::to_owned),
        )
        .expect("training on a fixed text cannot fail");
    tokenizer
}

/// Random weights, in the layout of model folders.
struct Weights {
    tensors: Vec<(Part, Tensor)>,
}

impl Weights {
    fn random() -> Result<Self, candle_core::Error> {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let mut tensors = Vec::new();
        let mut matrix = |part: Part, rows: usize, columns: usize| {
            let values = (0..rows * columns)
                .map(|_| small_number(&mut rng))
                .collect::<Vec<f32>>();
            Tensor::from_vec(values, (rows, columns), &Device::Cpu)
                .map(|tensor| tensors.push((part, tensor)))
        };
        matrix(Part::Embedding, VOCABULARY, HIDDEN)?;
        matrix(Part::Output, VOCABULARY, HIDDEN)?;
        for layer in 0..LAYERS {
            matrix(Part::Query(layer), HIDDEN, HIDDEN)?;
            matrix(Part::Key(layer), KEY_VALUE_HEADS * HEAD, HIDDEN)?;
            matrix(Part::Value(layer), KEY_VALUE_HEADS * HEAD, HIDDEN)?;
            matrix(Part::AttentionOutput(layer), HIDDEN, HIDDEN)?;
            matrix(Part::Gate(layer), FEED_FORWARD, HIDDEN)?;
            matrix(Part::Up(layer), FEED_FORWARD, HIDDEN)?;
            matrix(Part::Down(layer), HIDDEN, FEED_FORWARD)?;
        }
        let ones = Tensor::ones(HIDDEN, candle_core::DType::F32, &Device::Cpu)?;
        tensors.push((Part::OutputNorm, ones.clone()));
        for layer in 0..LAYERS {
            tensors.push((Part::AttentionNorm(layer), ones.clone()));
            tensors.push((Part::FeedForwardNorm(layer), ones.clone()));
        }
        Ok(Self { tensors })
    }
}

/// A number from -0.25 to 0.25.
fn small_number(rng: &mut ChaCha20Rng) -> f32 {
    let byte = rng.next_u32().to_le_bytes()[0];
    (f32::from(byte) - 127.5) / 510.0
}

fn write_folder(
    folder: &Path,
    tokenizer: &Tokenizer,
    weights: &Weights,
) -> Result<(), TestingError> {
    let config = json!({
        "model_type": "llama", "vocab_size": VOCABULARY, "hidden_size": HIDDEN, "intermediate_size": FEED_FORWARD,
        "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "num_key_value_heads": KEY_VALUE_HEADS,
        "max_position_embeddings": CONTEXT_LENGTH, "rms_norm_eps": EPSILON, "rope_theta": THETA,
        "hidden_act": "silu", "bos_token_id": BEGINNING, "eos_token_id": END,
    });
    std::fs::write(
        folder.join(folder::CONFIG_FILE),
        serde_json::to_vec_pretty(&config)?,
    )?;
    let tokenizer_config = json!({
        "chat_template": TEMPLATE, "bos_token": SPECIAL[1], "eos_token": {"content": SPECIAL[2]},
    });
    std::fs::write(
        folder.join(folder::TOKENIZER_CONFIG_FILE),
        serde_json::to_vec_pretty(&tokenizer_config)?,
    )?;
    tokenizer.save(folder.join(folder::TOKENIZER_FILE), false)?;
    let tensors: HashMap<String, Tensor> = weights
        .tensors
        .iter()
        .map(|(part, tensor)| (folder::weights::name_of(part), tensor.clone()))
        .collect();
    candle_core::safetensors::save(&tensors, folder.join("model.safetensors"))?;
    Ok(())
}

fn write_gguf(path: &Path, tokenizer: &Tokenizer, weights: &Weights) -> Result<(), TestingError> {
    let metadata = gguf_metadata(tokenizer)?;
    let metadata: Vec<(&str, &Value)> = metadata.iter().map(|(key, value)| (*key, value)).collect();
    let tensors = weights
        .tensors
        .iter()
        .map(|(part, tensor)| {
            let tensor = match part {
                Part::Query(_) => interleaved(tensor, HEADS)?,
                Part::Key(_) => interleaved(tensor, KEY_VALUE_HEADS)?,
                _ => tensor.clone(),
            };
            Ok((
                gguf::weights::name_of(part),
                QTensor::quantize(&tensor, GgmlDType::F32)?,
            ))
        })
        .collect::<Result<Vec<_>, candle_core::Error>>()?;
    let tensors: Vec<(&str, &QTensor)> = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), tensor))
        .collect();
    let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
    gguf_file::write(&mut file, &metadata, &tensors)?;
    std::io::Write::flush(&mut file)?;
    Ok(())
}

/// The rows of a query or key matrix in the order in which Llama's GGUF files have them: halves become neighbours.
fn interleaved(matrix: &Tensor, heads: usize) -> Result<Tensor, candle_core::Error> {
    let (rows, columns) = matrix.dims2()?;
    matrix
        .reshape((heads, 2, rows / heads / 2, columns))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((rows, columns))
}

fn gguf_metadata(tokenizer: &Tokenizer) -> Result<Vec<(&'static str, Value)>, TestingError> {
    let text = |text: &str| Value::String(text.to_owned());
    let number = |number: usize| u32::try_from(number).map(Value::U32);
    let written: serde_json::Value = serde_json::from_str(&tokenizer.to_string(false)?)?;
    let mut tokens: Vec<(u64, String)> = written["model"]["vocab"]
        .as_object()
        .ok_or("the tokenizer has no vocabulary")?
        .iter()
        .map(|(token, number)| (number.as_u64().unwrap_or_default(), token.clone()))
        .collect();
    tokens.sort();
    let types = tokens.iter().map(|(_, token)| {
        Value::I32(if SPECIAL.contains(&token.as_str()) {
            3
        } else {
            1
        })
    });
    let types = Value::Array(types.collect());
    let merges = written["model"]["merges"]
        .as_array()
        .ok_or("the tokenizer has no merges")?
        .iter()
        .map(|merge| {
            let side = |place: usize| merge[place].as_str().unwrap_or_default().to_owned();
            Value::String(format!("{} {}", side(0), side(1)))
        });
    let merges = Value::Array(merges.collect());
    Ok(vec![
        ("general.architecture", text("llama")),
        ("general.name", text("tiny")),
        ("llama.block_count", number(LAYERS)?),
        ("llama.context_length", number(CONTEXT_LENGTH)?),
        ("llama.embedding_length", number(HIDDEN)?),
        ("llama.feed_forward_length", number(FEED_FORWARD)?),
        ("llama.attention.head_count", number(HEADS)?),
        ("llama.attention.head_count_kv", number(KEY_VALUE_HEADS)?),
        (
            "llama.attention.layer_norm_rms_epsilon",
            Value::F32(EPSILON),
        ),
        ("llama.rope.dimension_count", number(HEAD)?),
        ("llama.rope.freq_base", Value::F32(THETA)),
        ("tokenizer.ggml.model", text("gpt2")),
        ("tokenizer.ggml.pre", text("smollm")),
        (
            "tokenizer.ggml.tokens",
            Value::Array(
                tokens
                    .into_iter()
                    .map(|(_, token)| Value::String(token))
                    .collect(),
            ),
        ),
        ("tokenizer.ggml.token_type", types),
        ("tokenizer.ggml.merges", merges),
        ("tokenizer.ggml.bos_token_id", Value::U32(BEGINNING)),
        ("tokenizer.ggml.eos_token_id", Value::U32(END)),
        ("tokenizer.chat_template", text(TEMPLATE)),
    ])
}
