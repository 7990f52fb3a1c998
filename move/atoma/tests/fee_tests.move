#[test_only]
module atoma::fee_tests;

use atoma::fee;
use std::unit_test::assert_eq;

/// 2^48 - 1 base units per 1,000,000 tokens.
const MAX_PRICE: u64 = 281_474_976_710_655;
/// 2^40 - 1 tokens.
const MAX_TOKENS: u64 = 1_099_511_627_775;

#[test]
fun a_fee_is_rounded_up_once() {
    // input, output, input price, output price -> fee
    let cases = vector[
        vector[0, 0, 5, 5, 0],
        vector[0, 7, 5, 0, 0],
        vector[1, 0, 1, 0, 1],
        vector[1, 1, 1, 1, 1],
        vector[1_000_000, 0, 1, 0, 1],
        vector[1_000_001, 0, 1, 0, 2],
        vector[500_000, 500_000, 1, 1, 1],
        vector[500_000, 500_001, 1, 1, 2],
        vector[10, 10, 2_000_000, 6_000_000, 80],
        vector[3, 0, 333_333, 0, 1],
        vector[4, 0, 333_333, 0, 2],
        vector[1_000_000, 1_000_000, MAX_PRICE, MAX_PRICE, 562_949_953_421_310],
        vector[MAX_TOKENS, MAX_TOKENS, 1_000_000, 1_000_000, 2_199_023_255_550],
    ];
    cases.do!(|case| assert_eq!(fee::of(case[0], case[1], case[2], case[3]), case[4]));
}

#[test]
fun parts_sum_to_the_whole() {
    let (input, output) = (7, 31);
    let (input_price, output_price) = (333_333, 777_777);
    let whole = fee::of(input, output, input_price, output_price) as u128;
    let mut sum = fee::of_part(0, 0, input, 0, input_price, output_price);
    output.do!(|before| {
        sum = sum + fee::of_part(input, before, 0, 1, input_price, output_price);
    });
    assert_eq!(sum, whole);
}

#[test]
fun a_part_beyond_the_limits_is_owed_nothing() {
    let max = std::u64::max_value!();
    assert_eq!(fee::of_part(0, 0, MAX_TOKENS + 1, 0, 1_000_000, 1_000_000), 0);
    assert_eq!(fee::of_part(0, 0, 0, MAX_TOKENS + 1, 1_000_000, 1_000_000), 0);
    assert_eq!(fee::of_part(max, max, max, max, MAX_PRICE, MAX_PRICE), 0);
    assert_eq!(fee::of_part(MAX_TOKENS, 0, 1, 0, 1_000_000, 0), 0);
    assert_eq!(fee::of_part(MAX_TOKENS - 1, 0, 1, 0, 1_000_000, 0), 1);
    assert_eq!(
        fee::of_part(0, 0, MAX_TOKENS, MAX_TOKENS, MAX_PRICE, MAX_PRICE),
        618_970_019_642_124_988_473,
    );
}

#[test, expected_failure(abort_code = fee::EPriceTooLarge)]
fun an_input_price_has_a_limit() { fee::of(1, 1, MAX_PRICE + 1, 1); }

#[test, expected_failure(abort_code = fee::EPriceTooLarge)]
fun an_output_price_has_a_limit() { fee::of(1, 1, 1, MAX_PRICE + 1); }

#[test, expected_failure(abort_code = fee::EPriceTooLarge)]
fun a_part_has_the_same_price_limit() { fee::of_part(0, 0, 1, 1, MAX_PRICE + 1, 1); }

#[test, expected_failure(abort_code = fee::ETooManyTokens)]
fun input_tokens_have_a_limit() { fee::of(MAX_TOKENS + 1, 1, 1, 1); }

#[test, expected_failure(abort_code = fee::ETooManyTokens)]
fun output_tokens_have_a_limit() { fee::of(1, MAX_TOKENS + 1, 1, 1); }

#[test, expected_failure(abort_code = fee::EFeeTooLarge)]
fun a_fee_fits_into_64_bits() { fee::of(MAX_TOKENS, MAX_TOKENS, MAX_PRICE, MAX_PRICE); }
