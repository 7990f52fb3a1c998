//! Starts a node and keeps it going: registration, key epochs, sessions, settlement, shutdown.

use std::{sync::Arc, time::Duration};

use atoma_chain::{Client, Wallet};
use atoma_env::Env;
use atoma_protocol::{
    channel::PayeeConfig,
    ids::{KeyEpoch, NodeId},
    money::{Amount, fee},
};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    backoff::Backoff,
    bindings::Bindings,
    chain::{NodeChain, OperatorChain},
    channels::{ChainChannels, ChannelRules, Contact},
    config::{LEAST_CREDIT_TOKENS, NodeConfig},
    dial::{Connector, Dial, GrpcConnector, Serving},
    enclave::{Enclave, EnclaveConfig, GradedEpoch},
    epoch::EpochPoster,
    error::NodeError,
    evidence::EvidenceSource,
    registration::{Engines, Registered, Registrar},
    settle::Settler,
    status::{ChannelStatus, Earnings, NodeStatus},
    store::{SYNC_INTERVAL, Store},
};

/// First and longest pause while the chain or the attestors cannot be reached.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(30));
/// How long the last settlement may try to reach the chain.
pub const LAST_SETTLE_LIMIT: Duration = Duration::from_secs(20);
/// How long tasks of the node may take to end after they were told to.
const STOP_LIMIT: Duration = Duration::from_secs(10);
/// How long an old key epoch is kept at most after its successor took over: the longest stream.
pub const OVERLAP: Duration = Duration::from_secs(60 * 60);
/// Pause between two looks whether an old epoch's streams are done.
const OVERLAP_POLL: Duration = Duration::from_millis(500);
/// Shortest time between two rotations.
const LEAST_EPOCH: Duration = Duration::from_secs(2);

/// What a node is given by whoever starts it.
#[derive(Clone, Debug)]
pub struct NodeDeps {
    /// Clock, randomness, tasks.
    pub env: Env,
    /// The market's chain.
    pub client: Client,
    /// The operator's account: [`NodeConfig::open_wallet`].
    pub wallet: Arc<Wallet>,
    /// Engines, by the names that [`crate::config::ModelConfig::engine`] gives.
    pub engines: Engines,
    /// The platform that gives evidence.
    pub platform: Arc<dyn EvidenceSource>,
    /// Opens streams to sequencers: [`GrpcConnector`] but for markets in one process.
    pub connector: Arc<dyn Connector>,
}

impl NodeDeps {
    /// With streams over gRPC.
    #[must_use]
    pub fn new(
        env: Env,
        client: Client,
        wallet: Arc<Wallet>,
        engines: Engines,
        platform: Arc<dyn EvidenceSource>,
    ) -> Self {
        Self {
            env,
            client,
            wallet,
            engines,
            platform,
            connector: Arc::new(GrpcConnector),
        }
    }
}

/// The role.
#[derive(Debug)]
pub struct Node;

impl Node {
    /// Starts a node: registers it if need be, posts a key epoch and has it graded, dials its sequencers.
    /// Returns once new tasks could be served. What an earlier process earned and did not settle is settled
    /// first thing, beside that.
    ///
    /// # Errors
    /// [`NodeError`], worded for the operator. While the chain cannot be reached it waits instead.
    pub async fn start(config: NodeConfig, deps: NodeDeps) -> Result<NodeHandle, NodeError> {
        config.validate()?;
        let env = deps.env.child();
        let store = Store::open(&config.node_dir())?;
        let registered = patiently(&env, || async {
            Registrar {
                client: &deps.client,
                wallet: &deps.wallet,
                config: &config,
                store: &store,
                engines: &deps.engines,
            }
            .ensure()
            .await
        })
        .await?;
        let parts = Parts::new(&env, &config, deps, &store, &registered);
        spawn_sync(&env, store);
        let settling = env.shutdown_token().child_token();
        {
            let (settler, stop) = (Arc::clone(&parts.settler), settling.clone());
            env.spawn(async move { settler.run(stop).await });
        }
        let epoch = match patiently(&env, || parts.poster.begin()).await {
            Ok(epoch) => epoch,
            Err(error) => {
                env.stop(STOP_LIMIT).await;
                return Err(error);
            }
        };
        let (serving, watched) = watch::channel(parts.serving(epoch));
        let drain = env.shutdown_token().child_token();
        let shares = shares(config.max_tasks, config.sequencers.len());
        for (url, capacity) in config.sequencers.iter().zip(shares) {
            let dial = parts.dial(url, capacity, watched.clone(), &drain);
            env.spawn(dial.run());
        }
        let rotation = Rotation {
            parts: parts.clone(),
            serving: serving.clone(),
            rotate_after: Duration::from_millis(config.rotate_after_ms),
            drain: drain.clone(),
        };
        env.spawn(rotation.run());
        if config.withdraw_interval_ms > 0 {
            let every = Duration::from_millis(config.withdraw_interval_ms);
            env.spawn(withdraw(env.clone(), Arc::clone(&parts.chain), every));
        }
        Ok(NodeHandle {
            env,
            config,
            parts,
            serving,
            drain,
            settling,
        })
    }
}

