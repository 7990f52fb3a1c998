//! Where a market lives: the one thing that differs between localnet, testnet and mainnet.

use std::{collections::BTreeSet, fmt, str::FromStr};

use atoma_protocol::ids::{NetworkId, ObjectId, PackageId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sui_sdk_types::{Address as SuiAddress, Identifier, StructTag, TypeTag};

use crate::id::{ChainId, SuiId};

/// Longest text of a coin's type.
const MAX_COIN_TYPE_BYTES: usize = 512;

/// A market's coordinates on a chain. Plain data, in JSON or TOML; ids are `0x` hex, coin types
/// `0xPACKAGE::module::NAME`, the chain base58.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deployment {
    /// The chain, by the digest of its genesis checkpoint.
    pub chain_id: ChainId,
    /// The `Network` object: names the deployment in every signed statement.
    pub network: NetworkId,
    /// The package, all its versions.
    pub package: Lineage,
    /// The coin that is staked.
    pub stake_coin: CoinType,
    /// The coin that prices are in.
    pub payment_coin: CoinType,
    /// Shared objects that actions name.
    pub objects: SharedObjects,
    /// The test dollar, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub test_usd: Option<TestUsd>,
}

/// Shared objects of a deployment, one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SharedObjects {
    /// The live clock.
    pub live_time: ObjectId,
    /// The attestor set.
    pub attestors: ObjectId,
    /// Allowed measurements.
    pub measurements: ObjectId,
}

/// The test dollar of a local network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestUsd {
    /// Its package.
    pub package: PackageId,
    /// The shared faucet that anybody may mint from.
    pub faucet: ObjectId,
}

/// A package through its upgrades.
///
/// A type is named by the version that first defined it, a call goes to the newest version; an event
/// or object is ours if its type's package is any of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Lineage {
    /// Ids in order of publication, at least one.
    versions: Vec<PackageId>,
}

/// A lineage without a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a package lineage names at least one package, and none twice")]
pub struct BadLineage;

impl Lineage {
    /// From ids in order of publication.
    ///
    /// # Errors
    /// [`BadLineage`] if there is none, or one twice.
    pub fn new(versions: Vec<PackageId>) -> Result<Self, BadLineage> {
        let distinct: BTreeSet<_> = versions.iter().collect();
        if versions.is_empty() || distinct.len() != versions.len() {
            return Err(BadLineage);
        }
        Ok(Self { versions })
    }

    /// A package that was never upgraded.
    #[must_use]
    pub fn single(package: PackageId) -> Self {
        Self {
            versions: vec![package],
        }
    }

    /// The id of the first version: the address of every type that it defined.
    #[must_use]
    pub fn original(&self) -> PackageId {
        self.versions[0]
    }

    /// The newest version: what calls go to.
    #[must_use]
    pub fn newest(&self) -> PackageId {
        self.versions[self.versions.len() - 1]
    }

    /// All versions, in order of publication.
    #[must_use]
    pub fn versions(&self) -> &[PackageId] {
        &self.versions
    }

    /// Whether `package` is a version of this one.
    #[must_use]
    pub fn contains(&self, package: PackageId) -> bool {
        self.versions.contains(&package)
    }

    pub(crate) fn defines(&self, address: &SuiAddress) -> bool {
        self.contains(PackageId::from_sui(*address))
    }
}

impl<'de> Deserialize<'de> for Lineage {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Raw {
            versions: Vec<PackageId>,
        }
        Self::new(Raw::deserialize(deserializer)?.versions).map_err(D::Error::custom)
    }
}

/// Type of a coin, as in `0x2::sui::SUI`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CoinType(Box<StructTag>);

/// A text that names no coin type.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no coin type such as 0x2::sui::SUI")]
pub struct ParseCoinTypeError(String);

impl CoinType {
    /// SUI, which pays for gas.
    #[must_use]
    pub fn sui() -> Self {
        Self(Box::new(StructTag::sui()))
    }

    /// `package::module::name`.
    ///
    /// # Errors
    /// [`ParseCoinTypeError`] if a name is no identifier.
    pub fn new(package: PackageId, module: &str, name: &str) -> Result<Self, ParseCoinTypeError> {
        let identifier =
            |text: &str| Identifier::new(text).map_err(|_| ParseCoinTypeError(text.to_owned()));
        Ok(Self(Box::new(StructTag::new(
            package.to_sui(),
            identifier(module)?,
            identifier(name)?,
            Vec::new(),
        ))))
    }

    /// The package that defines it.
    #[must_use]
    pub fn package(&self) -> PackageId {
        PackageId::from_sui(*self.0.address())
    }

    /// Its short name, as in `SUI`.
    #[must_use]
    pub fn symbol(&self) -> &str {
        self.0.name().as_str()
    }

    /// Sui's type of it.
    #[must_use]
    pub fn type_tag(&self) -> TypeTag {
        TypeTag::Struct(self.0.clone())
    }

    /// Sui's type of a coin of it: `0x2::coin::Coin<T>`.
    #[must_use]
    pub fn coin_struct(&self) -> StructTag {
        StructTag::coin(self.type_tag())
    }

    pub(crate) fn from_type_tag(tag: &TypeTag) -> Option<Self> {
        match tag {
            TypeTag::Struct(tag) => Some(Self(tag.clone())),
            _ => None,
        }
    }

    pub(crate) fn is_sui(&self) -> bool {
        *self.0 == StructTag::sui()
    }
}

impl From<StructTag> for CoinType {
    fn from(tag: StructTag) -> Self {
        Self(Box::new(tag))
    }
}

impl fmt::Display for CoinType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CoinType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CoinType({})", self.0)
    }
}

impl FromStr for CoinType {
    type Err = ParseCoinTypeError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || ParseCoinTypeError(text.chars().take(128).collect());
        if text.len() > MAX_COIN_TYPE_BYTES {
            return Err(bad());
        }
        text.parse()
            .map(|tag| Self(Box::new(tag)))
            .map_err(|_| bad())
    }
}

impl Serialize for CoinType {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CoinType {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests;
