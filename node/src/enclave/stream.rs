//! Runs one stream: generates, meters, seals, cuts parts.

use std::{future::Future, pin::Pin, time::Duration};

use atoma_engine::{Delta, DeltaStream, Event, Finish, GenerateRequest};
use atoma_link::message::{Chunk, Failed, FailureCode, FromNode, PartReceipt as LinkReceipt};
use atoma_openai::{ApiError, FinishReason};
use atoma_protocol::{
    channel::{Flow, PartEnd, PayeeError, UNPAID_TIMEOUT},
    ids::RequestId,
    money::{TokenCount, Tokens},
    sealed::{ChunkPayload, ChunkSealer, Delivery},
    time::TimestampMs,
};
use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Enclave,
    account::{AccountError, OpenStream},
    admission::{self, Admitted, Refusal},
    response::Response,
};

/// Text is cut into chunks by time, so that its pieces say nothing about tokens.
pub const CUT_INTERVAL: Duration = Duration::from_millis(25);
/// How long a chunk may wait for the sequencer to read.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Events of one stream after which other streams get a turn.
const EVENTS_A_TURN: u32 = 32;

/// How a task is tied to the stream of messages that it came on.
#[derive(Clone, Debug)]
pub struct TaskLink {
    /// Takes what is to be sent.
    pub out: mpsc::Sender<FromNode>,
    /// The sequencer cancelled the task.
    pub cancel: CancellationToken,
    /// Nobody reads any more: what was not sent is not charged.
    pub gone: CancellationToken,
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskEnd {
    /// The answer is whole and receipted.
    Done,
    /// The sequencer was told why there is no answer, or not a whole one.
    Failed(FailureCode),
    /// The sequencer is gone.
    Gone,
}

/// Why a stream stops before its end.
enum Stop {
    /// What was delivered stays owed; the requester is told.
    Because(Refusal),
    /// Nobody reads any more.
    Gone,
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

struct Run<'a> {
    enclave: &'a Enclave,
    link: &'a TaskLink,
    request: RequestId,
    stream: OpenStream,
    response: Response,
    sealer: ChunkSealer,
    /// Until it was sent with the first chunk.
    nonce: Option<[u8; 32]>,
    made: TokenCount,
    max_output: Tokens,
    /// Text that came before this time waits for it.
    cut_at: TimestampMs,
}

impl Enclave {
    /// Runs a stream that was admitted to its end.
    pub(super) async fn run(&self, admitted: Admitted, link: &TaskLink) -> TaskEnd {
        let env = self.env();
        let (nonce, sealer) = admitted.response.sealer(&mut &*env);
        let id = format!("chatcmpl-{}", hex::encode(env.random::<12>()));
        let created = env.now().0 / 1_000;
        let mut run = Run {
            enclave: self,
            link,
            request: admitted.request,
            stream: admitted.stream,
            response: Response::new(id, created, &admitted.chat, &admitted.nonce),
            sealer,
            nonce: Some(nonce.into_bytes()),
            made: TokenCount::default(),
            max_output: admitted.max_output,
            cut_at: TimestampMs(0),
        };
        let request =
            GenerateRequest::new(admitted.chat).with_max_output_tokens(admitted.max_output);
        let work = link.cancel.child_token();
        let begun = tokio::select! {
            biased;
            () = link.gone.cancelled() => Err(Stop::Gone),
            begun = admitted.model.engine.generate(request, work) => {
                begun.map_err(|error| Stop::Because(admission::engine(&error)))
            }
        };
        let stopped = match begun {
            Ok(events) => run.pump(events).await,
            Err(stop) => Err(stop),
        };
        match stopped {
            Ok(()) => TaskEnd::Done,
            Err(stop) => run.stop(stop).await,
        }
    }
}

impl Run<'_> {
    async fn pump(&mut self, mut events: DeltaStream) -> Result<(), Stop> {
        let link = self.link;
        let mut changes = self.stream.changes();
        let mut timer: Option<Timer> = None;
        let mut turn = 0;
        loop {
            let event = tokio::select! {
                biased;
                () = link.gone.cancelled() => return Err(Stop::Gone),
                () = link.cancel.cancelled() => return Err(cancelled()),
                event = events.next() => event,
                () = due(&mut timer) => {
                    timer = None;
                    self.send_piece().await?;
                    continue;
                }
            };
            let flow = match event {
                None => return Err(Stop::Because(failed("the engine broke off"))),
                Some(Err(error)) => return Err(Stop::Because(admission::engine(&error))),
                Some(Ok(Event::Started { input_tokens })) => {
                    self.meter(TokenCount::new(input_tokens, Tokens::ZERO))
                        .await?
                }
                Some(Ok(Event::Delta(delta))) => {
                    if self.made.output >= self.max_output && delta.output_tokens > Tokens::ZERO {
                        return self.finish(FinishReason::Length).await;
                    }
                    self.take(delta).await?
                }
                Some(Ok(Event::Finished(finish))) => return self.end(finish).await,
            };
            if self.response.has_piece() {
                let now = self.enclave.env().now();
                if now >= self.cut_at || self.response.is_long() {
                    timer = None;
                    self.send_piece().await?;
                } else if timer.is_none() {
                    let env = self.enclave.env().clone();
                    let left = self.cut_at.saturating_since(now);
                    timer = Some(Box::pin(async move { env.sleep(left).await }));
                }
            }
            if flow == Flow::Pause {
                self.wait(&mut changes).await?;
            }
            turn += 1;
            if turn % EVENTS_A_TURN == 0 {
                tokio::task::yield_now().await;
            }
        }
    }

