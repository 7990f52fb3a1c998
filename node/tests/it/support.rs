//! An enclave with scripted models, and a sequencer written by hand around the protocol's payer.

use std::{
    collections::BTreeMap,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use atoma_engine::{Engine, ScriptedEngine};
use atoma_env::Env;
use atoma_link::{
    connection::{SequencerEnd, pair},
    message::{Challenge, Chunk, Failed, FailureCode, FromNode, Task, ToNode},
};
use atoma_node::{
    bindings::Bindings,
    channels::Contact,
    enclave::{CHAT_PATH, ChannelView, Enclave, EnclaveConfig, PublicKeys},
    model::{ServedModel, ServedModels},
    session::{ChannelRefusal, ChannelSource, Session, SessionEnd},
    store::Store,
};
use atoma_openai::{ChatRequest, Message, Role};
use atoma_protocol::{
    channel::{
        Delivered, ModelTerms, PartReceipt, Payer, PayerConfig, StreamId, StreamRequest,
        StreamSpec, Terms,
    },
    commitment::{ClientNonce, ResponseCommitter, commit_request},
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, RequestId},
    keys::SigningKey,
    money::{Amount, Price, Prices, Tokens},
    sealed::{
        ChunkOpener, Delivery, RequestContext, RequestPayload, ResponseNonce, ResponseOpenerSeed,
        Suite, seal_request,
    },
    statement::{Grade, Signed, Verified, Voucher},
    time::TimestampMs,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

pub(crate) const NETWORK: NetworkId = NetworkId::new([1; 32]);
pub(crate) const NODE: NodeId = NodeId::new([2; 32]);
pub(crate) const CHANNEL: ChannelId = ChannelId::new([3; 32]);
pub(crate) const EPOCH: KeyEpoch = KeyEpoch(7);
pub(crate) const START: TimestampMs = TimestampMs(1_700_000_000_000);
/// Base units served ahead of vouchers; a part is half of it.
pub(crate) const CREDIT: Amount = Amount(20);
pub(crate) const FUNDED: Amount = Amount(1_000_000);
/// Longest wait in a test, on a paused clock.
const PATIENCE: Duration = Duration::from_secs(300);

pub(crate) const MODELS: [&str; 8] = [
    "scripted/echo",
    "scripted/count-8",
    "scripted/count-100",
    "scripted/slow",
    "scripted/fail-before",
    "scripted/fail-after-3",
    "scripted/hang",
    "scripted/count-1000",
];

pub(crate) fn env() -> Env {
    Env::simulated(42, START)
}

pub(crate) fn model_id(name: &str) -> ModelId {
    let index = MODELS.iter().position(|model| *model == name);
    let byte = index.map_or(0xff, |index| u8::try_from(index).unwrap());
    ModelId::new([byte; 32])
}

pub(crate) fn voucher_key() -> SigningKey {
    SigningKey::from_seed([9; 32])
}

/// One base unit a token, in and out.
pub(crate) fn prices() -> Prices {
    let price = Price::new(1_000_000).unwrap();
    Prices {
        input: price,
        output: price,
    }
}

pub(crate) fn terms(channel: ChannelId) -> Terms {
    Terms {
        network: NETWORK,
        channel,
        node: NODE,
        voucher_key: voucher_key().public(),
        credit: CREDIT,
        models: MODELS
            .iter()
            .map(|name| ModelTerms {
                model: model_id(name),
                prices: prices(),
            })
            .collect(),
    }
}

pub(crate) fn view(channel: ChannelId) -> ChannelView {
    ChannelView {
        terms: terms(channel),
        need: Grade::SIMULATED,
        funded: FUNDED,
        authorized: Amount::ZERO,
        paid: Amount::ZERO,
        lanes: BTreeMap::new(),
        folded: Amount::ZERO,
        closing: false,
    }
}

pub(crate) fn served(env: &Env) -> ServedModels {
    let engine: Arc<dyn Engine> = Arc::new(ScriptedEngine::serving(env.clone(), &MODELS).unwrap());
    let models = engine.models().to_vec();
    models
        .into_iter()
        .map(|info| {
            let id = model_id(&info.name);
            let engine = Arc::clone(&engine);
            (id, ServedModel { id, info, engine })
        })
        .collect()
}

pub(crate) fn enclave_at(env: &Env, folder: &Path, epoch: KeyEpoch) -> (Arc<Enclave>, Store) {
    let store = Store::open(folder).unwrap();
    let config = EnclaveConfig {
        network: NETWORK,
        node: NODE,
        payee: Default::default(),
        settle_threshold: Amount(1),
    };
    let enclave = Enclave::new(env.child(), config, served(env), store.clone());
    enclave.draw(epoch);
    (Arc::new(enclave), store)
}

/// Channels that exist, or do not.
#[derive(Debug, Default)]
pub(crate) struct FixedChannels(Mutex<BTreeMap<ChannelId, Result<ChannelView, ChannelRefusal>>>);

impl FixedChannels {
    pub(crate) fn set(&self, channel: ChannelId, answer: Result<ChannelView, ChannelRefusal>) {
        self.0.lock().unwrap().insert(channel, answer);
    }
}

#[async_trait]
impl ChannelSource for FixedChannels {
    async fn channel(&self, id: ChannelId) -> Result<ChannelView, ChannelRefusal> {
        let known = self.0.lock().unwrap().get(&id).cloned();
        known.unwrap_or_else(|| Err(ChannelRefusal::Unfit("there is no such channel".to_owned())))
    }
}

/// A node of one enclave, to which sequencers can be attached.
pub(crate) struct World {
    pub(crate) env: Env,
    pub(crate) enclave: Arc<Enclave>,
    pub(crate) store: Store,
    pub(crate) channels: Arc<FixedChannels>,
    pub(crate) bindings: Bindings,
    pub(crate) contact: Contact,
    pub(crate) capacity: u32,
    pub(crate) expires: TimestampMs,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) fn new() -> Self {
        let env = env();
        let folder = tempfile::tempdir().unwrap();
        let (enclave, store) = enclave_at(&env, folder.path(), EPOCH);
        let channels = FixedChannels::default();
        channels.set(CHANNEL, Ok(view(CHANNEL)));
        let contact = Contact::default();
        contact.made(env.now());
        Self {
            env,
            enclave,
            store,
            channels: Arc::new(channels),
            bindings: Bindings::default(),
            contact,
            capacity: 128,
            expires: TimestampMs(u64::MAX),
            _folder: folder,
        }
    }

    /// Attaches a sequencer called `name`; nothing was said yet.
    pub(crate) fn attach(&self, name: &str) -> Desk {
        let (node_end, end, carrier) = pair();
        self.env.spawn(carrier);
        let drain = CancellationToken::new();
        let session = Session {
            env: self.env.clone(),
            enclave: Arc::clone(&self.enclave),
            epoch: EPOCH,
            expires: self.expires,
            channels: Arc::clone(&self.channels) as Arc<dyn ChannelSource>,
            bindings: self.bindings.clone(),
            dialer: name.into(),
            contact: self.contact.clone(),
            capacity: self.capacity,
            drain: drain.clone(),
        };
        let ended = self.env.spawn(session.run(node_end));
        let keys = self.enclave.public_keys(EPOCH).unwrap();
        let desk = Desk::new(
            self.env.child(),
            end,
            Place::scripted(&self.env),
            FUNDED,
            keys,
        );
        Desk {
            drain,
            ended: Some(ended),
            ..desk
        }
    }

    /// Attaches a sequencer that has its channel in use.
    pub(crate) async fn ready(&self, name: &str) -> Desk {
        let mut desk = self.attach(name);
        desk.greet().await;
        assert_eq!(desk.use_channel(CHANNEL).await, Ok(()));
        desk
    }
}

