//! One stream of messages with one sequencer, from challenge to drain.
//!
//! The loop never waits for the network: what it has to say queues in a bounded outbox, tasks and chain
//! reads run beside it. So a slow stream holds up nobody but itself, and vouchers and cancellations are
//! taken while answers wait to be read.

mod outbox;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use async_trait::async_trait;
use atoma_env::Env;
use atoma_link::{
    connection::{ConnectionError, NodeEnd},
    message::{
        Challenge, ChannelReady, Failed, FailureCode, FromNode, Hello, ModelLoad, PROTOCOL,
        SealingKey, Task, ToNode,
    },
};
use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, NetworkId, RequestId},
    time::TimestampMs,
};
use thiserror::Error;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::{
    bindings::{Bindings, Dialer},
    channels::Contact,
    enclave::{ChannelView, Enclave, TaskEnd, TaskLink},
};
use outbox::Outbox;

/// How long a sequencer may take for its challenge.
pub const CHALLENGE_TIMEOUT: Duration = Duration::from_secs(10);
/// How long a drained stream stays for the sequencer to read its end and to send its last vouchers.
pub const LINGER: Duration = Duration::from_secs(2);
/// Most channels of one stream.
pub const MAX_CHANNELS: usize = 1_024;
/// Wrong vouchers after which a stream is ended.
pub const MAX_WRONG_VOUCHERS: u32 = 16;

/// Reads channels for sessions.
#[async_trait]
pub trait ChannelSource: Send + Sync + std::fmt::Debug {
    /// The channel, if this node can be paid through it.
    async fn channel(&self, id: ChannelId) -> Result<ChannelView, ChannelRefusal>;
}

/// Why a channel is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChannelRefusal {
    /// The chain cannot be asked now; a channel in use stays in use.
    #[error("the chain cannot be reached, so the channel cannot be checked")]
    Unreachable,
    /// Its terms, state or owner do not fit.
    #[error("{0}")]
    Unfit(String),
}

/// What a session works with.
#[derive(Clone, Debug)]
pub struct Session {
    /// Time and tasks.
    pub env: Env,
    /// Does the work.
    pub enclave: Arc<Enclave>,
    /// The key epoch that it stands for.
    pub epoch: KeyEpoch,
    /// When that epoch stops to count for new work.
    pub expires: TimestampMs,
    /// Reads channels.
    pub channels: Arc<dyn ChannelSource>,
    /// Which sequencer uses which channel.
    pub bindings: Bindings,
    /// The sequencer.
    pub dialer: Dialer,
    /// How fresh the node's knowledge of the chain is.
    pub contact: Contact,
    /// Tasks that this stream may have at once.
    pub capacity: u32,
    /// Asks for the drain.
    pub drain: CancellationToken,
}

/// How a session ended.
#[derive(Debug)]
pub enum SessionEnd {
    /// As asked, with nothing left to do.
    Drained,
    /// The node was stopped before its tasks were done; they were cancelled.
    Stopped,
    /// The sequencer said goodbye.
    Goodbye(String),
    /// The stream broke.
    Lost(ConnectionError),
    /// The sequencer does not keep to the protocol, or works on another network.
    Refused(SessionError),
}

/// What a sequencer did wrong.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SessionError {
    /// No challenge in time.
    #[error("no challenge within {} s", CHALLENGE_TIMEOUT.as_secs())]
    NoChallenge,
    /// Something else than a challenge came first, or a second one came.
    #[error("a challenge must come first, and once")]
    OutOfOrder,
    /// It works on another network.
    #[error("the sequencer works on network {theirs}, this node on {ours}")]
    OtherNetwork {
        /// Theirs.
        theirs: NetworkId,
        /// Ours.
        ours: NetworkId,
    },
    /// It does not read what it asked for.
    #[error("too many answers wait to be read")]
    NotReading,
    /// Too many vouchers that are not the payer's.
    #[error("{MAX_WRONG_VOUCHERS} wrong vouchers")]
    WrongVouchers,
    /// The key epoch ended before the session began.
    #[error("the key epoch is over")]
    EpochOver,
}

