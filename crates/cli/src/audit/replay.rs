//! The contracts' books, kept again from their events.
//!
//! Knows no chain and no network: events in, books and mismatches out. Every amount that an event
//! states is derived here from the events before it, and compared; what is left in the end must be what
//! the objects hold.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use atoma_chain::{
    AtomaEvent, CoinType, Position,
    event::{
        AttestationPosted, ChannelClosed, ChannelOpened, ChannelReaped, KeyEpochGraded,
        OverchargeCompensated, VaultCreated, VaultMatured,
    },
    state::{ChannelStatus, NodeStatus},
};
use atoma_protocol::{
    hash::{CheckpointDigest, SealingKeysHash, blake2b256},
    ids::{ChannelId, CheckpointSeq, KeyEpoch, NetworkId, NodeId, ObjectId},
    money::Amount,
    statement::{EvidenceKind, Grade, Report, ReportKey},
};
use serde::Serialize;

use super::books::{ChannelBook, EpochBook, NodeBook, Shares, VaultBook};

mod compare;
mod settlement;

pub(crate) use compare::Totals;

/// Key epochs that one channel pays at a time, as in the contract.
pub(crate) const MAX_LANES: usize = 4;
/// Digests of checkpoints that are kept to look anchors up: an anchor is minutes old.
const MAX_ANCHORS: usize = 100_000;
/// Most mismatches that are listed; all are counted.
const MAX_LISTED: usize = 1_000;

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Mismatch {
    /// The event, if it is one event's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) at: Option<Position>,
    /// What does not hold, for people.
    pub(crate) what: String,
}

impl std::fmt::Display for Mismatch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.at {
            Some(at) => write!(f, "{at}: {}", self.what),
            None => f.write_str(&self.what),
        }
    }
}

/// All that did not hold.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults {
    listed: Vec<Mismatch>,
    count: usize,
}

impl Faults {
    /// Notes what does not hold.
    pub(crate) fn add(&mut self, at: Option<Position>, what: String) {
        self.count = self.count.saturating_add(1);
        if self.listed.len() < MAX_LISTED {
            self.listed.push(Mismatch { at, what });
        }
    }

    /// The first of them.
    pub(crate) fn listed(&self) -> &[Mismatch] {
        &self.listed
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    fn same<T: PartialEq + std::fmt::Debug>(
        &mut self,
        at: Option<Position>,
        what: impl std::fmt::Display,
        said: &T,
        derived: &T,
    ) {
        if said != derived {
            let what = format!("{what} is {said:?}, the events before it give {derived:?}");
            self.add(at, what);
        }
    }
}

/// The books of one network.
#[derive(Clone, Debug)]
pub(crate) struct Replay {
    network: NetworkId,
    anchors: VecDeque<(CheckpointSeq, CheckpointDigest)>,
    /// Ids of objects of other networks on the same package.
    foreign: BTreeSet<[u8; 32]>,
    channels: BTreeMap<ChannelId, ChannelBook>,
    vaults: BTreeMap<ObjectId, VaultBook>,
    nodes: BTreeMap<NodeId, NodeBook>,
    faults: Faults,
}

impl Replay {
    /// Empty books of `network`.
    pub(crate) fn new(network: NetworkId) -> Self {
        Self {
            network,
            anchors: VecDeque::new(),
            foreign: BTreeSet::new(),
            channels: BTreeMap::new(),
            vaults: BTreeMap::new(),
            nodes: BTreeMap::new(),
            faults: Faults::default(),
        }
    }

    pub(crate) const fn channels(&self) -> &BTreeMap<ChannelId, ChannelBook> {
        &self.channels
    }

    pub(crate) const fn vaults(&self) -> &BTreeMap<ObjectId, VaultBook> {
        &self.vaults
    }

    pub(crate) const fn nodes(&self) -> &BTreeMap<NodeId, NodeBook> {
        &self.nodes
    }

    pub(crate) const fn faults(&self) -> &Faults {
        &self.faults
    }

    /// What is found outside of events.
    pub(crate) const fn faults_mut(&mut self) -> &mut Faults {
        &mut self.faults
    }

