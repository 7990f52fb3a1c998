//! The whole role against the compiled contracts: registers, attests, serves, is paid, survives a kill,
//! rotates its keys, lets go of a channel.

use std::{path::Path, sync::Arc, time::Duration};

use async_trait::async_trait;
use atoma_attestation::{
    Verifiers,
    simulated::{Platform, SimulatedVerifier},
};
use atoma_attestor::{Attestor, AttestorConfig};
use atoma_chain::{
    Action, AtomaEvent, Client, Rpc, Wallet,
    client::Sender,
    deploy::{CompiledPackage, DeployConfig, Deployed, Payment, deploy},
    state::{ChannelState, ChannelStatus, PayerCapState},
    tx::{self, OpenChannel},
};
use atoma_engine::{Engine, ScriptedEngine};
use atoma_env::Env;
use atoma_link::{
    connection::{ConnectionError, NodeEnd, SequencerEnd, pair},
    message::{Challenge, FromNode, ToNode},
};
use atoma_localnet::{InProcess, Localnet, LocalnetConfig};
use atoma_node::{
    ModelConfig, Node, NodeConfig, NodeDeps, NodeError, NodeHandle,
    channels::view,
    config::SettleConfig,
    dial::{Carrier, Connector},
    enclave::PublicKeys,
    evidence::Simulated,
    store::StoreError,
};
use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, PackageId},
    keys::SigningKey,
    money::{Amount, Bps},
    sealed::{SealingPublicKey, Suite, sealing_keys_hash},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};
use tokio::sync::mpsc;

use crate::support::{Desk, Place, prices, voucher_key};

const MODEL: &str = "scripted/count-100";
const MEASUREMENT: &[u8] = b"node under test";
const DEPOSIT: Amount = Amount(100_000);
/// Longest wait for something that must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// Streams to a sequencer that the test is.
#[derive(Debug)]
struct Desks(mpsc::UnboundedSender<SequencerEnd>);

#[async_trait]
impl Connector for Desks {
    async fn connect(&self, _: &str) -> Result<(NodeEnd, Carrier), ConnectionError> {
        let (node, sequencer, carrier) = pair();
        self.0
            .send(sequencer)
            .map_err(|_| ConnectionError::Closed)?;
        Ok((node, Box::pin(carrier)))
    }
}

struct Market {
    env: Env,
    client: Client,
    deployed: Deployed,
    payer: Wallet,
    operator: Arc<Wallet>,
    attestor: Attestor,
    folder: tempfile::TempDir,
    desks: mpsc::UnboundedReceiver<SequencerEnd>,
    connector: Arc<Desks>,
    _localnet: Localnet,
}

fn compiled(package: atoma_contracts::Package) -> CompiledPackage {
    let modules = package.modules.into_iter().map(|module| module.bytes);
    let dependencies = package.dependencies.into_iter().map(PackageId::new);
    CompiledPackage {
        modules: modules.collect(),
        dependencies: dependencies.collect(),
    }
}

fn root() -> SigningKey {
    SigningKey::from_seed([66; 32])
}

async fn fund(localnet: &Localnet, wallet: &Wallet) {
    let recipient = wallet.address().to_string();
    let body = serde_json::json!({ "FixedAmountRequest": { "recipient": recipient } });
    let client = atoma_engine::http::client_builder(&localnet.url().parse().unwrap())
        .unwrap()
        .build()
        .unwrap();
    let asked = client
        .post(format!("{}/v2/gas", localnet.url()))
        .json(&body);
    assert!(asked.send().await.unwrap().status().is_success());
}

