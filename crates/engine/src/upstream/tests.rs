use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use atoma_openai::{ChatRequest, FinishReason, Message, Role};
use atoma_protocol::hash::ManifestHash;
use atoma_protocol::money::Tokens;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::response::Response;
use futures::StreamExt;
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::{UpstreamConfig, UpstreamConfigError, UpstreamEngine, UpstreamLimits, UpstreamModel};
use crate::{Completion, Engine, EngineError, Event, GenerateRequest, Modality, ModelInfo};

/// The key and the body of a request.
type Asked = (Option<String>, Value);

/// What the server under test answers, and what it was asked.
#[derive(Clone)]
struct Script {
    status: u16,
    content_type: &'static str,
    pieces: Vec<Bytes>,
    hangs: bool,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Script {
    fn stream(pieces: &[&[u8]]) -> Self {
        Self {
            status: 200,
            content_type: "text/event-stream; charset=utf-8",
            pieces: pieces
                .iter()
                .map(|piece| Bytes::copy_from_slice(piece))
                .collect(),
            hangs: false,
            asked: Arc::default(),
        }
    }

    fn error(status: u16, body: &str) -> Self {
        Self {
            status,
            content_type: "application/json",
            ..Self::stream(&[body.as_bytes()])
        }
    }

    fn then_hangs(self) -> Self {
        Self {
            hangs: true,
            ..self
        }
    }

    async fn answer(self, request: Request) -> Response {
        let key = request
            .headers()
            .get("authorization")
            .map(|key| key.to_str().unwrap().to_owned());
        let body = axum::body::to_bytes(request.into_body(), 1 << 20)
            .await
            .unwrap();
        self.asked
            .lock()
            .unwrap()
            .push((key, serde_json::from_slice(&body).unwrap()));
        let pieces = futures::stream::iter(self.pieces).then(|piece| async {
            tokio::task::yield_now().await;
            Ok::<_, Infallible>(piece)
        });
        let tail = if self.hangs {
            futures::stream::pending().boxed()
        } else {
            futures::stream::empty().boxed()
        };
        Response::builder()
            .status(self.status)
            .header("content-type", self.content_type)
            .body(Body::from_stream(pieces.chain(tail)))
            .unwrap()
    }

    /// Serves the script and gives an engine for it.
    async fn engine(&self, change: impl FnOnce(&mut UpstreamConfig)) -> UpstreamEngine {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let script = self.clone();
        let router = Router::new().route(
            "/v1/chat/completions",
            axum::routing::post(move |request: Request| script.clone().answer(request)),
        );
        atoma_env::Env::system().spawn(async move { axum::serve(listener, router).await });
        let mut config = UpstreamConfig::new(format!("http://{address}/v1/"), vec![model()]);
        config.limits.event_bytes = 10_000;
        config.limits.answer_bytes = 100_000;
        change(&mut config);
        UpstreamEngine::new(config).unwrap()
    }
}

fn model() -> UpstreamModel {
    UpstreamModel {
        info: ModelInfo {
            name: "ours".to_owned(),
            context_length: Tokens::new(4_096).unwrap(),
            manifest_hash: ManifestHash::new([7; 32]),
            engine_class: "test".to_owned(),
            modality: Modality::Text,
        },
        upstream_name: "theirs".to_owned(),
    }
}

fn ask() -> ChatRequest {
    ChatRequest::new("ours", vec![Message::text(Role::User, "hi")])
}

async fn answer(script: &Script) -> Result<Completion, EngineError> {
    let engine = script.engine(|_| {}).await;
    let work = async {
        engine
            .generate(GenerateRequest::new(ask()), CancellationToken::new())
            .await?
            .complete()
            .await
    };
    tokio::time::timeout(Duration::from_secs(20), work)
        .await
        .expect("an answer or an error within the limits")
}

fn text(content: &str) -> String {
    format!(
        "data: {}\n\n",
        json!({"id": "x", "choices": [{"index": 0, "delta": {"content": content}}]})
    )
}

const STOP: &str =
    "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";
const USAGE: &str = "data: {\"id\":\"x\",\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2,\"total_tokens\":5}}\n\n";
const DONE: &str = "data: [DONE]\n\n";

/// A good answer, "Grüße 🙂", whole.
fn good() -> String {
    [
        text("Grüße "),
        text("🙂"),
        STOP.to_owned(),
        USAGE.to_owned(),
        DONE.to_owned(),
    ]
    .concat()
}

fn assert_good(completion: &Completion) {
    assert_eq!(completion.text, "Grüße 🙂");
    assert_eq!(completion.finish.reason, FinishReason::Stop);
    assert_eq!(
        (
            completion.finish.usage.input.get(),
            completion.finish.usage.output.get()
        ),
        (3, 2)
    );
}

#[tokio::test]
async fn one_piece_one_byte_a_piece_and_line_ends_of_all_kinds_read_alike() {
    let whole = good();
    assert_good(&answer(&Script::stream(&[whole.as_bytes()])).await.unwrap());
    let bytes: Vec<&[u8]> = whole.as_bytes().chunks(1).collect();
    assert_good(&answer(&Script::stream(&bytes)).await.unwrap());
    let windows = whole.replace('\n', "\r\n");
    assert_good(
        &answer(&Script::stream(&[windows.as_bytes()]))
            .await
            .unwrap(),
    );
    let comments = whole.replace("data:", ": ping\n\ndata:");
    assert_good(
        &answer(&Script::stream(&[comments.as_bytes()]))
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn a_server_that_leaves_out_done_or_the_last_empty_line_is_understood() {
    let whole = good();
    assert_good(
        &answer(&Script::stream(&[whole
            .strip_suffix(DONE)
            .unwrap()
            .as_bytes()]))
        .await
        .unwrap(),
    );
    assert_good(
        &answer(&Script::stream(&[whole.trim_end().as_bytes()]))
            .await
            .unwrap(),
    );
}

#[tokio::test]
async fn what_is_sent_is_ours_to_decide() {
    let script = Script::stream(&[good().as_bytes()]);
    let engine = script
        .engine(|config| {
            config.api_key = Some("secret".into());
            config.continuous_usage = true;
            config.forwarded_fields = vec!["user".to_owned()];
        })
        .await;
    let mut chat = ask();
    chat.max_completion_tokens = Some(50);
    chat.max_tokens = Some(60);
    chat.temperature = Some(0.5);
    chat.extra.insert("user".to_owned(), json!("u"));
    chat.extra.insert("best_of".to_owned(), json!(50));
    let request = GenerateRequest::new(chat).with_max_output_tokens(Tokens::new(20).unwrap());
    engine
        .generate(request, CancellationToken::new())
        .await
        .unwrap()
        .complete()
        .await
        .unwrap();
    let (key, body) = script.asked.lock().unwrap().pop().unwrap();
    assert_eq!(key.as_deref(), Some("Bearer secret"));
    assert_eq!(
        body,
        json!({
            "model": "theirs", "messages": [{"role": "user", "content": "hi"}], "stream": true, "temperature": 0.5,
            "stream_options": {"include_usage": true, "continuous_usage_stats": true},
            "max_completion_tokens": 20, "user": "u",
        })
    );
    assert!(!format!("{engine:?}").contains("secret"));
}

#[tokio::test]
async fn running_usage_is_metered_piece_by_piece() {
    let counted = |content: &str, output: u64| {
        let usage =
            json!({"prompt_tokens": 9, "completion_tokens": output, "total_tokens": 9 + output});
        format!(
            "data: {}\n\n",
            json!({"id": "x", "choices": [{"delta": {"content": content}}], "usage": usage})
        )
    };
    let last = "data: {\"id\":\"x\",\"choices\":[{\"delta\":{},\"finish_reason\":\"length\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":5}}\n\n";
    let script = Script::stream(&[
        counted("a", 2).as_bytes(),
        counted("b", 3).as_bytes(),
        last.as_bytes(),
    ]);
    let engine = script.engine(|config| config.continuous_usage = true).await;
    let stream = engine
        .generate(GenerateRequest::new(ask()), CancellationToken::new())
        .await
        .unwrap();
    let events: Vec<Event> = stream.map(Result::unwrap).collect().await;
    assert!(matches!(events[0], Event::Started { input_tokens } if input_tokens.get() == 9));
    let counts: Vec<u64> = events
        .iter()
        .filter_map(|event| match event {
            Event::Delta(delta) => Some(delta.output_tokens.get()),
            _ => None,
        })
        .collect();
    assert_eq!(counts, [2, 1, 2]);
    let Some(Event::Finished(finish)) = events.last() else {
        panic!("the last event finishes")
    };
    assert_eq!(finish.usage.output.get(), 5);
}

#[tokio::test]
async fn an_answer_that_cannot_be_billed_truthfully_is_an_error() {
    let without = [text("a").as_str(), STOP, DONE].concat();
    assert!(matches!(
        answer(&Script::stream(&[without.as_bytes()])).await,
        Err(EngineError::NoUsage)
    ));
    for (prompt, completion) in [(3, 5_000), (1_000, 2), (u64::MAX, 2), (3, u64::MAX)] {
        let usage = json!({"id": "x", "choices": [], "usage": {"prompt_tokens": prompt, "completion_tokens": completion}});
        let body = format!("{}{STOP}data: {usage}\n\n{DONE}", text("a"));
        let result = answer(&Script::stream(&[body.as_bytes()])).await;
        assert!(
            matches!(result, Err(EngineError::Malformed { .. })),
            "{prompt} {completion} {result:?}"
        );
    }
    let twice = [
        text("a").as_str(),
        USAGE,
        &USAGE.replace("\":2", "\":1"),
        STOP,
        DONE,
    ]
    .concat();
    assert!(matches!(
        answer(&Script::stream(&[twice.as_bytes()])).await,
        Err(EngineError::Malformed { .. })
    ));
}

#[tokio::test]
async fn garbage_is_malformed_and_a_break_is_unavailable() {
    let huge = vec![b'x'; 20_000];
    let long = text(&"y".repeat(5_000)).repeat(40);
    for body in [
        &b"data: {\"id\"\n\n"[..],
        b"data: not json\n\n",
        b"data: {}\n\n",
        b"data: \xff\xfe\n\n",
        &huge,
        long.as_bytes(),
        b"data: {\"id\":\"x\",\"choices\":[{\"index\":1,\"delta\":{\"content\":\"b\"}}]}\n\n",
        [text("a").as_str(), STOP, &text("more")]
            .concat()
            .as_bytes(),
    ] {
        let result = answer(&Script::stream(&[body])).await;
        assert!(
            matches!(result, Err(EngineError::Malformed { .. })),
            "{result:?}"
        );
    }
    let not_a_stream = Script {
        content_type: "application/json",
        ..Script::stream(&[b"{}"])
    };
    assert!(matches!(
        answer(&not_a_stream).await,
        Err(EngineError::Malformed { .. })
    ));
    for body in [
        String::new(),
        text("a"),
        "data: {\"error\":{\"message\":\"out of memory\"}}\n\n".to_owned(),
    ] {
        let result = answer(&Script::stream(&[body.as_bytes()])).await;
        assert!(
            matches!(result, Err(EngineError::Unavailable { .. })),
            "{result:?}"
        );
    }
}

#[tokio::test]
async fn error_statuses_say_who_must_act() {
    let refused = r#"{"error":{"message":"bad temperature","type":"invalid_request_error","param":"temperature"}}"#;
    match answer(&Script::error(400, refused)).await {
        Err(EngineError::Invalid { param, reason }) => {
            assert_eq!(
                (param.as_str(), reason.as_str()),
                ("temperature", "bad temperature")
            );
        }
        other => panic!("{other:?}"),
    }
    let endless = Script::error(422, &"z".repeat(200_000));
    assert!(matches!(
        answer(&endless).await,
        Err(EngineError::Invalid { .. })
    ));
    for (status, expected) in [
        (401, "refused"),
        (404, "refused"),
        (302, "refused"),
        (429, "overloaded"),
        (503, "overloaded"),
        (500, "unavailable"),
        (504, "unavailable"),
    ] {
        let result = answer(&Script::error(status, "{}")).await;
        let found = match &result {
            Err(EngineError::Refused { .. }) => "refused",
            Err(EngineError::UpstreamOverloaded { .. }) => "overloaded",
            Err(EngineError::Unavailable { .. }) => "unavailable",
            _ => "something else",
        };
        assert_eq!(found, expected, "{status} {result:?}");
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_left_after_the_idle_time_and_at_once_when_cancelled() {
    let script = Script::stream(&[text("a").as_bytes()]).then_hangs();
    let short = UpstreamLimits {
        idle: Duration::from_millis(50),
        ..UpstreamLimits::default()
    };
    let engine = script.engine(|config| config.limits = short).await;
    let stream = engine
        .generate(GenerateRequest::new(ask()), CancellationToken::new())
        .await
        .unwrap();
    assert!(matches!(
        stream.complete().await,
        Err(EngineError::TimedOut { .. })
    ));

    let engine = script.engine(|_| {}).await;
    let cancel = CancellationToken::new();
    let mut stream = engine
        .generate(GenerateRequest::new(ask()), cancel.clone())
        .await
        .unwrap();
    assert!(matches!(
        stream.next().await,
        Some(Ok(Event::Started { .. }))
    ));
    assert!(matches!(stream.next().await, Some(Ok(Event::Delta(_)))));
    cancel.cancel();
    assert!(matches!(
        stream.next().await,
        Some(Err(EngineError::Cancelled))
    ));
}

#[tokio::test]
async fn nobody_at_the_port_is_unavailable() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let engine = UpstreamEngine::new(UpstreamConfig::new(
        format!("http://{address}/v1"),
        vec![model()],
    ))
    .unwrap();
    let result = engine
        .generate(GenerateRequest::new(ask()), CancellationToken::new())
        .await;
    assert!(
        matches!(result, Err(EngineError::Unavailable { .. })),
        "{result:?}"
    );
}

#[test]
fn a_configuration_that_cannot_work_is_refused() {
    for url in ["", "127.0.0.1:8000", "ftp://host/v1", "http://"] {
        let error = UpstreamEngine::new(UpstreamConfig::new(url, vec![model()])).unwrap_err();
        assert!(matches!(error, UpstreamConfigError::Url(_)), "{url}");
    }
    let error =
        UpstreamEngine::new(UpstreamConfig::new("http://127.0.0.1/v1", Vec::new())).unwrap_err();
    assert!(matches!(error, UpstreamConfigError::NoModels));
}

#[tokio::test]
async fn the_prompts_bound_is_never_below_its_bytes() {
    let engine = Script::stream(&[]).engine(|_| {}).await;
    let mut chat = ask();
    chat.messages
        .push(Message::text(Role::User, "x".repeat(1_000)));
    assert!(engine.count_prompt(&chat).unwrap().get() >= 1_002);
    chat.model = "theirs".to_owned();
    assert!(matches!(
        engine.count_prompt(&chat),
        Err(EngineError::UnknownModel { .. })
    ));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_make_it_panic_or_succeed(garbage in prop::collection::vec(any::<u8>(), 0..200), events in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let mut body = if events { b"data: ".to_vec() } else { Vec::new() };
        body.extend(garbage);
        body.extend(b"\n\n");
        let result = runtime.block_on(answer(&Script::stream(&[&body])));
        prop_assert!(result.is_err());
    }
}
