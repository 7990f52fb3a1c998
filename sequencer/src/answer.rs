//! An answer on its way from a node to the HTTP side.

use std::sync::Arc;

use atoma_openai::ApiError;
use atoma_protocol::money::{Amount, TokenCount};
use bytes::Bytes;
use tokio::sync::mpsc;

/// Pieces of one answer that may wait for a slow reader. A reader that falls further behind loses the
/// answer, so that it cannot hold up the others on the same node.
pub const QUEUED_PIECES: usize = 4_096;

/// What comes of an answer.
#[derive(Clone, Debug)]
pub enum Piece {
    /// JSON of one stream event, as the enclave wrote it.
    Json(Bytes),
    /// The answer is whole and receipted.
    Done(Charge),
    /// The answer ends here without being whole. What its receipts say stays owed.
    Failed(ApiError),
}

/// What an answer cost, by its receipts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Charge {
    /// Tokens read and written.
    pub tokens: TokenCount,
    /// Fee in base units.
    pub fee: Amount,
}

/// The reading side. Dropping it cancels the request at the node.
#[derive(Debug)]
pub struct Answer {
    pieces: mpsc::Receiver<Piece>,
    _cancel: Option<CancelOnDrop>,
}

impl Answer {
    /// The next piece; `None` after [`Piece::Done`] or [`Piece::Failed`].
    pub async fn next(&mut self) -> Option<Piece> {
        self.pieces.recv().await
    }
}

/// Runs a function once when dropped.
pub struct CancelOnDrop(Arc<dyn Fn() + Send + Sync>);

impl CancelOnDrop {
    /// Runs `cancel` when dropped.
    pub fn new(cancel: impl Fn() + Send + Sync + 'static) -> Self {
        Self(Arc::new(cancel))
    }
}

impl Drop for CancelOnDrop {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl std::fmt::Debug for CancelOnDrop {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CancelOnDrop")
    }
}

/// An answer and the way to write it.
#[must_use]
pub fn answer(cancel: Option<CancelOnDrop>) -> (mpsc::Sender<Piece>, Answer) {
    let (sender, pieces) = mpsc::channel(QUEUED_PIECES);
    (
        sender,
        Answer {
            pieces,
            _cancel: cancel,
        },
    )
}
