//! A chain of channels that settles by the contract's rules, can be cut off, and counts what it did.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};

use async_trait::async_trait;
use atoma_chain::{
    ChainError, CoinType, RpcError,
    state::{ChannelState, ChannelStatus, Lane, Slot},
};
use atoma_node::chain::{NodeChain, Settlement};
use atoma_protocol::{
    ids::{Address, ChannelId, KeyEpoch, ObjectId},
    money::{Amount, Bps},
    statement::Grade,
    time::TimestampMs,
};

use crate::support::{CREDIT, FUNDED, MODELS, NETWORK, NODE, model_id, prices, voucher_key};

const MAX_LANES: usize = 4;

#[derive(Debug, Default)]
pub(crate) struct FakeChain {
    channels: Mutex<BTreeMap<ChannelId, ChannelState>>,
    folded: Mutex<BTreeMap<(ChannelId, KeyEpoch), Amount>>,
    pub(crate) away: AtomicBool,
    pub(crate) settles: AtomicU32,
    pub(crate) ticks: AtomicU32,
}

pub(crate) fn open_channel(id: ChannelId) -> ChannelState {
    ChannelState {
        coin: CoinType::sui(),
        id,
        version: 1,
        network: NETWORK,
        node: NODE,
        payer_cap: ObjectId::default(),
        voucher_key: voucher_key().public(),
        refund_to: Address::default(),
        router: Address::default(),
        routing_bps: Bps::default(),
        protocol_bps: Bps::default(),
        slots: MODELS
            .iter()
            .map(|name| Slot {
                model: model_id(name),
                input_price: prices().input,
                output_price: prices().output,
            })
            .collect(),
        need: Grade::SIMULATED,
        credit: CREDIT,
        grace_ms: 20_000,
        reap_ms: 10_000,
        expires_ms: TimestampMs(u64::MAX),
        state: ChannelStatus::Open,
        since: None,
        balance: FUNDED,
        funded: FUNDED,
        authorized: Amount::ZERO,
        paid: Amount::ZERO,
        folded: Amount::ZERO,
        lanes: Vec::new(),
        routing_claimed: Amount::ZERO,
        compensated: Amount::ZERO,
        compensation_claimed: Amount::ZERO,
    }
}

impl FakeChain {
    pub(crate) fn with(ids: &[ChannelId]) -> Self {
        let chain = Self::default();
        for id in ids {
            chain.table().insert(*id, open_channel(*id));
        }
        chain
    }

    fn table(&self) -> MutexGuard<'_, BTreeMap<ChannelId, ChannelState>> {
        self.channels.lock().unwrap()
    }

    pub(crate) fn state(&self, id: ChannelId) -> ChannelState {
        self.table()[&id].clone()
    }

    pub(crate) fn change(&self, id: ChannelId, change: impl FnOnce(&mut ChannelState)) {
        change(self.table().get_mut(&id).unwrap());
    }

    pub(crate) fn set_away(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    fn reach(&self) -> Result<(), ChainError> {
        if self.away.load(Ordering::SeqCst) {
            return Err(ChainError::Rpc(RpcError::Unavailable {
                message: "connection refused".to_owned(),
            }));
        }
        Ok(())
    }

    /// `channel::settle`.
    fn settle_one(&self, state: &mut ChannelState, item: &Settlement) {
        if state.state == ChannelStatus::Closed {
            return;
        }
        let voucher = item.voucher.statement;
        item.voucher
            .clone()
            .verify(NETWORK, &state.voucher_key)
            .expect("a settled voucher is the payer's");
        state.authorized = state.authorized.max(voucher.cumulative);
        let said = item.statement.statement;
        let is_folded = self
            .folded
            .lock()
            .unwrap()
            .contains_key(&(state.id, said.key_epoch));
        let lanes = state.lanes.len();
        match state
            .lanes
            .iter_mut()
            .find(|lane| lane.epoch == said.key_epoch)
        {
            Some(lane) if said.earned >= lane.earned && said.receipts > lane.receipts => {
                lane.earned = said.earned;
                lane.receipts = said.receipts;
                lane.root = said.root;
            }
            Some(_) => {}
            None if lanes < MAX_LANES && !is_folded && said.receipts > 0 => {
                state.lanes.push(Lane {
                    epoch: said.key_epoch,
                    earned: said.earned,
                    receipts: said.receipts,
                    root: said.root,
                });
            }
            None => {}
        }
        let total = state.due().min(state.authorized).min(state.funded);
        assert!(total >= state.paid, "what was paid never shrinks");
        state.paid = total;
    }
}

#[async_trait]
impl NodeChain for FakeChain {
    async fn channels(&self, ids: &[ChannelId]) -> Result<Vec<Option<ChannelState>>, ChainError> {
        self.reach()?;
        let table = self.table();
        Ok(ids.iter().map(|id| table.get(id).cloned()).collect())
    }

    async fn settle(
        &self,
        items: &[Settlement],
    ) -> Result<Vec<(ChannelId, ChainError)>, ChainError> {
        self.reach()?;
        self.settles.fetch_add(1, Ordering::SeqCst);
        for item in items {
            let mut table = self.table();
            let state = table.get_mut(&item.voucher.statement.channel).unwrap();
            self.settle_one(state, item);
        }
        Ok(Vec::new())
    }

    async fn fold(&self, channel: ChannelId, key_epoch: KeyEpoch) -> Result<(), ChainError> {
        self.reach()?;
        let mut table = self.table();
        let state = table.get_mut(&channel).unwrap();
        let index = state
            .lanes
            .iter()
            .position(|lane| lane.epoch == key_epoch)
            .expect("only lanes that exist are folded");
        let lane = state.lanes.remove(index);
        state.folded = state.folded.checked_add(lane.earned).unwrap();
        self.folded
            .lock()
            .unwrap()
            .insert((channel, key_epoch), lane.earned);
        Ok(())
    }

    async fn close(&self, channel: ChannelId) -> Result<(), ChainError> {
        self.reach()?;
        self.change(channel, |state| {
            assert_ne!(state.state, ChannelStatus::Closed);
            state.state = ChannelStatus::Closed;
        });
        Ok(())
    }

    async fn tick(&self) -> Result<(), ChainError> {
        self.reach()?;
        self.ticks.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }

    async fn withdraw(&self) -> Result<(), ChainError> {
        self.reach()
    }
}