impl Market {
    async fn new() -> Self {
        let env = Env::system();
        let localnet = Localnet::start(LocalnetConfig::test(), env.clone())
            .await
            .unwrap();
        let rpc: Arc<dyn Rpc> = Arc::new(InProcess::new(localnet.chain().clone()));
        let (payer, operator) = (Wallet::generate(&env), Arc::new(Wallet::generate(&env)));
        fund(&localnet, &payer).await;
        fund(&localnet, &operator).await;
        let config = DeployConfig {
            dev: true,
            gap_ms: 1_000,
            params: None,
            treasury: payer.address(),
            payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
        };
        let sender = Sender::new(Arc::clone(&rpc), env.clone());
        let deployed = deploy(&sender, &payer, compiled(atoma_contracts::atoma()), config)
            .await
            .unwrap();
        let at = deployed.deployment.clone();
        let client = Client::connect(rpc, at.clone(), env.clone()).await.unwrap();
        let folder = tempfile::tempdir().unwrap();
        let verifier = SimulatedVerifier::new(Platform::new(root(), Vec::new()).root());
        let attestor = Attestor::start(
            AttestorConfig {
                state_dir: folder.path().to_owned(),
                listen: ([127, 0, 0, 1], 0).into(),
                key_file: None,
            },
            client.clone(),
            SigningKey::from_seed([77; 32]),
            Verifiers::new().with(verifier),
            &env,
        )
        .await
        .unwrap();
        let (ends, desks) = mpsc::unbounded_channel();
        let market = Self {
            client,
            payer,
            operator,
            attestor,
            folder,
            desks,
            connector: Arc::new(Desks(ends)),
            _localnet: localnet,
            deployed,
            env,
        };
        let usd = at.test_usd.unwrap();
        let stake = Amount(5_000_000_000);
        let operator = market.operator.address();
        let kind = EvidenceKind::Simulated;
        let for_ever = TimestampMs(u64::MAX);
        let admin = market.deployed.admin_cap;
        for action in [
            tx::mint_test_usd(&usd, DEPOSIT, market.payer.address()),
            tx::treasury_mint(
                &at.stake_coin,
                market.deployed.stake_treasury,
                stake,
                operator,
            ),
            tx::set_attestors(&at, admin, 1, &[market.attestor.key()]),
            tx::allow_measurement(&at, admin, kind, MEASUREMENT, for_ever),
        ] {
            market.pay(&action).await;
        }
        market
    }

    async fn pay(&self, action: &Action) -> Vec<AtomaEvent> {
        self.client
            .submit(&self.payer, action)
            .await
            .unwrap()
            .events
    }

    fn config(&self) -> NodeConfig {
        let mut model = ModelConfig::new(MODEL, prices());
        model.credit = Amount(100);
        model.min_deposit = Amount(1_000);
        NodeConfig {
            state_dir: self.folder.path().to_owned(),
            sequencers: vec!["http://sequencer.invalid:1".to_owned()],
            attestors: vec![self.attestor.url()],
            models: vec![model],
            settle: SettleConfig {
                threshold: Amount(u64::MAX),
                interval_ms: 3_600_000,
            },
            ..NodeConfig::default()
        }
    }

    async fn start(&self, config: NodeConfig, env: &Env) -> NodeHandle {
        let engine: Arc<dyn Engine> =
            Arc::new(ScriptedEngine::serving(env.clone(), &[MODEL]).unwrap());
        let deps = NodeDeps {
            env: env.clone(),
            client: self.client.clone(),
            wallet: Arc::clone(&self.operator),
            engines: [("default".to_owned(), engine)].into(),
            platform: Arc::new(Simulated::new(root(), MEASUREMENT.to_vec())),
            connector: Arc::clone(&self.connector) as Arc<dyn Connector>,
        };
        let begun = self.env.now();
        loop {
            match Node::start(config.clone(), deps.clone()).await {
                Ok(node) => return node,
                // What was killed has not let go yet.
                Err(NodeError::Store(StoreError::InUse(_)))
                    if self.env.now().saturating_since(begun) < PATIENCE =>
                {
                    self.env.sleep(Duration::from_millis(20)).await;
                }
                Err(error) => panic!("{error}"),
            }
        }
    }

