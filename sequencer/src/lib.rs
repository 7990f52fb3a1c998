//! The OpenAI-compatible front door: routes, seals, pays.
//!
//! - [`http`]: the OpenAI surface.
//! - [`api_key`]: who is let in.
//! - [`completion`]: takes a request to a node, and to another if the first does not begin.
//! - [`routing`]: which node that is.
//! - [`session`]: one attached node, its stream and its requests.
//! - [`treasury`]: the channels that pay them, and whom to trust.
//! - [`config`]: what an operator sets.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use atoma_attestation::Verifiers;
use atoma_chain::{Client, Wallet, wallet::KeyFileError};
use atoma_client::{PayerStore, StoreError};
use atoma_env::Env;
use atoma_link::{connection::SequencerEnd, grpc};
use atoma_openai::RequestLimits;
use atoma_protocol::ids::Address;
use thiserror::Error;
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;

pub mod answer;
pub mod api_key;
pub mod completion;
pub mod config;
pub mod http;
pub mod routing;
pub mod session;
pub mod treasury;
mod voucher_key;

pub use config::{ConfigError, SequencerConfig};

use api_key::ApiKeys;
use completion::Completions;
use routing::Fleet;
use session::NodeLink;
use treasury::Treasury;

/// How often vouchers and receipts are forced onto the disk.
const SYNC_INTERVAL: Duration = Duration::from_millis(50);
/// How long answers under way may take when the sequencer stops.
const STOP_LIMIT: Duration = Duration::from_secs(10);

/// Why a sequencer does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A setting cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The state folder cannot be made.
    #[error("cannot make the folder {path}")]
    Folder {
        /// The folder.
        path: std::path::PathBuf,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
    /// The payer's store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key file cannot be used.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The voucher key cannot be read or written.
    #[error("the voucher key at {path} cannot be used: {reason}")]
    VoucherKey {
        /// The file.
        path: std::path::PathBuf,
        /// Why.
        reason: String,
    },
    /// A port cannot be had.
    #[error("cannot listen on {address}: choose another port")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system says.
        #[source]
        source: std::io::Error,
    },
}

/// What a sequencer needs besides its settings.
#[derive(Debug)]
pub struct Dependencies {
    /// The market on its chain.
    pub chain: Client,
    /// Platforms whose evidence is trusted.
    pub verifiers: Verifiers,
    /// Fetches evidence.
    pub http: reqwest::Client,
}

/// A running sequencer. Dropping it stops it.
#[derive(Debug)]
pub struct Sequencer {
    env: Env,
    address: SocketAddr,
    nodes_address: SocketAddr,
    wallet: Address,
    fleet: Arc<Fleet<NodeLink>>,
    attacher: Attacher,
}

/// Takes streams of nodes up.
#[derive(Clone, Debug)]
pub struct Attacher {
    env: Env,
    treasury: Arc<Treasury>,
    store: PayerStore,
    fleet: Arc<Fleet<NodeLink>>,
    silence: Duration,
}

impl Attacher {
    /// Runs a stream to its end, in a task of its own.
    pub fn attach(&self, end: SequencerEnd) {
        let Self {
            env,
            treasury,
            store,
            fleet,
            silence,
        } = self.clone();
        self.env.spawn(async move {
            if let Err(error) = session::attach(end, env, treasury, store, fleet, silence).await {
                let cause = std::error::Error::source(&error).map(ToString::to_string);
                tracing::warn!(%error, cause, "a node was not attached");
            }
        });
    }
}

