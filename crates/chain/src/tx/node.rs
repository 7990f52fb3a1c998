//! An operator's node: registration, offers, stake, dues.

use atoma_protocol::{
    ids::{Address, ModelId, NodeId, ObjectId},
    money::{Amount, Bps, Prices},
};

use super::Builder;
use crate::{
    action::{Access, Action, Arg},
    deployment::{CoinType, Deployment},
};

/// Terms for one model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OfferTerms {
    /// The model.
    pub model: ModelId,
    /// Of 1,000,000 tokens.
    pub prices: Prices,
    /// Most tokens of prompt and answer together.
    pub context_length: u64,
    /// Engine and hardware that answer alike; 1 to 64 bytes.
    pub engine_class: String,
    /// Served ahead of a channel's vouchers, at most.
    pub credit: Amount,
    /// Most that a channel may give to its router.
    pub max_routing_bps: Bps,
    /// Least deposit of a channel.
    pub min_deposit: Amount,
}

/// A node to be registered.
#[derive(Clone, Debug)]
pub struct RegisterNode {
    /// The operator's first stake, in ATOMA.
    pub stake: Amount,
    /// The operator's part of what protocol and routing leave.
    pub commission_bps: Bps,
    /// Most that the commission may ever be.
    pub max_commission_bps: Bps,
    /// The coin it earns in.
    pub coin: CoinType,
    /// What it offers from the start.
    pub offers: Vec<OfferTerms>,
    /// Who gets the `NodeCap` and the stake's position.
    pub owner: Address,
}

/// Registers a node with stake, a vault and offers, in one transaction.
#[must_use]
pub fn register_node(at: &Deployment, node: &RegisterNode) -> Action {
    let mut b = Builder::new(at, "register_node");
    let network = b.network(Access::Read);
    let live_time = b.live_time(Access::Read);
    let stake = b.action.coin(&at.stake_coin, node.stake);
    let commission = b.action.pure(&u64::from(node.commission_bps.get()));
    let max_commission = b.action.pure(&u64::from(node.max_commission_bps.get()));
    let clock = b.clock();
    let made = b.call(
        "node",
        "register",
        vec![network, live_time, stake, commission, max_commission, clock],
    );
    let (root, cap, position) = (made.nth(0), made.nth(1), made.nth(2));
    b.call_for(
        &node.coin,
        "vault",
        "create",
        vec![root, cap, network, live_time, clock],
    );
    for offer in &node.offers {
        set_offer(&mut b, root, cap, &node.coin, offer);
    }
    b.call("node", "share", vec![root]);
    b.action.transfer(vec![cap, position], node.owner);
    b.action
}

/// Makes or changes offers.
#[must_use]
pub fn set_offers(
    at: &Deployment,
    node: NodeId,
    node_cap: ObjectId,
    coin: &CoinType,
    offers: &[OfferTerms],
) -> Action {
    let mut b = Builder::new(at, "set_offers");
    let node = b.action.object(node, Access::Write);
    let cap = b.action.object(node_cap, Access::Read);
    for offer in offers {
        set_offer(&mut b, node, cap, coin, offer);
    }
    b.action
}

fn set_offer(b: &mut Builder<'_>, node: Arg, cap: Arg, coin: &CoinType, offer: &OfferTerms) {
    let network = b.network(Access::Read);
    let args = vec![
        node,
        cap,
        network,
        b.action.object(offer.model, Access::Read),
        b.action.pure(&offer.prices.input),
        b.action.pure(&offer.prices.output),
        b.action.pure(&offer.context_length),
        b.action.pure(offer.engine_class.as_str()),
        b.action.pure(&offer.credit),
        b.action.pure(&u64::from(offer.max_routing_bps.get())),
        b.action.pure(&offer.min_deposit),
    ];
    b.call_for(coin, "node", "set_offer", args);
}

/// Withdraws the offer of a model.
#[must_use]
pub fn remove_offer(
    at: &Deployment,
    node: NodeId,
    node_cap: ObjectId,
    coin: &CoinType,
    model: ModelId,
) -> Action {
    let mut b = Builder::new(at, "remove_offer");
    let node = b.action.object(node, Access::Write);
    let cap = b.action.object(node_cap, Access::Read);
    let model = b.action.id(model);
    b.call_for(coin, "node", "remove_offer", vec![node, cap, model]);
    b.action
}