    async fn open_channel(&self, node: &NodeHandle) -> ChannelId {
        let at = &self.deployed.deployment;
        let models = node.status().models;
        let open = OpenChannel {
            node: node.node(),
            coin: at.payment_coin.clone(),
            deposit: DEPOSIT,
            voucher_key: voucher_key().public(),
            refund_to: self.payer.address(),
            router: self.payer.address(),
            routing_bps: Bps::default(),
            models: models
                .into_values()
                .map(|model| (model, prices()))
                .collect(),
            need: Grade::SIMULATED.union(Grade::MEASUREMENT),
            grace: Duration::from_secs(4),
            expires: self.env.now().saturating_add(Duration::from_secs(86_400)),
            owner: self.payer.address(),
        };
        let events = self.pay(&tx::open_channel(at, &open)).await;
        let opened = events.iter().find_map(|event| match event {
            AtomaEvent::ChannelOpened(event) => Some(event.channel),
            _ => None,
        });
        opened.unwrap()
    }

    async fn channel(&self, id: ChannelId) -> ChannelState {
        self.client.channel(id).await.unwrap()
    }

    /// Waits until the chain says so.
    async fn until(&self, id: ChannelId, what: impl Fn(&ChannelState) -> bool) -> ChannelState {
        let begun = self.env.now();
        loop {
            let state = self.channel(id).await;
            if what(&state) {
                return state;
            }
            let waited = self.env.now().saturating_since(begun);
            assert!(waited < PATIENCE, "{state:?}");
            self.env.sleep(Duration::from_millis(50)).await;
        }
    }

    /// Takes the node's next stream to the point where tasks can be given.
    async fn desk(&mut self, node: &NodeHandle, channel: ChannelId) -> Desk {
        let network = self.deployed.deployment.network;
        let nonce = [5; 32];
        let (end, hello) = loop {
            let desks = self.desks.recv();
            let mut end = tokio::time::timeout(PATIENCE, desks)
                .await
                .unwrap()
                .unwrap();
            // A stream that the node before dialled last may have died with it.
            let challenge = ToNode::Challenge(Challenge { nonce, network });
            if end.send(challenge).await.is_ok()
                && let Ok(FromNode::Hello(hello)) = end.receive().await
            {
                break (end, hello);
            }
        };
        let epoch = hello.hello.statement.key_epoch;
        let state = self.client.node(node.node()).await.unwrap();
        let posted = self.client.key_epoch(&state, epoch).await.unwrap().unwrap();
        assert!(posted.covers(Grade::SIMULATED.union(Grade::MEASUREMENT)));
        hello.hello.verify(network, &posted.signing_key).unwrap();
        let sealing: Vec<_> = hello
            .sealing_keys
            .iter()
            .map(|key| {
                let suite = Suite::try_from(u8::try_from(key.suite).unwrap()).unwrap();
                SealingPublicKey::new(suite, key.key.to_vec()).unwrap()
            })
            .collect();
        assert_eq!(sealing_keys_hash(&sealing), posted.sealing_keys_hash);
        let keys = PublicKeys {
            epoch,
            signing: posted.signing_key,
            sealing,
        };
        let mut models = std::collections::BTreeMap::new();
        for (name, id) in node.status().models {
            let manifest = self.client.model(id).await.unwrap().manifest_hash;
            models.insert(name, (id, manifest));
        }
        let place = Place {
            network,
            node: node.node(),
            terms: view(&self.channel(channel).await).terms,
            models,
        };
        let mut desk = Desk::new(self.env.child(), end, place, DEPOSIT, keys.clone());
        desk.payer.add_epoch(keys.epoch, keys.signing).unwrap();
        assert_eq!(desk.use_channel(channel).await, Ok(()));
        desk
    }
}

