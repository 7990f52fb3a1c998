//! Limits of a request, checked before any work is done for it.

use std::ops::RangeInclusive;

use crate::{ApiError, ChatRequest, Content, Message};

/// The default of [`RequestLimits::max_messages`].
pub const MAX_MESSAGES: usize = 2_048;
/// The default of [`RequestLimits::max_text_bytes`].
pub const MAX_TEXT_BYTES: usize = 4 << 20;
/// The default of [`RequestLimits::max_choices`].
pub const MAX_CHOICES: u32 = 8;
/// The default of [`RequestLimits::max_stop_sequences`].
pub const MAX_STOP_SEQUENCES: usize = 4;
/// The default of [`RequestLimits::max_stop_bytes`].
pub const MAX_STOP_BYTES: usize = 256;
/// The default of [`RequestLimits::max_output_tokens`].
pub const MAX_OUTPUT_TOKENS: u64 = 1 << 20;
/// The longest name of a model, in bytes.
pub const MAX_MODEL_NAME_BYTES: usize = 256;
/// The longest name of a message's speaker, in bytes.
pub const MAX_SPEAKER_NAME_BYTES: usize = 64;
/// The most alternatives that may be asked for with each log-probability.
pub const MAX_TOP_LOGPROBS: u32 = 20;
/// The allowed temperatures.
pub const TEMPERATURE: RangeInclusive<f64> = 0.0..=2.0;
/// The allowed probability masses.
pub const TOP_P: RangeInclusive<f64> = 0.0..=1.0;
/// The allowed penalties.
pub const PENALTY: RangeInclusive<f64> = -2.0..=2.0;

/// What a request may ask for at most.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLimits {
    /// Messages in one request.
    pub max_messages: usize,
    /// Bytes of text in all messages together.
    pub max_text_bytes: usize,
    /// Answers to one request (`n`).
    pub max_choices: u32,
    /// Stop sequences.
    pub max_stop_sequences: usize,
    /// Bytes of one stop sequence.
    pub max_stop_bytes: usize,
    /// The highest token limit that may be set.
    pub max_output_tokens: u64,
}

impl Default for RequestLimits {
    fn default() -> Self {
        Self {
            max_messages: MAX_MESSAGES,
            max_text_bytes: MAX_TEXT_BYTES,
            max_choices: MAX_CHOICES,
            max_stop_sequences: MAX_STOP_SEQUENCES,
            max_stop_bytes: MAX_STOP_BYTES,
            max_output_tokens: MAX_OUTPUT_TOKENS,
        }
    }
}

impl ChatRequest {
    /// Checks every value of the request.
    ///
    /// # Errors
    /// [`ApiError`] with status 400 (413 for too much text), naming the field at fault in `param`.
    pub fn validate(&self, limits: &RequestLimits) -> Result<(), ApiError> {
        check_model(&self.model)?;
        check_messages(&self.messages, limits)?;
        check_range("temperature", self.temperature, &TEMPERATURE)?;
        check_range("top_p", self.top_p, &TOP_P)?;
        check_range("presence_penalty", self.presence_penalty, &PENALTY)?;
        check_range("frequency_penalty", self.frequency_penalty, &PENALTY)?;
        self.check_counts(limits)?;
        self.check_stop(limits)?;
        self.check_logprobs()?;
        if self.stream_options.is_some() && !self.wants_stream() {
            return Err(invalid(
                "stream_options",
                "is only allowed when `stream` is true",
            ));
        }
        Ok(())
    }

    fn check_counts(&self, limits: &RequestLimits) -> Result<(), ApiError> {
        for (param, limit) in [
            ("max_tokens", self.max_tokens),
            ("max_completion_tokens", self.max_completion_tokens),
        ] {
            match limit {
                Some(tokens) if !(1..=limits.max_output_tokens).contains(&tokens) => {
                    return Err(invalid(
                        param,
                        &format!("must be from 1 to {}", limits.max_output_tokens),
                    ));
                }
                _ => {}
            }
        }
        if !(1..=limits.max_choices).contains(&self.choices()) {
            return Err(invalid(
                "n",
                &format!("must be from 1 to {}", limits.max_choices),
            ));
        }
        Ok(())
    }

