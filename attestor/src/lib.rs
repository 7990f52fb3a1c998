//! Attestor: checks TEE evidence and signs verdicts about it.
//!
//! A node posts a key epoch, then brings the evidence here. The attestor reads what was posted from
//! the chain itself, checks the evidence against it, keeps it under its hash for whoever wants to
//! check again, and signs what it proves.
//!
//! - [`judge`]: from evidence to a signed verdict.
//! - [`archive`]: evidence under its hash.
//! - [`http`]: `POST /v1/verdicts`, `GET /v1/evidence/HASH`.
//! - [`config`]: what an operator sets.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use atoma_attestation::Verifiers;
use atoma_chain::Client;
use atoma_env::Env;
use atoma_protocol::keys::{PublicKey, SigningKey};
use thiserror::Error;
use tokio::net::TcpListener;

pub mod archive;
pub mod config;
pub mod http;
pub mod judge;

pub use archive::{Archive, ArchiveError};
pub use config::AttestorConfig;
use judge::Judge;

/// How long requests under way may take when the attestor stops.
const STOP_LIMIT: Duration = Duration::from_secs(5);

/// Why an attestor does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// The archive cannot be used.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
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

/// A running attestor. Dropping it stops it.
#[derive(Debug)]
pub struct Attestor {
    env: Env,
    address: SocketAddr,
    key: PublicKey,
}

impl Attestor {
    /// Opens the archive and listens. `key` is the attestor's place in the on-chain set.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: AttestorConfig,
        chain: Client,
        key: SigningKey,
        verifiers: Verifiers,
        env: &Env,
    ) -> Result<Self, StartError> {
        let env = env.child();
        let archive = Archive::open(&config.folder())?;
        let failed = |source| StartError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let public = key.public();
        let judge = Judge::new(chain, key, verifiers, env.clone());
        let app = http::router(Arc::new(judge), archive);
        let shutdown = env.shutdown_token();
        env.spawn(async move {
            let serving = axum::serve(listener, app)
                .with_graceful_shutdown(async move { shutdown.cancelled().await });
            if let Err(error) = serving.await {
                tracing::error!(%error, "the attestor's HTTP server failed");
            }
        });
        Ok(Self {
            env,
            address,
            key: public,
        })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL that nodes are given.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The key that signs verdicts.
    #[must_use]
    pub const fn key(&self) -> PublicKey {
        self.key
    }

    /// Stops.
    pub async fn stop(self) -> bool {
        self.env.stop(STOP_LIMIT).await
    }
}

impl Drop for Attestor {
    fn drop(&mut self) {
        self.env.begin_stop();
    }
}