/// Where a desk's node, channel and models are.
#[derive(Clone)]
pub(crate) struct Place {
    pub(crate) network: NetworkId,
    pub(crate) node: NodeId,
    pub(crate) terms: Terms,
    pub(crate) models: BTreeMap<String, (ModelId, ManifestHash)>,
}

impl Place {
    fn scripted(env: &Env) -> Self {
        let models = served(env);
        Self {
            network: NETWORK,
            node: NODE,
            terms: terms(CHANNEL),
            models: models
                .into_values()
                .map(|model| {
                    (
                        model.info.name.clone(),
                        (model.id, model.info.manifest_hash),
                    )
                })
                .collect(),
        }
    }
}

/// What a sequencer has of an answer.
#[derive(Debug)]
pub(crate) struct Open {
    pub(crate) stream: Option<StreamId>,
    seed: Option<ResponseOpenerSeed>,
    opener: Option<ChunkOpener>,
    committer: ResponseCommitter,
    pub(crate) deliveries: Vec<Delivery>,
    pub(crate) parts: Vec<PartReceipt>,
}

impl Open {
    /// The text of a streamed answer.
    pub(crate) fn text(&self) -> String {
        let json = self
            .deliveries
            .iter()
            .filter_map(|delivery| match delivery {
                Delivery::Json(json) => Some(json),
                Delivery::Failure(_) => None,
            });
        json.filter_map(|json| {
            let chunk: serde_json::Value = serde_json::from_slice(json).unwrap();
            chunk["choices"][0]["delta"]["content"]
                .as_str()
                .map(str::to_owned)
        })
        .collect()
    }

