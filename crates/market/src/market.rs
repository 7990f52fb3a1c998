//! Starts and stops everything, in the order in which parts need each other.

use std::{path::Path, sync::Arc, time::Duration};

use atoma_attestation::{
    Verifiers,
    simulated::{Platform, SimulatedVerifier},
};
use atoma_attestor::{Attestor, AttestorConfig};
use atoma_chain::{
    ChainError, Client, Rpc, RpcError, Wallet,
    rpc::{GrpcConfig, GrpcRpc},
    wallet::KeyFileError,
};
use atoma_env::Env;
use atoma_indexer::{Indexer, IndexerConfig};
use atoma_localnet::{Localnet, LocalnetConfig, server::LocalnetError};
use atoma_node::{
    ModelConfig, Node, NodeConfig, NodeDeps, NodeError, NodeHandle, config::SettleConfig,
    evidence::Simulated,
};
use atoma_protocol::{ids::NodeId, keys::SigningKey};
use atoma_sequencer::{Dependencies, Sequencer, SequencerConfig, api_key};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::{
    config::{MAX_NODES, MarketConfig},
    folder::{Folder, FolderError},
    genesis::{Genesis, MEASUREMENT},
    ready::Ready,
};

/// How long the nodes may take to attach.
const ATTACH_LIMIT: Duration = Duration::from_secs(60);
/// Pause between two looks whether they have.
const ATTACH_POLL: Duration = Duration::from_millis(10);
/// Name under which the nodes know their engine.
const ENGINE: &str = "default";

