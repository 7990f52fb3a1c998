//! Every action on the compiled contracts.

use atoma_chain::{
    AtomaEvent, ChainError, Rpc as _,
    abort::Named,
    event,
    rpc::{CheckpointError, Committee},
    state::{ChannelStatus, NetworkParams, NodeStatus, UnbondPositionState},
    tx,
};
use atoma_env::Env;
use atoma_localnet::{InProcess, Localnet, LocalnetConfig};
use atoma_protocol::{
    hash::{BodyHash, ManifestHash, MerkleRoot, RequestCommitment, ResponseCommitment, blake2b256},
    ids::{Address, ChannelId, CheckpointSeq, KeyEpoch, ObjectId, Seq},
    keys::SigningKey,
    money::{Amount, Bps, Tokens},
    statement::{EvidenceKind, Receipt, ReceiptBody, Signable as _, Statement, Verified},
    time::TimestampMs,
};
use futures::StreamExt as _;

use crate::on_localnet::{GAP_MS, GRACE, MEASUREMENT, OnLocalnet, STAKE, TestNode, prices};

const DEPOSIT: u64 = 5_000_000;

async fn ready(inside: bool) -> (OnLocalnet, TestNode) {
    let market = OnLocalnet::start(inside).await;
    let node = market.register_node().await;
    let posted = market.post_epoch(&node).await;
    market.grade(&node, &posted).await;
    (market, node)
}

#[tokio::test]
async fn a_channel_from_opening_to_reaping_pays_everybody_to_the_base_unit() {
    let (m, node) = ready(false).await;
    let keys = (&m.voucher_key, &m.enclave);
    let before = m.usd_of(m.payer.address()).await;
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    assert_eq!(m.usd_of(m.payer.address()).await, before - DEPOSIT);

    // Earned a million, authorized less: the smaller is paid. 5 % protocol, 2 % routing, and of the
    // rest 80 % to the operator.
    let item = m.settlement(&node, channel, (900_000, 1_000_000, 7), keys);
    let settled = m
        .client
        .settle(&m.operator, std::slice::from_ref(&item))
        .await
        .unwrap();
    let [AtomaEvent::ChannelSettled(event)] = settled.outcomes[0].events.as_slice() else {
        panic!("{:?}", settled.outcomes);
    };
    let parts = (
        event.protocol.0,
        event.routing.0,
        event.stakers.0,
        event.operator.0,
    );
    assert_eq!(parts, (45_000, 18_000, 167_400, 669_600));
    let vault = m.client.vault(node.vault).await.unwrap();
    assert_eq!(vault.funds, Amount(900_000 - 18_000));
    assert_eq!(
        (vault.protocol_due.0, vault.stakers_due.0, vault.arriving.0),
        (45_000, 167_400, 669_600)
    );

    // The same again changes nothing.
    m.client.settle(&m.operator, &[item]).await.unwrap();
    let state = m.client.channel(channel).await.unwrap();
    assert_eq!(
        (state.paid, state.authorized),
        (Amount(900_000), Amount(900_000))
    );
    assert_eq!(
        (state.due(), state.routing_due()),
        (Amount(1_000_000), Amount(18_000))
    );

    // More money, a close, a settlement within the grace, the refund after it.
    let top_up = tx::top_up(m.at(), channel, m.usd(), Amount(1_000_000));
    m.client.submit(&m.payer, &top_up).await.unwrap();
    let cap = m.payer_cap(channel).await;
    let close = tx::request_close(m.at(), channel, m.usd(), cap);
    m.client.submit(&m.payer, &close).await.unwrap();
    let state = m.client.channel(channel).await.unwrap();
    assert_eq!(state.state, ChannelStatus::Closing);
    let finalize = tx::finalize(m.at(), channel, m.usd());
    let early = m.client.submit(&m.admin, &finalize).await.unwrap_err();
    assert_eq!(early.named(), Some(Named::ChannelGraceNotOver));
    let item = m.settlement(&node, channel, (1_000_000, 1_000_000, 7), keys);
    m.client.settle(&m.operator, &[item]).await.unwrap();
    let grace_ms = u64::try_from(GRACE.as_millis()).unwrap();
    m.pass(grace_ms + GAP_MS).await;
    let live = m.client.live_time().await.unwrap();
    assert!(live.is_over(&state.since.unwrap(), grace_ms, live.last_ms));
    m.client.submit(&m.admin, &finalize).await.unwrap();
    let spent = 1_000_000;
    assert_eq!(m.usd_of(m.payer.address()).await, before - spent);

    pull_everything(&m, &node, channel, cap).await;
    let paid_out = m.usd_of(m.admin.address()).await
        + m.usd_of(m.router.address()).await
        + m.usd_of(m.operator.address()).await;
    let pool = m.client.pool(node.pool).await.unwrap();
    let streaming = pool.rewards[0].remaining.0;
    // 1,000,000 = 5 % + 2 % + operator's 80 % of the rest; the stakers' part waits in the pool.
    assert_eq!(paid_out, 50_000 + 20_000 + 744_000);
    assert_eq!(streaming, 186_000);
    assert_eq!(paid_out + streaming, spent);
}

