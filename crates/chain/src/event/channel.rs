//! Channels and vaults.

use atoma_protocol::{
    hash::MerkleRoot,
    ids::{Address, ChannelId, KeyEpoch, ModelId, NetworkId, NodeId, ObjectId},
    keys::PublicKey,
    money::{Amount, Bps, Price},
    statement::{EvidenceKind, Grade},
    time::TimestampMs,
};

use crate::{
    deployment::CoinType,
    generated::atoma::events,
    state::{LiveMs, mirror::mirror},
};

mirror! {
    /// Emitted when a channel was opened.
    ChannelOpened from events::ChannelOpened {
        /// The network.
        network: NetworkId,
        /// The channel.
        channel: ChannelId,
        /// The node.
        node: NodeId,
        /// The `PayerCap`.
        payer_cap: ObjectId,
        /// The coin.
        coin: CoinType,
        /// Signs vouchers.
        voucher_key: PublicKey,
        /// Where the refund goes.
        refund_to: Address,
        /// Who claims the routing share.
        router: Address,
        /// The router's share.
        routing_bps: Bps,
        /// The protocol's share.
        protocol_bps: Bps,
        /// Models it may be used for.
        models: Vec<ModelId>,
        /// Of 1,000,000 input tokens, a model each.
        input_prices: Vec<Price>,
        /// Of 1,000,000 output tokens, a model each.
        output_prices: Vec<Price>,
        /// What a key epoch must have proved.
        need: Grade,
        /// Served ahead of vouchers, at most.
        credit: Amount,
        /// Length of the grace, live.
        grace_ms: u64,
        /// From closed to deleted, live.
        reap_ms: u64,
        /// No new work from here on.
        expires_ms: TimestampMs,
        /// Everything ever deposited.
        funded: Amount,
    }
}

mirror! {
    /// Emitted when a deposit was added to a channel.
    ChannelToppedUp from events::ChannelToppedUp {
        /// The channel.
        channel: ChannelId,
        /// How much.
        amount: Amount,
        /// Everything ever deposited.
        funded: Amount,
    }
}

mirror! {
    /// Emitted when a settlement changed a channel; `taken` says whether the statement was news.
    /// `payment` is what this call paid, `paid` what all did, `kind` the evidence behind the key.
    ChannelSettled from events::ChannelSettled {
        /// The channel.
        channel: ChannelId,
        /// The vault.
        vault: ObjectId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// Kind of evidence.
        kind: EvidenceKind,
        /// Whether the statement was news.
        taken: bool,
        /// Sum of fees by this statement.
        earned: Amount,
        /// Number of receipts.
        receipts: u64,
        /// Sum of their input tokens.
        input_tokens: u64,
        /// Sum of their output tokens.
        output_tokens: u64,
        /// Root over them.
        root: MerkleRoot,
        /// Largest voucher so far.
        authorized: Amount,
        /// Everything ever paid.
        paid: Amount,
        /// What this call paid.
        payment: Amount,
        /// The protocol's part.
        protocol: Amount,
        /// The router's part.
        routing: Amount,
        /// The stakers' part.
        stakers: Amount,
        /// The operator's part.
        operator: Amount,
    }
}

mirror! {
    /// Emitted when a close was asked for.
    CloseRequested from events::CloseRequested {
        /// The channel.
        channel: ChannelId,
        /// Live time.
        live_ms: LiveMs,
        /// The chain's clock.
        clock_ms: TimestampMs,
    }
}

mirror! {
    /// Emitted when a channel was closed and refunded.
    ChannelClosed from events::ChannelClosed {
        /// The channel.
        channel: ChannelId,
        /// Where the refund goes.
        refund_to: Address,
        /// What went back.
        refund: Amount,
        /// Everything ever paid.
        paid: Amount,
        /// Live time.
        live_ms: LiveMs,
        /// The chain's clock.
        clock_ms: TimestampMs,
    }
}

mirror! {
    /// Emitted when a channel was deleted.
    ChannelReaped from events::ChannelReaped {
        /// The channel.
        channel: ChannelId,
        /// What the router left.
        unclaimed_routing: Amount,
        /// What the payer was still owed.
        compensation: Amount,
    }
}

mirror! {
    /// Emitted when a payer moved its refund.
    RefundAddressChanged from events::RefundAddressChanged {
        /// The channel.
        channel: ChannelId,
        /// Where the refund goes.
        refund_to: Address,
    }
}

mirror! {
    /// Emitted when a router was paid.
    RoutingClaimed from events::RoutingClaimed {
        /// The channel.
        channel: ChannelId,
        /// How much.
        amount: Amount,
        /// All that the router claimed.
        routing_claimed: Amount,
    }
}

mirror! {
    /// Emitted when a payer was paid its compensation.
    CompensationClaimed from events::CompensationClaimed {
        /// The channel.
        channel: ChannelId,
        /// How much.
        amount: Amount,
        /// All that the payer claimed.
        compensation_claimed: Amount,
    }
}

mirror! {
    /// Emitted when a lane was folded.
    LaneFolded from events::LaneFolded {
        /// The channel.
        channel: ChannelId,
        /// The key epoch.
        key_epoch: KeyEpoch,
        /// All that folded key epochs earned.
        folded: Amount,
    }
}

mirror! {
    /// Emitted when a node got a vault for a coin.
    VaultCreated from events::VaultCreated {
        /// The vault.
        vault: ObjectId,
        /// The node.
        node: NodeId,
        /// The coin.
        coin: CoinType,
        /// How long operator's earnings wait, live.
        hold_back_ms: u64,
    }
}

mirror! {
    /// Emitted when protocol dues went to the treasury.
    VaultSwept from events::VaultSwept {
        /// The vault.
        vault: ObjectId,
        /// Where protocol dues go.
        treasury: Address,
        /// How much.
        amount: Amount,
    }
}

mirror! {
    /// Emitted when stakers' dues went to the pool.
    VaultDistributed from events::VaultDistributed {
        /// The vault.
        vault: ObjectId,
        /// The pool.
        pool: ObjectId,
        /// How much.
        amount: Amount,
    }
}

mirror! {
    /// Emitted when operator's earnings advanced through the hold-back.
    VaultMatured from events::VaultMatured {
        /// The vault.
        vault: ObjectId,
        /// Waiting.
        held: Amount,
        /// To be withdrawn.
        free: Amount,
    }
}

mirror! {
    /// Emitted when an operator was paid.
    VaultWithdrawn from events::VaultWithdrawn {
        /// The vault.
        vault: ObjectId,
        /// How much.
        amount: Amount,
    }
}
