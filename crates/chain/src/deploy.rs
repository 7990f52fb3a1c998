//! Putting a market on a chain: publish the packages, make the network.

use std::time::Duration;

use atoma_protocol::ids::{Address, NetworkId, ObjectId, PackageId};
use sui_sdk_types::{ObjectType, StructTag, TypeTag};

use crate::{
    action::Action,
    client::Sender,
    deployment::{CoinType, Deployment, Lineage, SharedObjects, TestUsd},
    error::{ChainError, RpcError},
    event::{self, AtomaEvent},
    id::SuiId as _,
    rpc::{Executed, MAX_OBJECTS_A_CALL},
    state::NetworkParams,
    tx::{self, CreateNetwork},
    wallet::Wallet,
};

/// How often created objects are looked for: a fullnode may lag behind what it executed.
const MAX_LOOKS: u32 = 50;
/// Pause between two looks.
const LOOK_PAUSE: Duration = Duration::from_millis(100);

/// A compiled Move package.
#[derive(Clone, Debug)]
pub struct CompiledPackage {
    /// Bytecode of its modules, in dependency order.
    pub modules: Vec<Vec<u8>>,
    /// Every package that it needs.
    pub dependencies: Vec<PackageId>,
}

/// The market to be made.
#[derive(Clone, Debug)]
pub struct DeployConfig {
    /// Whether simulated evidence counts and windows may be short; fixed for ever.
    pub dev: bool,
    /// Most live time between two ticks, in milliseconds; an hour unless `dev`.
    pub gap_ms: u64,
    /// Parameters; none for the package's own.
    pub params: Option<NetworkParams>,
    /// Where protocol dues go.
    pub treasury: Address,
    /// What channels are paid in.
    pub payment: Payment,
}

/// What channels are paid in.
#[derive(Clone, Debug)]
pub enum Payment {
    /// The test dollar, published along; for networks with `dev`.
    TestUsd(CompiledPackage),
    /// A coin that exists.
    Coin(CoinType),
}

/// A market, and what governs it. Everything belongs to the wallet that deployed it.
#[derive(Clone, Debug)]
pub struct Deployed {
    /// Where the market lives.
    pub deployment: Deployment,
    /// Right to govern the network.
    pub admin_cap: ObjectId,
    /// Right to stop new business.
    pub pause_cap: ObjectId,
    /// Right to upgrade the package.
    pub upgrade_cap: ObjectId,
    /// Right to mint ATOMA.
    pub stake_treasury: ObjectId,
}

/// Publishes the packages and makes a network: three transactions, two without a test dollar.
///
/// # Errors
/// Every [`ChainError`]. What was executed before stays; starting over makes another market.
pub async fn deploy(
    sender: &Sender,
    wallet: &Wallet,
    atoma: CompiledPackage,
    config: DeployConfig,
) -> Result<Deployed, ChainError> {
    let chain_id = sender.rpc().service_info().await?.chain;
    let published = publish(sender, wallet, atoma).await?;
    let lineage = Lineage::single(published.package);
    let stake_coin = own_coin(published.package, "atoma", "ATOMA")?;
    let (payment_coin, test_usd) = match config.payment {
        Payment::Coin(coin) => (coin, None),
        Payment::TestUsd(package) => {
            let usd = publish(sender, wallet, package).await?;
            let faucet = usd.object("usd", "Faucet")?;
            (
                own_coin(usd.package, "usd", "USD")?,
                Some(TestUsd {
                    package: usd.package,
                    faucet,
                }),
            )
        }
    };
    let create = tx::create_network(&CreateNetwork {
        package: published.package,
        dev: config.dev,
        gap_ms: config.gap_ms,
        params: config.params,
        treasury: config.treasury,
        coins: vec![payment_coin.clone()],
        admin: wallet.address(),
    });
    let made = Made::of(&event::of_transaction(
        &lineage,
        &sender.submit(wallet, &create).await?,
    )?)?;
    Ok(Deployed {
        admin_cap: made.admin_cap,
        pause_cap: made.pause_cap,
        upgrade_cap: published.framework_object("package", "UpgradeCap", None)?,
        stake_treasury: published.framework_object("coin", "TreasuryCap", Some(&stake_coin))?,
        deployment: Deployment {
            chain_id,
            network: made.network,
            package: lineage,
            stake_coin,
            payment_coin,
            objects: made.objects,
            test_usd,
        },
    })
}

