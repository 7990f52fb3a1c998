//! Answers that come, that break off, and that another node gives.

use std::time::Duration;

use atoma_link::message::{FailureCode, ToNode};
use atoma_protocol::money::Amount;
use http::StatusCode;

use super::{
    Order, Refusal,
    bench::{Bench, begun, failure, next, refused, text},
    node::{Job, Node, tokens},
};
use crate::{
    SequencerConfig,
    answer::{Piece, QUEUED_PIECES},
    http::Backend as _,
};

const TEXT: &str = r#"{"n":1}"#;

/// The node of the two that the next task goes to, the task, and the other node.
async fn either(mut one: Node, mut two: Node) -> (Node, Job, Node) {
    tokio::select! {
        task = one.task() => {
            let job = one.take(task);
            (one, job, two)
        }
        task = two.task() => {
            let job = two.take(task);
            (two, job, one)
        }
    }
}

#[tokio::test(start_paused = true)]
async fn two_nodes_answer_are_receipted_and_paid() {
    let bench = Bench::new();
    let mut one = bench.attach(1, 8).await;
    let mut two = bench.attach(2, 8).await;
    assert_eq!(bench.completions.nodes(), 2);
    let links = [bench.link(&one), bench.link(&two)];

    let (first, second) = (bench.ask(), bench.ask());
    // The second goes to the other node, for the first one's load doubled its cost.
    let (mut at_one, mut at_two) = (one.job().await, two.job().await);
    for (node, job) in [(&mut one, &mut at_one), (&mut two, &mut at_two)] {
        node.say(job, r#"{"n":1}"#).await;
        node.part(job, r#"{"n":2}"#, 3, true).await;
    }
    for asked in [first, second] {
        let mut answer = begun(asked).await;
        assert_eq!(text(&mut answer).await, r#"{"n":1}"#);
        assert_eq!(text(&mut answer).await, r#"{"n":2}"#);
        let Some(Piece::Done(charge)) = next(&mut answer).await else {
            panic!("not whole");
        };
        assert_eq!(charge.fee, Amount(16));
        assert_eq!(charge.tokens.output.get(), 3);
        assert!(next(&mut answer).await.is_none());
        let receipts = bench.completions.receipts(answer.request(), None).unwrap();
        let receipts = receipts.expect("the receipts are kept");
        assert_eq!(receipts["parts"].as_array().unwrap().len(), 1);
    }
    for link in &links {
        let books = Bench::books(link);
        assert_eq!(books.held, Amount(16));
        assert_eq!((books.open_streams, books.stopped), (0, false));
        assert!(books.authorized >= books.held);
    }
}

#[tokio::test(start_paused = true)]
async fn a_node_that_vanishes_midway_is_owed_what_it_receipted_and_no_more() {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let link = bench.link(&node);
    let asked = bench.ask();
    let mut job = node.job().await;
    node.part(&mut job, TEXT, 2, false).await;
    node.say(&mut job, TEXT).await;
    let mut answer = begun(asked).await;
    assert_eq!(text(&mut answer).await, TEXT);
    assert_eq!(text(&mut answer).await, TEXT);
    let before = Bench::books(&link);
    assert_eq!((before.held, before.open_streams), (Amount(14), 1));

    let channel = node.identity.channel();
    drop(node);
    let error = failure(&mut answer).await;
    assert_eq!(error.status(), StatusCode::BAD_GATEWAY);
    assert!(next(&mut answer).await.is_none());
    let after = Bench::books(&link);
    assert_eq!(
        (after.held, after.authorized),
        (before.held, before.authorized)
    );
    assert_eq!((after.open_streams, after.stopped), (0, false));
    let kept = bench.store.voucher(channel).unwrap().unwrap();
    assert_eq!(kept.statement.cumulative, before.authorized);

    bench.until(|| bench.completions.nodes() == 0).await;
    let node = bench.attach(1, 8).await;
    let again = Bench::books(&bench.link(&node));
    assert_eq!(
        (again.held, again.authorized),
        (before.held, before.authorized)
    );
}

#[tokio::test(start_paused = true)]
async fn what_came_without_a_receipt_is_not_authorized_with_the_next_request() {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let first = bench.ask();
    let task = node.task().await;
    let ahead = task.voucher.as_ref().unwrap().statement.cumulative;
    let mut job = node.take(task);
    node.part(&mut job, TEXT, 2, false).await;
    node.say(&mut job, TEXT).await;
    node.fail(job.request, FailureCode::Engine).await;
    let mut answer = begun(first).await;
    for _ in 0..2 {
        assert_eq!(text(&mut answer).await, TEXT);
    }
    assert_eq!(failure(&mut answer).await.status(), StatusCode::BAD_GATEWAY);

    let _second = bench.ask();
    let task = node.task().await;
    let cumulative = task.voucher.unwrap().statement.cumulative;
    assert_eq!(cumulative, ahead.checked_add(Amount(14)).unwrap());
}

#[tokio::test(start_paused = true)]
async fn another_node_answers_if_the_first_refuses_goes_or_keeps_silent() {
    for mishap in ["overloaded", "engine", "gone", "silent"] {
        let bench = Bench::new();
        let (one, two) = (bench.attach(1, 8).await, bench.attach(2, 8).await);
        let asked = bench.ask();
        let (mut failing, job, mut other) = either(one, two).await;
        let kept = match mishap {
            "overloaded" => {
                failing.fail(job.request, FailureCode::Overloaded).await;
                Some(failing)
            }
            "engine" => {
                failing.fail(job.request, FailureCode::Engine).await;
                Some(failing)
            }
            "gone" => {
                drop(failing);
                None
            }
            _ => {
                failing.cancelled(job.request).await;
                Some(failing)
            }
        };
        let mut job = other.job().await;
        other.part(&mut job, TEXT, 3, true).await;
        let mut answer = begun(asked).await;
        assert_eq!(text(&mut answer).await, TEXT, "{mishap}");
        assert!(
            matches!(next(&mut answer).await, Some(Piece::Done(_))),
            "{mishap}"
        );
        drop(kept);
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_that_no_node_begins_is_refused() {
    let cases = [
        (FailureCode::Engine, StatusCode::SERVICE_UNAVAILABLE),
        (FailureCode::Overloaded, StatusCode::TOO_MANY_REQUESTS),
    ];
    for (code, status) in cases {
        let bench = Bench::new();
        let (one, two) = (bench.attach(1, 8).await, bench.attach(2, 8).await);
        let asked = bench.ask();
        let (first, job, mut second) = either(one, two).await;
        first.fail(job.request, code).await;
        let job = second.job().await;
        second.fail(job.request, code).await;
        let error = refused(asked).await;
        assert_eq!(error.status(), status);
        assert!(error.retry_after().is_some());
    }
}

#[tokio::test(start_paused = true)]
async fn a_request_at_fault_is_taken_to_no_other_node() {
    let bench = Bench::new();
    let (one, two) = (bench.attach(1, 8).await, bench.attach(2, 8).await);
    let asked = bench.ask();
    let (first, job, mut second) = either(one, two).await;
    first.fail(job.request, FailureCode::BadRequest).await;
    assert_eq!(refused(asked).await.status(), StatusCode::BAD_REQUEST);
    assert_eq!(second.pending().await, []);
}

#[tokio::test(start_paused = true)]
async fn a_node_silent_within_an_answer_loses_it_after_the_limit() {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let asked = bench.ask();
    let mut job = node.job().await;
    node.say(&mut job, TEXT).await;
    let mut answer = begun(asked).await;
    assert_eq!(text(&mut answer).await, TEXT);
    let from = bench.env.now();
    let error = failure(&mut answer).await;
    assert!(error.body().error.message.contains("silent"));
    let waited = bench.env.now().saturating_since(from);
    let limit = SequencerConfig::default().silence();
    assert!(waited >= limit && waited < limit + Duration::from_secs(2));
    node.cancelled(job.request).await;
}

#[tokio::test(start_paused = true)]
async fn a_reader_that_stops_loses_its_answer_and_holds_up_nobody() {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let slow = bench.ask();
    let mut slow_job = node.job().await;
    node.say(&mut slow_job, TEXT).await;
    let mut slow = begun(slow).await;
    let quick = bench.ask();
    let mut quick_job = node.job().await;

    for _ in 0..QUEUED_PIECES + 9 {
        node.say(&mut slow_job, TEXT).await;
    }
    node.part(&mut quick_job, TEXT, 3, true).await;
    let mut quick = begun(quick).await;
    assert_eq!(text(&mut quick).await, TEXT);
    assert!(matches!(next(&mut quick).await, Some(Piece::Done(_))));
    node.cancelled(slow_job.request).await;

    // However late it reads on: what it gets has no gap, and is not taken for whole.
    for _ in 0..QUEUED_PIECES {
        assert_eq!(text(&mut slow).await, TEXT);
    }
    let link = bench.link(&node);
    node.part(&mut slow_job, TEXT, 3, true).await;
    bench.until(|| Bench::books(&link).held == Amount(32)).await;
    failure(&mut slow).await;
    assert!(next(&mut slow).await.is_none());
    assert_eq!(Bench::books(&link).open_streams, 0);
}

#[tokio::test(start_paused = true)]
async fn dropping_an_answer_cancels_it_and_its_last_receipt_is_still_taken() {
    let bench = Bench::new();
    let mut node = bench.attach(1, 8).await;
    let link = bench.link(&node);
    let asked = bench.ask();
    let mut job = node.job().await;
    node.say(&mut job, TEXT).await;
    drop(begun(asked).await);
    node.cancelled(job.request).await;
    node.part(&mut job, TEXT, 3, true).await;
    bench.until(|| Bench::books(&link).held == Amount(16)).await;
    assert_eq!(Bench::books(&link).open_streams, 0);

    let asked = bench.ask();
    let job = node.job().await;
    asked.abort();
    node.cancelled(job.request).await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_was_never_sent_gives_its_place_back() {
    // The limit covers the input of one request.
    let bench = Bench::with(Amount(1_000), SequencerConfig::default());
    let mut node = bench.attach(1, 2).await;
    let first = bench.ask();
    let mut job = node.job().await;
    let error = refused(bench.ask()).await;
    assert_eq!(error.status(), StatusCode::SERVICE_UNAVAILABLE);
    node.part(&mut job, TEXT, 3, true).await;
    let mut answer = begun(first).await;
    assert_eq!(text(&mut answer).await, TEXT);
    assert!(matches!(next(&mut answer).await, Some(Piece::Done(_))));
    // The node pulled twice and was given one task.
    let third = bench.ask();
    let mut job = node.job().await;
    node.part(&mut job, TEXT, 3, true).await;
    assert_eq!(text(&mut begun(third).await).await, TEXT);
    assert!(
        !node
            .pending()
            .await
            .iter()
            .any(|message| matches!(message, ToNode::Task(_)))
    );
}

#[tokio::test(start_paused = true)]
async fn a_node_that_comes_again_ends_its_earlier_stream_before_its_account_is_taken_up() {
    let bench = Bench::new();
    let mut earlier = bench.attach(1, 8).await;
    let old = bench.link(&earlier);
    let asked = bench.ask();
    let mut job = earlier.job().await;
    earlier.part(&mut job, TEXT, 2, false).await;
    let mut answer = begun(asked).await;
    assert_eq!(text(&mut answer).await, TEXT);
    let before = Bench::books(&old);

    let (mut node, _) = bench.dial(1);
    node.shake(8).await;
    assert_eq!(failure(&mut answer).await.status(), StatusCode::BAD_GATEWAY);
    let goodbye = earlier.pending_until_closed().await;
    assert!(matches!(goodbye.last(), Some(ToNode::Goodbye(_))));
    bench.until(|| bench.completions.nodes() == 1).await;
    let again = Bench::books(&bench.link(&node));
    assert_eq!(
        (again.held, again.authorized),
        (before.held, before.authorized)
    );

    // Who still has the earlier way to it opens nothing on the account that the later one owns.
    let order = Order {
        body: b"{}".to_vec(),
        served: bench.fleet.models()[0].1,
        input_bound: tokens(100),
        max_output: tokens(100),
    };
    assert!(matches!(old.start(order).await, Err(Refusal::Gone)));
}
