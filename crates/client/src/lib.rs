//! SDK of whoever pays: seals requests, opens and checks answers, pays for what arrived.
//!
//! - [`exchange`]: one sealed request and its answer.
//! - [`attested`]: a node's keys checked against their evidence.
//! - [`account`]: one channel paid from: receipts checked and stored, vouchers stored and signed.
//! - [`store`]: where an account's records lie.
//!
//! Used by the sequencer, which pays for its customers, and by whoever pays with a channel of its own.

pub mod account;
pub mod attested;
pub mod exchange;
pub mod store;

pub use account::{Account, AccountError};
pub use attested::{AttestedEpoch, CheckError};
pub use exchange::{Exchange, ExchangeError};
pub use store::{PayerStore, StoreError};
