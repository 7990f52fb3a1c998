//! What the REST API answers, in JSON.
//!
//! Ids, hashes and keys are `0x` hex, transaction digests base58; amounts are base units, times
//! milliseconds since the Unix epoch. Numbers are JSON numbers of up to 64 bits, exact in the text: a
//! reader that holds numbers as doubles must parse those above 2^53 in another way.

use std::{fmt, str::FromStr};

use atoma_chain::{ChainId, CoinType, Position, TxDigest};
use atoma_protocol::{
    hash::{CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData},
    ids::{
        Address, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId, NetworkId,
        NodeId, ObjectId, PackageId, Seq,
    },
    keys::PublicKey,
    merkle::Proof,
    money::{Amount, Price},
    statement::{EvidenceKind, Grade, Receipt, Signed},
    time::TimestampMs,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// Where an event stands, as `CHECKPOINT:TRANSACTION:EVENT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place(pub Position);

/// A text that is no [`Place`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected CHECKPOINT:TRANSACTION:EVENT, three numbers")]
pub struct ParsePlaceError;

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for Place {
    type Err = ParsePlaceError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(ParsePlaceError);
        let position = Position {
            checkpoint: CheckpointSeq(part()?.parse().map_err(|_| ParsePlaceError)?),
            transaction: part()?.parse().map_err(|_| ParsePlaceError)?,
            event: part()?.parse().map_err(|_| ParsePlaceError)?,
        };
        parts
            .next()
            .is_none()
            .then_some(Self(position))
            .ok_or(ParsePlaceError)
    }
}

impl Serialize for Place {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(D::Error::custom)
    }
}

/// One page of a list, oldest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// Give this as `after` to go on; none at the end.
    pub next: Option<Place>,
}

/// How far the indexer is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Status {
    /// The chain, by the digest of its genesis checkpoint.
    pub chain: ChainId,
    /// The network.
    pub network: NetworkId,
    /// Versions of the contracts' package whose events are read.
    pub packages: Vec<PackageId>,
    /// The last checkpoint in the database; none before the first.
    pub indexed_checkpoint: Option<CheckpointSeq>,
    /// That checkpoint's time.
    pub indexed_time_ms: TimestampMs,
    /// The chain's last checkpoint; none if the chain does not answer.
    pub chain_checkpoint: Option<CheckpointSeq>,
    /// How many checkpoints are still to be read; none if the chain does not answer.
    pub lag_checkpoints: Option<u64>,
    /// Events in the database.
    pub events: u64,
    /// How many of them this software cannot read: made by newer contracts, or without meaning.
    pub undecoded_events: u64,
    /// What following the chain fails with at present.
    pub trouble: Option<String>,
}

/// The network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Network {
    /// Its id.
    pub network: NetworkId,
    /// Whether it is a development network, on which simulated evidence counts.
    pub dev: bool,
    /// Most live time between two ticks, in milliseconds.
    pub gap_ms: u64,
    /// Where protocol dues go.
    pub treasury: Address,
    /// Whether new business is stopped.
    pub paused: bool,
    /// The parameters, as the contracts name them.
    pub params: serde_json::Value,
    /// Parameters that wait for their time lock.
    pub proposed_params: Option<serde_json::Value>,
    /// Accepted coins.
    pub coins: Vec<CoinType>,
    /// The attestor set in place.
    pub attestors: Option<Attestors>,
    /// Measurements on the allow-list.
    pub measurements: Vec<Measurement>,
    /// Registered models, oldest first, at most [`crate::http::MAX_LIMIT`].
    pub models: Vec<Model>,
    /// Where it was last changed.
    pub updated: Place,
}

/// An attestor set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attestors {
    /// Its version.
    pub version: AttestorSetVersion,
    /// How many must agree.
    pub threshold: u64,
    /// Their keys, by index.
    pub keys: Vec<PublicKey>,
}

/// A measurement on the allow-list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// The measurement, `0x` hex.
    pub measurement: String,
    /// Until when.
    pub until_ms: TimestampMs,
}

/// A model.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// Its id.
    pub model: ModelId,
    /// Its name; not unique.
    pub name: String,
    /// Exactly which weights.
    pub manifest_hash: ManifestHash,
    /// What it takes and gives: `text`, `embedding` or `vision`.
    pub modality: String,
    /// Where the weights are.
    pub weights_uri: String,
    /// Where it was registered.
    pub created: Place,
}

