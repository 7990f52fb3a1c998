//! The hash function behind Sui's ids.

use blake2::Blake2b;
use blake2::digest::Digest;
use blake2::digest::consts::U32;

/// BLAKE2b-256 of the parts one after another.
pub(crate) fn blake2b256(parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Blake2b::<U32>::new();
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}
