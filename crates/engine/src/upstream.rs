//! Any OpenAI-compatible HTTP server as an engine.
//!
//! - [`config`]: where the server is, and the limits of talking to it.
//! - [`request`]: what of a request is passed on.
//! - [`answer`]: the server's stream read into events.

pub mod answer;
pub mod config;
pub mod request;

use std::sync::Arc;

use async_trait::async_trait;
use atoma_openai::{ChatRequest, ErrorBody};
use atoma_protocol::money::Tokens;
use reqwest::{StatusCode, Url};
use secrecy::ExposeSecret;
use tokio_util::sync::CancellationToken;

pub use config::{UpstreamConfig, UpstreamConfigError, UpstreamLimits, UpstreamModel};

use crate::delta::DeltaStream;
use crate::engine::{Engine, GenerateRequest};
use crate::error::EngineError;
use crate::model::ModelInfo;
use answer::Answer;

/// Tokens that a chat template may add for each message, in the bound of [`Engine::count_prompt`].
const TEMPLATE_TOKENS_PER_MESSAGE: u64 = 16;
/// Tokens that a chat template may add once, in the bound of [`Engine::count_prompt`].
const TEMPLATE_TOKENS: u64 = 256;
/// Characters of an upstream's error message that are passed on.
const MAX_MESSAGE_CHARS: usize = 300;

/// An OpenAI-compatible HTTP server as an engine.
///
/// Token counts are the server's own. A server that sends running usage with each event (`continuous_usage_stats`) is
/// metered token by token; any other gives its counts with the last event, and nothing on the way.
#[derive(Debug)]
pub struct UpstreamEngine {
    client: reqwest::Client,
    endpoint: Url,
    config: Arc<UpstreamConfig>,
    models: Vec<ModelInfo>,
}

impl UpstreamEngine {
    /// Makes the engine; nothing is sent yet.
    ///
    /// # Errors
    /// [`UpstreamConfigError`]: the URL or a limit is not usable, or TLS cannot be set up.
    pub fn new(config: UpstreamConfig) -> Result<Self, UpstreamConfigError> {
        let endpoint = config.endpoint()?;
        let client = crate::http::client_builder(&endpoint)?
            .connect_timeout(config.limits.connect)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(UpstreamConfigError::Client)?;
        let models = config
            .models
            .iter()
            .map(|model| model.info.clone())
            .collect();
        Ok(Self {
            client,
            endpoint,
            config: Arc::new(config),
            models,
        })
    }

    async fn send(&self, body: &ChatRequest) -> Result<reqwest::Response, EngineError> {
        let mut request = self.client.post(self.endpoint.clone()).json(body);
        if let Some(key) = &self.config.api_key {
            request = request.bearer_auth(key.expose_secret());
        }
        let limit = self.config.limits.first_byte;
        match tokio::time::timeout(limit, request.send()).await {
            Err(_) => Err(EngineError::TimedOut {
                awaited: "response of the upstream",
                limit,
            }),
            Ok(Err(cause)) => Err(EngineError::Unavailable {
                reason: "the request failed".to_owned(),
                cause: Some(Box::new(cause)),
            }),
            Ok(Ok(response)) => Ok(response),
        }
    }

    /// What a response with an error status means.
    async fn failure(&self, mut response: reqwest::Response) -> EngineError {
        let status = response.status();
        match status {
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                EngineError::UpstreamOverloaded {
                    status: status.as_u16(),
                }
            }
            StatusCode::BAD_REQUEST
            | StatusCode::UNPROCESSABLE_ENTITY
            | StatusCode::PAYLOAD_TOO_LARGE => {
                let read = read_start(&mut response, self.config.limits.error_body_bytes);
                let body = tokio::time::timeout(self.config.limits.idle, read)
                    .await
                    .unwrap_or_default();
                refusal(&body)
            }
            status if status.is_server_error() => EngineError::Unavailable {
                reason: format!("it answered with status {}", status.as_u16()),
                cause: None,
            },
            status => EngineError::Refused {
                status: status.as_u16(),
            },
        }
    }
}

#[async_trait]
impl Engine for UpstreamEngine {
    fn models(&self) -> &[ModelInfo] {
        &self.models
    }

    fn count_prompt(&self, request: &ChatRequest) -> Result<Tokens, EngineError> {
        self.model(&request.model)?;
        let mut bound = TEMPLATE_TOKENS;
        for message in &request.messages {
            // A token has at least one byte, so that bytes bound tokens.
            let text = message.joined_text()?.len() + message.name.as_ref().map_or(0, String::len);
            let calls = message
                .tool_calls
                .as_ref()
                .map_or(0, |calls| calls.to_string().len());
            let bytes = u64::try_from(text.saturating_add(calls)).unwrap_or(u64::MAX);
            bound = bound
                .saturating_add(bytes)
                .saturating_add(TEMPLATE_TOKENS_PER_MESSAGE);
        }
        for field in [&request.tools, &request.response_format]
            .into_iter()
            .flatten()
        {
            bound =
                bound.saturating_add(u64::try_from(field.to_string().len()).unwrap_or(u64::MAX));
        }
        Tokens::new(bound).map_err(|error| EngineError::invalid("messages", error.to_string()))
    }

    async fn generate(
        &self,
        request: GenerateRequest,
        cancel: CancellationToken,
    ) -> Result<DeltaStream, EngineError> {
        let bound = self.count_prompt(&request.chat)?;
        let model = self.config.model(&request.chat.model)?;
        let body = request::pass_on(&request, model, &self.config)?;
        let output_limit = request::output_limit(&request, model);
        let response = tokio::select! {
            biased;
            () = cancel.cancelled() => return Err(EngineError::Cancelled),
            response = self.send(&body) => response?,
        };
        if !response.status().is_success() {
            return Err(tokio::select! {
                biased;
                () = cancel.cancelled() => EngineError::Cancelled,
                error = self.failure(response) => error,
            });
        }
        let answer = Answer::new(response, Arc::clone(&self.config), output_limit, bound);
        Ok(DeltaStream::new(answer.into_events(), cancel.child_token()))
    }
}

/// Reads at most `limit_bytes` of a body; what cannot be read is left out.
async fn read_start(response: &mut reqwest::Response, limit_bytes: usize) -> Vec<u8> {
    let mut body = Vec::new();
    while let Ok(Some(piece)) = response.chunk().await {
        let room = limit_bytes - body.len();
        if piece.len() >= room {
            body.extend_from_slice(&piece[..room]);
            break;
        }
        body.extend_from_slice(&piece);
    }
    body
}

fn refusal(body: &[u8]) -> EngineError {
    let Ok(ErrorBody { error }) = serde_json::from_slice(body) else {
        return EngineError::invalid("messages", "the model's server refused the request");
    };
    let message: String = error.message.chars().take(MAX_MESSAGE_CHARS).collect();
    EngineError::invalid(
        error.param.unwrap_or_else(|| "messages".to_owned()),
        message,
    )
}

#[cfg(test)]
mod tests;