/// A node that runs. Dropped without [`Self::stop`] its tasks go on until their environment stops.
#[derive(Debug)]
pub struct NodeHandle {
    env: Env,
    config: NodeConfig,
    parts: Parts,
    serving: watch::Sender<Serving>,
    drain: CancellationToken,
    settling: CancellationToken,
}

impl NodeHandle {
    /// The node's id on-chain.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.parts.poster.node
    }

    /// A snapshot.
    #[must_use]
    pub fn status(&self) -> NodeStatus {
        let parts = &self.parts;
        let epoch = self.serving.borrow().epoch;
        let channels = parts.enclave.channels();
        let channels = channels.into_iter().filter_map(|channel| {
            let balance = parts.enclave.balance(channel)?;
            Some(ChannelStatus {
                channel,
                earned: balance.due,
                covered: balance.covered,
                settled: balance.paid,
                streams: balance.streams,
            })
        });
        let models = parts.enclave.models().values();
        NodeStatus {
            node: parts.poster.node,
            key_epoch: epoch.epoch,
            grade: epoch.grade.to_string(),
            expires_ms: epoch.expires,
            models: models
                .map(|model| (model.info.name.clone(), model.id))
                .collect(),
            sequencers: parts
                .bindings
                .attached()
                .iter()
                .map(ToString::to_string)
                .collect(),
            channels: channels.collect(),
            settled: parts.earnings.total(),
            chain_seen_ms: parts.contact.last(),
        }
    }

    /// Settles everything that can be, now.
    ///
    /// # Errors
    /// [`NodeError::Settle`].
    pub async fn settle_now(&self) -> Result<(), NodeError> {
        Ok(self.parts.settler.settle_all(LAST_SETTLE_LIMIT).await?)
    }

    /// Stops: no new tasks, streams finish within [`NodeConfig::drain_ms`], everything is settled, the keys
    /// are zeroized.
    ///
    /// # Errors
    /// [`NodeError::Settle`] if the chain could not be reached: nothing is lost, the next start settles.
    pub async fn stop(self) -> Result<(), NodeError> {
        let Parts {
            enclave, settler, ..
        } = &self.parts;
        self.drain.cancel();
        let begun = self.env.now();
        while !self.parts.bindings.attached().is_empty()
            && self.env.now().saturating_since(begun) < self.config.drain()
        {
            self.env.sleep(SYNC_INTERVAL).await;
        }
        // What still runs is cancelled, which cuts its last receipt.
        self.settling.cancel();
        let clean = self.env.stop(STOP_LIMIT).await;
        if !clean {
            tracing::warn!(target: "atoma_node", "tasks did not end in time");
        }
        let settled = settler.settle_all(LAST_SETTLE_LIMIT).await;
        enclave.end_all();
        self.parts.store.sync()?;
        Ok(settled?)
    }
}

/// What the tasks of a node share.
#[derive(Clone, Debug)]
struct Parts {
    env: Env,
    store: Store,
    enclave: Arc<Enclave>,
    chain: Arc<dyn NodeChain>,
    connector: Arc<dyn Connector>,
    bindings: Bindings,
    contact: Contact,
    earnings: Earnings,
    settler: Arc<Settler>,
    poster: EpochPoster,
    rules: ChannelRules,
}

