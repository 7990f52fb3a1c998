//! The localnet's state machine: executes Sui transactions, keeps objects, cuts checkpoints.
//!
//! - [`Ledger`]: the chain; execute, simulate, seal checkpoints, drive the clock, ask
//! - [`LedgerConfig`]: what a chain starts with
//! - [`Limits`]: Sui's protocol limits
//! - [`Store`], [`MemoryStore`], [`FjallStore`]: where the state lies
//! - [`LedgerError`], [`Refusal`]: why something was not done
//!
//! Types and digests are Sui's own. What differs from a Sui network:
//!
//! - one validator, and one epoch (0) without a system state object `0x5`, because the source of
//!   package `0x3` is not at hand; what Sui changes at the end of an epoch never changes, deny lists
//!   of regulated coins included
//! - computation costs approximate Sui's; storage costs are Sui's
//! - the randomness state `0x8` is never updated
//! - no address balances, zkLogin, passkeys and non-exclusive writes: refused as unsupported
//! - a transaction on a shared object that is gone is refused, where Sui charges for it
//! - one transaction after the other: there are no locks, the first to use a version wins

mod balance;
mod bridge;
mod commit;
mod config;
mod error;
mod execution;
mod genesis;
mod ledger;
mod limits;
mod outcome;
mod prune;
mod query;
mod records;
mod snapshot;
mod state;
mod store;
mod validation;
mod validator;

pub use config::{GenesisAccount, GenesisPackage, LedgerConfig, MIST_PER_SUI};
pub use error::{LedgerError, Refusal};
pub use ledger::Ledger;
pub use limits::Limits;
pub use outcome::{Checkpoint, CommandResult, Executed, MutatedArgument, ReturnValue, Simulated};
pub use query::{Coin, Cursor, DynamicField, DynamicFieldKind, OwnedObject, Page};
pub use records::{OwnerKind, STATE_FORMAT};
pub use snapshot::Snapshot;
pub use store::{Batch, Entry, FjallStore, MemoryStore, Range, Store, StoreError, Table, Write};
pub use validation::{Checks, decode_transaction};
