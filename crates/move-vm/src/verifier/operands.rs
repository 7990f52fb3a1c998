//! Instructions on integers, datatypes, vectors, and calls.

use super::borrow_graph::Label;
use super::broken;
use super::function::Checker;
use super::state::Operand;
use super::tokens::{datatype, datatype_handle, instantiate, is_integer, is_reference};
use crate::binary::{CompiledModule, FieldDef, Instruction, SignatureToken};
use crate::error::VmResult;
use SignatureToken as T;

/// Most values that one instruction may push.
const MAX_PUSH: u64 = 1_024;

/// A variant with its enum and type arguments.
struct VariantShape<'m> {
    enum_def: u16,
    tag: u16,
    args: &'m [SignatureToken],
}

impl<'a> Checker<'a> {
    /// Checks an instruction that neither jumps nor touches locals or references as such.
    pub(super) fn operation(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::Call(handle) => self.call(*handle, &[]),
            I::CallGeneric(index) => {
                let module = self.module;
                let row = module.function_instantiations[usize::from(*index)];
                self.call(row.target, &module.signatures[usize::from(row.type_args)])
            }
            I::MutBorrowField(_)
            | I::ImmBorrowField(_)
            | I::MutBorrowFieldGeneric(_)
            | I::ImmBorrowFieldGeneric(_)
            | I::Pack(_)
            | I::PackGeneric(_)
            | I::Unpack(_)
            | I::UnpackGeneric(_) => self.struct_operation(instruction),
            I::PackVariant(_)
            | I::PackVariantGeneric(_)
            | I::UnpackVariant(_)
            | I::UnpackVariantGeneric(_)
            | I::UnpackVariantImmRef(_)
            | I::UnpackVariantMutRef(_)
            | I::UnpackVariantGenericImmRef(_)
            | I::UnpackVariantGenericMutRef(_) => self.enum_operation(instruction),
            I::VecPack(..)
            | I::VecLen(_)
            | I::VecImmBorrow(_)
            | I::VecMutBorrow(_)
            | I::VecPushBack(_)
            | I::VecPopBack(_)
            | I::VecUnpack(..)
            | I::VecSwap(_) => self.vector_operation(instruction),
            other => self.scalar_operation(other),
        }
    }

    fn scalar_operation(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::LdU8(_) => self.push_value(T::U8),
            I::LdU16(_) => self.push_value(T::U16),
            I::LdU32(_) => self.push_value(T::U32),
            I::LdU64(_) => self.push_value(T::U64),
            I::LdU128(_) => self.push_value(T::U128),
            I::LdU256(_) => self.push_value(T::U256),
            I::LdTrue | I::LdFalse => self.push_value(T::Bool),
            I::LdConst(index) => {
                let ty = self.module.constants[usize::from(*index)].ty.clone();
                self.push_value(ty)
            }
            I::CastU8 => self.cast(T::U8),
            I::CastU16 => self.cast(T::U16),
            I::CastU32 => self.cast(T::U32),
            I::CastU64 => self.cast(T::U64),
            I::CastU128 => self.cast(T::U128),
            I::CastU256 => self.cast(T::U256),
            I::Not => {
                self.pop_type(&T::Bool)?;
                self.push_value(T::Bool)
            }
            I::And | I::Or => {
                self.pop_type(&T::Bool)?;
                self.pop_type(&T::Bool)?;
                self.push_value(T::Bool)
            }
            I::Shl | I::Shr => {
                self.pop_type(&T::U8)?;
                let ty = self.pop_integer()?;
                self.push_value(ty)
            }
            I::Add | I::Sub | I::Mul | I::Mod | I::Div | I::BitOr | I::BitAnd | I::Xor => {
                let ty = self.pop_integer()?;
                self.pop_type(&ty)?;
                self.push_value(ty)
            }
            I::Lt | I::Gt | I::Le | I::Ge => {
                let ty = self.pop_integer()?;
                self.pop_type(&ty)?;
                self.push_value(T::Bool)
            }
            _ => Err(broken("instruction does not exist on Sui")),
        }
    }

    fn pop_integer(&mut self) -> VmResult<SignatureToken> {
        let operand = self.pop()?;
        if is_integer(&operand.ty) {
            Ok(operand.ty)
        } else {
            Err(broken("expected an integer"))
        }
    }

    fn cast(&mut self, to: SignatureToken) -> VmResult<()> {
        self.pop_integer()?;
        self.push_value(to)
    }

    fn call(&mut self, handle: u16, args: &[SignatureToken]) -> VmResult<()> {
        let module = self.module;
        let row = &module.function_handles[usize::from(handle)];
        let mut references = Vec::new();
        for parameter in module.signatures[usize::from(row.parameters)].iter().rev() {
            let operand = self.pop_type(&instantiate(parameter, args))?;
            if let Some(id) = operand.reference {
                let mutable = matches!(operand.ty, T::MutableReference(_));
                references.push((id, mutable));
            }
        }
        for (id, mutable) in &references {
            if *mutable {
                self.state.check_writable(*id)?;
            }
        }
        let makes_id = super::sui::is_id_source(self.names(handle));
        for returned in &module.signatures[usize::from(row.returns)] {
            match instantiate(returned, args) {
                T::MutableReference(inner) => {
                    let id = self.push_reference(*inner, true)?;
                    for (parent, _) in references.iter().filter(|(_, mutable)| *mutable) {
                        self.state.graph.borrow_somewhere(*parent, id);
                    }
                }
                T::Reference(inner) => {
                    let id = self.push_reference(*inner, false)?;
                    for (parent, _) in &references {
                        self.state.graph.borrow_somewhere(*parent, id);
                    }
                }
                ty => self.push(Operand {
                    ty,
                    reference: None,
                    fresh: makes_id,
                })?,
            }
        }
        for (id, _) in references {
            self.state.graph.release(id);
        }
        Ok(())
    }

    fn struct_operation(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        let module = self.module;
        let instance = |index: u16| {
            let row = module.struct_instantiations[usize::from(index)];
            (
                row.target,
                module.signatures[usize::from(row.type_args)].as_slice(),
            )
        };
        let field = |index: u16| {
            let row = module.field_instantiations[usize::from(index)];
            (
                row.target,
                module.signatures[usize::from(row.type_args)].as_slice(),
            )
        };
        match instruction {
            I::MutBorrowField(index) => self.borrow_field(*index, &[], true),
            I::ImmBorrowField(index) => self.borrow_field(*index, &[], false),
            I::MutBorrowFieldGeneric(index) => {
                let (handle, args) = field(*index);
                self.borrow_field(handle, args, true)
            }
            I::ImmBorrowFieldGeneric(index) => {
                let (handle, args) = field(*index);
                self.borrow_field(handle, args, false)
            }
            I::Pack(index) => self.pack(*index, &[]),
            I::PackGeneric(index) => {
                let (definition, args) = instance(*index);
                self.pack(definition, args)
            }
            I::Unpack(index) => self.unpack(*index, &[]),
            I::UnpackGeneric(index) => {
                let (definition, args) = instance(*index);
                self.unpack(definition, args)
            }
            _ => Err(broken("not an instruction on structs")),
        }
    }

    fn borrow_field(
        &mut self,
        handle: u16,
        args: &[SignatureToken],
        mutable: bool,
    ) -> VmResult<()> {
        let module = self.module;
        let row = module.field_handles[usize::from(handle)];
        let (id, inner) = self.pop_reference(mutable)?;
        let owner = module.struct_defs[usize::from(row.owner)].handle;
        if inner != datatype(owner, args) {
            return Err(broken("field of another struct"));
        }
        let label = Label::Field {
            owner: row.owner,
            field: row.field,
        };
        if mutable {
            if self.state.graph.has_full_borrows(id) {
                return Err(broken("reference is borrowed"));
            }
        } else {
            self.state.check_readable(id, Some(label))?;
        }
        let fields = struct_fields(module, row.owner)?;
        let ty = instantiate(&fields[usize::from(row.field)].ty, args);
        let child = self.push_reference(ty, mutable)?;
        self.state.graph.borrow_at(id, child, &[label]);
        self.state.graph.release(id);
        Ok(())
    }

    fn pack(&mut self, definition: u16, args: &[SignatureToken]) -> VmResult<()> {
        let module = self.module;
        let handle = module.struct_defs[usize::from(definition)].handle;
        let mut first = None;
        for field in struct_fields(module, definition)?.iter().rev() {
            first = Some(self.pop_type(&instantiate(&field.ty, args))?);
        }
        let is_object = module.datatype_handles[usize::from(handle)]
            .abilities
            .has_key();
        if is_object && !self.makes_ids && !first.is_some_and(|operand| operand.fresh) {
            return Err(broken("object gets an id that was not made for it"));
        }
        self.push_value(datatype(handle, args))
    }

    fn unpack(&mut self, definition: u16, args: &[SignatureToken]) -> VmResult<()> {
        let module = self.module;
        let handle = module.struct_defs[usize::from(definition)].handle;
        self.pop_type(&datatype(handle, args))?;
        for field in struct_fields(module, definition)? {
            self.push_value(instantiate(&field.ty, args))?;
        }
        Ok(())
    }

    fn variant(&self, index: u16) -> VariantShape<'a> {
        let row = self.module.variant_handles[usize::from(index)];
        VariantShape {
            enum_def: row.owner,
            tag: row.tag,
            args: &[],
        }
    }

    fn generic_variant(&self, index: u16) -> VariantShape<'a> {
        let module = self.module;
        let row = module.variant_instantiation_handles[usize::from(index)];
        let owner = module.enum_instantiations[usize::from(row.owner)];
        VariantShape {
            enum_def: owner.target,
            tag: row.tag,
            args: &module.signatures[usize::from(owner.type_args)],
        }
    }

    fn enum_operation(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::PackVariant(index) => self.pack_variant(&self.variant(*index)),
            I::PackVariantGeneric(index) => self.pack_variant(&self.generic_variant(*index)),
            I::UnpackVariant(index) => self.unpack_variant(&self.variant(*index)),
            I::UnpackVariantGeneric(index) => self.unpack_variant(&self.generic_variant(*index)),
            I::UnpackVariantImmRef(index) => self.borrow_variant(&self.variant(*index), false),
            I::UnpackVariantMutRef(index) => self.borrow_variant(&self.variant(*index), true),
            I::UnpackVariantGenericImmRef(index) => {
                self.borrow_variant(&self.generic_variant(*index), false)
            }
            I::UnpackVariantGenericMutRef(index) => {
                self.borrow_variant(&self.generic_variant(*index), true)
            }
            _ => Err(broken("not an instruction on enums")),
        }
    }

    fn enum_type(&self, shape: &VariantShape<'_>) -> SignatureToken {
        let handle = self.module.enum_defs[usize::from(shape.enum_def)].handle;
        datatype(handle, shape.args)
    }

    fn variant_fields(&self, shape: &VariantShape<'_>) -> &'a [FieldDef] {
        let definition = &self.module.enum_defs[usize::from(shape.enum_def)];
        &definition.variants[usize::from(shape.tag)].fields
    }

    fn pack_variant(&mut self, shape: &VariantShape<'_>) -> VmResult<()> {
        for field in self.variant_fields(shape).iter().rev() {
            self.pop_type(&instantiate(&field.ty, shape.args))?;
        }
        self.push_value(self.enum_type(shape))
    }

    fn unpack_variant(&mut self, shape: &VariantShape<'_>) -> VmResult<()> {
        self.pop_type(&self.enum_type(shape))?;
        for field in self.variant_fields(shape) {
            self.push_value(instantiate(&field.ty, shape.args))?;
        }
        Ok(())
    }

    fn borrow_variant(&mut self, shape: &VariantShape<'_>, mutable: bool) -> VmResult<()> {
        let (id, inner) = self.pop_reference(mutable)?;
        if inner != self.enum_type(shape) || self.state.graph.is_mutable(id) != mutable {
            return Err(broken("reference to another type"));
        }
        if mutable {
            self.state.check_writable(id)?;
        } else {
            self.state.check_readable(id, None)?;
        }
        for (field, definition) in (0u16..).zip(self.variant_fields(shape)) {
            let ty = instantiate(&definition.ty, shape.args);
            let child = self.push_reference(ty, mutable)?;
            let label = Label::Variant {
                owner: shape.enum_def,
                tag: shape.tag,
                field,
            };
            self.state.graph.borrow_at(id, child, &[label]);
        }
        self.state.graph.release(id);
        Ok(())
    }

    pub(super) fn variant_switch(&mut self, table: u16) -> VmResult<()> {
        let operand = self.pop()?;
        let (T::Reference(inner), Some(id)) = (&operand.ty, operand.reference) else {
            return Err(broken("expected an immutable reference"));
        };
        let table = &self.unit.jump_tables[usize::from(table)];
        let expected = self.module.enum_defs[usize::from(table.enum_def)].handle;
        if datatype_handle(inner) != Some(expected) {
            return Err(broken("jump table of another enum"));
        }
        self.state.check_readable(id, None)?;
        self.state.graph.release(id);
        Ok(())
    }

    fn vector_operation(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        match instruction {
            I::VecPack(signature, count) => {
                let element = self.element(*signature)?;
                for _ in 0..*count {
                    self.pop_type(&element)?;
                }
                self.push_value(T::Vector(Box::new(element)))
            }
            I::VecUnpack(signature, count) => {
                let element = self.element(*signature)?;
                self.pop_type(&T::Vector(Box::new(element.clone())))?;
                if *count > MAX_PUSH {
                    return Err(broken("too many values are unpacked"));
                }
                for _ in 0..*count {
                    self.push_value(element.clone())?;
                }
                Ok(())
            }
            I::VecLen(signature) => {
                let id = self.pop_vector(*signature, false)?;
                self.state.check_readable(id, None)?;
                self.state.graph.release(id);
                self.push_value(T::U64)
            }
            I::VecImmBorrow(signature) => self.borrow_element(*signature, false),
            I::VecMutBorrow(signature) => self.borrow_element(*signature, true),
            I::VecPushBack(signature) => {
                let element = self.element(*signature)?;
                self.pop_type(&element)?;
                self.change_vector(*signature)
            }
            I::VecPopBack(signature) => {
                self.change_vector(*signature)?;
                let element = self.element(*signature)?;
                self.push_value(element)
            }
            I::VecSwap(signature) => {
                self.pop_type(&T::U64)?;
                self.pop_type(&T::U64)?;
                self.change_vector(*signature)
            }
            _ => Err(broken("not an instruction on vectors")),
        }
    }

    fn element(&self, signature: u16) -> VmResult<SignatureToken> {
        match self.module.signatures[usize::from(signature)].as_slice() {
            [element] if !is_reference(element) => Ok(element.clone()),
            _ => Err(broken("expected one element type")),
        }
    }

    /// Pops a reference to a vector; returns its node.
    fn pop_vector(&mut self, signature: u16, mutable: bool) -> VmResult<usize> {
        let element = self.element(signature)?;
        let (id, inner) = self.pop_reference(mutable)?;
        if inner == T::Vector(Box::new(element)) {
            Ok(id)
        } else {
            Err(broken("vector of another type"))
        }
    }

    fn borrow_element(&mut self, signature: u16, mutable: bool) -> VmResult<()> {
        self.pop_type(&T::U64)?;
        let id = self.pop_vector(signature, mutable)?;
        if mutable {
            self.state.check_writable(id)?;
        } else {
            self.state.check_readable(id, None)?;
        }
        let element = self.element(signature)?;
        let child = self.push_reference(element, mutable)?;
        self.state.graph.borrow_somewhere(id, child);
        self.state.graph.release(id);
        Ok(())
    }

    /// Pops a mutable reference to a vector whose length or order changes.
    fn change_vector(&mut self, signature: u16) -> VmResult<()> {
        let id = self.pop_vector(signature, true)?;
        self.state.check_writable(id)?;
        self.state.graph.release(id);
        Ok(())
    }
}

fn struct_fields(module: &CompiledModule, definition: u16) -> VmResult<&[FieldDef]> {
    module.struct_defs[usize::from(definition)]
        .fields
        .as_deref()
        .ok_or_else(|| broken("native struct"))
}
