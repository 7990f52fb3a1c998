//! Sui's own rules.

use super::{broken, placed};
use crate::ability::AbilitySet;
use crate::address::Address;
use crate::binary::{CompiledModule, Instruction, SignatureToken, StructDef};
use crate::error::VmResult;
use crate::verifier::abilities::abilities;
use crate::vm::Visibility;

/// The function that runs when a module is published.
const INIT: &str = "init";

/// Functions whose first type argument must be declared by the module that calls them.
const OWN_TYPE_ONLY: [(Address, &str, &str); 9] = [
    (Address::SUI, "transfer", "transfer"),
    (Address::SUI, "transfer", "share_object"),
    (Address::SUI, "transfer", "freeze_object"),
    (Address::SUI, "transfer", "receive"),
    (Address::SUI, "transfer", "party_transfer"),
    (Address::SUI, "event", "emit"),
    (Address::SUI, "event", "emit_authenticated"),
    (Address::SUI, "coin_registry", "new_currency"),
    (Address::STD, "internal", "permit"),
];

/// Functions that return an id which no object has.
const ID_SOURCES: [(Address, &str, &str); 4] = [
    (Address::SUI, "object", "new"),
    (Address::SUI, "object", "new_uid_from_hash"),
    (Address::SUI, "derived_object", "claim"),
    (Address::SUI, "test_scenario", "new_object"),
];

/// Packages of the system: they make objects with fixed ids.
const SYSTEM_PACKAGES: [Address; 4] = [
    Address::STD,
    Address::SUI,
    Address::from_suffix(3),
    Address::from_suffix(0xb),
];

pub(super) fn check(module: &CompiledModule) -> VmResult<()> {
    check_objects(module)?;
    check_init(module)?;
    check_entries(module)?;
    check_own_types(module)?;
    check_witness(module)
}

/// Whether modules of this package may put any id into an object.
pub(super) fn makes_ids(package: &Address) -> bool {
    SYSTEM_PACKAGES.contains(package)
}

/// Whether this function returns an id which no object has.
pub(super) fn is_id_source(function: (Address, &str, &str)) -> bool {
    ID_SOURCES.contains(&function)
}

/// Address, module and name behind a function handle.
pub(super) fn function_names(module: &CompiledModule, handle: u16) -> (Address, &str, &str) {
    let row = &module.function_handles[usize::from(handle)];
    let owner = module.module_handles[usize::from(row.module)];
    (
        module.addresses[usize::from(owner.address)],
        module.name(owner.name).as_str(),
        module.name(row.name).as_str(),
    )
}

/// Whether `token` is the datatype `address::owner::name` without type arguments.
fn is_datatype(
    module: &CompiledModule,
    token: &SignatureToken,
    address: Address,
    owner: &str,
    name: &str,
) -> bool {
    let SignatureToken::Datatype(handle) = token else {
        return false;
    };
    let row = &module.datatype_handles[usize::from(*handle)];
    let place = module.module_handles[usize::from(row.module)];
    module.addresses[usize::from(place.address)] == address
        && module.name(place.name).as_str() == owner
        && module.name(row.name).as_str() == name
}

/// Whether it is a reference to the transaction context.
fn is_tx_context(module: &CompiledModule, token: &SignatureToken) -> bool {
    match token {
        SignatureToken::Reference(inner) | SignatureToken::MutableReference(inner) => {
            is_datatype(module, inner, Address::SUI, "tx_context", "TxContext")
        }
        _ => false,
    }
}

/// A struct with `key` has a `UID` called `id` as its first field.
fn check_objects(module: &CompiledModule) -> VmResult<()> {
    for definition in &module.struct_defs {
        let handle = &module.datatype_handles[usize::from(definition.handle)];
        if !handle.abilities.has_key() {
            continue;
        }
        let valid = definition
            .fields
            .as_ref()
            .and_then(|fields| fields.first())
            .is_some_and(|field| {
                module.name(field.name).as_str() == "id"
                    && is_datatype(module, &field.ty, Address::SUI, "object", "UID")
            });
        if !valid {
            return Err(broken(format!(
                "{} has key but no id: UID as its first field",
                module.name(handle.name)
            )));
        }
    }
    Ok(())
}

