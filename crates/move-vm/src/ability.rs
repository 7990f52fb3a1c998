//! The four abilities of Move types.

use std::fmt;
use std::ops::{BitAnd, BitOr};

/// A set of Move abilities, as one byte: copy 1, drop 2, store 4, key 8.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct AbilitySet(u8);

impl AbilitySet {
    /// No ability.
    pub const EMPTY: Self = Self(0);
    /// Values may be copied.
    pub const COPY: Self = Self(1);
    /// Values may be dropped without being unpacked.
    pub const DROP: Self = Self(2);
    /// Values may be stored inside objects.
    pub const STORE: Self = Self(4);
    /// The type is an object type.
    pub const KEY: Self = Self(8);
    /// copy, drop and store: the abilities of integers and addresses.
    pub const PRIMITIVES: Self = Self(1 | 2 | 4);
    /// All four.
    pub const ALL: Self = Self(15);
    /// copy and drop: the abilities of references.
    pub const REFERENCES: Self = Self(1 | 2);

    /// Reads the byte of the binary format; `None` when unknown bits are set.
    #[must_use]
    pub const fn from_byte(byte: u8) -> Option<Self> {
        if byte & !Self::ALL.0 == 0 {
            Some(Self(byte))
        } else {
            None
        }
    }

    /// The byte of the binary format.
    #[must_use]
    pub const fn to_byte(self) -> u8 {
        self.0
    }

    /// Whether every ability of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether values may be copied.
    #[must_use]
    pub const fn has_copy(self) -> bool {
        self.contains(Self::COPY)
    }

    /// Whether values may be dropped.
    #[must_use]
    pub const fn has_drop(self) -> bool {
        self.contains(Self::DROP)
    }

    /// Whether values may be stored in objects.
    #[must_use]
    pub const fn has_store(self) -> bool {
        self.contains(Self::STORE)
    }

    /// Whether the type is an object type.
    #[must_use]
    pub const fn has_key(self) -> bool {
        self.contains(Self::KEY)
    }

    /// The abilities that a field's type must have so that the datatype may have these:
    /// `key` asks for `store`, every other ability for itself.
    #[must_use]
    pub const fn required_of_fields(self) -> Self {
        let mut bits = self.0 & (1 | 2 | 4);
        if self.has_key() {
            bits |= Self::STORE.0;
        }
        Self(bits)
    }

    /// The abilities of a datatype declared with `self`, given the abilities of its non-phantom
    /// type arguments: each ability is kept only if every argument carries what it requires.
    #[must_use]
    pub fn with_arguments(self, arguments: impl IntoIterator<Item = Self>) -> Self {
        let mut result = self;
        for argument in arguments {
            for ability in [Self::COPY, Self::DROP, Self::STORE, Self::KEY] {
                if !argument.contains(ability.required_of_fields()) {
                    result = Self(result.0 & !ability.0);
                }
            }
        }
        result
    }
}

impl BitOr for AbilitySet {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for AbilitySet {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Debug for AbilitySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = [
            (Self::COPY, "copy"),
            (Self::DROP, "drop"),
            (Self::STORE, "store"),
            (Self::KEY, "key"),
        ];
        f.debug_set()
            .entries(
                names
                    .iter()
                    .filter(|(ability, _)| self.contains(*ability))
                    .map(|(_, name)| name),
            )
            .finish()
    }
}
