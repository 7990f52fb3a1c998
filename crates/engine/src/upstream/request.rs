//! What of a request is passed on to an upstream.

use atoma_openai::chat::StreamOptions;
use atoma_openai::{ChatRequest, RequestLimits};
use serde_json::Value;

use super::config::{UpstreamConfig, UpstreamModel};
use crate::engine::GenerateRequest;
use crate::error::EngineError;

/// The most tokens the upstream may generate for this request.
pub(super) fn output_limit(request: &GenerateRequest, model: &UpstreamModel) -> u64 {
    let context = model.info.context_length.get();
    request.output_limit().unwrap_or(context).min(context)
}

/// The body to send: the caller's request under the server's name of the model, streamed, with usage, within limits,
/// and without fields that are not meant to be passed on.
pub(super) fn pass_on(
    request: &GenerateRequest,
    model: &UpstreamModel,
    config: &UpstreamConfig,
) -> Result<ChatRequest, EngineError> {
    if request.chat.choices() != 1 {
        return Err(EngineError::unsupported(
            "n",
            "this engine makes one answer a request",
        ));
    }
    let mut body = request.chat.clone();
    body.model.clone_from(&model.upstream_name);
    body.stream = Some(true);
    let mut options = StreamOptions {
        include_usage: Some(true),
        ..StreamOptions::default()
    };
    if config.continuous_usage {
        options
            .extra
            .insert("continuous_usage_stats".to_owned(), Value::Bool(true));
    }
    body.stream_options = Some(options);
    if request.output_limit().is_some() {
        let limit = Some(output_limit(request, model).max(1));
        if body.max_completion_tokens.is_some() {
            body.max_tokens = None;
            body.max_completion_tokens = limit;
        } else {
            body.max_tokens = limit;
        }
    }
    let forwarded = |key: &String| config.forwarded_fields.contains(key);
    body.extra.retain(|key, _| forwarded(key));
    let limits = RequestLimits::default();
    body.validate(&RequestLimits {
        max_output_tokens: u64::MAX,
        max_text_bytes: usize::MAX,
        ..limits
    })
    .map_err(|error| {
        let param = error
            .detail()
            .param
            .clone()
            .unwrap_or_else(|| "messages".to_owned());
        EngineError::invalid(param, error.detail().message.clone())
    })?;
    Ok(body)
}
