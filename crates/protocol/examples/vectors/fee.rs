//! `fee.json`.

use atoma_protocol::money::{MoneyError, Price, Prices, TokenCount, Tokens, fee};

use super::Vector;

const MAX_TOKENS: u64 = Tokens::LIMIT - 1;
const MAX_PRICE: u64 = Price::LIMIT - 1;

/// Name, input and output tokens, input and output price.
const CASES: [(&str, u64, u64, u64, u64); 22] = [
    ("nothing", 0, 0, 0, 0),
    ("no tokens", 0, 0, 5, 7),
    ("free", 1_000_000, 1_000_000, 0, 0),
    ("one token of each at the smallest price", 1, 1, 1, 1),
    ("exactly one unit", 500_000, 500_000, 1, 1),
    ("just above one unit", 500_000, 500_001, 1, 1),
    ("just below two units", 999_999, 1_000_000, 1, 1),
    ("exactly two units", 1_000_000, 1_000_000, 1, 1),
    ("input alone", 1_234, 0, 2_000_000, 9),
    ("output alone", 0, 1_234, 9, 2_000_000),
    ("rounded once, not each side", 1, 1, 400_000, 400_000),
    ("a usual request", 1_372, 418, 150_000, 600_000),
    ("a million of each", 1_000_000, 1_000_000, 150_000, 600_000),
    ("most tokens at price one", MAX_TOKENS, MAX_TOKENS, 1, 1),
    (
        "one token of each at the largest price",
        1,
        1,
        MAX_PRICE,
        MAX_PRICE,
    ),
    (
        "the largest price that fits with most tokens",
        MAX_TOKENS,
        0,
        16_777_216_000_015,
        0,
    ),
    (
        "one unit of price more overflows",
        0,
        MAX_TOKENS,
        0,
        16_777_216_000_016,
    ),
    (
        "overflow by the sum of both sides",
        MAX_TOKENS,
        MAX_TOKENS,
        9_000_000_000_000,
        9_000_000_000_000,
    ),
    (
        "overflow at the limits",
        MAX_TOKENS,
        MAX_TOKENS,
        MAX_PRICE,
        MAX_PRICE,
    ),
    ("a price at its limit", 1, 1, Price::LIMIT, 0),
    ("input tokens at their limit", Tokens::LIMIT, 0, 1, 1),
    (
        "the largest numbers",
        u64::MAX,
        u64::MAX,
        u64::MAX,
        u64::MAX,
    ),
];

pub(super) fn vectors() -> Vec<Vector> {
    CASES
        .iter()
        .map(|(name, input, output, input_price, output_price)| {
            let expected = match compute(*input, *output, *input_price, *output_price) {
                Ok(fee) => fee.to_string(),
                Err(MoneyError::Overflow) => "overflow".to_owned(),
                Err(MoneyError::PriceTooLarge(_)) => "price_too_large".to_owned(),
                Err(MoneyError::TooManyTokens(_)) => "too_many_tokens".to_owned(),
                Err(error) => panic!("{error}"),
            };
            vec![
                ("name", name.into()),
                ("input_tokens", input.into()),
                ("output_tokens", output.into()),
                ("input_price", input_price.into()),
                ("output_price", output_price.into()),
                ("expected", expected.into()),
            ]
        })
        .collect()
}

fn compute(
    input: u64,
    output: u64,
    input_price: u64,
    output_price: u64,
) -> Result<u64, MoneyError> {
    let prices = Prices {
        input: Price::new(input_price)?,
        output: Price::new(output_price)?,
    };
    let tokens = TokenCount::new(Tokens::new(input)?, Tokens::new(output)?);
    fee(tokens, prices).map(|fee| fee.0)
}
