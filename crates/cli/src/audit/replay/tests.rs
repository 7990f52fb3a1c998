//! Honest histories balance; a figure changed, an event withheld or repeated is found.

use atoma_chain::{
    event::{
        ChannelSettled, ChannelToppedUp, CloseRequested, CompensationClaimed, KeyEpochGraded,
        NodeRegistered, RoutingClaimed, VaultCreated, VaultDistributed, VaultSwept, VaultWithdrawn,
    },
    state::{ChannelState, Lane, LiveMs},
};
use atoma_protocol::{
    hash::{EvidenceHash, ManifestHash, MerkleRoot},
    ids::{Address, AttestorSetVersion},
    keys::SigningKey,
    money::Bps,
    time::TimestampMs,
};

use super::*;

const NETWORK: NetworkId = NetworkId::new([1; 32]);
const NODE: NodeId = NodeId::new([2; 32]);
const CHANNEL: ChannelId = ChannelId::new([3; 32]);
const VAULT: ObjectId = ObjectId::new([4; 32]);
const POOL: ObjectId = ObjectId::new([5; 32]);
const OTHER: ObjectId = ObjectId::new([6; 32]);
const ANCHOR: CheckpointDigest = CheckpointDigest::new([7; 32]);
const EPOCH: KeyEpoch = KeyEpoch(0);
const NEED: Grade = Grade::SIMULATED;

fn bps(bps: u16) -> Bps {
    Bps::new(bps).unwrap()
}

fn registered(network: NetworkId) -> NodeRegistered {
    NodeRegistered {
        network,
        node: NODE,
        cap: OTHER,
        pool: POOL,
        commission_bps: bps(2_000),
        max_commission_bps: bps(3_000),
        min_own_stake: Amount(1),
        unbonding_ms: 1,
        stream_ms: 1,
        slash_bps: bps(1_000),
        reporter_bps: bps(1_000),
        jail_ms: 1,
    }
}

fn posted() -> AttestationPosted {
    let sealing_keys = vec![8; 48];
    let signing_key = SigningKey::from_seed([9; 32]).public();
    let mut posted = AttestationPosted {
        node: NODE,
        key_epoch: EPOCH,
        kind: EvidenceKind::Simulated,
        measurement: vec![1],
        signing_key,
        sealing_keys: sealing_keys.clone(),
        manifest_hash: ManifestHash::new([10; 32]),
        evidence_hash: EvidenceHash::new([11; 32]),
        evidence_uri: String::new(),
        report_data: atoma_protocol::hash::ReportData::default(),
        anchor_seq: CheckpointSeq(3),
        anchor_digest: ANCHOR,
        posted_ms: TimestampMs(5),
    };
    let report = Report {
        node: NODE,
        kind: posted.kind,
        key_epoch: EPOCH,
        signing_key: ReportKey(signing_key),
        sealing_keys_hash: SealingKeysHash::new(blake2b256(&[&sealing_keys])),
        manifest_hash: posted.manifest_hash,
        anchor_seq: posted.anchor_seq,
        anchor_digest: posted.anchor_digest,
    };
    posted.report_data = report.data(NETWORK);
    posted
}

fn graded() -> KeyEpochGraded {
    KeyEpochGraded {
        node: NODE,
        key_epoch: EPOCH,
        kind: EvidenceKind::Simulated,
        grade: Grade::SIMULATED.union(Grade::MEASUREMENT),
        anchor_ms: TimestampMs(4),
        expires_ms: TimestampMs(1_000),
        attestor_set_version: AttestorSetVersion(1),
        signers: vec![0],
    }
}

