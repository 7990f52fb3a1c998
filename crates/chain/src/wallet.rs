//! An account: a key that signs the transactions built in this crate and nothing else.

mod key_file;

use std::{collections::HashMap, path::Path};

use atoma_env::Env;
use atoma_protocol::ids::Address;
use sui_crypto::{SuiSigner, ed25519::Ed25519PrivateKey};
use sui_sdk_types::{Address as SuiAddress, ObjectReference, SignedTransaction, Transaction};
use tokio::sync::{Mutex, MutexGuard};
use zeroize::Zeroizing;

use crate::{id::SuiId, rpc::Executed};

pub use key_file::KeyFileError;

/// An ed25519 account. Share it by `Arc`: one instance sends one transaction at a time, so that two
/// tasks never spend the same coin.
pub struct Wallet {
    // Zeroized on drop by ed25519-dalek, whose feature `zeroize` is on.
    key: Ed25519PrivateKey,
    address: Address,
    lane: Mutex<Lane>,
}

/// What the wallet knows of its own objects from its own transactions, which a fullnode behind a load
/// balancer may not know yet.
#[derive(Debug, Default)]
pub(crate) struct Lane {
    newest: HashMap<SuiAddress, ObjectReference>,
}

/// Most objects whose newest version is remembered.
const MAX_REMEMBERED_OBJECTS: usize = 4_096;

impl Wallet {
    /// A new key from the environment's randomness.
    #[must_use]
    pub fn generate(env: &Env) -> Self {
        Self::from_seed(&Zeroizing::new(env.random()))
    }

    /// From the 32-byte seed of RFC 8032.
    #[must_use]
    pub fn from_seed(seed: &Zeroizing<[u8; 32]>) -> Self {
        Self::from_key(Ed25519PrivateKey::new(**seed))
    }

    fn from_key(key: Ed25519PrivateKey) -> Self {
        let address = Address::from_sui(key.public_key().derive_address());
        Self {
            key,
            address,
            lane: Mutex::default(),
        }
    }

    /// From a key as Sui's tools export it: `suiprivkey1...`, ed25519 only.
    ///
    /// # Errors
    /// [`KeyFileError::NotAKey`].
    pub fn from_suiprivkey(text: &str) -> Result<Self, KeyFileError> {
        key_file::parse(text).map(Self::from_key)
    }

    /// Reads a key file: see [`Self::save`].
    ///
    /// # Errors
    /// [`KeyFileError`] if it cannot be read, holds no key, or is open to other users.
    pub fn load(path: &Path) -> Result<Self, KeyFileError> {
        key_file::load(path).map(Self::from_key)
    }

    /// Writes a key file that only its owner may read (mode 0600): one line `suiprivkey1...`, Sui's own
    /// format (Bech32 of a zero byte and the seed), which `sui keytool import` takes. An existing file is
    /// never replaced.
    ///
    /// # Errors
    /// [`KeyFileError`] if it exists or cannot be written.
    pub fn save(&self, path: &Path) -> Result<(), KeyFileError> {
        key_file::save(path, &self.key)
    }

    /// Loads the key at `path`, or makes one and saves it there.
    ///
    /// # Errors
    /// As [`Self::load`] and [`Self::save`].
    pub fn load_or_create(path: &Path, env: &Env) -> Result<Self, KeyFileError> {
        match Self::load(path) {
            Err(KeyFileError::Missing { .. }) => {
                let wallet = Self::generate(env);
                wallet.save(path)?;
                Ok(wallet)
            }
            other => other,
        }
    }

    /// Its address.
    #[must_use]
    pub const fn address(&self) -> Address {
        self.address
    }

    pub(crate) async fn lane(&self) -> MutexGuard<'_, Lane> {
        self.lane.lock().await
    }

    pub(crate) fn sign(&self, transaction: Transaction) -> SignedTransaction {
        let signature = self
            .key
            .sign_transaction(&transaction)
            .expect("ed25519 signs every message");
        SignedTransaction {
            transaction,
            signatures: vec![signature],
        }
    }
}

impl Lane {
    /// The newer of what a fullnode says and what is known.
    pub(crate) fn newest(&self, seen: ObjectReference) -> ObjectReference {
        match self.newest.get(seen.object_id()) {
            Some(known) if known.version() > seen.version() => known.clone(),
            _ => seen,
        }
    }

    /// Takes note of what a transaction left to `owner`.
    pub(crate) fn note(&mut self, owner: SuiAddress, executed: &Executed) {
        if self.newest.len() > MAX_REMEMBERED_OBJECTS {
            self.newest.clear();
        }
        for (_, reference) in executed
            .owned_writes()
            .into_iter()
            .filter(|(to, _)| *to == owner)
        {
            self.newest.insert(*reference.object_id(), reference);
        }
    }

    /// Forgets everything, so that the next transaction goes by what the fullnode says.
    pub(crate) fn forget(&mut self) {
        self.newest.clear();
    }
}

impl std::fmt::Debug for Wallet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Wallet({})", self.address)
    }
}

#[cfg(test)]
mod tests;
