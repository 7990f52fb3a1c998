//! Settling with what was not signed, not meant for this channel, seen before, or more than there is.

use atoma_chain::{AtomaEvent, abort::Named, state::ChannelStatus, tx};
use atoma_protocol::{
    hash::MerkleRoot,
    ids::{KeyEpoch, NetworkId, ObjectId},
    keys::SigningKey,
    money::Amount,
    statement::{Signed, Statement, Verified, Voucher},
};
use sui_sdk_types::{Address as SuiAddress, TransactionEffects};

use crate::market::{DEPOSIT, Market, enclave};

fn forger() -> SigningKey {
    SigningKey::from_seed([66; 32])
}

async fn refusal(m: &Market, item: &tx::SettleChannel) -> Option<Named> {
    m.settle(item)
        .await
        .map_or_else(|error| error.named(), |_| None)
}

#[tokio::test]
async fn a_forged_voucher_pays_nothing() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let good = m.item(channel.id, (900, 1_000, 1));
    let network = m.at().network;

    let mut by_another = good.clone();
    let voucher = good.voucher.statement;
    by_another.voucher = Verified::sign(voucher, network, &forger()).into_signed();
    let mut by_the_node = good.clone();
    by_the_node.voucher = Verified::sign(voucher, network, &enclave(0)).into_signed();
    let mut raised = good.clone();
    raised.voucher.statement.cumulative = Amount(901);
    for item in [by_another, by_the_node, raised] {
        assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadVoucher));
    }
    assert_eq!(m.channel(channel).await.paid, Amount(0));
    m.settle(&good).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(900));
}

#[tokio::test]
async fn a_forged_statement_pays_nothing() {
    let m = Market::start().await;
    m.graded_epoch(1).await;
    let channel = m.open(DEPOSIT).await;
    let good = m.item(channel.id, (900, 1_000, 1));
    let network = m.at().network;

    let sign = |key| Verified::sign(good.statement.statement, network, key).into_signed();
    let mut forged = vec![sign(&forger()), sign(&m.voucher_key), sign(&enclave(1))];
    let change: [fn(&mut Statement); 6] = [
        |s| s.key_epoch = KeyEpoch(1),
        |s| s.earned = Amount(2_000),
        |s| s.receipts = 2,
        |s| s.input_tokens = 0,
        |s| s.output_tokens = 0,
        |s| s.root = MerkleRoot::new([0; 32]),
    ];
    for change in change {
        let mut changed = good.statement.clone();
        change(&mut changed.statement);
        forged.push(changed);
    }
    for statement in forged {
        let item = m.item_of(good.voucher.clone(), statement);
        assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadStatement));
    }
    assert_eq!(m.channel(channel).await.paid, Amount(0));
}

#[tokio::test]
async fn words_given_for_another_channel_network_or_node_pay_nothing() {
    let m = Market::start().await;
    let (here, elsewhere) = (m.open(DEPOSIT).await, m.open(DEPOSIT).await);
    let good = m.item(here.id, (900, 1_000, 1));
    let foreign = m.item(elsewhere.id, (900, 1_000, 1));

    // Of another channel, of the same payer with the same key.
    let mut item = good.clone();
    item.voucher.signature = foreign.voucher.signature;
    assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadVoucher));
    let mut item = good.clone();
    item.statement.signature = foreign.statement.signature;
    assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadStatement));

    // Of another network, with the same keys.
    let other = NetworkId::new([0x99; 32]);
    let voucher = Verified::sign(good.voucher.statement, other, &m.voucher_key).into_signed();
    let item = m.item_of(voucher, good.statement.clone());
    assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadVoucher));
    let stated = Verified::sign(good.statement.statement, other, &enclave(0)).into_signed();
    let item = m.item_of(good.voucher.clone(), stated);
    assert_eq!(refusal(&m, &item).await, Some(Named::ChannelBadStatement));

    // To another node, or into another node's vault.
    let another = m.register_node(&m.stranger).await;
    let item = tx::SettleChannel {
        node: another.id,
        vault: another.vault,
        ..good.clone()
    };
    assert_eq!(refusal(&m, &item).await, Some(Named::ChannelWrongNode));
    let item = tx::SettleChannel {
        vault: another.vault,
        ..good.clone()
    };
    assert_eq!(refusal(&m, &item).await, Some(Named::VaultWrongVault));

    assert_eq!(m.vault().await.funds, Amount(0));
    m.settle(&good).await.unwrap();
    assert_eq!(m.channel(elsewhere).await.paid, Amount(0));
}