fn opened(network: NetworkId) -> ChannelOpened {
    ChannelOpened {
        network,
        channel: CHANNEL,
        node: NODE,
        payer_cap: OTHER,
        coin: CoinType::sui(),
        voucher_key: SigningKey::from_seed([12; 32]).public(),
        refund_to: Address::default(),
        router: Address::default(),
        routing_bps: bps(1_000),
        protocol_bps: bps(500),
        models: vec![],
        input_prices: vec![],
        output_prices: vec![],
        need: NEED,
        credit: Amount(100),
        grace_ms: 1,
        reap_ms: 1,
        expires_ms: TimestampMs(10_000),
        funded: Amount(10_000),
    }
}

/// 1,000 earned and paid: 100 to the router, 900 * 5 / 90 = 50 to the protocol, a fifth of the 850
/// left to the operator.
fn first_settled() -> ChannelSettled {
    ChannelSettled {
        channel: CHANNEL,
        vault: VAULT,
        key_epoch: EPOCH,
        kind: EvidenceKind::Simulated,
        taken: true,
        earned: Amount(1_000),
        receipts: 2,
        input_tokens: 10,
        output_tokens: 20,
        root: MerkleRoot::new([13; 32]),
        authorized: Amount(1_500),
        paid: Amount(1_000),
        payment: Amount(1_000),
        protocol: Amount(50),
        routing: Amount(100),
        stakers: Amount(680),
        operator: Amount(170),
    }
}

/// 2,001 in all: the router's 200 and the protocol's 1,801 * 5 / 90 = 100 are of the whole, so 100 and
/// 50 of these 1,001.
fn second_settled() -> ChannelSettled {
    ChannelSettled {
        earned: Amount(2_001),
        receipts: 3,
        root: MerkleRoot::new([14; 32]),
        authorized: Amount(3_000),
        paid: Amount(2_001),
        payment: Amount(1_001),
        stakers: Amount(681),
        ..first_settled()
    }
}

fn vault_created() -> VaultCreated {
    VaultCreated {
        vault: VAULT,
        node: NODE,
        coin: CoinType::sui(),
        hold_back_ms: 1,
    }
}

fn closed() -> ChannelClosed {
    ChannelClosed {
        channel: CHANNEL,
        refund_to: Address::default(),
        refund: Amount(8_499),
        paid: Amount(2_001),
        live_ms: LiveMs(1),
        clock_ms: TimestampMs(1),
    }
}

/// A channel's whole life.
fn honest() -> Vec<AtomaEvent> {
    let matured = |held, free| VaultMatured {
        vault: VAULT,
        held: Amount(held),
        free: Amount(free),
    };
    vec![
        registered(NETWORK).into(),
        vault_created().into(),
        posted().into(),
        graded().into(),
        opened(NETWORK).into(),
        first_settled().into(),
        ChannelToppedUp {
            channel: CHANNEL,
            amount: Amount(500),
            funded: Amount(10_500),
        }
        .into(),
        second_settled().into(),
        RoutingClaimed {
            channel: CHANNEL,
            amount: Amount(200),
            routing_claimed: Amount(200),
        }
        .into(),
        matured(340, 0).into(),
        matured(0, 340).into(),
        VaultWithdrawn {
            vault: VAULT,
            amount: Amount(340),
        }
        .into(),
        VaultSwept {
            vault: VAULT,
            treasury: Address::default(),
            amount: Amount(100),
        }
        .into(),
        VaultDistributed {
            vault: VAULT,
            pool: POOL,
            amount: Amount(1_361),
        }
        .into(),
        CloseRequested {
            channel: CHANNEL,
            live_ms: LiveMs(1),
            clock_ms: TimestampMs(1),
        }
        .into(),
        closed().into(),
    ]
}

