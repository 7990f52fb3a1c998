//! What a ledger is started with.

use sui_sdk_types::Address;

use crate::limits::Limits;

/// MIST in one SUI.
pub const MIST_PER_SUI: u64 = 1_000_000_000;

/// Everything that decides the genesis of a chain, and how it runs: the last two may change between
/// runs, the rest may not.
#[derive(Debug, Clone)]
pub struct LedgerConfig {
    /// The framework's packages in order of dependency: first `0x1`, then `0x2`.
    pub framework: Vec<GenesisPackage>,
    /// Distinguishes chains: ids of genesis objects and the validator's key follow from it.
    pub chain_seed: [u8; 32],
    /// Accounts that own SUI from the start.
    pub accounts: Vec<GenesisAccount>,
    /// First time of the on-chain clock, milliseconds since the Unix epoch.
    pub clock_start_ms: u64,
    /// Reference gas price, MIST a unit.
    pub reference_gas_price: u64,
    /// How many checkpoints are kept, with their transactions and the versions of objects that they
    /// replaced; `None` keeps all. The latest versions of objects and the genesis are always kept.
    pub retained_checkpoints: Option<u64>,
    /// Limits of transactions.
    pub limits: Limits,
}

/// A package that exists from the start.
#[derive(Debug, Clone)]
pub struct GenesisPackage {
    /// Its id; its modules carry it, or zero.
    pub id: Address,
    /// Compiled modules, in any order.
    pub modules: Vec<Vec<u8>>,
}

/// An account that owns SUI from the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GenesisAccount {
    /// Who owns the coins.
    pub address: Address,
    /// One `Coin<SUI>` of each of these balances, MIST.
    pub coins: Vec<u64>,
}

impl LedgerConfig {
    /// A chain without accounts: clock at 0, reference gas price 1,000, all history, Sui's limits.
    #[must_use]
    pub fn new(framework: Vec<GenesisPackage>, chain_seed: [u8; 32]) -> Self {
        Self {
            framework,
            chain_seed,
            accounts: Vec::new(),
            clock_start_ms: 0,
            reference_gas_price: 1_000,
            retained_checkpoints: None,
            limits: Limits::default(),
        }
    }

    /// The same chain with one more account.
    #[must_use]
    pub fn with_account(mut self, address: Address, coins: impl Into<Vec<u64>>) -> Self {
        self.accounts.push(GenesisAccount {
            address,
            coins: coins.into(),
        });
        self
    }
}
