//! Answers that come, that break off, and that another node gives.

use atoma_protocol::money::Amount;

use super::{
    bench::{Bench, begun, next, text},
};
use crate::{answer::Piece, http::Backend as _};

#[tokio::test(start_paused = true)]
async fn two_nodes_answer_are_receipted_and_paid() {
    let bench = Bench::new();
    let mut one = bench.attach(1, 8).await;
    let mut two = bench.attach(2, 8).await;
    assert_eq!(bench.completions.nodes(), 2);

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
    for node in [&one, &two] {
        let books = bench.books(node);
        assert_eq!(books.held, Amount(16));
        assert_eq!((books.open_streams, books.stopped), (0, false));
        assert!(books.authorized >= books.held);
    }
}
