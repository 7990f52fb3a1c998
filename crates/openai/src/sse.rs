//! Framing of server-sent events, as the OpenAI API streams them.
//!
//! A stream is a row of `data: {json}\n\n` events that ends with `data: [DONE]\n\n`. [`event`] and [`DONE`] write it,
//! [`EventDecoder`] reads it from pieces of any size.

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;

/// The media type of a stream of events.
pub const EVENT_STREAM: &str = "text/event-stream";
/// The event that ends a stream.
pub const DONE: &[u8] = b"data: [DONE]\n\n";
/// The data of the event that ends a stream.
pub const DONE_DATA: &str = "[DONE]";
/// A comment, which readers skip; sent while there is nothing to say, so that idle connections stay open.
pub const KEEP_ALIVE: &[u8] = b": keep-alive\n\n";
/// The default limit of one event, in bytes, in [`EventDecoder`].
pub const MAX_EVENT_BYTES: usize = 1 << 20;

/// Frames a value as one event.
///
/// # Errors
/// The value cannot be written as JSON (a map with keys that are not strings).
pub fn event<T: Serialize + ?Sized>(value: &T) -> Result<Bytes, serde_json::Error> {
    /// Room for a usual chunk, in bytes.
    const USUAL_EVENT_BYTES: usize = 256;
    let mut writer = BytesMut::with_capacity(USUAL_EVENT_BYTES).writer();
    let prefix: &[u8] = b"data: ";
    writer.get_mut().put_slice(prefix);
    serde_json::to_writer(&mut writer, value)?;
    let mut framed = writer.into_inner();
    framed.put_slice(b"\n\n");
    Ok(framed.freeze())
}

/// An event that was read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Event {
    /// The event's name, empty if it has none.
    pub name: String,
    /// The event's data: its `data` lines, joined by line feeds.
    pub data: String,
}

/// Why a stream of events could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SseError {
    /// An event is longer than the decoder's limit.
    #[error("an event is longer than {limit_bytes} bytes")]
    EventTooLong {
        /// The limit.
        limit_bytes: usize,
    },
    /// An event is not UTF-8.
    #[error("an event is not valid UTF-8")]
    NotUtf8,
}

/// Reads events out of a byte stream that is cut anywhere.
///
/// It holds at most one unfinished event, which may not be longer than the limit.
#[derive(Debug)]
pub struct EventDecoder {
    limit_bytes: usize,
    line: Vec<u8>,
    name: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    after_carriage_return: bool,
    at_start: bool,
}

impl Default for EventDecoder {
    fn default() -> Self {
        Self::with_limit(MAX_EVENT_BYTES)
    }
}

impl EventDecoder {
    /// Makes a decoder for events of at most this many bytes.
    #[must_use]
    pub fn with_limit(limit_bytes: usize) -> Self {
        Self {
            limit_bytes,
            line: Vec::new(),
            name: Vec::new(),
            data: Vec::new(),
            has_data: false,
            after_carriage_return: false,
            at_start: true,
        }
    }

    /// Takes the next bytes and returns the events they complete.
    ///
    /// # Errors
    /// [`SseError`]; the stream is of no use after that.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<Event>, SseError> {
        let mut events = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            if std::mem::take(&mut self.after_carriage_return) && rest[0] == b'\n' {
                rest = &rest[1..];
                continue;
            }
            let Some(end) = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')) else {
                self.extend_line(rest)?;
                break;
            };
            self.extend_line(&rest[..end])?;
            self.after_carriage_return = rest[end] == b'\r';
            rest = &rest[end + 1..];
            events.extend(self.end_line()?);
        }
        Ok(events)
    }

    /// Ends the stream and returns an event that had all its lines but lacked the closing empty one.
    ///
    /// # Errors
    /// [`SseError`] if that event is not UTF-8 or too long.
    pub fn finish(mut self) -> Result<Option<Event>, SseError> {
        if !self.line.is_empty() {
            self.end_line()?;
        }
        self.end_event()
    }

    fn extend_line(&mut self, piece: &[u8]) -> Result<(), SseError> {
        let held = self
            .line
            .len()
            .saturating_add(self.data.len())
            .saturating_add(self.name.len());
        if held.saturating_add(piece.len()) > self.limit_bytes {
            return Err(SseError::EventTooLong {
                limit_bytes: self.limit_bytes,
            });
        }
        self.line.extend_from_slice(piece);
        Ok(())
    }

    fn end_line(&mut self) -> Result<Option<Event>, SseError> {
        const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
        let line = std::mem::take(&mut self.line);
        let line = match line.strip_prefix(BYTE_ORDER_MARK) {
            Some(stripped) if self.at_start => stripped,
            _ => &line[..],
        };
        self.at_start = false;
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = match line.iter().position(|byte| *byte == b':') {
            Some(colon) => (
                &line[..colon],
                line[colon + 1..]
                    .strip_prefix(b" ")
                    .unwrap_or(&line[colon + 1..]),
            ),
            None => (line, &line[line.len()..]),
        };
        match field {
            b"data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
            }
            b"event" => self.name = value.to_vec(),
            _ => {}
        }
        Ok(None)
    }

    fn end_event(&mut self) -> Result<Option<Event>, SseError> {
        let name = std::mem::take(&mut self.name);
        let data = std::mem::take(&mut self.data);
        if !std::mem::take(&mut self.has_data) {
            return Ok(None);
        }
        Ok(Some(Event {
            name: String::from_utf8(name).map_err(|_| SseError::NotUtf8)?,
            data: String::from_utf8(data).map_err(|_| SseError::NotUtf8)?,
        }))
    }
}

#[cfg(test)]
mod tests;
