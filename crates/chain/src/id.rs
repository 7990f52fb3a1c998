//! Ids that only the chain has, and the bridge between the protocol's ids and Sui's.

use std::{fmt, str::FromStr};

use atoma_protocol::{
    hash::{
        BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData,
        SealingKeysHash,
    },
    ids::{
        AccountId, Address, ChannelId, ModelId, NetworkId, NodeId, ObjectId, PackageId, SequencerId,
    },
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sui_sdk_types::{Address as SuiAddress, Digest};

/// Bytes of the chain's short identifier: the head of the genesis checkpoint's digest.
const CHAIN_SHORT_BYTES: usize = 4;

/// Declares newtypes over 32-byte digests that people see in base58, as every Sui tool shows them.
macro_rules! digest32 {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps raw bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Digest::new(self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl FromStr for $name {
            type Err = ParseDigestError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Digest::from_base58(text)
                    .map(|digest| Self(digest.into_inner()))
                    .map_err(|_| ParseDigestError(text.chars().take(64).collect()))
            }
        }

        impl From<Digest> for $name {
            fn from(digest: Digest) -> Self {
                Self(digest.into_inner())
            }
        }

        impl From<$name> for Digest {
            fn from(digest: $name) -> Self {
                Self::new(digest.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    self.0.serialize(serializer)
                }
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
                } else {
                    <[u8; 32]>::deserialize(deserializer).map(Self)
                }
            }
        }
    )*};
}

digest32! {
    /// Digest of a transaction; base58 in text, as in every explorer.
    TxDigest;
    /// Digest of a chain's genesis checkpoint: names the chain; base58 in text.
    ChainId;
}

impl ChainId {
    /// The chain's short identifier in hex, as Sui's tools print it (`35834a8a` is mainnet).
    #[must_use]
    pub fn short(&self) -> String {
        hex::encode(&self.0[..CHAIN_SHORT_BYTES])
    }
}

/// A text that is no digest in base58.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no digest in base58")]
pub struct ParseDigestError(String);

/// Declares newtypes over 32-byte hashes that only events carry; `0x` hex in text.
macro_rules! hash32 {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Wraps raw bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            const fn into_bytes(self) -> [u8; 32] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
    )*};
}

hash32! {
    /// What a report of a wrong commits to: the proof and the reporter.
    ReportCommitment;
    /// BLAKE2b-256 of what is punished once.
    OffenceHash;
}

/// An id or hash that Sui writes as an address.
pub trait SuiId: Copy {
    /// The same 32 bytes as a Sui address.
    fn to_sui(self) -> SuiAddress;
    /// From the same 32 bytes as a Sui address.
    fn from_sui(address: SuiAddress) -> Self;
}

/// Implements [`SuiId`] for the protocol's 32-byte newtypes.
macro_rules! sui_id {
    ($($name:ident),* $(,)?) => {$(
        impl SuiId for $name {
            fn to_sui(self) -> SuiAddress {
                SuiAddress::new(self.into_bytes())
            }

            fn from_sui(address: SuiAddress) -> Self {
                Self::new(address.into_inner())
            }
        }
    )*};
}

sui_id!(
    AccountId,
    Address,
    BodyHash,
    ChannelId,
    CheckpointDigest,
    EvidenceHash,
    ManifestHash,
    MerkleRoot,
    ModelId,
    NetworkId,
    NodeId,
    ObjectId,
    OffenceHash,
    PackageId,
    ReportCommitment,
    ReportData,
    SealingKeysHash,
    SequencerId,
);

/// The same id under another name, as when a channel is looked up as an object.
pub(crate) fn cast<A: SuiId, B: SuiId>(id: A) -> B {
    B::from_sui(id.to_sui())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digests_are_base58_in_text_and_32_bytes_in_bcs() {
        let digest = TxDigest::new([7; 32]);
        let text = digest.to_string();
        assert_eq!(text.parse::<TxDigest>().unwrap(), digest);
        assert_eq!(bcs::to_bytes(&digest).unwrap(), [7; 32]);
        assert!("not base58: 0OIl".parse::<TxDigest>().is_err());
        assert_eq!(ChainId::new([0xab; 32]).short(), "abababab");
    }
}
