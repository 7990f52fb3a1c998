use std::time::Duration;

use atoma_env::Env;
use atoma_openai::{ChatRequest, FinishReason, Message, Role};
use atoma_protocol::money::Tokens;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::{DEFAULT_MODELS, ScriptedEngine, UnknownScript};
use crate::{Completion, Engine, EngineError, Event, GenerateRequest};

fn ask(model: &str, text: &str) -> ChatRequest {
    ChatRequest::new(model, vec![Message::text(Role::User, text)])
}

async fn answer(chat: ChatRequest) -> Result<Completion, EngineError> {
    let engine = ScriptedEngine::new(Env::system());
    engine
        .generate(GenerateRequest::new(chat), CancellationToken::new())
        .await?
        .complete()
        .await
}

#[tokio::test]
async fn echo_says_the_last_message_one_token_a_word() {
    let completion = answer(ask("scripted/echo", "the quick  brown fox"))
        .await
        .unwrap();
    assert_eq!(completion.text, "the quick brown fox");
    assert_eq!(completion.finish.reason, FinishReason::Stop);
    assert_eq!(completion.finish.usage.input.get(), 4);
    assert_eq!(completion.finish.usage.output.get(), 4);
}

#[tokio::test]
async fn the_counts_on_the_way_sum_to_the_last_ones() {
    let engine = ScriptedEngine::new(Env::system());
    let request = GenerateRequest::new(ask("scripted/count-100", "go"));
    let mut stream = engine
        .generate(request, CancellationToken::new())
        .await
        .unwrap();
    let Some(Ok(Event::Started { input_tokens })) = stream.next().await else {
        panic!("the first event starts")
    };
    assert_eq!(input_tokens.get(), 1);
    let mut sum = Tokens::ZERO;
    loop {
        match stream.next().await.unwrap().unwrap() {
            Event::Delta(delta) => sum = sum.checked_add(delta.output_tokens).unwrap(),
            Event::Finished(finish) => {
                assert_eq!(finish.usage.output, sum);
                break;
            }
            Event::Started { .. } => panic!("only the first event starts"),
        }
    }
    assert_eq!(sum.get(), 100);
    assert!(stream.next().await.is_none());
}

#[tokio::test]
async fn limits_and_stop_sequences_end_the_answer() {
    let mut chat = ask("scripted/count-100", "go");
    chat.max_tokens = Some(3);
    let completion = answer(chat.clone()).await.unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.finish.reason),
        ("1 2 3", FinishReason::Length)
    );
    chat.max_tokens = None;
    chat.stop = Some(atoma_openai::chat::Stop::One("4 5".to_owned()));
    let completion = answer(chat.clone()).await.unwrap();
    assert_eq!(
        (completion.text.as_str(), completion.finish.reason),
        ("1 2 3 ", FinishReason::Stop)
    );
    assert_eq!(completion.finish.usage.output.get(), 5);
    let engine = ScriptedEngine::new(Env::system());
    chat.stop = None;
    let request = GenerateRequest::new(chat).with_max_output_tokens(Tokens::new(2).unwrap());
    let stream = engine
        .generate(request, CancellationToken::new())
        .await
        .unwrap();
    assert_eq!(stream.complete().await.unwrap().text, "1 2");
}

#[tokio::test]
async fn faults_come_where_the_name_says() {
    assert!(matches!(
        answer(ask("scripted/fail-before", "x")).await,
        Err(EngineError::Failed { .. })
    ));
    assert!(matches!(
        answer(ask("scripted/none", "x")).await,
        Err(EngineError::UnknownModel { .. })
    ));
    let engine = ScriptedEngine::new(Env::system());
    let request = GenerateRequest::new(ask("scripted/fail-after-3", "x"));
    let stream = engine
        .generate(request, CancellationToken::new())
        .await
        .unwrap();
    let events: Vec<_> = stream.collect().await;
    assert_eq!(events.len(), 5);
    assert!(matches!(events[4], Err(EngineError::Failed { .. })));
    assert!(events[..4].iter().all(Result::is_ok));
}

#[tokio::test(start_paused = true)]
async fn hang_says_nothing_until_it_is_cancelled() {
    let engine = ScriptedEngine::new(Env::system());
    let cancel = CancellationToken::new();
    let request = GenerateRequest::new(ask("scripted/hang", "x"));
    let mut stream = engine.generate(request, cancel.clone()).await.unwrap();
    assert!(matches!(
        stream.next().await,
        Some(Ok(Event::Started { .. }))
    ));
    assert!(
        tokio::time::timeout(Duration::from_secs(3_600), stream.next())
            .await
            .is_err()
    );
    cancel.cancel();
    assert!(matches!(
        stream.next().await,
        Some(Err(EngineError::Cancelled))
    ));
}

#[tokio::test(start_paused = true)]
async fn slow_takes_time_and_says_the_same() {
    let before = tokio::time::Instant::now();
    assert_eq!(
        answer(ask("scripted/slow", "a b c")).await.unwrap().text,
        "a b c"
    );
    assert!(before.elapsed() >= 3 * super::SLOW_TOKEN);
}

#[tokio::test]
async fn a_prompt_over_the_context_is_refused_before_work() {
    let long = "w ".repeat(32_768);
    assert!(matches!(
        answer(ask("scripted/echo", &long)).await,
        Err(EngineError::ContextExceeded { .. })
    ));
}

#[test]
fn every_default_name_is_a_script_and_others_are_refused() {
    assert!(ScriptedEngine::serving(Env::system(), &DEFAULT_MODELS).is_ok());
    assert!(ScriptedEngine::serving(Env::system(), &["scripted/count-7"]).is_ok());
    for name in [
        "scripted/count-0",
        "scripted/count-x",
        "scripted/",
        "echo",
        "scripted/count-99999999999",
    ] {
        let refused = ScriptedEngine::serving(Env::system(), &[name]).unwrap_err();
        assert_eq!(refused, UnknownScript(name.to_owned()));
    }
}