/// `init` is private, not entry, not generic, returns nothing, and takes the transaction context,
/// after the one-time witness if the module has one. Nobody calls it.
fn check_init(module: &CompiledModule) -> VmResult<()> {
    let Some(index) = module.function_named(INIT) else {
        return Ok(());
    };
    let definition = &module.function_defs[usize::from(index)];
    let handle = &module.function_handles[usize::from(definition.handle)];
    let parameters = &module.signatures[usize::from(handle.parameters)];
    let returns = &module.signatures[usize::from(handle.returns)];
    let takes_context = match (parameters.as_slice(), witness_definition(module)) {
        ([context], None) => is_tx_context(module, context),
        ([witness, context], Some(definition)) => {
            is_tx_context(module, context)
                && *witness == SignatureToken::Datatype(definition.handle)
        }
        _ => false,
    };
    let valid = definition.visibility == Visibility::Private
        && !definition.is_entry
        && handle.type_parameters.is_empty()
        && returns.is_empty()
        && takes_context;
    if !valid {
        let error = broken("init has another signature");
        return Err(placed(error, module, index, 0));
    }
    for (caller, caller_definition) in (0u16..).zip(&module.function_defs) {
        let code = caller_definition.code.iter().flat_map(|unit| &unit.code);
        for (pc, instruction) in code.enumerate() {
            if *instruction == Instruction::Call(definition.handle) {
                return Err(placed(broken("init is called"), module, caller, pc));
            }
        }
    }
    Ok(())
}

/// What entry functions return can be dropped.
fn check_entries(module: &CompiledModule) -> VmResult<()> {
    for (index, definition) in (0u16..).zip(&module.function_defs) {
        if !definition.is_entry {
            continue;
        }
        let handle = &module.function_handles[usize::from(definition.handle)];
        let returns = &module.signatures[usize::from(handle.returns)];
        let droppable = returns
            .iter()
            .all(|ty| abilities(module, ty, &handle.type_parameters).has_drop());
        if !droppable {
            let error = broken("entry function returns a value without drop");
            return Err(placed(error, module, index, 0));
        }
    }
    Ok(())
}

/// Objects are transferred and events emitted by the module that declares their type, unless
/// `store` says that others may.
fn check_own_types(module: &CompiledModule) -> VmResult<()> {
    let own = module.id();
    for (index, definition) in (0u16..).zip(&module.function_defs) {
        let Some(unit) = &definition.code else {
            continue;
        };
        for (pc, instruction) in unit.code.iter().enumerate() {
            let Instruction::CallGeneric(call) = instruction else {
                continue;
            };
            let row = module.function_instantiations[usize::from(*call)];
            let callee = function_names(module, row.target);
            if (callee.0, callee.1) == (own.address, own.name.as_str())
                || !OWN_TYPE_ONLY.contains(&callee)
            {
                continue;
            }
            let declared_here = module.signatures[usize::from(row.type_args)]
                .first()
                .and_then(super::tokens::datatype_handle)
                .is_some_and(|handle| {
                    module.datatype_handles[usize::from(handle)].module == module.self_handle
                });
            if !declared_here {
                let error = broken(format!(
                    "{}::{} may be called with a type of the own module only",
                    callee.1, callee.2
                ));
                return Err(placed(error, module, index, pc));
            }
        }
    }
    Ok(())
}

/// The struct that is named and shaped like a one-time witness, if the module has one.
fn witness_definition(module: &CompiledModule) -> Option<&StructDef> {
    let name = module.id().name.to_ascii_uppercase();
    module.struct_defs.iter().find(|definition| {
        let handle = &module.datatype_handles[usize::from(definition.handle)];
        let fields = definition.fields.as_deref().unwrap_or_default();
        module.name(handle.name).as_str() == name
            && matches!(fields, [field] if field.ty == SignatureToken::Bool)
    })
}

/// A one-time witness has `drop` and nothing else, and is made by nobody.
fn check_witness(module: &CompiledModule) -> VmResult<()> {
    let Some(witness) = witness_definition(module) else {
        return Ok(());
    };
    if makes_ids(&module.id().address) {
        return Ok(());
    }
    let handle = &module.datatype_handles[usize::from(witness.handle)];
    if handle.abilities != AbilitySet::DROP || !handle.type_parameters.is_empty() {
        return Err(broken("one-time witness has more than drop"));
    }
    for (index, definition) in (0u16..).zip(&module.function_defs) {
        let code = definition.code.iter().flat_map(|unit| &unit.code);
        for (pc, instruction) in code.enumerate() {
            let makes_it = matches!(instruction, Instruction::Pack(packed)
                if module.struct_defs[usize::from(*packed)].handle == witness.handle);
            if makes_it {
                let error = broken("one-time witness is made");
                return Err(placed(error, module, index, pc));
            }
        }
    }
    Ok(())
}
