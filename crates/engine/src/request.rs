//! What of a request an engine without tools and formats must refuse.

use atoma_openai::ChatRequest;
use serde_json::Value;

use crate::error::EngineError;

/// Refuses what only engines with tools, formats or several answers can serve.
///
/// Leaving such a field out silently would sell an answer other than the one that was asked for.
///
/// # Errors
/// [`EngineError::Unsupported`], naming the field.
pub fn require_plain_text(request: &ChatRequest) -> Result<(), EngineError> {
    if request.choices() != 1 {
        return Err(EngineError::unsupported(
            "n",
            "this engine makes one answer a request",
        ));
    }
    if request.tools.as_ref().is_some_and(|tools| !is_empty(tools)) {
        return Err(EngineError::unsupported(
            "tools",
            "this engine calls no tools",
        ));
    }
    if request
        .tool_choice
        .as_ref()
        .is_some_and(|choice| !matches!(choice.as_str(), Some("none" | "auto")))
    {
        return Err(EngineError::unsupported(
            "tool_choice",
            "this engine calls no tools",
        ));
    }
    let format = request
        .response_format
        .as_ref()
        .and_then(|format| format.get("type"));
    if format.is_some_and(|kind| kind != "text") {
        return Err(EngineError::unsupported(
            "response_format",
            "this engine writes plain text",
        ));
    }
    Ok(())
}

fn is_empty(value: &Value) -> bool {
    value.is_null() || value.as_array().is_some_and(Vec::is_empty)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{EngineError, require_plain_text};

    #[test]
    fn fields_that_would_change_the_answer_are_refused_by_name() {
        for (fields, refused) in [
            (json!({}), None),
            (
                json!({"tools": [], "tool_choice": "auto", "n": 1, "response_format": {"type": "text"}}),
                None,
            ),
            (json!({"tools": [{}]}), Some("tools")),
            (json!({"tool_choice": "required"}), Some("tool_choice")),
            (json!({"n": 2}), Some("n")),
            (
                json!({"response_format": {"type": "json_object"}}),
                Some("response_format"),
            ),
        ] {
            let mut body = json!({"model": "m", "messages": []});
            body.as_object_mut()
                .unwrap()
                .extend(fields.as_object().unwrap().clone());
            let found = match require_plain_text(&serde_json::from_value(body).unwrap()) {
                Err(EngineError::Unsupported { param, .. }) => Some(param),
                _ => None,
            };
            assert_eq!(found.as_deref(), refused, "{fields}");
        }
    }
}
