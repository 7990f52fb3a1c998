//! What nodes and attestors say to each other, as JSON over HTTP.
//!
//! `POST /v1/verdicts` takes a [`VerdictRequest`] and answers 200 with a [`VerdictAnswer`].
//! `GET /v1/evidence/HASH` gives evidence that was judged, by its hash.

use atoma_protocol::{
    ids::{KeyEpoch, NodeId},
    statement::{Signed, Verdict},
};
use serde::{Deserialize, Serialize};

/// What a node asks. The attestor reads everything else about the key epoch from the chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictRequest {
    /// The node.
    pub node: NodeId,
    /// Its key epoch, posted already.
    pub key_epoch: KeyEpoch,
    /// The evidence's bytes, in hex without prefix; they hash to what was posted.
    pub evidence: String,
}

/// What an attestor answers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VerdictAnswer {
    /// Position of the attestor's key in the on-chain set.
    pub signer: u8,
    /// What it found.
    pub verdict: Signed<Verdict>,
}
