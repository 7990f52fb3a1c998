//! Puts an answer into the OpenAI API's words.

use std::collections::{BTreeMap, btree_map::Entry};

use atoma_engine::Delta;
use atoma_openai::{
    ApiError, ChatRequest, FinishReason, Usage,
    chat::{ChatChunk, ChatResponse, Choice, ChoiceLogprobs, ChunkChoice, TokenLogprob},
};
use atoma_protocol::{
    commitment::{ClientNonce, ResponseCommitter},
    hash::ResponseCommitment,
    money::TokenCount,
    sealed::Delivery,
};
use serde::Serialize;
use serde_json::Value;

/// Most bytes of JSON that an answer in one piece may have: it travels in one chunk.
pub(super) const MAX_WHOLE_BYTES: usize = 768 << 10;
/// Tokens with log-probabilities after which a streamed piece is cut.
const MAX_PIECE_LOGPROBS: usize = 64;
/// Bytes of text after which a streamed piece is cut, however little time has passed.
pub(super) const MAX_PIECE_BYTES: usize = 16 << 10;

/// An answer on its way out: pieces of a stream, or one whole.
#[derive(Debug)]
pub(super) struct Response {
    id: String,
    created: u64,
    model: String,
    streamed: bool,
    with_usage: bool,
    opened: bool,
    text: String,
    logprobs: Option<Vec<TokenLogprob>>,
    tool_calls: Vec<Value>,
    /// Bytes of JSON that an answer in one piece has so far.
    whole_bytes: usize,
    committer: ResponseCommitter,
}

impl Response {
    /// `id` names the answer; `created` is in seconds since the Unix epoch.
    pub(super) fn new(
        id: String,
        created: u64,
        request: &ChatRequest,
        nonce: &ClientNonce,
    ) -> Self {
        Self {
            id,
            created,
            model: request.model.clone(),
            streamed: request.wants_stream(),
            with_usage: request.wants_stream_usage(),
            opened: false,
            text: String::new(),
            logprobs: None,
            tool_calls: Vec::new(),
            whole_bytes: 0,
            committer: ResponseCommitter::new(nonce),
        }
    }

    /// Takes what the engine made. Returns whether it still fits an answer in one piece.
    pub(super) fn push(&mut self, delta: Delta) -> bool {
        if !self.streamed {
            let more = json(&(&delta.text, &delta.logprobs, &delta.tool_calls)).len();
            self.whole_bytes = self.whole_bytes.saturating_add(more);
        }
        self.text.push_str(&delta.text);
        if let Some(more) = delta.logprobs {
            self.logprobs.get_or_insert_default().extend(more);
        }
        self.tool_calls.extend(delta.tool_calls);
        self.whole_bytes <= MAX_WHOLE_BYTES
    }

    /// Whether something waits that a stream can deliver now.
    pub(super) fn has_piece(&self) -> bool {
        self.streamed
            && !(self.text.is_empty() && self.logprobs.is_none() && self.tool_calls.is_empty())
    }

    /// Whether what waits is long enough not to wait longer.
    pub(super) fn is_long(&self) -> bool {
        let tokens = self.logprobs.as_ref().map_or(0, Vec::len);
        self.streamed && (self.text.len() >= MAX_PIECE_BYTES || tokens >= MAX_PIECE_LOGPROBS)
    }

    /// What a stream delivers now.
    pub(super) fn take_piece(&mut self) -> Vec<Delivery> {
        let mut deliveries = Vec::new();
        if !self.has_piece() {
            return deliveries;
        }
        self.open(&mut deliveries);
        let mut choice = ChunkChoice::default();
        let text = std::mem::take(&mut self.text);
        if !text.is_empty() {
            choice = ChunkChoice::text(text);
        }
        choice.logprobs = self.logprobs.take().map(logprobs);
        if !self.tool_calls.is_empty() {
            choice.delta.tool_calls = Some(joined(std::mem::take(&mut self.tool_calls)));
        }
        let chunk = self.chunk().with_choice(choice);
        deliveries.push(self.deliver(&chunk));
        deliveries
    }

    /// What ends a whole answer.
    pub(super) fn finish(&mut self, reason: FinishReason, used: TokenCount) -> Vec<Delivery> {
        let usage = Usage::new(used.input.get(), used.output.get());
        if !self.streamed {
            let mut choice = Choice::assistant(std::mem::take(&mut self.text), reason);
            choice.logprobs = self.logprobs.take().map(logprobs);
            if !self.tool_calls.is_empty() {
                choice.message.tool_calls = Some(merged(std::mem::take(&mut self.tool_calls)));
            }
            let whole = ChatResponse::new(
                self.id.clone(),
                self.created,
                self.model.clone(),
                choice,
                usage,
            );
            return vec![self.deliver(&whole)];
        }
        let mut deliveries = self.take_piece();
        self.open(&mut deliveries);
        let closing = self.chunk().with_choice(ChunkChoice::closing(reason));
        deliveries.push(self.deliver(&closing));
        if self.with_usage {
            let last = self.chunk().with_usage(usage);
            deliveries.push(self.deliver(&last));
        }
        deliveries
    }

