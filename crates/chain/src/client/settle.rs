//! Settling many channels: one that would abort must not hold the others.

use atoma_protocol::ids::ChannelId;

use super::{Client, Outcome};
use crate::{
    error::ChainError,
    tx::{self, SettleChannel},
    wallet::Wallet,
};

/// Channels that one transaction settles; beyond, gas grows faster than the number.
pub const MAX_SETTLES_A_TRANSACTION: usize = 100;

/// What became of a batch of settlements.
#[derive(Debug, Default)]
pub struct Settled {
    /// Transactions that were executed.
    pub outcomes: Vec<Outcome>,
    /// Channels that were left out, each with the reason.
    pub refused: Vec<(ChannelId, ChainError)>,
}

impl Client {
    /// Settles channels, up to [`MAX_SETTLES_A_TRANSACTION`] a transaction. What would abort is found by
    /// simulation, left out and reported; the rest is settled.
    ///
    /// # Errors
    /// A failure that no single channel is to blame for, such as an unavailable chain or no gas; what
    /// was settled before it stays settled, and settling again is harmless.
    pub async fn settle(
        &self,
        wallet: &Wallet,
        channels: &[SettleChannel],
    ) -> Result<Settled, ChainError> {
        let mut settled = Settled::default();
        for batch in channels.chunks(MAX_SETTLES_A_TRANSACTION) {
            self.settle_batch(wallet, batch.to_vec(), &mut settled)
                .await?;
        }
        Ok(settled)
    }

    async fn settle_batch(
        &self,
        wallet: &Wallet,
        batch: Vec<SettleChannel>,
        settled: &mut Settled,
    ) -> Result<(), ChainError> {
        // Parts still to be tried. Each round settles a part, takes one channel out, or halves.
        let mut parts = vec![batch];
        while let Some(mut part) = parts.pop() {
            if part.is_empty() {
                continue;
            }
            let error = match self
                .submit(wallet, &tx::settle(self.deployment(), &part))
                .await
            {
                Ok(outcome) => {
                    settled.outcomes.push(outcome);
                    continue;
                }
                Err(error) if is_of_one(&error) => error,
                Err(error) => return Err(error),
            };
            let guilty = match &error {
                ChainError::NoSuchObject { id } => part
                    .iter()
                    .position(|item| *id.as_bytes() == *item.channel().as_bytes()),
                error => error.command().filter(|index| *index < part.len()),
            };
            match guilty {
                Some(index) => {
                    let item = part.remove(index);
                    settled.refused.push((item.channel(), error));
                    parts.push(part);
                }
                None if part.len() == 1 => {
                    settled.refused.push((part[0].channel(), error));
                }
                None => {
                    let rest = part.split_off(part.len() / 2);
                    parts.push(rest);
                    parts.push(part);
                }
            }
        }
        Ok(())
    }
}

/// Whether a single channel of the batch may be to blame.
const fn is_of_one(error: &ChainError) -> bool {
    matches!(
        error,
        ChainError::Aborted { .. }
            | ChainError::Failed { .. }
            | ChainError::NoSuchObject { .. }
            | ChainError::WrongObject { .. }
            | ChainError::NotOwned { .. }
            | ChainError::TooLarge { .. }
            | ChainError::BadArgument(_)
            | ChainError::Rpc(crate::error::RpcError::Rejected { .. })
    )
}
