//! The part of a node that holds its keys.
//!
//! Signing and sealing keys are drawn here, stay in memory, and are zeroized when their key epoch ends.
//! The enclave opens sealed requests, runs the engine, meters the tokens itself, and signs receipts and
//! statements for what it metered: no figure is ever handed to it to be signed. Receipts, statements and
//! vouchers are stored before anything that follows from them leaves.

mod account;
mod admission;
mod keys;
mod response;
mod stream;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock},
};

use atoma_env::Env;
use atoma_link::{hello::Hello, message::Task};
use atoma_protocol::{
    channel::PayeeConfig,
    ids::{ChannelId, KeyEpoch, ModelId, NetworkId, NodeId},
    money::Amount,
    sealed::MAX_SEEN_ENCS,
    statement::{Signed, Voucher},
};
use tokio::sync::Notify;

use crate::{
    model::{ServedModel, ServedModels},
    store::Store,
};

pub use account::{AccountError, Balance, ChannelView};
pub use admission::{CHAT_PATH, Refusal};
pub use keys::{Anchor, GradedEpoch, PublicKeys};
pub use stream::{CUT_INTERVAL, SEND_TIMEOUT, TaskEnd, TaskLink};

use account::Account;
use keys::EpochKeys;

/// Most channels that one process keeps accounts for.
pub const MAX_CHANNELS: usize = 16_384;
/// Requests that a key epoch may still open when it asks to be rotated.
const ROTATE_BELOW: usize = MAX_SEEN_ENCS / 8;

/// What an enclave is made for.
#[derive(Clone, Debug)]
pub struct EnclaveConfig {
    /// The network.
    pub network: NetworkId,
    /// The node.
    pub node: NodeId,
    /// How channels are lent to.
    pub payee: PayeeConfig,
    /// Unsettled earnings of one channel that are worth a transaction.
    pub settle_threshold: Amount,
}

/// The sole holder of keys. Share it by `Arc`.
#[derive(Debug)]
pub struct Enclave {
    env: Env,
    config: EnclaveConfig,
    models: ServedModels,
    store: Store,
    epochs: RwLock<BTreeMap<KeyEpoch, Arc<EpochKeys>>>,
    accounts: Mutex<BTreeMap<ChannelId, Arc<Account>>>,
    rotation_wanted: Notify,
    settlement_wanted: Notify,
}

impl Enclave {
    /// An enclave without keys.
    #[must_use]
    pub fn new(env: Env, config: EnclaveConfig, models: ServedModels, store: Store) -> Self {
        Self {
            env,
            config,
            models,
            store,
            epochs: RwLock::default(),
            accounts: Mutex::default(),
            rotation_wanted: Notify::new(),
            settlement_wanted: Notify::new(),
        }
    }

    /// Draws the keys of a key epoch. They open nothing until somebody seals to them.
    pub fn draw(&self, epoch: KeyEpoch) -> PublicKeys {
        let keys = EpochKeys::draw(&self.env, epoch);
        let public = keys.public();
        self.epochs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(epoch, Arc::new(keys));
        public
    }