    /// What ends an answer that is not whole.
    pub(super) fn fail(&mut self, error: &ApiError) -> Vec<Delivery> {
        let mut deliveries = self.take_piece();
        let failure = Delivery::Failure(json(&error.body()));
        self.committer.deliver(&failure);
        deliveries.push(failure);
        deliveries
    }

    /// Commits to everything delivered so far.
    pub(super) fn commitment(&self) -> ResponseCommitment {
        self.committer.commitment()
    }

    fn open(&mut self, deliveries: &mut Vec<Delivery>) {
        if !std::mem::replace(&mut self.opened, true) {
            let opening = self.chunk().with_choice(ChunkChoice::opening());
            deliveries.push(self.deliver(&opening));
        }
    }

    fn chunk(&self) -> ChatChunk {
        ChatChunk::new(self.id.clone(), self.created, self.model.clone())
    }

    fn deliver<T: Serialize>(&mut self, object: &T) -> Delivery {
        let delivery = Delivery::Json(json(object));
        self.committer.deliver(&delivery);
        delivery
    }
}

fn logprobs(content: Vec<TokenLogprob>) -> ChoiceLogprobs {
    ChoiceLogprobs {
        content: Some(content),
        ..ChoiceLogprobs::default()
    }
}

/// Pieces of tool calls come as arrays of the OpenAI API.
fn entries(pieces: Vec<Value>) -> impl Iterator<Item = Value> {
    pieces.into_iter().flat_map(|piece| match piece {
        Value::Array(entries) => entries,
        other => vec![other],
    })
}

/// Several pieces in one chunk of a stream.
fn joined(pieces: Vec<Value>) -> Value {
    Value::Array(entries(pieces).collect())
}

/// Whole tool calls: pieces of one index are one call, whose arguments are the pieces' one after another.
fn merged(pieces: Vec<Value>) -> Value {
    let mut calls: BTreeMap<u64, Value> = BTreeMap::new();
    for mut entry in entries(pieces) {
        let index = entry.get("index").and_then(Value::as_u64).unwrap_or(0);
        if let Some(fields) = entry.as_object_mut() {
            fields.remove("index");
        }
        match calls.entry(index) {
            Entry::Vacant(place) => {
                place.insert(entry);
            }
            Entry::Occupied(mut call) => {
                let more = entry.pointer("/function/arguments").and_then(Value::as_str);
                if let (Some(more), Some(Value::String(arguments))) =
                    (more, call.get_mut().pointer_mut("/function/arguments"))
                {
                    arguments.push_str(more);
                }
            }
        }
    }
    Value::Array(calls.into_values().collect())
}

fn json<T: Serialize>(object: &T) -> Vec<u8> {
    serde_json::to_vec(object).expect("OpenAI objects have text keys and finite numbers or null")
}

#[cfg(test)]
mod tests {
    use atoma_openai::{Message, Role};
    use atoma_protocol::money::Tokens;
    use serde_json::json;

    use super::*;

    fn response(streamed: bool) -> Response {
        let mut chat = ChatRequest::new("m", vec![Message::text(Role::User, "hi")]);
        chat.stream = Some(streamed);
        Response::new("id".to_owned(), 1, &chat, &ClientNonce::new([1; 32]))
    }

    fn delta(text: &str, tool_calls: Option<Value>) -> Delta {
        Delta {
            text: text.to_owned(),
            output_tokens: Tokens::ZERO,
            logprobs: None,
            tool_calls,
        }
    }

    fn value(delivery: &Delivery) -> Value {
        serde_json::from_slice(delivery.json()).unwrap()
    }

    #[test]
    fn pieces_of_tool_calls_become_whole_calls_in_a_whole_answer() {
        let mut response = response(false);
        let first =
            json!([{"index": 0, "id": "c", "function": {"name": "f", "arguments": "{\"a\""}}]);
        let second = json!([{"index": 0, "function": {"arguments": ":1}"}}]);
        assert!(response.push(delta("", Some(first))));
        assert!(response.push(delta("", Some(second))));
        let deliveries = response.finish(FinishReason::ToolCalls, TokenCount::default());
        let calls = &value(&deliveries[0])["choices"][0]["message"]["tool_calls"];
        assert_eq!(
            *calls,
            json!([{"id": "c", "function": {"name": "f", "arguments": "{\"a\":1}"}}])
        );
    }

    #[test]
    fn a_whole_answer_has_a_limit_that_counts_json_and_not_text() {
        let mut response = response(false);
        let control = "\u{1}".repeat(64 << 10);
        assert!(response.push(delta(&control, None)));
        assert!(response.push(delta("short", None)));
        assert!(!response.push(delta(&control, None)));
    }

    #[test]
    fn the_commitment_covers_failures_too() {
        let (mut one, mut other) = (response(true), response(true));
        one.push(delta("a", None));
        other.push(delta("a", None));
        assert_eq!(one.take_piece(), other.take_piece());
        assert_eq!(one.commitment(), other.commitment());
        one.fail(&ApiError::internal());
        assert_ne!(one.commitment(), other.commitment());
    }
}
