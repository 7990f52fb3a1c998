//! Tables without duplicates, finite datatypes, fields with the abilities they need.

use std::collections::HashSet;
use std::hash::Hash;

use super::abilities::{abilities, check_arguments, check_instances};
use super::broken;
use super::tokens::{check_no_references, check_signature_type, is_reference};
use crate::ability::AbilitySet;
use crate::binary::{
    CompiledModule, DatatypeHandle, FieldDef, FunctionDef, Instruction, SignatureToken,
};
use crate::error::VmResult;
use crate::runtime::loaded::constant_layout;
use crate::value::Value;

/// Most parameters of a function.
const MAX_PARAMETERS: usize = 128;
/// Most type parameters of a function or datatype.
const MAX_TYPE_PARAMETERS: usize = 32;
/// Most fields of a struct or variant.
const MAX_FIELDS: usize = 32;

pub(super) fn check(module: &CompiledModule) -> VmResult<()> {
    check_duplicates(module)?;
    check_module_links(module)?;
    check_constants(module)?;
    check_handles(module)?;
    check_datatypes(module)?;
    check_finite(module)?;
    for definition in &module.function_defs {
        check_function(module, definition)?;
    }
    Ok(())
}

fn all_different<T: Eq + Hash>(rows: impl IntoIterator<Item = T>, what: &str) -> VmResult<()> {
    let mut seen = HashSet::new();
    for row in rows {
        if !seen.insert(row) {
            return Err(broken(format!("{what} occurs twice")));
        }
    }
    Ok(())
}

fn check_duplicates(module: &CompiledModule) -> VmResult<()> {
    all_different(&module.identifiers, "an identifier")?;
    all_different(&module.addresses, "an address")?;
    all_different(&module.signatures, "a signature")?;
    all_different(&module.module_handles, "a module handle")?;
    all_different(&module.friends, "a friend")?;
    all_different(
        module
            .datatype_handles
            .iter()
            .map(|it| (it.module, it.name)),
        "a datatype handle",
    )?;
    all_different(
        module
            .function_handles
            .iter()
            .map(|it| (it.module, it.name)),
        "a function handle",
    )?;
    all_different(&module.field_handles, "a field handle")?;
    all_different(&module.variant_handles, "a variant handle")?;
    all_different(&module.variant_instantiation_handles, "a variant handle")?;
    all_different(&module.struct_instantiations, "a struct instance")?;
    all_different(&module.enum_instantiations, "an enum instance")?;
    all_different(&module.function_instantiations, "a function instance")?;
    all_different(&module.field_instantiations, "a field instance")?;
    let structs = module.struct_defs.iter().map(|it| it.handle);
    let enums = module.enum_defs.iter().map(|it| it.handle);
    all_different(structs.chain(enums), "a datatype definition")?;
    all_different(
        module.function_defs.iter().map(|it| it.handle),
        "a function definition",
    )
}

/// What claims to be of this module is defined here, and friends are other modules.
fn check_module_links(module: &CompiledModule) -> VmResult<()> {
    let own = module.module_handles[usize::from(module.self_handle)];
    if module.friends.contains(&own) {
        return Err(broken("module is a friend of itself"));
    }
    if module.friends.iter().any(|it| it.address != own.address) {
        return Err(broken("friend of another package"));
    }
    let defined: HashSet<u16> = module
        .struct_defs
        .iter()
        .map(|it| it.handle)
        .chain(module.enum_defs.iter().map(|it| it.handle))
        .collect();
    let functions: HashSet<u16> = module.function_defs.iter().map(|it| it.handle).collect();
    let datatypes_defined = (0u16..)
        .zip(&module.datatype_handles)
        .all(|(index, it)| it.module != module.self_handle || defined.contains(&index));
    let functions_defined = (0u16..)
        .zip(&module.function_handles)
        .all(|(index, it)| it.module != module.self_handle || functions.contains(&index));
    if datatypes_defined && functions_defined {
        Ok(())
    } else {
        Err(broken("own handle without definition"))
    }
}

fn check_constants(module: &CompiledModule) -> VmResult<()> {
    for constant in &module.constants {
        let valid = constant_layout(&constant.ty)
            .is_some_and(|layout| Value::from_bcs(&constant.data, &layout).is_ok());
        if !valid {
            return Err(broken("malformed constant"));
        }
    }
    Ok(())
}

