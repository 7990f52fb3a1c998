//! A message of a conversation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Extra;

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who speaks.
    pub role: Role,
    /// What is said; absent in an assistant's message that only calls tools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<Content>,
    /// The speaker's name, where several share a role.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Tools an assistant called, passed on as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_calls: Option<Value>,
    /// The call a tool's message answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool_call_id: Option<String>,
    /// Fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Message {
    /// Makes a message that consists of text.
    #[must_use]
    pub fn text(role: Role, text: impl Into<String>) -> Self {
        Self {
            role,
            content: Some(Content::Text(text.into())),
            name: None,
            tool_calls: None,
            tool_call_id: None,
            extra: Extra::new(),
        }
    }

    /// The message's text: its parts joined, empty where there is no content.
    ///
    /// # Errors
    /// [`NotText`] if a part is something else than text.
    pub fn joined_text(&self) -> Result<Cow<'_, str>, NotText> {
        self.content
            .as_ref()
            .map_or(Ok(Cow::Borrowed("")), Content::joined_text)
    }
}

/// Who speaks in a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Instructions to the model.
    System,
    /// Instructions to the model, the newer name of `system`.
    Developer,
    /// The person or program that asks.
    User,
    /// The model.
    Assistant,
    /// The result of a tool call.
    Tool,
    /// The result of a function call, the older name of `tool`.
    Function,
}

impl Role {
    /// The role as it is written in JSON and in chat templates.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Developer => "developer",
            Self::User => "user",
            Self::Assistant => "assistant",
            Self::Tool => "tool",
            Self::Function => "function",
        }
    }
}

/// What a message says: a string, or a list of parts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Content {
    /// Plain text.
    Text(String),
    /// Text, images and other parts.
    Parts(Vec<ContentPart>),
}

impl Content {
    /// The text of all parts joined.
    ///
    /// # Errors
    /// [`NotText`] if a part is something else than text.
    pub fn joined_text(&self) -> Result<Cow<'_, str>, NotText> {
        match self {
            Self::Text(text) => Ok(Cow::Borrowed(text)),
            Self::Parts(parts) => {
                let mut joined = String::new();
                for part in parts {
                    match (&*part.kind, &part.text) {
                        ("text", Some(text)) => joined.push_str(text),
                        _ => {
                            return Err(NotText {
                                kind: part.kind.clone(),
                            });
                        }
                    }
                }
                Ok(Cow::Owned(joined))
            }
        }
    }
}

/// One part of a message's content.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ContentPart {
    /// What the part is: `text`, `image_url`, `input_audio` and others.
    #[serde(rename = "type")]
    pub kind: String,
    /// The text of a `text` part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Fields of the other kinds, and fields this crate does not know.
    #[serde(flatten)]
    pub extra: Extra,
}

/// A part of a message's content is not text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("content part of type `{kind}` is not text")]
pub struct NotText {
    /// The part's type.
    pub kind: String,
}
