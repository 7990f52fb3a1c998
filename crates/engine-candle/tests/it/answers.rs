//! Whole answers of the tiny model, from both of its forms.

use std::path::Path;
use std::time::Duration;

use atoma_engine::{Completion, DeltaStream, Engine, EngineError, Event, GenerateRequest};
use atoma_engine_candle::testing::{CONTEXT_LENGTH, TinyModel, tiny_model};
use atoma_engine_candle::{CandleEngine, EngineOptions, LoadedModel};
use atoma_env::Env;
use atoma_openai::chat::Stop;
use atoma_openai::{ChatRequest, FinishReason, Message, Role};
use atoma_protocol::money::Tokens;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

/// How long a test waits for anything.
const PATIENCE: Duration = Duration::from_secs(60);

struct Tiny {
    _dir: tempfile::TempDir,
    model: TinyModel,
}

impl Tiny {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let model = tiny_model(dir.path()).unwrap();
        Self { _dir: dir, model }
    }

    fn engine(&self, options: EngineOptions) -> CandleEngine {
        CandleEngine::load(&self.model.gguf, options, Env::system()).unwrap()
    }
}

fn ask(text: &str) -> ChatRequest {
    let mut chat = ChatRequest::new("tiny", vec![Message::text(Role::User, text)]);
    chat.temperature = Some(0.0);
    chat.max_tokens = Some(40);
    chat
}

async fn start(engine: &CandleEngine, chat: ChatRequest) -> Result<DeltaStream, EngineError> {
    engine
        .generate(GenerateRequest::new(chat), CancellationToken::new())
        .await
}

async fn answer(engine: &CandleEngine, chat: ChatRequest) -> Completion {
    let work = async { start(engine, chat).await.unwrap().complete().await.unwrap() };
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("an answer in time")
}

#[tokio::test]
async fn both_forms_of_a_model_say_the_same_every_time() {
    let tiny = Tiny::new();
    let mut said = Vec::new();
    for path in [&tiny.model.folder, &tiny.model.gguf] {
        let engine = CandleEngine::load(path, EngineOptions::default(), Env::system()).unwrap();
        for _ in 0..2 {
            said.push(answer(&engine, ask("the quick brown fox, 42 times")).await);
        }
        // Longer than one piece of the prompt's reading.
        said.push(answer(&engine, ask(&"word ".repeat(180))).await);
    }
    assert_eq!(said[0], said[1]);
    assert_eq!(said[0], said[3]);
    assert_eq!(said[0], said[4]);
    assert_eq!(said[2], said[5]);
    assert_ne!(said[0].text, said[2].text);
    assert!(!said[0].text.is_empty());
}

#[tokio::test]
async fn the_same_files_have_the_same_hash_and_the_name_is_ours_to_choose() {
    let (one, other) = (Tiny::new(), Tiny::new());
    let hash = |path: &Path| {
        let options = EngineOptions {
            name: Some("offered".to_owned()),
            ..EngineOptions::default()
        };
        let engine = CandleEngine::load(path, options, Env::system()).unwrap();
        assert_eq!(engine.models()[0].name, "offered");
        assert_eq!(
            engine.models()[0].context_length.get(),
            u64::try_from(CONTEXT_LENGTH).unwrap()
        );
        engine.models()[0].manifest_hash
    };
    assert_eq!(hash(&one.model.gguf), hash(&other.model.gguf));
    assert_eq!(hash(&one.model.folder), hash(&other.model.folder));
    assert_ne!(hash(&one.model.gguf), hash(&one.model.folder));
}

#[tokio::test]
async fn counts_are_the_tokenizers_and_sum_up() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let chat = ask("count me");
    let counted = engine.count_prompt(&chat).unwrap();
    let mut stream = start(&engine, chat).await.unwrap();
    let Some(Ok(Event::Started { input_tokens })) = stream.next().await else {
        panic!("the first event starts")
    };
    assert_eq!(input_tokens, counted);
    let mut sum = Tokens::ZERO;
    while let Some(event) = stream.next().await {
        match event.unwrap() {
            Event::Delta(delta) => sum = sum.checked_add(delta.output_tokens).unwrap(),
            Event::Finished(finish) => {
                assert_eq!((finish.usage.input, finish.usage.output), (counted, sum));
                return;
            }
            Event::Started { .. } => panic!("only the first event starts"),
        }
    }
    panic!("the answer must finish");
}

