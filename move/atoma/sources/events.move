/// Every event of the protocol. They carry ids and resulting values, complete enough to rebuild all
/// state from them; never a prompt, an answer or evidence. Hashes are typed `address`.
module atoma::events;

use atoma::params::Params;
use std::string::String;
use std::type_name::TypeName;
use sui::event;

// === Events ===

/// Emitted when live time was advanced.
public struct Ticked has copy, drop {
    live_time: ID,
    live_ms: u64,
    last_ms: u64,
}

/// Emitted when a network was created.
public struct NetworkCreated has copy, drop {
    network: ID,
    live_time: ID,
    admin_cap: ID,
    pause_cap: ID,
    dev: bool,
    gap_ms: u64,
    treasury: address,
    params: Params,
}

/// Emitted when an admin announced parameters.
public struct ParamsProposed has copy, drop {
    network: ID,
    params: Params,
}

/// Emitted when announced parameters became valid.
public struct ParamsChanged has copy, drop {
    network: ID,
    params: Params,
}

/// Emitted when an admin accepted a coin.
public struct CoinAccepted has copy, drop {
    network: ID,
    coin: TypeName,
}

/// Emitted when an admin moved the treasury.
public struct TreasuryChanged has copy, drop {
    network: ID,
    treasury: address,
}

/// Emitted when an admin named a successor, or withdrew the name.
public struct SuccessorNamed has copy, drop {
    network: ID,
    successor: Option<address>,
}

/// Emitted when a successor took over.
public struct AdminChanged has copy, drop {
    network: ID,
    admin_cap: ID,
    admin: address,
}

/// Emitted when an admin replaced the pause capability.
public struct PauseCapReplaced has copy, drop {
    network: ID,
    pause_cap: ID,
}

/// Emitted when new business was stopped or resumed.
public struct PauseChanged has copy, drop {
    network: ID,
    paused: bool,
}

/// Emitted when a network got its attestors.
public struct AttestorsCreated has copy, drop {
    network: ID,
    attestors: ID,
}

/// Emitted when an admin announced a set.
public struct AttestorsProposed has copy, drop {
    attestors: ID,
    threshold: u64,
    keys: vector<vector<u8>>,
}

/// Emitted when a set was put in place.
public struct AttestorsChanged has copy, drop {
    attestors: ID,
    set_version: u64,
    threshold: u64,
    keys: vector<vector<u8>>,
}

/// Emitted when a network got its list of measurements.
public struct MeasurementsCreated has copy, drop {
    network: ID,
    measurements: ID,
}

/// Emitted when an admin put a measurement on the list.
public struct MeasurementAllowed has copy, drop {
    measurements: ID,
    kind: u8,
    measurement: vector<u8>,
    until_ms: u64,
}

/// Emitted when an admin took a measurement off the list.
public struct MeasurementDisallowed has copy, drop {
    measurements: ID,
    kind: u8,
    measurement: vector<u8>,
}

/// Emitted when a model was registered.
public struct ModelRegistered has copy, drop {
    network: ID,
    model: ID,
    cap: ID,
    name: String,
    manifest_hash: address,
    modality: u8,
    weights_uri: String,
}

/// Emitted when a node was registered.
public struct NodeRegistered has copy, drop {
    network: ID,
    node: ID,
    cap: ID,
    pool: ID,
    commission_bps: u64,
    max_commission_bps: u64,
    min_own_stake: u64,
    unbonding_ms: u64,
    stream_ms: u64,
    slash_bps: u64,
    reporter_bps: u64,
    jail_ms: u64,
}

/// Emitted when the status of a node changed.
public struct NodeStatusChanged has copy, drop {
    node: ID,
    status: u8,
}

/// Emitted when an offer was made or changed.
public struct OfferSet has copy, drop {
    node: ID,
    model: ID,
    coin: TypeName,
    input_price: u64,
    output_price: u64,
    context_length: u64,
    engine_class: String,
    credit: u64,
    max_routing_bps: u64,
    min_deposit: u64,
}