    async fn take(&mut self, delta: Delta) -> Result<Flow, Stop> {
        let made = TokenCount::new(Tokens::ZERO, delta.output_tokens);
        if !self.response.push(delta) {
            return Err(Stop::Because(failed(
                "the answer is too long to be sent in one piece; ask for a stream",
            )));
        }
        self.meter(made).await
    }

    /// Counts tokens; cuts a part where one is due.
    async fn meter(&mut self, made: TokenCount) -> Result<Flow, Stop> {
        if made == TokenCount::default() {
            return Ok(Flow::Run);
        }
        let metered = self.stream.meter(made).map_err(|error| stop(&error))?;
        self.made = self.made.checked_add(made).map_err(|_| {
            Stop::Because(failed("the engine counts more tokens than there can be"))
        })?;
        match metered.flow {
            // The engine was told the same limit: its last event follows.
            Flow::End if self.made.output >= self.max_output => return Ok(Flow::Run),
            Flow::End => return Err(self.closing()),
            Flow::Run | Flow::Pause => {}
        }
        if metered.cut {
            let deliveries = self.response.take_piece();
            self.cut(deliveries, false).await?;
        }
        Ok(metered.flow)
    }

    /// Waits for a voucher, or for other streams to end.
    async fn wait(&mut self, changes: &mut watch::Receiver<u64>) -> Result<(), Stop> {
        let env = self.enclave.env();
        let since = env.now();
        let timed_out = self.stream.waited_too_long(since);
        timed_out.map_err(|error| stop(&error))?;
        loop {
            changes.mark_unchanged();
            match self.stream.flow().map_err(|error| stop(&error))? {
                Flow::Run => return Ok(()),
                Flow::End => return Err(self.closing()),
                Flow::Pause => {}
            }
            let left = UNPAID_TIMEOUT.saturating_sub(env.now().saturating_since(since));
            tokio::select! {
                biased;
                () = self.link.gone.cancelled() => return Err(Stop::Gone),
                () = self.link.cancel.cancelled() => return Err(cancelled()),
                _ = changes.changed() => {}
                () = env.sleep(left) => {
                    let over = self.stream.waited_too_long(env.now());
                    if over.map_err(|error| stop(&error))? {
                        return Err(Stop::Because(Refusal::new(
                            FailureCode::Unpaid,
                            "no voucher came for what was served",
                        )));
                    }
                }
            }
        }
    }

    /// The engine is done: counts what it had not said before, and ends.
    async fn end(&mut self, finish: Finish) -> Result<(), Stop> {
        let rest = |total: Tokens, made: Tokens| {
            Tokens::new(total.get().saturating_sub(made.get())).unwrap_or(Tokens::ZERO)
        };
        let mut more = TokenCount::new(
            rest(finish.usage.input, self.made.input),
            rest(finish.usage.output, self.made.output),
        );
        if self.made != TokenCount::default() {
            // Input is charged when it is read; an engine that finds more of it later bears it.
            more.input = Tokens::ZERO;
        }
        if more != TokenCount::default() {
            self.stream.meter(more).map_err(|error| stop(&error))?;
            self.made = self.made.checked_add(more).unwrap_or(self.made);
        }
        self.finish(finish.reason).await
    }

    async fn finish(&mut self, reason: FinishReason) -> Result<(), Stop> {
        let deliveries = self.response.finish(reason, self.made);
        self.cut(deliveries, true).await
    }

    async fn send_piece(&mut self) -> Result<(), Stop> {
        let deliveries = self.response.take_piece();
        let payload = ChunkPayload {
            deliveries,
            receipt: None,
        };
        self.send(&payload, false, None).await
    }

