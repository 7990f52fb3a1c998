//! Channels: opening, settling, closing, claiming.

use std::time::Duration;

use atoma_protocol::{
    ids::{Address, ChannelId, KeyEpoch, ModelId, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps, Prices},
    statement::{Grade, Signed, Statement, Voucher},
    time::TimestampMs,
};

use super::Builder;
use crate::{
    action::{Access, Action},
    deployment::{CoinType, Deployment},
    error::ChainError,
};

/// A channel to be opened.
#[derive(Clone, Debug)]
pub struct OpenChannel {
    /// Who earns.
    pub node: NodeId,
    /// The coin it is in.
    pub coin: CoinType,
    /// The first deposit.
    pub deposit: Amount,
    /// Signs vouchers.
    pub voucher_key: PublicKey,
    /// Where the refund goes.
    pub refund_to: Address,
    /// Who may claim the routing share.
    pub router: Address,
    /// The router's share.
    pub routing_bps: Bps,
    /// Up to 8 models, with the highest price that is accepted for each.
    pub models: Vec<(ModelId, Prices)>,
    /// What a key epoch must have proved to be paid.
    pub need: Grade,
    /// Length of the grace, in live time.
    pub grace: Duration,
    /// From here on anybody may ask for the close.
    pub expires: TimestampMs,
    /// Who gets the `PayerCap`.
    pub owner: Address,
}

/// Opens a channel.
#[must_use]
pub fn open_channel(at: &Deployment, open: &OpenChannel) -> Action {
    let mut b = Builder::new(at, "open_channel");
    let models: Vec<ModelId> = open.models.iter().map(|(model, _)| *model).collect();
    let inputs: Vec<u64> = open.models.iter().map(|(_, p)| p.input.get()).collect();
    let outputs: Vec<u64> = open.models.iter().map(|(_, p)| p.output.get()).collect();
    let grace_ms = u64::try_from(open.grace.as_millis()).unwrap_or(u64::MAX);
    let args = vec![
        b.network(Access::Read),
        b.action.object(open.node, Access::Read),
        b.action.coin(&open.coin, open.deposit),
        b.action.pure(open.voucher_key.as_bytes().as_slice()),
        b.action.id(open.refund_to),
        b.action.id(open.router),
        b.action.pure(&u64::from(open.routing_bps.get())),
        b.action.pure(&models),
        b.action.pure(&inputs),
        b.action.pure(&outputs),
        b.action.pure(&open.need),
        b.action.pure(&grace_ms),
        b.action.pure(&open.expires),
        b.clock(),
    ];
    let cap = b.call_for(&open.coin, "channel", "open", args);
    b.action.transfer(vec![cap], open.owner);
    b.action
}

/// Adds to a channel's deposit. Anybody may; the refund is the payer's.
#[must_use]
pub fn top_up(at: &Deployment, channel: ChannelId, coin: &CoinType, amount: Amount) -> Action {
    let mut b = Builder::new(at, "top_up");
    let channel = b.action.object(channel, Access::Write);
    let deposit = b.action.coin(coin, amount);
    b.call_for(coin, "channel", "top_up", vec![channel, deposit]);
    b.action
}

/// What pays a node on one channel: the newest voucher and the newest statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettleChannel {
    /// The coin it is in.
    pub coin: CoinType,
    /// The node.
    pub node: NodeId,
    /// The node's vault of that coin.
    pub vault: ObjectId,
    /// The payer's word.
    pub voucher: Signed<Voucher>,
    /// The key epoch's word.
    pub statement: Signed<Statement>,
}

impl SettleChannel {
    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> ChannelId {
        self.voucher.statement.channel
    }
}

