use serde_json::{Value, json};

use super::{ChatChunk, ChatRequest, ChatResponse, Choice, ChunkChoice, FinishReason, Role};
use crate::Usage;

fn round_trip<T: serde::de::DeserializeOwned + serde::Serialize>(value: &Value) -> T {
    let parsed: T = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&parsed).unwrap(), value);
    parsed
}

#[test]
fn a_request_keeps_every_field_it_does_not_know() {
    let request: ChatRequest = round_trip(&json!({
        "model": "m",
        "messages": [
            {"role": "developer", "content": "be brief"},
            {"role": "user", "name": "ada", "content": [
                {"type": "text", "text": "what is "},
                {"type": "text", "text": "this?", "cache_control": {"type": "ephemeral"}},
            ]},
            {"role": "assistant", "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "f", "arguments": "{}"}}]},
            {"role": "tool", "tool_call_id": "c1", "content": "42", "weird": true},
        ],
        "max_tokens": 7, "max_completion_tokens": 9, "temperature": 0.5, "seed": -3, "stop": ["a"],
        "stream": true, "stream_options": {"include_usage": true, "x": 1},
        "tools": [{"type": "function"}], "tool_choice": "auto", "response_format": {"type": "text"},
        "logprobs": true, "top_logprobs": 2, "user": "u", "metadata": {"a": ["b", null]},
    }));
    assert_eq!(request.output_token_limit(), Some(9));
    assert!(request.wants_stream() && request.wants_stream_usage());
    assert_eq!(request.stop_sequences(), ["a"]);
    assert_eq!(request.choices(), 1);
    assert_eq!(request.messages[1].joined_text().unwrap(), "what is this?");
    assert_eq!(request.messages[2].joined_text().unwrap(), "");
    assert_eq!(request.extra["user"], "u");
}

#[test]
fn an_image_is_not_text() {
    let request: ChatRequest = round_trip(&json!({"model": "m", "messages": [
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "data:"}}]},
    ]}));
    assert_eq!(
        request.messages[0].joined_text().unwrap_err().kind,
        "image_url"
    );
}

#[test]
fn a_response_has_the_fields_an_sdk_reads() {
    let choice = Choice::assistant("Paris", FinishReason::Stop);
    let response = ChatResponse::new("chatcmpl-1", 1_700_000_000, "m", choice, Usage::new(3, 2));
    assert_eq!(
        serde_json::to_value(&response).unwrap(),
        json!({
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": "m",
            "choices": [{
                "index": 0, "message": {"role": "assistant", "content": "Paris"},
                "logprobs": null, "finish_reason": "stop",
            }],
            "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5},
        })
    );
}

#[test]
fn chunks_open_add_text_close_and_carry_usage() {
    let chunk = || ChatChunk::new("chatcmpl-1", 1, "m");
    let text = serde_json::to_value(chunk().with_choice(ChunkChoice::text("Pa"))).unwrap();
    assert_eq!(
        text,
        json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m",
            "choices": [{"index": 0, "delta": {"content": "Pa"}, "logprobs": null, "finish_reason": null}],
        })
    );
    let opening = serde_json::to_value(ChunkChoice::opening()).unwrap();
    assert_eq!(
        opening["delta"],
        json!({"role": "assistant", "content": ""})
    );
    let closing = serde_json::to_value(ChunkChoice::closing(FinishReason::Length)).unwrap();
    assert_eq!(closing["finish_reason"], "length");
    let usage = serde_json::to_value(chunk().with_usage(Usage::new(1, 2))).unwrap();
    assert_eq!(usage["choices"], json!([]));
    assert_eq!(usage["usage"]["total_tokens"], 3);
}

#[test]
fn chunks_of_other_servers_are_read_leniently() {
    let chunk: ChatChunk = serde_json::from_value(json!({
        "id": "x", "choices": [{"delta": {"role": "assistant", "reasoning_content": "hm"}, "finish_reason": "eos"}],
    }))
    .unwrap();
    let choice = &chunk.choices[0];
    assert_eq!(choice.delta.role, Some(Role::Assistant));
    assert_eq!(choice.delta.extra["reasoning_content"], "hm");
    assert_eq!(
        choice.finish_reason,
        Some(FinishReason::Other("eos".to_owned()))
    );
}
