//! Nodes, offers and key epochs.

use atoma_protocol::{
    hash::{CheckpointDigest, EvidenceHash, ManifestHash, ReportData},
    ids::{AttestorSetVersion, CheckpointSeq, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps, Price},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};

use crate::{
    deployment::CoinType,
    generated::atoma::events,
    state::{NodeStatus, mirror::mirror},
};

mirror! {
    /// Emitted when a node was registered.
    NodeRegistered from events::NodeRegistered {
        /// The network.
        network: NetworkId,
        /// The node.
        node: NodeId,
        /// The valid capability.
        cap: ObjectId,
        /// The pool.
        pool: ObjectId,
        /// The operator's part.
        commission_bps: Bps,
        /// Most that the commission may be.
        max_commission_bps: Bps,
        /// Least own stake.
        min_own_stake: Amount,
        /// Cooldown of stake, live.
        unbonding_ms: u64,
        /// How long dues are paid out over, live.
        stream_ms: u64,
        /// Part of the whole stake taken for one proven wrong.
        slash_bps: Bps,
        /// A reporter's part of what the operator itself loses.
        reporter_bps: Bps,
        /// How long a jail lasts, live.
        jail_ms: u64,
    }
}

mirror! {
    /// Emitted when the status of a node changed.
    NodeStatusChanged from events::NodeStatusChanged {
        /// The node.
        node: NodeId,
        /// Its status now.
        status: NodeStatus,
    }
}

mirror! {
    /// Emitted when an offer was made or changed.
    OfferSet from events::OfferSet {
        /// The node.
        node: NodeId,
        /// The model.
        model: ModelId,
        /// The coin.
        coin: CoinType,
        /// Of 1,000,000 input tokens.
        input_price: Price,
        /// Of 1,000,000 output tokens.
        output_price: Price,
        /// Most tokens of prompt and answer.
        context_length: u64,
        /// What answers alike.
        engine_class: String,
        /// Served ahead of vouchers, at most.
        credit: Amount,
        /// Most for a router.
        max_routing_bps: Bps,
        /// Least deposit.
        min_deposit: Amount,
    }
}

mirror! {
    /// Emitted when an offer was withdrawn.
    OfferRemoved from events::OfferRemoved {
        /// The node.
        node: NodeId,
        /// The model.
        model: ModelId,
        /// The coin.
        coin: CoinType,
    }
}

mirror! {
    /// Emitted when an operator announced a commission.
    CommissionProposed from events::CommissionProposed {
        /// The node.
        node: NodeId,
        /// The operator's part.
        commission_bps: Bps,
    }
}

mirror! {
    /// Emitted when an announced commission became valid.
    CommissionChanged from events::CommissionChanged {
        /// The node.
        node: NodeId,
        /// The operator's part.
        commission_bps: Bps,
    }
}

mirror! {
    /// Emitted when a key epoch was posted, with the sealing keys in full.
    AttestationPosted from events::AttestationPosted {
        /// The node.
        node: NodeId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// The measurement.
        measurement: Vec<u8>,
        /// Signs receipts and statements.
        signing_key: PublicKey,
        /// X25519 key, then X-Wing key.
        sealing_keys: Vec<u8>,
        /// Which files.
        manifest_hash: ManifestHash,
        /// The evidence.
        evidence_hash: EvidenceHash,
        /// Where the evidence is.
        evidence_uri: String,
        /// What the evidence must carry.
        report_data: ReportData,
        /// The checkpoint it is anchored to.
        anchor_seq: CheckpointSeq,
        /// That checkpoint's digest.
        anchor_digest: CheckpointDigest,
        /// When.
        posted_ms: TimestampMs,
    }
}

mirror! {
    /// Emitted when a threshold of attestors graded a key epoch; `grade` is the whole grade now.
    KeyEpochGraded from events::KeyEpochGraded {
        /// The node.
        node: NodeId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// Everything proved so far.
        grade: Grade,
        /// The anchor's time.
        anchor_ms: TimestampMs,
        /// No new work from here on.
        expires_ms: TimestampMs,
        /// The set that agreed.
        attestor_set_version: AttestorSetVersion,
        /// Who agreed, by index.
        signers: Vec<u8>,
    }
}

mirror! {
    /// Emitted when an operator ended a key epoch.
    KeyEpochEnded from events::KeyEpochEnded {
        /// The node.
        node: NodeId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// No new work from here on.
        expires_ms: TimestampMs,
    }
}
