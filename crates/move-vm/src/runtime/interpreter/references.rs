//! Borrowing, reading, writing and comparing.

use super::{FrameView, slot_index};
use crate::binary::Instruction;
use crate::error::{Status, VmError, VmResult};
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::memory::TargetMut;
use crate::value::{Path, Reference, Root, Step, Value};

impl Machine<'_> {
    pub(super) fn borrow_local(
        &mut self,
        view: &FrameView<'_>,
        slot: u8,
        mutable: bool,
    ) -> VmResult<()> {
        let index = slot_index(view, slot)?;
        let root = u32::try_from(index).map_err(|_| VmError::new(Status::StackLimit))?;
        self.push(Value::Reference(Reference {
            root: Root::Local(root),
            mutable,
            path: Path::default(),
        }))
    }

    pub(super) fn reference_step(
        &mut self,
        view: &FrameView<'_>,
        instruction: &Instruction,
    ) -> VmResult<()> {
        use Instruction as I;
        let compiled = &view.module.loaded.compiled;
        match instruction {
            I::ReadRef => {
                let reference = self.pop_reference()?;
                let size = self.follow(&reference)?.size();
                self.charge_memory(size)?;
                let value = self.follow(&reference)?.to_value();
                self.push(value)
            }
            I::WriteRef => self.write_ref(),
            I::FreezeRef => match self.stack.last_mut() {
                Some(Value::Reference(reference)) => {
                    reference.mutable = false;
                    Ok(())
                }
                _ => Err(invariant("expected a reference")),
            },
            I::Eq => {
                let equal = self.compare()?;
                self.push(Value::Bool(equal))
            }
            I::Neq => {
                let equal = self.compare()?;
                self.push(Value::Bool(!equal))
            }
            I::MutBorrowField(index) => {
                let field = compiled.field_handles[usize::from(*index)].field;
                self.borrow_field(field, true)
            }
            I::ImmBorrowField(index) => {
                let field = compiled.field_handles[usize::from(*index)].field;
                self.borrow_field(field, false)
            }
            I::MutBorrowFieldGeneric(index) => {
                let row = compiled.field_instantiations[usize::from(*index)];
                let field = compiled.field_handles[usize::from(row.target)].field;
                self.borrow_field(field, true)
            }
            I::ImmBorrowFieldGeneric(index) => {
                let row = compiled.field_instantiations[usize::from(*index)];
                let field = compiled.field_handles[usize::from(row.target)].field;
                self.borrow_field(field, false)
            }
            _ => Err(invariant("not an instruction on references")),
        }
    }

    /// Narrows the reference on top of the stack.
    fn borrow_field(&mut self, field: u16, mutable: bool) -> VmResult<()> {
        match self.stack.last_mut() {
            Some(Value::Reference(reference)) if reference.mutable || !mutable => {
                reference.mutable = mutable;
                reference.path.push(Step::field(field));
                Ok(())
            }
            _ => Err(invariant("expected a reference")),
        }
    }

    fn write_ref(&mut self) -> VmResult<()> {
        let reference = self.pop_reference()?;
        let value = self.pop()?;
        match (self.follow_mut(&reference)?, value) {
            (TargetMut::Value(target), value) => *target = value,
            (TargetMut::Byte(target), Value::U8(byte)) => *target = byte,
            (TargetMut::Byte(_), _) => return Err(invariant("expected a u8")),
        }
        Ok(())
    }

    /// Takes two values, or references to two values, and compares them.
    fn compare(&mut self) -> VmResult<bool> {
        let right = self.pop()?;
        let left = self.pop()?;
        match (&left, &right) {
            (Value::Reference(left), Value::Reference(right)) => {
                let size = self.follow(left)?.size();
                self.charge_memory(size)?;
                let (left, right) = (self.follow(left)?, self.follow(right)?);
                Ok(left.same_as(right))
            }
            (left, right) => {
                self.charge_memory(left.size())?;
                Ok(left == right)
            }
        }
    }
}
