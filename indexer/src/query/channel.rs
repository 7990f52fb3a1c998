//! Channels and settlements.

use atoma_protocol::{
    ids::{ChannelId, CheckpointSeq, KeyEpoch, NodeId, Seq},
    statement::Grade,
};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use super::{Listing, Read, Slice, bps, coin, json, kind, place};
use crate::{
    store::cell::{Cell as _, find, get},
    view::{Channel, Page, Settlement},
};

/// Channels, of one node or of all.
pub(crate) async fn channels(
    pool: &SqlitePool,
    node: Option<NodeId>,
    slice: Slice,
) -> Read<Page<Channel>> {
    Listing::new("SELECT * FROM channel", "created", slice)
        .only("node", node)
        .page(pool, row_channel)
        .await
}

/// One channel.
pub(crate) async fn channel(pool: &SqlitePool, id: ChannelId) -> Read<Option<Channel>> {
    sqlx::query("SELECT * FROM channel WHERE channel = $1")
        .bind(id.cell())
        .fetch_optional(pool)
        .await?
        .as_ref()
        .map(row_channel)
        .transpose()
}

/// Which settlements are asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SettlementFilter {
    /// Of this channel.
    pub(crate) channel: Option<ChannelId>,
    /// By this key epoch.
    pub(crate) key_epoch: Option<KeyEpoch>,
    /// Whose root covers the receipt of this number.
    pub(crate) covers: Option<Seq>,
}

/// Settlements.
pub(crate) async fn settlements(
    pool: &SqlitePool,
    filter: SettlementFilter,
    slice: Slice,
) -> Read<Page<Settlement>> {
    Listing::new("SELECT * FROM settlement", "position", slice)
        .only("channel", filter.channel)
        .only("key_epoch", filter.key_epoch)
        .above("receipts", filter.covers)
        .page(pool, row_settlement)
        .await
}

/// The settlement with the fewest receipts that covers `seq`.
pub(crate) async fn covering_settlement(
    pool: &SqlitePool,
    channel: ChannelId,
    key_epoch: KeyEpoch,
    seq: Seq,
) -> Read<Option<Settlement>> {
    sqlx::query(
        "SELECT * FROM settlement
         WHERE channel = $1 AND key_epoch = $2 AND receipts > $3 AND taken = 1
         ORDER BY receipts, position LIMIT 1",
    )
    .bind(channel.cell())
    .bind(key_epoch.cell())
    .bind(seq.cell())
    .fetch_optional(pool)
    .await?
    .as_ref()
    .map(row_settlement)
    .transpose()
}

fn row_channel(row: &SqliteRow) -> Read<Channel> {
    let need: Grade = get(row, "need")?;
    Ok(Channel {
        channel: get(row, "channel")?,
        node: get(row, "node")?,
        coin: coin(row)?,
        payer_cap: get(row, "payer_cap")?,
        voucher_key: get(row, "voucher_key")?,
        refund_to: get(row, "refund_to")?,
        router: get(row, "router")?,
        routing_bps: bps(row, "routing_bps")?,
        protocol_bps: bps(row, "protocol_bps")?,
        slots: json(row, "slots")?,
        need,
        need_text: need.to_string(),
        credit: get(row, "credit")?,
        grace_ms: get(row, "grace_ms")?,
        expires_ms: get(row, "expires_ms")?,
        state: row.try_get("state")?,
        funded: get(row, "funded")?,
        authorized: get(row, "authorized")?,
        paid: get(row, "paid")?,
        refund: find(row, "refund")?,
        routing_claimed: get(row, "routing_claimed")?,
        compensated: get(row, "compensated")?,
        created: place(row, "created")?,
        created_digest: get(row, "created_digest")?,
        updated: place(row, "updated")?,
    })
}

fn row_settlement(row: &SqliteRow) -> Read<Settlement> {
    let position = place(row, "position")?;
    let checkpoint: CheckpointSeq = position.0.checkpoint;
    Ok(Settlement {
        position,
        digest: get(row, "digest")?,
        checkpoint,
        timestamp_ms: get(row, "timestamp_ms")?,
        channel: get(row, "channel")?,
        node: get(row, "node")?,
        vault: get(row, "vault")?,
        key_epoch: get(row, "key_epoch")?,
        kind: kind(row)?,
        taken: row.try_get("taken")?,
        earned: get(row, "earned")?,
        receipts: get(row, "receipts")?,
        input_tokens: get(row, "input_tokens")?,
        output_tokens: get(row, "output_tokens")?,
        root: get(row, "root")?,
        authorized: get(row, "authorized")?,
        paid: get(row, "paid")?,
        payment: get(row, "payment")?,
        protocol: get(row, "protocol")?,
        routing: get(row, "routing")?,
        stakers: get(row, "stakers")?,
        operator: get(row, "operator")?,
    })
}
