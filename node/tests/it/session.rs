//! One stream of messages with a sequencer: the ordinary, the faulty and the hostile.

use std::time::Duration;

use atoma_link::message::{Challenge, FailureCode, FromNode, ToNode};
use atoma_node::{
    enclave::ChannelView,
    session::{ChannelRefusal, SessionEnd, SessionError},
};
use atoma_openai::ChatResponse;
use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, RequestId},
    keys::SigningKey,
    money::Amount,
    sealed::Delivery,
};

use crate::support::{
    CHANNEL, CREDIT, Desk, EPOCH, Ended, World, settle_down, view, voucher, voucher_key,
};

const OTHER: ChannelId = ChannelId::new([4; 32]);

#[tokio::test(start_paused = true)]
async fn an_answer_is_streamed_receipted_stored_and_paid() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/count-100", "please count to a hundred");
    let open = desk.answer(&chat).await.last();
    let text = open.text();
    assert!(
        text.starts_with("1 2 3 ") && text.ends_with(" 99 100"),
        "{text}"
    );
    assert_eq!(open.tokens(), (5, 100));
    assert!(open.parts.len() > 5, "parts are cut at half the credit");
    assert!(open.parts.last().unwrap().body.last);
    assert_eq!(desk.payer.held(), Amount(105));
    let balance = world.enclave.balance(CHANNEL).unwrap();
    assert_eq!((balance.due, balance.streams), (Amount(105), 0));
    let stored = world.store.statements(CHANNEL).unwrap();
    assert_eq!(stored, [open.parts.last().unwrap().statement.clone()]);
    assert_eq!(
        world.store.receipts(CHANNEL, EPOCH).unwrap().len(),
        open.parts.len()
    );
    settle_down().await;
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().covered, Amount(105));
}

#[tokio::test(start_paused = true)]
async fn the_end_of_a_stream_has_its_reason_and_its_usage() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let mut chat = desk.chat("scripted/count-100", "count");
    chat.max_tokens = Some(3);
    chat.stream_options = Some(atoma_openai::chat::StreamOptions {
        include_usage: Some(true),
        ..Default::default()
    });
    let open = desk.answer(&chat).await.last();
    let chunks: Vec<serde_json::Value> = open
        .deliveries
        .iter()
        .map(|delivery| serde_json::from_slice(delivery.json()).unwrap())
        .collect();
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(
        chunks[chunks.len() - 2]["choices"][0]["finish_reason"],
        "length"
    );
    assert_eq!(chunks[chunks.len() - 1]["usage"]["total_tokens"], 4);
    assert_eq!(open.tokens(), (1, 3));
}

#[tokio::test(start_paused = true)]
async fn an_answer_in_one_piece_is_one_delivery() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let mut chat = desk.chat("scripted/echo", "good day to you");
    chat.stream = None;
    let open = desk.answer(&chat).await.last();
    assert_eq!(open.deliveries.len(), 1);
    let whole: ChatResponse = serde_json::from_slice(open.deliveries[0].json()).unwrap();
    let text = whole.choices[0].message.joined_text().unwrap().into_owned();
    assert_eq!(text, "good day to you");
    assert_eq!(whole.usage.unwrap().total_tokens, 8);
}

#[tokio::test(start_paused = true)]
async fn text_is_cut_by_time() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let words = ["word"; 40].join(" ");
    let chat = desk.chat("scripted/echo", &words);
    let open = desk.answer(&chat).await.last();
    assert_eq!(open.text(), words);
    // An engine without pauses is cut by its parts, never by its tokens.
    assert!(open.deliveries.len() < 20, "{}", open.deliveries.len());
}

#[tokio::test(start_paused = true)]
async fn a_voucher_of_another_key_pays_for_nothing() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/echo", "hello");
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(voucher(CHANNEL, 1_000, &SigningKey::from_seed([8; 32])));
    let request = desk.force(task, open).await;
    assert_eq!(desk.end_of(request).await.code(), Some(FailureCode::Unpaid));
    // Nor does a good one for another channel.
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(voucher(OTHER, 1_000, &voucher_key()));
    let request = desk.force(task, open).await;
    assert_eq!(desk.end_of(request).await.code(), Some(FailureCode::Unpaid));
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().due, Amount::ZERO);
    assert_eq!(world.store.voucher(CHANNEL).unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_voucher_too_small_for_the_input_starts_no_prefill() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/echo", "four words of input");
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(voucher(CHANNEL, 3, &voucher_key()));
    let request = desk.force(task, open).await;
    assert_eq!(desk.end_of(request).await.code(), Some(FailureCode::Unpaid));
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().due, Amount::ZERO);
}

