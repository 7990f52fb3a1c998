//! The ledger from outside: transactions on compiled packages.

mod checkpoints;
mod execution;
mod harness;
mod hostile;
mod packages;
mod persistence;
mod refusals;
mod views;