    fn check_stop(&self, limits: &RequestLimits) -> Result<(), ApiError> {
        let sequences = self.stop_sequences();
        if sequences.len() > limits.max_stop_sequences {
            return Err(invalid(
                "stop",
                &format!("may have at most {} sequences", limits.max_stop_sequences),
            ));
        }
        if sequences
            .iter()
            .any(|sequence| !(1..=limits.max_stop_bytes).contains(&sequence.len()))
        {
            return Err(invalid(
                "stop",
                &format!(
                    "must have sequences of 1 to {} bytes",
                    limits.max_stop_bytes
                ),
            ));
        }
        Ok(())
    }

    fn check_logprobs(&self) -> Result<(), ApiError> {
        match self.top_logprobs {
            Some(count) if count > MAX_TOP_LOGPROBS => Err(invalid(
                "top_logprobs",
                &format!("must be from 0 to {MAX_TOP_LOGPROBS}"),
            )),
            Some(_) if self.logprobs != Some(true) => Err(invalid(
                "top_logprobs",
                "is only allowed when `logprobs` is true",
            )),
            _ => Ok(()),
        }
    }
}

fn check_model(model: &str) -> Result<(), ApiError> {
    if model.is_empty() {
        return Err(invalid("model", "must not be empty"));
    }
    if model.len() > MAX_MODEL_NAME_BYTES {
        return Err(invalid(
            "model",
            &format!("must have at most {MAX_MODEL_NAME_BYTES} bytes"),
        ));
    }
    Ok(())
}

fn check_messages(messages: &[Message], limits: &RequestLimits) -> Result<(), ApiError> {
    if messages.is_empty() {
        return Err(invalid("messages", "must have at least one message"));
    }
    if messages.len() > limits.max_messages {
        return Err(invalid(
            "messages",
            &format!("may have at most {} messages", limits.max_messages),
        ));
    }
    let mut text_bytes = 0_usize;
    for (index, message) in messages.iter().enumerate() {
        if message
            .name
            .as_ref()
            .is_some_and(|name| name.len() > MAX_SPEAKER_NAME_BYTES)
        {
            let param = format!("messages[{index}].name");
            return Err(invalid(
                &param,
                &format!("must have at most {MAX_SPEAKER_NAME_BYTES} bytes"),
            ));
        }
        if message.content.is_none() && message.tool_calls.is_none() && message.extra.is_empty() {
            return Err(invalid(&format!("messages[{index}].content"), "is missing"));
        }
        text_bytes = text_bytes.saturating_add(message.content.as_ref().map_or(0, text_bytes_of));
    }
    if text_bytes > limits.max_text_bytes {
        let message = format!(
            "The messages may have at most {} bytes of text together.",
            limits.max_text_bytes
        );
        return Err(ApiError::too_large(message).with_param("messages"));
    }
    Ok(())
}

fn text_bytes_of(content: &Content) -> usize {
    match content {
        Content::Text(text) => text.len(),
        Content::Parts(parts) => parts
            .iter()
            .map(|part| part.text.as_ref().map_or(0, String::len))
            .fold(0, usize::saturating_add),
    }
}

fn check_range(
    param: &str,
    value: Option<f64>,
    range: &RangeInclusive<f64>,
) -> Result<(), ApiError> {
    match value {
        Some(value) if !range.contains(&value) => Err(invalid(
            param,
            &format!("must be from {} to {}", range.start(), range.end()),
        )),
        _ => Ok(()),
    }
}

fn invalid(param: &str, rule: &str) -> ApiError {
    ApiError::invalid_value(param, format!("`{param}` {rule}."))
}

#[cfg(test)]
mod tests;
