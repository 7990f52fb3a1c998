//! Sealing keys.

use hpke::{Deserializable, Kem, Serializable, kem::X25519HkdfSha256, kem::XWing};
use serde::{Deserialize, Serialize};
use zeroize::Zeroize;

use super::SealError;
use crate::{
    hash::{SealingKeysHash, blake2b256},
    random::Randomness,
};

/// Sealing keys that one key epoch may have.
pub const MAX_SEALING_KEYS: usize = 4;

/// Key agreement of a sealed request; HKDF-SHA256 and ChaCha20-Poly1305 with each. One byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[non_exhaustive]
pub enum Suite {
    /// DHKEM(X25519, HKDF-SHA256), RFC 9180 number 0x0020. Byte 1.
    X25519,
    /// X-Wing, that is ML-KEM-768 and X25519, number 0x647a. Byte 2.
    XWing,
}

impl Suite {
    /// Length of a public key, in bytes.
    #[must_use]
    pub const fn public_key_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1216,
        }
    }

    /// Length of an encapsulated key, in bytes.
    #[must_use]
    pub const fn enc_len(self) -> usize {
        match self {
            Self::X25519 => 32,
            Self::XWing => 1120,
        }
    }
}

impl From<Suite> for u8 {
    fn from(suite: Suite) -> Self {
        match suite {
            Suite::X25519 => 1,
            Suite::XWing => 2,
        }
    }
}

impl TryFrom<u8> for Suite {
    type Error = SealError;

    fn try_from(byte: u8) -> Result<Self, SealError> {
        match byte {
            1 => Ok(Self::X25519),
            2 => Ok(Self::XWing),
            _ => Err(SealError::UnknownSuite(byte)),
        }
    }
}

/// A public key to seal requests to. In BCS: suite byte, then the bytes behind their length.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "RawKey")]
pub struct SealingPublicKey {
    suite: Suite,
    bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct RawKey {
    suite: Suite,
    bytes: Vec<u8>,
}

impl TryFrom<RawKey> for SealingPublicKey {
    type Error = SealError;

    fn try_from(raw: RawKey) -> Result<Self, SealError> {
        Self::new(raw.suite, raw.bytes)
    }
}

impl SealingPublicKey {
    /// Checks and takes the bytes of a key.
    ///
    /// # Errors
    /// [`SealError::NotAKey`].
    pub fn new(suite: Suite, bytes: Vec<u8>) -> Result<Self, SealError> {
        let checked = match suite {
            Suite::X25519 => <X25519HkdfSha256 as Kem>::PublicKey::from_bytes(&bytes).map(drop),
            Suite::XWing => <XWing as Kem>::PublicKey::from_bytes(&bytes).map(drop),
        };
        checked.map_err(|_| SealError::NotAKey(suite))?;
        Ok(Self { suite, bytes })
    }

    /// The suite.
    #[must_use]
    pub const fn suite(&self) -> Suite {
        self.suite
    }

    /// The bytes: 32 for X25519, 1216 for X-Wing.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl std::fmt::Debug for SealingPublicKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let start = hex::encode(self.bytes.get(..8).unwrap_or_default());
        write!(f, "SealingPublicKey({:?}, 0x{start}..)", self.suite)
    }
}

/// What a report's `sealing_keys_hash` is: BLAKE2b-256 over all keys, concatenated in order.
#[must_use]
pub fn sealing_keys_hash(keys: &[SealingPublicKey]) -> SealingKeysHash {
    let parts: Vec<&[u8]> = keys.iter().map(SealingPublicKey::as_bytes).collect();
    SealingKeysHash::new(blake2b256(&parts))
}

/// A key pair that opens requests. Zeroized on drop, never printed, never serialized.
pub struct SealingKeyPair {
    pub(super) secret: SecretKey,
    public: SealingPublicKey,
}

/// The secret halves zeroize themselves on drop.
pub(super) enum SecretKey {
    X25519(<X25519HkdfSha256 as Kem>::PrivateKey),
    XWing(Box<<XWing as Kem>::PrivateKey>),
}

impl SealingKeyPair {
    /// Draws a key pair.
    pub fn generate(suite: Suite, randomness: &mut impl Randomness) -> Self {
        let mut seed: [u8; 32] = randomness.array();
        let pair = Self::from_seed(suite, &seed);
        seed.zeroize();
        pair
    }

    /// The key pair that `DeriveKeyPair` of the suite's KEM gives for a seed.
    #[must_use]
    pub fn from_seed(suite: Suite, seed: &[u8; 32]) -> Self {
        let (secret, bytes) = match suite {
            Suite::X25519 => {
                let (secret, public) = X25519HkdfSha256::derive_keypair(seed);
                (SecretKey::X25519(secret), public.to_bytes().to_vec())
            }
            Suite::XWing => {
                let (secret, public) = XWing::derive_keypair(seed);
                (
                    SecretKey::XWing(Box::new(secret)),
                    public.to_bytes().to_vec(),
                )
            }
        };
        Self {
            secret,
            public: SealingPublicKey { suite, bytes },
        }
    }

    /// The public half.
    #[must_use]
    pub const fn public(&self) -> &SealingPublicKey {
        &self.public
    }
}

impl std::fmt::Debug for SealingKeyPair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SealingKeyPair(public: {:?})", self.public)
    }
}
