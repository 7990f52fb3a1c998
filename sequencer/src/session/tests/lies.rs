//! Nodes that charge what they may not, or leave out what they owe.

use atoma_link::message::{Chunk, FromNode, ToNode};
use atoma_protocol::{channel::PartReceipt, money::Amount, sealed::Delivery, statement::Verified};
use http::StatusCode;

use super::{
    TICK,
    bench::{Bench, begun, failure, next, refused, text},
    node::{Identity, Job, NETWORK, Node},
};

const TEXT: &str = r#"{"n":1}"#;

fn delivery() -> Delivery {
    Delivery::Json(TEXT.into())
}

/// A bench with one node, an answer of it that began, and what `misbehave` does with it. Checks that
/// the answer ends there and that nothing is authorized after it. Gives whether the account stopped.
async fn broken_off(misbehave: impl AsyncFnOnce(&mut Node, &mut Job)) -> bool {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let link = bench.link(&node);
    let asked = bench.ask();
    let mut job = node.job().await;
    node.part(&mut job, TEXT, 2, false).await;
    let mut answer = begun(asked).await;
    assert_eq!(text(&mut answer).await, TEXT);
    node.pending().await;
    let before = Bench::books(&link);

    let from = bench.env.now();
    misbehave(&mut node, &mut job).await;
    assert_eq!(failure(&mut answer).await.status(), StatusCode::BAD_GATEWAY);
    // At once: nobody waits for a limit to run out.
    assert!(bench.env.now().saturating_since(from) < TICK);
    assert!(next(&mut answer).await.is_none());
    let after = Bench::books(&link);
    assert_eq!(after.open_streams, 0);
    assert_eq!(after.authorized, before.authorized);
    assert_eq!(node.pending().await, [ToNode::Cancel(job.request)]);
    if after.stopped {
        assert_eq!(after.held, before.held);
        // It gets no further request.
        let error = refused(bench.ask()).await;
        assert_eq!(error.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(node.pending().await, []);
    }
    after.stopped
}

/// Sends one more delivery with what `change` makes of its honest last receipt.
async fn lie(change: impl FnOnce(PartReceipt) -> PartReceipt) -> bool {
    broken_off(async |node, job| {
        job.committer.deliver(&delivery());
        let part = change(node.cut(job, 2, true));
        node.chunk(job, vec![delivery()], Some(part), true).await;
    })
    .await
}

#[tokio::test(start_paused = true)]
async fn a_fee_that_is_too_high_stops_the_account() {
    let stopped = lie(|mut part| {
        let mut receipt = part.receipt.statement;
        receipt.fee = receipt.fee.checked_add(Amount(1)).unwrap();
        part.receipt = Verified::sign(receipt, NETWORK, &Identity(1).signing_key()).into_signed();
        part
    });
    assert!(stopped.await);
}

#[tokio::test(start_paused = true)]
async fn a_statement_that_claims_more_stops_the_account() {
    let stopped = lie(|mut part| {
        let mut statement = part.statement.statement;
        statement.earned = statement.earned.checked_add(Amount(1)).unwrap();
        part.statement =
            Verified::sign(statement, NETWORK, &Identity(1).signing_key()).into_signed();
        part
    });
    assert!(stopped.await);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_of_another_response_stops_the_account() {
    let stopped = broken_off(async |node, job| {
        let part = node.cut(job, 2, true);
        node.chunk(job, vec![delivery()], Some(part), true).await;
    });
    assert!(stopped.await);
}

#[tokio::test(start_paused = true)]
async fn more_tokens_than_bytes_that_came_stop_the_account() {
    let stopped = broken_off(async |node, job| {
        job.committer.deliver(&delivery());
        let part = node.cut(job, 500, true);
        node.chunk(job, vec![delivery()], Some(part), true).await;
    });
    assert!(stopped.await);
}

#[tokio::test(start_paused = true)]
async fn a_receipt_signed_by_somebody_else_is_no_lie_of_the_node() {
    let stopped = lie(|mut part| {
        part.receipt = Verified::sign(part.receipt.statement, NETWORK, &Identity(2).signing_key())
            .into_signed();
        part
    });
    assert!(!stopped.await);
}

#[tokio::test(start_paused = true)]
async fn an_answer_without_its_last_receipt_is_not_whole() {
    let stopped = broken_off(async |node, job| {
        node.chunk(job, Vec::new(), None, true).await;
    });
    assert!(!stopped.await);
}

#[tokio::test(start_paused = true)]
async fn a_chunk_that_does_not_open_ends_the_answer() {
    let stopped = broken_off(async |node, job| {
        let chunk = Chunk {
            request: job.request,
            response_nonce: None,
            sealed: vec![7; 64].into(),
            receipt: None,
            last: false,
        };
        node.send(FromNode::Chunk(chunk)).await;
    });
    assert!(!stopped.await);
}