/// Emitted when an offer was withdrawn.
public struct OfferRemoved has copy, drop {
    node: ID,
    model: ID,
    coin: TypeName,
}

/// Emitted when an operator announced a commission.
public struct CommissionProposed has copy, drop {
    node: ID,
    commission_bps: u64,
}

/// Emitted when an announced commission became valid.
public struct CommissionChanged has copy, drop {
    node: ID,
    commission_bps: u64,
}

/// Emitted when a key epoch was posted, with the sealing keys in full.
public struct AttestationPosted has copy, drop {
    node: ID,
    key_epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    signing_key: vector<u8>,
    sealing_keys: vector<u8>,
    manifest_hash: address,
    evidence_hash: address,
    evidence_uri: String,
    report_data: address,
    anchor_seq: u64,
    anchor_digest: address,
    posted_ms: u64,
}

/// Emitted when a threshold of attestors graded a key epoch; `grade` is the whole grade now.
public struct KeyEpochGraded has copy, drop {
    node: ID,
    key_epoch: u64,
    kind: u8,
    grade: u64,
    anchor_ms: u64,
    expires_ms: u64,
    attestor_set_version: u64,
    signers: vector<u8>,
}

/// Emitted when an operator ended a key epoch.
public struct KeyEpochEnded has copy, drop {
    node: ID,
    key_epoch: u64,
    expires_ms: u64,
}

/// Emitted when stake came in.
public struct Staked has copy, drop {
    pool: ID,
    position: ID,
    own: bool,
    generation: u64,
    amount: u64,
    shares: u128,
}

/// Emitted when stake began to unbond.
public struct Unstaked has copy, drop {
    pool: ID,
    position: ID,
    ticket: ID,
    own: bool,
    amount: u64,
    shares: u128,
    unbonding_shares: u128,
}

/// Emitted when unbonded stake left.
public struct StakeWithdrawn has copy, drop {
    pool: ID,
    ticket: ID,
    amount: u64,
}

/// Emitted when dues entered a pool's stream.
public struct RewardsAdded has copy, drop {
    pool: ID,
    coin: TypeName,
    amount: u64,
    remaining: u64,
    end_ms: u64,
}

/// Emitted when a position was paid its rewards.
public struct RewardsClaimed has copy, drop {
    pool: ID,
    position: ID,
    coin: TypeName,
    amount: u64,
}

/// Emitted when burned stake left the supply.
public struct BurnedDestroyed has copy, drop {
    pool: ID,
    amount: u64,
}

/// Emitted when stake of a pool changed; every tranche as it is now.
public struct PoolChanged has copy, drop {
    pool: ID,
    own: u64,
    own_shares: u128,
    own_generation: u64,
    delegated: u64,
    delegated_shares: u128,
    delegated_generation: u64,
    own_unbonding: u64,
    own_unbonding_shares: u128,
    own_unbonding_generation: u64,
    delegated_unbonding: u64,
    delegated_unbonding_shares: u128,
    delegated_unbonding_generation: u64,
    burned: u64,
}

/// Emitted when a channel was opened.
public struct ChannelOpened has copy, drop {
    network: ID,
    channel: ID,
    node: ID,
    payer_cap: ID,
    coin: TypeName,
    voucher_key: vector<u8>,
    refund_to: address,
    router: address,
    routing_bps: u64,
    protocol_bps: u64,
    models: vector<ID>,
    input_prices: vector<u64>,
    output_prices: vector<u64>,
    need: u64,
    credit: u64,
    grace_ms: u64,
    reap_ms: u64,
    expires_ms: u64,
    funded: u64,
}

/// Emitted when a deposit was added to a channel.
public struct ChannelToppedUp has copy, drop {
    channel: ID,
    amount: u64,
    funded: u64,
}

/// Emitted when a settlement changed a channel; `taken` says whether the statement was news.
/// `payment` is what this call paid, `paid` what all did, `kind` the evidence behind the key.
public struct ChannelSettled has copy, drop {
    channel: ID,
    vault: ID,
    key_epoch: u64,
    kind: u8,
    taken: bool,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
    authorized: u64,
    paid: u64,
    payment: u64,
    protocol: u64,
    routing: u64,
    stakers: u64,
    operator: u64,
}