    /// Signs for a part, which is stored by then, and sends it with the last pieces it covers.
    async fn cut(&mut self, deliveries: Vec<Delivery>, last: bool) -> Result<(), Stop> {
        let end = PartEnd {
            last,
            response_commitment: self.response.commitment(),
            now: self.enclave.env().now(),
        };
        let part = self
            .stream
            .cut(end, self.enclave.store())
            .map_err(|error| stop(&error))?;
        let receipt = LinkReceipt {
            receipt: part.receipt.clone(),
            statement: part.statement.clone(),
        };
        let payload = ChunkPayload {
            deliveries,
            receipt: Some(Box::new(part)),
        };
        self.send(&payload, last, Some(Box::new(receipt))).await
    }

    async fn send(
        &mut self,
        payload: &ChunkPayload,
        last: bool,
        receipt: Option<Box<LinkReceipt>>,
    ) -> Result<(), Stop> {
        let sealed = self.sealer.seal(payload, last).map_err(|error| {
            tracing::error!(target: "atoma_node::enclave", %error, "chunk cannot be sealed");
            Stop::Because(failed("the answer does not fit its chunks"))
        })?;
        let chunk = Chunk {
            request: self.request,
            response_nonce: self.nonce.take(),
            sealed: sealed.into(),
            receipt,
            last,
        };
        self.cut_at = self.enclave.env().now().saturating_add(CUT_INTERVAL);
        let sent = self.link.out.send(FromNode::Chunk(chunk));
        tokio::select! {
            biased;
            () = self.link.gone.cancelled() => Err(Stop::Gone),
            sent = tokio::time::timeout(SEND_TIMEOUT, sent) => match sent {
                Ok(Ok(())) => Ok(()),
                Ok(Err(_)) | Err(_) => Err(Stop::Gone),
            }
        }
    }

    /// Ends a stream that cannot go on: what was delivered is receipted, what was not is given up.
    async fn stop(mut self, stop: Stop) -> TaskEnd {
        let Stop::Because(refusal) = stop else {
            return TaskEnd::Gone;
        };
        let begun = self.nonce.is_none();
        let worked = self.made != TokenCount::default();
        if self.stream.is_open() && (begun || (refusal.code == FailureCode::Cancelled && worked)) {
            let deliveries = self.response.fail(&shown(&refusal));
            match self.cut(deliveries, true).await {
                Ok(()) => return TaskEnd::Failed(refusal.code),
                Err(Stop::Gone) => return TaskEnd::Gone,
                Err(Stop::Because(_)) => {}
            }
        }
        self.enclave.fail(self.link, self.request, &refusal).await
    }

    fn closing(&self) -> Stop {
        Stop::Because(Refusal::new(
            FailureCode::Unpaid,
            "the channel is closing, or no voucher came",
        ))
    }
}

impl Enclave {
    /// Tells the sequencer that a task is not done.
    pub(super) async fn fail(
        &self,
        link: &TaskLink,
        request: RequestId,
        refusal: &Refusal,
    ) -> TaskEnd {
        let failed = FromNode::Failed(Failed {
            request,
            code: refusal.code,
            message: refusal.message.clone(),
        });
        tokio::select! {
            biased;
            () = link.gone.cancelled() => TaskEnd::Gone,
            sent = tokio::time::timeout(SEND_TIMEOUT, link.out.send(failed)) => match sent {
                Ok(Ok(())) => TaskEnd::Failed(refusal.code),
                Ok(Err(_)) | Err(_) => TaskEnd::Gone,
            }
        }
    }
}

async fn due(timer: &mut Option<Timer>) {
    match timer {
        Some(timer) => timer.await,
        None => std::future::pending().await,
    }
}

fn failed(message: &str) -> Refusal {
    Refusal::new(FailureCode::Engine, message)
}

fn cancelled() -> Stop {
    Stop::Because(Refusal::new(FailureCode::Cancelled, "cancelled"))
}

fn stop(error: &AccountError) -> Stop {
    Stop::Because(match error {
        AccountError::Payee(PayeeError::InputAboveBound { .. }) => {
            failed("the engine counts more input than it said")
        }
        other => admission::unpaid(other),
    })
}

/// What the requester sees at the end of an answer that is not whole.
fn shown(refusal: &Refusal) -> ApiError {
    let message = format!("The answer ends early: {}.", refusal.message);
    match refusal.code {
        FailureCode::Unpaid => ApiError::insufficient_quota(message),
        _ => ApiError::upstream_failed(message),
    }
}
