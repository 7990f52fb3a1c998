//! Native functions of the Move standard library and of Sui's framework.
//!
//! A native takes its arguments from the stack, the last one first, and leaves its results there.
//! Which natives exist is decided by the tables of the modules below; a native function without
//! an entry can be loaded, and aborts with its full name when it is called.

mod crypto;
mod dynamic_field;
mod event;
mod object;
mod standard;
mod transfer;
mod tx_context;
mod vector;

pub use dynamic_field::derive_child_id;

use crate::address::Address;
use crate::error::{Status, VmError, VmResult};
use crate::object_runtime::ObjectError;
use crate::runtime::machine::{Machine, NativeFunction};

/// Natives of one Move module, by function name.
type Table = &'static [(&'static str, NativeFunction)];

/// Cost of natives whose work is small and bounded.
const SMALL: u64 = 10;
/// Cost of natives that ask the object runtime.
const OBJECT: u64 = 50;
/// Cost per byte of natives that encode, decode or hash.
const PER_BYTE: u64 = 1;

/// The native function with that name, if this machine has it.
pub(crate) fn find(address: &Address, module: &str, function: &str) -> Option<NativeFunction> {
    let table: Table = if *address == Address::STD {
        match module {
            "bcs" => standard::BCS,
            "debug" => standard::DEBUG,
            "hash" => standard::HASH,
            "string" => standard::STRING,
            "type_name" => standard::TYPE_NAME,
            "vector" => vector::TABLE,
            _ => return None,
        }
    } else if *address == Address::SUI {
        match module {
            "address" => object::ADDRESS,
            "dynamic_field" => dynamic_field::TABLE,
            "ed25519" => crypto::ED25519,
            "event" => event::TABLE,
            "hash" => crypto::HASH,
            "hmac" => crypto::HMAC,
            "object" => object::OBJECT,
            "protocol_config" => tx_context::PROTOCOL_CONFIG,
            "transfer" => transfer::TABLE,
            "tx_context" => tx_context::TABLE,
            "types" => object::TYPES,
            _ => return None,
        }
    } else {
        return None;
    };
    table
        .iter()
        .find(|(name, _)| *name == function)
        .map(|(_, native)| *native)
}

/// An abort of a native.
fn abort<T>(code: u64) -> VmResult<T> {
    Err(VmError::new(Status::Abort(code)))
}

/// Failures of the ledger that no abort code stands for.
fn fault(error: ObjectError) -> VmError {
    let status = match &error {
        ObjectError::Limit(_) => Status::MemoryLimit,
        ObjectError::Storage(_) => Status::Storage,
        _ => Status::Invariant,
    };
    VmError::with_message(status, error.to_string())
}

impl Machine<'_> {
    /// Charges a small native.
    fn charge_small(&mut self) -> VmResult<()> {
        self.charge_native(SMALL, 0, 0)
    }

    /// Charges a native that asks the object runtime.
    fn charge_object(&mut self) -> VmResult<()> {
        self.charge_native(OBJECT, 0, 0)
    }
}