impl From<SessionError> for SessionEnd {
    fn from(error: SessionError) -> Self {
        Self::Refused(error)
    }
}

/// What tasks beside the loop report.
enum Report {
    Done(RequestId, TaskEnd),
    Channel(ChannelId, Result<(), ChannelRefusal>),
}

struct Running {
    session: Session,
    outbox: Outbox,
    tasks: BTreeMap<RequestId, CancellationToken>,
    channels: BTreeSet<ChannelId>,
    asked: BTreeSet<ChannelId>,
    wrong_vouchers: u32,
    draining: bool,
    gone: CancellationToken,
    out: mpsc::Sender<FromNode>,
    reports: mpsc::Sender<Report>,
}

impl Session {
    /// Runs the session to its end. It counts as attached once the sequencer has sent its challenge.
    pub async fn run(self, mut end: NodeEnd) -> SessionEnd {
        let hello = match self.greet(&mut end).await {
            Ok(hello) => hello,
            Err(end) => return end,
        };
        let (out, mut receiver) = end.split();
        let limit = usize::try_from(self.capacity).unwrap_or(usize::MAX);
        let reports_limit = limit.saturating_add(MAX_CHANNELS);
        let (reports, mut reported) = mpsc::channel(reports_limit);
        let gone = CancellationToken::new();
        let _all_go = gone.clone().drop_guard();
        let env = self.env.clone();
        let drain = self.drain.clone();
        let mut running = Running {
            outbox: Outbox::new(hello, self.capacity),
            session: self,
            tasks: BTreeMap::new(),
            channels: BTreeSet::new(),
            asked: BTreeSet::new(),
            wrong_vouchers: 0,
            draining: false,
            gone,
            out: out.clone(),
            reports,
        };
        let _attached = running.session.bindings.attach(&running.session.dialer);
        loop {
            if running.draining && running.is_idle() {
                break;
            }
            let next = tokio::select! {
                biased;
                permit = out.reserve(), if !running.outbox.is_empty() => match permit {
                    Ok(permit) => {
                        if let Some(message) = running.outbox.next() {
                            permit.send(message);
                        }
                        Ok(())
                    }
                    Err(_) => Err(SessionEnd::Lost(ConnectionError::Closed)),
                },
                () = env.shutdown() => Err(SessionEnd::Stopped),
                () = drain.cancelled(), if !running.draining => {
                    running.drain();
                    Ok(())
                }
                Some(report) = reported.recv() => running.on_report(report),
                message = receiver.receive() => match message {
                    Ok(message) => running.on_message(message),
                    Err(error) => Err(SessionEnd::Lost(error)),
                },
            };
            if let Err(end) = next {
                if matches!(end, SessionEnd::Stopped) {
                    running.cut_short(&mut reported).await;
                }
                return end;
            }
        }
        // The stream half-closes when both senders are gone. What waits is carried on until the sequencer,
        // which has then heard everything, closes its half; its last vouchers are still taken.
        drop(out);
        running.close_sender();
        let linger = async {
            while let Ok(message) = receiver.receive().await {
                if let ToNode::Voucher(voucher) = message {
                    // A wrong one changes nothing any more.
                    let _ = running.session.enclave.take_voucher(&voucher);
                }
            }
        };
        tokio::select! {
            biased;
            () = linger => {}
            () = env.sleep(LINGER) => {}
        }
        SessionEnd::Drained
    }

