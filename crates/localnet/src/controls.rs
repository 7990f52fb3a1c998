//! Controls that no real chain has, under `/localnet`: time.

use axum::{
    Json, Router,
    extract::State,
    http::StatusCode,
    routing::{get, post},
};
use serde::{Deserialize, Serialize};

use crate::chain::LocalChain;

/// `POST /localnet/clock`: moves the chain's clock forward.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdvanceClock {
    /// By how much, in milliseconds.
    pub advance_ms: u64,
}

/// The chain's clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// Milliseconds since the Unix epoch.
    pub clock_ms: u64,
}

pub(crate) fn router(chain: LocalChain) -> Router {
    Router::new()
        .route("/localnet/clock", post(advance))
        .route("/localnet/clock", get(clock))
        .route("/health", get(async || "ok"))
        .with_state(chain)
}

async fn clock(State(chain): State<LocalChain>) -> Json<Clock> {
    Json(Clock {
        clock_ms: chain.ledger().clock_ms(),
    })
}

async fn advance(
    State(chain): State<LocalChain>,
    Json(asked): Json<AdvanceClock>,
) -> Result<Json<Clock>, (StatusCode, String)> {
    chain
        .advance_clock(asked.advance_ms)
        .map(|clock_ms| Json(Clock { clock_ms }))
        .map_err(|error| (StatusCode::BAD_REQUEST, error.to_string()))
}
