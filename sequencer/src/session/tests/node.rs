//! A hand-written node: each test decides what it says and when.

use std::time::Duration;

use atoma_link::{
    connection::{NodeEnd, pair},
    hello,
    message::{
        ChannelReady, Chunk, Failed, FailureCode, FromNode, Hello, ModelLoad, PROTOCOL, SealingKey,
        Task, ToNode,
    },
};
use atoma_protocol::{
    channel::{ModelTerms, PartEnd, PartReceipt, Payee, PayeeConfig, StreamId, StreamSpec, Terms},
    commitment::{ResponseCommitter, commit_request},
    ids::{ChannelId, ModelId, NetworkId, NodeId, RequestId},
    keys::SigningKey,
    money::{Amount, Price, Prices, TokenCount, Tokens},
    sealed::{
        ChunkPayload, ChunkSealer, Delivery, RequestContext, SealedRequest, SealingKeyPair,
        SeenEncs, Suite, open_request,
    },
    statement::{Signed, Verified, Voucher},
    time::TimestampMs,
};

use super::*;

pub(super) const NETWORK: NetworkId = NetworkId::new([1; 32]);
pub(super) const MODEL: ModelId = ModelId::new([4; 32]);
pub(super) const MANIFEST: ManifestHash = ManifestHash::new([5; 32]);
pub(super) const EPOCH: KeyEpoch = KeyEpoch(0);
pub(super) const FUNDED: Amount = Amount(1_000_000);
pub(super) const NAME: &str = "m/one";
/// Input tokens that every answer here is charged.
pub(super) const INPUT: u64 = 10;
/// No test waits longer for anything, by the runtime's own clock.
pub(super) const PATIENCE: Duration = Duration::from_secs(600);

pub(super) fn tokens(count: u64) -> Tokens {
    Tokens::new(count).unwrap()
}

pub(super) fn voucher_key() -> SigningKey {
    SigningKey::from_seed([6; 32])
}

/// The keys and the channel of node `number`.
#[derive(Clone, Copy)]
pub(super) struct Identity(pub(super) u8);

impl Identity {
    pub(super) const fn id(self) -> NodeId {
        NodeId::new([self.0; 32])
    }

    pub(super) const fn channel(self) -> ChannelId {
        ChannelId::new([self.0 ^ 0x80; 32])
    }

    pub(super) fn signing_key(self) -> SigningKey {
        SigningKey::from_seed([self.0; 32])
    }

    pub(super) fn sealing_keys(self) -> SealingKeyPair {
        SealingKeyPair::from_seed(Suite::X25519, &[self.0; 32])
    }

    pub(super) fn terms(self) -> Terms {
        let price = |units| Price::new(units).unwrap();
        Terms {
            network: NETWORK,
            channel: self.channel(),
            node: self.id(),
            voucher_key: voucher_key().public(),
            credit: Amount(10_000),
            models: vec![ModelTerms {
                model: MODEL,
                prices: Prices {
                    input: price(1_000_000),
                    output: price(2_000_000),
                },
            }],
        }
    }

    /// What an honest node answers to the challenge `nonce`.
    pub(super) fn hello(self, nonce: [u8; 32]) -> Hello {
        let statement = hello::Hello {
            node: self.id(),
            key_epoch: EPOCH,
            nonce,
        };
        Hello {
            protocol: PROTOCOL,
            hello: Verified::sign(statement, NETWORK, &self.signing_key()).into_signed(),
            sealing_keys: vec![SealingKey {
                suite: u8::from(Suite::X25519).into(),
                key: self.sealing_keys().public().as_bytes().to_vec().into(),
            }],
            models: vec![ModelLoad {
                model: MODEL,
                name: NAME.into(),
                context_length: 4_096,
            }],
        }
    }
}

/// A node on one stream.
pub(super) struct Node {
    pub(super) identity: Identity,
    pub(super) end: NodeEnd,
    pub(super) payee: Payee,
    seen: SeenEncs,
    env: Env,
}

/// A task that the node took.
pub(super) struct Job {
    pub(super) request: RequestId,
    nonce: Option<[u8; 32]>,
    sealer: ChunkSealer,
    pub(super) committer: ResponseCommitter,
    stream: StreamId,
    input: u64,
}

impl Node {
    /// A node and the sequencer's end of its stream.
    pub(super) fn new(identity: Identity, env: &Env) -> (Self, SequencerEnd) {
        let (end, sequencer, carry) = pair();
        env.spawn(carry);
        let mut payee = Payee::new(identity.terms(), EPOCH, PayeeConfig::default()).unwrap();
        payee.on_funded(FUNDED);
        let node = Self {
            identity,
            end,
            payee,
            seen: SeenEncs::default(),
            env: env.clone(),
        };
        (node, sequencer)
    }

    pub(super) async fn send(&self, message: FromNode) {
        self.end.send(message).await.unwrap();
    }

    pub(super) async fn receive(&mut self) -> ToNode {
        let message = tokio::time::timeout(PATIENCE, self.end.receive()).await;
        message.expect("the sequencer says nothing").unwrap()
    }

    pub(super) async fn challenge(&mut self) -> [u8; 32] {
        match self.receive().await {
            ToNode::Challenge(challenge) => challenge.nonce,
            other => panic!("no challenge: {other:?}"),
        }
    }

