//! Merkle trees over receipts, as `atoma::merkle` recomputes them.
//!
//! - leaf: `blake2b256(0x00 || bytes)`
//! - inner node: `blake2b256(0x01 || left || right)`; an odd node moves up a level unchanged
//! - root: `blake2b256(0x02 || count as u64 little-endian || top)`; the top of no leaves is 32 zeros
//!
//! The root binds the count, and index and count fix the shape of a proof, so that a leaf has exactly
//! one place. `vectors/merkle.json` holds Move to the same bytes.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::hash::{MerkleRoot, blake2b256};
use crate::ids::bytes32;

bytes32! {
    /// Hash of a leaf.
    LeafHash;
}

/// Most siblings a proof can have: one a level of a tree of 2^64 leaves.
pub const MAX_PROOF_SIBLINGS: usize = 64;

const LEAF: u8 = 0;
const INNER: u8 = 1;
const ROOT: u8 = 2;

/// Hash of a node inside of the tree, or of a leaf.
type Hash = [u8; 32];

impl LeafHash {
    /// The hash of the leaf that holds `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self::new(blake2b256(&[&[LEAF], bytes]))
    }
}

fn inner(left: &Hash, right: &Hash) -> Hash {
    blake2b256(&[&[INNER], left, right])
}

fn root(count: u64, top: &Hash) -> MerkleRoot {
    MerkleRoot::new(blake2b256(&[&[ROOT], &count.to_le_bytes(), top]))
}

/// Why a proof does not hold, or cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MerkleError {
    /// The index lies behind the last leaf.
    #[error("leaf {index} of a tree of {count} leaves")]
    IndexOutOfRange {
        /// Index asked for.
        index: u64,
        /// Leaves in the tree.
        count: u64,
    },
    /// Index and count ask for another number of siblings.
    #[error("proof has {got} siblings, its index and count need {expected}")]
    WrongLength {
        /// What index and count need.
        expected: usize,
        /// What the proof has.
        got: usize,
    },
    /// The proof leads to another root.
    #[error("proof leads to another root")]
    WrongRoot,
}

/// The right edge of a growing tree: enough to append and to give the root, O(log n) each.
///
/// In BCS: count, then the tops of the complete subtrees from left to right.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "FrontierParts")]
pub struct Frontier {
    count: u64,
    peaks: Vec<Hash>,
}

#[derive(Deserialize)]
struct FrontierParts {
    count: u64,
    peaks: Vec<Hash>,
}

impl TryFrom<FrontierParts> for Frontier {
    type Error = String;

    fn try_from(parts: FrontierParts) -> Result<Self, Self::Error> {
        let expected = usize::try_from(parts.count.count_ones()).unwrap_or(usize::MAX);
        if parts.peaks.len() != expected {
            return Err(format!(
                "{} complete subtrees for {} leaves",
                parts.peaks.len(),
                parts.count
            ));
        }
        Ok(Self {
            count: parts.count,
            peaks: parts.peaks,
        })
    }
}

impl Frontier {
    /// Of an empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            count: 0,
            peaks: Vec::new(),
        }
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Appends a leaf.
    ///
    /// # Panics
    /// After 2^64 - 1 leaves, which no one can append.
    pub fn append(&mut self, leaf: LeafHash) {
        let mut hash = leaf.into_bytes();
        // A complete subtree of each set bit of the count: adding one carries through the low ones.
        for _ in 0..self.count.trailing_ones() {
            let left = self
                .peaks
                .pop()
                .expect("there is one complete subtree for each bit set in the count");
            hash = inner(&left, &hash);
        }
        self.peaks.push(hash);
        self.count += 1;
    }

    /// The root of all leaves so far.
    #[must_use]
    pub fn root(&self) -> MerkleRoot {
        let top = self
            .peaks
            .iter()
            .rev()
            .copied()
            .reduce(|right, left| inner(&left, &right))
            .unwrap_or_default();
        root(self.count, &top)
    }
}

/// A whole tree in memory, to prove from: appending and proving are O(log n).
#[derive(Clone, Debug, Default)]
pub struct Tree {
    /// The complete nodes of each level, leaves first.
    levels: Vec<Vec<Hash>>,
    frontier: Frontier,
}