    /// Ends a key epoch once its streams are done: its keys are zeroized, new tasks for it are refused, and a
    /// stream that still runs is given up without a last receipt. All it signed is stored by then.
    pub fn end(&self, epoch: KeyEpoch) {
        self.epochs
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&epoch);
        for account in self.accounts().values() {
            // An account out of service has nothing to end.
            let _ = account.end(epoch);
        }
    }

    /// Ends every key epoch.
    pub fn end_all(&self) {
        let epochs: Vec<_> = self
            .epochs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .copied()
            .collect();
        for epoch in epochs {
            self.end(epoch);
        }
    }

    /// The public keys of an epoch that has not ended.
    #[must_use]
    pub fn public_keys(&self, epoch: KeyEpoch) -> Option<PublicKeys> {
        self.keys(epoch).map(|keys| keys.public())
    }

    /// Proves to a sequencer that the key of `epoch` is held here; `None` if the epoch has ended.
    #[must_use]
    pub fn hello(&self, epoch: KeyEpoch, nonce: [u8; 32]) -> Option<Signed<Hello>> {
        self.keys(epoch)
            .map(|keys| keys.hello(self.config.network, self.config.node, nonce))
    }

    /// Takes a channel into use under `epoch`, or takes note of a newer reading of it.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn use_channel(&self, epoch: KeyEpoch, view: ChannelView) -> Result<(), AccountError> {
        let channel = view.terms.channel;
        let account = {
            let mut accounts = self.accounts();
            match accounts.get(&channel) {
                Some(account) => {
                    let account = Arc::clone(account);
                    drop(accounts);
                    account.refresh(view, &self.store)?;
                    account
                }
                None if accounts.len() >= MAX_CHANNELS => return Err(AccountError::TooMany),
                None => {
                    let account = Arc::new(Account::new(view));
                    accounts.insert(channel, Arc::clone(&account));
                    account
                }
            }
        };
        account.begin(epoch, self.config.payee, &self.store)
    }

    /// Takes a channel that is in use already into use under `epoch` too.
    ///
    /// # Errors
    /// [`AccountError::NotInUse`], or as [`Self::use_channel`].
    pub fn use_known_channel(
        &self,
        epoch: KeyEpoch,
        channel: ChannelId,
    ) -> Result<(), AccountError> {
        let account = self.account(channel).ok_or(AccountError::NotInUse)?;
        account.begin(epoch, self.config.payee, &self.store)
    }

    /// Takes note of a newer reading of a channel in use.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn refresh_channel(&self, view: ChannelView) -> Result<(), AccountError> {
        match self.account(view.terms.channel) {
            Some(account) => account.refresh(view, &self.store),
            None => Ok(()),
        }
    }

    /// Forgets a channel that is closed on-chain.
    pub fn forget_channel(&self, channel: ChannelId) {
        self.accounts().remove(&channel);
    }

    /// Channels in use.
    #[must_use]
    pub fn channels(&self) -> Vec<ChannelId> {
        self.accounts().keys().copied().collect()
    }

    /// What a channel in use stands at.
    #[must_use]
    pub fn balance(&self, channel: ChannelId) -> Option<Balance> {
        self.account(channel)?.balance().ok()
    }

    /// Whether streams of `epoch` still run.
    #[must_use]
    pub fn has_streams(&self, epoch: KeyEpoch) -> bool {
        self.accounts()
            .values()
            .any(|account| account.has_streams(epoch).unwrap_or(false))
    }

    /// The largest voucher held for a channel in use.
    #[must_use]
    pub fn voucher(&self, channel: ChannelId) -> Option<Signed<Voucher>> {
        self.account(channel)?.voucher().ok().flatten()
    }

    /// Takes a voucher. A smaller or repeated one does no harm.
    ///
    /// # Errors
    /// [`Refusal`] of a voucher that is not the payer's, or for a channel that is not in use.
    pub fn take_voucher(&self, voucher: &Signed<Voucher>) -> Result<(), Refusal> {
        let account = self
            .account(voucher.statement.channel)
            .ok_or_else(|| admission::unpaid(&AccountError::NotInUse))?;
        account
            .take_voucher(voucher, &self.store)
            .map_err(|error| admission::unpaid(&error))?;
        self.look_at(&account);
        Ok(())
    }

    /// Does a task: opens, checks, runs, meters, seals, receipts. What the sequencer gets goes through
    /// `link`.
    pub async fn serve(&self, task: Task, link: &TaskLink) -> TaskEnd {
        let request = task.request;
        let account = self.account(task.channel);
        let end = match self.admit(task) {
            Ok(admitted) => self.run(admitted, link).await,
            Err(refusal) => self.fail(link, request, &refusal).await,
        };
        if let Some(account) = account {
            self.look_at(&account);
        }
        end
    }

    /// Completes when a key epoch has opened so many requests that it should be replaced.
    pub async fn rotation_wanted(&self) {
        self.rotation_wanted.notified().await;
    }

    /// Completes when some channel has earned enough to be settled, or should be read again.
    pub async fn settlement_wanted(&self) {
        self.settlement_wanted.notified().await;
    }

    /// What is served.
    #[must_use]
    pub const fn models(&self) -> &ServedModels {
        &self.models
    }

    /// The network.
    #[must_use]
    pub const fn network(&self) -> NetworkId {
        self.config.network
    }

    /// The node.
    #[must_use]
    pub const fn node(&self) -> NodeId {
        self.config.node
    }

    fn look_at(&self, account: &Account) {
        let worth_it = account.balance().is_ok_and(|balance| {
            let unsettled = balance.unsettled();
            balance.topped_up || (unsettled.0 > 0 && unsettled >= self.config.settle_threshold)
        });
        if worth_it {
            self.settlement_wanted.notify_one();
        }
    }

    fn keys(&self, epoch: KeyEpoch) -> Option<Arc<EpochKeys>> {
        // The map is only ever inserted into and removed from, so it is whole even after a panic.
        self.epochs
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&epoch)
            .cloned()
    }

    fn model(&self, model: ModelId) -> Option<&ServedModel> {
        self.models.get(&model)
    }

    fn accounts(&self) -> MutexGuard<'_, BTreeMap<ChannelId, Arc<Account>>> {
        // As above.
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn account(&self, channel: ChannelId) -> Option<Arc<Account>> {
        self.accounts().get(&channel).cloned()
    }

    const fn env(&self) -> &Env {
        &self.env
    }

    const fn store(&self) -> &Store {
        &self.store
    }

    fn rotate_if_used_up(&self, remaining: usize) {
        if remaining < ROTATE_BELOW {
            self.rotation_wanted.notify_one();
        }
    }
}
