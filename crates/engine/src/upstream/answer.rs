//! An upstream's stream read into events.

use std::collections::VecDeque;
use std::sync::Arc;

use atoma_openai::chat::ChatChunk;
use atoma_openai::sse::{DONE_DATA, EVENT_STREAM, Event as SseEvent, EventDecoder};
use atoma_openai::{ErrorBody, FinishReason, Usage};
use atoma_protocol::money::{TokenCount, Tokens};
use futures::Stream;
use reqwest::header::CONTENT_TYPE;

use super::config::UpstreamConfig;
use crate::delta::{Delta, Event, Finish};
use crate::error::EngineError;

/// An answer being read.
pub(super) struct Answer {
    response: reqwest::Response,
    config: Arc<UpstreamConfig>,
    decoder: EventDecoder,
    ready: VecDeque<Event>,
    read_bytes: u64,
    meter: Meter,
    /// Why the answer ended, once the upstream said so.
    reason: Option<FinishReason>,
    checked_type: bool,
}

/// What the upstream counted so far.
struct Meter {
    started: bool,
    usage: Option<TokenCount>,
    output_limit: u64,
    input_bound: Tokens,
}

impl Answer {
    pub(super) fn new(
        response: reqwest::Response,
        config: Arc<UpstreamConfig>,
        output_limit: u64,
        input_bound: Tokens,
    ) -> Self {
        Self {
            response,
            decoder: EventDecoder::with_limit(config.limits.event_bytes),
            config,
            ready: VecDeque::new(),
            read_bytes: 0,
            meter: Meter {
                started: false,
                usage: None,
                output_limit,
                input_bound,
            },
            reason: None,
            checked_type: false,
        }
    }

    /// The answer's events; nothing is read before they are polled.
    pub(super) fn into_events(self) -> impl Stream<Item = Result<Event, EngineError>> + Send {
        futures::stream::unfold(self, |mut answer| async move {
            Some((answer.next().await, answer))
        })
    }