/// A node.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    /// Its id.
    pub node: NodeId,
    /// Its pool of stake.
    pub pool: ObjectId,
    /// `active`, `draining`, `jailed` or `retired`.
    pub status: String,
    /// The operator's part, in basis points.
    pub commission_bps: u16,
    /// Most that the commission may be, in basis points.
    pub max_commission_bps: u16,
    /// A commission that waits for its time lock, in basis points.
    pub proposed_commission_bps: Option<u16>,
    /// Least own stake.
    pub min_own_stake: Amount,
    /// The operator's stake.
    pub own_stake: Amount,
    /// Others' stake.
    pub delegated_stake: Amount,
    /// All that slashes took.
    pub burned: Amount,
    /// Where it was registered.
    pub created: Place,
    /// Where it was last changed.
    pub updated: Place,
}

/// A node with what belongs to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeDetail {
    /// The node.
    #[serde(flatten)]
    pub node: Node,
    /// What it offers.
    pub offers: Vec<Offer>,
    /// Its vault of each coin.
    pub vaults: Vec<Vault>,
    /// Its newest key epoch.
    pub key_epoch: Option<KeyEpochView>,
}

/// Terms for one model in one coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The model.
    pub model: ModelId,
    /// The coin.
    pub coin: CoinType,
    /// Of 1,000,000 input tokens.
    pub input_price: Price,
    /// Of 1,000,000 output tokens.
    pub output_price: Price,
    /// Most tokens of prompt and answer.
    pub context_length: u64,
    /// What answers alike.
    pub engine_class: String,
    /// Served ahead of vouchers, at most.
    pub credit: Amount,
    /// Most for a router, in basis points.
    pub max_routing_bps: u16,
    /// Least deposit.
    pub min_deposit: Amount,
}

/// What a node earned in one coin, until it is pulled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vault {
    /// Its id.
    pub vault: ObjectId,
    /// The coin.
    pub coin: CoinType,
    /// How long the operator's earnings wait, in live milliseconds.
    pub hold_back_ms: u64,
    /// The operator's, waiting, when it last moved on.
    pub held: Amount,
    /// The operator's, to be withdrawn, when it last moved on.
    pub free: Amount,
}

/// Coins that left a vault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outflow {
    /// Where it happened.
    pub position: Place,
    /// The transaction.
    pub digest: TxDigest,
    /// When.
    pub timestamp_ms: TimestampMs,
    /// `swept` to the treasury, `distributed` to the pool, or `withdrawn` by the operator.
    pub kind: String,
    /// How much.
    pub amount: Amount,
    /// The treasury or the pool.
    pub recipient: Option<ObjectId>,
}

/// A key epoch: what was posted, and what was proved of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyEpochView {
    /// The node.
    pub node: NodeId,
    /// Its number.
    pub key_epoch: KeyEpoch,
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// The same, in words.
    pub kind_text: String,
    /// The measurement, `0x` hex.
    pub measurement: String,
    /// Signs receipts and statements.
    pub signing_key: PublicKey,
    /// Sealing keys, one after the other, `0x` hex.
    pub sealing_keys: String,
    /// Which files.
    pub manifest_hash: ManifestHash,
    /// The evidence.
    pub evidence_hash: EvidenceHash,
    /// Where it is.
    pub evidence_uri: String,
    /// What it must carry.
    pub report_data: ReportData,
    /// The checkpoint it is anchored to.
    pub anchor_seq: CheckpointSeq,
    /// That checkpoint's digest.
    pub anchor_digest: CheckpointDigest,
    /// When it was posted.
    pub posted_ms: TimestampMs,
    /// Where it was posted.
    pub posted: Place,
    /// The transaction that posted it.
    pub posted_digest: TxDigest,
    /// What was proved; none until graded.
    pub grade: Option<Grade>,
    /// The same in words, `SIMULATED` if the evidence is.
    pub grade_text: String,
    /// No new work from here on; none until graded.
    pub expires_ms: Option<TimestampMs>,
    /// The attestor set that graded it.
    pub attestor_set_version: Option<AttestorSetVersion>,
    /// Who of it agreed, by index.
    pub signers: Vec<u8>,
    /// The transaction that graded it last.
    pub graded_digest: Option<TxDigest>,
    /// Whether the operator ended it.
    pub ended: bool,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Channel {
    /// Its id.
    pub channel: ChannelId,
    /// Who earns.
    pub node: NodeId,
    /// The coin.
    pub coin: CoinType,
    /// The `PayerCap`.
    pub payer_cap: ObjectId,
    /// Signs vouchers.
    pub voucher_key: PublicKey,
    /// Where the refund goes.
    pub refund_to: Address,
    /// Who may claim the routing share.
    pub router: Address,
    /// The router's share, in basis points.
    pub routing_bps: u16,
    /// The protocol's share, in basis points.
    pub protocol_bps: u16,
    /// Models and their prices.
    pub slots: Vec<Slot>,
    /// What a key epoch must have proved.
    pub need: Grade,
    /// The same, in words.
    pub need_text: String,
    /// Served ahead of vouchers, at most.
    pub credit: Amount,
    /// Length of the grace, in live milliseconds.
    pub grace_ms: u64,
    /// No new work from here on.
    pub expires_ms: TimestampMs,
    /// `open`, `closing`, `closed` or `reaped`.
    pub state: String,
    /// Everything ever deposited.
    pub funded: Amount,
    /// Largest voucher that was settled.
    pub authorized: Amount,
    /// Everything ever paid.
    pub paid: Amount,
    /// What went back to the payer, once closed.
    pub refund: Option<Amount>,
    /// What the router has claimed.
    pub routing_claimed: Amount,
    /// What the node had to give back for proven overcharges.
    pub compensated: Amount,
    /// Where it was opened.
    pub created: Place,
    /// The transaction that opened it.
    pub created_digest: TxDigest,
    /// Where it was last changed.
    pub updated: Place,
}

