//! The engine over a pool of threads.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use atoma_engine::request::require_plain_text;
use atoma_engine::{DeltaStream, Engine, EngineError, Event, GenerateRequest, Modality, ModelInfo};
use atoma_env::Env;
use atoma_openai::{ChatRequest, Role};
use atoma_protocol::money::Tokens;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

use crate::generation::{Job, Plan};
use crate::load::{LoadError, LoadedModel};
use crate::sampler::{Sampler, SamplingDefaults};
use crate::template::{TemplateError, TemplateMessage};
use crate::worker::Workers;

/// What computes the answers: the class of results that are comparable.
pub const ENGINE_CLASS: &str = "candle-cpu/1";
/// Requests that may wait for a thread.
pub const QUEUE_LIMIT: usize = 64;
/// Requests answered at once.
pub const WORKERS: usize = 2;
/// Threads one computation uses. More help larger models on an idle machine; on a busy one, or for small models, they
/// spend their time waiting for each other. Products of quantised matrices use the threads that the environment
/// variable `CANDLE_NUM_THREADS` says instead, all of the machine's if it is not set.
pub const THREADS: usize = 1;
/// Tokens of prompt and answer together that one request may hold in memory.
pub const MAX_CONTEXT: usize = 8_192;
/// Events that an answer may be ahead of its reader.
const EVENTS_AHEAD: usize = 256;
/// Prompts longer than this, in bytes, are tokenised away from the async threads.
const LONG_PROMPT_BYTES: usize = 16 << 10;

/// How an engine is run.
#[derive(Debug, Clone, PartialEq)]
pub struct EngineOptions {
    /// The name under which the model is offered; the file's own if not set.
    pub name: Option<String>,
    /// Requests answered at once.
    pub workers: usize,
    /// Threads each of them computes with.
    pub threads: usize,
    /// Requests that may wait; one more is refused as overloaded.
    pub queue: usize,
    /// Tokens of prompt and answer together; a model's own limit if that is lower.
    pub max_context: usize,
    /// What is used where a request sets nothing.
    pub sampling: SamplingDefaults,
}

impl Default for EngineOptions {
    fn default() -> Self {
        Self {
            name: None,
            workers: WORKERS,
            threads: THREADS,
            queue: QUEUE_LIMIT,
            max_context: MAX_CONTEXT,
            sampling: SamplingDefaults::default(),
        }
    }
}

/// A model in this process, answering on threads of its own.
///
/// The threads end when the engine is dropped; answers under way end with it.
#[derive(Debug)]
pub struct CandleEngine {
    env: Env,
    model: Arc<LoadedModel>,
    info: ModelInfo,
    sampling: SamplingDefaults,
    workers: Workers,
    stopped: CancellationToken,
}

impl CandleEngine {
    /// Loads a GGUF file or a model folder and starts the threads; blocks until the model is read.
    ///
    /// # Errors
    /// [`LoadError`].
    pub fn load(path: &Path, options: EngineOptions, env: Env) -> Result<Self, LoadError> {
        Self::start(LoadedModel::load(path, options.max_context)?, options, env)
    }

    /// Starts the threads for a model that is loaded already.
    ///
    /// # Errors
    /// [`LoadError`]: a thread cannot be started.
    pub fn start(model: LoadedModel, options: EngineOptions, env: Env) -> Result<Self, LoadError> {
        let context = u64::try_from(model.decoder.config().context_length).unwrap_or(u64::MAX);
        let info = ModelInfo {
            name: options.name.unwrap_or_else(|| model.name.clone()),
            context_length: Tokens::new(context)
                .map_err(|error| LoadError::bad_value("context length", error.to_string()))?,
            manifest_hash: model.manifest.hash(),
            engine_class: ENGINE_CLASS.to_owned(),
            modality: Modality::Text,
        };
        let model = Arc::new(model);
        let workers = Workers::start(
            &model,
            options.workers.max(1),
            options.threads.max(1),
            options.queue,
        )?;
        Ok(Self {
            env,
            model,
            info,
            sampling: options.sampling,
            workers,
            stopped: CancellationToken::new(),
        })
    }

