//! `0x1::vector`: the same operations as the vector instructions.

use super::Table;
use crate::error::VmResult;
use crate::runtime::machine::{Machine, invariant};
use crate::runtime::ty::Ty;

pub(super) const TABLE: Table = &[
    ("empty", empty),
    ("length", |machine, _| {
        machine.charge_small()?;
        machine.vector_length()
    }),
    ("borrow", |machine, _| {
        machine.charge_small()?;
        machine.vector_borrow(false)
    }),
    ("borrow_mut", |machine, _| {
        machine.charge_small()?;
        machine.vector_borrow(true)
    }),
    ("push_back", |machine, _| {
        machine.charge_small()?;
        machine.vector_push()
    }),
    ("pop_back", |machine, _| {
        machine.charge_small()?;
        machine.vector_pop()
    }),
    ("destroy_empty", |machine, _| {
        machine.charge_small()?;
        machine.vector_unpack(0)
    }),
    ("swap", |machine, _| {
        machine.charge_small()?;
        machine.vector_swap()
    }),
];

fn empty(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    machine.charge_small()?;
    let [element] = types else {
        return Err(invariant("expected one type argument"));
    };
    machine.vector_pack(0, matches!(element, Ty::U8))
}
