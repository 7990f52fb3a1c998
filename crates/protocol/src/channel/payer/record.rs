//! What a payer stores before it releases what follows.

use serde::{Deserialize, Serialize};

use crate::{
    channel::{LaneBook, PartReceipt},
    ids::KeyEpoch,
    keys::PublicKey,
    money::Amount,
    statement::{Signed, Voucher},
};

/// A change of a payer's account. In BCS: one byte for the variant, then its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayerRecord {
    /// A voucher; stored before it is sent.
    Voucher(Signed<Voucher>),
    /// A key epoch of the node.
    Epoch {
        /// Its number.
        epoch: KeyEpoch,
        /// Signs its receipts.
        signing_key: PublicKey,
    },
    /// A receipt that was taken; stored before a voucher counts it.
    Part {
        /// The receipt with body and statement.
        part: Box<PartReceipt>,
        /// Whether its fee counts as owed.
        accepted: bool,
    },
    /// In a snapshot: the receipts of a key epoch.
    Book(Box<LaneBook>),
    /// In a snapshot: sums of the key epochs that are no longer kept.
    Folded {
        /// Fees accepted.
        held: Amount,
        /// Fees claimed.
        claimed: Amount,
    },
}
