//! The interpreter's loop: frames, calls and control flow.

mod arithmetic;
mod datatypes;
mod references;
mod vectors;

use std::sync::Arc;

use super::linker::LinkedModule;
use super::machine::{Frame, Machine, invariant, location};
use super::ty::Ty;
use crate::binary::{CodeUnit, Instruction};
use crate::error::{Status, VmError, VmResult};
use crate::value::{Root, Value};

/// Instructions after which gas is charged even without a call.
const CHARGE_EVERY: u64 = 128;

/// Why a frame stopped for the moment.
enum Exit {
    Return,
    Call {
        /// `None` for the same module.
        module: Option<Arc<LinkedModule>>,
        function: u16,
        ty_args: Arc<[Ty]>,
    },
}

/// What instructions see of their frame.
struct FrameView<'f> {
    module: &'f Arc<LinkedModule>,
    unit: &'f CodeUnit,
    base: usize,
    slots: usize,
    ty_args: &'f Arc<[Ty]>,
}

impl Machine<'_> {
    /// Calls a function whose arguments are on the stack, and runs until it returns.
    pub(crate) fn run(
        &mut self,
        module: &Arc<LinkedModule>,
        function: u16,
        ty_args: Arc<[Ty]>,
    ) -> VmResult<()> {
        let result = self
            .call(module, function, ty_args)
            .and_then(|()| self.run_frames());
        // What was executed is paid for, however it ended.
        let charged = self.settle_gas();
        result.and(charged)
    }

    fn run_frames(&mut self) -> VmResult<()> {
        while let Some(frame) = self.frames.last() {
            let module = frame.module.clone();
            let ty_args = frame.ty_args.clone();
            let function = frame.function;
            let mut pc = frame.pc;
            let (base, slots) = (frame.base, frame.slots);
            let unit = module.loaded.compiled.function_defs[usize::from(function)]
                .code
                .as_ref()
                .ok_or_else(|| invariant("native function in a frame"))?;
            let view = FrameView {
                module: &module,
                unit,
                base,
                slots,
                ty_args: &ty_args,
            };
            let exit = self
                .run_frame(&view, &mut pc)
                .and_then(|exit| {
                    if let Exit::Return = exit {
                        self.leave()?;
                    }
                    Ok(exit)
                })
                .map_err(|error| error.at(|| location(&module, function, pc)))?;
            if let Exit::Call {
                module: target,
                function: callee,
                ty_args,
            } = exit
            {
                if let Some(frame) = self.frames.last_mut() {
                    frame.pc = pc + 1;
                }
                self.call(target.as_ref().unwrap_or(&module), callee, ty_args)
                    .map_err(|error| error.at(|| location(&module, function, pc)))?;
            }
        }
        Ok(())
    }

    /// Enters a function, or runs it if it is native.
    fn call(
        &mut self,
        module: &Arc<LinkedModule>,
        function: u16,
        ty_args: Arc<[Ty]>,
    ) -> VmResult<()> {
        self.settle_gas()?;
        let facts = module.loaded.functions[usize::from(function)];
        let definition = &module.loaded.compiled.function_defs[usize::from(function)];
        if definition.code.is_none() {
            return self
                .call_native(module, function, &ty_args)
                .map_err(|error| error.at(|| location(module, function, 0)));
        }
        let limits = self.linker.limits;
        if self.frames.len() >= limits.call_depth {
            return Err(VmError::new(Status::CallDepth));
        }
        let base = self.locals.len();
        let slots = facts.parameters + facts.locals;
        if base + slots > limits.local_slots {
            return Err(VmError::new(Status::StackLimit));
        }
        let stack_base = self
            .stack
            .len()
            .checked_sub(facts.parameters)
            .ok_or_else(|| invariant("too few arguments"))?;
        self.locals.extend(self.stack.drain(stack_base..));
        self.locals.resize(base + slots, Value::Invalid);
        self.frames.push(Frame {
            module: module.clone(),
            function,
            pc: 0,
            base,
            slots,
            stack_base,
            ty_args,
        });
        Ok(())
    }

    fn call_native(
        &mut self,
        module: &Arc<LinkedModule>,
        function: u16,
        ty_args: &[Ty],
    ) -> VmResult<()> {
        let facts = module.loaded.functions[usize::from(function)];
        let Some(native) = facts.native else {
            return Err(VmError::with_message(
                Status::UnknownNative,
                format!(
                    "{}::{}",
                    module.loaded.id,
                    module.loaded.compiled.function_name(function)
                ),
            ));
        };
        let before = self.stack.len();
        native(self, ty_args)?;
        if self.stack.len() + facts.parameters == before + facts.returns {
            Ok(())
        } else {
            Err(invariant("native left the stack unbalanced"))
        }
    }

    /// Leaves the top frame, whose results are on the stack.
    fn leave(&mut self) -> VmResult<()> {
        let frame = self.frames.pop().ok_or_else(|| invariant("no frame"))?;
        let facts = frame.module.loaded.functions[usize::from(frame.function)];
        if self.stack.len() != frame.stack_base + facts.returns {
            return Err(invariant("function left the stack unbalanced"));
        }
        for value in &self.stack[frame.stack_base..] {
            if let Value::Reference(reference) = value
                && let Root::Local(slot) = reference.root
                && slot as usize >= frame.base
            {
                return Err(invariant("reference to a local was returned"));
            }
        }
        self.locals.truncate(frame.base);
        Ok(())
    }

    /// Runs one frame until it calls, returns or fails; `pc` is then the instruction that did.
    fn run_frame(&mut self, view: &FrameView<'_>, pc: &mut usize) -> VmResult<Exit> {
        use Instruction as I;
        let code = view.unit.code.as_slice();
        loop {
            let Some(instruction) = code.get(*pc) else {
                return Err(invariant("ran past the end of the code"));
            };
            self.uncharged += 1;
            if self.uncharged >= CHARGE_EVERY {
                self.settle_gas()?;
            }
            match instruction {
                I::Ret => return Ok(Exit::Return),
                I::BrTrue(target) => {
                    if self.pop_bool()? {
                        *pc = usize::from(*target);
                        continue;
                    }
                }
                I::BrFalse(target) => {
                    if !self.pop_bool()? {
                        *pc = usize::from(*target);
                        continue;
                    }
                }
                I::Branch(target) => {
                    *pc = usize::from(*target);
                    continue;
                }
                I::VariantSwitch(table) => {
                    *pc = self.switch(view, *table)?;
                    continue;
                }
                I::Call(handle) => {
                    let callee = self.linker.callee(&self.context, view.module, *handle)?;
                    return Ok(Exit::Call {
                        module: callee.module.clone(),
                        function: callee.function,
                        ty_args: self.no_types.clone(),
                    });
                }
                I::CallGeneric(index) => return self.generic_call(view, *index),
                I::Abort => {
                    let code = self.pop_u64()?;
                    return Err(VmError::new(Status::Abort(code)));
                }
                I::Nop => {}
                other => self.step(view, other)?,
            }
            *pc += 1;
        }
    }

    fn generic_call(&mut self, view: &FrameView<'_>, index: u16) -> VmResult<Exit> {
        let row = view.module.loaded.compiled.function_instantiations[usize::from(index)];
        let ty_args = self
            .linker
            .instance(&self.context, view.module, index, view.ty_args)?;
        let callee = self.linker.callee(&self.context, view.module, row.target)?;
        Ok(Exit::Call {
            module: callee.module.clone(),
            function: callee.function,
            ty_args,
        })
    }

    /// Runs an instruction that neither jumps nor calls.
    fn step(&mut self, view: &FrameView<'_>, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::CopyLoc(slot) => {
                let value = self.local(view, *slot)?;
                let size = value.size();
                let value = if size == 0 { Some(value.clone()) } else { None };
                match value {
                    Some(value) => self.push(value),
                    None => {
                        self.charge_memory(size)?;
                        let value = self.local(view, *slot)?.clone();
                        self.push(value)
                    }
                }
            }
            I::MoveLoc(slot) => {
                let index = slot_index(view, *slot)?;
                let value = std::mem::replace(&mut self.locals[index], Value::Invalid);
                if value == Value::Invalid {
                    return Err(invariant("local has no value"));
                }
                self.push(value)
            }
            I::StLoc(slot) => {
                let index = slot_index(view, *slot)?;
                let value = self.pop()?;
                self.locals[index] = value;
                Ok(())
            }
            I::Pop => self.pop().map(drop),
            I::LdU8(value) => self.push(Value::U8(*value)),
            I::LdU16(value) => self.push(Value::U16(*value)),
            I::LdU32(value) => self.push(Value::U32(*value)),
            I::LdU64(value) => self.push(Value::U64(*value)),
            I::LdU128(value) => self.push(Value::U128(**value)),
            I::LdU256(value) => self.push(Value::U256(**value)),
            I::LdTrue => self.push(Value::Bool(true)),
            I::LdFalse => self.push(Value::Bool(false)),
            I::LdConst(index) => {
                let constant = &view.module.loaded.constants[usize::from(*index)];
                self.charge_memory(constant.size())?;
                self.push(constant.clone())
            }
            I::MutBorrowLoc(slot) => self.borrow_local(view, *slot, true),
            I::ImmBorrowLoc(slot) => self.borrow_local(view, *slot, false),
            I::GlobalStorage(..) => Err(invariant("global storage does not exist on Sui")),
            I::ReadRef
            | I::WriteRef
            | I::FreezeRef
            | I::Eq
            | I::Neq
            | I::MutBorrowField(_)
            | I::ImmBorrowField(_)
            | I::MutBorrowFieldGeneric(_)
            | I::ImmBorrowFieldGeneric(_) => self.reference_step(view, instruction),
            I::VecPack(..)
            | I::VecLen(_)
            | I::VecImmBorrow(_)
            | I::VecMutBorrow(_)
            | I::VecPushBack(_)
            | I::VecPopBack(_)
            | I::VecUnpack(..)
            | I::VecSwap(_) => self.vector_step(view, instruction),
            I::Pack(_)
            | I::PackGeneric(_)
            | I::Unpack(_)
            | I::UnpackGeneric(_)
            | I::PackVariant(_)
            | I::PackVariantGeneric(_)
            | I::UnpackVariant(_)
            | I::UnpackVariantGeneric(_)
            | I::UnpackVariantImmRef(_)
            | I::UnpackVariantMutRef(_)
            | I::UnpackVariantGenericImmRef(_)
            | I::UnpackVariantGenericMutRef(_) => self.datatype_step(view, instruction),
            other => self.arithmetic_step(other),
        }
    }

    fn local(&self, view: &FrameView<'_>, slot: u8) -> VmResult<&Value> {
        match &self.locals[slot_index(view, slot)?] {
            Value::Invalid => Err(invariant("local has no value")),
            value => Ok(value),
        }
    }
}

/// Absolute index of a local slot.
fn slot_index(view: &FrameView<'_>, slot: u8) -> VmResult<usize> {
    if usize::from(slot) < view.slots {
        Ok(view.base + usize::from(slot))
    } else {
        Err(invariant("no such local"))
    }
}
