//! A market on a chain of its own whose clock only the test moves: one operator with a node, one payer.

use std::{sync::Arc, time::Duration};

use atoma_chain::{
    Action, AtomaEvent, ChainError, Client, CoinType, Deployment, Outcome, Rpc, Sender, Wallet,
    deploy::{DeployConfig, Deployed, Payment, deploy},
    rpc::Executed,
    state::{
        ChannelState, Modality, NetworkParams, NodeCapState, PayerCapState, StakePositionState,
        VaultState,
    },
    tx::{self, SettleChannel},
};
use atoma_contracts_tests::compiled;
use atoma_env::Env;
use atoma_localnet::{InProcess, LocalChain, LocalnetConfig};
use atoma_protocol::{
    hash::{EvidenceHash, ManifestHash, MerkleRoot},
    ids::{Address, ChannelId, KeyEpoch, ModelId, NodeId, ObjectId},
    keys::{Signature, SigningKey},
    money::{Amount, Bps, Price, Prices},
    statement::{EvidenceKind, Grade, Signed, Statement, Verdict, Verified, Voucher},
    time::TimestampMs,
};

pub(crate) const DEPOSIT: u64 = 5_000_000;
pub(crate) const GRACE: Duration = Duration::from_secs(2);
pub(crate) const GAP_MS: u64 = 1_000;
pub(crate) const EXPIRES_AFTER_MS: u64 = 3_600_000;
pub(crate) const ROUTING_BPS: u16 = 200;
pub(crate) const COMMISSION_BPS: u16 = 8_000;
const STAKE: Amount = Amount(1_000_000_000);
const MEASUREMENT: &[u8] = &[7; 32];
const TREASURY: Address = Address::new([0x77; 32]);
const START: TimestampMs = TimestampMs(1_750_000_000_000);

pub(crate) struct Market {
    pub(crate) chain: LocalChain,
    pub(crate) client: Client,
    pub(crate) made: Deployed,
    pub(crate) admin: Wallet,
    pub(crate) operator: Wallet,
    pub(crate) payer: Wallet,
    pub(crate) router: Wallet,
    pub(crate) stranger: Wallet,
    pub(crate) attestor: SigningKey,
    pub(crate) voucher_key: SigningKey,
    pub(crate) model: ModelId,
    pub(crate) node: TestNode,
}

/// A registered node.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestNode {
    pub(crate) id: NodeId,
    pub(crate) cap: ObjectId,
    pub(crate) pool: ObjectId,
    pub(crate) vault: ObjectId,
    pub(crate) position: ObjectId,
}

/// An open channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TestChannel {
    pub(crate) id: ChannelId,
    pub(crate) cap: ObjectId,
}

/// How a market differs from the usual one.
#[derive(Clone, Debug)]
pub(crate) struct Setup {
    pub(crate) gap_ms: u64,
    pub(crate) params: Option<NetworkParams>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            gap_ms: GAP_MS,
            params: None,
        }
    }
}

pub(crate) fn prices() -> Prices {
    Prices {
        input: Price::new(1_000_000).unwrap(),
        output: Price::new(3_000_000).unwrap(),
    }
}

/// The key of a node's key epoch.
pub(crate) fn enclave(epoch: u64) -> SigningKey {
    SigningKey::from_seed([100 + u8::try_from(epoch).unwrap(); 32])
}

impl Market {
    /// With one node whose key epoch 0 is graded.
    pub(crate) async fn start() -> Self {
        let market = Self::ungraded(Setup::default()).await;
        market.graded_epoch(0).await;
        market
    }

