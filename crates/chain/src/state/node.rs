//! Nodes, their offers and key epochs.

use atoma_protocol::{
    hash::{CheckpointDigest, EvidenceHash, ManifestHash, ReportData, SealingKeysHash},
    ids::{CheckpointSeq, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps, Price, Prices},
    statement::{EvidenceKind, Grade, Report, ReportKey},
    time::TimestampMs,
};
use moverox_sui::{move_stdlib::type_name::TypeName, sui::object::ID};
use serde::Serialize;

use super::{
    Window,
    mirror::{BadValue, FromMove, mirror},
    object::state,
};
use crate::{
    deployment::CoinType,
    generated::atoma::{key_epoch, node},
};

/// Whether a node takes new work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeStatus {
    /// Takes new work.
    Active,
    /// Finishes what it has.
    Draining,
    /// Was slashed; takes no new work.
    Jailed,
    /// Gone for ever.
    Retired,
}

impl FromMove<u8> for NodeStatus {
    fn from_move(raw: u8) -> Result<Self, BadValue> {
        match raw {
            0 => Ok(Self::Active),
            1 => Ok(Self::Draining),
            2 => Ok(Self::Jailed),
            3 => Ok(Self::Retired),
            _ => Err(BadValue(format!("{raw} is no status of a node"))),
        }
    }
}

mirror! {
    /// `node::Node`: what an operator registered and offers.
    NodeState from node::Node {
        /// Its id.
        id: NodeId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// The one valid `NodeCap`.
        cap: ObjectId,
        /// Its stake.
        pool: ObjectId,
        /// Whether it takes new work.
        status: NodeStatus,
        /// The operator's part of what protocol and routing leave.
        commission_bps: Bps,
        /// Most that the commission may ever be.
        max_commission_bps: Bps,
        /// An announced commission.
        pending_commission: Option<PendingCommission>,
        /// Since when it is jailed, while it is.
        jailed: Option<Window>,
        /// How long a jail lasts, in live milliseconds.
        jail_ms: u64,
        /// What it offers.
        offers: Vec<OfferState>,
        /// Its vault of each coin.
        vaults: Vec<VaultRef>,
        /// Number of the next key epoch.
        next_epoch: KeyEpoch,
        /// The latest key epochs, oldest first.
        epochs: Vec<KeyEpochState>,
        /// The table of older key epochs; [`crate::Client::key_epoch`] reads it.
        archive: ObjectId,
    }
}
state!(NodeState from node::Node, "node", "Node");

impl NodeState {
    /// A key epoch among the latest.
    #[must_use]
    pub fn latest_epoch(&self, epoch: KeyEpoch) -> Option<&KeyEpochState> {
        self.epochs.iter().find(|known| known.epoch == epoch)
    }

    /// The vault of a coin.
    #[must_use]
    pub fn vault(&self, coin: &CoinType) -> Option<ObjectId> {
        self.vaults
            .iter()
            .find(|vault| vault.coin == *coin)
            .map(|vault| vault.vault)
    }

    /// The offer of a model in a coin.
    #[must_use]
    pub fn offer(&self, model: ModelId, coin: &CoinType) -> Option<&Offer> {
        self.offers
            .iter()
            .find(|offer| offer.model == model && offer.coin == *coin)
            .map(|offer| &offer.offer)
    }
}

mirror! {
    /// A commission that waits for its time lock.
    PendingCommission from node::PendingCommission {
        /// The commission.
        commission_bps: Bps,
        /// Since when.
        since: Window,
    }
}

/// An offer with what it is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OfferState {
    /// The model.
    pub model: ModelId,
    /// The coin.
    pub coin: CoinType,
    /// The terms.
    pub offer: Offer,
}

impl FromMove<(node::OfferKey, node::Offer)> for OfferState {
    fn from_move((key, offer): (node::OfferKey, node::Offer)) -> Result<Self, BadValue> {
        let node::OfferKey { model, coin } = key;
        Ok(Self {
            model: ModelId::from_move(model)?,
            coin: CoinType::from_move(coin)?,
            offer: Offer::from_move(offer)?,
        })
    }
}

