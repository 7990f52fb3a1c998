//! Running a transaction: from its inputs to its effects, without touching the store.

mod call;
mod changes;
mod charge;
mod coins;
mod effects;
mod failure;
mod gas;
mod interpreter;
mod objects;
mod packages;
mod publish;
mod values;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use atoma_move_vm::{TxFacts, Vm};
use sui_sdk_types::{
    Address, Argument, Command, Digest, ExecutionError, ExecutionStatus, Identifier, Input,
    MoveCall, MovePackage, Object, Owner, ProgrammableTransaction, SharedInput, Transaction,
    TransactionEffectsV2, TransactionEvents, TransactionKind,
};

use crate::bridge;
use crate::commit::ObjectChanges;
use crate::error::{LedgerError, Refusal};
use crate::limits::Limits;
use crate::outcome::CommandResult;
use crate::records::coin_of;
use crate::state::{State, machine_package};
use crate::validation::{Inputs, no_inputs};

use charge::{Charged, Payment, Stamp};
use effects::EffectsParts;
use failure::{Failure, Stop};
use gas::Meter;
use interpreter::Interpreter;
use objects::Objects;
use packages::Packages;

pub(crate) use changes::{Changes, NewData, NewObject};
pub(crate) use objects::NewOwner;
pub(crate) use publish::genesis_package;

/// The chain as a running transaction sees it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Chain<'a> {
    pub(crate) state: &'a State,
    pub(crate) vm: &'a Vm,
    pub(crate) limits: &'a Limits,
    pub(crate) reference_gas_price: u64,
    pub(crate) epoch: u64,
    pub(crate) epoch_start_ms: u64,
    pub(crate) clock_ms: u64,
    pub(crate) chain_id: Digest,
}

/// On whose behalf a transaction runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// A user's transaction.
    User,
    /// A user's transaction that will not be committed; results of commands are kept.
    Simulation,
    /// The same without the rules on what may be called and left over.
    Inspection,
    /// The ledger's own transaction: no gas, any function.
    System,
}

/// Everything a transaction did.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) effects: TransactionEffectsV2,
    pub(crate) events: Option<TransactionEvents>,
    pub(crate) inputs: Vec<Arc<Object>>,
    pub(crate) objects: ObjectChanges,
    pub(crate) commands: Vec<CommandResult>,
    pub(crate) failure: Option<String>,
}

/// Runs a transaction.
///
/// # Errors
/// When the store fails; a failing transaction is an outcome.
pub(crate) fn run(
    chain: &Chain<'_>,
    transaction: &Transaction,
    digest: Digest,
    inputs: Inputs,
    mode: Mode,
) -> Result<Outcome, LedgerError> {
    let programmable = programmable(transaction, &inputs)?;
    let packages = Packages::new(chain.state);
    let execution = Execution {
        chain,
        transaction,
        digest,
        inputs: &inputs,
        mode,
        packages: &packages,
    };
    let outcome = execution.run(&programmable)?;
    if outcome.failure.is_some() || mode != Mode::User {
        chain.vm.forget(&packages.added());
    }
    Ok(outcome)
}

/// Runs the commands of a genesis over packages that are in no store yet, and hands out what they
/// wrote.
pub(crate) fn run_genesis(
    chain: &Chain<'_>,
    programmable: &ProgrammableTransaction,
    framework: &[MovePackage],
    digest: Digest,
) -> Result<Changes, LedgerError> {
    let packages = Packages::new(chain.state);
    for package in framework {
        let package = machine_package(package)?;
        chain
            .vm
            .check_package(&packages, &package)
            .map_err(|error| LedgerError::Genesis(error.to_string()))?;
        packages.add(Arc::new(package));
    }
    let transaction = crate::genesis::system_transaction(
        TransactionKind::ProgrammableSystemTransaction(programmable.clone()),
    );
    let inputs = no_inputs();
    let execution = Execution {
        chain,
        transaction: &transaction,
        digest,
        inputs: &inputs,
        mode: Mode::System,
        packages: &packages,
    };
    let base = Changes::default();
    let ran = execution.run_commands(programmable, &base, None, &mut Vec::new())?;
    let changes = ran.result.map_err(|(failure, command)| {
        LedgerError::Genesis(format!("command {command:?}: {}", failure.message))
    })?;
    chain.vm.forget(&packages.added());
    Ok(changes)
}

