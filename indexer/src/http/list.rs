//! What is only read: network, nodes, channels, events.

use atoma_protocol::ids::{ChannelId, KeyEpoch, NodeId, ObjectId};
use axum::{Json, extract::State};
use serde::Deserialize;

use super::{
    Desk, MAX_LIMIT,
    error::{ApiError, Asked, Named},
};
use crate::{
    query::{self, Slice},
    view::{
        Channel, EventView, KeyEpochView, Model, Network, Node, NodeDetail, Outflow, Page, Place,
    },
};

/// Entries on a page unless asked otherwise.
const DEFAULT_LIMIT: u32 = 50;

/// Which part of a list.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Paging {
    after: Option<Place>,
    limit: Option<u32>,
}

/// `after` and `limit` as a slice.
pub(super) fn slice(after: Option<Place>, limit: Option<u32>) -> Result<Slice, ApiError> {
    let limit = limit.unwrap_or(DEFAULT_LIMIT);
    if limit == 0 || limit > MAX_LIMIT {
        return Err(ApiError::bad_request(format!("limit is 1 to {MAX_LIMIT}")));
    }
    Ok(Slice {
        after: after.map(|place| place.0),
        limit,
    })
}

impl Paging {
    fn slice(self) -> Result<Slice, ApiError> {
        slice(self.after, self.limit)
    }
}

/// A page, or why there is none.
type Listed<T> = Result<Json<Page<T>>, ApiError>;

pub(super) async fn network(State(desk): State<Desk>) -> Result<Json<Network>, ApiError> {
    let id = desk.chain.deployment().network;
    let found = query::network(desk.store.readers(), id, MAX_LIMIT).await?;
    let missing = || ApiError::not_found("the network's creation was not read yet");
    found.map(Json).ok_or_else(missing)
}

pub(super) async fn models(
    State(desk): State<Desk>,
    Asked(paging): Asked<Paging>,
) -> Listed<Model> {
    Ok(Json(
        query::model_list(desk.store.readers(), paging.slice()?).await?,
    ))
}

pub(super) async fn nodes(State(desk): State<Desk>, Asked(paging): Asked<Paging>) -> Listed<Node> {
    Ok(Json(
        query::nodes(desk.store.readers(), paging.slice()?).await?,
    ))
}

pub(super) async fn node(
    State(desk): State<Desk>,
    Named(id): Named<NodeId>,
) -> Result<Json<NodeDetail>, ApiError> {
    let found = query::node(desk.store.readers(), id).await?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("no node {id}")))
}

pub(super) async fn key_epochs(
    State(desk): State<Desk>,
    Named(id): Named<NodeId>,
    Asked(paging): Asked<Paging>,
) -> Listed<KeyEpochView> {
    Ok(Json(
        query::key_epochs(desk.store.readers(), Some(id), paging.slice()?).await?,
    ))
}

pub(super) async fn key_epoch(
    State(desk): State<Desk>,
    Named((node, number)): Named<(NodeId, KeyEpoch)>,
) -> Result<Json<KeyEpochView>, ApiError> {
    let found = query::key_epoch(desk.store.readers(), node, number).await?;
    let missing = || ApiError::not_found(format!("node {node} posted no key epoch {number}"));
    found.map(Json).ok_or_else(missing)
}

pub(super) async fn attestations(
    State(desk): State<Desk>,
    Asked(paging): Asked<Paging>,
) -> Listed<KeyEpochView> {
    Ok(Json(
        query::key_epochs(desk.store.readers(), None, paging.slice()?).await?,
    ))
}

pub(super) async fn outflows(
    State(desk): State<Desk>,
    Named(vault): Named<ObjectId>,
    Asked(paging): Asked<Paging>,
) -> Listed<Outflow> {
    Ok(Json(
        query::outflows(desk.store.readers(), vault, paging.slice()?).await?,
    ))
}

/// Which channels.
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ChannelsAsked {
    node: Option<NodeId>,
    after: Option<Place>,
    limit: Option<u32>,
}

pub(super) async fn channels(
    State(desk): State<Desk>,
    Asked(asked): Asked<ChannelsAsked>,
) -> Listed<Channel> {
    let slice = slice(asked.after, asked.limit)?;
    Ok(Json(
        query::channels(desk.store.readers(), asked.node, slice).await?,
    ))
}

pub(super) async fn channel(
    State(desk): State<Desk>,
    Named(id): Named<ChannelId>,
) -> Result<Json<Channel>, ApiError> {
    let found = query::channel(desk.store.readers(), id).await?;
    found
        .map(Json)
        .ok_or_else(|| ApiError::not_found(format!("no channel {id}")))
}

pub(super) async fn events(
    State(desk): State<Desk>,
    Asked(paging): Asked<Paging>,
) -> Listed<EventView> {
    Ok(Json(
        query::events(desk.store.readers(), paging.slice()?).await?,
    ))
}