    async fn next(&mut self) -> Result<Event, EngineError> {
        self.check_type()?;
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(event);
            }
            let limit = self.config.limits.idle;
            let read = tokio::time::timeout(limit, self.response.chunk())
                .await
                .map_err(|_| EngineError::TimedOut {
                    awaited: "byte from the upstream",
                    limit,
                })?;
            match read {
                Err(cause) => {
                    return Err(EngineError::Unavailable {
                        reason: "it broke off".to_owned(),
                        cause: Some(Box::new(cause)),
                    });
                }
                Ok(Some(piece)) => self.take(&piece)?,
                Ok(None) => {
                    let decoder = std::mem::take(&mut self.decoder);
                    let last = decoder
                        .finish()
                        .map_err(|error| malformed(error.to_string()))?;
                    if let Some(event) = last {
                        self.read(&event)?;
                    }
                    if !matches!(self.ready.back(), Some(Event::Finished(_))) {
                        self.finish()?;
                    }
                }
            }
        }
    }

    fn check_type(&mut self) -> Result<(), EngineError> {
        if std::mem::replace(&mut self.checked_type, true) {
            return Ok(());
        }
        let media_type = self
            .response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|value| value.to_str().ok());
        if media_type.is_some_and(|media_type| {
            media_type
                .trim()
                .to_ascii_lowercase()
                .starts_with(EVENT_STREAM)
        }) {
            Ok(())
        } else {
            Err(malformed("it is not an event stream"))
        }
    }

    fn take(&mut self, piece: &[u8]) -> Result<(), EngineError> {
        self.read_bytes = self
            .read_bytes
            .saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        let limit = self.config.limits.answer_bytes;
        if self.read_bytes > limit {
            return Err(malformed(format!("it is longer than {limit} bytes")));
        }
        for event in self
            .decoder
            .push(piece)
            .map_err(|error| malformed(error.to_string()))?
        {
            self.read(&event)?;
        }
        Ok(())
    }

    fn read(&mut self, event: &SseEvent) -> Result<(), EngineError> {
        if matches!(self.ready.back(), Some(Event::Finished(_))) {
            return Ok(());
        }
        if event.data.trim() == DONE_DATA {
            return self.finish();
        }
        let chunk: ChatChunk = match serde_json::from_str(&event.data) {
            Ok(chunk) => chunk,
            Err(_) if serde_json::from_str::<ErrorBody>(&event.data).is_ok() => {
                return Err(EngineError::Unavailable {
                    reason: "it reported an error within the answer".to_owned(),
                    cause: None,
                });
            }
            Err(error) => return Err(malformed(format!("an event is not a chunk: {error}"))),
        };
        self.read_chunk(chunk)
    }

    fn read_chunk(&mut self, chunk: ChatChunk) -> Result<(), EngineError> {
        let output_tokens = match &chunk.usage {
            Some(usage) => self.meter.count(usage)?,
            None => Tokens::ZERO,
        };
        if !std::mem::replace(&mut self.meter.started, true) {
            let input_tokens = self.meter.usage.map_or(Tokens::ZERO, |usage| usage.input);
            self.ready.push_back(Event::Started { input_tokens });
        }
        let mut delta = Delta {
            output_tokens,
            ..Delta::default()
        };
        let mut adds = output_tokens != Tokens::ZERO && self.config.continuous_usage;
        for choice in chunk.choices {
            if choice.index != 0 {
                return Err(malformed("it has more answers than were asked for"));
            }
            if self.reason.is_some()
                && choice
                    .delta
                    .content
                    .as_ref()
                    .is_some_and(|text| !text.is_empty())
            {
                return Err(malformed("it goes on after its end"));
            }
            if let Some(text) = choice.delta.content {
                adds |= !text.is_empty();
                delta.text.push_str(&text);
            }
            if let Some(more) = choice.logprobs.and_then(|logprobs| logprobs.content) {
                delta.logprobs.get_or_insert_default().extend(more);
            }
            if let Some(calls) = choice.delta.tool_calls {
                adds = true;
                delta.tool_calls = Some(calls);
            }
            self.reason = choice.finish_reason.or(self.reason.take());
        }
        if adds {
            if !self.config.continuous_usage {
                delta.output_tokens = Tokens::ZERO;
            }
            self.ready.push_back(Event::Delta(delta));
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), EngineError> {
        let Some(reason) = self.reason.take() else {
            return Err(EngineError::Unavailable {
                reason: "the answer ended early".to_owned(),
                cause: None,
            });
        };
        let usage = self.meter.usage.ok_or(EngineError::NoUsage)?;
        self.ready
            .push_back(Event::Finished(Finish { reason, usage }));
        Ok(())
    }
}

impl Meter {
    /// Takes the upstream's counts and returns the output tokens they add.
    ///
    /// Counts that shrink, exceed what was allowed, or exceed what the prompt's bytes can be, are refused: nobody is
    /// billed by them.
    fn count(&mut self, usage: &Usage) -> Result<Tokens, EngineError> {
        let tokens = |count: u64| Tokens::new(count).map_err(|error| malformed(error.to_string()));
        let new = TokenCount::new(
            tokens(usage.prompt_tokens)?,
            tokens(usage.completion_tokens)?,
        );
        let old = self.usage.unwrap_or_default();
        let changed_input = self.usage.is_some() && new.input != old.input;
        if changed_input || new.output < old.output {
            return Err(malformed("its token counts contradict each other"));
        }
        if new.output.get() > self.output_limit {
            return Err(malformed("it counts more output tokens than were allowed"));
        }
        if new.input > self.input_bound {
            return Err(malformed(
                "it counts more input tokens than the prompt can have",
            ));
        }
        self.usage = Some(new);
        tokens(new.output.get() - old.output.get())
    }
}

fn malformed(reason: impl Into<String>) -> EngineError {
    EngineError::Malformed {
        reason: reason.into(),
    }
}
