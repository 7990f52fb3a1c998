use http::StatusCode;
use serde_json::{Value, json};

use super::{MAX_MESSAGES, MAX_MODEL_NAME_BYTES, RequestLimits};
use crate::ChatRequest;

/// Checks a request that is good but for these fields; `param` is the field at fault, `None` if it passes.
fn check(fields: Value, param: Option<&str>) {
    let mut body = json!({"model": "m", "messages": [{"role": "user", "content": "hi"}]});
    let object = body.as_object_mut().unwrap();
    object.extend(fields.as_object().unwrap().clone());
    let request: ChatRequest = serde_json::from_value(body).unwrap();
    let found = request.validate(&RequestLimits::default()).err();
    assert_eq!(
        found
            .as_ref()
            .and_then(|error| error.detail().param.as_deref()),
        param,
        "{fields}"
    );
    assert!(found.is_none_or(|error| error.status() == StatusCode::BAD_REQUEST));
}

#[test]
fn values_at_the_edges_pass() {
    check(json!({}), None);
    check(
        json!({"temperature": 0, "top_p": 1, "n": 1, "presence_penalty": -2.0}),
        None,
    );
    check(
        json!({"temperature": 2, "top_p": 0.0, "max_tokens": 1, "frequency_penalty": 2}),
        None,
    );
    check(json!({"stop": "END"}), None);
    check(
        json!({"stop": ["a", "b", "c", "d"], "stream": true, "stream_options": {"include_usage": true}}),
        None,
    );
    check(json!({"logprobs": true, "top_logprobs": 20}), None);
    check(
        json!({"temperature": null, "stop": null, "n": null, "stream": null}),
        None,
    );
    check(
        json!({"messages": [{"role": "assistant", "content": null, "tool_calls": []}]}),
        None,
    );
    check(json!({"some_new_field": {"deep": [1, 2]}}), None);
}

#[test]
fn values_beyond_the_edges_are_named() {
    check(json!({"model": ""}), Some("model"));
    check(
        json!({"model": "m".repeat(MAX_MODEL_NAME_BYTES + 1)}),
        Some("model"),
    );
    check(json!({"messages": []}), Some("messages"));
    check(
        json!({"messages": vec![json!({"role": "user", "content": ""}); MAX_MESSAGES + 1]}),
        Some("messages"),
    );
    check(
        json!({"messages": [{"role": "user"}]}),
        Some("messages[0].content"),
    );
    check(
        json!({"messages": [{"role": "user", "content": "", "name": "n".repeat(65)}]}),
        Some("messages[0].name"),
    );
    check(json!({"temperature": 2.1}), Some("temperature"));
    check(json!({"temperature": -0.1}), Some("temperature"));
    check(json!({"top_p": 1.5}), Some("top_p"));
    check(json!({"presence_penalty": 3}), Some("presence_penalty"));
    check(json!({"frequency_penalty": -3}), Some("frequency_penalty"));
    check(json!({"max_tokens": 0}), Some("max_tokens"));
    check(
        json!({"max_completion_tokens": u64::MAX}),
        Some("max_completion_tokens"),
    );
    check(json!({"n": 0}), Some("n"));
    check(json!({"n": 9}), Some("n"));
    check(json!({"stop": ""}), Some("stop"));
    check(json!({"stop": ["a", "b", "c", "d", "e"]}), Some("stop"));
    check(json!({"stop": ["s".repeat(257)]}), Some("stop"));
    check(json!({"top_logprobs": 2}), Some("top_logprobs"));
    check(
        json!({"logprobs": true, "top_logprobs": 21}),
        Some("top_logprobs"),
    );
    check(json!({"stream_options": {}}), Some("stream_options"));
}

#[test]
fn too_much_text_is_413_over_strings_and_parts_together() {
    let limits = RequestLimits {
        max_text_bytes: 10,
        ..RequestLimits::default()
    };
    for (content, passes) in [
        (json!("0123456789"), true),
        (json!("0123456789a"), false),
        (
            json!([{"type": "text", "text": "012345"}, {"type": "text", "text": "6789"}]),
            true,
        ),
        (
            json!([{"type": "text", "text": "012345"}, {"type": "text", "text": "6789a"}]),
            false,
        ),
    ] {
        let body = json!({"model": "m", "messages": [{"role": "user", "content": content}]});
        let request: ChatRequest = serde_json::from_value(body).unwrap();
        let status = request.validate(&limits).map_err(|error| error.status());
        assert_eq!(
            status,
            if passes {
                Ok(())
            } else {
                Err(StatusCode::PAYLOAD_TOO_LARGE)
            }
        );
    }
}