/// One key for both: still no voucher passes for a statement, nor the other way round.
#[tokio::test]
async fn a_voucher_is_no_statement_even_under_one_key() {
    let m = Market::start().await;
    let mut terms = m.terms(DEPOSIT);
    terms.voucher_key = enclave(0).public();
    let channel = m.open_with(&m.payer, &terms).await;
    let network = m.at().network;
    let voucher = Voucher {
        channel: channel.id,
        cumulative: Amount(900),
    };
    let voucher = Verified::sign(voucher, network, &enclave(0)).into_signed();
    let stated = m.statement(channel.id, 0, (1_000, 1));
    let swapped = m.item_of(
        Signed {
            signature: stated.signature,
            ..voucher.clone()
        },
        Signed {
            signature: voucher.signature,
            ..stated.clone()
        },
    );
    assert_eq!(refusal(&m, &swapped).await, Some(Named::ChannelBadVoucher));
    m.settle(&m.item_of(voucher, stated)).await.unwrap();
}

#[tokio::test]
async fn a_replay_in_any_order_pays_once() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let steps: Vec<_> = [(300, 200, 1), (500, 600, 2), (900, 800, 3)]
        .map(|paying| m.item(channel.id, paying))
        .into();
    let mut paid = Vec::new();
    for item in &steps {
        m.settle(item).await.unwrap();
        paid.push(m.channel(channel).await.paid.0);
    }
    assert_eq!(paid, [200, 500, 800]);
    let (state, vault) = (m.channel(channel).await, m.vault().await);

    for item in steps.iter().rev().chain(&steps) {
        let outcome = m.settle(item).await.unwrap();
        assert!(outcome.events.is_empty(), "{:?}", outcome.events);
    }
    // Twice in one transaction, and the old voucher with the new statement.
    let crossed = m.item_of(steps[0].voucher.clone(), steps[2].statement.clone());
    let batch = [steps[2].clone(), steps[2].clone(), crossed];
    m.ok(&m.stranger, &tx::settle(m.at(), &batch)).await;
    assert_eq!((m.channel(channel).await, m.vault().await), (state, vault));
}

#[tokio::test]
async fn a_statement_that_shrinks_or_stands_still_is_not_taken() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    m.settle(&m.item(channel.id, (1_000, 800, 5)))
        .await
        .unwrap();
    // Fewer receipts; as many but more money; more receipts but less money.
    for stated in [(900, 4), (900, 5), (799, 6), (0, 0)] {
        let item = m.item_of(
            m.voucher(channel.id, 1_000),
            m.statement(channel.id, 0, stated),
        );
        m.settle(&item).await.unwrap();
        let state = m.channel(channel).await;
        assert_eq!((state.paid, state.due()), (Amount(800), Amount(800)));
        assert_eq!(state.lanes[0].receipts, 5);
    }
}

#[tokio::test]
async fn settling_beyond_the_balance_pays_the_balance() {
    let m = Market::start().await;
    let (rich, poor) = (m.open(DEPOSIT).await, m.open(10_000).await);
    let everything = m.item(poor.id, (u64::MAX, u64::MAX, 1));
    m.settle(&everything).await.unwrap();
    let state = m.channel(poor).await;
    assert_eq!(
        (state.paid, state.authorized),
        (Amount(10_000), Amount(u64::MAX))
    );
    assert_eq!(state.balance, state.routing_due());
    assert_eq!(m.channel(rich).await.balance, Amount(DEPOSIT));
    assert_eq!(m.vault().await.funds, Amount(10_000 - 200));

    // A second key's claim overflows nothing; a later deposit is claimed by the same words.
    m.graded_epoch(1).await;
    let second = m.item_of(
        everything.voucher.clone(),
        m.statement(poor.id, 1, (u64::MAX, u64::MAX)),
    );
    m.settle(&second).await.unwrap();
    m.ok(
        &m.payer,
        &tx::top_up(m.at(), poor.id, m.usd(), Amount(5_000)),
    )
    .await;
    m.settle(&everything).await.unwrap();
    let state = m.channel(poor).await;
    assert_eq!((state.funded, state.paid), (Amount(15_000), Amount(15_000)));

    // Nothing is left to refund, and nobody else's money is.
    let before = m.usd_of(m.payer.address()).await;
    let close = tx::close(m.at(), poor.id, m.usd(), m.node.id, m.node.cap);
    m.ok(&m.operator, &close).await;
    assert_eq!(m.usd_of(m.payer.address()).await, before);
    assert_eq!(m.channel(rich).await.balance, Amount(DEPOSIT));
}

