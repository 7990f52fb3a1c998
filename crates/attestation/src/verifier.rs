//! The rules that hold for evidence of every kind.

use std::fmt::Debug;

use atoma_protocol::{
    hash::{EvidenceHash, ReportData},
    statement::{EvidenceKind, Grade, MAX_MEASUREMENT_BYTES},
    time::TimestampMs,
};
use thiserror::Error;

use crate::Evidence;

/// Why evidence proves nothing.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EvidenceError {
    /// It is not the evidence that the chain names.
    #[error("evidence hashes to {actual}, the chain names {expected}")]
    WrongHash {
        /// What the chain names.
        expected: EvidenceHash,
        /// What was given.
        actual: EvidenceHash,
    },
    /// This build has no verifier for its kind.
    #[error("no verifier for evidence of kind {0:?}")]
    UnknownKind(EvidenceKind),
    /// The document does not parse.
    #[error("document is malformed: {0}")]
    Malformed(&'static str),
    /// The vendor's signature or certificate chain does not hold.
    #[error("signature does not hold: {0}")]
    BadSignature(&'static str),
    /// It binds other keys, another node, another network or another anchor.
    #[error("report data is {actual}, the posted keys give {expected}")]
    WrongReportData {
        /// What the posted keys give.
        expected: ReportData,
        /// What the document holds.
        actual: ReportData,
    },
    /// The guest can be read from outside.
    #[error("the guest runs in debug mode")]
    Debug,
    /// The software is not on the network's allow-list.
    #[error("measurement {} is not allowed on this network", Hex(.0))]
    MeasurementNotAllowed(Vec<u8>),
    /// Simulated evidence where it does not count.
    #[error("simulated evidence on a network that is not for development")]
    SimulatedOnProduction,
    /// A measurement longer than any platform's.
    #[error("measurement of {0} bytes")]
    MeasurementTooLong(usize),
}

/// What the network allows.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    /// Whether the network was created for development, so that simulated evidence counts.
    pub dev: bool,
    /// Allowed measurements, per kind.
    pub measurements: Vec<(EvidenceKind, Vec<u8>)>,
}

impl Policy {
    fn allows(&self, kind: EvidenceKind, measurement: &[u8]) -> bool {
        self.measurements
            .iter()
            .any(|(k, m)| *k == kind && m == measurement)
    }
}

/// What evidence proves.
#[derive(Clone, PartialEq, Eq)]
pub struct Finding {
    /// The platform.
    pub kind: EvidenceKind,
    /// What it measured.
    pub measurement: Vec<u8>,
    /// What the guest put into it.
    pub report_data: ReportData,
    /// What is proved by it.
    pub grade: Grade,
}

impl Debug for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finding")
            .field("kind", &self.kind)
            .field("measurement", &format_args!("{}", Hex(&self.measurement)))
            .field("report_data", &self.report_data)
            .field("grade", &self.grade)
            .finish()
    }
}

struct Hex<'a>(&'a [u8]);

impl std::fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

/// Checks the documents of one platform.
pub trait Verifier: Send + Sync + Debug {
    /// The platform.
    fn kind(&self) -> EvidenceKind;

    /// Checks signature, chain, validity at `now` and debug flags, and says what the document holds.
    /// The grade covers only what the document itself proves; the allow-list is checked by the caller.
    ///
    /// # Errors
    /// [`EvidenceError`].
    fn inspect(&self, document: &[u8], now: TimestampMs) -> Result<Finding, EvidenceError>;
}

/// The verifiers of a build.
#[derive(Debug, Default)]
pub struct Verifiers(Vec<Box<dyn Verifier>>);

impl Verifiers {
    /// Trusts no platform.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts one more platform.
    #[must_use]
    pub fn with(mut self, verifier: impl Verifier + 'static) -> Self {
        self.0.push(Box::new(verifier));
        self
    }

    /// Checks that `evidence` is the one named by `hash`, binds `report_data`, and is allowed by `policy`.
    ///
    /// # Errors
    /// [`EvidenceError`], the first rule that does not hold.
    pub fn check(
        &self,
        evidence: &Evidence,
        hash: EvidenceHash,
        report_data: ReportData,
        policy: &Policy,
        now: TimestampMs,
    ) -> Result<Finding, EvidenceError> {
        let actual = evidence.hash();
        if actual != hash {
            return Err(EvidenceError::WrongHash {
                expected: hash,
                actual,
            });
        }
        let kind = evidence.kind;
        if kind == EvidenceKind::Simulated && !policy.dev {
            return Err(EvidenceError::SimulatedOnProduction);
        }
        let verifier = self
            .0
            .iter()
            .find(|v| v.kind() == kind)
            .ok_or(EvidenceError::UnknownKind(kind))?;
        let mut finding = verifier.inspect(&evidence.document, now)?;
        if finding.report_data != report_data {
            return Err(EvidenceError::WrongReportData {
                expected: report_data,
                actual: finding.report_data,
            });
        }
        if finding.measurement.len() > MAX_MEASUREMENT_BYTES {
            return Err(EvidenceError::MeasurementTooLong(finding.measurement.len()));
        }
        if !policy.allows(kind, &finding.measurement) {
            return Err(EvidenceError::MeasurementNotAllowed(finding.measurement));
        }
        finding.grade = finding.grade.union(Grade::MEASUREMENT);
        Ok(finding)
    }
}
