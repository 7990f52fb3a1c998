//! API keys: who may use the front door. Only their hashes are kept.

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
};

use atoma_env::Env;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// What every key begins with, so that people and secret scanners recognise one.
pub const PREFIX: &str = "sk-atoma-";
/// Requests that one key may have under way at once, unless its entry says otherwise.
pub const DEFAULT_MAX_IN_FLIGHT: u32 = 64;
/// Most keys of one sequencer.
pub const MAX_KEYS: usize = 100_000;

/// A key is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeyRefused {
    /// No such key.
    #[error("unknown API key")]
    Unknown,
    /// The key has as many requests under way as it may.
    #[error("the API key has {0} requests under way, its limit")]
    TooManyInFlight(u32),
}

/// Draws a new key. It is shown once; [`Entry::new`] keeps its hash.
#[must_use]
pub fn generate(env: &Env) -> SecretString {
    from_secret(&env.random())
}

/// The key made of 32 secret bytes.
#[must_use]
pub fn from_secret(secret: &[u8; 32]) -> SecretString {
    SecretString::from(format!("{PREFIX}{}", hex::encode(secret)))
}

/// A key as it is kept: label, limits and hash.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// For people: whose key it is.
    pub label: String,
    /// BLAKE3 of the key, in hex. The key itself is 256 random bits, so no salt and no slow hash is needed.
    pub hash: String,
    /// Requests it may have under way at once.
    #[serde(default = "default_max_in_flight")]
    pub max_in_flight: u32,
}

const fn default_max_in_flight() -> u32 {
    DEFAULT_MAX_IN_FLIGHT
}

impl Entry {
    /// The entry of `key`.
    #[must_use]
    pub fn new(label: impl Into<String>, key: &SecretString) -> Self {
        Self {
            label: label.into(),
            hash: hash(key.expose_secret()),
            max_in_flight: DEFAULT_MAX_IN_FLIGHT,
        }
    }
}

fn hash(key: &str) -> String {
    blake3::hash(key.as_bytes()).to_hex().to_string()
}

/// The keys of a sequencer.
///
/// A key is looked up by its hash: what an attacker can vary is the input of a hash function, so the
/// time of a comparison tells nothing about any key.
#[derive(Debug, Default)]
pub struct ApiKeys {
    by_hash: HashMap<String, Account>,
}

#[derive(Debug)]
struct Account {
    label: Arc<str>,
    max_in_flight: u32,
    in_flight: Arc<AtomicU32>,
}

impl ApiKeys {
    /// From entries; a later one replaces an earlier one of the same hash.
    #[must_use]
    pub fn new(entries: impl IntoIterator<Item = Entry>) -> Self {
        let by_hash = entries.into_iter().take(MAX_KEYS).map(|entry| {
            let account = Account {
                label: entry.label.into(),
                max_in_flight: entry.max_in_flight,
                in_flight: Arc::default(),
            };
            (entry.hash, account)
        });
        Self {
            by_hash: by_hash.collect(),
        }
    }

    /// Lets one request of `key` in.
    ///
    /// # Errors
    /// [`KeyRefused`].
    pub fn admit(&self, key: &str) -> Result<Admission, KeyRefused> {
        let account = self.by_hash.get(&hash(key)).ok_or(KeyRefused::Unknown)?;
        let limit = account.max_in_flight;
        account
            .in_flight
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |n| {
                (n < limit).then_some(n + 1)
            })
            .map_err(KeyRefused::TooManyInFlight)?;
        Ok(Admission {
            label: account.label.clone(),
            in_flight: account.in_flight.clone(),
        })
    }

    /// Whether `key` is known.
    ///
    /// # Errors
    /// [`KeyRefused::Unknown`].
    pub fn check(&self, key: &str) -> Result<(), KeyRefused> {
        if self.by_hash.contains_key(&hash(key)) {
            Ok(())
        } else {
            Err(KeyRefused::Unknown)
        }
    }
}

/// One request of a key under way; dropping it ends it.
#[derive(Debug)]
pub struct Admission {
    label: Arc<str>,
    in_flight: Arc<AtomicU32>,
}

impl Admission {
    /// Whose request it is.
    #[must_use]
    pub fn label(&self) -> &str {
        &self.label
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_key_is_let_in_up_to_its_limit() {
        let entry = Entry {
            max_in_flight: 2,
            ..Entry::new("a", &key("secret"))
        };
        let keys = ApiKeys::new([entry]);
        let (first, second) = (keys.admit("secret").unwrap(), keys.admit("secret").unwrap());
        assert_eq!(
            keys.admit("secret").err(),
            Some(KeyRefused::TooManyInFlight(2))
        );
        drop(first);
        assert_eq!(keys.admit("secret").unwrap().label(), "a");
        drop(second);
    }

    #[test]
    fn any_other_key_is_unknown() {
        let keys = ApiKeys::new([Entry::new("a", &key("secret"))]);
        for wrong in ["", "Secret", "secret ", "secre"] {
            assert_eq!(keys.admit(wrong).err(), Some(KeyRefused::Unknown));
            assert_eq!(keys.check(wrong), Err(KeyRefused::Unknown));
        }
    }

    #[test]
    fn an_entry_does_not_hold_its_key() {
        let env = Env::system();
        let key = generate(&env);
        let entry = Entry::new("a", &key);
        let json = serde_json::to_string(&entry).unwrap();
        assert!(!json.contains(key.expose_secret()));
        assert!(!json.contains(&key.expose_secret()[PREFIX.len()..]));
        assert!(ApiKeys::new([entry]).admit(key.expose_secret()).is_ok());
    }
}
