//! Sizes and constants of a decoder, checked before anything is allocated by them.

use super::rope::{RopeScaling, RopeStyle};
use crate::load::LoadError;

/// The most layers.
pub const MAX_LAYERS: usize = 1_024;
/// The largest of all widths: hidden, feed-forward, heads times their size.
pub const MAX_WIDTH: usize = 1 << 20;
/// The largest vocabulary.
pub const MAX_VOCABULARY: usize = 1 << 22;
/// The longest context.
pub const MAX_CONTEXT: usize = 1 << 22;

/// Sizes and constants of a decoder.
#[derive(Debug, Clone, PartialEq)]
pub struct DecoderConfig {
    /// Tokens in the vocabulary.
    pub vocabulary: usize,
    /// Width of a token's state.
    pub hidden_size: usize,
    /// Width within the feed-forward part.
    pub feed_forward_size: usize,
    /// Layers.
    pub layers: usize,
    /// Attention heads.
    pub heads: usize,
    /// Heads of keys and values, each shared by `heads / key_value_heads` heads.
    pub key_value_heads: usize,
    /// Width of a head.
    pub head_size: usize,
    /// Positions the model can tell apart.
    pub context_length: usize,
    /// Added to a mean square before its root is taken.
    pub norm_epsilon: f32,
    /// Base of the rotary frequencies.
    pub rope_theta: f32,
    /// Which entries of a head rotate together.
    pub rope_style: RopeStyle,
    /// How frequencies are stretched for long contexts.
    pub rope_scaling: RopeScaling,
    /// Whether queries, keys and values have biases (Qwen2).
    pub attention_bias: bool,
    /// Whether queries and keys are normalised by head (Qwen3).
    pub head_norms: bool,
}

impl DecoderConfig {
    /// Checks that the sizes are sane and fit each other.
    ///
    /// # Errors
    /// [`LoadError::BadValue`], naming the value.
    pub fn validate(&self) -> Result<(), LoadError> {
        let sizes = [
            ("vocabulary size", self.vocabulary, MAX_VOCABULARY),
            ("hidden size", self.hidden_size, MAX_WIDTH),
            ("feed-forward size", self.feed_forward_size, MAX_WIDTH),
            ("layer count", self.layers, MAX_LAYERS),
            ("head count", self.heads, MAX_WIDTH),
            ("key-value head count", self.key_value_heads, MAX_WIDTH),
            ("head size", self.head_size, MAX_WIDTH),
            (
                "heads times head size",
                self.heads.saturating_mul(self.head_size),
                MAX_WIDTH,
            ),
            ("context length", self.context_length, MAX_CONTEXT),
        ];
        for (name, value, most) in sizes {
            if !(1..=most).contains(&value) {
                return Err(LoadError::bad_value(
                    name,
                    format!("{value} is not from 1 to {most}"),
                ));
            }
        }
        if !self.heads.is_multiple_of(self.key_value_heads) {
            return Err(LoadError::bad_value(
                "key-value head count",
                "it does not divide the head count",
            ));
        }
        if !self.head_size.is_multiple_of(2) {
            return Err(LoadError::bad_value("head size", "it is odd"));
        }
        if !(self.norm_epsilon > 0.0 && self.norm_epsilon < 1.0) {
            return Err(LoadError::bad_value(
                "norm epsilon",
                "it is not between 0 and 1",
            ));
        }
        if !(self.rope_theta >= 1.0 && self.rope_theta.is_finite()) {
            return Err(LoadError::bad_value(
                "rope theta",
                "it is below 1 or not finite",
            ));
        }
        self.rope_scaling.validate()
    }

    /// What scores are multiplied by: one over the root of the head size.
    #[must_use]
    pub fn attention_scale(&self) -> f64 {
        // A head size is at most 2^20, which f64 holds exactly.
        let size = u32::try_from(self.head_size).unwrap_or(u32::MAX);
        1.0 / f64::from(size).sqrt()
    }
}