/// What the transaction that made the network said.
struct Made {
    network: NetworkId,
    admin_cap: ObjectId,
    pause_cap: ObjectId,
    objects: SharedObjects,
}

impl Made {
    fn of(events: &[AtomaEvent]) -> Result<Self, ChainError> {
        let mut created = None;
        let mut attestors = None;
        let mut measurements = None;
        for event in events {
            match event {
                AtomaEvent::NetworkCreated(event) => created = Some(event),
                AtomaEvent::AttestorsCreated(event) => attestors = Some(event.attestors),
                AtomaEvent::MeasurementsCreated(event) => measurements = Some(event.measurements),
                _ => {}
            }
        }
        let (Some(created), Some(attestors), Some(measurements)) =
            (created, attestors, measurements)
        else {
            return Err(RpcError::bad("the network was made without its events").into());
        };
        Ok(Self {
            network: created.network,
            admin_cap: created.admin_cap,
            pause_cap: created.pause_cap,
            objects: SharedObjects {
                live_time: created.live_time,
                attestors,
                measurements,
            },
        })
    }
}

/// A package just published, with the objects that its publication made.
struct Published {
    package: PackageId,
    objects: Vec<(ObjectId, StructTag)>,
}

impl Published {
    fn object(&self, module: &str, name: &str) -> Result<ObjectId, ChainError> {
        let package = self.package.to_sui();
        self.find(|tag| {
            *tag.address() == package
                && tag.module().as_str() == module
                && tag.name().as_str() == name
        })
        .ok_or_else(|| missing(name))
    }

    fn framework_object(
        &self,
        module: &str,
        name: &str,
        coin: Option<&CoinType>,
    ) -> Result<ObjectId, ChainError> {
        let params: Vec<TypeTag> = coin.map(CoinType::type_tag).into_iter().collect();
        self.find(|tag| {
            *tag.address() == sui_sdk_types::Address::TWO
                && tag.module().as_str() == module
                && tag.name().as_str() == name
                && tag.type_params() == params
        })
        .ok_or_else(|| missing(name))
    }

    fn find(&self, is_it: impl Fn(&StructTag) -> bool) -> Option<ObjectId> {
        self.objects
            .iter()
            .find(|(_, tag)| is_it(tag))
            .map(|(id, _)| *id)
    }
}

async fn publish(
    sender: &Sender,
    wallet: &Wallet,
    package: CompiledPackage,
) -> Result<Published, ChainError> {
    let action: Action = tx::publish(package.modules, package.dependencies, wallet.address());
    let executed = sender.submit(wallet, &action).await?;
    let package = executed
        .created()
        .iter()
        .find(|object| object.is_package)
        .map(|object| PackageId::from_sui(object.id.to_sui()))
        .ok_or_else(|| missing("package"))?;
    Ok(Published {
        package,
        objects: created_types(sender, &executed).await?,
    })
}

/// Types of the objects that a transaction made; waits until the fullnode has them all.
async fn created_types(
    sender: &Sender,
    executed: &Executed,
) -> Result<Vec<(ObjectId, StructTag)>, ChainError> {
    let ids: Vec<ObjectId> = executed
        .created()
        .iter()
        .filter(|object| !object.is_package)
        .map(|object| object.id)
        .collect();
    for _ in 0..MAX_LOOKS {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MAX_OBJECTS_A_CALL) {
            let objects = sender.rpc().objects(chunk).await?;
            found.extend(chunk.iter().zip(objects).filter_map(|(id, object)| {
                match object?.object_type() {
                    ObjectType::Struct(tag) => Some((*id, tag)),
                    ObjectType::Package => None,
                }
            }));
        }
        if found.len() == ids.len() {
            return Ok(found);
        }
        sender.env().sleep(LOOK_PAUSE).await;
    }
    Err(RpcError::Unavailable {
        message: format!("objects of transaction {} do not show", executed.digest()),
    }
    .into())
}

fn own_coin(package: PackageId, module: &str, name: &str) -> Result<CoinType, ChainError> {
    CoinType::new(package, module, name).map_err(|error| ChainError::BadArgument(error.to_string()))
}

fn missing(what: &str) -> ChainError {
    RpcError::bad(format!("the publication made no {what}")).into()
}
