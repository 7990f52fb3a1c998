//! Why an answer cannot be given, and what an API caller sees of it.

use std::time::Duration;

use atoma_openai::ApiError;
use atoma_openai::chat::NotText;
use atoma_protocol::money::Tokens;

/// When callers are told to come back after an engine was overloaded or away.
pub const RETRY_AFTER: Duration = Duration::from_secs(1);

/// What may lie beneath an [`EngineError`].
pub type Cause = Box<dyn std::error::Error + Send + Sync>;

/// Why an answer cannot be given.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The engine does not serve this model.
    #[error("model `{model}` is not served here")]
    UnknownModel {
        /// The name that was asked for.
        model: String,
    },
    /// A value in the request is not allowed, or does not make a prompt.
    #[error("`{param}` is not valid: {reason}")]
    Invalid {
        /// The request's field.
        param: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The request asks for something this engine cannot do.
    #[error("`{param}` is not supported: {reason}")]
    Unsupported {
        /// The request's field.
        param: String,
        /// What the engine lacks.
        reason: String,
    },
    /// The prompt leaves no room for an answer.
    #[error("the prompt has {input_tokens} tokens, the model's context {context_length}")]
    ContextExceeded {
        /// Tokens of the prompt.
        input_tokens: Tokens,
        /// Tokens of the context.
        context_length: Tokens,
    },
    /// Too many requests wait already.
    #[error("{limit} requests wait already")]
    Overloaded {
        /// How many may wait.
        limit: usize,
    },
    /// The upstream says it has too much to do.
    #[error("the upstream is overloaded (status {status})")]
    UpstreamOverloaded {
        /// Its HTTP status.
        status: u16,
    },
    /// The upstream cannot be reached, or broke off.
    #[error("the upstream is unavailable: {reason}")]
    Unavailable {
        /// What happened.
        reason: String,
        /// The error beneath.
        #[source]
        cause: Option<Cause>,
    },
    /// The upstream does not serve us: wrong key, unknown model, wrong URL.
    #[error("the upstream refused the request with status {status}")]
    Refused {
        /// Its HTTP status.
        status: u16,
    },
    /// Nothing came for too long.
    #[error("no {awaited} within {} ms", limit.as_millis())]
    TimedOut {
        /// What was waited for.
        awaited: &'static str,
        /// How long.
        limit: Duration,
    },
    /// The upstream's answer is not what the API says, or is too long.
    #[error("the upstream's answer is not usable: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The upstream gave no token counts, so that the answer cannot be billed.
    #[error("the upstream gave no token counts")]
    NoUsage,
    /// The caller cancelled.
    #[error("cancelled")]
    Cancelled,
    /// The engine itself failed.
    #[error("the engine failed: {reason}")]
    Failed {
        /// What happened.
        reason: String,
        /// The error beneath.
        #[source]
        cause: Option<Cause>,
    },
}

impl EngineError {
    /// A value of the request is not allowed.
    pub fn invalid(param: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Invalid {
            param: param.into(),
            reason: reason.into(),
        }
    }

    /// The request asks for something this engine cannot do.
    pub fn unsupported(param: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::Unsupported {
            param: param.into(),
            reason: reason.into(),
        }
    }

    /// The engine itself failed.
    pub fn failed(reason: impl Into<String>) -> Self {
        Self::Failed {
            reason: reason.into(),
            cause: None,
        }
    }

    /// Whether the same request may succeed elsewhere or later.
    #[must_use]
    pub fn is_retryable(&self) -> bool {
        match self {
            Self::Overloaded { .. }
            | Self::UpstreamOverloaded { .. }
            | Self::Unavailable { .. }
            | Self::Refused { .. }
            | Self::TimedOut { .. }
            | Self::Malformed { .. }
            | Self::NoUsage
            | Self::Failed { .. } => true,
            Self::UnknownModel { .. }
            | Self::Invalid { .. }
            | Self::Unsupported { .. }
            | Self::ContextExceeded { .. }
            | Self::Cancelled => false,
        }
    }
}

impl From<NotText> for EngineError {
    fn from(part: NotText) -> Self {
        Self::unsupported(
            "messages",
            format!("content parts of type `{}` are not text", part.kind),
        )
    }
}

/// What an API caller sees: a stable code and a sentence, nothing of the inside.
impl From<&EngineError> for ApiError {
    fn from(error: &EngineError) -> Self {
        match error {
            EngineError::UnknownModel { model } => Self::model_not_found(model),
            EngineError::Invalid { param, .. } => Self::invalid_value(param, sentence(error)),
            EngineError::Unsupported { param, .. } => Self::unsupported(param, sentence(error)),
            EngineError::ContextExceeded { .. } => Self::context_length_exceeded(sentence(error)),
            EngineError::Overloaded { .. } | EngineError::UpstreamOverloaded { .. } => {
                Self::rate_limited(
                    "The engine has too much to do, try again shortly.",
                    RETRY_AFTER,
                )
            }
            EngineError::Unavailable { .. } | EngineError::Refused { .. } => Self::unavailable(
                "The engine is not available, try again shortly.",
                RETRY_AFTER,
            ),
            EngineError::TimedOut { .. } | EngineError::Malformed { .. } | EngineError::NoUsage => {
                Self::upstream_failed("The engine failed to answer.")
            }
            EngineError::Cancelled | EngineError::Failed { .. } => Self::internal(),
        }
    }
}

fn sentence(error: &EngineError) -> String {
    let text = error.to_string();
    let mut characters = text.chars();
    let first = characters
        .next()
        .map(|first| first.to_uppercase().collect::<String>())
        .unwrap_or_default();
    format!("{first}{}.", characters.as_str().trim_end_matches('.'))
}

#[cfg(test)]
mod tests {
    use atoma_openai::ApiError;
    use atoma_protocol::money::Tokens;

    use super::EngineError;

    fn check(error: &EngineError, status: u16, code: &str) {
        let shown = ApiError::from(error);
        assert_eq!(shown.status().as_u16(), status, "{error}");
        assert_eq!(shown.detail().code.as_deref(), Some(code), "{error}");
    }

    #[test]
    fn a_caller_sees_who_must_act_and_nothing_of_the_inside() {
        check(
            &EngineError::UnknownModel {
                model: "m".to_owned(),
            },
            404,
            "model_not_found",
        );
        check(
            &EngineError::invalid("messages", "bad"),
            400,
            "invalid_value",
        );
        check(
            &EngineError::unsupported("n", "one answer only"),
            400,
            "unsupported_parameter",
        );
        let tokens = |count| Tokens::new(count).unwrap();
        let exceeded = EngineError::ContextExceeded {
            input_tokens: tokens(9),
            context_length: tokens(8),
        };
        check(&exceeded, 400, "context_length_exceeded");
        check(
            &EngineError::Overloaded { limit: 4 },
            429,
            "rate_limit_exceeded",
        );
        check(
            &EngineError::UpstreamOverloaded { status: 429 },
            429,
            "rate_limit_exceeded",
        );
        check(
            &EngineError::Refused { status: 401 },
            503,
            "service_unavailable",
        );
        check(&EngineError::NoUsage, 502, "upstream_error");
        let failed = EngineError::failed("secret path /root/model");
        check(&failed, 500, "internal_error");
        assert!(!ApiError::from(&failed).detail().message.contains("secret"));
    }
}