/// What the objects are after [`honest`].
fn channel_state() -> ChannelState {
    let opened = opened(NETWORK);
    ChannelState {
        coin: opened.coin,
        id: CHANNEL,
        version: 1,
        network: NETWORK,
        node: NODE,
        payer_cap: OTHER,
        voucher_key: opened.voucher_key,
        refund_to: opened.refund_to,
        router: opened.router,
        routing_bps: opened.routing_bps,
        protocol_bps: opened.protocol_bps,
        slots: vec![],
        need: NEED,
        credit: opened.credit,
        grace_ms: 1,
        reap_ms: 1,
        expires_ms: opened.expires_ms,
        state: ChannelStatus::Closed,
        since: None,
        balance: Amount::ZERO,
        funded: Amount(10_500),
        authorized: Amount(3_000),
        paid: Amount(2_001),
        folded: Amount::ZERO,
        lanes: vec![Lane {
            epoch: EPOCH,
            earned: Amount(2_001),
            receipts: 3,
            root: MerkleRoot::new([14; 32]),
        }],
        routing_claimed: Amount(200),
        compensated: Amount::ZERO,
        compensation_claimed: Amount::ZERO,
    }
}

fn replayed(events: &[AtomaEvent]) -> Replay {
    let mut replay = Replay::new(NETWORK);
    for seq in 0..5 {
        let digest = if seq == 3 {
            ANCHOR
        } else {
            CheckpointDigest::default()
        };
        replay.checkpoint(CheckpointSeq(seq), digest);
    }
    for (index, event) in (0..).zip(events) {
        let at = Position {
            checkpoint: CheckpointSeq(5),
            transaction: 0,
            event: index,
        };
        replay.apply(at, event);
    }
    replay
}

/// Everything that is found in a history that ends in these objects.
fn found(events: &[AtomaEvent], channel: &ChannelState) -> Vec<String> {
    let mut replay = replayed(events);
    replay.compare_channel(CHANNEL, Some(channel));
    replay.conserve(&[(CHANNEL, channel.clone())].into());
    let emptied = replay.vaults().get(&VAULT).map(VaultBook::funds);
    if emptied != Some(Amount::ZERO) || !replay.channels().contains_key(&CHANNEL) {
        replay
            .faults_mut()
            .add(None, "the vault is empty on-chain".to_owned());
    }
    let listed = replay.faults().listed().iter();
    listed.map(ToString::to_string).collect()
}

#[test]
fn an_honest_history_balances_to_the_unit() {
    assert_eq!(found(&honest(), &channel_state()), Vec::<String>::new());
    let mut replay = replayed(&honest());
    let totals = replay.conserve(&[(CHANNEL, channel_state())].into());
    let expected = Totals {
        deposited: 10_500,
        paid: 2_001,
        refunded: 8_499,
        held: 0,
    };
    assert_eq!(totals[&CoinType::sui()], expected);
    let shares = replay.channels()[&CHANNEL].shares;
    let expected = Shares {
        protocol: Amount(100),
        routing: Amount(200),
        stakers: Amount(1_361),
        operator: Amount(340),
    };
    assert_eq!(shares, expected);
    let vault = &replay.vaults()[&VAULT];
    assert_eq!((vault.funds(), vault.due()), (Amount::ZERO, Amount::ZERO));
}

#[test]
fn no_event_can_be_withheld_or_repeated() {
    for index in 0..honest().len() {
        let mut events = honest();
        let event = events.remove(index);
        // A node may close without the payer's asking, and money does not move.
        if !matches!(event, AtomaEvent::CloseRequested(_)) {
            assert_ne!(
                found(&events, &channel_state()),
                Vec::<String>::new(),
                "without {}",
                event.name()
            );
        }
        let mut events = honest();
        events.insert(index, events[index].clone());
        // The same grade twice is the same grade.
        if !matches!(event, AtomaEvent::KeyEpochGraded(_)) {
            assert_ne!(
                found(&events, &channel_state()),
                Vec::<String>::new(),
                "twice {}",
                event.name()
            );
        }
    }
}

/// Replaces the event at `index` and expects `complaint` among what is found.
#[track_caller]
fn caught(index: usize, event: impl Into<AtomaEvent>, complaint: &str) {
    let mut events = honest();
    events[index] = event.into();
    let found = found(&events, &channel_state());
    assert!(
        found.iter().any(|text| text.contains(complaint)),
        "{found:#?}"
    );
}