#[tokio::test(start_paused = true)]
async fn a_replayed_voucher_neither_pays_twice_nor_harms() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    desk.pays = false;
    let old = voucher(CHANNEL, 4, &voucher_key());
    let mut chat = desk.chat("scripted/count-8", "four words of input");
    chat.max_tokens = Some(8);
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(old.clone());
    let request = desk.force(task, open).await;
    let open = desk.end_of(request).await.last();
    assert_eq!(open.tokens(), (4, 8));
    // What it covered is used up.
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(old.clone());
    let request = desk.force(task, open).await;
    assert_eq!(desk.end_of(request).await.code(), Some(FailureCode::Unpaid));
    // A larger one still counts after the smaller was repeated.
    desk.send(ToNode::Voucher(voucher(CHANNEL, 500, &voucher_key())))
        .await;
    desk.send(ToNode::Voucher(old)).await;
    let (task, open, _) = desk.seal(&chat);
    let request = desk.force(task, open).await;
    assert_eq!(desk.end_of(request).await.last().tokens(), (4, 8));
    assert_eq!(
        world.enclave.voucher(CHANNEL).unwrap().statement.cumulative,
        Amount(500)
    );
}

#[tokio::test(start_paused = true)]
async fn a_replayed_request_is_answered_once() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/echo", "once");
    let (mut task, open, _) = desk.seal(&chat);
    task.voucher = Some(voucher(CHANNEL, 100, &voucher_key()));
    let mut again = task.clone();
    again.request = RequestId::new([77; 32]);
    let request = desk.force(task, open).await;
    let open = desk.end_of(request).await.last();
    assert_eq!(open.text(), "once");
    desk.send(ToNode::Task(again)).await;
    let (request, end) = desk.any_end().await;
    assert_eq!(request, RequestId::new([77; 32]));
    assert_eq!(end.code(), Some(FailureCode::Replayed));
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().due, Amount(2));
}

#[tokio::test(start_paused = true)]
async fn tasks_that_fit_nothing_here_are_refused_each_with_its_reason() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/echo", "hello");
    let paid = voucher(CHANNEL, 1_000, &voucher_key());
    type Change = fn(&mut atoma_link::message::Task);
    let cases: [(Change, FailureCode); 7] = [
        (|task| task.key_epoch = KeyEpoch(6), FailureCode::WrongKey),
        (
            |task| task.model = ModelId::new([0xee; 32]),
            FailureCode::UnknownModel,
        ),
        // Its associated data names the other model, so it does not even open.
        (
            |task| task.model = crate::support::model_id("scripted/slow"),
            FailureCode::WrongKey,
        ),
        (|task| task.channel = OTHER, FailureCode::Unpaid),
        (|task| task.suite = 99, FailureCode::BadRequest),
        (|task| task.suite = 700, FailureCode::BadRequest),
        (
            |task| task.ciphertext = vec![0; 300].into(),
            FailureCode::WrongKey,
        ),
    ];
    for (change, code) in cases {
        let (mut task, open, _) = desk.seal(&chat);
        task.voucher = Some(paid.clone());
        change(&mut task);
        let request = desk.force(task, open).await;
        assert_eq!(desk.end_of(request).await.code(), Some(code));
    }
    let mut bad = chat.clone();
    bad.temperature = Some(9.0);
    let request = desk.ask(&bad).await;
    assert_eq!(
        desk.end_of(request).await.code(),
        Some(FailureCode::BadRequest)
    );
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().due, Amount::ZERO);
    // Each refusal gave its pull back.
    settle_down().await;
    let chat = desk.chat("scripted/echo", "still here");
    assert_eq!(desk.answer(&chat).await.last().text(), "still here");
    assert_eq!(desk.pulled, 128 + 8);
}

#[tokio::test(start_paused = true)]
async fn a_cancelled_stream_ends_with_a_receipt_for_what_was_done() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/slow", "one two three four five six seven eight");
    let request = desk.ask(&chat).await;
    while desk.open[&request].text().split_whitespace().count() < 3 {
        let FromNode::Chunk(chunk) = desk.next().await else {
            continue;
        };
        desk.on_chunk(chunk).await;
    }
    desk.send(ToNode::Cancel(request)).await;
    let open = desk.end_of(request).await.last();
    assert!(open.failed());
    let words = u64::try_from(open.text().split_whitespace().count()).unwrap();
    assert_eq!(open.tokens(), (8, words), "what arrived is what is charged");
    assert!((3..8).contains(&words));
    assert_eq!(
        desk.payer.held(),
        world.enclave.balance(CHANNEL).unwrap().due
    );
    // Cancelling what is over or never was does nothing.
    desk.send(ToNode::Cancel(request)).await;
    let chat = desk.chat("scripted/echo", "alive");
    assert_eq!(desk.answer(&chat).await.last().text(), "alive");
}

