//! Puts an answer into the OpenAI API's words.

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

/// Most bytes of text that an answer in one piece may have: it travels in one chunk.
pub(super) const MAX_WHOLE_BYTES: usize = 512 << 10;
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
            committer: ResponseCommitter::new(nonce),
        }
    }

    /// Takes what the engine made. Returns whether it still fits an answer in one piece.
    pub(super) fn push(&mut self, delta: Delta) -> bool {
        self.text.push_str(&delta.text);
        if let Some(more) = delta.logprobs {
            self.logprobs.get_or_insert_default().extend(more);
        }
        self.tool_calls.extend(delta.tool_calls);
        self.streamed || self.text.len() <= MAX_WHOLE_BYTES
    }

    /// Whether something waits that a stream can deliver now.
    pub(super) fn has_piece(&self) -> bool {
        self.streamed
            && !(self.text.is_empty() && self.logprobs.is_none() && self.tool_calls.is_empty())
    }

    /// Whether what waits is long enough not to wait longer.
    pub(super) fn is_long(&self) -> bool {
        self.streamed && self.text.len() >= MAX_PIECE_BYTES
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
                choice.message.tool_calls = Some(joined(std::mem::take(&mut self.tool_calls)));
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

/// Pieces of tool calls come as arrays of the OpenAI API; several become one.
fn joined(pieces: Vec<Value>) -> Value {
    let entries = pieces.into_iter().flat_map(|piece| match piece {
        Value::Array(entries) => entries,
        other => vec![other],
    });
    Value::Array(entries.collect())
}

fn json<T: Serialize>(object: &T) -> Vec<u8> {
    serde_json::to_vec(object).expect("OpenAI objects have text keys and finite numbers or null")
}