    pub(crate) fn failed(&self) -> bool {
        matches!(self.deliveries.last(), Some(Delivery::Failure(_)))
    }

    pub(crate) fn tokens(&self) -> (u64, u64) {
        self.parts.iter().fold((0, 0), |(input, output), part| {
            (
                input + part.body.input_tokens.get(),
                output + part.body.output_tokens.get(),
            )
        })
    }
}

/// How an answer ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// With its last chunk.
    Last(Box<Open>),
    /// With a failure instead.
    Failed(Failed),
}

impl Ended {
    pub(crate) fn last(self) -> Box<Open> {
        match self {
            Self::Last(open) => open,
            Self::Failed(failed) => panic!("{failed:?}"),
        }
    }

    pub(crate) fn code(&self) -> Option<FailureCode> {
        match self {
            Self::Last(_) => None,
            Self::Failed(failed) => Some(failed.code),
        }
    }
}

/// A sequencer's desk.
pub(crate) struct Desk {
    pub(crate) env: Env,
    pub(crate) end: SequencerEnd,
    pub(crate) place: Place,
    pub(crate) drain: CancellationToken,
    ended: Option<JoinHandle<SessionEnd>>,
    pub(crate) payer: Payer,
    pub(crate) keys: PublicKeys,
    pub(crate) open: BTreeMap<RequestId, Open>,
    /// Whether it sends vouchers for what it receives.
    pub(crate) pays: bool,
    pub(crate) pulled: u32,
    asked: u64,
}

impl Desk {
    pub(crate) fn new(
        env: Env,
        end: SequencerEnd,
        place: Place,
        funded: Amount,
        keys: PublicKeys,
    ) -> Self {
        let config = PayerConfig {
            ahead_limit: Amount(10_000),
        };
        let mut payer = Payer::new(place.terms.clone(), config).unwrap();
        payer.on_funded(funded);
        Self {
            env,
            end,
            place,
            drain: CancellationToken::new(),
            ended: None,
            payer,
            keys,
            open: BTreeMap::new(),
            pays: true,
            pulled: 0,
            asked: 0,
        }
    }

    /// How the node's session ended.
    pub(crate) async fn ended(&mut self) -> SessionEnd {
        self.ended.take().unwrap().await.unwrap()
    }

    /// Goes away without a word.
    pub(crate) async fn leave(self) -> SessionEnd {
        drop(self.end);
        self.ended.unwrap().await.unwrap()
    }

    pub(crate) async fn send(&self, message: ToNode) {
        self.end.send(message).await.unwrap();
    }

