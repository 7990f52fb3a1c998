//! Stake.

use atoma_protocol::{
    ids::{NetworkId, NodeId, ObjectId},
    money::{Amount, Bps},
};
use moverox_sui::move_stdlib::type_name::TypeName;
use serde::Serialize;

use super::{
    LiveMs, Window,
    mirror::{BadValue, FromMove, mirror},
    object::state,
};
use crate::{deployment::CoinType, generated::atoma::stake};

mirror! {
    /// `stake::Pool`: what a node has at stake.
    PoolState from stake::Pool {
        /// Its id.
        id: ObjectId,
        /// Version of the contracts that last shaped it.
        version: u64,
        /// The network.
        network: NetworkId,
        /// The node.
        node: NodeId,
        /// Least own stake; 0 once the node is retired.
        min_own_stake: Amount,
        /// Cooldown of unstaked shares, in live milliseconds.
        unbonding_ms: u64,
        /// How long dues are paid out over, in live milliseconds.
        stream_ms: u64,
        /// Part of the whole stake taken for one proven wrong.
        slash_bps: Bps,
        /// A reporter's part of what the operator itself loses.
        reporter_bps: Bps,
        /// The operator's active stake.
        own: Tranche,
        /// Delegated active stake.
        delegated: Tranche,
        /// The operator's stake on its way out.
        own_unbonding: Tranche,
        /// Delegated stake on its way out.
        delegated_unbonding: Tranche,
        /// Dues being paid out, a coin each.
        rewards: Vec<RewardStream>,
        /// What slashes took.
        burned: Amount,
        /// The table of wrongs that were punished.
        offences: ObjectId,
    }
}
state!(PoolState from stake::Pool, "stake", "Pool");

mirror! {
    /// Stake with its shares.
    Tranche from stake::Tranche {
        /// In ATOMA base units.
        stake: Amount,
        /// How many shares it is divided into.
        shares: u128,
        /// One more each time it is slashed to nothing.
        generation: u64,
    }
}

/// Dues in one coin that are paid out over time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RewardStream {
    /// The coin.
    pub coin: CoinType,
    /// Not paid out yet.
    pub remaining: Amount,
    /// Live time of the last update.
    pub updated_ms: LiveMs,
    /// Live time at which nothing will remain.
    pub end_ms: LiveMs,
}

impl FromMove<(TypeName, stake::Stream)> for RewardStream {
    fn from_move((coin, stream): (TypeName, stake::Stream)) -> Result<Self, BadValue> {
        Ok(Self {
            coin: CoinType::from_move(coin)?,
            remaining: Amount(stream.remaining),
            updated_ms: LiveMs(stream.updated_ms),
            end_ms: LiveMs(stream.end_ms),
        })
    }
}

/// `stake::StakePosition`: active stake of one staker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StakePositionState {
    /// Its id.
    pub id: ObjectId,
    /// The pool.
    pub pool: ObjectId,
    /// Whether it is the operator's, slashed first.
    pub own: bool,
    /// Void once the tranche's generation is another.
    pub generation: u64,
    /// How many shares.
    pub shares: u128,
}

impl FromMove<stake::StakePosition> for StakePositionState {
    fn from_move(raw: stake::StakePosition) -> Result<Self, BadValue> {
        Ok(Self {
            id: ObjectId::from_move(raw.id)?,
            pool: ObjectId::from_move(raw.pool)?,
            own: raw.own,
            generation: raw.generation,
            shares: raw.shares,
        })
    }
}
state!(StakePositionState from stake::StakePosition, "stake", "StakePosition");

mirror! {
    /// `stake::UnbondPosition`: stake on its way out.
    UnbondPositionState from stake::UnbondPosition {
        /// Its id.
        id: ObjectId,
        /// The pool.
        pool: ObjectId,
        /// Whether it is the operator's.
        own: bool,
        /// Void once the tranche's generation is another.
        generation: u64,
        /// How many shares.
        shares: u128,
        /// When the cooldown began.
        since: Window,
    }
}
state!(UnbondPositionState from stake::UnbondPosition, "stake", "UnbondPosition");
