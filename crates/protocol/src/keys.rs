//! Ed25519 keys and signatures, checked as Sui checks them.
//!
//! Verification follows ZIP-215, which is what Sui's native does, so that no signature is good here
//! and bad there. ZIP-215 accepts keys of small order, under which one signature fits any message;
//! [`PublicKey`] therefore cannot hold one, and `atoma::message` refuses them too.

use ed25519_zebra::{SigningKey as ZebraSigningKey, VerificationKey};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::ids::ParseIdError;

/// Encodings of the points of small order, sign bit cleared: canonical ones and those off by the
/// field's prime. The same list stands in `atoma::message`.
const SMALL_ORDER_KEYS: [&str; 7] = [
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
];

/// Why bytes are no key, or a signature does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum KeyError {
    /// The bytes encode no point of the curve.
    #[error("not an ed25519 public key")]
    NotAKey,
    /// The key is of small order: one signature under it fits any message.
    #[error("ed25519 public key of small order")]
    SmallOrder,
    /// The signature does not fit key and message.
    #[error("signature does not verify")]
    BadSignature,
    /// Not hexadecimal of the right length.
    #[error(transparent)]
    NotHex(#[from] ParseIdError),
}

/// An ed25519 public key that is not of small order: 32 bytes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey([u8; 32]);

impl PublicKey {
    /// Checks and takes 32 bytes.
    ///
    /// # Errors
    /// [`KeyError::NotAKey`], [`KeyError::SmallOrder`].
    pub fn new(bytes: [u8; 32]) -> Result<Self, KeyError> {
        let mut unsigned = bytes;
        unsigned[31] &= 0x7f;
        let unsigned = hex::encode(unsigned);
        if SMALL_ORDER_KEYS.contains(&unsigned.as_str()) {
            return Err(KeyError::SmallOrder);
        }
        VerificationKey::try_from(bytes).map_err(|_| KeyError::NotAKey)?;
        Ok(Self(bytes))
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Checks `signature` over `message` by the rules of ZIP-215.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), KeyError> {
        let key = VerificationKey::try_from(self.0).map_err(|_| KeyError::NotAKey)?;
        key.verify(&ed25519_zebra::Signature::from(signature.0), message)
            .map_err(|_| KeyError::BadSignature)
    }
}

impl std::fmt::Display for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "0x{}", hex::encode(self.0))
    }
}

impl std::fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PublicKey({self})")
    }
}

impl std::str::FromStr for PublicKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(crate::ids::parse_hex32(text)?)
    }
}

impl Serialize for PublicKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.collect_str(self)
        } else {
            self.0.serialize(serializer)
        }
    }
}

impl<'de> Deserialize<'de> for PublicKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            String::deserialize(deserializer)?
                .parse()
                .map_err(serde::de::Error::custom)
        } else {
            Self::new(<[u8; 32]>::deserialize(deserializer)?).map_err(serde::de::Error::custom)
        }
    }
}

/// An ed25519 signature: 64 bytes, unchecked.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature([u8; 64]);

impl Signature {
    /// From raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}

impl std::fmt::Debug for Signature {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Signature(0x{})", hex::encode(self.0))
    }
}

impl Serialize for Signature {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            return serializer.serialize_str(&format!("0x{}", hex::encode(self.0)));
        }
        let (mut low, mut high) = ([0; 32], [0; 32]);
        low.copy_from_slice(&self.0[..32]);
        high.copy_from_slice(&self.0[32..]);
        (low, high).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Signature {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut bytes = [0; 64];
        if deserializer.is_human_readable() {
            let text = String::deserialize(deserializer)?;
            let digits = text.strip_prefix("0x").unwrap_or(&text);
            hex::decode_to_slice(digits, &mut bytes).map_err(serde::de::Error::custom)?;
        } else {
            let (low, high) = <([u8; 32], [u8; 32])>::deserialize(deserializer)?;
            bytes[..32].copy_from_slice(&low);
            bytes[32..].copy_from_slice(&high);
        }
        Ok(Self(bytes))
    }
}

/// An ed25519 signing key. Zeroized on drop, never printed, never serialized.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct SigningKey {
    /// Expanded once; from the seed alone each signature would cost twice as much.
    key: ZebraSigningKey,
}

impl SigningKey {
    /// From the 32-byte seed of RFC 8032.
    #[must_use]
    pub fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            key: ZebraSigningKey::from(seed),
        }
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        PublicKey(VerificationKey::from(&self.key).into())
    }

    /// Signs `message`. Only [`crate::statement`] calls this: nothing signs bytes that it did not build.
    pub(crate) fn sign(&self, message: &[u8]) -> Signature {
        Signature(self.key.sign(message).to_bytes())
    }
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SigningKey(public: {})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_keys_of_small_order_with_either_sign() {
        for text in SMALL_ORDER_KEYS {
            let mut bytes: [u8; 32] = hex::decode(text).unwrap().try_into().unwrap();
            assert_eq!(PublicKey::new(bytes), Err(KeyError::SmallOrder), "{text}");
            bytes[31] |= 0x80;
            assert_eq!(
                PublicKey::new(bytes),
                Err(KeyError::SmallOrder),
                "{text} negative"
            );
        }
    }

    #[test]
    fn a_signature_fits_one_key_and_one_message() {
        let (key, other) = (
            SigningKey::from_seed([1; 32]),
            SigningKey::from_seed([2; 32]),
        );
        let signature = key.sign(b"message");
        assert_eq!(key.public().verify(b"message", &signature), Ok(()));
        assert_eq!(
            key.public().verify(b"massage", &signature),
            Err(KeyError::BadSignature)
        );
        assert_eq!(
            other.public().verify(b"message", &signature),
            Err(KeyError::BadSignature)
        );
    }

    #[test]
    fn a_signature_is_64_bytes_in_bcs() {
        let signature = SigningKey::from_seed([1; 32]).sign(b"");
        let bytes = bcs::to_bytes(&signature).unwrap();
        assert_eq!(bytes, signature.as_bytes());
        assert_eq!(bcs::from_bytes::<Signature>(&bytes).unwrap(), signature);
    }

    #[test]
    fn debug_output_holds_no_seed() {
        let key = SigningKey::from_seed([0x5a; 32]);
        assert!(!format!("{key:?}").contains("5a5a5a"));
    }
}