    /// With one node that has no key epoch.
    pub(crate) async fn ungraded(setup: Setup) -> Self {
        let env = Env::simulated(1, START);
        let config = LocalnetConfig {
            clock_follows: false,
            ..LocalnetConfig::test()
        };
        let chain = LocalChain::open(&config, env.clone()).unwrap();
        let rpc: Arc<dyn Rpc> = Arc::new(InProcess::new(chain.clone()));
        let [admin, operator, payer, router, stranger] = [(); 5].map(|()| Wallet::generate(&env));
        for wallet in [&admin, &operator, &payer, &router, &stranger] {
            chain.give(wallet.address()).unwrap();
        }
        let config = DeployConfig {
            dev: true,
            gap_ms: setup.gap_ms,
            params: setup.params,
            treasury: TREASURY,
            payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
        };
        let sender = Sender::new(Arc::clone(&rpc), env.clone());
        let atoma = compiled(atoma_contracts::atoma());
        let made = deploy(&sender, &admin, atoma, config).await.unwrap();
        let client = Client::connect(rpc, made.deployment.clone(), env)
            .await
            .unwrap();
        let none = ObjectId::new([0; 32]);
        let mut market = Self {
            chain,
            client,
            made,
            admin,
            operator,
            payer,
            router,
            stranger,
            attestor: SigningKey::from_seed([1; 32]),
            voucher_key: SigningKey::from_seed([3; 32]),
            model: ModelId::new([0; 32]),
            node: TestNode {
                id: NodeId::new([0; 32]),
                cap: none,
                pool: none,
                vault: none,
                position: none,
            },
        };
        market.govern().await;
        market.model = market.register_model().await;
        market.node = market.register_node(&market.operator).await;
        market
    }

    pub(crate) fn at(&self) -> &Deployment {
        self.client.deployment()
    }

    pub(crate) fn usd(&self) -> &CoinType {
        &self.at().payment_coin
    }

    pub(crate) fn treasury(&self) -> Address {
        TREASURY
    }

    async fn govern(&self) {
        let (at, admin) = (self.at(), self.made.admin_cap);
        let simulated = EvidenceKind::Simulated;
        let forever = TimestampMs(u64::MAX);
        self.ok(
            &self.admin,
            &tx::set_attestors(at, admin, 1, &[self.attestor.public()]),
        )
        .await;
        self.ok(
            &self.admin,
            &tx::allow_measurement(at, admin, simulated, MEASUREMENT, forever),
        )
        .await;
        let (coin, treasury) = (&at.stake_coin, self.made.stake_treasury);
        for staker in [&self.operator, &self.stranger] {
            let stake = Amount(3 * STAKE.0);
            let mint = tx::treasury_mint(coin, treasury, stake, staker.address());
            self.ok(&self.admin, &mint).await;
        }
        for payer in [&self.payer, &self.stranger] {
            let mint = tx::mint_test_usd(
                &at.test_usd.unwrap(),
                Amount(1_000_000_000_000),
                payer.address(),
            );
            self.ok(&self.admin, &mint).await;
        }
    }

    async fn register_model(&self) -> ModelId {
        let manifest = ManifestHash::new([5; 32]);
        let me = self.operator.address();
        let register = tx::register_model(self.at(), "tiny", manifest, Modality::Text, "", me);
        let made = self.ok(&self.operator, &register).await;
        let [AtomaEvent::ModelRegistered(event)] = made.events.as_slice() else {
            panic!("{:?}", made.events);
        };
        event.model
    }

    /// Registers a node for a wallet that has stake and no node yet.
    pub(crate) async fn register_node(&self, operator: &Wallet) -> TestNode {
        let me = operator.address();
        let register = tx::register_node(
            self.at(),
            &tx::RegisterNode {
                stake: STAKE,
                commission_bps: Bps::new(COMMISSION_BPS).unwrap(),
                max_commission_bps: Bps::new(9_000).unwrap(),
                coin: self.usd().clone(),
                offers: vec![self.offer()],
                owner: me,
            },
        );
        self.ok(operator, &register).await;
        let caps: Vec<NodeCapState> = self.client.owned(me).await.unwrap();
        let positions: Vec<StakePositionState> = self.client.owned(me).await.unwrap();
        let node = self.client.node(caps[0].node).await.unwrap();
        TestNode {
            id: node.id,
            cap: caps[0].id,
            pool: node.pool,
            vault: node.vault(self.usd()).unwrap(),
            position: positions[0].id,
        }
    }

    pub(crate) fn offer(&self) -> tx::OfferTerms {
        tx::OfferTerms {
            model: self.model,
            prices: prices(),
            context_length: 2_048,
            engine_class: "candle/cpu".to_owned(),
            credit: Amount(100_000),
            max_routing_bps: Bps::new(300).unwrap(),
            min_deposit: Amount(1_000),
        }
    }

