//! Changes of coin balances.

use std::collections::BTreeMap;
use std::sync::Arc;

use sui_sdk_types::{Address, BalanceChange, Object, TypeTag};

use crate::records::{OwnerKind, coin_of, indexed_owner};

/// What the owners of coins gained and lost, by owner and coin type; zero changes are left out.
pub(crate) fn balance_changes<'a>(
    before: impl IntoIterator<Item = &'a Arc<Object>>,
    after: impl IntoIterator<Item = &'a Arc<Object>>,
) -> Vec<BalanceChange> {
    let mut changes: BTreeMap<(Address, TypeTag), i128> = BTreeMap::new();
    let mut add = |object: &Object, sign: i128| {
        if let Some((OwnerKind::Address, owner)) = indexed_owner(object)
            && let Some((coin_type, balance)) = coin_of(object)
        {
            *changes.entry((owner, coin_type)).or_default() += sign * i128::from(balance);
        }
    };
    for object in before {
        add(object, -1);
    }
    for object in after {
        add(object, 1);
    }
    changes
        .into_iter()
        .filter(|(_, amount)| *amount != 0)
        .map(|((address, coin_type), amount)| BalanceChange {
            address,
            coin_type,
            amount,
        })
        .collect()
}
