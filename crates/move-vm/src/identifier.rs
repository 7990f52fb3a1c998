//! Move identifiers: names of modules, types, functions and fields.

use std::borrow::Borrow;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use thiserror::Error;

/// Longest identifier that is accepted, in bytes.
pub const MAX_IDENTIFIER_LENGTH: usize = 128;

/// A valid Move identifier: a letter or `_` (not `_` alone), then letters, digits and `_`.
///
/// Cloning is cheap.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Identifier(Arc<str>);

/// Why a text is not an [`Identifier`].
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("not a Move identifier of at most {MAX_IDENTIFIER_LENGTH} bytes")]
pub struct IdentifierError;

impl Identifier {
    /// Checks and wraps a name.
    ///
    /// # Errors
    /// [`IdentifierError`] when the text is not an identifier.
    pub fn new(text: &str) -> Result<Self, IdentifierError> {
        if is_valid(text) {
            Ok(Self(text.into()))
        } else {
            Err(IdentifierError)
        }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Whether `text` is a valid identifier.
///
/// `<SELF>` is the name that old compilers gave to script modules; it is accepted by the format.
#[must_use]
pub fn is_valid(text: &str) -> bool {
    let bytes = text.as_bytes();
    let Some((&first, rest)) = bytes.split_first() else {
        return false;
    };
    if bytes.len() > MAX_IDENTIFIER_LENGTH {
        return false;
    }
    let head = first.is_ascii_alphabetic() || (first == b'_' && !rest.is_empty());
    let tail = rest
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    (head && tail) || text == "<SELF>"
}

impl Deref for Identifier {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl Borrow<str> for Identifier {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Identifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
