//! References: where a value lies, never a pointer to it.

use crate::object_runtime::ChildHandle;

/// A reference to a value inside a local slot or inside a child object.
///
/// It names a root and a path of steps from there. Following it walks the path and checks every
/// step, so that a reference which outlived its value is an error and never a wrong value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    pub(crate) root: Root,
    pub(crate) mutable: bool,
    pub(crate) path: Path,
}

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Root {
    /// A slot of the locals of all frames.
    Local(u32),
    /// A child object held by the object runtime.
    Child(ChildHandle),
}

/// Steps kept without an allocation.
const INLINE_STEPS: usize = 4;

/// The steps from a root to a value; short ones without an allocation.
#[derive(Clone)]
pub(crate) enum Path {
    Inline {
        length: u8,
        steps: [Step; INLINE_STEPS],
    },
    Heap(Vec<Step>),
}

/// One step into a value, packed: the kind in the top two bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Step(u32);

/// A step, unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StepKind {
    /// A field of a struct.
    Field(usize),
    /// An element of a vector.
    Element(usize),
    /// A field of an enum value that must be of variant `tag`.
    VariantField { tag: u16, field: usize },
}

const KIND_SHIFT: u32 = 30;
const PAYLOAD: u32 = (1 << KIND_SHIFT) - 1;

impl Step {
    /// Into a field of a struct.
    pub(crate) fn field(index: u16) -> Self {
        Self(u32::from(index))
    }

    /// Into an element of a vector; `None` beyond 2^30, which no vector reaches.
    pub(crate) fn element(index: u64) -> Option<Self> {
        let index = u32::try_from(index).ok()?;
        (index <= PAYLOAD).then_some(Self((1 << KIND_SHIFT) | index))
    }

    /// Into a field of an enum value of variant `tag`; tags and fields are below 256 by the
    /// bounds of the format.
    pub(crate) fn variant_field(tag: u8, field: u8) -> Self {
        Self((2 << KIND_SHIFT) | (u32::from(tag) << 8) | u32::from(field))
    }

    /// What it stands for.
    pub(crate) fn kind(self) -> StepKind {
        let payload = self.0 & PAYLOAD;
        match self.0 >> KIND_SHIFT {
            0 => StepKind::Field(payload as usize),
            1 => StepKind::Element(payload as usize),
            _ => StepKind::VariantField {
                tag: u16::from(payload.to_le_bytes()[1]),
                field: usize::from(payload.to_le_bytes()[0]),
            },
        }
    }
}

impl Path {
    /// The steps.
    pub(crate) fn steps(&self) -> &[Step] {
        match self {
            Self::Inline { length, steps } => &steps[..usize::from(*length)],
            Self::Heap(steps) => steps,
        }
    }

    /// Goes one step further.
    pub(crate) fn push(&mut self, step: Step) {
        match self {
            Self::Inline { length, steps } => {
                if let Some(slot) = steps.get_mut(usize::from(*length)) {
                    *slot = step;
                    *length += 1;
                } else {
                    let mut all = Vec::with_capacity(2 * INLINE_STEPS);
                    all.extend_from_slice(steps);
                    all.push(step);
                    *self = Self::Heap(all);
                }
            }
            Self::Heap(steps) => steps.push(step),
        }
    }
}

impl Default for Path {
    fn default() -> Self {
        Self::Inline {
            length: 0,
            steps: [Step::default(); INLINE_STEPS],
        }
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.steps() == other.steps()
    }
}

impl Eq for Path {}

impl std::fmt::Debug for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list()
            .entries(self.steps().iter().map(|step| step.kind()))
            .finish()
    }
}
