//! Who the node is on-chain: found, or registered with stake, a vault and offers.

use std::{collections::BTreeMap, sync::Arc};

use atoma_chain::{
    AtomaEvent, Client, Wallet,
    state::{ModelState, NodeCapState, NodeState, NodeStatus},
    tx::{self, OfferTerms, RegisterNode},
};
use atoma_engine::{Engine, Modality};
use atoma_protocol::ids::{ModelId, NodeId, ObjectId};

use crate::{
    config::{ModelConfig, NodeConfig},
    error::NodeError,
    model::{ServedModel, ServedModels},
    store::{Identity, Store},
};

/// Engines by the name that [`ModelConfig::engine`] gives.
pub type Engines = BTreeMap<String, Arc<dyn Engine>>;

/// A node that is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registered {
    pub(crate) node: NodeId,
    pub(crate) cap: ObjectId,
    pub(crate) vault: ObjectId,
    pub(crate) models: ServedModels,
}

/// Registers and finds.
pub(crate) struct Registrar<'a> {
    pub(crate) client: &'a Client,
    pub(crate) wallet: &'a Wallet,
    pub(crate) config: &'a NodeConfig,
    pub(crate) store: &'a Store,
    pub(crate) engines: &'a Engines,
}

impl Registrar<'_> {
    /// Finds the node, or registers it; brings its models and offers up to the settings.
    pub(crate) async fn ensure(&self) -> Result<Registered, NodeError> {
        let mut models = ServedModels::new();
        let mut offers = Vec::new();
        for settings in &self.config.models {
            let model = self.model(settings).await?;
            offers.push(terms(settings, &model));
            models.insert(model.id, model);
        }
        let identity = match self.known().await? {
            Some(identity) => identity,
            None => self.register(offers.clone()).await?,
        };
        self.store.set_identity(&identity)?;
        let state = self.client.node(identity.node).await?;
        self.bring_up(&identity, &state, &offers).await?;
        let coin = &self.client.deployment().payment_coin;
        let vault = state
            .vault(coin)
            .ok_or_else(|| NodeError::NoVault(coin.to_string()))?;
        Ok(Registered {
            node: identity.node,
            cap: identity.cap,
            vault,
            models,
        })
    }

    /// The node of this wallet on this network, if there is one.
    async fn known(&self) -> Result<Option<Identity>, NodeError> {
        let network = self.client.deployment().network;
        let stored = self.store.identity()?;
        if let Some(identity) = stored.filter(|identity| identity.network == network) {
            let node: Option<NodeState> = self.client.find(identity.node).await?;
            if node.is_some_and(|node| node.network == network && node.cap == identity.cap) {
                return Ok(Some(identity));
            }
        }
        let caps: Vec<NodeCapState> = self.client.owned(self.wallet.address()).await?;
        for cap in caps {
            let node = self.client.node(cap.node).await?;
            if node.network == network && node.status != NodeStatus::Retired {
                return Ok(Some(Identity {
                    network,
                    node: cap.node,
                    cap: cap.id,
                }));
            }
        }
        Ok(None)
    }

    async fn register(&self, offers: Vec<OfferTerms>) -> Result<Identity, NodeError> {
        let at = self.client.deployment();
        let least = self.client.network().await?.params.min_own_stake;
        let stake = self.config.stake.unwrap_or(least);
        if stake < least {
            return Err(NodeError::StakeTooSmall { stake, least });
        }
        let action = tx::register_node(
            at,
            &RegisterNode {
                stake,
                commission_bps: self.config.commission_bps,
                max_commission_bps: self.config.max_commission_bps,
                coin: at.payment_coin.clone(),
                offers,
                owner: self.wallet.address(),
            },
        );
        let outcome = self.client.submit(self.wallet, &action).await?;
        let registered = outcome.events.iter().find_map(|event| match event {
            AtomaEvent::NodeRegistered(event) => Some(event),
            _ => None,
        });
        let event = registered.ok_or(NodeError::Unexpected("no node was registered"))?;
        tracing::info!(target: "atoma_node::registration", node = %event.node, "registered");
        Ok(Identity {
            network: at.network,
            node: event.node,
            cap: event.cap,
        })
    }

    /// Changes offers that differ from the settings, and takes work again.
    async fn bring_up(
        &self,
        identity: &Identity,
        state: &NodeState,
        offers: &[OfferTerms],
    ) -> Result<(), NodeError> {
        let at = self.client.deployment();
        let coin = &at.payment_coin;
        let changed: Vec<_> = offers
            .iter()
            .filter(|terms| !is_offered(state, terms, coin))
            .cloned()
            .collect();
        if !changed.is_empty() {
            let action = tx::set_offers(at, identity.node, identity.cap, coin, &changed);
            self.client.submit(self.wallet, &action).await?;
        }
        match state.status {
            NodeStatus::Active => Ok(()),
            NodeStatus::Draining => {
                let action = tx::activate(at, identity.node, identity.cap, state.pool);
                self.client.submit(self.wallet, &action).await?;
                Ok(())
            }
            NodeStatus::Jailed => Err(NodeError::OutOfService("jailed".to_owned())),
            NodeStatus::Retired => Err(NodeError::OutOfService("retired".to_owned())),
        }
    }

    async fn model(&self, settings: &ModelConfig) -> Result<ServedModel, NodeError> {
        let engine = self
            .engines
            .get(&settings.engine)
            .ok_or_else(|| NodeError::NoEngine {
                model: settings.name.clone(),
                engine: settings.engine.clone(),
            })?;
        let info = engine
            .model(&settings.name)
            .map_err(|_| {
                let names: Vec<_> = engine
                    .models()
                    .iter()
                    .map(|model| format!("`{}`", model.name))
                    .collect();
                NodeError::NotServed {
                    model: settings.name.clone(),
                    engine: settings.engine.clone(),
                    serves: names.join(", "),
                }
            })?
            .clone();
        let id = match settings.model_id {
            Some(id) => {
                let state: ModelState = self.client.model(id).await?;
                if state.manifest_hash != info.manifest_hash {
                    return Err(NodeError::OtherFiles {
                        model: settings.name.clone(),
                    });
                }
                id
            }
            None => self.registered_model(settings, &info).await?,
        };
        Ok(ServedModel {
            id,
            info,
            engine: Arc::clone(engine),
        })
    }

    /// The model that this node registered earlier, or a new one.
    async fn registered_model(
        &self,
        settings: &ModelConfig,
        info: &atoma_engine::ModelInfo,
    ) -> Result<ModelId, NodeError> {
        let network = self.client.deployment().network;
        if let Some(id) = self.store.model(info.manifest_hash)? {
            let known: Option<ModelState> = self.client.find(id).await?;
            if known.is_some_and(|model| model.network == network && model.name == settings.name) {
                return Ok(id);
            }
        }
        let modality = match info.modality {
            Modality::Text => atoma_chain::state::Modality::Text,
            _ => {
                return Err(NodeError::Unexpected(
                    "the engine serves a modality unknown on-chain",
                ));
            }
        };
        let action = tx::register_model(
            self.client.deployment(),
            &settings.name,
            info.manifest_hash,
            modality,
            &settings.weights_uri,
            self.wallet.address(),
        );
        let outcome = self.client.submit(self.wallet, &action).await?;
        let registered = outcome.events.iter().find_map(|event| match event {
            AtomaEvent::ModelRegistered(event) => Some(event.model),
            _ => None,
        });
        let id = registered.ok_or(NodeError::Unexpected("no model was registered"))?;
        self.store.set_model(info.manifest_hash, id)?;
        Ok(id)
    }
}

fn terms(settings: &ModelConfig, model: &ServedModel) -> OfferTerms {
    OfferTerms {
        model: model.id,
        prices: settings.prices(),
        context_length: model.info.context_length.get(),
        engine_class: model.info.engine_class.clone(),
        credit: settings.credit,
        max_routing_bps: settings.max_routing_bps,
        min_deposit: settings.min_deposit,
    }
}

fn is_offered(state: &NodeState, terms: &OfferTerms, coin: &atoma_chain::CoinType) -> bool {
    state.offer(terms.model, coin).is_some_and(|offer| {
        offer.prices() == terms.prices
            && offer.context_length == terms.context_length
            && offer.engine_class == terms.engine_class
            && offer.credit == terms.credit
            && offer.max_routing_bps == terms.max_routing_bps
            && offer.min_deposit == terms.min_deposit
    })
}
