//! Text to tokens and back, one token at a time.

mod bytes;
mod incremental;

use std::sync::Arc;

use tokenizers::{DecoderWrapper, Tokenizer};

pub use incremental::Incremental;

/// A tokenizer of a model.
#[derive(Debug, Clone)]
pub struct ModelTokenizer {
    tokenizer: Arc<Tokenizer>,
    /// The bytes of every token, where they can be told one by one; special tokens have none.
    table: Option<Arc<Vec<Box<[u8]>>>>,
    size: usize,
}

/// A tokenizer cannot be built or used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct TokenizerError(#[source] tokenizers::Error);

impl TokenizerError {
    pub(crate) fn new(cause: impl Into<tokenizers::Error>) -> Self {
        Self(cause.into())
    }
}

impl ModelTokenizer {
    /// Takes a tokenizer into use.
    ///
    /// # Errors
    /// It has no tokens.
    pub fn new(tokenizer: Tokenizer) -> Result<Self, TokenizerError> {
        let added = tokenizer.get_added_tokens_decoder();
        let vocabulary = tokenizer.get_vocab(true);
        let Some(size) = vocabulary.values().max().map(|last| u64::from(*last) + 1) else {
            return Err(TokenizerError::new("the tokenizer has no tokens"));
        };
        let size = usize::try_from(size).map_err(TokenizerError::new)?;
        // Numbers far above the count of tokens would only waste memory.
        if size > vocabulary.len().saturating_mul(2).saturating_add(1_024) {
            return Err(TokenizerError::new(
                "the tokenizer's numbers have large gaps",
            ));
        }
        let byte_level = matches!(tokenizer.get_decoder(), Some(DecoderWrapper::ByteLevel(_)));
        let table = byte_level.then(|| {
            let mut table = vec![Box::<[u8]>::default(); size];
            for (token, number) in vocabulary {
                let Some(entry) = usize::try_from(number)
                    .ok()
                    .and_then(|number| table.get_mut(number))
                else {
                    continue;
                };
                *entry = match added.get(&number) {
                    Some(added) if added.special => Box::default(),
                    Some(added) => added.content.as_bytes().into(),
                    None => bytes::of_token(&token).into(),
                };
            }
            Arc::new(table)
        });
        Ok(Self {
            tokenizer: Arc::new(tokenizer),
            table,
            size,
        })
    }

    /// The tokens of a text; names of special tokens in it become those tokens, nothing is added.
    ///
    /// # Errors
    /// The text cannot be tokenised.
    pub fn encode(&self, text: &str) -> Result<Vec<u32>, TokenizerError> {
        let encoding = self
            .tokenizer
            .encode_fast(text, false)
            .map_err(TokenizerError)?;
        Ok(encoding.get_ids().to_vec())
    }

    /// The text of tokens, without special ones; bytes that are not UTF-8 are replaced.
    ///
    /// # Errors
    /// The tokens cannot be decoded.
    pub fn decode(&self, tokens: &[u32]) -> Result<String, TokenizerError> {
        if self.table.is_some() {
            let bytes: Vec<u8> = tokens
                .iter()
                .flat_map(|token| self.bytes(*token))
                .copied()
                .collect();
            return Ok(String::from_utf8_lossy(&bytes).into_owned());
        }
        self.tokenizer.decode(tokens, true).map_err(TokenizerError)
    }

    /// Starts decoding token by token.
    #[must_use]
    pub fn incremental(&self) -> Incremental {
        Incremental::new(self.clone())
    }

    /// One more than the highest token.
    #[must_use]
    pub fn size(&self) -> usize {
        self.size
    }

    /// The token of this number as the vocabulary writes it.
    #[must_use]
    pub fn token(&self, number: u32) -> Option<String> {
        self.tokenizer.id_to_token(number)
    }

    /// The number of the special token of this name.
    #[must_use]
    pub fn special(&self, name: &str) -> Option<u32> {
        let number = self.tokenizer.token_to_id(name)?;
        let added = self.tokenizer.get_added_tokens_decoder();
        added
            .get(&number)
            .is_some_and(|token| token.special)
            .then_some(number)
    }

    /// What a token adds to a text, as far as it can be told by itself.
    #[must_use]
    pub fn token_bytes(&self, token: u32) -> Vec<u8> {
        if self.table.is_some() {
            return self.bytes(token).to_vec();
        }
        self.tokenizer
            .decode(&[token], true)
            .map(String::into_bytes)
            .unwrap_or_default()
    }

    fn bytes(&self, token: u32) -> &[u8] {
        let table = self.table.as_deref().map_or(&[][..], Vec::as_slice);
        usize::try_from(token)
            .ok()
            .and_then(|token| table.get(token))
            .map_or(&[], |bytes| bytes)
    }
}

#[cfg(test)]
mod tests;
