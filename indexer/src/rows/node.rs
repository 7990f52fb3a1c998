//! Nodes, their stake and offers.

use atoma_chain::{
    event::{
        CommissionChanged, CommissionProposed, NodeRegistered, NodeStatusChanged, OfferRemoved,
        OfferSet, PoolChanged,
    },
    state::NodeStatus,
};
use sqlx::SqliteConnection;

use super::{Origin, Written};
use crate::store::cell::Cell as _;

/// A status as the API names it.
const fn name(status: NodeStatus) -> &'static str {
    match status {
        NodeStatus::Active => "active",
        NodeStatus::Draining => "draining",
        NodeStatus::Jailed => "jailed",
        NodeStatus::Retired => "retired",
    }
}

pub(super) async fn registered(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &NodeRegistered,
) -> Written {
    if event.network != origin.network {
        return Ok(());
    }
    // The first stake comes with an event of its own.
    sqlx::query(
        "INSERT INTO node
             (node, pool, cap, status, commission_bps, max_commission_bps, min_own_stake,
              own_stake, delegated_stake, burned, created, updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $8, $9, $9)",
    )
    .bind(event.node.cell())
    .bind(event.pool.cell())
    .bind(event.cap.cell())
    .bind(name(NodeStatus::Active))
    .bind(i64::from(event.commission_bps.get()))
    .bind(i64::from(event.max_commission_bps.get()))
    .bind(event.min_own_stake.cell())
    .bind(0_u64.cell())
    .bind(origin.at())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn status_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &NodeStatusChanged,
) -> Written {
    sqlx::query("UPDATE node SET status = $1, updated = $2 WHERE node = $3")
        .bind(name(event.status))
        .bind(origin.at())
        .bind(event.node.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn commission_proposed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &CommissionProposed,
) -> Written {
    sqlx::query("UPDATE node SET proposed_commission = $1, updated = $2 WHERE node = $3")
        .bind(i64::from(event.commission_bps.get()))
        .bind(origin.at())
        .bind(event.node.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn commission_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &CommissionChanged,
) -> Written {
    sqlx::query(
        "UPDATE node SET commission_bps = $1, proposed_commission = NULL, updated = $2
         WHERE node = $3",
    )
    .bind(i64::from(event.commission_bps.get()))
    .bind(origin.at())
    .bind(event.node.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn pool_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &PoolChanged,
) -> Written {
    sqlx::query(
        "UPDATE node SET own_stake = $1, delegated_stake = $2, burned = $3, updated = $4
         WHERE pool = $5",
    )
    .bind(event.own.cell())
    .bind(event.delegated.cell())
    .bind(event.burned.cell())
    .bind(origin.at())
    .bind(event.pool.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn offer_set(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &OfferSet,
) -> Written {
    sqlx::query(
        "INSERT INTO offer
             (node, model, coin, input_price, output_price, context_length, engine_class, credit,
              max_routing_bps, min_deposit, updated)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11
             WHERE EXISTS (SELECT 1 FROM node WHERE node = $1)
         ON CONFLICT (node, model, coin) DO UPDATE SET
             input_price = excluded.input_price, output_price = excluded.output_price,
             context_length = excluded.context_length, engine_class = excluded.engine_class,
             credit = excluded.credit, max_routing_bps = excluded.max_routing_bps,
             min_deposit = excluded.min_deposit, updated = excluded.updated",
    )
    .bind(event.node.cell())
    .bind(event.model.cell())
    .bind(event.coin.to_string())
    .bind(event.input_price.cell())
    .bind(event.output_price.cell())
    .bind(event.context_length.cell())
    .bind(event.engine_class.clone())
    .bind(event.credit.cell())
    .bind(i64::from(event.max_routing_bps.get()))
    .bind(event.min_deposit.cell())
    .bind(origin.at())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn offer_removed(to: &mut SqliteConnection, event: &OfferRemoved) -> Written {
    sqlx::query("DELETE FROM offer WHERE node = $1 AND model = $2 AND coin = $3")
        .bind(event.node.cell())
        .bind(event.model.cell())
        .bind(event.coin.to_string())
        .execute(to)
        .await?;
    Ok(())
}
