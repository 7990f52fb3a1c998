//! A process that ends at any step leaves every event once.

use std::{
    future::{Future, poll_fn},
    path::Path,
    pin::pin,
    task::Poll,
};

use atoma_protocol::{hash::CheckpointDigest, ids::CheckpointSeq};

use super::market::{TestMarket, dump, localnet};
use crate::{
    follow::{FollowError, Page, write},
    store::{Market, Store, StoreError},
};

/// How many places a run is cut off at.
const CUTS: usize = 40;

pub(super) async fn open(folder: &Path, market: Market) -> Store {
    Store::open(folder, market, CheckpointSeq(0)).await.unwrap()
}

/// Writes what is missing; two checkpoints a transaction.
pub(super) async fn catch_up(store: &Store, pages: &[Page]) {
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
