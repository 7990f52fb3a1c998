//! Log-probabilities of sampled tokens.

use serde::{Deserialize, Serialize};

use crate::Extra;

/// Log-probabilities of one answer, or of what a chunk adds to it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChoiceLogprobs {
    /// One entry a token.
    #[serde(default)]
    pub content: Option<Vec<TokenLogprob>>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A sampled token, how likely it was, and what else was likely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TokenLogprob {
    /// The token's text; broken UTF-8 is replaced, `bytes` has it exactly.
    pub token: String,
    /// Natural logarithm of the token's probability.
    pub logprob: f64,
    /// The token's bytes.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
    /// The likeliest tokens at this place, likeliest first.
    #[serde(default)]
    pub top_logprobs: Vec<TopLogprob>,
}

/// A token that was likely at some place.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TopLogprob {
    /// The token's text; broken UTF-8 is replaced, `bytes` has it exactly.
    pub token: String,
    /// Natural logarithm of the token's probability.
    pub logprob: f64,
    /// The token's bytes.
    #[serde(default)]
    pub bytes: Option<Vec<u8>>,
}