/// Routing, operator's, protocol's and stakers' dues; then the channel goes.
async fn pull_everything(m: &OnLocalnet, node: &TestNode, channel: ChannelId, cap: ObjectId) {
    let claim = tx::claim_routing(m.at(), &[(channel, m.usd().clone())], m.router.address());
    let stranger = m.client.submit(&m.admin, &claim).await.unwrap_err();
    assert_eq!(stranger.named(), Some(Named::ChannelNotRouter));
    m.client.submit(&m.router, &claim).await.unwrap();
    assert_eq!(m.usd_of(m.router.address()).await, 20_000);

    m.client
        .submit(&m.admin, &tx::sweep(m.at(), node.vault, m.usd()))
        .await
        .unwrap();
    let hold_back = m.client.vault(node.vault).await.unwrap().hold_back_ms;
    for _ in 0..2 {
        m.client
            .submit(&m.admin, &tx::mature(m.at(), node.vault, m.usd()))
            .await
            .unwrap();
        m.pass(hold_back + GAP_MS).await;
    }
    let withdraw = tx::withdraw_dues(
        m.at(),
        node.vault,
        node.id,
        node.cap,
        m.usd(),
        m.operator.address(),
    );
    m.client.submit(&m.operator, &withdraw).await.unwrap();
    m.client
        .submit(
            &m.admin,
            &tx::distribute(m.at(), node.vault, node.pool, m.usd()),
        )
        .await
        .unwrap();
    assert_eq!(m.client.vault(node.vault).await.unwrap().funds, Amount(0));

    let reap = tx::reap(m.at(), channel, m.usd(), cap, node.vault, m.payer.address());
    let early = m.client.submit(&m.payer, &reap).await.unwrap_err();
    assert_eq!(early.named(), Some(Named::ChannelTooEarlyToReap));
    let reap_ms = m.client.channel(channel).await.unwrap().reap_ms;
    m.pass(reap_ms + GAP_MS).await;
    m.client.submit(&m.payer, &reap).await.unwrap();
    assert!(
        m.client
            .find::<atoma_chain::state::ChannelState>(channel)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn a_poisoned_channel_does_not_hold_the_others() {
    let (m, node) = ready(true).await;
    let keys = (&m.voucher_key, &m.enclave);
    let mut channels = Vec::new();
    for _ in 0..4 {
        channels.push(m.open_channel(&node, Amount(DEPOSIT)).await);
    }
    let forger = SigningKey::from_seed([66; 32]);
    let mut items: Vec<_> = channels
        .iter()
        .map(|channel| m.settlement(&node, *channel, (500_000, 400_000, 3), keys))
        .collect();
    items[1] = m.settlement(&node, channels[1], (1, 1, 1), (&forger, &m.enclave));
    items[2] = m.settlement(&node, channels[2], (1, 1, 1), (&m.voucher_key, &forger));
    let result = m.client.settle(&m.operator, &items).await.unwrap();
    let refused: Vec<_> = result
        .refused
        .iter()
        .map(|(channel, error)| (*channel, error.named()))
        .collect();
    assert_eq!(
        refused,
        [
            (channels[1], Some(Named::ChannelBadVoucher)),
            (channels[2], Some(Named::ChannelBadStatement))
        ]
    );
    for (index, channel) in channels.iter().enumerate() {
        let paid = m.client.channel(*channel).await.unwrap().paid.0;
        assert_eq!(paid, if index == 1 || index == 2 { 0 } else { 400_000 });
    }
    assert_eq!(result.outcomes.len(), 1);
}

#[tokio::test]
async fn a_hundred_channels_settle_in_one_transaction() {
    let (m, node) = ready(true).await;
    let keys = (&m.voucher_key, &m.enclave);
    let mint = tx::mint_test_usd(
        &m.at().test_usd.unwrap(),
        Amount(900_000_000),
        m.payer.address(),
    );
    m.client.submit(&m.payer, &mint).await.unwrap();
    let mut items = Vec::new();
    for _ in 0..atoma_chain::client::MAX_SETTLES_A_TRANSACTION {
        let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
        items.push(m.settlement(&node, channel, (10_000, 10_000, 2), keys));
    }
    let result = m.client.settle(&m.operator, &items).await.unwrap();
    assert_eq!((result.outcomes.len(), result.refused.len()), (1, 0));
    let vault = m.client.vault(node.vault).await.unwrap();
    assert_eq!(vault.funds, Amount(100 * 9_800));
}

#[tokio::test]
async fn old_epochs_folded_lanes_and_measurements_are_still_read() {
    let (m, node) = ready(true).await;
    let keys = (&m.voucher_key, &m.enclave);
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let item = m.settlement(&node, channel, (900_000, 1_000_000, 7), keys);
    m.client.settle(&m.operator, &[item]).await.unwrap();
    let fold = tx::fold(m.at(), channel, m.usd(), node.id, node.cap, KeyEpoch(0));
    m.client.submit(&m.operator, &fold).await.unwrap();
    let state = m.client.channel(channel).await.unwrap();
    assert!(state.lanes.is_empty());
    let lane = m.client.lane(&state, KeyEpoch(0)).await.unwrap().unwrap();
    assert_eq!((lane.earned, lane.receipts), (Amount(1_000_000), 7));
    assert_eq!(m.client.lane(&state, KeyEpoch(1)).await.unwrap(), None);

    for _ in 0..8 {
        m.post_epoch(&node).await;
    }
    let state = m.client.node(node.id).await.unwrap();
    assert_eq!(state.next_epoch, KeyEpoch(9));
    assert!(state.latest_epoch(KeyEpoch(0)).is_none());
    let first = m
        .client
        .key_epoch(&state, KeyEpoch(0))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(first.epoch, KeyEpoch(0));
    assert_eq!(m.client.key_epoch(&state, KeyEpoch(9)).await.unwrap(), None);
    let end = tx::end_key_epoch(m.at(), node.id, node.cap, KeyEpoch(8));
    m.client.submit(&m.operator, &end).await.unwrap();

    let kind = EvidenceKind::Simulated;
    let until = m.client.measurement_until(kind, MEASUREMENT).await.unwrap();
    assert_eq!(until, Some(TimestampMs(u64::MAX)));
    let disallow = tx::disallow_measurement(m.at(), m.made.admin_cap, kind, MEASUREMENT);
    m.client.submit(&m.admin, &disallow).await.unwrap();
    let until = m.client.measurement_until(kind, MEASUREMENT).await.unwrap();
    assert_eq!(until, None);
}

#[tokio::test]
async fn stake_offers_and_status_follow_the_operator_only() {
    let (m, node) = ready(true).await;
    let at = m.at();
    let me = m.operator.address();
    let foreign = tx::drain(at, node.id, node.cap);
    assert!(matches!(
        m.client.submit(&m.payer, &foreign).await.unwrap_err(),
        ChainError::NotOwned { id, .. } if id == node.cap
    ));
    m.client.submit(&m.operator, &foreign).await.unwrap();
    let closed = m.client.submit(&m.operator, &foreign).await.unwrap_err();
    assert_eq!(closed.named(), Some(Named::NodeWrongStatus));
    let status = async || m.client.node(node.id).await.unwrap().status;
    assert_eq!(status().await, NodeStatus::Draining);
    let activate = tx::activate(at, node.id, node.cap, node.pool);
    m.client.submit(&m.operator, &activate).await.unwrap();
    assert_eq!(status().await, NodeStatus::Active);

    let remove = tx::remove_offer(at, node.id, node.cap, m.usd(), node.model);
    m.client.submit(&m.operator, &remove).await.unwrap();
    assert!(m.client.node(node.id).await.unwrap().offers.is_empty());

    let more = tx::stake(at, node.id, node.cap, node.pool, STAKE, me);
    m.client.submit(&m.operator, &more).await.unwrap();
    let pool = m.client.pool(node.pool).await.unwrap();
    assert_eq!(pool.own.stake, Amount(2 * STAKE.0));
    let retire = tx::retire(at, node.id, node.cap, node.pool);
    m.client.submit(&m.operator, &retire).await.unwrap();
    let positions: Vec<atoma_chain::state::StakePositionState> = m.client.owned(me).await.unwrap();
    for position in &positions {
        let unstake = tx::unstake(at, node.pool, position.id, position.shares, me);
        m.client.submit(&m.operator, &unstake).await.unwrap();
    }
    m.pass(pool.unbonding_ms + GAP_MS).await;
    let before = m.client.balance(me, &at.stake_coin).await.unwrap();
    for ticket in m.client.owned::<UnbondPositionState>(me).await.unwrap() {
        let withdraw = tx::withdraw_stake(at, node.pool, ticket.id, me);
        m.client.submit(&m.operator, &withdraw).await.unwrap();
    }
    let after = m.client.balance(me, &at.stake_coin).await.unwrap();
    assert!(
        after.0 - before.0 > 2 * STAKE.0 - 10,
        "{before:?} {after:?}"
    );
}

#[tokio::test]
async fn pausing_stops_new_business_only() {
    let (m, node) = ready(true).await;
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let pause = tx::pause(m.at(), m.made.pause_cap);
    m.client.submit(&m.admin, &pause).await.unwrap();
    assert!(m.client.network().await.unwrap().paused);
    let offers = tx::register_model(
        m.at(),
        "another",
        ManifestHash::new([1; 32]),
        atoma_chain::state::Modality::Text,
        "",
        m.admin.address(),
    );
    let refused = m.client.submit(&m.admin, &offers).await.unwrap_err();
    assert_eq!(refused.named(), Some(Named::NetworkPaused));
    let close = tx::close(m.at(), channel, m.usd(), node.id, node.cap);
    m.client.submit(&m.operator, &close).await.unwrap();
    let state = m.client.channel(channel).await.unwrap();
    assert_eq!(state.state, ChannelStatus::Closed);
    let resume = tx::resume(m.at(), m.made.admin_cap);
    m.client.submit(&m.admin, &resume).await.unwrap();
    m.client.submit(&m.admin, &offers).await.unwrap();
}

#[tokio::test]
async fn the_stream_of_checkpoints_tells_the_whole_story() {
    let (m, node) = ready(false).await;
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let item = m.settlement(&node, channel, (9, 9, 1), (&m.voucher_key, &m.enclave));
    let settled = m.client.settle(&m.operator, &[item]).await.unwrap();
    let last = m
        .client
        .confirm(
            settled.outcomes[0].digest,
            std::time::Duration::from_secs(5),
        )
        .await
        .unwrap();

    let mut stream = m.client.rpc().checkpoints(CheckpointSeq(0));
    let mut events = Vec::new();
    let mut previous = None;
    loop {
        let checkpoint = stream.next().await.unwrap().unwrap();
        assert_eq!(checkpoint.previous(), previous);
        previous = Some(checkpoint.digest());
        events.extend(event::of_checkpoint(&m.at().package, &checkpoint).unwrap());
        if checkpoint.seq() == last {
            break;
        }
    }
    assert!(
        events
            .windows(2)
            .all(|pair| pair[0].position < pair[1].position)
    );
    let names: Vec<&str> = events.iter().map(|event| event.event.name()).collect();
    for name in [
        "NetworkCreated",
        "AttestorsChanged",
        "ModelRegistered",
        "NodeRegistered",
        "VaultCreated",
        "OfferSet",
        "AttestationPosted",
        "KeyEpochGraded",
        "ChannelOpened",
        "ChannelSettled",
    ] {
        assert_eq!(
            names.iter().filter(|seen| **seen == name).count(),
            1,
            "{name}"
        );
    }
    assert_eq!(events.last().unwrap().digest, settled.outcomes[0].digest);
    assert_eq!(events.last().unwrap().event, settled.outcomes[0].events[0]);
}

#[tokio::test]
async fn checkpoints_are_signed_by_the_committee_and_nobody_else() {
    let m = OnLocalnet::start(false).await;
    let committee = m.client.committee(None).await.unwrap();
    let again = Committee::from_bytes(&committee.to_bytes()).unwrap();
    assert_eq!(again, committee);
    let rpc = m.client.rpc();
    let latest = rpc.service_info().await.unwrap().latest_checkpoint;
    let checkpoint = rpc.checkpoint(latest).await.unwrap();
    committee.verify(&checkpoint).unwrap();
    assert_eq!(Committee::next(&checkpoint), None);

    // Another chain's committee, and this one's a year later.
    let config = LocalnetConfig {
        seed: 9,
        ..LocalnetConfig::test()
    };
    let other = Localnet::start(config, Env::system()).await.unwrap();
    let stranger = InProcess::new(other.chain().clone())
        .committee(None)
        .await
        .unwrap();
    let later = {
        let mut members = rpc.committee(None).await.unwrap();
        members.epoch += 1;
        Committee::from(members)
    };
    assert_eq!(
        Committee::from(stranger).verify(&checkpoint),
        Err(CheckpointError::BadSignature(latest))
    );
    assert!(matches!(
        later.verify(&checkpoint),
        Err(CheckpointError::WrongEpoch { .. })
    ));
}

#[tokio::test]
async fn two_receipts_with_one_number_are_proven_and_punished() {
    let (m, node) = ready(true).await;
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let at = m.at();
    let me = m.router.address();
    let head = |fee| Receipt {
        account: channel.into(),
        key_epoch: KeyEpoch(0),
        seq: Seq(4),
        fee: Amount(fee),
        body_hash: BodyHash::new([1; 32]),
    };
    let signed = |fee| Verified::sign(head(fee), at.network, &m.enclave).into_signed();
    let accused = tx::Accused {
        node: node.id,
        pool: node.pool,
    };
    let report = async |commitment| {
        let action = tx::report_wrong(at, node.id, commitment, me);
        let outcome = m.client.submit(&m.router, &action).await.unwrap();
        let [AtomaEvent::WrongReported(reported)] = outcome.events.as_slice() else {
            panic!("{:?}", outcome.events);
        };
        reported.report
    };
    let wrong = report(tx::overcharge_commitment(at, me, &head(1))).await;
    let right = report(tx::two_receipts_commitment(at, me, &head(1), &head(2))).await;
    let delay = m.client.network().await.unwrap().params.report_delay_ms;
    let prove = |id| tx::prove_two_receipts(at, id, accused, &signed(1), &signed(2), me);
    m.localnet.chain().advance_clock(delay).unwrap();
    let other = m.client.submit(&m.router, &prove(wrong)).await.unwrap_err();
    assert_eq!(other.named(), Some(Named::SlashingOtherProof));
    m.client.submit(&m.router, &prove(right)).await.unwrap();
    assert_eq!(
        m.client.node(node.id).await.unwrap().status,
        NodeStatus::Jailed
    );
    // A tenth of the stake is lost, 5 % of that is the reporter's.
    let pool = m.client.pool(node.pool).await.unwrap();
    assert_eq!(pool.own.stake, Amount(900_000_000));
    let reward = m.client.balance(me, &at.stake_coin).await.unwrap();
    assert_eq!(reward, Amount(5_000_000));
}

#[tokio::test]
async fn an_overcharge_is_given_back() {
    let (m, node) = ready(true).await;
    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let at = m.at();
    let me = m.router.address();
    let body = ReceiptBody {
        request_commitment: RequestCommitment::new([1; 32]),
        response_commitment: ResponseCommitment::new([2; 32]),
        part: 0,
        last: true,
        model: node.model,
        manifest_hash: ManifestHash::new([5; 32]),
        input_before: Tokens::ZERO,
        output_before: Tokens::ZERO,
        input_tokens: Tokens::new(1_000).unwrap(),
        output_tokens: Tokens::new(3_000).unwrap(),
        finished_at_ms: TimestampMs(1),
    };
    // The formula allows 1,000 * 1 + 3,000 * 3 = 10,000.
    let head = Receipt {
        account: channel.into(),
        key_epoch: KeyEpoch(0),
        seq: Seq(0),
        fee: Amount(60_000),
        body_hash: body.hash(),
    };
    let leaf = blake2b256(&[&[0], &head.message(at.network)]);
    let root = blake2b256(&[&[2], &1_u64.to_le_bytes(), &leaf]);
    let mut item = m.settlement(
        &node,
        channel,
        (60_000, 60_000, 1),
        (&m.voucher_key, &m.enclave),
    );
    let statement = Statement {
        root: MerkleRoot::new(root),
        ..item.statement.statement
    };
    item.statement = Verified::sign(statement, at.network, &m.enclave).into_signed();
    m.client.settle(&m.operator, &[item]).await.unwrap();

    let commitment = tx::overcharge_commitment(at, me, &head);
    let report = tx::report_wrong(at, node.id, commitment, me);
    let outcome = m.client.submit(&m.router, &report).await.unwrap();
    let [AtomaEvent::WrongReported(reported)] = outcome.events.as_slice() else {
        panic!("{:?}", outcome.events);
    };
    let delay = m.client.network().await.unwrap().params.report_delay_ms;
    m.localnet.chain().advance_clock(delay).unwrap();
    let accused = tx::Accused {
        node: node.id,
        pool: node.pool,
    };
    let proof = tx::Overcharge {
        channel,
        coin: m.usd().clone(),
        vault: node.vault,
        head,
        body,
        siblings: Vec::new(),
    };
    let prove = tx::prove_overcharge(at, reported.report, accused, &proof, me);
    m.client.submit(&m.router, &prove).await.unwrap();
    // 50,000 too much, of which the operator's part of the payment is still in the vault.
    let state = m.client.channel(channel).await.unwrap();
    let operators_part = 60_000 * 93 / 100 * 8 / 10;
    assert_eq!(state.compensation_due(), Amount(operators_part));
    let cap = m.payer_cap(channel).await;
    let before = m.usd_of(m.payer.address()).await;
    let claim = tx::claim_compensation(at, channel, m.usd(), cap, m.payer.address());
    m.client.submit(&m.payer, &claim).await.unwrap();
    let after = m.usd_of(m.payer.address()).await;
    assert_eq!(after - before, operators_part);
}

/// Many arguments are plain numbers side by side: each must land where it belongs.
#[tokio::test]
async fn what_was_asked_for_is_what_is_there() {
    let bps = |bps| Bps::new(bps).unwrap();
    let params = NetworkParams {
        protocol_bps: bps(101),
        max_routing_bps: bps(1_002),
        min_own_stake: Amount(1_003),
        min_grace_ms: 1_004,
        max_grace_ms: 9_005,
        max_channel_ms: 36_000_006,
        reap_ms: 1_007,
        unbonding_ms: 90_008,
        hold_back_ms: 1_009,
        stream_ms: 1_010,
        timelock_ms: 1_011,
        max_evidence_age_ms: 36_000_012,
        max_anchor_age_ms: 900_013,
        slash_bps: bps(114),
        reporter_bps: bps(115),
        report_delay_ms: 1_016,
        report_window_ms: 60_017,
        jail_ms: 1_018,
    };
    let m = OnLocalnet::start_with(true, Some(params.clone())).await;
    let network = m.client.network().await.unwrap();
    assert_eq!(network.params, params);
    assert_eq!(
        (network.treasury, network.admin_cap),
        (m.admin.address(), m.made.admin_cap)
    );
    assert_eq!(network.coins, [m.usd().clone()]);

    let node = m.register_node().await;
    let state = m.client.node(node.id).await.unwrap();
    assert_eq!(
        (state.commission_bps, state.max_commission_bps),
        (bps(8_000), bps(9_000))
    );
    let offer = state.offer(node.model, m.usd()).unwrap();
    assert_eq!((offer.prices(), offer.context_length), (prices(), 2_048));
    assert_eq!(
        (offer.credit, offer.min_deposit),
        (Amount(100_000), Amount(1_000_000))
    );
    assert_eq!(
        (offer.engine_class.as_str(), offer.max_routing_bps),
        ("candle/cpu", bps(300))
    );
    let model = m.client.model(node.model).await.unwrap();
    assert_eq!(
        (model.name.as_str(), model.weights_uri.as_str()),
        ("smollm2-135m", "https://example.org/weights")
    );

    let channel = m.open_channel(&node, Amount(DEPOSIT)).await;
    let state = m.client.channel(channel).await.unwrap();
    assert_eq!(
        (state.refund_to, state.router),
        (m.payer.address(), m.router.address())
    );
    assert_eq!(
        (state.routing_bps, state.protocol_bps),
        (bps(200), bps(101))
    );
    assert_eq!(u128::from(state.grace_ms), GRACE.as_millis());
    assert_eq!((state.reap_ms, state.funded), (1_007, Amount(DEPOSIT)));
    assert_eq!(state.voucher_key, m.voucher_key.public());
    let slot = state.slot(node.model).unwrap();
    assert_eq!(
        (slot.input_price, slot.output_price),
        (prices().input, prices().output)
    );
    let elsewhere = Address::new([0x77; 32]);
    let cap = m.payer_cap(channel).await;
    let move_refund = tx::set_refund_to(m.at(), channel, m.usd(), cap, elsewhere);
    m.client.submit(&m.payer, &move_refund).await.unwrap();
    assert_eq!(
        m.client.channel(channel).await.unwrap().refund_to,
        elsewhere
    );
}

#[tokio::test]
async fn a_channel_that_is_gone_does_not_hold_the_others() {
    let (m, node) = ready(true).await;
    let keys = (&m.voucher_key, &m.enclave);
    let gone = m.open_channel(&node, Amount(DEPOSIT)).await;
    let here = m.open_channel(&node, Amount(DEPOSIT)).await;
    let cap = m.payer_cap(gone).await;
    let close = tx::close(m.at(), gone, m.usd(), node.id, node.cap);
    m.client.submit(&m.operator, &close).await.unwrap();
    let reap_ms = m.client.channel(gone).await.unwrap().reap_ms;
    m.pass(reap_ms + GAP_MS).await;
    let reap = tx::reap(m.at(), gone, m.usd(), cap, node.vault, m.payer.address());
    m.client.submit(&m.payer, &reap).await.unwrap();
    let items = [gone, here].map(|channel| m.settlement(&node, channel, (500, 500, 1), keys));
    let result = m.client.settle(&m.operator, &items).await.unwrap();
    assert_eq!(result.refused.len(), 1);
    assert_eq!(result.refused[0].0, gone);
    assert_eq!(m.client.channel(here).await.unwrap().paid, Amount(500));
}
