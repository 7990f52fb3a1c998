//! From an action to an executed transaction.

use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use atoma_env::Env;
use atoma_protocol::{
    ids::{Address, ObjectId},
    time::TimestampMs,
};
use sui_sdk_types::{
    ExecutionError, GasPayment, Input, Object, ObjectReference, Owner, SharedInput, Transaction,
    TransactionExpiration, TransactionKind,
};

use super::gas::{self, Coins};
use crate::{
    abort::Abort,
    action::{Access, Action, Lowered, MAX_TRANSACTION_BYTES},
    deployment::{CoinType, Deployment},
    error::{ChainError, RpcError},
    id::SuiId,
    rpc::{Executed, Failure, MAX_OBJECTS_A_CALL, Rpc},
    wallet::{Lane, Wallet},
};

/// How often a transaction is built anew because its objects changed under it.
const MAX_RACES: u32 = 8;
/// Pause before a transaction is built anew.
const RACE_PAUSE: Duration = Duration::from_millis(50);
/// How long the gas price is taken for unchanged.
const GAS_PRICE_TTL: Duration = Duration::from_secs(60);
/// Most shared objects whose first version is remembered.
const MAX_SHARED_REMEMBERED: usize = 100_000;
/// Longest text of Sui's own error names.
const MAX_REASON_CHARS: usize = 256;

/// Executes actions through a fullnode. Needs no deployment, so that it can make one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sender {
    rpc: Arc<dyn Rpc>,
    env: Env,
    deployment: Option<Arc<Deployment>>,
    cache: Arc<Cache>,
}

#[derive(Debug, Default)]
struct Cache {
    /// First version of shared objects; never changes.
    shared: Mutex<HashMap<ObjectId, u64>>,
    gas_price: Mutex<Option<(u64, TimestampMs)>>,
}

/// A transaction ready to be signed.
struct Prepared {
    transaction: Transaction,
    lowered: Lowered,
}

impl Sender {
    /// Sends through `rpc`.
    #[must_use]
    pub fn new(rpc: Arc<dyn Rpc>, env: Env) -> Self {
        Self {
            rpc,
            env,
            deployment: None,
            cache: Arc::default(),
        }
    }

    pub(super) fn for_deployment(mut self, deployment: Arc<Deployment>) -> Self {
        self.deployment = Some(deployment);
        self
    }

    /// The fullnode.
    #[must_use]
    pub fn rpc(&self) -> &Arc<dyn Rpc> {
        &self.rpc
    }

    /// Time and randomness.
    #[must_use]
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// Resolves, pays for, signs and executes `action`.
    ///
    /// # Errors
    /// Every [`ChainError`]. After [`RpcError::Unavailable`] it is unknown whether it was executed.
    pub async fn submit(&self, wallet: &Wallet, action: &Action) -> Result<Executed, ChainError> {
        let mut lane = wallet.lane().await;
        for race in 0..MAX_RACES {
            if race > 0 {
                self.env.sleep(RACE_PAUSE * race).await;
            }
            let prepared = match self.prepare(wallet, &lane, action).await {
                Err(ChainError::Contended { .. }) => {
                    tracing::debug!(
                        action = action.name(),
                        race,
                        "objects moved before simulation"
                    );
                    lane.forget();
                    continue;
                }
                other => other?,
            };
            let signed = wallet.sign(prepared.transaction);
            match self.execute(&signed).await {
                Ok(executed) => {
                    lane.note(wallet.address().to_sui(), &executed);
                    return self.succeeded(executed, &prepared.lowered, wallet.address());
                }
                Err(RpcError::Rejected { message }) => {
                    lane.forget();
                    if !self.is_stale(&signed.transaction).await? {
                        return Err(RpcError::Rejected { message }.into());
                    }
                    tracing::debug!(action = action.name(), race, %message, "lost a race for an object");
                }
                Err(error) => {
                    lane.forget();
                    return Err(error.into());
                }
            }
        }
        Err(ChainError::Contended {
            attempts: MAX_RACES,
        })
    }

    /// What `action` would do now; nothing is executed.
    ///
    /// # Errors
    /// Every [`ChainError`].
    pub async fn simulate(&self, wallet: &Wallet, action: &Action) -> Result<Executed, ChainError> {
        let lane = wallet.lane().await;
        let (_, executed) = self.rehearse(wallet, &lane, action).await?;
        Ok(executed)
    }

