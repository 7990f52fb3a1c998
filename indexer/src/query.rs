//! What is read from the tables.

mod chain;
mod channel;
mod node;

use atoma_chain::{CoinType, Position};
use atoma_protocol::statement::EvidenceKind;
use sqlx::{QueryBuilder, Row, Sqlite, SqlitePool, sqlite::SqliteRow};

use crate::{
    store::cell::{Cell, broken, get},
    view::{Page, Place},
};

pub(crate) use chain::{events, model_list, network};
pub(crate) use channel::{SettlementFilter, channel, channels, covering_settlement, settlements};
pub(crate) use node::{key_epoch, key_epochs, node, nodes, outflows};

type Read<T> = Result<T, sqlx::Error>;

/// Which part of a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Slice {
    /// Behind this place.
    pub(crate) after: Option<Position>,
    /// At most this many.
    pub(crate) limit: u32,
}

/// A list that is being asked for: what comes behind a place in the order of one column.
struct Listing {
    query: QueryBuilder<Sqlite>,
    order: &'static str,
    slice: Slice,
}

impl Listing {
    /// `select` ends before `WHERE`.
    fn new(select: &'static str, order: &'static str, slice: Slice) -> Self {
        let mut query = QueryBuilder::new(select);
        query.push(" WHERE ").push(order);
        // The first position is a checkpoint's first event, which may be the one looked for.
        match slice.after {
            Some(after) => query.push(" > ").push_bind(after.cell()),
            None => query.push(" >= ").push_bind(Position::default().cell()),
        };
        Self {
            query,
            order,
            slice,
        }
    }

    /// Only those where `column` holds `value`.
    fn only<T: Cell>(mut self, column: &'static str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.query
                .push(" AND ")
                .push(column)
                .push(" = ")
                .push_bind(value.cell());
        }
        self
    }

    /// Only those where `column` is above `value`.
    fn above<T: Cell>(mut self, column: &'static str, value: Option<T>) -> Self {
        if let Some(value) = value {
            self.query
                .push(" AND ")
                .push(column)
                .push(" > ")
                .push_bind(value.cell());
        }
        self
    }

    async fn page<T>(
        mut self,
        pool: &SqlitePool,
        read: impl Fn(&SqliteRow) -> Read<T>,
    ) -> Read<Page<T>> {
        // One more than asked for shows whether that is the end.
        let wanted = i64::from(self.slice.limit) + 1;
        self.query
            .push(" ORDER BY ")
            .push(self.order)
            .push(" LIMIT ")
            .push_bind(wanted);
        let mut rows = self.query.build().fetch_all(pool).await?;
        let limit = usize::try_from(self.slice.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = match rows.last() {
            Some(last) if more => Some(place(last, self.order)?),
            _ => None,
        };
        let items = rows.iter().map(read).collect::<Result<_, _>>()?;
        Ok(Page { items, next })
    }
}

fn place(row: &SqliteRow, column: &str) -> Read<Place> {
    get(row, column).map(Place)
}

fn hexadecimal(row: &SqliteRow, column: &str) -> Read<String> {
    let bytes: &[u8] = row.try_get(column)?;
    Ok(format!("0x{}", hex::encode(bytes)))
}

fn coin(row: &SqliteRow) -> Read<CoinType> {
    let text: &str = row.try_get("coin")?;
    text.parse().map_err(|_| broken("coin"))
}

fn kind(row: &SqliteRow) -> Read<EvidenceKind> {
    let number: i64 = row.try_get("kind")?;
    let byte = u8::try_from(number).map_err(|_| broken("kind"))?;
    EvidenceKind::try_from(byte).map_err(|_| broken("kind"))
}

fn bps(row: &SqliteRow, column: &str) -> Read<u16> {
    let number: i64 = row.try_get(column)?;
    u16::try_from(number).map_err(|_| broken(column))
}

fn json<T: serde::de::DeserializeOwned>(row: &SqliteRow, column: &str) -> Read<T> {
    let text: &str = row.try_get(column)?;
    serde_json::from_str(text).map_err(|_| broken(column))
}
