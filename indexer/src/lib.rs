//! Follows the chain's checkpoints into SQL and answers auditors.
//!
//! Every event of the contracts becomes a row, and tables of nodes, channels, settlements and so on are
//! kept up with them; rows and the place in the chain change in one transaction. What is answered can
//! be checked against the chain: every row names the transaction that it came from, and a receipt comes
//! with a proof of inclusion in a settled root.
//!
//! - [`http`]: the REST API.
//! - [`view`]: what it answers.
//! - [`inclusion`]: a receipt under a settled root, proven and checked.
//! - [`config`]: what an operator sets.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use atoma_chain::Client;
use atoma_env::Env;
use atoma_protocol::ids::CheckpointSeq;
use thiserror::Error;
use tokio::net::TcpListener;

pub mod config;
mod follow;
pub mod http;
pub mod inclusion;
mod query;
mod receipts;
mod rows;
mod store;
pub mod view;

pub use config::IndexerConfig;
pub use store::StoreError;

use follow::{Follower, Watched};
use http::Desk;
use receipts::Receipts;
use store::{Market, Store};

/// How long requests under way may take when the indexer stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Why an indexer does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The database cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    store: Store,
}

impl Indexer {
    /// Opens the database, follows the chain from where it stopped, and listens.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: IndexerConfig,
        chain: Client,
        env: &Env,
    ) -> Result<Self, StartError> {
        let env = env.child();
        let deployment = chain.deployment();
        let market = Market {
            chain: deployment.chain_id,
            network: deployment.network,
        };
        let first = CheckpointSeq(config.first_checkpoint);
        let store = Store::open(&config.folder(), market, first).await?;
        let progress = store.progress().await.map_err(StoreError::Sql)?;
        let failed = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;

        let watched = Arc::new(Watched::new(progress));
        let follower = Follower {
            chain: chain.clone(),
            store: store.clone(),
            watched: watched.clone(),
            env: env.clone(),
        };
        env.spawn(follower.run());
        let receipts = Receipts::new(store.clone(), deployment.network, config.max_receipts);
        let desk = Desk::new(chain, store.clone(), receipts, watched, env.clone());
        let app = http::router(desk);
        let shutdown = env.shutdown_token();
        env.spawn(async move {
            let serving = axum::serve(listener, app)
                .with_graceful_shutdown(async move { shutdown.cancelled().await });
            if let Err(error) = serving.await {
                tracing::error!(%error, "the indexer's HTTP server failed");
            }
        });
        Ok(Self {
            env,
            address,
            store,
        })
    }

    /// Where the REST API listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of the REST API.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops.
    pub async fn stop(self) -> bool {
        let stopped = self.env.stop(STOP_LIMIT).await;
        self.store.close().await;
        stopped
    }
}

impl Drop for Indexer {
    fn drop(&mut self) {
        self.env.begin_stop();
    }
}

#[cfg(test)]
mod tests;
