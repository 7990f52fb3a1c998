//! Every event, in order.

use atoma_chain::AtomaEvent;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection};

use super::{Origin, Written, json};
use crate::store::cell::Cell as _;

/// Events written by one statement; SQLite takes 32,766 parameters.
const EVENTS_A_STATEMENT: usize = 500;

/// One row of the table of events.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) origin: Origin,
    pub(crate) event: Read,
}

/// What was made of an event's bytes.
#[derive(Debug)]
pub(crate) enum Read {
    /// An event.
    Known(Box<AtomaEvent>),
    /// Bytes that are no event known here.
    Unknown {
        /// Module and name of its type.
        name: String,
        /// As they came.
        bytes: Vec<u8>,
        /// What is wrong with them.
        reason: String,
    },
}

/// Writes `entries`.
pub(crate) async fn write(to: &mut SqliteConnection, entries: &[Entry]) -> Written {
    for entries in entries.chunks(EVENTS_A_STATEMENT) {
        let mut rows = Vec::with_capacity(entries.len());
        for Entry { origin, event } in entries {
            rows.push(match event {
                Read::Known(event) => (origin, event.name(), Some(json(event)?), None, None),
                Read::Unknown {
                    name,
                    bytes,
                    reason,
                } => (
                    origin,
                    name.as_str(),
                    None,
                    Some(bytes.clone()),
                    Some(reason.clone()),
                ),
            });
        }
        let mut insert = QueryBuilder::<Sqlite>::new(
            "INSERT INTO event (position, digest, timestamp_ms, name, body, bytes, reason) ",
        );
        insert.push_values(rows, |mut row, (origin, name, body, bytes, reason)| {
            row.push_bind(origin.at())
                .push_bind(origin.digest.cell())
                .push_bind(origin.timestamp.cell())
                .push_bind(name.to_owned())
                .push_bind(body)
                .push_bind(bytes)
                .push_bind(reason);
        });
        insert.build().execute(&mut *to).await?;
    }
    Ok(())
}
