//! The wallet's coins, and what a transaction may cost.

use atoma_protocol::ids::{Address, ObjectId};
use sui_sdk_types::{GasCostSummary, Object, ObjectReference};

use crate::{
    deployment::CoinType,
    error::{ChainError, RpcError},
    id::SuiId,
    rpc::Rpc,
    wallet::Lane,
};

/// Sui's limit on a transaction's gas budget, in MIST.
pub(super) const MAX_BUDGET: u64 = 50_000_000_000;
/// Most coins that one payment is made of; Sui takes 256 for gas.
const MAX_COINS: usize = 250;
/// Most pages of coins that are looked through.
const MAX_PAGES: usize = 10;
/// What is added to the simulated cost, in percent: the objects may have grown until execution.
const MARGIN_PERCENT: u64 = 50;
/// Units of gas that every budget has room for.
const BASE_UNITS: u64 = 2_000;
/// Bytes of a coin's id in its BCS; the balance follows.
const ID_BYTES: usize = 32;

/// Coins of one kind that a wallet has, largest first.
#[derive(Clone, Debug, Default)]
pub(super) struct Coins(Vec<(ObjectReference, u64)>);

impl Coins {
    /// What they are worth together, in base units.
    pub(super) fn total(&self) -> u64 {
        self.0
            .iter()
            .fold(0, |sum: u64, (_, value)| sum.saturating_add(*value))
    }

    /// The fewest coins that are worth `amount`; none if they are not.
    pub(super) fn covering(&self, amount: u64) -> Option<Vec<ObjectReference>> {
        let mut sum: u64 = 0;
        let mut taken = Vec::new();
        for (reference, value) in &self.0 {
            if sum >= amount && !taken.is_empty() {
                break;
            }
            sum = sum.saturating_add(*value);
            taken.push(reference.clone());
        }
        (sum >= amount).then_some(taken)
    }

    /// Those that the transaction does not name otherwise.
    pub(super) fn without(mut self, named: &[ObjectId]) -> Self {
        self.0
            .retain(|(reference, _)| !named.contains(&ObjectId::from_sui(*reference.object_id())));
        self
    }
}

/// The largest coins of a kind that `owner` has.
pub(super) async fn coins(
    rpc: &dyn Rpc,
    owner: Address,
    coin: &CoinType,
    lane: &Lane,
) -> Result<Coins, ChainError> {
    let mut found = Vec::new();
    let mut next = None;
    for _ in 0..MAX_PAGES {
        let page = rpc.owned_objects(owner, &coin.coin_struct(), next).await?;
        for object in &page.items {
            let seen = ObjectReference::new(object.object_id(), object.version(), object.digest());
            found.push((lane.newest(seen), balance(object)?));
        }
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    found.sort_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    found.truncate(MAX_COINS);
    Ok(Coins(found))
}

/// What a `Coin<T>` is worth: `{ id: UID, balance: u64 }`.
pub(super) fn balance(object: &Object) -> Result<u64, RpcError> {
    object
        .as_struct()
        .and_then(|coin| coin.contents().get(ID_BYTES..))
        .and_then(|bytes| <[u8; 8]>::try_from(bytes).ok())
        .map(u64::from_le_bytes)
        .ok_or_else(|| RpcError::bad("a coin is not 40 bytes"))
}

/// Budget for a transaction that was simulated at this cost. Storage is counted without its rebate,
/// as Sui does while it executes.
pub(super) fn budget(simulated: &GasCostSummary, price: u64) -> u64 {
    let cost = simulated
        .computation_cost
        .saturating_add(simulated.storage_cost);
    let margin = cost / 100 * MARGIN_PERCENT;
    cost.saturating_add(margin)
        .saturating_add(BASE_UNITS.saturating_mul(price))
        .min(MAX_BUDGET)
}
