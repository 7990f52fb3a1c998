//! Objects of the deployment, read and checked.

use atoma_protocol::{
    ids::{Address, ChannelId, KeyEpoch, ModelId, NodeId, ObjectId},
    money::Amount,
    statement::EvidenceKind,
    time::TimestampMs,
};
use serde::{Deserialize, Serialize};
use sui_sdk_types::{Identifier, StructTag, TypeTag};

use super::{Client, gas};
use crate::{
    deployment::CoinType,
    error::ChainError,
    generated::atoma::{channel::Lane as RawLane, key_epoch::KeyEpoch as RawKeyEpoch},
    id::{SuiId, cast},
    rpc::{self, Committee, MAX_OBJECTS_A_CALL},
    state::{
        self, AttestorsState, ChannelState, KeyEpochState, Lane, LiveTimeState, MeasurementsState,
        ModelState, NetworkState, NodeState, PoolState, State, VaultState,
    },
};

/// Most pages of owned objects that are looked through.
const MAX_OWNED_PAGES: usize = 50;

impl Client {
    /// One object of the contracts.
    ///
    /// # Errors
    /// [`ChainError::NoSuchObject`], [`ChainError::WrongObject`] or [`ChainError::Rpc`].
    pub async fn get<T: State>(&self, id: impl SuiId) -> Result<T, ChainError> {
        let id: ObjectId = cast(id);
        self.find(id).await?.ok_or(ChainError::NoSuchObject { id })
    }

    /// One object of the contracts, if it exists.
    ///
    /// # Errors
    /// [`ChainError::WrongObject`] or [`ChainError::Rpc`].
    pub async fn find<T: State>(&self, id: impl SuiId) -> Result<Option<T>, ChainError> {
        rpc::object(self.rpc().as_ref(), cast(id))
            .await?
            .map(|object| state::decode(&self.deployment().package, &object))
            .transpose()
    }