/// Emitted when a close was asked for.
public struct CloseRequested has copy, drop {
    channel: ID,
    live_ms: u64,
    clock_ms: u64,
}

/// Emitted when a channel was closed and refunded.
public struct ChannelClosed has copy, drop {
    channel: ID,
    refund_to: address,
    refund: u64,
    paid: u64,
    live_ms: u64,
    clock_ms: u64,
}

/// Emitted when a channel was deleted.
public struct ChannelReaped has copy, drop {
    channel: ID,
    unclaimed_routing: u64,
    compensation: u64,
}

/// Emitted when a payer moved its refund.
public struct RefundAddressChanged has copy, drop {
    channel: ID,
    refund_to: address,
}

/// Emitted when a router was paid.
public struct RoutingClaimed has copy, drop {
    channel: ID,
    amount: u64,
    routing_claimed: u64,
}

/// Emitted when a payer was paid its compensation.
public struct CompensationClaimed has copy, drop {
    channel: ID,
    amount: u64,
    compensation_claimed: u64,
}

/// Emitted when a lane was folded.
public struct LaneFolded has copy, drop {
    channel: ID,
    key_epoch: u64,
    folded: u64,
}

/// Emitted when a node got a vault for a coin.
public struct VaultCreated has copy, drop {
    vault: ID,
    node: ID,
    coin: TypeName,
    hold_back_ms: u64,
}

/// Emitted when protocol dues went to the treasury.
public struct VaultSwept has copy, drop {
    vault: ID,
    treasury: address,
    amount: u64,
}

/// Emitted when stakers' dues went to the pool.
public struct VaultDistributed has copy, drop {
    vault: ID,
    pool: ID,
    amount: u64,
}

/// Emitted when operator's earnings advanced through the hold-back.
public struct VaultMatured has copy, drop {
    vault: ID,
    held: u64,
    free: u64,
}

/// Emitted when an operator was paid.
public struct VaultWithdrawn has copy, drop {
    vault: ID,
    amount: u64,
}

/// Emitted when a proof was announced.
public struct WrongReported has copy, drop {
    report: ID,
    node: ID,
    reporter: address,
    commitment: address,
}

/// Emitted when a wrong was proven.
public struct WrongProven has copy, drop {
    node: ID,
    rule: u8,
    account: ID,
    key_epoch: u64,
    seq: u64,
    reporter: address,
    reward: u64,
}

/// Emitted when a vault gave an overcharge back.
public struct OverchargeCompensated has copy, drop {
    channel: ID,
    vault: ID,
    amount: u64,
    compensated: u64,
}

/// Emitted when a pool was slashed.
public struct Slashed has copy, drop {
    pool: ID,
    node: ID,
    offence: address,
    own_loss: u64,
    delegated_loss: u64,
    reward: u64,
}

// === Package functions ===

public(package) fun emit_ticked(live_time: ID, live_ms: u64, last_ms: u64) {
    event::emit(Ticked { live_time, live_ms, last_ms });
}

public(package) fun emit_network_created(
    network: ID,
    live_time: ID,
    admin_cap: ID,
    pause_cap: ID,
    dev: bool,
    gap_ms: u64,
    treasury: address,
    params: Params,
) {
    event::emit(NetworkCreated {
        network,
        live_time,
        admin_cap,
        pause_cap,
        dev,
        gap_ms,
        treasury,
        params,
    });
}

public(package) fun emit_params_proposed(network: ID, params: Params) {
    event::emit(ParamsProposed { network, params });
}

public(package) fun emit_params_changed(network: ID, params: Params) {
    event::emit(ParamsChanged { network, params });
}

public(package) fun emit_coin_accepted(network: ID, coin: TypeName) {
    event::emit(CoinAccepted { network, coin });
}

