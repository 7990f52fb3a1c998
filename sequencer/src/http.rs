//! The OpenAI surface over HTTP.
//!
//! Knows requests, keys and answers; nothing of nodes, channels or the chain.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use atoma_env::Env;
use atoma_openai::{ApiError, ChatRequest, Model, RequestLimits};
use atoma_protocol::ids::RequestId;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Query, State, rejection::QueryRejection},
    http::{Method, Uri},
    routing::{get, post},
};
use serde_json::{Value, json};
use tower_http::cors::CorsLayer;

use crate::{answer::Answer, api_key::ApiKeys};

mod auth;
mod chat;

/// Header of an answer that names its request: its receipts are at `/v1/receipts/REQUEST`.
pub const REQUEST_HEADER: &str = "x-atoma-request";
/// Largest body of a request, in bytes.
pub const MAX_BODY_BYTES: usize = 2 << 20;
/// How often a stream that is silent sends a comment, so that proxies keep it open.
pub const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// What answers requests.
#[async_trait]
pub trait Backend: Send + Sync + 'static {
    /// The models served now.
    fn models(&self) -> Vec<Model>;

    /// Nodes attached now.
    fn nodes(&self) -> usize;

    /// Begins an answer, a stream of `chat.completion.chunk` objects with the usage in the last one.
    /// The request was validated.
    ///
    /// # Errors
    /// [`ApiError`]: nobody took it.
    async fn complete(&self, request: ChatRequest) -> Result<Answer, ApiError>;

    /// The receipts of an answer, as JSON; with `settled`, the number of receipts of a settled
    /// statement, also the proofs that its root covers them.
    ///
    /// # Errors
    /// [`ApiError`]: they cannot be read.
    fn receipts(&self, request: RequestId, settled: Option<u64>)
    -> Result<Option<Value>, ApiError>;
}

/// State of the HTTP side.
#[derive(Clone)]
pub(crate) struct Door {
    env: Env,
    keys: Arc<ApiKeys>,
    limits: Arc<RequestLimits>,
    backend: Arc<dyn Backend>,
}

/// The routes of a sequencer.
pub fn router(
    env: Env,
    keys: Arc<ApiKeys>,
    limits: RequestLimits,
    backend: Arc<dyn Backend>,
) -> Router {
    let door = Door {
        env,
        keys,
        limits: Arc::new(limits),
        backend,
    };
    Router::new()
        .route("/v1/chat/completions", post(chat::completions))
        .route("/v1/models", get(models))
        .route("/v1/models/{*name}", get(model))
        .route("/v1/receipts/{request}", get(receipts))
        .route("/health", get(health))
        .fallback(|method: Method, uri: Uri| async move {
            ApiError::unknown_path(method.as_str(), uri.path())
        })
        .method_not_allowed_fallback(|method: Method, uri: Uri| async move {
            ApiError::method_not_allowed(method.as_str(), uri.path())
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .layer(CorsLayer::permissive())
        .with_state(door)
}

async fn models(State(door): State<Door>, _key: auth::Known) -> Json<atoma_openai::ModelList> {
    Json(atoma_openai::ModelList::new(door.backend.models()))
}

async fn model(
    State(door): State<Door>,
    _key: auth::Known,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Result<Json<Model>, ApiError> {
    let found = door
        .backend
        .models()
        .into_iter()
        .find(|model| model.id == name);
    found
        .map(Json)
        .ok_or_else(|| ApiError::model_not_found(&name))
}

/// What `GET /v1/receipts/{request}` can be asked for.
#[derive(Debug, serde::Deserialize)]
struct ReceiptsQuery {
    /// Receipts of the settled statement to prove inclusion in.
    receipts: Option<u64>,
}

async fn receipts(
    State(door): State<Door>,
    _key: auth::Known,
    axum::extract::Path(request): axum::extract::Path<String>,
    query: Result<Query<ReceiptsQuery>, QueryRejection>,
) -> Result<Json<Value>, ApiError> {
    let unknown = || ApiError::unknown_path("GET", "/v1/receipts of an answer not given here");
    let request = request.parse().map_err(|_| unknown())?;
    let Query(ReceiptsQuery { receipts }) = query.map_err(|_| {
        ApiError::invalid_request("`receipts` is the number of receipts of a settled statement.")
    })?;
    door.backend
        .receipts(request, receipts)?
        .map(Json)
        .ok_or_else(unknown)
}

async fn health(State(door): State<Door>) -> Json<Value> {
    Json(json!({ "status": "ok", "nodes": door.backend.nodes() }))
}

#[cfg(test)]
mod tests;
