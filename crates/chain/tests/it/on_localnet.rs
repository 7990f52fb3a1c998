//! A market on a localnet: deployed, with a graded node and a channel.

use std::{sync::Arc, time::Duration};

use atoma_chain::{
    Client, CoinType, Deployment, Rpc, Sender, Wallet,
    deploy::{CompiledPackage, DeployConfig, Deployed, Payment, deploy},
    rpc::{GrpcConfig, GrpcRpc},
    state::{
        KeyEpochState, Modality, NetworkParams, NodeCapState, PayerCapState, StakePositionState,
    },
    tx,
};
use atoma_env::Env;
use atoma_localnet::{InProcess, Localnet, LocalnetConfig};
use atoma_protocol::{
    hash::{EvidenceHash, ManifestHash, SealingKeysHash, blake2b256},
    ids::{Address, ChannelId, KeyEpoch, ModelId, NodeId, ObjectId, PackageId},
    keys::SigningKey,
    money::{Amount, Bps, Price, Prices},
    statement::{
        EvidenceKind, Grade, Report, ReportKey, Signable as _, Statement, Verdict, Verified,
        Voucher,
    },
    time::TimestampMs,
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

pub(crate) const GAP_MS: u64 = 1_000;
pub(crate) const GRACE: Duration = Duration::from_secs(2);
pub(crate) const STAKE: Amount = Amount(1_000_000_000);
pub(crate) const MEASUREMENT: &[u8] = &[7; 32];
const SEALING_KEYS: &[u8] = &[9; 1_248];

pub(crate) struct OnLocalnet {
    pub(crate) localnet: Localnet,
    pub(crate) client: Client,
    pub(crate) made: Deployed,
    pub(crate) admin: Wallet,
    pub(crate) operator: Wallet,
    pub(crate) payer: Wallet,
    pub(crate) router: Wallet,
    pub(crate) attestor: SigningKey,
    pub(crate) enclave: SigningKey,
    pub(crate) voucher_key: SigningKey,
}

/// A registered node.
pub(crate) struct TestNode {
    pub(crate) id: NodeId,
    pub(crate) cap: ObjectId,
    pub(crate) pool: ObjectId,
    pub(crate) vault: ObjectId,
    pub(crate) model: ModelId,
}

fn compiled(package: atoma_contracts::Package) -> CompiledPackage {
    CompiledPackage {
        modules: package
            .modules
            .into_iter()
            .map(|module| module.bytes)
            .collect(),
        dependencies: package
            .dependencies
            .into_iter()
            .map(PackageId::new)
            .collect(),
    }
}

/// Asks the faucet for SUI.
async fn fund(localnet: &Localnet, recipient: Address) {
    let body = format!(r#"{{"FixedAmountRequest":{{"recipient":"{recipient}"}}}}"#);
    let mut stream = TcpStream::connect(localnet.address()).await.unwrap();
    let request = format!(
        "POST /v2/gas HTTP/1.1\r\nhost: localnet\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
}

pub(crate) fn prices() -> Prices {
    Prices {
        input: Price::new(1_000_000).unwrap(),
        output: Price::new(3_000_000).unwrap(),
    }
}

impl OnLocalnet {
    /// Deploys a market; roles reach it over gRPC or, if `inside`, in the same process.
    pub(crate) async fn start(inside: bool) -> Self {
        Self::start_with(inside, None).await
    }

    /// The same with parameters of its own.
    pub(crate) async fn start_with(inside: bool, params: Option<NetworkParams>) -> Self {
        let env = Env::system();
        let localnet = Localnet::start(LocalnetConfig::test(), env.clone())
            .await
            .unwrap();
        let rpc: Arc<dyn Rpc> = if inside {
            Arc::new(InProcess::new(localnet.chain().clone()))
        } else {
            Arc::new(GrpcRpc::new(&localnet.url(), GrpcConfig::default(), env.clone()).unwrap())
        };
        let [admin, operator, payer, router] = [(); 4].map(|()| Wallet::generate(&env));
        for wallet in [&admin, &operator, &payer, &router] {
            fund(&localnet, wallet.address()).await;
        }
        let config = DeployConfig {
            dev: true,
            gap_ms: GAP_MS,
            params,
            treasury: admin.address(),
            payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
        };
        let sender = Sender::new(Arc::clone(&rpc), env.clone());
        let made = deploy(&sender, &admin, compiled(atoma_contracts::atoma()), config)
            .await
            .unwrap();
        let client = Client::connect(rpc, made.deployment.clone(), env)
            .await
            .unwrap();
        let market = Self {
            localnet,
            client,
            made,
            admin,
            operator,
            payer,
            router,
            attestor: SigningKey::from_seed([1; 32]),
            enclave: SigningKey::from_seed([2; 32]),
            voucher_key: SigningKey::from_seed([3; 32]),
        };
        market.govern().await;
        market
    }

    pub(crate) fn at(&self) -> &Deployment {
        self.client.deployment()
    }

    pub(crate) fn usd(&self) -> &CoinType {
        &self.at().payment_coin
    }

    /// Attestors, a measurement, coins.
    async fn govern(&self) {
        let at = self.at();
        let keys = [self.attestor.public()];
        for action in [
            tx::set_attestors(at, self.made.admin_cap, 1, &keys),
            tx::allow_measurement(
                at,
                self.made.admin_cap,
                EvidenceKind::Simulated,
                MEASUREMENT,
                TimestampMs(u64::MAX),
            ),
            tx::treasury_mint(
                &at.stake_coin,
                self.made.stake_treasury,
                Amount(5 * STAKE.0),
                self.operator.address(),
            ),
            tx::mint_test_usd(
                &at.test_usd.unwrap(),
                Amount(100_000_000),
                self.payer.address(),
            ),
        ] {
            self.client.submit(&self.admin, &action).await.unwrap();
        }
    }

    pub(crate) async fn register_node(&self) -> TestNode {
        let at = self.at();
        let me = self.operator.address();
        let registered = self
            .client
            .submit(
                &self.operator,
                &tx::register_model(
                    at,
                    "smollm2-135m",
                    ManifestHash::new([5; 32]),
                    Modality::Text,
                    "https://example.org/weights",
                    me,
                ),
            )
            .await
            .unwrap();
        let model = registered
            .events
            .iter()
            .find_map(|event| match event {
                atoma_chain::AtomaEvent::ModelRegistered(event) => Some(event.model),
                _ => None,
            })
            .unwrap();
        let register = tx::register_node(
            at,
            &tx::RegisterNode {
                stake: STAKE,
                commission_bps: Bps::new(8_000).unwrap(),
                max_commission_bps: Bps::new(9_000).unwrap(),
                coin: self.usd().clone(),
                offers: vec![tx::OfferTerms {
                    model,
                    prices: prices(),
                    context_length: 2_048,
                    engine_class: "candle/cpu".to_owned(),
                    credit: Amount(100_000),
                    max_routing_bps: Bps::new(300).unwrap(),
                    min_deposit: Amount(1_000_000),
                }],
                owner: me,
            },
        );
        self.client.submit(&self.operator, &register).await.unwrap();
        let caps: Vec<NodeCapState> = self.client.owned(me).await.unwrap();
        let positions: Vec<StakePositionState> = self.client.owned(me).await.unwrap();
        let [cap] = caps.try_into().unwrap();
        let node = self.client.node(cap.node).await.unwrap();
        assert_eq!((cap.id, positions[0].pool), (node.cap, node.pool));
        TestNode {
            id: node.id,
            cap: cap.id,
            pool: node.pool,
            vault: node.vault(self.usd()).unwrap(),
            model,
        }
    }

    /// Posts the node's next key epoch, anchored to the latest checkpoint.
    pub(crate) async fn post_epoch(&self, node: &TestNode) -> KeyEpochState {
        let rpc = self.client.rpc();
        let latest = rpc.service_info().await.unwrap().latest_checkpoint;
        let anchor = rpc.checkpoint(latest).await.unwrap();
        let key_epoch = self.client.node(node.id).await.unwrap().next_epoch;
        let post = tx::PostKeyEpoch {
            node: node.id,
            node_cap: node.cap,
            key_epoch,
            kind: EvidenceKind::Simulated,
            measurement: MEASUREMENT.to_vec(),
            signing_key: self.enclave.public(),
            sealing_keys: SEALING_KEYS.to_vec(),
            manifest_hash: ManifestHash::new([5; 32]),
            evidence_hash: EvidenceHash::new([6; 32]),
            evidence_uri: "https://example.org/evidence".to_owned(),
            anchor_seq: anchor.seq(),
            anchor_digest: anchor.digest(),
        };
        let action = tx::post_key_epoch(self.at(), &post);
        self.client.submit(&self.operator, &action).await.unwrap();
        let state = self.client.node(node.id).await.unwrap();
        let posted = self
            .client
            .key_epoch(&state, key_epoch)
            .await
            .unwrap()
            .unwrap();
        // The contract and we agree on what the evidence must carry.
        let report = Report {
            node: node.id,
            kind: post.kind,
            key_epoch,
            signing_key: ReportKey(post.signing_key),
            sealing_keys_hash: SealingKeysHash::new(blake2b256(&[SEALING_KEYS])),
            manifest_hash: post.manifest_hash,
            anchor_seq: post.anchor_seq,
            anchor_digest: post.anchor_digest,
        };
        assert_eq!(posted.report_data, report.data(self.at().network));
        assert_eq!(posted.grade, Grade(0));
        posted
    }

    /// Grades a posted key epoch.
    pub(crate) async fn grade(&self, node: &TestNode, posted: &KeyEpochState) -> KeyEpochState {
        let anchor = self
            .client
            .rpc()
            .checkpoint(posted.anchor_seq)
            .await
            .unwrap();
        let set = self.client.attestors().await.unwrap();
        let verdict = Verdict {
            node: node.id,
            key_epoch: posted.epoch,
            kind: posted.kind,
            measurement: posted.measurement.clone(),
            evidence_hash: posted.evidence_hash,
            report_data: posted.report_data,
            grade: Grade::SIMULATED.union(Grade::MEASUREMENT),
            anchor_ms: anchor.timestamp(),
            attestor_set_version: set.set_version,
        };
        let signed = Verified::sign(verdict.clone(), self.at().network, &self.attestor);
        let action = tx::grade(self.at(), &verdict, &[(0, *signed.signature())]);
        self.client.submit(&self.admin, &action).await.unwrap();
        let state = self.client.node(node.id).await.unwrap();
        let graded = state.latest_epoch(posted.epoch).unwrap().clone();
        assert_eq!(graded.grade, verdict.grade);
        graded
    }

    pub(crate) async fn open_channel(&self, node: &TestNode, deposit: Amount) -> ChannelId {
        let now = self.client.live_time().await.unwrap().last_ms;
        let open = tx::OpenChannel {
            node: node.id,
            coin: self.usd().clone(),
            deposit,
            voucher_key: self.voucher_key.public(),
            refund_to: self.payer.address(),
            router: self.router.address(),
            routing_bps: Bps::new(200).unwrap(),
            models: vec![(node.model, prices())],
            need: Grade::SIMULATED,
            grace: GRACE,
            expires: now.saturating_add(Duration::from_secs(3_600)),
            owner: self.payer.address(),
        };
        let outcome = self
            .client
            .submit(&self.payer, &tx::open_channel(self.at(), &open))
            .await
            .unwrap();
        let [atoma_chain::AtomaEvent::ChannelOpened(opened)] = outcome.events.as_slice() else {
            panic!("{:?}", outcome.events);
        };
        opened.channel
    }

    pub(crate) async fn payer_cap(&self, channel: ChannelId) -> ObjectId {
        let caps: Vec<PayerCapState> = self.client.owned(self.payer.address()).await.unwrap();
        caps.iter()
            .find(|cap| cap.channel == channel)
            .map(|cap| cap.id)
            .unwrap()
    }

    /// Voucher and statement, signed by these keys.
    pub(crate) fn settlement(
        &self,
        node: &TestNode,
        channel: ChannelId,
        (cumulative, earned, receipts): (u64, u64, u64),
        (voucher_key, enclave): (&SigningKey, &SigningKey),
    ) -> tx::SettleChannel {
        let network = self.at().network;
        let voucher = Voucher {
            channel,
            cumulative: Amount(cumulative),
        };
        let statement = Statement {
            channel,
            key_epoch: KeyEpoch(0),
            earned: Amount(earned),
            receipts,
            input_tokens: 100,
            output_tokens: 300,
            root: atoma_protocol::hash::MerkleRoot::new([8; 32]),
        };
        assert!(!voucher.message(network).is_empty());
        tx::SettleChannel {
            coin: self.usd().clone(),
            node: node.id,
            vault: node.vault,
            voucher: Verified::sign(voucher, network, voucher_key).into_signed(),
            statement: Verified::sign(statement, network, enclave).into_signed(),
        }
    }

    /// Lets so much live time pass. What has passed since the last tick counts up to one gap, so it
    /// is ticked away first.
    pub(crate) async fn pass(&self, live_ms: u64) {
        let tick = tx::tick(self.at());
        self.client.submit(&self.admin, &tick).await.unwrap();
        for _ in 0..live_ms.div_ceil(GAP_MS) {
            self.localnet.chain().advance_clock(GAP_MS).unwrap();
            self.client.submit(&self.admin, &tick).await.unwrap();
        }
    }

    pub(crate) async fn usd_of(&self, owner: Address) -> u64 {
        self.client.balance(owner, self.usd()).await.unwrap().0
    }
}
