//! 32-byte account and object addresses.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// Number of bytes in an [`Address`].
pub const ADDRESS_LENGTH: usize = 32;

/// A 32-byte address: of an account, an object or a package.
///
/// Prints as `0x` and 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Address(pub [u8; ADDRESS_LENGTH]);

/// Why a text is not an [`Address`].
#[derive(Debug, Error, Clone, PartialEq, Eq)]
#[error("not an address: expected 0x and 1 to 64 hexadecimal digits")]
pub struct AddressParseError;

impl Address {
    /// The all-zero address.
    pub const ZERO: Self = Self([0; ADDRESS_LENGTH]);
    /// Where the Move standard library lives.
    pub const STD: Self = Self::from_suffix(1);
    /// Where Sui's framework lives.
    pub const SUI: Self = Self::from_suffix(2);

    /// Builds an address whose last byte is `suffix`, such as `0x2`.
    #[must_use]
    pub const fn from_suffix(suffix: u8) -> Self {
        let mut bytes = [0; ADDRESS_LENGTH];
        bytes[ADDRESS_LENGTH - 1] = suffix;
        Self(bytes)
    }

    /// Builds an address from exactly 32 bytes; `None` for any other length.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self)
    }

    /// The 32 bytes, big end first.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; ADDRESS_LENGTH] {
        &self.0
    }

    /// Lower-case hexadecimal with neither prefix nor shortening: 64 digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex::encode(self.0)
    }

    /// `0x` and hexadecimal without leading zeros, as people write `0x2`.
    #[must_use]
    pub fn to_short_hex(&self) -> String {
        let digits = self.to_hex();
        let trimmed = digits.trim_start_matches('0');
        format!("0x{}", if trimmed.is_empty() { "0" } else { trimmed })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{}", self.to_hex())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_short_hex())
    }
}

impl From<[u8; ADDRESS_LENGTH]> for Address {
    fn from(bytes: [u8; ADDRESS_LENGTH]) -> Self {
        Self(bytes)
    }
}

impl FromStr for Address {
    type Err = AddressParseError;

    /// Reads 1 to 64 hexadecimal digits after an optional `0x`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text.strip_prefix("0x").unwrap_or(text);
        if digits.is_empty() || digits.len() > 2 * ADDRESS_LENGTH {
            return Err(AddressParseError);
        }
        let mut bytes = [0; ADDRESS_LENGTH];
        let padded = format!("{digits:0>64}");
        hex::decode_to_slice(&padded, &mut bytes).map_err(|_| AddressParseError)?;
        Ok(Self(bytes))
    }
}