#[tokio::test(start_paused = true)]
async fn a_hanging_engine_is_cancelled_and_its_input_receipted() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/hang", "is anybody there");
    let request = desk.ask(&chat).await;
    settle_down().await;
    desk.send(ToNode::Cancel(request)).await;
    let open = desk.end_of(request).await.last();
    assert!(open.failed());
    assert_eq!(open.tokens(), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_before_it_starts_costs_nothing() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/fail-before", "hello");
    assert_eq!(desk.answer(&chat).await.code(), Some(FailureCode::Engine));
    let balance = world.enclave.balance(CHANNEL).unwrap();
    assert_eq!((balance.due, balance.streams), (Amount::ZERO, 0));
}

#[tokio::test(start_paused = true)]
async fn an_engine_that_fails_on_the_way_is_paid_for_what_arrived() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/fail-after-3", "hello");
    let open = desk.answer(&chat).await.last();
    assert_eq!(open.text(), "word1 word2 word3");
    assert_eq!(open.tokens(), (1, 3));
    let Some(Delivery::Failure(json)) = open.deliveries.last() else {
        panic!("the requester learns that the answer is not whole");
    };
    let error: atoma_openai::ErrorBody = serde_json::from_slice(json).unwrap();
    assert!(
        error.error.message.contains("the engine failed"),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn many_streams_of_a_payer_that_stops_paying_never_exceed_the_credit() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    desk.pays = false;
    let chat = desk.chat("scripted/count-1000", "count");
    let mut running = 0_u32;
    for index in 1..=100 {
        let (mut task, open, _) = desk.seal(&chat);
        // Each input is paid, and nothing but input.
        task.voucher = Some(voucher(CHANNEL, index, &voucher_key()));
        desk.force(task, open).await;
        running += 1;
        settle_down().await;
        assert_exposure(&world);
    }
    let mut codes = std::collections::BTreeMap::new();
    while running > 0 {
        assert_exposure(&world);
        let (_, end) = desk.any_end().await;
        *codes.entry(format!("{:?}", end.code())).or_insert(0) += 1;
        running -= 1;
    }
    assert_exposure(&world);
    assert_eq!(
        world.enclave.balance(CHANNEL).unwrap().streams,
        0,
        "{codes:?}"
    );
}

fn assert_exposure(world: &World) {
    let balance = world.enclave.balance(CHANNEL).unwrap();
    let uncovered = balance.due.saturating_sub(balance.covered);
    assert!(uncovered <= CREDIT, "{balance:?}");
}

#[tokio::test(start_paused = true)]
async fn many_paid_streams_at_once_are_all_answered_and_add_up() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let mut asked = Vec::new();
    for _ in 0..60 {
        let chat = desk.chat("scripted/count-100", "count");
        asked.push(desk.ask(&chat).await);
    }
    for _ in &asked {
        let (_, end) = desk.any_end().await;
        let open = end.last();
        assert!(!open.failed());
        assert_eq!(open.tokens(), (1, 100));
    }
    let balance = world.enclave.balance(CHANNEL).unwrap();
    assert_eq!(balance.due, Amount(60 * 101));
    assert_eq!(desk.payer.held(), balance.due);
}

#[tokio::test(start_paused = true)]
async fn more_tasks_than_were_pulled_are_refused() {
    let mut world = World::new();
    world.capacity = 1;
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/hang", "first");
    let first = desk.ask(&chat).await;
    let second = desk.ask(&chat).await;
    let (refused, end) = desk.any_end().await;
    assert_eq!(
        (refused, end.code()),
        (second, Some(FailureCode::Overloaded))
    );
    desk.send(ToNode::Cancel(first)).await;
    assert!(desk.end_of(first).await.last().failed());
}

#[tokio::test(start_paused = true)]
async fn channels_are_taken_only_if_they_fit_and_by_one_sequencer() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let refusal = desk.use_channel(OTHER).await.unwrap_err();
    assert!(refusal.contains("no such channel"), "{refusal}");
    world.channels.set(OTHER, Err(ChannelRefusal::Unreachable));
    assert!(
        desk.use_channel(OTHER)
            .await
            .unwrap_err()
            .contains("cannot be reached")
    );
    let mut thief = world.attach("b");
    thief.greet().await;
    let refusal = thief.use_channel(CHANNEL).await.unwrap_err();
    assert!(refusal.contains("another sequencer"), "{refusal}");
    let chat = thief.chat("scripted/echo", "not mine");
    let request = thief.ask(&chat).await;
    assert_eq!(
        thief.end_of(request).await.code(),
        Some(FailureCode::Unpaid)
    );
    // The chain being away does not end what is in use.
    world
        .channels
        .set(CHANNEL, Err(ChannelRefusal::Unreachable));
    assert_eq!(desk.use_channel(CHANNEL).await, Ok(()));
    let chat = desk.chat("scripted/echo", "goes on");
    assert_eq!(desk.answer(&chat).await.last().text(), "goes on");
}

