use atoma_protocol::{
    ids::{AccountId, NodeId, Seq},
    keys::Signature,
    money::Amount,
};

use super::{encode::encode, *};
use crate::wire;

fn signature() -> Signature {
    Signature::new([7; 64])
}

fn voucher() -> Signed<Voucher> {
    Signed {
        statement: Voucher {
            channel: ChannelId::new([1; 32]),
            cumulative: Amount(5),
        },
        signature: signature(),
    }
}

fn from_node() -> Vec<FromNode> {
    let statement = Statement {
        channel: ChannelId::new([1; 32]),
        key_epoch: KeyEpoch(1),
        earned: Amount(2),
        receipts: 1,
        input_tokens: 3,
        output_tokens: 4,
        root: [5; 32].into(),
    };
    let receipt = Receipt {
        account: AccountId::new([1; 32]),
        key_epoch: KeyEpoch(1),
        seq: Seq(0),
        fee: Amount(2),
        body_hash: [6; 32].into(),
    };
    vec![
        FromNode::Hello(Hello {
            protocol: PROTOCOL,
            hello: Signed {
                statement: hello::Hello {
                    node: NodeId::new([2; 32]),
                    key_epoch: KeyEpoch(1),
                    nonce: [3; 32],
                },
                signature: signature(),
            },
            sealing_keys: vec![SealingKey {
                suite: 1,
                key: Bytes::from_static(&[9; 32]),
            }],
            models: vec![ModelLoad {
                model: ModelId::new([4; 32]),
                name: "a model".into(),
                context_length: 8,
            }],
        }),
        FromNode::Pull(3),
        FromNode::ChannelReady(ChannelReady {
            channel: ChannelId::new([1; 32]),
            voucher: Some(voucher()),
            refusal: Some("closed".into()),
        }),
        FromNode::Chunk(Chunk {
            request: RequestId::new([8; 32]),
            response_nonce: Some([1; 32]),
            sealed: Bytes::from_static(b"sealed"),
            receipt: Some(Box::new(PartReceipt {
                receipt: Signed {
                    statement: receipt,
                    signature: signature(),
                },
                statement: Signed {
                    statement,
                    signature: signature(),
                },
            })),
            last: true,
        }),
        FromNode::Failed(Failed {
            request: RequestId::new([8; 32]),
            code: FailureCode::Overloaded,
            message: "full".into(),
        }),
        FromNode::Draining,
    ]
}

fn to_node() -> Vec<ToNode> {
    vec![
        ToNode::Challenge(Challenge {
            nonce: [1; 32],
            network: NetworkId::new([2; 32]),
        }),
        ToNode::UseChannel(ChannelId::new([1; 32])),
        ToNode::Task(Task {
            request: RequestId::new([8; 32]),
            channel: ChannelId::new([1; 32]),
            model: ModelId::new([4; 32]),
            key_epoch: KeyEpoch(1),
            suite: 1,
            enc: Bytes::from_static(&[1; 32]),
            ciphertext: Bytes::from_static(b"sealed"),
            voucher: Some(voucher()),
        }),
        ToNode::Voucher(voucher()),
        ToNode::Cancel(RequestId::new([8; 32])),
        ToNode::Goodbye("done".into()),
    ]
}

#[test]
fn every_message_survives_the_wire() {
    for message in from_node() {
        assert_eq!(
            FromNode::try_from(wire::FromNode::from(message.clone())).unwrap(),
            message
        );
    }
    for message in to_node() {
        assert_eq!(
            ToNode::try_from(wire::ToNode::from(message.clone())).unwrap(),
            message
        );
    }
}

#[test]
fn malformed_messages_are_typed_errors() {
    use wire::{from_node, to_node};
    assert_eq!(
        FromNode::try_from(wire::FromNode { kind: None }),
        Err(MessageError::UnknownKind)
    );
    let short = to_node::Kind::Cancel(wire::Cancel {
        request: Bytes::from_static(&[1; 31]),
    });
    assert_eq!(
        ToNode::try_from(wire::ToNode { kind: Some(short) }),
        Err(MessageError::WrongLength {
            field: "request",
            expected: 32,
            actual: 31
        })
    );
    let mut trailing = encode(&voucher()).to_vec();
    trailing.push(0);
    assert_eq!(
        ToNode::try_from(wire::ToNode {
            kind: Some(to_node::Kind::Voucher(trailing.into()))
        }),
        Err(MessageError::Undecodable { field: "voucher" })
    );
    let FromNode::Hello(hello) = from_node().remove(0) else {
        unreachable!("the first sample is a hello")
    };
    let mut many = wire::Hello::from(hello);
    many.models = vec![many.models[0].clone(); MAX_MODELS + 1];
    assert_eq!(
        FromNode::try_from(wire::FromNode {
            kind: Some(from_node::Kind::Hello(many))
        }),
        Err(MessageError::TooLong {
            field: "models",
            limit: MAX_MODELS
        })
    );
}

#[test]
fn long_texts_are_cut_at_a_character() {
    let failed = wire::Failed {
        request: Bytes::from_static(&[1; 32]),
        code: wire::FailureCode::Engine.into(),
        message: "é".repeat(MAX_TEXT_BYTES),
    };
    let message = wire::FromNode {
        kind: Some(wire::from_node::Kind::Failed(failed)),
    };
    let FromNode::Failed(failed) = FromNode::try_from(message).unwrap() else {
        panic!("not a failure")
    };
    assert_eq!(failed.message.len(), MAX_TEXT_BYTES);
}
