//! Following references.

use crate::error::{Status, VmError, VmResult};
use crate::object_runtime::ObjectRuntime;
use crate::value::{Reference, Root, Step, StepKind, Value};

/// What a reference leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target<'a> {
    Value(&'a Value),
    /// An element of a `vector<u8>`.
    Byte(u8),
}

/// What a mutable reference leads to.
#[derive(Debug)]
pub(crate) enum TargetMut<'a> {
    Value(&'a mut Value),
    /// An element of a `vector<u8>`.
    Byte(&'a mut u8),
}

/// A reference leads nowhere: its value was moved or changed its shape.
pub(crate) fn dangling() -> VmError {
    VmError::with_message(Status::Invariant, "reference leads nowhere")
}

/// Follows `reference` for reading.
pub(crate) fn follow<'a>(
    locals: &'a [Value],
    objects: &'a dyn ObjectRuntime,
    reference: &Reference,
) -> VmResult<Target<'a>> {
    let root = match reference.root {
        Root::Local(slot) => locals.get(slot as usize),
        Root::Child(handle) => objects.child(handle),
    };
    root.and_then(|root| walk(root, reference.path.steps()))
        .ok_or_else(dangling)
}

/// Follows `reference` for writing.
pub(crate) fn follow_mut<'a>(
    locals: &'a mut [Value],
    objects: &'a mut dyn ObjectRuntime,
    reference: &Reference,
) -> VmResult<TargetMut<'a>> {
    if !reference.mutable {
        return Err(VmError::with_message(
            Status::Invariant,
            "write through an immutable reference",
        ));
    }
    let root = match reference.root {
        Root::Local(slot) => locals.get_mut(slot as usize),
        Root::Child(handle) => objects.child_mut(handle),
    };
    root.and_then(|root| walk_mut(root, reference.path.steps()))
        .ok_or_else(dangling)
}

fn walk<'a>(root: &'a Value, steps: &[Step]) -> Option<Target<'a>> {
    let mut value = root;
    for (index, step) in steps.iter().enumerate() {
        value = match (step.kind(), value) {
            (StepKind::Field(field), Value::Struct(fields)) => fields.get(field)?,
            (StepKind::Element(element), Value::Vector(elements)) => elements.get(element)?,
            (StepKind::VariantField { tag, field }, Value::Variant(variant))
                if variant.tag == tag =>
            {
                variant.fields.get(field)?
            }
            (StepKind::Element(element), Value::Bytes(bytes)) if index + 1 == steps.len() => {
                return bytes.get(element).copied().map(Target::Byte);
            }
            _ => return None,
        };
    }
    match value {
        Value::Invalid => None,
        value => Some(Target::Value(value)),
    }
}

fn walk_mut<'a>(root: &'a mut Value, steps: &[Step]) -> Option<TargetMut<'a>> {
    let mut value = root;
    for (index, step) in steps.iter().enumerate() {
        value = match (step.kind(), value) {
            (StepKind::Field(field), Value::Struct(fields)) => fields.get_mut(field)?,
            (StepKind::Element(element), Value::Vector(elements)) => elements.get_mut(element)?,
            (StepKind::VariantField { tag, field }, Value::Variant(variant))
                if variant.tag == tag =>
            {
                variant.fields.get_mut(field)?
            }
            (StepKind::Element(element), Value::Bytes(bytes)) if index + 1 == steps.len() => {
                return bytes.get_mut(element).map(TargetMut::Byte);
            }
            _ => return None,
        };
    }
    match value {
        Value::Invalid => None,
        value => Some(TargetMut::Value(value)),
    }
}

impl Target<'_> {
    /// A copy of what is there.
    pub(crate) fn to_value(self) -> Value {
        match self {
            Self::Value(value) => value.clone(),
            Self::Byte(byte) => Value::U8(byte),
        }
    }

    /// Runs `then` with what is there.
    pub(crate) fn with_value<T>(self, then: impl FnOnce(&Value) -> T) -> T {
        match self {
            Self::Value(value) => then(value),
            Self::Byte(byte) => then(&Value::U8(byte)),
        }
    }

    /// Whether both are the same value; a `u8` may lie in a byte vector or by itself.
    pub(crate) fn same_as(self, other: Self) -> bool {
        match (self, other) {
            (Self::Byte(left), Self::Value(right)) => *right == Value::U8(left),
            (Self::Value(left), Self::Byte(right)) => *left == Value::U8(right),
            (left, right) => left == right,
        }
    }

    /// Bytes that a copy takes.
    pub(crate) fn size(self) -> u64 {
        match self {
            Self::Value(value) => value.size(),
            Self::Byte(_) => 0,
        }
    }
}
