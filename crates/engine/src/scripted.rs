//! An engine whose model's name picks what happens: for tests, and for showing faults.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use atoma_env::Env;
use atoma_openai::{ChatRequest, FinishReason};
use atoma_protocol::money::{TokenCount, Tokens};
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use crate::delta::{Delta, DeltaStream, Event, Finish};
use crate::engine::{Engine, GenerateRequest};
use crate::error::EngineError;
use crate::model::{Manifest, ManifestFile, Modality, ModelInfo};
use crate::request::require_plain_text;
use crate::stop::StopMatcher;

/// The names [`ScriptedEngine::new`] serves.
pub const DEFAULT_MODELS: [&str; 6] = [
    "scripted/echo",
    "scripted/count-100",
    "scripted/slow",
    "scripted/fail-before",
    "scripted/fail-after-3",
    "scripted/hang",
];
/// Time between two tokens of `scripted/slow`.
pub const SLOW_TOKEN: Duration = Duration::from_millis(50);
/// Tokens of prompt and answer together.
pub const CONTEXT_LENGTH: u64 = 32_768;
/// The highest number a name may carry.
pub const MAX_COUNT: u64 = 1_000_000;

/// What a model's name makes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Script {
    /// Says the last message.
    Echo,
    /// Says the numbers from 1 to this one.
    Count(u64),
    /// Says the last message, with a pause before each word.
    Slow,
    /// Fails before it starts.
    FailBefore,
    /// Says so many words and fails.
    FailAfter(u64),
    /// Starts and says nothing, until it is cancelled.
    Hang,
}

impl Script {
    fn of(model: &str) -> Option<Self> {
        let name = model.strip_prefix("scripted/")?;
        let number = |digits: &str| {
            digits
                .parse()
                .ok()
                .filter(|count| (1..=MAX_COUNT).contains(count))
        };
        match name {
            "echo" => Some(Self::Echo),
            "slow" => Some(Self::Slow),
            "fail-before" => Some(Self::FailBefore),
            "hang" => Some(Self::Hang),
            _ => match (
                name.strip_prefix("count-"),
                name.strip_prefix("fail-after-"),
            ) {
                (Some(digits), _) => number(digits).map(Self::Count),
                (_, Some(digits)) => number(digits).map(Self::FailAfter),
                _ => None,
            },
        }
    }
}

/// An engine that does what its model's name says: one token a word, the same answer every time.
///
/// `scripted/echo` repeats the last message, `scripted/slow` does so with pauses, `scripted/count-N` counts to N,
/// `scripted/fail-before` fails at once, `scripted/fail-after-N` after N words, `scripted/hang` never speaks.
#[derive(Debug)]
pub struct ScriptedEngine {
    env: Env,
    models: Vec<ModelInfo>,
}

/// A name that is no script.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not the name of a script")]
pub struct UnknownScript(String);

impl ScriptedEngine {
    /// Makes an engine that serves [`DEFAULT_MODELS`].
    #[must_use]
    pub fn new(env: Env) -> Self {
        Self {
            env,
            models: DEFAULT_MODELS.iter().map(|name| model_info(name)).collect(),
        }
    }

    /// Makes an engine that serves these names only.
    ///
    /// # Errors
    /// [`UnknownScript`] for a name that is no script.
    pub fn serving(env: Env, names: &[&str]) -> Result<Self, UnknownScript> {
        let known = |name: &&str| match Script::of(name) {
            Some(_) => Ok(model_info(name)),
            None => Err(UnknownScript((*name).to_owned())),
        };
        Ok(Self {
            env,
            models: names.iter().map(known).collect::<Result<_, _>>()?,
        })
    }

    fn script(&self, model: &str) -> Result<Script, EngineError> {
        self.model(model)?;
        Script::of(model).ok_or_else(|| EngineError::UnknownModel {
            model: model.to_owned(),
        })
    }
}

#[async_trait]
impl Engine for ScriptedEngine {
    fn models(&self) -> &[ModelInfo] {
        &self.models
    }

    fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.script(&request.model)?;
        require_plain_text(request)?;
        let mut words = 0;
        for message in &request.messages {
            words += message.joined_text()?.split_whitespace().count();
        }
        let count = u64::try_from(words).unwrap_or(u64::MAX);
        let input_tokens = Tokens::new(count)
            .map_err(|error| EngineError::invalid("messages", error.to_string()))?;
        if count >= CONTEXT_LENGTH {
            return Err(EngineError::ContextExceeded {
                input_tokens,
                context_length: context_length(),
            });
        }
        Ok(input_tokens)
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: CancellationToken,
    ) -> Result<DeltaStream, EngineError> {
        let script = self.script(&request.chat.model)?;
        let input_tokens = self.count_prompt(&request.chat)?;
        if script == Script::FailBefore {
            return Err(EngineError::failed("the script says so"));
        }
        let room = CONTEXT_LENGTH - input_tokens.get();
        let play = Play {
            env: self.env.clone(),
            script,
            input_tokens,
            words: words_of(script, &request.chat)?,
            limit: request.output_limit().unwrap_or(room).min(room),
            stop: StopMatcher::new(request.chat.stop_sequences()),
            said: 0,
            started: false,
        };
        let events =
            futures::stream::unfold(
                play,
                |mut play| async move { Some((play.next().await, play)) },
            );
        Ok(DeltaStream::new(events.boxed(), cancel.child_token()))
    }
}

/// One answer being made.
struct Play {
    env: Env,
    script: Script,
    input_tokens: Tokens,
    words: VecDeque<String>,
    limit: u64,
    stop: StopMatcher,
    said: u64,
    started: bool,
}

impl Play {
    async fn next(&mut self) -> Result<Event, EngineError> {
        if !std::mem::replace(&mut self.started, true) {
            return Ok(Event::Started {
                input_tokens: self.input_tokens,
            });
        }
        match self.script {
            Script::Hang => std::future::pending().await,
            Script::Slow => self.env.sleep(SLOW_TOKEN).await,
            Script::FailAfter(words) if self.said == words => {
                return Err(EngineError::failed("the script says so"));
            }
            _ => {}
        }
        if self.stop.is_stopped() {
            return self.finish(FinishReason::Stop);
        }
        if self.said >= self.limit {
            return self.end_with(FinishReason::Length);
        }
        match self.words.pop_front() {
            None => self.end_with(FinishReason::Stop),
            Some(word) => {
                let spaced = if self.said == 0 {
                    word
                } else {
                    format!(" {word}")
                };
                self.said += 1;
                let text = self.stop.push(&spaced);
                Ok(Event::Delta(Delta {
                    text,
                    output_tokens: one_token(),
                    ..Delta::default()
                }))
            }
        }
    }

    /// Gives what a stop sequence held back, then finishes.
    fn end_with(&mut self, reason: FinishReason) -> Result<Event, EngineError> {
        let held = self.stop.finish();
        if held.is_empty() {
            return self.finish(reason);
        }
        Ok(Event::Delta(Delta {
            text: held,
            ..Delta::default()
        }))
    }

    fn finish(&self, reason: FinishReason) -> Result<Event, EngineError> {
        let output_tokens =
            Tokens::new(self.said).map_err(|error| EngineError::failed(error.to_string()))?;
        Ok(Event::Finished(Finish {
            reason,
            usage: TokenCount::new(self.input_tokens, output_tokens),
        }))
    }
}

fn words_of(script: Script, request: &ChatRequest) -> Result<VecDeque<String>, EngineError> {
    match script {
        Script::Count(last) => Ok((1..=last).map(|number| number.to_string()).collect()),
        Script::FailAfter(words) => Ok((1..=words).map(|number| format!("word{number}")).collect()),
        Script::Hang | Script::FailBefore => Ok(VecDeque::new()),
        Script::Echo | Script::Slow => match request.messages.last() {
            None => Ok(VecDeque::new()),
            Some(message) => Ok(message
                .joined_text()?
                .split_whitespace()
                .map(str::to_owned)
                .collect()),
        },
    }
}

fn model_info(name: &str) -> ModelInfo {
    let file = ManifestFile {
        name: name.to_owned(),
        size_bytes: 0,
        blake3: *blake3::hash(name.as_bytes()).as_bytes(),
    };
    ModelInfo {
        name: name.to_owned(),
        context_length: context_length(),
        manifest_hash: Manifest::new(vec![file]).hash(),
        engine_class: "scripted/1".to_owned(),
        modality: Modality::Text,
    }
}

fn context_length() -> Tokens {
    Tokens::new(CONTEXT_LENGTH).expect("the constant is below the limit of token counts")
}

fn one_token() -> Tokens {
    Tokens::new(1).expect("1 is below the limit of token counts")
}

#[cfg(test)]
mod tests;
