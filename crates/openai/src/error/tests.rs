use std::time::Duration;

use axum::response::IntoResponse;
use http::StatusCode;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::ApiError;

async fn body_of(error: ApiError) -> (StatusCode, Option<String>, Value) {
    let response = error.into_response();
    assert_eq!(response.headers()[CONTENT_TYPE], "application/json");
    let retry = response
        .headers()
        .get(RETRY_AFTER)
        .map(|value| value.to_str().unwrap().to_owned());
    let status = response.status();
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, retry, serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn an_error_has_all_four_fields_even_when_they_are_null() {
    let (status, retry, body) = body_of(ApiError::invalid_api_key()).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert_eq!(retry, None);
    assert_eq!(
        body,
        json!({"error": {
            "message": "Incorrect API key provided. Send it as `Authorization: Bearer KEY`.",
            "type": "invalid_request_error", "param": null, "code": "invalid_api_key",
        }})
    );
}

#[tokio::test]
async fn an_unknown_model_is_404_and_its_name_is_cut() {
    let (status, _, body) = body_of(ApiError::model_not_found(&"m".repeat(10_000))).await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert_eq!(body["error"]["code"], "model_not_found");
    assert!(body["error"]["message"].as_str().unwrap().len() < 200);
}

#[tokio::test]
async fn retry_after_is_rounded_up_to_whole_seconds() {
    for (wait_ms, header) in [
        (0, "1"),
        (1, "1"),
        (1_000, "1"),
        (1_001, "2"),
        (30_000, "30"),
    ] {
        let (status, retry, _) = body_of(ApiError::rate_limited(
            "slow down",
            Duration::from_millis(wait_ms),
        ))
        .await;
        assert_eq!(status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(retry.as_deref(), Some(header), "{wait_ms} ms");
    }
}
