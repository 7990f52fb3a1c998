//! A ledger with wallets, and a builder of transactions.

use std::sync::Arc;

use atoma_ledger::{
    Executed, GenesisPackage, Ledger, LedgerConfig, LedgerError, MIST_PER_SUI, MemoryStore,
    Refusal, Store,
};
use serde::Serialize;
use sui_crypto::SuiSigner;
use sui_crypto::ed25519::Ed25519PrivateKey;
use sui_sdk_types::{
    Address, Argument, Command, ExecutionError, ExecutionStatus, GasPayment, Identifier, Input,
    MergeCoins, MoveCall, Mutability, Object, ObjectReference, Owner, ProgrammableTransaction,
    Publish, SharedInput, SplitCoins, StructTag, Transaction, TransactionEffects,
    TransactionEffectsV2, TransactionExpiration, TransactionKind, TransferObjects, TypeTag,
    UserSignature,
};

pub(crate) const BUDGET: u64 = 5 * MIST_PER_SUI;
pub(crate) const START_MS: u64 = 1_750_000_000_000;

/// Somebody with a key.
pub(crate) struct Wallet {
    pub(crate) key: Ed25519PrivateKey,
    pub(crate) address: Address,
}

impl Wallet {
    pub(crate) fn new(seed: u8) -> Self {
        let key = Ed25519PrivateKey::new([seed; 32]);
        let address = key.public_key().derive_address();
        Self { key, address }
    }

    pub(crate) fn sign(&self, transaction: &Transaction) -> UserSignature {
        self.key
            .sign_transaction(transaction)
            .expect("ed25519 signs anything")
    }
}

pub(crate) struct World {
    pub(crate) ledger: Ledger,
    pub(crate) alice: Wallet,
    pub(crate) bob: Wallet,
}

pub(crate) fn config() -> LedgerConfig {
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
    let coins = vec![100 * MIST_PER_SUI; 4];
    let mut config = LedgerConfig::new(framework, [7; 32])
        .with_account(Wallet::new(1).address, coins.clone())
        .with_account(Wallet::new(2).address, coins);
    config.clock_start_ms = START_MS;
    config
}

pub(crate) fn open(store: Arc<dyn Store>) -> World {
    World {
        ledger: Ledger::new(config(), store).expect("the configuration makes a chain"),
        alice: Wallet::new(1),
        bob: Wallet::new(2),
    }
}

impl World {
    pub(crate) fn new() -> Self {
        open(Arc::new(MemoryStore::new()))
    }

    pub(crate) fn object(&self, id: &Address) -> Arc<Object> {
        self.ledger
            .object(id)
            .expect("the store works")
            .expect("the object lives")
    }

    pub(crate) fn reference(&self, id: &Address) -> ObjectReference {
        let object = self.object(id);
        ObjectReference::new(*id, object.version(), object.digest())
    }

    /// Gas coins of an address, largest id last.
    pub(crate) fn coins(&self, owner: &Address) -> Vec<ObjectReference> {
        let sui = TypeTag::Struct(Box::new(StructTag::sui()));
        let page = self
            .ledger
            .coins(owner, &sui, None, 100)
            .expect("the store works");
        page.items
            .iter()
            .map(|coin| self.reference(&coin.id))
            .collect()
    }

    pub(crate) fn balance(&self, owner: &Address) -> u64 {
        let sui = TypeTag::Struct(Box::new(StructTag::sui()));
        self.ledger.balance(owner, &sui).expect("the store works")
    }

    /// The transaction of `wallet` that runs these commands, paid with its first coin.
    pub(crate) fn transaction(&self, sender: &Address, program: Program) -> Transaction {
        let gas = self
            .coins(sender)
            .into_iter()
            .next()
            .expect("the account has coins");
        Transaction {
            kind: TransactionKind::ProgrammableTransaction(program.transaction),
            sender: *sender,
            gas_payment: GasPayment {
                objects: vec![gas],
                owner: *sender,
                price: self.ledger.reference_gas_price(),
                budget: BUDGET,
            },
            expiration: TransactionExpiration::None,
        }
    }

    pub(crate) fn try_execute(
        &mut self,
        wallet: &Wallet,
        program: Program,
    ) -> Result<Executed, LedgerError> {
        let transaction = self.transaction(&wallet.address, program);
        let signature = wallet.sign(&transaction);
        self.ledger.execute(&transaction, &[signature])
    }

    pub(crate) fn alice(&mut self, program: Program) -> Executed {
        let wallet = Wallet::new(1);
        self.try_execute(&wallet, program).expect("not refused")
    }

    pub(crate) fn bob(&mut self, program: Program) -> Executed {
        let wallet = Wallet::new(2);
        self.try_execute(&wallet, program).expect("not refused")
    }

