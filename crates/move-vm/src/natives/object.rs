//! `0x2`: address, object, types.

use super::standard::one_type;
use super::{Table, abort, fault};
use crate::address::Address;
use crate::error::VmResult;
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::{DatatypeBody, Ty};
use crate::value::{Step, U256, Value};

/// Abort code of `address::from_bytes`.
const ADDRESS_PARSE_ERROR: u64 = 0;

pub(super) const ADDRESS: Table = &[
    ("to_u256", to_u256),
    ("from_u256", from_u256),
    ("from_bytes", from_bytes),
];
pub(super) const OBJECT: Table = &[
    ("borrow_uid", borrow_uid),
    ("delete_impl", delete_uid),
    ("record_new_uid", record_new_uid),
];
pub(super) const TYPES: Table = &[("is_one_time_witness", is_one_time_witness)];

fn to_u256(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let Address(mut bytes) = machine.pop_address()?;
    bytes.reverse();
    machine.push(Value::U256(U256::from_le_bytes(&bytes)))
}

fn from_u256(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let Value::U256(number) = machine.pop()? else {
        return Err(invariant("expected a u256"));
    };
    let mut bytes = number.to_le_bytes();
    bytes.reverse();
    machine.push(Value::Address(Address(bytes)))
}

fn from_bytes(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let bytes = machine.pop_bytes()?;
    match Address::from_slice(&bytes) {
        Some(address) => machine.push(Value::Address(address)),
        None => abort(ADDRESS_PARSE_ERROR),
    }
}

fn borrow_uid(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let mut reference = machine.pop_reference()?;
    reference.mutable = false;
    // An object's first field is its UID; the verifier saw to that.
    reference.path.push(Step::field(0));
    machine.push(Value::Reference(reference))
}

fn delete_uid(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_object()?;
    let id = machine.pop_address()?;
    machine.objects.delete_uid(id).map_err(fault)
}

fn record_new_uid(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_object()?;
    let id = machine.pop_address()?;
    machine.objects.record_new_uid(id).map_err(fault)
}

/// A one-time witness: a struct without type parameters, named like its module in upper case,
/// with a single bool field. The verifier sees to it that only `init` gets one.
fn is_one_time_witness(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    machine.pop_reference()?;
    let answer = match one_type(types)? {
        Ty::Datatype(datatype) => {
            let info = &datatype.info;
            datatype.args.is_empty()
                && *info.name == *info.module.to_ascii_uppercase()
                && matches!(&info.body, DatatypeBody::Struct(fields)
                    if matches!(fields.as_slice(), [(_, Ty::Bool)]))
        }
        _ => false,
    };
    machine.push(Value::Bool(answer))
}
