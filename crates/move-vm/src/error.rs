//! How an execution ends when it does not return.

use std::fmt;

use thiserror::Error;

use crate::address::Address;
use crate::identifier::Identifier;
use crate::types::ModuleId;

/// A failed load, check or execution: what happened, and where.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VmError {
    /// What happened; [`Status::Abort`] carries the abort code.
    pub status: Status,
    /// The function that was running, if one was.
    pub location: Option<Box<Location>>,
    /// Detail for people; never needed to tell errors apart.
    pub message: Option<Box<str>>,
}

/// The instruction that failed.
///
/// For a native function `pc` is 0 and the function is the native itself, as Sui reports it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Location {
    /// Module, by the original id of its package.
    pub module: ModuleId,
    /// Storage id of the package version whose code ran.
    pub package: Address,
    /// Index of the function among the module's definitions.
    pub function: u16,
    /// The function's name.
    pub function_name: Identifier,
    /// Instruction offset in the function.
    pub pc: u16,
}

/// What went wrong.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[non_exhaustive]
pub enum Status {
    /// Move code or a native aborted with this code.
    #[error("aborted with code {0}")]
    Abort(u64),
    /// The gas meter refused.
    #[error("out of gas")]
    OutOfGas,
    /// Overflow, division by zero, a cast that does not fit, or a shift that is too long.
    #[error("arithmetic error")]
    Arithmetic,
    /// A vector was accessed out of its bounds, or popped or unpacked at the wrong length.
    #[error("vector operation out of bounds")]
    Vector,
    /// An enum value was unpacked as another variant than it is.
    #[error("enum value is of another variant")]
    VariantTag,
    /// Calls were nested too deeply.
    #[error("call depth limit exceeded")]
    CallDepth,
    /// The value stack grew too large.
    #[error("value stack limit exceeded")]
    StackLimit,
    /// A value was nested too deeply.
    #[error("value depth limit exceeded")]
    ValueDepth,
    /// A value, vector, event or set of objects grew too large.
    #[error("memory limit exceeded")]
    MemoryLimit,
    /// A type was nested too deeply or too large.
    #[error("type size limit exceeded")]
    TypeLimit,
    /// A native function that this machine does not have.
    #[error("unknown native function")]
    UnknownNative,
    /// A package that is needed is not in the store.
    #[error("package not found")]
    PackageNotFound,
    /// A module that is needed is not in its package.
    #[error("module not found")]
    ModuleNotFound,
    /// A function that is needed is not in its module.
    #[error("function not found")]
    FunctionNotFound,
    /// A datatype that is needed is not in its module.
    #[error("type not found")]
    TypeNotFound,
    /// A dependency does not offer what its user expects, or is missing from the linkage table.
    #[error("linker error")]
    Linker,
    /// Bytes are not a module.
    #[error("malformed module")]
    Malformed,
    /// A module breaks a rule of the verifier.
    #[error("verification failed")]
    Verification,
    /// An upgrade breaks compatibility with the version before it.
    #[error("incompatible upgrade")]
    IncompatibleUpgrade,
    /// Type arguments of a call do not match the function.
    #[error("invalid type arguments")]
    TypeArguments,
    /// Arguments of a call do not match the function.
    #[error("invalid arguments")]
    Arguments,
    /// A function returned something that may not leave the machine, such as a reference.
    #[error("invalid return value")]
    ReturnValue,
    /// A private, friend-only or non-existing access was tried across modules.
    #[error("function not callable")]
    Visibility,
    /// The store behind the resolver or the object runtime failed.
    #[error("storage error")]
    Storage,
    /// The machine met a state that verified code cannot reach.
    #[error("invariant violation")]
    Invariant,
}

/// Result of anything that may end in a [`VmError`].
pub type VmResult<T> = Result<T, VmError>;

impl VmError {
    /// An error without place and detail.
    #[must_use]
    pub const fn new(status: Status) -> Self {
        Self {
            status,
            location: None,
            message: None,
        }
    }

    /// An error with a detail for people.
    #[must_use]
    pub fn with_message(status: Status, message: impl Into<Box<str>>) -> Self {
        Self {
            status,
            location: None,
            message: Some(message.into()),
        }
    }

    /// The same error, at `location` unless it already has one.
    #[must_use]
    pub fn at(mut self, location: impl FnOnce() -> Location) -> Self {
        if self.location.is_none() {
            self.location = Some(Box::new(location()));
        }
        self
    }

    /// The abort code, if Move code or a native aborted.
    #[must_use]
    pub const fn abort_code(&self) -> Option<u64> {
        match self.status {
            Status::Abort(code) => Some(code),
            _ => None,
        }
    }

    /// The module that failed, by original id.
    #[must_use]
    pub fn module(&self) -> Option<&ModuleId> {
        self.location.as_ref().map(|location| &location.module)
    }

    /// The function that failed, by its index and name.
    #[must_use]
    pub fn function(&self) -> Option<(u16, &str)> {
        self.location
            .as_ref()
            .map(|location| (location.function, &*location.function_name))
    }

    /// The instruction offset at which it failed.
    #[must_use]
    pub fn pc(&self) -> Option<u16> {
        self.location.as_ref().map(|location| location.pc)
    }
}

impl From<Status> for VmError {
    fn from(status: Status) -> Self {
        Self::new(status)
    }
}

impl fmt::Display for VmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(message) = &self.message {
            write!(f, ": {message}")?;
        }
        if let Some(location) = &self.location {
            write!(
                f,
                " in {}::{} at instruction {}",
                location.module, location.function_name, location.pc
            )?;
        }
        Ok(())
    }
}

impl fmt::Debug for VmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VmError({self})")
    }
}

impl std::error::Error for VmError {}
