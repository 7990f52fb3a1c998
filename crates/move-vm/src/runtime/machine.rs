//! The state of one execution.

use std::sync::Arc;

use super::linker::{LinkContext, LinkedModule, Linker};
use super::memory::{self, Target, TargetMut};
use super::ty::Ty;
use crate::address::Address;
use crate::error::{Location, Status, VmError, VmResult};
use crate::gas::{GasMeter, NativeCost};
use crate::object_runtime::ObjectRuntime;
use crate::value::{Reference, Root, Value};

/// A native function: takes its arguments from the stack, the last one first, and leaves its
/// results there.
pub(crate) type NativeFunction = fn(&mut Machine<'_>, &[Ty]) -> VmResult<()>;

/// Stack, locals and frames of one execution, with everything outside that it uses.
pub(crate) struct Machine<'a> {
    pub(crate) linker: Linker<'a>,
    pub(crate) context: Arc<LinkContext>,
    pub(crate) objects: &'a mut dyn ObjectRuntime,
    pub(crate) gas: &'a mut dyn GasMeter,
    pub(super) stack: Vec<Value>,
    /// Local slots of all frames; references name them by absolute index.
    pub(super) locals: Vec<Value>,
    pub(super) frames: Vec<Frame>,
    /// Executed instructions that were not charged yet.
    pub(super) uncharged: u64,
    pub(super) no_types: Arc<[Ty]>,
}

/// One call of a Move function.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) module: Arc<LinkedModule>,
    /// Index of definition.
    pub(super) function: u16,
    /// Next instruction.
    pub(super) pc: usize,
    /// First of its local slots.
    pub(super) base: usize,
    /// Number of its local slots.
    pub(super) slots: usize,
    /// Height of the stack without its arguments.
    pub(super) stack_base: usize,
    pub(super) ty_args: Arc<[Ty]>,
}

/// Shape violations that verified code cannot cause.
#[cold]
pub(crate) fn invariant(message: &'static str) -> VmError {
    VmError::with_message(Status::Invariant, message)
}

impl<'a> Machine<'a> {
    pub(crate) fn new(
        linker: Linker<'a>,
        context: Arc<LinkContext>,
        objects: &'a mut dyn ObjectRuntime,
        gas: &'a mut dyn GasMeter,
    ) -> Self {
        Self {
            linker,
            context,
            objects,
            gas,
            stack: Vec::with_capacity(64),
            locals: Vec::with_capacity(64),
            frames: Vec::with_capacity(16),
            uncharged: 0,
            no_types: Arc::new([]),
        }
    }

    /// Puts a value where references of outside arguments may point to; returns its slot.
    pub(crate) fn hold(&mut self, value: Value) -> VmResult<u32> {
        let slot =
            u32::try_from(self.locals.len()).map_err(|_| VmError::new(Status::StackLimit))?;
        self.locals.push(value);
        Ok(slot)
    }

    /// Takes back a value that was held.
    pub(crate) fn release(&mut self, slot: u32) -> VmResult<Value> {
        self.locals
            .get_mut(slot as usize)
            .map(|value| std::mem::replace(value, Value::Invalid))
            .filter(|value| *value != Value::Invalid)
            .ok_or_else(memory::dangling)
    }

    /// A reference to a held value.
    pub(crate) fn reference_to(slot: u32, mutable: bool) -> Value {
        Value::Reference(Reference {
            root: Root::Local(slot),
            mutable,
            path: Default::default(),
        })
    }

