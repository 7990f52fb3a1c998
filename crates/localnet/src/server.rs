//! Everything on one port.

use std::{net::SocketAddr, time::Duration};

use atoma_env::Env;
use thiserror::Error;
use tokio::net::TcpListener;
use tower_http::cors::CorsLayer;

use crate::{
    chain::{ChainError, LocalChain},
    config::LocalnetConfig,
    controls, faucet, service,
};

/// How long requests under way may take when the localnet stops.
const STOP_LIMIT: Duration = Duration::from_secs(2);

/// Why a localnet does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LocalnetError {
    /// The chain does not start.
    #[error(transparent)]
    Chain(#[from] ChainError),
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

/// A running localnet. Dropping it stops it and frees the port.
#[derive(Debug)]
pub struct Localnet {
    chain: LocalChain,
    address: SocketAddr,
    env: Env,
}

impl Localnet {
    /// Opens the chain and listens.
    ///
    /// # Errors
    /// [`LocalnetError`].
    pub async fn start(config: LocalnetConfig, env: Env) -> Result<Self, LocalnetError> {
        let env = env.child();
        let chain = LocalChain::open(&config, env.clone())?;
        let listen = |source| LocalnetError::Listen {
            address: config.listen,
            source,
        };
        let listener = TcpListener::bind(config.listen).await.map_err(listen)?;
        let address = listener.local_addr().map_err(listen)?;
        let grpc = service::routes(chain.clone())
            .into_axum_router()
            .layer(tonic_web::GrpcWebLayer::new());
        let app = grpc
            .merge(faucet::router(chain.clone()))
            .merge(controls::router(chain.clone()))
            .layer(CorsLayer::permissive());
        let shutdown = env.shutdown_token();
        env.spawn(async move {
            let stopped = shutdown.clone();
            let serving = axum::serve(listener, app)
                .with_graceful_shutdown(async move { stopped.cancelled().await });
            // Subscriptions never end by themselves, so waiting for them has a limit.
            let serving = std::future::IntoFuture::into_future(serving);
            tokio::pin!(serving);
            tokio::select! {
                result = &mut serving => drop(result),
                () = async {
                    shutdown.cancelled().await;
                    tokio::time::sleep(STOP_LIMIT).await;
                } => {}
            }
        });
        env.spawn(beat(chain.clone(), env.clone(), config.heartbeat()));
        Ok(Self {
            chain,
            address,
            env,
        })
    }

    /// The chain behind it.
    #[must_use]
    pub const fn chain(&self) -> &LocalChain {
        &self.chain
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// URL of RPC, faucet and controls alike.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Stops, and waits until the port is free.
    pub async fn stop(self) {
        self.env.stop(STOP_LIMIT * 2).await;
    }
}

impl Drop for Localnet {
    fn drop(&mut self) {
        self.env.begin_stop();
    }
}

/// Keeps the chain's clock and its checkpoints going while nobody does anything.
pub(crate) async fn beat(chain: LocalChain, env: Env, every: Duration) {
    loop {
        tokio::select! {
            () = env.sleep(every) => {}
            () = env.shutdown() => return,
        }
        if let Err(error) = chain.heartbeat() {
            tracing::error!(%error, "the localnet cannot cut checkpoints any more");
            return;
        }
    }
}
