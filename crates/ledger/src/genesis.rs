//! The first transaction of a chain, and the ledger's own transactions.

use serde::Serialize;
use sui_sdk_types::{
    Address, Argument, Command, ConsensusCommitPrologueV4, ConsensusDeterminedVersionAssignments,
    Digest, Ed25519PublicKey, Ed25519Signature, GasCostSummary, GasPayment, GenesisObject,
    GenesisTransaction, Identifier, Input, MoveCall, MovePackage, ObjectReference,
    ProgrammableTransaction, SignedTransaction, SimpleSignature, SplitCoins, StructTag,
    Transaction, TransactionExpiration, TransactionKind, TransferObjects, TypeTag, UserSignature,
};

use crate::config::LedgerConfig;
use crate::error::LedgerError;
use crate::execution::{
    Chain, Changes, NewData, NewObject, NewOwner, Outcome, genesis_outcome, genesis_package,
    run_genesis,
};
use crate::records::{self, Head, META_FORMAT, META_GENESIS, META_HEAD, STATE_FORMAT};
use crate::state::State;
use crate::store::{Batch, Table};
use crate::validator::EPOCH;

/// Gas price of system transactions, which pay nothing.
const SYSTEM_GAS_PRICE: u64 = 1;
/// Coins made by one command of the genesis.
const COINS_PER_COMMAND: usize = 256;

/// The genesis transaction and what it does.
pub(crate) struct Genesis {
    pub(crate) transaction: SignedTransaction,
    pub(crate) outcome: Outcome,
}

/// Builds the genesis: the framework, its system objects and the accounts' coins.
///
/// As on Sui, the framework's own private functions make the objects. Made are the clock `0x6`,
/// the randomness state `0x8` (never updated: random numbers follow from the transaction digest
/// alone), the coin registry `0xc`, the deny list `0x403` and the supply of SUI, of which `0x0`
/// keeps what no account gets.
pub(crate) fn build(chain: &Chain<'_>, config: &LedgerConfig) -> Result<Genesis, LedgerError> {
    let mut framework: Vec<MovePackage> = Vec::new();
    for package in &config.framework {
        let package = genesis_package(package.id, &package.modules, &framework)?;
        framework.push(package);
    }
    let ids = Digest::new(records::hash(&[b"atoma localnet ids", &config.chain_seed]));
    let programmable = genesis_commands(config)?;
    let mut changes = run_genesis(chain, &programmable, &framework, ids)?;
    set_clock(&mut changes, config.clock_start_ms)?;
    for package in framework {
        let object = NewObject {
            data: NewData::Package(Box::new(package.clone())),
            owner: NewOwner::Immutable,
        };
        changes.written.insert(package.id, object);
    }
    let objects = changes
        .written
        .values()
        .filter_map(|object| object.build(0, Digest::ZERO, None, true))
        .map(|object| GenesisObject::new(object.data().clone(), *object.owner()))
        .collect();
    let transaction = system_transaction(TransactionKind::Genesis(GenesisTransaction { objects }));
    let outcome = genesis_outcome(EPOCH, transaction.digest(), changes)?;
    Ok(Genesis {
        transaction: system_signed(transaction),
        outcome,
    })
}

/// The calls that make the system objects and the coins.
fn genesis_commands(config: &LedgerConfig) -> Result<ProgrammableTransaction, LedgerError> {
    let mut program = Program::default();
    for module in ["clock", "random", "coin_registry", "deny_list"] {
        program.call(module, "create", Vec::new(), Vec::new())?;
    }
    let supply = program.call("sui", "new", Vec::new(), Vec::new())?;
    let sui = TypeTag::Struct(Box::new(StructTag::sui()));
    let coin = program.call("coin", "from_balance", vec![sui], vec![supply])?;
    for account in &config.accounts {
        let recipient = program.pure(&account.address)?;
        for chunk in account.coins.chunks(COINS_PER_COMMAND) {
            let amounts = chunk
                .iter()
                .map(|amount| program.pure(amount))
                .collect::<Result<_, _>>()?;
            let split = program.push(Command::SplitCoins(SplitCoins { coin, amounts }))?;
            let objects = (0u16..)
                .zip(chunk)
                .filter_map(|(index, _)| split.nested(index))
                .collect();
            program.push(Command::TransferObjects(TransferObjects {
                objects,
                address: recipient,
            }))?;
        }
    }
    let nobody = program.pure(&Address::ZERO)?;
    program.push(Command::TransferObjects(TransferObjects {
        objects: vec![coin],
        address: nobody,
    }))?;
    Ok(program.transaction)
}

/// A programmable transaction under construction.
#[derive(Debug)]
struct Program {
    transaction: ProgrammableTransaction,
}

impl Default for Program {
    fn default() -> Self {
        Self {
            transaction: ProgrammableTransaction {
                inputs: Vec::new(),
                commands: Vec::new(),
            },
        }
    }
}

impl Program {
    fn pure<T: Serialize>(&mut self, value: &T) -> Result<Argument, LedgerError> {
        let index = index_of(self.transaction.inputs.len())?;
        let bytes = records::encode(value)?;
        self.transaction.inputs.push(Input::Pure(bytes));
        Ok(Argument::Input(index))
    }

    fn push(&mut self, command: Command) -> Result<Argument, LedgerError> {
        let index = index_of(self.transaction.commands.len())?;
        self.transaction.commands.push(command);
        Ok(Argument::Result(index))
    }

