//! Checks that every index of a module is in range and every type is well formed.

use super::{
    BinaryError, CodeUnit, CompiledModule, DatatypeHandle, FieldDef, FunctionDef, Instruction,
    SignatureToken,
};

type Result<T> = std::result::Result<T, BinaryError>;

/// Checks a freshly read module.
pub(super) fn check_bounds(module: &CompiledModule) -> Result<()> {
    check(
        module.self_handle,
        module.module_handles.len(),
        "module handle",
    )?;
    for handle in module.module_handles.iter().chain(&module.friends) {
        check(handle.address, module.addresses.len(), "address")?;
        check(handle.name, module.identifiers.len(), "identifier")?;
    }
    for handle in &module.datatype_handles {
        check(handle.module, module.module_handles.len(), "module handle")?;
        check(handle.name, module.identifiers.len(), "identifier")?;
    }
    check_function_handles(module)?;
    check_signatures(module)?;
    check_handles(module)?;
    check_instantiations(module)?;
    check_definitions(module)?;
    for definition in &module.function_defs {
        check_function(module, definition)?;
    }
    Ok(())
}

fn check(index: u16, length: usize, table: &'static str) -> Result<()> {
    if usize::from(index) < length {
        Ok(())
    } else {
        Err(BinaryError::IndexOutOfBounds {
            table,
            index: usize::from(index),
        })
    }
}

fn check_function_handles(module: &CompiledModule) -> Result<()> {
    for handle in &module.function_handles {
        check(handle.module, module.module_handles.len(), "module handle")?;
        check(handle.name, module.identifiers.len(), "identifier")?;
        for signature in [handle.parameters, handle.returns] {
            check(signature, module.signatures.len(), "signature")?;
            check_types(
                &module.signatures[usize::from(signature)],
                handle.type_parameters.len(),
            )?;
        }
    }
    Ok(())
}

/// Datatypes named in signatures and constants exist and get the right number of arguments.
fn check_signatures(module: &CompiledModule) -> Result<()> {
    for token in module.signatures.iter().flatten() {
        check_datatypes(module, token)?;
    }
    for constant in &module.constants {
        check_datatypes(module, &constant.ty)?;
    }
    Ok(())
}

fn check_datatypes(module: &CompiledModule, token: &SignatureToken) -> Result<()> {
    match token {
        SignatureToken::Vector(inner)
        | SignatureToken::Reference(inner)
        | SignatureToken::MutableReference(inner) => check_datatypes(module, inner),
        SignatureToken::Datatype(handle) => check_arity(module, *handle, 0),
        SignatureToken::DatatypeInstantiation(instance) => {
            check_arity(module, instance.0, instance.1.len())?;
            instance
                .1
                .iter()
                .try_for_each(|argument| check_datatypes(module, argument))
        }
        _ => Ok(()),
    }
}

fn check_arity(module: &CompiledModule, handle: u16, arguments: usize) -> Result<()> {
    check(handle, module.datatype_handles.len(), "datatype handle")?;
    if module.datatype_handles[usize::from(handle)]
        .type_parameters
        .len()
        == arguments
    {
        Ok(())
    } else {
        Err(BinaryError::BadType("wrong number of type arguments"))
    }
}

/// Type parameters are below `parameters`.
fn check_types(tokens: &[SignatureToken], parameters: usize) -> Result<()> {
    for token in tokens {
        match token {
            SignatureToken::TypeParameter(index) => check(*index, parameters, "type parameter")?,
            SignatureToken::Vector(inner)
            | SignatureToken::Reference(inner)
            | SignatureToken::MutableReference(inner) => {
                check_types(std::slice::from_ref(inner), parameters)?;
            }
            SignatureToken::DatatypeInstantiation(instance) => {
                check_types(&instance.1, parameters)?;
            }
            _ => {}
        }
    }
    Ok(())
}

fn check_handles(module: &CompiledModule) -> Result<()> {
    for handle in &module.field_handles {
        check(handle.owner, module.struct_defs.len(), "struct definition")?;
        let fields = module.struct_defs[usize::from(handle.owner)]
            .fields
            .as_ref()
            .map_or(0, Vec::len);
        check(handle.field, fields, "field")?;
    }
    for handle in &module.variant_handles {
        check(handle.owner, module.enum_defs.len(), "enum definition")?;
        let variants = module.enum_defs[usize::from(handle.owner)].variants.len();
        check(handle.tag, variants, "variant")?;
    }
    for handle in &module.variant_instantiation_handles {
        check(
            handle.owner,
            module.enum_instantiations.len(),
            "enum instantiation",
        )?;
        let target = module.enum_instantiations[usize::from(handle.owner)].target;
        check(target, module.enum_defs.len(), "enum definition")?;
        let variants = module.enum_defs[usize::from(target)].variants.len();
        check(handle.tag, variants, "variant")?;
    }
    Ok(())
}

