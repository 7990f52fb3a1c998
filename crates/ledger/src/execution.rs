//! Running a transaction: from its inputs to its effects, without touching the store.

use std::sync::Arc;

use atoma_move_vm::Vm;
use sui_sdk_types::{Digest, Object, Transaction, TransactionEffectsV2, TransactionEvents};

use crate::commit::ObjectChanges;
use crate::error::LedgerError;
use crate::limits::Limits;
use crate::outcome::CommandResult;
use crate::state::State;
use crate::validation::Inputs;

/// The chain as a running transaction sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain<'a> {
    pub(crate) state: &'a State,
    pub(crate) vm: &'a Vm,
    pub(crate) limits: &'a Limits,
    pub(crate) reference_gas_price: u64,
    pub(crate) epoch: u64,
    pub(crate) epoch_start_ms: u64,
    pub(crate) clock_ms: u64,
    pub(crate) chain_id: Digest,
}

/// On whose behalf a transaction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A user's transaction.
    User,
    /// A user's transaction that will not be committed; results of commands are kept.
    Simulation,
    /// The same without the rules on what may be called and left over.
    Inspection,
    /// The ledger's own transaction: no gas, any function.
    System,
}

/// Everything a transaction did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) effects: TransactionEffectsV2,
    pub(crate) events: Option<TransactionEvents>,
    pub(crate) inputs: Vec<Arc<Object>>,
    pub(crate) objects: ObjectChanges,
    pub(crate) commands: Vec<CommandResult>,
    pub(crate) failure: Option<String>,
}

/// Runs a transaction.
///
/// # Errors
/// When the store fails; a failing transaction is an outcome.
pub(crate) fn run(
    chain: &Chain<'_>,
    transaction: &Transaction,
    digest: Digest,
    inputs: Inputs,
    mode: Mode,
) -> Result<Outcome, LedgerError> {
    let _ = (chain, transaction, digest, inputs, mode);
    Err(LedgerError::System("execution is not there yet".to_owned()))
}
