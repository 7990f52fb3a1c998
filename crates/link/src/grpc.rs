//! The stream over gRPC.

use std::{pin::Pin, time::Duration};

use futures::{Stream, StreamExt};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tonic::{
    Request, Response, Status, Streaming,
    transport::{Channel, Endpoint},
};

use crate::{
    connection::{ConnectionError, End, NodeEnd, QUEUED_MESSAGES, SequencerEnd, pump},
    message::{FromNode, MAX_MESSAGE_BYTES},
    wire::{
        self,
        link_client::LinkClient,
        link_server::{Link, LinkServer},
    },
};

/// How long a dial may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How often an idle stream is probed, so that a dead one is noticed behind a NAT.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Streams that wait to be taken up by the sequencer.
const QUEUED_STREAMS: usize = 64;

/// Dials a sequencer at `url` and attaches. The future must be run for as long as the end lives.
///
/// # Errors
/// [`ConnectionError::Transport`].
pub async fn attach(
    url: &str,
) -> Result<(NodeEnd, impl Future<Output = ()> + Send + 'static), ConnectionError> {
    let transport = |error: &dyn std::fmt::Display| ConnectionError::Transport(error.to_string());
    let channel: Channel = Endpoint::from_shared(url.to_owned())
        .map_err(|error| transport(&error))?
        .connect_timeout(CONNECT_TIMEOUT)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect()
        .await
        .map_err(|error| transport(&error))?;
    let (sender, outgoing) = mpsc::channel::<FromNode>(QUEUED_MESSAGES);
    let mut client = LinkClient::new(channel)
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    let incoming = client
        .attach(ReceiverStream::new(outgoing).map(wire::FromNode::from))
        .await
        .map_err(|status| transport(&status))?
        .into_inner();
    let (into, receiver) = mpsc::channel(QUEUED_MESSAGES);
    Ok((End::new(sender, receiver), read(incoming, into)))
}

/// Reads one direction of a stream to its end.
async fn read<W, R>(mut incoming: Streaming<W>, into: mpsc::Sender<Result<R, ConnectionError>>)
where
    R: TryFrom<W, Error = crate::message::MessageError>,
{
    let closed = into.clone();
    let next = async move || {
        tokio::select! {
            message = incoming.next() => {
                message.map(|message| message.map_err(|status| ConnectionError::Transport(status.to_string())))
            }
            () = closed.closed() => None,
        }
    };
    pump(next, into).await;
}

/// The gRPC service of a sequencer, and the streams that nodes open on it.
///
/// `spawn` runs the reading half of each stream.
pub fn service<S>(spawn: S) -> (LinkServer<LinkService<S>>, mpsc::Receiver<SequencerEnd>)
where
    S: Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync + 'static,
{
    let (attached, streams) = mpsc::channel(QUEUED_STREAMS);
    let server = LinkServer::new(LinkService { attached, spawn })
        .max_decoding_message_size(MAX_MESSAGE_BYTES)
        .max_encoding_message_size(MAX_MESSAGE_BYTES);
    (server, streams)
}

/// Implements the `Link` service by handing each stream on.
pub struct LinkService<S> {
    attached: mpsc::Sender<SequencerEnd>,
    spawn: S,
}

impl<S> std::fmt::Debug for LinkService<S> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LinkService").finish_non_exhaustive()
    }
}

#[tonic::async_trait]
impl<S> Link for LinkService<S>
where
    S: Fn(Pin<Box<dyn Future<Output = ()> + Send>>) + Send + Sync + 'static,
{
    type AttachStream = Pin<Box<dyn Stream<Item = Result<wire::ToNode, Status>> + Send>>;

    async fn attach(
        &self,
        request: Request<Streaming<wire::FromNode>>,
    ) -> Result<Response<Self::AttachStream>, Status> {
        let (sender, outgoing) = mpsc::channel(QUEUED_MESSAGES);
        let (into, receiver) = mpsc::channel(QUEUED_MESSAGES);
        self.attached
            .try_send(End::new(sender, receiver))
            .map_err(|_| Status::resource_exhausted("too many nodes attach at once; try again"))?;
        (self.spawn)(Box::pin(read(request.into_inner(), into)));
        let outgoing = ReceiverStream::new(outgoing).map(|message| Ok(wire::ToNode::from(message)));
        Ok(Response::new(Box::pin(outgoing)))
    }
}
