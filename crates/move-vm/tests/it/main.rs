//! Runs compiled Move packages on the machine, with a ledger in memory behind it.

mod failures;
mod hostile;
mod ledger;
mod library;
mod numbers;
mod objects;
mod places;
mod publish;
mod upgrades;