/// The outcome of a genesis transaction: every object of `changes` comes into being.
pub(crate) fn genesis_outcome(
    epoch: u64,
    digest: Digest,
    mut changes: Changes,
) -> Result<Outcome, LedgerError> {
    changes.created_ids = changes.written.keys().copied().collect();
    let inputs = no_inputs();
    let stamp = Stamp {
        version: inputs.lamport_version,
        digest,
    };
    let charged = charge::write_free(changes, stamp)?;
    let effects = EffectsParts {
        status: ExecutionStatus::Success,
        epoch,
        gas_used: charged.gas_used,
        digest,
        gas_object: None,
        inputs: &inputs,
        dependencies: BTreeSet::new(),
        changes: &charged.changes,
        written: &charged.written,
    }
    .build();
    Ok(Outcome {
        effects,
        events: None,
        inputs: Vec::new(),
        objects: effects::object_changes(&charged.changes, charged.written, &inputs),
        commands: Vec::new(),
        failure: None,
    })
}

/// One transaction in execution.
struct Execution<'a> {
    chain: &'a Chain<'a>,
    transaction: &'a Transaction,
    digest: Digest,
    inputs: &'a Inputs,
    mode: Mode,
    packages: &'a Packages<'a>,
}

/// How the commands ended.
struct Ran {
    result: Result<Changes, (Failure, Option<u64>)>,
    computation_cost: u64,
    received: Vec<Digest>,
}

impl Execution<'_> {
    fn run(&self, programmable: &ProgrammableTransaction) -> Result<Outcome, LedgerError> {
        let mut base = into_ledger(Changes::of_inputs(self.inputs))?;
        let payment = self.smash_gas(&mut base)?;
        let mut commands = Vec::new();
        let ran = self.run_commands(programmable, &base, payment, &mut commands)?;
        let (changes, failure) = match ran.result {
            Ok(changes) => (changes, None),
            Err(failure) => (base.clone(), Some(failure)),
        };
        let charged = self.charge(changes, &base, payment, ran.computation_cost)?;
        let mut dependencies = self.inputs.dependencies.clone();
        dependencies.extend(ran.received);
        let outcome = self.outcome(charged, failure, payment, dependencies.clone(), commands)?;
        let size = bcs::serialized_size(&outcome.effects).unwrap_or(usize::MAX);
        let size = u64::try_from(size).unwrap_or(u64::MAX);
        let most = self.chain.limits.effects_bytes;
        if size <= most || payment.is_none() {
            return Ok(outcome);
        }
        let too_large = Failure {
            error: ExecutionError::EffectsTooLarge {
                current_size: size,
                max_size: most,
            },
            message: "the effects are too large".to_owned(),
        };
        let charged = self.charge(base.clone(), &base, payment, ran.computation_cost)?;
        self.outcome(
            charged,
            Some((too_large, None)),
            payment,
            dependencies,
            Vec::new(),
        )
    }

    /// Merges the coins of the payment into the first.
    fn smash_gas(&self, base: &mut Changes) -> Result<Option<Payment>, LedgerError> {
        let Some((coin, others)) = self.inputs.gas.split_first() else {
            return Ok(None);
        };
        let balance_of = |id: &Address| {
            self.inputs
                .objects
                .get(id)
                .and_then(|input| coin_of(&input.object))
                .map(|(_, balance)| balance)
                .ok_or_else(|| LedgerError::System(format!("gas object {id} is no coin")))
        };
        let mut balance = balance_of(coin)?;
        for id in others {
            balance = balance
                .checked_add(balance_of(id)?)
                .ok_or(Refusal::InvalidGasObject(*id))?;
            base.delete(*id);
        }
        if let Some(NewObject {
            data: NewData::Struct { contents, .. },
            ..
        }) = base.written.get_mut(coin)
        {
            contents.truncate(Address::LENGTH);
            contents.extend_from_slice(&balance.to_le_bytes());
        }
        Ok(Some(Payment {
            coin: *coin,
            balance,
            budget: self.transaction.gas_payment.budget,
        }))
    }

    fn run_commands(
        &self,
        programmable: &ProgrammableTransaction,
        base: &Changes,
        payment: Option<Payment>,
        commands: &mut Vec<CommandResult>,
    ) -> Result<Ran, LedgerError> {
        let chain = self.chain;
        let gas = &self.transaction.gas_payment;
        let meter = match payment {
            Some(payment) => Meter::new(payment.budget, gas.price, chain.limits),
            None => Meter::unlimited(),
        };
        let objects = Objects::new(chain.state, chain.limits, self.facts(), self.inputs);
        let mut interpreter = Interpreter::new(chain, self.mode, self.packages, objects, meter);
        interpreter.load_inputs(programmable, self.inputs)?;
        if let Some(payment) = payment {
            into_ledger(interpreter.load_gas(payment))?;
        }
        let result = match interpreter.run(&programmable.commands, commands)? {
            Ok(()) => match interpreter.finish(base, self.inputs, payment) {
                Ok(changes) => Ok(changes),
                Err(Stop::Failure(failure)) => Err((*failure, None)),
                Err(Stop::Ledger(error)) => return Err(error),
            },
            Err((failure, command)) => Err((failure, Some(command))),
        };
        let computation_cost = payment.map_or(0, |payment| {
            interpreter
                .meter
                .computation_cost(payment.budget, gas.price, chain.limits)
        });
        let received = interpreter.objects.received.values();
        Ok(Ran {
            result,
            computation_cost,
            received: received
                .map(|object| object.previous_transaction())
                .collect(),
        })
    }

    fn charge(
        &self,
        changes: Changes,
        base: &Changes,
        payment: Option<Payment>,
        computation_cost: u64,
    ) -> Result<Charged, LedgerError> {
        let stamp = Stamp {
            version: self.inputs.lamport_version,
            digest: self.digest,
        };
        match payment {
            Some(payment) => charge::charge(changes, base, payment, computation_cost, stamp),
            None => charge::write_free(changes, stamp),
        }
    }

    fn outcome(
        &self,
        charged: Charged,
        failure: Option<(Failure, Option<u64>)>,
        payment: Option<Payment>,
        dependencies: BTreeSet<Digest>,
        commands: Vec<CommandResult>,
    ) -> Result<Outcome, LedgerError> {
        let failure = failure.or_else(|| charged.failure.clone().map(|failure| (failure, None)));
        let status = match &failure {
            None => ExecutionStatus::Success,
            Some((failure, command)) => ExecutionStatus::Failure {
                error: failure.error.clone(),
                command: *command,
            },
        };
        let effects = EffectsParts {
            status,
            epoch: self.chain.epoch,
            gas_used: charged.gas_used,
            digest: self.digest,
            gas_object: payment.map(|payment| payment.coin),
            inputs: self.inputs,
            dependencies,
            changes: &charged.changes,
            written: &charged.written,
        }
        .build();
        let mut inputs: BTreeMap<Address, Arc<Object>> = charged.changes.before.clone();
        for (id, input) in &self.inputs.objects {
            inputs.insert(*id, Arc::clone(&input.object));
        }
        let objects = effects::object_changes(&charged.changes, charged.written, self.inputs);
        Ok(Outcome {
            effects,
            events: charged.changes.events,
            inputs: inputs.into_values().collect(),
            objects,
            commands,
            failure: failure.map(|(failure, _)| failure.message),
        })
    }

    fn facts(&self) -> TxFacts {
        let transaction = self.transaction;
        let sender = bridge::vm_address(&transaction.sender);
        let payer = bridge::vm_address(&transaction.gas_payment.owner);
        TxFacts {
            sender,
            sponsor: (payer != sender).then_some(payer),
            digest: self.digest.into_inner(),
            epoch: self.chain.epoch,
            epoch_timestamp_ms: self.chain.epoch_start_ms,
            reference_gas_price: self.chain.reference_gas_price,
            gas_price: transaction.gas_payment.price,
            gas_budget: transaction.gas_payment.budget,
        }
    }
}

