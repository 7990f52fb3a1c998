//! What is inside of sealed requests and chunks.

use serde::{Deserialize, Serialize};

use super::{MAX_PATH_BYTES, SealError};
use crate::{channel::PartReceipt, commitment::ClientNonce};

/// Most deliveries in one chunk.
pub const MAX_DELIVERIES: usize = 1024;

/// What a requester asks. In BCS: nonce (32 bytes), path and body, each behind its length.
#[derive(Clone, PartialEq, Eq)]
pub struct RequestPayload {
    /// Keys the commitments of request and response.
    pub client_nonce: ClientNonce,
    /// The API path, as in `/v1/chat/completions`.
    pub path: String,
    /// The body: OpenAI's JSON.
    pub body: Vec<u8>,
}

impl RequestPayload {
    /// The BCS bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        // What follows the body would have to be copied for serde; written by hand it is one pass.
        let mut bytes = Vec::with_capacity(32 + 10 + self.path.len() + self.body.len());
        bytes.extend_from_slice(self.client_nonce.as_bytes());
        write_bytes(&mut bytes, self.path.as_bytes());
        write_bytes(&mut bytes, &self.body);
        bytes
    }

    /// Decodes; nothing may remain.
    ///
    /// # Errors
    /// [`SealError::Malformed`], [`SealError::TooLarge`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let (nonce, rest) = bytes
            .split_first_chunk::<32>()
            .ok_or_else(|| malformed("request payload", &"too short"))?;
        let (path, body): (&str, &[u8]) =
            bcs::from_bytes(rest).map_err(|error| malformed("request payload", &error))?;
        if path.len() > MAX_PATH_BYTES {
            return Err(SealError::TooLarge {
                what: "path",
                got: path.len(),
                limit: MAX_PATH_BYTES,
            });
        }
        Ok(Self {
            client_nonce: ClientNonce::new(*nonce),
            path: path.to_owned(),
            body: body.to_vec(),
        })
    }
}

impl std::fmt::Debug for RequestPayload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "RequestPayload({:?}, {} bytes)",
            self.path,
            self.body.len()
        )
    }
}

/// One piece of a response, as the response commitment runs over them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Delivery {
    /// JSON of one OpenAI object: the data of one stream event, or a whole response.
    Json(#[serde(with = "crate::byte_string")] Vec<u8>),
    /// The answer ends here without being whole: JSON of an OpenAI error.
    Failure(#[serde(with = "crate::byte_string")] Vec<u8>),
}

impl Delivery {
    /// The JSON.
    #[must_use]
    pub fn json(&self) -> &[u8] {
        match self {
            Self::Json(json) | Self::Failure(json) => json,
        }
    }

    /// The byte that stands for the kind of delivery in the response commitment.
    pub(crate) const fn kind(&self) -> u8 {
        match self {
            Self::Json(_) => 0,
            Self::Failure(_) => 1,
        }
    }
}

impl std::fmt::Debug for Delivery {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Json(json) => write!(f, "Json({} bytes)", json.len()),
            Self::Failure(json) => write!(f, "Failure({} bytes)", json.len()),
        }
    }
}

/// What one chunk of a response carries. The receipt, if any, covers all deliveries up to and
/// including those of this chunk.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkPayload {
    /// Pieces of the response, in order; at most [`MAX_DELIVERIES`].
    pub deliveries: Vec<Delivery>,
    /// The receipt of the part that ends here; the last chunk carries the last one.
    pub receipt: Option<Box<PartReceipt>>,
}

impl ChunkPayload {
    /// The BCS bytes.
    ///
    /// # Errors
    /// [`SealError::TooMany`] deliveries.
    pub fn to_bytes(&self) -> Result<Vec<u8>, SealError> {
        self.check()?;
        bcs::to_bytes(self).map_err(|error| malformed("chunk payload", &error))
    }

    /// Decodes; nothing may remain.
    ///
    /// # Errors
    /// [`SealError::Malformed`], [`SealError::TooMany`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SealError> {
        let payload: Self =
            bcs::from_bytes(bytes).map_err(|error| malformed("chunk payload", &error))?;
        payload.check()?;
        Ok(payload)
    }

    fn check(&self) -> Result<(), SealError> {
        if self.deliveries.len() > MAX_DELIVERIES {
            return Err(SealError::TooMany {
                what: "deliveries",
                got: self.deliveries.len(),
                limit: MAX_DELIVERIES,
            });
        }
        Ok(())
    }
}

fn malformed(what: &'static str, reason: &dyn ToString) -> SealError {
    SealError::Malformed {
        what,
        reason: reason.to_string(),
    }
}

/// Appends `content` behind its length in ULEB128, as BCS does.
fn write_bytes(bytes: &mut Vec<u8>, content: &[u8]) {
    let mut length = content.len();
    while length >= 0x80 {
        bytes.push(u8::try_from(length & 0x7f).expect("seven bits fit a byte") | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).expect("less than 0x80"));
    bytes.extend_from_slice(content);
}
