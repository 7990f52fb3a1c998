//! What an attestor's operator sets.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Settings of an attestor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AttestorConfig {
    /// Folder of the attestor's state, in a folder `attestor` of its own. Default `./state`.
    pub state_dir: PathBuf,
    /// Where nodes bring evidence and clients fetch it. Default `127.0.0.1:8090`; port 0 takes a free
    /// one.
    pub listen: SocketAddr,
    /// The key that signs verdicts: a file of exactly 32 secret bytes, which must exist, because the
    /// network names its attestors beforehand. Default `attestor/signing.key` in `state_dir`.
    pub key_file: Option<PathBuf>,
}

impl Default for AttestorConfig {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("state"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8_090)),
            key_file: None,
        }
    }
}

impl AttestorConfig {
    pub(crate) fn folder(&self) -> PathBuf {
        self.state_dir.join("attestor").join("evidence")
    }

    /// Where the signing key lies.
    #[must_use]
    pub fn key_path(&self) -> PathBuf {
        let default = || self.state_dir.join("attestor").join("signing.key");
        self.key_file.clone().unwrap_or_else(default)
    }
}