    /// Executes; if the answer is lost, asks once more what became of it.
    async fn execute(
        &self,
        signed: &sui_sdk_types::SignedTransaction,
    ) -> Result<Executed, RpcError> {
        match self.rpc.execute(signed).await {
            Err(error @ RpcError::Unavailable { .. }) => {
                let digest = signed.transaction.digest().into();
                match self.rpc.transaction(digest).await {
                    Ok(Some(executed)) => Ok(executed),
                    _ => Err(error),
                }
            }
            other => other,
        }
    }

    async fn prepare(
        &self,
        wallet: &Wallet,
        lane: &Lane,
        action: &Action,
    ) -> Result<Prepared, ChainError> {
        let (plan, executed) = self.rehearse(wallet, lane, action).await?;
        let budget = gas::budget(executed.effects().gas_summary(), plan.price);
        let transaction = plan.transaction(wallet.address(), budget, action.sui_spent())?;
        Ok(Prepared {
            transaction,
            lowered: plan.lowered,
        })
    }

    /// Resolves the action and simulates it with everything that the wallet has for gas.
    async fn rehearse(
        &self,
        wallet: &Wallet,
        lane: &Lane,
        action: &Action,
    ) -> Result<(Plan, Executed), ChainError> {
        let owner = wallet.address();
        let objects = self.resolve(owner, lane, action).await?;
        let mut payments = BTreeMap::new();
        for (coin, amount) in action.payments()? {
            if amount.0 == 0 {
                continue;
            }
            let coins = gas::coins(self.rpc.as_ref(), owner, &coin, lane).await?;
            let taken = coins
                .covering(amount.0)
                .ok_or_else(|| ChainError::InsufficientFunds {
                    owner,
                    coin: coin.clone(),
                    available: coins.total(),
                    needed: amount.0,
                })?;
            payments.insert(coin, taken);
        }
        let lowered = action.lower(&objects, &payments)?;
        let named: Vec<ObjectId> = objects.keys().copied().collect();
        let coins = gas::coins(self.rpc.as_ref(), owner, &CoinType::sui(), lane)
            .await?
            .without(&named);
        let plan = Plan {
            lowered,
            coins,
            price: self.gas_price().await?,
        };
        let spent = action.sui_spent();
        let budget = plan
            .coins
            .total()
            .saturating_sub(spent)
            .min(gas::MAX_BUDGET);
        let transaction = plan.transaction(owner, budget.max(1), spent)?;
        let executed = match self.rpc.simulate(&transaction).await {
            Err(error @ RpcError::Rejected { .. }) => {
                if self.is_stale(&transaction).await? {
                    return Err(ChainError::Contended { attempts: 1 });
                }
                return Err(error.into());
            }
            other => self.simulated(other?, &plan, owner)?,
        };
        Ok((plan, executed))
    }

    /// Inputs for all objects that the action names.
    async fn resolve(
        &self,
        owner: Address,
        lane: &Lane,
        action: &Action,
    ) -> Result<HashMap<ObjectId, Input>, ChainError> {
        let mut inputs = HashMap::new();
        let mut unknown = Vec::new();
        {
            let shared = lock(&self.cache.shared);
            for (id, access) in action.objects() {
                match shared.get(&id) {
                    Some(version) => {
                        inputs.insert(id, shared_input(id, *version, access));
                    }
                    None => unknown.push((id, access)),
                }
            }
        }
        for chunk in unknown.chunks(MAX_OBJECTS_A_CALL) {
            let ids: Vec<ObjectId> = chunk.iter().map(|(id, _)| *id).collect();
            let found = self.rpc.objects(&ids).await?;
            for ((id, access), object) in chunk.iter().zip(found) {
                let object = object.ok_or(ChainError::NoSuchObject { id: *id })?;
                inputs.insert(*id, self.input(owner, lane, *id, *access, &object)?);
            }
        }
        Ok(inputs)
    }

    fn input(
        &self,
        wallet: Address,
        lane: &Lane,
        id: ObjectId,
        access: Access,
        object: &Object,
    ) -> Result<Input, ChainError> {
        match object.owner() {
            Owner::Shared(version)
            | Owner::ConsensusAddress {
                start_version: version,
                ..
            } => {
                let mut shared = lock(&self.cache.shared);
                if shared.len() >= MAX_SHARED_REMEMBERED {
                    shared.clear();
                }
                shared.insert(id, *version);
                Ok(shared_input(id, *version, access))
            }
            Owner::Immutable => Ok(Input::ImmutableOrOwned(reference(object))),
            Owner::Address(owner) if *owner == wallet.to_sui() => {
                Ok(Input::ImmutableOrOwned(lane.newest(reference(object))))
            }
            _ => Err(ChainError::NotOwned { id, wallet }),
        }
    }

