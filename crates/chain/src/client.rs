//! A deployment reached through a fullnode: actions in, outcomes out, objects as domain structs.

mod gas;
mod read;
mod sender;
mod settle;

use std::{sync::Arc, time::Duration};

use atoma_env::Env;
use atoma_protocol::ids::{CheckpointSeq, ObjectId};

use crate::{
    action::Action,
    deployment::Deployment,
    error::{ChainError, RpcError},
    event::{self, AtomaEvent},
    id::TxDigest,
    rpc::{Executed, Rpc},
    wallet::Wallet,
};

pub use sender::Sender;
pub use settle::{MAX_SETTLES_A_TRANSACTION, Settled};

/// Pause between two looks whether a transaction has its checkpoint.
const CONFIRM_PAUSE: Duration = Duration::from_millis(50);

/// A deployment reached through a fullnode. Cheap to clone; clones share caches.
#[derive(Clone, Debug)]
pub struct Client {
    sender: Sender,
    deployment: Arc<Deployment>,
}

/// What became of an action that succeeded.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The transaction.
    pub digest: TxDigest,
    /// Our contracts' events, in order; those of newer contracts that this software does not know are
    /// left out, for what was executed is executed.
    pub events: Vec<AtomaEvent>,
    /// Objects and packages it made.
    pub created: Vec<ObjectId>,
    /// What it cost in MIST, the storage rebate taken off; negative if more came back.
    pub gas_mist: i128,
    /// Its checkpoint, if known already; [`Client::confirm`] waits for it.
    pub checkpoint: Option<CheckpointSeq>,
}

impl Client {
    /// Connects a deployment with a fullnode.
    ///
    /// # Errors
    /// [`ChainError::WrongChain`] if the fullnode serves another chain, or [`ChainError::Rpc`].
    pub async fn connect(
        rpc: Arc<dyn Rpc>,
        deployment: Deployment,
        env: Env,
    ) -> Result<Self, ChainError> {
        let found = rpc.service_info().await?.chain;
        if found != deployment.chain_id {
            return Err(ChainError::WrongChain {
                expected: deployment.chain_id,
                found,
            });
        }
        Ok(Self::unchecked(rpc, deployment, env))
    }

    /// As [`Self::connect`], without asking the fullnode anything: for a role that must start while
    /// the chain cannot be reached.
    #[must_use]
    pub fn unchecked(rpc: Arc<dyn Rpc>, deployment: Deployment, env: Env) -> Self {
        let deployment = Arc::new(deployment);
        Self {
            sender: Sender::new(rpc, env).for_deployment(Arc::clone(&deployment)),
            deployment,
        }
    }

    /// Where the market lives.
    #[must_use]
    pub fn deployment(&self) -> &Deployment {
        &self.deployment
    }

    /// The fullnode.
    #[must_use]
    pub fn rpc(&self) -> &Arc<dyn Rpc> {
        self.sender.rpc()
    }

    /// Resolves, pays for, signs and executes `action`, and waits for its effects. Simulated first:
    /// what would abort costs nothing. One transaction at a time a wallet.
    ///
    /// # Errors
    /// Every [`ChainError`]. After [`RpcError::Unavailable`] it is unknown whether it was executed.
    pub async fn submit(&self, wallet: &Wallet, action: &Action) -> Result<Outcome, ChainError> {
        let executed = self.sender.submit(wallet, action).await?;
        Ok(self.outcome(&executed))
    }

    /// What `action` would fail with now, if anything; nothing is executed.
    ///
    /// # Errors
    /// Every [`ChainError`].
    pub async fn simulate(&self, wallet: &Wallet, action: &Action) -> Result<Outcome, ChainError> {
        let executed = self.sender.simulate(wallet, action).await?;
        Ok(self.outcome(&executed))
    }

    /// Waits until the transaction is in a checkpoint that the fullnode has, at most `limit`.
    ///
    /// # Errors
    /// [`RpcError::Unavailable`] if it is not by then, or whatever the fullnode fails with.
    pub async fn confirm(
        &self,
        digest: TxDigest,
        limit: Duration,
    ) -> Result<CheckpointSeq, ChainError> {
        let wait = async {
            loop {
                if let Some(checkpoint) = self
                    .rpc()
                    .transaction(digest)
                    .await?
                    .and_then(|executed| executed.checkpoint())
                {
                    return Ok(checkpoint);
                }
                self.sender.env().sleep(CONFIRM_PAUSE).await;
            }
        };
        tokio::time::timeout(limit, wait).await.unwrap_or_else(|_| {
            Err(ChainError::Rpc(RpcError::Unavailable {
                message: format!("transaction {digest} is in no checkpoint after {limit:?}"),
            }))
        })
    }

    fn outcome(&self, executed: &Executed) -> Outcome {
        Outcome {
            digest: executed.digest(),
            events: event::known_of_transaction(&self.deployment.package, executed),
            created: executed.created().iter().map(|object| object.id).collect(),
            gas_mist: executed.gas_used(),
            checkpoint: executed.checkpoint(),
        }
    }
}
