//! What a serving node does on the chain.

use std::sync::Arc;

use async_trait::async_trait;
use atoma_chain::{
    ChainError, Client, CoinType, Wallet,
    state::ChannelState,
    tx::{self, SettleChannel},
};
use atoma_protocol::{
    ids::{ChannelId, KeyEpoch, NodeId, ObjectId},
    money::Amount,
    statement::{Signed, Statement, Voucher},
};

/// A voucher and one key epoch's statement: what pays on one channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settlement {
    /// The payer's word.
    pub voucher: Signed<Voucher>,
    /// The key epoch's word.
    pub statement: Signed<Statement>,
}

/// What settling and watching need of the chain; a trait, so that they can be tested without one.
#[async_trait]
pub trait NodeChain: Send + Sync + std::fmt::Debug {
    /// Channels as they are now; none where there is none any more.
    async fn channels(&self, ids: &[ChannelId]) -> Result<Vec<Option<ChannelState>>, ChainError>;

    /// Settles, and gives the channels that were refused, each with the reason.
    async fn settle(
        &self,
        items: &[Settlement],
    ) -> Result<Vec<(ChannelId, ChainError)>, ChainError>;

    /// Folds the lane of a key epoch that is over.
    async fn fold(&self, channel: ChannelId, key_epoch: KeyEpoch) -> Result<(), ChainError>;

    /// Closes a channel, which refunds its payer at once.
    async fn close(&self, channel: ChannelId) -> Result<(), ChainError>;

    /// Advances live time.
    async fn tick(&self) -> Result<(), ChainError>;

    /// Pays the operator what the hold-back let go.
    async fn withdraw(&self) -> Result<(), ChainError>;
}

/// The chain through a fullnode, with the operator's wallet.
#[derive(Clone, Debug)]
pub struct OperatorChain {
    /// Reads and submits.
    pub client: Client,
    /// Signs.
    pub wallet: Arc<Wallet>,
    /// The node.
    pub node: NodeId,
    /// Right to operate it.
    pub cap: ObjectId,
    /// Its vault of the coin.
    pub vault: ObjectId,
    /// The coin that it earns in.
    pub coin: CoinType,
}

#[async_trait]
impl NodeChain for OperatorChain {
    async fn channels(&self, ids: &[ChannelId]) -> Result<Vec<Option<ChannelState>>, ChainError> {
        let ids: Vec<_> = ids
            .iter()
            .map(|id| ObjectId::new(id.into_bytes()))
            .collect();
        self.client.get_many(&ids).await
    }

    async fn settle(
        &self,
        items: &[Settlement],
    ) -> Result<Vec<(ChannelId, ChainError)>, ChainError> {
        let items: Vec<_> = items
            .iter()
            .map(|item| SettleChannel {
                coin: self.coin.clone(),
                node: self.node,
                vault: self.vault,
                voucher: item.voucher.clone(),
                statement: item.statement.clone(),
            })
            .collect();
        let settled = self.client.settle(&self.wallet, &items).await?;
        Ok(settled.refused)
    }

    async fn fold(&self, channel: ChannelId, key_epoch: KeyEpoch) -> Result<(), ChainError> {
        let at = self.client.deployment();
        let action = tx::fold(at, channel, &self.coin, self.node, self.cap, key_epoch);
        self.client.submit(&self.wallet, &action).await.map(drop)
    }

    async fn close(&self, channel: ChannelId) -> Result<(), ChainError> {
        let action = tx::close(
            self.client.deployment(),
            channel,
            &self.coin,
            self.node,
            self.cap,
        );
        self.client.submit(&self.wallet, &action).await.map(drop)
    }

    async fn tick(&self) -> Result<(), ChainError> {
        let action = tx::tick(self.client.deployment());
        self.client.submit(&self.wallet, &action).await.map(drop)
    }

    async fn withdraw(&self) -> Result<(), ChainError> {
        let vault = self.client.vault(self.vault).await?;
        let waiting = vault.arriving.saturating_add(vault.held);
        if waiting > Amount::ZERO {
            // Held dues wait in live time, which somebody has to wind.
            self.tick().await?;
        } else if vault.free == Amount::ZERO {
            return Ok(());
        }
        let action = tx::withdraw_dues(
            self.client.deployment(),
            self.vault,
            self.node,
            self.cap,
            &self.coin,
            self.wallet.address(),
        );
        self.client.submit(&self.wallet, &action).await.map(drop)
    }
}
