//! Bounded reading of primitive pieces.

use super::BinaryError;

type Result<T> = std::result::Result<T, BinaryError>;

/// Reads from a slice and never past its end.
#[derive(Debug, Clone)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
    /// Names what is being read, for errors.
    what: &'static str,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8], what: &'static str) -> Self {
        Self { rest: bytes, what }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn remaining(&self) -> &'a [u8] {
        self.rest
    }

    pub(super) fn take(&mut self, length: usize) -> Result<&'a [u8]> {
        let (head, tail) = self
            .rest
            .split_at_checked(length)
            .ok_or(BinaryError::UnexpectedEnd(self.what))?;
        self.rest = tail;
        Ok(head)
    }

    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let (head, tail) = self
            .rest
            .split_first_chunk::<N>()
            .ok_or(BinaryError::UnexpectedEnd(self.what))?;
        self.rest = tail;
        Ok(*head)
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.array::<1>()?[0])
    }

    pub(super) fn u64_le(&mut self) -> Result<u64> {
        Ok(u64::from_le_bytes(self.array()?))
    }

    /// A canonical ULEB128 number of at most `max`.
    pub(super) fn uleb(&mut self, max: u64) -> Result<u64> {
        let out_of_range = BinaryError::OutOfRange(self.what);
        let mut value = 0u64;
        let mut shift = 0u32;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            if shift >= 64 || (bits << shift) >> shift != bits {
                return Err(out_of_range);
            }
            value |= bits << shift;
            if byte & 0x80 == 0 {
                // A last byte of zero would be a second way to write the same number.
                if (byte == 0 && shift > 0) || value > max {
                    return Err(out_of_range);
                }
                return Ok(value);
            }
            shift += 7;
        }
    }

    /// A table index.
    pub(super) fn index(&mut self) -> Result<u16> {
        let value = self.uleb(u64::from(u16::MAX))?;
        u16::try_from(value).map_err(|_| BinaryError::OutOfRange(self.what))
    }

    /// A number that must fit a byte.
    pub(super) fn small(&mut self, max: u8) -> Result<u8> {
        let value = self.uleb(u64::from(max))?;
        u8::try_from(value).map_err(|_| BinaryError::OutOfRange(self.what))
    }

    /// A length of at most `max`.
    pub(super) fn length(&mut self, max: u16) -> Result<usize> {
        Ok(usize::from(
            u16::try_from(self.uleb(u64::from(max))?)
                .map_err(|_| BinaryError::OutOfRange(self.what))?,
        ))
    }

    /// Bytes after their length.
    pub(super) fn blob(&mut self, max: u16) -> Result<&'a [u8]> {
        let length = self.length(max)?;
        self.take(length)
    }
}
