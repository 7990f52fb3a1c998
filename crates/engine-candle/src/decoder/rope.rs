//! Rotary position embedding.

use candle_core::{Device, Result, Tensor};

use super::config::DecoderConfig;
use super::weights::{Part, TensorSource};
use crate::load::LoadError;

/// Which entries of a head rotate together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RopeStyle {
    /// Neighbours: 0 with 1, 2 with 3. Llama weights in GGUF files are laid out for it.
    Interleaved,
    /// Halves: 0 with half, 1 with half + 1. All else.
    Halves,
}

impl RopeStyle {
    pub(super) fn apply(self, states: &Tensor, cos: &Tensor, sin: &Tensor) -> Result<Tensor> {
        match self {
            Self::Interleaved => candle_nn::rotary_emb::rope_i(states, cos, sin),
            Self::Halves => candle_nn::rotary_emb::rope(states, cos, sin),
        }
    }
}

/// How frequencies are stretched for contexts longer than a model was first trained on.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub enum RopeScaling {
    /// They are not; or by factors that come as a tensor (Llama 3 in GGUF files).
    #[default]
    None,
    /// All by one factor.
    Linear {
        /// The factor.
        factor: f32,
    },
    /// The slow ones by a factor, the fast ones not, those between by part of it (Llama 3).
    Llama3 {
        /// The factor of the slow ones.
        factor: f32,
        /// Below this many turns over the original context a frequency is slow.
        low_frequency_factor: f32,
        /// Above this many turns it is fast.
        high_frequency_factor: f32,
        /// The context before it was stretched.
        original_context: f32,
    },
}

impl RopeScaling {
    pub(super) fn validate(&self) -> std::result::Result<(), LoadError> {
        let sane = |value: f32| value.is_finite() && value > 0.0;
        let good = match *self {
            Self::None => true,
            Self::Linear { factor } => sane(factor),
            Self::Llama3 {
                factor,
                low_frequency_factor,
                high_frequency_factor,
                original_context,
            } => {
                [
                    factor,
                    low_frequency_factor,
                    high_frequency_factor,
                    original_context,
                ]
                .into_iter()
                .all(sane)
                    && high_frequency_factor > low_frequency_factor
            }
        };
        if good {
            Ok(())
        } else {
            Err(LoadError::bad_value(
                "rope scaling",
                "its factors make no sense",
            ))
        }
    }

    fn stretch(&self, frequency: f32) -> f32 {
        match *self {
            Self::None => frequency,
            Self::Linear { factor } => frequency / factor,
            Self::Llama3 {
                factor,
                low_frequency_factor,
                high_frequency_factor,
                original_context,
            } => {
                let turns = original_context * frequency / (2.0 * std::f32::consts::PI);
                let fast =
                    (turns - low_frequency_factor) / (high_frequency_factor - low_frequency_factor);
                let fast = fast.clamp(0.0, 1.0);
                frequency * fast + frequency / factor * (1.0 - fast)
            }
        }
    }
}

/// Cosines and sines of every position, `(context, head size / 2)`.
#[derive(Debug)]
pub(super) struct Rope {
    cos: Tensor,
    sin: Tensor,
}

impl Rope {
    pub(super) fn new(
        config: &DecoderConfig,
        source: &mut dyn TensorSource,
    ) -> std::result::Result<Self, LoadError> {
        let pairs = config.head_size / 2;
        let factors: Option<Vec<f32>> = if source.has(&Part::RopeFactors) {
            Some(source.vector(&Part::RopeFactors, pairs)?.to_vec1()?)
        } else {
            None
        };
        let size = small(config.head_size);
        let frequencies: Vec<f32> = (0..pairs)
            .map(|pair| {
                let frequency = 1.0 / config.rope_theta.powf(2.0 * small(pair) / size);
                config.rope_scaling.stretch(frequency)
                    / factors.as_ref().map_or(1.0, |factors| factors[pair])
            })
            .collect();
        let positions: Vec<f32> = (0..config.context_length).map(small).collect();
        let frequencies = Tensor::from_vec(frequencies, (1, pairs), &Device::Cpu)?;
        let positions = Tensor::from_vec(positions, (config.context_length, 1), &Device::Cpu)?;
        let angles = positions.matmul(&frequencies)?;
        Ok(Self {
            cos: angles.cos()?,
            sin: angles.sin()?,
        })
    }

    /// Cosines and sines of `count` positions from `position` on.
    pub(super) fn at(&self, position: usize, count: usize) -> Result<(Tensor, Tensor)> {
        Ok((
            self.cos.narrow(0, position, count)?,
            self.sin.narrow(0, position, count)?,
        ))
    }
}

/// A position or a size as a float; those allowed are below 2^24 and so exact.
#[expect(
    clippy::cast_precision_loss,
    reason = "contexts and heads are below 2^24, which f32 holds exactly"
)]
fn small(value: usize) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::RopeScaling;

    #[test]
    fn slow_frequencies_are_stretched_and_fast_ones_are_not() {
        let scaling = RopeScaling::Llama3 {
            factor: 8.0,
            low_frequency_factor: 1.0,
            high_frequency_factor: 4.0,
            original_context: 8_192.0,
        };
        scaling.validate().unwrap();
        assert!((scaling.stretch(1.0) - 1.0).abs() < 1e-6);
        assert!((scaling.stretch(8e-5) - 1e-5).abs() < 1e-9);
        let between = scaling.stretch(2e-3);
        assert!(between < 2e-3 && between > 2.5e-4);
        let senseless = RopeScaling::Linear { factor: 0.0 };
        assert!(senseless.validate().is_err());
    }
}
