//! The sequencer's money: its wallet, its channels with nodes, and who they are with.

use std::{sync::Arc, time::Duration};

use atoma_attestation::{Policy, Verifiers, evidence::MAX_EVIDENCE_BYTES};
use atoma_chain::{
    ChainError, Client, Wallet,
    state::{ChannelState, ChannelStatus, KeyEpochState, NodeState, PayerCapState},
    tx::{self, OpenChannel},
};
use atoma_client::{
    Account, AccountError, AttestedEpoch, CheckError, PayerStore,
    attested::{Requirements, check},
};
use atoma_env::Env;
use atoma_protocol::{
    channel::{MAX_MODELS, ModelTerms, Payer, PayerConfig, Terms},
    hash::EvidenceHash,
    ids::{ChannelId, KeyEpoch, ModelId, NodeId},
    keys::SigningKey,
    money::{Amount, Bps, Prices},
    sealed::SealingPublicKey,
    time::TimestampMs,
};
use futures::StreamExt;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::config::SequencerConfig;

/// How long fetching evidence may take.
const EVIDENCE_TIMEOUT: Duration = Duration::from_secs(10);
/// A channel that expires sooner is not taken up again.
const MIN_CHANNEL_LEFT_MS: u64 = 60_000;

/// Why a node cannot be paid or trusted.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TreasuryError {
    /// The chain.
    #[error(transparent)]
    Chain(#[from] ChainError),
    /// The account of the channel.
    #[error(transparent)]
    Account(#[from] AccountError),
    /// The node's keys or evidence.
    #[error("the node's key epoch {epoch} cannot be trusted")]
    Untrusted {
        /// The epoch.
        epoch: KeyEpoch,
        /// Which check did not hold.
        #[source]
        source: CheckError,
    },
    /// The epoch was never posted.
    #[error("the node never posted key epoch {0}")]
    NotPosted(KeyEpoch),
    /// The evidence cannot be had.
    #[error("no archive has evidence {hash}: {}", reasons.join("; "))]
    NoEvidence {
        /// What the chain names.
        hash: EvidenceHash,
        /// What each archive said.
        reasons: Vec<String>,
    },
    /// The node offers none of the models it announced.
    #[error("the node has no offer in the payment coin for any model it announced")]
    NoOffers,
}

/// Opens, finds and fills the sequencer's channels.
#[derive(Debug)]
pub struct Treasury {
    chain: Client,
    wallet: Wallet,
    env: Env,
    config: SequencerConfig,
    store: PayerStore,
    verifiers: Arc<Verifiers>,
    http: reqwest::Client,
    voucher_seed: Zeroizing<[u8; 32]>,
}

/// A node that may be paid: what it proved and what it offers.
#[derive(Clone, Debug)]
pub struct TrustedNode {
    /// Its checked keys.
    pub attested: AttestedEpoch,
    /// Its state on-chain.
    pub state: NodeState,
}

impl Treasury {
    /// Over the chain, with the wallet that pays. `voucher_seed` is the secret of the voucher keys.
    #[expect(
        clippy::too_many_arguments,
        reason = "each is one collaborator, handed over once"
    )]
    #[must_use]
    pub fn new(
        chain: Client,
        wallet: Wallet,
        env: Env,
        config: SequencerConfig,
        store: PayerStore,
        verifiers: Arc<Verifiers>,
        http: reqwest::Client,
        voucher_seed: Zeroizing<[u8; 32]>,
    ) -> Self {
        Self {
            chain,
            wallet,
            env,
            config,
            store,
            verifiers,
            http,
            voucher_seed,
        }
    }

    /// The chain.
    #[must_use]
    pub const fn chain(&self) -> &Client {
        &self.chain
    }

    /// The voucher key of all channels of this sequencer.
    fn voucher_key(&self) -> SigningKey {
        SigningKey::from_seed(*self.voucher_seed)
    }

    /// Checks a node's key epoch: everything from its status to its evidence.
    ///
    /// # Errors
    /// [`TreasuryError`].
    pub async fn trust(
        &self,
        node: NodeId,
        epoch: KeyEpoch,
        sealing_keys: Vec<SealingPublicKey>,
    ) -> Result<TrustedNode, TreasuryError> {
        let state = self.chain.node(node).await?;
        let posted = self
            .chain
            .key_epoch(&state, epoch)
            .await?
            .ok_or(TreasuryError::NotPosted(epoch))?;
        let evidence = self.evidence(&posted).await?;
        let policy = self.policy(&posted).await?;
        let requirements = Requirements {
            network: self.chain.deployment().network,
            verifiers: &self.verifiers,
            policy: &policy,
            need: self.config.need,
        };
        let now = self.env.now();
        let attested = check(&state, &posted, sealing_keys, &evidence, &requirements, now)
            .map_err(|source| TreasuryError::Untrusted { epoch, source })?;
        Ok(TrustedNode { attested, state })
    }

    /// What the network allows, as far as this evidence is concerned.
    async fn policy(&self, posted: &KeyEpochState) -> Result<Policy, ChainError> {
        let dev = self.chain.network().await?.dev;
        let until = self
            .chain
            .measurement_until(posted.kind, &posted.measurement)
            .await?;
        let allowed = until.is_some_and(|until| self.env.now() < until);
        let measurements = if allowed {
            vec![(posted.kind, posted.measurement.clone())]
        } else {
            Vec::new()
        };
        Ok(Policy { dev, measurements })
    }

    /// Evidence by its hash from the archives we chose: where the node says that it lies is never
    /// fetched, so that no node can make this machine call where it likes.
    async fn evidence(&self, posted: &KeyEpochState) -> Result<Vec<u8>, TreasuryError> {
        let mut reasons = Vec::new();
        for archive in &self.config.evidence_archives {
            let url = format!(
                "{}/v1/evidence/{}",
                archive.trim_end_matches('/'),
                posted.evidence_hash
            );
            let fetched = tokio::time::timeout(EVIDENCE_TIMEOUT, self.fetch(&url)).await;
            match fetched.unwrap_or_else(|_| Err(format!("no answer within {EVIDENCE_TIMEOUT:?}")))
            {
                Ok(evidence) => return Ok(evidence),
                Err(reason) => reasons.push(format!("{archive}: {reason}")),
            }
        }
        Err(TreasuryError::NoEvidence {
            hash: posted.evidence_hash,
            reasons,
        })
    }

    async fn fetch(&self, url: &str) -> Result<Vec<u8>, String> {
        let response = self
            .http
            .get(url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status);
        let response = response.map_err(|error| error.without_url().to_string())?;
        let mut body = Vec::new();
        let mut pieces = response.bytes_stream();
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|error| error.without_url().to_string())?;
            if body.len() + piece.len() > MAX_EVIDENCE_BYTES {
                return Err(format!("more than {MAX_EVIDENCE_BYTES} bytes"));
            }
            body.extend_from_slice(&piece);
        }
        Ok(body)
    }

    /// The account of an open channel with `node` that pays for `models`: one that this wallet opened
    /// before, or a new one.
    ///
    /// # Errors
    /// [`TreasuryError`].
    pub async fn account(
        &self,
        node: &NodeState,
        models: &[ModelId],
    ) -> Result<Account, TreasuryError> {
        let wanted = self.offers(node, models);
        if wanted.is_empty() {
            return Err(TreasuryError::NoOffers);
        }
        let state = match self.find(node.id, &wanted).await? {
            Some(state) => state,
            None => self.open(node, &wanted).await?,
        };
        let config = PayerConfig {
            ahead_limit: self.config.ahead_limit,
        };
        Ok(Account::open(
            terms(&state),
            config,
            self.voucher_key(),
            self.store.clone(),
            state.funded,
            state.authorized,
        )?)
    }

    /// The node's offers in our coin for the models it announced, as many as a channel can have.
    fn offers(&self, node: &NodeState, models: &[ModelId]) -> Vec<(ModelId, Prices)> {
        let coin = &self.chain.deployment().payment_coin;
        let offered = models
            .iter()
            .filter_map(|model| Some((*model, node.offer(*model, coin)?.prices())));
        offered.take(MAX_MODELS).collect()
    }

    /// An open channel of ours with `node` at the prices that are offered now.
    async fn find(
        &self,
        node: NodeId,
        wanted: &[(ModelId, Prices)],
    ) -> Result<Option<ChannelState>, ChainError> {
        let caps: Vec<PayerCapState> = self.chain.owned(self.wallet.address()).await?;
        let ids: Vec<_> = caps
            .iter()
            .map(|cap| atoma_protocol::ids::ObjectId::new(cap.channel.into_bytes()))
            .collect();
        let (key, now) = (self.voucher_key().public(), self.env.now());
        let usable = |state: &ChannelState| {
            state.node == node
                && state.state == ChannelStatus::Open
                && state.voucher_key == key
                && state.need.covers(self.config.need)
                && state.expires_ms.0 > now.0.saturating_add(MIN_CHANNEL_LEFT_MS)
                && wanted.iter().all(|(model, prices)| {
                    state.slot(*model).is_some_and(|slot| {
                        slot.input_price <= prices.input && slot.output_price <= prices.output
                    })
                })
        };
        let found: Vec<Option<ChannelState>> = self.chain.get_many(&ids).await?;
        Ok(found
            .into_iter()
            .flatten()
            .filter(usable)
            .max_by_key(|state| state.funded))
    }

    async fn open(
        &self,
        node: &NodeState,
        wanted: &[(ModelId, Prices)],
    ) -> Result<ChannelState, ChainError> {
        let deployment = self.chain.deployment();
        let coin = deployment.payment_coin.clone();
        let params = self.chain.network().await?.params;
        let offers: Vec<_> = wanted
            .iter()
            .filter_map(|(model, _)| node.offer(*model, &coin))
            .collect();
        let least = offers
            .iter()
            .map(|offer| offer.min_deposit)
            .max()
            .unwrap_or_default();
        let routing: Bps = offers
            .iter()
            .map(|offer| offer.max_routing_bps)
            .chain([params.max_routing_bps, self.config.routing_bps])
            .min()
            .unwrap_or_default();
        let lifetime = self.config.channel_ms.min(params.max_channel_ms);
        let open = OpenChannel {
            node: node.id,
            coin,
            deposit: self.config.deposit.max(least),
            voucher_key: self.voucher_key().public(),
            refund_to: self.wallet.address(),
            router: self.wallet.address(),
            routing_bps: routing,
            models: wanted.to_vec(),
            need: self.config.need,
            grace: Duration::from_millis(params.min_grace_ms),
            expires: TimestampMs(self.env.now().0.saturating_add(lifetime)),
            owner: self.wallet.address(),
        };
        let outcome = self
            .chain
            .submit(&self.wallet, &tx::open_channel(deployment, &open))
            .await?;
        let channel = outcome
            .events
            .iter()
            .find_map(|event| match event {
                atoma_chain::AtomaEvent::ChannelOpened(opened) => Some(opened.channel),
                _ => None,
            })
            .ok_or_else(|| ChainError::BadArgument("opening made no channel".to_owned()))?;
        tracing::info!(node = %node.id, %channel, deposit = %open.deposit, "opened a channel");
        self.chain.channel(channel).await
    }

    /// Whether an account is due for a top-up.
    #[must_use]
    pub fn is_low(&self, payer: &Payer) -> bool {
        payer.funded().saturating_sub(payer.authorized()) < self.config.top_up_below
    }

    /// Adds a deposit if little is left beyond what is authorized; gives the new total.
    ///
    /// # Errors
    /// [`ChainError`].
    pub async fn top_up(
        &self,
        channel: ChannelId,
        authorized: Amount,
    ) -> Result<Option<Amount>, ChainError> {
        let state = self.chain.channel(channel).await?;
        let left = state.funded.saturating_sub(authorized);
        if left >= self.config.top_up_below || state.state != ChannelStatus::Open {
            return Ok((state.funded > Amount::ZERO).then_some(state.funded));
        }
        let deployment = self.chain.deployment();
        let action = tx::top_up(
            deployment,
            channel,
            &deployment.payment_coin,
            self.config.deposit,
        );
        self.chain.submit(&self.wallet, &action).await?;
        tracing::info!(%channel, amount = %self.config.deposit, "topped a channel up");
        Ok(Some(self.chain.channel(channel).await?.funded))
    }
}

fn terms(state: &ChannelState) -> Terms {
    let models = state.slots.iter().map(|slot| ModelTerms {
        model: slot.model,
        prices: Prices {
            input: slot.input_price,
            output: slot.output_price,
        },
    });
    Terms {
        network: state.network,
        channel: state.id,
        node: state.node,
        voucher_key: state.voucher_key,
        credit: state.credit,
        models: models.collect(),
    }
}
