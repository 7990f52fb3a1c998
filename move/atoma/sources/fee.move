/// The price formula, the only one in the protocol.
///
/// `fee(in, out) = ceil((in * input_price + out * output_price) / 1_000_000)`, prices in base units
/// per 1,000,000 tokens, computed in `u128`.
module atoma::fee;

// === Errors ===

/// A price is 2^48 base units per 1,000,000 tokens or more.
#[error(code = 0)]
const EPriceTooLarge: vector<u8> = b"A price must be below 2^48 base units per 1,000,000 tokens";
/// A count of tokens is 2^40 or more.
#[error(code = 1)]
const ETooManyTokens: vector<u8> = b"A count of tokens must be below 2^40";
/// The fee does not fit into 64 bits.
#[error(code = 2)]
const EFeeTooLarge: vector<u8> = b"The fee does not fit into 64 bits";

// === Constants ===

/// Prices are below this (2^48).
const PRICE_LIMIT: u64 = 1 << 48;
/// Token counts are below this (2^40).
const TOKEN_LIMIT: u64 = 1 << 40;
/// Tokens that a price is for.
const TOKENS_PER_PRICE: u128 = 1_000_000;
/// Largest value of a `u64`.
const MAX_U64: u128 = 0xFFFF_FFFF_FFFF_FFFF;

// === Public functions ===

/// Fee in base units for `input_tokens` and `output_tokens` at the two prices.
public fun of(
    input_tokens: u64,
    output_tokens: u64,
    input_price: u64,
    output_price: u64,
): u64 {
    assert_price(input_price);
    assert_price(output_price);
    assert!(input_tokens < TOKEN_LIMIT && output_tokens < TOKEN_LIMIT, ETooManyTokens);
    let fee = formula(input_tokens as u128, output_tokens as u128, input_price, output_price);
    assert!(fee <= MAX_U64, EFeeTooLarge);
    fee as u64
}

/// Most that a part of an answer may cost: `fee(before + part) - fee(before)`. It never aborts on
/// counts, for the node chose them: beyond the limit nothing is owed.
public fun of_part(
    input_before: u64,
    output_before: u64,
    input_tokens: u64,
    output_tokens: u64,
    input_price: u64,
    output_price: u64,
): u128 {
    assert_price(input_price);
    assert_price(output_price);
    let input = (input_before as u128) + (input_tokens as u128);
    let output = (output_before as u128) + (output_tokens as u128);
    if (input >= TOKEN_LIMIT as u128 || output >= TOKEN_LIMIT as u128) return 0;
    formula(input, output, input_price, output_price)
        - formula(input_before as u128, output_before as u128, input_price, output_price)
}

// === Package functions ===

/// Aborts with `EPriceTooLarge` unless the price is below 2^48.
public(package) fun assert_price(price: u64) {
    assert!(price < PRICE_LIMIT, EPriceTooLarge);
}

// === Private functions ===

/// Counts below 2^41 and prices below 2^48 cannot overflow.
fun formula(input: u128, output: u128, input_price: u64, output_price: u64): u128 {
    let total = input * (input_price as u128) + output * (output_price as u128);
    total.divide_and_round_up(TOKENS_PER_PRICE)
}