    fn call(
        &mut self,
        module: &'static str,
        function: &'static str,
        type_arguments: Vec<TypeTag>,
        arguments: Vec<Argument>,
    ) -> Result<Argument, LedgerError> {
        self.push(Command::MoveCall(MoveCall {
            package: Address::TWO,
            module: Identifier::from_static(module),
            function: Identifier::from_static(function),
            type_arguments,
            arguments,
        }))
    }
}

fn index_of(length: usize) -> Result<u16, LedgerError> {
    u16::try_from(length).map_err(|_| LedgerError::Genesis("too many accounts or coins".to_owned()))
}

/// Sets the time of the clock that was just made: `Clock { id: UID, timestamp_ms: u64 }`.
fn set_clock(changes: &mut Changes, timestamp_ms: u64) -> Result<(), LedgerError> {
    let clock = changes.written.get_mut(&Address::from_static("0x6"));
    if let Some(NewObject {
        data: NewData::Struct { contents, .. },
        ..
    }) = clock
    {
        contents.truncate(Address::LENGTH);
        contents.extend_from_slice(&timestamp_ms.to_le_bytes());
        return Ok(());
    }
    Err(LedgerError::Genesis(
        "the framework made no clock".to_owned(),
    ))
}

/// Digest of everything in a configuration that decides the genesis.
pub(crate) fn fingerprint(config: &LedgerConfig) -> Result<Digest, LedgerError> {
    let framework: Vec<_> = config
        .framework
        .iter()
        .map(|package| (package.id, &package.modules))
        .collect();
    let accounts: Vec<_> = config
        .accounts
        .iter()
        .map(|account| (account.address, &account.coins))
        .collect();
    let bytes = records::encode(&(
        framework,
        config.chain_seed,
        accounts,
        config.reference_gas_price,
    ))?;
    Ok(Digest::new(records::hash(&[
        b"atoma localnet genesis",
        &bytes,
    ])))
}

/// Marks a store as belonging to this chain and this program.
pub(crate) fn stamp(batch: &mut Batch, fingerprint: &Digest) {
    batch.put(Table::Meta, META_FORMAT, STATE_FORMAT.to_be_bytes());
    batch.put(Table::Meta, META_GENESIS, fingerprint.as_ref() as &[u8]);
}

/// The head of the chain in a store; `None` when the store is empty.
pub(crate) fn stored_head(
    state: &State,
    fingerprint: &Digest,
) -> Result<Option<Head>, LedgerError> {
    let Some(format) = state.store().get(Table::Meta, META_FORMAT)? else {
        return Ok(None);
    };
    let found = format.try_into().map_or(u64::MAX, u64::from_be_bytes);
    if found != STATE_FORMAT {
        return Err(LedgerError::FormatVersion {
            found,
            expected: STATE_FORMAT,
        });
    }
    let stored = stored_fingerprint(state)?;
    if stored != *fingerprint {
        return Err(LedgerError::OtherGenesis {
            found: stored,
            expected: *fingerprint,
        });
    }
    match state.store().get(Table::Meta, META_HEAD)? {
        Some(bytes) => records::decode(&bytes).map(Some),
        None => Err(LedgerError::Damaged("the head is missing".to_owned())),
    }
}

/// The stamp of the chain in a store.
pub(crate) fn stored_fingerprint(state: &State) -> Result<Digest, LedgerError> {
    let bytes = state.store().get(Table::Meta, META_GENESIS)?;
    bytes
        .and_then(|bytes| Digest::from_bytes(bytes).ok())
        .ok_or_else(|| LedgerError::Damaged("the genesis stamp is missing".to_owned()))
}

/// The head before anything happened.
pub(crate) fn empty_head(clock_ms: u64) -> Head {
    Head {
        transactions: 0,
        checkpointed: 0,
        checkpoints: 0,
        last_checkpoint: None,
        clock_ms,
        round: 1,
        gas: GasCostSummary::default(),
    }
}

/// The system transaction that sets the clock.
pub(crate) fn clock_transaction(epoch: u64, round: u64, timestamp_ms: u64) -> Transaction {
    system_transaction(TransactionKind::ConsensusCommitPrologueV4(
        ConsensusCommitPrologueV4 {
            epoch,
            round,
            sub_dag_index: None,
            commit_timestamp_ms: timestamp_ms,
            consensus_commit_digest: Digest::ZERO,
            consensus_determined_version_assignments:
                ConsensusDeterminedVersionAssignments::CanceledTransactions {
                    canceled_transactions: Vec::new(),
                },
            additional_state_digest: Digest::ZERO,
        },
    ))
}

/// A transaction of the system: from `0x0`, with the placeholder gas that Sui gives it.
pub(crate) fn system_transaction(kind: TransactionKind) -> Transaction {
    Transaction {
        kind,
        sender: Address::ZERO,
        gas_payment: GasPayment {
            objects: vec![ObjectReference::new(Address::ZERO, 0, Digest::ZERO)],
            owner: Address::ZERO,
            price: SYSTEM_GAS_PRICE,
            budget: 0,
        },
        expiration: TransactionExpiration::None,
    }
}

/// A system transaction with the empty signature that Sui gives it.
pub(crate) fn system_signed(transaction: Transaction) -> SignedTransaction {
    SignedTransaction {
        transaction,
        signatures: vec![UserSignature::Simple(SimpleSignature::Ed25519 {
            signature: Ed25519Signature::new([0; Ed25519Signature::LENGTH]),
            public_key: Ed25519PublicKey::new([0; Ed25519PublicKey::LENGTH]),
        })],
    }
}
