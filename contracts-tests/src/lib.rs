//! Drives the compiled Move packages on the ledger: scenarios, attacks, invariants.
