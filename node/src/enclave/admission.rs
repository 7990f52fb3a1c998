//! From a sealed task to a stream that may start: every check before work is done for it.

use atoma_engine::EngineError;
use atoma_link::message::{FailureCode, Task};
use atoma_openai::{ChatRequest, validate::RequestLimits};
use atoma_protocol::{
    channel::{PayeeError, StreamSpec},
    commitment::{ClientNonce, commit_request},
    ids::RequestId,
    money::Tokens,
    sealed::{RequestContext, ResponseSealerSeed, SealError, SealedRequest, Suite, open_request},
};

use super::{
    Enclave,
    account::{AccountError, OpenStream},
    keys::EpochKeys,
};
use crate::model::ServedModel;

/// The one path served.
pub const CHAT_PATH: &str = "/v1/chat/completions";

/// Why a task is not done: what the sequencer is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// For machines.
    pub code: FailureCode,
    /// For people; holds nothing of the request.
    pub message: String,
}

impl Refusal {
    pub(super) fn new(code: FailureCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

/// A stream that may start.
pub(super) struct Admitted {
    pub(super) request: RequestId,
    pub(super) stream: OpenStream,
    pub(super) model: ServedModel,
    pub(super) chat: ChatRequest,
    pub(super) nonce: ClientNonce,
    pub(super) max_output: Tokens,
    pub(super) response: ResponseSealerSeed,
}

impl Enclave {
    /// Checks a task in the order: key epoch, model, channel, voucher, seal, request, payment.
    pub(super) fn admit(&self, task: Task) -> Result<Admitted, Refusal> {
        let keys = self
            .keys(task.key_epoch)
            .ok_or_else(|| Refusal::new(FailureCode::WrongKey, "this key epoch is over"))?;
        let model = self.model(task.model).cloned().ok_or_else(|| {
            Refusal::new(FailureCode::UnknownModel, "the model is not served here")
        })?;
        let account = self.account(task.channel).ok_or_else(|| {
            Refusal::new(
                FailureCode::Unpaid,
                "the channel is not in use on this stream",
            )
        })?;
        if let Some(voucher) = &task.voucher {
            account
                .take_voucher(voucher, self.store())
                .map_err(|error| unpaid(&error))?;
        }
        let (chat, nonce, response, commitment) = self.open(&keys, &task)?;
        if chat.model != model.info.name {
            return Err(Refusal::new(
                FailureCode::BadRequest,
                "the request names another model than its task",
            ));
        }
        let input_bound = model
            .engine
            .count_prompt(&chat)
            .map_err(|error| engine(&error))?;
        let context = model.info.context_length.get();
        let room = context.saturating_sub(input_bound.get()).max(1);
        let wanted = chat
            .output_token_limit()
            .unwrap_or(room)
            .min(context.max(1));
        let max_output = Tokens::new(wanted).map_err(|_| {
            Refusal::new(FailureCode::BadRequest, "the token limit is out of bounds")
        })?;
        let spec = StreamSpec {
            model: model.id,
            input_bound,
            max_output,
            request_commitment: commitment,
            manifest_hash: model.info.manifest_hash,
        };
        let stream =
            OpenStream::open(account, keys, spec, self.store()).map_err(|error| unpaid(&error))?;
        Ok(Admitted {
            request: task.request,
            stream,
            model,
            chat,
            nonce,
            max_output,
            response,
        })
    }

    fn open(&self, keys: &EpochKeys, task: &Task) -> Result<Opened, Refusal> {
        let bad = |message: &str| Refusal::new(FailureCode::BadRequest, message);
        let suite = u8::try_from(task.suite)
            .ok()
            .and_then(|byte| Suite::try_from(byte).ok())
            .ok_or_else(|| bad("unknown sealing suite"))?;
        let pair = keys.sealing(suite).ok_or_else(|| {
            Refusal::new(
                FailureCode::WrongKey,
                "this key epoch has no key of the suite",
            )
        })?;
        let context = RequestContext {
            network: self.network(),
            channel: task.channel,
            node: self.node(),
            model: task.model,
            key_epoch: task.key_epoch,
            path: CHAT_PATH.to_owned(),
        };
        let sealed = SealedRequest {
            suite,
            enc: task.enc.to_vec(),
            ciphertext: task.ciphertext.to_vec(),
        };
        let opened = {
            let mut seen = keys.seen.lock().map_err(|_| {
                Refusal::new(FailureCode::Overloaded, "the key epoch is out of service")
            })?;
            let opened = open_request(pair, &context, &sealed, &mut seen);
            self.rotate_if_used_up(seen.remaining());
            opened.map_err(|error| seal(&error))?
        };
        let payload = opened.payload;
        let chat: ChatRequest = serde_json::from_slice(&payload.body)
            .map_err(|_| bad("the request is not a chat request in JSON"))?;
        chat.validate(&RequestLimits::default()).map_err(|error| {
            let param = error.detail().param.as_deref().unwrap_or("the request");
            bad(&format!("{param} is not valid"))
        })?;
        let commitment = commit_request(&payload.client_nonce, &payload.path, &payload.body);
        Ok((chat, payload.client_nonce, opened.response, commitment))
    }
}

type Opened = (
    ChatRequest,
    ClientNonce,
    ResponseSealerSeed,
    atoma_protocol::hash::RequestCommitment,
);

fn seal(error: &SealError) -> Refusal {
    match error {
        SealError::Replayed => Refusal::new(
            FailureCode::Replayed,
            "this sealed request was opened before",
        ),
        SealError::RotateKeys => Refusal::new(FailureCode::Overloaded, "the key epoch is used up"),
        SealError::CannotOpenRequest => Refusal::new(
            FailureCode::WrongKey,
            "the request does not open under this key and context",
        ),
        _ => Refusal::new(FailureCode::BadRequest, "the sealed request is malformed"),
    }
}

/// What a failed account means for a task.
pub(super) fn unpaid(error: &AccountError) -> Refusal {
    let code = match error {
        AccountError::Payee(PayeeError::UnknownModel(_)) => FailureCode::UnknownModel,
        AccountError::Payee(PayeeError::TooManyStreams) | AccountError::TooMany => {
            FailureCode::Overloaded
        }
        AccountError::Payee(_) | AccountError::NotInUse => FailureCode::Unpaid,
        AccountError::Store(_) | AccountError::OutOfService => {
            tracing::error!(target: "atoma_node::enclave", %error, "account failed");
            return Refusal::new(FailureCode::Overloaded, "the node cannot keep its books");
        }
    };
    Refusal::new(code, error.to_string())
}

/// What a failed engine means for a task. Texts that may come from a request are left out.
pub(super) fn engine(error: &EngineError) -> Refusal {
    match error {
        EngineError::UnknownModel { .. } => {
            Refusal::new(FailureCode::UnknownModel, "the model is not served here")
        }
        EngineError::Invalid { param, .. } => {
            Refusal::new(FailureCode::BadRequest, format!("`{param}` is not valid"))
        }
        EngineError::Unsupported { .. } | EngineError::ContextExceeded { .. } => {
            Refusal::new(FailureCode::BadRequest, error.to_string())
        }
        EngineError::Overloaded { .. } | EngineError::UpstreamOverloaded { .. } => {
            Refusal::new(FailureCode::Overloaded, "the engine is overloaded")
        }
        EngineError::Cancelled => Refusal::new(FailureCode::Cancelled, "cancelled"),
        _ => Refusal::new(FailureCode::Engine, "the engine failed"),
    }
}
