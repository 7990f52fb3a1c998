//! A Sui-compatible localnet: gRPC, faucet and controls over the ledger.
