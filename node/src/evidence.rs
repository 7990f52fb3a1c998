//! Where a node's evidence comes from.

use async_trait::async_trait;
use atoma_attestation::Evidence;
use atoma_protocol::{hash::ReportData, statement::EvidenceKind};
use thiserror::Error;

/// A platform that gives no evidence.
#[derive(Debug, Error)]
#[error("the platform gives no evidence: {0}")]
pub struct EvidenceSourceError(pub String);

/// The platform that the node runs on.
#[async_trait]
pub trait EvidenceSource: Send + Sync + std::fmt::Debug {
    /// Its kind.
    fn kind(&self) -> EvidenceKind;

    /// What it measures of this software; 1 to 64 bytes.
    fn measurement(&self) -> &[u8];

    /// Evidence that binds `report_data`.
    async fn evidence(&self, report_data: ReportData) -> Result<Evidence, EvidenceSourceError>;
}

#[cfg(feature = "simulated")]
mod simulated {
    use atoma_attestation::simulated::Platform;
    use atoma_protocol::keys::SigningKey;

    use super::{
        Evidence, EvidenceKind, EvidenceSource, EvidenceSourceError, ReportData, async_trait,
    };

    /// No hardware at all: for development networks.
    #[derive(Debug)]
    pub struct Simulated {
        platform: Platform,
        measurement: Vec<u8>,
    }

    impl Simulated {
        /// A platform under the market's development root, running software that measures to
        /// `measurement`.
        #[must_use]
        pub fn new(root: SigningKey, measurement: Vec<u8>) -> Self {
            Self {
                platform: Platform::new(root, measurement.clone()),
                measurement,
            }
        }
    }

    #[async_trait]
    impl EvidenceSource for Simulated {
        fn kind(&self) -> EvidenceKind {
            EvidenceKind::Simulated
        }

        fn measurement(&self) -> &[u8] {
            &self.measurement
        }

        async fn evidence(&self, report_data: ReportData) -> Result<Evidence, EvidenceSourceError> {
            Ok(self.platform.evidence(report_data))
        }
    }
}

#[cfg(feature = "simulated")]
pub use simulated::Simulated;
