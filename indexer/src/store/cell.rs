//! The one form that numbers, ids and positions have in the database: bytes.
//!
//! SQL's integers are signed; a 64-bit number of the chain may be larger. Big-endian bytes hold every
//! one of them and sort alike.

use atoma_chain::{Position, TxDigest};
use atoma_protocol::{
    hash::{BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData},
    ids::{
        Address, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId, NetworkId,
        NodeId, ObjectId, Seq,
    },
    keys::{PublicKey, Signature},
    merkle::LeafHash,
    money::{Amount, Price},
    statement::Grade,
    time::TimestampMs,
};
use sqlx::{Row, sqlite::SqliteRow};

/// A value that is a BLOB of fixed length.
pub(crate) trait Cell: Sized {
    /// Its bytes.
    fn cell(&self) -> Vec<u8>;
    /// Back from them; none if they are not such a value's.
    fn from_cell(bytes: &[u8]) -> Option<Self>;
}

impl Cell for u64 {
    fn cell(&self) -> Vec<u8> {
        self.to_be_bytes().to_vec()
    }

    fn from_cell(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::from_be_bytes)
    }
}

/// Newtypes over `u64`.
macro_rules! numbers {
    ($($type:ident),* $(,)?) => {$(
        impl Cell for $type {
            fn cell(&self) -> Vec<u8> {
                self.0.cell()
            }

            fn from_cell(bytes: &[u8]) -> Option<Self> {
                u64::from_cell(bytes).map(Self)
            }
        }
    )*};
}
numbers!(
    Amount,
    AttestorSetVersion,
    CheckpointSeq,
    Grade,
    KeyEpoch,
    Seq,
    TimestampMs
);

impl Cell for Price {
    fn cell(&self) -> Vec<u8> {
        self.get().cell()
    }

    fn from_cell(bytes: &[u8]) -> Option<Self> {
        u64::from_cell(bytes).and_then(|price| Self::new(price).ok())
    }
}

/// Newtypes over 32 bytes.
macro_rules! bytes32 {
    ($($type:ident),* $(,)?) => {$(
        impl Cell for $type {
            fn cell(&self) -> Vec<u8> {
                self.as_bytes().to_vec()
            }

            fn from_cell(bytes: &[u8]) -> Option<Self> {
                bytes.try_into().ok().map(Self::new)
            }
        }
    )*};
}
bytes32!(
    Address,
    BodyHash,
    ChannelId,
    CheckpointDigest,
    EvidenceHash,
    LeafHash,
    ManifestHash,
    MerkleRoot,
    ModelId,
    NetworkId,
    NodeId,
    ObjectId,
    ReportData,
    Signature,
    TxDigest,
);

impl Cell for atoma_chain::ChainId {
    fn cell(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_cell(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }
}

impl Cell for PublicKey {
    fn cell(&self) -> Vec<u8> {
        self.as_bytes().to_vec()
    }

    fn from_cell(bytes: &[u8]) -> Option<Self> {
        bytes
            .try_into()
            .ok()
            .and_then(|bytes| Self::new(bytes).ok())
    }
}

/// Checkpoint (8 bytes), transaction (4), event (4): sorts as it happened.
impl Cell for Position {
    fn cell(&self) -> Vec<u8> {
        let mut bytes = self.checkpoint.cell();
        bytes.extend(self.transaction.to_be_bytes());
        bytes.extend(self.event.to_be_bytes());
        bytes
    }

    fn from_cell(bytes: &[u8]) -> Option<Self> {
        let bytes: &[u8; 16] = bytes.try_into().ok()?;
        Some(Self {
            checkpoint: CheckpointSeq::from_cell(&bytes[..8])?,
            transaction: u32::from_be_bytes(bytes[8..12].try_into().ok()?),
            event: u32::from_be_bytes(bytes[12..].try_into().ok()?),
        })
    }
}

/// One column of a row.
pub(crate) fn get<T: Cell>(row: &SqliteRow, column: &str) -> Result<T, sqlx::Error> {
    let bytes: &[u8] = row.try_get(column)?;
    T::from_cell(bytes).ok_or_else(|| broken(column))
}

/// One column of a row that may be empty.
pub(crate) fn find<T: Cell>(row: &SqliteRow, column: &str) -> Result<Option<T>, sqlx::Error> {
    let bytes: Option<&[u8]> = row.try_get(column)?;
    bytes
        .map(|bytes| T::from_cell(bytes).ok_or_else(|| broken(column)))
        .transpose()
}

/// The error of a column that holds what was never written there.
pub(crate) fn broken(column: &str) -> sqlx::Error {
    let source = format!("the column {column} holds another kind of value").into();
    sqlx::Error::ColumnDecode {
        index: column.to_owned(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_number_fits_and_sorts_last() {
        let numbers = [0, 1, 255, 256, (1 << 63) - 1, 1 << 63, u64::MAX];
        let cells: Vec<_> = numbers.iter().map(Cell::cell).collect();
        assert!(cells.is_sorted());
        for (number, cell) in numbers.iter().zip(&cells) {
            assert_eq!(u64::from_cell(cell), Some(*number));
        }
    }

    #[test]
    fn positions_sort_as_they_happened() {
        let at = |checkpoint, transaction, event| Position {
            checkpoint: CheckpointSeq(checkpoint),
            transaction,
            event,
        };
        let order = [
            at(1, 0, 1),
            at(1, 0, 300),
            at(1, 2, 0),
            at(u64::MAX, u32::MAX, u32::MAX),
        ];
        let cells: Vec<_> = order.iter().map(Cell::cell).collect();
        assert!(cells.is_sorted());
        assert_eq!(Position::from_cell(&cells[3]), Some(order[3]));
    }
}
