//! A market on a localnet: deployed, with a graded node and a channel.

use std::{sync::Arc, time::Duration};

use atoma_chain::{
    AtomaEvent, Client, CoinType, Deployment, Rpc, Sender, Wallet,
    deploy::{CompiledPackage, DeployConfig, Deployed, Payment, deploy},
    state::{Modality, NodeCapState},
    tx,
};
use atoma_env::Env;
use atoma_localnet::{InProcess, Localnet, LocalnetConfig};
use atoma_protocol::{
    hash::{BodyHash, EvidenceHash, ManifestHash, MerkleRoot},
    ids::{AccountId, ChannelId, KeyEpoch, ModelId, NodeId, ObjectId, PackageId, Seq},
    keys::SigningKey,
    merkle::Tree,
    money::{Amount, Bps, Price, Prices},
    statement::{EvidenceKind, Grade, Receipt, Signed, Statement, Verdict, Verified, Voucher},
    time::TimestampMs,
};
use futures::StreamExt as _;

use crate::{
    follow::Page,
    inclusion,
    store::{Market, Store},
};

const STAKE: Amount = Amount(1_000_000_000);
const MEASUREMENT: &[u8] = &[7; 32];
pub(super) const DEPOSIT: Amount = Amount(5_000_000);
pub(super) const FEE: u64 = 1_000;

pub(super) struct TestMarket {
    _localnet: Arc<Localnet>,
    pub(super) client: Client,
    pub(super) enclave: SigningKey,
    made: Deployed,
    admin: Wallet,
    operator: Wallet,
    payer: Wallet,
    voucher_key: SigningKey,
}

pub(super) struct TestNode {
    pub(super) id: NodeId,
    pub(super) model: ModelId,
    pub(super) vault: ObjectId,
    cap: ObjectId,
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

pub(super) async fn localnet() -> Arc<Localnet> {
    Arc::new(
        Localnet::start(LocalnetConfig::test(), Env::system())
            .await
            .unwrap(),
    )
}

fn prices() -> Prices {
    Prices {
        input: Price::new(1_000_000).unwrap(),
        output: Price::new(3_000_000).unwrap(),
    }
}

impl TestMarket {
    /// Deploys one more market: packages of its own, the same code.
    pub(super) async fn deploy(localnet: Arc<Localnet>) -> Self {
        let env = Env::system();
        let rpc: Arc<dyn Rpc> = Arc::new(InProcess::new(localnet.chain().clone()));
        let [admin, operator, payer] = [(); 3].map(|()| Wallet::generate(&env));
        for wallet in [&admin, &operator, &payer] {
            localnet.chain().give(wallet.address()).unwrap();
        }
        let config = DeployConfig {
            dev: true,
            gap_ms: 1_000,
            params: None,
            treasury: admin.address(),
            payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
        };
        let sender = Sender::new(rpc.clone(), env.clone());
        let made = deploy(&sender, &admin, compiled(atoma_contracts::atoma()), config)
            .await
            .unwrap();
        let client = Client::connect(rpc, made.deployment.clone(), env)
            .await
            .unwrap();
        let market = Self {
            _localnet: localnet,
            client,
            enclave: SigningKey::from_seed([2; 32]),
            made,
            admin,
            operator,
            payer,
            voucher_key: SigningKey::from_seed([3; 32]),
        };
        let at = market.at();
        let cap = market.made.admin_cap;
        let forever = TimestampMs(u64::MAX);
        for action in [
            tx::set_attestors(at, cap, 1, &[market.attestor().public()]),
            tx::allow_measurement(at, cap, EvidenceKind::Simulated, MEASUREMENT, forever),
            tx::treasury_mint(
                &at.stake_coin,
                market.made.stake_treasury,
                Amount(5 * STAKE.0),
                market.operator.address(),
            ),
            tx::mint_test_usd(
                &at.test_usd.unwrap(),
                Amount(100_000_000),
                market.payer.address(),
            ),
        ] {
            market.client.submit(&market.admin, &action).await.unwrap();
        }
        market
    }

    pub(super) fn at(&self) -> &Deployment {
        self.client.deployment()
    }

    fn usd(&self) -> &CoinType {
        &self.at().payment_coin
    }

    fn attestor(&self) -> SigningKey {
        SigningKey::from_seed([1; 32])
    }

    pub(super) fn market(&self) -> Market {
        Market {
            chain: self.at().chain_id,
            network: self.at().network,
        }
    }