/// Why a market does not start.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum MarketError {
    /// The state folder.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// A key file.
    #[error(transparent)]
    Key(#[from] KeyFileError),
    /// The localnet.
    #[error("the localnet does not start")]
    Localnet(#[from] LocalnetError),
    /// The chain.
    #[error("the contracts cannot be set up")]
    Chain(#[from] ChainError),
    /// The RPC.
    #[error("the localnet's RPC cannot be used")]
    Rpc(#[from] RpcError),
    /// The faucet.
    #[error("the faucet gives nothing: {0}")]
    Faucet(String),
    /// The attestor.
    #[error("the attestor does not start")]
    Attestor(#[from] atoma_attestor::StartError),
    /// The sequencer.
    #[error("the sequencer does not start")]
    Sequencer(#[from] atoma_sequencer::StartError),
    /// A node.
    #[error("node {number} does not start")]
    Node {
        /// Which one, from 1.
        number: u8,
        /// Why.
        #[source]
        source: Box<NodeError>,
    },
    /// The indexer.
    #[error("the indexer does not start")]
    Indexer(#[from] atoma_indexer::StartError),
    /// An HTTP client cannot be made.
    #[error("cannot set up HTTP: {0}")]
    Http(String),
    /// Nodes that do not attach.
    #[error(
        "only {attached} of {expected} nodes attached to the sequencer within {ATTACH_LIMIT:?}: see the log"
    )]
    NotAttached {
        /// Those that did.
        attached: usize,
        /// All of them.
        expected: usize,
    },
    /// A setting out of bounds.
    #[error("a market has 1 to {MAX_NODES} nodes, not {0}")]
    NodeCount(u8),
}

/// A running market.
#[derive(Debug)]
pub struct Market {
    ready: Ready,
    client: Client,
    nodes: Vec<NodeHandle>,
    sequencer: Sequencer,
    indexer: Indexer,
    attestor: Attestor,
    localnet: Localnet,
    // Dropped last: nobody else may open it before everything above is gone.
    folder: Folder,
}

/// What all roles share while they are started.
struct Setting<'a> {
    config: &'a MarketConfig,
    env: &'a Env,
    folder: &'a Path,
    client: Client,
    root: [u8; 32],
}

impl Setting<'_> {
    /// The root of the simulated platforms, drawn for this market alone.
    fn root(&self) -> SigningKey {
        SigningKey::from_seed(self.root)
    }

    fn verifiers(&self) -> Verifiers {
        let platform = Platform::new(self.root(), MEASUREMENT.to_vec());
        Verifiers::new().with(SimulatedVerifier::new(platform.root()))
    }
}

impl Market {
    /// Starts everything and waits until requests can be answered. `progress` is told what comes next.
    ///
    /// # Errors
    /// [`MarketError`]; what was started is stopped again.
    pub async fn start(
        config: MarketConfig,
        env: &Env,
        progress: impl Fn(&str) + Send,
    ) -> Result<Self, MarketError> {
        if !(1..=MAX_NODES).contains(&config.nodes) {
            return Err(MarketError::NodeCount(config.nodes));
        }
        let folder = match &config.state {
            Some(path) => Folder::open(path)?,
            None => Folder::temporary()?,
        };
        let (path, ports) = (folder.path().to_owned(), config.ports);
        progress("starting the localnet");
        let localnet = Localnet::start(
            LocalnetConfig {
                listen: ports.rpc(),
                state: Some(path.join("localnet")),
                seed: config.seed,
                ..LocalnetConfig::default()
            },
            env.clone(),
        )
        .await?;
        let rpc: Arc<dyn Rpc> = Arc::new(GrpcRpc::new(
            &localnet.url(),
            GrpcConfig::default(),
            env.clone(),
        )?);
        progress("deploying the contracts");
        let attestor_key = SigningKey::from_seed(*folder.secret("attestor.key", env)?);
        let chain = localnet.chain().clone();
        let genesis = Genesis::ensure(&folder, rpc, chain, attestor_key.public(), env).await?;
        let root = *folder.secret("simulated-root.key", env)?;
        let client = genesis.client.clone();
        let setting = Setting {
            config: &config,
            env,
            folder: &path,
            client,
            root,
        };

        progress("starting attestor, indexer and sequencer");
        let attestor = setting.attestor(attestor_key).await?;
        let indexer = setting.indexer().await?;
        let key = api_key(&folder, env)?;
        let sequencer = setting.sequencer(&genesis, &attestor, &key).await?;

        progress("starting the nodes: stake, evidence, verdicts");
        let mut nodes = Vec::new();
        for number in 1..=config.nodes {
            nodes.push(
                setting
                    .node(&genesis, number, &attestor, &sequencer)
                    .await?,
            );
        }
        let node_ids: Vec<NodeId> = nodes.iter().map(|node| node.status().node).collect();
        attached(&sequencer, nodes.len(), env).await?;
        let deployment = &genesis.saved.deployment;
        let ready = Ready {
            gateway_url: format!("http://{}/v1", sequencer.address()),
            api_key: key.expose_secret().to_owned(),
            rpc_url: localnet.url(),
            faucet_url: localnet.url(),
            indexer_url: indexer.url(),
            package_id: deployment.package.newest(),
            network_id: deployment.network,
            node_ids,
            models: config
                .engine
                .models()
                .iter()
                .map(|model| model.name.clone())
                .collect(),
        };
        let client = setting.client.clone();
        Ok(Self {
            ready,
            client,
            nodes,
            sequencer,
            indexer,
            attestor,
            localnet,
            folder,
        })
    }

    /// How to use it.
    #[must_use]
    pub const fn ready(&self) -> &Ready {
        &self.ready
    }

    /// Folder of the state.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes [`Self::ready`] as JSON into the state folder, readable by its owner only.
    ///
    /// # Errors
    /// [`MarketError::Folder`].
    pub fn write_ready(&self, name: &str) -> Result<(), MarketError> {
        Ok(self.folder.write_json(name, &self.ready)?)
    }

    /// The market on its chain.
    #[must_use]
    pub const fn client(&self) -> &Client {
        &self.client
    }

    /// The nodes.
    #[must_use]
    pub fn nodes(&self) -> &[NodeHandle] {
        &self.nodes
    }

    /// The sequencer.
    #[must_use]
    pub const fn sequencer(&self) -> &Sequencer {
        &self.sequencer
    }

    /// The localnet.
    #[must_use]
    pub const fn localnet(&self) -> &Localnet {
        &self.localnet
    }

    /// Stops everything: nodes settle first, then those that they need.
    pub async fn stop(self) {
        let stopping = self.nodes.into_iter().map(NodeHandle::stop);
        for result in futures::future::join_all(stopping).await {
            if let Err(error) = result {
                tracing::warn!(%error, "a node did not stop cleanly");
            }
        }
        self.sequencer.stop().await;
        self.indexer.stop().await;
        self.attestor.stop().await;
        self.localnet.stop().await;
    }
}

impl Setting<'_> {
    async fn attestor(&self, key: SigningKey) -> Result<Attestor, MarketError> {
        let config = AttestorConfig {
            state_dir: self.folder.to_owned(),
            listen: self.config.ports.attestor(),
            key_file: None,
        };
        let verifiers = self.verifiers();
        Ok(Attestor::start(config, self.client.clone(), key, verifiers, self.env).await?)
    }

    async fn indexer(&self) -> Result<Indexer, MarketError> {
        let config = IndexerConfig {
            state_dir: self.folder.to_owned(),
            listen: self.config.ports.indexer(),
            ..IndexerConfig::default()
        };
        Ok(Indexer::start(config, self.client.clone(), self.env).await?)
    }

    async fn sequencer(
        &self,
        genesis: &Genesis,
        attestor: &Attestor,
        key: &SecretString,
    ) -> Result<Sequencer, MarketError> {
        let config = SequencerConfig {
            state_dir: self.folder.to_owned(),
            listen: self.config.ports.gateway(),
            listen_nodes: self.config.ports.nodes(),
            api_keys: vec![api_key::Entry::new("local", key)],
            evidence_archives: vec![attestor.url()],
            need: MarketConfig::need(),
            ..SequencerConfig::default()
        };
        let url = attestor
            .url()
            .parse()
            .map_err(|error| MarketError::Http(format!("{error}")))?;
        let http = atoma_engine::http::client_builder(&url)
            .map_err(|error| MarketError::Http(error.to_string()))?
            .build()
            .map_err(|error| MarketError::Http(error.to_string()))?;
        let dependencies = Dependencies {
            chain: self.client.clone(),
            verifiers: self.verifiers(),
            http,
        };
        let sequencer = Sequencer::start(config, dependencies, self.env).await?;
        genesis.fund_sequencer(sequencer.wallet()).await?;
        Ok(sequencer)
    }

    async fn node(
        &self,
        genesis: &Genesis,
        number: u8,
        attestor: &Attestor,
        sequencer: &Sequencer,
    ) -> Result<NodeHandle, MarketError> {
        let models = self.config.engine.models().iter();
        let config = NodeConfig {
            state_dir: self.folder.join(format!("node-{number}")),
            sequencers: vec![format!("http://{}", sequencer.nodes_address())],
            attestors: vec![attestor.url()],
            models: models
                .map(|model| ModelConfig {
                    engine: ENGINE.to_owned(),
                    ..ModelConfig::new(&model.name, self.config.prices)
                })
                .collect(),
            settle: SettleConfig {
                threshold: self.config.settle_threshold,
                interval_ms: self.config.settle_interval_ms,
            },
            ..NodeConfig::default()
        };
        let wallet: Wallet = config.open_wallet(self.env)?;
        genesis.fund_operator(wallet.address()).await?;
        let engines = [(ENGINE.to_owned(), self.config.engine.clone())].into();
        let platform = Arc::new(Simulated::new(self.root(), MEASUREMENT.to_vec()));
        let deps = NodeDeps::new(
            self.env.clone(),
            self.client.clone(),
            Arc::new(wallet),
            engines,
            platform,
        );
        let started = Node::start(config, deps).await;
        started.map_err(|source| MarketError::Node {
            number,
            source: Box::new(source),
        })
    }
}

/// The key that is shown; the same every time, so that scripts written against it go on working.
fn api_key(folder: &Folder, env: &Env) -> Result<SecretString, MarketError> {
    let secret = folder.secret("api.key", env)?;
    Ok(api_key::from_secret(&secret))
}

async fn attached(sequencer: &Sequencer, expected: usize, env: &Env) -> Result<(), MarketError> {
    let waiting = async {
        while sequencer.fleet().nodes().len() < expected {
            env.sleep(ATTACH_POLL).await;
        }
    };
    tokio::time::timeout(ATTACH_LIMIT, waiting)
        .await
        .map_err(|_| MarketError::NotAttached {
            attached: sequencer.fleet().nodes().len(),
            expected,
        })
}
