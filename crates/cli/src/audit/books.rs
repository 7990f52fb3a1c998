//! What a channel, a vault and a node must hold, by their events alone.

use std::collections::BTreeMap;

use atoma_chain::{
    CoinType,
    state::{ChannelStatus, NodeStatus},
};
use atoma_protocol::{
    hash::{EvidenceHash, MerkleRoot},
    ids::{KeyEpoch, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};
use serde::Serialize;

/// Basis points of a whole.
const WHOLE_BPS: u128 = 10_000;

/// A payment by those who got it, in base units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Shares {
    /// The network's treasury.
    pub(crate) protocol: Amount,
    /// The router.
    pub(crate) routing: Amount,
    /// The node's stakers.
    pub(crate) stakers: Amount,
    /// The node's operator.
    pub(crate) operator: Amount,
}

impl Shares {
    /// All of them; saturates, which no sum of a coin's units reaches.
    pub(crate) const fn sum(&self) -> Amount {
        self.protocol
            .saturating_add(self.routing)
            .saturating_add(self.stakers)
            .saturating_add(self.operator)
    }

    /// Each with its counterpart.
    pub(crate) const fn plus(&self, other: &Self) -> Self {
        Self {
            protocol: self.protocol.saturating_add(other.protocol),
            routing: self.routing.saturating_add(other.routing),
            stakers: self.stakers.saturating_add(other.stakers),
            operator: self.operator.saturating_add(other.operator),
        }
    }
}

/// A channel's money.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChannelBook {
    pub(crate) coin: CoinType,
    pub(crate) node: NodeId,
    pub(crate) state: ChannelStatus,
    /// Whether it was deleted.
    pub(crate) reaped: bool,
    pub(crate) routing_bps: Bps,
    pub(crate) protocol_bps: Bps,
    pub(crate) need: Grade,
    /// Everything ever deposited.
    pub(crate) funded: Amount,
    /// Largest voucher.
    pub(crate) authorized: Amount,
    /// Everything ever paid.
    pub(crate) paid: Amount,
    /// To whom.
    pub(crate) shares: Shares,
    /// What went back when it closed.
    pub(crate) refunded: Amount,
    pub(crate) routing_claimed: Amount,
    pub(crate) compensated: Amount,
    pub(crate) compensation_claimed: Amount,
    pub(crate) settlements: u64,
    pub(crate) lanes: BTreeMap<KeyEpoch, LaneBook>,
}

/// What one key epoch earned on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct LaneBook {
    pub(crate) earned: Amount,
    pub(crate) receipts: u64,
    pub(crate) root: MerkleRoot,
    pub(crate) folded: bool,
}

impl ChannelBook {
    /// What all key epochs stated together.
    pub(crate) fn due(&self) -> Amount {
        let lanes = self.lanes.values();
        lanes.fold(Amount::ZERO, |sum, lane| sum.saturating_add(lane.earned))
    }

    /// What folded key epochs stated together.
    pub(crate) fn folded(&self) -> Amount {
        let lanes = self.lanes.values().filter(|lane| lane.folded);
        lanes.fold(Amount::ZERO, |sum, lane| sum.saturating_add(lane.earned))
    }

    /// The payer's money that is still in it.
    pub(crate) const fn held(&self) -> Amount {
        self.funded
            .saturating_sub(self.paid)
            .saturating_sub(self.refunded)
    }

    /// What the router may still claim.
    pub(crate) const fn routing_due(&self) -> Amount {
        self.shares.routing.saturating_sub(self.routing_claimed)
    }

    /// What the payer may still claim for overcharges.
    pub(crate) const fn compensation_due(&self) -> Amount {
        self.compensated.saturating_sub(self.compensation_claimed)
    }

    /// Coins that must be in it.
    pub(crate) const fn balance(&self) -> Amount {
        self.held()
            .saturating_add(self.routing_due())
            .saturating_add(self.compensation_due())
    }

    /// How `total` ever paid is to be split between protocol and router.
    pub(crate) fn fixed_shares(&self, total: Amount) -> (Amount, Amount) {
        let routing = self.routing_bps.of(total);
        let left = u128::from(total.saturating_sub(routing).0);
        let whole = WHOLE_BPS.saturating_sub(u128::from(self.routing_bps.get()));
        let protocol = (left * u128::from(self.protocol_bps.get()))
            .checked_div(whole)
            .unwrap_or_default();
        (Amount(u64::try_from(protocol).unwrap_or(u64::MAX)), routing)
    }

