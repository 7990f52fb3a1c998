//! Identifiers: each its own 32-byte type, shown as `0x` and 64 hex digits, 32 raw bytes in BCS.

use thiserror::Error;

/// Why a text is not a 32-byte identifier.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("expected 0x and 1 to 64 hexadecimal digits, got {0:?}")]
pub struct ParseIdError(String);

/// Parses `0x` and 1 to 64 hex digits; fewer digits are padded with zeros on the left, as Sui does.
pub(crate) fn parse_hex32(text: &str) -> Result<[u8; 32], ParseIdError> {
    let error = || ParseIdError(text.chars().take(80).collect());
    let digits = text.strip_prefix("0x").ok_or_else(error)?;
    if digits.is_empty() || digits.len() > 64 || !digits.is_ascii() {
        return Err(error());
    }
    let mut bytes = [0; 32];
    hex::decode_to_slice(format!("{digits:0>64}"), &mut bytes).map_err(|_| error())?;
    Ok(bytes)
}

/// Declares newtypes over 32 bytes.
macro_rules! bytes32 {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
        pub struct $name([u8; 32]);

        impl $name {
            /// From raw bytes.
            #[must_use]
            pub const fn new(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }

            /// The raw bytes, by value.
            #[must_use]
            pub const fn into_bytes(self) -> [u8; 32] {
                self.0
            }
        }

        impl From<[u8; 32]> for $name {
            fn from(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "0x{}", hex::encode(self.0))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}(0x{})", stringify!($name), hex::encode(self.0))
            }
        }

        impl std::str::FromStr for $name {
            type Err = $crate::ids::ParseIdError;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                $crate::ids::parse_hex32(text).map(Self)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if serializer.is_human_readable() {
                    serializer.collect_str(self)
                } else {
                    serde::Serialize::serialize(&self.0, serializer)
                }
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                if deserializer.is_human_readable() {
                    let text = <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer)?;
                    text.parse().map_err(serde::de::Error::custom)
                } else {
                    serde::Deserialize::deserialize(deserializer).map(Self)
                }
            }
        }
    )*};
}
pub(crate) use bytes32;

bytes32! {
    /// A Sui address.
    Address;
    /// Id of the `Network` object: names one deployment of the protocol, survives upgrades.
    NetworkId;
    /// Id of a `Node` object.
    NodeId;
    /// Id of a `Channel` object.
    ChannelId;
    /// Id of a `Model` object.
    ModelId;
    /// Id of a published package.
    PackageId;
    /// Id of any other object.
    ObjectId;
    /// Id of a `Sequencer` object, or before such objects exist the sequencer's address.
    SequencerId;
    /// What a receipt is charged to: a channel or a task.
    AccountId;
    /// One request on its way through sequencer and node, drawn at random.
    RequestId;
}

impl From<ChannelId> for AccountId {
    fn from(id: ChannelId) -> Self {
        Self::new(id.into_bytes())
    }
}

/// Declares newtypes over `u64` counters.
macro_rules! counter {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(
            Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, serde::Serialize, serde::Deserialize,
        )]
        #[serde(transparent)]
        pub struct $name(pub u64);

        impl $name {
            /// The next one.
            ///
            /// Saturates at `u64::MAX`, which no counter here reaches in practice.
            #[must_use]
            pub const fn next(self) -> Self {
                Self(self.0.saturating_add(1))
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

counter! {
    /// Number of a node's key epoch: one process of one guest boot, one signing key.
    KeyEpoch;
    /// Number of a receipt, dense from 0 within one account and key epoch.
    Seq;
    /// Version of the attestor set that a verdict was given under.
    AttestorSetVersion;
    /// Sequence number of a chain checkpoint.
    CheckpointSeq;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_and_parses_as_hex() {
        let id: ChannelId = "0x2".parse().unwrap();
        assert_eq!(id.as_bytes()[31], 2);
        assert_eq!(id.to_string().len(), 66);
        assert_eq!(id.to_string().parse::<ChannelId>().unwrap(), id);
    }

    #[test]
    fn refuses_what_is_no_id() {
        for text in [
            "",
            "0x",
            "2",
            "0xg",
            "0x+1",
            "0x é",
            &format!("0x{}", "0".repeat(65)),
        ] {
            assert!(text.parse::<NodeId>().is_err(), "{text:?}");
        }
    }

    #[test]
    fn is_32_bytes_in_bcs_and_text_in_json() {
        let id = NodeId::new([7; 32]);
        assert_eq!(bcs::to_bytes(&id).unwrap(), [7; 32]);
        let json = serde_json::to_string(&id).unwrap();
        assert_eq!(serde_json::from_str::<NodeId>(&json).unwrap(), id);
    }
}
