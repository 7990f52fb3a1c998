//! Channels and settlements.

use atoma_chain::event::{
    ChannelClosed, ChannelOpened, ChannelReaped, ChannelSettled, ChannelToppedUp, CloseRequested,
    CompensationClaimed, LaneFolded, OverchargeCompensated, RefundAddressChanged, RoutingClaimed,
};
use atoma_protocol::{ids::ModelId, money::Price};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use super::{Origin, Written, json};
use crate::store::cell::Cell as _;

/// Prices of one model on a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Slot {
    model: ModelId,
    input_price: Price,
    output_price: Price,
}

pub(super) async fn opened(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ChannelOpened,
) -> Written {
    if event.network != origin.network {
        return Ok(());
    }
    let prices = event.input_prices.iter().zip(&event.output_prices);
    let slots: Vec<_> = event
        .models
        .iter()
        .zip(prices)
        .map(|(&model, (&input_price, &output_price))| Slot {
            model,
            input_price,
            output_price,
        })
        .collect();
    sqlx::query(
        "INSERT INTO channel
             (channel, node, payer_cap, coin, voucher_key, refund_to, router, routing_bps,
              protocol_bps, slots, need, credit, grace_ms, reap_ms, expires_ms, state, funded,
              authorized, paid, folded, routing_claimed, compensated, compensation_claimed,
              created, created_digest, updated)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 'open', $16,
                 $17, $17, $17, $17, $17, $17, $18, $19, $18)",
    )
    .bind(event.channel.cell())
    .bind(event.node.cell())
    .bind(event.payer_cap.cell())
    .bind(event.coin.to_string())
    .bind(event.voucher_key.cell())
    .bind(event.refund_to.cell())
    .bind(event.router.cell())
    .bind(i64::from(event.routing_bps.get()))
    .bind(i64::from(event.protocol_bps.get()))
    .bind(json(&slots)?)
    .bind(event.need.cell())
    .bind(event.credit.cell())
    .bind(event.grace_ms.cell())
    .bind(event.reap_ms.cell())
    .bind(event.expires_ms.cell())
    .bind(event.funded.cell())
    .bind(0_u64.cell())
    .bind(origin.at())
    .bind(origin.digest.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn topped_up(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ChannelToppedUp,
) -> Written {
    sqlx::query("UPDATE channel SET funded = $1, updated = $2 WHERE channel = $3")
        .bind(event.funded.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn settled(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ChannelSettled,
) -> Written {
    sqlx::query(
        "INSERT INTO settlement
             (position, digest, timestamp_ms, channel, node, vault, key_epoch, kind, taken, earned,
              receipts, input_tokens, output_tokens, root, authorized, paid, payment, protocol,
              routing, stakers, operator)
         SELECT $1, $2, $3, $4, node, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17,
                $18, $19, $20
             FROM channel WHERE channel = $4",
    )
    .bind(origin.at())
    .bind(origin.digest.cell())
    .bind(origin.timestamp.cell())
    .bind(event.channel.cell())
    .bind(event.vault.cell())
    .bind(event.key_epoch.cell())
    .bind(i64::from(u8::from(event.kind)))
    .bind(event.taken)
    .bind(event.earned.cell())
    .bind(event.receipts.cell())
    .bind(event.input_tokens.cell())
    .bind(event.output_tokens.cell())
    .bind(event.root.cell())
    .bind(event.authorized.cell())
    .bind(event.paid.cell())
    .bind(event.payment.cell())
    .bind(event.protocol.cell())
    .bind(event.routing.cell())
    .bind(event.stakers.cell())
    .bind(event.operator.cell())
    .execute(&mut *to)
    .await?;
    sqlx::query("UPDATE channel SET authorized = $1, paid = $2, updated = $3 WHERE channel = $4")
        .bind(event.authorized.cell())
        .bind(event.paid.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn close_requested(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &CloseRequested,
) -> Written {
    sqlx::query("UPDATE channel SET state = 'closing', updated = $1 WHERE channel = $2")
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn closed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ChannelClosed,
) -> Written {
    sqlx::query(
        "UPDATE channel SET state = 'closed', refund_to = $1, refund = $2, paid = $3, updated = $4
         WHERE channel = $5",
    )
    .bind(event.refund_to.cell())
    .bind(event.refund.cell())
    .bind(event.paid.cell())
    .bind(origin.at())
    .bind(event.channel.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn reaped(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ChannelReaped,
) -> Written {
    sqlx::query("UPDATE channel SET state = 'reaped', updated = $1 WHERE channel = $2")
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn refund_address_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &RefundAddressChanged,
) -> Written {
    sqlx::query("UPDATE channel SET refund_to = $1, updated = $2 WHERE channel = $3")
        .bind(event.refund_to.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn routing_claimed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &RoutingClaimed,
) -> Written {
    sqlx::query("UPDATE channel SET routing_claimed = $1, updated = $2 WHERE channel = $3")
        .bind(event.routing_claimed.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn compensation_claimed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &CompensationClaimed,
) -> Written {
    sqlx::query("UPDATE channel SET compensation_claimed = $1, updated = $2 WHERE channel = $3")
        .bind(event.compensation_claimed.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn compensated(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &OverchargeCompensated,
) -> Written {
    sqlx::query("UPDATE channel SET compensated = $1, updated = $2 WHERE channel = $3")
        .bind(event.compensated.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn lane_folded(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &LaneFolded,
) -> Written {
    sqlx::query("UPDATE channel SET folded = $1, updated = $2 WHERE channel = $3")
        .bind(event.folded.cell())
        .bind(origin.at())
        .bind(event.channel.cell())
        .execute(to)
        .await?;
    Ok(())
}