impl Parts {
    fn new(
        env: &Env,
        config: &NodeConfig,
        deps: NodeDeps,
        store: &Store,
        registered: &Registered,
    ) -> Self {
        let at = deps.client.deployment();
        let payee = PayeeConfig {
            starting_credit: starting_credit(config),
            ..PayeeConfig::default()
        };
        let enclave = Arc::new(Enclave::new(
            env.child(),
            EnclaveConfig {
                network: at.network,
                node: registered.node,
                payee,
                settle_threshold: config.settle.threshold,
            },
            registered.models.clone(),
            store.clone(),
        ));
        let rules = ChannelRules {
            network: at.network,
            node: registered.node,
            coin: at.payment_coin.clone(),
            models: registered.models.keys().copied().collect(),
        };
        let chain: Arc<dyn NodeChain> = Arc::new(OperatorChain {
            client: deps.client.clone(),
            wallet: Arc::clone(&deps.wallet),
            node: registered.node,
            cap: registered.cap,
            vault: registered.vault,
            coin: at.payment_coin.clone(),
        });
        let contact = Contact::default();
        contact.made(env.now());
        let earnings = Earnings::default();
        let settler = Arc::new(Settler::new(
            env.clone(),
            Arc::clone(&enclave),
            store.clone(),
            Arc::clone(&chain),
            config.settle,
            contact.clone(),
            earnings.clone(),
        ));
        let poster = EpochPoster {
            env: env.clone(),
            client: deps.client,
            wallet: deps.wallet,
            node: registered.node,
            cap: registered.cap,
            enclave: Arc::clone(&enclave),
            platform: deps.platform,
            attestors: config.attestors.clone(),
        };
        Self {
            env: env.clone(),
            store: store.clone(),
            enclave,
            chain,
            connector: deps.connector,
            bindings: Bindings::default(),
            contact,
            earnings,
            settler,
            poster,
            rules,
        }
    }

    fn serving(&self, epoch: GradedEpoch) -> Serving {
        Serving {
            epoch,
            channels: Arc::new(ChainChannels {
                chain: Arc::clone(&self.chain),
                rules: self.rules.clone(),
                grade: epoch.grade,
                env: self.env.clone(),
                contact: self.contact.clone(),
            }),
        }
    }

    fn dial(
        &self,
        url: &str,
        capacity: u32,
        serving: watch::Receiver<Serving>,
        drain: &CancellationToken,
    ) -> Dial {
        Dial {
            env: self.env.clone(),
            url: url.to_owned(),
            connector: Arc::clone(&self.connector),
            enclave: Arc::clone(&self.enclave),
            bindings: self.bindings.clone(),
            contact: self.contact.clone(),
            capacity,
            serving,
            drain: drain.clone(),
        }
    }
}

/// Replaces key epochs before they expire or are used up.
struct Rotation {
    parts: Parts,
    serving: watch::Sender<Serving>,
    /// Zero: three quarters of the epoch's life.
    rotate_after: Duration,
    drain: CancellationToken,
}

impl Rotation {
    async fn run(self) {
        let env = self.parts.env.clone();
        let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
        let mut pause = Duration::ZERO;
        loop {
            let epoch = self.serving.borrow().epoch;
            let age = env.now().saturating_since(epoch.posted);
            let left = self.life(&epoch).saturating_sub(age).max(pause);
            tokio::select! {
                biased;
                () = self.drain.cancelled() => return,
                () = env.shutdown() => return,
                () = self.parts.enclave.rotation_wanted(), if age >= LEAST_EPOCH => {}
                () = env.sleep(left) => {}
            }
            match self.parts.poster.begin().await {
                Ok(next) => {
                    backoff.reset();
                    pause = Duration::ZERO;
                    self.serving.send_replace(self.parts.serving(next));
                    let parts = self.parts.clone();
                    env.spawn(async move { retire(&parts, epoch.epoch).await });
                }
                Err(error) => {
                    tracing::warn!(target: "atoma_node::epoch", %error, "rotation failed; the old key epoch goes on");
                    pause = backoff.pause(&env);
                }
            }
        }
    }

