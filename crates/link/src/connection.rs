//! The two ends of a stream, independent of what carries it.

use thiserror::Error;
use tokio::sync::mpsc;

use crate::message::{FromNode, MessageError, ToNode};

/// Messages that may wait on one end of a stream before the other side has to read.
pub const QUEUED_MESSAGES: usize = 256;

/// Why a stream ended.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The other side is gone.
    #[error("the other side closed the stream")]
    Closed,
    /// The other side sent something that is no message.
    #[error("the other side sent a malformed message")]
    Malformed(#[from] MessageError),
    /// The network between them failed.
    #[error("the stream broke: {0}")]
    Transport(String),
}

/// One end of a stream: sends `S`, receives `R`.
#[derive(Debug)]
pub struct End<S, R> {
    sender: mpsc::Sender<S>,
    receiver: mpsc::Receiver<Result<R, ConnectionError>>,
}

/// The node's end.
pub type NodeEnd = End<FromNode, ToNode>;
/// The sequencer's end.
pub type SequencerEnd = End<ToNode, FromNode>;

impl<S, R> End<S, R> {
    pub(crate) const fn new(
        sender: mpsc::Sender<S>,
        receiver: mpsc::Receiver<Result<R, ConnectionError>>,
    ) -> Self {
        Self { sender, receiver }
    }

    /// A sender to be shared among tasks.
    #[must_use]
    pub fn sender(&self) -> mpsc::Sender<S> {
        self.sender.clone()
    }

    /// Sends, waiting while the queue is full.
    ///
    /// # Errors
    /// [`ConnectionError::Closed`].
    pub async fn send(&self, message: S) -> Result<(), ConnectionError> {
        self.sender
            .send(message)
            .await
            .map_err(|_| ConnectionError::Closed)
    }

    /// The next message. Safe to drop and call again.
    ///
    /// # Errors
    /// The reason why the stream ended; nothing follows an error.
    pub async fn receive(&mut self) -> Result<R, ConnectionError> {
        self.receiver
            .recv()
            .await
            .unwrap_or(Err(ConnectionError::Closed))
    }

    /// Splits into a sender and a receiving half.
    #[must_use]
    pub fn split(self) -> (mpsc::Sender<S>, Receiver<R>) {
        (self.sender, Receiver(self.receiver))
    }
}

/// The receiving half of an [`End`].
#[derive(Debug)]
pub struct Receiver<R>(mpsc::Receiver<Result<R, ConnectionError>>);

impl<R> Receiver<R> {
    /// As [`End::receive`].
    ///
    /// # Errors
    /// The reason why the stream ended; nothing follows an error.
    pub async fn receive(&mut self) -> Result<R, ConnectionError> {
        self.0.recv().await.unwrap_or(Err(ConnectionError::Closed))
    }
}

/// Forwards checked messages into an end's queue until either side is gone.
pub(crate) async fn pump<W, R>(
    mut next: impl AsyncFnMut() -> Option<Result<W, ConnectionError>>,
    into: mpsc::Sender<Result<R, ConnectionError>>,
) where
    R: TryFrom<W, Error = MessageError>,
{
    while let Some(wire) = next().await {
        let message = wire.and_then(|wire| R::try_from(wire).map_err(ConnectionError::from));
        let ended = message.is_err();
        if into.send(message).await.is_err() || ended {
            return;
        }
    }
}

/// Two ends joined inside one process. Messages pass as they are.
///
/// Each direction holds up to twice [`QUEUED_MESSAGES`]; the returned future moves messages and must be
/// run for as long as the ends live.
pub fn pair() -> (
    NodeEnd,
    SequencerEnd,
    impl Future<Output = ()> + Send + 'static,
) {
    let (node_sender, from_node) = mpsc::channel(QUEUED_MESSAGES);
    let (sequencer_sender, to_node) = mpsc::channel(QUEUED_MESSAGES);
    let (into_node, node_receiver) = mpsc::channel(QUEUED_MESSAGES);
    let (into_sequencer, sequencer_receiver) = mpsc::channel(QUEUED_MESSAGES);
    let carry = async move {
        futures::join!(carry(to_node, into_node), carry(from_node, into_sequencer));
    };
    (
        End::new(node_sender, node_receiver),
        End::new(sequencer_sender, sequencer_receiver),
        carry,
    )
}

async fn carry<T>(mut from: mpsc::Receiver<T>, into: mpsc::Sender<Result<T, ConnectionError>>) {
    loop {
        let message = tokio::select! {
            message = from.recv() => message,
            () = into.closed() => None,
        };
        let Some(message) = message else { return };
        if into.send(Ok(message)).await.is_err() {
            return;
        }
    }
}
