//! Why the ledger did not do what it was asked.

use sui_sdk_types::{Address, Digest};
use thiserror::Error;

use crate::store::StoreError;

/// A failed operation of the ledger.
///
/// A transaction that ran and failed is no error: its effects say so.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum LedgerError {
    /// The transaction was refused; nothing was executed or charged.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The genesis could not be built from the configuration.
    #[error("genesis cannot be built: {0}")]
    Genesis(String),
    /// The store was written by another version of this program.
    #[error(
        "the state is of format {found}, this program reads format {expected}: start with an empty state"
    )]
    FormatVersion {
        /// Format of the store.
        found: u64,
        /// Format that this program reads.
        expected: u64,
    },
    /// The store holds another chain than the configuration describes.
    #[error(
        "the state belongs to another chain (genesis {found}, configured {expected}): start with an empty state or with its own configuration"
    )]
    OtherGenesis {
        /// Fingerprint of the store's genesis configuration.
        found: Digest,
        /// Fingerprint of the configuration.
        expected: Digest,
    },
    /// The clock never runs backwards.
    #[error("the clock stands at {now_ms} ms and cannot be set back to {asked_ms} ms")]
    ClockBackwards {
        /// Time of the clock.
        now_ms: u64,
        /// Time that was asked for.
        asked_ms: u64,
    },
    /// Stored bytes are not what they must be.
    #[error("the state is damaged: {0}")]
    Damaged(String),
    /// A system transaction, which the ledger itself builds, failed.
    #[error("system transaction failed: {0}")]
    System(String),
}

/// Why a transaction was refused before its execution.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Refusal {
    /// Bytes are no transaction or no signature.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// What the bytes should have been.
        what: &'static str,
        /// What is wrong with them.
        reason: String,
    },
    /// A limit is exceeded.
    #[error("{limit}: {value} exceeds the limit of {most}")]
    Limit {
        /// Which limit.
        limit: &'static str,
        /// What the transaction has.
        value: u64,
        /// What it may have.
        most: u64,
    },
    /// A transaction of this kind does not come from users, or is not supported.
    #[error("unsupported: {0}")]
    Unsupported(&'static str),
    /// A command lacks its inputs.
    #[error("command {command} has no inputs")]
    EmptyCommand {
        /// Index of the command.
        command: usize,
    },
    /// The number of signatures is not the number of signers.
    #[error("{expected} signature(s) expected, {found} given")]
    SignatureCount {
        /// Signers: the sender, and the gas owner where that is somebody else.
        expected: usize,
        /// Signatures given.
        found: usize,
    },
    /// A signature does not verify.
    #[error("invalid signature: {0}")]
    InvalidSignature(String),
    /// No signature is by this signer.
    #[error("signature of {0} is missing")]
    SignerAbsent(Address),
    /// The transaction has expired, or is for later.
    #[error("transaction is not valid in epoch {epoch} at {now_ms} ms")]
    Expired {
        /// Current epoch.
        epoch: u64,
        /// Time of the clock.
        now_ms: u64,
    },
    /// The transaction is for another chain.
    #[error("transaction is for chain {0}")]
    OtherChain(Digest),
    /// No gas payment.
    #[error("gas payment is missing")]
    MissingGasPayment,
    /// The price is below the reference gas price.
    #[error("gas price {price} is below the reference gas price {reference}")]
    GasPriceTooLow {
        /// Price offered.
        price: u64,
        /// Reference gas price.
        reference: u64,
    },
    /// The budget does not even pay for the least computation.
    #[error("gas budget {budget} is below the least budget {least}")]
    GasBudgetTooLow {
        /// Budget given.
        budget: u64,
        /// Least budget at the price offered.
        least: u64,
    },
    /// The gas coins do not cover the budget.
    #[error("gas balance {balance} is below the budget {budget}")]
    GasBalanceTooLow {
        /// Balance of all gas coins.
        balance: u64,
        /// Budget given.
        budget: u64,
    },
    /// A gas object is not a coin of SUI owned by an address.
    #[error("object {0} cannot pay for gas")]
    InvalidGasObject(Address),
    /// There is no such object.
    #[error("object {0} not found")]
    ObjectNotFound(Address),
    /// The object existed once.
    #[error("object {id} was deleted or wrapped at version {version}")]
    ObjectDeleted {
        /// Which object.
        id: Address,
        /// Version at which it went.
        version: u64,
    },
    /// The object has moved on since: the transaction was built on an old version, or another
    /// transaction used that version first.
    #[error(
        "object {id} is at version {current}, version {asked} is not available for consumption"
    )]
    ObjectVersionUnavailable {
        /// Which object.
        id: Address,
        /// Version that the transaction names.
        asked: u64,
        /// Version that the object has.
        current: u64,
    },
    /// The digest does not belong to that version.
    #[error("object {id} at version {version} has another digest")]
    ObjectDigestMismatch {
        /// Which object.
        id: Address,
        /// Its version.
        version: u64,
    },
    /// The object belongs to somebody else.
    #[error("object {id} does not belong to {expected}")]
    NotOwner {
        /// Which object.
        id: Address,
        /// Who would have to own it.
        expected: Address,
    },
    /// A child object cannot be an input.
    #[error("object {0} is owned by an object and cannot be an input")]
    ObjectOwned(Address),
    /// A shared object was given as owned, or an owned one as shared.
    #[error("object {0} is not of the kind (owned, shared) that the transaction says")]
    WrongObjectKind(Address),
    /// The version at which the object was shared is another.
    #[error("object {id} was shared at version {actual}, not {asked}")]
    InitialVersionMismatch {
        /// Which object.
        id: Address,
        /// Version that the transaction names.
        asked: u64,
        /// Version at which it was shared.
        actual: u64,
    },
    /// System objects such as the clock can only be read.
    #[error("system object {0} cannot be an input for writing")]
    SystemObject(Address),
    /// An object occurs twice among inputs and gas.
    #[error("object {0} is used more than once")]
    DuplicateObject(Address),
    /// A package was given as an object.
    #[error("package {0} cannot be an input object")]
    PackageAsObject(Address),
    /// An object was given as a package.
    #[error("object {0} is not a package")]
    ObjectAsPackage(Address),
    /// A package that the transaction calls or depends on does not exist.
    #[error("package {0} not found")]
    PackageNotFound(Address),
}
