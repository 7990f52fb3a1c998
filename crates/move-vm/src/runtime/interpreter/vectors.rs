//! Instructions on vectors.

use super::FrameView;
use crate::binary::Instruction;
use crate::error::{Status, VmError, VmResult};
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::Ty;
use crate::value::{Step, Value};

impl Machine<'_> {
    pub(super) fn vector_step(
        &mut self,
        view: &FrameView<'_>,
        instruction: &Instruction,
    ) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::VecPack(signature, count) => {
                let bytes = self.is_bytes(view, *signature)?;
                let count = usize::try_from(*count).map_err(|_| VmError::new(Status::Vector))?;
                self.vector_pack(count, bytes)
            }
            I::VecLen(_) => self.vector_length(),
            I::VecImmBorrow(_) => self.vector_borrow(false),
            I::VecMutBorrow(_) => self.vector_borrow(true),
            I::VecPushBack(_) => self.vector_push(),
            I::VecPopBack(_) => self.vector_pop(),
            I::VecUnpack(_, count) => self.vector_unpack(*count),
            I::VecSwap(_) => self.vector_swap(),
            _ => Err(invariant("not an instruction on vectors")),
        }
    }

    /// Whether the element type of a vector instruction is `u8`.
    fn is_bytes(&self, view: &FrameView<'_>, signature: u16) -> VmResult<bool> {
        let types = self
            .linker
            .signature(&self.context, view.module, signature)?;
        Ok(match types.first() {
            Some(Ty::U8) => true,
            Some(Ty::Parameter(index)) => {
                matches!(view.ty_args.get(usize::from(*index)), Some(Ty::U8))
            }
            _ => false,
        })
    }

    /// Makes a vector of the values on top of the stack.
    pub(crate) fn vector_pack(&mut self, count: usize, bytes: bool) -> VmResult<()> {
        if count > self.linker.limits.vector_length {
            return Err(VmError::new(Status::MemoryLimit));
        }
        let elements = self.pop_many(count)?;
        let vector = if bytes {
            Value::Bytes(
                elements
                    .map(|element| match element {
                        Value::U8(byte) => Ok(byte),
                        _ => Err(invariant("expected a u8")),
                    })
                    .collect::<VmResult<_>>()?,
            )
        } else {
            Value::Vector(elements.collect())
        };
        self.push(vector)
    }

    pub(crate) fn vector_length(&mut self) -> VmResult<()> {
        let reference = self.pop_reference()?;
        let length = length_of(self.follow_value(&reference)?)?;
        self.push(Value::U64(length))
    }

    pub(crate) fn vector_borrow(&mut self, mutable: bool) -> VmResult<()> {
        let index = self.pop_u64()?;
        let mut reference = self.pop_reference()?;
        let length = length_of(self.follow_value(&reference)?)?;
        if index >= length {
            return Err(VmError::with_message(Status::Vector, "index out of bounds"));
        }
        if mutable && !reference.mutable {
            return Err(invariant("expected a mutable reference"));
        }
        let step = Step::element(index).ok_or_else(|| VmError::new(Status::MemoryLimit))?;
        reference.path.push(step);
        reference.mutable = mutable;
        self.push(Value::Reference(reference))
    }

    pub(crate) fn vector_push(&mut self) -> VmResult<()> {
        let element = self.pop()?;
        let reference = self.pop_reference()?;
        let limit = self.linker.limits.vector_length;
        match (self.follow_value_mut(&reference)?, element) {
            (Value::Bytes(bytes), Value::U8(byte)) if bytes.len() < limit => bytes.push(byte),
            (Value::Vector(elements), element) if elements.len() < limit => elements.push(element),
            (Value::Bytes(_), Value::U8(_)) | (Value::Vector(_), _) => {
                return Err(VmError::new(Status::MemoryLimit));
            }
            _ => return Err(invariant("expected a vector")),
        }
        Ok(())
    }

    pub(crate) fn vector_pop(&mut self) -> VmResult<()> {
        let reference = self.pop_reference()?;
        let element = match self.follow_value_mut(&reference)? {
            Value::Bytes(bytes) => bytes.pop().map(Value::U8),
            Value::Vector(elements) => elements.pop(),
            _ => return Err(invariant("expected a vector")),
        };
        let element = element
            .ok_or_else(|| VmError::with_message(Status::Vector, "pop of an empty vector"))?;
        self.push(element)
    }

    pub(crate) fn vector_unpack(&mut self, count: u64) -> VmResult<()> {
        let vector = self.pop()?;
        if length_of(&vector)? != count {
            return Err(VmError::with_message(
                Status::Vector,
                "unpack of another length",
            ));
        }
        match vector {
            Value::Bytes(bytes) => {
                for byte in bytes {
                    self.push(Value::U8(byte))?;
                }
            }
            Value::Vector(elements) => {
                for element in elements {
                    self.push(element)?;
                }
            }
            _ => return Err(invariant("expected a vector")),
        }
        Ok(())
    }

    pub(crate) fn vector_swap(&mut self) -> VmResult<()> {
        let right = self.pop_u64()?;
        let left = self.pop_u64()?;
        let reference = self.pop_reference()?;
        let vector = self.follow_value_mut(&reference)?;
        let length = length_of(vector)?;
        if left >= length || right >= length {
            return Err(VmError::with_message(Status::Vector, "index out of bounds"));
        }
        let index = |number: u64| usize::try_from(number).map_err(|_| VmError::new(Status::Vector));
        let (left, right) = (index(left)?, index(right)?);
        match vector {
            Value::Bytes(bytes) => bytes.swap(left, right),
            Value::Vector(elements) => elements.swap(left, right),
            _ => return Err(invariant("expected a vector")),
        }
        Ok(())
    }
}

fn length_of(vector: &Value) -> VmResult<u64> {
    let length = match vector {
        Value::Bytes(bytes) => bytes.len(),
        Value::Vector(elements) => elements.len(),
        _ => return Err(invariant("expected a vector")),
    };
    u64::try_from(length).map_err(|_| invariant("vector is too long"))
}
