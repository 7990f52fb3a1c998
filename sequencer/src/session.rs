//! One attached node: its stream, the account it is paid from, the requests it works on.
//!
//! [`attach`] runs a stream from the challenge to its end. While it lives, [`NodeLink::start`] sends
//! requests down it; [`requests`] keeps what is under way.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use atoma_client::{Account, Exchange, PayerStore};
use atoma_env::Env;
use atoma_link::{
    connection::{ConnectionError, Receiver, SequencerEnd},
    message::{FromNode, Task, ToNode},
};
use atoma_protocol::{
    channel::{StreamRequest, StreamSpec},
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, NetworkId, NodeId, RequestId},
    money::Tokens,
    sealed::{RequestContext, SealingPublicKey},
};
use tokio::sync::{mpsc, oneshot};

use crate::{
    answer::{Answer, OnDrop, answer},
    routing::{Candidate, Fleet, Served},
};

mod handshake;
mod payments;
mod requests;

pub use handshake::HandshakeError;
pub use payments::Payments;
pub use requests::Refusal;
use requests::{Requests, UnderWay};

/// How often silent requests and vouchers that could not be sent are looked after.
const TICK: Duration = Duration::from_millis(500);
/// The API path that requests are sealed for.
const CHAT_PATH: &str = "/v1/chat/completions";

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Order {
    /// OpenAI's JSON.
    pub body: Vec<u8>,
    /// The model as the node serves it.
    pub served: Served,
    /// Most tokens that the prompt can have.
    pub input_bound: Tokens,
    /// Most tokens that the answer may have.
    pub max_output: Tokens,
}

/// A request that was sent: its answer, and whether it begins.
#[derive(Debug)]
pub struct Started {
    /// The answer.
    pub answer: Answer,
    /// Tells, once, that the first piece came or why none comes.
    pub first: oneshot::Receiver<Result<(), Refusal>>,
}

/// The way to an attached node. Cheap to clone.
#[derive(Clone, Debug)]
pub struct NodeLink(Arc<Session>);