public(package) fun emit_treasury_changed(network: ID, treasury: address) {
    event::emit(TreasuryChanged { network, treasury });
}

public(package) fun emit_successor_named(network: ID, successor: Option<address>) {
    event::emit(SuccessorNamed { network, successor });
}

public(package) fun emit_admin_changed(network: ID, admin_cap: ID, admin: address) {
    event::emit(AdminChanged { network, admin_cap, admin });
}

public(package) fun emit_pause_cap_replaced(network: ID, pause_cap: ID) {
    event::emit(PauseCapReplaced { network, pause_cap });
}

public(package) fun emit_pause_changed(network: ID, paused: bool) {
    event::emit(PauseChanged { network, paused });
}

public(package) fun emit_attestors_created(network: ID, attestors: ID) {
    event::emit(AttestorsCreated { network, attestors });
}

public(package) fun emit_attestors_proposed(
    attestors: ID,
    threshold: u64,
    keys: vector<vector<u8>>,
) {
    event::emit(AttestorsProposed { attestors, threshold, keys });
}

public(package) fun emit_attestors_changed(
    attestors: ID,
    set_version: u64,
    threshold: u64,
    keys: vector<vector<u8>>,
) {
    event::emit(AttestorsChanged { attestors, set_version, threshold, keys });
}

public(package) fun emit_measurements_created(network: ID, measurements: ID) {
    event::emit(MeasurementsCreated { network, measurements });
}

public(package) fun emit_measurement_allowed(
    measurements: ID,
    kind: u8,
    measurement: vector<u8>,
    until_ms: u64,
) {
    event::emit(MeasurementAllowed { measurements, kind, measurement, until_ms });
}

public(package) fun emit_measurement_disallowed(
    measurements: ID,
    kind: u8,
    measurement: vector<u8>,
) {
    event::emit(MeasurementDisallowed { measurements, kind, measurement });
}

public(package) fun emit_model_registered(
    network: ID,
    model: ID,
    cap: ID,
    name: String,
    manifest_hash: address,
    modality: u8,
    weights_uri: String,
) {
    event::emit(ModelRegistered {
        network,
        model,
        cap,
        name,
        manifest_hash,
        modality,
        weights_uri,
    });
}

public(package) fun emit_node_registered(
    network: ID,
    node: ID,
    cap: ID,
    pool: ID,
    commission_bps: u64,
    max_commission_bps: u64,
    min_own_stake: u64,
    unbonding_ms: u64,
    stream_ms: u64,
    slash_bps: u64,
    reporter_bps: u64,
    jail_ms: u64,
) {
    event::emit(NodeRegistered {
        network,
        node,
        cap,
        pool,
        commission_bps,
        max_commission_bps,
        min_own_stake,
        unbonding_ms,
        stream_ms,
        slash_bps,
        reporter_bps,
        jail_ms,
    });
}

public(package) fun emit_node_status_changed(node: ID, status: u8) {
    event::emit(NodeStatusChanged { node, status });
}

public(package) fun emit_offer_set(
    node: ID,
    model: ID,
    coin: TypeName,
    input_price: u64,
    output_price: u64,
    context_length: u64,
    engine_class: String,
    credit: u64,
    max_routing_bps: u64,
    min_deposit: u64,
) {
    event::emit(OfferSet {
        node,
        model,
        coin,
        input_price,
        output_price,
        context_length,
        engine_class,
        credit,
        max_routing_bps,
        min_deposit,
    });
}

public(package) fun emit_offer_removed(node: ID, model: ID, coin: TypeName) {
    event::emit(OfferRemoved { node, model, coin });
}

public(package) fun emit_commission_proposed(node: ID, commission_bps: u64) {
    event::emit(CommissionProposed { node, commission_bps });
}

public(package) fun emit_commission_changed(node: ID, commission_bps: u64) {
    event::emit(CommissionChanged { node, commission_bps });
}

