//! A platform that exists in software only, for development: it proves nothing about hardware.
//!
//! A [`Platform`] stands for the vendor: its root key is drawn afresh for each market, never shipped.
//! Documents run the same path as real ones; their grade is [`Grade::SIMULATED`], and
//! [`crate::Verifiers`] refuses them wherever the network is not for development. Only builds with
//! feature `simulated` hold this module at all.

use atoma_protocol::{
    hash::ReportData,
    ids::NetworkId,
    keys::{PublicKey, SigningKey},
    statement::{EvidenceKind, Grade, Signable, Signed, Verified},
    time::TimestampMs,
};
use serde::{Deserialize, Serialize};

use crate::{Evidence, EvidenceError, Finding, Verifier};

/// What a simulated platform signs, under `atoma/simulated/1` and the zero network: like a real
/// vendor's, its documents know no network but the one hashed into the report data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Document {
    measurement: Vec<u8>,
    debug: bool,
    report_data: ReportData,
}

impl Signable for Document {
    const DOMAIN: &'static str = "atoma/simulated/1";
}

/// No network: see [`Document`].
const VENDOR: NetworkId = NetworkId::new([0; 32]);

/// The vendor and the machine in one.
#[derive(Debug)]
pub struct Platform {
    root: SigningKey,
    measurement: Vec<u8>,
    debug: bool,
}

impl Platform {
    /// A platform with root key `root`, running software that measures to `measurement`.
    #[must_use]
    pub const fn new(root: SigningKey, measurement: Vec<u8>) -> Self {
        Self {
            root,
            measurement,
            debug: false,
        }
    }

    /// The same in debug mode, which every verifier refuses.
    #[must_use]
    pub fn in_debug_mode(self) -> Self {
        Self {
            debug: true,
            ..self
        }
    }

    /// What a [`SimulatedVerifier`] has to trust.
    #[must_use]
    pub fn root(&self) -> PublicKey {
        self.root.public()
    }

    /// Evidence that binds `report_data`.
    #[must_use]
    pub fn evidence(&self, report_data: ReportData) -> Evidence {
        let document = Document {
            measurement: self.measurement.clone(),
            debug: self.debug,
            report_data,
        };
        let signed = Verified::sign(document, VENDOR, &self.root).into_signed();
        let document = bcs::to_bytes(&signed).expect("a document holds byte strings and a flag");
        Evidence {
            kind: EvidenceKind::Simulated,
            document,
        }
    }
}

/// Checks documents of a [`Platform`].
#[derive(Debug)]
pub struct SimulatedVerifier {
    root: PublicKey,
}

impl SimulatedVerifier {
    /// Trusts `root`.
    #[must_use]
    pub const fn new(root: PublicKey) -> Self {
        Self { root }
    }
}

impl Verifier for SimulatedVerifier {
    fn kind(&self) -> EvidenceKind {
        EvidenceKind::Simulated
    }

    fn inspect(&self, document: &[u8], _now: TimestampMs) -> Result<Finding, EvidenceError> {
        let signed: Signed<Document> = bcs::from_bytes(document)
            .map_err(|_| EvidenceError::Malformed("not a simulated document"))?;
        let verified = signed
            .verify(VENDOR, &self.root)
            .map_err(|_| EvidenceError::BadSignature("not by this market's simulated root"))?;
        let Document {
            measurement,
            debug,
            report_data,
        } = verified.into_signed().statement;
        if debug {
            return Err(EvidenceError::Debug);
        }
        let kind = EvidenceKind::Simulated;
        Ok(Finding {
            kind,
            measurement,
            report_data,
            grade: Grade::SIMULATED,
        })
    }
}
