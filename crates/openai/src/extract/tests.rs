use axum::Router;
use axum::body::Body;
use axum::extract::DefaultBodyLimit;
use axum::routing::post;
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use tower::ServiceExt;

use super::OpenAiJson;
use crate::ChatRequest;

/// The body limit of the router under test, in bytes.
const LIMIT_BYTES: usize = 1_000;

async fn check(
    content_type: Option<&str>,
    body: Body,
    status: StatusCode,
    code: &str,
    param: Option<&str>,
) {
    let router = Router::new()
        .route(
            "/",
            post(async |OpenAiJson(request): OpenAiJson<ChatRequest>| request.model),
        )
        .layer(DefaultBodyLimit::max(LIMIT_BYTES));
    let mut request = Request::post("/");
    if let Some(content_type) = content_type {
        request = request.header("content-type", content_type);
    }
    let response = router.oneshot(request.body(body).unwrap()).await.unwrap();
    assert_eq!(response.status(), status);
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    let body: Value = serde_json::from_slice(&bytes).expect("an error body is JSON");
    assert_eq!(body["error"]["code"], code, "{body}");
    assert_eq!(body["error"]["param"].as_str(), param, "{body}");
    assert_eq!(body["error"]["type"], "invalid_request_error");
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn broken_bodies_get_the_openai_shape() {
    let bad = StatusCode::BAD_REQUEST;
    check(JSON, Body::from("{\"model\": "), bad, "invalid_json", None).await;
    check(JSON, Body::empty(), bad, "invalid_json", None).await;
    check(JSON, Body::from("\u{0}\u{1}"), bad, "invalid_json", None).await;
    check(
        JSON,
        Body::from(vec![b'{', b'"', 0xff, b'"']),
        bad,
        "invalid_json",
        None,
    )
    .await;
    check(
        JSON,
        Body::from(format!("{{\"x\":{}", "[".repeat(900))),
        bad,
        "invalid_json",
        None,
    )
    .await;
    check(
        JSON,
        Body::from("{\"model\":\"m\",\"messages\":[]} trailing"),
        bad,
        "invalid_json",
        None,
    )
    .await;
    check(
        JSON,
        Body::from("{\"messages\":[]}"),
        bad,
        "invalid_request",
        None,
    )
    .await;
    check(
        JSON,
        Body::from("{\"model\":1,\"messages\":[]}"),
        bad,
        "invalid_value",
        Some("model"),
    )
    .await;
    check(
        JSON,
        Body::from("{\"model\":\"m\",\"messages\":[],\"n\":-1}"),
        bad,
        "invalid_value",
        Some("n"),
    )
    .await;
    let role = "{\"model\":\"m\",\"messages\":[{\"role\":\"king\",\"content\":\"x\"}]}";
    check(
        JSON,
        Body::from(role),
        bad,
        "invalid_value",
        Some("messages[0].role"),
    )
    .await;
}

#[tokio::test]
async fn a_body_that_is_not_said_to_be_json_is_refused() {
    let code = "unsupported_media_type";
    check(
        None,
        Body::from("{}"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code,
        None,
    )
    .await;
    check(
        Some("text/plain"),
        Body::from("{}"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        code,
        None,
    )
    .await;
}

#[tokio::test]
async fn a_body_over_the_limit_is_413_with_and_without_a_declared_length() {
    let whole = Body::from(vec![b' '; LIMIT_BYTES + 1]);
    check(
        JSON,
        whole,
        StatusCode::PAYLOAD_TOO_LARGE,
        "request_too_large",
        None,
    )
    .await;
    let endless =
        futures::stream::repeat_with(|| Ok::<_, std::convert::Infallible>(" ".repeat(64)));
    let streamed = Body::from_stream(endless);
    check(
        JSON,
        streamed,
        StatusCode::PAYLOAD_TOO_LARGE,
        "request_too_large",
        None,
    )
    .await;
}

#[tokio::test]
async fn a_good_body_passes_with_any_json_media_type() {
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "application/vnd.x+json",
    ] {
        let router = Router::new().route(
            "/",
            post(async |OpenAiJson(request): OpenAiJson<ChatRequest>| request.model),
        );
        let request = Request::post("/")
            .header("content-type", content_type)
            .body(Body::from("{\"model\":\"m\",\"messages\":[]}"))
            .unwrap();
        let response = router.oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(
            &response.into_body().collect().await.unwrap().to_bytes()[..],
            b"m"
        );
    }
}
