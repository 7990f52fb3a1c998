//! What is signed, and the only code that signs.
//!
//! A signed message is the BCS of one struct: `domain` (32 bytes, BLAKE2b-256 of the domain's name),
//! `network` (32 bytes, the id of the `Network` object), then the fields of the statement in the
//! order given here. Move rebuilds the same bytes in `atoma::message`; `vectors/statements.json` holds
//! both to it. Hashes are 32 raw bytes without a length, integers little-endian.

use serde::{Deserialize, Serialize};

use crate::{
    hash::{
        BodyHash, CheckpointDigest, EvidenceHash, ManifestHash, MerkleRoot, ReportData,
        RequestCommitment, ResponseCommitment, SealingKeysHash, blake2b256,
    },
    ids::{
        AccountId, AttestorSetVersion, ChannelId, CheckpointSeq, KeyEpoch, ModelId, NetworkId,
        NodeId, Seq, SequencerId,
    },
    keys::{KeyError, PublicKey, Signature, SigningKey},
    money::{Amount, TokenCount, Tokens},
    time::TimestampMs,
};

/// A struct that is signed under a domain of its own.
pub trait Signable: Serialize {
    /// Name of the domain, as in `atoma/voucher/1`; no two kinds of statement share one.
    const DOMAIN: &'static str;

    /// The bytes that are signed on `network`.
    fn message(&self, network: NetworkId) -> Vec<u8> {
        #[derive(Serialize)]
        struct Message<'a, S: ?Sized> {
            domain: [u8; 32],
            network: NetworkId,
            statement: &'a S,
        }
        let domain = blake2b256(&[Self::DOMAIN.as_bytes()]);
        bcs::to_bytes(&Message {
            domain,
            network,
            statement: self,
        })
        .expect("statements hold integers, hashes and short vectors only, which BCS always encodes")
    }
}

/// A statement with a signature that nobody has checked yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signed<S> {
    /// What was signed.
    pub statement: S,
    /// By whom it claims to be signed is known from the context.
    pub signature: Signature,
}

impl<S: Signable> Signed<S> {
    /// Checks the signature under `key` on `network`.
    ///
    /// # Errors
    /// [`KeyError::BadSignature`].
    pub fn verify(self, network: NetworkId, key: &PublicKey) -> Result<Verified<S>, KeyError> {
        key.verify(&self.statement.message(network), &self.signature)?;
        Ok(Verified(self))
    }
}

/// A statement whose signature holds: made by signing it or by checking it, in no other way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verified<S>(Signed<S>);

impl<S: Signable> Verified<S> {
    /// Signs `statement` for `network`.
    #[must_use]
    pub fn sign(statement: S, network: NetworkId, key: &SigningKey) -> Self {
        let signature = key.sign(&statement.message(network));
        Self(Signed {
            statement,
            signature,
        })
    }
}

impl<S> Verified<S> {
    /// The statement.
    #[must_use]
    pub const fn statement(&self) -> &S {
        &self.0.statement
    }

    /// The signature.
    #[must_use]
    pub const fn signature(&self) -> &Signature {
        &self.0.signature
    }

    /// Statement and signature, to be sent or stored.
    #[must_use]
    pub const fn signed(&self) -> &Signed<S> {
        &self.0
    }

    /// Statement and signature, by value.
    #[must_use]
    pub fn into_signed(self) -> Signed<S> {
        self.0
    }
}

/// `atoma/voucher/1`, by the channel's voucher key: all that was authorized since the channel opened.
///
/// There is no number: the larger amount supersedes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Voucher {
    /// The channel.
    pub channel: ChannelId,
    /// Total authorized since the channel was opened.
    pub cumulative: Amount,
}

impl Signable for Voucher {
    const DOMAIN: &'static str = "atoma/voucher/1";
}

/// `atoma/statement/1`, by one key epoch's signing key: what this key alone earned on a channel, and
/// the root over its receipts `0..receipts`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The channel.
    pub channel: ChannelId,
    /// The key's epoch on its node.
    pub key_epoch: KeyEpoch,
    /// Sum of the fees of those receipts.
    pub earned: Amount,
    /// How many receipts there are.
    pub receipts: u64,
    /// Sum of their input tokens.
    pub input_tokens: u64,
    /// Sum of their output tokens.
    pub output_tokens: u64,
    /// Merkle root over the messages of the receipts, leaf index = sequence number.
    pub root: MerkleRoot,
}

