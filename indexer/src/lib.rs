//! Follows the chain's checkpoints into SQL and answers auditors.
//!
//! - [`config`]: what an operator sets.

use std::{net::SocketAddr, time::Duration};

use atoma_chain::Client;
use atoma_env::Env;
use thiserror::Error;
use tokio::net::TcpListener;

pub mod config;

pub use config::IndexerConfig;

/// How long requests under way may take when the indexer stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Why an indexer does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The port cannot be had.
    #[error("cannot listen on {address}: choose another port")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// A running indexer. Dropping it stops it.
#[derive(Debug)]
pub struct Indexer {
    env: Env,
    address: SocketAddr,
}

impl Indexer {
    /// Opens the database, follows the chain from where it stopped, and listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: IndexerConfig,
        _chain: Client,
        env: &Env,
    ) -> Result<Self, StartError> {
        let env = env.child();
        let failed = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self { env, address })
    }

    /// URL of the REST API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops.
    pub async fn stop(self) -> bool {
        self.env.stop(STOP_LIMIT).await
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.env.begin_stop();
    }
}
