//! Everything that can go wrong between a role and the chain.

use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use thiserror::Error;

use crate::{
    abort::{Abort, Named},
    deployment::CoinType,
    event::Position,
    id::{ChainId, TxDigest},
};

/// A failed call to a fullnode, before any of our meaning is put on it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RpcError {
    /// The fullnode does not have it (any more, or yet).
    #[error("{what} is not known to the fullnode")]
    NotFound {
        /// What was asked for.
        what: String,
    },
    /// The fullnode could not be reached, did not answer in time, or is overloaded; retried already.
    /// Whether a transaction was executed is then unknown.
    #[error("the chain's RPC is unavailable: {message}")]
    Unavailable {
        /// What the last attempt failed with.
        message: String,
    },
    /// The fullnode refused the request; trying the same again is useless.
    #[error("the fullnode refused the request: {message}")]
    Rejected {
        /// Its reason.
        message: String,
    },
    /// The fullnode lacks this method.
    #[error("the fullnode does not offer {what}")]
    Unsupported {
        /// The method.
        what: String,
    },
    /// The fullnode's answer breaks its own format, or does not belong to the question.
    #[error("the fullnode gave a bad answer: {message}")]
    BadAnswer {
        /// What is wrong with it.
        message: String,
    },
    /// The checkpoint was pruned: nobody can resume from there with this fullnode.
    #[error("checkpoint {asked} is pruned, the oldest that the fullnode keeps is {lowest}")]
    Pruned {
        /// The checkpoint asked for.
        asked: CheckpointSeq,
        /// The oldest one available.
        lowest: CheckpointSeq,
    },
}

impl RpcError {
    /// Whether the same call may succeed later.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) fn bad(message: impl std::fmt::Display) -> Self {
        Self::BadAnswer {
            message: message.to_string(),
        }
    }
}

/// What an action on the chain, or reading it, can fail with.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The call itself failed.
    #[error(transparent)]
    Rpc(#[from] RpcError),
    /// The contracts aborted the transaction, with one of their named errors.
    #[error("the contract refused it: {abort}{}", at_command(*command))]
    Aborted {
        /// The named error.
        abort: Abort,
        /// Index of the command that aborted, in the transaction as built by the caller.
        command: Option<usize>,
        /// The transaction, if it was executed and not just simulated.
        digest: Option<TxDigest>,
    },
    /// The transaction failed otherwise: a type, an argument, a limit.
    #[error("the transaction failed: {reason}{}", at_command(*command))]
    Failed {
        /// Sui's name for it.
        reason: String,
        /// Index of the command that failed, in the transaction as built by the caller.
        command: Option<usize>,
        /// The transaction, if it was executed and not just simulated.
        digest: Option<TxDigest>,
    },
    /// The wallet's SUI does not cover the gas.
    #[error("{owner} has {available} MIST for gas and needs {needed}")]
    InsufficientGas {
        /// The wallet.
        owner: Address,
        /// What it has, in MIST.
        available: u64,
        /// What is needed, in MIST.
        needed: u64,
    },
    /// The wallet has too little of a coin.
    #[error("{owner} has {available} base units of {coin} and needs {needed}")]
    InsufficientFunds {
        /// The wallet.
        owner: Address,
        /// The coin.
        coin: CoinType,
        /// What it has, in base units.
        available: u64,
        /// What is needed, in base units.
        needed: u64,
    },
    /// An object that the action names does not exist.
    #[error("object {id} does not exist")]
    NoSuchObject {
        /// Its id.
        id: ObjectId,
    },
    /// An object is not what it was taken for: of another package, another type, or bytes that do not
    /// decode.
    #[error("object {id} is no {expected}: {reason}")]
    WrongObject {
        /// Its id.
        id: ObjectId,
        /// What it should have been.
        expected: String,
        /// What it is instead.
        reason: String,
    },
    /// An owned object belongs to somebody else, so this wallet cannot use it.
    #[error("object {id} is not owned by {wallet}")]
    NotOwned {
        /// Its id.
        id: ObjectId,
        /// The wallet.
        wallet: Address,
    },
    /// An event of our own package whose bytes do not decode; nobody else can have emitted it, so the
    /// software is older than the contracts.
    #[error("event {event} at {position} does not decode: {reason}")]
    UndecodableEvent {
        /// Where it stands.
        position: Position,
        /// Its type.
        event: String,
        /// Why it does not decode.
        reason: String,
    },
    /// Objects of the transaction kept changing under it.
    #[error("the transaction lost {attempts} races for the versions of its objects")]
    Contended {
        /// How often it was built anew.
        attempts: u32,
    },
    /// The transaction is larger than Sui takes.
    #[error("the transaction is too large: {what} is {size}, the limit is {limit}")]
    TooLarge {
        /// What is counted.
        what: &'static str,
        /// How much there is.
        size: usize,
        /// How much is allowed.
        limit: usize,
    },
    /// The RPC serves another chain than the deployment names.
    #[error("the RPC serves chain {found}, the deployment is on {expected}")]
    WrongChain {
        /// From the deployment.
        expected: ChainId,
        /// From the RPC.
        found: ChainId,
    },
    /// An argument that no contract would take, refused before anything is sent.
    #[error("{0}")]
    BadArgument(String),
}

impl ChainError {
    /// Whether the same action may succeed later without anything being changed.
    #[must_use]
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Rpc(error) => error.is_transient(),
            Self::Contended { .. } => true,
            _ => false,
        }
    }

    /// The contract's named error, if it is one.
    #[must_use]
    pub const fn abort(&self) -> Option<&Abort> {
        match self {
            Self::Aborted { abort, .. } => Some(abort),
            _ => None,
        }
    }

    /// The contract's named error, if it is one of ours.
    #[must_use]
    pub fn named(&self) -> Option<Named> {
        self.abort().and_then(Abort::named)
    }

    /// Index of the command that failed, if it is known.
    #[must_use]
    pub const fn command(&self) -> Option<usize> {
        match self {
            Self::Aborted { command, .. } | Self::Failed { command, .. } => *command,
            _ => None,
        }
    }
}

fn at_command(command: Option<usize>) -> String {
    command.map_or_else(String::new, |index| format!(" (command {index})"))
}
