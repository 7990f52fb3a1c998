//! From evidence to a signed verdict.

use atoma_attestation::{DecodeError, Evidence, EvidenceError, Policy, Verifiers};
use atoma_chain::{
    ChainError, Client,
    state::{KeyEpochState, NodeState},
};
use atoma_env::Env;
use atoma_protocol::{
    hash::{CheckpointDigest, ReportData},
    ids::{CheckpointSeq, KeyEpoch, NodeId},
    keys::SigningKey,
    statement::{Signed, Verdict, Verified},
    time::TimestampMs,
};
use thiserror::Error;

/// Why there is no verdict.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum JudgeError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The epoch is not on the chain, or not yet.
    #[error("node {node} has posted no key epoch {epoch}")]
    NotPosted {
        /// The node.
        node: NodeId,
        /// The epoch.
        epoch: KeyEpoch,
    },
    /// What was sent is no evidence.
    #[error(transparent)]
    NoEvidence(#[from] DecodeError),
    /// It proves nothing.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
    /// The posted report data is not that of the posted keys.
    #[error("the posted report data is {posted}, the posted keys give {expected}")]
    ReportData {
        /// What the keys give.
        expected: ReportData,
        /// What was posted.
        posted: ReportData,
    },
    /// The anchor is no checkpoint of this chain.
    #[error("checkpoint {seq} of this chain is {actual}, the key epoch is anchored to {posted}")]
    WrongAnchor {
        /// The checkpoint.
        seq: CheckpointSeq,
        /// What was posted.
        posted: CheckpointDigest,
        /// What the chain has.
        actual: CheckpointDigest,
    },
    /// The anchor was too old when the epoch was posted.
    #[error(
        "the anchor was {age_ms} ms old when the key epoch was posted, at most {limit_ms} allowed"
    )]
    StaleAnchor {
        /// Its age.
        age_ms: u64,
        /// The network's limit.
        limit_ms: u64,
    },
    /// This attestor is not in the network's set.
    #[error("this attestor's key is not in the network's set")]
    NotInSet,
}

/// A verdict and the place in the set that it is signed for.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// Position of the signer's key in the on-chain set.
    pub signer: u8,
    /// The verdict.
    pub verdict: Signed<Verdict>,
}

/// Judges evidence with one attestor's key.
#[derive(Debug)]
pub struct Judge {
    chain: Client,
    key: SigningKey,
    verifiers: Verifiers,
    env: Env,
}

impl Judge {
    /// Signs with `key` what `verifiers` find.
    #[must_use]
    pub const fn new(chain: Client, key: SigningKey, verifiers: Verifiers, env: Env) -> Self {
        Self {
            chain,
            key,
            verifiers,
            env,
        }
    }

    /// Checks `evidence` against what `node` posted for `epoch`, and signs what it proves.
    ///
    /// # Errors
    /// [`JudgeError`].
    pub async fn judge(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
        evidence: &[u8],
    ) -> Result<Judgement, JudgeError> {
        let evidence = Evidence::from_bytes(evidence)?;
        let (state, posted) = self.posted(node, epoch).await?;
        self.check_report_data(&state, &posted)?;
        let policy = self.policy(&posted).await?;
        let finding = self.verifiers.check(
            &evidence,
            posted.evidence_hash,
            posted.report_data,
            &policy,
            self.env.now(),
        )?;
        let anchor_ms = self.anchor(&posted).await?;
        let set = self.chain.attestors().await?;
        let own = self.key.public();
        let place = set.keys.iter().position(|key| *key == own);
        let signer = place
            .and_then(|index| u8::try_from(index).ok())
            .ok_or(JudgeError::NotInSet)?;
        let verdict = Verdict {
            node,
            key_epoch: epoch,
            kind: finding.kind,
            measurement: finding.measurement,
            evidence_hash: posted.evidence_hash,
            report_data: posted.report_data,
            grade: finding.grade,
            anchor_ms,
            attestor_set_version: set.set_version,
        };
        let network = self.chain.deployment().network;
        tracing::info!(%node, %epoch, grade = %verdict.grade, "signed a verdict");
        let verdict = Verified::sign(verdict, network, &self.key).into_signed();
        Ok(Judgement { signer, verdict })
    }

    async fn posted(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
    ) -> Result<(NodeState, KeyEpochState), JudgeError> {
        let not_posted = || JudgeError::NotPosted { node, epoch };
        let state: NodeState = self.chain.find(node).await?.ok_or_else(not_posted)?;
        let posted = self
            .chain
            .key_epoch(&state, epoch)
            .await?
            .ok_or_else(not_posted)?;
        Ok((state, posted))
    }

    /// The contract computes report data itself; computing it again shows that both mean the same.
    fn check_report_data(
        &self,
        state: &NodeState,
        posted: &KeyEpochState,
    ) -> Result<(), JudgeError> {
        let network = self.chain.deployment().network;
        let expected = posted.report(state.id).data(network);
        if expected == posted.report_data {
            Ok(())
        } else {
            Err(JudgeError::ReportData {
                expected,
                posted: posted.report_data,
            })
        }
    }

    async fn policy(&self, posted: &KeyEpochState) -> Result<Policy, JudgeError> {
        let dev = self.chain.network().await?.dev;
        let until = self
            .chain
            .measurement_until(posted.kind, &posted.measurement)
            .await?;
        let allowed = until.is_some_and(|until| self.env.now() < until);
        let measurements = allowed
            .then(|| (posted.kind, posted.measurement.clone()))
            .into_iter()
            .collect();
        Ok(Policy { dev, measurements })
    }

    /// Time of the checkpoint that the evidence is anchored to, recent when it was posted.
    async fn anchor(&self, posted: &KeyEpochState) -> Result<TimestampMs, JudgeError> {
        let checkpoint = self
            .chain
            .rpc()
            .checkpoint(posted.anchor_seq)
            .await
            .map_err(ChainError::from)?;
        let actual = checkpoint.digest();
        if actual != posted.anchor_digest {
            return Err(JudgeError::WrongAnchor {
                seq: posted.anchor_seq,
                posted: posted.anchor_digest,
                actual,
            });
        }
        let anchor_ms = checkpoint.timestamp();
        let limit_ms = self.chain.network().await?.params.max_anchor_age_ms;
        let age_ms = posted.posted_ms.0.saturating_sub(anchor_ms.0);
        if age_ms > limit_ms {
            return Err(JudgeError::StaleAnchor { age_ms, limit_ms });
        }
        Ok(anchor_ms)
    }
}
