//! A new key epoch: keys drawn, bound by evidence, posted, graded.

use std::{sync::Arc, time::Duration};

use atoma_chain::{
    Client, Wallet,
    state::{AttestorsState, KeyEpochState},
    tx,
};
use atoma_env::Env;
use atoma_protocol::{
    ids::{NodeId, ObjectId},
    statement::Grade,
};

use crate::{
    attestors::{self, AttestorSet, Posted},
    enclave::{Anchor, Enclave, GradedEpoch, PublicKeys},
    error::NodeError,
    evidence::EvidenceSource,
    model::model_set_hash,
};

/// How long a key epoch is waited for to be graded: longer than its anchor stays recent.
pub(crate) const GRADE_LIMIT: Duration = Duration::from_secs(20 * 60);
/// Pause between two looks for the grade.
const GRADE_POLL: Duration = Duration::from_secs(1);
/// Longest place of evidence that the chain takes, in bytes.
const MAX_EVIDENCE_URI_BYTES: usize = 256;

/// Posts key epochs of one node.
#[derive(Clone, Debug)]
pub(crate) struct EpochPoster {
    pub(crate) env: Env,
    pub(crate) client: Client,
    pub(crate) wallet: Arc<Wallet>,
    pub(crate) node: NodeId,
    pub(crate) cap: ObjectId,
    pub(crate) enclave: Arc<Enclave>,
    pub(crate) platform: Arc<dyn EvidenceSource>,
    pub(crate) attestors: Vec<String>,
}

impl EpochPoster {
    /// Draws keys and makes them count. On failure they are gone again.
    pub(crate) async fn begin(&self) -> Result<GradedEpoch, NodeError> {
        let epoch = self.client.node(self.node).await?.next_epoch;
        let keys = self.enclave.draw(epoch);
        let graded = self.post_and_grade(&keys).await;
        if graded.is_err() {
            self.enclave.end(epoch);
        }
        graded
    }

    async fn post_and_grade(&self, keys: &PublicKeys) -> Result<GradedEpoch, NodeError> {
        let at = self.client.deployment();
        let network = at.network;
        let anchor = self.anchor().await?;
        let manifest_hash = model_set_hash(self.enclave.models().values().map(|model| &model.info));
        let report = keys.report(self.node, self.platform.kind(), manifest_hash, anchor);
        let report_data = report.data(network);
        let evidence = self.platform.evidence(report_data).await?;
        let evidence_hash = evidence.hash();
        let post = tx::PostKeyEpoch {
            node: self.node,
            node_cap: self.cap,
            key_epoch: keys.epoch,
            kind: self.platform.kind(),
            measurement: self.platform.measurement().to_vec(),
            signing_key: keys.signing,
            sealing_keys: keys.sealing_bytes(),
            manifest_hash,
            evidence_hash,
            evidence_uri: self.evidence_uri(&hex::encode(evidence_hash.as_bytes())),
            anchor_seq: anchor.seq,
            anchor_digest: anchor.digest,
        };
        let action = tx::post_key_epoch(at, &post);
        self.client.submit(&self.wallet, &action).await?;
        tracing::info!(target: "atoma_node::epoch", epoch = %keys.epoch, "key epoch posted");
        if !self.attestors.is_empty() {
            let posted = Posted {
                network,
                node: self.node,
                key_epoch: keys.epoch,
                kind: post.kind,
                measurement: post.measurement,
                evidence_hash,
                report_data,
            };
            let set = self.attestor_set().await?;
            let bytes = evidence.to_bytes();
            let agreement =
                attestors::collect(&self.env, &self.attestors, &bytes, &posted, &set).await?;
            let action = tx::grade(at, &agreement.verdict, &agreement.signatures);
            self.client.submit(&self.wallet, &action).await?;
        }
        let known = self.graded(keys).await?;
        if known.signing_key != keys.signing || known.report_data != report_data {
            return Err(NodeError::Unexpected("the posted key epoch is another one"));
        }
        tracing::info!(target: "atoma_node::epoch", epoch = %keys.epoch, grade = %known.grade, "key epoch graded");
        Ok(GradedEpoch {
            epoch: keys.epoch,
            grade: known.grade,
            posted: known.posted_ms,
            expires: known.expires_ms,
        })
    }

    /// The key epoch once it has its grade; without attestors to ask, somebody else brings it.
    async fn graded(&self, keys: &PublicKeys) -> Result<KeyEpochState, NodeError> {
        let begun = self.env.now();
        loop {
            let state = self.client.node(self.node).await?;
            let known = self
                .client
                .key_epoch(&state, keys.epoch)
                .await?
                .ok_or(NodeError::Unexpected("the posted key epoch is not there"))?;
            if known.grade != Grade::default() {
                return Ok(known);
            }
            if self.env.now().saturating_since(begun) >= GRADE_LIMIT {
                return Err(NodeError::NotGraded(keys.epoch));
            }
            self.env.sleep(GRADE_POLL).await;
        }
    }

    async fn anchor(&self) -> Result<Anchor, NodeError> {
        let rpc = self.client.rpc();
        let info = rpc
            .service_info()
            .await
            .map_err(atoma_chain::ChainError::from)?;
        let checkpoint = rpc
            .checkpoint(info.latest_checkpoint)
            .await
            .map_err(atoma_chain::ChainError::from)?;
        Ok(Anchor {
            seq: checkpoint.seq(),
            digest: checkpoint.digest(),
        })
    }

    async fn attestor_set(&self) -> Result<AttestorSet, NodeError> {
        let state: AttestorsState = self.client.attestors().await?;
        Ok(AttestorSet {
            version: state.set_version,
            threshold: usize::try_from(state.threshold).unwrap_or(usize::MAX),
            keys: state.keys,
        })
    }

    /// Attestors keep the evidence that they judged, under its hash.
    fn evidence_uri(&self, hash: &str) -> String {
        self.attestors
            .first()
            .map(|url| format!("{}/v1/evidence/0x{hash}", url.trim_end_matches('/')))
            .filter(|uri| uri.len() <= MAX_EVIDENCE_URI_BYTES)
            .unwrap_or_default()
    }
}