/// What the stream's reader and those who send requests share.
#[derive(Debug)]
struct Session {
    env: Env,
    /// Stops with the stream; its account is not touched from then on.
    life: Env,
    network: NetworkId,
    node: NodeId,
    epoch: KeyEpoch,
    channel: ChannelId,
    sealing_key: SealingPublicKey,
    manifests: HashMap<atoma_protocol::ids::ModelId, ManifestHash>,
    account: Mutex<Account>,
    requests: Mutex<Requests>,
    sender: mpsc::Sender<ToNode>,
    store: PayerStore,
    payments: Arc<dyn Payments>,
    silence: Duration,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Accounts and requests write to disk before they change, so a panic leaves them whole.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl NodeLink {
    /// Seals and sends a request.
    ///
    /// # Errors
    /// [`Refusal`]: it was not sent, and nothing is owed for it.
    pub async fn start(&self, order: Order) -> Result<Started, Refusal> {
        let session = &self.0;
        let model = order.served.model;
        let manifest_hash = *session.manifests.get(&model).ok_or(Refusal::UnknownModel)?;
        let context = RequestContext {
            network: session.network,
            channel: session.channel,
            node: session.node,
            model,
            key_epoch: session.epoch,
            path: CHAT_PATH.to_owned(),
        };
        let (exchange, sealed) = Exchange::seal(
            &mut &session.env,
            &session.sealing_key,
            &context,
            order.body,
        )
        .map_err(Refusal::CannotSeal)?;
        let spec = StreamSpec {
            model,
            input_bound: order.input_bound,
            max_output: order.max_output,
            request_commitment: exchange.request_commitment(),
            manifest_hash,
        };
        let request = StreamRequest {
            epoch: session.epoch,
            spec,
        };
        let id = RequestId::new(session.env.random());
        let (pieces, answer) = answer(id);
        let (first, begun) = oneshot::channel();
        let now = session.env.now();
        let opened = {
            let mut account = lock(&session.account);
            if session.life.shutdown_token().is_cancelled() {
                return Err(Refusal::Gone);
            }
            let opened = account.open_stream(request).map_err(Refusal::account)?;
            lock(&session.requests).insert(
                id,
                UnderWay::new(exchange, opened.stream, pieces, first, now),
            );
            opened
        };
        // From here on, whoever drops the answer ends the request.
        let link = self.clone();
        let answer = answer.holding(OnDrop::new(move || link.cancel(id)));
        let task = ToNode::Task(Task {
            request: id,
            channel: session.channel,
            model,
            key_epoch: session.epoch,
            suite: u8::from(sealed.suite).into(),
            enc: sealed.enc.into(),
            ciphertext: sealed.ciphertext.into(),
            voucher: opened.voucher,
        });
        if session.sender.send(task).await.is_err() {
            session.fail(id, Refusal::Gone);
            return Err(Refusal::Gone);
        }
        Ok(Started {
            answer,
            first: begun,
        })
    }

    /// Ends the stream: the node came again on another one.
    fn end(&self) {
        self.0.life.begin_stop();
    }

    /// Asks the node to stop; its last receipt is still taken.
    fn cancel(&self, id: RequestId) {
        if lock(&self.0.requests).contains(id) {
            // A full queue is no loss: the request then runs to its end unread.
            let _ = self.0.sender.try_send(ToNode::Cancel(id));
        }
    }
}

/// Runs a stream: handshake, account, then messages until either side ends it.
///
/// # Errors
/// [`HandshakeError`]: the stream never became usable.
pub async fn attach(
    end: SequencerEnd,
    env: Env,
    payments: Arc<dyn Payments>,
    store: PayerStore,
    fleet: Arc<Fleet<NodeLink>>,
    silence: Duration,
) -> Result<(), HandshakeError> {
    let (sender, mut receiver) = end.split();
    let ready = handshake::run(&sender, &mut receiver, &env, &*payments, &fleet).await?;
    let (models, turn) = (ready.models, ready.turn);
    let session = Arc::new(Session {
        network: payments.network(),
        node: ready.node,
        epoch: ready.epoch,
        channel: ready.account.channel(),
        sealing_key: ready.sealing_key,
        manifests: ready.manifests,
        account: Mutex::new(ready.account),
        requests: Mutex::default(),
        sender,
        store,
        payments,
        silence,
        life: env.child(),
        env,
    });
    let node = session.node;
    let link = NodeLink(session.clone());
    let candidate = fleet
        .attach(node, models, link)
        .ok_or(HandshakeError::TooManyNodes)?;
    if let Some(places) = ready.places {
        candidate.add_places(places);
    }
    tracing::info!(%node, epoch = %session.epoch, channel = %session.channel, "node attached");
    let ended = session.clone().run(receiver, &candidate).await;
    fleet.detach(&candidate);
    session.end_all();
    drop(turn);
    tracing::info!(%node, reason = %ended, "node detached");
    Ok(())
}

impl Session {
    async fn run(
        self: Arc<Self>,
        mut receiver: Receiver<FromNode>,
        candidate: &Candidate<NodeLink>,
    ) -> ConnectionError {
        loop {
            tokio::select! {
                message = receiver.receive() => match message {
                    Ok(message) => self.take(message, candidate),
                    Err(ended) => return ended,
                },
                () = self.env.sleep(TICK) => self.tick(),
                () = self.life.shutdown() => {
                    let reason = "the sequencer stops or the node came again";
                    let _ = self.sender.try_send(ToNode::Goodbye(reason.into()));
                    return ConnectionError::Closed;
                }
            }
        }
    }

    fn take(self: &Arc<Self>, message: FromNode, candidate: &Candidate<NodeLink>) {
        match message {
            FromNode::Pull(tasks) => candidate.add_places(tasks),
            FromNode::Draining => candidate.drain(),
            FromNode::Chunk(chunk) => {
                self.on_chunk(chunk);
                if lock(&self.account).payer().stopped().is_some() {
                    // Whoever lied gets no further request.
                    candidate.drain();
                }
            }
            FromNode::Failed(failed) => self.on_failed(&failed),
            // Both belong to the handshake, which is over; a node that repeats them changes nothing.
            FromNode::Hello(_) | FromNode::ChannelReady(_) => {}
        }
    }

    /// Tops the channel up in the background once little of its deposit is left.
    fn fill(self: &Arc<Self>) {
        let authorized = lock(&self.account).payer().authorized();
        let session = self.clone();
        self.env.spawn(async move {
            match session.payments.top_up(session.channel, authorized).await {
                Ok(Some(funded)) => lock(&session.account).on_funded(funded),
                Ok(None) => {}
                Err(error) => {
                    tracing::warn!(channel = %session.channel, %error, "cannot top a channel up");
                }
            }
        });
    }
}

#[cfg(test)]
mod tests;
