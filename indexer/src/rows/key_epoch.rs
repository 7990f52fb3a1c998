//! Key epochs: posted, graded, ended.

use atoma_chain::event::{AttestationPosted, KeyEpochEnded, KeyEpochGraded};
use sqlx::SqliteConnection;

use super::{Origin, Written};
use crate::store::cell::Cell as _;

pub(super) async fn posted(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &AttestationPosted,
) -> Written {
    sqlx::query(
        "INSERT INTO key_epoch
             (node, key_epoch, kind, measurement, signing_key, sealing_keys, manifest_hash,
              evidence_hash, evidence_uri, report_data, anchor_seq, anchor_digest, posted_ms,
              posted, posted_digest, ended, updated)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, $14
             WHERE EXISTS (SELECT 1 FROM node WHERE node = $1)",
    )
    .bind(event.node.cell())
    .bind(event.key_epoch.cell())
    .bind(i64::from(u8::from(event.kind)))
    .bind(event.measurement.clone())
    .bind(event.signing_key.cell())
    .bind(event.sealing_keys.clone())
    .bind(event.manifest_hash.cell())
    .bind(event.evidence_hash.cell())
    .bind(event.evidence_uri.clone())
    .bind(event.report_data.cell())
    .bind(event.anchor_seq.cell())
    .bind(event.anchor_digest.cell())
    .bind(event.posted_ms.cell())
    .bind(origin.at())
    .bind(origin.digest.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn graded(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &KeyEpochGraded,
) -> Written {
    sqlx::query(
        "UPDATE key_epoch SET grade = $1, anchor_ms = $2, expires_ms = $3,
             attestor_set_version = $4, signers = $5, graded_digest = $6, updated = $7
         WHERE node = $8 AND key_epoch = $9",
    )
    .bind(event.grade.cell())
    .bind(event.anchor_ms.cell())
    .bind(event.expires_ms.cell())
    .bind(event.attestor_set_version.cell())
    .bind(event.signers.clone())
    .bind(origin.digest.cell())
    .bind(origin.at())
    .bind(event.node.cell())
    .bind(event.key_epoch.cell())
    .execute(to)
    .await?;
    Ok(())
}

pub(super) async fn ended(
    to: &mut SqliteConnection,
    origin: &Origin,
    event: &KeyEpochEnded,
) -> Written {
    sqlx::query(
        "UPDATE key_epoch SET expires_ms = $1, ended = 1, updated = $2
         WHERE node = $3 AND key_epoch = $4",
    )
    .bind(event.expires_ms.cell())
    .bind(origin.at())
    .bind(event.node.cell())
    .bind(event.key_epoch.cell())
    .execute(to)
    .await?;
    Ok(())
}