    pub(crate) async fn next(&mut self) -> FromNode {
        let next = tokio::time::timeout(PATIENCE, self.end.receive()).await;
        let message = next.expect("the node says nothing").unwrap();
        if let FromNode::Pull(tasks) = message {
            self.pulled += tasks;
        }
        message
    }

    pub(crate) async fn greet(&mut self) {
        let nonce = [5; 32];
        let network = self.place.network;
        self.send(ToNode::Challenge(Challenge { nonce, network }))
            .await;
        let FromNode::Hello(hello) = self.next().await else {
            panic!("no hello");
        };
        assert_eq!(hello.hello.statement.nonce, nonce);
        assert_eq!(hello.hello.statement.node, self.place.node);
        hello.hello.verify(network, &self.keys.signing).unwrap();
        assert_eq!(hello.models.len(), self.place.models.len());
        let FromNode::Pull(_) = self.next().await else {
            panic!("no pull");
        };
        let (epoch, signing) = (self.keys.epoch, self.keys.signing);
        self.payer.add_epoch(epoch, signing).unwrap();
    }

    pub(crate) async fn use_channel(&mut self, channel: ChannelId) -> Result<(), String> {
        self.send(ToNode::UseChannel(channel)).await;
        loop {
            if let FromNode::ChannelReady(ready) = self.next().await {
                assert_eq!(ready.channel, channel);
                if let Some(voucher) = ready.voucher {
                    self.payer.adopt(voucher).unwrap();
                }
                return ready.refusal.map_or(Ok(()), Err);
            }
        }
    }

    pub(crate) fn chat(&self, model: &str, prompt: &str) -> ChatRequest {
        let mut chat = ChatRequest::new(model, vec![Message::text(Role::User, prompt)]);
        chat.stream = Some(true);
        chat
    }

    /// Seals a request into a task, without asking the payer.
    pub(crate) fn seal(&mut self, chat: &ChatRequest) -> (Task, Open, StreamSpec) {
        let body = serde_json::to_vec(chat).unwrap();
        let nonce = ClientNonce::random(&mut &self.env);
        let commitment = commit_request(&nonce, CHAT_PATH, &body);
        let known = self.place.models.get(&chat.model).copied();
        let (model, manifest_hash) = known.unwrap_or_default();
        let channel = self.place.terms.channel;
        let context = RequestContext {
            network: self.place.network,
            channel,
            node: self.place.node,
            model,
            key_epoch: self.keys.epoch,
            path: CHAT_PATH.to_owned(),
        };
        let suite = [Suite::X25519, Suite::XWing][usize::from(self.asked % 2 == 1)];
        let key = self.keys.sealing.iter().find(|key| key.suite() == suite);
        let payload = RequestPayload {
            client_nonce: nonce.clone(),
            path: CHAT_PATH.to_owned(),
            body,
        };
        let (sealed, seed) =
            seal_request(&mut &self.env, key.unwrap(), &context, &payload).unwrap();
        self.asked += 1;
        let words = chat.messages[0]
            .joined_text()
            .unwrap()
            .split_whitespace()
            .count();
        let task = Task {
            request: RequestId::new(self.env.random()),
            channel,
            model,
            key_epoch: self.keys.epoch,
            suite: u8::from(suite).into(),
            enc: sealed.enc.into(),
            ciphertext: sealed.ciphertext.into(),
            voucher: None,
        };
        let open = Open {
            stream: None,
            seed: Some(seed),
            opener: None,
            committer: ResponseCommitter::new(&nonce),
            deliveries: Vec::new(),
            parts: Vec::new(),
        };
        let spec = StreamSpec {
            model,
            input_bound: Tokens::new(u64::try_from(words).unwrap()).unwrap(),
            max_output: Tokens::new(chat.output_token_limit().unwrap_or(32_000)).unwrap(),
            request_commitment: commitment,
            manifest_hash,
        };
        (task, open, spec)
    }

