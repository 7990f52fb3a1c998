//! `0x2::transfer`.

use super::standard::one_type;
use super::{OBJECT, PER_BYTE, Table, abort, fault};
use crate::error::VmResult;
use crate::object_runtime::{ObjectError, Recipient};
use crate::runtime::layouts::load_type;
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::Ty;
use crate::value::Value;

/// Abort codes of `0x2::transfer`.
const SHARED_NON_NEW_OBJECT: u64 = 0;
const RECEIVING_OBJECT_TYPE_MISMATCH: u64 = 2;
const UNABLE_TO_RECEIVE_OBJECT: u64 = 3;
const SHARED_OBJECT_OPERATION_NOT_SUPPORTED: u64 = 4;

pub(super) const TABLE: Table = &[
    ("transfer_impl", |machine, types| {
        let recipient = Recipient::Address(machine.pop_address()?);
        give(machine, types, recipient)
    }),
    ("share_object_impl", |machine, types| {
        give(machine, types, Recipient::Shared)
    }),
    ("freeze_object_impl", |machine, types| {
        give(machine, types, Recipient::Immutable)
    }),
    ("party_transfer_impl", party_transfer),
    ("receive_impl", receive),
];

fn give(machine: &mut Machine<'_>, types: &[Ty], recipient: Recipient) -> VmResult<()> {
    let ty = load_type(one_type(types)?)?;
    let object = machine.pop()?;
    let size = usize::try_from(object.size()).unwrap_or(usize::MAX);
    machine.charge_native(OBJECT, PER_BYTE, size)?;
    match machine.objects.transfer(&ty, object, recipient) {
        Err(ObjectError::NotNew) => abort(SHARED_NON_NEW_OBJECT),
        Err(ObjectError::Unsupported) => abort(SHARED_OBJECT_OPERATION_NOT_SUPPORTED),
        result => result.map_err(fault),
    }
}

fn party_transfer(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let Value::Vector(permissions) = machine.pop()? else {
        return Err(invariant("expected a vector"));
    };
    let Value::Vector(addresses) = machine.pop()? else {
        return Err(invariant("expected a vector"));
    };
    let default_permissions = machine.pop_u64()?;
    let members = addresses
        .iter()
        .zip(&permissions)
        .map(|(address, permission)| Some((address.as_address()?, permission.as_u64()?)))
        .collect::<Option<Vec<_>>>()
        .filter(|members| members.len() == addresses.len().max(permissions.len()))
        .ok_or_else(|| invariant("malformed party"))?;
    give(
        machine,
        types,
        Recipient::Party {
            default_permissions,
            members,
        },
    )
}

fn receive(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    machine.charge_object()?;
    let ty = load_type(one_type(types)?)?;
    let version = machine.pop_u64()?;
    let id = machine
        .pop()?
        .field(0)
        .and_then(Value::as_address)
        .ok_or_else(|| invariant("expected an ID"))?;
    let parent = machine.pop_address()?;
    match machine.objects.receive(parent, id, version, &ty) {
        Ok(object) => machine.push(object),
        Err(ObjectError::NotFound) => abort(UNABLE_TO_RECEIVE_OBJECT),
        Err(ObjectError::TypeMismatch) => abort(RECEIVING_OBJECT_TYPE_MISMATCH),
        Err(ObjectError::Unsupported) => abort(SHARED_OBJECT_OPERATION_NOT_SUPPORTED),
        Err(error) => Err(fault(error)),
    }
}
