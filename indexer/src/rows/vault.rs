//! Vaults, and what leaves them.

use atoma_chain::event::{
    VaultCreated, VaultDistributed, VaultMatured, VaultSwept, VaultWithdrawn,
};
use atoma_protocol::{ids::ObjectId, money::Amount};
use sqlx::SqliteConnection;

use super::{Origin, Written};
use crate::store::cell::Cell as _;

pub(super) async fn created(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &VaultCreated,
) -> Written {
    sqlx::query(
        "INSERT INTO vault (vault, node, coin, hold_back_ms, held, free, created, updated)
         SELECT $1, $2, $3, $4, $5, $5, $6, $6 WHERE EXISTS (SELECT 1 FROM node WHERE node = $2)",
    )
    .bind(event.vault.cell())
    .bind(event.node.cell())
    .bind(event.coin.to_string())
    .bind(event.hold_back_ms.cell())
    .bind(0_u64.cell())
    .bind(origin.at())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn matured(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &VaultMatured,
) -> Written {
    sqlx::query("UPDATE vault SET held = $1, free = $2, updated = $3 WHERE vault = $4")
        .bind(event.held.cell())
        .bind(event.free.cell())
        .bind(origin.at())
        .bind(event.vault.cell())
        .execute(to)
        .await?;
    Ok(())
}

/// Coins on their way out.
struct Outflow {
    vault: ObjectId,
    kind: &'static str,
    amount: Amount,
    recipient: Option<Vec<u8>>,
}

pub(super) async fn swept(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &VaultSwept,
) -> Written {
    let recipient = Some(event.treasury.cell());
    let (vault, amount) = (event.vault, event.amount);
    outflow(
        to,
        origin,
        Outflow {
            vault,
            kind: "swept",
            amount,
            recipient,
        },
    )
    .await
}

pub(super) async fn distributed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &VaultDistributed,
) -> Written {
    let recipient = Some(event.pool.cell());
    let (vault, amount) = (event.vault, event.amount);
    outflow(
        to,
        origin,
        Outflow {
            vault,
            kind: "distributed",
            amount,
            recipient,
        },
    )
    .await
}

pub(super) async fn withdrawn(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &VaultWithdrawn,
) -> Written {
    let (vault, amount) = (event.vault, event.amount);
    outflow(
        to,
        origin,
        Outflow {
            vault,
            kind: "withdrawn",
            amount,
            recipient: None,
        },
    )
    .await
}

async fn outflow(to: &mut SqliteConnection, origin: &Origin, outflow: Outflow) -> Written {
    sqlx::query(
        "INSERT INTO vault_outflow
             (position, digest, timestamp_ms, vault, kind, amount, recipient)
         SELECT $1, $2, $3, $4, $5, $6, $7
             WHERE EXISTS (SELECT 1 FROM vault WHERE vault = $4)",
    )
    .bind(origin.at())
    .bind(origin.digest.cell())
    .bind(origin.timestamp.cell())
    .bind(outflow.vault.cell())
    .bind(outflow.kind)
    .bind(outflow.amount.cell())
    .bind(outflow.recipient)
    .execute(to)
    .await?;
    Ok(())
}
