//! Nodes, offers, vaults, key epochs.

use atoma_protocol::{
    ids::{KeyEpoch, NodeId, ObjectId},
    statement::{EvidenceKind, Grade},
};
use sqlx::{Row, SqlitePool, sqlite::SqliteRow};

use super::{Listing, Read, Slice, bps, coin, hexadecimal, kind, place};
use crate::{
    store::cell::{Cell as _, find, get},
    view::{KeyEpochView, Node, NodeDetail, Offer, Outflow, Page, Vault},
};

/// Most offers or vaults of a node that are shown; the contracts allow fewer.
const MAX_PARTS: i64 = 1_000;

/// Nodes.
pub(crate) async fn nodes(pool: &SqlitePool, slice: Slice) -> Read<Page<Node>> {
    Listing::new("SELECT * FROM node", "created", slice)
        .page(pool, row_node)
        .await
}

/// One node with what belongs to it.
pub(crate) async fn node(pool: &SqlitePool, id: NodeId) -> Read<Option<NodeDetail>> {
    let row = sqlx::query("SELECT * FROM node WHERE node = $1")
        .bind(id.cell())
        .fetch_optional(pool)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let offers = sqlx::query("SELECT * FROM offer WHERE node = $1 ORDER BY model, coin LIMIT $2")
        .bind(id.cell())
        .bind(MAX_PARTS)
        .fetch_all(pool)
        .await?;
    let vaults = sqlx::query("SELECT * FROM vault WHERE node = $1 ORDER BY created LIMIT $2")
        .bind(id.cell())
        .bind(MAX_PARTS)
        .fetch_all(pool)
        .await?;
    let newest =
        sqlx::query("SELECT * FROM key_epoch WHERE node = $1 ORDER BY key_epoch DESC LIMIT 1")
            .bind(id.cell())
            .fetch_optional(pool)
            .await?;
    Ok(Some(NodeDetail {
        node: row_node(&row)?,
        offers: offers.iter().map(row_offer).collect::<Result<_, _>>()?,
        vaults: vaults.iter().map(row_vault).collect::<Result<_, _>>()?,
        key_epoch: newest.as_ref().map(row_key_epoch).transpose()?,
    }))
}

/// Key epochs, of one node or of all.
pub(crate) async fn key_epochs(
    pool: &SqlitePool,
    node: Option<NodeId>,
    slice: Slice,
) -> Read<Page<KeyEpochView>> {
    Listing::new("SELECT * FROM key_epoch", "posted", slice)
        .only("node", node)
        .page(pool, row_key_epoch)
        .await
}

/// One key epoch.
pub(crate) async fn key_epoch(
    pool: &SqlitePool,
    node: NodeId,
    key_epoch: KeyEpoch,
) -> Read<Option<KeyEpochView>> {
    sqlx::query("SELECT * FROM key_epoch WHERE node = $1 AND key_epoch = $2")
        .bind(node.cell())
        .bind(key_epoch.cell())
        .fetch_optional(pool)
        .await?
        .as_ref()
        .map(row_key_epoch)
        .transpose()
}

/// What left a vault.
pub(crate) async fn outflows(
    pool: &SqlitePool,
    vault: ObjectId,
    slice: Slice,
) -> Read<Page<Outflow>> {
    Listing::new("SELECT * FROM vault_outflow", "position", slice)
        .only("vault", Some(vault))
        .page(pool, row_outflow)
        .await
}

fn row_node(row: &SqliteRow) -> Read<Node> {
    let proposed: Option<i64> = row.try_get("proposed_commission")?;
    Ok(Node {
        node: get(row, "node")?,
        pool: get(row, "pool")?,
        status: row.try_get("status")?,
        commission_bps: bps(row, "commission_bps")?,
        max_commission_bps: bps(row, "max_commission_bps")?,
        proposed_commission_bps: proposed
            .map(|_| bps(row, "proposed_commission"))
            .transpose()?,
        min_own_stake: get(row, "min_own_stake")?,
        own_stake: get(row, "own_stake")?,
        delegated_stake: get(row, "delegated_stake")?,
        burned: get(row, "burned")?,
        created: place(row, "created")?,
        updated: place(row, "updated")?,
    })
}

fn row_offer(row: &SqliteRow) -> Read<Offer> {
    Ok(Offer {
        model: get(row, "model")?,
        coin: coin(row)?,
        input_price: get(row, "input_price")?,
        output_price: get(row, "output_price")?,
        context_length: get(row, "context_length")?,
        engine_class: row.try_get("engine_class")?,
        credit: get(row, "credit")?,
        max_routing_bps: bps(row, "max_routing_bps")?,
        min_deposit: get(row, "min_deposit")?,
    })
}

fn row_vault(row: &SqliteRow) -> Read<Vault> {
    Ok(Vault {
        vault: get(row, "vault")?,
        coin: coin(row)?,
        hold_back_ms: get(row, "hold_back_ms")?,
        held: get(row, "held")?,
        free: get(row, "free")?,
    })
}

fn row_outflow(row: &SqliteRow) -> Read<Outflow> {
    Ok(Outflow {
        position: place(row, "position")?,
        digest: get(row, "digest")?,
        timestamp_ms: get(row, "timestamp_ms")?,
        kind: row.try_get("kind")?,
        amount: get(row, "amount")?,
        recipient: find(row, "recipient")?,
    })
}

fn row_key_epoch(row: &SqliteRow) -> Read<KeyEpochView> {
    let kind = kind(row)?;
    let grade: Option<Grade> = find(row, "grade")?;
    let signers: Option<Vec<u8>> = row.try_get("signers")?;
    Ok(KeyEpochView {
        node: get(row, "node")?,
        key_epoch: get(row, "key_epoch")?,
        kind,
        kind_text: kind_text(kind).to_owned(),
        measurement: hexadecimal(row, "measurement")?,
        signing_key: get(row, "signing_key")?,
        sealing_keys: hexadecimal(row, "sealing_keys")?,
        manifest_hash: get(row, "manifest_hash")?,
        evidence_hash: get(row, "evidence_hash")?,
        evidence_uri: row.try_get("evidence_uri")?,
        report_data: get(row, "report_data")?,
        anchor_seq: get(row, "anchor_seq")?,
        anchor_digest: get(row, "anchor_digest")?,
        posted_ms: get(row, "posted_ms")?,
        posted: place(row, "posted")?,
        posted_digest: get(row, "posted_digest")?,
        grade,
        grade_text: grade.map_or_else(|| "not graded".to_owned(), |grade| grade.to_string()),
        expires_ms: find(row, "expires_ms")?,
        attestor_set_version: find(row, "attestor_set_version")?,
        signers: signers.unwrap_or_default(),
        graded_digest: find(row, "graded_digest")?,
        ended: row.try_get("ended")?,
    })
}

fn kind_text(kind: EvidenceKind) -> &'static str {
    match kind {
        EvidenceKind::Simulated => "SIMULATED",
        EvidenceKind::SevSnp => "AMD SEV-SNP",
        EvidenceKind::Tdx => "Intel TDX",
        EvidenceKind::Nitro => "AWS Nitro Enclaves",
        _ => "unknown",
    }
}
