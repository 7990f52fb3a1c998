//! What a session needs to be able to pay its node.

use std::fmt::Debug;

use async_trait::async_trait;
use atoma_chain::{ChainError, state::NodeState};
use atoma_client::Account;
use atoma_protocol::{
    channel::Payer,
    hash::ManifestHash,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    money::Amount,
    sealed::SealingPublicKey,
};

use crate::treasury::{Treasury, TreasuryError, TrustedNode};

/// Whom to trust and how to pay them; [`Treasury`] does both over the chain.
#[async_trait]
pub trait Payments: Debug + Send + Sync + 'static {
    /// The pinned network.
    fn network(&self) -> NetworkId;

    /// Checks a node's key epoch, with the sealing keys that the node names.
    ///
    /// # Errors
    /// [`TreasuryError`]: nothing may be sealed to these keys.
    async fn trust(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
        sealing_keys: Vec<SealingPublicKey>,
    ) -> Result<TrustedNode, TreasuryError>;

    /// The account of an open channel with `node` that pays for `models`.
    ///
    /// # Errors
    /// [`TreasuryError`].
    async fn account(&self, node: &NodeState, models: &[ModelId])
    -> Result<Account, TreasuryError>;

    /// The weights of a model.
    ///
    /// # Errors
    /// [`ChainError`].
    async fn manifest(&self, model: ModelId) -> Result<ManifestHash, ChainError>;

    /// Whether an account is due for a top-up.
    fn is_low(&self, payer: &Payer) -> bool;

    /// Adds a deposit if little is left beyond what is authorized; gives the new total.
    ///
    /// # Errors
    /// [`ChainError`].
    async fn top_up(
        &self,
        channel: ChannelId,
        authorized: Amount,
    ) -> Result<Option<Amount>, ChainError>;
}

#[async_trait]
impl Payments for Treasury {
    fn network(&self) -> NetworkId {
        self.chain().deployment().network
    }

    async fn trust(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
        sealing_keys: Vec<SealingPublicKey>,
    ) -> Result<TrustedNode, TreasuryError> {
        Self::trust(self, node, epoch, sealing_keys).await
    }

    async fn account(
        &self,
        node: &NodeState,
        models: &[ModelId],
    ) -> Result<Account, TreasuryError> {
        Self::account(self, node, models).await
    }

    async fn manifest(&self, model: ModelId) -> Result<ManifestHash, ChainError> {
        Ok(self.chain().model(model).await?.manifest_hash)
    }

    fn is_low(&self, payer: &Payer) -> bool {
        Self::is_low(self, payer)
    }

    async fn top_up(
        &self,
        channel: ChannelId,
        authorized: Amount,
    ) -> Result<Option<Amount>, ChainError> {
        Self::top_up(self, channel, authorized).await
    }
}
