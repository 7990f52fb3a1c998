//! What every engine can do.

use async_trait::async_trait;
use atoma_openai::ChatRequest;
use atoma_protocol::money::Tokens;
use tokio_util::sync::CancellationToken;

use crate::delta::DeltaStream;
use crate::error::EngineError;
use crate::model::ModelInfo;

/// Turns chat requests into tokens.
#[async_trait]
pub trait Engine: Send + Sync + std::fmt::Debug {
    /// The models this engine serves; the list does not change while it runs.
    fn models(&self) -> &[ModelInfo];

    /// How many tokens the prompt has at most: the bound to pay for before work starts.
    ///
    /// Exact where the engine holds the tokenizer; an upstream that only counts afterwards gives a bound from the
    /// prompt's bytes. It is computed on the caller's thread, in time proportional to the prompt.
    ///
    /// # Errors
    /// [`EngineError`]: the model is unknown, or the request cannot be made into a prompt.
    fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError>;

    /// Starts an answer.
    ///
    /// It ends early, with [`EngineError::Cancelled`] at the next token, when `cancel` is cancelled, and silently when
    /// the stream is dropped. What a failure means for the caller is the same before and after the first token.
    ///
    /// # Errors
    /// [`EngineError`]: nothing was generated.
    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: CancellationToken,
    ) -> Result<DeltaStream, EngineError>;

    /// The model of this name.
    ///
    /// # Errors
    /// [`EngineError::UnknownModel`].
    fn model(&self, name: &str) -> Result<&ModelInfo, EngineError> {
        self.models()
            .iter()
            .find(|model| model.name == name)
            .ok_or_else(|| EngineError::UnknownModel {
                model: name.to_owned(),
            })
    }
}

/// A chat request and the limit under which it is served.
#[derive(Debug, Clone, PartialEq)]
pub struct GenerateRequest {
    /// The request, already validated.
    pub chat: ChatRequest,
    /// The most tokens to generate, whatever the request says; what its payer can cover.
    pub max_output_tokens: Option<Tokens>,
}

impl GenerateRequest {
    /// A request under no limit but its own.
    #[must_use]
    pub fn new(chat: ChatRequest) -> Self {
        Self {
            chat,
            max_output_tokens: None,
        }
    }

    /// Sets the most tokens to generate, whatever the request says.
    #[must_use]
    pub fn with_max_output_tokens(mut self, limit: Tokens) -> Self {
        self.max_output_tokens = Some(limit);
        self
    }

    /// The smaller of both limits; `None` if neither is set.
    #[must_use]
    pub fn output_limit(&self) -> Option<u64> {
        let own = self.chat.output_token_limit();
        let outer = self.max_output_tokens.map(Tokens::get);
        match (own, outer) {
            (Some(own), Some(outer)) => Some(own.min(outer)),
            (one, other) => one.or(other),
        }
    }
}