    /// A node with one graded key epoch.
    pub(super) async fn node(&self) -> TestNode {
        let (at, me) = (self.at(), self.operator.address());
        let manifest = ManifestHash::new([5; 32]);
        let register = tx::register_model(at, "smollm2", manifest, Modality::Text, "uri", me);
        let outcome = self.client.submit(&self.operator, &register).await.unwrap();
        let [AtomaEvent::ModelRegistered(model)] = outcome.events.as_slice() else {
            panic!("{:?}", outcome.events);
        };
        let model = model.model;
        let offer = tx::OfferTerms {
            model,
            prices: prices(),
            context_length: 2_048,
            engine_class: "candle/cpu".to_owned(),
            credit: Amount(100_000),
            max_routing_bps: Bps::new(300).unwrap(),
            min_deposit: Amount(1_000_000),
        };
        let register = tx::RegisterNode {
            stake: STAKE,
            commission_bps: Bps::new(8_000).unwrap(),
            max_commission_bps: Bps::new(9_000).unwrap(),
            coin: self.usd().clone(),
            offers: vec![offer],
            owner: me,
        };
        self.client
            .submit(&self.operator, &tx::register_node(at, &register))
            .await
            .unwrap();
        let caps: Vec<NodeCapState> = self.client.owned(me).await.unwrap();
        let cap = caps.last().unwrap();
        let state = self.client.node(cap.node).await.unwrap();
        let vault = state.vault(self.usd()).unwrap();
        let node = TestNode {
            id: state.id,
            model,
            vault,
            cap: cap.id,
        };
        self.post_and_grade(&node).await;
        node
    }

    async fn post_and_grade(&self, node: &TestNode) {
        let rpc = self.client.rpc();
        let latest = rpc.service_info().await.unwrap().latest_checkpoint;
        let anchor = rpc.checkpoint(latest).await.unwrap();
        let post = tx::PostKeyEpoch {
            node: node.id,
            node_cap: node.cap,
            key_epoch: KeyEpoch(0),
            kind: EvidenceKind::Simulated,
            measurement: MEASUREMENT.to_vec(),
            signing_key: self.enclave.public(),
            sealing_keys: vec![9; 1_248],
            manifest_hash: ManifestHash::new([5; 32]),
            evidence_hash: EvidenceHash::new([6; 32]),
            evidence_uri: "https://example.org/evidence".to_owned(),
            anchor_seq: anchor.seq(),
            anchor_digest: anchor.digest(),
        };
        let action = tx::post_key_epoch(self.at(), &post);
        self.client.submit(&self.operator, &action).await.unwrap();
        let state = self.client.node(node.id).await.unwrap();
        let posted = state.latest_epoch(KeyEpoch(0)).unwrap();
        let verdict = Verdict {
            node: node.id,
            key_epoch: posted.epoch,
            kind: posted.kind,
            measurement: posted.measurement.clone(),
            evidence_hash: posted.evidence_hash,
            report_data: posted.report_data,
            grade: Grade::SIMULATED.union(Grade::MEASUREMENT),
            anchor_ms: anchor.timestamp(),
            attestor_set_version: self.client.attestors().await.unwrap().set_version,
        };
        let signed = Verified::sign(verdict.clone(), self.at().network, &self.attestor());
        let grade = tx::grade(self.at(), &verdict, &[(0, *signed.signature())]);
        self.client.submit(&self.admin, &grade).await.unwrap();
    }

    pub(super) async fn channel(&self, node: &TestNode) -> ChannelId {
        let now = self.client.live_time().await.unwrap().last_ms;
        let open = tx::OpenChannel {
            node: node.id,
            coin: self.usd().clone(),
            deposit: DEPOSIT,
            voucher_key: self.voucher_key.public(),
            refund_to: self.payer.address(),
            router: self.admin.address(),
            routing_bps: Bps::new(200).unwrap(),
            models: vec![(node.model, prices())],
            need: Grade::SIMULATED,
            grace: Duration::from_secs(2),
            expires: now.saturating_add(Duration::from_secs(3_600)),
            owner: self.payer.address(),
        };
        let action = tx::open_channel(self.at(), &open);
        let outcome = self.client.submit(&self.payer, &action).await.unwrap();
        let [AtomaEvent::ChannelOpened(opened)] = outcome.events.as_slice() else {
            panic!("{:?}", outcome.events);
        };
        opened.channel
    }

