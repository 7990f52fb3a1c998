//! An answer on its way from a node to the HTTP side.

use std::any::Any;

use atoma_openai::ApiError;
use atoma_protocol::{
    ids::RequestId,
    money::{Amount, TokenCount},
};
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

/// The reading side. Dropping it ends the request at the node.
#[derive(Debug)]
pub struct Answer {
    request: RequestId,
    pieces: mpsc::Receiver<Piece>,
    guards: Vec<Box<dyn Any + Send>>,
}

impl Answer {
    /// The request it answers; its receipts are found by it.
    #[must_use]
    pub const fn request(&self) -> RequestId {
        self.request
    }

    /// The next piece; `None` after [`Piece::Done`] or [`Piece::Failed`].
    pub async fn next(&mut self) -> Option<Piece> {
        self.pieces.recv().await
    }

    /// Keeps something for as long as the answer is read.
    #[must_use]
    pub fn holding(mut self, guard: impl Any + Send) -> Self {
        self.guards.push(Box::new(guard));
        self
    }
}

/// Runs a function when dropped.
pub struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> OnDrop<F> {
    /// Runs `f` when dropped.
    pub const fn new(f: F) -> Self {
        Self(f)
    }
}

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

impl<F: FnMut()> std::fmt::Debug for OnDrop<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnDrop")
    }
}

/// An answer and the way to write it.
#[must_use]
pub fn answer(request: RequestId) -> (mpsc::Sender<Piece>, Answer) {
    // One place more, for the end.
    let (sender, pieces) = mpsc::channel(QUEUED_PIECES + 1);
    (
        sender,
        Answer {
            request,
            pieces,
            guards: Vec::new(),
        },
    )
}
