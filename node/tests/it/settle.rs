//! Getting paid: thresholds, restarts, halts, closes.

use std::{
    path::Path,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use atoma_chain::state::ChannelStatus;
use atoma_env::Env;
use atoma_node::{
    channels::{Contact, view},
    config::SettleConfig,
    enclave::Enclave,
    settle::{Pass, SettleError, Settler},
    status::Earnings,
    store::Store,
};
use atoma_protocol::{
    channel::{PartReceipt, PayeeRecord},
    hash::BodyHash,
    ids::{KeyEpoch, Seq},
    keys::SigningKey,
    merkle::{Frontier, LeafHash},
    money::{Amount, Tokens},
    statement::{Receipt, ReceiptBody, Signable, Statement, Verified},
    time::TimestampMs,
};
use tokio_util::sync::CancellationToken;

use crate::{
    fake_chain::FakeChain,
    support::{
        CHANNEL, EPOCH, FUNDED, NETWORK, enclave_at, env, settle_down, voucher, voucher_key,
    },
};

struct Shop {
    env: Env,
    store: Store,
    enclave: Arc<Enclave>,
    chain: Arc<FakeChain>,
    settler: Arc<Settler>,
    earnings: Earnings,
}

fn shop(env: &Env, folder: &Path, chain: &Arc<FakeChain>, epoch: KeyEpoch) -> Shop {
    let config = SettleConfig {
        threshold: Amount(100),
        interval_ms: 60_000,
    };
    shop_with(env, folder, chain, epoch, config)
}

fn shop_with(
    env: &Env,
    folder: &Path,
    chain: &Arc<FakeChain>,
    epoch: KeyEpoch,
    config: SettleConfig,
) -> Shop {
    let (enclave, store) = enclave_at(env, folder, epoch);
    let earnings = Earnings::default();
    let settler = Settler::new(
        env.clone(),
        Arc::clone(&enclave),
        store.clone(),
        Arc::clone(chain) as _,
        config,
        Contact::default(),
        earnings.clone(),
    );
    Shop {
        env: env.clone(),
        store,
        enclave,
        chain: Arc::clone(chain),
        settler: Arc::new(settler),
        earnings,
    }
}

impl Shop {
    /// Stores what serving stores: `receipts` receipts of `fee` each, by one key epoch.
    fn earn(&self, epoch: KeyEpoch, receipts: u64, fee: u64) {
        let key = SigningKey::from_seed([u8::try_from(epoch.0).unwrap(); 32]);
        let mut leaves = Frontier::default();
        for seq in 0..receipts {
            let receipt = Receipt {
                account: CHANNEL.into(),
                key_epoch: epoch,
                seq: Seq(seq),
                fee: Amount(fee),
                body_hash: BodyHash::default(),
            };
            leaves.append(LeafHash::of(&receipt.message(NETWORK)));
            let statement = Statement {
                channel: CHANNEL,
                key_epoch: epoch,
                earned: Amount(fee * (seq + 1)),
                receipts: seq + 1,
                input_tokens: 0,
                output_tokens: fee * (seq + 1),
                root: leaves.root(),
            };
            let part = PartReceipt {
                receipt: Verified::sign(receipt, NETWORK, &key).into_signed(),
                body: body(fee),
                statement: Verified::sign(statement, NETWORK, &key).into_signed(),
            };
            let record = PayeeRecord::Part(Box::new(part));
            self.store.put_record(CHANNEL, &record).unwrap();
        }
    }

    fn authorize(&self, cumulative: u64) {
        let signed = voucher(CHANNEL, cumulative, &voucher_key());
        let record = PayeeRecord::Voucher(signed);
        self.store.put_record(CHANNEL, &record).unwrap();
    }

    fn paid(&self) -> Amount {
        self.chain.state(CHANNEL).paid
    }
}

fn body(fee: u64) -> ReceiptBody {
    ReceiptBody {
        request_commitment: Default::default(),
        response_commitment: Default::default(),
        part: 0,
        last: true,
        model: Default::default(),
        manifest_hash: Default::default(),
        input_before: Tokens::ZERO,
        output_before: Tokens::ZERO,
        input_tokens: Tokens::ZERO,
        output_tokens: Tokens::new(fee).unwrap(),
        finished_at_ms: TimestampMs(0),
    }
}

fn one_channel() -> (Env, tempfile::TempDir, Arc<FakeChain>) {
    let folder = tempfile::tempdir().unwrap();
    (env(), folder, Arc::new(FakeChain::with(&[CHANNEL])))
}

#[tokio::test(start_paused = true)]
async fn little_waits_for_the_interval_and_much_does_not() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    shop.earn(EPOCH, 3, 10);
    shop.authorize(1_000);
    shop.settler.pass(Pass::Due).await.unwrap();
    assert_eq!(shop.paid(), Amount::ZERO);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(shop.paid(), Amount(30));
    assert_eq!(shop.earnings.total(), Amount(30));
    shop.earn(EPOCH, 20, 10);
    shop.settler.pass(Pass::Due).await.unwrap();
    assert_eq!(shop.paid(), Amount(200));
    // Nothing new, no transaction.
    let before = chain.settles.load(Ordering::SeqCst);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(chain.settles.load(Ordering::SeqCst), before);
}

