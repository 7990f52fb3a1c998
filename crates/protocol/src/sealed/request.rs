//! Sealing and opening a request.

use hpke::{
    Deserializable, Kem, OpModeR, OpModeS, Serializable,
    aead::ChaCha20Poly1305,
    kdf::HkdfSha256,
    kem::{X25519HkdfSha256, XWing},
    rand_core::{Infallible, TryCryptoRng, TryRng},
};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, Zeroizing};

use super::{
    ChunkOpener, ChunkSealer, ChunkSecret, RequestPayload, ResponseNonce, SealError,
    SealingKeyPair, SealingPublicKey, SeenEncs, Suite,
    keys::SecretKey,
    padding::{pad_into, unpad},
};
use crate::{
    hash::blake2b256,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    random::Randomness,
};

/// Longest API path, in bytes.
pub const MAX_PATH_BYTES: usize = 256;
/// Largest size class of a request, in bytes.
pub const MAX_REQUEST_BYTES: usize = 16 << 20;

const DOMAIN: &str = "atoma/request/1";
const EXPORT_LABEL: &[u8] = b"atoma.response.v1";
/// Length of the tag of ChaCha20-Poly1305.
const TAG: usize = 16;

/// What a sealed request is for; whoever relays it sees this and cannot change it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct RequestContext {
    /// The network.
    pub network: NetworkId,
    /// The channel that pays.
    pub channel: ChannelId,
    /// The node that serves.
    pub node: NodeId,
    /// The model asked for.
    pub model: ModelId,
    /// The key epoch whose sealing key was used.
    pub key_epoch: KeyEpoch,
    /// The API path, as in `/v1/chat/completions`; at most [`MAX_PATH_BYTES`].
    pub path: String,
}

impl RequestContext {
    /// Associated data of the sealed request: BCS of BLAKE2b-256 of `atoma/request/1`, then network,
    /// channel, node, model, key epoch and path.
    ///
    /// # Errors
    /// [`SealError::TooLarge`] for the path.
    pub fn associated_data(&self) -> Result<Vec<u8>, SealError> {
        if self.path.len() > MAX_PATH_BYTES {
            return Err(SealError::TooLarge {
                what: "path",
                got: self.path.len(),
                limit: MAX_PATH_BYTES,
            });
        }
        let domain = blake2b256(&[DOMAIN.as_bytes()]);
        Ok(bcs::to_bytes(&(domain, self)).expect("a context holds ids and a short text only"))
    }
}

/// A sealed request. In BCS: suite byte, encapsulated key and ciphertext, each behind its length.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SealedRequest {
    /// How it is sealed.
    pub suite: Suite,
    /// The encapsulated key; [`Suite::enc_len`] bytes.
    #[serde(with = "crate::byte_string")]
    pub enc: Vec<u8>,
    /// The padded payload, encrypted; at most [`MAX_REQUEST_BYTES`] and a tag of 16.
    #[serde(with = "crate::byte_string")]
    pub ciphertext: Vec<u8>,
}

impl std::fmt::Debug for SealedRequest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "SealedRequest({:?}, {} bytes)",
            self.suite,
            self.ciphertext.len()
        )
    }
}

/// What both sides keep to agree on the response key: `enc` and the exported secret.
struct ResponseSeed {
    enc: Vec<u8>,
    exported: Zeroizing<[u8; 32]>,
}

impl ResponseSeed {
    fn secret(&self, nonce: &ResponseNonce) -> ChunkSecret {
        ChunkSecret::derive(&[&self.enc, nonce.as_bytes()], &*self.exported, b"key")
    }
}

/// The requester's half of the response key.
pub struct ResponseOpenerSeed(ResponseSeed);

impl ResponseOpenerSeed {
    /// Opens the chunks of the response that began with `nonce`.
    #[must_use]
    pub fn opener(self, nonce: &ResponseNonce) -> ChunkOpener {
        ChunkOpener::new(&self.secret(nonce))
    }

    /// The key of the response that began with `nonce`.
    #[must_use]
    pub fn secret(&self, nonce: &ResponseNonce) -> ChunkSecret {
        self.0.secret(nonce)
    }
}

impl std::fmt::Debug for ResponseOpenerSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseOpenerSeed(..)")
    }
}

/// The enclave's half of the response key.
pub struct ResponseSealerSeed(ResponseSeed);

impl ResponseSealerSeed {
    /// Draws the nonce that the response begins with, and seals its chunks.
    #[must_use]
    pub fn sealer(self, randomness: &mut impl Randomness) -> (ResponseNonce, ChunkSealer) {
        let nonce = ResponseNonce::random(randomness);
        let sealer = ChunkSealer::new(&self.0.secret(&nonce));
        (nonce, sealer)
    }
}

impl std::fmt::Debug for ResponseSealerSeed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ResponseSealerSeed(..)")
    }
}

/// A request that was opened, and what its response is sealed with.
#[derive(Debug)]
pub struct OpenedRequest {
    /// What was asked.
    pub payload: RequestPayload,
    /// Makes the response key.
    pub response: ResponseSealerSeed,
}

