//! One sealed request and its answer, as the requester sees them.

use atoma_protocol::{
    channel::Delivered,
    commitment::{ClientNonce, ResponseCommitter, commit_request},
    hash::{RequestCommitment, ResponseCommitment},
    money::Tokens,
    random::Randomness,
    sealed::{
        ChunkOpener, ChunkPayload, RequestContext, RequestPayload, ResponseNonce,
        ResponseOpenerSeed, SealError, SealedRequest, SealingPublicKey, seal_request,
    },
};
use thiserror::Error;

/// Why an answer is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// A chunk does not open.
    #[error("the answer does not open")]
    Sealed(#[from] SealError),
    /// The first chunk came without the response nonce, or a later one with another.
    #[error("the response nonce is missing or came twice")]
    Nonce,
}

/// A request that was sealed and what came back so far.
#[derive(Debug)]
pub struct Exchange {
    request: RequestCommitment,
    response: ResponseCommitter,
    opener: Opener,
    /// Bytes of all deliveries: no answer has more tokens than bytes.
    delivered_bytes: u64,
}

#[derive(Debug)]
enum Opener {
    /// Taken out when the first chunk comes.
    Waiting(Option<ResponseOpenerSeed>),
    Open(ChunkOpener),
}

impl Exchange {
    /// Seals `body`, an OpenAI request for `context.path`, to `key`.
    ///
    /// # Errors
    /// [`SealError`], too large above all.
    pub fn seal(
        randomness: &mut impl Randomness,
        key: &SealingPublicKey,
        context: &RequestContext,
        body: Vec<u8>,
    ) -> Result<(Self, SealedRequest), SealError> {
        let client_nonce = ClientNonce::random(randomness);
        let payload = RequestPayload {
            client_nonce: client_nonce.clone(),
            path: context.path.clone(),
            body,
        };
        let (sealed, seed) = seal_request(randomness, key, context, &payload)?;
        let exchange = Self {
            request: commit_request(&client_nonce, &payload.path, &payload.body),
            response: ResponseCommitter::new(&client_nonce),
            opener: Opener::Waiting(Some(seed)),
            delivered_bytes: 0,
        };
        Ok((exchange, sealed))
    }

    /// Commits to the request.
    #[must_use]
    pub const fn request_commitment(&self) -> RequestCommitment {
        self.request
    }

    /// Opens the next chunk; the first comes with the enclave's nonce.
    ///
    /// # Errors
    /// [`ExchangeError`]; nothing can be opened after one.
    pub fn open(
        &mut self,
        nonce: Option<[u8; 32]>,
        sealed: &[u8],
    ) -> Result<ChunkPayload, ExchangeError> {
        let opener = match (&mut self.opener, nonce) {
            (Opener::Waiting(seed), Some(nonce)) => {
                let seed = seed.take().ok_or(ExchangeError::Nonce)?;
                self.opener = Opener::Open(seed.opener(&ResponseNonce::new(nonce)));
                let Opener::Open(opener) = &mut self.opener else {
                    return Err(ExchangeError::Nonce);
                };
                opener
            }
            (Opener::Open(opener), None) => opener,
            _ => return Err(ExchangeError::Nonce),
        };
        let payload = opener.open(sealed)?;
        for delivery in &payload.deliveries {
            self.response.deliver(delivery);
            let bytes = u64::try_from(delivery.json().len()).unwrap_or(u64::MAX);
            self.delivered_bytes = self.delivered_bytes.saturating_add(bytes);
        }
        Ok(payload)
    }

    /// Whether the last chunk came.
    #[must_use]
    pub const fn is_finished(&self) -> bool {
        match &self.opener {
            Opener::Waiting(_) => false,
            Opener::Open(opener) => opener.is_finished(),
        }
    }

    /// Commits to what arrived.
    #[must_use]
    pub fn response_commitment(&self) -> ResponseCommitment {
        self.response.commitment()
    }

    /// What arrived, to be compared with a receipt.
    #[must_use]
    pub fn delivered(&self) -> Delivered {
        Delivered {
            response_commitment: self.response_commitment(),
            output_at_most: Tokens::new(self.delivered_bytes).ok(),
        }
    }
}