#[tokio::test]
async fn a_closed_channel_pays_nothing_and_stops_no_batch() {
    let m = Market::start().await;
    let (closed, open) = (m.open(DEPOSIT).await, m.open(DEPOSIT).await);
    m.settle(&m.item(closed.id, (100, 100, 1))).await.unwrap();
    let close = tx::close(m.at(), closed.id, m.usd(), m.node.id, m.node.cap);
    m.ok(&m.operator, &close).await;
    let state = m.channel(closed).await;
    assert_eq!(state.state, ChannelStatus::Closed);

    // Genuine words, and words that would have been refused while it was open.
    let mut garbage = m.item(closed.id, (u64::MAX, u64::MAX, 9));
    garbage.voucher.signature = m.voucher(open.id, 1).signature;
    garbage.statement.statement.key_epoch = KeyEpoch(77);
    let batch = [
        m.item(closed.id, (1_000, 1_000, 2)),
        m.item(open.id, (400, 300, 1)),
        garbage,
        m.item(open.id, (400, 350, 2)),
    ];
    let outcome = m.ok(&m.stranger, &tx::settle(m.at(), &batch)).await;
    let of: Vec<_> = outcome
        .events
        .iter()
        .map(|event| match event {
            AtomaEvent::ChannelSettled(event) => (event.channel, event.paid.0),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(of, [(open.id, 300), (open.id, 350)]);
    assert_eq!(m.channel(closed).await, state);
}

/// A fifth key has to wait until the node folds one; folding pays what it earned and nothing again.
#[tokio::test]
async fn folded_and_surplus_key_epochs_pay_nothing_more() {
    let m = Market::start().await;
    for epoch in 1..=4 {
        m.graded_epoch(epoch).await;
    }
    let channel = m.open(DEPOSIT).await;
    let voucher = m.voucher(channel.id, DEPOSIT);
    let stated = |epoch, words| m.item_of(voucher.clone(), m.statement(channel.id, epoch, words));
    for epoch in 0..=4 {
        m.settle(&stated(epoch, (1_000, 1))).await.unwrap();
    }
    assert_eq!(m.channel(channel).await.paid, Amount(4_000));

    let fold = tx::fold(
        m.at(),
        channel.id,
        m.usd(),
        m.node.id,
        m.node.cap,
        KeyEpoch(0),
    );
    m.ok(&m.operator, &fold).await;
    assert_eq!(m.refused(&m.operator, &fold).await, Named::ChannelNoLane);
    m.settle(&stated(0, (9_000, 9))).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(4_000));
    m.settle(&stated(4, (1_000, 1))).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(5_000));
}

#[tokio::test]
async fn settling_writes_the_channel_the_vault_and_gas_only() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let outcome = m
        .settle(&m.item(channel.id, (900, 1_000, 1)))
        .await
        .unwrap();
    let executed = m.executed(&outcome).await;
    let TransactionEffects::V2(effects) = executed.effects() else {
        panic!("effects of an old format");
    };
    let gas = effects
        .gas_object_index
        .map(|index| usize::try_from(index).unwrap())
        .unwrap();
    let mut written: Vec<SuiAddress> = effects
        .changed_objects
        .iter()
        .enumerate()
        .filter(|(index, _)| *index != gas)
        .map(|(_, change)| change.object_id)
        .collect();
    written.sort();
    let sui = |id: ObjectId| SuiAddress::new(id.into_bytes());
    let mut expected = [SuiAddress::new(channel.id.into_bytes()), sui(m.node.vault)];
    expected.sort();
    assert_eq!(written, expected);
    assert!(outcome.created.is_empty());
}

/// Exit of the money never depends on the node's standing: a grade once given is a fact.
#[tokio::test]
async fn work_done_is_paid_whatever_became_of_the_node() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let at = m.at();
    let end = tx::end_key_epoch(at, m.node.id, m.node.cap, KeyEpoch(0));
    let retire = tx::retire(at, m.node.id, m.node.cap, m.node.pool);
    for (paid, action) in [(100, None), (200, Some(end)), (300, Some(retire))] {
        if let Some(action) = action {
            m.ok(&m.operator, &action).await;
        }
        m.settle(&m.item(channel.id, (paid, paid, paid)))
            .await
            .unwrap();
        assert_eq!(m.channel(channel).await.paid, Amount(paid));
    }
    m.ok(&m.admin, &tx::pause(at, m.made.pause_cap)).await;
    m.halt(30 * 24 * 3_600_000);
    m.settle(&m.item(channel.id, (400, 400, 400)))
        .await
        .unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(400));
}
