//! Who asks.

use atoma_openai::ApiError;
use axum::{
    extract::FromRequestParts,
    http::{header::AUTHORIZATION, request::Parts},
};

use super::Door;
use crate::api_key::{Admission, KeyRefused};

/// How long a key that is at its limit is told to wait.
const BUSY_KEY_PAUSE: std::time::Duration = std::time::Duration::from_secs(1);

/// The request carries a known key.
pub(super) struct Known;

/// The request carries a known key and counts against its limit until dropped.
pub(super) struct Admitted(pub(super) Admission);

fn bearer(parts: &Parts) -> Result<&str, ApiError> {
    parts
        .headers
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| {
            value
                .strip_prefix("Bearer ")
                .or_else(|| value.strip_prefix("bearer "))
        })
        .map(str::trim)
        .ok_or_else(ApiError::invalid_api_key)
}

fn refused(refused: KeyRefused) -> ApiError {
    match refused {
        KeyRefused::Unknown => ApiError::invalid_api_key(),
        KeyRefused::TooManyInFlight(limit) => ApiError::rate_limited(
            format!("This API key has {limit} requests under way, its limit."),
            BUSY_KEY_PAUSE,
        ),
    }
}

impl FromRequestParts<Door> for Known {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        door.keys.check(bearer(parts)?).map_err(refused)?;
        Ok(Self)
    }
}

impl FromRequestParts<Door> for Admitted {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, door: &Door) -> Result<Self, ApiError> {
        door.keys.admit(bearer(parts)?).map(Self).map_err(refused)
    }
}
