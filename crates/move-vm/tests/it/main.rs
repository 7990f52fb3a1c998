//! Runs compiled Move packages on the machine, with a ledger in memory behind it.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its own functions too"
)]

mod codec;
mod failures;
mod hostile;
mod ledger;
mod library;
mod numbers;
mod objects;
mod places;
mod publish;
mod reading;
mod upgrades;
mod writer;