    /// What posts the next key epoch of the node.
    pub(crate) async fn next_epoch(&self, epoch: u64) -> tx::PostKeyEpoch {
        let rpc = self.client.rpc();
        let latest = rpc.service_info().await.unwrap().latest_checkpoint;
        let anchor = rpc.checkpoint(latest).await.unwrap();
        tx::PostKeyEpoch {
            node: self.node.id,
            node_cap: self.node.cap,
            key_epoch: KeyEpoch(epoch),
            kind: EvidenceKind::Simulated,
            measurement: MEASUREMENT.to_vec(),
            signing_key: enclave(epoch).public(),
            sealing_keys: vec![9; 1_248],
            manifest_hash: ManifestHash::new([5; 32]),
            evidence_hash: EvidenceHash::new([6; 32]),
            evidence_uri: "https://example.org/evidence".to_owned(),
            anchor_seq: anchor.seq(),
            anchor_digest: anchor.digest(),
        }
    }

    /// Posts the node's next key epoch.
    pub(crate) async fn post_epoch(&self, epoch: u64) {
        let post = self.next_epoch(epoch).await;
        self.ok(&self.operator, &tx::post_key_epoch(self.at(), &post))
            .await;
    }

    /// What `attestor` says of a posted key epoch.
    pub(crate) async fn verdict(
        &self,
        epoch: u64,
        grade: Grade,
        attestor: &SigningKey,
    ) -> (Verdict, Vec<(u8, Signature)>) {
        let node = self.client.node(self.node.id).await.unwrap();
        let posted = node.latest_epoch(KeyEpoch(epoch)).unwrap();
        let rpc = self.client.rpc();
        let anchor = rpc.checkpoint(posted.anchor_seq).await.unwrap();
        let verdict = Verdict {
            node: self.node.id,
            key_epoch: posted.epoch,
            kind: posted.kind,
            measurement: posted.measurement.clone(),
            evidence_hash: posted.evidence_hash,
            report_data: posted.report_data,
            grade,
            anchor_ms: anchor.timestamp(),
            attestor_set_version: self.client.attestors().await.unwrap().set_version,
        };
        let signed = Verified::sign(verdict, self.at().network, attestor).into_signed();
        (signed.statement, vec![(0, signed.signature)])
    }

    /// What gives a posted key epoch a grade, signed by `attestor`.
    pub(crate) async fn grading(&self, epoch: u64, grade: Grade, attestor: &SigningKey) -> Action {
        let (verdict, signatures) = self.verdict(epoch, grade, attestor).await;
        tx::grade(self.at(), &verdict, &signatures)
    }

    /// Posts the node's next key epoch and grades it as simulated, measurement allowed.
    pub(crate) async fn graded_epoch(&self, epoch: u64) {
        self.post_epoch(epoch).await;
        let grade = Grade::SIMULATED.union(Grade::MEASUREMENT);
        let grading = self.grading(epoch, grade, &self.attestor).await;
        self.ok(&self.stranger, &grading).await;
    }

    /// Terms of the usual channel.
    pub(crate) fn terms(&self, deposit: u64) -> tx::OpenChannel {
        tx::OpenChannel {
            node: self.node.id,
            coin: self.usd().clone(),
            deposit: Amount(deposit),
            voucher_key: self.voucher_key.public(),
            refund_to: self.payer.address(),
            router: self.router.address(),
            routing_bps: Bps::new(ROUTING_BPS).unwrap(),
            models: vec![(self.model, prices())],
            need: Grade::SIMULATED,
            grace: GRACE,
            expires: TimestampMs(self.clock_ms() + EXPIRES_AFTER_MS),
            owner: self.payer.address(),
        }
    }

    pub(crate) async fn open(&self, deposit: u64) -> TestChannel {
        self.open_with(&self.payer, &self.terms(deposit)).await
    }

    pub(crate) async fn open_with(&self, wallet: &Wallet, terms: &tx::OpenChannel) -> TestChannel {
        let made = self.ok(wallet, &tx::open_channel(self.at(), terms)).await;
        let [AtomaEvent::ChannelOpened(event)] = made.events.as_slice() else {
            panic!("{:?}", made.events);
        };
        let cap = self
            .client
            .get::<PayerCapState>(event.payer_cap)
            .await
            .unwrap();
        assert_eq!(cap.channel, event.channel);
        TestChannel {
            id: event.channel,
            cap: event.payer_cap,
        }
    }