/// Seals `payload` to `key`, in a fresh context; `payload.path` must be `context.path`.
///
/// # Errors
/// [`SealError::TooLarge`], [`SealError::PathMismatch`], [`SealError::NotAKey`].
pub fn seal_request(
    randomness: &mut impl Randomness,
    key: &SealingPublicKey,
    context: &RequestContext,
    payload: &RequestPayload,
) -> Result<(SealedRequest, ResponseOpenerSeed), SealError> {
    if payload.path != context.path {
        return Err(SealError::PathMismatch);
    }
    let aad = context.associated_data()?;
    let bytes = Zeroizing::new(payload.to_bytes());
    let mut plaintext = Zeroizing::new(Vec::with_capacity(super::padded_len(bytes.len())));
    pad_into(&mut plaintext, &bytes, "request", MAX_REQUEST_BYTES)?;
    let (enc, ciphertext, exported) = match key.suite() {
        Suite::X25519 => seal::<X25519HkdfSha256>(randomness, key, &plaintext, &aad),
        Suite::XWing => seal::<XWing>(randomness, key, &plaintext, &aad),
    }?;
    let request = SealedRequest {
        suite: key.suite(),
        enc: enc.clone(),
        ciphertext,
    };
    Ok((request, ResponseOpenerSeed(ResponseSeed { enc, exported })))
}

/// Opens a request that was sealed to `key` for `context`, once.
///
/// # Errors
/// [`SealError`]; nothing is remembered of a request that does not open.
pub fn open_request(
    key: &SealingKeyPair,
    context: &RequestContext,
    request: &SealedRequest,
    seen: &mut SeenEncs,
) -> Result<OpenedRequest, SealError> {
    let suite = key.public().suite();
    if request.suite != suite {
        return Err(SealError::WrongSuite {
            sealed: request.suite,
            key: suite,
        });
    }
    let limit = MAX_REQUEST_BYTES + TAG;
    if request.ciphertext.len() > limit {
        return Err(SealError::TooLarge {
            what: "sealed request",
            got: request.ciphertext.len(),
            limit,
        });
    }
    if request.enc.len() != suite.enc_len() {
        return Err(SealError::CannotOpenRequest);
    }
    seen.check(&request.enc)?;
    let aad = context.associated_data()?;
    let (plaintext, exported) = match &key.secret {
        SecretKey::X25519(secret) => open::<X25519HkdfSha256>(secret, request, &aad),
        SecretKey::XWing(secret) => open::<XWing>(secret, request, &aad),
    }?;
    // From here on a key stream exists for this `enc`, whatever the payload turns out to be.
    seen.insert(&request.enc);
    let payload = RequestPayload::from_bytes(unpad(&plaintext)?)?;
    if payload.path != context.path {
        return Err(SealError::PathMismatch);
    }
    let enc = request.enc.clone();
    Ok(OpenedRequest {
        payload,
        response: ResponseSealerSeed(ResponseSeed { enc, exported }),
    })
}

type Sealed = (Vec<u8>, Vec<u8>, Zeroizing<[u8; 32]>);

fn seal<K: Kem>(
    randomness: &mut impl Randomness,
    key: &SealingPublicKey,
    plaintext: &[u8],
    aad: &[u8],
) -> Result<Sealed, SealError> {
    let not_a_key = |_| SealError::NotAKey(key.suite());
    let public = K::PublicKey::from_bytes(key.as_bytes()).map_err(not_a_key)?;
    let (enc, mut context) = hpke::setup_sender_with_rng::<ChaCha20Poly1305, HkdfSha256, K>(
        &OpModeS::Base,
        &public,
        DOMAIN.as_bytes(),
        &mut HpkeRandomness(randomness),
    )
    .map_err(not_a_key)?;
    let ciphertext = context
        .seal(plaintext, aad)
        .expect("the first message of a context, of a length within limits, always seals");
    let mut exported = Zeroizing::new([0; 32]);
    context
        .export(EXPORT_LABEL, &mut *exported)
        .expect("32 bytes are not too many to export");
    Ok((enc.to_bytes().to_vec(), ciphertext, exported))
}

type Opened = (Zeroizing<Vec<u8>>, Zeroizing<[u8; 32]>);

fn open<K: Kem>(
    secret: &K::PrivateKey,
    request: &SealedRequest,
    aad: &[u8],
) -> Result<Opened, SealError> {
    let cannot_open = |_| SealError::CannotOpenRequest;
    let enc = K::EncappedKey::from_bytes(&request.enc).map_err(cannot_open)?;
    let mut context = hpke::setup_receiver::<ChaCha20Poly1305, HkdfSha256, K>(
        &OpModeR::Base,
        secret,
        &enc,
        DOMAIN.as_bytes(),
    )
    .map_err(cannot_open)?;
    let plaintext = context
        .open(&request.ciphertext, aad)
        .map_err(cannot_open)?;
    let mut exported = Zeroizing::new([0; 32]);
    context
        .export(EXPORT_LABEL, &mut *exported)
        .expect("32 bytes are not too many to export");
    Ok((Zeroizing::new(plaintext), exported))
}

/// Our source of randomness, as HPKE asks for one.
struct HpkeRandomness<'a, R>(&'a mut R);

impl<R: Randomness> TryRng for HpkeRandomness<'_, R> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(u32::from_le_bytes(self.0.array()))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(u64::from_le_bytes(self.0.array()))
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(bytes);
        Ok(())
    }
}

impl<R: Randomness> TryCryptoRng for HpkeRandomness<'_, R> {}

impl Drop for ResponseSeed {
    fn drop(&mut self) {
        self.enc.zeroize();
    }
}
