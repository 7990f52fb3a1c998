//! 256-bit unsigned integers.

use std::cmp::Ordering;
use std::fmt;

/// An unsigned 256-bit integer: four 64-bit limbs, the least significant first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct U256([u64; 4]);

impl U256 {
    /// Zero.
    pub const ZERO: Self = Self([0; 4]);
    /// The largest value.
    pub const MAX: Self = Self([u64::MAX; 4]);
    /// One.
    pub const ONE: Self = Self([1, 0, 0, 0]);

    /// Reads 32 bytes, little end first.
    #[must_use]
    pub fn from_le_bytes(bytes: &[u8; 32]) -> Self {
        let mut limbs = [0; 4];
        for (limb, chunk) in limbs.iter_mut().zip(bytes.as_chunks::<8>().0) {
            *limb = u64::from_le_bytes(*chunk);
        }
        Self(limbs)
    }

    /// 32 bytes, little end first.
    #[must_use]
    pub fn to_le_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        for (limb, chunk) in self.0.iter().zip(bytes.as_chunks_mut::<8>().0) {
            *chunk = limb.to_le_bytes();
        }
        bytes
    }

    /// The value as `u128`, if it fits.
    #[must_use]
    pub fn to_u128(self) -> Option<u128> {
        (self.0[2] == 0 && self.0[3] == 0)
            .then(|| u128::from(self.0[0]) | (u128::from(self.0[1]) << 64))
    }

    /// The sum, unless it overflows.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let mut limbs = [0; 4];
        let mut carry = false;
        for (index, limb) in limbs.iter_mut().enumerate() {
            let (sum, first) = self.0[index].overflowing_add(other.0[index]);
            let (sum, second) = sum.overflowing_add(u64::from(carry));
            *limb = sum;
            carry = first || second;
        }
        (!carry).then_some(Self(limbs))
    }

    fn overflowing_sub(self, other: Self) -> (Self, bool) {
        let mut limbs = [0; 4];
        let mut borrow = false;
        for (index, limb) in limbs.iter_mut().enumerate() {
            let (difference, first) = self.0[index].overflowing_sub(other.0[index]);
            let (difference, second) = difference.overflowing_sub(u64::from(borrow));
            *limb = difference;
            borrow = first || second;
        }
        (Self(limbs), borrow)
    }

    /// The difference, unless it is negative.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let (difference, borrow) = self.overflowing_sub(other);
        (!borrow).then_some(difference)
    }

    /// The product, unless it overflows.
    #[must_use]
    pub fn checked_mul(self, other: Self) -> Option<Self> {
        let mut limbs = [0u64; 8];
        for (i, left) in self.0.iter().enumerate() {
            let mut carry = 0u128;
            for (j, right) in other.0.iter().enumerate() {
                let sum = u128::from(*left) * u128::from(*right) + u128::from(limbs[i + j]) + carry;
                limbs[i + j] = low_limb(sum);
                carry = sum >> 64;
            }
            limbs[i + 4] = low_limb(carry);
        }
        limbs[4..]
            .iter()
            .all(|limb| *limb == 0)
            .then(|| Self([limbs[0], limbs[1], limbs[2], limbs[3]]))
    }

    fn bit(&self, index: u32) -> bool {
        let limb = self.0[(index / 64) as usize];
        (limb >> (index % 64)) & 1 == 1
    }

    fn bits(&self) -> u32 {
        for (index, limb) in (0u32..4).zip(self.0.iter()).rev() {
            if *limb != 0 {
                return index * 64 + 64 - limb.leading_zeros();
            }
        }
        0
    }

    /// Quotient and remainder, unless `divisor` is zero.
    #[must_use]
    pub fn checked_div_rem(self, divisor: Self) -> Option<(Self, Self)> {
        if divisor == Self::ZERO {
            return None;
        }
        if let (Some(left), Some(right)) = (self.to_u128(), divisor.to_u128()) {
            return Some((Self::from(left / right), Self::from(left % right)));
        }
        let mut quotient = Self::ZERO;
        let mut remainder = Self::ZERO;
        for index in (0..self.bits()).rev() {
            let overflow = remainder.bit(255);
            remainder = remainder.shl_wrapping(1);
            remainder.0[0] |= u64::from(self.bit(index));
            if overflow || remainder >= divisor {
                remainder = remainder.overflowing_sub(divisor).0;
                quotient.0[(index / 64) as usize] |= 1 << (index % 64);
            }
        }
        Some((quotient, remainder))
    }

    /// Shifts left by `bits` below 256; bits that leave are lost, as in Move.
    #[must_use]
    pub fn shl_wrapping(self, bits: u8) -> Self {
        let whole = usize::from(bits / 64);
        let part = u32::from(bits % 64);
        let mut limbs = [0; 4];
        for (index, limb) in limbs.iter_mut().enumerate().skip(whole) {
            *limb = self.0[index - whole] << part;
            if part > 0 && index > whole {
                *limb |= self.0[index - whole - 1] >> (64 - part);
            }
        }
        Self(limbs)
    }

    /// Shifts right by `bits` below 256.
    #[must_use]
    pub fn shr_wrapping(self, bits: u8) -> Self {
        let whole = usize::from(bits / 64);
        let part = u32::from(bits % 64);
        let mut limbs = [0; 4];
        for (index, limb) in limbs.iter_mut().enumerate().take(4 - whole) {
            *limb = self.0[index + whole] >> part;
            if part > 0 && index + whole + 1 < 4 {
                *limb |= self.0[index + whole + 1] << (64 - part);
            }
        }
        Self(limbs)
    }

    /// Bitwise operation, limb by limb.
    #[must_use]
    pub(crate) fn zip_limbs(self, other: Self, operation: impl Fn(u64, u64) -> u64) -> Self {
        let mut limbs = [0; 4];
        for (index, limb) in limbs.iter_mut().enumerate() {
            *limb = operation(self.0[index], other.0[index]);
        }
        Self(limbs)
    }
}

/// The low 64 bits.
fn low_limb(wide: u128) -> u64 {
    u64::try_from(wide & u128::from(u64::MAX)).expect("masked to 64 bits")
}

impl From<u128> for U256 {
    fn from(value: u128) -> Self {
        Self([low_limb(value), low_limb(value >> 64), 0, 0])
    }
}

impl From<u64> for U256 {
    fn from(value: u64) -> Self {
        Self([value, 0, 0, 0])
    }
}

impl Ord for U256 {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.iter().rev().cmp(other.0.iter().rev())
    }
}

impl PartialOrd for U256 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const CHUNK: u64 = 10_000_000_000_000_000_000;
        let mut chunks = Vec::new();
        let mut rest = *self;
        while let Some((quotient, remainder)) = rest.checked_div_rem(Self::from(CHUNK)) {
            chunks.push(remainder.0[0]);
            if quotient == Self::ZERO {
                break;
            }
            rest = quotient;
        }
        let mut text = chunks.pop().unwrap_or_default().to_string();
        while let Some(chunk) = chunks.pop() {
            text.push_str(&format!("{chunk:019}"));
        }
        f.pad_integral(true, "", &text)
    }
}

impl fmt::Debug for U256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