    /// A checkpoint that keys may be anchored to; before its events.
    pub(crate) fn checkpoint(&mut self, seq: CheckpointSeq, digest: CheckpointDigest) {
        if self.anchors.len() == MAX_ANCHORS {
            self.anchors.pop_front();
        }
        self.anchors.push_back((seq, digest));
    }

    /// The next event. Those that are not of nodes, channels or vaults move nothing between payers,
    /// nodes, routers and the treasury.
    pub(crate) fn apply(&mut self, at: Position, event: &AtomaEvent) {
        self.apply_to_node(at, event);
        self.apply_to_channel(at, event);
        self.apply_to_vault(at, event);
    }

    fn apply_to_node(&mut self, at: Position, event: &AtomaEvent) {
        match event {
            AtomaEvent::NodeRegistered(event) => {
                if event.network != self.network {
                    self.foreign.insert(event.node.into_bytes());
                    return;
                }
                let node = NodeBook {
                    pool: event.pool,
                    commission_bps: event.commission_bps,
                    status: NodeStatus::Active,
                    epochs: BTreeMap::new(),
                };
                if self.nodes.insert(event.node, node).is_some() {
                    self.fault(at, format!("node {} registers twice", event.node));
                }
            }
            AtomaEvent::NodeStatusChanged(event) => {
                if let Some(node) = self.node(at, event.node) {
                    node.status = event.status;
                }
            }
            AtomaEvent::CommissionChanged(event) => {
                if let Some(node) = self.node(at, event.node) {
                    node.commission_bps = event.commission_bps;
                }
            }
            AtomaEvent::AttestationPosted(event) => self.posted(at, event),
            AtomaEvent::KeyEpochGraded(event) => self.graded(at, event),
            AtomaEvent::KeyEpochEnded(event) => {
                if let Some(epoch) = self.epoch(at, event.node, event.key_epoch) {
                    epoch.expires_ms = event.expires_ms;
                }
            }
            _ => {}
        }
    }

    fn apply_to_channel(&mut self, at: Position, event: &AtomaEvent) {
        match event {
            AtomaEvent::ChannelOpened(event) => self.opened(at, event),
            AtomaEvent::ChannelToppedUp(event) => {
                let id = event.channel;
                if let Some((channel, faults)) = self.channel(at, id) {
                    channel.funded = channel.funded.saturating_add(event.amount);
                    let what = format!("the deposit of channel {id}");
                    faults.same(Some(at), what, &event.funded, &channel.funded);
                    let state = channel.state;
                    faults.same(
                        Some(at),
                        format!("topped up: the state of channel {id}"),
                        &state,
                        &ChannelStatus::Open,
                    );
                }
            }
            AtomaEvent::ChannelSettled(event) => self.settled(at, event),
            AtomaEvent::CloseRequested(event) => {
                let id = event.channel;
                if let Some((channel, faults)) = self.channel(at, id) {
                    let what = format!("close asked for: the state of channel {id}");
                    faults.same(Some(at), what, &channel.state, &ChannelStatus::Open);
                    channel.state = ChannelStatus::Closing;
                }
            }
            AtomaEvent::ChannelClosed(event) => self.closed(at, event),
            AtomaEvent::ChannelReaped(event) => self.reaped(at, event),
            AtomaEvent::RoutingClaimed(event) => {
                let id = event.channel;
                if let Some((channel, faults)) = self.channel(at, id) {
                    let due = channel.routing_due();
                    faults.same(
                        Some(at),
                        format!("the routing claimed of channel {id}"),
                        &event.amount,
                        &due,
                    );
                    channel.routing_claimed = channel.routing_claimed.saturating_add(event.amount);
                    let what = format!("all routing claimed of channel {id}");
                    faults.same(
                        Some(at),
                        what,
                        &event.routing_claimed,
                        &channel.routing_claimed,
                    );
                }
            }
            AtomaEvent::CompensationClaimed(event) => {
                let id = event.channel;
                if let Some((channel, faults)) = self.channel(at, id) {
                    let due = channel.compensation_due();
                    faults.same(
                        Some(at),
                        format!("the compensation claimed of channel {id}"),
                        &event.amount,
                        &due,
                    );
                    channel.compensation_claimed =
                        channel.compensation_claimed.saturating_add(event.amount);
                    let (said, derived) =
                        (event.compensation_claimed, channel.compensation_claimed);
                    faults.same(
                        Some(at),
                        format!("all compensation claimed of channel {id}"),
                        &said,
                        &derived,
                    );
                }
            }
            AtomaEvent::LaneFolded(event) => {
                let id = event.channel;
                if let Some((channel, faults)) = self.channel(at, id) {
                    match channel.lanes.get_mut(&event.key_epoch) {
                        Some(lane) if !lane.folded => lane.folded = true,
                        _ => faults.add(
                            Some(at),
                            format!(
                                "channel {id} folds key epoch {}, which has no lane",
                                event.key_epoch
                            ),
                        ),
                    }
                    let what = format!("what folded key epochs of channel {id} earned");
                    faults.same(Some(at), what, &event.folded, &channel.folded());
                }
            }
            _ => {}
        }
    }