#[tokio::test(start_paused = true)]
async fn without_the_chain_for_too_long_no_new_work_is_taken() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    desk.env.sleep(Duration::from_secs(10 * 60)).await;
    let chat = desk.chat("scripted/echo", "after ten minutes");
    assert_eq!(desk.answer(&chat).await.last().text(), "after ten minutes");
    desk.env.sleep(Duration::from_secs(10 * 60)).await;
    assert_eq!(
        desk.answer(&chat).await.code(),
        Some(FailureCode::Overloaded)
    );
    world.contact.made(world.env.now());
    assert_eq!(desk.answer(&chat).await.last().text(), "after ten minutes");
}

#[tokio::test(start_paused = true)]
async fn an_expired_key_epoch_takes_no_new_work_and_finishes_the_old() {
    let mut world = World::new();
    world.expires = world.env.now().saturating_add(Duration::from_millis(100));
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/slow", "one two three four five");
    assert_eq!(
        desk.answer(&chat).await.last().text(),
        "one two three four five"
    );
    assert_eq!(desk.answer(&chat).await.code(), Some(FailureCode::WrongKey));
}

#[tokio::test(start_paused = true)]
async fn a_returning_sequencer_gets_its_voucher_back() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/echo", "hello");
    desk.answer(&chat).await.last();
    settle_down().await;
    let authorized = desk.payer.authorized();
    drop(desk);
    settle_down().await;
    let desk = world.ready("a").await;
    assert_eq!(desk.payer.authorized(), authorized);
}

#[tokio::test(start_paused = true)]
async fn a_drained_session_finishes_its_streams_and_takes_no_more() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/slow", "one two three four");
    let request = desk.ask(&chat).await;
    let FromNode::Chunk(chunk) = desk.next().await else {
        panic!("no chunk")
    };
    desk.on_chunk(chunk).await;
    desk.drain.cancel();
    loop {
        match desk.next().await {
            FromNode::Draining => break,
            FromNode::Chunk(chunk) => desk.on_chunk(chunk).await,
            _ => {}
        }
    }
    let late = desk.chat("scripted/echo", "too late");
    let late = desk.ask(&late).await;
    let mut ends = [desk.any_end().await, desk.any_end().await];
    ends.sort_by_key(|(id, _)| *id != request);
    let [(_, first), (second, refused)] = ends;
    assert_eq!(first.last().text(), "one two three four");
    assert_eq!(
        (second, refused.code()),
        (late, Some(FailureCode::Overloaded))
    );
    let ended = desk.ended().await;
    assert!(matches!(ended, SessionEnd::Drained), "{ended:?}");
    assert!(world.bindings.attached().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_sequencer_that_vanishes_is_charged_for_nothing_it_did_not_get() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/slow", "one two three four five six seven");
    let request = desk.ask(&chat).await;
    while desk.open[&request].text().is_empty() {
        let FromNode::Chunk(chunk) = desk.next().await else {
            continue;
        };
        desk.on_chunk(chunk).await;
    }
    let held = desk.payer.held();
    let ended = desk.leave().await;
    assert!(matches!(ended, SessionEnd::Lost(_)), "{ended:?}");
    settle_down().await;
    let balance = world.enclave.balance(CHANNEL).unwrap();
    assert_eq!((balance.due, balance.streams), (held, 0));
}