mirror! {
    /// Terms for one model in one coin.
    Offer from node::Offer {
        /// Of 1,000,000 input tokens.
        input_price: Price,
        /// Of 1,000,000 output tokens.
        output_price: Price,
        /// Most tokens of prompt and answer together.
        context_length: u64,
        /// Engine and hardware that answer alike.
        engine_class: String,
        /// Served ahead of a channel's vouchers, at most.
        credit: Amount,
        /// Most that a channel may give to its router.
        max_routing_bps: Bps,
        /// Least deposit of a channel.
        min_deposit: Amount,
    }
}

impl Offer {
    /// Both prices.
    #[must_use]
    pub const fn prices(&self) -> Prices {
        Prices {
            input: self.input_price,
            output: self.output_price,
        }
    }
}

/// A node's vault of one coin.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct VaultRef {
    /// The coin.
    pub coin: CoinType,
    /// The vault.
    pub vault: ObjectId,
}

impl FromMove<(TypeName, ID)> for VaultRef {
    fn from_move((coin, vault): (TypeName, ID)) -> Result<Self, BadValue> {
        Ok(Self {
            coin: CoinType::from_move(coin)?,
            vault: ObjectId::from_move(vault)?,
        })
    }
}

mirror! {
    /// `key_epoch::KeyEpoch`: what one boot of a node's enclave signs and opens with, and what was
    /// proved of it.
    KeyEpochState from key_epoch::KeyEpoch {
        /// Its number.
        epoch: KeyEpoch,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// What was proved; nothing until graded.
        grade: Grade,
        /// What the evidence says was measured.
        measurement: Vec<u8>,
        /// Signs receipts and statements.
        signing_key: PublicKey,
        /// Hash of the sealing keys, which the posting event carries.
        sealing_keys_hash: SealingKeysHash,
        /// What runs in the enclave.
        manifest_hash: ManifestHash,
        /// The evidence.
        evidence_hash: EvidenceHash,
        /// Where it is.
        evidence_uri: String,
        /// What it must carry.
        report_data: ReportData,
        /// The checkpoint that it is anchored to.
        anchor_seq: CheckpointSeq,
        /// That checkpoint's digest.
        anchor_digest: CheckpointDigest,
        /// That checkpoint's time; 0 until graded.
        anchor_ms: TimestampMs,
        /// When it was posted.
        posted_ms: TimestampMs,
        /// No new work from here on; 0 until graded.
        expires_ms: TimestampMs,
    }
}

impl KeyEpochState {
    /// What the evidence of this epoch, posted by `node`, has to bind: its hash on the market's
    /// network is [`Self::report_data`].
    #[must_use]
    pub const fn report(&self, node: NodeId) -> Report {
        Report {
            node,
            kind: self.kind,
            key_epoch: self.epoch,
            signing_key: ReportKey(self.signing_key),
            sealing_keys_hash: self.sealing_keys_hash,
            manifest_hash: self.manifest_hash,
            anchor_seq: self.anchor_seq,
            anchor_digest: self.anchor_digest,
        }
    }

    /// Whether it was ever graded, and the grade covers `need`: whether it is paid.
    #[must_use]
    pub const fn covers(&self, need: Grade) -> bool {
        self.grade.0 != 0 && self.grade.covers(need)
    }

    /// Whether it takes new work at `now`.
    #[must_use]
    pub const fn is_live(&self, now: TimestampMs) -> bool {
        self.grade.0 != 0 && now.0 < self.expires_ms.0
    }
}

mirror! {
    /// `node::NodeCap`: right to operate one node.
    NodeCapState from node::NodeCap {
        /// Its id.
        id: ObjectId,
        /// The node.
        node: NodeId,
    }
}
state!(NodeCapState from node::NodeCap, "node", "NodeCap");