impl Signable for Statement {
    const DOMAIN: &'static str = "atoma/statement/1";
}

/// `atoma/receipt/1`, by one key epoch's signing key: the public head of a receipt for one part of an
/// answer. Its message is the leaf of the Merkle tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// Channel or task it is charged to.
    pub account: AccountId,
    /// The key's epoch on its node.
    pub key_epoch: KeyEpoch,
    /// Dense from 0 within account and key epoch.
    pub seq: Seq,
    /// What this part costs.
    pub fee: Amount,
    /// BLAKE2b-256 of the BCS of the [`ReceiptBody`].
    pub body_hash: BodyHash,
}

impl Signable for Receipt {
    const DOMAIN: &'static str = "atoma/receipt/1";
}

/// The private body of a receipt; travels sealed to the requester, who alone can show it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReceiptBody {
    /// Commits to the whole request.
    pub request_commitment: RequestCommitment,
    /// Commits to the response up to the end of this part.
    pub response_commitment: ResponseCommitment,
    /// Number of this part, from 0.
    pub part: u32,
    /// Whether the answer ends here.
    pub last: bool,
    /// The model's id on-chain.
    pub model: ModelId,
    /// The weights that ran.
    pub manifest_hash: ManifestHash,
    /// Input tokens of earlier parts of the same answer.
    pub input_before: Tokens,
    /// Output tokens of earlier parts of the same answer.
    pub output_before: Tokens,
    /// Input tokens of this part.
    pub input_tokens: Tokens,
    /// Output tokens of this part.
    pub output_tokens: Tokens,
    /// When it was signed, by the node's clock: information, never evidence.
    pub finished_at_ms: TimestampMs,
}

impl ReceiptBody {
    /// What the receipt's head commits to.
    #[must_use]
    pub fn hash(&self) -> BodyHash {
        let bytes = bcs::to_bytes(self).expect("a body holds integers, flags and hashes only");
        BodyHash::new(blake2b256(&[&bytes]))
    }

    /// Tokens of the earlier parts of the answer.
    #[must_use]
    pub const fn before(&self) -> TokenCount {
        TokenCount::new(self.input_before, self.output_before)
    }

    /// Tokens of this part.
    #[must_use]
    pub const fn tokens(&self) -> TokenCount {
        TokenCount::new(self.input_tokens, self.output_tokens)
    }
}

/// `atoma/promise/1`, by a sequencer process's promise key: a task was taken and given to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Promise {
    /// The sequencer.
    pub sequencer: SequencerId,
    /// Dense from the first number of the key.
    pub seq: Seq,
    /// Commits to the request.
    pub commitment: RequestCommitment,
    /// Who is to serve it.
    pub node: NodeId,
    /// When it was given, by the sequencer's clock.
    pub at_ms: TimestampMs,
}

impl Signable for Promise {
    const DOMAIN: &'static str = "atoma/promise/1";
}

/// Longest measurement, in bytes.
pub const MAX_MEASUREMENT_BYTES: usize = 64;

/// `atoma/verdict/1`, by an attestor: what a piece of evidence proves about a key epoch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// The node.
    pub node: NodeId,
    /// Its key epoch.
    pub key_epoch: KeyEpoch,
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// What the platform measured; at most [`MAX_MEASUREMENT_BYTES`].
    pub measurement: Vec<u8>,
    /// The evidence that was checked.
    pub evidence_hash: EvidenceHash,
    /// The report data found in it.
    pub report_data: ReportData,
    /// What it proves.
    pub grade: Grade,
    /// Time of the checkpoint that the evidence is anchored to.
    pub anchor_ms: TimestampMs,
    /// The attestor set that the signer speaks for.
    pub attestor_set_version: AttestorSetVersion,
}

impl Signable for Verdict {
    const DOMAIN: &'static str = "atoma/verdict/1";
}

/// `atoma/report/1`: hashed, not signed. What a TEE binds into its report: exactly these keys, on this
/// node of this network, no older than the anchor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The node.
    pub node: NodeId,
    /// Kind of evidence.
    pub kind: EvidenceKind,
    /// Key epoch to be posted.
    pub key_epoch: KeyEpoch,
    /// Signs receipts and statements; 32 bytes behind a length byte, as Move's `vector<u8>`.
    pub signing_key: ReportKey,
    /// BLAKE2b-256 over all sealing keys, concatenated.
    pub sealing_keys_hash: SealingKeysHash,
    /// The model set's manifest.
    pub manifest_hash: ManifestHash,
    /// A recent checkpoint.
    pub anchor_seq: CheckpointSeq,
    /// Its digest.
    pub anchor_digest: CheckpointDigest,
}

