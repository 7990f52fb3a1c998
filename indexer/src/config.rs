//! What an indexer's operator sets.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Serialize};

/// Settings of an indexer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndexerConfig {
    /// Folder of the indexer's state, in a folder `indexer` of its own. Default `./state`.
    pub state_dir: PathBuf,
    /// Where the REST API listens. Default `127.0.0.1:8070`; port 0 takes a free one.
    pub listen: SocketAddr,
    /// First checkpoint that is read by a new database: one at or before the network's creation.
    /// Default 0.
    pub first_checkpoint: u64,
    /// Most receipts that are kept. Default 10,000,000, about 3 GB.
    pub max_receipts: u64,
}

impl Default for IndexerConfig {
    fn default() -> Self {
        Self {
            state_dir: PathBuf::from("state"),
            listen: SocketAddr::from(([127, 0, 0, 1], 8_070)),
            first_checkpoint: 0,
            max_receipts: 10_000_000,
        }
    }
}

impl IndexerConfig {
    /// The folder that holds the database.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.state_dir.join("indexer")
    }
}