    /// The first `count` receipts of the node's key epoch on a channel.
    pub(super) fn receipts(&self, channel: ChannelId, count: u64) -> Vec<Signed<Receipt>> {
        let sign = |seq| {
            let receipt = Receipt {
                account: AccountId::from(channel),
                key_epoch: KeyEpoch(0),
                seq: Seq(seq),
                fee: Amount(FEE),
                body_hash: BodyHash::new([u8::try_from(seq % 251).unwrap(); 32]),
            };
            Verified::sign(receipt, self.at().network, &self.enclave).into_signed()
        };
        (0..count).map(sign).collect()
    }

    pub(super) fn root(&self, receipts: &[Signed<Receipt>]) -> MerkleRoot {
        let leaf =
            |receipt: &Signed<Receipt>| inclusion::leaf(&receipt.statement, self.at().network);
        receipts.iter().map(leaf).collect::<Tree>().root()
    }

    /// Settles so many receipts under `root`.
    pub(super) async fn settle(
        &self,
        node: &TestNode,
        channel: ChannelId,
        receipts: u64,
        root: MerkleRoot,
    ) {
        let network = self.at().network;
        let earned = Amount(FEE * receipts);
        let voucher = Voucher {
            channel,
            cumulative: earned,
        };
        let statement = Statement {
            channel,
            key_epoch: KeyEpoch(0),
            earned,
            receipts,
            input_tokens: 10 * receipts,
            output_tokens: 30 * receipts,
            root,
        };
        let item = tx::SettleChannel {
            coin: self.usd().clone(),
            node: node.id,
            vault: node.vault,
            voucher: Verified::sign(voucher, network, &self.voucher_key).into_signed(),
            statement: Verified::sign(statement, network, &self.enclave).into_signed(),
        };
        let settled = self.client.settle(&self.operator, &[item]).await.unwrap();
        assert!(settled.refused.is_empty(), "{:?}", settled.refused);
    }

    /// Every kind of row: a node, a channel, two settlements, a top-up, a sweep, a close.
    pub(super) async fn story(&self) -> (TestNode, ChannelId) {
        let node = self.node().await;
        let channel = self.channel(&node).await;
        let receipts = self.receipts(channel, 7);
        self.settle(&node, channel, 3, self.root(&receipts[..3]))
            .await;
        let (at, usd) = (self.at(), self.usd());
        self.client
            .submit(
                &self.payer,
                &tx::top_up(at, channel, usd, Amount(1_000_000)),
            )
            .await
            .unwrap();
        self.settle(&node, channel, 7, self.root(&receipts)).await;
        self.client
            .submit(&self.admin, &tx::sweep(at, node.vault, usd))
            .await
            .unwrap();
        let closed = self.channel(&node).await;
        let close = tx::close(at, closed, usd, node.id, node.cap);
        self.client.submit(&self.operator, &close).await.unwrap();
        (node, channel)
    }

    /// Every checkpoint so far, as the follower reads it.
    pub(super) async fn pages(&self) -> Vec<Page> {
        let rpc = self.client.rpc();
        let latest = rpc.service_info().await.unwrap().latest_checkpoint;
        let mut stream = rpc.checkpoints(atoma_protocol::ids::CheckpointSeq(0));
        let mut pages = Vec::new();
        while pages.last().is_none_or(|page: &Page| page.seq < latest) {
            let checkpoint = stream.next().await.unwrap().unwrap();
            let network = self.at().network;
            pages.push(Page::read(&self.at().package, network, &checkpoint));
        }
        pages
    }
}

/// Every row of every table, as text.
pub(super) async fn dump(store: &Store) -> Vec<String> {
    use sqlx::{AssertSqlSafe, Row as _};
    let pool = store.readers();
    let tables = sqlx::query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE '\\_%' ESCAPE '\\'
         ORDER BY name",
    )
    .fetch_all(pool)
    .await
    .unwrap();
    let mut rows = Vec::new();
    for table in tables {
        let table: String = table.get(0);
        let columns = sqlx::query("SELECT name FROM pragma_table_info($1)")
            .bind(table.clone())
            .fetch_all(pool)
            .await
            .unwrap();
        let columns: Vec<String> = columns
            .iter()
            .map(|row| format!("quote(\"{}\")", row.get::<String, _>(0)))
            .collect();
        let columns = columns.join("||','||");
        let query = format!("SELECT '{table}: '||{columns} FROM {table} ORDER BY 1");
        let found = sqlx::query(AssertSqlSafe(query))
            .fetch_all(pool)
            .await
            .unwrap();
        rows.extend(found.iter().map(|row| row.get::<String, _>(0)));
    }
    rows
}