    pub(crate) fn refusal(&mut self, program: Program) -> Refusal {
        let wallet = Wallet::new(1);
        match self.try_execute(&wallet, program) {
            Err(LedgerError::Refused(refusal)) => refusal,
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    /// Publishes a test package; its id and that of its upgrade capability.
    pub(crate) fn publish(&mut self, name: &str) -> (Address, Address) {
        let mut program = Program::new();
        let cap = program.push(Command::Publish(publish_command(name)));
        program.transfer(vec![cap], self.alice.address);
        let executed = self.alice(program);
        succeeded(&executed);
        (
            package_of(&executed),
            owned_of_type(&executed, "UpgradeCap"),
        )
    }

    pub(crate) fn number_in(&self, id: &Address) -> u64 {
        let object = self.object(id);
        let contents = object.as_struct().expect("a struct").contents();
        u64::from_le_bytes(contents[32..40].try_into().expect("eight bytes"))
    }
}

pub(crate) fn modules(name: &str) -> Vec<Vec<u8>> {
    let package = atoma_contracts::testing::package(name).expect("scripts/move build was run");
    package
        .modules
        .into_iter()
        .map(|module| module.bytes)
        .collect()
}

pub(crate) fn publish_command(name: &str) -> Publish {
    Publish {
        modules: modules(name),
        dependencies: vec![Address::from_static("0x1"), Address::TWO],
    }
}

/// A programmable transaction under construction.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) transaction: ProgrammableTransaction,
}

impl Program {
    pub(crate) fn new() -> Self {
        Self {
            transaction: ProgrammableTransaction {
                inputs: Vec::new(),
                commands: Vec::new(),
            },
        }
    }

    pub(crate) fn input(&mut self, input: Input) -> Argument {
        self.transaction.inputs.push(input);
        Argument::Input(u16::try_from(self.transaction.inputs.len() - 1).expect("few inputs"))
    }

    pub(crate) fn pure<T: Serialize>(&mut self, value: &T) -> Argument {
        self.input(Input::Pure(bcs::to_bytes(value).expect("plain value")))
    }

    pub(crate) fn owned(&mut self, reference: ObjectReference) -> Argument {
        self.input(Input::ImmutableOrOwned(reference))
    }

    pub(crate) fn shared(&mut self, world: &World, id: &Address, mutable: bool) -> Argument {
        let Owner::Shared(version) = *world.object(id).owner() else {
            panic!("{id} is not shared")
        };
        self.input(Input::Shared(SharedInput::new(
            *id,
            version,
            Mutability::from(mutable),
        )))
    }

    pub(crate) fn push(&mut self, command: Command) -> Argument {
        self.transaction.commands.push(command);
        Argument::Result(u16::try_from(self.transaction.commands.len() - 1).expect("few commands"))
    }

    pub(crate) fn call(
        &mut self,
        package: Address,
        function: &str,
        arguments: Vec<Argument>,
    ) -> Argument {
        self.call_with(package, function, Vec::new(), arguments)
    }

    pub(crate) fn call_with(
        &mut self,
        package: Address,
        function: &str,
        type_arguments: Vec<TypeTag>,
        arguments: Vec<Argument>,
    ) -> Argument {
        let (module, function) = function.split_once("::").expect("module::function");
        self.push(Command::MoveCall(MoveCall {
            package,
            module: Identifier::new(module).expect("identifier"),
            function: Identifier::new(function).expect("identifier"),
            type_arguments,
            arguments,
        }))
    }

    pub(crate) fn transfer(&mut self, objects: Vec<Argument>, recipient: Address) -> Argument {
        let address = self.pure(&recipient);
        self.push(Command::TransferObjects(TransferObjects {
            objects,
            address,
        }))
    }

    pub(crate) fn split(&mut self, coin: Argument, amounts: &[u64]) -> Argument {
        let amounts = amounts.iter().map(|amount| self.pure(amount)).collect();
        self.push(Command::SplitCoins(SplitCoins { coin, amounts }))
    }

    pub(crate) fn merge(&mut self, coin: Argument, coins_to_merge: Vec<Argument>) -> Argument {
        self.push(Command::MergeCoins(MergeCoins {
            coin,
            coins_to_merge,
        }))
    }
}

pub(crate) fn effects(executed: &Executed) -> &TransactionEffectsV2 {
    match &executed.effects {
        TransactionEffects::V2(effects) => effects,
        other => panic!("effects of another version: {other:?}"),
    }
}

pub(crate) fn succeeded(executed: &Executed) {
    assert_eq!(
        *executed.effects.status(),
        ExecutionStatus::Success,
        "{:?}",
        executed.failure
    );
}

pub(crate) fn failed(executed: &Executed) -> &ExecutionError {
    match executed.effects.status() {
        ExecutionStatus::Failure { error, .. } => error,
        ExecutionStatus::Success => panic!("expected a failure"),
    }
}

pub(crate) fn package_of(executed: &Executed) -> Address {
    let package = |object: &&Arc<Object>| object.as_struct().is_none();
    executed
        .output_objects
        .iter()
        .find(package)
        .expect("a package")
        .object_id()
}

/// The written object whose type has this name.
pub(crate) fn owned_of_type(executed: &Executed, name: &str) -> Address {
    let named = |object: &&Arc<Object>| {
        object
            .as_struct()
            .is_some_and(|contents| contents.object_type().name().as_str() == name)
    };
    executed
        .output_objects
        .iter()
        .find(named)
        .unwrap_or_else(|| panic!("no {name} written"))
        .object_id()
}

pub(crate) fn machinery() -> (World, Address) {
    let mut world = World::new();
    let (package, _) = world.publish("machinery");
    (world, package)
}

/// A shared counter; its id.
pub(crate) fn counter(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    program.call(package, "counter::create", vec![]);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Counter")
}

/// A counter that alice owns; its id.
pub(crate) fn owned_counter(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    let counter = program.call(package, "counter::new", vec![]);
    program.transfer(vec![counter], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Counter")
}

pub(crate) fn container(world: &mut World, package: Address) -> Address {
    let mut program = Program::new();
    let container = program.call(package, "container::new", vec![]);
    program.transfer(vec![container], world.alice.address);
    let executed = world.alice(program);
    succeeded(&executed);
    owned_of_type(&executed, "Container")
}