public(package) fun emit_attestation_posted(
    node: ID,
    key_epoch: u64,
    kind: u8,
    measurement: vector<u8>,
    signing_key: vector<u8>,
    sealing_keys: vector<u8>,
    manifest_hash: address,
    evidence_hash: address,
    evidence_uri: String,
    report_data: address,
    anchor_seq: u64,
    anchor_digest: address,
    posted_ms: u64,
) {
    event::emit(AttestationPosted {
        node,
        key_epoch,
        kind,
        measurement,
        signing_key,
        sealing_keys,
        manifest_hash,
        evidence_hash,
        evidence_uri,
        report_data,
        anchor_seq,
        anchor_digest,
        posted_ms,
    });
}

public(package) fun emit_key_epoch_graded(
    node: ID,
    key_epoch: u64,
    kind: u8,
    grade: u64,
    anchor_ms: u64,
    expires_ms: u64,
    attestor_set_version: u64,
    signers: vector<u8>,
) {
    event::emit(KeyEpochGraded {
        node,
        key_epoch,
        kind,
        grade,
        anchor_ms,
        expires_ms,
        attestor_set_version,
        signers,
    });
}

public(package) fun emit_key_epoch_ended(node: ID, key_epoch: u64, expires_ms: u64) {
    event::emit(KeyEpochEnded { node, key_epoch, expires_ms });
}

public(package) fun emit_staked(
    pool: ID,
    position: ID,
    own: bool,
    generation: u64,
    amount: u64,
    shares: u128,
) {
    event::emit(Staked { pool, position, own, generation, amount, shares });
}

public(package) fun emit_unstaked(
    pool: ID,
    position: ID,
    ticket: ID,
    own: bool,
    amount: u64,
    shares: u128,
    unbonding_shares: u128,
) {
    event::emit(Unstaked { pool, position, ticket, own, amount, shares, unbonding_shares });
}

public(package) fun emit_stake_withdrawn(pool: ID, ticket: ID, amount: u64) {
    event::emit(StakeWithdrawn { pool, ticket, amount });
}

public(package) fun emit_rewards_added(
    pool: ID,
    coin: TypeName,
    amount: u64,
    remaining: u64,
    end_ms: u64,
) {
    event::emit(RewardsAdded { pool, coin, amount, remaining, end_ms });
}

public(package) fun emit_rewards_claimed(pool: ID, position: ID, coin: TypeName, amount: u64) {
    event::emit(RewardsClaimed { pool, position, coin, amount });
}

public(package) fun emit_burned_destroyed(pool: ID, amount: u64) {
    event::emit(BurnedDestroyed { pool, amount });
}

public(package) fun emit_pool_changed(
    pool: ID,
    own: u64,
    own_shares: u128,
    own_generation: u64,
    delegated: u64,
    delegated_shares: u128,
    delegated_generation: u64,
    own_unbonding: u64,
    own_unbonding_shares: u128,
    own_unbonding_generation: u64,
    delegated_unbonding: u64,
    delegated_unbonding_shares: u128,
    delegated_unbonding_generation: u64,
    burned: u64,
) {
    event::emit(PoolChanged {
        pool,
        own,
        own_shares,
        own_generation,
        delegated,
        delegated_shares,
        delegated_generation,
        own_unbonding,
        own_unbonding_shares,
        own_unbonding_generation,
        delegated_unbonding,
        delegated_unbonding_shares,
        delegated_unbonding_generation,
        burned,
    });
}

public(package) fun emit_channel_opened(
    network: ID,
    channel: ID,
    node: ID,
    payer_cap: ID,
    coin: TypeName,
    voucher_key: vector<u8>,
    refund_to: address,
    router: address,
    routing_bps: u64,
    protocol_bps: u64,
    models: vector<ID>,
    input_prices: vector<u64>,
    output_prices: vector<u64>,
    need: u64,
    credit: u64,
    grace_ms: u64,
    reap_ms: u64,
    expires_ms: u64,
    funded: u64,
) {
    event::emit(ChannelOpened {
        network,
        channel,
        node,
        payer_cap,
        coin,
        voucher_key,
        refund_to,
        router,
        routing_bps,
        protocol_bps,
        models,
        input_prices,
        output_prices,
        need,
        credit,
        grace_ms,
        reap_ms,
        expires_ms,
        funded,
    });
}