/// Waits until the node has vouchers for all that it earned.
async fn covered(node: &NodeHandle, earned: Amount) {
    let covered = async {
        while node
            .status()
            .channels
            .iter()
            .all(|channel| channel.covered != earned)
        {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, covered).await.unwrap();
}

async fn ask(desk: &mut Desk) -> Amount {
    let before = desk.payer.held();
    let chat = desk.chat(MODEL, "count to a hundred");
    let open = desk.answer(&chat).await.last();
    assert!(!open.failed());
    assert_eq!(open.tokens(), (4, 100));
    desk.payer.held().checked_sub(before).unwrap()
}

fn has_database(folder: &Path) -> bool {
    folder.join("node").join("db").is_dir()
}

#[tokio::test]
async fn a_node_earns_through_a_kill_a_rotation_and_a_close() {
    let mut market = Market::new().await;
    let first_env = market.env.child();
    let node = market.start(market.config(), &first_env).await;
    let status = node.status();
    assert_eq!(status.key_epoch, KeyEpoch(0));
    assert!(status.grade.contains("SIMULATED"), "{}", status.grade);
    assert!(has_database(market.folder.path()));

    // Served, then settled on demand.
    let channel = market.open_channel(&node).await;
    let mut desk = market.desk(&node, channel).await;
    let mut earned = ask(&mut desk).await;
    covered(&node, earned).await;
    node.settle_now().await.unwrap();
    assert_eq!(market.channel(channel).await.paid, earned);
    assert_eq!(node.status().settled, earned);
    assert_eq!(node.status().sequencers.len(), 1);

    // Served, and killed before it settled: the next process does.
    earned = earned.checked_add(ask(&mut desk).await).unwrap();
    covered(&node, earned).await;
    drop(desk);
    first_env.stop(Duration::from_secs(5)).await;
    drop(node);
    let second_env = market.env.child();
    let mut config = market.config();
    config.rotate_after_ms = 3_000;
    let node = market.start(config, &second_env).await;
    assert_eq!(node.status().key_epoch, KeyEpoch(1));
    market.until(channel, |state| state.paid == earned).await;

    // The same node under new keys, and again after a rotation, while the old stream drains.
    let mut old = market.desk(&node, channel).await;
    assert_eq!(old.keys.epoch, KeyEpoch(1));
    earned = earned.checked_add(ask(&mut old).await).unwrap();
    let mut new = market.desk(&node, channel).await;
    assert_eq!(new.keys.epoch, KeyEpoch(2));
    while old.next().await != FromNode::Draining {}
    let adopted = old.payer.voucher().unwrap().signed().clone();
    drop(old);
    new.payer.adopt(adopted).unwrap();
    let chat = new.chat(MODEL, "count to a hundred");
    let (mut task, open, _) = new.seal(&chat);
    task.voucher = Some(crate::support::voucher_on(
        new.place.network,
        channel,
        earned.0 + 1_000,
    ));
    let request = new.force(task, open).await;
    let open = new.end_of(request).await.last();
    assert_eq!(open.tokens(), (4, 100));
    earned = earned.checked_add(Amount(104)).unwrap();

    // The payer wants its money back: the node settles and lets go at once.
    let at = market.deployed.deployment.clone();
    let caps: Vec<PayerCapState> = market.client.owned(market.payer.address()).await.unwrap();
    let close = tx::request_close(&at, channel, &at.payment_coin, caps[0].id);
    market.pay(&close).await;
    let closed = |state: &ChannelState| state.state == ChannelStatus::Closed;
    let state = market.until(channel, closed).await;
    assert_eq!(state.paid, earned);
    let refund = market
        .client
        .balance(market.payer.address(), &at.payment_coin);
    assert_eq!(refund.await.unwrap(), DEPOSIT.checked_sub(earned).unwrap());
    let vault = market
        .client
        .node(node.node())
        .await
        .unwrap()
        .vault(&at.payment_coin);
    let vault = market.client.vault(vault.unwrap()).await.unwrap();
    assert_eq!(vault.funds, earned, "paid + refunded = deposited");
    drop(new);
    node.stop().await.unwrap();
}

#[tokio::test]
async fn a_node_that_is_told_to_stop_finishes_and_settles() {
    let mut market = Market::new().await;
    let env = market.env.child();
    let node = market.start(market.config(), &env).await;
    let channel = market.open_channel(&node).await;
    let mut desk = market.desk(&node, channel).await;
    let earned = ask(&mut desk).await;
    let stopping = env.spawn(node.stop());
    while desk.next().await != FromNode::Draining {}
    drop(desk);
    tokio::time::timeout(PATIENCE, stopping)
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    assert_eq!(market.channel(channel).await.paid, earned);
}