fn check_instantiations(module: &CompiledModule) -> Result<()> {
    let tables = [
        (
            &module.struct_instantiations,
            module.struct_defs.len(),
            "struct definition",
        ),
        (
            &module.function_instantiations,
            module.function_handles.len(),
            "function handle",
        ),
        (
            &module.field_instantiations,
            module.field_handles.len(),
            "field handle",
        ),
        (
            &module.enum_instantiations,
            module.enum_defs.len(),
            "enum definition",
        ),
    ];
    for (rows, targets, name) in tables {
        for row in rows {
            check(row.target, targets, name)?;
            check(row.type_args, module.signatures.len(), "signature")?;
        }
    }
    Ok(())
}

fn check_definitions(module: &CompiledModule) -> Result<()> {
    for definition in &module.struct_defs {
        let handle = own_datatype(module, definition.handle)?;
        if let Some(fields) = &definition.fields {
            check_fields(module, handle, fields)?;
        }
    }
    for definition in &module.enum_defs {
        let handle = own_datatype(module, definition.handle)?;
        for variant in &definition.variants {
            check(variant.name, module.identifiers.len(), "identifier")?;
            check_fields(module, handle, &variant.fields)?;
        }
    }
    Ok(())
}

fn own_datatype(module: &CompiledModule, handle: u16) -> Result<&DatatypeHandle> {
    check(handle, module.datatype_handles.len(), "datatype handle")?;
    let datatype = &module.datatype_handles[usize::from(handle)];
    if datatype.module == module.self_handle {
        Ok(datatype)
    } else {
        Err(BinaryError::BadTables("definition for another module"))
    }
}

fn check_fields(
    module: &CompiledModule,
    handle: &DatatypeHandle,
    fields: &[FieldDef],
) -> Result<()> {
    for field in fields {
        check(field.name, module.identifiers.len(), "identifier")?;
        check_datatypes(module, &field.ty)?;
        check_types(
            std::slice::from_ref(&field.ty),
            handle.type_parameters.len(),
        )?;
    }
    Ok(())
}

fn check_function(module: &CompiledModule, definition: &FunctionDef) -> Result<()> {
    check(
        definition.handle,
        module.function_handles.len(),
        "function handle",
    )?;
    let handle = &module.function_handles[usize::from(definition.handle)];
    if handle.module != module.self_handle {
        return Err(BinaryError::BadTables("definition for another module"));
    }
    for index in &definition.acquires {
        check(*index, module.struct_defs.len(), "struct definition")?;
    }
    let Some(unit) = &definition.code else {
        return Ok(());
    };
    let parameters = handle.type_parameters.len();
    check(unit.locals, module.signatures.len(), "signature")?;
    let locals = &module.signatures[usize::from(unit.locals)];
    check_types(locals, parameters)?;
    let slots = locals.len() + module.signatures[usize::from(handle.parameters)].len();
    if slots > usize::from(u8::MAX) + 1 {
        return Err(BinaryError::TooLarge("locals"));
    }
    let code_length = unit.code.len();
    for table in &unit.jump_tables {
        check(table.enum_def, module.enum_defs.len(), "enum definition")?;
        if table.offsets.len() != module.enum_defs[usize::from(table.enum_def)].variants.len() {
            return Err(BinaryError::BadTables("jump table of another length"));
        }
        for offset in &table.offsets {
            check(*offset, code_length, "instruction")?;
        }
    }
    let code = CodeBounds {
        module,
        unit,
        slots,
        type_parameters: parameters,
    };
    unit.code
        .iter()
        .try_for_each(|instruction| code.check_instruction(instruction))
}

/// What operands of instructions are checked against.
struct CodeBounds<'a> {
    module: &'a CompiledModule,
    unit: &'a CodeUnit,
    slots: usize,
    type_parameters: usize,
}

