//! Closing: not before its time, whatever the clock does, and in time at last.

use std::time::Duration;

use atoma_chain::{Action, abort::Named, state::ChannelStatus, tx};
use atoma_contracts_tests::live_time::LiveTime;
use atoma_protocol::money::Amount;

use crate::market::{DEPOSIT, EXPIRES_AFTER_MS, GAP_MS, GRACE, Market, Setup, TestChannel};

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;
const GRACE_MS: u64 = 2_000;

/// Asks for the close and gives what finalizes it.
async fn closing(m: &Market, channel: TestChannel) -> Action {
    let close = tx::request_close(m.at(), channel.id, m.usd(), channel.cap);
    m.ok(&m.payer, &close).await;
    tx::finalize(m.at(), channel.id, m.usd())
}

#[tokio::test]
async fn a_channel_is_finalized_at_the_end_of_its_window_and_not_before() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let before = m.usd_of(m.payer.address()).await;
    let finalize = tx::finalize(m.at(), channel.id, m.usd());
    assert_eq!(
        m.refused(&m.payer, &finalize).await,
        Named::ChannelNotClosing
    );
    m.tick().await;
    closing(&m, channel).await;
    for step in [0, 1, GRACE_MS, GAP_MS - 2] {
        m.pass(step).await;
        assert_eq!(
            m.refused(&m.payer, &finalize).await,
            Named::ChannelGraceNotOver
        );
    }
    // What was earned is settled up to the last moment.
    m.settle(&m.item(channel.id, (900, 900, 1))).await.unwrap();
    m.pass(1).await;
    m.ok(&m.stranger, &finalize).await;
    assert_eq!(m.channel(channel).await.state, ChannelStatus::Closed);
    assert_eq!(m.usd_of(m.payer.address()).await, before + DEPOSIT - 900);
    assert_eq!(
        m.refused(&m.stranger, &finalize).await,
        Named::ChannelNotClosing
    );
}

/// The chain stands still for 16 hours right after the close was asked for, as Sui did in May 2026. A
/// node that wakes up with it has its whole window left.
#[tokio::test]
async fn a_halt_costs_nobody_a_deadline() {
    let setup = Setup {
        gap_ms: HOUR_MS,
        ..Setup::default()
    };
    let m = Market::ungraded(setup).await;
    m.graded_epoch(0).await;
    let mut terms = m.terms(DEPOSIT);
    terms.grace = Duration::from_millis(12 * HOUR_MS);
    let channel = m.open_with(&m.payer, &terms).await;
    m.tick().await;
    let finalize = closing(&m, channel).await;

    m.halt(16 * HOUR_MS);
    assert_eq!(
        m.refused(&m.payer, &finalize).await,
        Named::ChannelGraceNotOver
    );
    // The first transaction after the halt may be a hostile tick.
    m.tick().await;
    assert_eq!(
        m.refused(&m.payer, &finalize).await,
        Named::ChannelGraceNotOver
    );
    m.settle(&m.item(channel.id, (700, 700, 1))).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(700));

    // Halted again and again: only an hour each counts. One hour has passed, twelve are left.
    for _ in 0..11 {
        m.halt(3 * HOUR_MS);
        m.tick().await;
        assert_eq!(
            m.refused(&m.payer, &finalize).await,
            Named::ChannelGraceNotOver
        );
    }
    m.pass(HOUR_MS).await;
    m.ok(&m.payer, &finalize).await;
}

/// Ticks are nobody's duty: without a single one the payer still gets out on the last day.
#[tokio::test]
async fn a_window_has_a_last_day_even_if_nobody_ticks() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let finalize = closing(&m, channel).await;
    m.halt(GRACE_MS + GAP_MS + 7 * DAY_MS - 1);
    assert_eq!(
        m.refused(&m.payer, &finalize).await,
        Named::ChannelGraceNotOver
    );
    m.halt(1);
    m.ok(&m.payer, &finalize).await;
}

