//! Instructions on structs and enums.

use super::FrameView;
use crate::binary::{CompiledModule, Instruction};
use crate::error::{Status, VmError, VmResult};
use crate::runtime::machine::{Machine, invariant};
use crate::value::{Step, Value, Variant};

/// A variant as an instruction names it.
#[derive(Clone, Copy)]
struct VariantShape {
    tag: u16,
    fields: usize,
}

impl Machine<'_> {
    pub(super) fn datatype_step(
        &mut self,
        view: &FrameView<'_>,
        instruction: &Instruction,
    ) -> VmResult<()> {
        use Instruction as I;
        let compiled = &view.module.loaded.compiled;
        match instruction {
            I::Pack(index) => self.pack(struct_fields(compiled, *index)?),
            I::PackGeneric(index) => {
                let row = compiled.struct_instantiations[usize::from(*index)];
                self.pack(struct_fields(compiled, row.target)?)
            }
            I::Unpack(index) => self.unpack(struct_fields(compiled, *index)?),
            I::UnpackGeneric(index) => {
                let row = compiled.struct_instantiations[usize::from(*index)];
                self.unpack(struct_fields(compiled, row.target)?)
            }
            I::PackVariant(index) => self.pack_variant(variant(compiled, *index)),
            I::PackVariantGeneric(index) => self.pack_variant(generic_variant(compiled, *index)),
            I::UnpackVariant(index) => self.unpack_variant(variant(compiled, *index)),
            I::UnpackVariantGeneric(index) => {
                self.unpack_variant(generic_variant(compiled, *index))
            }
            I::UnpackVariantImmRef(index) => self.borrow_variant(variant(compiled, *index), false),
            I::UnpackVariantMutRef(index) => self.borrow_variant(variant(compiled, *index), true),
            I::UnpackVariantGenericImmRef(index) => {
                self.borrow_variant(generic_variant(compiled, *index), false)
            }
            I::UnpackVariantGenericMutRef(index) => {
                self.borrow_variant(generic_variant(compiled, *index), true)
            }
            _ => Err(invariant("not an instruction on datatypes")),
        }
    }

    fn pack(&mut self, fields: usize) -> VmResult<()> {
        let fields = self.pop_many(fields)?.collect();
        self.push(Value::Struct(fields))
    }

    fn unpack(&mut self, fields: usize) -> VmResult<()> {
        match self.pop()? {
            Value::Struct(values) if values.len() == fields => values
                .into_vec()
                .into_iter()
                .try_for_each(|value| self.push(value)),
            _ => Err(invariant("expected another struct")),
        }
    }

    fn pack_variant(&mut self, shape: VariantShape) -> VmResult<()> {
        let fields = self.pop_many(shape.fields)?.collect();
        self.push(Value::Variant(Box::new(Variant {
            tag: shape.tag,
            fields,
        })))
    }

    fn unpack_variant(&mut self, shape: VariantShape) -> VmResult<()> {
        match self.pop()? {
            Value::Variant(value) if value.tag != shape.tag => Err(wrong_variant()),
            Value::Variant(value) if value.fields.len() == shape.fields => value
                .fields
                .into_vec()
                .into_iter()
                .try_for_each(|value| self.push(value)),
            _ => Err(invariant("expected another enum")),
        }
    }

    /// Turns a reference to an enum value into references to the fields of its variant.
    fn borrow_variant(&mut self, shape: VariantShape, mutable: bool) -> VmResult<()> {
        let reference = self.pop_reference()?;
        match self.follow_value(&reference)? {
            Value::Variant(value) if value.tag != shape.tag => return Err(wrong_variant()),
            Value::Variant(_) => {}
            _ => return Err(invariant("expected an enum")),
        }
        if mutable && !reference.mutable {
            return Err(invariant("expected a mutable reference"));
        }
        let tag = u8::try_from(shape.tag).map_err(|_| invariant("tag is too large"))?;
        for field in 0..shape.fields {
            let field = u8::try_from(field).map_err(|_| invariant("too many fields"))?;
            let mut narrowed = reference.clone();
            narrowed.mutable = mutable;
            narrowed.path.push(Step::variant_field(tag, field));
            self.push(Value::Reference(narrowed))?;
        }
        Ok(())
    }

    /// Where to go for the variant of the enum value behind the reference on the stack.
    pub(super) fn switch(&mut self, view: &FrameView<'_>, table: u16) -> VmResult<usize> {
        let reference = self.pop_reference()?;
        let Value::Variant(value) = self.follow_value(&reference)? else {
            return Err(invariant("expected an enum"));
        };
        view.unit.jump_tables[usize::from(table)]
            .offsets
            .get(usize::from(value.tag))
            .map(|offset| usize::from(*offset))
            .ok_or_else(|| invariant("tag is not in the jump table"))
    }
}

fn struct_fields(compiled: &CompiledModule, definition: u16) -> VmResult<usize> {
    compiled.struct_defs[usize::from(definition)]
        .fields
        .as_ref()
        .map(Vec::len)
        .ok_or_else(|| invariant("native struct"))
}

fn variant(compiled: &CompiledModule, handle: u16) -> VariantShape {
    let row = compiled.variant_handles[usize::from(handle)];
    shape(compiled, row.owner, row.tag)
}

fn generic_variant(compiled: &CompiledModule, handle: u16) -> VariantShape {
    let row = compiled.variant_instantiation_handles[usize::from(handle)];
    let owner = compiled.enum_instantiations[usize::from(row.owner)].target;
    shape(compiled, owner, row.tag)
}

fn shape(compiled: &CompiledModule, owner: u16, tag: u16) -> VariantShape {
    VariantShape {
        tag,
        fields: compiled.enum_defs[usize::from(owner)].variants[usize::from(tag)]
            .fields
            .len(),
    }
}

/// An enum value was unpacked as another variant than it is.
fn wrong_variant() -> VmError {
    VmError::with_message(Status::VariantTag, "enum value is of another variant")
}
