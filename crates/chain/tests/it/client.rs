//! Resolving, paying, racing.

use std::{sync::Arc, time::Duration};

use atoma_chain::{
    Action, ChainError, Client, CoinType, Deployment, RpcError, Wallet, abort::Named,
    action::Access, tx,
};
use atoma_env::Env;
use atoma_protocol::{
    ids::{Address, ChannelId, ObjectId, PackageId},
    money::Amount,
    time::TimestampMs,
};
use futures::future::join_all;
use sui_sdk_types::{Command, Input, TransactionKind};
use zeroize::Zeroizing;

use crate::fake_chain::{COST, FakeChain, Fault, deployment, usd};

pub(crate) fn wallet(seed: u8) -> Wallet {
    Wallet::from_seed(&Zeroizing::new([seed; 32]))
}

pub(crate) fn client(chain: &FakeChain) -> Client {
    let env = Env::simulated(7, TimestampMs(1_000));
    Client::unchecked(Arc::new(chain.clone()), deployment(), env)
}

const SUI: u64 = 1_000_000_000;

/// A chain on which wallet 1 has three gas coins.
fn chain() -> (FakeChain, Wallet) {
    let chain = FakeChain::new();
    let wallet = wallet(1);
    for (id, balance) in [(0x51, SUI), (0x52, 3 * SUI), (0x53, 2 * SUI)] {
        chain.give_coin(id, wallet.address(), &CoinType::sui(), balance);
    }
    (chain, wallet)
}

#[tokio::test(start_paused = true)]
async fn pays_from_the_largest_coin_with_a_budget_near_the_cost() {
    let (chain, wallet) = chain();
    client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap();
    let [transaction] = chain.executed().try_into().unwrap();
    let gas = transaction.gas_payment;
    assert_eq!(gas.objects.len(), 1);
    assert_eq!(gas.objects[0].object_id().inner(), &[0x52; 32]);
    assert!(
        gas.budget >= COST && gas.budget < 10 * COST,
        "{}",
        gas.budget
    );
    assert_eq!(gas.price, 1_000);
}

