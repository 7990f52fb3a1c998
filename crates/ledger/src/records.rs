//! What the store keeps, and its keys.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sui_sdk_types::{
    Address, BalanceChange, CheckpointContents, Digest, GasCostSummary, Object,
    SignedCheckpointSummary, SignedTransaction, StructTag, TransactionEffects, TransactionEvents,
    TypeTag, Version,
};

use crate::error::LedgerError;

/// Version of everything in the store; a store of another version is refused.
pub const STATE_FORMAT: u64 = 1;

pub(crate) const META_FORMAT: &[u8] = b"format";
pub(crate) const META_GENESIS: &[u8] = b"genesis";
pub(crate) const META_HEAD: &[u8] = b"head";

/// Where the chain stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head {
    /// Transactions executed so far; the next one gets this number.
    pub(crate) transactions: u64,
    /// Transactions in sealed checkpoints; the rest waits for the next one.
    pub(crate) checkpointed: u64,
    /// Checkpoints sealed so far; the next one gets this number.
    pub(crate) checkpoints: u64,
    /// Digest of the last checkpoint.
    pub(crate) last_checkpoint: Option<Digest>,
    /// Time of the on-chain clock.
    pub(crate) clock_ms: u64,
    /// Round of the next consensus commit.
    pub(crate) round: u64,
    /// Gas of all transactions so far.
    pub(crate) gas: GasCostSummary,
}

/// An executed transaction.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct TransactionRecord {
    pub(crate) sequence: u64,
    pub(crate) executed_at_ms: u64,
    pub(crate) transaction: SignedTransaction,
    pub(crate) effects: TransactionEffects,
    pub(crate) events: Option<TransactionEvents>,
    pub(crate) balance_changes: Vec<BalanceChange>,
    pub(crate) inputs: Vec<(Address, Version)>,
    pub(crate) outputs: Vec<(Address, Version)>,
    pub(crate) failure: Option<String>,
}

/// A sealed checkpoint.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct CheckpointRecord {
    pub(crate) summary: SignedCheckpointSummary,
    pub(crate) contents: CheckpointContents,
    /// Number of its first transaction.
    pub(crate) first: u64,
}

/// What became of the latest version of an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Live,
    Deleted,
    Wrapped,
}

impl Fate {
    pub(crate) const fn to_byte(self) -> u8 {
        match self {
            Self::Live => 0,
            Self::Deleted => 1,
            Self::Wrapped => 2,
        }
    }

    const fn from_byte(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Live),
            1 => Some(Self::Deleted),
            2 => Some(Self::Wrapped),
            _ => None,
        }
    }
}

/// An entry of the index of owned objects.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct OwnedEntry {
    pub(crate) version: Version,
    pub(crate) object_type: StructTag,
    /// Balance, where it is a coin.
    pub(crate) balance: Option<u64>,
}

/// Who owns, as the index of owned objects tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OwnerKind {
    /// An address: of an account, or of an object that may receive it.
    Address,
    /// An object whose child it is: a dynamic field.
    Object,
}

pub(crate) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, LedgerError> {
    bcs::to_bytes(value).map_err(|error| LedgerError::Damaged(error.to_string()))
}

pub(crate) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, LedgerError> {
    bcs::from_bytes(bytes).map_err(|error| LedgerError::Damaged(error.to_string()))
}

pub(crate) fn object_key(id: &Address, version: Version) -> Vec<u8> {
    [id.as_ref() as &[u8], &version.to_be_bytes()].concat()
}

pub(crate) fn latest_value(version: Version, fate: Fate) -> Vec<u8> {
    [&version.to_be_bytes() as &[u8], &[fate.to_byte()]].concat()
}

pub(crate) fn parse_latest(bytes: &[u8]) -> Result<(Version, Fate), LedgerError> {
    let parsed = bytes.split_last().and_then(|(fate, version)| {
        let version = Version::from_be_bytes(version.try_into().ok()?);
        Some((version, Fate::from_byte(*fate)?))
    });
    parsed.ok_or_else(|| LedgerError::Damaged("latest version of an object".to_owned()))
}

pub(crate) fn type_hash(object_type: &StructTag) -> Result<[u8; 32], LedgerError> {
    Ok(hash(&[&encode(object_type)?]))
}

/// BLAKE2b-256 of the parts one after another.
pub(crate) fn hash(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = sui_sdk_types::hash::Hasher::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into_inner()
}

pub(crate) fn owner_prefix(kind: OwnerKind, owner: &Address) -> Vec<u8> {
    let kind = match kind {
        OwnerKind::Address => 0,
        OwnerKind::Object => 1,
    };
    [&[kind], owner.as_ref() as &[u8]].concat()
}

pub(crate) fn owned_key(
    kind: OwnerKind,
    owner: &Address,
    type_hash: &[u8; 32],
    id: &Address,
) -> Vec<u8> {
    [&owner_prefix(kind, owner), type_hash as &[u8], id.as_ref()].concat()
}

/// The object id at the end of an index key.
pub(crate) fn trailing_id(key: &[u8]) -> Result<Address, LedgerError> {
    key.len()
        .checked_sub(Address::LENGTH)
        .and_then(|start| Address::from_bytes(&key[start..]).ok())
        .ok_or_else(|| LedgerError::Damaged("index key".to_owned()))
}

pub(crate) fn by_type_key(type_hash: &[u8; 32], id: &Address) -> Vec<u8> {
    [type_hash as &[u8], id.as_ref()].concat()
}

pub(crate) fn package_version_key(original: &Address, version: Version) -> Vec<u8> {
    object_key(original, version)
}

/// The owner under which an object is indexed, if it is.
pub(crate) fn indexed_owner(object: &Object) -> Option<(OwnerKind, Address)> {
    match object.owner() {
        sui_sdk_types::Owner::Address(owner)
        | sui_sdk_types::Owner::ConsensusAddress { owner, .. } => {
            Some((OwnerKind::Address, *owner))
        }
        sui_sdk_types::Owner::Object(owner) => Some((OwnerKind::Object, *owner)),
        _ => None,
    }
}

/// Type and balance of a coin object.
pub(crate) fn coin_of(object: &Object) -> Option<(TypeTag, u64)> {
    let contents = object.as_struct()?;
    let coin_type = contents.object_type().is_coin()?.clone();
    let balance: [u8; 8] = contents
        .contents()
        .get(Address::LENGTH..)?
        .try_into()
        .ok()?;
    Some((coin_type, u64::from_le_bytes(balance)))
}

/// Whether objects of this type are kept in the index by type: what describes a coin.
pub(crate) fn is_indexed_by_type(object_type: &StructTag) -> bool {
    *object_type.address() == Address::TWO
        && matches!(
            (object_type.module().as_str(), object_type.name().as_str()),
            (
                "coin",
                "CoinMetadata" | "TreasuryCap" | "RegulatedCoinMetadata" | "DenyCapV2"
            ) | ("coin_registry", "Currency" | "MetadataCap")
        )
}

/// A number in a key or an index.
pub(crate) fn number(bytes: &[u8]) -> Result<u64, LedgerError> {
    let bytes = bytes
        .try_into()
        .map_err(|_| LedgerError::Damaged("number in an index".to_owned()))?;
    Ok(u64::from_be_bytes(bytes))
}
