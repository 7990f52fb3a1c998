//! Types, locals and references of one function body.

use std::collections::BTreeSet;

use super::abilities::abilities;
use super::blocks::blocks;
use super::borrow_graph::Label;
use super::state::{Availability, Operand, State};
use super::tokens::is_reference;
use super::{broken, placed};
use crate::ability::AbilitySet;
use crate::address::Address;
use crate::binary::{CodeUnit, CompiledModule, Instruction, SignatureToken};
use crate::error::VmResult;

/// Most values that one block may have on the stack.
const MAX_STACK: usize = 1_024;
/// Most work that one module may make; modules of Sui's framework make a thousandth of it.
const MAX_WORK: u64 = 20_000_000;
/// Most borrows that are alive at once.
const MAX_BORROWS: usize = 2_048;

/// Checks the body of a function that is not native; the work is taken from `budget`.
pub(super) fn check(module: &CompiledModule, index: u16, budget: &mut Budget) -> VmResult<()> {
    let definition = &module.function_defs[usize::from(index)];
    let handle = &module.function_handles[usize::from(definition.handle)];
    let Some(unit) = &definition.code else {
        return Ok(());
    };
    let parameters = &module.signatures[usize::from(handle.parameters)];
    let locals = &module.signatures[usize::from(unit.locals)];
    let types: Vec<&SignatureToken> = parameters.iter().chain(locals).collect();
    let blocks = blocks(unit).map_err(|error| placed(error, module, index, 0))?;
    let position = |start: usize| {
        blocks
            .binary_search_by_key(&start, |block| block.start)
            .ok()
    };
    let mut checker = Checker {
        module,
        unit,
        type_parameters: &handle.type_parameters,
        locals: types,
        returns: &module.signatures[usize::from(handle.returns)],
        state: State::new(parameters, parameters.len() + locals.len()),
        stack: Vec::new(),
        makes_ids: super::sui::makes_ids(&module.id().address),
    };
    let mut entries: Vec<Option<State>> = vec![None; blocks.len()];
    entries[0] = Some(checker.state.clone());
    let mut pending = BTreeSet::from([0usize]);
    while let Some(current) = pending.pop_first() {
        let block = &blocks[current];
        let Some(entry) = &entries[current] else {
            continue;
        };
        checker.state = entry.clone();
        checker.stack.clear();
        let size = checker.state.locals.len() + checker.state.graph.edges();
        budget.spend(size * (1 + block.successors.len()))?;
        for pc in block.start..block.end {
            checker
                .step(&unit.code[pc])
                .map_err(|error| placed(error, module, index, pc))?;
            budget.spend(1)?;
        }
        budget.spend_units(checker.state.graph.take_work())?;
        if !checker.stack.is_empty() {
            let error = broken("values are left on the stack");
            return Err(placed(error, module, index, block.end - 1));
        }
        let exit = checker.state.clone().canonical();
        for start in &block.successors {
            let Some(next) = position(*start) else {
                return Err(placed(broken("jump into a block"), module, index, *start));
            };
            let changed = match &mut entries[next] {
                Some(known) => known.join(exit.clone()),
                unknown => {
                    *unknown = Some(exit.clone());
                    true
                }
            };
            if changed {
                pending.insert(next);
            }
        }
    }
    Ok(())
}

/// How much work a module may make, counted in instructions, locals and borrows looked at.
#[derive(Debug)]
pub(super) struct Budget(u64);

impl Default for Budget {
    fn default() -> Self {
        Self(MAX_WORK)
    }
}

impl Budget {
    fn spend(&mut self, units: usize) -> VmResult<()> {
        self.spend_units(u64::try_from(units).unwrap_or(u64::MAX))
    }

    fn spend_units(&mut self, units: u64) -> VmResult<()> {
        self.0 = self
            .0
            .checked_sub(units)
            .ok_or_else(|| broken("module is too complex"))?;
        Ok(())
    }
}

/// The abstract machine: a stack of types instead of values.
pub(super) struct Checker<'a> {
    pub(super) module: &'a CompiledModule,
    pub(super) unit: &'a CodeUnit,
    pub(super) type_parameters: &'a [AbilitySet],
    locals: Vec<&'a SignatureToken>,
    returns: &'a [SignatureToken],
    pub(super) state: State,
    stack: Vec<Operand>,
    /// Whether the module is trusted with object ids.
    pub(super) makes_ids: bool,
}

