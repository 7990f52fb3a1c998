//! Key epochs: posting, grading, ending.

use atoma_protocol::{
    hash::{CheckpointDigest, EvidenceHash, ManifestHash},
    ids::{CheckpointSeq, KeyEpoch, NodeId, ObjectId},
    keys::{PublicKey, Signature},
    statement::{EvidenceKind, Verdict},
};

use super::Builder;
use crate::{
    action::{Access, Action},
    deployment::Deployment,
    error::ChainError,
};

/// A key epoch to be posted, before its keys are used.
#[derive(Clone, Debug)]
pub struct PostKeyEpoch {
    /// The node.
    pub node: NodeId,
    /// Right to operate it.
    pub node_cap: ObjectId,
    /// The node's next key epoch.
    pub key_epoch: KeyEpoch,
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// What the platform measured, 1 to 64 bytes.
    pub measurement: Vec<u8>,
    /// Signs receipts and statements.
    pub signing_key: PublicKey,
    /// The X25519 key, then the X-Wing key.
    pub sealing_keys: Vec<u8>,
    /// What runs in the enclave.
    pub manifest_hash: ManifestHash,
    /// The evidence.
    pub evidence_hash: EvidenceHash,
    /// Where it is, at most 256 bytes.
    pub evidence_uri: String,
    /// A recent checkpoint.
    pub anchor_seq: CheckpointSeq,
    /// Its digest.
    pub anchor_digest: CheckpointDigest,
}

/// Posts a key epoch, not graded yet.
#[must_use]
pub fn post_key_epoch(at: &Deployment, post: &PostKeyEpoch) -> Action {
    let mut b = Builder::new(at, "post_key_epoch");
    let args = vec![
        b.action.object(post.node, Access::Write),
        b.action.object(post.node_cap, Access::Read),
        b.network(Access::Read),
        b.action.pure(&post.key_epoch),
        b.action.pure(&u8::from(post.kind)),
        b.action.pure(&post.measurement),
        b.action.pure(post.signing_key.as_bytes().as_slice()),
        b.action.pure(&post.sealing_keys),
        b.action.id(post.manifest_hash),
        b.action.id(post.evidence_hash),
        b.action.pure(post.evidence_uri.as_str()),
        b.action.pure(&post.anchor_seq),
        b.action.id(post.anchor_digest),
        b.clock(),
    ];
    b.call("attestation", "post", args);
    b.action
}

/// Gives a key epoch what attestors say its evidence proves. `signatures` are over this very verdict,
/// each with the signer's index in the set; the order does not matter.
#[must_use]
pub fn grade(at: &Deployment, verdict: &Verdict, signatures: &[(u8, Signature)]) -> Action {
    let mut b = Builder::new(at, "grade");
    let mut signatures = signatures.to_vec();
    signatures.sort_by_key(|(signer, _)| *signer);
    if signatures.windows(2).any(|pair| pair[0].0 == pair[1].0) {
        b.action.fail(ChainError::BadArgument(
            "an attestor may sign a verdict once".to_owned(),
        ));
    }
    let (signers, signatures): (Vec<u8>, Vec<Vec<u8>>) = signatures
        .iter()
        .map(|(signer, signature)| (*signer, signature.as_bytes().to_vec()))
        .unzip();
    let args = vec![
        b.action.object(verdict.node, Access::Write),
        b.network(Access::Read),
        b.action.object(at.objects.attestors, Access::Read),
        b.action.object(at.objects.measurements, Access::Read),
        b.action.pure(&verdict.key_epoch),
        b.action.pure(&verdict.grade),
        b.action.pure(&verdict.anchor_ms),
        b.action.pure(&signers),
        b.action.pure(&signatures),
        b.clock(),
    ];
    b.call("attestation", "grade", args);
    b.action
}

/// Lets a key epoch take no new work from now on.
#[must_use]
pub fn end_key_epoch(
    at: &Deployment,
    node: NodeId,
    node_cap: ObjectId,
    key_epoch: KeyEpoch,
) -> Action {
    let mut b = Builder::new(at, "end_key_epoch");
    let args = vec![
        b.action.object(node, Access::Write),
        b.action.object(node_cap, Access::Read),
        b.action.pure(&key_epoch),
        b.clock(),
    ];
    b.call("attestation", "end", args);
    b.action
}