#[tokio::test(start_paused = true)]
async fn shared_objects_are_written_or_read_as_the_action_says() {
    let (chain, wallet) = chain();
    client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap();
    let [transaction] = chain.executed().try_into().unwrap();
    let TransactionKind::ProgrammableTransaction(kind) = transaction.kind else {
        panic!("a programmable transaction");
    };
    let shared: Vec<bool> = kind
        .inputs
        .iter()
        .map(|input| match input {
            Input::Shared(shared) => {
                assert_eq!(shared.version(), 1);
                shared.mutability().is_mutable()
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(shared, [true, false]);
    let Command::MoveCall(call) = &kind.commands[0] else {
        panic!("a call");
    };
    assert_eq!(call.function.as_str(), "tick");
}

#[tokio::test(start_paused = true)]
async fn tasks_that_share_a_wallet_never_race() {
    let (chain, wallet) = chain();
    let client = client(&chain);
    let action = tx::tick(&deployment());
    let all = join_all((0..20).map(|_| client.submit(&wallet, &action))).await;
    assert!(all.into_iter().all(|outcome| outcome.is_ok()));
    assert_eq!((chain.executed().len(), chain.rejected()), (20, 0));
}

#[tokio::test(start_paused = true)]
async fn a_fullnode_that_lags_does_not_lose_the_wallets_coins() {
    let (chain, wallet) = chain();
    let client = client(&chain);
    chain.freeze_reads();
    for _ in 0..5 {
        client
            .submit(&wallet, &tx::tick(&deployment()))
            .await
            .unwrap();
    }
    assert_eq!((chain.executed().len(), chain.rejected()), (5, 0));
}

#[tokio::test(start_paused = true)]
async fn another_user_of_the_key_costs_a_retry() {
    let (chain, wallet) = chain();
    chain.fault(Fault::MoveObjects);
    client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap();
    assert_eq!((chain.executed().len(), chain.rejected()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn retries_have_an_end() {
    let (chain, wallet) = chain();
    chain.always_move_objects();
    let error = client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap_err();
    assert!(matches!(error, ChainError::Contended { .. }), "{error}");
    assert!(error.is_transient());
    assert!(chain.executed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_is_asked_for_and_nothing_is_done_twice() {
    let (chain, wallet) = chain();
    chain.fault(Fault::LoseAnswer);
    client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap();
    assert_eq!(chain.executed().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lost_request_is_reported_as_unknown() {
    let (chain, wallet) = chain();
    chain.fault(Fault::LoseRequest);
    let error = client(&chain)
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        ChainError::Rpc(RpcError::Unavailable { .. })
    ));
    assert!(error.is_transient());
}

#[tokio::test(start_paused = true)]
async fn empty_wallets_say_what_is_missing() {
    let chain = FakeChain::new();
    let poor = wallet(2);
    let error = client(&chain)
        .submit(&poor, &tx::tick(&deployment()))
        .await
        .unwrap_err();
    assert!(matches!(
        error,
        ChainError::InsufficientGas { available: 0, owner, .. } if owner == poor.address()
    ));

    chain.give_coin(0x51, poor.address(), &CoinType::sui(), COST / 2);
    let error = client(&chain)
        .submit(&poor, &tx::tick(&deployment()))
        .await
        .unwrap_err();
    assert!(
        matches!(error, ChainError::InsufficientGas { available, .. } if available == COST / 2),
        "{error}"
    );

    chain.give_coin(0x61, poor.address(), &usd(), 5);
    let pay = tx::transfer(&usd(), &[(Address::new([3; 32]), Amount(6))]);
    assert_eq!(
        client(&chain).submit(&poor, &pay).await.unwrap_err(),
        ChainError::InsufficientFunds {
            owner: poor.address(),
            coin: usd(),
            available: 5,
            needed: 6
        }
    );
}

#[tokio::test(start_paused = true)]
async fn payments_take_the_fewest_coins_over_pages() {
    let (chain, wallet) = chain();
    for id in 0x61..0x69 {
        chain.give_coin(id, wallet.address(), &usd(), u64::from(id));
    }
    let client = client(&chain);
    assert_eq!(
        client.balance(wallet.address(), &usd()).await.unwrap(),
        Amount((0x61..0x69).sum())
    );
    let pay = tx::transfer(&usd(), &[(Address::new([3; 32]), Amount(0x68 + 1))]);
    client.submit(&wallet, &pay).await.unwrap();
    let [transaction] = chain.executed().try_into().unwrap();
    let TransactionKind::ProgrammableTransaction(kind) = transaction.kind else {
        panic!("a programmable transaction");
    };
    let coins: Vec<u8> = kind
        .inputs
        .iter()
        .filter_map(|input| match input {
            Input::ImmutableOrOwned(coin) => Some(coin.object_id().inner()[0]),
            _ => None,
        })
        .collect();
    assert_eq!(coins, [0x68, 0x67]);
}

#[tokio::test(start_paused = true)]
async fn a_coin_that_the_action_names_does_not_pay_for_gas() {
    let (chain, wallet) = chain();
    let action = tx::merge_all(&[ObjectId::new([0x52; 32]), ObjectId::new([0x53; 32])]);
    client(&chain).submit(&wallet, &action).await.unwrap();
    let [transaction] = chain.executed().try_into().unwrap();
    assert_eq!(
        transaction.gas_payment.objects[0].object_id().inner(),
        &[0x51; 32]
    );
}

fn use_object(id: u8) -> Action {
    let mut action = Action::new("use");
    let object = action.object(ObjectId::new([id; 32]), Access::Read);
    action.call(PackageId::new([2; 32]), "m", "f", vec![], vec![object]);
    action
}

#[tokio::test(start_paused = true)]
async fn foreign_and_missing_objects_are_named() {
    let (chain, mine) = chain();
    chain.give(0x71, wallet(9).address());
    let client = client(&chain);
    assert_eq!(
        client.submit(&mine, &use_object(0x71)).await.unwrap_err(),
        ChainError::NotOwned {
            id: ObjectId::new([0x71; 32]),
            wallet: mine.address()
        }
    );
    assert_eq!(
        client.submit(&mine, &use_object(0x72)).await.unwrap_err(),
        ChainError::NoSuchObject {
            id: ObjectId::new([0x72; 32])
        }
    );
}

#[tokio::test(start_paused = true)]
async fn what_would_abort_is_not_sent_and_names_error_and_command() {
    let (chain, wallet) = chain();
    chain.give_coin(0x61, wallet.address(), &usd(), 50);
    let channel = ChannelId::new([0x41; 32]);
    chain.share(ObjectId::new([0x41; 32]));
    chain.poison(ObjectId::new([0x41; 32]));
    let top_up = tx::top_up(&deployment(), channel, &usd(), Amount(20));
    let error = client(&chain).submit(&wallet, &top_up).await.unwrap_err();
    assert_eq!(error.named(), Some(Named::ChannelBadVoucher));
    // The coin is cut in front of it, which the caller does not know of.
    assert_eq!(error.command(), Some(0));
    assert!(chain.executed().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_chain_is_refused() {
    let env = Env::simulated(7, TimestampMs(1_000));
    let connect = |at: Deployment| Client::connect(Arc::new(FakeChain::new()), at, env.clone());
    connect(deployment()).await.unwrap();
    let elsewhere = Deployment {
        chain_id: atoma_chain::ChainId::new([8; 32]),
        ..deployment()
    };
    assert!(matches!(
        connect(elsewhere).await.unwrap_err(),
        ChainError::WrongChain { .. }
    ));
}

#[tokio::test(start_paused = true)]
async fn confirming_gives_the_checkpoint_or_up() {
    let (chain, wallet) = chain();
    let client = client(&chain);
    let outcome = client
        .submit(&wallet, &tx::tick(&deployment()))
        .await
        .unwrap();
    let limit = Duration::from_secs(1);
    let checkpoint = client.confirm(outcome.digest, limit).await.unwrap();
    assert_eq!(Some(checkpoint), outcome.checkpoint);
    let unknown = atoma_chain::TxDigest::new([1; 32]);
    assert!(
        client
            .confirm(unknown, limit)
            .await
            .unwrap_err()
            .is_transient()
    );
}
