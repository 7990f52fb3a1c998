//! Charging a transaction that has run.

use std::collections::BTreeMap;
use std::sync::Arc;

use sui_sdk_types::{Address, Digest, ExecutionError, GasCostSummary, Object, Version};

use super::changes::{Changes, NewData};
use super::failure::Failure;
use super::gas::sender_rebate;
use crate::error::LedgerError;

/// How a transaction pays.
#[derive(Debug, Clone, Copy)]
pub(super) struct Payment {
    /// The coin that pays, after all coins of the payment were merged into it.
    pub(super) coin: Address,
    /// Balance of all coins of the payment.
    pub(super) balance: u64,
    /// Most that may be charged, before rebates.
    pub(super) budget: u64,
}

/// The objects of a transaction, paid for.
#[derive(Debug)]
pub(super) struct Charged {
    pub(super) changes: Changes,
    pub(super) written: BTreeMap<Address, Arc<Object>>,
    pub(super) gas_used: GasCostSummary,
    /// Set when gas ran out for storage only.
    pub(super) failure: Option<Failure>,
}

/// At which version and by which transaction objects are written.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stamp {
    pub(super) version: Version,
    pub(super) digest: Digest,
}

/// Writes without charging, as for the ledger's own transactions.
pub(super) fn write_free(changes: Changes, stamp: Stamp) -> Result<Charged, LedgerError> {
    Ok(Charged {
        written: build(&changes, stamp, true)?,
        changes,
        gas_used: GasCostSummary::default(),
        failure: None,
    })
}

/// Charges for computation and storage. Where the budget does not cover the storage, only the
/// inputs are written again, as `base` has them.
pub(super) fn charge(
    changes: Changes,
    base: &Changes,
    payment: Payment,
    computation_cost: u64,
    stamp: Stamp,
) -> Result<Charged, LedgerError> {
    let computation_cost = computation_cost.min(payment.budget);
    let cost = StorageCost::of(&changes, stamp)?;
    if cost.fits(payment.budget - computation_cost) {
        return cost.apply(changes, payment, computation_cost, stamp, None);
    }
    let failure = Failure {
        error: ExecutionError::InsufficientGas,
        message: "the budget does not cover the storage".to_owned(),
    };
    let cost = StorageCost::of(base, stamp)?;
    if cost.net() > payment.budget {
        return charge_computation_only(base.clone(), payment, stamp, failure);
    }
    // Inputs that are written again cost little more than they give back; where the budget covers
    // that but not the computation too, computation becomes cheaper by the difference.
    let computation_cost = computation_cost.min(payment.budget - cost.net());
    cost.apply(
        base.clone(),
        payment,
        computation_cost,
        stamp,
        Some(failure),
    )
}

/// Charges the whole budget for computation and nothing for storage: large inputs that are written
/// again, paid from a budget that does not even cover the part of their storage that is never
/// given back. They keep the rebates that they carry.
fn charge_computation_only(
    mut changes: Changes,
    payment: Payment,
    stamp: Stamp,
    failure: Failure,
) -> Result<Charged, LedgerError> {
    let gas_used = GasCostSummary {
        computation_cost: payment.budget,
        ..GasCostSummary::default()
    };
    deduct(&mut changes, payment, &gas_used)?;
    Ok(Charged {
        written: build(&changes, stamp, true)?,
        changes,
        gas_used,
        failure: Some(failure),
    })
}

#[derive(Debug, Clone, Copy)]
struct StorageCost {
    cost: u64,
    rebate: u64,
}

impl StorageCost {
    fn of(changes: &Changes, stamp: Stamp) -> Result<Self, LedgerError> {
        let written = build(changes, stamp, false)?;
        let sum = |objects: &mut dyn Iterator<Item = &Arc<Object>>| {
            objects.fold(0u64, |sum, object| {
                sum.saturating_add(object.storage_rebate())
            })
        };
        Ok(Self {
            cost: sum(&mut written.values()),
            rebate: sum(&mut changes.before.values()),
        })
    }

    fn net(&self) -> u64 {
        self.cost.saturating_sub(sender_rebate(self.rebate))
    }

    fn fits(&self, left: u64) -> bool {
        self.net() <= left
    }

    fn apply(
        self,
        mut changes: Changes,
        payment: Payment,
        computation_cost: u64,
        stamp: Stamp,
        failure: Option<Failure>,
    ) -> Result<Charged, LedgerError> {
        let returned = sender_rebate(self.rebate);
        let gas_used = GasCostSummary {
            computation_cost,
            storage_cost: self.cost,
            storage_rebate: returned,
            non_refundable_storage_fee: self.rebate - returned,
        };
        deduct(&mut changes, payment, &gas_used)?;
        Ok(Charged {
            written: build(&changes, stamp, false)?,
            changes,
            gas_used,
            failure,
        })
    }
}

/// Takes the charge from the gas coin, wherever it is by now.
fn deduct(
    changes: &mut Changes,
    payment: Payment,
    gas_used: &GasCostSummary,
) -> Result<(), LedgerError> {
    let lost = || LedgerError::System("the gas coin is not where it must be".to_owned());
    let coin = changes.written.get_mut(&payment.coin).ok_or_else(lost)?;
    let NewData::Struct { contents, .. } = &mut coin.data else {
        return Err(lost());
    };
    let balance = contents.get_mut(Address::LENGTH..).ok_or_else(lost)?;
    let before = u64::from_le_bytes((&*balance).try_into().map_err(|_| lost())?);
    let after = before
        .checked_add(gas_used.storage_rebate)
        .and_then(|sum| sum.checked_sub(gas_used.computation_cost))
        .and_then(|sum| sum.checked_sub(gas_used.storage_cost))
        .ok_or_else(|| LedgerError::System("the gas coin does not cover the charge".to_owned()))?;
    balance.copy_from_slice(&after.to_le_bytes());
    Ok(())
}

fn build(
    changes: &Changes,
    stamp: Stamp,
    unmetered: bool,
) -> Result<BTreeMap<Address, Arc<Object>>, LedgerError> {
    let mut objects = BTreeMap::new();
    for (id, object) in &changes.written {
        let before = changes.before.get(id).map(|object| &**object);
        let built = object
            .build(stamp.version, stamp.digest, before, unmetered)
            .ok_or_else(|| LedgerError::System(format!("object {id} has no id")))?;
        objects.insert(*id, Arc::new(built));
    }
    Ok(objects)
}