fn check_handles(module: &CompiledModule) -> VmResult<()> {
    for handle in &module.datatype_handles {
        if handle.type_parameters.len() > MAX_TYPE_PARAMETERS {
            return Err(broken("too many type parameters"));
        }
    }
    for handle in &module.function_handles {
        let parameters = &module.signatures[usize::from(handle.parameters)];
        if handle.type_parameters.len() > MAX_TYPE_PARAMETERS || parameters.len() > MAX_PARAMETERS {
            return Err(broken("too many parameters"));
        }
        let returns = &module.signatures[usize::from(handle.returns)];
        for token in parameters.iter().chain(returns) {
            check_signature_type(token)?;
            check_instances(module, token, &handle.type_parameters)?;
        }
    }
    Ok(())
}

fn check_datatypes(module: &CompiledModule) -> VmResult<()> {
    for definition in &module.struct_defs {
        let handle = &module.datatype_handles[usize::from(definition.handle)];
        let fields = definition
            .fields
            .as_ref()
            .ok_or_else(|| broken("native struct"))?;
        if fields.is_empty() {
            return Err(broken("struct without fields"));
        }
        check_fields(module, handle, fields)?;
    }
    for definition in &module.enum_defs {
        let handle = &module.datatype_handles[usize::from(definition.handle)];
        if handle.abilities.has_key() {
            return Err(broken("enum with key"));
        }
        all_different(
            definition.variants.iter().map(|variant| variant.name),
            "a variant",
        )?;
        for variant in &definition.variants {
            check_fields(module, handle, &variant.fields)?;
        }
    }
    Ok(())
}

fn check_fields(
    module: &CompiledModule,
    handle: &DatatypeHandle,
    fields: &[FieldDef],
) -> VmResult<()> {
    if fields.len() > MAX_FIELDS {
        return Err(broken("too many fields"));
    }
    all_different(fields.iter().map(|field| field.name), "a field")?;
    let constraints: Vec<AbilitySet> = handle
        .type_parameters
        .iter()
        .map(|parameter| parameter.constraints)
        .collect();
    // A datatype has an ability if its arguments have what that takes, so fields are looked at
    // with arguments that have everything.
    let everything = vec![AbilitySet::ALL; constraints.len()];
    for field in fields {
        check_no_references(&field.ty)?;
        check_instances(module, &field.ty, &constraints)?;
        check_phantoms(module, handle, &field.ty)?;
        let required = handle.abilities.required_of_fields();
        if !abilities(module, &field.ty, &everything).contains(required) {
            return Err(broken("field lacks an ability of its datatype"));
        }
    }
    Ok(())
}

/// Phantom parameters occur only as phantom arguments.
fn check_phantoms(
    module: &CompiledModule,
    handle: &DatatypeHandle,
    token: &SignatureToken,
) -> VmResult<()> {
    match token {
        SignatureToken::TypeParameter(index) => {
            if handle.type_parameters[usize::from(*index)].is_phantom {
                Err(broken("phantom parameter is used"))
            } else {
                Ok(())
            }
        }
        SignatureToken::Vector(inner) => check_phantoms(module, handle, inner),
        SignatureToken::DatatypeInstantiation(instance) => {
            let inner = &module.datatype_handles[usize::from(instance.0)];
            instance
                .1
                .iter()
                .zip(&inner.type_parameters)
                .filter(|(arg, parameter)| {
                    !(parameter.is_phantom && matches!(arg, SignatureToken::TypeParameter(_)))
                })
                .try_for_each(|(arg, _)| check_phantoms(module, handle, arg))
        }
        _ => Ok(()),
    }
}

/// No datatype of this module contains itself.
fn check_finite(module: &CompiledModule) -> VmResult<()> {
    let mut contents: Vec<(u16, Vec<u16>)> = Vec::new();
    for definition in &module.struct_defs {
        let mut inside = Vec::new();
        for field in definition.fields.iter().flatten() {
            collect_datatypes(&field.ty, &mut inside);
        }
        contents.push((definition.handle, inside));
    }
    for definition in &module.enum_defs {
        let mut inside = Vec::new();
        for field in definition.variants.iter().flat_map(|it| &it.fields) {
            collect_datatypes(&field.ty, &mut inside);
        }
        contents.push((definition.handle, inside));
    }
    // Takes away what contains nothing that is left, until nothing is left.
    while !contents.is_empty() {
        let left: HashSet<u16> = contents.iter().map(|(handle, _)| *handle).collect();
        let before = contents.len();
        contents.retain(|(_, inside)| inside.iter().any(|handle| left.contains(handle)));
        if contents.len() == before {
            return Err(broken("datatype contains itself"));
        }
    }
    Ok(())
}

