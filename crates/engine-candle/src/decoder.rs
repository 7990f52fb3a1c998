//! The transformer: one decoder for the Llama, Qwen2 and Qwen3 architectures, quantised or not.
//!
//! - [`config`]: sizes and constants, checked.
//! - [`weights`]: where tensors come from.
//! - [`rope`]: rotary position embedding.

pub mod config;
pub mod rope;
pub mod weights;

use candle_core::{Device, Result, Tensor};
use candle_nn::kv_cache::KvCache;
use candle_nn::ops::{rms_norm, silu, softmax_last_dim};

pub use config::DecoderConfig;
pub use rope::RopeStyle;
pub use weights::{Part, TensorSource};

use crate::load::LoadError;
use rope::Rope;
use weights::Projection;

/// Positions by which a cache of keys and values grows.
const CACHE_STEP: usize = 256;

/// The weights of a model; cheap to share between threads, every request has its own [`Cache`].
#[derive(Debug)]
pub struct Decoder {
    config: DecoderConfig,
    embedding: Projection,
    layers: Vec<Layer>,
    final_norm: Tensor,
    output: Projection,
    rope: Rope,
}

/// Keys and values of one request's tokens so far.
#[derive(Debug)]
pub struct Cache {
    layers: Vec<KvCache>,
    length: usize,
}

#[derive(Debug)]
struct Layer {
    attention_norm: Tensor,
    query: Projection,
    key: Projection,
    value: Projection,
    output: Projection,
    query_norm: Option<Tensor>,
    key_norm: Option<Tensor>,
    feed_forward_norm: Tensor,
    gate: Projection,
    up: Projection,
    down: Projection,
}

