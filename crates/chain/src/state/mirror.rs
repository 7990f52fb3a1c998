//! From the generated Move types to the protocol's own, field by field.
//!
//! [`mirror!`] takes a Move struct apart exhaustively, so that a field added, renamed or retyped in the
//! contracts is a compile error here and never a silent misreading.

use atoma_protocol::{
    hash::{
        BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData,
        SealingKeysHash,
    },
    ids::{
        AccountId, Address, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId,
        NetworkId, NodeId, ObjectId, Seq,
    },
    keys::PublicKey,
    money::{Amount, Bps, Price},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};
use moverox::types::Address as MoveAddress;
use moverox_sui::{
    move_stdlib::{string::String as MoveString, type_name::TypeName},
    sui::{
        balance::Balance,
        object::{ID, UID},
        table::Table,
        vec_map::VecMap,
    },
};

use crate::{
    deployment::CoinType,
    id::{OffenceHash, ReportCommitment},
    state::LiveMs,
};

/// A value that the contracts cannot hold.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct BadValue(pub(crate) String);

impl BadValue {
    pub(crate) fn new(error: impl std::fmt::Display) -> Self {
        Self(error.to_string())
    }
}

/// A protocol type made from what a Move field holds.
pub(crate) trait FromMove<Raw>: Sized {
    fn from_move(raw: Raw) -> Result<Self, BadValue>;
}

/// Declares a struct with the fields of a Move struct, in the protocol's types.
///
/// `[coin]` after the Move type adds the coin that the Move type is generic over.
macro_rules! mirror {
    ($(#[$doc:meta])* $name:ident from $raw:path { $( $(#[$field_doc:meta])* $field:ident: $type:ty, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct $name {
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        impl $crate::state::mirror::FromMove<$raw> for $name {
            fn from_move(raw: $raw) -> Result<Self, $crate::state::mirror::BadValue> {
                let $raw { $($field),* } = raw;
                Ok(Self {
                    $( $field: $crate::state::mirror::field(stringify!($field), $field)?, )*
                })
            }
        }
    };
    ($(#[$doc:meta])* $name:ident from $raw:path [coin] { $( $(#[$field_doc:meta])* $field:ident: $type:ty, )* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
        pub struct $name {
            /// The coin it is in.
            pub coin: $crate::deployment::CoinType,
            $( $(#[$field_doc])* pub $field: $type, )*
        }

        impl $crate::state::mirror::FromMove<($raw, $crate::deployment::CoinType)> for $name {
            fn from_move(
                (raw, coin): ($raw, $crate::deployment::CoinType),
            ) -> Result<Self, $crate::state::mirror::BadValue> {
                type Raw = $raw;
                let Raw { $($field),* } = raw;
                Ok(Self {
                    coin,
                    $( $field: $crate::state::mirror::field(stringify!($field), $field)?, )*
                })
            }
        }
    };
}
pub(crate) use mirror;

/// Converts one field; an error says which.
pub(crate) fn field<Raw, T: FromMove<Raw>>(name: &str, raw: Raw) -> Result<T, BadValue> {
    T::from_move(raw).map_err(|BadValue(reason)| BadValue(format!("{name}: {reason}")))
}

macro_rules! same {
    ($($type:ty),*) => {$(
        impl FromMove<$type> for $type {
            fn from_move(raw: $type) -> Result<Self, BadValue> {
                Ok(raw)
            }
        }
    )*};
}
same!(bool, u8, u32, u64, u128);

/// 32-byte newtypes, from `ID`, `UID` and `address`.
macro_rules! bytes32 {
    ($($type:ident),* $(,)?) => {$(
        impl FromMove<MoveAddress> for $type {
            fn from_move(raw: MoveAddress) -> Result<Self, BadValue> {
                Ok(Self::new(raw.into_inner()))
            }
        }

        impl FromMove<ID> for $type {
            fn from_move(raw: ID) -> Result<Self, BadValue> {
                Self::from_move(raw.bytes)
            }
        }

        impl FromMove<UID> for $type {
            fn from_move(raw: UID) -> Result<Self, BadValue> {
                Self::from_move(raw.id)
            }
        }
    )*};
}
bytes32!(
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
    ReportCommitment,
    ReportData,
    SealingKeysHash,
);

/// Newtypes over any `u64`.
macro_rules! number {
    ($($type:ident),*) => {$(
        impl FromMove<u64> for $type {
            fn from_move(raw: u64) -> Result<Self, BadValue> {
                Ok(Self(raw))
            }
        }
    )*};
}
number!(
    Amount,
    AttestorSetVersion,
    CheckpointSeq,
    Grade,
    KeyEpoch,
    LiveMs,
    Seq,
    TimestampMs
);

impl FromMove<u64> for Price {
    fn from_move(raw: u64) -> Result<Self, BadValue> {
        Self::new(raw).map_err(BadValue::new)
    }
}

impl FromMove<u64> for Bps {
    fn from_move(raw: u64) -> Result<Self, BadValue> {
        u16::try_from(raw)
            .map_err(BadValue::new)
            .and_then(|bps| Self::new(bps).map_err(BadValue::new))
    }
}

impl FromMove<u8> for EvidenceKind {
    fn from_move(raw: u8) -> Result<Self, BadValue> {
        Self::try_from(raw).map_err(BadValue::new)
    }
}

impl FromMove<Vec<u8>> for PublicKey {
    fn from_move(raw: Vec<u8>) -> Result<Self, BadValue> {
        let bytes = <[u8; 32]>::try_from(raw)
            .map_err(|raw| BadValue(format!("a key of {} bytes", raw.len())))?;
        Self::new(bytes).map_err(BadValue::new)
    }
}

impl FromMove<MoveString> for String {
    fn from_move(raw: MoveString) -> Result<Self, BadValue> {
        Self::from_utf8(raw.bytes).map_err(BadValue::new)
    }
}

impl FromMove<TypeName> for CoinType {
    /// Move writes a type without `0x`: `0000..02::sui::SUI`.
    fn from_move(raw: TypeName) -> Result<Self, BadValue> {
        let name = String::from_utf8(raw.name.bytes).map_err(BadValue::new)?;
        format!("0x{name}").parse().map_err(BadValue::new)
    }
}

impl<T> FromMove<Balance<T>> for Amount {
    fn from_move(raw: Balance<T>) -> Result<Self, BadValue> {
        Ok(Self(raw.value))
    }
}

impl<K, V> FromMove<Table<K, V>> for ObjectId {
    fn from_move(raw: Table<K, V>) -> Result<Self, BadValue> {
        Self::from_move(raw.id)
    }
}

impl<Raw, T: FromMove<Raw>> FromMove<Vec<Raw>> for Vec<T> {
    fn from_move(raw: Vec<Raw>) -> Result<Self, BadValue> {
        raw.into_iter().map(T::from_move).collect()
    }
}

impl<Raw, T: FromMove<Raw>> FromMove<Option<Raw>> for Option<T> {
    fn from_move(raw: Option<Raw>) -> Result<Self, BadValue> {
        raw.map(T::from_move).transpose()
    }
}

/// A map, as its entries in order.
impl<K, V, T: FromMove<(K, V)>> FromMove<VecMap<K, V>> for Vec<T> {
    fn from_move(raw: VecMap<K, V>) -> Result<Self, BadValue> {
        raw.contents
            .into_iter()
            .map(|entry| T::from_move((entry.key, entry.value)))
            .collect()
    }
}
