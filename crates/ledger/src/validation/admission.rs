//! Expiration and gas parameters.

use std::sync::Arc;

use sui_sdk_types::{
    Address, Digest, Object, ObjectData, ObjectReference, Owner, StructTag, Transaction,
    TransactionExpiration,
};

use super::Checks;
use crate::error::Refusal;
use crate::execution::Chain;

/// Balance of a gas coin that is made up for a simulation: more than any budget.
const MOCK_GAS_BALANCE: u64 = 1_000_000_000 * crate::config::MIST_PER_SUI;
/// Id of a gas coin that is made up.
const MOCK_GAS_ID: Address = Address::new([0xff; 32]);

/// Refuses expired transactions, those for other chains, and bad gas prices and budgets.
pub(crate) fn check_admission(chain: &Chain<'_>, transaction: &Transaction) -> Result<(), Refusal> {
    check_expiration(chain, &transaction.expiration)?;
    let gas = &transaction.gas_payment;
    let limits = chain.limits;
    if gas.price < chain.reference_gas_price {
        return Err(Refusal::GasPriceTooLow {
            price: gas.price,
            reference: chain.reference_gas_price,
        });
    }
    if gas.price >= limits.gas_price {
        return Err(Refusal::Limit {
            limit: "gas price",
            value: gas.price,
            most: limits.gas_price - 1,
        });
    }
    let least = limits.least_computation.saturating_mul(gas.price);
    if gas.budget < least {
        return Err(Refusal::GasBudgetTooLow {
            budget: gas.budget,
            least,
        });
    }
    if gas.budget > limits.gas_budget {
        return Err(Refusal::Limit {
            limit: "gas budget",
            value: gas.budget,
            most: limits.gas_budget,
        });
    }
    Ok(())
}

fn check_expiration(chain: &Chain<'_>, expiration: &TransactionExpiration) -> Result<(), Refusal> {
    let expired = Refusal::Expired {
        epoch: chain.epoch,
        now_ms: chain.clock_ms,
    };
    match expiration {
        TransactionExpiration::None => Ok(()),
        TransactionExpiration::Epoch(last) => {
            if chain.epoch <= *last {
                Ok(())
            } else {
                Err(expired)
            }
        }
        TransactionExpiration::ValidDuring {
            min_epoch,
            max_epoch,
            min_timestamp,
            max_timestamp,
            chain: asked,
            ..
        } => {
            if *asked != chain.chain_id {
                return Err(Refusal::OtherChain(*asked));
            }
            let epoch_fits = min_epoch.is_none_or(|first| first <= chain.epoch)
                && max_epoch.is_none_or(|last| chain.epoch <= last);
            let time_fits = min_timestamp.is_none_or(|first| first <= chain.clock_ms)
                && max_timestamp.is_none_or(|last| chain.clock_ms <= last);
            if epoch_fits && time_fits {
                Ok(())
            } else {
                Err(expired)
            }
        }
        _ => Err(Refusal::Unsupported("this kind of expiration")),
    }
}

/// Completes the gas of a transaction that is to be simulated: price and budget where they are
/// zero, and a made-up coin where there is none.
pub(crate) fn with_gas(
    chain: &Chain<'_>,
    transaction: &Transaction,
    checks: Checks,
) -> (Transaction, Option<Arc<Object>>) {
    let mut transaction = transaction.clone();
    let gas = &mut transaction.gas_payment;
    if gas.price == 0 || checks == Checks::Off {
        gas.price = gas.price.max(chain.reference_gas_price);
    }
    if gas.budget == 0 {
        gas.budget = chain.limits.gas_budget;
    }
    if !gas.objects.is_empty() {
        return (transaction, None);
    }
    let mut contents = MOCK_GAS_ID.into_inner().to_vec();
    contents.extend_from_slice(&MOCK_GAS_BALANCE.to_le_bytes());
    let coin = sui_sdk_types::MoveStruct::new(StructTag::gas_coin(), true, 1, contents)
        .expect("the contents start with an id");
    let object = Object::new(
        ObjectData::Struct(coin),
        Owner::Address(gas.owner),
        Digest::ZERO,
        0,
    );
    gas.objects = vec![ObjectReference::new(MOCK_GAS_ID, 1, object.digest())];
    (transaction, Some(Arc::new(object)))
}
