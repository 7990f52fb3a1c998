/// Parameters of a network, and the bounds they must keep.
///
/// Whatever depends on a parameter copies it when it is created, so that a change never alters a
/// live channel, pool or vault.
module atoma::params;

// === Errors ===

/// A share of a payment is above its bound.
#[error(code = 0)]
const EShareTooLarge: vector<u8> = b"A share in basis points is above its bound";
/// A duration is outside its bounds.
#[error(code = 1)]
const EBadDuration: vector<u8> = b"A duration is outside its bounds";
/// Stake could be withdrawn before a wrong can be proven.
#[error(code = 2)]
const EUnbondingTooShort: vector<u8> =
    b"Unbonding must outlast the longest grace, the hold-back and a report together";

// === Constants ===

const SECOND_MS: u64 = 1000;
const MINUTE_MS: u64 = 60 * 1000;
const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;
/// Longest duration a parameter may have: four years.
const MAX_DURATION_MS: u64 = 1461 * 24 * 60 * 60 * 1000;
/// Least grace of a production network: 6 hours.
const LEAST_GRACE_MS: u64 = 6 * 60 * 60 * 1000;
/// Least hold-back of a production network: 24 hours.
const LEAST_HOLD_BACK_MS: u64 = 24 * 60 * 60 * 1000;
/// Least unbonding of a production network: 14 days.
const LEAST_UNBONDING_MS: u64 = 14 * 24 * 60 * 60 * 1000;
/// Least time lock of a production network: 2 days.
const LEAST_TIMELOCK_MS: u64 = 2 * 24 * 60 * 60 * 1000;

/// The whole in basis points.
const BPS: u64 = 10_000;
/// Bound of the protocol's share and of the routing share: 20 %.
const MAX_SHARE_BPS: u64 = 2_000;
/// Bound of one slash: half of the stake.
const MAX_SLASH_BPS: u64 = 5_000;
/// Bound of the reporter's part of the operator's loss: 5 %.
const MAX_REPORTER_BPS: u64 = 500;

// === Structs ===

/// All parameters. Times are milliseconds of live time unless a field says clock.
public struct Params has copy, drop, store {
    /// Protocol's share of every payment.
    protocol_bps: u64,
    /// Most that a routing share may be in any offer.
    max_routing_bps: u64,
    /// Operator's own stake, in ATOMA base units, below which a node takes no new work.
    min_own_stake: u64,
    /// Bounds of a channel's grace.
    min_grace_ms: u64,
    max_grace_ms: u64,
    /// Longest life of a channel before anybody may ask for its close; clock.
    max_channel_ms: u64,
    /// A closed channel may be deleted after this.
    reap_ms: u64,
    /// Cooldown of unstaked shares, during which they are slashed.
    unbonding_ms: u64,
    /// Operator's earnings wait this long in the vault.
    hold_back_ms: u64,
    /// Stakers' dues are paid out over this long.
    stream_ms: u64,
    /// Changes of parameters, attestors and commission wait this long.
    timelock_ms: u64,
    /// A key epoch expires this long after its anchor; clock.
    max_evidence_age_ms: u64,
    /// An anchor may be this old when evidence is posted; clock.
    max_anchor_age_ms: u64,
    /// Part of the whole stake taken for one proven wrong.
    slash_bps: u64,
    /// Reporter's part of what the operator itself loses.
    reporter_bps: u64,
    /// A proof must be at least this much younger than its report; clock.
    report_delay_ms: u64,
    /// A proof must follow its report within this.
    report_window_ms: u64,
    /// A slashed node is jailed for this long.
    jail_ms: u64,
}

// === Public functions ===

/// Parameters from their fields, in the order of the struct. Bounds are checked where they are used.
public fun new(
    protocol_bps: u64,
    max_routing_bps: u64,
    min_own_stake: u64,
    min_grace_ms: u64,
    max_grace_ms: u64,
    max_channel_ms: u64,
    reap_ms: u64,
    unbonding_ms: u64,
    hold_back_ms: u64,
    stream_ms: u64,
    timelock_ms: u64,
    max_evidence_age_ms: u64,
    max_anchor_age_ms: u64,
    slash_bps: u64,
    reporter_bps: u64,
    report_delay_ms: u64,
    report_window_ms: u64,
    jail_ms: u64,
): Params {
    Params {
        protocol_bps,
        max_routing_bps,
        min_own_stake,
        min_grace_ms,
        max_grace_ms,
        max_channel_ms,
        reap_ms,
        unbonding_ms,
        hold_back_ms,
        stream_ms,
        timelock_ms,
        max_evidence_age_ms,
        max_anchor_age_ms,
        slash_bps,
        reporter_bps,
        report_delay_ms,
        report_window_ms,
        jail_ms,
    }
}

/// Parameters for production.
public fun production(): Params {
    Params {
        protocol_bps: 500,
        max_routing_bps: MAX_SHARE_BPS,
        min_own_stake: 10_000_000_000_000,
        min_grace_ms: LEAST_GRACE_MS,
        max_grace_ms: 7 * DAY_MS,
        max_channel_ms: 365 * DAY_MS,
        reap_ms: 30 * DAY_MS,
        unbonding_ms: LEAST_UNBONDING_MS,
        hold_back_ms: LEAST_HOLD_BACK_MS,
        stream_ms: 7 * DAY_MS,
        timelock_ms: 7 * DAY_MS,
        max_evidence_age_ms: 7 * DAY_MS,
        max_anchor_age_ms: 15 * MINUTE_MS,
        slash_bps: 1_000,
        reporter_bps: MAX_REPORTER_BPS,
        report_delay_ms: 10 * SECOND_MS,
        report_window_ms: HOUR_MS,
        jail_ms: 7 * DAY_MS,
    }
}