#[tokio::test]
async fn seeds_repeat_a_sampled_answer() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let sampled = |seed: i64| {
        let mut chat = ask("say anything");
        chat.temperature = Some(1.5);
        chat.top_p = Some(0.9);
        chat.seed = Some(seed);
        chat
    };
    let first = answer(&engine, sampled(1)).await;
    assert_eq!(first, answer(&engine, sampled(1)).await);
    assert_ne!(first.text, answer(&engine, sampled(2)).await.text);
}

#[tokio::test]
async fn limits_and_stop_sequences_end_an_answer() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let whole = answer(&engine, ask("go on")).await;
    let mut chat = ask("go on");
    chat.max_tokens = Some(3);
    let short = answer(&engine, chat).await;
    assert_eq!(short.finish.reason, FinishReason::Length);
    assert_eq!(short.finish.usage.output.get(), 3);
    assert!(
        whole
            .text
            .starts_with(short.text.trim_end_matches('\u{fffd}'))
    );

    // Characters from the middle of the answer, over at least one border of tokens.
    let characters: Vec<char> = whole.text.chars().collect();
    let middle: String = characters[characters.len() / 2..].iter().take(6).collect();
    let mut chat = ask("go on");
    chat.stop = Some(Stop::Many(vec![middle.clone()]));
    let stopped = answer(&engine, chat).await;
    assert_eq!(stopped.finish.reason, FinishReason::Stop);
    assert_eq!(
        stopped.text,
        whole.text[..whole.text.find(&middle).unwrap()]
    );
    assert!(stopped.finish.usage.output < whole.finish.usage.output);

    let request =
        GenerateRequest::new(ask("go on")).with_max_output_tokens(Tokens::new(2).unwrap());
    let capped = engine
        .generate(request, CancellationToken::new())
        .await
        .unwrap()
        .complete()
        .await
        .unwrap();
    assert_eq!(capped.finish.usage.output.get(), 2);
}

#[tokio::test]
async fn log_probabilities_name_the_chosen_token_first_when_greedy() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let mut chat = ask("how likely");
    chat.logprobs = Some(true);
    chat.top_logprobs = Some(3);
    chat.max_tokens = Some(5);
    let logprobs = answer(&engine, chat).await.logprobs.unwrap();
    assert!(!logprobs.is_empty());
    for entry in logprobs {
        assert_eq!(entry.top_logprobs.len(), 3);
        assert_eq!(entry.bytes, entry.top_logprobs[0].bytes);
        assert!((entry.logprob - entry.top_logprobs[0].logprob).abs() < 1e-9);
        assert!(entry.logprob <= 0.0);
    }
}

#[tokio::test]
async fn the_context_is_a_limit_before_and_while_generating() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions {
        max_context: 100,
        ..EngineOptions::default()
    });
    let error = start(&engine, ask(&"word ".repeat(300))).await.unwrap_err();
    let EngineError::ContextExceeded {
        input_tokens,
        context_length,
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!(context_length.get(), 100);
    assert!(input_tokens > context_length);
    assert!(engine.count_prompt(&ask(&"word ".repeat(300))).is_err());
    let mut chat = ask("no limit");
    chat.max_tokens = None;
    let full = answer(&engine, chat).await;
    if full.finish.reason == FinishReason::Length {
        assert_eq!(
            full.finish.usage.input.get() + full.finish.usage.output.get(),
            100
        );
    }
}

#[tokio::test]
async fn requests_this_engine_cannot_serve_are_refused_before_work() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let mut unknown = ask("x");
    unknown.model = "other".to_owned();
    assert!(matches!(
        start(&engine, unknown).await,
        Err(EngineError::UnknownModel { .. })
    ));
    let mut several = ask("x");
    several.n = Some(2);
    assert!(matches!(
        start(&engine, several).await,
        Err(EngineError::Unsupported { .. })
    ));
}

