//! Keeps a session with each sequencer.

use std::{pin::Pin, sync::Arc, time::Duration};

use async_trait::async_trait;
use atoma_env::Env;
use atoma_link::{
    connection::{ConnectionError, NodeEnd},
    grpc,
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    bindings::{Bindings, Dialer},
    channels::Contact,
    enclave::{Enclave, GradedEpoch},
    session::{ChannelSource, Session, SessionEnd},
};

/// First and longest pause before a sequencer is dialled again.
pub const REDIAL_PAUSES: (Duration, Duration) =
    (Duration::from_millis(200), Duration::from_secs(30));
/// A session that lasted this long was good: the next pause is short again.
const GOOD_SESSION: Duration = Duration::from_secs(10);

/// What carries a stream; must run for as long as the stream.
pub type Carrier = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Opens streams to sequencers.
#[async_trait]
pub trait Connector: Send + Sync + std::fmt::Debug {
    /// A new stream to the sequencer at `url`.
    async fn connect(&self, url: &str) -> Result<(NodeEnd, Carrier), ConnectionError>;
}

/// Streams over gRPC.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrpcConnector;

#[async_trait]
impl Connector for GrpcConnector {
    async fn connect(&self, url: &str) -> Result<(NodeEnd, Carrier), ConnectionError> {
        let (end, carrier) = grpc::attach(url).await?;
        Ok((end, Box::pin(carrier)))
    }
}

/// A key epoch, with the channels that it may serve.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) epoch: GradedEpoch,
    pub(crate) channels: Arc<dyn ChannelSource>,
}

/// Keeps one session with one sequencer: redials, and changes over at a rotation.
#[derive(Clone, Debug)]
pub(crate) struct Dial {
    pub(crate) env: Env,
    pub(crate) url: String,
    pub(crate) connector: Arc<dyn Connector>,
    pub(crate) enclave: Arc<Enclave>,
    pub(crate) bindings: Bindings,
    pub(crate) contact: Contact,
    pub(crate) capacity: u32,
    pub(crate) serving: watch::Receiver<Serving>,
    /// No more sessions, and those that are drain.
    pub(crate) drain: CancellationToken,
}

impl Dial {
    /// Runs until drained.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::new(REDIAL_PAUSES.0, REDIAL_PAUSES.1);
        let drain = self.drain.clone();
        while !drain.is_cancelled() {
            let serving = self.serving.borrow_and_update().clone();
            let connected = tokio::select! {
                biased;
                () = drain.cancelled() => return,
                connected = self.connector.connect(&self.url) => connected,
            };
            let begun = self.env.now();
            let failed = match connected {
                Ok((end, carrier)) => self.attend(serving, end, carrier).await,
                Err(error) => {
                    tracing::warn!(target: "atoma_node::dial", url = %self.url, %error, "cannot attach");
                    true
                }
            };
            if self.env.now().saturating_since(begun) >= GOOD_SESSION {
                backoff.reset();
            }
            if failed {
                let pause = backoff.pause(&self.env);
                tokio::select! {
                    biased;
                    () = drain.cancelled() => return,
                    () = self.env.sleep(pause) => {}
                }
            }
        }
    }

    /// Runs a session until it ends or its key epoch is replaced. Says whether to wait before the next.
    async fn attend(&mut self, serving: Serving, end: NodeEnd, carrier: Carrier) -> bool {
        let epoch = serving.epoch.epoch;
        let drain = CancellationToken::new();
        let dialer: Dialer = self.url.as_str().into();
        let session = Session {
            env: self.env.clone(),
            enclave: Arc::clone(&self.enclave),
            epoch,
            expires: serving.epoch.expires,
            channels: serving.channels,
            bindings: self.bindings.clone(),
            dialer,
            contact: self.contact.clone(),
            capacity: self.capacity,
            drain: drain.clone(),
        };
        let url = self.url.clone();
        let mut running = self.env.spawn(async move {
            let mut session = Box::pin(session.run(end));
            let mut carrier = carrier;
            let ended = tokio::select! {
                biased;
                ended = &mut session => ended,
                () = &mut carrier => session.await,
            };
            match &ended {
                SessionEnd::Drained | SessionEnd::Stopped => {
                    tracing::info!(target: "atoma_node::dial", %url, %epoch, ?ended, "session ended");
                }
                other => {
                    tracing::warn!(target: "atoma_node::dial", %url, %epoch, ended = ?other, "session ended");
                }
            }
        });
        tokio::select! {
            biased;
            () = self.drain.cancelled() => {
                drain.cancel();
                // The session is bounded by its tasks; whoever stops the node bounds those.
                let _ = running.await;
                false
            }
            _ = &mut running => true,
            changed = self.serving.changed() => {
                drain.cancel();
                changed.is_err()
            }
        }
    }
}