impl Signable for Report {
    const DOMAIN: &'static str = "atoma/report/1";
}

impl Report {
    /// First 32 bytes of the TEE's report data; the rest is zero.
    #[must_use]
    pub fn data(&self, network: NetworkId) -> ReportData {
        ReportData::new(blake2b256(&[&self.message(network)]))
    }
}

/// A public key as Move's `vector<u8>`: a length byte of 32, then the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportKey(pub PublicKey);

impl Serialize for ReportKey {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            self.0.serialize(serializer)
        } else {
            serializer.serialize_bytes(self.0.as_bytes())
        }
    }
}

impl<'de> Deserialize<'de> for ReportKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        if deserializer.is_human_readable() {
            return PublicKey::deserialize(deserializer).map(Self);
        }
        let bytes = <[u8; 32]>::try_from(Vec::<u8>::deserialize(deserializer)?)
            .map_err(|bytes| serde::de::Error::invalid_length(bytes.len(), &"32 bytes"))?;
        PublicKey::new(bytes)
            .map(Self)
            .map_err(serde::de::Error::custom)
    }
}

/// Where a piece of evidence comes from: one byte on the wire and on-chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[non_exhaustive]
pub enum EvidenceKind {
    /// No TEE at all; counts only on a network created with `dev`.
    Simulated,
    /// AMD SEV-SNP.
    SevSnp,
    /// Intel TDX.
    Tdx,
    /// AWS Nitro Enclaves.
    Nitro,
}

impl From<EvidenceKind> for u8 {
    fn from(kind: EvidenceKind) -> Self {
        match kind {
            EvidenceKind::Simulated => 0,
            EvidenceKind::SevSnp => 1,
            EvidenceKind::Tdx => 2,
            EvidenceKind::Nitro => 3,
        }
    }
}

impl TryFrom<u8> for EvidenceKind {
    type Error = UnknownEvidenceKind;

    fn try_from(byte: u8) -> Result<Self, Self::Error> {
        match byte {
            0 => Ok(Self::Simulated),
            1 => Ok(Self::SevSnp),
            2 => Ok(Self::Tdx),
            3 => Ok(Self::Nitro),
            _ => Err(UnknownEvidenceKind(byte)),
        }
    }
}

/// A byte that names no kind of evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no known kind of evidence")]
pub struct UnknownEvidenceKind(u8);

/// What evidence proved: a set of bits. A channel's `need` must be a subset of an epoch's grade.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Grade(pub u64);

impl Grade {
    /// The vendor's certificate chain and signature hold.
    pub const VENDOR_CHAIN: Self = Self(1);
    /// The measurement is on the network's allow-list.
    pub const MEASUREMENT: Self = Self(1 << 1);
    /// The platform's TCB is current.
    pub const TCB: Self = Self(1 << 2);
    /// A GPU's evidence is bound to the same keys.
    pub const GPU_BOUND: Self = Self(1 << 3);
    /// The platform is registered with its vendor.
    pub const PLATFORM_REGISTERED: Self = Self(1 << 4);
    /// The evidence is simulated and proves nothing about hardware.
    pub const SIMULATED: Self = Self(1 << 63);

    /// Whether everything in `need` was proved.
    #[must_use]
    pub const fn covers(self, need: Self) -> bool {
        self.0 & need.0 == need.0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl std::fmt::Debug for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Grade({self})")
    }
}

impl std::fmt::Display for Grade {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const NAMES: [(Grade, &str); 6] = [
            (Grade::VENDOR_CHAIN, "vendor-chain"),
            (Grade::MEASUREMENT, "measurement"),
            (Grade::TCB, "tcb"),
            (Grade::GPU_BOUND, "gpu-bound"),
            (Grade::PLATFORM_REGISTERED, "platform-registered"),
            (Grade::SIMULATED, "SIMULATED"),
        ];
        let mut separator = "";
        for (bit, name) in NAMES {
            if self.covers(bit) {
                write!(f, "{separator}{name}")?;
                separator = "+";
            }
        }
        if separator.is_empty() {
            f.write_str("nothing")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests;
