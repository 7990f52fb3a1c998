//! A JSON body extractor whose rejections have the OpenAI shape.

use axum::extract::rejection::BytesRejection;
use axum::extract::{FromRequest, Request};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderMap, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::ApiError;

/// A request body parsed as JSON, with failures as [`ApiError`].
///
/// The body's length is bounded by axum's `DefaultBodyLimit`, 2 MB unless the router sets another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OpenAiJson<T>(pub T);

impl<T, S> FromRequest<S> for OpenAiJson<T>
where
    T: DeserializeOwned,
    S: Send + Sync,
{
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        if !is_json(request.headers()) {
            return Err(ApiError::unsupported_media_type());
        }
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| body_failure(&rejection))?;
        parse(&body).map(Self)
    }
}

/// Parses a body as JSON.
///
/// # Errors
/// [`ApiError`] with status 400: malformed JSON, or a field of the wrong type (named in `param`).
pub fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
        let path = error.path().to_string();
        let cause = error.into_inner();
        match cause.classify() {
            Category::Data if path != "." => ApiError::invalid_value(
                path.clone(),
                format!("Invalid value for `{path}`: {cause}"),
            ),
            Category::Data => {
                ApiError::invalid_request(format!("The JSON body is not a valid request: {cause}"))
            }
            Category::Syntax | Category::Eof | Category::Io => malformed(&cause),
        }
    })?;
    deserializer.end().map_err(|cause| malformed(&cause))?;
    Ok(value)
}

fn malformed(cause: &serde_json::Error) -> ApiError {
    ApiError::new(
        StatusCode::BAD_REQUEST,
        crate::error::INVALID_REQUEST_ERROR,
        "invalid_json",
        format!("The body is not valid JSON: {cause}"),
    )
}

fn body_failure(rejection: &BytesRejection) -> ApiError {
    if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
        ApiError::too_large("The body is longer than this server accepts.")
    } else {
        ApiError::invalid_request("The body could not be read to its end.")
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let Some(value) = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
    else {
        return false;
    };
    let media_type = value
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    media_type == "application/json"
        || (media_type.starts_with("application/") && media_type.ends_with("+json"))
}

#[cfg(test)]
mod tests;
