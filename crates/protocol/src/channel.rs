//! Both sides of a payment channel, as state machines without IO, clock or keys.
//!
//! The channel has one account, whatever the number of streams. The [`Payee`] is the node's side: it
//! meters, decides which streams run, and signs receipts and statements for what it metered. The
//! [`Payer`] checks each receipt against what arrived and signs vouchers.
//!
//! - Payer: `voucher = fees of the receipts held + ahead`, where `ahead` covers the input of streams
//!   it opened and a part of each, within its own limit. What it can lose is `ahead`.
//! - Payee: streams run while `earned + running - forgiven <= min(voucher, funded) + credit`. What it
//!   can lose is `credit`, and what it chose to forgive.
//!
//! Each input that changes what is owed gives a record, [`PayeeRecord`] or [`PayerRecord`]. The owner
//! stores it before anything that follows from it leaves the process; after a crash `restore` takes
//! the records back.

mod book;
mod payee;
mod payer;
mod terms;

pub use book::LaneBook;
pub use payee::{
    Flow, MAX_OTHER_LANES, MAX_PAYEE_STREAMS, Metered, PartEnd, Payee, PayeeConfig, PayeeError,
    PayeeRecord, StreamSpec, UNPAID_TIMEOUT, VoucherOutcome,
};
pub use payer::{
    Delivered, Finished, Lie, MAX_ABORTED_STREAMS, MAX_PAYER_LANES, MAX_PAYER_STREAMS,
    MAX_PENDING_PARTS, PartError, PartOutcome, Payer, PayerConfig, PayerError, PayerRecord,
    StreamGrant, StreamRequest,
};
pub use terms::{MAX_MODELS, ModelTerms, PartReceipt, StreamId, Terms, TermsError, part_limit};
