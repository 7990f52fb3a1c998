//! One answer, token by token.

use std::time::{Duration, Instant};

use atoma_engine::stop::StopMatcher;
use atoma_engine::{Delta, EngineError, Event, Finish};
use atoma_openai::FinishReason;
use atoma_openai::chat::{TokenLogprob, TopLogprob};
use atoma_protocol::money::{TokenCount, Tokens};
use tokio::sync::mpsc;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use crate::decoder::Cache;
use crate::load::LoadedModel;
use crate::sampler::{Sampler, log_probabilities};

/// Tokens of a prompt read at once; between two such pieces it can be cancelled.
const PREFILL_TOKENS: usize = 128;
/// How long a thread waits for a reader that takes no events.
const READER_PATIENCE: Duration = Duration::from_secs(60);
/// How often it looks whether the reader took one.
const READER_POLL: Duration = Duration::from_millis(5);

/// What is to be generated.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) prompt: Vec<u32>,
    pub(crate) input_tokens: Tokens,
    pub(crate) output_limit: u64,
    pub(crate) stop_sequences: Vec<String>,
    /// How many alternatives are wanted with each log-probability, if any are wanted.
    pub(crate) logprobs: Option<usize>,
    pub(crate) sampler: Sampler,
}

/// A plan, who reads its events, and who may stop it.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) plan: Plan,
    pub(crate) events: mpsc::Sender<Result<Event, EngineError>>,
    pub(crate) cancel: CancellationToken,
    pub(crate) engine_stopped: CancellationToken,
}

impl Job {
    /// Generates the answer; failures go to its reader.
    pub(crate) fn run(mut self, model: &LoadedModel) {
        let error = match self.generate(model) {
            Ok(()) => return,
            Err(error) => error,
        };
        if !matches!(error, EngineError::Cancelled) {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "a generation failed"
            );
        }
        // Who does not read any more need not be told.
        let _ = self.events.try_send(Err(error));
    }

    fn generate(&mut self, model: &LoadedModel) -> Result<(), EngineError> {
        self.check()?;
        self.send(Event::Started {
            input_tokens: self.plan.input_tokens,
        })?;
        let mut cache = model.decoder.cache();
        let mut logits = self.read_prompt(model, &mut cache)?;
        let mut text = model.tokenizer.incremental();
        let mut stop = StopMatcher::new(&self.plan.stop_sequences);
        let mut generated = 0_u64;
        let reason = loop {
            if generated >= self.plan.output_limit {
                break FinishReason::Length;
            }
            self.check()?;
            let unchanged = self.plan.logprobs.map(|_| logits.clone());
            let token = self
                .plan
                .sampler
                .choose(&mut logits)
                .ok_or_else(|| EngineError::failed("the model's output is not a number"))?;
            generated += 1;
            let logprobs = unchanged.map(|logits| vec![self.logprob(model, &logits, token)]);
            let ended = model.end_tokens.contains(&token);
            let shown = if ended {
                String::new()
            } else {
                stop.push(&text.push(token))
            };
            let delta = Delta {
                text: shown,
                output_tokens: tokens(1)?,
                logprobs: if ended { None } else { logprobs },
                tool_calls: None,
            };
            self.send(Event::Delta(delta))?;
            if ended || stop.is_stopped() {
                break FinishReason::Stop;
            }
            if generated < self.plan.output_limit {
                logits = model
                    .decoder
                    .predict(&[token], &mut cache)
                    .map_err(failed)?;
            }
        };
        let mut rest = stop.push(&text.finish());
        rest.push_str(&stop.finish());
        if !rest.is_empty() {
            self.send(Event::Delta(Delta {
                text: rest,
                ..Delta::default()
            }))?;
        }
        let usage = TokenCount::new(self.plan.input_tokens, tokens(generated)?);
        self.send(Event::Finished(Finish { reason, usage }))
    }

    fn read_prompt(&self, model: &LoadedModel, cache: &mut Cache) -> Result<Vec<f32>, EngineError> {
        // The last piece gives the logits; it has at least one token, as the prompt has.
        let last_at = (self.plan.prompt.len().saturating_sub(1) / PREFILL_TOKENS) * PREFILL_TOKENS;
        let (before, last) = self.plan.prompt.split_at(last_at);
        for piece in before.chunks(PREFILL_TOKENS) {
            self.check()?;
            model.decoder.read(piece, cache).map_err(failed)?;
        }
        self.check()?;
        model.decoder.predict(last, cache).map_err(failed)
    }

    fn logprob(&self, model: &LoadedModel, logits: &[f32], token: u32) -> TokenLogprob {
        let (logprob, top) = log_probabilities(logits, token, self.plan.logprobs.unwrap_or(0));
        let written = |token: u32| {
            let bytes = model.tokenizer.token_bytes(token);
            (String::from_utf8_lossy(&bytes).into_owned(), Some(bytes))
        };
        let top = top.into_iter().map(|(token, logprob)| {
            let (token, bytes) = written(token);
            TopLogprob {
                token,
                logprob: finite(logprob),
                bytes,
            }
        });
        let (token, bytes) = written(token);
        TokenLogprob {
            token,
            logprob: finite(logprob),
            bytes,
            top_logprobs: top.collect(),
        }
    }

    /// Gives an event to the reader, and waits a while for one who is slow.
    fn send(&self, event: Event) -> Result<(), EngineError> {
        let mut event = Ok(event);
        let since = Instant::now();
        loop {
            match self.events.try_send(event) {
                Ok(()) => return Ok(()),
                Err(TrySendError::Closed(_)) => return Err(EngineError::Cancelled),
                Err(TrySendError::Full(back)) => event = back,
            }
            self.check()?;
            if since.elapsed() >= READER_PATIENCE {
                return Err(EngineError::TimedOut {
                    awaited: "reader of the answer",
                    limit: READER_PATIENCE,
                });
            }
            std::thread::sleep(READER_POLL);
        }
    }

    fn check(&self) -> Result<(), EngineError> {
        if self.cancel.is_cancelled() {
            return Err(EngineError::Cancelled);
        }
        if self.engine_stopped.is_cancelled() {
            return Err(EngineError::failed("the engine was stopped"));
        }
        Ok(())
    }
}

/// JSON has no infinity; the API writes this number for what is impossible.
fn finite(logprob: f64) -> f64 {
    const IMPOSSIBLE: f64 = -9_999.0;
    if logprob.is_finite() {
        logprob
    } else {
        IMPOSSIBLE
    }
}

fn tokens(count: u64) -> Result<Tokens, EngineError> {
    Tokens::new(count).map_err(|error| EngineError::failed(error.to_string()))
}

fn failed(cause: candle_core::Error) -> EngineError {
    EngineError::Failed {
        reason: "a computation with the weights failed".to_owned(),
        cause: Some(Box::new(cause)),
    }
}
