//! Money, prices and token counts: integers, checked.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Tokens that one price is for.
pub const TOKENS_PER_PRICE: u64 = 1_000_000;

/// Why an amount cannot be computed or represented.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MoneyError {
    /// The result does not fit 64 bits.
    #[error("amount exceeds 64 bits")]
    Overflow,
    /// A subtraction would go below zero.
    #[error("amount would be negative")]
    Underflow,
    /// A price of 2^48 or more.
    #[error("price {0} is not below 2^48")]
    PriceTooLarge(u64),
    /// A token count of 2^40 or more.
    #[error("token count {0} is not below 2^40")]
    TooManyTokens(u64),
    /// More than 10,000 basis points.
    #[error("share of {0} basis points exceeds 10,000")]
    ShareTooLarge(u16),
}

/// Base units of one coin type.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Amount(pub u64);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The largest amount.
    pub const MAX: Self = Self(u64::MAX);

    /// Sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_add(other.0)
            .map(Self)
            .ok_or(MoneyError::Overflow)
    }

    /// Difference.
    ///
    /// # Errors
    /// [`MoneyError::Underflow`].
    pub fn checked_sub(self, other: Self) -> Result<Self, MoneyError> {
        self.0
            .checked_sub(other.0)
            .map(Self)
            .ok_or(MoneyError::Underflow)
    }

    /// Sum, at most [`Self::MAX`]; for limits, never for what is owed.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// Difference, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }
}

impl std::fmt::Display for Amount {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Base units per 1,000,000 tokens; below 2^48.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "u64", into = "u64")]
pub struct Price(u64);

impl Price {
    /// The first value that is no price.
    pub const LIMIT: u64 = 1 << 48;

    /// From base units per 1,000,000 tokens.
    ///
    /// # Errors
    /// [`MoneyError::PriceTooLarge`].
    pub const fn new(base_units: u64) -> Result<Self, MoneyError> {
        if base_units < Self::LIMIT {
            Ok(Self(base_units))
        } else {
            Err(MoneyError::PriceTooLarge(base_units))
        }
    }

    /// Base units per 1,000,000 tokens.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl TryFrom<u64> for Price {
    type Error = MoneyError;

    fn try_from(base_units: u64) -> Result<Self, MoneyError> {
        Self::new(base_units)
    }
}

impl From<Price> for u64 {
    fn from(price: Price) -> Self {
        price.0
    }
}

/// A count of tokens; below 2^40.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "u64", into = "u64")]
pub struct Tokens(u64);

impl Tokens {
    /// None.
    pub const ZERO: Self = Self(0);
    /// The first value that is no token count.
    pub const LIMIT: u64 = 1 << 40;

    /// From a count.
    ///
    /// # Errors
    /// [`MoneyError::TooManyTokens`].
    pub const fn new(count: u64) -> Result<Self, MoneyError> {
        if count < Self::LIMIT {
            Ok(Self(count))
        } else {
            Err(MoneyError::TooManyTokens(count))
        }
    }

    /// The count.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Sum.
    ///
    /// # Errors
    /// [`MoneyError::TooManyTokens`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        // Both are below 2^40, so this cannot wrap.
        Self::new(self.0 + other.0)
    }
}

impl TryFrom<u64> for Tokens {
    type Error = MoneyError;

    fn try_from(count: u64) -> Result<Self, MoneyError> {
        Self::new(count)
    }
}

impl From<Tokens> for u64 {
    fn from(tokens: Tokens) -> Self {
        tokens.0
    }
}

impl std::fmt::Display for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// A share in basis points, 0 to 10,000.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct Bps(u16);

impl Bps {
    /// From basis points.
    ///
    /// # Errors
    /// [`MoneyError::ShareTooLarge`].
    pub const fn new(bps: u16) -> Result<Self, MoneyError> {
        if bps <= 10_000 {
            Ok(Self(bps))
        } else {
            Err(MoneyError::ShareTooLarge(bps))
        }
    }

    /// Basis points.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// This share of `amount`, rounded down.
    #[must_use]
    pub fn of(self, amount: Amount) -> Amount {
        let share = u128::from(amount.0) * u128::from(self.0) / 10_000;
        Amount(u64::try_from(share).expect("a share of at most 1 fits where the whole did"))
    }
}

impl TryFrom<u16> for Bps {
    type Error = MoneyError;

    fn try_from(bps: u16) -> Result<Self, MoneyError> {
        Self::new(bps)
    }
}

impl From<Bps> for u16 {
    fn from(bps: Bps) -> Self {
        bps.0
    }
}

/// What a model costs on one node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct Prices {
    /// Per 1,000,000 input tokens.
    pub input: Price,
    /// Per 1,000,000 output tokens.
    pub output: Price,
}

