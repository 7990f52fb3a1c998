//! What a localnet is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

/// Settings of a localnet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LocalnetConfig {
    /// Where RPC, faucet and controls listen. Default `127.0.0.1:9000`; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Folder of the ledger. Default none: the chain is gone with the process.
    pub state: Option<PathBuf>,
    /// Tells chains apart: another seed is another chain, with other ids. Default 0.
    pub seed: u64,
    /// Longest time between two checkpoints, in milliseconds; every transaction gets one at once.
    /// Default 1,000.
    pub heartbeat_ms: u64,
    /// Whether the chain's clock follows the real one. If not, only the controls move it. Default true.
    pub clock_follows: bool,
}

impl Default for LocalnetConfig {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 9_000)),
            state: None,
            seed: 0,
            heartbeat_ms: 1_000,
            clock_follows: true,
        }
    }
}

impl LocalnetConfig {
    /// In memory, on a free port: what tests want.
    #[must_use]
    pub fn test() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..Self::default()
        }
    }

    /// Longest time between two checkpoints.
    #[must_use]
    pub const fn heartbeat(&self) -> Duration {
        Duration::from_millis(if self.heartbeat_ms == 0 {
            1
        } else {
            self.heartbeat_ms
        })
    }
}
