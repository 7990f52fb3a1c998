//! Requests and responses that only the requester and the enclave can read.
//!
//! A request is sealed by HPKE (RFC 9180, base mode) to a sealing key of the node's key epoch, in a
//! context of its own. Its associated data binds network, channel, node, model, key epoch and path.
//! The enclave answers with a nonce that it draws, and from then on with chunks under a key that
//! depends on that nonce: a request delivered twice can never make it reuse a key stream, and a
//! second delivery is refused besides.
//!
//! | step | bytes |
//! |---|---|
//! | HPKE `info` | `atoma/request/1` |
//! | associated data | [`RequestContext::associated_data`] |
//! | request plaintext | padded BCS of [`RequestPayload`] |
//! | exported secret | HPKE `Export("atoma.response.v1", 32)` |
//! | response key | HKDF-SHA256, salt `enc || response_nonce`, ikm the exported secret, info `key`, 32 bytes |
//! | chunk `i` | flag byte, then ChaCha20-Poly1305 with nonce `00000000 || i as u64 little-endian` and the flag byte as associated data, over the padded BCS of [`ChunkPayload`] |
//! | padding | `length as u32 little-endian || bytes || zeros`, to the next [size class](padded_len) |
//!
//! The flag is 1 on the last chunk and 0 before it, so truncation, reordering, repetition and data
//! after the end are all found. Chunks do not care how their secret was agreed: see [`ChunkSecret`].

mod chunk;
mod keys;
mod padding;
mod payload;
mod request;
mod seen;

pub use chunk::{
    ChunkOpener, ChunkSealer, ChunkSecret, MAX_CHUNK_BYTES, MAX_CHUNKS, ResponseNonce,
};
pub use keys::{MAX_SEALING_KEYS, SealingKeyPair, SealingPublicKey, Suite, sealing_keys_hash};
pub use padding::padded_len;
pub use payload::{ChunkPayload, Delivery, MAX_DELIVERIES, RequestPayload};
pub use request::{
    MAX_PATH_BYTES, MAX_REQUEST_BYTES, OpenedRequest, RequestContext, ResponseOpenerSeed,
    ResponseSealerSeed, SealedRequest, open_request, seal_request,
};
pub use seen::{MAX_SEEN_ENCS, SeenEncs};

use thiserror::Error;

/// Why something cannot be sealed or opened.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SealError {
    /// A byte that names no suite.
    #[error("{0} is no known sealing suite")]
    UnknownSuite(u8),
    /// Bytes that are no public key of their suite.
    #[error("not a sealing key of suite {0:?}")]
    NotAKey(Suite),
    /// A request sealed under another suite than the key it was opened with.
    #[error("request sealed with {sealed:?}, opened with {key:?}")]
    WrongSuite {
        /// Suite of the request.
        sealed: Suite,
        /// Suite of the key.
        key: Suite,
    },
    /// More bytes than the limit.
    #[error("{what} of {got} bytes, at most {limit} allowed")]
    TooLarge {
        /// What is too large.
        what: &'static str,
        /// Its size.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// More elements than the limit.
    #[error("{got} {what}, at most {limit} allowed")]
    TooMany {
        /// What there are too many of.
        what: &'static str,
        /// How many.
        got: usize,
        /// The limit.
        limit: usize,
    },
    /// The request was changed, or sealed to another key or for another context.
    #[error("sealed request does not open under this key and context")]
    CannotOpenRequest,
    /// The path inside of the request differs from the one it came under.
    #[error("sealed request carries another path than its context")]
    PathMismatch,
    /// This request was opened before.
    #[error("sealed request was opened before in this key epoch")]
    Replayed,
    /// The set of requests seen is full.
    #[error("{MAX_SEEN_ENCS} requests opened under this key, rotate to a new key epoch")]
    RotateKeys,
    /// The chunk was changed, or another one was due.
    #[error("chunk does not open as number {0}: changed, lost, repeated or out of order")]
    CannotOpenChunk(u64),
    /// Something followed the last chunk.
    #[error("data after the last chunk")]
    AfterLast,
    /// The stream ended without its last chunk.
    #[error("stream ended after {0} chunks without its last one")]
    Truncated(u64),
    /// Padding is not as written by this protocol.
    #[error("malformed padding")]
    BadPadding,
    /// The plaintext does not decode, or something remains.
    #[error("malformed {what}: {reason}")]
    Malformed {
        /// What was expected.
        what: &'static str,
        /// What the decoder said.
        reason: String,
    },
}

#[cfg(test)]
mod tests;