    fn apply_to_vault(&mut self, at: Position, event: &AtomaEvent) {
        match event {
            AtomaEvent::VaultCreated(event) => self.vault_created(at, event),
            AtomaEvent::VaultSwept(event) => {
                let id = event.vault;
                if let Some((vault, faults)) = self.vault(at, id) {
                    let due = std::mem::take(&mut vault.protocol_due);
                    faults.same(
                        Some(at),
                        format!("what was swept of vault {id}"),
                        &event.amount,
                        &due,
                    );
                    vault.swept = vault.swept.saturating_add(event.amount);
                }
            }
            AtomaEvent::VaultDistributed(event) => {
                let id = event.vault;
                if let Some((vault, faults)) = self.vault(at, id) {
                    let due = std::mem::take(&mut vault.stakers_due);
                    let what = format!("what vault {id} distributed");
                    faults.same(Some(at), what, &event.amount, &due);
                    vault.distributed = vault.distributed.saturating_add(event.amount);
                }
            }
            AtomaEvent::VaultMatured(event) => self.matured(at, event),
            AtomaEvent::VaultWithdrawn(event) => {
                let id = event.vault;
                if let Some((vault, faults)) = self.vault(at, id) {
                    let free = std::mem::take(&mut vault.free);
                    let what = format!("what was withdrawn of vault {id}");
                    faults.same(Some(at), what, &event.amount, &free);
                    vault.withdrawn = vault.withdrawn.saturating_add(event.amount);
                }
            }
            AtomaEvent::OverchargeCompensated(event) => self.compensated(at, event),
            _ => {}
        }
    }

    fn posted(&mut self, at: Position, event: &AttestationPosted) {
        let (network, anchors) = (self.network, &self.anchors);
        let anchor = anchors
            .binary_search_by_key(&event.anchor_seq, |(seq, _)| *seq)
            .ok()
            .and_then(|index| anchors.get(index))
            .map(|(_, digest)| *digest);
        let Some(node) = self.node(at, event.node) else {
            return;
        };
        let next = node
            .epochs
            .last_key_value()
            .map_or(KeyEpoch(0), |(last, _)| last.next());
        let epoch = EpochBook {
            kind: event.kind,
            grade: Grade::default(),
            proved: Grade::default().to_string(),
            signing_key: event.signing_key,
            evidence_hash: event.evidence_hash,
            expires_ms: atoma_protocol::time::TimestampMs(0),
        };
        node.epochs.insert(event.key_epoch, epoch);
        let name = format!("key epoch {} of node {}", event.key_epoch, event.node);
        let faults = &mut self.faults;
        faults.same(
            Some(at),
            format!("the number of {name}"),
            &event.key_epoch,
            &next,
        );
        let what = format!(
            "the anchor of {name}: the digest of checkpoint {}",
            event.anchor_seq
        );
        faults.same(Some(at), what, &Some(event.anchor_digest), &anchor);
        let report = Report {
            node: event.node,
            kind: event.kind,
            key_epoch: event.key_epoch,
            signing_key: ReportKey(event.signing_key),
            sealing_keys_hash: SealingKeysHash::new(blake2b256(&[&event.sealing_keys])),
            manifest_hash: event.manifest_hash,
            anchor_seq: event.anchor_seq,
            anchor_digest: event.anchor_digest,
        };
        let derived = report.data(network);
        faults.same(
            Some(at),
            format!("the report data of {name}"),
            &event.report_data,
            &derived,
        );
    }

