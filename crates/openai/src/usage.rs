//! Token counts as the API reports them.

use serde::{Deserialize, Serialize};

use crate::Extra;

/// Tokens read and written for one request.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens of the prompt, template included.
    pub prompt_tokens: u64,
    /// Tokens generated.
    #[serde(default)]
    pub completion_tokens: u64,
    /// Their sum.
    #[serde(default)]
    pub total_tokens: u64,
    /// Fields this crate does not know, such as `prompt_tokens_details`.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Usage {
    /// Makes a usage out of the two counts.
    #[must_use]
    pub fn new(prompt_tokens: u64, completion_tokens: u64) -> Self {
        Self {
            prompt_tokens,
            completion_tokens,
            total_tokens: prompt_tokens.saturating_add(completion_tokens),
            extra: Extra::new(),
        }
    }
}