    /// Many objects of one kind, in order; none for those that do not exist.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn get_many<T: State>(&self, ids: &[ObjectId]) -> Result<Vec<Option<T>>, ChainError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MAX_OBJECTS_A_CALL) {
            for object in self.rpc().objects(chunk).await? {
                found.push(
                    object
                        .map(|object| state::decode(&self.deployment().package, &object))
                        .transpose()?,
                );
            }
        }
        Ok(found)
    }

    /// All objects of one kind that `owner` owns: capabilities and positions.
    ///
    /// # Errors
    /// As [`Self::find`].
    pub async fn owned<T: State>(&self, owner: Address) -> Result<Vec<T>, ChainError> {
        let kind = state::struct_tag::<T>(&self.deployment().package);
        let mut found = Vec::new();
        let mut next = None;
        for _ in 0..MAX_OWNED_PAGES {
            let page = self.rpc().owned_objects(owner, &kind, next).await?;
            for object in &page.items {
                found.push(state::decode(&self.deployment().package, object)?);
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// The network.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn network(&self) -> Result<NetworkState, ChainError> {
        self.get(self.deployment().network).await
    }

    /// The live clock.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn live_time(&self) -> Result<LiveTimeState, ChainError> {
        self.get(self.deployment().objects.live_time).await
    }

    /// The attestor set.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn attestors(&self) -> Result<AttestorsState, ChainError> {
        self.get(self.deployment().objects.attestors).await
    }

    /// A node.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn node(&self, id: NodeId) -> Result<NodeState, ChainError> {
        self.get(id).await
    }

    /// A node's pool.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn pool(&self, id: ObjectId) -> Result<PoolState, ChainError> {
        self.get(id).await
    }

    /// A channel.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn channel(&self, id: ChannelId) -> Result<ChannelState, ChainError> {
        self.get(id).await
    }

    /// A vault.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn vault(&self, id: ObjectId) -> Result<VaultState, ChainError> {
        self.get(id).await
    }

    /// A model.
    ///
    /// # Errors
    /// As [`Self::get`].
    pub async fn model(&self, id: ModelId) -> Result<ModelState, ChainError> {
        self.get(id).await
    }

    /// A key epoch of a node, however old; none if it was never posted.
    ///
    /// # Errors
    /// [`ChainError::WrongObject`] or [`ChainError::Rpc`].
    pub async fn key_epoch(
        &self,
        node: &NodeState,
        epoch: KeyEpoch,
    ) -> Result<Option<KeyEpochState>, ChainError> {
        if let Some(known) = node.latest_epoch(epoch) {
            return Ok(Some(known.clone()));
        }
        self.field::<u64, RawKeyEpoch, _>(node.archive, &TypeTag::U64, &epoch.0)
            .await
    }

    /// What a key epoch earned on a channel, its lane folded or not; none without a lane.
    ///
    /// # Errors
    /// [`ChainError::WrongObject`] or [`ChainError::Rpc`].
    pub async fn lane(
        &self,
        channel: &ChannelState,
        epoch: KeyEpoch,
    ) -> Result<Option<Lane>, ChainError> {
        if let Some(lane) = channel.lanes.iter().find(|lane| lane.epoch == epoch) {
            return Ok(Some(lane.clone()));
        }
        let kind = self.own_type("channel", "FoldedLane");
        self.field::<u64, RawLane, _>(cast(channel.id), &kind, &epoch.0)
            .await
    }

    /// Until when a measurement is on the network's list; none if it is not on it.
    ///
    /// # Errors
    /// [`ChainError::WrongObject`] or [`ChainError::Rpc`].
    pub async fn measurement_until(
        &self,
        kind: EvidenceKind,
        measurement: &[u8],
    ) -> Result<Option<TimestampMs>, ChainError> {
        #[derive(Serialize, Deserialize, PartialEq)]
        struct Measurement {
            kind: u8,
            bytes: Vec<u8>,
        }
        let list: MeasurementsState = self.get(self.deployment().objects.measurements).await?;
        let key = Measurement {
            kind: kind.into(),
            bytes: measurement.to_vec(),
        };
        let tag = self.own_type("measurements", "Measurement");
        self.field::<Measurement, u64, _>(list.allowed, &tag, &key)
            .await
    }

    /// What `owner` has of a coin, in base units.
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn balance(&self, owner: Address, coin: &CoinType) -> Result<Amount, ChainError> {
        let mut sum = Amount::ZERO;
        let mut next = None;
        for _ in 0..MAX_OWNED_PAGES {
            let page = self
                .rpc()
                .owned_objects(owner, &coin.coin_struct(), next)
                .await?;
            for object in &page.items {
                sum = sum.saturating_add(Amount(gas::balance(object)?));
            }
            next = page.next;
            if next.is_none() {
                break;
            }
        }
        Ok(sum)
    }

    /// The committee that signs the checkpoints of `epoch`, or of the current one, as the fullnode
    /// says; pin it, or get to it from a pinned one by [`Committee::next`].
    ///
    /// # Errors
    /// [`ChainError::Rpc`].
    pub async fn committee(&self, epoch: Option<u64>) -> Result<Committee, ChainError> {
        Ok(self.rpc().committee(epoch).await?.into())
    }

    fn own_type(&self, module: &'static str, name: &'static str) -> TypeTag {
        TypeTag::Struct(Box::new(StructTag::new(
            self.deployment().package.original().to_sui(),
            Identifier::from_static(module),
            Identifier::from_static(name),
            Vec::new(),
        )))
    }

    async fn field<K, V, T>(
        &self,
        parent: ObjectId,
        kind: &TypeTag,
        key: &K,
    ) -> Result<Option<T>, ChainError>
    where
        K: Serialize + serde::de::DeserializeOwned + PartialEq + Sync,
        V: serde::de::DeserializeOwned,
        T: state::mirror::FromMove<V>,
    {
        let bytes =
            bcs::to_bytes(key).map_err(|error| ChainError::BadArgument(error.to_string()))?;
        let id = state::field_id(parent, kind, &bytes);
        rpc::object(self.rpc().as_ref(), id)
            .await?
            .map(|object| state::decode_field::<K, V, T>(parent, key, &object))
            .transpose()
    }
}
