//! What a sequencer's operator sets.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use atoma_protocol::{
    money::{Amount, Bps},
    statement::Grade,
};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::api_key::Entry;

mod need;

/// Settings of a sequencer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SequencerConfig {
    /// Folder of the sequencer's state, in a folder `sequencer` of its own. Default `./state`.
    pub state_dir: PathBuf,
    /// Where the OpenAI API listens. Default `127.0.0.1:8080`; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Where nodes dial in. Default `127.0.0.1:8081`; port 0 takes a free one.
    pub listen_nodes: SocketAddr,
    /// The key that owns channels and pays for gas. Made if it is missing. Default
    /// `sequencer/wallet.key` in `state_dir`.
    pub key_file: Option<PathBuf>,
    /// API keys that are let in, as hashes. Default none.
    pub api_keys: Vec<Entry>,
    /// Archives that evidence is fetched from by its hash: attestors, as `http://host:port` or
    /// `https://host:port`. Default none: then no node can be trusted.
    pub evidence_archives: Vec<String>,
    /// Deposit of a channel with a node, in base units of the payment coin, at least what the node's
    /// offers ask for. Default 10,000,000.
    pub deposit: Amount,
    /// A channel is topped up by `deposit` once less than this is left in it. Default 2,000,000.
    pub top_up_below: Amount,
    /// The most that a channel authorizes beyond the receipts held: what a dishonest node can take.
    /// Default 1,000,000.
    pub ahead_limit: Amount,
    /// The routing share asked for, in basis points; less where a node's offers allow less. Default 500.
    pub routing_bps: Bps,
    /// What a node's key epoch must have proved, by name. Default `vendor-chain+measurement+tcb`; on a
    /// development network `measurement+SIMULATED`.
    #[serde(with = "need")]
    pub need: Grade,
    /// How long a channel lives before anybody may close it, in milliseconds; at most what the network
    /// allows. Default 30 days.
    pub channel_ms: u64,
    /// How long a request waits for a free place on a node, in milliseconds. Default 10,000.
    pub patience_ms: u64,
    /// How long a node may take from a request to the first piece of its answer, in milliseconds.
    /// Default 60,000.
    pub first_piece_ms: u64,
    /// How long a node may be silent within an answer, in milliseconds. Default 60,000.
    pub silence_ms: u64,
}

impl Default for SequencerConfig {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("state"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8_080)),
            listen_nodes: SocketAddr::from(([127, 0, 0, 1], 8_081)),
            key_file: None,
            api_keys: Vec::new(),
            evidence_archives: Vec::new(),
            deposit: Amount(10_000_000),
            top_up_below: Amount(2_000_000),
            ahead_limit: Amount(1_000_000),
            routing_bps: Bps::new(500).expect("500 basis points are less than all"),
            need: Grade::VENDOR_CHAIN
                .union(Grade::MEASUREMENT)
                .union(Grade::TCB),
            channel_ms: 30 * 24 * 60 * 60 * 1_000,
            patience_ms: 10_000,
            first_piece_ms: 60_000,
            silence_ms: 60_000,
        }
    }
}

/// A setting that cannot work, with what to change.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Requests could never be paid for.
    #[error("ahead_limit and deposit must be above 0")]
    NothingToPayWith,
    /// The top-up would never come in time.
    #[error("top_up_below ({below}) must be below deposit ({deposit})")]
    TopUpAboveDeposit {
        /// `top_up_below`.
        below: Amount,
        /// `deposit`.
        deposit: Amount,
    },
    /// Nothing could ever be answered.
    #[error("{0} must be above 0")]
    ZeroTime(&'static str),
}

impl SequencerConfig {
    /// Checks that the settings can work together.
    ///
    /// # Errors
    /// [`ConfigError`].
    pub fn validate(&self) -> Result<(), ConfigError> {
        if self.ahead_limit == Amount::ZERO || self.deposit == Amount::ZERO {
            return Err(ConfigError::NothingToPayWith);
        }
        if self.top_up_below >= self.deposit {
            return Err(ConfigError::TopUpAboveDeposit {
                below: self.top_up_below,
                deposit: self.deposit,
            });
        }
        let times = [
            ("channel_ms", self.channel_ms),
            ("first_piece_ms", self.first_piece_ms),
            ("silence_ms", self.silence_ms),
        ];
        match times.into_iter().find(|(_, time)| *time == 0) {
            Some((name, _)) => Err(ConfigError::ZeroTime(name)),
            None => Ok(()),
        }
    }

    pub(crate) fn folder(&self) -> PathBuf {
        self.state_dir.join("sequencer")
    }

    pub(crate) fn key_path(&self) -> PathBuf {
        self.key_file
            .clone()
            .unwrap_or_else(|| self.folder().join("wallet.key"))
    }

    pub(crate) const fn patience(&self) -> Duration {
        Duration::from_millis(self.patience_ms)
    }

    pub(crate) const fn first_piece(&self) -> Duration {
        Duration::from_millis(self.first_piece_ms)
    }

    pub(crate) const fn silence(&self) -> Duration {
        Duration::from_millis(self.silence_ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_work_and_nonsense_is_named() {
        assert_eq!(SequencerConfig::default().validate(), Ok(()));
        let nothing = SequencerConfig {
            ahead_limit: Amount::ZERO,
            ..SequencerConfig::default()
        };
        assert_eq!(nothing.validate(), Err(ConfigError::NothingToPayWith));
        let low = SequencerConfig {
            deposit: Amount(1),
            ..SequencerConfig::default()
        };
        assert!(matches!(
            low.validate(),
            Err(ConfigError::TopUpAboveDeposit { .. })
        ));
        let mute = SequencerConfig {
            silence_ms: 0,
            ..SequencerConfig::default()
        };
        assert_eq!(mute.validate(), Err(ConfigError::ZeroTime("silence_ms")));
    }
}
