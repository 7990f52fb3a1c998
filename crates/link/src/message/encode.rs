//! To the wire.

use atoma_protocol::statement::Signed;
use bytes::Bytes;

use super::{Chunk, FailureCode, FromNode, Hello, ToNode};
use crate::wire;

pub(super) fn encode<S: serde::Serialize>(signed: &Signed<S>) -> Bytes {
    bcs::to_bytes(signed)
        .expect("signed statements hold integers, hashes and short vectors only")
        .into()
}

fn raw(id: &[u8; 32]) -> Bytes {
    Bytes::copy_from_slice(id)
}

impl From<FromNode> for wire::FromNode {
    fn from(message: FromNode) -> Self {
        use wire::from_node::Kind;
        let kind = match message {
            FromNode::Hello(hello) => Kind::Hello(hello.into()),
            FromNode::Pull(tasks) => Kind::Pull(wire::Pull { tasks }),
            FromNode::ChannelReady(ready) => Kind::ChannelReady(wire::ChannelReady {
                channel: raw(ready.channel.as_bytes()),
                voucher: ready.voucher.as_ref().map(encode).unwrap_or_default(),
                refusal: ready.refusal.unwrap_or_default(),
            }),
            FromNode::Chunk(chunk) => Kind::Chunk(chunk.into()),
            FromNode::Failed(failed) => Kind::Failed(wire::Failed {
                request: raw(failed.request.as_bytes()),
                code: wire::FailureCode::from(failed.code).into(),
                message: failed.message,
            }),
            FromNode::Draining => Kind::Draining(wire::Draining {}),
        };
        Self { kind: Some(kind) }
    }
}

impl From<Hello> for wire::Hello {
    fn from(hello: Hello) -> Self {
        let sealing_keys = hello.sealing_keys.into_iter().map(|key| wire::SealingKey {
            suite: key.suite.into(),
            key: key.key,
        });
        let models = hello.models.into_iter().map(|load| wire::ModelLoad {
            model: raw(load.model.as_bytes()),
            name: load.name,
            context_length: load.context_length,
        });
        Self {
            protocol: hello.protocol,
            hello: encode(&hello.hello),
            sealing_keys: sealing_keys.collect(),
            models: models.collect(),
        }
    }
}

impl From<Chunk> for wire::Chunk {
    fn from(chunk: Chunk) -> Self {
        Self {
            request: raw(chunk.request.as_bytes()),
            response_nonce: chunk.response_nonce.as_ref().map(raw).unwrap_or_default(),
            sealed: chunk.sealed,
            receipt: chunk.receipt.map(|part| wire::PartReceipt {
                receipt: encode(&part.receipt),
                statement: encode(&part.statement),
            }),
            last: chunk.last,
        }
    }
}

impl From<ToNode> for wire::ToNode {
    fn from(message: ToNode) -> Self {
        use wire::to_node::Kind;
        let kind = match message {
            ToNode::Challenge(challenge) => Kind::Challenge(wire::Challenge {
                nonce: raw(&challenge.nonce),
                network: raw(challenge.network.as_bytes()),
            }),
            ToNode::UseChannel(channel) => Kind::UseChannel(wire::UseChannel {
                channel: raw(channel.as_bytes()),
            }),
            ToNode::Task(task) => Kind::Task(wire::Task {
                request: raw(task.request.as_bytes()),
                channel: raw(task.channel.as_bytes()),
                model: raw(task.model.as_bytes()),
                key_epoch: task.key_epoch.0,
                suite: task.suite.into(),
                enc: task.enc,
                ciphertext: task.ciphertext,
                voucher: task.voucher.as_ref().map(encode).unwrap_or_default(),
            }),
            ToNode::Voucher(voucher) => Kind::Voucher(encode(&voucher)),
            ToNode::Cancel(request) => Kind::Cancel(wire::Cancel {
                request: raw(request.as_bytes()),
            }),
            ToNode::Goodbye(reason) => Kind::Goodbye(wire::Goodbye { reason }),
        };
        Self { kind: Some(kind) }
    }
}

impl From<FailureCode> for wire::FailureCode {
    fn from(code: FailureCode) -> Self {
        match code {
            FailureCode::Overloaded => Self::Overloaded,
            FailureCode::UnknownModel => Self::UnknownModel,
            FailureCode::BadRequest => Self::BadRequest,
            FailureCode::Unpaid => Self::Unpaid,
            FailureCode::WrongKey => Self::WrongKey,
            FailureCode::Replayed => Self::Replayed,
            FailureCode::Engine => Self::Engine,
            FailureCode::Cancelled => Self::Cancelled,
        }
    }
}
