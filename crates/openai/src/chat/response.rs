//! The whole answer to a chat request.

use serde::{Deserialize, Serialize};

use super::logprobs::ChoiceLogprobs;
use super::message::{Message, Role};
use crate::{Extra, Usage};

/// The value of `object` in a [`ChatResponse`].
pub const CHAT_COMPLETION: &str = "chat.completion";

/// The body of an answer that is not streamed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatResponse {
    /// Names this answer.
    pub id: String,
    /// Always [`CHAT_COMPLETION`] from our servers.
    #[serde(default)]
    pub object: String,
    /// When the answer was made, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: u64,
    /// The model that answered.
    #[serde(default)]
    pub model: String,
    /// The answers, `n` of them.
    pub choices: Vec<Choice>,
    /// Tokens read and written.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ChatResponse {
    /// Makes the answer to a request with one choice; `created` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        created: u64,
        model: impl Into<String>,
        choice: Choice,
        usage: Usage,
    ) -> Self {
        Self {
            id: id.into(),
            object: CHAT_COMPLETION.to_owned(),
            created,
            model: model.into(),
            choices: vec![choice],
            usage: Some(usage),
            extra: Extra::new(),
        }
    }
}

/// One answer of a response.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// Position among the answers, from 0.
    pub index: u32,
    /// The answer.
    pub message: Message,
    /// Log-probabilities of the answer's tokens, if they were asked for.
    #[serde(default)]
    pub logprobs: Option<ChoiceLogprobs>,
    /// Why the answer ended.
    pub finish_reason: Option<FinishReason>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Choice {
    /// Makes the first choice out of an assistant's text.
    #[must_use]
    pub fn assistant(text: impl Into<String>, finish_reason: FinishReason) -> Self {
        Self {
            index: 0,
            message: Message::text(Role::Assistant, text),
            logprobs: None,
            finish_reason: Some(finish_reason),
            extra: Extra::new(),
        }
    }
}

/// Why an answer ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FinishReason {
    /// The model ended it, or a stop sequence came.
    Stop,
    /// The token limit was reached.
    Length,
    /// The model calls tools.
    ToolCalls,
    /// The model calls a function, the older name of `tool_calls`.
    FunctionCall,
    /// A filter withheld the answer.
    ContentFilter,
    /// A reason this crate does not know.
    #[serde(untagged)]
    Other(String),
}
