//! Puts a streamed answer together into a whole one.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    chunk::{ChatChunk, ChunkChoice},
    logprobs::ChoiceLogprobs,
    message::{Content, Message, Role},
    response::{CHAT_COMPLETION, ChatResponse, Choice, FinishReason},
};
use crate::{Extra, Usage};

/// Most choices that a stream may have.
pub const MAX_COLLECTED_CHOICES: u32 = 128;
/// Most tool calls that one choice may have.
pub const MAX_COLLECTED_TOOL_CALLS: usize = 128;

/// Why chunks make no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CollectError {
    /// A choice's position is out of bounds.
    #[error("choice {0} is out of bounds")]
    ChoiceOutOfBounds(u32),
    /// A tool call's position is out of bounds or missing.
    #[error("a piece of a tool call has no valid index")]
    ToolCallOutOfBounds,
    /// There was no chunk, or no chunk with a choice.
    #[error("the stream holds no answer")]
    Empty,
}

/// Collects the chunks of one stream.
#[derive(Debug, Clone, Default)]
pub struct ChatCollector {
    head: Option<ChatChunk>,
    choices: BTreeMap<u32, Collected>,
}

#[derive(Debug, Clone, Default)]
struct Collected {
    role: Option<Role>,
    text: Option<String>,
    tool_calls: Vec<Value>,
    logprobs: Option<ChoiceLogprobs>,
    finish_reason: Option<FinishReason>,
}

impl ChatCollector {
    /// Adds the next chunk.
    ///
    /// # Errors
    /// [`CollectError`]: a position out of bounds.
    pub fn push(&mut self, mut chunk: ChatChunk) -> Result<(), CollectError> {
        for choice in std::mem::take(&mut chunk.choices) {
            if choice.index >= MAX_COLLECTED_CHOICES {
                return Err(CollectError::ChoiceOutOfBounds(choice.index));
            }
            self.choices.entry(choice.index).or_default().push(choice)?;
        }
        self.head.get_or_insert(chunk);
        Ok(())
    }

    /// The whole answer, with `usage` as counted by whoever bills it.
    ///
    /// # Errors
    /// [`CollectError::Empty`].
    pub fn finish(self, usage: Usage) -> Result<ChatResponse, CollectError> {
        let head = self.head.ok_or(CollectError::Empty)?;
        if self.choices.is_empty() {
            return Err(CollectError::Empty);
        }
        let choices = self.choices.into_iter();
        Ok(ChatResponse {
            id: head.id,
            object: CHAT_COMPLETION.to_owned(),
            created: head.created,
            model: head.model,
            choices: choices
                .map(|(index, collected)| collected.finish(index))
                .collect(),
            usage: Some(usage),
            extra: head.extra,
        })
    }
}

impl Collected {
    fn push(&mut self, choice: ChunkChoice) -> Result<(), CollectError> {
        self.role = self.role.or(choice.delta.role);
        if let Some(text) = choice.delta.content {
            self.text.get_or_insert_default().push_str(&text);
        }
        if let Some(Value::Array(pieces)) = choice.delta.tool_calls {
            for piece in pieces {
                self.push_tool_call(piece)?;
            }
        }
        if let Some(more) = choice.logprobs {
            let all = self.logprobs.get_or_insert_default();
            all.content
                .get_or_insert_default()
                .extend(more.content.unwrap_or_default());
        }
        if choice.finish_reason.is_some() {
            self.finish_reason = choice.finish_reason;
        }
        Ok(())
    }

