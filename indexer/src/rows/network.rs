//! The network: parameters, coins, attestors, measurements, models.

use atoma_chain::event::{
    AdminChanged, AttestorsChanged, AttestorsCreated, CoinAccepted, MeasurementAllowed,
    MeasurementDisallowed, MeasurementsCreated, ModelRegistered, NetworkCreated, ParamsChanged,
    ParamsProposed, PauseChanged, TreasuryChanged,
};
use sqlx::SqliteConnection;

use super::{Origin, Written, json};
use crate::store::cell::Cell as _;

pub(super) async fn created(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &NetworkCreated,
) -> Written {
    if event.network != origin.network {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO network
             (network, dev, gap_ms, treasury, paused, admin_cap, params, created, updated)
         VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $7)",
    )
    .bind(event.network.cell())
    .bind(event.dev)
    .bind(event.gap_ms.cell())
    .bind(event.treasury.cell())
    .bind(event.admin_cap.cell())
    .bind(json(&event.params)?)
    .bind(origin.at())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn params_proposed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ParamsProposed,
) -> Written {
    sqlx::query("UPDATE network SET proposed = $1, updated = $2 WHERE network = $3")
        .bind(json(&event.params)?)
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn params_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ParamsChanged,
) -> Written {
    sqlx::query("UPDATE network SET params = $1, proposed = NULL, updated = $2 WHERE network = $3")
        .bind(json(&event.params)?)
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn coin_accepted(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &CoinAccepted,
) -> Written {
    if event.network != origin.network {
        return Ok(());
    }
    sqlx::query("INSERT INTO coin (coin, created) VALUES ($1, $2) ON CONFLICT (coin) DO NOTHING")
        .bind(event.coin.to_string())
        .bind(origin.at())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn treasury_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &TreasuryChanged,
) -> Written {
    sqlx::query("UPDATE network SET treasury = $1, updated = $2 WHERE network = $3")
        .bind(event.treasury.cell())
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn admin_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &AdminChanged,
) -> Written {
    sqlx::query("UPDATE network SET admin_cap = $1, updated = $2 WHERE network = $3")
        .bind(event.admin_cap.cell())
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn pause_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &PauseChanged,
) -> Written {
    sqlx::query("UPDATE network SET paused = $1, updated = $2 WHERE network = $3")
        .bind(event.paused)
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn attestors_created(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &AttestorsCreated,
) -> Written {
    sqlx::query("UPDATE network SET attestors = $1, updated = $2 WHERE network = $3")
        .bind(event.attestors.cell())
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn attestors_changed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &AttestorsChanged,
) -> Written {
    sqlx::query(
        "UPDATE network SET set_version = $1, threshold = $2, keys = $3, updated = $4
         WHERE attestors = $5",
    )
    .bind(event.set_version.cell())
    .bind(event.threshold.cell())
    .bind(json(&event.keys)?)
    .bind(origin.at())
    .bind(event.attestors.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn measurements_created(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &MeasurementsCreated,
) -> Written {
    sqlx::query("UPDATE network SET measurements = $1, updated = $2 WHERE network = $3")
        .bind(event.measurements.cell())
        .bind(origin.at())
        .bind(event.network.cell())
        .execute(to)
        .await?;
    Ok(())
}

pub(super) async fn measurement_allowed(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &MeasurementAllowed,
) -> Written {
    sqlx::query(
        "INSERT INTO measurement (kind, measurement, until_ms, updated)
         SELECT $1, $2, $3, $4 WHERE EXISTS (SELECT 1 FROM network WHERE measurements = $5)
         ON CONFLICT (kind, measurement)
         DO UPDATE SET until_ms = excluded.until_ms, updated = excluded.updated",
    )
    .bind(i64::from(u8::from(event.kind)))
    .bind(event.measurement.clone())
    .bind(event.until_ms.cell())
    .bind(origin.at())
    .bind(event.measurements.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn measurement_disallowed(
    to: &mut SqliteConnection,
    _: &Origin,
    event: &MeasurementDisallowed,
) -> Written {
    sqlx::query(
        "DELETE FROM measurement WHERE kind = $1 AND measurement = $2
             AND EXISTS (SELECT 1 FROM network WHERE measurements = $3)",
    )
    .bind(i64::from(u8::from(event.kind)))
    .bind(event.measurement.clone())
    .bind(event.measurements.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn model_registered(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &ModelRegistered,
) -> Written {
    if event.network != origin.network {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO model (model, name, manifest_hash, modality, weights_uri, created)
         VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(event.model.cell())
    .bind(event.name.clone())
    .bind(event.manifest_hash.cell())
    .bind(format!("{:?}", event.modality).to_lowercase())
    .bind(event.weights_uri.clone())
    .bind(origin.at())
    .execute(to)
    .await?;
    Ok(())
}