    fn graded(&mut self, at: Position, event: &KeyEpochGraded) {
        let Some(epoch) = self.epoch(at, event.node, event.key_epoch) else {
            return;
        };
        let (kind, before) = (epoch.kind, epoch.grade);
        if before.0 == 0 {
            epoch.expires_ms = event.expires_ms;
        }
        epoch.grade = event.grade;
        epoch.proved = event.grade.to_string();
        let name = format!("key epoch {} of node {}", event.key_epoch, event.node);
        if !event.grade.covers(before) {
            self.fault(
                at,
                format!("{name} lost grade: {before} to {}", event.grade),
            );
        }
        let simulated = event.grade.covers(Grade::SIMULATED);
        if event.kind != kind || simulated != (kind == EvidenceKind::Simulated) {
            let said = event.grade;
            self.fault(at, format!("{name} of kind {kind:?} was graded {said}"));
        }
    }

    fn opened(&mut self, at: Position, event: &ChannelOpened) {
        if event.network != self.network {
            self.foreign.insert(event.channel.into_bytes());
            return;
        }
        if self.node(at, event.node).is_none() {
            return;
        }
        let channel = ChannelBook {
            coin: event.coin.clone(),
            node: event.node,
            state: ChannelStatus::Open,
            reaped: false,
            routing_bps: event.routing_bps,
            protocol_bps: event.protocol_bps,
            need: event.need,
            funded: event.funded,
            authorized: Amount::ZERO,
            paid: Amount::ZERO,
            shares: Shares::default(),
            refunded: Amount::ZERO,
            routing_claimed: Amount::ZERO,
            compensated: Amount::ZERO,
            compensation_claimed: Amount::ZERO,
            settlements: 0,
            lanes: BTreeMap::new(),
        };
        if self.channels.insert(event.channel, channel).is_some() {
            self.fault(at, format!("channel {} opens twice", event.channel));
        }
    }

    fn closed(&mut self, at: Position, event: &ChannelClosed) {
        let id = event.channel;
        if let Some((channel, faults)) = self.channel(at, id) {
            if channel.state == ChannelStatus::Closed {
                faults.add(Some(at), format!("channel {id} closes twice"));
            }
            let refund = channel.held();
            faults.same(
                Some(at),
                format!("the refund of channel {id}"),
                &event.refund,
                &refund,
            );
            faults.same(
                Some(at),
                format!("all that channel {id} paid"),
                &event.paid,
                &channel.paid,
            );
            channel.state = ChannelStatus::Closed;
            channel.refunded = channel.refunded.saturating_add(event.refund);
        }
    }

    fn reaped(&mut self, at: Position, event: &ChannelReaped) {
        let id = event.channel;
        let Some((channel, faults)) = self.channel(at, id) else {
            return;
        };
        let what = format!("deleted: the state of channel {id}");
        faults.same(Some(at), what, &channel.state, &ChannelStatus::Closed);
        let (routing, owed) = (channel.routing_due(), channel.compensation_due());
        let what = format!("what the router left in channel {id}");
        faults.same(Some(at), what, &event.unclaimed_routing, &routing);
        faults.same(
            Some(at),
            format!("what channel {id} owed its payer"),
            &event.compensation,
            &owed,
        );
        channel.reaped = true;
        let (node, coin) = (channel.node, channel.coin.clone());
        match self
            .vault_of(node, &coin)
            .and_then(|vault| self.vaults.get_mut(&vault))
        {
            Some(vault) => {
                let left = event.unclaimed_routing;
                vault.reaped = vault.reaped.saturating_add(left);
                vault.protocol_due = vault.protocol_due.saturating_add(left);
            }
            None => self.fault(
                at,
                format!("node {node} has no vault for what channel {id} left"),
            ),
        }
    }