    pub(crate) fn voucher(&self, channel: ChannelId, cumulative: u64) -> Signed<Voucher> {
        let voucher = Voucher {
            channel,
            cumulative: Amount(cumulative),
        };
        Verified::sign(voucher, self.at().network, &self.voucher_key).into_signed()
    }

    pub(crate) fn statement(
        &self,
        channel: ChannelId,
        epoch: u64,
        (earned, receipts): (u64, u64),
    ) -> Signed<Statement> {
        let statement = statement(channel, epoch, earned, receipts);
        Verified::sign(statement, self.at().network, &enclave(epoch)).into_signed()
    }

    /// A settlement by the right keys: the voucher's amount, then what key epoch 0 earned in how many
    /// receipts.
    pub(crate) fn item(&self, channel: ChannelId, paying: (u64, u64, u64)) -> SettleChannel {
        let (cumulative, earned, receipts) = paying;
        self.item_of(
            self.voucher(channel, cumulative),
            self.statement(channel, 0, (earned, receipts)),
        )
    }

    pub(crate) fn item_of(
        &self,
        voucher: Signed<Voucher>,
        statement: Signed<Statement>,
    ) -> SettleChannel {
        SettleChannel {
            coin: self.usd().clone(),
            node: self.node.id,
            vault: self.node.vault,
            voucher,
            statement,
        }
    }

    /// Brings a settlement, as anybody may.
    pub(crate) async fn settle(&self, item: &SettleChannel) -> Result<Outcome, ChainError> {
        let action = tx::settle(self.at(), std::slice::from_ref(item));
        self.client.submit(&self.stranger, &action).await
    }

    /// Does what must succeed.
    pub(crate) async fn ok(&self, wallet: &Wallet, action: &Action) -> Outcome {
        match self.client.submit(wallet, action).await {
            Ok(outcome) => outcome,
            Err(error) => panic!("{}: {error}", action.name()),
        }
    }

    /// Does what must be refused by the contracts; gives the named error.
    pub(crate) async fn refused(
        &self,
        wallet: &Wallet,
        action: &Action,
    ) -> atoma_chain::abort::Named {
        match self.client.submit(wallet, action).await {
            Ok(outcome) => panic!("{} went through: {:?}", action.name(), outcome.events),
            Err(error) => error
                .named()
                .unwrap_or_else(|| panic!("{}: {error}", action.name())),
        }
    }

    pub(crate) async fn channel(&self, channel: TestChannel) -> ChannelState {
        self.client.channel(channel.id).await.unwrap()
    }

    pub(crate) async fn vault(&self) -> VaultState {
        self.client.vault(self.node.vault).await.unwrap()
    }

    pub(crate) async fn usd_of(&self, owner: Address) -> u64 {
        self.client.balance(owner, self.usd()).await.unwrap().0
    }

    pub(crate) async fn executed(&self, outcome: &Outcome) -> Executed {
        let found = self.client.rpc().transaction(outcome.digest).await.unwrap();
        found.unwrap()
    }

    pub(crate) fn clock_ms(&self) -> u64 {
        self.chain.ledger().clock_ms()
    }

    /// Moves the clock without a tick: the chain stood still.
    pub(crate) fn halt(&self, ms: u64) {
        self.chain.advance_clock(ms).unwrap();
    }

    pub(crate) async fn tick(&self) {
        self.ok(&self.stranger, &tx::tick(self.at())).await;
    }

    /// Lets exactly so much live time pass, ticking often enough.
    pub(crate) async fn pass(&self, live_ms: u64) {
        let gap_ms = self.client.live_time().await.unwrap().gap_ms;
        self.tick().await;
        let mut left = live_ms;
        while left > 0 {
            let step = left.min(gap_ms);
            self.halt(step);
            self.tick().await;
            left -= step;
        }
    }
}

pub(crate) fn statement(channel: ChannelId, epoch: u64, earned: u64, receipts: u64) -> Statement {
    Statement {
        channel,
        key_epoch: KeyEpoch(epoch),
        earned: Amount(earned),
        receipts,
        input_tokens: 100,
        output_tokens: 300,
        root: MerkleRoot::new([8; 32]),
    }
}
