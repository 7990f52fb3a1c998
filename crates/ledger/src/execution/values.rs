//! Values between commands.

use std::sync::Arc;

use atoma_move_vm::{LoadedType, Type, TypeLayout, Value};
use sui_sdk_types::{Address, Object, Version};

use crate::validation::Access;

const STD: atoma_move_vm::Address = atoma_move_vm::Address::STD;
const SUI: atoma_move_vm::Address = atoma_move_vm::Address::SUI;

/// What an input or result holds.
#[derive(Debug, Clone)]
pub(super) enum Held {
    /// It was taken by value.
    Taken,
    /// Bytes that take the type of whatever they are used for.
    Pure(Vec<u8>),
    /// The right to receive an object.
    Receiving { id: Address, version: Version },
    /// An object that was not used yet.
    Stored(Arc<Object>),
    /// A value.
    Typed(Typed),
}

/// A value with its type.
#[derive(Debug, Clone)]
pub(super) struct Typed {
    pub(super) ty: Arc<LoadedType>,
    pub(super) value: Value,
}

/// An input or result.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) held: Held,
    /// How it may be used, where it is an input object.
    pub(super) access: Option<Access>,
    /// Whether it was borrowed for writing since it was loaded.
    pub(super) touched: bool,
    /// The group of values that it may influence each other with; see [`Groups`].
    pub(super) group: Option<usize>,
}

impl Slot {
    pub(super) const fn new(held: Held) -> Self {
        Self {
            held,
            access: None,
            touched: false,
            group: None,
        }
    }

    pub(super) const fn input_object(object: Arc<Object>, access: Access) -> Self {
        Self {
            held: Held::Stored(object),
            access: Some(access),
            touched: false,
            group: None,
        }
    }

    pub(super) const fn result(value: Typed, group: usize) -> Self {
        Self {
            held: Held::Typed(value),
            access: None,
            touched: false,
            group: Some(group),
        }
    }
}

/// Where a value of a transaction lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Place {
    Gas,
    Input(u16),
    Result(u16, u16),
}

/// Which values were in the hands of the same calls, and how many of each group oblige the sender
/// to something: values that can neither be dropped nor stored.
///
/// A function that is `entry` but not public may not take a value of a group with an open
/// obligation, so that it is not called inside of what the obligation guards, such as a flash loan.
#[derive(Debug, Default)]
pub(super) struct Groups {
    parents: Vec<usize>,
    obligations: Vec<usize>,
}

impl Groups {
    pub(super) fn open(&mut self) -> usize {
        self.parents.push(self.parents.len());
        self.obligations.push(0);
        self.parents.len() - 1
    }

    fn root(&mut self, mut group: usize) -> usize {
        while self.parents[group] != group {
            self.parents[group] = self.parents[self.parents[group]];
            group = self.parents[group];
        }
        group
    }

    pub(super) fn merge(&mut self, left: usize, right: usize) {
        let (left, right) = (self.root(left), self.root(right));
        if left != right {
            self.parents[right] = left;
            self.obligations[left] += self.obligations[right];
        }
    }

    pub(super) fn oblige(&mut self, group: usize) {
        let root = self.root(group);
        self.obligations[root] += 1;
    }

    pub(super) fn release(&mut self, group: usize) {
        let root = self.root(group);
        self.obligations[root] = self.obligations[root].saturating_sub(1);
    }

    pub(super) fn is_obliged(&mut self, group: usize) -> bool {
        let root = self.root(group);
        self.obligations[root] > 0
    }
}

/// Whether values of the type must be handed back to the code that made them.
pub(super) fn is_obligation(ty: &LoadedType) -> bool {
    let abilities = ty.abilities;
    !abilities.has_drop() && !abilities.has_store() && !abilities.has_key()
}

/// Whether bytes of a transaction may become values of this type.
pub(super) fn is_pure(ty: &Type) -> bool {
    match ty {
        Type::Bool
        | Type::U8
        | Type::U16
        | Type::U32
        | Type::U64
        | Type::U128
        | Type::U256
        | Type::Address => true,
        Type::Vector(element) => is_pure(element),
        Type::Datatype(datatype) => {
            datatype.is(&STD, "string", "String")
                || datatype.is(&STD, "ascii", "String")
                || datatype.is(&SUI, "object", "ID")
                || (datatype.is(&STD, "option", "Option")
                    && datatype.type_args.first().is_some_and(is_pure))
        }
        _ => false,
    }
}

/// Whether strings inside of the value are what their types promise: UTF-8, ASCII; and options
/// hold at most one value.
pub(super) fn is_well_formed(value: &Value, layout: &TypeLayout) -> bool {
    match (value, layout) {
        (Value::Vector(elements), TypeLayout::Vector(element)) => {
            elements.iter().all(|value| is_well_formed(value, element))
        }
        (Value::Struct(fields), TypeLayout::Struct(layout)) => {
            let datatype = &layout.datatype;
            let bytes = fields.first().and_then(Value::as_bytes);
            if datatype.is(&STD, "string", "String") {
                return bytes.is_some_and(|bytes| std::str::from_utf8(bytes).is_ok());
            }
            if datatype.is(&STD, "ascii", "String") {
                return bytes.is_some_and(<[u8]>::is_ascii);
            }
            if datatype.is(&STD, "option", "Option") {
                let length = match fields.first() {
                    Some(Value::Bytes(bytes)) => bytes.len(),
                    Some(Value::Vector(elements)) => elements.len(),
                    _ => return false,
                };
                if length > 1 {
                    return false;
                }
            }
            fields
                .iter()
                .zip(&layout.fields)
                .all(|(value, field)| is_well_formed(value, &field.layout))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn obligations_are_counted_by_group() {
        let mut groups = Groups::default();
        let (loan, coin, other) = (groups.open(), groups.open(), groups.open());
        groups.oblige(loan);
        assert!(!groups.is_obliged(coin));
        groups.merge(coin, loan);
        assert!(groups.is_obliged(coin));
        assert!(!groups.is_obliged(other));
        groups.release(coin);
        assert!(!groups.is_obliged(loan));
    }

    #[test]
    fn only_plain_values_are_pure() {
        let pure = [
            "u64",
            "vector<vector<u8>>",
            "0x1::string::String",
            "0x2::object::ID",
        ];
        for text in pure.iter().chain(&["0x1::option::Option<address>"]) {
            assert!(is_pure(&text.parse().expect("a type")), "{text}");
        }
        for text in [
            "signer",
            "0x2::object::UID",
            "0x1::option::Option<0x2::clock::Clock>",
        ] {
            assert!(!is_pure(&text.parse().expect("a type")), "{text}");
        }
    }
}