#[tokio::test(start_paused = true)]
async fn what_a_lost_stream_swallowed_is_given_up_once_a_return_and_not_for_ever() {
    let world = World::new();
    let chat = |desk: &Desk| {
        let mut chat = desk.chat("scripted/count-8", "count");
        chat.max_tokens = Some(8);
        chat
    };
    let mut given_up = 0;
    for round in 0..6 {
        let mut desk = world.ready("a").await;
        // The payer has no receipts of earlier rounds: it pays for one input more and no more.
        let due = world.enclave.balance(CHANNEL).unwrap().due.0;
        let covers_input = voucher(CHANNEL, due.saturating_sub(given_up) + 1, &voucher_key());
        let (mut task, open, _) = desk.seal(&chat(&desk));
        task.voucher = Some(covers_input);
        let request = desk.force(task, open).await;
        match desk.end_of(request).await {
            Ended::Last(_) => given_up += 8,
            Ended::Failed(failed) => {
                assert_eq!(failed.code, FailureCode::Unpaid);
                assert!(round >= 3, "strikes are left in round {round}");
            }
        }
        // A second task in the same stream gets nothing on top.
        let (task, open, _) = desk.seal(&chat(&desk));
        let request = desk.force(task, open).await;
        assert_eq!(desk.end_of(request).await.code(), Some(FailureCode::Unpaid));
        desk.leave().await;
        settle_down().await;
    }
    let balance = world.enclave.balance(CHANNEL).unwrap();
    let lost = balance.due.saturating_sub(balance.covered);
    assert!(lost.0 <= CREDIT.0 * 4, "{balance:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_not_read_holds_up_no_other() {
    let world = World::new();
    world.channels.set(OTHER, Ok(ChannelView { ..view(OTHER) }));
    let mut stuck = world.ready("a").await;
    let chat = stuck.chat("scripted/count-1000", "count");
    for index in 0..20 {
        let (mut task, open, _) = stuck.seal(&chat);
        task.voucher = Some(voucher(CHANNEL, 100_000 + index, &voucher_key()));
        stuck.force(task, open).await;
    }
    // Nobody reads `stuck` from here on.
    settle_down().await;
    let mut other = world.attach("b");
    other.greet().await;
    assert_eq!(other.use_channel(OTHER).await, Ok(()));
    other
        .send(ToNode::UseChannel(ChannelId::new([6; 32])))
        .await;
    let FromNode::ChannelReady(ready) = other.next().await else {
        panic!("no answer")
    };
    assert!(ready.refusal.is_some());
    // In the end it is left.
    let ended = stuck.ended().await;
    assert!(
        matches!(ended, SessionEnd::Refused(SessionError::NotReading)),
        "{ended:?}"
    );
    settle_down().await;
    assert_eq!(world.enclave.balance(CHANNEL).unwrap().streams, 0);
}

#[tokio::test(start_paused = true)]
async fn a_sequencer_must_speak_the_protocol() {
    let world = World::new();
    let mut silent = world.attach("a");
    assert!(matches!(
        silent.ended().await,
        SessionEnd::Refused(SessionError::NoChallenge)
    ));
    let mut wrong = world.attach("a");
    wrong.send(ToNode::UseChannel(CHANNEL)).await;
    assert!(matches!(
        wrong.ended().await,
        SessionEnd::Refused(SessionError::OutOfOrder)
    ));
    let mut foreign = world.attach("a");
    let network = NetworkId::new([66; 32]);
    let challenge = Challenge {
        nonce: [0; 32],
        network,
    };
    foreign.send(ToNode::Challenge(challenge)).await;
    assert!(matches!(
        foreign.ended().await,
        SessionEnd::Refused(SessionError::OtherNetwork { theirs, .. }) if theirs == network
    ));
    let mut leaving = world.ready("a").await;
    leaving
        .send(ToNode::Goodbye("maintenance".to_owned()))
        .await;
    assert!(matches!(
        leaving.ended().await,
        SessionEnd::Goodbye(reason) if reason == "maintenance"
    ));
    let mut forger = world.ready("a").await;
    let forged = voucher(CHANNEL, 5_000, &SigningKey::from_seed([8; 32]));
    for _ in 0..16 {
        forger.send(ToNode::Voucher(forged.clone())).await;
    }
    assert!(matches!(
        forger.ended().await,
        SessionEnd::Refused(SessionError::WrongVouchers)
    ));
    assert_eq!(world.enclave.voucher(CHANNEL), None);
}

#[tokio::test(start_paused = true)]
async fn a_closing_channel_ends_its_streams_with_receipts() {
    let world = World::new();
    let mut desk = world.ready("a").await;
    let chat = desk.chat("scripted/slow", "one two three four five six seven");
    let request = desk.ask(&chat).await;
    while desk.open[&request].text().is_empty() {
        let FromNode::Chunk(chunk) = desk.next().await else {
            continue;
        };
        desk.on_chunk(chunk).await;
    }
    let mut closing = view(CHANNEL);
    closing.closing = true;
    world.enclave.refresh_channel(closing).unwrap();
    let open = desk.end_of(request).await.last();
    assert!(open.failed());
    assert_eq!(
        desk.payer.held(),
        world.enclave.balance(CHANNEL).unwrap().due
    );
    let chat = desk.chat("scripted/echo", "more");
    assert_eq!(desk.answer(&chat).await.code(), Some(FailureCode::Unpaid));
}