    fn life(&self, epoch: &GradedEpoch) -> Duration {
        let whole = epoch.expires.saturating_since(epoch.posted);
        let wanted = if self.rotate_after.is_zero() {
            whole / 4 * 3
        } else {
            self.rotate_after.min(whole)
        };
        wanted.max(LEAST_EPOCH)
    }
}

/// Ends an old key epoch once its streams are done, and settles what it earned.
async fn retire(parts: &Parts, epoch: KeyEpoch) {
    let begun = parts.env.now();
    while parts.enclave.has_streams(epoch) && parts.env.now().saturating_since(begun) < OVERLAP {
        tokio::select! {
            biased;
            () = parts.env.shutdown() => return,
            () = parts.env.sleep(OVERLAP_POLL) => {}
        }
    }
    if let Err(error) = parts.settler.settle_all(LAST_SETTLE_LIMIT).await {
        tracing::warn!(target: "atoma_node::settle", %error, %epoch, "an old key epoch is settled later");
    }
    parts.enclave.end(epoch);
    tracing::info!(target: "atoma_node::epoch", %epoch, "key epoch ended");
}

/// Makes what was written outlast a power cut, many records at a time.
fn spawn_sync(env: &Env, store: Store) {
    let clock = env.clone();
    env.spawn(async move {
        loop {
            tokio::select! {
                biased;
                () = clock.shutdown() => return,
                () = clock.sleep(SYNC_INTERVAL) => {}
            }
            if !store.take_unsynced() {
                continue;
            }
            let disk = store.clone();
            match tokio::task::spawn_blocking(move || disk.sync()).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => {
                    tracing::error!(target: "atoma_node::store", %error, "records do not reach the disk");
                }
                Err(_) => return,
            }
        }
    });
}

async fn withdraw(env: Env, chain: Arc<dyn NodeChain>, every: Duration) {
    loop {
        tokio::select! {
            biased;
            () = env.shutdown() => return,
            () = env.sleep(every) => {}
        }
        if let Err(error) = chain.withdraw().await {
            tracing::warn!(target: "atoma_node::settle", %error, "dues not withdrawn; trying again later");
        }
    }
}

/// What a channel that has paid nothing yet is lent: a hundredth of the least deposit, and enough for a
/// stream to run between two vouchers.
fn starting_credit(config: &NodeConfig) -> Amount {
    let models = config.models.iter();
    let enough = models.map(|model| {
        let least = fee(LEAST_CREDIT_TOKENS, model.prices()).unwrap_or(model.credit);
        least.max(Amount(model.min_deposit.0 / 100))
    });
    enough.max().unwrap_or_default()
}

/// Tasks that each of `count` sequencers may have; together `total`, each at least one.
fn shares(total: u32, count: usize) -> impl Iterator<Item = u32> {
    let count = u32::try_from(count).unwrap_or(u32::MAX).max(1);
    (0..count).map(move |index| {
        let extra = u32::from(index < total % count);
        (total / count + extra).max(1)
    })
}

/// Repeats `work` while the chain or the attestors are away.
async fn patiently<T, F>(env: &Env, mut work: impl FnMut() -> F) -> Result<T, NodeError>
where
    F: Future<Output = Result<T, NodeError>>,
{
    let mut backoff = Backoff::new(PAUSES.0, PAUSES.1);
    loop {
        let error = match work().await {
            Err(error) if is_passing(&error) => error,
            done => return done,
        };
        tracing::warn!(target: "atoma_node", %error, "trying again");
        tokio::select! {
            biased;
            () = env.shutdown() => return Err(NodeError::Stopped),
            () = env.sleep(backoff.pause(env)) => {}
        }
    }
}

const fn is_passing(error: &NodeError) -> bool {
    matches!(error, NodeError::Chain(error) if error.is_transient())
}

#[cfg(test)]
mod tests {
    use super::shares;

    #[test]
    fn capacity_is_shared_out_whole() {
        assert_eq!(shares(16, 3).collect::<Vec<_>>(), [6, 5, 5]);
        assert_eq!(shares(1, 2).collect::<Vec<_>>(), [1, 1]);
        assert_eq!(shares(16, 1).collect::<Vec<_>>(), [16]);
    }
}
