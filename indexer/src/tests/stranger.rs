//! What strangers can make the chain say.

use atoma_chain::{
    Position, TxDigest,
    event::{ChannelSettled, PoolChanged},
};
use atoma_protocol::{
    hash::{CheckpointDigest, MerkleRoot},
    ids::{ChannelId, KeyEpoch, ObjectId},
    money::Amount,
    statement::EvidenceKind,
    time::TimestampMs,
};

use super::{
    crash::{catch_up, open},
    market::{TestMarket, localnet},
};
use crate::{
    follow::Page,
    query::{self, SettlementFilter, Slice},
    rows::{Entry, Origin, Read},
};

const MAX: Amount = Amount(u64::MAX);

fn settled(channel: ChannelId, vault: ObjectId) -> ChannelSettled {
    ChannelSettled {
        channel,
        vault,
        key_epoch: KeyEpoch(u64::MAX),
        kind: EvidenceKind::Simulated,
        taken: true,
        earned: MAX,
        receipts: u64::MAX,
        input_tokens: u64::MAX,
        output_tokens: u64::MAX,
        root: MerkleRoot::new([255; 32]),
        authorized: MAX,
        paid: MAX,
        payment: MAX,
        protocol: MAX,
        routing: MAX,
        stakers: MAX,
        operator: MAX,
    }
}

fn pool() -> PoolChanged {
    PoolChanged {
        pool: ObjectId::new([1; 32]),
        own: MAX,
        own_shares: u128::MAX,
        own_generation: u64::MAX,
        delegated: MAX,
        delegated_shares: u128::MAX,
        delegated_generation: u64::MAX,
        own_unbonding: MAX,
        own_unbonding_shares: u128::MAX,
        own_unbonding_generation: u64::MAX,
        delegated_unbonding: MAX,
        delegated_unbonding_shares: u128::MAX,
        delegated_unbonding_generation: u64::MAX,
        burned: MAX,
    }
}

/// A stranger's events cannot be told from anybody's: every field is as large as it can be.
#[tokio::test]
async fn the_largest_numbers_and_what_cannot_be_read_stop_nothing() {
    let market = TestMarket::deploy(localnet().await).await;
    let (node, channel) = market.story().await;
    let mut pages = market.pages().await;
    let last = pages.last().unwrap();
    let origin = |event| Origin {
        network: market.at().network,
        position: Position {
            checkpoint: last.seq.next(),
            transaction: u32::MAX,
            event,
        },
        digest: TxDigest::new([255; 32]),
        timestamp: TimestampMs(u64::MAX),
    };
    let unknown = Read::Unknown {
        name: "events::AttestationPosted".to_owned(),
        bytes: vec![0, 255],
        reason: "signing_key: not an ed25519 public key".to_owned(),
    };
    let stranger = ChannelId::new([9; 32]);
    let events = [
        Read::Known(Box::new(settled(channel, node.vault).into())),
        Read::Known(Box::new(settled(stranger, node.vault).into())),
        Read::Known(Box::new(pool().into())),
        unknown,
    ];
    let entries = (0..).zip(events).map(|(index, event)| Entry {
        origin: origin(index),
        event,
    });
    let page = Page {
        seq: last.seq.next(),
        digest: CheckpointDigest::new([1; 32]),
        previous: Some(last.digest),
        entries: entries.collect(),
        timestamp: TimestampMs(u64::MAX),
    };
    pages.push(page);
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), market.market()).await;
    catch_up(&store, &pages).await;

    let progress = store.progress().await.unwrap();
    assert_eq!(
        (progress.undecoded, progress.timestamp),
        (1, TimestampMs(u64::MAX))
    );
    let slice = Slice {
        after: None,
        limit: 500,
    };
    let filter = SettlementFilter {
        channel: Some(channel),
        ..SettlementFilter::default()
    };
    let found = query::settlements(store.readers(), filter, slice)
        .await
        .unwrap()
        .items;
    assert_eq!((found[2].payment, found[2].receipts), (MAX, u64::MAX));
    let filter = SettlementFilter {
        channel: Some(stranger),
        ..SettlementFilter::default()
    };
    assert!(
        query::settlements(store.readers(), filter, slice)
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let events = query::events(store.readers(), slice).await.unwrap().items;
    let [.., pool, unread] = events.as_slice() else {
        panic!()
    };
    assert!(
        pool.event
            .as_ref()
            .unwrap()
            .get()
            .contains(&u128::MAX.to_string())
    );
    assert_eq!(
        (unread.bytes.as_deref(), unread.event.is_none()),
        (Some("0x00ff"), true)
    );
}

/// The same contracts published by somebody else emit the same events, of another package.
#[tokio::test]
async fn a_look_alike_package_leaves_no_trace() {
    let localnet = localnet().await;
    let market = TestMarket::deploy(localnet.clone()).await;
    let fake = TestMarket::deploy(localnet).await;
    fake.story().await;
    let (node, channel) = market.story().await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), market.market()).await;
    catch_up(&store, &market.pages().await).await;

    let slice = Slice {
        after: None,
        limit: 500,
    };
    let nodes = query::nodes(store.readers(), slice).await.unwrap().items;
    assert_eq!(
        nodes.iter().map(|node| node.node).collect::<Vec<_>>(),
        [node.id]
    );
    let channels = query::channels(store.readers(), None, slice)
        .await
        .unwrap()
        .items;
    assert_eq!((channels.len(), channels[0].channel), (2, channel));
    let settled = query::settlements(store.readers(), SettlementFilter::default(), slice);
    assert!(
        settled
            .await
            .unwrap()
            .items
            .iter()
            .all(|settled| settled.channel == channel)
    );
    let events = query::events(store.readers(), slice).await.unwrap().items;
    assert!(!events.is_empty() && events.iter().all(|event| event.bytes.is_none()));
    let fakes = fake.at().network.to_string();
    let text = serde_json::to_string(&events).unwrap();
    assert!(text.contains(&market.at().network.to_string()) && !text.contains(&fakes));
}