#[tokio::test]
async fn a_full_queue_is_overloaded_and_frees_itself_when_answers_are_dropped() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions {
        workers: 1,
        queue: 1,
        ..EngineOptions::default()
    });
    let endless = || {
        let mut chat = ask("keep talking");
        chat.max_tokens = None;
        chat
    };
    let mut held = Vec::new();
    let overloaded = loop {
        match start(&engine, endless()).await {
            Ok(stream) => held.push(stream),
            Err(error) => break error,
        }
        assert!(held.len() < 1_000, "the queue must fill up");
    };
    assert!(matches!(overloaded, EngineError::Overloaded { limit: 1 }));
    drop(held);
    let freed = async {
        loop {
            match start(&engine, ask("now me")).await {
                Ok(stream) => return stream.complete().await,
                Err(EngineError::Overloaded { .. }) => tokio::task::yield_now().await,
                Err(other) => panic!("{other:?}"),
            }
        }
    };
    tokio::time::timeout(PATIENCE, freed)
        .await
        .expect("a free place in time")
        .unwrap();
}

#[tokio::test]
async fn a_cancelled_answer_ends_at_the_next_token() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let cancel = CancellationToken::new();
    let mut chat = ask("keep talking");
    chat.max_tokens = None;
    let mut stream = engine
        .generate(GenerateRequest::new(chat), cancel.clone())
        .await
        .unwrap();
    assert!(matches!(
        stream.next().await,
        Some(Ok(Event::Started { .. }))
    ));
    cancel.cancel();
    let mut last = None;
    while let Some(event) = tokio::time::timeout(PATIENCE, stream.next())
        .await
        .expect("an end in time")
    {
        last = Some(event);
    }
    assert!(matches!(last, Some(Err(EngineError::Cancelled))));
}

#[tokio::test]
async fn many_answers_at_once_are_the_ones_given_alone() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions {
        workers: 3,
        ..EngineOptions::default()
    });
    let alone = answer(&engine, ask("together")).await;
    let all = futures::future::join_all((0..8).map(|_| answer(&engine, ask("together")))).await;
    assert!(all.iter().all(|one| *one == alone));
}

#[tokio::test]
async fn dropping_the_engine_ends_what_is_under_way() {
    let tiny = Tiny::new();
    let engine = tiny.engine(EngineOptions::default());
    let mut chat = ask("keep talking");
    chat.max_tokens = None;
    let stream = start(&engine, chat).await.unwrap();
    drop(engine);
    let ended = tokio::time::timeout(PATIENCE, stream.complete())
        .await
        .expect("an end in time");
    assert!(matches!(ended, Ok(_) | Err(EngineError::Failed { .. })));
}

#[test]
fn reading_at_once_and_token_by_token_predicts_the_same() {
    let tiny = Tiny::new();
    for path in [&tiny.model.folder, &tiny.model.gguf] {
        let model = LoadedModel::load(path, CONTEXT_LENGTH).unwrap();
        // Longer than one step by which the cache grows.
        let tokens: Vec<u32> = (0..300).map(|number| number * 7 % 250 + 3).collect();
        let mut cache = model.decoder.cache();
        let at_once = model.decoder.predict(&tokens, &mut cache).unwrap();
        let mut cache = model.decoder.cache();
        let mut one_by_one = Vec::new();
        for token in &tokens {
            one_by_one = model
                .decoder
                .predict(std::slice::from_ref(token), &mut cache)
                .unwrap();
        }
        assert_eq!(cache.length(), tokens.len());
        let furthest = at_once
            .iter()
            .zip(&one_by_one)
            .map(|(one, other)| (one - other).abs())
            .fold(0.0, f32::max);
        assert!(furthest < 1e-3, "{furthest}");
        assert!(model.decoder.predict(&[u32::MAX], &mut cache).is_err());
    }
}