    /// The prompt's tokens, checked against the context.
    async fn prompt(&self, request: &ChatRequest) -> Result<Vec<u32>, EngineError> {
        self.model(&request.model)?;
        let messages = template_messages(request)?;
        let bytes: usize = messages.iter().map(|message| message.content.len()).sum();
        if bytes <= LONG_PROMPT_BYTES {
            return tokenise(&self.model, &messages, self.info.context_length);
        }
        let (model, context_length) = (Arc::clone(&self.model), self.info.context_length);
        tokio::task::spawn_blocking(move || tokenise(&model, &messages, context_length))
            .await
            .map_err(|cause| EngineError::Failed {
                reason: "tokenising failed".to_owned(),
                cause: Some(cause.into()),
            })?
    }
}

#[async_trait]
impl Engine for CandleEngine {
    fn models(&self) -> &[ModelInfo] {
        std::slice::from_ref(&self.info)
    }

    fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.model(&request.model)?;
        let tokens = tokenise(
            &self.model,
            &template_messages(request)?,
            self.info.context_length,
        )?;
        count(tokens.len())
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: CancellationToken,
    ) -> Result<DeltaStream, EngineError> {
        let prompt = self.prompt(&request.chat).await?;
        let input_tokens = count(prompt.len())?;
        let room = self
            .info
            .context_length
            .get()
            .saturating_sub(input_tokens.get());
        let chat = &request.chat;
        let wants_logprobs = chat.logprobs.unwrap_or(false);
        let plan = Plan {
            input_tokens,
            prompt,
            output_limit: request.output_limit().unwrap_or(room).min(room),
            stop_sequences: chat.stop_sequences().to_vec(),
            logprobs: wants_logprobs
                .then(|| usize::try_from(chat.top_logprobs.unwrap_or(0)).unwrap_or(usize::MAX)),
            sampler: Sampler::new(chat, self.sampling, u64::from_le_bytes(self.env.random())),
        };
        let (sender, receiver) = mpsc::channel::<Result<Event, EngineError>>(EVENTS_AHEAD);
        let work = cancel.child_token();
        self.workers.submit(Job {
            plan,
            events: sender,
            cancel: work.clone(),
            engine_stopped: self.stopped.clone(),
        })?;
        Ok(DeltaStream::new(ReceiverStream::new(receiver), work))
    }
}

impl Drop for CandleEngine {
    fn drop(&mut self) {
        self.stopped.cancel();
    }
}

fn template_messages(request: &ChatRequest) -> Result<Vec<TemplateMessage>, EngineError> {
    require_plain_text(request)?;
    let message = |message: &atoma_openai::Message| {
        // Templates know the older names only.
        let role = match message.role {
            Role::Developer => Role::System,
            Role::Function => Role::Tool,
            role => role,
        };
        Ok(TemplateMessage {
            role: role.as_str(),
            content: message.joined_text()?.into_owned(),
        })
    };
    request.messages.iter().map(message).collect()
}

fn tokenise(
    model: &LoadedModel,
    messages: &[TemplateMessage],
    context_length: Tokens,
) -> Result<Vec<u32>, EngineError> {
    let text = model
        .template
        .render(messages)
        .map_err(|error| match error {
            TemplateError::Refused(words) => EngineError::invalid("messages", words),
            TemplateError::Broken(cause) => EngineError::Failed {
                reason: "the model's chat template failed".to_owned(),
                cause: Some(Box::new(cause)),
            },
        })?;
    let tokens = model
        .tokenizer
        .encode(&text)
        .map_err(|cause| EngineError::Failed {
            reason: "the model's tokenizer failed".to_owned(),
            cause: Some(Box::new(cause)),
        })?;
    let input_tokens = count(tokens.len())?;
    if tokens.is_empty() {
        return Err(EngineError::invalid(
            "messages",
            "they make an empty prompt",
        ));
    }
    if input_tokens >= context_length {
        return Err(EngineError::ContextExceeded {
            input_tokens,
            context_length,
        });
    }
    Ok(tokens)
}

fn count(tokens: usize) -> Result<Tokens, EngineError> {
    Tokens::new(u64::try_from(tokens).unwrap_or(u64::MAX))
        .map_err(|error| EngineError::invalid("messages", error.to_string()))
}
