//! What executing, simulating and sealing hand back.

use std::sync::Arc;

use sui_sdk_types::{
    Argument, BalanceChange, CheckpointContents, CheckpointSequenceNumber, Digest, Object,
    SignedCheckpointSummary, SignedTransaction, Transaction, TransactionEffects, TransactionEvents,
    TypeTag,
};

/// An executed transaction, successful or not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Executed {
    /// Its digest.
    pub digest: Digest,
    /// Its place in the order of all transactions, from 0 (the genesis).
    pub sequence: u64,
    /// Time of the on-chain clock when it ran, milliseconds since the Unix epoch.
    pub executed_at_ms: u64,
    /// The transaction with its signatures.
    pub transaction: SignedTransaction,
    /// Its effects.
    pub effects: TransactionEffects,
    /// Its events, if there are any.
    pub events: Option<TransactionEvents>,
    /// Objects that it took or changed, as they were before.
    pub input_objects: Vec<Arc<Object>>,
    /// Objects that it wrote, as they are after.
    pub output_objects: Vec<Arc<Object>>,
    /// Changes of coin balances by owner and coin type.
    pub balance_changes: Vec<BalanceChange>,
    /// The checkpoint that contains it, once that is sealed.
    pub checkpoint: Option<CheckpointSequenceNumber>,
    /// For people: why it failed, if it failed.
    pub failure: Option<String>,
}

/// What a transaction would do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Simulated {
    /// The transaction as it was run: with a made-up gas coin where it had none.
    pub transaction: Transaction,
    /// Its effects.
    pub effects: TransactionEffects,
    /// Its events, if there are any.
    pub events: Option<TransactionEvents>,
    /// Objects that it would take or change, as they are.
    pub input_objects: Vec<Arc<Object>>,
    /// Objects that it would write.
    pub output_objects: Vec<Arc<Object>>,
    /// Changes of coin balances by owner and coin type.
    pub balance_changes: Vec<BalanceChange>,
    /// Results of the commands that ran.
    pub commands: Vec<CommandResult>,
    /// For people: why it failed, if it failed.
    pub failure: Option<String>,
}

/// What one command of a simulated transaction left.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CommandResult {
    /// Returned values in order.
    pub return_values: Vec<ReturnValue>,
    /// Arguments that it took by mutable reference, in order, as it left them.
    pub mutated: Vec<MutatedArgument>,
}

/// A value with its type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnValue {
    /// Its type.
    pub type_tag: TypeTag,
    /// Its BCS form.
    pub bcs: Vec<u8>,
}

/// An argument that a command changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MutatedArgument {
    /// Which argument.
    pub argument: Argument,
    /// What it holds now.
    pub value: ReturnValue,
}

/// A sealed checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Checkpoint {
    /// Summary with the validator's signature.
    pub summary: SignedCheckpointSummary,
    /// Its transactions.
    pub contents: CheckpointContents,
}

impl Checkpoint {
    /// Its sequence number.
    #[must_use]
    pub const fn sequence_number(&self) -> CheckpointSequenceNumber {
        self.summary.checkpoint.sequence_number
    }

    /// Its digest.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.summary.checkpoint.digest()
    }

    /// Digests of its transactions in order.
    pub fn transactions(&self) -> impl Iterator<Item = &Digest> {
        self.contents
            .transactions()
            .iter()
            .map(sui_sdk_types::CheckpointTransactionInfo::transaction)
    }
}
