//! Which requests were opened in a key epoch.

use std::collections::BTreeSet;

use super::SealError;

/// Requests that may be opened under one key before it must be rotated: 2^18, about 20 MiB.
pub const MAX_SEEN_ENCS: usize = 1 << 18;

/// The encapsulated keys of the requests opened in one key epoch. Lives and dies with the key.
#[derive(Debug, Default)]
pub struct SeenEncs {
    digests: BTreeSet<[u8; 32]>,
}

impl SeenEncs {
    /// Nothing seen yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            digests: BTreeSet::new(),
        }
    }

    /// How many more requests can be opened before the keys must be rotated.
    #[must_use]
    pub fn remaining(&self) -> usize {
        MAX_SEEN_ENCS.saturating_sub(self.digests.len())
    }

    /// Whether a request with this `enc` may be opened.
    pub(super) fn check(&self, enc: &[u8]) -> Result<(), SealError> {
        if self.digests.contains(&digest(enc)) {
            return Err(SealError::Replayed);
        }
        if self.remaining() == 0 {
            return Err(SealError::RotateKeys);
        }
        Ok(())
    }

    /// Remembers `enc`. Only of requests that opened, so that nobody fills the set with noise.
    pub(super) fn insert(&mut self, enc: &[u8]) {
        self.digests.insert(digest(enc));
    }
}

fn digest(enc: &[u8]) -> [u8; 32] {
    *blake3::hash(enc).as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_bounded_and_says_so() {
        let mut seen = SeenEncs::new();
        for index in 0..MAX_SEEN_ENCS {
            seen.digests.insert(digest(&index.to_le_bytes()));
        }
        assert_eq!(seen.check(&0usize.to_le_bytes()), Err(SealError::Replayed));
        assert_eq!(seen.check(b"new"), Err(SealError::RotateKeys));
    }
}
