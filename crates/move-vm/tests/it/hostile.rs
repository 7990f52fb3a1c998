//! Mutated modules.