/// Input and output tokens of an answer or a part of one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub struct TokenCount {
    /// Tokens read.
    pub input: Tokens,
    /// Tokens written.
    pub output: Tokens,
}

impl TokenCount {
    /// From input and output counts.
    #[must_use]
    pub const fn new(input: Tokens, output: Tokens) -> Self {
        Self { input, output }
    }

    /// Sum of both sides.
    ///
    /// # Errors
    /// [`MoneyError::TooManyTokens`].
    pub fn checked_add(self, other: Self) -> Result<Self, MoneyError> {
        Ok(Self {
            input: self.input.checked_add(other.input)?,
            output: self.output.checked_add(other.output)?,
        })
    }
}

/// The price of `tokens`: `ceil((input * input_price + output * output_price) / 1,000,000)`.
///
/// The same function as `atoma::fee::fee` in Move; `vectors/fee.json` holds both to it.
///
/// # Errors
/// [`MoneyError::Overflow`] if the fee does not fit 64 bits.
pub fn fee(tokens: TokenCount, prices: Prices) -> Result<Amount, MoneyError> {
    let cost = u128::from(tokens.input.0) * u128::from(prices.input.0)
        + u128::from(tokens.output.0) * u128::from(prices.output.0);
    let fee = cost.div_ceil(u128::from(TOKENS_PER_PRICE));
    u64::try_from(fee)
        .map(Amount)
        .map_err(|_| MoneyError::Overflow)
}

/// The fee of a part: `fee(before + part) - fee(before)`, so that the parts of an answer sum to the
/// price of the whole.
///
/// # Errors
/// [`MoneyError::Overflow`] or [`MoneyError::TooManyTokens`].
pub fn part_fee(
    before: TokenCount,
    part: TokenCount,
    prices: Prices,
) -> Result<Amount, MoneyError> {
    fee(before.checked_add(part)?, prices)?.checked_sub(fee(before, prices)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(input: u64, output: u64) -> TokenCount {
        TokenCount::new(Tokens::new(input).unwrap(), Tokens::new(output).unwrap())
    }

    fn prices(input: u64, output: u64) -> Prices {
        Prices {
            input: Price::new(input).unwrap(),
            output: Price::new(output).unwrap(),
        }
    }

    #[test]
    fn rounds_up_once() {
        assert_eq!(fee(tokens(0, 0), prices(5, 5)), Ok(Amount(0)));
        assert_eq!(fee(tokens(1, 1), prices(1, 1)), Ok(Amount(1)));
        assert_eq!(fee(tokens(500_000, 500_000), prices(1, 1)), Ok(Amount(1)));
        assert_eq!(fee(tokens(500_000, 500_001), prices(1, 1)), Ok(Amount(2)));
    }

    #[test]
    fn refuses_what_exceeds_its_bounds() {
        let most = tokens(Tokens::LIMIT - 1, Tokens::LIMIT - 1);
        assert_eq!(
            fee(most, prices(Price::LIMIT - 1, Price::LIMIT - 1)),
            Err(MoneyError::Overflow)
        );
        assert_eq!(
            Price::new(Price::LIMIT),
            Err(MoneyError::PriceTooLarge(Price::LIMIT))
        );
        assert_eq!(
            Tokens::new(Tokens::LIMIT),
            Err(MoneyError::TooManyTokens(Tokens::LIMIT))
        );
        assert_eq!(Bps::new(10_001), Err(MoneyError::ShareTooLarge(10_001)));
    }

    #[test]
    fn json_cannot_smuggle_a_price_past_its_bound() {
        assert!(serde_json::from_str::<Price>(&Price::LIMIT.to_string()).is_err());
        assert!(serde_json::from_str::<Tokens>(&Tokens::LIMIT.to_string()).is_err());
    }

    proptest! {
        #[test]
        fn parts_sum_to_the_whole(
            cuts in prop::collection::vec((0u64..100_000, 0u64..100_000), 1..20),
            input_price in 0u64..1 << 30,
            output_price in 0u64..1 << 30,
        ) {
            let prices = prices(input_price, output_price);
            let mut before = TokenCount::default();
            let mut sum = Amount::ZERO;
            for (input, output) in cuts {
                let part = tokens(input, output);
                sum = sum.checked_add(part_fee(before, part, prices).unwrap()).unwrap();
                before = before.checked_add(part).unwrap();
            }
            prop_assert_eq!(sum, fee(before, prices).unwrap());
        }

        #[test]
        fn a_share_and_its_rest_make_the_whole(amount: u64, bps in 0u16..=10_000) {
            let share = Bps::new(bps).unwrap().of(Amount(amount));
            prop_assert!(share <= Amount(amount));
        }
    }
}
