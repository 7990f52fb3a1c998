//! Computation, storage and what they cost.
//!
//! Storage is charged as on Sui: 7,600 MIST a byte, 99 % of which come back when the object goes.
//! Computation is an approximation: one unit an executed instruction, natives by their table, bytes
//! moved by their number, rounded up as Sui rounds.

use atoma_move_vm::{GasMeter, LinearGas, NativeCost, VmResult};
use sui_sdk_types::{MovePackage, MoveStruct};

use crate::limits::Limits;

/// MIST a byte of storage: 100 units of storage at 76 MIST.
const STORAGE_PRICE_PER_BYTE: u64 = 100 * 76;
/// Bytes that Sui counts for owner, previous transaction and rebate of each object.
const OBJECT_METADATA_BYTES: u64 = 40 + 32 + 8;
/// Part of the storage cost that comes back, in 10,000ths.
const REBATE_BASIS_POINTS: u64 = 9_900;
/// The whole, in 10,000ths.
const BASIS_POINTS: u64 = 10_000;

/// Counts computation.
#[derive(Debug)]
pub(super) struct Meter {
    gas: LinearGas,
}

impl Meter {
    /// A meter that stops when the budget, or what one transaction may use, is spent.
    pub(super) fn new(budget: u64, price: u64, limits: &Limits) -> Self {
        let units = budget.checked_div(price).unwrap_or(u64::MAX);
        Self {
            gas: LinearGas::new(units.min(limits.most_computation)),
        }
    }

    /// A meter that never stops, for the ledger's own transactions.
    pub(super) const fn unlimited() -> Self {
        Self {
            gas: LinearGas::new(u64::MAX),
        }
    }

    /// Computation so far in MIST: at least the minimum, rounded up, at most the budget.
    pub(super) fn computation_cost(&self, budget: u64, price: u64, limits: &Limits) -> u64 {
        let units = self.gas.used().max(limits.least_computation);
        let rounded = units
            .checked_next_multiple_of(limits.computation_step.max(1))
            .unwrap_or(u64::MAX);
        rounded.saturating_mul(price).min(budget)
    }
}

impl GasMeter for Meter {
    fn charge_instructions(&mut self, count: u64) -> VmResult<()> {
        self.gas.charge_instructions(count)
    }

    fn charge_native(&mut self, cost: NativeCost) -> VmResult<()> {
        self.gas.charge_native(cost)
    }

    fn charge_memory(&mut self, bytes: u64) -> VmResult<()> {
        self.gas.charge_memory(bytes)
    }
}

/// Cost of storing an object, MIST; it is also the rebate that the object carries.
pub(super) fn object_storage_cost(object: &MoveStruct) -> u64 {
    let encoded = bcs::serialized_size(object).unwrap_or(usize::MAX);
    // Sui counts the contents without their length prefix.
    let bytes = encoded.saturating_sub(uleb_length(object.contents().len()));
    storage_cost(bytes)
}

/// Cost of storing a package, MIST.
pub(super) fn package_storage_cost(package: &MovePackage) -> u64 {
    storage_cost(package_size(package))
}

/// Bytes of a package as Sui counts them.
pub(super) fn package_size(package: &MovePackage) -> usize {
    const ID: usize = 32;
    const VERSION: usize = 8;
    let modules: usize = package
        .modules
        .iter()
        .map(|(name, bytes)| name.as_str().len() + bytes.len())
        .sum();
    let origins: usize = package
        .type_origin_table
        .iter()
        .map(|origin| origin.module_name.as_str().len() + origin.struct_name.as_str().len() + ID)
        .sum();
    VERSION + modules + origins + package.linkage_table.len() * (ID + ID + VERSION)
}

fn storage_cost(bytes: usize) -> u64 {
    u64::try_from(bytes)
        .unwrap_or(u64::MAX)
        .saturating_add(OBJECT_METADATA_BYTES)
        .saturating_mul(STORAGE_PRICE_PER_BYTE)
}

/// What comes back of the storage cost of objects that go or are replaced; rounded to nearest.
pub(super) fn sender_rebate(storage_rebate: u64) -> u64 {
    let exact = u128::from(storage_rebate) * u128::from(REBATE_BASIS_POINTS);
    let rounded = (exact + u128::from(BASIS_POINTS / 2)) / u128::from(BASIS_POINTS);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

fn uleb_length(value: usize) -> usize {
    let bits = (usize::BITS - value.leading_zeros()).max(1);
    usize::try_from(bits.div_ceil(7)).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use sui_sdk_types::{Address, StructTag};

    #[test]
    fn a_coin_of_sui_costs_what_it_costs_on_mainnet() {
        let mut contents = Address::TWO.into_inner().to_vec();
        contents.extend_from_slice(&7u64.to_le_bytes());
        let coin = MoveStruct::new(StructTag::gas_coin(), true, 1, contents).expect("has an id");
        assert_eq!(object_storage_cost(&coin), 988_000);
        assert_eq!(sender_rebate(988_000), 978_120);
    }

    #[test]
    fn lengths_of_length_prefixes() {
        assert_eq!(
            [0, 1, 127, 128, 16_383, 16_384].map(uleb_length),
            [1, 1, 1, 2, 2, 3]
        );
    }
}