    async fn gas_price(&self) -> Result<u64, ChainError> {
        let now = self.env.now();
        if let Some((price, at)) = *lock(&self.cache.gas_price)
            && now.saturating_since(at) < GAS_PRICE_TTL
        {
            return Ok(price);
        }
        let price = self.rpc.reference_gas_price().await?;
        *lock(&self.cache.gas_price) = Some((price, now));
        Ok(price)
    }

    /// Whether an owned object of the transaction has another version by now, so that building it
    /// anew helps.
    async fn is_stale(&self, transaction: &Transaction) -> Result<bool, ChainError> {
        *lock(&self.cache.gas_price) = None;
        let TransactionKind::ProgrammableTransaction(kind) = &transaction.kind else {
            return Ok(false);
        };
        let used: Vec<&ObjectReference> = kind
            .inputs
            .iter()
            .filter_map(|input| match input {
                Input::ImmutableOrOwned(reference) => Some(reference),
                _ => None,
            })
            .chain(&transaction.gas_payment.objects)
            .collect();
        for chunk in used.chunks(MAX_OBJECTS_A_CALL) {
            let ids: Vec<ObjectId> = chunk
                .iter()
                .map(|reference| ObjectId::from_sui(*reference.object_id()))
                .collect();
            let found = self.rpc.objects(&ids).await?;
            let stale = chunk
                .iter()
                .zip(found)
                .any(|(used, found)| found.is_none_or(|found| found.version() != used.version()));
            if stale {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn simulated(
        &self,
        executed: Executed,
        plan: &Plan,
        owner: Address,
    ) -> Result<Executed, ChainError> {
        match executed.failure() {
            None => Ok(executed),
            Some(Failure {
                error: ExecutionError::InsufficientGas,
                ..
            }) => Err(ChainError::InsufficientGas {
                owner,
                available: plan.coins.total(),
                needed: plan.coins.total().saturating_add(1),
            }),
            Some(failure) => Err(self.failed(&failure, &plan.lowered, None)),
        }
    }

    fn succeeded(
        &self,
        executed: Executed,
        lowered: &Lowered,
        owner: Address,
    ) -> Result<Executed, ChainError> {
        let Some(failure) = executed.failure() else {
            return Ok(executed);
        };
        tracing::debug!(digest = %executed.digest(), %owner, error = ?failure.error, "transaction failed");
        Err(self.failed(&failure, lowered, Some(&executed)))
    }

    fn failed(
        &self,
        failure: &Failure,
        lowered: &Lowered,
        executed: Option<&Executed>,
    ) -> ChainError {
        let command = failure
            .command
            .and_then(|index| lowered.command_of_action(index));
        let digest = executed.map(Executed::digest);
        match &failure.error {
            ExecutionError::MoveAbort { location, code } => ChainError::Aborted {
                abort: Abort::new(self.deployment.as_deref(), location, *code),
                command,
                digest,
            },
            error => ChainError::Failed {
                reason: format!("{error:?}")
                    .chars()
                    .take(MAX_REASON_CHARS)
                    .collect(),
                command,
                digest,
            },
        }
    }
}

/// A resolved action, with what can pay for it.
struct Plan {
    lowered: Lowered,
    coins: Coins,
    price: u64,
}

impl Plan {
    fn transaction(
        &self,
        sender: Address,
        budget: u64,
        spent: u64,
    ) -> Result<Transaction, ChainError> {
        let needed = budget.saturating_add(spent);
        let objects = self
            .coins
            .covering(needed)
            .filter(|coins| !coins.is_empty())
            .ok_or(ChainError::InsufficientGas {
                owner: sender,
                available: self.coins.total(),
                needed,
            })?;
        let transaction = Transaction {
            kind: TransactionKind::ProgrammableTransaction(self.lowered.transaction.clone()),
            sender: sender.to_sui(),
            gas_payment: GasPayment {
                objects,
                owner: sender.to_sui(),
                price: self.price,
                budget,
            },
            expiration: TransactionExpiration::None,
        };
        let size = bcs::serialized_size(&transaction)
            .map_err(|error| ChainError::BadArgument(error.to_string()))?;
        if size > MAX_TRANSACTION_BYTES {
            return Err(ChainError::TooLarge {
                what: "the transaction's length in bytes",
                size,
                limit: MAX_TRANSACTION_BYTES,
            });
        }
        Ok(transaction)
    }
}

fn shared_input(id: ObjectId, version: u64, access: Access) -> Input {
    Input::Shared(SharedInput::new(
        id.to_sui(),
        version,
        access == Access::Write,
    ))
}

fn reference(object: &Object) -> ObjectReference {
    ObjectReference::new(object.object_id(), object.version(), object.digest())
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // Caches stay usable whatever panicked while one was held.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
