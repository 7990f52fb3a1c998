//! The events of one answer.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use atoma_openai::FinishReason;
use atoma_openai::chat::TokenLogprob;
use atoma_protocol::money::{TokenCount, Tokens};
use futures::stream::BoxStream;
use futures::{Stream, StreamExt};
use serde_json::Value;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};

use crate::error::EngineError;

/// One event of an answer: [`Event::Started`], any number of [`Event::Delta`], [`Event::Finished`].
///
/// Counts on the way never exceed what [`Finish::usage`] says at the end; an engine with its own tokenizer gives them
/// exactly, an upstream that counts only at the end gives zeros on the way and everything in the last event.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The prompt was read; always the first event.
    Started {
        /// Tokens of the prompt.
        input_tokens: Tokens,
    },
    /// Something was generated.
    Delta(Delta),
    /// The answer is complete; always the last event of an answer that did not fail.
    Finished(Finish),
}

/// A generated piece of an answer.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Delta {
    /// The text, whole characters only; empty while tokens do not yet make a character or may begin a stop sequence.
    pub text: String,
    /// Tokens generated for this piece.
    pub output_tokens: Tokens,
    /// Log-probabilities of these tokens, if they were asked for.
    pub logprobs: Option<Vec<TokenLogprob>>,
    /// Pieces of tool calls in the form of the OpenAI API, from engines that make them.
    pub tool_calls: Option<Value>,
}

/// How an answer ended and what it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finish {
    /// Why it ended.
    pub reason: FinishReason,
    /// Tokens read and written: what is billed.
    pub usage: TokenCount,
}

/// A whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Completion {
    /// The text.
    pub text: String,
    /// How it ended and what it took.
    pub finish: Finish,
    /// Log-probabilities of all tokens, if they were asked for.
    pub logprobs: Option<Vec<TokenLogprob>>,
    /// Pieces of tool calls, in the order in which they came.
    pub tool_calls: Vec<Value>,
}

/// The events of one answer while it is made.
///
/// Dropping the stream stops the work. After [`Event::Finished`] or an error there is nothing more.
pub struct DeltaStream {
    events: BoxStream<'static, Result<Event, EngineError>>,
    cancelled: Pin<Box<WaitForCancellationFutureOwned>>,
    ended: bool,
    _stops_work: DropGuard,
}

impl DeltaStream {
    /// Wraps an engine's events.
    ///
    /// `work` is the token the work listens to, a child of the caller's: the stream cancels it when it is dropped, and
    /// ends with [`EngineError::Cancelled`] once it is cancelled.
    pub fn new(
        events: impl Stream<Item = Result<Event, EngineError>> + Send + 'static,
        work: CancellationToken,
    ) -> Self {
        Self {
            events: events.boxed(),
            cancelled: Box::pin(work.clone().cancelled_owned()),
            ended: false,
            _stops_work: work.drop_guard(),
        }
    }

    /// Waits for the end and gives the whole answer.
    ///
    /// # Errors
    /// [`EngineError`]: the answer failed on the way.
    pub async fn complete(mut self) -> Result<Completion, EngineError> {
        let mut text = String::new();
        let mut logprobs: Option<Vec<TokenLogprob>> = None;
        let mut tool_calls = Vec::new();
        while let Some(event) = self.next().await {
            match event? {
                Event::Started { .. } => {}
                Event::Delta(delta) => {
                    text.push_str(&delta.text);
                    if let Some(more) = delta.logprobs {
                        logprobs.get_or_insert_default().extend(more);
                    }
                    tool_calls.extend(delta.tool_calls);
                }
                Event::Finished(finish) => {
                    return Ok(Completion {
                        text,
                        finish,
                        logprobs,
                        tool_calls,
                    });
                }
            }
        }
        Err(EngineError::failed(
            "the answer ended without its last event",
        ))
    }
}

impl Stream for DeltaStream {
    type Item = Result<Event, EngineError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if self.ended {
            return Poll::Ready(None);
        }
        if self.cancelled.as_mut().poll(context).is_ready() {
            self.ended = true;
            return Poll::Ready(Some(Err(EngineError::Cancelled)));
        }
        let polled = self.events.as_mut().poll_next(context);
        if matches!(
            polled,
            Poll::Ready(None | Some(Err(_) | Ok(Event::Finished(_))))
        ) {
            self.ended = true;
        }
        polled
    }
}

impl std::fmt::Debug for DeltaStream {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DeltaStream")
            .field("ended", &self.ended)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use futures::StreamExt;
    use tokio_util::sync::CancellationToken;

    use super::{DeltaStream, EngineError};

    #[tokio::test]
    async fn dropping_the_stream_cancels_the_work_and_not_the_caller() {
        let caller = CancellationToken::new();
        let work = caller.child_token();
        drop(DeltaStream::new(futures::stream::pending(), work.clone()));
        assert!(work.is_cancelled());
        assert!(!caller.is_cancelled());
    }

    #[tokio::test]
    async fn a_cancelled_stream_ends_with_one_error() {
        let caller = CancellationToken::new();
        let mut stream = DeltaStream::new(futures::stream::pending(), caller.child_token());
        caller.cancel();
        assert!(matches!(
            stream.next().await,
            Some(Err(EngineError::Cancelled))
        ));
        assert!(stream.next().await.is_none());
    }

    #[tokio::test]
    async fn a_stream_without_a_last_event_is_a_failure() {
        let stream = DeltaStream::new(futures::stream::empty(), CancellationToken::new());
        assert!(matches!(
            stream.complete().await,
            Err(EngineError::Failed { .. })
        ));
    }
}
