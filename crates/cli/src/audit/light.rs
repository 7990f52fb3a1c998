//! A light client: checkpoints by their committees, from the first one on.

use atoma_chain::{
    ChainId, Rpc,
    rpc::{Checkpoint, CheckpointError, Committee},
};
use atoma_protocol::{
    hash::{CheckpointDigest, blake2b256},
    ids::CheckpointSeq,
};
use serde::Serialize;

/// Follows the chain and believes what its committees signed. The first committee is trusted: pin it.
#[derive(Debug)]
pub(crate) struct LightClient {
    chain: ChainId,
    committee: Committee,
    first: String,
    next: CheckpointSeq,
    last: Option<CheckpointDigest>,
}

/// How far it came.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Followed {
    /// How many checkpoints were verified.
    pub(crate) checkpoints: u64,
    /// The digest of the last one.
    pub(crate) digest: Option<CheckpointDigest>,
    /// Epoch of the committee now.
    pub(crate) epoch: u64,
    /// BLAKE2b-256 of the first committee's BCS, in hex: what there is to pin.
    pub(crate) first_committee: String,
}

impl LightClient {
    /// From the chain's first checkpoint on, with the first committee as the fullnode says.
    ///
    /// # Errors
    /// The fullnode's, or for people if `pinned` is the hash of another committee.
    pub(crate) async fn start(
        rpc: &dyn Rpc,
        chain: ChainId,
        pinned: Option<&str>,
    ) -> anyhow::Result<Self> {
        let committee = Committee::from(rpc.committee(Some(0)).await?);
        let first = fingerprint(&committee);
        if let Some(pinned) = pinned
            && !pinned.trim_start_matches("0x").eq_ignore_ascii_case(&first)
        {
            anyhow::bail!("the fullnode's first committee is {first}, not the pinned {pinned}");
        }
        Ok(Self {
            chain,
            committee,
            first,
            next: CheckpointSeq(0),
            last: None,
        })
    }

    /// The next checkpoint to be verified.
    pub(crate) const fn next(&self) -> CheckpointSeq {
        self.next
    }

    /// How far it came.
    pub(crate) fn followed(&self) -> Followed {
        Followed {
            checkpoints: self.next.0,
            digest: self.last,
            epoch: self.committee.epoch(),
            first_committee: self.first.clone(),
        }
    }

    /// Takes the next checkpoint; gives what does not hold of it.
    pub(crate) fn follow(&mut self, checkpoint: &Checkpoint) -> Vec<String> {
        let seq = checkpoint.seq();
        let mut wrong = Vec::new();
        if seq != self.next {
            wrong.push(format!("checkpoint {seq} came where {} was due", self.next));
        }
        let genesis = seq == CheckpointSeq(0);
        if genesis && checkpoint.digest().as_bytes() != self.chain.as_bytes() {
            wrong.push("the first checkpoint is that of another chain".to_owned());
        }
        if checkpoint.previous() != self.last {
            wrong.push(format!(
                "checkpoint {seq} does not follow the one before it"
            ));
        }
        match self.committee.verify(checkpoint) {
            // The deployment names the first checkpoint by its digest, which nobody needs to sign.
            Ok(()) | Err(CheckpointError::Unsigned(CheckpointSeq(0))) => {}
            Err(error) => wrong.push(error.to_string()),
        }
        if wrong.is_empty()
            && let Some(committee) = Committee::next(checkpoint)
        {
            self.committee = committee;
        }
        self.last = Some(checkpoint.digest());
        self.next = seq.next();
        wrong
    }
}

fn fingerprint(committee: &Committee) -> String {
    hex::encode(blake2b256(&[&committee.to_bytes()]))
}