#[test]
fn a_settlement_that_was_tampered_with_is_found() {
    let honest = second_settled();
    let change = |change: fn(&mut ChannelSettled)| {
        let mut event = honest.clone();
        change(&mut event);
        event
    };
    for (event, complaint) in [
        // More than was earned, with the split that fits.
        (
            change(|event| {
                event.payment = Amount(1_002);
                event.paid = Amount(2_002);
                event.stakers = Amount(682);
            }),
            "all that channel",
        ),
        // One unit from the stakers to the operator.
        (
            change(|event| {
                event.stakers = Amount(680);
                event.operator = Amount(171);
            }),
            "the split of a payment",
        ),
        // The protocol's part to the router.
        (
            change(|event| {
                event.protocol = Amount(0);
                event.routing = Amount(150);
            }),
            "the split of a payment",
        ),
        // One unit that nobody got.
        (
            change(|event| event.stakers = Amount(680)),
            "shares of 1000 were cut from a payment of 1001",
        ),
        // More than the voucher.
        (
            change(|event| event.authorized = Amount(2_000)),
            "all that channel",
        ),
        (
            change(|event| event.authorized = Amount(1)),
            "the largest voucher",
        ),
        (
            change(|event| event.vault = OTHER),
            "is not its node's vault",
        ),
        (change(|event| event.taken = false), "is news"),
        (change(|event| event.receipts = 2), "is news"),
        (
            change(|event| event.root = MerkleRoot::new([15; 32])),
            "lanes on-chain",
        ),
        (
            change(|event| event.key_epoch = KeyEpoch(1)),
            "lacks the grade",
        ),
        (
            change(|event| event.kind = EvidenceKind::Tdx),
            "the kind of evidence",
        ),
        (
            change(|event| event.channel = ChannelId::default()),
            "never opened",
        ),
    ] {
        caught(7, event, complaint);
    }
    let mut events = self::honest();
    events.push(second_settled().into());
    let found = found(&events, &channel_state());
    assert!(
        found.iter().any(|text| text.contains("is closed")),
        "{found:#?}"
    );
}

#[test]
fn keys_that_were_not_proved_are_found() {
    let posted = posted();
    let change = |change: fn(&mut AttestationPosted)| {
        let mut event = posted.clone();
        change(&mut event);
        event
    };
    let other = SigningKey::from_seed([16; 32]).public();
    let swapped = AttestationPosted {
        signing_key: other,
        ..posted.clone()
    };
    caught(2, swapped, "the report data");
    caught(
        2,
        change(|event| event.sealing_keys[0] ^= 1),
        "the report data",
    );
    caught(
        2,
        change(|event| event.anchor_digest = CheckpointDigest::default()),
        "the anchor",
    );
    caught(
        2,
        change(|event| event.anchor_seq = CheckpointSeq(9)),
        "the anchor",
    );
    caught(
        2,
        change(|event| event.key_epoch = KeyEpoch(1)),
        "the number of key epoch 1",
    );
    let grade = Grade::VENDOR_CHAIN;
    caught(
        3,
        KeyEpochGraded { grade, ..graded() },
        "was graded vendor-chain",
    );
    caught(3, KeyEpochGraded { grade, ..graded() }, "lacks the grade");
}

#[test]
fn what_leaves_must_be_what_was_due() {
    let amount = Amount(341);
    caught(
        11,
        VaultWithdrawn {
            vault: VAULT,
            amount,
        },
        "what was withdrawn",
    );
    let amount = Amount(101);
    let treasury = Address::default();
    caught(
        12,
        VaultSwept {
            vault: VAULT,
            treasury,
            amount,
        },
        "what was swept",
    );
    let amount = Amount(1_360);
    caught(
        13,
        VaultDistributed {
            vault: VAULT,
            pool: POOL,
            amount,
        },
        "distributed",
    );
    caught(
        15,
        ChannelClosed {
            refund: Amount(8_500),
            ..closed()
        },
        "the refund of channel",
    );
    let claim = |amount| RoutingClaimed {
        channel: CHANNEL,
        amount,
        routing_claimed: amount,
    };
    caught(8, claim(Amount(201)), "the routing claimed");
    let topped = ChannelToppedUp {
        channel: CHANNEL,
        amount: Amount(499),
        funded: Amount(10_500),
    };
    caught(6, topped, "the deposit of channel");
}

