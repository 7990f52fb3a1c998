//! `0x1`: bcs, debug, hash, string, `type_name`.

use sha2::Digest;

use super::{PER_BYTE, SMALL, Table, abort};
use crate::error::VmResult;
use crate::runtime::layouts::load_type;
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::{Naming, Ty};
use crate::value::Value;

/// Abort code of `bcs::to_bytes` for values that have no bytes.
const BCS_SERIALIZATION_FAILURE: u64 = 0x1C5;
/// Abort code of `type_name` natives for types that no module defines.
const NON_MODULE_TYPE: u64 = 0;
/// Base cost of a hash.
const HASH_BASE: u64 = 60;

pub(super) const BCS: Table = &[("to_bytes", to_bytes)];
pub(super) const DEBUG: Table = &[("print", print), ("print_stack_trace", |_, _| Ok(()))];
pub(super) const HASH: Table = &[("sha2_256", sha2_256), ("sha3_256", sha3_256)];
pub(super) const STRING: Table = &[
    ("internal_check_utf8", check_utf8),
    ("internal_is_char_boundary", is_char_boundary),
    ("internal_sub_string", sub_string),
    ("internal_index_of", index_of),
];
pub(super) const TYPE_NAME: Table = &[
    ("with_defining_ids", |machine, types| {
        type_name(machine, types, Naming::Defining)
    }),
    ("with_original_ids", |machine, types| {
        type_name(machine, types, Naming::Original)
    }),
    ("get", |machine, types| {
        type_name(machine, types, Naming::Defining)
    }),
    ("get_with_original_ids", |machine, types| {
        type_name(machine, types, Naming::Original)
    }),
    ("defining_id", |machine, types| {
        package_id(machine, types, Naming::Defining)
    }),
    ("original_id", |machine, types| {
        package_id(machine, types, Naming::Original)
    }),
];

pub(super) fn one_type(types: &[Ty]) -> VmResult<&Ty> {
    match types {
        [ty] => Ok(ty),
        _ => Err(invariant("expected one type argument")),
    }
}

fn to_bytes(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let loaded = load_type(one_type(types)?)?;
    let reference = machine.pop_reference()?;
    let size = usize::try_from(machine.follow(&reference)?.size()).unwrap_or(usize::MAX);
    machine.charge_native(SMALL, PER_BYTE, size)?;
    let encoded = machine
        .follow(&reference)?
        .with_value(|value| value.to_bcs(&loaded.layout));
    match encoded {
        Ok(bytes) => machine.push(Value::Bytes(bytes)),
        Err(_) => abort(BCS_SERIALIZATION_FAILURE),
    }
}

fn print(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let reference = machine.pop_reference()?;
    let size = usize::try_from(machine.follow(&reference)?.size()).unwrap_or(usize::MAX);
    machine.charge_native(SMALL, PER_BYTE, size)?;
    let ty = one_type(types)?;
    machine.follow(&reference)?.with_value(|value| {
        tracing::debug!(ty = %ty.to_type(Naming::Defining), ?value, "printed by Move code");
    });
    Ok(())
}

fn sha2_256(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let data = machine.pop_bytes()?;
    machine.charge_native(HASH_BASE, PER_BYTE, data.len())?;
    machine.push(Value::Bytes(sha2::Sha256::digest(data).to_vec()))
}

fn sha3_256(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let data = machine.pop_bytes()?;
    machine.charge_native(HASH_BASE, PER_BYTE, data.len())?;
    machine.push(Value::Bytes(sha3::Sha3_256::digest(data).to_vec()))
}

fn check_utf8(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let reference = machine.pop_reference()?;
    let length = machine.follow_bytes(&reference)?.len();
    machine.charge_native(SMALL, PER_BYTE, length)?;
    let valid = std::str::from_utf8(machine.follow_bytes(&reference)?).is_ok();
    machine.push(Value::Bool(valid))
}

/// Runs `then` with the text behind a reference; Move has checked that it is UTF-8.
fn with_text<T>(
    machine: &mut Machine<'_>,
    reference: &crate::value::Reference,
    then: impl FnOnce(&str) -> T,
) -> VmResult<T> {
    let length = machine.follow_bytes(reference)?.len();
    machine.charge_native(SMALL, PER_BYTE, length)?;
    let text = std::str::from_utf8(machine.follow_bytes(reference)?)
        .map_err(|_| invariant("string is not UTF-8"))?;
    Ok(then(text))
}

fn is_char_boundary(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let index = machine.pop_u64()?;
    let reference = machine.pop_reference()?;
    let boundary = with_text(machine, &reference, |text| {
        usize::try_from(index).is_ok_and(|index| text.is_char_boundary(index))
    })?;
    machine.push(Value::Bool(boundary))
}

fn sub_string(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let end = machine.pop_u64()?;
    let start = machine.pop_u64()?;
    let reference = machine.pop_reference()?;
    let part = with_text(machine, &reference, |text| {
        let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
        text.get(range).map(|part| part.as_bytes().to_vec())
    })?;
    match part {
        Some(bytes) => machine.push(Value::Bytes(bytes)),
        // Move code checks the range before it calls.
        None => Err(invariant("substring out of range")),
    }
}

fn index_of(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    let needle = machine.pop_reference()?;
    let text = machine.pop_reference()?;
    let needle = machine.follow_bytes(&needle)?.to_vec();
    let found = with_text(machine, &text, |text| {
        std::str::from_utf8(&needle)
            .ok()
            .map(|needle| text.find(needle).unwrap_or(text.len()))
    })?
    .ok_or_else(|| invariant("string is not UTF-8"))?;
    machine.charge_native(SMALL, PER_BYTE, needle.len())?;
    let index = u64::try_from(found).map_err(|_| invariant("string is too long"))?;
    machine.push(Value::U64(index))
}

fn type_name(machine: &mut Machine<'_>, types: &[Ty], naming: Naming) -> VmResult<()> {
    let name = one_type(types)?
        .to_type(naming)
        .to_canonical_string(false)
        .into_bytes();
    machine.charge_native(SMALL, PER_BYTE, name.len())?;
    let ascii = Value::structure([Value::Bytes(name)]);
    machine.push(Value::structure([ascii]))
}

fn package_id(machine: &mut Machine<'_>, types: &[Ty], naming: Naming) -> VmResult<()> {
    machine.charge_small()?;
    let Ty::Datatype(datatype) = one_type(types)? else {
        return abort(NON_MODULE_TYPE);
    };
    machine.push(Value::Address(match naming {
        Naming::Defining => datatype.info.defining,
        Naming::Original => datatype.info.original,
    }))
}