/// Settles channels, one command each, in order. [`crate::Client::settle`] also drops those that would
/// abort.
#[must_use]
pub fn settle(at: &Deployment, channels: &[SettleChannel]) -> Action {
    let mut b = Builder::new(at, "settle");
    for settle in channels {
        if settle.voucher.statement.channel != settle.statement.statement.channel {
            b.action.fail(ChainError::BadArgument(format!(
                "voucher of channel {} with a statement of channel {}",
                settle.voucher.statement.channel, settle.statement.statement.channel
            )));
        }
        let statement = &settle.statement.statement;
        let args = vec![
            b.action.object(settle.channel(), Access::Write),
            b.action.object(settle.vault, Access::Write),
            b.action.object(settle.node, Access::Read),
            b.action.pure(&settle.voucher.statement.cumulative),
            b.action
                .pure(settle.voucher.signature.as_bytes().as_slice()),
            b.action.pure(&statement.key_epoch),
            b.action.pure(&statement.earned),
            b.action.pure(&statement.receipts),
            b.action.pure(&statement.input_tokens),
            b.action.pure(&statement.output_tokens),
            b.action.id(statement.root),
            b.action
                .pure(settle.statement.signature.as_bytes().as_slice()),
        ];
        b.call_for(&settle.coin, "channel", "settle", args);
    }
    b.action
}

/// Closes and refunds at once, by the node; what was not settled is forgone.
#[must_use]
pub fn close(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    node: NodeId,
    node_cap: ObjectId,
) -> Action {
    let mut b = Builder::new(at, "close");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(node, Access::Read),
        b.action.object(node_cap, Access::Read),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "channel", "close", args);
    b.action
}

/// Asks for the close, by the payer; the grace begins.
#[must_use]
pub fn request_close(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    payer_cap: ObjectId,
) -> Action {
    let mut b = Builder::new(at, "request_close");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(payer_cap, Access::Read),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "channel", "request_close", args);
    b.action
}

/// Asks for the close of an expired channel. Anybody may.
#[must_use]
pub fn request_close_expired(at: &Deployment, channel: ChannelId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "request_close_expired");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "channel", "request_close_expired", args);
    b.action
}

/// Closes and refunds once the grace is over. Anybody may.
#[must_use]
pub fn finalize(at: &Deployment, channel: ChannelId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "finalize");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "channel", "finalize", args);
    b.action
}

/// Sets where the refund goes.
#[must_use]
pub fn set_refund_to(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    payer_cap: ObjectId,
    refund_to: Address,
) -> Action {
    let mut b = Builder::new(at, "set_refund_to");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(payer_cap, Access::Read),
        b.action.id(refund_to),
    ];
    b.call_for(coin, "channel", "set_refund_to", args);
    b.action
}

/// Pays the router its share of each channel; the wallet must be the router's.
#[must_use]
pub fn claim_routing(at: &Deployment, channels: &[(ChannelId, CoinType)], to: Address) -> Action {
    let mut b = Builder::new(at, "claim_routing");
    let mut paid = Vec::with_capacity(channels.len());
    for (channel, coin) in channels {
        let channel = b.action.object(*channel, Access::Write);
        paid.push(b.call_for(coin, "channel", "claim_routing", vec![channel]));
    }
    b.action.transfer(paid, to);
    b.action
}

/// Pays the payer what the node gave back for proven overcharges.
#[must_use]
pub fn claim_compensation(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    payer_cap: ObjectId,
    to: Address,
) -> Action {
    let mut b = Builder::new(at, "claim_compensation");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(payer_cap, Access::Read),
    ];
    let paid = b.call_for(coin, "channel", "claim_compensation", args);
    b.action.transfer(vec![paid], to);
    b.action
}

/// Folds the lane of a key epoch that will state nothing more, so that a new one has room.
#[must_use]
pub fn fold(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    node: NodeId,
    node_cap: ObjectId,
    key_epoch: KeyEpoch,
) -> Action {
    let mut b = Builder::new(at, "fold");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(node, Access::Read),
        b.action.object(node_cap, Access::Read),
        b.action.pure(&key_epoch),
    ];
    b.call_for(coin, "channel", "fold", args);
    b.action
}

/// Deletes a channel closed long enough ago; what the payer is still owed goes to `to`.
#[must_use]
pub fn reap(
    at: &Deployment,
    channel: ChannelId,
    coin: &CoinType,
    payer_cap: ObjectId,
    vault: ObjectId,
    to: Address,
) -> Action {
    let mut b = Builder::new(at, "reap");
    let args = vec![
        b.action.object(channel, Access::Write),
        b.action.object(payer_cap, Access::Write),
        b.action.object(vault, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let owed = b.call_for(coin, "channel", "reap", args);
    b.action.transfer(vec![owed], to);
    b.action
}
