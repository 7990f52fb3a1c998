use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use atoma_protocol::money::{Amount, TokenCount, Tokens};
use axum::{
    body::{Body, to_bytes},
    http::{Request, StatusCode, header},
    response::Response,
};
use tower::ServiceExt;

use super::*;
use crate::{
    answer::{Charge, OnDrop, Piece, answer},
    api_key::Entry,
};

const KEY: &str = "sk-atoma-test";

#[derive(Default)]
struct Scripted {
    answers: Mutex<VecDeque<Result<Vec<Piece>, ApiError>>>,
    cancelled: Arc<AtomicUsize>,
    asked: Mutex<Vec<ChatRequest>>,
}

#[async_trait]
impl Backend for Scripted {
    fn models(&self) -> Vec<Model> {
        vec![Model::new("m/one", 0, "atoma")]
    }

    fn nodes(&self) -> usize {
        2
    }

    async fn complete(&self, request: ChatRequest) -> Result<Answer, ApiError> {
        self.asked.lock().unwrap().push(request);
        let pieces = self.answers.lock().unwrap().pop_front().unwrap()?;
        let cancelled = self.cancelled.clone();
        let (sender, answer) = answer(RequestId::new([7; 32]));
        let answer = answer.holding(OnDrop::new(move || {
            cancelled.fetch_add(1, Ordering::SeqCst);
        }));
        for piece in pieces {
            sender.try_send(piece).unwrap();
        }
        Ok(answer)
    }

    fn receipts(
        &self,
        request: RequestId,
        settled: Option<u64>,
    ) -> Result<Option<Value>, ApiError> {
        let known = request == RequestId::new([7; 32]);
        Ok(known.then(|| json!({ "request": request, "settled": settled })))
    }
}

fn json(text: &str) -> Piece {
    let json = format!(
        r#"{{"id":"x","created":1,"model":"m/one","choices":[{{"index":0,"delta":{{"content":"{text}"}}}}]}}"#
    );
    Piece::Json(json.into())
}

fn done() -> Piece {
    let tokens = TokenCount::new(Tokens::new(3).unwrap(), Tokens::new(2).unwrap());
    Piece::Done(Charge {
        tokens,
        fee: Amount(1),
    })
}

fn door(answers: Vec<Result<Vec<Piece>, ApiError>>) -> (Router, Arc<Scripted>) {
    let backend = Arc::new(Scripted {
        answers: Mutex::new(answers.into()),
        ..Scripted::default()
    });
    let keys = ApiKeys::new([Entry::new("test", &KEY.into())]);
    let router = router(
        Env::system(),
        Arc::new(keys),
        RequestLimits::default(),
        backend.clone(),
    );
    (router, backend)
}