#[tokio::test(start_paused = true)]
async fn the_interval_holds_however_rarely_the_channels_need_reading() {
    let (env, folder, chain) = one_channel();
    chain.change(CHANNEL, |state| state.grace_ms = 86_400_000);
    let config = SettleConfig {
        threshold: Amount(u64::MAX),
        interval_ms: 2_000,
    };
    let shop = shop_with(&env, folder.path(), &chain, EPOCH, config);
    let stop = CancellationToken::new();
    let (settler, token) = (Arc::clone(&shop.settler), stop.clone());
    let running = shop.env.spawn(async move { settler.run(token).await });
    shop.env.sleep(Duration::from_secs(1)).await;
    shop.earn(EPOCH, 3, 10);
    shop.authorize(1_000);
    shop.env.sleep(Duration::from_secs(5)).await;
    assert_eq!(shop.paid(), Amount(30));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn pay_is_what_the_voucher_covers_and_the_rest_follows_a_larger_one() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    shop.earn(EPOCH, 20, 10);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(shop.paid(), Amount::ZERO, "no voucher, no pay");
    shop.authorize(150);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(shop.paid(), Amount(150));
    shop.authorize(5_000);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(shop.paid(), Amount(200));
}

#[tokio::test(start_paused = true)]
async fn every_key_epoch_is_settled_however_many_restarts_there_were() {
    let (env, folder, chain) = one_channel();
    let mut earned = 0;
    for epoch in 1..=9 {
        let shop = shop(&env, folder.path(), &chain, KeyEpoch(100 + epoch));
        // What the process before earned and did not settle.
        shop.earn(KeyEpoch(epoch), 12, 10);
        earned += 120;
        shop.authorize(10_000);
        shop.settler.pass(Pass::Due).await.unwrap();
        assert_eq!(shop.paid(), Amount(earned), "after epoch {epoch}");
        assert!(chain.state(CHANNEL).lanes.len() <= 4);
    }
    assert_eq!(chain.state(CHANNEL).due(), Amount(9 * 120));
}

#[tokio::test(start_paused = true)]
async fn several_unsettled_epochs_are_settled_at_once() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, KeyEpoch(100));
    for epoch in 1..=4 {
        shop.earn(KeyEpoch(epoch), 5, 7);
    }
    shop.authorize(10_000);
    shop.settler.settle_all(Duration::ZERO).await.unwrap();
    assert_eq!(shop.paid(), Amount(4 * 35));
    assert_eq!(chain.settles.load(Ordering::SeqCst), 1);
}

