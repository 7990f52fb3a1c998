//! Settlements, and waiting for them.

use std::time::Duration;

use atoma_protocol::ids::{ChannelId, KeyEpoch, Seq};
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    Desk, MAX_WAIT_MS,
    error::{ApiError, Asked, Named},
    list,
};
use crate::{
    query::{self, SettlementFilter, Slice},
    view::{Page, Place, Settlement},
};

/// Which settlements, and for how long to wait for them.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    channel: Option<ChannelId>,
    key_epoch: Option<KeyEpoch>,
    covers: Option<Seq>,
    after: Option<Place>,
    limit: Option<u32>,
    wait_ms: Option<u64>,
}

pub(super) async fn all(
    State(desk): State<Desk>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<Settlement>>, ApiError> {
    find(&desk, wanted).await
}

pub(super) async fn of_channel(
    State(desk): State<Desk>,
    Named(channel): Named<ChannelId>,
    Asked(wanted): Asked<Wanted>,
) -> Result<Json<Page<Settlement>>, ApiError> {
    if wanted.channel.is_some_and(|other| other != channel) {
        return Err(ApiError::bad_request("the path names another channel"));
    }
    find(
        &desk,
        Wanted {
            channel: Some(channel),
            ..wanted
        },
    )
    .await
}

async fn find(desk: &Desk, wanted: Wanted) -> Result<Json<Page<Settlement>>, ApiError> {
    let slice = list::slice(wanted.after, wanted.limit)?;
    let filter = SettlementFilter {
        channel: wanted.channel,
        key_epoch: wanted.key_epoch,
        covers: wanted.covers,
    };
    let wait_ms = wanted.wait_ms.unwrap_or(0);
    if wait_ms > MAX_WAIT_MS {
        return Err(ApiError::bad_request(format!(
            "wait_ms is at most {MAX_WAIT_MS}"
        )));
    }
    if wait_ms == 0 {
        return Ok(Json(
            query::settlements(desk.store.readers(), filter, slice).await?,
        ));
    }
    let _waiter = desk.waiters.try_acquire().map_err(|_| ApiError::busy())?;
    let limit = desk.env.sleep(Duration::from_millis(wait_ms));
    tokio::select! {
        found = first(desk, filter, slice) => found.map(Json),
        () = limit => Ok(Json(Page { items: Vec::new(), next: None })),
        () = desk.env.shutdown() => Ok(Json(Page { items: Vec::new(), next: None })),
    }
}

/// The page as soon as there is something on it.
async fn first(
    desk: &Desk,
    filter: SettlementFilter,
    slice: Slice,
) -> Result<Page<Settlement>, ApiError> {
    let mut progress = desk.watched.subscribe();
    loop {
        progress.mark_unchanged();
        let page = query::settlements(desk.store.readers(), filter, slice).await?;
        if !page.items.is_empty() || progress.changed().await.is_err() {
            return Ok(page);
        }
    }
}
