//! The attestor over HTTP.
//!
//! | method | path | |
//! |---|---|---|
//! | POST | `/v1/verdicts` | `{node, key_epoch, evidence}` to `{signer, verdict}` |
//! | GET | `/v1/evidence/HASH` | the evidence's bytes |
//!
//! 404 and 503 mean "ask again": the chain may not be that far. Everything else is final.

use std::sync::Arc;

use atoma_attestation::{
    api::{VerdictAnswer, VerdictRequest},
    evidence::MAX_EVIDENCE_BYTES,
};
use atoma_chain::ChainError;
use atoma_protocol::hash::EvidenceHash;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};

use crate::{
    archive::{Archive, ArchiveError},
    judge::{Judge, JudgeError},
};

/// Largest body of a request: evidence in hex and what names it.
pub const MAX_BODY_BYTES: usize = 2 * MAX_EVIDENCE_BYTES + 4_096;

#[derive(Clone)]
struct Desk {
    judge: Arc<Judge>,
    archive: Archive,
}

/// The routes of an attestor.
pub fn router(judge: Arc<Judge>, archive: Archive) -> Router {
    Router::new()
        .route("/v1/verdicts", post(verdict))
        .route("/v1/evidence/{hash}", get(evidence))
        .route("/health", get(async || "ok"))
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(Desk { judge, archive })
}

/// A refusal, as status and text.
struct Refused(StatusCode, String);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        (self.0, self.1).into_response()
    }
}

impl From<JudgeError> for Refused {
    fn from(error: JudgeError) -> Self {
        let status = match &error {
            JudgeError::NotPosted { .. } => StatusCode::NOT_FOUND,
            JudgeError::Chain(ChainError::NoSuchObject { .. }) => StatusCode::NOT_FOUND,
            JudgeError::Chain(_) | JudgeError::NotInSet => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self(status, error.to_string())
    }
}

impl From<ArchiveError> for Refused {
    fn from(error: ArchiveError) -> Self {
        tracing::error!(%error, "evidence cannot be kept or read");
        Self(
            StatusCode::INTERNAL_SERVER_ERROR,
            "the archive of evidence failed".to_owned(),
        )
    }
}

async fn verdict(
    State(desk): State<Desk>,
    Json(request): Json<VerdictRequest>,
) -> Result<Json<VerdictAnswer>, Refused> {
    let evidence = hex::decode(&request.evidence).map_err(|_| {
        Refused(
            StatusCode::BAD_REQUEST,
            "evidence is not hexadecimal".to_owned(),
        )
    })?;
    let judgement = desk
        .judge
        .judge(request.node, request.key_epoch, &evidence)
        .await?;
    // Only evidence that proved something is kept, so that strangers cannot fill the disk.
    desk.archive.keep(&evidence)?;
    Ok(Json(VerdictAnswer {
        signer: judgement.signer,
        verdict: judgement.verdict,
    }))
}

async fn evidence(
    State(desk): State<Desk>,
    Path(hash): Path<EvidenceHash>,
) -> Result<Vec<u8>, Refused> {
    let found = desk.archive.find(hash)?;
    found.ok_or_else(|| Refused(StatusCode::NOT_FOUND, "no such evidence here".to_owned()))
}