    pub(crate) fn push(&mut self, value: Value) -> VmResult<()> {
        if self.stack.len() >= self.linker.limits.value_stack {
            return Err(VmError::new(Status::StackLimit));
        }
        self.stack.push(value);
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> VmResult<Value> {
        self.stack.pop().ok_or_else(|| invariant("stack is empty"))
    }

    pub(crate) fn pop_bool(&mut self) -> VmResult<bool> {
        match self.pop()? {
            Value::Bool(value) => Ok(value),
            _ => Err(invariant("expected a bool")),
        }
    }

    pub(crate) fn pop_u64(&mut self) -> VmResult<u64> {
        match self.pop()? {
            Value::U64(value) => Ok(value),
            _ => Err(invariant("expected a u64")),
        }
    }

    pub(crate) fn pop_u8(&mut self) -> VmResult<u8> {
        match self.pop()? {
            Value::U8(value) => Ok(value),
            _ => Err(invariant("expected a u8")),
        }
    }

    pub(crate) fn pop_address(&mut self) -> VmResult<Address> {
        match self.pop()? {
            Value::Address(value) => Ok(value),
            _ => Err(invariant("expected an address")),
        }
    }

    pub(crate) fn pop_reference(&mut self) -> VmResult<Reference> {
        match self.pop()? {
            Value::Reference(value) => Ok(value),
            _ => Err(invariant("expected a reference")),
        }
    }

    pub(crate) fn pop_bytes(&mut self) -> VmResult<Vec<u8>> {
        match self.pop()? {
            Value::Bytes(value) => Ok(value),
            _ => Err(invariant("expected a vector of bytes")),
        }
    }

    /// The values on top of the stack, the topmost last.
    pub(crate) fn pop_many(&mut self, count: usize) -> VmResult<std::vec::Drain<'_, Value>> {
        let start = self
            .stack
            .len()
            .checked_sub(count)
            .ok_or_else(|| invariant("stack is empty"))?;
        Ok(self.stack.drain(start..))
    }

    /// Follows a reference for reading.
    pub(crate) fn follow(&self, reference: &Reference) -> VmResult<Target<'_>> {
        memory::follow(&self.locals, &*self.objects, reference)
    }

    /// Follows a reference for writing.
    pub(crate) fn follow_mut(&mut self, reference: &Reference) -> VmResult<TargetMut<'_>> {
        memory::follow_mut(&mut self.locals, &mut *self.objects, reference)
    }

    /// Follows a reference to something that is no element of a byte vector.
    pub(crate) fn follow_value(&self, reference: &Reference) -> VmResult<&Value> {
        match self.follow(reference)? {
            Target::Value(value) => Ok(value),
            Target::Byte(_) => Err(invariant("expected more than a byte")),
        }
    }

    /// Follows a reference to something that is no element of a byte vector, for writing.
    pub(crate) fn follow_value_mut(&mut self, reference: &Reference) -> VmResult<&mut Value> {
        match self.follow_mut(reference)? {
            TargetMut::Value(value) => Ok(value),
            TargetMut::Byte(_) => Err(invariant("expected more than a byte")),
        }
    }

    /// The bytes behind a `&vector<u8>`.
    pub(crate) fn follow_bytes(&self, reference: &Reference) -> VmResult<&[u8]> {
        self.follow_value(reference)?
            .as_bytes()
            .ok_or_else(|| invariant("expected a vector of bytes"))
    }

    /// Charges instructions executed so far.
    pub(super) fn settle_gas(&mut self) -> VmResult<()> {
        let count = std::mem::take(&mut self.uncharged);
        self.gas.charge_instructions(count)
    }

    /// Charges the memory of a value that is about to be copied, unless it is a scalar.
    pub(super) fn charge_memory(&mut self, bytes: u64) -> VmResult<()> {
        if bytes == 0 {
            return Ok(());
        }
        self.gas.charge_memory(bytes)
    }

    /// Charges a native call that works on `bytes` bytes.
    pub(crate) fn charge_native(&mut self, base: u64, per_byte: u64, bytes: usize) -> VmResult<()> {
        self.gas.charge_native(NativeCost {
            base,
            bytes: u64::try_from(bytes).unwrap_or(u64::MAX),
            per_byte,
        })
    }
}

/// Where in which function.
pub(super) fn location(module: &LinkedModule, function: u16, pc: usize) -> Location {
    Location {
        module: module.loaded.id.clone(),
        package: module.loaded.package,
        function,
        function_name: module.loaded.compiled.function_name(function).clone(),
        pc: u16::try_from(pc).unwrap_or(u16::MAX),
    }
}
