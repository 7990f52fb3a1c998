//! Whether one package version may replace another.

mod normal;

use std::collections::BTreeMap;

use crate::ability::AbilitySet;
use crate::binary::CompiledModule;
use crate::error::{Status, VmError, VmResult};
use crate::identifier::Identifier;
use crate::resolver::Package;
use crate::vm::{UpgradePolicy, Visibility};
use normal::{NormalDatatype, NormalFunction, NormalModule};

/// Checks that `new` keeps what others rely on in `old`.
pub(crate) fn check(old: &Package, new: &Package, policy: UpgradePolicy) -> VmResult<()> {
    if old.original_id != new.original_id {
        return Err(incompatible("versions of different packages"));
    }
    if policy == UpgradePolicy::DependencyOnly && old.modules.len() != new.modules.len() {
        return Err(incompatible("modules were added"));
    }
    for (name, bytes) in &old.modules {
        let Some(replacement) = new.modules.get(name) else {
            return Err(incompatible(format!("module {name} is missing")));
        };
        let old = read(bytes)?;
        let new = read(replacement)?;
        match policy {
            UpgradePolicy::Compatible => check_compatible(&old, &new),
            UpgradePolicy::Additive => check_included(&old, &new),
            UpgradePolicy::DependencyOnly => {
                check_included(&old, &new).and_then(|()| check_included(&new, &old))
            }
        }
        .map_err(|what| incompatible(format!("{name}: {what}")))?;
    }
    Ok(())
}

type Check = Result<(), String>;

fn incompatible(message: impl Into<Box<str>>) -> VmError {
    VmError::with_message(Status::IncompatibleUpgrade, message)
}

fn read(bytes: &[u8]) -> VmResult<NormalModule> {
    CompiledModule::read(bytes)
        .map(|module| NormalModule::new(&module))
        .map_err(|error| VmError::with_message(Status::Malformed, error.to_string()))
}

/// Public functions keep their signature, datatypes their layout.
fn check_compatible(old: &NormalModule, new: &NormalModule) -> Check {
    for (name, before) in &old.datatypes {
        let after = new
            .datatypes
            .get(name)
            .ok_or_else(|| format!("type {name} is missing"))?;
        if !datatype_fits(before, after) {
            return Err(format!("type {name} changed"));
        }
    }
    for (name, before) in &old.functions {
        if before.visibility != Visibility::Public {
            continue;
        }
        let fits = new
            .functions
            .get(name)
            .is_some_and(|after| function_fits(before, after));
        if !fits {
            return Err(format!("public function {name} changed or is missing"));
        }
    }
    Ok(())
}

/// Abilities may be added, but not `key`; all else stays.
fn datatype_fits(old: &NormalDatatype, new: &NormalDatatype) -> bool {
    let key_as_before = old.abilities & AbilitySet::KEY == new.abilities & AbilitySet::KEY;
    new.abilities.contains(old.abilities)
        && key_as_before
        && old.parameters == new.parameters
        && old.variants == new.variants
        && old.is_enum == new.is_enum
}

/// Stays public with the same types; may ask for less of its type arguments.
fn function_fits(old: &NormalFunction, new: &NormalFunction) -> bool {
    new.visibility == Visibility::Public
        && old.parameters == new.parameters
        && old.returns == new.returns
        && old.type_parameters.len() == new.type_parameters.len()
        && old
            .type_parameters
            .iter()
            .zip(&new.type_parameters)
            .all(|(old, new)| old.contains(*new))
}

/// Everything of `old` is in `new`, unchanged.
fn check_included(old: &NormalModule, new: &NormalModule) -> Check {
    included(&old.datatypes, &new.datatypes)?;
    included(&old.functions, &new.functions)?;
    if old
        .friends
        .iter()
        .all(|friend| new.friends.contains(friend))
    {
        Ok(())
    } else {
        Err("a friend is missing".to_owned())
    }
}

fn included<T: PartialEq>(old: &BTreeMap<Identifier, T>, new: &BTreeMap<Identifier, T>) -> Check {
    match old
        .iter()
        .find(|(name, item)| new.get(*name) != Some(*item))
    {
        Some((name, _)) => Err(format!("{name} changed or is missing")),
        None => Ok(()),
    }
}