#[tokio::test(start_paused = true)]
async fn while_the_chain_is_away_nothing_is_lost() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    chain.set_away(true);
    let stop = CancellationToken::new();
    let (settler, token) = (Arc::clone(&shop.settler), stop.clone());
    let running = shop.env.spawn(async move { settler.run(token).await });
    shop.earn(EPOCH, 50, 10);
    shop.authorize(10_000);
    shop.env.sleep(Duration::from_secs(10 * 60)).await;
    let failed = shop.settler.settle_all(Duration::from_secs(1)).await;
    assert!(matches!(failed, Err(SettleError::Chain(error)) if error.is_transient()));
    assert_eq!(shop.paid(), Amount::ZERO);
    chain.set_away(false);
    shop.env.sleep(Duration::from_secs(31)).await;
    assert_eq!(shop.paid(), Amount(500));
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_asked_for_is_settled_well_within_its_window_and_then_granted() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    shop.enclave
        .use_channel(EPOCH, view(&chain.state(CHANNEL)))
        .unwrap();
    let stop = CancellationToken::new();
    let (settler, token) = (Arc::clone(&shop.settler), stop.clone());
    let running = shop.env.spawn(async move { settler.run(token).await });
    settle_down().await;
    // Too little for the threshold, but the payer asks for the close.
    shop.earn(EPOCH, 1, 10);
    shop.authorize(10);
    chain.change(CHANNEL, |state| state.state = ChannelStatus::Closing);
    // The grace is 20 s; a quarter of it must do.
    shop.env.sleep(Duration::from_secs(6)).await;
    let state = chain.state(CHANNEL);
    assert_eq!(
        (state.paid, state.state),
        (Amount(10), ChannelStatus::Closed)
    );
    shop.env.sleep(Duration::from_secs(6)).await;
    assert!(shop.enclave.channels().is_empty());
    assert!(shop.store.channels().unwrap().is_empty());
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_deposit_that_grew_is_seen_when_the_payer_authorizes_it() {
    let (env, folder, chain) = one_channel();
    chain.change(CHANNEL, |state| state.grace_ms = 86_400_000);
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    let use_it = |state| shop.enclave.use_channel(EPOCH, view(state)).unwrap();
    use_it(&chain.state(CHANNEL));
    let stop = CancellationToken::new();
    let (settler, token) = (Arc::clone(&shop.settler), stop.clone());
    let running = shop.env.spawn(async move { settler.run(token).await });
    shop.env.sleep(Duration::from_secs(1)).await;
    chain.change(CHANNEL, |state| state.funded = Amount(FUNDED.0 + 500));
    let larger = voucher(CHANNEL, FUNDED.0 + 500, &voucher_key());
    shop.enclave.take_voucher(&larger).unwrap();
    assert!(shop.enclave.balance(CHANNEL).unwrap().topped_up);
    shop.env.sleep(Duration::from_secs(1)).await;
    assert!(!shop.enclave.balance(CHANNEL).unwrap().topped_up);
    stop.cancel();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_closing_channel_that_owes_more_is_left_to_its_window() {
    let (env, folder, chain) = one_channel();
    let shop = shop(&env, folder.path(), &chain, EPOCH);
    shop.earn(EPOCH, 5, 10);
    shop.authorize(20);
    chain.change(CHANNEL, |state| state.state = ChannelStatus::Closing);
    shop.settler.pass(Pass::Due).await.unwrap();
    let state = chain.state(CHANNEL);
    assert_eq!(
        (state.paid, state.state),
        (Amount(20), ChannelStatus::Closing)
    );
    assert!(chain.ticks.load(Ordering::SeqCst) > 0, "live time is wound");
    // A last voucher still counts.
    shop.authorize(50);
    shop.settler.pass(Pass::Due).await.unwrap();
    let state = chain.state(CHANNEL);
    assert_eq!(
        (state.paid, state.state),
        (Amount(50), ChannelStatus::Closed)
    );
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_a_fullnode_does_not_show_is_not_given_up() {
    let (env, folder, _) = one_channel();
    let empty = Arc::new(FakeChain::default());
    let shop = shop(&env, folder.path(), &empty, EPOCH);
    shop.earn(EPOCH, 5, 10);
    shop.authorize(50);
    shop.settler.pass(Pass::All).await.unwrap();
    assert_eq!(shop.store.channels().unwrap(), [CHANNEL]);
}
