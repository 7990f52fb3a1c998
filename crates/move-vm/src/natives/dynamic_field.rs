//! `0x2::dynamic_field`.

use super::standard::one_type;
use super::{OBJECT, PER_BYTE, SMALL, Table, abort, fault};
use crate::address::Address;
use crate::error::{VmError, VmResult};
use crate::hash::blake2b256;
use crate::object_runtime::ObjectError;
use crate::runtime::layouts::load_type;
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::Ty;
use crate::types::Type;
use crate::value::{Path, Reference, Root, Value};

/// Abort codes of `0x2::dynamic_field`.
const FIELD_ALREADY_EXISTS: u64 = 0;
const FIELD_DOES_NOT_EXIST: u64 = 1;
const FIELD_TYPE_MISMATCH: u64 = 2;
const BCS_SERIALIZATION_FAILURE: u64 = 3;
const SHARED_OBJECT_OPERATION_NOT_SUPPORTED: u64 = 4;

/// First byte of what is hashed into the id of a child object.
const CHILD_ID_DOMAIN: u8 = 0xf0;

pub(super) const TABLE: Table = &[
    ("hash_type_and_key", hash_type_and_key),
    ("add_child_object", add_child),
    ("borrow_child_object", |machine, types| {
        borrow_child(machine, types, false)
    }),
    ("borrow_child_object_mut", |machine, types| {
        borrow_child(machine, types, true)
    }),
    ("remove_child_object", remove_child),
    ("has_child_object", |machine, _| has_child(machine, None)),
    ("has_child_object_with_ty", |machine, types| {
        has_child(machine, Some(one_type(types)?))
    }),
];

/// The id of the child object of `parent` under a key: `blake2b256(0xf0 || parent || length of
/// the key as 8 bytes, little end first || key as BCS || type of the key as BCS)`. `None` when the
/// type is not concrete.
#[must_use]
pub fn derive_child_id(parent: Address, key_type: &Type, key_bcs: &[u8]) -> Option<Address> {
    let length = u64::try_from(key_bcs.len()).ok()?.to_le_bytes();
    let tag = key_type.to_bcs()?;
    Some(Address(blake2b256(&[
        &[CHILD_ID_DOMAIN],
        parent.as_bytes(),
        &length,
        key_bcs,
        &tag,
    ])))
}

fn hash_type_and_key(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let ty = load_type(one_type(types)?)?;
    let key = machine.pop()?;
    let parent = machine.pop_address()?;
    let Ok(bytes) = key.to_bcs(&ty.layout) else {
        return abort(BCS_SERIALIZATION_FAILURE);
    };
    machine.charge_native(SMALL, PER_BYTE, bytes.len())?;
    let id = derive_child_id(parent, &ty.ty, &bytes)
        .ok_or_else(|| invariant("type of a key is not concrete"))?;
    machine.push(Value::Address(id))
}

/// The abort that stands for an error of the object runtime.
fn refusal(error: ObjectError) -> VmError {
    let code = match error {
        ObjectError::AlreadyExists => FIELD_ALREADY_EXISTS,
        ObjectError::NotFound => FIELD_DOES_NOT_EXIST,
        ObjectError::TypeMismatch => FIELD_TYPE_MISMATCH,
        ObjectError::Unsupported => SHARED_OBJECT_OPERATION_NOT_SUPPORTED,
        other => return fault(other),
    };
    VmError::new(crate::error::Status::Abort(code))
}

fn add_child(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let ty = load_type(one_type(types)?)?;
    let child = machine.pop()?;
    let parent = machine.pop_address()?;
    let size = usize::try_from(child.size()).unwrap_or(usize::MAX);
    machine.charge_native(OBJECT, PER_BYTE, size)?;
    machine
        .objects
        .add_child(parent, &ty, child)
        .map_err(refusal)
}

fn borrow_child(machine: &mut Machine<'_>, types: &[Ty], mutable: bool) -> VmResult<()> {
    machine.charge_object()?;
    let ty = load_type(one_type(types)?)?;
    let id = machine.pop_address()?;
    let uid = machine.pop_reference()?;
    let parent = machine
        .follow_value(&uid)?
        .uid_address()
        .ok_or_else(|| invariant("expected a UID"))?;
    let handle = machine
        .objects
        .borrow_child(parent, id, &ty, mutable)
        .map_err(refusal)?;
    machine.push(Value::Reference(Reference {
        root: Root::Child(handle),
        mutable,
        path: Path::default(),
    }))
}

fn remove_child(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    machine.charge_object()?;
    let ty = load_type(one_type(types)?)?;
    let id = machine.pop_address()?;
    let parent = machine.pop_address()?;
    let child = machine
        .objects
        .remove_child(parent, id, &ty)
        .map_err(refusal)?;
    machine.push(child)
}

fn has_child(machine: &mut Machine<'_>, ty: Option<&Ty>) -> VmResult<()> {
    machine.charge_object()?;
    let id = machine.pop_address()?;
    let parent = machine.pop_address()?;
    let ty = ty.map(load_type).transpose()?;
    let found = machine
        .objects
        .has_child(parent, id, ty.as_ref())
        .map_err(refusal)?;
    machine.push(Value::Bool(found))
}