impl Tree {
    /// An empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            levels: Vec::new(),
            frontier: Frontier::new(),
        }
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.frontier.count()
    }

    /// Appends a leaf.
    pub fn append(&mut self, leaf: LeafHash) {
        self.frontier.append(leaf);
        let mut hash = leaf.into_bytes();
        for level in 0.. {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let nodes = &mut self.levels[level];
            nodes.push(hash);
            if nodes.len() % 2 == 1 {
                break;
            }
            hash = inner(&nodes[nodes.len() - 2], &nodes[nodes.len() - 1]);
        }
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> MerkleRoot {
        self.frontier.root()
    }

    /// Proves that the leaf at `index` is in the tree.
    ///
    /// # Errors
    /// [`MerkleError::IndexOutOfRange`].
    pub fn proof(&self, index: u64) -> Result<Proof, MerkleError> {
        let count = self.count();
        let out_of_range = MerkleError::IndexOutOfRange { index, count };
        let (mut at, mut width) = (
            usize::try_from(index).map_err(|_| out_of_range)?,
            usize::try_from(count).map_err(|_| out_of_range)?,
        );
        if at >= width {
            return Err(out_of_range);
        }
        let mut siblings = Vec::new();
        // The last node of a level may lack leaves and is then in no level's list; it is carried here.
        let mut last = self.levels[0][width - 1];
        let mut level = 0;
        while width > 1 {
            let nodes = &self.levels[level];
            let sibling = at ^ 1;
            if sibling < width {
                siblings.push(if sibling == width - 1 {
                    last
                } else {
                    nodes[sibling]
                });
            }
            if width % 2 == 0 {
                last = inner(&nodes[width - 2], &last);
            }
            at /= 2;
            width = width.div_ceil(2);
            level += 1;
        }
        Ok(Proof {
            index,
            count,
            siblings,
        })
    }
}

impl FromIterator<LeafHash> for Tree {
    fn from_iter<I: IntoIterator<Item = LeafHash>>(leaves: I) -> Self {
        let mut tree = Self::new();
        for leaf in leaves {
            tree.append(leaf);
        }
        tree
    }
}

/// Proof that a leaf is in a tree, at one index of one count.
///
/// In BCS: index, count, then the siblings from the leaf upwards, without those that an odd node has
/// not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// Index of the leaf.
    pub index: u64,
    /// Leaves in the tree.
    pub count: u64,
    /// Siblings, from the leaf upwards; at most [`MAX_PROOF_SIBLINGS`].
    pub siblings: Vec<[u8; 32]>,
}

impl Proof {
    /// Checks that `leaf` is at this index of the tree with this count and `root`.
    ///
    /// # Errors
    /// [`MerkleError`].
    pub fn verify(&self, leaf: LeafHash, expected: MerkleRoot) -> Result<(), MerkleError> {
        let Self { index, count, .. } = *self;
        if index >= count {
            return Err(MerkleError::IndexOutOfRange { index, count });
        }
        let length = siblings(index, count);
        if self.siblings.len() != length {
            return Err(MerkleError::WrongLength {
                expected: length,
                got: self.siblings.len(),
            });
        }
        let mut siblings = self.siblings.iter();
        let mut hash = leaf.into_bytes();
        let (mut at, mut width) = (index, count);
        while width > 1 {
            if at ^ 1 < width {
                let sibling = siblings.next().ok_or(MerkleError::WrongRoot)?;
                hash = if at % 2 == 0 {
                    inner(&hash, sibling)
                } else {
                    inner(sibling, &hash)
                };
            }
            at /= 2;
            width = width.div_ceil(2);
        }
        if root(count, &hash) == expected {
            Ok(())
        } else {
            Err(MerkleError::WrongRoot)
        }
    }
}

/// How many siblings the leaf at `index` of `count` has.
fn siblings(index: u64, count: u64) -> usize {
    let (mut at, mut width, mut siblings) = (index, count, 0);
    while width > 1 {
        siblings += usize::from(at ^ 1 < width);
        at /= 2;
        width = width.div_ceil(2);
    }
    siblings
}

#[cfg(test)]
mod tests;