    /// Challenge and hello.
    async fn greet(&self, end: &mut NodeEnd) -> Result<FromNode, SessionEnd> {
        let first = tokio::select! {
            biased;
            () = self.env.shutdown() => return Err(SessionEnd::Stopped),
            () = self.drain.cancelled() => return Err(SessionEnd::Drained),
            first = end.receive() => first.map_err(SessionEnd::Lost)?,
            () = self.env.sleep(CHALLENGE_TIMEOUT) => return Err(SessionError::NoChallenge.into()),
        };
        let Challenge { nonce, network } = match first {
            ToNode::Challenge(challenge) => challenge,
            ToNode::Goodbye(reason) => return Err(SessionEnd::Goodbye(reason)),
            _ => return Err(SessionError::OutOfOrder.into()),
        };
        let ours = self.enclave.network();
        if network != ours {
            let theirs = network;
            return Err(SessionError::OtherNetwork { theirs, ours }.into());
        }
        let keys = self.enclave.public_keys(self.epoch);
        let hello = self.enclave.hello(self.epoch, nonce);
        let (Some(keys), Some(hello)) = (keys, hello) else {
            return Err(SessionError::EpochOver.into());
        };
        let sealing_keys = keys.sealing.iter().map(|key| SealingKey {
            suite: u8::from(key.suite()).into(),
            key: key.as_bytes().to_vec().into(),
        });
        let models = self.enclave.models().values().map(|model| ModelLoad {
            model: model.id,
            name: model.info.name.clone(),
            context_length: model.info.context_length.get(),
        });
        Ok(FromNode::Hello(Hello {
            protocol: PROTOCOL,
            hello,
            sealing_keys: sealing_keys.collect(),
            models: models.collect(),
        }))
    }
}

impl Running {
    fn is_idle(&self) -> bool {
        self.tasks.is_empty() && self.outbox.is_empty()
    }

    /// Lets go of the sender, so that the stream half-closes.
    fn close_sender(&mut self) {
        let (closed, _) = mpsc::channel(1);
        self.out = closed;
    }

    fn drain(&mut self) {
        self.draining = true;
        self.outbox.drain();
    }

    /// Cancels every task, so that a last receipt covers what was done.
    async fn cut_short(&mut self, reported: &mut mpsc::Receiver<Report>) {
        for cancel in self.tasks.values() {
            cancel.cancel();
        }
        let env = self.session.env.clone();
        let done = async {
            while !self.tasks.is_empty() {
                match reported.recv().await {
                    Some(Report::Done(request, _)) => {
                        self.tasks.remove(&request);
                    }
                    Some(Report::Channel(..)) => {}
                    None => return,
                }
            }
        };
        tokio::select! {
            biased;
            () = done => {}
            () = env.sleep(LINGER) => {}
        }
    }

    fn on_report(&mut self, report: Report) -> Result<(), SessionEnd> {
        match report {
            // Its last message waited for too long: so does everything else.
            Report::Done(_, TaskEnd::Gone) => Err(SessionError::NotReading.into()),
            Report::Done(request, _) => {
                self.tasks.remove(&request);
                if !self.draining {
                    self.outbox.pull();
                }
                Ok(())
            }
            Report::Channel(channel, result) => {
                self.asked.remove(&channel);
                let refusal = result.err().map(|refusal| refusal.to_string());
                if refusal.is_none() {
                    self.channels.insert(channel);
                }
                let voucher = match refusal {
                    None => self.session.enclave.voucher(channel),
                    Some(_) => None,
                };
                self.say(FromNode::ChannelReady(ChannelReady {
                    channel,
                    voucher,
                    refusal,
                }))
            }
        }
    }

    fn on_message(&mut self, message: ToNode) -> Result<(), SessionEnd> {
        match message {
            ToNode::Challenge(_) => Err(SessionError::OutOfOrder.into()),
            ToNode::UseChannel(channel) => self.on_use(channel),
            ToNode::Task(task) => self.on_task(task),
            ToNode::Voucher(voucher) => {
                let known = self.channels.contains(&voucher.statement.channel);
                let taken = known && self.session.enclave.take_voucher(&voucher).is_ok();
                if taken {
                    return Ok(());
                }
                self.wrong_vouchers += 1;
                tracing::warn!(
                    target: "atoma_node::session",
                    channel = %voucher.statement.channel,
                    "voucher refused"
                );
                if self.wrong_vouchers >= MAX_WRONG_VOUCHERS {
                    return Err(SessionError::WrongVouchers.into());
                }
                Ok(())
            }
            ToNode::Cancel(request) => {
                // A task that is done already has no token any more.
                if let Some(cancel) = self.tasks.get(&request) {
                    cancel.cancel();
                }
                Ok(())
            }
            ToNode::Goodbye(reason) => Err(SessionEnd::Goodbye(reason)),
        }
    }