    fn vault_created(&mut self, at: Position, event: &VaultCreated) {
        if self.foreign.contains(event.node.as_bytes()) {
            self.foreign.insert(event.vault.into_bytes());
            return;
        }
        if self.node(at, event.node).is_none() {
            return;
        }
        let vault = VaultBook {
            coin: event.coin.clone(),
            node: event.node,
            came_in: Shares::default(),
            reaped: Amount::ZERO,
            swept: Amount::ZERO,
            distributed: Amount::ZERO,
            withdrawn: Amount::ZERO,
            given_back: Amount::ZERO,
            protocol_due: Amount::ZERO,
            stakers_due: Amount::ZERO,
            arriving: Amount::ZERO,
            held: Amount::ZERO,
            free: Amount::ZERO,
        };
        if self.vault_of(event.node, &event.coin).is_some() {
            let (node, coin) = (event.node, &event.coin);
            self.fault(at, format!("node {node} gets a second vault of {coin}"));
        }
        self.vaults.insert(event.vault, vault);
    }

    fn matured(&mut self, at: Position, event: &VaultMatured) {
        let id = event.vault;
        if let Some((vault, faults)) = self.vault(at, id) {
            if vault.held == Amount::ZERO && vault.arriving == Amount::ZERO {
                faults.add(Some(at), format!("vault {id} had nothing to let go"));
            }
            vault.free = vault.free.saturating_add(vault.held);
            vault.held = std::mem::take(&mut vault.arriving);
            faults.same(
                Some(at),
                format!("what vault {id} holds back"),
                &event.held,
                &vault.held,
            );
            faults.same(
                Some(at),
                format!("what vault {id} let go"),
                &event.free,
                &vault.free,
            );
        }
    }

    fn compensated(&mut self, at: Position, event: &OverchargeCompensated) {
        let (id, amount) = (event.vault, event.amount);
        let Some((vault, faults)) = self.vault(at, id) else {
            return;
        };
        let taken = vault.take_back(amount);
        faults.same(
            Some(at),
            format!("what vault {id} gave back"),
            &amount,
            &taken,
        );
        let id = event.channel;
        if let Some((channel, faults)) = self.channel(at, id) {
            channel.compensated = channel.compensated.saturating_add(amount);
            let what = format!("all that channel {id} was given back");
            faults.same(Some(at), what, &event.compensated, &channel.compensated);
            if channel.compensated > channel.paid {
                faults.add(
                    Some(at),
                    format!("channel {id} was given back more than it paid"),
                );
            }
        }
    }

    fn fault(&mut self, at: Position, what: String) {
        self.faults.add(Some(at), what);
    }

    fn node(&mut self, at: Position, id: NodeId) -> Option<&mut NodeBook> {
        let known = self.nodes.get_mut(&id);
        if known.is_none() && !self.foreign.contains(id.as_bytes()) {
            self.faults
                .add(Some(at), format!("node {id} was never registered"));
        }
        known
    }

    fn epoch(&mut self, at: Position, id: NodeId, epoch: KeyEpoch) -> Option<&mut EpochBook> {
        if !self.node(at, id)?.epochs.contains_key(&epoch) {
            self.fault(
                at,
                format!("key epoch {epoch} of node {id} was never posted"),
            );
        }
        self.nodes.get_mut(&id)?.epochs.get_mut(&epoch)
    }

    fn channel(&mut self, at: Position, id: ChannelId) -> Option<(&mut ChannelBook, &mut Faults)> {
        let known = self.channels.get_mut(&id).filter(|channel| !channel.reaped);
        if known.is_none() && !self.foreign.contains(id.as_bytes()) {
            self.faults.add(
                Some(at),
                format!("channel {id} was never opened, or is deleted"),
            );
        }
        known.map(|channel| (channel, &mut self.faults))
    }

    fn vault(&mut self, at: Position, id: ObjectId) -> Option<(&mut VaultBook, &mut Faults)> {
        let known = self.vaults.get_mut(&id);
        if known.is_none() && !self.foreign.contains(id.as_bytes()) {
            self.faults
                .add(Some(at), format!("vault {id} was never created"));
        }
        known.map(|vault| (vault, &mut self.faults))
    }

    fn vault_of(&self, node: NodeId, coin: &CoinType) -> Option<ObjectId> {
        let mut vaults = self.vaults.iter();
        vaults
            .find(|(_, vault)| vault.node == node && vault.coin == *coin)
            .map(|(id, _)| *id)
    }
}

#[cfg(test)]
mod tests;
