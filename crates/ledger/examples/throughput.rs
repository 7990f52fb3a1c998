//! Measures how fast the ledger starts and executes, on one core, signatures included.
//!
//! `cargo run -p atoma-ledger --example throughput`

use std::sync::Arc;
use std::time::{Duration, Instant};

use atoma_ledger::{FjallStore, GenesisPackage, Ledger, LedgerConfig, MemoryStore, Store};
use sui_crypto::SuiSigner;
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_sdk_types::{
    Address, Argument, Command, GasPayment, Identifier, Input, MoveCall, ObjectReference, Owner,
    ProgrammableTransaction, Publish, SharedInput, StructTag, Transaction, TransactionExpiration,
    TransactionKind, TransferObjects, TypeTag,
};

const TRANSACTIONS: u32 = 3_000;
const TARGET_PER_SECOND: f64 = 3_000.0;

type Failure = Box<dyn std::error::Error>;

struct Bench {
    ledger: Ledger,
    key: Ed25519PrivateKey,
    sender: Address,
}

impl Bench {
    fn start(store: Arc<dyn Store>) -> Result<(Self, Duration), Failure> {
        let key = Ed25519PrivateKey::new([1; 32]);
        let sender = key.public_key().derive_address();
        let framework = atoma_contracts::framework()
            .into_iter()
            .zip([Address::from_static("0x1"), Address::TWO])
            .map(|(package, id)| GenesisPackage {
                id,
                modules: package
                    .modules
                    .into_iter()
                    .map(|module| module.bytes)
                    .collect(),
            })
            .collect();
        let config = LedgerConfig::new(framework, [0; 32]).with_account(sender, vec![u64::MAX / 4]);
        let started = Instant::now();
        let ledger = Ledger::new(config, store)?;
        let elapsed = started.elapsed();
        Ok((
            Self {
                ledger,
                key,
                sender,
            },
            elapsed,
        ))
    }

    fn transaction(
        &self,
        inputs: Vec<Input>,
        commands: Vec<Command>,
    ) -> Result<Transaction, Failure> {
        let sui = TypeTag::Struct(Box::new(StructTag::sui()));
        let coins = self.ledger.coins(&self.sender, &sui, None, 1)?;
        let coin = coins.items.first().ok_or("no coin")?;
        let object = self.ledger.object(&coin.id)?.ok_or("no coin")?;
        Ok(Transaction {
            kind: TransactionKind::ProgrammableTransaction(ProgrammableTransaction {
                inputs,
                commands,
            }),
            sender: self.sender,
            gas_payment: GasPayment {
                objects: vec![ObjectReference::new(coin.id, coin.version, object.digest())],
                owner: self.sender,
                price: 1_000,
                budget: 1_000_000_000,
            },
            expiration: TransactionExpiration::None,
        })
    }

    fn execute(
        &mut self,
        inputs: Vec<Input>,
        commands: Vec<Command>,
    ) -> Result<(atoma_ledger::Executed, Duration), Failure> {
        let transaction = self.transaction(inputs, commands)?;
        let signature = self.key.sign_transaction(&transaction)?;
        let started = Instant::now();
        let executed = self.ledger.execute(&transaction, &[signature])?;
        let elapsed = started.elapsed();
        match &executed.failure {
            Some(failure) => Err(failure.clone().into()),
            None => Ok((executed, elapsed)),
        }
    }

    fn counter(&mut self) -> Result<(Address, Address), Failure> {
        let package = atoma_contracts::testing::package("machinery")?;
        let publish = Command::Publish(Publish {
            modules: package
                .modules
                .into_iter()
                .map(|module| module.bytes)
                .collect(),
            dependencies: vec![Address::from_static("0x1"), Address::TWO],
        });
        let keep = Command::TransferObjects(TransferObjects {
            objects: vec![Argument::Result(0)],
            address: Argument::Input(0),
        });
        let recipient = Input::Pure(self.sender.into_inner().to_vec());
        let (executed, _) = self.execute(vec![recipient], vec![publish, keep])?;
        let written = executed.output_objects.iter();
        let package = written.clone().find(|object| object.as_struct().is_none());
        let package = package.ok_or("no package")?.object_id();
        let (executed, _) = self.execute(vec![], vec![call(package, "create", vec![])?])?;
        let shared = executed
            .output_objects
            .iter()
            .find(|object| matches!(object.owner(), Owner::Shared(_)));
        Ok((package, shared.ok_or("no counter")?.object_id()))
    }
}

fn call(package: Address, function: &str, arguments: Vec<Argument>) -> Result<Command, Failure> {
    Ok(Command::MoveCall(MoveCall {
        package,
        module: Identifier::new("counter")?,
        function: Identifier::new(function)?,
        type_arguments: Vec::new(),
        arguments,
    }))
}

#[expect(
    clippy::print_stdout,
    reason = "the figures are what this program is for"
)]
fn measure(name: &str, store: Arc<dyn Store>) -> Result<(), Failure> {
    let (mut bench, start) = Bench::start(store)?;
    let (package, counter) = bench.counter()?;
    let Some(Owner::Shared(version)) = bench.ledger.object(&counter)?.map(|object| *object.owner())
    else {
        return Err("the counter is not shared".into());
    };
    let mut spent = Duration::ZERO;
    for _ in 0..TRANSACTIONS {
        let input = Input::Shared(SharedInput::new(counter, version, true));
        let command = call(package, "increment", vec![Argument::Input(0)])?;
        spent += bench.execute(vec![input], vec![command])?.1;
    }
    let started = Instant::now();
    bench.ledger.seal_checkpoint()?;
    let sealed = started.elapsed();
    let rate = f64::from(TRANSACTIONS) / spent.as_secs_f64();
    println!(
        "{name}: start {start:?}, {rate:.0} transactions/s ({:.2} of the target), {TRANSACTIONS} sealed in {sealed:?}",
        rate / TARGET_PER_SECOND
    );
    Ok(())
}

fn main() -> Result<(), Failure> {
    measure("memory", Arc::new(MemoryStore::new()))?;
    let folder = tempfile::tempdir()?;
    measure("folder", Arc::new(FjallStore::open(folder.path())?))
}