fn collect_datatypes(token: &SignatureToken, found: &mut Vec<u16>) {
    match token {
        SignatureToken::Vector(inner)
        | SignatureToken::Reference(inner)
        | SignatureToken::MutableReference(inner) => collect_datatypes(inner, found),
        SignatureToken::Datatype(handle) => found.push(*handle),
        SignatureToken::DatatypeInstantiation(instance) => {
            found.push(instance.0);
            for arg in &instance.1 {
                collect_datatypes(arg, found);
            }
        }
        _ => {}
    }
}

/// Locals and operands of a function have well-formed types.
fn check_function(module: &CompiledModule, definition: &FunctionDef) -> VmResult<()> {
    if !definition.acquires.is_empty() {
        return Err(broken("global storage does not exist on Sui"));
    }
    let handle = &module.function_handles[usize::from(definition.handle)];
    let parameters = &handle.type_parameters;
    let Some(unit) = &definition.code else {
        return Ok(());
    };
    for token in &module.signatures[usize::from(unit.locals)] {
        check_signature_type(token)?;
        check_instances(module, token, parameters)?;
    }
    for instruction in &unit.code {
        check_operand(module, instruction, parameters)?;
    }
    Ok(())
}

/// Type arguments of an instruction fit what they are given to.
fn check_operand(
    module: &CompiledModule,
    instruction: &Instruction,
    parameters: &[AbilitySet],
) -> VmResult<()> {
    use Instruction as I;
    let of_datatype = |definition: u16, type_args: u16| -> VmResult<()> {
        let args = &module.signatures[usize::from(type_args)];
        args.iter().try_for_each(check_no_references)?;
        let constraints = module.datatype_handles[usize::from(definition)]
            .type_parameters
            .iter()
            .map(|parameter| parameter.constraints);
        check_arguments(module, args, constraints, parameters)
    };
    match instruction {
        I::GlobalStorage(..) => Err(broken("global storage does not exist on Sui")),
        I::CallGeneric(index) => {
            let row = module.function_instantiations[usize::from(*index)];
            let args = &module.signatures[usize::from(row.type_args)];
            args.iter().try_for_each(check_no_references)?;
            let constraints = &module.function_handles[usize::from(row.target)].type_parameters;
            check_arguments(module, args, constraints.iter().copied(), parameters)
        }
        I::PackGeneric(index) | I::UnpackGeneric(index) => {
            let row = module.struct_instantiations[usize::from(*index)];
            of_datatype(
                module.struct_defs[usize::from(row.target)].handle,
                row.type_args,
            )
        }
        I::MutBorrowFieldGeneric(index) | I::ImmBorrowFieldGeneric(index) => {
            let row = module.field_instantiations[usize::from(*index)];
            let owner = module.field_handles[usize::from(row.target)].owner;
            of_datatype(module.struct_defs[usize::from(owner)].handle, row.type_args)
        }
        I::PackVariantGeneric(index)
        | I::UnpackVariantGeneric(index)
        | I::UnpackVariantGenericImmRef(index)
        | I::UnpackVariantGenericMutRef(index) => {
            let owner = module.variant_instantiation_handles[usize::from(*index)].owner;
            let row = module.enum_instantiations[usize::from(owner)];
            of_datatype(
                module.enum_defs[usize::from(row.target)].handle,
                row.type_args,
            )
        }
        I::VecPack(index, _)
        | I::VecLen(index)
        | I::VecImmBorrow(index)
        | I::VecMutBorrow(index)
        | I::VecPushBack(index)
        | I::VecPopBack(index)
        | I::VecUnpack(index, _)
        | I::VecSwap(index) => {
            let args = &module.signatures[usize::from(*index)];
            if args.iter().any(is_reference) {
                return Err(broken("vector of references"));
            }
            args.iter().try_for_each(check_no_references)?;
            args.iter()
                .try_for_each(|arg| check_instances(module, arg, parameters))
        }
        _ => Ok(()),
    }
}
