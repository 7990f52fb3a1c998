//! Typed access to a GGUF file's values.

use candle_core::quantized::gguf_file::{Content, Value};

use crate::load::LoadError;

/// A GGUF file's values, read by key and type.
#[derive(Debug, Clone, Copy)]
pub struct Metadata<'a> {
    content: &'a Content,
}

impl<'a> Metadata<'a> {
    /// The values of this file.
    #[must_use]
    pub fn new(content: &'a Content) -> Self {
        Self { content }
    }

    /// A text.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn text(&self, key: &str) -> Result<&'a str, LoadError> {
        self.optional_text(key)?
            .ok_or_else(|| LoadError::missing(key))
    }

    /// A text, if it is there.
    ///
    /// # Errors
    /// It is of another type.
    pub fn optional_text(&self, key: &str) -> Result<Option<&'a str>, LoadError> {
        match self.content.metadata.get(key) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(LoadError::bad_value(key, "it is not a text")),
        }
    }

    /// A size.
    ///
    /// # Errors
    /// It is missing, of another type, or negative.
    pub fn size(&self, key: &str) -> Result<usize, LoadError> {
        self.optional_size(key)?
            .ok_or_else(|| LoadError::missing(key))
    }

    /// A size, if it is there.
    ///
    /// # Errors
    /// It is of another type, or negative.
    pub fn optional_size(&self, key: &str) -> Result<Option<usize>, LoadError> {
        let Some(value) = self.content.metadata.get(key) else {
            return Ok(None);
        };
        let number = integer(value).and_then(|number| usize::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| LoadError::bad_value(key, "it is not a size"))
    }

    /// A token's number, if it is there.
    ///
    /// # Errors
    /// It is of another type, or no 32-bit number.
    pub fn optional_token(&self, key: &str) -> Result<Option<u32>, LoadError> {
        let Some(value) = self.content.metadata.get(key) else {
            return Ok(None);
        };
        let number = integer(value).and_then(|number| u32::try_from(number).ok());
        number
            .map(Some)
            .ok_or_else(|| LoadError::bad_value(key, "it is not a token"))
    }

    /// A fraction.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn float(&self, key: &str) -> Result<f32, LoadError> {
        self.optional_float(key)?
            .ok_or_else(|| LoadError::missing(key))
    }

    /// A fraction, if it is there.
    ///
    /// # Errors
    /// It is of another type.
    pub fn optional_float(&self, key: &str) -> Result<Option<f32>, LoadError> {
        match self.content.metadata.get(key) {
            None => Ok(None),
            Some(Value::F32(number)) => Ok(Some(*number)),
            Some(_) => Err(LoadError::bad_value(key, "it is not a 32-bit fraction")),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// It is missing or of another type.
    pub fn texts(&self, key: &str) -> Result<Vec<&'a str>, LoadError> {
        let text = |value: &'a Value| match value {
            Value::String(text) => Ok(text.as_str()),
            _ => Err(LoadError::bad_value(key, "an entry is not a text")),
        };
        match self.content.metadata.get(key) {
            None => Err(LoadError::missing(key)),
            Some(Value::Array(values)) => values.iter().map(text).collect(),
            Some(_) => Err(LoadError::bad_value(key, "it is not a list")),
        }
    }

    /// A list of numbers; empty if it is not there.
    ///
    /// # Errors
    /// It is of another type.
    pub fn numbers(&self, key: &str) -> Result<Vec<i64>, LoadError> {
        let number = |value: &Value| {
            integer(value).ok_or_else(|| LoadError::bad_value(key, "an entry is not a number"))
        };
        match self.content.metadata.get(key) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => values.iter().map(number).collect(),
            Some(_) => Err(LoadError::bad_value(key, "it is not a list")),
        }
    }
}

fn integer(value: &Value) -> Option<i64> {
    match *value {
        Value::U8(number) => Some(i64::from(number)),
        Value::I8(number) => Some(i64::from(number)),
        Value::U16(number) => Some(i64::from(number)),
        Value::I16(number) => Some(i64::from(number)),
        Value::U32(number) => Some(i64::from(number)),
        Value::I32(number) => Some(i64::from(number)),
        Value::U64(number) => i64::try_from(number).ok(),
        Value::I64(number) => Some(number),
        _ => None,
    }
}
