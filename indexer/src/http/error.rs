//! Errors as callers see them, and the extractors that give them.

use axum::{
    Json,
    extract::{FromRequestParts, Path, Query},
    http::{StatusCode, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::receipts::ReceiptError;

/// A refusal: status, stable code, and a sentence.
#[derive(Clone, Debug)]
pub struct ApiError {
    status: StatusCode,
    detail: ErrorDetail,
}

/// Body of an error.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorDetail {
    /// For programs; stable.
    pub code: String,
    /// For people.
    pub message: String,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &str, message: impl Into<String>) -> Self {
        Self {
            status,
            detail: ErrorDetail {
                code: code.to_owned(),
                message: message.into(),
            },
        }
    }

    pub(crate) fn not_found(message: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", message)
    }

    pub(crate) fn busy() -> Self {
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "busy",
            "too many such requests at once",
        )
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        (self.status, Json(ErrorBody { error: self.detail })).into_response()
    }
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        if matches!(error, sqlx::Error::PoolTimedOut) {
            return Self::busy();
        }
        tracing::error!(%error, "the database cannot be read");
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "internal",
            "the database failed",
        )
    }
}

impl From<ReceiptError> for ApiError {
    fn from(error: ReceiptError) -> Self {
        use ReceiptError as E;
        let (status, code) = match &error {
            E::Empty | E::TooMany(_) | E::Mixed | E::NotDense { .. } => {
                (StatusCode::BAD_REQUEST, "bad_request")
            }
            E::UnknownChannel(_) => (StatusCode::NOT_FOUND, "unknown_channel"),
            E::UnknownKeyEpoch(_) => (StatusCode::NOT_FOUND, "unknown_key_epoch"),
            E::BadSignature(_) => (StatusCode::UNPROCESSABLE_ENTITY, "bad_signature"),
            E::Conflict(_) => (StatusCode::CONFLICT, "conflicting_receipt"),
            E::Full => (StatusCode::INSUFFICIENT_STORAGE, "full"),
            E::Unknown(_) => (StatusCode::NOT_FOUND, "not_found"),
            E::TooManyLeaves(_) => (StatusCode::UNPROCESSABLE_ENTITY, "too_many_receipts"),
            E::Sql(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        match error {
            E::Sql(error) => error.into(),
            other => Self::new(status, code, other.to_string()),
        }
    }
}

/// The query of a URL.
pub(crate) struct Asked<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = Query::<T>::from_request_parts(parts, state).await;
        query
            .map(|Query(asked)| Self(asked))
            .map_err(|bad| ApiError::bad_request(bad.body_text()))
    }
}

/// The named parts of a path.
pub(crate) struct Named<T>(pub(crate) T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for Named<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = Path::<T>::from_request_parts(parts, state).await;
        path.map(|Path(named)| Self(named))
            .map_err(|bad| ApiError::bad_request(bad.body_text()))
    }
}
