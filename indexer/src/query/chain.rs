//! The network and everything that is not a node's or a channel's.

use atoma_protocol::ids::NetworkId;
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use super::{Listing, Read, Slice, coin, hexadecimal, json, kind, place};
use crate::{
    store::cell::{Cell as _, find, get},
    view::{Attestors, EventView, Measurement, Model, Network, Page},
};

/// The network; none before its creation was read.
pub(crate) async fn network(pool: &SqlitePool, id: NetworkId, limit: u32) -> Read<Option<Network>> {
    let row = sqlx::query("SELECT * FROM network WHERE network = $1")
        .bind(id.cell())
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let coins = sqlx::query("SELECT coin FROM coin ORDER BY created LIMIT $1")
        .bind(i64::from(limit))
        .fetch_all(pool)
        .await?;
    let measurements = sqlx::query(
        "SELECT kind, measurement, until_ms FROM measurement ORDER BY kind, measurement LIMIT $1",
    )
    .bind(i64::from(limit))
    .fetch_all(pool)
    .await?;
    let version = find(&row, "set_version")?;
    let threshold = find(&row, "threshold")?;
    let attestors = match (version, threshold) {
        (Some(version), Some(threshold)) => Some(Attestors {
            version,
            threshold,
            keys: json(&row, "keys")?,
        }),
        _ => None,
    };
    let proposed: Option<&str> = row.try_get("proposed")?;
    Ok(Some(Network {
        network: get(&row, "network")?,
        dev: row.try_get("dev")?,
        gap_ms: get(&row, "gap_ms")?,
        treasury: get(&row, "treasury")?,
        paused: row.try_get("paused")?,
        params: json(&row, "params")?,
        proposed_params: proposed.map(|_| json(&row, "proposed")).transpose()?,
        coins: coins.iter().map(coin).collect::<Result<_, _>>()?,
        attestors,
        measurements: measurements
            .iter()
            .map(measurement)
            .collect::<Result<_, _>>()?,
        models: model_list(pool, Slice { after: None, limit }).await?.items,
        updated: place(&row, "updated")?,
    }))
}

fn measurement(row: &SqliteRow) -> Read<Measurement> {
    Ok(Measurement {
        kind: kind(row)?,
        measurement: hexadecimal(row, "measurement")?,
        until_ms: get(row, "until_ms")?,
    })
}

/// Models.
pub(crate) async fn model_list(pool: &SqlitePool, slice: Slice) -> Read<Page<Model>> {
    Listing::new("SELECT * FROM model", "created", slice)
        .page(pool, model)
        .await
}

fn model(row: &SqliteRow) -> Read<Model> {
    Ok(Model {
        model: get(row, "model")?,
        name: row.try_get("name")?,
        manifest_hash: get(row, "manifest_hash")?,
        modality: row.try_get("modality")?,
        weights_uri: row.try_get("weights_uri")?,
        created: place(row, "created")?,
    })
}

/// Events of every kind.
pub(crate) async fn events(pool: &SqlitePool, slice: Slice) -> Read<Page<EventView>> {
    Listing::new("SELECT * FROM event", "position", slice)
        .page(pool, event)
        .await
}

fn event(row: &SqliteRow) -> Read<EventView> {
    let body: Option<&str> = row.try_get("body")?;
    let bytes: Option<&[u8]> = row.try_get("bytes")?;
    Ok(EventView {
        position: place(row, "position")?,
        digest: get(row, "digest")?,
        timestamp_ms: get(row, "timestamp_ms")?,
        name: row.try_get("name")?,
        event: body.map(|_| json(row, "body")).transpose()?,
        bytes: bytes.map(|_| hexadecimal(row, "bytes")).transpose()?,
        reason: row.try_get("reason")?,
    })
}
