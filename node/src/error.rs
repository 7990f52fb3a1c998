//! Why a node does not start or stop as asked.

use atoma_chain::ChainError;
use atoma_protocol::{ids::KeyEpoch, money::Amount};
use thiserror::Error;

use crate::{
    attestors::AttestorError, config::ConfigError, evidence::EvidenceSourceError,
    settle::SettleError, store::StoreError,
};

/// Why a node does not start or stop as asked; worded for its operator.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The settings.
    #[error("the node's settings: {0}")]
    Config(#[from] ConfigError),
    /// The state folder.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The chain.
    #[error("the chain: {0}")]
    Chain(#[from] ChainError),
    /// The grade.
    #[error("attestation: {0}")]
    Attestors(#[from] AttestorError),
    /// Nobody brought a grade in time.
    #[error(
        "key epoch {0} got no grade: name `attestors` in the settings, or ask those who grade by hand"
    )]
    NotGraded(KeyEpoch),
    /// The evidence.
    #[error("evidence: {0}")]
    Evidence(#[from] EvidenceSourceError),
    /// The last settlement.
    #[error("settlement: {0}")]
    Settle(#[from] SettleError),
    /// A model names an engine that is not there.
    #[error("model `{model}` wants engine `{engine}`, which was not set up")]
    NoEngine {
        /// The model.
        model: String,
        /// The engine.
        engine: String,
    },
    /// An engine does not serve the model.
    #[error("engine `{engine}` does not serve model `{model}`; it serves {serves}")]
    NotServed {
        /// The model.
        model: String,
        /// The engine.
        engine: String,
        /// What it serves.
        serves: String,
    },
    /// The model on-chain is of other files.
    #[error(
        "model `{model}` on-chain is of other files than the engine's: remove `model_id` to register these"
    )]
    OtherFiles {
        /// The model.
        model: String,
    },
    /// The stake in the settings is below the minimum.
    #[error("`stake` is {stake}, the network wants at least {least}")]
    StakeTooSmall {
        /// From the settings.
        stake: Amount,
        /// The network's minimum.
        least: Amount,
    },
    /// The node cannot earn in the deployment's coin.
    #[error("the node has no vault for {0}: register a new node with another operator key")]
    NoVault(String),
    /// The node was slashed or retired.
    #[error("the node is {0} on-chain and takes no work")]
    OutOfService(String),
    /// The chain did what its contract does not.
    #[error("the chain answered in a way that the contracts do not: {0}")]
    Unexpected(&'static str),
    /// The node was told to stop while it started.
    #[error("stopped before it was ready")]
    Stopped,
}