    /// Asks for an answer, paid as the payer sees fit.
    pub(crate) async fn ask(&mut self, chat: &ChatRequest) -> RequestId {
        let (mut task, mut open, spec) = self.seal(chat);
        let epoch = self.keys.epoch;
        let grant = self
            .payer
            .open_stream(&voucher_key(), StreamRequest { epoch, spec })
            .unwrap();
        task.voucher = grant.voucher;
        open.stream = Some(grant.stream);
        let request = task.request;
        self.open.insert(request, open);
        self.send(ToNode::Task(task)).await;
        request
    }

    /// Sends a task that the payer knows nothing of.
    pub(crate) async fn force(&mut self, task: Task, open: Open) -> RequestId {
        let request = task.request;
        self.open.insert(request, open);
        self.send(ToNode::Task(task)).await;
        request
    }

    /// Works through messages until some answer ends.
    pub(crate) async fn any_end(&mut self) -> (RequestId, Ended) {
        loop {
            match self.next().await {
                FromNode::Chunk(chunk) => {
                    let (request, last) = (chunk.request, chunk.last);
                    self.on_chunk(chunk).await;
                    if last {
                        let open = self.open.remove(&request).unwrap();
                        return (request, Ended::Last(Box::new(open)));
                    }
                }
                FromNode::Failed(failed) => {
                    self.open.remove(&failed.request);
                    return (failed.request, Ended::Failed(failed));
                }
                _ => {}
            }
        }
    }

    /// Waits for this answer alone.
    pub(crate) async fn end_of(&mut self, request: RequestId) -> Ended {
        let (ended, end) = self.any_end().await;
        assert_eq!(ended, request);
        end
    }

    /// Asks, and waits for the end.
    pub(crate) async fn answer(&mut self, chat: &ChatRequest) -> Ended {
        let request = self.ask(chat).await;
        self.end_of(request).await
    }

    pub(crate) async fn on_chunk(&mut self, chunk: Chunk) {
        let open = self.open.get_mut(&chunk.request).unwrap();
        if let Some(nonce) = chunk.response_nonce {
            let seed = open.seed.take().unwrap();
            open.opener = Some(seed.opener(&ResponseNonce::new(nonce)));
        }
        assert_eq!(chunk.sealed.len() % 256, 17, "chunks are padded");
        let payload = open.opener.as_mut().unwrap().open(&chunk.sealed).unwrap();
        for delivery in &payload.deliveries {
            open.committer.deliver(delivery);
        }
        open.deliveries.extend(payload.deliveries);
        assert_eq!(chunk.last, open.opener.as_ref().unwrap().is_finished());
        let Some(part) = payload.receipt else {
            assert!(chunk.receipt.is_none() && !chunk.last);
            return;
        };
        let seen = chunk.receipt.expect("the payer sees receipts too");
        assert_eq!(seen.receipt, part.receipt);
        assert_eq!(seen.statement, part.statement);
        open.parts.push((*part).clone());
        let (stream, commitment) = (open.stream, open.committer.commitment());
        if let Some(stream) = stream {
            let delivered = Delivered {
                response_commitment: commitment,
                output_at_most: None,
            };
            self.payer.on_part(stream, &part, &delivered).unwrap();
        }
        if self.pays
            && let Some((voucher, _)) = self.payer.next_voucher(&voucher_key())
        {
            self.send(ToNode::Voucher(voucher)).await;
        }
    }
}

pub(crate) fn voucher(channel: ChannelId, cumulative: u64, key: &SigningKey) -> Signed<Voucher> {
    let cumulative = Amount(cumulative);
    let voucher = Voucher {
        channel,
        cumulative,
    };
    Verified::sign(voucher, NETWORK, key).into_signed()
}

/// A good voucher on another network.
pub(crate) fn voucher_on(
    network: NetworkId,
    channel: ChannelId,
    cumulative: u64,
) -> Signed<Voucher> {
    let cumulative = Amount(cumulative);
    let voucher = Voucher {
        channel,
        cumulative,
    };
    Verified::sign(voucher, network, &voucher_key()).into_signed()
}

/// Lets everything run that can.
pub(crate) async fn settle_down() {
    for _ in 0..64 {
        tokio::task::yield_now().await;
    }
}
