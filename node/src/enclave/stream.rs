//! Runs one stream: generates, meters, seals, cuts parts.

use std::{future::Future, pin::Pin, time::Duration};

use atoma_engine::{DeltaStream, EngineError, Event, GenerateRequest};
use atoma_link::message::{Chunk, FailureCode, FromNode, PartReceipt as LinkReceipt};
use atoma_openai::{ApiError, FinishReason};
use atoma_protocol::{
    channel::{Flow, PartEnd, PartReceipt, UNPAID_TIMEOUT},
    money::{TokenCount, Tokens},
    sealed::{ChunkPayload, ChunkSealer, Delivery},
    time::TimestampMs,
};
use futures::StreamExt;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use super::{
    Enclave,
    admission::{self, Admitted, Refusal},
    response::Response,
};

/// Text is cut into chunks by time, so that its pieces say nothing about tokens.
pub const CUT_INTERVAL: Duration = Duration::from_millis(25);
/// How long a chunk may wait for the sequencer to read.
pub const SEND_TIMEOUT: Duration = Duration::from_secs(30);
/// Events of one stream after which other streams get a turn.
const EVENTS_A_TURN: u32 = 32;

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
    /// What was made stays owed; the requester is told.
    Because(Refusal),
    /// Nobody reads any more.
    Gone,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Because(refusal)
    }
}

pub(super) struct Run<'a> {
    enclave: &'a Enclave,
    admitted: Admitted,
    out: &'a mpsc::Sender<FromNode>,
    cancel: &'a CancellationToken,
    response: Response,
    sealer: ChunkSealer,
    nonce: Option<[u8; 32]>,
    made: TokenCount,
    delivered: bool,
    cut_at: TimestampMs,
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

impl Enclave {
    /// Runs a stream that was admitted, to its end.
    pub(super) async fn run(
        &self,
        admitted: ParsedAdmission,
        out: &mpsc::Sender<FromNode>,
        cancel: &CancellationToken,
    ) -> Result<TaskEnd, Refusal> {
        let (mut admitted, response_seed) = admitted.split();
        let env = self.env();
        let (nonce, sealer) = response_seed.sealer(&mut &*env);
        let id = format!("chatcmpl-{}", hex::encode(env.random::<12>()));
        let now = env.now();
        let response = Response::new(id, now.0 / 1_000, &admitted.chat, &admitted.nonce);
        let chat = std::mem::take(&mut admitted.chat);
        let request =
            GenerateRequest::new(chat).with_max_output_tokens(admitted.max_output);
        let engine = admitted.model.engine.clone();
        let mut run = Run {
            enclave: self,
            admitted,
            out,
            cancel,
            response,
            sealer,
            nonce: Some(nonce.into_bytes()),
            made: TokenCount::default(),
            delivered: false,
            cut_at: TimestampMs(0),
        };
        let stopped = match engine.generate(request, cancel.child_token()).await {
            Ok(events) => match run.pump(events).await {
                Ok(()) => return Ok(TaskEnd::Done),
                Err(stop) => stop,
            },
            Err(error) => Stop::Because(admission::engine(&error)),
        };
        run.stop(stopped).await
    }
}
