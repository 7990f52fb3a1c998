//! What is known about locals and borrows at one place of a function.

use std::collections::HashMap;

use super::borrow_graph::{BorrowGraph, Label, RefId};
use super::broken;
use crate::binary::SignatureToken;
use crate::error::VmResult;

/// Whether a local has a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Availability {
    No,
    Yes,
    /// On some paths to this place.
    Maybe,
}

/// What is known about a local.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Local {
    pub(super) availability: Availability,
    /// Its node in the graph, if it holds a reference.
    pub(super) reference: Option<RefId>,
    /// Whether it holds a `UID` that was just made.
    pub(super) fresh: bool,
}

/// A value on the stack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Operand {
    pub(super) ty: SignatureToken,
    /// Its node in the graph, if it is a reference.
    pub(super) reference: Option<RefId>,
    /// Whether it is a `UID` that was just made.
    pub(super) fresh: bool,
}

/// Locals and borrows.
///
/// Nodes below the number of locals are those of the locals in canonical form, the one after
/// them is the frame; others are temporary.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) locals: Vec<Local>,
    pub(super) graph: BorrowGraph,
    next: RefId,
}

impl State {
    /// The state at the start of a function with these parameters and so many locals in all.
    pub(super) fn new(parameters: &[SignatureToken], locals: usize) -> Self {
        let mut state = Self {
            locals: vec![
                Local {
                    availability: Availability::No,
                    reference: None,
                    fresh: false,
                };
                locals
            ],
            graph: BorrowGraph::default(),
            next: locals + 1,
        };
        for (index, (local, ty)) in state.locals.iter_mut().zip(parameters).enumerate() {
            local.availability = Availability::Yes;
            let mutable = match ty {
                SignatureToken::MutableReference(_) => true,
                SignatureToken::Reference(_) => false,
                _ => continue,
            };
            local.reference = Some(index);
            state.graph.add(index, mutable);
        }
        state.graph.add(locals, true);
        state
    }

    /// The node of the frame itself.
    pub(super) fn frame(&self) -> RefId {
        self.locals.len()
    }

    /// A new node.
    pub(super) fn new_reference(&mut self, mutable: bool) -> RefId {
        let id = self.next;
        self.next += 1;
        self.graph.add(id, mutable);
        id
    }

    /// Forgets the reference that an operand is, if it is one.
    pub(super) fn release(&mut self, operand: &Operand) {
        if let Some(id) = operand.reference {
            self.graph.release(id);
        }
    }

    /// Nothing else may point into what this mutable reference points to.
    pub(super) fn check_writable(&self, id: RefId) -> VmResult<()> {
        if self.graph.has_borrows(id, None) {
            Err(broken("reference is borrowed"))
        } else {
            Ok(())
        }
    }

    /// Nothing mutable may point into what this reference points to, or into that part of it.
    pub(super) fn check_readable(&self, id: RefId, part: Option<Label>) -> VmResult<()> {
        if self.graph.is_mutable(id) && self.graph.has_mutable_borrows(id, part) {
            Err(broken("reference is mutably borrowed"))
        } else {
            Ok(())
        }
    }

    /// The same state with the nodes of locals numbered like the locals. The stack is empty then,
    /// so there are no others.
    pub(super) fn canonical(self) -> Self {
        let frame = self.frame();
        let numbers: HashMap<RefId, RefId> = (0..)
            .zip(&self.locals)
            .filter_map(|(index, local)| Some((local.reference?, index)))
            .collect();
        let graph = self
            .graph
            .renamed(|id| numbers.get(&id).copied().unwrap_or(frame));
        let locals = self
            .locals
            .into_iter()
            .enumerate()
            .map(|(index, local)| Local {
                reference: local.reference.map(|_| index),
                ..local
            })
            .collect();
        Self {
            locals,
            graph,
            next: frame + 1,
        }
    }

    /// What is known when control comes from here or from `other`, both canonical; tells whether
    /// that is less than was known here.
    pub(super) fn join(&mut self, mut other: Self) -> bool {
        let mut changed = false;
        for (ours, theirs) in self.locals.iter_mut().zip(&other.locals) {
            let before = *ours;
            if ours.availability != theirs.availability {
                ours.availability = Availability::Maybe;
            }
            ours.fresh &= theirs.fresh;
            match (ours.reference, theirs.reference) {
                (Some(id), None) => {
                    self.graph.release(id);
                    ours.reference = None;
                }
                (None, Some(id)) => other.graph.release(id),
                _ => {}
            }
            changed |= before != *ours;
        }
        self.graph.join(&other.graph) || changed
    }
}
