#[test_only]
module atoma::params_tests;

use atoma::params;
use std::unit_test::assert_eq;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// Production with one field, by its place, set to a value; checked for a `dev` network or not.
fun check(field: u64, value: u64, dev: bool) {
    let production = params::production();
    let mut fields = fields_of(&production);
    *&mut fields[field] = value;
    let params = params::new(
        fields[0],
        fields[1],
        fields[2],
        fields[3],
        fields[4],
        fields[5],
        fields[6],
        fields[7],
        fields[8],
        fields[9],
        fields[10],
        fields[11],
        fields[12],
        fields[13],
        fields[14],
        fields[15],
        fields[16],
        fields[17],
    );
    assert_eq!(fields_of(&params), fields);
    params.assert_valid(dev);
}

fun fields_of(params: &params::Params): vector<u64> {
    vector[
        params.protocol_bps(),
        params.max_routing_bps(),
        params.min_own_stake(),
        params.min_grace_ms(),
        params.max_grace_ms(),
        params.max_channel_ms(),
        params.reap_ms(),
        params.unbonding_ms(),
        params.hold_back_ms(),
        params.stream_ms(),
        params.timelock_ms(),
        params.max_evidence_age_ms(),
        params.max_anchor_age_ms(),
        params.slash_bps(),
        params.reporter_bps(),
        params.report_delay_ms(),
        params.report_window_ms(),
        params.jail_ms(),
    ]
}

#[test]
fun both_sets_are_valid_where_they_belong() {
    params::production().assert_valid(false);
    params::production().assert_valid(true);
    params::development().assert_valid(true);
    assert_eq!(params::bps(), 10_000);
}

#[test, expected_failure(abort_code = params::EBadDuration)]
fun development_is_not_for_production() { params::development().assert_valid(false); }

#[test]
fun bounds_are_included() {
    check(0, 2_000, false);
    check(1, 2_000, false);
    check(13, 5_000, false);
    check(14, 500, false);
    check(3, 7 * DAY_MS, false);
    check(7, 1461 * DAY_MS, false);
    check(10, 2 * DAY_MS, false);
    check(9, 1, false);
    check(3, 0, true);
    check(7, 0, true);
    check(8, 0, true);
    check(10, 0, true);
}

#[test, expected_failure(abort_code = params::EShareTooLarge)]
fun the_protocols_share_has_a_bound() { check(0, 2_001, true); }

#[test, expected_failure(abort_code = params::EShareTooLarge)]
fun the_routing_share_has_a_bound() { check(1, 2_001, true); }

#[test, expected_failure(abort_code = params::EShareTooLarge)]
fun a_slash_has_a_bound() { check(13, 5_001, true); }

#[test, expected_failure(abort_code = params::EShareTooLarge)]
fun a_reward_has_a_bound() { check(14, 501, true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_duration_has_a_bound() { check(5, 1461 * DAY_MS + 1, true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun the_last_duration_has_a_bound() { check(17, std::u64::max_value!(), true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun the_shortest_grace_is_not_above_the_longest() { check(3, 7 * DAY_MS + 1, true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun an_anchor_is_not_older_than_its_evidence_lasts() { check(12, 7 * DAY_MS + 1, true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_stream_has_a_length() { check(9, 0, true); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_grace_of_production_is_not_too_short() { check(3, DAY_MS / 4 - 1, false); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_hold_back_of_production_is_not_too_short() { check(8, DAY_MS - 1, false); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun unbonding_of_production_is_not_too_short() { check(7, 14 * DAY_MS - 1, false); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_time_lock_of_production_is_not_too_short() { check(10, 2 * DAY_MS - 1, false); }

#[test, expected_failure(abort_code = params::EBadDuration)]
fun a_channel_outlasts_the_reports_about_it() { check(6, 0, false); }

#[test, expected_failure(abort_code = params::EUnbondingTooShort)]
fun stake_outlasts_every_proof() { check(4, 14 * DAY_MS, false); }