/// Adds to the operator's own stake; the position goes to `owner`.
#[must_use]
pub fn stake(
    at: &Deployment,
    node: NodeId,
    node_cap: ObjectId,
    pool: ObjectId,
    amount: Amount,
    owner: Address,
) -> Action {
    let mut b = Builder::new(at, "stake");
    let args = vec![
        b.action.object(node, Access::Read),
        b.action.object(node_cap, Access::Read),
        b.action.object(pool, Access::Write),
        b.action.coin(&at.stake_coin, amount),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let position = b.call("node", "stake", args);
    b.action.transfer(vec![position], owner);
    b.action
}

/// Starts to take shares of a position out; the unbonding position goes to `owner`.
#[must_use]
pub fn unstake(
    at: &Deployment,
    pool: ObjectId,
    position: ObjectId,
    shares: u128,
    owner: Address,
) -> Action {
    let mut b = Builder::new(at, "unstake");
    let args = vec![
        b.action.object(pool, Access::Write),
        b.action.object(position, Access::Write),
        b.live_time(Access::Read),
        b.action.pure(&shares),
        b.clock(),
    ];
    let ticket = b.call("stake", "unstake", args);
    b.action.transfer(vec![ticket], owner);
    b.action
}

/// Takes unbonded stake out once its cooldown is over.
#[must_use]
pub fn withdraw_stake(
    at: &Deployment,
    pool: ObjectId,
    unbonding: ObjectId,
    owner: Address,
) -> Action {
    let mut b = Builder::new(at, "withdraw_stake");
    let args = vec![
        b.action.object(pool, Access::Write),
        b.action.object(unbonding, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let coin = b.call("stake", "withdraw", args);
    b.action.transfer(vec![coin], owner);
    b.action
}

/// Takes no new work until [`activate`].
#[must_use]
pub fn drain(at: &Deployment, node: NodeId, node_cap: ObjectId) -> Action {
    let mut b = Builder::new(at, "drain");
    let node = b.action.object(node, Access::Write);
    let cap = b.action.object(node_cap, Access::Read);
    b.call("node", "drain", vec![node, cap]);
    b.action
}

/// Takes new work again.
#[must_use]
pub fn activate(at: &Deployment, node: NodeId, node_cap: ObjectId, pool: ObjectId) -> Action {
    let mut b = Builder::new(at, "activate");
    let args = vec![
        b.action.object(node, Access::Write),
        b.action.object(node_cap, Access::Read),
        b.action.object(pool, Access::Read),
    ];
    b.call("node", "activate", args);
    b.action
}

/// Leaves jail once it is over.
#[must_use]
pub fn unjail(at: &Deployment, node: NodeId, node_cap: ObjectId) -> Action {
    let mut b = Builder::new(at, "unjail");
    let args = vec![
        b.action.object(node, Access::Write),
        b.action.object(node_cap, Access::Read),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call("node", "unjail", args);
    b.action
}

/// Takes no new work for ever; its stake may leave.
#[must_use]
pub fn retire(at: &Deployment, node: NodeId, node_cap: ObjectId, pool: ObjectId) -> Action {
    let mut b = Builder::new(at, "retire");
    let args = vec![
        b.action.object(node, Access::Write),
        b.action.object(node_cap, Access::Read),
        b.action.object(pool, Access::Write),
    ];
    b.call("node", "retire", args);
    b.action
}

/// Pays the operator what the hold-back let go.
#[must_use]
pub fn withdraw_dues(
    at: &Deployment,
    vault: ObjectId,
    node: NodeId,
    node_cap: ObjectId,
    coin: &CoinType,
    owner: Address,
) -> Action {
    let mut b = Builder::new(at, "withdraw_dues");
    let args = vec![
        b.action.object(vault, Access::Write),
        b.action.object(node, Access::Read),
        b.action.object(node_cap, Access::Read),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let paid = b.call_for(coin, "vault", "withdraw", args);
    b.action.transfer(vec![paid], owner);
    b.action
}

/// Advances the operator's earnings through the hold-back. Anybody may.
#[must_use]
pub fn mature(at: &Deployment, vault: ObjectId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "mature");
    let args = vec![
        b.action.object(vault, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "vault", "mature", args);
    b.action
}

/// Moves protocol dues to the network's treasury. Anybody may.
#[must_use]
pub fn sweep(at: &Deployment, vault: ObjectId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "sweep");
    let vault = b.action.object(vault, Access::Write);
    let network = b.network(Access::Read);
    b.call_for(coin, "vault", "sweep", vec![vault, network]);
    b.action
}

/// Moves stakers' dues to the node's pool. Anybody may.
#[must_use]
pub fn distribute(at: &Deployment, vault: ObjectId, pool: ObjectId, coin: &CoinType) -> Action {
    let mut b = Builder::new(at, "distribute");
    let args = vec![
        b.action.object(vault, Access::Write),
        b.action.object(pool, Access::Write),
        b.live_time(Access::Read),
        b.clock(),
    ];
    b.call_for(coin, "vault", "distribute", args);
    b.action
}
