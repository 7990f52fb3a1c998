//! Every base unit of a deposit ends with somebody, and with whom it should.

use atoma_chain::{state::ChannelState, tx};
use atoma_protocol::{ids::KeyEpoch, money::Amount};

use crate::market::{GAP_MS, Market};

/// What everybody has together: balances and whatever waits in the contracts.
async fn in_circulation(m: &Market, channels: &[ChannelState]) -> u64 {
    let mut sum = m.vault().await.funds.0;
    for owner in [&m.payer, &m.operator, &m.router, &m.stranger] {
        sum += m.usd_of(owner.address()).await;
    }
    sum += m.usd_of(m.treasury()).await;
    let pool = m.client.pool(m.node.pool).await.unwrap();
    sum += pool
        .rewards
        .iter()
        .map(|stream| stream.remaining.0)
        .sum::<u64>();
    sum + channels
        .iter()
        .map(|channel| channel.balance.0)
        .sum::<u64>()
}

#[tokio::test]
async fn a_whole_life_adds_up_to_the_unit() {
    let m = Market::start().await;
    m.graded_epoch(1).await;
    let at = m.at();
    let payer = m.payer.address();
    let funded = 1_000_003 + 77_777;
    let before = m.usd_of(payer).await;
    let whole = in_circulation(&m, &[]).await;

    let channel = m.open(1_000_003).await;
    let top_up = tx::top_up(at, channel.id, m.usd(), Amount(77_777));
    m.ok(&m.payer, &top_up).await;
    assert_eq!(m.usd_of(payer).await, before - funded);

    // Odd amounts, two keys, one of them folded half-way, the payer once behind and once ahead.
    let mut paid = Vec::new();
    let steps = [
        (0, 333_331, (7, 1)),
        (0, 333_331, (111_119, 2)),
        (1, 333_331, (98_765, 1)),
        (1, 400_000, (300_001, 3)),
        (0, 500_000, (111_120, 4)),
    ];
    for (index, (epoch, cumulative, stated)) in steps.into_iter().enumerate() {
        let item = m.item_of(
            m.voucher(channel.id, cumulative),
            m.statement(channel.id, epoch, stated),
        );
        m.settle(&item).await.unwrap();
        if index == 2 {
            let fold = tx::fold(at, channel.id, m.usd(), m.node.id, m.node.cap, KeyEpoch(0));
            m.ok(&m.operator, &fold).await;
        }
        if index == 3 {
            let claim = tx::claim_routing(at, &[(channel.id, m.usd().clone())], m.router.address());
            m.ok(&m.router, &claim).await;
        }
        let state = m.channel(channel).await;
        paid.push(state.paid.0);
        assert_eq!(in_circulation(&m, &[state]).await, whole);
    }
    // 7; 111,119; with the second key's 98,765; capped by the voucher; the folded key adds nothing.
    assert_eq!(paid, [7, 111_119, 209_884, 400_000, 411_120]);

    m.tick().await;
    m.ok(
        &m.payer,
        &tx::request_close(at, channel.id, m.usd(), channel.cap),
    )
    .await;
    m.pass(2_000 + GAP_MS).await;
    m.ok(&m.stranger, &tx::finalize(at, channel.id, m.usd()))
        .await;
    let refund = funded - 411_120;
    assert_eq!(m.usd_of(payer).await, before - 411_120);

    let claim = tx::claim_routing(at, &[(channel.id, m.usd().clone())], m.router.address());
    m.ok(&m.router, &claim).await;
    m.ok(&m.stranger, &tx::sweep(at, m.node.vault, m.usd()))
        .await;
    let me = m.operator.address();
    let withdraw = tx::withdraw_dues(at, m.node.vault, m.node.id, m.node.cap, m.usd(), me);
    for _ in 0..3 {
        m.ok(&m.operator, &withdraw).await;
        m.pass(2_000 + GAP_MS).await;
    }
    let distribute = tx::distribute(at, m.node.vault, m.node.pool, m.usd());
    m.ok(&m.stranger, &distribute).await;
    m.pass(10_000 + GAP_MS).await;
    let reap = tx::reap(at, channel.id, m.usd(), channel.cap, m.node.vault, payer);
    m.ok(&m.payer, &reap).await;
    assert!(
        m.client
            .find::<ChannelState>(channel.id)
            .await
            .unwrap()
            .is_none()
    );
    assert_eq!(m.vault().await.funds, Amount(0));

    // By hand: 2 % routing and 5 % protocol of everything, rounded down; the operator's 80 % of the rest is
    // rounded down once a payment, for the stakers.
    let (routing, protocol) = (8_222, 20_556);
    let node = m.usd_of(me).await;
    let pool = m.client.pool(m.node.pool).await.unwrap();
    let stakers = pool.rewards[0].remaining.0;
    assert_eq!(m.usd_of(m.router.address()).await, routing);
    assert_eq!(m.usd_of(m.treasury()).await, protocol);
    let left = 411_120 - routing - protocol;
    let operator = left * 8 / 10;
    assert!(
        (operator - 5..=operator).contains(&node),
        "{node} of {operator}"
    );
    assert_eq!(node + stakers, left);
    assert_eq!(node + stakers + routing + protocol + refund, funded);
    assert_eq!(in_circulation(&m, &[]).await, whole);
}

/// A thousand payments of one unit give nobody a unit more than one payment of a thousand.
#[tokio::test]
async fn small_payments_cost_protocol_and_router_nothing() {
    let m = Market::start().await;
    let (small, large) = (m.open(10_000).await, m.open(10_000).await);
    let batch = |from: u64| -> Vec<_> {
        (from..from + 100)
            .map(|unit| m.item(small.id, (unit, unit, unit)))
            .collect()
    };
    for from in (1..1_000).step_by(100) {
        m.ok(&m.stranger, &tx::settle(m.at(), &batch(from))).await;
    }
    let after_small = m.vault().await;
    m.settle(&m.item(large.id, (1_000, 1_000, 1)))
        .await
        .unwrap();
    let after_large = m.vault().await;
    assert_eq!(m.channel(small).await.paid, Amount(1_000));
    let of_large = after_large.protocol_due.0 - after_small.protocol_due.0;
    assert_eq!((after_small.protocol_due.0, of_large), (50, 50));
    let routing = |state: ChannelState| state.routing_due().0;
    assert_eq!(
        (
            routing(m.channel(small).await),
            routing(m.channel(large).await)
        ),
        (20, 20)
    );
}