    /// Pieces of one tool call share an `index`; their strings are joined, the rest is taken as it comes.
    fn push_tool_call(&mut self, piece: Value) -> Result<(), CollectError> {
        let index = piece
            .get("index")
            .and_then(Value::as_u64)
            .and_then(|index| usize::try_from(index).ok())
            .filter(|index| *index < MAX_COLLECTED_TOOL_CALLS && *index <= self.tool_calls.len())
            .ok_or(CollectError::ToolCallOutOfBounds)?;
        if index == self.tool_calls.len() {
            self.tool_calls.push(Value::Object(Extra::new()));
        }
        if let (Some(Value::Object(call)), Value::Object(mut piece)) =
            (self.tool_calls.get_mut(index), piece)
        {
            piece.remove("index");
            if let Some(Value::Object(function)) = piece.remove("function") {
                let known = call
                    .entry("function")
                    .or_insert_with(|| Value::Object(Extra::new()));
                if let Value::Object(known) = known {
                    join(known, function);
                }
            }
            call.extend(piece);
        }
        Ok(())
    }

    fn finish(self, index: u32) -> Choice {
        let tool_calls = (!self.tool_calls.is_empty()).then_some(Value::Array(self.tool_calls));
        let message = Message {
            role: self.role.unwrap_or(Role::Assistant),
            content: self.text.map(Content::Text),
            name: None,
            tool_calls,
            tool_call_id: None,
            extra: Extra::new(),
        };
        Choice {
            index,
            message,
            logprobs: self.logprobs,
            finish_reason: self.finish_reason,
            extra: Extra::new(),
        }
    }
}

fn join(known: &mut Extra, piece: Extra) {
    for (name, value) in piece {
        match (known.get_mut(&name), value) {
            (Some(Value::String(text)), Value::String(more)) => text.push_str(&more),
            (_, value) => {
                known.insert(name, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn chunk(choice: Value) -> ChatChunk {
        serde_json::from_value(
            json!({ "id": "a", "created": 7, "model": "m", "choices": [choice] }),
        )
        .unwrap()
    }

    fn collected(choices: &[Value]) -> Result<Value, CollectError> {
        let mut collector = ChatCollector::default();
        for choice in choices {
            collector.push(chunk(choice.clone()))?;
        }
        Ok(serde_json::to_value(collector.finish(Usage::default())?).unwrap())
    }

    #[test]
    fn text_is_joined_and_the_reason_kept() {
        let whole = collected(&[
            json!({ "index": 0, "delta": { "role": "assistant", "content": "" } }),
            json!({ "index": 0, "delta": { "content": "Hello" } }),
            json!({ "index": 0, "delta": { "content": " you" } }),
            json!({ "index": 0, "delta": {}, "finish_reason": "stop" }),
        ])
        .unwrap();
        assert_eq!(whole["object"], "chat.completion");
        assert_eq!(whole["id"], "a");
        assert_eq!(whole["choices"][0]["message"]["content"], "Hello you");
        assert_eq!(whole["choices"][0]["finish_reason"], "stop");
    }

    #[test]
    fn pieces_of_tool_calls_are_joined_by_index() {
        let piece = |value: Value| json!({ "index": 0, "delta": { "tool_calls": [value] } });
        let whole = collected(&[
            piece(json!({ "index": 0, "id": "c", "function": { "name": "f", "arguments": "{\"a\"" } })),
            piece(json!({ "index": 0, "function": { "arguments": ":1}" } })),
        ])
        .unwrap();
        let call = &whole["choices"][0]["message"]["tool_calls"][0];
        assert_eq!(call["id"], "c");
        assert_eq!(
            call["function"],
            json!({ "name": "f", "arguments": "{\"a\":1}" })
        );
    }

    #[test]
    fn what_a_peer_sends_cannot_grow_memory_without_bound() {
        let far = json!({ "index": MAX_COLLECTED_CHOICES, "delta": {} });
        assert_eq!(
            collected(&[far]),
            Err(CollectError::ChoiceOutOfBounds(MAX_COLLECTED_CHOICES))
        );
        let gap = json!({ "index": 0, "delta": { "tool_calls": [{ "index": 5 }] } });
        assert_eq!(collected(&[gap]), Err(CollectError::ToolCallOutOfBounds));
    }

    #[test]
    fn nothing_makes_no_answer() {
        assert_eq!(collected(&[]), Err(CollectError::Empty));
    }
}