fn chat(body: impl Into<Body>) -> Request<Body> {
    Request::post("/v1/chat/completions")
        .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

fn body(stream: bool) -> String {
    format!(
        r#"{{"model":"m/one","messages":[{{"role":"user","content":"hi"}}],"stream":{stream}}}"#
    )
}

async fn text(response: Response) -> String {
    String::from_utf8(
        to_bytes(response.into_body(), 1 << 20)
            .await
            .unwrap()
            .to_vec(),
    )
    .unwrap()
}

async fn error(response: Response) -> (StatusCode, String) {
    let status = response.status();
    let body: Value = serde_json::from_str(&text(response).await).unwrap();
    assert!(body["error"]["message"].is_string(), "{body}");
    (
        status,
        body["error"]["code"]
            .as_str()
            .unwrap_or_default()
            .to_owned(),
    )
}

#[tokio::test]
async fn a_stream_passes_pieces_on_and_ends_with_done() {
    let (door, _) = door(vec![Ok(vec![json("a"), json("b"), done()])]);
    let response = door.oneshot(chat(body(true))).await.unwrap();
    assert_eq!(
        response.headers()[header::CONTENT_TYPE],
        "text/event-stream"
    );
    let text = text(response).await;
    let events: Vec<_> = text.split("\n\n").collect();
    assert_eq!(events.len(), 4);
    assert!(events[0].starts_with("data: {\"id\":\"x\""));
    assert_eq!(events[2..], ["data: [DONE]", ""]);
}

#[tokio::test]
async fn a_whole_answer_carries_the_usage_of_its_receipts() {
    let (door, backend) = door(vec![Ok(vec![json("Hel"), json("lo"), done()])]);
    let response = door.oneshot(chat(body(false))).await.unwrap();
    let whole: Value = serde_json::from_str(&text(response).await).unwrap();
    assert_eq!(whole["choices"][0]["message"]["content"], "Hello");
    assert_eq!(whole["usage"]["prompt_tokens"], 3);
    assert_eq!(whole["usage"]["completion_tokens"], 2);
    assert!(backend.asked.lock().unwrap()[0].wants_stream());
}

#[tokio::test]
async fn a_node_that_fails_midway_gives_an_error_and_no_done() {
    let failed = || vec![json("a"), Piece::Failed(ApiError::upstream_failed("gone"))];
    let (door, _) = door(vec![Ok(failed()), Ok(failed()), Ok(vec![json("a")])]);
    let streamed = text(door.clone().oneshot(chat(body(true))).await.unwrap()).await;
    assert!(streamed.contains("\"error\"") && !streamed.contains("[DONE]"));
    let whole = door.clone().oneshot(chat(body(false))).await.unwrap();
    assert_eq!(error(whole).await.0, StatusCode::BAD_GATEWAY);
    let vanished = text(door.oneshot(chat(body(true))).await.unwrap()).await;
    assert!(vanished.contains("\"error\"") && !vanished.contains("[DONE]"));
}

#[tokio::test]
async fn a_client_that_leaves_cancels_its_request() {
    let (door, backend) = door(vec![Ok(vec![json("a")])]);
    let response = door.oneshot(chat(body(true))).await.unwrap();
    assert_eq!(backend.cancelled.load(Ordering::SeqCst), 0);
    drop(response);
    assert_eq!(backend.cancelled.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn mistakes_get_errors_of_the_api_s_shape() {
    let (door, _) = door(vec![Err(ApiError::model_not_found("nope"))]);
    let ask =
        async |request: Request<Body>| error(door.clone().oneshot(request).await.unwrap()).await;
    let wrong_key = Request::get("/v1/models")
        .header(header::AUTHORIZATION, "Bearer sk-other")
        .body(Body::empty())
        .unwrap();
    assert_eq!(
        ask(wrong_key).await,
        (StatusCode::UNAUTHORIZED, "invalid_api_key".into())
    );
    let no_key = Request::get("/v1/models").body(Body::empty()).unwrap();
    assert_eq!(ask(no_key).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(ask(chat("{")).await.0, StatusCode::BAD_REQUEST);
    let huge = " ".repeat(MAX_BODY_BYTES + 1);
    assert_eq!(
        ask(chat(huge)).await,
        (StatusCode::PAYLOAD_TOO_LARGE, "request_too_large".into())
    );
    assert_eq!(
        ask(chat(body(true))).await,
        (StatusCode::NOT_FOUND, "model_not_found".into())
    );
    let path = Request::get("/v1/nothing").body(Body::empty()).unwrap();
    assert_eq!(
        ask(path).await,
        (StatusCode::NOT_FOUND, "unknown_url".into())
    );
    let method = Request::get("/v1/chat/completions")
        .body(Body::empty())
        .unwrap();
    assert_eq!(ask(method).await.0, StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn models_are_listed_and_found_by_names_with_slashes() {
    let (door, _) = door(Vec::new());
    let get = |path: &str| {
        Request::get(path)
            .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
            .body(Body::empty())
            .unwrap()
    };
    let list = text(door.clone().oneshot(get("/v1/models")).await.unwrap()).await;
    assert!(list.contains("\"m/one\""));
    let one = door.clone().oneshot(get("/v1/models/m/one")).await.unwrap();
    assert_eq!(one.status(), StatusCode::OK);
    let other = door.oneshot(get("/v1/models/other")).await.unwrap();
    assert_eq!(
        error(other).await,
        (StatusCode::NOT_FOUND, "model_not_found".into())
    );
}

#[tokio::test]
async fn receipts_are_asked_for_with_the_count_of_a_settled_statement() {
    let (door, _) = door(Vec::new());
    let request = RequestId::new([7; 32]);
    let get = async |query: &str| {
        let request = Request::get(format!("/v1/receipts/{request}{query}"))
            .header(header::AUTHORIZATION, format!("Bearer {KEY}"))
            .body(Body::empty())
            .unwrap();
        door.clone().oneshot(request).await.unwrap()
    };
    for (query, settled) in [("", Value::Null), ("?receipts=3", Value::from(3))] {
        let found: Value = serde_json::from_str(&text(get(query).await).await).unwrap();
        assert_eq!(found["settled"], settled);
    }
    for query in ["?receipts=-1", "?receipts=many"] {
        assert_eq!(error(get(query).await).await.0, StatusCode::BAD_REQUEST);
    }
}
