//! `0x2::event`.

use super::standard::one_type;
use super::{OBJECT, PER_BYTE, Table, fault};
use crate::error::VmResult;
use crate::runtime::layouts::load_type;
use crate::runtime::machine::Machine;
use crate::runtime::ty::Ty;

pub(super) const TABLE: Table = &[("emit", emit)];

fn emit(machine: &mut Machine<'_>, types: &[Ty]) -> VmResult<()> {
    let ty = load_type(one_type(types)?)?;
    let event = machine.pop()?;
    let size = usize::try_from(event.size()).unwrap_or(usize::MAX);
    machine.charge_native(OBJECT, PER_BYTE, size)?;
    machine.objects.emit(&ty, event).map_err(fault)
}
