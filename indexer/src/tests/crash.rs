//! A process that ends at any step leaves every event once.

use std::{
    future::{Future, poll_fn},
    path::Path,
    pin::pin,
    task::Poll,
};

use atoma_chain::{
    Position, TxDigest,
    event::{ChannelSettled, PoolChanged},
};
use atoma_protocol::{
    hash::{CheckpointDigest, MerkleRoot},
    ids::{ChannelId, CheckpointSeq, KeyEpoch, ObjectId},
    money::Amount,
    statement::EvidenceKind,
    time::TimestampMs,
};

use super::market::{TestMarket, dump, localnet};
use crate::{
    follow::{FollowError, Page, write},
    query::{self, SettlementFilter, Slice},
    rows::{Entry, Origin, Read},
    store::{Market, Store, StoreError},
};

/// How many places a run is cut off at.
const CUTS: usize = 40;

async fn open(folder: &Path, market: Market) -> Store {
    Store::open(folder, market, CheckpointSeq(0)).await.unwrap()
}

/// Writes what is missing; two checkpoints a transaction.
async fn catch_up(store: &Store, pages: &[Page]) {
    loop {
        let progress = store.progress().await.unwrap();
        let from = usize::try_from(progress.next.0).unwrap();
        let Some(next) = pages[from..].chunks(2).next() else {
            return;
        };
        write(store, &progress, next).await.unwrap();
    }
}

/// Polls at most so often; gives how often it did, and whether it was done.
async fn polled(future: impl Future<Output = ()>, most: usize) -> (usize, bool) {
    let mut future = pin!(future);
    let mut polls = 0;
    let done = poll_fn(|context| {
        if polls == most {
            return Poll::Ready(false);
        }
        polls += 1;
        future.as_mut().poll(context).map(|()| true)
    })
    .await;
    (polls, done)
}

/// What a killed process leaves on the disk.
fn image(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for file in std::fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        // The shared memory of the write-ahead log does not survive its last process.
        if !file.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(file.path(), to.join(file.file_name())).unwrap();
        }
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_wherever_it_is_cut_off() {
    let market = TestMarket::deploy(localnet().await).await;
    market.story().await;
    let pages = market.pages().await;
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);

    let clean = open(&path("clean"), market.market()).await;
    let (polls, done) = polled(catch_up(&clean, &pages), usize::MAX).await;
    assert!(done);
    let expected = dump(&clean).await;
    for table in [
        "node",
        "offer",
        "key_epoch",
        "channel",
        "settlement",
        "vault_outflow",
        "coin",
    ] {
        assert!(
            expected
                .iter()
                .any(|row| row.starts_with(&format!("{table}: "))),
            "{table}"
        );
    }
    assert!(polls > CUTS, "{polls}");

    let mut midway = 0;
    for cut in (1..polls).step_by(polls / CUTS) {
        let (at, left) = (path(&format!("cut{cut}")), path(&format!("left{cut}")));
        let store = open(&at, market.market()).await;
        {
            let mut writing = pin!(catch_up(&store, &pages));
            polled(writing.as_mut(), cut).await;
            image(&at, &left);
        }
        // What the kernel has of a killed process, and what a task that was dropped leaves.
        let killed = open(&left, market.market()).await;
        let progress = killed.progress().await.unwrap();
        let written = usize::try_from(progress.next.0).unwrap();
        midway += usize::from(written > 0 && written < pages.len());
        let events: usize = pages[..written].iter().map(|page| page.entries.len()).sum();
        assert_eq!(progress.events, u64::try_from(events).unwrap());
        for store in [&killed, &store] {
            catch_up(store, &pages).await;
            assert_eq!(
                dump(store).await,
                expected,
                "cut off after {cut} of {polls} polls"
            );
        }
    }
    assert!(midway > 5, "{midway}");
}

#[tokio::test]
async fn checkpoints_out_of_order_or_of_another_history_are_refused() {
    let market = TestMarket::deploy(localnet().await).await;
    let mut pages = market.pages().await;
    let folder = tempfile::tempdir().unwrap();
    let store = open(folder.path(), market.market()).await;
    let start = store.progress().await.unwrap();
    let skipped = write(&store, &start, &pages[1..2]).await;
    assert!(
        matches!(skipped, Err(FollowError::OutOfOrder { .. })),
        "{skipped:?}"
    );
    let after = write(&store, &start, &pages[..2]).await.unwrap();
    let again = write(&store, &start, &pages[..2]).await;
    assert!(matches!(
        again,
        Err(FollowError::Store(StoreError::Raced | StoreError::Sql(_)))
    ));
    pages[2].previous = Some(CheckpointDigest::new([1; 32]));
    let other = write(&store, &after, &pages[2..3]).await;
    assert!(
        matches!(other, Err(FollowError::OtherHistory { .. })),
        "{other:?}"
    );
    assert_eq!(store.progress().await.unwrap(), after);
}

#[tokio::test]
async fn another_markets_database_is_refused() {
    let market = TestMarket::deploy(localnet().await).await;
    let folder = tempfile::tempdir().unwrap();
    open(folder.path(), market.market()).await.close().await;
    let other = Market {
        network: [1; 32].into(),
        ..market.market()
    };
    let refused = Store::open(folder.path(), other, CheckpointSeq(0))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::OtherMarket { .. }),
        "{refused}"
    );
    open(folder.path(), market.market()).await;
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
    let max = Amount(u64::MAX);
    let settled = |channel| ChannelSettled {
        channel,
        vault: node.vault,
        key_epoch: KeyEpoch(u64::MAX),
        kind: EvidenceKind::Simulated,
        taken: true,
        earned: max,
        receipts: u64::MAX,
        input_tokens: u64::MAX,
        output_tokens: u64::MAX,
        root: MerkleRoot::new([255; 32]),
        authorized: max,
        paid: max,
        payment: max,
        protocol: max,
        routing: max,
        stakers: max,
        operator: max,
    };
    let pool = PoolChanged {
        pool: ObjectId::new([1; 32]),
        own: max,
        own_shares: u128::MAX,
        own_generation: u64::MAX,
        delegated: max,
        delegated_shares: u128::MAX,
        delegated_generation: u64::MAX,
        own_unbonding: max,
        own_unbonding_shares: u128::MAX,
        own_unbonding_generation: u64::MAX,
        delegated_unbonding: max,
        delegated_unbonding_shares: u128::MAX,
        delegated_unbonding_generation: u64::MAX,
        burned: max,
    };
    let unknown = Read::Unknown {
        name: "events::AttestationPosted".to_owned(),
        bytes: vec![0, 255],
        reason: "signing_key: not an ed25519 public key".to_owned(),
    };
    let stranger = ChannelId::new([9; 32]);
    let events = [
        Read::Known(Box::new(settled(channel).into())),
        Read::Known(Box::new(settled(stranger).into())),
        Read::Known(Box::new(pool.into())),
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
    assert_eq!((found[2].payment, found[2].receipts), (max, u64::MAX));
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