    /// The whole handshake, and `places` pulled for.
    pub(super) async fn shake(&mut self, places: u32) {
        let nonce = self.challenge().await;
        self.send(FromNode::Hello(self.identity.hello(nonce))).await;
        let ToNode::UseChannel(channel) = self.receive().await else {
            panic!("no channel");
        };
        assert_eq!(channel, self.identity.channel());
        let ready = ChannelReady {
            channel,
            voucher: None,
            refusal: None,
        };
        self.send(FromNode::ChannelReady(ready)).await;
        self.send(FromNode::Pull(places)).await;
    }

    /// The next task, after vouchers and cancels that come before it.
    pub(super) async fn task(&mut self) -> Task {
        loop {
            match self.receive().await {
                ToNode::Task(task) => return task,
                ToNode::Voucher(voucher) => self.credit(voucher),
                ToNode::Cancel(_) => {}
                other => panic!("no task: {other:?}"),
            }
        }
    }

    pub(super) fn credit(&mut self, voucher: Signed<Voucher>) {
        self.payee.on_voucher(voucher).unwrap();
    }

    /// Opens a task as an enclave does.
    pub(super) fn take(&mut self, task: Task) -> Job {
        if let Some(voucher) = task.voucher {
            self.credit(voucher);
        }
        assert_eq!(task.channel, self.identity.channel());
        let context = RequestContext {
            network: NETWORK,
            channel: task.channel,
            node: self.identity.id(),
            model: task.model,
            key_epoch: task.key_epoch,
            path: CHAT_PATH.into(),
        };
        let sealed = SealedRequest {
            suite: Suite::X25519,
            enc: task.enc.to_vec(),
            ciphertext: task.ciphertext.to_vec(),
        };
        let keys = self.identity.sealing_keys();
        let opened = open_request(&keys, &context, &sealed, &mut self.seen).unwrap();
        let payload = opened.payload;
        let spec = StreamSpec {
            model: MODEL,
            input_bound: tokens(100),
            max_output: tokens(1_000),
            request_commitment: commit_request(&payload.client_nonce, CHAT_PATH, &payload.body),
            manifest_hash: MANIFEST,
        };
        let stream = self.payee.open_stream(spec).unwrap();
        let (nonce, sealer) = opened.response.sealer(&mut &self.env);
        Job {
            request: task.request,
            nonce: Some(*nonce.as_bytes()),
            sealer,
            committer: ResponseCommitter::new(&payload.client_nonce),
            stream,
            input: INPUT,
        }
    }

    pub(super) async fn job(&mut self) -> Job {
        let task = self.task().await;
        self.take(task)
    }

    /// Meters `output` tokens and cuts a part of what was delivered.
    pub(super) fn cut(&mut self, job: &mut Job, output: u64, last: bool) -> PartReceipt {
        let made = TokenCount::new(tokens(std::mem::take(&mut job.input)), tokens(output));
        self.payee.on_tokens(job.stream, made).unwrap();
        let end = PartEnd {
            last,
            response_commitment: job.committer.commitment(),
            now: TimestampMs(1),
        };
        let key = self.identity.signing_key();
        self.payee.cut_part(&key, job.stream, end).unwrap()
    }

    /// Seals and sends one chunk. The committer must have the deliveries already.
    pub(super) async fn chunk(
        &self,
        job: &mut Job,
        deliveries: Vec<Delivery>,
        receipt: Option<PartReceipt>,
        last: bool,
    ) {
        let payload = ChunkPayload {
            deliveries,
            receipt: receipt.map(Box::new),
        };
        let chunk = Chunk {
            request: job.request,
            response_nonce: job.nonce.take(),
            sealed: job.sealer.seal(&payload, last).unwrap().into(),
            receipt: None,
            last,
        };
        self.send(FromNode::Chunk(chunk)).await;
    }

    /// Sends `text` without a receipt.
    pub(super) async fn say(&self, job: &mut Job, text: &str) {
        let delivery = Delivery::Json(text.into());
        job.committer.deliver(&delivery);
        self.chunk(job, vec![delivery], None, false).await;
    }

    /// Sends `text` with a receipt over `output` tokens.
    pub(super) async fn part(&mut self, job: &mut Job, text: &str, output: u64, last: bool) {
        let delivery = Delivery::Json(text.into());
        job.committer.deliver(&delivery);
        let part = self.cut(job, output, last);
        self.chunk(job, vec![delivery], Some(part), last).await;
    }

    pub(super) async fn fail(&self, request: RequestId, code: FailureCode) {
        let failed = Failed {
            request,
            code,
            message: String::new(),
        };
        self.send(FromNode::Failed(failed)).await;
    }

    /// Reads until the request is cancelled.
    pub(super) async fn cancelled(&mut self, request: RequestId) {
        loop {
            match self.receive().await {
                ToNode::Cancel(id) if id == request => return,
                ToNode::Voucher(voucher) => self.credit(voucher),
                _ => {}
            }
        }
    }

    /// Everything that the sequencer sends until it ends the stream.
    pub(super) async fn pending_until_closed(&mut self) -> Vec<ToNode> {
        let mut messages = Vec::new();
        let reading = async {
            while let Ok(message) = self.end.receive().await {
                let ends = matches!(message, ToNode::Goodbye(_));
                messages.push(message);
                if ends {
                    return;
                }
            }
        };
        tokio::time::timeout(PATIENCE, reading)
            .await
            .expect("the stream does not end");
        messages
    }

    /// Everything that the sequencer has sent by now, once it has had time to send more.
    pub(super) async fn pending(&mut self) -> Vec<ToNode> {
        let mut messages = Vec::new();
        while let Ok(message) =
            tokio::time::timeout(Duration::from_secs(2), self.end.receive()).await
        {
            messages.push(message.unwrap());
        }
        messages
    }
}
