//! Commitments to a request and to its response, keyed from the requester's nonce.
//!
//! BLAKE3 in keyed mode. The key is `blake3::derive_key(label, client_nonce)`, one label for each
//! direction, so that whoever sees a receipt but not the nonce cannot guess a short prompt or answer.
//! A request is hashed as `path length as u64 little-endian || path || body`; a response as its
//! deliveries in order, each `kind || length as u64 little-endian || bytes`, kind 0 for JSON and 1 for
//! a failure.

use zeroize::{Zeroize, ZeroizeOnDrop};

use crate::{
    hash::{RequestCommitment, ResponseCommitment},
    random::Randomness,
    sealed::Delivery,
};

const REQUEST_LABEL: &str = "atoma 2026 request commitment key, version 1";
const RESPONSE_LABEL: &str = "atoma 2026 response commitment key, version 1";

/// 32 random bytes that a requester draws for each request and keeps to itself and the enclave.
///
/// Zeroized on drop, never printed.
#[derive(Clone, PartialEq, Eq, Zeroize, ZeroizeOnDrop)]
pub struct ClientNonce([u8; 32]);

impl ClientNonce {
    /// From raw bytes.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Draws one.
    pub fn random(randomness: &mut impl Randomness) -> Self {
        Self(randomness.array())
    }

    /// The raw bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    fn hasher(&self, label: &str) -> blake3::Hasher {
        let mut key = blake3::derive_key(label, &self.0);
        let hasher = blake3::Hasher::new_keyed(&key);
        key.zeroize();
        hasher
    }
}

impl std::fmt::Debug for ClientNonce {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ClientNonce(..)")
    }
}

/// Commits to a request: its API path and its body.
#[must_use]
pub fn commit_request(nonce: &ClientNonce, path: &str, body: &[u8]) -> RequestCommitment {
    let mut hasher = nonce.hasher(REQUEST_LABEL);
    hasher.update(&length(path.as_bytes()));
    hasher.update(path.as_bytes());
    hasher.update(body);
    RequestCommitment::new(*hasher.finalize().as_bytes())
}

/// Commits to a response while it is delivered; both sides run one and compare at each receipt.
#[derive(Clone)]
pub struct ResponseCommitter(blake3::Hasher);

impl ResponseCommitter {
    /// For the response to the request with `nonce`.
    #[must_use]
    pub fn new(nonce: &ClientNonce) -> Self {
        Self(nonce.hasher(RESPONSE_LABEL))
    }

    /// Adds one delivery.
    pub fn deliver(&mut self, delivery: &Delivery) {
        self.0.update(&[delivery.kind()]);
        self.0.update(&length(delivery.json()));
        self.0.update(delivery.json());
    }

    /// Commits to all that was delivered so far.
    #[must_use]
    pub fn commitment(&self) -> ResponseCommitment {
        ResponseCommitment::new(*self.0.finalize().as_bytes())
    }
}

impl Drop for ResponseCommitter {
    fn drop(&mut self) {
        // `reset` keeps the key, so an unkeyed hasher takes its place.
        self.0 = blake3::Hasher::new();
    }
}

impl std::fmt::Debug for ResponseCommitter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseCommitter(..)")
    }
}

fn length(bytes: &[u8]) -> [u8; 8] {
    u64::try_from(bytes.len())
        .expect("a length in memory fits 64 bits")
        .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nonce(byte: u8) -> ClientNonce {
        ClientNonce::new([byte; 32])
    }

    #[test]
    fn a_request_commitment_binds_nonce_path_and_body() {
        let commitment = commit_request(&nonce(1), "/v1/chat", b"{}");
        assert_eq!(commitment, commit_request(&nonce(1), "/v1/chat", b"{}"));
        for other in [
            commit_request(&nonce(2), "/v1/chat", b"{}"),
            commit_request(&nonce(1), "/v1/cha", b"t{}"),
            commit_request(&nonce(1), "/v1/chat{", b"}"),
            commit_request(&nonce(1), "/v1/chat", b"{} "),
        ] {
            assert_ne!(commitment, other);
        }
    }

    fn json(text: &str) -> Delivery {
        Delivery::Json(text.as_bytes().to_vec())
    }

    fn of(deliveries: &[Delivery]) -> ResponseCommitment {
        let mut committer = ResponseCommitter::new(&nonce(1));
        for delivery in deliveries {
            committer.deliver(delivery);
        }
        committer.commitment()
    }

    #[test]
    fn a_response_commitment_binds_kinds_pieces_and_order() {
        let pieces = [json("a"), json("b")];
        assert_eq!(of(&pieces), of(&pieces));
        assert_ne!(of(&pieces), of(&[json("ab")]));
        assert_ne!(of(&pieces), of(&[json("b"), json("a")]));
        assert_ne!(of(&[]), of(&[json("")]));
        assert_ne!(of(&[json("a")]), of(&[Delivery::Failure(b"a".to_vec())]));
    }

    #[test]
    fn the_two_directions_share_no_key() {
        let empty = ResponseCommitter::new(&nonce(1)).commitment();
        let request = nonce(1).hasher(REQUEST_LABEL).finalize();
        assert_ne!(empty.as_bytes(), request.as_bytes());
    }

    #[test]
    fn debug_output_holds_no_nonce() {
        assert_eq!(format!("{:?}", nonce(7)), "ClientNonce(..)");
    }
}