/// Hold-back, unbonding, and deletion wait in live time as well.
#[tokio::test]
async fn a_halt_shortens_no_other_wait() {
    let m = Market::start().await;
    let at = m.at();
    let me = m.operator.address();
    let channel = m.open(DEPOSIT).await;
    m.settle(&m.item(channel.id, (1_000, 1_000, 1)))
        .await
        .unwrap();
    let mature = tx::mature(at, m.node.vault, m.usd());
    m.ok(&m.stranger, &mature).await;
    let close = tx::close(at, channel.id, m.usd(), m.node.id, m.node.cap);
    m.ok(&m.operator, &close).await;
    m.ok(
        &m.operator,
        &tx::retire(at, m.node.id, m.node.cap, m.node.pool),
    )
    .await;
    let unstake = tx::unstake(at, m.node.pool, m.node.position, 1_000_000, me);
    m.ok(&m.operator, &unstake).await;
    let tickets: Vec<atoma_chain::state::UnbondPositionState> = m.client.owned(me).await.unwrap();

    m.halt(16 * HOUR_MS);
    m.ok(&m.operator, &mature).await;
    assert_eq!(m.vault().await.free, Amount(0));
    let reap = tx::reap(
        at,
        channel.id,
        m.usd(),
        channel.cap,
        m.node.vault,
        m.payer.address(),
    );
    assert_eq!(
        m.refused(&m.payer, &reap).await,
        Named::ChannelTooEarlyToReap
    );
    let withdraw = tx::withdraw_stake(at, m.node.pool, tickets[0].id, me);
    assert_eq!(
        m.refused(&m.operator, &withdraw).await,
        Named::StakeStillUnbonding
    );

    m.pass(10_000 + GAP_MS).await;
    m.ok(&m.operator, &mature).await;
    assert_eq!(m.vault().await.free, Amount(744));
    m.ok(&m.payer, &reap).await;
    m.ok(&m.operator, &withdraw).await;
}

#[tokio::test]
async fn only_the_payer_asks_for_the_close_before_expiry() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let ask = tx::request_close_expired(m.at(), channel.id, m.usd());
    assert_eq!(m.refused(&m.stranger, &ask).await, Named::ChannelNotExpired);
    m.halt(EXPIRES_AFTER_MS);
    m.ok(&m.stranger, &ask).await;
    let more = tx::top_up(m.at(), channel.id, m.usd(), Amount(5));
    assert_eq!(m.refused(&m.payer, &more).await, Named::ChannelNotOpen);
    assert_eq!(m.refused(&m.stranger, &ask).await, Named::ChannelNotOpen);
    // The grace runs all the same, and the node is paid within it.
    m.settle(&m.item(channel.id, (600, 600, 1))).await.unwrap();
    assert_eq!(m.channel(channel).await.paid, Amount(600));
}

/// Money that a stranger puts into a channel is the payer's, and moves no window.
#[tokio::test]
async fn a_strangers_deposit_changes_nothing_for_the_worse() {
    let m = Market::start().await;
    let channel = m.open(DEPOSIT).await;
    let gift = tx::top_up(m.at(), channel.id, m.usd(), Amount(1_000));
    m.ok(&m.stranger, &gift).await;
    let before = m.usd_of(m.payer.address()).await;
    m.tick().await;
    let finalize = closing(&m, channel).await;
    m.pass(GRACE_MS + GAP_MS).await;
    m.ok(&m.stranger, &finalize).await;
    assert_eq!(m.usd_of(m.payer.address()).await, before + DEPOSIT + 1_000);
    assert_eq!(GRACE, Duration::from_millis(GRACE_MS));
}

/// The model of live time that the other tests rely on agrees with the contract, jumps and all.
#[tokio::test]
async fn live_time_never_runs_faster_than_the_clock() {
    let m = Market::start().await;
    m.tick().await;
    let state = m.client.live_time().await.unwrap();
    let (mut model, began) = (
        LiveTime {
            gap_ms: state.gap_ms,
            live_ms: state.live_ms.0,
            last_ms: state.last_ms.0,
        },
        m.clock_ms(),
    );
    let live_before = model.live_ms;
    for jump in [0, 1, GAP_MS - 1, GAP_MS, GAP_MS + 1, 0, 16 * HOUR_MS, 500] {
        m.halt(jump);
        m.tick().await;
        model.tick(m.clock_ms());
        let state = m.client.live_time().await.unwrap();
        assert_eq!(
            (state.live_ms.0, state.last_ms.0),
            (model.live_ms, model.last_ms)
        );
        assert!(model.live_ms - live_before <= m.clock_ms() - began);
    }
}
