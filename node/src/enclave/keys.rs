//! The keys of one key epoch.

use std::sync::Mutex;

use atoma_env::Env;
use atoma_link::hello::Hello;
use atoma_protocol::{
    hash::{CheckpointDigest, ManifestHash},
    ids::{CheckpointSeq, KeyEpoch, NetworkId, NodeId},
    keys::{PublicKey, SigningKey},
    sealed::{SealingKeyPair, SealingPublicKey, SeenEncs, Suite, sealing_keys_hash},
    statement::{EvidenceKind, Grade, Report, ReportKey, Signed, Verified},
    time::TimestampMs,
};
use zeroize::Zeroizing;

/// Suites that a node offers, in the order in which their keys are posted.
pub(crate) const SUITES: [Suite; 2] = [Suite::X25519, Suite::XWing];

/// Keys drawn in memory, zeroized when the last stream that uses them is done.
#[derive(Debug)]
pub(crate) struct EpochKeys {
    pub(crate) epoch: KeyEpoch,
    pub(crate) signing: SigningKey,
    sealing: Vec<SealingKeyPair>,
    pub(crate) seen: Mutex<SeenEncs>,
}

impl EpochKeys {
    pub(crate) fn draw(env: &Env, epoch: KeyEpoch) -> Self {
        let seed = Zeroizing::new(env.random::<32>());
        Self {
            epoch,
            signing: SigningKey::from_seed(*seed),
            sealing: SUITES
                .map(|suite| SealingKeyPair::generate(suite, &mut &*env))
                .into(),
            seen: Mutex::new(SeenEncs::new()),
        }
    }

    pub(crate) fn public(&self) -> PublicKeys {
        PublicKeys {
            epoch: self.epoch,
            signing: self.signing.public(),
            sealing: self
                .sealing
                .iter()
                .map(|pair| pair.public().clone())
                .collect(),
        }
    }

    pub(crate) fn sealing(&self, suite: Suite) -> Option<&SealingKeyPair> {
        self.sealing
            .iter()
            .find(|pair| pair.public().suite() == suite)
    }

    pub(crate) fn hello(&self, network: NetworkId, node: NodeId, nonce: [u8; 32]) -> Signed<Hello> {
        let hello = Hello {
            node,
            key_epoch: self.epoch,
            nonce,
        };
        Verified::sign(hello, network, &self.signing).into_signed()
    }
}

/// The public halves of one key epoch's keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKeys {
    /// The epoch.
    pub epoch: KeyEpoch,
    /// Signs receipts, statements and hellos.
    pub signing: PublicKey,
    /// Requests are sealed to one of these; in this order they are hashed and posted.
    pub sealing: Vec<SealingPublicKey>,
}

/// The checkpoint that evidence is tied to, so that it cannot be older than it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Anchor {
    /// Its number.
    pub seq: CheckpointSeq,
    /// Its digest.
    pub digest: CheckpointDigest,
}

impl PublicKeys {
    /// All sealing keys, concatenated in order, as they are posted.
    #[must_use]
    pub fn sealing_bytes(&self) -> Vec<u8> {
        self.sealing
            .iter()
            .flat_map(|key| key.as_bytes())
            .copied()
            .collect()
    }

    /// What evidence for these keys has to bind.
    #[must_use]
    pub fn report(
        &self,
        node: NodeId,
        kind: EvidenceKind,
        manifest_hash: ManifestHash,
        anchor: Anchor,
    ) -> Report {
        Report {
            node,
            kind,
            key_epoch: self.epoch,
            signing_key: ReportKey(self.signing),
            sealing_keys_hash: sealing_keys_hash(&self.sealing),
            manifest_hash,
            anchor_seq: anchor.seq,
            anchor_digest: anchor.digest,
        }
    }
}

/// A key epoch that was posted and graded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GradedEpoch {
    /// The epoch.
    pub epoch: KeyEpoch,
    /// What its evidence was found to prove.
    pub grade: Grade,
    /// When it was posted.
    pub posted: TimestampMs,
    /// When it stops to count for new work.
    pub expires: TimestampMs,
}
