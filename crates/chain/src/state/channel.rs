//! Channels and vaults.

use atoma_protocol::{
    hash::MerkleRoot,
    ids::{Address, ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps, Price},
    statement::Grade,
    time::TimestampMs,
};
use serde::Serialize;

use super::{
    Window,
    mirror::{BadValue, FromMove, mirror},
    object::state,
};
use crate::generated::atoma::{channel, vault};

/// Whether a channel pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChannelStatus {
    /// Takes vouchers, statements and deposits.
    Open,
    /// Takes vouchers and statements until the grace is over.
    Closing,
    /// Pays nothing more.
    Closed,
}

impl FromMove<u8> for ChannelStatus {
    fn from_move(raw: u8) -> Result<Self, BadValue> {
        match raw {
            0 => Ok(Self::Open),
            1 => Ok(Self::Closing),
            2 => Ok(Self::Closed),
            _ => Err(BadValue(format!("{raw} is no state of a channel"))),
        }
    }
}

mirror! {
    /// `channel::Channel<T>`: an account that one payer funds and one node earns from.
    ChannelState from channel::Channel<u8> [coin] {
        /// Its id.
        id: ChannelId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// Who earns.
        node: NodeId,
        /// The one valid `PayerCap`.
        payer_cap: ObjectId,
        /// Signs vouchers.
        voucher_key: PublicKey,
        /// Where the refund goes.
        refund_to: Address,
        /// Who may claim the routing share.
        router: Address,
        /// The router's share of every payment.
        routing_bps: Bps,
        /// The protocol's share of every payment.
        protocol_bps: Bps,
        /// Models and their prices, fixed.
        slots: Vec<Slot>,
        /// What a key epoch must have proved to be paid.
        need: Grade,
        /// Served ahead of vouchers, at most.
        credit: Amount,
        /// Length of the grace after a close was asked for, in live milliseconds.
        grace_ms: u64,
        /// From closed to deleted, in live milliseconds.
        reap_ms: u64,
        /// From here on anybody may ask for the close.
        expires_ms: TimestampMs,
        /// Whether it pays.
        state: ChannelStatus,
        /// When the close was asked for, or the channel closed.
        since: Option<Window>,
        /// Coins in it now.
        balance: Amount,
        /// Everything ever deposited.
        funded: Amount,
        /// Largest voucher that was settled.
        authorized: Amount,
        /// Everything ever paid, routing and protocol included.
        paid: Amount,
        /// Earned by key epochs whose lanes were folded.
        folded: Amount,
        /// What each key epoch earned.
        lanes: Vec<Lane>,
        /// What the router has claimed.
        routing_claimed: Amount,
        /// Everything the node had to give back for proven overcharges.
        compensated: Amount,
        /// What the payer has claimed of it.
        compensation_claimed: Amount,
    }
}
state!(ChannelState from channel::Channel<u8> [coin], "channel", "Channel");

impl ChannelState {
    /// What all key epochs earned together, by settled statements.
    #[must_use]
    pub fn due(&self) -> Amount {
        self.lanes
            .iter()
            .fold(self.folded, |sum, lane| sum.saturating_add(lane.earned))
    }

    /// What the router may claim.
    #[must_use]
    pub fn routing_due(&self) -> Amount {
        self.routing_bps
            .of(self.paid)
            .saturating_sub(self.routing_claimed)
    }

    /// What the payer may claim for proven overcharges.
    #[must_use]
    pub const fn compensation_due(&self) -> Amount {
        self.compensated.saturating_sub(self.compensation_claimed)
    }

    /// Prices of a model, if the channel has it.
    #[must_use]
    pub fn slot(&self, model: ModelId) -> Option<&Slot> {
        self.slots.iter().find(|slot| slot.model == model)
    }
}

mirror! {
    /// Prices of one model, fixed for the life of the channel.
    Slot from channel::Slot {
        /// The model.
        model: ModelId,
        /// Of 1,000,000 input tokens.
        input_price: Price,
        /// Of 1,000,000 output tokens.
        output_price: Price,
    }
}

mirror! {
    /// What one key epoch earned on a channel: the last statement that was settled.
    Lane from channel::Lane {
        /// The key epoch.
        epoch: KeyEpoch,
        /// Sum of its fees.
        earned: Amount,
        /// Number of its receipts.
        receipts: u64,
        /// Root over them.
        root: MerkleRoot,
    }
}

mirror! {
    /// `channel::PayerCap`: right to the payer's side of one channel.
    PayerCapState from channel::PayerCap {
        /// Its id.
        id: ObjectId,
        /// The channel.
        channel: ChannelId,
    }
}
state!(PayerCapState from channel::PayerCap, "channel", "PayerCap");

mirror! {
    /// `vault::Vault<T>`: what a node earned in one coin, until it is pulled.
    VaultState from vault::Vault<u8> [coin] {
        /// Its id.
        id: ObjectId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// The node.
        node: NodeId,
        /// How long the operator's earnings wait, in live milliseconds.
        hold_back_ms: u64,
        /// Everything in it.
        funds: Amount,
        /// For the network's treasury.
        protocol_due: Amount,
        /// For the node's pool.
        stakers_due: Amount,
        /// The operator's, settled since `held_since`.
        arriving: Amount,
        /// The operator's, waiting since `held_since`.
        held: Amount,
        /// When `held` began to wait.
        held_since: Window,
        /// The operator's, to be withdrawn.
        free: Amount,
    }
}
state!(VaultState from vault::Vault<u8> [coin], "vault", "Vault");