impl Decoder {
    /// Reads a model's weights.
    ///
    /// # Errors
    /// [`LoadError`]: a tensor is missing, or has another shape than the configuration says.
    pub fn load(
        config: DecoderConfig,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Self, LoadError> {
        let rope = Rope::new(&config, source)?;
        let hidden = config.hidden_size;
        let embedding = source.matrix(&Part::Embedding, config.vocabulary, hidden)?;
        let output = if source.has(&Part::Output) {
            source.matrix(&Part::Output, config.vocabulary, hidden)?
        } else {
            embedding.clone()
        };
        let final_norm = source.vector(&Part::OutputNorm, hidden)?;
        let layers = (0..config.layers)
            .map(|index| Layer::load(&config, index, source))
            .collect::<std::result::Result<_, _>>()?;
        Ok(Self {
            config,
            embedding,
            layers,
            final_norm,
            output,
            rope,
        })
    }

    /// Sizes and constants.
    #[must_use]
    pub fn config(&self) -> &DecoderConfig {
        &self.config
    }

    /// An empty cache for one request.
    #[must_use]
    pub fn cache(&self) -> Cache {
        Cache {
            layers: self
                .layers
                .iter()
                .map(|_| KvCache::new(2, CACHE_STEP))
                .collect(),
            length: 0,
        }
    }

    /// Reads tokens that follow those in the cache.
    ///
    /// # Errors
    /// A token is not in the vocabulary, or the context is full.
    pub fn read(&self, tokens: &[u32], cache: &mut Cache) -> Result<()> {
        self.run(tokens, cache).map(drop)
    }

    /// Reads tokens that follow those in the cache, and gives the logits of what comes next, one a token of the
    /// vocabulary.
    ///
    /// # Errors
    /// No token is given, a token is not in the vocabulary, or the context is full.
    pub fn predict(&self, tokens: &[u32], cache: &mut Cache) -> Result<Vec<f32>> {
        let states = self.run(tokens, cache)?;
        let last = states.narrow(0, tokens.len() - 1, 1)?;
        let normed = rms_norm(
            &last.contiguous()?,
            &self.final_norm,
            self.config.norm_epsilon,
        )?;
        self.output.forward(&normed)?.flatten_all()?.to_vec1()
    }

    fn run(&self, tokens: &[u32], cache: &mut Cache) -> Result<Tensor> {
        let (count, position) = (tokens.len(), cache.length);
        if count == 0 {
            candle_core::bail!("no tokens to read")
        }
        if position + count > self.config.context_length {
            candle_core::bail!(
                "the context of {} tokens is full",
                self.config.context_length
            )
        }
        if tokens.iter().any(|token| {
            usize::try_from(*token).map_or(true, |token| token >= self.config.vocabulary)
        }) {
            candle_core::bail!(
                "a token is not in the vocabulary of {}",
                self.config.vocabulary
            )
        }
        let mut states = self.embedding.rows(&Tensor::new(tokens, &Device::Cpu)?)?;
        let mask = if count == 1 {
            None
        } else {
            Some(causal_mask(count, position)?)
        };
        let (cos, sin) = self.rope.at(position, count)?;
        for (layer, cache) in self.layers.iter().zip(&mut cache.layers) {
            states = layer.forward(&self.config, &states, mask.as_ref(), (&cos, &sin), cache)?;
        }
        cache.length = position + count;
        Ok(states)
    }
}

impl Cache {
    /// Tokens read so far.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }
}

impl Layer {
    fn load(
        config: &DecoderConfig,
        index: usize,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Self, LoadError> {
        let hidden = config.hidden_size;
        let (queries, keys) = (
            config.heads * config.head_size,
            config.key_value_heads * config.head_size,
        );
        let mut projection = |part: Part, bias: Option<Part>, out: usize, input: usize| {
            let matrix = source.matrix(&part, out, input)?;
            match bias {
                Some(bias) if config.attention_bias => {
                    Ok(matrix.with_bias(source.vector(&bias, out)?))
                }
                _ => Ok::<_, LoadError>(matrix),
            }
        };
        let query = projection(
            Part::Query(index),
            Some(Part::QueryBias(index)),
            queries,
            hidden,
        )?;
        let key = projection(Part::Key(index), Some(Part::KeyBias(index)), keys, hidden)?;
        let value = projection(
            Part::Value(index),
            Some(Part::ValueBias(index)),
            keys,
            hidden,
        )?;
        let output = projection(Part::AttentionOutput(index), None, hidden, queries)?;
        let gate = projection(Part::Gate(index), None, config.feed_forward_size, hidden)?;
        let up = projection(Part::Up(index), None, config.feed_forward_size, hidden)?;
        let down = projection(Part::Down(index), None, hidden, config.feed_forward_size)?;
        let mut head_norm = |part: Part| {
            if config.head_norms {
                source.vector(&part, config.head_size).map(Some)
            } else {
                Ok(None)
            }
        };
        let query_norm = head_norm(Part::QueryNorm(index))?;
        let key_norm = head_norm(Part::KeyNorm(index))?;
        Ok(Self {
            attention_norm: source.vector(&Part::AttentionNorm(index), hidden)?,
            feed_forward_norm: source.vector(&Part::FeedForwardNorm(index), hidden)?,
            query,
            key,
            value,
            output,
            query_norm,
            key_norm,
            gate,
            up,
            down,
        })
    }

    fn forward(
        &self,
        config: &DecoderConfig,
        states: &Tensor,
        mask: Option<&Tensor>,
        rotation: (&Tensor, &Tensor),
        cache: &mut KvCache,
    ) -> Result<Tensor> {
        let normed = rms_norm(states, &self.attention_norm, config.norm_epsilon)?;
        let attended = self.attend(config, &normed, mask, rotation, cache)?;
        let states = (states + self.output.forward(&attended)?)?;
        let normed = rms_norm(&states, &self.feed_forward_norm, config.norm_epsilon)?;
        let gated = (silu(&self.gate.forward(&normed)?)? * self.up.forward(&normed)?)?;
        states + self.down.forward(&gated)?
    }

    /// Attention over the new tokens and all before them; `(tokens, hidden)` in, `(tokens, heads * head size)` out.
    fn attend(
        &self,
        config: &DecoderConfig,
        normed: &Tensor,
        mask: Option<&Tensor>,
        (cos, sin): (&Tensor, &Tensor),
        cache: &mut KvCache,
    ) -> Result<Tensor> {
        let count = normed.dim(0)?;
        let (heads, groups, size) = (config.heads, config.key_value_heads, config.head_size);
        let rotate = |projected: Tensor, heads: usize, norm: Option<&Tensor>| {
            let mut split = projected.reshape((1, count, heads, size))?;
            if let Some(norm) = norm {
                split = rms_norm(&split.contiguous()?, norm, config.norm_epsilon)?;
            }
            config
                .rope_style
                .apply(&split.transpose(1, 2)?.contiguous()?, cos, sin)
        };
        let query = rotate(self.query.forward(normed)?, heads, self.query_norm.as_ref())?;
        let key = rotate(self.key.forward(normed)?, groups, self.key_norm.as_ref())?;
        let value = self
            .value
            .forward(normed)?
            .reshape((1, count, groups, size))?
            .transpose(1, 2)?
            .contiguous()?;
        let (key, value) = cache.append(&key, &value)?;
        // Heads that share keys are rows of one matrix, so that no key is copied for them.
        let rows = heads / groups * count;
        let query = (query.reshape((groups, rows, size))? * config.attention_scale())?;
        let mut scores = query.matmul(&key.squeeze(0)?.t()?)?;
        if let Some(mask) = mask {
            let length = scores.dim(2)?;
            scores = scores
                .reshape((heads, count, length))?
                .broadcast_add(mask)?
                .reshape((groups, rows, length))?;
        }
        let mixed = softmax_last_dim(&scores)?.matmul(&value.squeeze(0)?)?;
        mixed
            .reshape((heads, count, size))?
            .transpose(0, 1)?
            .reshape((count, heads * size))
    }
}

/// What is added to scores: minus infinity where a token would see one that comes after it.
fn causal_mask(count: usize, position: usize) -> Result<Tensor> {
    let length = position + count;
    let mask: Vec<f32> = (0..count)
        .flat_map(|row| {
            (0..length).map(move |column| {
                if column > position + row {
                    f32::NEG_INFINITY
                } else {
                    0.0
                }
            })
        })
        .collect();
    Tensor::from_vec(mask, (count, length), &Device::Cpu)
}
