//! The localnet's state machine: executes Sui transactions, keeps objects, cuts checkpoints.
