//! Whether a node's keys are what its evidence says, checked before anything is sealed to them.

use atoma_attestation::{DecodeError, Evidence, EvidenceError, Policy, Verifiers};
use atoma_chain::state::{KeyEpochState, NodeState, NodeStatus};
use atoma_protocol::{
    hash::{EvidenceHash, ReportData, SealingKeysHash},
    ids::{KeyEpoch, NetworkId, NodeId},
    keys::PublicKey,
    sealed::{SealingPublicKey, sealing_keys_hash},
    statement::Grade,
    time::TimestampMs,
};
use thiserror::Error;

/// The check that did not hold, in the order in which they are made.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CheckError {
    /// The node takes no new work.
    #[error("the node is {0:?}")]
    NotActive(NodeStatus),
    /// The node belongs to another market.
    #[error("the node belongs to network {0}")]
    OtherNetwork(NetworkId),
    /// The epoch is not graded, or its evidence has run out.
    #[error("key epoch {0} takes no new work: it is not graded, or its evidence has run out")]
    NotLive(KeyEpoch),
    /// What was fetched is no evidence.
    #[error("evidence")]
    NoEvidence(#[from] DecodeError),
    /// The evidence proves nothing.
    #[error("evidence")]
    Evidence(#[from] EvidenceError),
    /// The chain's report data is not that of these keys.
    #[error("the posted keys give report data {expected}, the chain has {posted}")]
    ReportData {
        /// That of the posted keys.
        expected: ReportData,
        /// The chain's.
        posted: ReportData,
    },
    /// The sealing keys are not those that the evidence binds.
    #[error("sealing keys hash to {actual}, the chain has {posted}")]
    SealingKeys {
        /// Hash of the keys given.
        actual: SealingKeysHash,
        /// The chain's.
        posted: SealingKeysHash,
    },
    /// The grade is too low.
    #[error("the key epoch proved {grade}, needed is {need}")]
    Grade {
        /// What was proved.
        grade: Grade,
        /// What is needed.
        need: Grade,
    },
}

/// A key epoch whose keys were checked: requests may be sealed to it, receipts checked with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestedEpoch {
    /// The node.
    pub node: NodeId,
    /// The epoch.
    pub epoch: KeyEpoch,
    /// Signs receipts and statements.
    pub signing_key: PublicKey,
    /// Requests are sealed to one of them.
    pub sealing_keys: Vec<SealingPublicKey>,
    /// What was proved.
    pub grade: Grade,
    /// The evidence behind it.
    pub evidence_hash: EvidenceHash,
    /// No new request from here on.
    pub expires: TimestampMs,
}

/// What the caller asks of evidence.
#[derive(Debug)]
pub struct Requirements<'a> {
    /// The pinned network.
    pub network: NetworkId,
    /// Platforms trusted here.
    pub verifiers: &'a Verifiers,
    /// What the network allows.
    pub policy: &'a Policy,
    /// What must have been proved.
    pub need: Grade,
}

/// Checks one key epoch of a node, in the order of [`CheckError`].
///
/// # Errors
/// [`CheckError`], the first check that does not hold. None is ever skipped.
pub fn check(
    node: &NodeState,
    posted: &KeyEpochState,
    sealing_keys: Vec<SealingPublicKey>,
    evidence: &[u8],
    requirements: &Requirements<'_>,
    now: TimestampMs,
) -> Result<AttestedEpoch, CheckError> {
    if node.status != NodeStatus::Active {
        return Err(CheckError::NotActive(node.status));
    }
    if node.network != requirements.network {
        return Err(CheckError::OtherNetwork(node.network));
    }
    if !posted.is_live(now) {
        return Err(CheckError::NotLive(posted.epoch));
    }
    let evidence = Evidence::from_bytes(evidence)?;
    requirements.verifiers.check(
        &evidence,
        posted.evidence_hash,
        posted.report_data,
        requirements.policy,
        now,
    )?;
    let expected = posted.report(node.id).data(requirements.network);
    if expected != posted.report_data {
        return Err(CheckError::ReportData {
            expected,
            posted: posted.report_data,
        });
    }
    let actual = sealing_keys_hash(&sealing_keys);
    if actual != posted.sealing_keys_hash {
        return Err(CheckError::SealingKeys {
            actual,
            posted: posted.sealing_keys_hash,
        });
    }
    if !posted.covers(requirements.need) {
        return Err(CheckError::Grade {
            grade: posted.grade,
            need: requirements.need,
        });
    }
    Ok(AttestedEpoch {
        node: node.id,
        epoch: posted.epoch,
        signing_key: posted.signing_key,
        sealing_keys,
        grade: posted.grade,
        evidence_hash: posted.evidence_hash,
        expires: posted.expires_ms,
    })
}
