//! The error body, and the error that carries it to a caller.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use axum::Json;
use axum::response::{IntoResponse, Response};
use http::header::RETRY_AFTER;
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

/// `type` of errors the caller can mend.
pub const INVALID_REQUEST_ERROR: &str = "invalid_request_error";
/// `type` of errors that pass when the caller waits.
pub const RATE_LIMIT_ERROR: &str = "rate_limit_error";
/// `type` of errors the server must mend.
pub const SERVER_ERROR: &str = "server_error";

/// The body of every error: `{"error": {...}}`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// What went wrong.
    pub error: ErrorDetail,
}

/// What went wrong, in words and as stable codes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// A sentence for a person.
    pub message: String,
    /// The class of the error.
    #[serde(rename = "type", default)]
    pub kind: Cow<'static, str>,
    /// The request's field that is at fault.
    #[serde(default)]
    pub param: Option<String>,
    /// A code for programs, stable over releases.
    #[serde(default)]
    pub code: Option<Cow<'static, str>>,
}

/// An error on its way to a caller: HTTP status, body and `Retry-After`.
///
/// The message is meant for the caller and says nothing about the inside; causes go to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    status: StatusCode,
    detail: ErrorDetail,
    retry_after: Option<Duration>,
}

impl ApiError {
    /// Makes an error of any status; the named constructors below cover the usual ones.
    #[must_use]
    pub fn new(
        status: StatusCode,
        kind: impl Into<Cow<'static, str>>,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        let detail = ErrorDetail {
            message: message.into(),
            kind: kind.into(),
            param: None,
            code: Some(code.into()),
        };
        Self {
            status,
            detail,
            retry_after: None,
        }
    }

    /// 400: the request is malformed or a value in it is not allowed.
    #[must_use]
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST_ERROR,
            "invalid_request",
            message,
        )
    }

    /// 400: the field `param` has a value that is not allowed.
    #[must_use]
    pub fn invalid_value(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST_ERROR,
            "invalid_value",
            message,
        )
        .with_param(param)
    }

    /// 400: the field `param` asks for something that is not served here.
    #[must_use]
    pub fn unsupported(param: impl Into<String>, message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST_ERROR,
            "unsupported_parameter",
            message,
        )
        .with_param(param)
    }

    /// 400: the prompt, or prompt and answer, do not fit into the model's context.
    #[must_use]
    pub fn context_length_exceeded(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_REQUEST,
            INVALID_REQUEST_ERROR,
            "context_length_exceeded",
            message,
        )
        .with_param("messages")
    }

    /// 401: no key, or a key that is not known.
    #[must_use]
    pub fn invalid_api_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            INVALID_REQUEST_ERROR,
            "invalid_api_key",
            "Incorrect API key provided. Send it as `Authorization: Bearer KEY`.",
        )
    }

    /// 403: the key is known and may not do this.
    #[must_use]
    pub fn forbidden(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::FORBIDDEN,
            INVALID_REQUEST_ERROR,
            "permission_denied",
            message,
        )
    }

    /// 404: the model is not served here.
    #[must_use]
    pub fn model_not_found(model: &str) -> Self {
        /// Names longer than this are cut in the message.
        const MAX_SHOWN_CHARS: usize = 100;
        let shown: String = model.chars().take(MAX_SHOWN_CHARS).collect();
        Self::new(
            StatusCode::NOT_FOUND,
            INVALID_REQUEST_ERROR,
            "model_not_found",
            format!("The model `{shown}` does not exist or you do not have access to it."),
        )
        .with_param("model")
    }

    /// 404: there is nothing at this path.
    #[must_use]
    pub fn unknown_path(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::NOT_FOUND,
            INVALID_REQUEST_ERROR,
            "unknown_url",
            format!("Unknown request URL: {method} {path}."),
        )
    }

    /// 405: the path exists, the method does not.
    #[must_use]
    pub fn method_not_allowed(method: &str, path: &str) -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            INVALID_REQUEST_ERROR,
            "method_not_supported",
            format!("Not allowed to {method} on {path}."),
        )
    }

    /// 413: the body is longer than is accepted.
    #[must_use]
    pub fn too_large(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            INVALID_REQUEST_ERROR,
            "request_too_large",
            message,
        )
    }

    /// 415: the body is not said to be JSON.
    #[must_use]
    pub fn unsupported_media_type() -> Self {
        Self::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            INVALID_REQUEST_ERROR,
            "unsupported_media_type",
            "The body must be JSON, with the header `Content-Type: application/json`.",
        )
    }

    /// 429: too many requests; the caller may try again after `retry_after`.
    #[must_use]
    pub fn rate_limited(message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            RATE_LIMIT_ERROR,
            "rate_limit_exceeded",
            message,
        )
        .with_retry_after(retry_after)
    }

    /// 429: the account has no credit left; waiting does not help.
    #[must_use]
    pub fn insufficient_quota(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::TOO_MANY_REQUESTS,
            "insufficient_quota",
            "insufficient_quota",
            message,
        )
    }

    /// 500: a fault of the server's own.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            SERVER_ERROR,
            "internal_error",
            "The server had an error while processing your request.",
        )
    }

    /// 502: whoever was to do the work failed or answered nonsense.
    #[must_use]
    pub fn upstream_failed(message: impl Into<String>) -> Self {
        Self::new(
            StatusCode::BAD_GATEWAY,
            SERVER_ERROR,
            "upstream_error",
            message,
        )
    }

    /// 503: nobody can do the work now; the caller may try again after `retry_after`.
    #[must_use]
    pub fn unavailable(message: impl Into<String>, retry_after: Duration) -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            SERVER_ERROR,
            "service_unavailable",
            message,
        )
        .with_retry_after(retry_after)
    }

    /// Names the request's field that is at fault.
    #[must_use]
    pub fn with_param(mut self, param: impl Into<String>) -> Self {
        self.detail.param = Some(param.into());
        self
    }

    /// Says when to try again; sent in whole seconds, rounded up, at least 1.
    #[must_use]
    pub fn with_retry_after(mut self, retry_after: Duration) -> Self {
        self.retry_after = Some(retry_after);
        self
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What went wrong.
    #[must_use]
    pub fn detail(&self) -> &ErrorDetail {
        &self.detail
    }

    /// When the caller may try again.
    #[must_use]
    pub fn retry_after(&self) -> Option<Duration> {
        self.retry_after
    }

    /// The body: what goes into the response, or into a stream that is already under way.
    #[must_use]
    pub fn body(&self) -> ErrorBody {
        ErrorBody {
            error: self.detail.clone(),
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "{}: {}",
            self.status.as_u16(),
            self.detail.message
        )
    }
}

impl std::error::Error for ApiError {}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let retry_after = self.retry_after;
        let mut response = (self.status, Json(ErrorBody { error: self.detail })).into_response();
        if let Some(wait) = retry_after {
            let whole_seconds = wait
                .as_secs()
                .saturating_add(u64::from(wait.subsec_nanos() > 0))
                .max(1);
            response
                .headers_mut()
                .insert(RETRY_AFTER, HeaderValue::from(whole_seconds));
        }
        response
    }
}

#[cfg(test)]
mod tests;