/// The commands of a transaction; those of the clock's are Sui's.
fn programmable<'a>(
    transaction: &'a Transaction,
    inputs: &Inputs,
) -> Result<Cow<'a, ProgrammableTransaction>, LedgerError> {
    match &transaction.kind {
        TransactionKind::ProgrammableTransaction(programmable) => Ok(Cow::Borrowed(programmable)),
        TransactionKind::ConsensusCommitPrologueV4(prologue) => {
            let clock = Address::from_static("0x6");
            let initial = inputs
                .objects
                .get(&clock)
                .map(|input| *input.object.owner());
            let Some(Owner::Shared(initial)) = initial else {
                return Err(LedgerError::Damaged("the clock is not shared".to_owned()));
            };
            Ok(Cow::Owned(ProgrammableTransaction {
                inputs: vec![
                    Input::Shared(SharedInput::new(clock, initial, true)),
                    Input::Pure(prologue.commit_timestamp_ms.to_le_bytes().to_vec()),
                ],
                commands: vec![Command::MoveCall(MoveCall {
                    package: Address::TWO,
                    module: Identifier::from_static("clock"),
                    function: Identifier::from_static("consensus_commit_prologue"),
                    type_arguments: Vec::new(),
                    arguments: vec![Argument::Input(0), Argument::Input(1)],
                })],
            }))
        }
        _ => Err(LedgerError::System(
            "this kind of transaction does not run".to_owned(),
        )),
    }
}

fn into_ledger<T>(step: failure::Step<T>) -> Result<T, LedgerError> {
    step.map_err(|stop| match stop {
        Stop::Failure(failure) => LedgerError::System(failure.message),
        Stop::Ledger(error) => error,
    })
}
