//! One event of a streamed answer.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::logprobs::ChoiceLogprobs;
use super::message::Role;
use super::response::FinishReason;
use crate::{Extra, Usage};

/// The value of `object` in a [`ChatChunk`].
pub const CHAT_COMPLETION_CHUNK: &str = "chat.completion.chunk";

/// One event of a streamed answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChatChunk {
    /// Names the answer; the same in all its chunks.
    pub id: String,
    /// Always [`CHAT_COMPLETION_CHUNK`] from our servers.
    #[serde(default)]
    pub object: String,
    /// When the answer was begun, in seconds since the Unix epoch.
    #[serde(default)]
    pub created: u64,
    /// The model that answers.
    #[serde(default)]
    pub model: String,
    /// What was added; empty in the chunk that carries the usage.
    #[serde(default)]
    pub choices: Vec<ChunkChoice>,
    /// Tokens read and written, in the last chunk if it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Usage>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ChatChunk {
    /// Makes a chunk without choices; `created` is in seconds since the Unix epoch.
    #[must_use]
    pub fn new(id: impl Into<String>, created: u64, model: impl Into<String>) -> Self {
        Self {
            id: id.into(),
            object: CHAT_COMPLETION_CHUNK.to_owned(),
            created,
            model: model.into(),
            choices: Vec::new(),
            usage: None,
            extra: Extra::new(),
        }
    }

    /// Adds the chunk's one choice.
    #[must_use]
    pub fn with_choice(mut self, choice: ChunkChoice) -> Self {
        self.choices.push(choice);
        self
    }

    /// Adds the usage.
    #[must_use]
    pub fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = Some(usage);
        self
    }
}

/// What a chunk adds to one of the answers.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChunkChoice {
    /// Position among the answers, from 0.
    #[serde(default)]
    pub index: u32,
    /// What is added.
    #[serde(default)]
    pub delta: ChunkDelta,
    /// Log-probabilities of the added tokens, if they were asked for.
    #[serde(default)]
    pub logprobs: Option<ChoiceLogprobs>,
    /// Why the answer ended, in its last chunk.
    #[serde(default)]
    pub finish_reason: Option<FinishReason>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ChunkChoice {
    /// The first chunk of an answer: it names the speaker.
    #[must_use]
    pub fn opening() -> Self {
        let delta = ChunkDelta {
            role: Some(Role::Assistant),
            content: Some(String::new()),
            ..ChunkDelta::default()
        };
        Self {
            delta,
            ..Self::default()
        }
    }

    /// A chunk that adds text.
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self {
            delta: ChunkDelta {
                content: Some(text.into()),
                ..ChunkDelta::default()
            },
            ..Self::default()
        }
    }

    /// The last chunk of an answer: it says why the answer ended.
    #[must_use]
    pub fn closing(reason: FinishReason) -> Self {
        Self {
            finish_reason: Some(reason),
            ..Self::default()
        }
    }
}

/// The part of a message that a chunk adds.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ChunkDelta {
    /// The speaker, in the first chunk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
    /// Added text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// Added pieces of tool calls, passed on as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Value>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}
