//! Deploys the contracts on a localnet and sets the market up, once.

use std::sync::Arc;

use atoma_chain::{
    ChainError, Client, Rpc, Wallet,
    client::Sender,
    deploy::{CompiledPackage, DeployConfig, Payment, deploy},
    tx,
};
use atoma_env::Env;
use atoma_localnet::LocalChain;
use atoma_protocol::{
    ids::{Address, PackageId},
    keys::PublicKey,
    money::Amount,
    statement::EvidenceKind,
    time::TimestampMs,
};

use crate::{
    folder::{Folder, Saved},
    market::MarketError,
};

/// What simulated platforms measure of the software here.
pub const MEASUREMENT: &[u8] = b"atoma-development";
/// Most live time between two ticks, in milliseconds.
const GAP_MS: u64 = 1_000;
/// Stake coin that each operator is given, in base units: twice the least own stake.
const OPERATOR_STAKE: Amount = Amount(2_000_000_000);
/// Test dollars that the sequencer is given, in base units (6 decimals).
const SEQUENCER_USD: Amount = Amount(1_000_000_000);

/// A deployed market and the wallet that governs it.
#[derive(Debug)]
pub struct Genesis {
    /// The market on its chain.
    pub client: Client,
    /// What governs it.
    pub saved: Saved,
    admin: Wallet,
    chain: LocalChain,
}

impl Genesis {
    /// Takes the folder's market up, or deploys one.
    ///
    /// # Errors
    /// [`MarketError`].
    pub async fn ensure(
        folder: &Folder,
        rpc: Arc<dyn Rpc>,
        chain: LocalChain,
        attestor: PublicKey,
        env: &Env,
    ) -> Result<Self, MarketError> {
        let admin = Wallet::load_or_create(&folder.path().join("admin.key"), env)?;
        if let Some(saved) = folder.saved()? {
            let client = Client::connect(rpc, saved.deployment.clone(), env.clone()).await?;
            return Ok(Self {
                client,
                saved,
                admin,
                chain,
            });
        }
        give_sui(&chain, admin.address())?;
        let saved = deploy_dev(rpc.clone(), &admin, env).await?;
        let client = Client::connect(rpc, saved.deployment.clone(), env.clone()).await?;
        let genesis = Self {
            client,
            saved,
            admin,
            chain,
        };
        genesis.set_up(attestor).await?;
        folder.save(&genesis.saved)?;
        Ok(genesis)
    }

    async fn set_up(&self, attestor: PublicKey) -> Result<(), ChainError> {
        let at = self.client.deployment();
        let cap = self.saved.admin_cap;
        let attestors = tx::set_attestors(at, cap, 1, &[attestor]);
        self.client.submit(&self.admin, &attestors).await?;
        let forever = TimestampMs(u64::MAX);
        let allow = tx::allow_measurement(at, cap, EvidenceKind::Simulated, MEASUREMENT, forever);
        self.client.submit(&self.admin, &allow).await?;
        Ok(())
    }

    /// Gives a node operator gas and enough to stake, unless it has them.
    ///
    /// # Errors
    /// [`MarketError`].
    pub async fn fund_operator(&self, operator: Address) -> Result<(), MarketError> {
        let coin = self.saved.deployment.stake_coin.clone();
        self.give_gas(operator).await?;
        if self.client.balance(operator, &coin).await? < OPERATOR_STAKE {
            let mint =
                tx::treasury_mint(&coin, self.saved.stake_treasury, OPERATOR_STAKE, operator);
            self.client.submit(&self.admin, &mint).await?;
        }
        Ok(())
    }

    /// Gives a sequencer gas and test dollars, unless it has them.
    ///
    /// # Errors
    /// [`MarketError`].
    pub async fn fund_sequencer(&self, sequencer: Address) -> Result<(), MarketError> {
        let deployment = &self.saved.deployment;
        self.give_gas(sequencer).await?;
        let has = self
            .client
            .balance(sequencer, &deployment.payment_coin)
            .await?;
        if let Some(usd) = deployment.test_usd.as_ref().filter(|_| has < SEQUENCER_USD) {
            let mint = tx::mint_test_usd(usd, SEQUENCER_USD, sequencer);
            self.client.submit(&self.admin, &mint).await?;
        }
        Ok(())
    }

    async fn give_gas(&self, address: Address) -> Result<(), MarketError> {
        let has = self
            .client
            .balance(address, &atoma_chain::CoinType::sui())
            .await?;
        if has < Amount(atoma_localnet::faucet::COIN_MIST) {
            give_sui(&self.chain, address)?;
        }
        Ok(())
    }
}

fn give_sui(chain: &LocalChain, address: Address) -> Result<(), MarketError> {
    chain.give(address).map_err(MarketError::Faucet)
}

async fn deploy_dev(rpc: Arc<dyn Rpc>, admin: &Wallet, env: &Env) -> Result<Saved, ChainError> {
    let config = DeployConfig {
        dev: true,
        gap_ms: GAP_MS,
        params: None,
        treasury: admin.address(),
        payment: Payment::TestUsd(compiled(atoma_contracts::usd())),
    };
    let sender = Sender::new(rpc, env.clone());
    let deployed = deploy(&sender, admin, compiled(atoma_contracts::atoma()), config).await?;
    Ok(Saved::from(deployed))
}

fn compiled(package: atoma_contracts::Package) -> CompiledPackage {
    CompiledPackage {
        modules: package
            .modules
            .into_iter()
            .map(|module| module.bytes)
            .collect(),
        dependencies: package
            .dependencies
            .into_iter()
            .map(PackageId::new)
            .collect(),
    }
}