/// Parameters for a development network: the shares of production, windows of seconds.
public fun development(): Params {
    let mut params = production();
    params.min_own_stake = 1_000_000_000;
    params.min_grace_ms = 2 * SECOND_MS;
    params.max_grace_ms = 7 * DAY_MS;
    params.reap_ms = 10 * SECOND_MS;
    params.unbonding_ms = 10 * SECOND_MS;
    params.hold_back_ms = 2 * SECOND_MS;
    params.stream_ms = 10 * SECOND_MS;
    params.timelock_ms = 0;
    params.report_delay_ms = SECOND_MS;
    params.report_window_ms = MINUTE_MS;
    params.jail_ms = 10 * SECOND_MS;
    params
}

// === View functions ===

/// The whole in basis points.
public fun bps(): u64 { BPS }

/// Protocol's share of every payment, in basis points.
public fun protocol_bps(params: &Params): u64 { params.protocol_bps }

/// Most that a routing share may be in any offer, in basis points.
public fun max_routing_bps(params: &Params): u64 { params.max_routing_bps }

/// Operator's own stake below which a node takes no new work, in ATOMA base units.
public fun min_own_stake(params: &Params): u64 { params.min_own_stake }

/// Shortest grace of a channel.
public fun min_grace_ms(params: &Params): u64 { params.min_grace_ms }

/// Longest grace of a channel.
public fun max_grace_ms(params: &Params): u64 { params.max_grace_ms }

/// Longest clock time from opening to expiry of a channel.
public fun max_channel_ms(params: &Params): u64 { params.max_channel_ms }

/// Wait from closing a channel to deleting it.
public fun reap_ms(params: &Params): u64 { params.reap_ms }

/// Cooldown of unstaked shares.
public fun unbonding_ms(params: &Params): u64 { params.unbonding_ms }

/// Wait of an operator's earnings.
public fun hold_back_ms(params: &Params): u64 { params.hold_back_ms }

/// Length of the stream of stakers' dues.
public fun stream_ms(params: &Params): u64 { params.stream_ms }

/// Wait of a change of parameters, attestors or commission.
public fun timelock_ms(params: &Params): u64 { params.timelock_ms }

/// Clock time from an anchor to the expiry of its key epoch.
public fun max_evidence_age_ms(params: &Params): u64 { params.max_evidence_age_ms }

/// Most clock time from an anchor to the posting of its evidence.
public fun max_anchor_age_ms(params: &Params): u64 { params.max_anchor_age_ms }

/// Part of the stake taken for one wrong, in basis points.
public fun slash_bps(params: &Params): u64 { params.slash_bps }

/// Reporter's part of the operator's loss, in basis points.
public fun reporter_bps(params: &Params): u64 { params.reporter_bps }

/// Least clock time between a report and its proof.
public fun report_delay_ms(params: &Params): u64 { params.report_delay_ms }

/// Live time within which a proof must follow its report.
public fun report_window_ms(params: &Params): u64 { params.report_window_ms }

/// Live time that a slashed node stays jailed.
public fun jail_ms(params: &Params): u64 { params.jail_ms }

// === Package functions ===

/// Aborts unless every parameter is within its bounds; a `dev` network is spared the least windows.
public(package) fun assert_valid(params: &Params, dev: bool) {
    assert!(
        params.protocol_bps <= MAX_SHARE_BPS
            && params.max_routing_bps <= MAX_SHARE_BPS
            && params.slash_bps <= MAX_SLASH_BPS
            && params.reporter_bps <= MAX_REPORTER_BPS,
        EShareTooLarge,
    );
    let durations = vector[
        params.min_grace_ms,
        params.max_grace_ms,
        params.max_channel_ms,
        params.reap_ms,
        params.unbonding_ms,
        params.hold_back_ms,
        params.stream_ms,
        params.timelock_ms,
        params.max_evidence_age_ms,
        params.max_anchor_age_ms,
        params.report_delay_ms,
        params.report_window_ms,
        params.jail_ms,
    ];
    assert!(durations.all!(|duration| *duration <= MAX_DURATION_MS), EBadDuration);
    assert!(
        params.min_grace_ms <= params.max_grace_ms
            && params.max_anchor_age_ms <= params.max_evidence_age_ms
            && params.stream_ms > 0,
        EBadDuration,
    );
    if (dev) return;
    assert!(
        params.min_grace_ms >= LEAST_GRACE_MS
            && params.hold_back_ms >= LEAST_HOLD_BACK_MS
            && params.unbonding_ms >= LEAST_UNBONDING_MS
            && params.timelock_ms >= LEAST_TIMELOCK_MS
            && params.reap_ms >= params.report_window_ms,
        EBadDuration,
    );
    assert!(
        params.unbonding_ms
            >= params.max_grace_ms + params.hold_back_ms + params.report_window_ms,
        EUnbondingTooShort,
    );
}

// === Test-only functions ===

#[test_only]
public fun set_for_testing(params: &mut Params, field: u64, value: u64) {
    if (field == 0) params.protocol_bps = value
    else if (field == 1) params.max_routing_bps = value
    else if (field == 2) params.min_own_stake = value
    else if (field == 3) params.min_grace_ms = value
    else if (field == 4) params.max_grace_ms = value
    else if (field == 7) params.unbonding_ms = value
    else if (field == 9) params.stream_ms = value
    else if (field == 10) params.timelock_ms = value
    else if (field == 13) params.slash_bps = value
    else if (field == 14) params.reporter_bps = value
    else abort
}
