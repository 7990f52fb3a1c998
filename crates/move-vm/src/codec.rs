//! Values as BCS.

use thiserror::Error;

use crate::layout::TypeLayout;
use crate::value::Value;

/// Deepest nesting of values that is read or written.
pub const MAX_VALUE_DEPTH: usize = 128;

/// Why bytes are not a value, or a value has no bytes.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CodecError {
    /// The bytes end too early.
    #[error("unexpected end of input")]
    UnexpectedEnd,
    /// Bytes are left over.
    #[error("{0} bytes left over")]
    TrailingBytes(usize),
    /// A length or tag is not in its shortest form, or too large.
    #[error("length or tag is not a canonical ULEB128 number below 2^31")]
    BadLength,
    /// A bool that is neither 0 nor 1.
    #[error("bool is neither 0 nor 1")]
    BadBool,
    /// An enum tag without variant.
    #[error("no variant with tag {0}")]
    BadTag(u32),
    /// Nested deeper than [`MAX_VALUE_DEPTH`].
    #[error("nested deeper than {MAX_VALUE_DEPTH}")]
    TooDeep,
    /// The value does not have the shape of the type.
    #[error("value does not have the shape of its type")]
    ShapeMismatch,
}

impl Value {
    /// Reads a value of the given shape from all of `bytes`.
    ///
    /// # Errors
    /// [`CodecError`] unless the bytes are the canonical BCS form of such a value.
    pub fn from_bcs(bytes: &[u8], layout: &TypeLayout) -> Result<Self, CodecError> {
        let _ = (bytes, layout);
        Err(CodecError::ShapeMismatch)
    }

    /// The BCS form of this value.
    ///
    /// # Errors
    /// [`CodecError`] when it has another shape or is nested too deeply.
    pub fn to_bcs(&self, layout: &TypeLayout) -> Result<Vec<u8>, CodecError> {
        let _ = layout;
        Err(CodecError::ShapeMismatch)
    }
}