    /// How a payment that raises all that was paid to `total` is to be split.
    pub(crate) fn split(&self, total: Amount, commission: Bps) -> Shares {
        let (protocol, routing) = self.fixed_shares(total);
        let (protocol_before, routing_before) = self.fixed_shares(self.paid);
        let protocol = protocol.saturating_sub(protocol_before);
        let routing = routing.saturating_sub(routing_before);
        let payment = total.saturating_sub(self.paid);
        let net = payment.saturating_sub(protocol).saturating_sub(routing);
        let operator = commission.of(net);
        Shares {
            protocol,
            routing,
            stakers: net.saturating_sub(operator),
            operator,
        }
    }

    /// Whether a statement of `epoch` is news, as the contract decides.
    pub(crate) fn takes(&self, epoch: KeyEpoch, earned: Amount, receipts: u64) -> bool {
        match self.lanes.get(&epoch) {
            Some(lane) => !lane.folded && earned >= lane.earned && receipts > lane.receipts,
            None => {
                let open = self.lanes.values().filter(|lane| !lane.folded).count();
                receipts > 0 && open < super::replay::MAX_LANES
            }
        }
    }
}

/// A vault's money.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct VaultBook {
    pub(crate) coin: CoinType,
    pub(crate) node: NodeId,
    /// Everything that settlements brought in; nothing of it is routing.
    pub(crate) came_in: Shares,
    /// What routers left in channels that were deleted: the protocol's.
    pub(crate) reaped: Amount,
    pub(crate) swept: Amount,
    pub(crate) distributed: Amount,
    pub(crate) withdrawn: Amount,
    /// Given back for proven overcharges.
    pub(crate) given_back: Amount,
    pub(crate) protocol_due: Amount,
    pub(crate) stakers_due: Amount,
    pub(crate) arriving: Amount,
    pub(crate) held: Amount,
    pub(crate) free: Amount,
}

impl VaultBook {
    /// Coins that must be in it, by who they are due to.
    pub(crate) const fn due(&self) -> Amount {
        self.protocol_due
            .saturating_add(self.stakers_due)
            .saturating_add(self.arriving)
            .saturating_add(self.held)
            .saturating_add(self.free)
    }

    /// Coins that must be in it, by what came and went.
    pub(crate) const fn funds(&self) -> Amount {
        self.came_in
            .sum()
            .saturating_add(self.reaped)
            .saturating_sub(self.swept)
            .saturating_sub(self.distributed)
            .saturating_sub(self.withdrawn)
            .saturating_sub(self.given_back)
    }

    /// Takes a payment in; routing stays in the channel.
    pub(crate) const fn take_in(&mut self, shares: &Shares) {
        let shares = Shares {
            routing: Amount::ZERO,
            ..*shares
        };
        self.came_in = self.came_in.plus(&shares);
        self.protocol_due = self.protocol_due.saturating_add(shares.protocol);
        self.stakers_due = self.stakers_due.saturating_add(shares.stakers);
        self.arriving = self.arriving.saturating_add(shares.operator);
    }

    /// Takes back from the operator's part, the youngest first; gives what there was.
    pub(crate) fn take_back(&mut self, amount: Amount) -> Amount {
        let mut left = amount;
        for part in [&mut self.arriving, &mut self.held, &mut self.free] {
            let taken = left.min(*part);
            *part = part.saturating_sub(taken);
            left = left.saturating_sub(taken);
        }
        let taken = amount.saturating_sub(left);
        self.given_back = self.given_back.saturating_add(taken);
        taken
    }
}

/// A node's standing.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct NodeBook {
    pub(crate) pool: ObjectId,
    pub(crate) commission_bps: Bps,
    pub(crate) status: NodeStatus,
    pub(crate) epochs: BTreeMap<KeyEpoch, EpochBook>,
}

/// A key epoch and what was proved of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct EpochBook {
    pub(crate) kind: EvidenceKind,
    pub(crate) grade: Grade,
    /// The grade in words.
    pub(crate) proved: String,
    pub(crate) signing_key: PublicKey,
    pub(crate) evidence_hash: EvidenceHash,
    pub(crate) expires_ms: TimestampMs,
}
