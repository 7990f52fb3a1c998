//! The ledger from outside: transactions on compiled packages.

mod calls;
mod checkpoints;
mod coins;
mod harness;
mod hostile;
mod objects;
mod packages;
mod persistence;
mod refusals;
mod views;
