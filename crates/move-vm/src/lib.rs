//! Sui Move bytecode: reader, interpreter and natives behind an object-runtime trait.
//!
//! - [`binary`]: the module format, versions 6 and 7
//! - [`types`], [`layout`], [`value`], [`codec`]: types, shapes, values and their BCS form
//! - [`resolver`]: where packages come from, and how versions are linked
//! - [`object_runtime`]: the natives' only view of a ledger
//! - [`gas`], [`limits`]: what stops runaway code
//! - [`vm`]: the machine itself
//! - [`error`]: how executions end when they do not return
//!
//! Behind [`Vm`]: a verifier (types, abilities, locals, references, Sui's rules) that
//! [`Vm::check_package`] runs before a package is stored; a linker that resolves names under the
//! linkage table of the package called from outside; an interpreter over plain value trees in which
//! references are paths, so that even code that was never verified can end only in an error; and
//! the natives of `0x1` and `0x2`, those for other curves, attestations, accumulators and tests
//! excepted: such a native ends the call with [`Status::UnknownNative`] and its name.
//!
//! This crate knows no ledger and no type of a Sui SDK.

pub mod ability;
pub mod address;
pub mod binary;
pub mod codec;
pub mod error;
pub mod gas;
mod hash;
pub mod identifier;
pub mod layout;
pub mod limits;
mod natives;
pub mod object_runtime;
pub mod resolver;
mod runtime;
pub mod types;
mod upgrade;
pub mod value;
mod verifier;
pub mod vm;

pub use ability::AbilitySet;
pub use address::Address;
pub use binary::CompiledModule;
pub use codec::CodecError;
pub use error::{Location, Status, VmError, VmResult};
pub use gas::{GasMeter, LinearGas, NativeCost};
pub use identifier::Identifier;
pub use layout::{LoadedType, TypeLayout};
pub use limits::Limits;
pub use natives::derive_child_id;
pub use object_runtime::{
    ChildHandle, ObjectError, ObjectRuntime, Recipient, TxFacts, derive_fresh_id,
};
pub use resolver::{ModuleResolver, Package, ResolverError};
pub use types::{Datatype, ModuleId, Type};
pub use value::{U256, Value, Variant};
pub use vm::{Argument, Call, FunctionInfo, Host, Outcome, UpgradePolicy, Visibility, Vm};
