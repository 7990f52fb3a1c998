//! Decoding token by token, whole characters only.

use super::ModelTokenizer;

/// The longest character of UTF-8, in bytes.
const MAX_CHARACTER_BYTES: usize = 4;
/// Tokens that a tokenizer without byte table may need for one character, with its neighbours.
const MAX_WINDOW_TOKENS: usize = 16;

/// Decodes token by token and gives whole characters only.
///
/// All pieces together are the text of all tokens together; bytes that never become a character are replaced.
#[derive(Debug)]
pub struct Incremental {
    tokenizer: ModelTokenizer,
    /// Bytes that may become a character yet.
    pending: Vec<u8>,
    /// Tokens whose text may yet change, and before them some whose text was given, for context.
    window: Vec<u32>,
    /// Tokens of the window whose text was given.
    given: usize,
}

impl Incremental {
    pub(super) fn new(tokenizer: ModelTokenizer) -> Self {
        Self {
            tokenizer,
            pending: Vec::new(),
            window: Vec::new(),
            given: 0,
        }
    }

    /// Takes a token and returns the text that is complete by it.
    pub fn push(&mut self, token: u32) -> String {
        if self.tokenizer.table.is_none() {
            return self.push_by_window(token);
        }
        self.pending.extend_from_slice(self.tokenizer.bytes(token));
        let mut text = String::new();
        loop {
            match std::str::from_utf8(&self.pending) {
                Ok(rest) => {
                    text.push_str(rest);
                    self.pending.clear();
                    return text;
                }
                Err(error) => {
                    let (good, bad) = self.pending.split_at(error.valid_up_to());
                    text.push_str(&String::from_utf8_lossy(good));
                    let Some(broken) = error.error_len() else {
                        debug_assert!(
                            bad.len() < MAX_CHARACTER_BYTES,
                            "an unfinished character is shorter than one"
                        );
                        self.pending = bad.to_vec();
                        return text;
                    };
                    text.push(char::REPLACEMENT_CHARACTER);
                    self.pending = bad[broken..].to_vec();
                }
            }
        }
    }

    /// Ends the text and returns what was left of it.
    pub fn finish(&mut self) -> String {
        if self.tokenizer.table.is_none() {
            return self.give(true);
        }
        let left = std::mem::take(&mut self.pending);
        String::from_utf8_lossy(&left).into_owned()
    }

    /// For tokenizers whose tokens change with their neighbours: decodes the last tokens with and without the new
    /// ones, and gives the difference once it ends in a whole character.
    fn push_by_window(&mut self, token: u32) -> String {
        self.window.push(token);
        let overdue = self.window.len() - self.given >= MAX_WINDOW_TOKENS;
        self.give(overdue)
    }

    fn give(&mut self, even_broken: bool) -> String {
        let before = self
            .tokenizer
            .decode(&self.window[..self.given])
            .unwrap_or_default();
        let after = self.tokenizer.decode(&self.window).unwrap_or_default();
        let unfinished = after.ends_with(char::REPLACEMENT_CHARACTER) && !even_broken;
        if unfinished || after.len() <= before.len() {
            return String::new();
        }
        let text = after.get(before.len()..).unwrap_or_default().to_owned();
        self.window.drain(..self.given);
        self.given = self.window.len();
        text
    }
}
