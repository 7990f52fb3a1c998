//! The ledger behind a lock, with a clock and listeners.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atoma_env::Env;
use atoma_ledger::{
    Checkpoint, Checks, Executed, FjallStore, GenesisPackage, Ledger, LedgerConfig, LedgerError,
    MIST_PER_SUI, MemoryStore, Simulated, Store, StoreError,
};
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_sdk_types::{Address, Transaction, UserSignature};
use thiserror::Error;
use tokio::sync::broadcast;

use crate::config::LocalnetConfig;

/// Checkpoints that a slow listener may fall behind before it has to catch up by asking.
pub const QUEUED_CHECKPOINTS: usize = 1_024;
/// SUI that the faucet's account owns from the start.
const FAUCET_SUI: u64 = 1_000_000_000;
/// Coins that it lies in.
const FAUCET_COINS: u64 = 4;

/// Why there is no chain.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ChainError {
    /// The ledger did not start.
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    /// The folder of the state cannot be used.
    #[error("the ledger's folder cannot be used")]
    Store(#[from] StoreError),
}

/// A running chain. Cheap to clone; clones share everything.
#[derive(Clone)]
pub struct LocalChain {
    inner: Arc<Inner>,
}

struct Inner {
    ledger: Mutex<Ledger>,
    sealed: broadcast::Sender<Arc<Checkpoint>>,
    faucet: Ed25519PrivateKey,
    clock_follows: bool,
    env: Env,
}

impl std::fmt::Debug for LocalChain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LocalChain").finish_non_exhaustive()
    }
}

impl LocalChain {
    /// Opens the chain in its folder, or starts it there.
    ///
    /// # Errors
    /// [`ChainError`].
    pub fn open(config: &LocalnetConfig, env: Env) -> Result<Self, ChainError> {
        let store: Arc<dyn Store> = match &config.state {
            Some(folder) => Arc::new(FjallStore::open(folder)?),
            None => Arc::new(MemoryStore::default()),
        };
        let seed = chain_seed(config.seed);
        let faucet = Ed25519PrivateKey::new(seed);
        let ledger = Ledger::new(genesis(seed, &faucet), store)?;
        let (sealed, _) = broadcast::channel(QUEUED_CHECKPOINTS);
        let clock_follows = config.clock_follows;
        Ok(Self {
            inner: Arc::new(Inner {
                ledger: Mutex::new(ledger),
                sealed,
                faucet,
                clock_follows,
                env,
            }),
        })
    }

    /// The ledger, to be read. Held shortly: every transaction waits for it.
    pub fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // The ledger changes its memory only after its store took a batch, so it is whole even if a
        // holder of the lock panicked.
        self.inner
            .ledger
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Key of the account that the faucet gives from.
    pub(crate) fn faucet_key(&self) -> &Ed25519PrivateKey {
        &self.inner.faucet
    }

    /// Checkpoints from now on.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Arc<Checkpoint>> {
        self.inner.sealed.subscribe()
    }

    /// Executes a transaction and cuts a checkpoint with it.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn execute(
        &self,
        transaction: &Transaction,
        signatures: &[UserSignature],
    ) -> Result<Executed, LedgerError> {
        let mut ledger = self.ledger();
        self.follow_clock(&mut ledger)?;
        let executed = ledger.execute(transaction, signatures);
        // The clock's own transaction is sealed even if the user's was refused.
        let sealed = self.seal_pending(&mut ledger)?;
        let mut executed = executed?;
        executed.checkpoint = executed.checkpoint.or(sealed);
        Ok(executed)
    }

    /// Runs a transaction without committing it, at the time that is now.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn simulate(
        &self,
        transaction: &Transaction,
        checks: Checks,
    ) -> Result<Simulated, LedgerError> {
        let mut ledger = self.ledger();
        self.follow_clock(&mut ledger)?;
        self.seal_pending(&mut ledger)?;
        ledger.simulate(transaction, checks)
    }

    /// Moves the clock to now, if it follows the real one, and cuts a checkpoint.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn heartbeat(&self) -> Result<(), LedgerError> {
        let mut ledger = self.ledger();
        self.follow_clock(&mut ledger)?;
        self.seal(&mut ledger).map(drop)
    }

    /// Moves the clock forward and cuts a checkpoint; gives the new time.
    ///
    /// # Errors
    /// [`LedgerError`].
    pub fn advance_clock(&self, by_ms: u64) -> Result<u64, LedgerError> {
        let mut ledger = self.ledger();
        ledger.advance_clock(by_ms)?;
        self.seal(&mut ledger)?;
        Ok(ledger.clock_ms())
    }

    fn follow_clock(&self, ledger: &mut Ledger) -> Result<(), LedgerError> {
        let now = self.inner.env.now().0;
        if self.inner.clock_follows && now > ledger.clock_ms() {
            ledger.set_time(now)?;
        }
        Ok(())
    }

    fn seal_pending(&self, ledger: &mut Ledger) -> Result<Option<u64>, LedgerError> {
        if ledger.pending_transactions() == 0 {
            return Ok(None);
        }
        self.seal(ledger).map(Some)
    }

    fn seal(&self, ledger: &mut Ledger) -> Result<u64, LedgerError> {
        let checkpoint = Arc::new(ledger.seal_checkpoint()?);
        let sequence = checkpoint.sequence_number();
        // Nobody listening is no error.
        let _ = self.inner.sealed.send(checkpoint);
        Ok(sequence)
    }
}

/// Address of the account that the faucet gives from.
pub(crate) fn faucet_address(key: &Ed25519PrivateKey) -> Address {
    key.public_key().derive_address()
}

fn chain_seed(seed: u64) -> [u8; 32] {
    let mut bytes = *b"atoma localnet                  ";
    bytes[24..].copy_from_slice(&seed.to_le_bytes());
    bytes
}

fn genesis(seed: [u8; 32], faucet: &Ed25519PrivateKey) -> LedgerConfig {
    let ids = [Address::from_static("0x1"), Address::from_static("0x2")];
    let packages = atoma_contracts::framework().into_iter().zip(ids);
    let framework = packages.map(|(package, id)| GenesisPackage {
        id,
        modules: package
            .modules
            .into_iter()
            .map(|module| module.bytes)
            .collect(),
    });
    let coins = vec![FAUCET_SUI / FAUCET_COINS * MIST_PER_SUI; 4];
    LedgerConfig::new(framework.collect(), seed).with_account(faucet_address(faucet), coins)
}
