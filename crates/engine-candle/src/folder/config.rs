//! `config.json`, `generation_config.json` and `tokenizer_config.json`.

use serde::Deserialize;

use crate::decoder::rope::RopeScaling;
use crate::decoder::{DecoderConfig, RopeStyle};
use crate::load::LoadError;

/// What is read of `config.json`.
#[derive(Debug, Clone, Deserialize)]
pub struct ModelConfig {
    model_type: String,
    vocab_size: usize,
    hidden_size: usize,
    intermediate_size: usize,
    num_hidden_layers: usize,
    num_attention_heads: usize,
    num_key_value_heads: Option<usize>,
    head_dim: Option<usize>,
    max_position_embeddings: usize,
    rms_norm_eps: f32,
    rope_theta: Option<f32>,
    rope_scaling: Option<RopeParameters>,
    /// Where newer files keep base and scaling together.
    rope_parameters: Option<RopeParameters>,
    eos_token_id: Option<TokenIds>,
    hidden_act: Option<String>,
    attention_bias: Option<bool>,
    mlp_bias: Option<bool>,
    use_sliding_window: Option<bool>,
}

#[derive(Debug, Clone, Deserialize)]
struct RopeParameters {
    #[serde(alias = "type")]
    rope_type: Option<String>,
    rope_theta: Option<f32>,
    factor: Option<f32>,
    low_freq_factor: Option<f32>,
    high_freq_factor: Option<f32>,
    original_max_position_embeddings: Option<f32>,
}

/// One number or several.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum TokenIds {
    One(u32),
    Many(Vec<u32>),
}

impl TokenIds {
    fn to_vec(this: Option<&Self>) -> Vec<u32> {
        match this {
            None => Vec::new(),
            Some(Self::One(id)) => vec![*id],
            Some(Self::Many(ids)) => ids.clone(),
        }
    }
}

impl ModelConfig {
    /// Sizes and constants of the decoder; still to be validated.
    ///
    /// # Errors
    /// [`LoadError`]: the model needs something this engine does not have.
    pub fn decoder(&self) -> Result<DecoderConfig, LoadError> {
        let (attention_bias, head_norms) = match self.model_type.as_str() {
            "llama" => (false, false),
            "qwen2" => (true, false),
            "qwen3" => (false, true),
            other => return Err(LoadError::unsupported(format!("the model type `{other}`"))),
        };
        let extras = [
            (
                "another activation than `silu`",
                self.hidden_act.as_ref().is_some_and(|name| name != "silu"),
            ),
            (
                "an attention bias in this model type",
                !attention_bias && self.attention_bias == Some(true),
            ),
            ("a feed-forward bias", self.mlp_bias == Some(true)),
            ("sliding windows", self.use_sliding_window == Some(true)),
        ];
        if let Some((what, _)) = extras.iter().find(|(_, present)| *present) {
            return Err(LoadError::unsupported(*what));
        }
        let head_size = match self.head_dim {
            Some(size) => size,
            None => self
                .hidden_size
                .checked_div(self.num_attention_heads)
                .ok_or_else(|| LoadError::bad_value("num_attention_heads", "it is zero"))?,
        };
        let rope = self.rope_parameters.as_ref().or(self.rope_scaling.as_ref());
        let rope_theta = self
            .rope_theta
            .or_else(|| rope.and_then(|rope| rope.rope_theta));
        Ok(DecoderConfig {
            vocabulary: self.vocab_size,
            hidden_size: self.hidden_size,
            feed_forward_size: self.intermediate_size,
            layers: self.num_hidden_layers,
            heads: self.num_attention_heads,
            key_value_heads: self.num_key_value_heads.unwrap_or(self.num_attention_heads),
            head_size,
            context_length: self.max_position_embeddings,
            norm_epsilon: self.rms_norm_eps,
            rope_theta: rope_theta.unwrap_or(10_000.0),
            rope_style: RopeStyle::Halves,
            rope_scaling: rope.map_or(Ok(RopeScaling::None), RopeParameters::scaling)?,
            attention_bias,
            head_norms,
        })
    }

    /// The tokens that end an answer.
    #[must_use]
    pub fn end_tokens(&self) -> Vec<u32> {
        TokenIds::to_vec(self.eos_token_id.as_ref())
    }
}

impl RopeParameters {
    fn scaling(&self) -> Result<RopeScaling, LoadError> {
        let need = |value: Option<f32>, name: &str| {
            value.ok_or_else(|| LoadError::missing(format!("rope {name}")))
        };
        match self.rope_type.as_deref() {
            None | Some("default") => Ok(RopeScaling::None),
            Some("linear") => Ok(RopeScaling::Linear {
                factor: need(self.factor, "factor")?,
            }),
            Some("llama3") => Ok(RopeScaling::Llama3 {
                factor: need(self.factor, "factor")?,
                low_frequency_factor: need(self.low_freq_factor, "low_freq_factor")?,
                high_frequency_factor: need(self.high_freq_factor, "high_freq_factor")?,
                original_context: need(
                    self.original_max_position_embeddings,
                    "original_max_position_embeddings",
                )?,
            }),
            Some(other) => Err(LoadError::unsupported(format!(
                "rope scaling of type `{other}`"
            ))),
        }
    }
}

/// What is read of `generation_config.json`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct GenerationConfig {
    eos_token_id: Option<TokenIds>,
}

impl GenerationConfig {
    /// The tokens that end an answer.
    #[must_use]
    pub fn end_tokens(&self) -> Vec<u32> {
        TokenIds::to_vec(self.eos_token_id.as_ref())
    }
}

/// What is read of `tokenizer_config.json`.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct TokenizerConfig {
    chat_template: Option<Templates>,
    bos_token: Option<SpecialToken>,
    eos_token: Option<SpecialToken>,
}

/// One template or several by name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum Templates {
    One(String),
    Many(Vec<NamedTemplate>),
}

#[derive(Debug, Clone, Deserialize)]
struct NamedTemplate {
    name: String,
    template: String,
}

/// A token as its text or as an object.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
enum SpecialToken {
    Text(String),
    Object { content: String },
}

impl TokenizerConfig {
    /// The chat template; the one named `default` where there are several.
    #[must_use]
    pub fn chat_template(&self) -> Option<&str> {
        match self.chat_template.as_ref()? {
            Templates::One(template) => Some(template),
            Templates::Many(templates) => templates
                .iter()
                .find(|template| template.name == "default")
                .map(|template| template.template.as_str()),
        }
    }

    /// The text of the token that begins a sequence; empty if there is none.
    #[must_use]
    pub fn beginning_token(&self) -> &str {
        text_of(self.bos_token.as_ref())
    }

    /// The text of the token that ends a sequence; empty if there is none.
    #[must_use]
    pub fn end_token(&self) -> &str {
        text_of(self.eos_token.as_ref())
    }
}

fn text_of(token: Option<&SpecialToken>) -> &str {
    match token {
        None => "",
        Some(SpecialToken::Text(text) | SpecialToken::Object { content: text }) => text,
    }
}