impl Sequencer {
    /// Opens the state, listens for callers and for nodes.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(
        config: SequencerConfig,
        dependencies: Dependencies,
        env: &Env,
    ) -> Result<Self, StartError> {
        config.validate()?;
        let env = env.child();
        let folder = config.folder();
        std::fs::create_dir_all(&folder).map_err(|source| StartError::Folder {
            path: folder.clone(),
            source,
        })?;
        let wallet = Wallet::load_or_create(&config.key_path(), &env)?;
        let address = wallet.address();
        let store = PayerStore::open(&folder.join("payer"))?;
        let voucher_seed = voucher_key::load_or_create(&folder.join("voucher.key"), &env)?;
        let treasury = Arc::new(Treasury::new(
            dependencies.chain,
            wallet,
            env.clone(),
            config.clone(),
            store.clone(),
            Arc::new(dependencies.verifiers),
            dependencies.http,
            voucher_seed,
        ));
        let fleet = Arc::new(Fleet::new(env.clone()));
        let attacher = Attacher {
            env: env.clone(),
            treasury,
            store: store.clone(),
            fleet: fleet.clone(),
            silence: config.silence(),
        };
        let callers = listen(config.listen).await?;
        let nodes = listen(config.listen_nodes).await?;
        let sequencer = Self {
            address: callers.1,
            nodes_address: nodes.1,
            wallet: address,
            fleet: fleet.clone(),
            attacher,
            env: env.clone(),
        };
        sequencer.serve_nodes(nodes.0);
        let keys = Arc::new(ApiKeys::new(config.api_keys.clone()));
        let completions = Completions::new(env.clone(), fleet, store.clone(), config);
        sequencer.serve_callers(callers.0, keys, completions);
        sequencer.sync(store);
        Ok(sequencer)
    }

    fn serve_nodes(&self, listener: TcpListener) {
        let env = self.env.clone();
        let (service, mut streams) = grpc::service(move |task| {
            env.spawn(task);
        });
        let shutdown = self.env.shutdown_token();
        let serving = tonic::transport::Server::builder()
            .add_service(service)
            .serve_with_incoming_shutdown(TcpListenerStream::new(listener), async move {
                shutdown.cancelled().await;
            });
        self.env.spawn(async move {
            if let Err(error) = serving.await {
                tracing::error!(%error, "nodes cannot dial in any more");
            }
        });
        let (env, attacher) = (self.env.clone(), self.attacher.clone());
        self.env.spawn(async move {
            loop {
                tokio::select! {
                    stream = streams.recv() => match stream {
                        Some(stream) => attacher.attach(stream),
                        None => return,
                    },
                    () = env.shutdown() => return,
                }
            }
        });
    }

    fn serve_callers(&self, listener: TcpListener, keys: Arc<ApiKeys>, completions: Completions) {
        let limits = RequestLimits::default();
        let app = http::router(self.env.clone(), keys, limits, Arc::new(completions));
        let shutdown = self.env.shutdown_token();
        self.env.spawn(async move {
            let serving = axum::serve(listener, app)
                .with_graceful_shutdown(async move { shutdown.cancelled().await });
            if let Err(error) = serving.await {
                tracing::error!(%error, "the HTTP server failed");
            }
        });
    }

    fn sync(&self, store: PayerStore) {
        let env = self.env.clone();
        self.env.spawn(async move {
            let mut stopping = false;
            while !stopping {
                tokio::select! {
                    () = env.sleep(SYNC_INTERVAL) => {}
                    () = env.shutdown() => stopping = true,
                }
                if let Err(error) = store.sync() {
                    tracing::error!(%error, "vouchers cannot be forced onto the disk");
                }
            }
        });
    }

    /// Where the OpenAI API listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where nodes dial in.
    #[must_use]
    pub const fn nodes_address(&self) -> SocketAddr {
        self.nodes_address
    }

    /// The account that owns the channels.
    #[must_use]
    pub const fn wallet(&self) -> Address {
        self.wallet
    }

    /// The attached nodes.
    #[must_use]
    pub const fn fleet(&self) -> &Arc<Fleet<NodeLink>> {
        &self.fleet
    }

    /// Takes up streams that came another way than over the network.
    #[must_use]
    pub const fn attacher(&self) -> &Attacher {
        &self.attacher
    }

    /// Stops: no new requests, answers under way end or are cut off after a limit.
    pub async fn stop(self) -> bool {
        self.env.stop(STOP_LIMIT).await
    }
}

impl Drop for Sequencer {
    fn drop(&mut self) {
        self.env.begin_stop();
    }
}

async fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), StartError> {
    let failed = |source| StartError::Listen { address, source };
    let listener = TcpListener::bind(address).await.map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