    fn on_use(&mut self, channel: ChannelId) -> Result<(), SessionEnd> {
        if self.asked.contains(&channel) {
            return Ok(());
        }
        let refused = |message: &str| Some(message.to_owned());
        let refusal = if self.draining {
            refused("the node is draining")
        } else if self.channels.len() + self.asked.len() >= MAX_CHANNELS {
            refused("too many channels on this stream")
        } else if !self.session.bindings.claim(channel, &self.session.dialer) {
            refused("the channel is in use by another sequencer")
        } else {
            None
        };
        if let Some(refusal) = refusal {
            return self.say(FromNode::ChannelReady(ChannelReady {
                channel,
                voucher: None,
                refusal: Some(refusal),
            }));
        }
        self.asked.insert(channel);
        let session = self.session.clone();
        let (gone, reports) = (self.gone.clone(), self.reports.clone());
        self.session.env.spawn(async move {
            let used = tokio::select! {
                biased;
                () = gone.cancelled() => return,
                used = use_channel(&session, channel) => used,
            };
            // The loop is gone: then nobody asks any more.
            let _ = reports.send(Report::Channel(channel, used)).await;
        });
        Ok(())
    }

    fn on_task(&mut self, task: Task) -> Result<(), SessionEnd> {
        let request = task.request;
        let limit = usize::try_from(self.session.capacity).unwrap_or(usize::MAX);
        let now = self.session.env.now();
        let refusal = if self.draining {
            Some((FailureCode::Overloaded, "the node is draining"))
        } else if self.tasks.len() >= limit {
            Some((FailureCode::Overloaded, "more tasks than were pulled"))
        } else if self.tasks.contains_key(&request) {
            Some((FailureCode::BadRequest, "a task of this id is running"))
        } else if now >= self.session.expires {
            Some((FailureCode::WrongKey, "the key epoch has expired"))
        } else if self.session.contact.is_lost(now) {
            Some((
                FailureCode::Overloaded,
                "the node has lost the chain for too long",
            ))
        } else if !self.channels.contains(&task.channel) {
            Some((
                FailureCode::Unpaid,
                "the channel is not in use on this stream",
            ))
        } else {
            None
        };
        if let Some((code, message)) = refusal {
            self.outbox
                .pull_unless(self.draining || self.tasks.len() >= limit);
            return self.say(FromNode::Failed(Failed {
                request,
                code,
                message: message.to_owned(),
            }));
        }
        let cancel = CancellationToken::new();
        self.tasks.insert(request, cancel.clone());
        let link = TaskLink {
            out: self.out.clone(),
            cancel,
            gone: self.gone.clone(),
        };
        let (enclave, reports) = (Arc::clone(&self.session.enclave), self.reports.clone());
        self.session.env.spawn(async move {
            let end = enclave.serve(task, &link).await;
            drop(link);
            tracing::debug!(target: "atoma_node::session", %request, ?end, "task ended");
            // The loop is gone: then nobody counts any more.
            let _ = reports.send(Report::Done(request, end)).await;
        });
        Ok(())
    }

    fn say(&mut self, message: FromNode) -> Result<(), SessionEnd> {
        self.outbox
            .push(message)
            .map_err(|outbox::Full| SessionError::NotReading.into())
    }
}

/// Reads a channel and takes it into use.
async fn use_channel(session: &Session, channel: ChannelId) -> Result<(), ChannelRefusal> {
    let enclave = &session.enclave;
    match session.channels.channel(channel).await {
        Ok(view) => enclave.use_channel(session.epoch, view),
        Err(ChannelRefusal::Unreachable) => enclave.use_known_channel(session.epoch, channel),
        Err(refusal) => return Err(refusal),
    }
    .map_err(|error| match error {
        crate::enclave::AccountError::NotInUse => ChannelRefusal::Unreachable,
        error => ChannelRefusal::Unfit(error.to_string()),
    })
}
