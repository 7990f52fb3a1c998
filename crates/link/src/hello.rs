//! How a node proves, at the start of a stream, that it holds the key of a posted epoch.

use atoma_protocol::{
    ids::{KeyEpoch, NodeId},
    statement::Signable,
};
use serde::{Deserialize, Serialize};

/// `atoma/link/1`, by the key epoch's signing key, over the sequencer's fresh nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The node.
    pub node: NodeId,
    /// The epoch whose key signs.
    pub key_epoch: KeyEpoch,
    /// The nonce of the challenge answered.
    pub nonce: [u8; 32],
}

impl Signable for Hello {
    const DOMAIN: &'static str = "atoma/link/1";
}
