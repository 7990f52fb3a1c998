//! A sequencer without a chain: sessions, routing and completions over a ledger of fixed channels.

use async_trait::async_trait;
use atoma_chain::{
    ChainError,
    state::{NodeState, NodeStatus},
};
use atoma_client::AttestedEpoch;
use atoma_openai::{ApiError, ChatRequest, Message, Role};
use atoma_protocol::{
    channel::{Payer, PayerConfig},
    ids::{ModelId, NodeId, ObjectId},
    money::{Amount, Bps},
    statement::Grade,
    time::TimestampMs,
};
use tokio::task::JoinHandle;

use super::{
    node::{FUNDED, Identity, MANIFEST, NAME, NETWORK, Node, PATIENCE, voucher_key},
    *,
};
use crate::{
    SequencerConfig,
    answer::Piece,
    completion::Completions,
    http::Backend,
    treasury::{TreasuryError, TrustedNode},
};

/// Pays every node from a channel of its own.
#[derive(Debug)]
struct Ledger {
    store: PayerStore,
    ahead_limit: Amount,
}

#[async_trait]
impl Payments for Ledger {
    fn network(&self) -> NetworkId {
        NETWORK
    }

    async fn trust(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
        sealing_keys: Vec<SealingPublicKey>,
    ) -> Result<TrustedNode, TreasuryError> {
        let attested = AttestedEpoch {
            node,
            epoch,
            signing_key: Identity(node.into_bytes()[0]).signing_key().public(),
            sealing_keys,
            grade: Grade::VENDOR_CHAIN,
            evidence_hash: [0; 32].into(),
            expires: TimestampMs(u64::MAX),
        };
        let nothing = ObjectId::new([0; 32]);
        let state = NodeState {
            id: node,
            version: 1,
            network: NETWORK,
            cap: nothing,
            pool: nothing,
            status: NodeStatus::Active,
            commission_bps: Bps::default(),
            max_commission_bps: Bps::default(),
            pending_commission: None,
            jailed: None,
            jail_ms: 0,
            offers: Vec::new(),
            vaults: Vec::new(),
            next_epoch: epoch.next(),
            epochs: Vec::new(),
            archive: nothing,
        };
        Ok(TrustedNode { attested, state })
    }

    async fn account(
        &self,
        node: &NodeState,
        _models: &[ModelId],
    ) -> Result<Account, TreasuryError> {
        let config = PayerConfig {
            ahead_limit: self.ahead_limit,
        };
        let terms = Identity(node.id.into_bytes()[0]).terms();
        let (key, store) = (voucher_key(), self.store.clone());
        Ok(Account::open(
            terms,
            config,
            key,
            store,
            FUNDED,
            Amount::ZERO,
        )?)
    }

    async fn manifest(&self, _model: ModelId) -> Result<ManifestHash, ChainError> {
        Ok(MANIFEST)
    }

    fn is_low(&self, _payer: &Payer) -> bool {
        false
    }

    async fn top_up(
        &self,
        _channel: ChannelId,
        _authorized: Amount,
    ) -> Result<Option<Amount>, ChainError> {
        Ok(None)
    }
}

/// What of an account must not change behind its payer's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Books {
    pub(super) held: Amount,
    pub(super) authorized: Amount,
    pub(super) stopped: bool,
    pub(super) open_streams: usize,
}

pub(super) struct Bench {
    pub(super) env: Env,
    pub(super) fleet: Arc<Fleet<NodeLink>>,
    pub(super) completions: Arc<Completions>,
    pub(super) store: PayerStore,
    ledger: Arc<Ledger>,
    silence: Duration,
    _folder: tempfile::TempDir,
}

impl Bench {
    pub(super) fn new() -> Self {
        Self::with(Amount(20_000), SequencerConfig::default())
    }