/// Prices of one model on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slot {
    /// The model.
    pub model: ModelId,
    /// Of 1,000,000 input tokens.
    pub input_price: Price,
    /// Of 1,000,000 output tokens.
    pub output_price: Price,
}

/// A settlement: what was claimed, what was paid, and how it was split.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    /// Where it happened.
    pub position: Place,
    /// The transaction.
    pub digest: TxDigest,
    /// Its checkpoint.
    pub checkpoint: CheckpointSeq,
    /// The checkpoint's time.
    pub timestamp_ms: TimestampMs,
    /// The channel.
    pub channel: ChannelId,
    /// Who earned.
    pub node: NodeId,
    /// The vault that took it.
    pub vault: ObjectId,
    /// The key epoch that signed the statement.
    pub key_epoch: KeyEpoch,
    /// Kind of evidence behind its key.
    pub kind: EvidenceKind,
    /// Whether the statement was news.
    pub taken: bool,
    /// Sum of fees by the statement.
    pub earned: Amount,
    /// Number of receipts under the root.
    pub receipts: u64,
    /// Sum of their input tokens.
    pub input_tokens: u64,
    /// Sum of their output tokens.
    pub output_tokens: u64,
    /// Root over them.
    pub root: MerkleRoot,
    /// Largest voucher so far.
    pub authorized: Amount,
    /// Everything the channel ever paid.
    pub paid: Amount,
    /// What this settlement paid: the four parts below.
    pub payment: Amount,
    /// The protocol's part.
    pub protocol: Amount,
    /// The router's part.
    pub routing: Amount,
    /// The stakers' part.
    pub stakers: Amount,
    /// The operator's part.
    pub operator: Amount,
}

/// An event as it was emitted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EventView {
    /// Where it stands.
    pub position: Place,
    /// The transaction.
    pub digest: TxDigest,
    /// The checkpoint's time.
    pub timestamp_ms: TimestampMs,
    /// Its name, as in the Move source.
    pub name: String,
    /// Its fields; none if this software cannot read it.
    pub event: Option<Box<serde_json::value::RawValue>>,
    /// Its bytes in `0x` hex, if this software cannot read it.
    pub bytes: Option<String>,
    /// Why it cannot be read.
    pub reason: Option<String>,
}

/// What became of receipts that were handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// How many are new.
    pub new: u64,
    /// How many were known.
    pub known: u64,
}

/// A receipt and what is known of its settlement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptView {
    /// The head, signed by the key epoch.
    pub receipt: Signed<Receipt>,
    /// The key that signed it, as posted on the chain.
    pub signing_key: PublicKey,
    /// Whether it lies under a settled root, and the proof.
    pub inclusion: Inclusion,
}

/// Whether a receipt lies under a settled root.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Inclusion {
    /// It does: the proof leads from it to the settlement's root.
    Proven {
        /// From the receipt to the root.
        proof: Proof,
        /// The settlement that has the root.
        settlement: Box<Settlement>,
    },
    /// A settled root covers its number, but it takes the other receipts to prove it.
    Incomplete {
        /// The settlement that has the root.
        settlement: Box<Settlement>,
        /// Receipts that nobody handed in yet.
        missing: Vec<MissingReceipts>,
        /// Whether more are missing than are listed.
        more: bool,
    },
    /// Nothing settled covers it yet.
    Unsettled,
    /// All receipts are known, and they do not give the settled root: the key epoch signed a root over
    /// others.
    WrongRoot {
        /// The settlement that has the root.
        settlement: Box<Settlement>,
        /// The root of the receipts known here.
        found: MerkleRoot,
    },
}

/// A range of receipts, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissingReceipts {
    /// The first.
    pub from: Seq,
    /// The last.
    pub to: Seq,
}
