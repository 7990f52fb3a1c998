//! What a node stores before it releases what follows.

use serde::{Deserialize, Serialize};

use crate::{
    channel::PartReceipt,
    ids::KeyEpoch,
    money::Amount,
    statement::{Signed, Voucher},
};

/// A change of a payee's account. In BCS: one byte for the variant, then its fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum PayeeRecord {
    /// A larger voucher came; stored before a stream goes on because of it.
    Voucher(Signed<Voucher>),
    /// A part was cut; stored before it leaves. The statement in it is what is settled with.
    Part(Box<PartReceipt>),
    /// In a snapshot: what a key epoch earned.
    Lane {
        /// The key epoch.
        epoch: KeyEpoch,
        /// Its earnings on the channel.
        earned: Amount,
    },
    /// Unpaid parts were given up.
    Forgiven {
        /// All that was ever given up.
        total: Amount,
        /// How often.
        strikes: u32,
    },
}
