//! Stake, reports and slashes.

use atoma_protocol::{
    ids::{AccountId, Address, ChannelId, KeyEpoch, NodeId, ObjectId, Seq},
    money::Amount,
};

use crate::{
    deployment::CoinType,
    generated::atoma::events,
    id::{OffenceHash, ReportCommitment},
    state::{LiveMs, mirror::mirror},
};

mirror! {
    /// Emitted when stake came in.
    Staked from events::Staked {
        /// The pool.
        pool: ObjectId,
        /// The position.
        position: ObjectId,
        /// The operator's.
        own: bool,
        /// Generation of the tranche.
        generation: u64,
        /// How much.
        amount: Amount,
        /// How many shares.
        shares: u128,
    }
}

mirror! {
    /// Emitted when stake began to unbond.
    Unstaked from events::Unstaked {
        /// The pool.
        pool: ObjectId,
        /// The position.
        position: ObjectId,
        /// The stake on its way out.
        ticket: ObjectId,
        /// The operator's.
        own: bool,
        /// How much.
        amount: Amount,
        /// How many shares.
        shares: u128,
        /// Its shares.
        unbonding_shares: u128,
    }
}

mirror! {
    /// Emitted when unbonded stake left.
    StakeWithdrawn from events::StakeWithdrawn {
        /// The pool.
        pool: ObjectId,
        /// The stake on its way out.
        ticket: ObjectId,
        /// How much.
        amount: Amount,
    }
}

mirror! {
    /// Emitted when dues entered a pool's stream.
    RewardsAdded from events::RewardsAdded {
        /// The pool.
        pool: ObjectId,
        /// The coin.
        coin: CoinType,
        /// How much.
        amount: Amount,
        /// Not paid out yet.
        remaining: Amount,
        /// Live time at which nothing will remain.
        end_ms: LiveMs,
    }
}

mirror! {
    /// Emitted when a position was paid its rewards.
    RewardsClaimed from events::RewardsClaimed {
        /// The pool.
        pool: ObjectId,
        /// The position.
        position: ObjectId,
        /// The coin.
        coin: CoinType,
        /// How much.
        amount: Amount,
    }
}

mirror! {
    /// Emitted when burned stake left the supply.
    BurnedDestroyed from events::BurnedDestroyed {
        /// The pool.
        pool: ObjectId,
        /// How much.
        amount: Amount,
    }
}

mirror! {
    /// Emitted when stake of a pool changed; every tranche as it is now.
    PoolChanged from events::PoolChanged {
        /// The pool.
        pool: ObjectId,
        /// The operator's.
        own: Amount,
        /// Own shares.
        own_shares: u128,
        /// Own generation.
        own_generation: u64,
        /// Delegated.
        delegated: Amount,
        /// Delegated shares.
        delegated_shares: u128,
        /// Delegated generation.
        delegated_generation: u64,
        /// Own unbonding.
        own_unbonding: Amount,
        /// Own unbonding shares.
        own_unbonding_shares: u128,
        /// Own unbonding generation.
        own_unbonding_generation: u64,
        /// Delegated unbonding.
        delegated_unbonding: Amount,
        /// Delegated unbonding shares.
        delegated_unbonding_shares: u128,
        /// Delegated unbonding generation.
        delegated_unbonding_generation: u64,
        /// All that slashes took.
        burned: Amount,
    }
}

mirror! {
    /// Emitted when a proof was announced.
    WrongReported from events::WrongReported {
        /// The report.
        report: ObjectId,
        /// The node.
        node: NodeId,
        /// Who.
        reporter: Address,
        /// Hash of proof and reporter.
        commitment: ReportCommitment,
    }
}

mirror! {
    /// Emitted when a wrong was proven.
    WrongProven from events::WrongProven {
        /// The node.
        node: NodeId,
        /// Which rule.
        rule: u8,
        /// Channel or task.
        account: AccountId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// Number of the receipt.
        seq: Seq,
        /// Who.
        reporter: Address,
        /// The reporter's.
        reward: Amount,
    }
}

mirror! {
    /// Emitted when a vault gave an overcharge back.
    OverchargeCompensated from events::OverchargeCompensated {
        /// The channel.
        channel: ChannelId,
        /// The vault.
        vault: ObjectId,
        /// How much.
        amount: Amount,
        /// All that the channel was given back.
        compensated: Amount,
    }
}

mirror! {
    /// Emitted when a pool was slashed.
    Slashed from events::Slashed {
        /// The pool.
        pool: ObjectId,
        /// The node.
        node: NodeId,
        /// Hash of the wrong.
        offence: OffenceHash,
        /// The operator's loss.
        own_loss: Amount,
        /// The delegators' loss.
        delegated_loss: Amount,
        /// The reporter's.
        reward: Amount,
    }
}