impl CodeBounds<'_> {
    fn check_instruction(&self, instruction: &Instruction) -> Result<()> {
        use Instruction as I;
        let module = self.module;
        match instruction {
            I::BrTrue(offset) | I::BrFalse(offset) | I::Branch(offset) => {
                check(*offset, self.unit.code.len(), "instruction")
            }
            I::LdConst(index) => check(*index, module.constants.len(), "constant"),
            I::CopyLoc(slot)
            | I::MoveLoc(slot)
            | I::StLoc(slot)
            | I::MutBorrowLoc(slot)
            | I::ImmBorrowLoc(slot) => check(u16::from(*slot), self.slots, "local"),
            I::MutBorrowField(index) | I::ImmBorrowField(index) => {
                check(*index, module.field_handles.len(), "field handle")?;
                let owner = module.field_handles[usize::from(*index)].owner;
                self.not_generic(module.struct_defs[usize::from(owner)].handle)
            }
            I::Pack(index) | I::Unpack(index) => {
                check(*index, module.struct_defs.len(), "struct definition")?;
                self.not_generic(module.struct_defs[usize::from(*index)].handle)
            }
            I::PackVariant(index)
            | I::UnpackVariant(index)
            | I::UnpackVariantImmRef(index)
            | I::UnpackVariantMutRef(index) => {
                check(*index, module.variant_handles.len(), "variant handle")?;
                let owner = module.variant_handles[usize::from(*index)].owner;
                self.not_generic(module.enum_defs[usize::from(owner)].handle)
            }
            I::VariantSwitch(index) => check(*index, self.unit.jump_tables.len(), "jump table"),
            I::Call(index) => {
                check(*index, module.function_handles.len(), "function handle")?;
                let handle = &module.function_handles[usize::from(*index)];
                self.same_count(handle.type_parameters.len(), 0)
            }
            _ => self.check_generic(instruction),
        }
    }

    fn check_generic(&self, instruction: &Instruction) -> Result<()> {
        use Instruction as I;
        let module = self.module;
        match instruction {
            I::MutBorrowFieldGeneric(index) | I::ImmBorrowFieldGeneric(index) => {
                check(
                    *index,
                    module.field_instantiations.len(),
                    "field instantiation",
                )?;
                let row = module.field_instantiations[usize::from(*index)];
                let owner = module.field_handles[usize::from(row.target)].owner;
                self.instance(module.struct_defs[usize::from(owner)].handle, row.type_args)
            }
            I::PackGeneric(index) | I::UnpackGeneric(index) => {
                check(
                    *index,
                    module.struct_instantiations.len(),
                    "struct instantiation",
                )?;
                let row = module.struct_instantiations[usize::from(*index)];
                self.instance(
                    module.struct_defs[usize::from(row.target)].handle,
                    row.type_args,
                )
            }
            I::PackVariantGeneric(index)
            | I::UnpackVariantGeneric(index)
            | I::UnpackVariantGenericImmRef(index)
            | I::UnpackVariantGenericMutRef(index) => {
                check(
                    *index,
                    module.variant_instantiation_handles.len(),
                    "variant instantiation",
                )?;
                let owner = module.variant_instantiation_handles[usize::from(*index)].owner;
                let row = module.enum_instantiations[usize::from(owner)];
                self.instance(
                    module.enum_defs[usize::from(row.target)].handle,
                    row.type_args,
                )
            }
            I::CallGeneric(index) => {
                check(
                    *index,
                    module.function_instantiations.len(),
                    "function instantiation",
                )?;
                let row = module.function_instantiations[usize::from(*index)];
                let handle = &module.function_handles[usize::from(row.target)];
                self.type_arguments(row.type_args, handle.type_parameters.len())
            }
            I::VecPack(index, _)
            | I::VecLen(index)
            | I::VecImmBorrow(index)
            | I::VecMutBorrow(index)
            | I::VecPushBack(index)
            | I::VecPopBack(index)
            | I::VecUnpack(index, _)
            | I::VecSwap(index) => {
                check(*index, module.signatures.len(), "signature")?;
                self.type_arguments(*index, 1)
            }
            _ => Ok(()),
        }
    }

    fn not_generic(&self, handle: u16) -> Result<()> {
        let datatype = &self.module.datatype_handles[usize::from(handle)];
        self.same_count(datatype.type_parameters.len(), 0)
    }

    fn instance(&self, handle: u16, type_args: u16) -> Result<()> {
        let datatype = &self.module.datatype_handles[usize::from(handle)];
        self.type_arguments(type_args, datatype.type_parameters.len())
    }

    fn type_arguments(&self, signature: u16, expected: usize) -> Result<()> {
        let tokens = &self.module.signatures[usize::from(signature)];
        self.same_count(expected, tokens.len())?;
        check_types(tokens, self.type_parameters)
    }

    fn same_count(&self, expected: usize, found: usize) -> Result<()> {
        if expected == found {
            Ok(())
        } else {
            Err(BinaryError::BadType("wrong number of type arguments"))
        }
    }
}
