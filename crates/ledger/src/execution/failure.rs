//! How a running transaction fails, in the words of Sui's effects.

use atoma_move_vm::{Location, Status, VmError};
use sui_sdk_types::{CommandArgumentError, ExecutionError, MoveLocation, TypeArgumentError};

use crate::bridge;
use crate::error::LedgerError;

/// A command failed; the transaction is charged and its other changes are dropped.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Failure {
    pub(super) error: ExecutionError,
    /// For people.
    pub(super) message: String,
}

/// Why a transaction stopped.
#[derive(Debug)]
pub(super) enum Stop {
    /// It failed.
    Failure(Box<Failure>),
    /// The ledger failed; nothing can be said about the transaction.
    Ledger(LedgerError),
}

pub(super) type Step<T> = Result<T, Stop>;

impl From<LedgerError> for Stop {
    fn from(error: LedgerError) -> Self {
        Self::Ledger(error)
    }
}

/// Stops with an error that says enough by itself.
pub(super) fn fail<T>(error: ExecutionError) -> Step<T> {
    Err(stop(error))
}

pub(super) fn stop(error: ExecutionError) -> Stop {
    let message = format!("{error:?}");
    Stop::Failure(Box::new(Failure { error, message }))
}

pub(super) fn stop_with(error: ExecutionError, message: impl Into<String>) -> Stop {
    Stop::Failure(Box::new(Failure {
        error,
        message: message.into(),
    }))
}

/// Something that verified code and checked inputs cannot bring about.
pub(super) fn invariant(message: impl Into<String>) -> Stop {
    stop_with(ExecutionError::InvariantViolation, message)
}

/// Stops because of an argument of the running command.
pub(super) fn argument_error(argument: usize, kind: CommandArgumentError) -> Stop {
    stop(ExecutionError::CommandArgumentError {
        argument: u16::try_from(argument).unwrap_or(u16::MAX),
        kind,
    })
}

/// Stops because of a type argument of the running command.
pub(super) fn type_argument_error(argument: usize, kind: TypeArgumentError) -> Stop {
    stop(ExecutionError::TypeArgumentError {
        type_argument: u16::try_from(argument).unwrap_or(u16::MAX),
        kind,
    })
}

/// The stop behind an error of the machine.
pub(super) fn machine_error(error: VmError) -> Stop {
    let message = error.to_string();
    if error.status == Status::Storage {
        return Stop::Ledger(LedgerError::Damaged(message));
    }
    let location = error.location.as_deref().and_then(move_location);
    let kind = match error.status {
        Status::Abort(code) => match location {
            Some(location) => ExecutionError::MoveAbort { location, code },
            None => ExecutionError::VmInvariantViolation,
        },
        Status::OutOfGas => ExecutionError::InsufficientGas,
        Status::FunctionNotFound => ExecutionError::FunctionNotFound,
        Status::TypeArguments => ExecutionError::TypeArityMismatch,
        Status::Arguments => ExecutionError::ArityMismatch,
        Status::Malformed
        | Status::Verification
        | Status::Linker
        | Status::PackageNotFound
        | Status::ModuleNotFound
        | Status::TypeNotFound => ExecutionError::VmVerificationOrDeserializationError,
        Status::Invariant => ExecutionError::VmInvariantViolation,
        _ => ExecutionError::MovePrimitiveRuntimeError { location },
    };
    stop_with(kind, message)
}

/// As Sui does by now, names the version of the package whose code ran, not its first version.
fn move_location(location: &Location) -> Option<MoveLocation> {
    Some(MoveLocation {
        package: bridge::sui_address(&location.package),
        module: bridge::sui_identifier(&location.module.name)?,
        function: location.function,
        instruction: location.pc,
        function_name: bridge::sui_identifier(&location.function_name),
    })
}
