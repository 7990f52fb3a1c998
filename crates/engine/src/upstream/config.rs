//! Where an upstream is, and the limits of talking to it.

use std::time::Duration;

use reqwest::Url;
use secrecy::SecretString;

use crate::error::EngineError;
use crate::http::TlsError;
use crate::model::ModelInfo;

/// Where an upstream is, what it serves, and the limits of talking to it.
#[derive(Debug)]
pub struct UpstreamConfig {
    /// The server's base URL up to and including the version, such as `http://127.0.0.1:8000/v1`.
    pub base_url: String,
    /// The key sent as `Authorization: Bearer`, if the server wants one.
    pub api_key: Option<SecretString>,
    /// The models offered here.
    pub models: Vec<UpstreamModel>,
    /// Whether the server knows `stream_options.continuous_usage_stats` (vLLM does), so that tokens are counted while
    /// they come. Servers that do not know it may refuse requests with it.
    pub continuous_usage: bool,
    /// Fields unknown to the OpenAI API that callers may pass through to the server. Others are left out: some servers
    /// take fields that cost far more than the tokens they are billed as.
    pub forwarded_fields: Vec<String>,
    /// Times and sizes.
    pub limits: UpstreamLimits,
}

/// A model of the upstream under the name it is offered by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamModel {
    /// What is offered.
    pub info: ModelInfo,
    /// The server's own name of the model.
    pub upstream_name: String,
}

/// Times and sizes an upstream may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UpstreamLimits {
    /// Time to connect.
    pub connect: Duration,
    /// Time from the request to the response's head.
    pub first_byte: Duration,
    /// Time without a byte within the response.
    pub idle: Duration,
    /// Bytes of one event.
    pub event_bytes: usize,
    /// Bytes of the whole response.
    pub answer_bytes: u64,
    /// Bytes of an error's body that are read.
    pub error_body_bytes: usize,
}

impl Default for UpstreamLimits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_secs(120),
            idle: Duration::from_secs(60),
            event_bytes: 1 << 20,
            answer_bytes: 256 << 20,
            error_body_bytes: 64 << 10,
        }
    }
}

/// Why an upstream cannot be used as configured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UpstreamConfigError {
    /// The base URL is none of `http` or `https`.
    #[error("`{0}` is not an http or https URL; give one such as http://127.0.0.1:8000/v1")]
    Url(String),
    /// No models are listed.
    #[error("the upstream has no models; list at least one")]
    NoModels,
    /// TLS cannot be set up.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The HTTP client cannot be made.
    #[error("cannot make an HTTP client")]
    Client(#[source] reqwest::Error),
}

impl UpstreamConfig {
    /// A server at this URL without a key, under the default limits.
    #[must_use]
    pub fn new(base_url: impl Into<String>, models: Vec<UpstreamModel>) -> Self {
        Self {
            base_url: base_url.into(),
            api_key: None,
            models,
            continuous_usage: false,
            forwarded_fields: Vec::new(),
            limits: UpstreamLimits::default(),
        }
    }

    pub(super) fn endpoint(&self) -> Result<Url, UpstreamConfigError> {
        if self.models.is_empty() {
            return Err(UpstreamConfigError::NoModels);
        }
        let wrong = || UpstreamConfigError::Url(self.base_url.clone());
        let base = Url::parse(&self.base_url).map_err(|_| wrong())?;
        if !matches!(base.scheme(), "http" | "https") || !base.has_host() {
            return Err(wrong());
        }
        let endpoint = format!("{}/chat/completions", self.base_url.trim_end_matches('/'));
        Url::parse(&endpoint).map_err(|_| wrong())
    }

    pub(super) fn model(&self, name: &str) -> Result<&UpstreamModel, EngineError> {
        self.models
            .iter()
            .find(|model| model.info.name == name)
            .ok_or_else(|| EngineError::UnknownModel {
                model: name.to_owned(),
            })
    }
}