#[test]
fn an_object_that_shows_other_money_is_found() {
    let honest = channel_state();
    for (object, complaint) in [
        (
            ChannelState {
                balance: Amount(1),
                ..honest.clone()
            },
            "balance on-chain",
        ),
        (
            ChannelState {
                funded: Amount(10_501),
                ..honest.clone()
            },
            "deposit on-chain",
        ),
        (
            ChannelState {
                paid: Amount(2_000),
                ..honest.clone()
            },
            "paid on-chain",
        ),
        (
            ChannelState {
                state: ChannelStatus::Open,
                ..honest.clone()
            },
            "state on-chain",
        ),
        (
            ChannelState {
                lanes: vec![],
                ..honest.clone()
            },
            "lanes on-chain",
        ),
    ] {
        let found = found(&self::honest(), &object);
        assert!(
            found.iter().any(|text| text.contains(complaint)),
            "{found:#?}"
        );
    }
    let mut replay = replayed(&self::honest());
    replay.compare_channel(CHANNEL, None);
    replay.compare_vault(VAULT, None);
    replay.compare_node(NODE, None);
    assert_eq!(replay.faults().count(), 3);
}

#[test]
fn an_overcharge_comes_back_from_the_operators_part_alone() {
    let mut events = honest();
    events.truncate(6);
    let given = |amount, compensated| OverchargeCompensated {
        channel: CHANNEL,
        vault: VAULT,
        amount: Amount(amount),
        compensated: Amount(compensated),
    };
    events.push(given(150, 150).into());
    events.push(
        CompensationClaimed {
            channel: CHANNEL,
            amount: Amount(150),
            compensation_claimed: Amount(150),
        }
        .into(),
    );
    let replay = replayed(&events);
    assert_eq!(replay.faults().listed(), []);
    let vault = &replay.vaults()[&VAULT];
    assert_eq!((vault.arriving, vault.funds()), (Amount(20), Amount(750)));
    assert_eq!(vault.funds(), vault.due());
    events.push(given(21, 171).into());
    let replay = replayed(&events);
    let complaint = &replay.faults().listed()[0].what;
    assert!(complaint.contains("gave back"), "{complaint}");
}

#[test]
fn a_deleted_channel_leaves_what_the_router_left_to_the_protocol() {
    let mut events = honest();
    // The router never claims.
    events.remove(8);
    events.push(
        ChannelReaped {
            channel: CHANNEL,
            unclaimed_routing: Amount(200),
            compensation: Amount::ZERO,
        }
        .into(),
    );
    let mut replay = replayed(&events);
    replay.compare_channel(CHANNEL, None);
    assert_eq!(replay.faults().listed(), []);
    assert_eq!(replay.vaults()[&VAULT].protocol_due, Amount(200));
    assert_eq!(replay.vaults()[&VAULT].funds(), Amount(200));
    // Nothing happens to it any more.
    events.push(closed().into());
    assert_eq!(replayed(&events).faults().count(), 1);
}

#[test]
fn other_networks_of_the_package_are_left_alone() {
    let other = NetworkId::new([99; 32]);
    let mut events = honest();
    events[0] = registered(other).into();
    events[4] = opened(other).into();
    let replay = replayed(&events);
    assert_eq!(replay.faults().listed(), []);
    assert!(replay.channels().is_empty() && replay.vaults().is_empty());
}