public(package) fun emit_channel_topped_up(channel: ID, amount: u64, funded: u64) {
    event::emit(ChannelToppedUp { channel, amount, funded });
}

public(package) fun emit_channel_settled(
    channel: ID,
    vault: ID,
    key_epoch: u64,
    kind: u8,
    taken: bool,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
    authorized: u64,
    paid: u64,
    payment: u64,
    protocol: u64,
    routing: u64,
    stakers: u64,
    operator: u64,
) {
    event::emit(ChannelSettled {
        channel,
        vault,
        key_epoch,
        kind,
        taken,
        earned,
        receipts,
        input_tokens,
        output_tokens,
        root,
        authorized,
        paid,
        payment,
        protocol,
        routing,
        stakers,
        operator,
    });
}

public(package) fun emit_close_requested(channel: ID, live_ms: u64, clock_ms: u64) {
    event::emit(CloseRequested { channel, live_ms, clock_ms });
}

public(package) fun emit_channel_closed(
    channel: ID,
    refund_to: address,
    refund: u64,
    paid: u64,
    live_ms: u64,
    clock_ms: u64,
) {
    event::emit(ChannelClosed { channel, refund_to, refund, paid, live_ms, clock_ms });
}

public(package) fun emit_channel_reaped(channel: ID, unclaimed_routing: u64, compensation: u64) {
    event::emit(ChannelReaped { channel, unclaimed_routing, compensation });
}

public(package) fun emit_refund_address_changed(channel: ID, refund_to: address) {
    event::emit(RefundAddressChanged { channel, refund_to });
}

public(package) fun emit_routing_claimed(channel: ID, amount: u64, routing_claimed: u64) {
    event::emit(RoutingClaimed { channel, amount, routing_claimed });
}

public(package) fun emit_compensation_claimed(channel: ID, amount: u64, compensation_claimed: u64) {
    event::emit(CompensationClaimed { channel, amount, compensation_claimed });
}

public(package) fun emit_lane_folded(channel: ID, key_epoch: u64, folded: u64) {
    event::emit(LaneFolded { channel, key_epoch, folded });
}

public(package) fun emit_vault_created(vault: ID, node: ID, coin: TypeName, hold_back_ms: u64) {
    event::emit(VaultCreated { vault, node, coin, hold_back_ms });
}

public(package) fun emit_vault_swept(vault: ID, treasury: address, amount: u64) {
    event::emit(VaultSwept { vault, treasury, amount });
}

public(package) fun emit_vault_distributed(vault: ID, pool: ID, amount: u64) {
    event::emit(VaultDistributed { vault, pool, amount });
}

public(package) fun emit_vault_matured(vault: ID, held: u64, free: u64) {
    event::emit(VaultMatured { vault, held, free });
}

public(package) fun emit_vault_withdrawn(vault: ID, amount: u64) {
    event::emit(VaultWithdrawn { vault, amount });
}

public(package) fun emit_wrong_reported(
    report: ID,
    node: ID,
    reporter: address,
    commitment: address,
) {
    event::emit(WrongReported { report, node, reporter, commitment });
}

public(package) fun emit_wrong_proven(
    node: ID,
    rule: u8,
    account: ID,
    key_epoch: u64,
    seq: u64,
    reporter: address,
    reward: u64,
) {
    event::emit(WrongProven { node, rule, account, key_epoch, seq, reporter, reward });
}

public(package) fun emit_overcharge_compensated(
    channel: ID,
    vault: ID,
    amount: u64,
    compensated: u64,
) {
    event::emit(OverchargeCompensated { channel, vault, amount, compensated });
}

public(package) fun emit_slashed(
    pool: ID,
    node: ID,
    offence: address,
    own_loss: u64,
    delegated_loss: u64,
    reward: u64,
) {
    event::emit(Slashed { pool, node, offence, own_loss, delegated_loss, reward });
}
