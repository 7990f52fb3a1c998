//! The REST API. Everything is public and nothing but receipts can be written.
//!
//! | method | path | answers |
//! |---|---|---|
//! | GET | `/health` | `ok` |
//! | GET | `/v1/status` | [`Status`](crate::view::Status) |
//! | GET | `/v1/network` | [`Network`](crate::view::Network) |
//! | GET | `/v1/models` | page of [`Model`](crate::view::Model) |
//! | GET | `/v1/nodes` | page of [`Node`](crate::view::Node) |
//! | GET | `/v1/nodes/NODE` | [`NodeDetail`](crate::view::NodeDetail) |
//! | GET | `/v1/nodes/NODE/key-epochs` | page of [`KeyEpochView`](crate::view::KeyEpochView) |
//! | GET | `/v1/nodes/NODE/key-epochs/NUMBER` | [`KeyEpochView`](crate::view::KeyEpochView) |
//! | GET | `/v1/vaults/VAULT/outflows` | page of [`Outflow`](crate::view::Outflow) |
//! | GET | `/v1/attestations` | page of [`KeyEpochView`](crate::view::KeyEpochView), of all nodes |
//! | GET | `/v1/channels?node=` | page of [`Channel`](crate::view::Channel) |
//! | GET | `/v1/channels/CHANNEL` | [`Channel`](crate::view::Channel) |
//! | GET | `/v1/channels/CHANNEL/settlements` | page of [`Settlement`](crate::view::Settlement) |
//! | GET | `/v1/settlements?channel=&key_epoch=&covers=&wait_ms=` | page of [`Settlement`](crate::view::Settlement) |
//! | GET | `/v1/events` | page of [`EventView`](crate::view::EventView) |
//! | POST | `/v1/receipts` | [`Accepted`](crate::view::Accepted) |
//! | GET | `/v1/receipts/CHANNEL/KEY_EPOCH/SEQ` | [`ReceiptView`](crate::view::ReceiptView) |
//!
//! Lists take `limit` (50, at most [`MAX_LIMIT`]) and `after`, the `next` of the page before. `covers`
//! asks for settlements whose root covers the receipt of that number; `wait_ms` (at most
//! [`MAX_WAIT_MS`]) keeps the request until there is one. `POST /v1/receipts` takes a list of signed
//! heads of one channel and key epoch, in order: JSON, or BCS as `application/octet-stream`.
//!
//! An error is `{"error": {"code": "...", "message": "..."}}`; `code` is stable.

mod error;
mod list;
mod receipt;
mod settlement;

use std::{sync::Arc, time::Duration};

use atoma_chain::Client;
use atoma_env::Env;
use atoma_protocol::{ids::CheckpointSeq, time::TimestampMs};
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, State},
    http::StatusCode,
    routing::{get, post},
};
use tokio::sync::{Mutex, Semaphore};

use crate::{follow::Watched, receipts::Receipts, store::Store, view::Status};
pub use error::{ApiError, ErrorBody, ErrorDetail};

/// Most entries on a page.
pub const MAX_LIMIT: u32 = 500;
/// Longest wait for a settlement, in milliseconds.
pub const MAX_WAIT_MS: u64 = 30_000;
/// Largest body: [`crate::http`] takes lists of receipts only.
pub const MAX_BODY_BYTES: usize = 1024 * 1024;
/// Most requests that wait for a settlement at once.
const MAX_WAITERS: usize = 256;
/// Most calls that hand in receipts at once.
const MAX_HANDING_IN: usize = 8;
/// How long the chain's last checkpoint is not asked for again.
const TIP_AGE: Duration = Duration::from_millis(500);
/// How long the chain may take to answer.
const TIP_LIMIT: Duration = Duration::from_secs(2);

/// What answers are made from.
#[derive(Clone, Debug)]
pub(crate) struct Desk {
    chain: Client,
    store: Store,
    receipts: Receipts,
    watched: Arc<Watched>,
    env: Env,
    waiters: Arc<Semaphore>,
    handing_in: Arc<Semaphore>,
    tip: Arc<Mutex<Option<Tip>>>,
}

/// The chain's last checkpoint when it was last asked for.
#[derive(Clone, Copy, Debug)]
struct Tip {
    at: TimestampMs,
    checkpoint: Option<CheckpointSeq>,
}

impl Desk {
    pub(crate) fn new(
        chain: Client,
        store: Store,
        receipts: Receipts,
        watched: Arc<Watched>,
        env: Env,
    ) -> Self {
        Self {
            chain,
            store,
            receipts,
            watched,
            env,
            waiters: Arc::new(Semaphore::new(MAX_WAITERS)),
            handing_in: Arc::new(Semaphore::new(MAX_HANDING_IN)),
            tip: Arc::default(),
        }
    }

    async fn tip(&self) -> Option<CheckpointSeq> {
        let mut known = self.tip.lock().await;
        let now = self.env.now();
        if let Some(tip) = *known
            && now.saturating_since(tip.at) < TIP_AGE
        {
            return tip.checkpoint;
        }
        let asked = tokio::time::timeout(TIP_LIMIT, self.chain.rpc().service_info()).await;
        let checkpoint = asked
            .ok()
            .and_then(Result::ok)
            .map(|info| info.latest_checkpoint);
        *known = Some(Tip {
            at: self.env.now(),
            checkpoint,
        });
        checkpoint
    }
}

/// The routes of an indexer.
pub(crate) fn router(desk: Desk) -> Router {
    Router::new()
        .route("/health", get(async || "ok"))
        .route("/v1/status", get(status))
        .route("/v1/network", get(list::network))
        .route("/v1/models", get(list::models))
        .route("/v1/nodes", get(list::nodes))
        .route("/v1/nodes/{node}", get(list::node))
        .route("/v1/nodes/{node}/key-epochs", get(list::key_epochs))
        .route(
            "/v1/nodes/{node}/key-epochs/{key_epoch}",
            get(list::key_epoch),
        )
        .route("/v1/vaults/{vault}/outflows", get(list::outflows))
        .route("/v1/attestations", get(list::attestations))
        .route("/v1/channels", get(list::channels))
        .route("/v1/channels/{channel}", get(list::channel))
        .route(
            "/v1/channels/{channel}/settlements",
            get(settlement::of_channel),
        )
        .route("/v1/settlements", get(settlement::all))
        .route("/v1/events", get(list::events))
        .route("/v1/receipts", post(receipt::hand_in))
        .route(
            "/v1/receipts/{channel}/{key_epoch}/{seq}",
            get(receipt::look_up),
        )
        .fallback(async || ApiError::new(StatusCode::NOT_FOUND, "no_such_path", "no such path"))
        .method_not_allowed_fallback(async || {
            let message = "this path does not take this method";
            ApiError::new(
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                message,
            )
        })
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(desk)
}

async fn status(State(desk): State<Desk>) -> Json<Status> {
    let deployment = desk.chain.deployment();
    let tip = desk.tip().await;
    let progress = desk.watched.progress();
    let lag = |tip: CheckpointSeq| tip.0.saturating_add(1).saturating_sub(progress.next.0);
    Json(Status {
        chain: deployment.chain_id,
        network: deployment.network,
        packages: deployment.package.versions().to_vec(),
        indexed_checkpoint: progress
            .digest
            .map(|_| CheckpointSeq(progress.next.0.saturating_sub(1))),
        indexed_time_ms: progress.timestamp,
        chain_checkpoint: tip,
        lag_checkpoints: tip.map(lag),
        events: progress.events,
        undecoded_events: progress.undecoded,
        trouble: desk.watched.trouble(),
    })
}
