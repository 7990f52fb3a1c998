//! Checks before a transaction runs: what Sui's validators refuse is refused here.

mod admission;
mod inputs;
mod signatures;
mod structure;

use sui_sdk_types::Transaction;

use crate::error::Refusal;

pub(crate) use admission::{check_admission, with_gas};
pub(crate) use inputs::{
    Access, Inputs, load_clock, load_inputs, load_simulated_inputs, no_inputs,
};
pub(crate) use signatures::check_signatures;
pub(crate) use structure::check_structure;

/// How strict a simulation is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Checks {
    /// As an execution.
    On,
    /// Any function may be called with any values of the right shape, values may be left over,
    /// objects of others may be used and gas is not checked.
    Off,
}

/// Reads a transaction from its BCS form.
///
/// # Errors
/// [`Refusal::Malformed`] unless the bytes are exactly one transaction.
pub fn decode_transaction(bytes: &[u8]) -> Result<Transaction, Refusal> {
    bcs::from_bytes(bytes).map_err(|error| Refusal::Malformed {
        what: "transaction",
        reason: error.to_string(),
    })
}