    pub(super) fn with(ahead_limit: Amount, config: SequencerConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = PayerStore::open(folder.path()).unwrap();
        let env = Env::simulated(7, TimestampMs(1_000_000));
        let fleet = Arc::new(Fleet::new(env.clone()));
        let silence = config.silence();
        let completions = Completions::new(env.clone(), fleet.clone(), store.clone(), config);
        Self {
            ledger: Arc::new(Ledger {
                store: store.clone(),
                ahead_limit,
            }),
            completions: Arc::new(completions),
            env,
            fleet,
            store,
            silence,
            _folder: folder,
        }
    }

    /// A node whose stream is taken up; its handshake is still to be done.
    pub(super) fn dial(&self, number: u8) -> (Node, JoinHandle<Result<(), HandshakeError>>) {
        let (node, end) = Node::new(Identity(number), &self.env);
        let attaching = attach(
            end,
            self.env.child(),
            self.ledger.clone(),
            self.store.clone(),
            self.fleet.clone(),
            self.silence,
        );
        (node, self.env.spawn(attaching))
    }

    /// An attached node that pulled for `places`.
    pub(super) async fn attach(&self, number: u8, places: u32) -> Node {
        let (mut node, _) = self.dial(number);
        node.shake(places).await;
        let id = node.identity.id();
        self.until(|| self.fleet.nodes().contains(&id)).await;
        node
    }

    /// Waits until `holds`.
    pub(super) async fn until(&self, holds: impl Fn() -> bool) {
        let waiting = async {
            while !holds() {
                self.env.sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::time::timeout(PATIENCE, waiting)
            .await
            .expect("it never came to hold");
    }

    /// Asks in the background.
    pub(super) fn ask(&self) -> JoinHandle<Result<Answer, ApiError>> {
        let completions = self.completions.clone();
        self.env
            .spawn(async move { completions.complete(request()).await })
    }

    /// The books of the channel behind `link`.
    pub(super) fn books(link: &NodeLink) -> Books {
        let account = lock(&link.0.account);
        let payer = account.payer();
        Books {
            held: payer.held(),
            authorized: payer.authorized(),
            stopped: payer.stopped().is_some(),
            open_streams: payer.open_streams(),
        }
    }

    /// The way to an attached node that has a free place; the place is taken.
    pub(super) fn link(&self, node: &Node) -> NodeLink {
        let mut others = self.fleet.nodes();
        others.retain(|id| *id != node.identity.id());
        let place = self.fleet.pick(NAME, &others).unwrap();
        place.candidate().link.clone()
    }
}

pub(super) fn request() -> ChatRequest {
    let mut request = ChatRequest::new(NAME, vec![Message::text(Role::User, "hello")]);
    request.max_tokens = Some(1_000);
    request.stream = Some(true);
    request
}

/// The answer, once it began.
pub(super) async fn begun(asked: JoinHandle<Result<Answer, ApiError>>) -> Answer {
    finished(asked).await.unwrap()
}

/// The error that it ended with before it began.
pub(super) async fn refused(asked: JoinHandle<Result<Answer, ApiError>>) -> ApiError {
    finished(asked).await.unwrap_err()
}

pub(super) async fn finished<T>(task: JoinHandle<T>) -> T {
    let joined = tokio::time::timeout(PATIENCE, task).await;
    joined.expect("it never ends").unwrap()
}

pub(super) async fn next(answer: &mut Answer) -> Option<Piece> {
    let piece = tokio::time::timeout(PATIENCE, answer.next()).await;
    piece.expect("the answer neither goes on nor ends")
}

/// The text of the next piece.
pub(super) async fn text(answer: &mut Answer) -> String {
    match next(answer).await {
        Some(Piece::Json(json)) => String::from_utf8(json.to_vec()).unwrap(),
        other => panic!("no text: {other:?}"),
    }
}

/// The error that ends the answer.
pub(super) async fn failure(answer: &mut Answer) -> ApiError {
    match next(answer).await {
        Some(Piece::Failed(error)) => error,
        other => panic!("no failure: {other:?}"),
    }
}
