//! Nodes that do not get through the handshake.

use atoma_link::message::{ChannelReady, FromNode, Hello, PROTOCOL, ToNode};
use atoma_protocol::{
    keys::SigningKey,
    money::Amount,
    statement::{Verified, Voucher},
};

use super::{
    bench::{Bench, finished},
    node::{Identity, NETWORK, voucher_key},
    *,
};

/// Answers the challenge with what `change` makes of an honest hello.
async fn greeted(change: impl FnOnce(Hello) -> Hello) -> HandshakeError {
    let bench = Bench::new();
    let (mut node, attaching) = bench.dial(1);
    let nonce = node.challenge().await;
    node.send(FromNode::Hello(change(Identity(1).hello(nonce))))
        .await;
    let error = finished(attaching).await.unwrap_err();
    assert_eq!(bench.fleet.nodes(), []);
    error
}

#[tokio::test(start_paused = true)]
async fn a_node_without_its_key_is_not_attached() {
    let error = greeted(|mut hello| {
        let key = SigningKey::from_seed([99; 32]);
        hello.hello = Verified::sign(hello.hello.statement, NETWORK, &key).into_signed();
        hello
    })
    .await;
    assert!(matches!(error, HandshakeError::NotItsKey(_)), "{error}");

    // The honest answer of another node, under this one's name.
    let error = greeted(|mut hello| {
        let nonce = hello.hello.statement.nonce;
        hello.hello = Identity(2).hello(nonce).hello;
        hello.hello.statement.node = Identity(1).id();
        hello
    })
    .await;
    assert!(matches!(error, HandshakeError::NotItsKey(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_answer_to_another_challenge_is_refused() {
    let error = greeted(|_| Identity(1).hello([42; 32])).await;
    assert!(matches!(error, HandshakeError::OtherNonce), "{error}");
}

#[tokio::test(start_paused = true)]
async fn another_version_and_keys_that_are_none_are_refused() {
    let error = greeted(|mut hello| {
        hello.protocol = PROTOCOL + 1;
        hello
    })
    .await;
    assert!(matches!(error, HandshakeError::Protocol(_)), "{error}");
    let error = greeted(|mut hello| {
        hello.sealing_keys[0].key = vec![1; 31].into();
        hello
    })
    .await;
    assert!(matches!(error, HandshakeError::SealingKey(_)), "{error}");
    let error = greeted(|mut hello| {
        hello.sealing_keys.clear();
        hello
    })
    .await;
    assert!(matches!(error, HandshakeError::NoSealingKey), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_node_that_says_something_else_or_nothing_is_not_waited_for() {
    let bench = Bench::new();
    let (node, attaching) = bench.dial(1);
    node.send(FromNode::Pull(1)).await;
    let error = finished(attaching).await.unwrap_err();
    assert!(matches!(error, HandshakeError::OutOfTurn), "{error}");

    let (mut node, attaching) = bench.dial(1);
    node.challenge().await;
    let error = finished(attaching).await.unwrap_err();
    assert!(matches!(error, HandshakeError::Timeout), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_voucher_that_the_node_holds_is_taken_back_if_it_is_ours() {
    for (key, ours) in [
        (voucher_key(), true),
        (SigningKey::from_seed([98; 32]), false),
    ] {
        let bench = Bench::new();
        let (mut node, attaching) = bench.dial(1);
        let nonce = node.challenge().await;
        node.send(FromNode::Hello(Identity(1).hello(nonce))).await;
        let ToNode::UseChannel(channel) = node.receive().await else {
            panic!("no channel");
        };
        let cumulative = Amount(5_000);
        let voucher = Voucher {
            channel,
            cumulative,
        };
        let voucher = Verified::sign(voucher, NETWORK, &key).into_signed();
        let ready = ChannelReady {
            channel,
            voucher: Some(voucher),
            refusal: None,
        };
        node.send(FromNode::ChannelReady(ready)).await;
        node.send(FromNode::Pull(1)).await;
        if ours {
            bench.until(|| !bench.fleet.nodes().is_empty()).await;
            assert_eq!(Bench::books(&bench.link(&node)).authorized, cumulative);
        } else {
            let error = finished(attaching).await.unwrap_err();
            assert!(matches!(error, HandshakeError::Treasury(_)), "{error}");
            assert_eq!(bench.fleet.nodes(), []);
        }
    }
}
