//! A one-way stream of sealed chunks under one secret.

use chacha20poly1305::{ChaCha20Poly1305, KeyInit, Nonce, Tag, aead::AeadInOut};
use hkdf::HkdfExtract;
use sha2_for_hkdf::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{
    ChunkPayload, SealError,
    padding::{pad_into, padded_len, unpad},
};
use crate::{ids::bytes32, random::Randomness};

/// Largest size class of a chunk, in bytes.
pub const MAX_CHUNK_BYTES: usize = 1 << 20;
/// Most chunks of one stream.
pub const MAX_CHUNKS: u64 = 1 << 18;

const FLAG: usize = 1;
const TAG: usize = 16;
const MORE: u8 = 0;
const LAST: u8 = 1;

bytes32! {
    /// Drawn by the enclave for each response and sent before its first chunk.
    ResponseNonce;
}

impl ResponseNonce {
    /// Draws one.
    pub fn random(randomness: &mut impl Randomness) -> Self {
        Self::new(randomness.array())
    }
}

/// The key of one stream of chunks, however it was agreed. It must be fresh: two streams under one
/// secret would share a key stream. Zeroized on drop, never printed.
#[derive(Zeroize, ZeroizeOnDrop)]
pub struct ChunkSecret([u8; 32]);

impl ChunkSecret {
    /// From 32 bytes that a key agreement gave.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// HKDF-SHA256 of `ikm`, with the concatenation of `salt` and one `info` for each use.
    #[must_use]
    pub fn derive(salt: &[&[u8]], ikm: &[u8], info: &[u8]) -> Self {
        let mut extract = HkdfExtract::<Sha256>::new(Some(&salt.concat()));
        extract.input_ikm(ikm);
        let (_, expand) = extract.finalize();
        let mut key = [0; 32];
        expand
            .expand(info, &mut key)
            .expect("32 bytes are not too many to expand");
        Self(key)
    }

    /// The 32 bytes, to hold another implementation to test vectors.
    #[must_use]
    pub const fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    fn cipher(&self) -> ChaCha20Poly1305 {
        ChaCha20Poly1305::new(&self.0.into())
    }
}

impl std::fmt::Debug for ChunkSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ChunkSecret(..)")
    }
}

fn nonce(index: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&index.to_le_bytes());
    nonce.into()
}

/// Where a stream stands: the number of the next chunk, until the last.
#[derive(Clone, Copy, Debug, Default)]
struct Position {
    next: u64,
    ended: bool,
}

impl Position {
    /// The number of the chunk that comes next, which must fit under the limit.
    fn check(self, last: bool) -> Result<u64, SealError> {
        if self.ended {
            return Err(SealError::AfterLast);
        }
        // The last place is kept for the last chunk, so that every stream can end.
        if self.next >= MAX_CHUNKS || (self.next + 1 == MAX_CHUNKS && !last) {
            return Err(SealError::TooMany {
                what: "chunks",
                got: usize::try_from(self.next)
                    .unwrap_or(usize::MAX)
                    .saturating_add(1),
                limit: usize::try_from(MAX_CHUNKS).unwrap_or(usize::MAX),
            });
        }
        Ok(self.next)
    }

    const fn advance(&mut self, last: bool) {
        self.next += 1;
        self.ended = last;
    }
}

/// Seals chunks, in order.
pub struct ChunkSealer {
    cipher: ChaCha20Poly1305,
    position: Position,
}

impl ChunkSealer {
    /// Seals the stream of `secret`.
    #[must_use]
    pub fn new(secret: &ChunkSecret) -> Self {
        Self {
            cipher: secret.cipher(),
            position: Position::default(),
        }
    }

    /// Seals the next chunk; none may follow the `last`.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::TooMany`], [`SealError::AfterLast`].
    pub fn seal(&mut self, payload: &ChunkPayload, last: bool) -> Result<Vec<u8>, SealError> {
        let bytes = Zeroizing::new(payload.to_bytes()?);
        self.seal_bytes(&bytes, last)
    }

    /// Seals the next chunk from plain bytes.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::TooMany`], [`SealError::AfterLast`].
    pub fn seal_bytes(&mut self, bytes: &[u8], last: bool) -> Result<Vec<u8>, SealError> {
        let index = self.position.check(last)?;
        let flag = if last { LAST } else { MORE };
        let mut chunk =
            Vec::with_capacity(FLAG + padded_len(bytes.len()).min(MAX_CHUNK_BYTES) + TAG);
        chunk.push(flag);
        pad_into(&mut chunk, bytes, "chunk", MAX_CHUNK_BYTES)?;
        let tag = self
            .cipher
            .encrypt_inout_detached(&nonce(index), &[flag], (&mut chunk[FLAG..]).into())
            .expect("a chunk within the limit always encrypts");
        chunk.extend_from_slice(&tag);
        self.position.advance(last);
        Ok(chunk)
    }

    /// How many chunks were sealed.
    #[must_use]
    pub const fn sealed(&self) -> u64 {
        self.position.next
    }
}

impl std::fmt::Debug for ChunkSealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChunkSealer({:?})", self.position)
    }
}

/// Opens chunks, in order.
pub struct ChunkOpener {
    cipher: ChaCha20Poly1305,
    position: Position,
}

impl ChunkOpener {
    /// Opens the stream of `secret`.
    #[must_use]
    pub fn new(secret: &ChunkSecret) -> Self {
        Self {
            cipher: secret.cipher(),
            position: Position::default(),
        }
    }

    /// Opens the next chunk.
    ///
    /// # Errors
    /// [`SealError`]; the opener stays where it was.
    pub fn open(&mut self, chunk: &[u8]) -> Result<ChunkPayload, SealError> {
        let bytes = self.open_bytes(chunk)?;
        ChunkPayload::from_bytes(&bytes)
    }

    /// Opens the next chunk to plain bytes.
    ///
    /// # Errors
    /// [`SealError`]; the opener stays where it was.
    pub fn open_bytes(&mut self, chunk: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let limit = FLAG + MAX_CHUNK_BYTES + TAG;
        if chunk.len() > limit {
            return Err(SealError::TooLarge {
                what: "sealed chunk",
                got: chunk.len(),
                limit,
            });
        }
        if self.position.ended {
            return Err(SealError::AfterLast);
        }
        let cannot_open = SealError::CannotOpenChunk(self.position.next);
        let (last, body) = match chunk.split_first() {
            Some((&MORE, body)) => (false, body),
            Some((&LAST, body)) => (true, body),
            _ => return Err(cannot_open),
        };
        let index = self.position.check(last)?;
        let Some((body, tag)) = body.split_last_chunk::<TAG>() else {
            return Err(cannot_open);
        };
        let mut plaintext = Zeroizing::new(body.to_vec());
        self.cipher
            .decrypt_inout_detached(
                &nonce(index),
                &[u8::from(last)],
                plaintext.as_mut_slice().into(),
                &Tag::from(*tag),
            )
            .map_err(|_| cannot_open)?;
        let content = Zeroizing::new(unpad(&plaintext)?.to_vec());
        self.position.advance(last);
        Ok(content)
    }

    /// Whether the last chunk was opened.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        self.position.ended
    }

    /// Checks at the end of the transport's stream that the last chunk came.
    ///
    /// # Errors
    /// [`SealError::Truncated`].
    pub const fn finish(&self) -> Result<(), SealError> {
        if self.position.ended {
            Ok(())
        } else {
            Err(SealError::Truncated(self.position.next))
        }
    }
}

impl std::fmt::Debug for ChunkOpener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "ChunkOpener({:?})", self.position)
    }
}
