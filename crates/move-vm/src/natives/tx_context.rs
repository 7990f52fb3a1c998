//! `0x2`: `tx_context`, `protocol_config`.

use super::{Table, fault};
use crate::address::Address;
use crate::error::VmResult;
use crate::object_runtime::{TxFacts, derive_fresh_id};
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::Ty;
use crate::value::Value;

pub(super) const TABLE: Table = &[
    ("native_sender", |machine, _| {
        fact(machine, |tx| Value::Address(tx.sender))
    }),
    ("native_epoch", |machine, _| {
        fact(machine, |tx| Value::U64(tx.epoch))
    }),
    ("native_epoch_timestamp_ms", |machine, _| {
        fact(machine, |tx| Value::U64(tx.epoch_timestamp_ms))
    }),
    ("native_rgp", |machine, _| {
        fact(machine, |tx| Value::U64(tx.reference_gas_price))
    }),
    ("native_gas_price", |machine, _| {
        fact(machine, |tx| Value::U64(tx.gas_price))
    }),
    ("native_gas_budget", |machine, _| {
        fact(machine, |tx| Value::U64(tx.gas_budget))
    }),
    ("native_sponsor", |machine, _| {
        fact(machine, |tx| {
            Value::Vector(tx.sponsor.iter().copied().map(Value::Address).collect())
        })
    }),
    ("native_ids_created", ids_created),
    ("fresh_id", fresh_id),
    ("derive_id", derive_id),
];
pub(super) const PROTOCOL_CONFIG: Table = &[("is_feature_enabled", is_feature_enabled)];

fn fact(machine: &mut Machine<'_>, read: impl FnOnce(&TxFacts) -> Value) -> VmResult<()> {
    machine.charge_small()?;
    let value = read(machine.objects.tx());
    machine.push(value)
}

fn ids_created(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let count = machine.objects.ids_created();
    machine.push(Value::U64(count))
}

fn fresh_id(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_object()?;
    let id: Address = machine.objects.fresh_id().map_err(fault)?;
    machine.push(Value::Address(id))
}

fn derive_id(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let index = machine.pop_u64()?;
    let digest = machine.pop_bytes()?;
    let digest = digest
        .as_slice()
        .try_into()
        .map_err(|_| invariant("transaction digest is not 32 bytes"))?;
    machine.push(Value::Address(derive_fresh_id(digest, index)))
}

fn is_feature_enabled(machine: &mut Machine<'_>, _: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let name = machine.pop_bytes()?;
    let enabled =
        std::str::from_utf8(&name).is_ok_and(|name| machine.objects.is_feature_enabled(name));
    machine.push(Value::Bool(enabled))
}
