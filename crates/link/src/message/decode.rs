//! From the wire: every length and encoding is checked here.

use atoma_protocol::{ids::KeyEpoch, statement::Signed};

use super::{
    Challenge, ChannelReady, Chunk, Failed, FailureCode, FromNode, Hello, MAX_KEY_BYTES,
    MAX_MODELS, MAX_NAME_BYTES, MAX_SEALING_KEYS, MAX_TEXT_BYTES, MessageError, ModelLoad,
    PartReceipt, SealingKey, Task, ToNode,
};
use crate::wire;

fn fixed<const N: usize>(field: &'static str, bytes: &[u8]) -> Result<[u8; N], MessageError> {
    bytes.try_into().map_err(|_| MessageError::WrongLength {
        field,
        expected: N,
        actual: bytes.len(),
    })
}

fn id<T: From<[u8; 32]>>(field: &'static str, bytes: &[u8]) -> Result<T, MessageError> {
    fixed(field, bytes).map(T::from)
}

fn at_most(field: &'static str, length: usize, limit: usize) -> Result<(), MessageError> {
    if length <= limit {
        Ok(())
    } else {
        Err(MessageError::TooLong { field, limit })
    }
}

fn signed<S: serde::de::DeserializeOwned>(
    field: &'static str,
    bytes: &[u8],
) -> Result<Signed<S>, MessageError> {
    bcs::from_bytes(bytes).map_err(|_| MessageError::Undecodable { field })
}

fn optional<S: serde::de::DeserializeOwned>(
    field: &'static str,
    bytes: &[u8],
) -> Result<Option<Signed<S>>, MessageError> {
    if bytes.is_empty() {
        Ok(None)
    } else {
        signed(field, bytes).map(Some)
    }
}

fn suite(number: u32) -> Result<u16, MessageError> {
    u16::try_from(number).map_err(|_| MessageError::Undecodable { field: "suite" })
}

fn cut(mut text: String) -> String {
    if text.len() > MAX_TEXT_BYTES {
        text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
    }
    text
}

impl TryFrom<wire::FromNode> for FromNode {
    type Error = MessageError;

    fn try_from(message: wire::FromNode) -> Result<Self, MessageError> {
        use wire::from_node::Kind;
        Ok(match message.kind.ok_or(MessageError::UnknownKind)? {
            Kind::Hello(hello) => Self::Hello(hello.try_into()?),
            Kind::Pull(pull) => Self::Pull(pull.tasks),
            Kind::ChannelReady(ready) => Self::ChannelReady(ChannelReady {
                channel: id("channel", &ready.channel)?,
                voucher: optional("voucher", &ready.voucher)?,
                refusal: (!ready.refusal.is_empty()).then(|| cut(ready.refusal)),
            }),
            Kind::Chunk(chunk) => Self::Chunk(chunk.try_into()?),
            Kind::Failed(failed) => Self::Failed(Failed {
                request: id("request", &failed.request)?,
                code: failed.code().try_into()?,
                message: cut(failed.message),
            }),
            Kind::Draining(wire::Draining {}) => Self::Draining,
        })
    }
}

impl TryFrom<wire::Hello> for Hello {
    type Error = MessageError;

    fn try_from(hello: wire::Hello) -> Result<Self, MessageError> {
        at_most("sealing_keys", hello.sealing_keys.len(), MAX_SEALING_KEYS)?;
        at_most("models", hello.models.len(), MAX_MODELS)?;
        let sealing_keys = hello.sealing_keys.into_iter().map(|key| {
            at_most("key", key.key.len(), MAX_KEY_BYTES)?;
            Ok(SealingKey {
                suite: suite(key.suite)?,
                key: key.key,
            })
        });
        let models = hello.models.into_iter().map(|load| {
            at_most("name", load.name.len(), MAX_NAME_BYTES)?;
            Ok(ModelLoad {
                model: id("model", &load.model)?,
                name: load.name,
                context_length: load.context_length,
            })
        });
        Ok(Self {
            protocol: hello.protocol,
            hello: signed("hello", &hello.hello)?,
            sealing_keys: sealing_keys.collect::<Result<_, _>>()?,
            models: models.collect::<Result<_, _>>()?,
        })
    }
}

impl TryFrom<wire::Chunk> for Chunk {
    type Error = MessageError;

    fn try_from(chunk: wire::Chunk) -> Result<Self, MessageError> {
        let response_nonce = if chunk.response_nonce.is_empty() {
            None
        } else {
            Some(fixed("response_nonce", &chunk.response_nonce)?)
        };
        let receipt = chunk.receipt.map(|part| {
            Ok(Box::new(PartReceipt {
                receipt: signed("receipt", &part.receipt)?,
                statement: signed("statement", &part.statement)?,
            }))
        });
        Ok(Self {
            request: id("request", &chunk.request)?,
            response_nonce,
            sealed: chunk.sealed,
            receipt: receipt.transpose()?,
            last: chunk.last,
        })
    }
}

impl TryFrom<wire::FailureCode> for FailureCode {
    type Error = MessageError;

    fn try_from(code: wire::FailureCode) -> Result<Self, MessageError> {
        Ok(match code {
            wire::FailureCode::Unspecified => {
                return Err(MessageError::Undecodable { field: "code" });
            }
            wire::FailureCode::Overloaded => Self::Overloaded,
            wire::FailureCode::UnknownModel => Self::UnknownModel,
            wire::FailureCode::BadRequest => Self::BadRequest,
            wire::FailureCode::Unpaid => Self::Unpaid,
            wire::FailureCode::WrongKey => Self::WrongKey,
            wire::FailureCode::Replayed => Self::Replayed,
            wire::FailureCode::Engine => Self::Engine,
            wire::FailureCode::Cancelled => Self::Cancelled,
        })
    }
}

impl TryFrom<wire::ToNode> for ToNode {
    type Error = MessageError;

    fn try_from(message: wire::ToNode) -> Result<Self, MessageError> {
        use wire::to_node::Kind;
        Ok(match message.kind.ok_or(MessageError::UnknownKind)? {
            Kind::Challenge(challenge) => Self::Challenge(Challenge {
                nonce: fixed("nonce", &challenge.nonce)?,
                network: id("network", &challenge.network)?,
            }),
            Kind::UseChannel(channel) => Self::UseChannel(id("channel", &channel.channel)?),
            Kind::Task(task) => Self::Task(task.try_into()?),
            Kind::Voucher(voucher) => Self::Voucher(signed("voucher", &voucher)?),
            Kind::Cancel(cancel) => Self::Cancel(id("request", &cancel.request)?),
            Kind::Goodbye(goodbye) => Self::Goodbye(cut(goodbye.reason)),
        })
    }
}

impl TryFrom<wire::Task> for Task {
    type Error = MessageError;

    fn try_from(task: wire::Task) -> Result<Self, MessageError> {
        at_most("enc", task.enc.len(), MAX_KEY_BYTES)?;
        Ok(Self {
            request: id("request", &task.request)?,
            channel: id("channel", &task.channel)?,
            model: id("model", &task.model)?,
            key_epoch: KeyEpoch(task.key_epoch),
            suite: suite(task.suite)?,
            enc: task.enc,
            ciphertext: task.ciphertext,
            voucher: optional("voucher", &task.voucher)?,
        })
    }
}
