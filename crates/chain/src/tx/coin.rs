//! Coins and packages.

use atoma_protocol::{
    ids::{Address, ObjectId, PackageId},
    money::Amount,
};

use crate::{
    action::{Access, Action},
    deployment::{CoinType, TestUsd},
    error::ChainError,
    id::SuiId as _,
};

/// Publishes a package; its `UpgradeCap` goes to `owner`. `modules` are compiled bytecode in dependency
/// order, `dependencies` the packages that they need, all of them.
#[must_use]
pub fn publish(modules: Vec<Vec<u8>>, dependencies: Vec<PackageId>, owner: Address) -> Action {
    let mut action = Action::new("publish");
    let cap = action.publish(modules, dependencies);
    action.transfer(vec![cap], owner);
    action
}

/// Gives each address an amount of a coin.
#[must_use]
pub fn transfer(coin: &CoinType, to: &[(Address, Amount)]) -> Action {
    let mut action = Action::new("transfer");
    for (address, amount) in to {
        let paid = action.coin(coin, *amount);
        action.transfer(vec![paid], *address);
    }
    action
}

/// Makes one coin of many of a kind.
#[must_use]
pub fn merge_all(coins: &[ObjectId]) -> Action {
    let mut action = Action::new("merge");
    let mut args: Vec<_> = coins
        .iter()
        .map(|coin| action.object(*coin, Access::Write))
        .collect();
    if args.len() < 2 {
        action.fail(ChainError::BadArgument(
            "merging takes at least two coins".to_owned(),
        ));
        return action;
    }
    let into = args.remove(0);
    action.merge(into, args);
    action
}

/// Mints the test dollar for `to`; one call mints at most 1,000,000 dollars.
#[must_use]
pub fn mint_test_usd(usd: &TestUsd, amount: Amount, to: Address) -> Action {
    let mut action = Action::new("mint_test_usd");
    let faucet = action.object(usd.faucet, Access::Write);
    let amount = action.pure(&amount);
    let coin = action.call(usd.package, "usd", "mint", Vec::new(), vec![faucet, amount]);
    action.transfer(vec![coin], to);
    action
}

/// Mints a coin with its `TreasuryCap`, which the wallet must own, as the publisher of ATOMA does on a
/// local network.
#[must_use]
pub fn treasury_mint(coin: &CoinType, treasury: ObjectId, amount: Amount, to: Address) -> Action {
    let mut action = Action::new("mint");
    let treasury = action.object(treasury, Access::Write);
    let amount = action.pure(&amount);
    let framework = PackageId::from_sui(sui_sdk_types::Address::TWO);
    let minted = action.call(
        framework,
        "coin",
        "mint",
        vec![coin.type_tag()],
        vec![treasury, amount],
    );
    action.transfer(vec![minted], to);
    action
}