impl Checker<'_> {
    pub(super) fn abilities(&self, ty: &SignatureToken) -> AbilitySet {
        abilities(self.module, ty, self.type_parameters)
    }

    pub(super) fn push(&mut self, operand: Operand) -> VmResult<()> {
        if self.stack.len() >= MAX_STACK || self.state.graph.edges() > MAX_BORROWS {
            return Err(broken("too many values or borrows"));
        }
        self.stack.push(operand);
        Ok(())
    }

    /// Pushes a value that is no reference.
    pub(super) fn push_value(&mut self, ty: SignatureToken) -> VmResult<()> {
        self.push(Operand {
            ty,
            reference: None,
            fresh: false,
        })
    }

    /// Pushes a new reference; the caller connects its node.
    pub(super) fn push_reference(
        &mut self,
        inner: SignatureToken,
        mutable: bool,
    ) -> VmResult<usize> {
        let id = self.state.new_reference(mutable);
        let inner = Box::new(inner);
        self.push(Operand {
            ty: if mutable {
                SignatureToken::MutableReference(inner)
            } else {
                SignatureToken::Reference(inner)
            },
            reference: Some(id),
            fresh: false,
        })?;
        Ok(id)
    }

    pub(super) fn pop(&mut self) -> VmResult<Operand> {
        self.stack.pop().ok_or_else(|| broken("stack is empty"))
    }

    /// Pops an operand that must have this type.
    pub(super) fn pop_type(&mut self, ty: &SignatureToken) -> VmResult<Operand> {
        let operand = self.pop()?;
        if operand.ty == *ty {
            Ok(operand)
        } else {
            Err(broken("operand of another type"))
        }
    }

    /// Pops a reference; returns its node and what it points to.
    pub(super) fn pop_reference(&mut self, mutable: bool) -> VmResult<(usize, SignatureToken)> {
        let operand = self.pop()?;
        match (operand.ty, operand.reference) {
            (SignatureToken::MutableReference(inner), Some(id)) => Ok((id, *inner)),
            (SignatureToken::Reference(inner), Some(id)) if !mutable => Ok((id, *inner)),
            _ => Err(broken("expected a reference")),
        }
    }

    fn step(&mut self, instruction: &Instruction) -> VmResult<()> {
        use Instruction as I;
        use SignatureToken as T;
        match instruction {
            I::Nop | I::Branch(_) => Ok(()),
            I::Ret => self.ret(),
            I::Abort => self.pop_type(&T::U64).map(drop),
            I::BrTrue(_) | I::BrFalse(_) => self.pop_type(&T::Bool).map(drop),
            I::VariantSwitch(table) => self.variant_switch(*table),
            I::Pop => {
                let operand = self.pop()?;
                if !self.abilities(&operand.ty).has_drop() {
                    return Err(broken("value without drop is dropped"));
                }
                self.state.release(&operand);
                Ok(())
            }
            I::CopyLoc(slot) => self.copy_local(*slot),
            I::MoveLoc(slot) => self.move_local(*slot),
            I::StLoc(slot) => self.store_local(*slot),
            I::MutBorrowLoc(slot) => self.borrow_local(*slot, true),
            I::ImmBorrowLoc(slot) => self.borrow_local(*slot, false),
            I::ReadRef => {
                let (id, inner) = self.pop_reference(false)?;
                if !self.abilities(&inner).has_copy() {
                    return Err(broken("value without copy is copied"));
                }
                self.state.check_readable(id, None)?;
                self.state.graph.release(id);
                self.push_value(inner)
            }
            I::WriteRef => {
                let (id, inner) = self.pop_reference(true)?;
                self.pop_type(&inner)?;
                if !self.abilities(&inner).has_drop() {
                    return Err(broken("value without drop is overwritten"));
                }
                self.state.check_writable(id)?;
                self.state.graph.release(id);
                Ok(())
            }
            I::FreezeRef => {
                let (id, inner) = self.pop_reference(true)?;
                self.state.check_readable(id, None)?;
                let frozen = self.push_reference(inner, false)?;
                self.state.graph.borrow_at(id, frozen, &[]);
                self.state.graph.release(id);
                Ok(())
            }
            I::Eq | I::Neq => self.compare(),
            other => self.operation(other),
        }
    }

    fn local_type(&self, slot: u8) -> VmResult<SignatureToken> {
        self.locals
            .get(usize::from(slot))
            .map(|ty| (*ty).clone())
            .ok_or_else(|| broken("no such local"))
    }

    fn check_available(&self, slot: u8) -> VmResult<()> {
        if self.state.locals[usize::from(slot)].availability == Availability::Yes {
            Ok(())
        } else {
            Err(broken("local may have no value"))
        }
    }

    fn copy_local(&mut self, slot: u8) -> VmResult<()> {
        let ty = self.local_type(slot)?;
        self.check_available(slot)?;
        if !self.abilities(&ty).has_copy() {
            return Err(broken("value without copy is copied"));
        }
        let frame = self.state.frame();
        match (ty, self.state.locals[usize::from(slot)].reference) {
            (SignatureToken::MutableReference(inner), Some(id)) => {
                let copy = self.push_reference(*inner, true)?;
                self.state.graph.borrow_at(id, copy, &[]);
                Ok(())
            }
            (SignatureToken::Reference(inner), Some(id)) => {
                let copy = self.push_reference(*inner, false)?;
                self.state.graph.borrow_at(id, copy, &[]);
                Ok(())
            }
            (ty, _) => {
                let label = Some(Label::Local(slot));
                if self.state.graph.has_mutable_borrows(frame, label) {
                    return Err(broken("local is mutably borrowed"));
                }
                self.push_value(ty)
            }
        }
    }

    fn move_local(&mut self, slot: u8) -> VmResult<()> {
        let ty = self.local_type(slot)?;
        self.check_available(slot)?;
        if !is_reference(&ty) {
            self.check_unborrowed(slot)?;
        }
        let local = &mut self.state.locals[usize::from(slot)];
        let operand = Operand {
            ty,
            reference: local.reference.take(),
            fresh: local.fresh,
        };
        local.availability = Availability::No;
        local.fresh = false;
        self.push(operand)
    }

    fn check_unborrowed(&self, slot: u8) -> VmResult<()> {
        let label = Some(Label::Local(slot));
        if self.state.graph.has_borrows(self.state.frame(), label) {
            Err(broken("local is borrowed"))
        } else {
            Ok(())
        }
    }

    fn store_local(&mut self, slot: u8) -> VmResult<()> {
        let ty = self.local_type(slot)?;
        let operand = self.pop_type(&ty)?;
        if !is_reference(&ty) {
            self.check_unborrowed(slot)?;
        }
        let old = self.state.locals[usize::from(slot)];
        if old.availability != Availability::No && !self.abilities(&ty).has_drop() {
            return Err(broken("value without drop is overwritten"));
        }
        if let Some(id) = old.reference {
            self.state.graph.release(id);
        }
        let local = &mut self.state.locals[usize::from(slot)];
        local.availability = Availability::Yes;
        local.reference = operand.reference;
        local.fresh = operand.fresh;
        Ok(())
    }

    fn borrow_local(&mut self, slot: u8, mutable: bool) -> VmResult<()> {
        let ty = self.local_type(slot)?;
        self.check_available(slot)?;
        if is_reference(&ty) {
            return Err(broken("reference to a reference"));
        }
        let frame = self.state.frame();
        let label = Label::Local(slot);
        if !mutable && self.state.graph.has_mutable_borrows(frame, Some(label)) {
            return Err(broken("local is mutably borrowed"));
        }
        // Through the reference the id could be replaced.
        if mutable {
            self.state.locals[usize::from(slot)].fresh = false;
        }
        let id = self.push_reference(ty, mutable)?;
        self.state.graph.borrow_at(frame, id, &[label]);
        Ok(())
    }

    fn compare(&mut self) -> VmResult<()> {
        let right = self.pop()?;
        let left = self.pop()?;
        if left.ty != right.ty || !self.abilities(&left.ty).has_drop() {
            return Err(broken("values cannot be compared"));
        }
        for operand in [&left, &right] {
            if let Some(id) = operand.reference {
                self.state.check_readable(id, None)?;
            }
        }
        self.state.release(&left);
        self.state.release(&right);
        self.push_value(SignatureToken::Bool)
    }

    fn ret(&mut self) -> VmResult<()> {
        let returns = self.returns;
        let mut results = Vec::with_capacity(returns.len());
        for ty in returns.iter().rev() {
            results.push(self.pop_type(ty)?);
        }
        for slot in 0..self.state.locals.len() {
            let local = self.state.locals[slot];
            if let Some(id) = local.reference {
                self.state.graph.release(id);
            }
            let kept = local.availability != Availability::No;
            if kept && !self.abilities(self.locals[slot]).has_drop() {
                return Err(broken("local without drop has a value at return"));
            }
            self.state.locals[slot].reference = None;
            self.state.locals[slot].availability = Availability::No;
        }
        if self.state.graph.has_borrows(self.state.frame(), None) {
            return Err(broken("reference to a local is returned"));
        }
        for result in &results {
            if let (SignatureToken::MutableReference(_), Some(id)) = (&result.ty, result.reference)
            {
                self.state.check_writable(id)?;
            }
        }
        for result in &results {
            self.state.release(result);
        }
        Ok(())
    }

    /// The address and names behind a function handle.
    pub(super) fn names(&self, handle: u16) -> (Address, &str, &str) {
        super::sui::function_names(self.module, handle)
    }
}
