//! Requests under way on one stream: what arrives of them, what is owed for them.

use std::{collections::HashMap, sync::Arc};

use atoma_client::{AccountError, Exchange};
use atoma_link::message::{Chunk, Failed, FailureCode, ToNode};
use atoma_openai::{ApiError, ErrorBody};
use atoma_protocol::{
    channel::{Finished, PayerError, StreamId},
    ids::RequestId,
    sealed::{ChunkPayload, Delivery, SealError},
    statement::{Signed, Voucher},
    time::TimestampMs,
};
use bytes::Bytes;
use thiserror::Error;
use tokio::sync::{
    mpsc::{self, error::TrySendError},
    oneshot,
};

use super::{Session, lock};
use crate::answer::{Charge, Piece};

/// Why a request was not begun. Another node may take it, unless the request itself is at fault.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// The node, or the way to it, is gone.
    #[error("the node went away")]
    Gone,
    /// The node did not answer in time.
    #[error("the node did not answer in time")]
    Silent,
    /// The node has no place.
    #[error("the node is overloaded")]
    Overloaded,
    /// The node does not serve the model.
    #[error("the node does not serve the model")]
    UnknownModel,
    /// The channel does not cover it.
    #[error("the channel does not cover the request")]
    Unpaid(#[source] Option<Box<AccountError>>),
    /// It could not be sealed.
    #[error("the request cannot be sealed")]
    CannotSeal(#[source] SealError),
    /// The node failed.
    #[error("the node failed: {0:?}")]
    Failed(FailureCode),
    /// What the node sent does not hold.
    #[error("the node's answer does not hold")]
    Broken(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The enclave answered with an error.
    #[error("{0}")]
    Answered(ApiError),
}

impl Refusal {
    pub(super) fn account(error: AccountError) -> Self {
        match error {
            AccountError::Payer(PayerError::UnknownModel(_)) => Self::UnknownModel,
            AccountError::Payer(PayerError::TooManyStreams) => Self::Overloaded,
            error => Self::Unpaid(Some(Box::new(error))),
        }
    }

    fn of(failed: &Failed) -> Self {
        match failed.code {
            FailureCode::Overloaded => Self::Overloaded,
            FailureCode::UnknownModel => Self::UnknownModel,
            FailureCode::Unpaid => Self::Unpaid(None),
            FailureCode::BadRequest => Self::Answered(ApiError::invalid_request(
                "The node cannot take this request.",
            )),
            code => Self::Failed(code),
        }
    }

    /// Whether the node is to blame, so that it is left alone for a while.
    #[must_use]
    pub const fn is_nodes_fault(&self) -> bool {
        matches!(
            self,
            Self::Gone | Self::Silent | Self::Failed(_) | Self::Broken(_)
        )
    }

    /// What the caller is told once the answer has begun.
    fn midway(&self) -> ApiError {
        match self {
            Self::Answered(error) => error.clone(),
            Self::Gone => {
                ApiError::upstream_failed("The node went away before the answer was whole.")
            }
            Self::Silent => {
                ApiError::upstream_failed("The node fell silent before the answer was whole.")
            }
            _ => ApiError::upstream_failed("The node failed before the answer was whole."),
        }
    }
}

/// One request under way.
#[derive(Debug)]
pub(super) struct UnderWay {
    exchange: Exchange,
    stream: StreamId,
    /// Until its reader is gone or too far behind.
    pieces: Option<mpsc::Sender<Piece>>,
    /// Until the first piece came.
    first: Option<oneshot::Sender<Result<(), Refusal>>>,
    heard: TimestampMs,
}

impl UnderWay {
    pub(super) const fn new(
        exchange: Exchange,
        stream: StreamId,
        pieces: mpsc::Sender<Piece>,
        first: oneshot::Sender<Result<(), Refusal>>,
        now: TimestampMs,
    ) -> Self {
        Self {
            exchange,
            stream,
            pieces: Some(pieces),
            first: Some(first),
            heard: now,
        }
    }

    /// Tells whoever waits that it goes no further.
    fn refuse(mut self, refusal: Refusal) {
        match self.first.take() {
            Some(first) => drop(first.send(Err(refusal))),
            None => self.end(Piece::Failed(refusal.midway())),
        }
    }

    fn begins(&mut self) {
        if let Some(first) = self.first.take() {
            drop(first.send(Ok(())));
        }
    }

    /// The last piece of all.
    fn end(&mut self, piece: Piece) {
        if let Some(pieces) = self.pieces.take() {
            // Nobody misses it if the reader is gone.
            drop(pieces.try_send(piece));
        }
    }

    /// Hands a piece on, or ends the answer where its reader fell behind: it never has a gap.
    fn hand_on(&mut self, piece: Piece) {
        let Some(pieces) = &self.pieces else { return };
        // The last place is kept for the end.
        if pieces.capacity() <= 1 || pieces.try_send(piece).is_err() {
            self.end(Piece::Failed(ApiError::upstream_failed(
                "The answer was read too slowly and is cut off here.",
            )));
        }
    }

    /// Hands pieces on. Returns whether anybody still reads.
    fn deliver(&mut self, deliveries: Vec<Delivery>) -> Result<bool, Refusal> {
        for delivery in deliveries {
            match delivery {
                Delivery::Json(json) => {
                    self.begins();
                    self.hand_on(Piece::Json(Bytes::from(json)));
                }
                Delivery::Failure(json) => return Err(Refusal::Answered(api_error(&json))),
            }
        }
        Ok(self.pieces.is_some())
    }
}

/// An error that the enclave sealed for the requester.
fn api_error(json: &[u8]) -> ApiError {
    let Ok(ErrorBody { error }) = serde_json::from_slice(json) else {
        return ApiError::upstream_failed("The node answered with a malformed error.");
    };
    let status = match (&*error.kind, error.code.as_deref()) {
        (atoma_openai::error::INVALID_REQUEST_ERROR, Some("model_not_found")) => 404,
        (atoma_openai::error::INVALID_REQUEST_ERROR, _) => 400,
        (atoma_openai::error::RATE_LIMIT_ERROR, _) => 429,
        _ => 502,
    };
    let status = http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::BAD_GATEWAY);
    let code = error.code.unwrap_or_else(|| "upstream_error".into());
    let made = ApiError::new(status, error.kind, code, error.message);
    match error.param {
        Some(param) => made.with_param(param),
        None => made,
    }
}

/// Requests under way, and a voucher that found the queue full.
#[derive(Debug, Default)]
pub(super) struct Requests {
    under_way: HashMap<RequestId, UnderWay>,
    unsent: Option<Signed<Voucher>>,
}

impl Requests {
    pub(super) fn insert(&mut self, id: RequestId, request: UnderWay) {
        self.under_way.insert(id, request);
    }

    pub(super) fn contains(&self, id: RequestId) -> bool {
        self.under_way.contains_key(&id)
    }
}

impl Session {
    pub(super) fn on_chunk(self: &Arc<Self>, chunk: Chunk) {
        let id = chunk.request;
        // Taken out while it is worked on; put back unless it ended.
        let Some(mut request) = lock(&self.requests).under_way.remove(&id) else {
            return;
        };
        request.heard = self.env.now();
        match self.advance(id, &mut request, &chunk) {
            Ok(None) => self.put_back(id, request),
            Ok(Some(finished)) => {
                request.begins();
                let charge = Charge {
                    tokens: finished.tokens,
                    fee: finished.fee,
                };
                request.end(Piece::Done(charge));
            }
            Err(refusal) => {
                if !matches!(refusal, Refusal::Answered(_)) {
                    tracing::warn!(node = %self.node, %refusal, "an answer was broken off");
                }
                self.give_up(&request);
                let _ = self.sender.try_send(ToNode::Cancel(id));
                request.refuse(refusal);
            }
        }
    }

    /// Opens a chunk, checks and stores its receipt, hands its pieces on. Gives what the answer cost
    /// once it is whole.
    fn advance(
        self: &Arc<Self>,
        id: RequestId,
        request: &mut UnderWay,
        chunk: &Chunk,
    ) -> Result<Option<Finished>, Refusal> {
        let broken = |error: Box<dyn std::error::Error + Send + Sync>| Refusal::Broken(error);
        let ChunkPayload {
            deliveries,
            receipt,
        } = request
            .exchange
            .open(chunk.response_nonce, &chunk.sealed)
            .map_err(|error| broken(error.into()))?;
        let mut finished = None;
        if let Some(part) = receipt {
            let delivered = request.exchange.delivered();
            let taken = lock(&self.account)
                .on_part(request.stream, &part, &delivered)
                .map_err(|error| broken(error.into()))?;
            // The voucher goes out whatever becomes of the copy kept for whoever asked.
            if let Err(error) = self.store.keep_receipt(id, &part) {
                tracing::error!(%error, "a receipt could not be kept for its request");
            }
            if let Some(voucher) = taken.voucher {
                self.send_voucher(voucher);
            }
            finished = taken.outcome.finished;
            self.fill_if_low();
        }
        let read = request.deliver(deliveries)?;
        match (finished, request.exchange.is_finished()) {
            (Some(finished), true) => Ok(Some(finished)),
            (None, true) => Err(broken(
                "the last chunk came without the last receipt".into(),
            )),
            (Some(_), false) => Err(broken("the last receipt came before the last chunk".into())),
            (None, false) => {
                if !read {
                    let _ = self.sender.try_send(ToNode::Cancel(id));
                }
                Ok(None)
            }
        }
    }

    pub(super) fn on_failed(&self, failed: &Failed) {
        self.fail(failed.request, Refusal::of(failed));
    }

    /// Ends a request that goes no further.
    pub(super) fn fail(&self, id: RequestId, refusal: Refusal) {
        let request = lock(&self.requests).under_way.remove(&id);
        if let Some(request) = request {
            self.give_up(&request);
            request.refuse(refusal);
        }
    }

    /// Ends everything: the stream is gone.
    pub(super) fn end_all(&self) {
        self.life.begin_stop();
        // Whoever opens a stream just now has done so once the lock is had.
        drop(lock(&self.account));
        let ids: Vec<_> = lock(&self.requests).under_way.keys().copied().collect();
        for id in ids {
            self.fail(id, Refusal::Gone);
        }
    }

    /// Nothing beyond what arrived of it is ever paid for.
    fn give_up(&self, request: &UnderWay) {
        let arrived = request.exchange.response_commitment();
        lock(&self.account).abort_stream(request.stream, arrived);
    }

    fn put_back(&self, id: RequestId, request: UnderWay) {
        lock(&self.requests).under_way.insert(id, request);
    }

    /// The largest voucher counts, so one that finds the queue full may wait for the next tick.
    fn send_voucher(&self, voucher: Signed<Voucher>) {
        if let Err(TrySendError::Full(ToNode::Voucher(voucher))) =
            self.sender.try_send(ToNode::Voucher(voucher))
        {
            lock(&self.requests).unsent = Some(voucher);
        }
    }

    pub(super) fn tick(self: &Arc<Self>) {
        let unsent = lock(&self.requests).unsent.take();
        if let Some(voucher) = unsent {
            self.send_voucher(voucher);
        }
        let now = self.env.now();
        let silent: Vec<_> = lock(&self.requests)
            .under_way
            .iter()
            .filter(|(_, request)| now.saturating_since(request.heard) > self.silence)
            .map(|(id, _)| *id)
            .collect();
        for id in silent {
            let _ = self.sender.try_send(ToNode::Cancel(id));
            self.fail(id, Refusal::Silent);
        }
    }

    fn fill_if_low(self: &Arc<Self>) {
        let low = {
            let account = lock(&self.account);
            self.payments.is_low(account.payer())
        };
        if low {
            self.fill();
        }
    }
}
