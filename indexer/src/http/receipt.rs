//! Receipts: handing in, looking up.

use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, Seq},
    statement::{Receipt, Signed},
};
use axum::{
    Json,
    body::Bytes,
    extract::{State, rejection::BytesRejection},
    http::{HeaderMap, StatusCode, header::CONTENT_TYPE},
};

use super::{
    Desk, MAX_BODY_BYTES,
    error::{ApiError, Named},
};
use crate::view::{Accepted, ReceiptView};

/// Body in BCS; anything else is JSON.
const BCS: &str = "application/octet-stream";

pub(super) async fn hand_in(
    State(desk): State<Desk>,
    headers: HeaderMap,
    body: Result<Bytes, BytesRejection>,
) -> Result<Json<Accepted>, ApiError> {
    let _turn = desk
        .handing_in
        .try_acquire()
        .map_err(|_| ApiError::busy())?;
    let body = body.map_err(|bad| match bad.status() {
        StatusCode::PAYLOAD_TOO_LARGE => {
            let message = format!("the body is larger than {MAX_BODY_BYTES} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        }
        _ => ApiError::bad_request(bad.body_text()),
    })?;
    let bcs = headers.get(CONTENT_TYPE).is_some_and(|kind| kind == BCS);
    let receipts: Vec<Signed<Receipt>> = if bcs {
        bcs::from_bytes(&body).map_err(|bad| ApiError::bad_request(bad.to_string()))?
    } else {
        serde_json::from_slice(&body).map_err(|bad| ApiError::bad_request(bad.to_string()))?
    };
    Ok(Json(desk.receipts.accept(receipts).await?))
}

pub(super) async fn look_up(
    State(desk): State<Desk>,
    Named((channel, key_epoch, seq)): Named<(ChannelId, KeyEpoch, Seq)>,
) -> Result<Json<ReceiptView>, ApiError> {
    Ok(Json(desk.receipts.find(channel, key_epoch, seq).await?))
}
