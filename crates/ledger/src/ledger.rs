//! The chain.

use std::sync::Arc;

use atoma_move_vm::Vm;
use sui_sdk_types::{
    CheckpointContents, CheckpointSummary, CheckpointTransactionInfo, Digest, GasCostSummary,
    SignedTransaction, Transaction, TransactionEffects, UserSignature, ValidatorCommittee,
};

use crate::balance::balance_changes;
use crate::config::LedgerConfig;
use crate::error::LedgerError;
use crate::execution::{self, Chain, Mode, Outcome};
use crate::genesis;
use crate::limits::Limits;
use crate::outcome::{Checkpoint, Executed, Simulated};
use crate::records::{self, CheckpointRecord, Head, TransactionRecord};
use crate::snapshot::Snapshot;
use crate::state::State;
use crate::store::{Batch, Store, Table};
use crate::validation::{self, Checks};
use crate::validator::{EPOCH, Validator};

/// Checkpoints between two calls that force everything onto the disk.
const CHECKPOINTS_PER_SYNC: u64 = 64;
/// Content of [`CheckpointSummary::version_specific_data`]: version 1, no randomness rounds.
const VERSION_SPECIFIC_DATA: [u8; 2] = [0, 0];

/// A chain of one validator: its objects, its clock and its checkpoints.
///
/// Every transaction is committed to the store before [`Ledger::execute`] returns; it belongs to
/// the next checkpoint that [`Ledger::seal_checkpoint`] cuts.
#[derive(Debug)]
pub struct Ledger {
    pub(crate) state: State,
    pub(crate) vm: Vm,
    pub(crate) head: Head,
    limits: Limits,
    reference_gas_price: u64,
    validator: Validator,
    chain_id: Digest,
    epoch_start_ms: u64,
    retained_checkpoints: Option<u64>,
}

impl Ledger {
    /// Opens the chain in a store, or starts it there.
    ///
    /// # Errors
    /// [`LedgerError::FormatVersion`] and [`LedgerError::OtherGenesis`] when the store holds
    /// something else; [`LedgerError::Genesis`] when the configuration makes no chain.
    pub fn new(config: LedgerConfig, store: Arc<dyn Store>) -> Result<Self, LedgerError> {
        let validator = Validator::new(&config.chain_seed)?;
        let state = State::new(store);
        let vm = Vm::new(config.limits.machine.clone());
        let fingerprint = genesis::fingerprint(&config)?;
        let head = genesis::stored_head(&state, &fingerprint)?;
        let mut ledger = Self {
            state,
            vm,
            head: head
                .clone()
                .unwrap_or_else(|| genesis::empty_head(config.clock_start_ms)),
            limits: config.limits.clone(),
            reference_gas_price: config.reference_gas_price,
            validator,
            chain_id: Digest::ZERO,
            epoch_start_ms: config.clock_start_ms,
            retained_checkpoints: config.retained_checkpoints,
        };
        if head.is_none() {
            let genesis = genesis::build(&ledger.chain(), &config)?;
            let mut batch = Batch::default();
            genesis::stamp(&mut batch, &fingerprint);
            ledger.commit_into(batch, genesis.transaction, genesis.outcome)?;
            ledger.seal_checkpoint()?;
        }
        let first = ledger
            .stored_checkpoint(0)?
            .ok_or_else(|| LedgerError::Damaged("checkpoint 0 is missing".to_owned()))?;
        ledger.chain_id = first.digest();
        ledger.epoch_start_ms = first.summary.checkpoint.timestamp_ms;
        Ok(ledger)
    }

    /// Identifies the chain: the digest of its first checkpoint.
    #[must_use]
    pub const fn chain_id(&self) -> Digest {
        self.chain_id
    }

    /// Limits in force.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The only epoch there is: 0.
    #[must_use]
    pub const fn epoch(&self) -> u64 {
        EPOCH
    }

    /// Start of the epoch: the time of the genesis, milliseconds since the Unix epoch.
    #[must_use]
    pub const fn epoch_start_ms(&self) -> u64 {
        self.epoch_start_ms
    }

    /// Reference gas price, MIST a unit.
    #[must_use]
    pub const fn reference_gas_price(&self) -> u64 {
        self.reference_gas_price
    }

    /// Time of the on-chain clock, milliseconds since the Unix epoch.
    #[must_use]
    pub const fn clock_ms(&self) -> u64 {
        self.head.clock_ms
    }

    /// Transactions executed so far, the genesis and the clock's included.
    #[must_use]
    pub const fn transaction_count(&self) -> u64 {
        self.head.transactions
    }

    /// Executed transactions that are in no checkpoint yet.
    #[must_use]
    pub const fn pending_transactions(&self) -> u64 {
        self.head.transactions - self.head.checkpointed
    }

    /// The committee whose signature stands under checkpoints.
    #[must_use]
    pub fn committee(&self) -> ValidatorCommittee {
        self.validator.committee()
    }

    /// Checks and executes a transaction and commits what it did.
    ///
    /// A transaction that was executed before is not executed again: its result is returned.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when it may not run; nothing has happened then.
    pub fn execute(
        &mut self,
        transaction: &Transaction,
        signatures: &[UserSignature],
    ) -> Result<Executed, LedgerError> {
        validation::check_structure(transaction, signatures, &self.limits)?;
        validation::check_signatures(transaction, signatures)?;
        let digest = transaction.digest();
        if let Some(executed) = self.transaction(&digest)? {
            return Ok(executed);
        }
        let chain = self.chain();
        validation::check_admission(&chain, transaction)?;
        let inputs = validation::load_inputs(&chain, transaction, Checks::On)?;
        let outcome = execution::run(&chain, transaction, digest, inputs, Mode::User)?;
        let transaction = SignedTransaction {
            transaction: transaction.clone(),
            signatures: signatures.to_vec(),
        };
        self.commit_into(Batch::default(), transaction, outcome)
    }

    /// Runs a transaction without signatures and without committing anything.
    ///
    /// A transaction without gas coins gets one made up for it. With [`Checks::Off`], private
    /// functions may be called, values may be left over and gas is not checked, as for looking at
    /// what a function returns.
    ///
    /// # Errors
    /// [`LedgerError::Refused`] when it could not run.
    pub fn simulate(
        &self,
        transaction: &Transaction,
        checks: Checks,
    ) -> Result<Simulated, LedgerError> {
        validation::check_structure(transaction, &[], &self.limits)?;
        let chain = self.chain();
        let (transaction, mock) = validation::with_gas(&chain, transaction, checks);
        if checks == Checks::On {
            validation::check_admission(&chain, &transaction)?;
        }
        let inputs = validation::load_simulated_inputs(&chain, &transaction, checks, mock)?;
        let digest = transaction.digest();
        let mode = match checks {
            Checks::On => Mode::Simulation,
            Checks::Off => Mode::Inspection,
        };
        let outcome = execution::run(&chain, &transaction, digest, inputs, mode)?;
        let objects = &outcome.objects;
        Ok(Simulated {
            balance_changes: balance_changes(objects.before.values(), objects.written.values()),
            input_objects: outcome.inputs,
            output_objects: objects.written.values().cloned().collect(),
            transaction,
            effects: TransactionEffects::V2(Box::new(outcome.effects)),
            events: outcome.events,
            commands: outcome.commands,
            failure: outcome.failure,
        })
    }

    /// Sets the on-chain clock, by a system transaction as consensus does it.
    ///
    /// # Errors
    /// [`LedgerError::ClockBackwards`] for a time before the clock's.
    pub fn set_time(&mut self, timestamp_ms: u64) -> Result<Executed, LedgerError> {
        if timestamp_ms < self.head.clock_ms {
            return Err(LedgerError::ClockBackwards {
                now_ms: self.head.clock_ms,
                asked_ms: timestamp_ms,
            });
        }
        let transaction = genesis::clock_transaction(EPOCH, self.head.round, timestamp_ms);
        let digest = transaction.digest();
        let chain = self.chain();
        let inputs = validation::load_clock(&chain)?;
        let outcome = execution::run(&chain, &transaction, digest, inputs, Mode::System)?;
        if let Some(failure) = outcome.failure {
            return Err(LedgerError::System(failure));
        }
        let before = self.head.clone();
        self.head.round += 1;
        self.head.clock_ms = timestamp_ms;
        let transaction = genesis::system_signed(transaction);
        let executed = self.commit_into(Batch::default(), transaction, outcome);
        if executed.is_err() {
            self.head = before;
        }
        executed
    }

    /// Moves the on-chain clock forward.
    ///
    /// # Errors
    /// As [`Ledger::set_time`].
    pub fn advance_clock(&mut self, by_ms: u64) -> Result<Executed, LedgerError> {
        self.set_time(self.head.clock_ms.saturating_add(by_ms))
    }

    /// Cuts a checkpoint from all transactions since the last one, of which there may be none.
    ///
    /// # Errors
    /// When the store fails.
    pub fn seal_checkpoint(&mut self) -> Result<Checkpoint, LedgerError> {
        let sequence_number = self.head.checkpoints;
        let mut batch = Batch::default();
        let mut transactions = Vec::new();
        for sequence in self.head.checkpointed..self.head.transactions {
            let record = self.record_in_order(sequence)?;
            let digest = record.transaction.transaction.digest();
            transactions.push(CheckpointTransactionInfo::new(
                digest,
                record.effects.digest(),
                record.transaction.signatures,
            ));
            batch.put(
                Table::Checkpointed,
                digest.as_ref() as &[u8],
                sequence_number.to_be_bytes(),
            );
        }
        let contents = CheckpointContents::new_v1(transactions);
        let summary = self.validator.sign(CheckpointSummary {
            epoch: EPOCH,
            sequence_number,
            network_total_transactions: self.head.transactions,
            content_digest: contents.digest(),
            previous_digest: self.head.last_checkpoint,
            epoch_rolling_gas_cost_summary: self.head.gas.clone(),
            timestamp_ms: self.head.clock_ms,
            checkpoint_commitments: Vec::new(),
            end_of_epoch_data: None,
            version_specific_data: VERSION_SPECIFIC_DATA.to_vec(),
        });
        let digest = summary.checkpoint.digest();
        let record = CheckpointRecord {
            summary,
            contents,
            first: self.head.checkpointed,
        };
        let head = Head {
            checkpointed: self.head.transactions,
            checkpoints: sequence_number + 1,
            last_checkpoint: Some(digest),
            ..self.head.clone()
        };
        let key = sequence_number.to_be_bytes();
        batch.put(Table::Checkpoints, key, records::encode(&record)?);
        batch.put(Table::CheckpointDigests, digest.as_ref() as &[u8], key);
        batch.put(Table::Meta, records::META_HEAD, records::encode(&head)?);
        if let Some(retained) = self.retained_checkpoints {
            self.prune_into(&mut batch, sequence_number, retained)?;
        }
        self.state.store().commit(batch)?;
        self.head = head;
        if sequence_number.is_multiple_of(CHECKPOINTS_PER_SYNC) {
            self.state.store().sync()?;
        }
        Ok(Checkpoint {
            summary: record.summary,
            contents: record.contents,
        })
    }

    /// Makes everything so far survive the death of the machine, not only of the process.
    ///
    /// # Errors
    /// When the store fails.
    pub fn sync(&self) -> Result<(), LedgerError> {
        Ok(self.state.store().sync()?)
    }

    /// Copies the whole state, the clock and the checkpoints included.
    ///
    /// # Errors
    /// When the store fails.
    pub fn snapshot(&self) -> Result<Snapshot, LedgerError> {
        Snapshot::take(self.state.store())
    }

    /// Goes back to a snapshot of this chain.
    ///
    /// # Errors
    /// When the store fails, or the snapshot is of another chain.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), LedgerError> {
        let fingerprint = genesis::stored_fingerprint(&self.state)?;
        snapshot.check_chain(&fingerprint)?;
        snapshot.restore(self.state.store())?;
        let packages = self.state.forget_all();
        self.vm.forget(&packages);
        self.head = genesis::stored_head(&self.state, &fingerprint)?
            .ok_or_else(|| LedgerError::Damaged("the snapshot has no head".to_owned()))?;
        Ok(())
    }

    pub(crate) fn chain(&self) -> Chain<'_> {
        Chain {
            state: &self.state,
            vm: &self.vm,
            limits: &self.limits,
            reference_gas_price: self.reference_gas_price,
            epoch: EPOCH,
            epoch_start_ms: self.epoch_start_ms,
            clock_ms: self.head.clock_ms,
            chain_id: self.chain_id,
        }
    }

    /// Writes an outcome, and what is in the batch already, at once.
    fn commit_into(
        &mut self,
        mut batch: Batch,
        transaction: SignedTransaction,
        outcome: Outcome,
    ) -> Result<Executed, LedgerError> {
        let sequence = self.head.transactions;
        let gas = &outcome.effects.gas_used;
        let head = Head {
            transactions: sequence + 1,
            gas: GasCostSummary {
                computation_cost: self.head.gas.computation_cost + gas.computation_cost,
                storage_cost: self.head.gas.storage_cost + gas.storage_cost,
                storage_rebate: self.head.gas.storage_rebate + gas.storage_rebate,
                non_refundable_storage_fee: self.head.gas.non_refundable_storage_fee
                    + gas.non_refundable_storage_fee,
            },
            ..self.head.clone()
        };
        let objects = outcome.objects;
        let reference =
            |object: &Arc<sui_sdk_types::Object>| (object.object_id(), object.version());
        let record = TransactionRecord {
            sequence,
            executed_at_ms: self.head.clock_ms,
            balance_changes: balance_changes(objects.before.values(), objects.written.values()),
            inputs: outcome.inputs.iter().map(reference).collect(),
            outputs: objects.written.values().map(reference).collect(),
            transaction,
            effects: TransactionEffects::V2(Box::new(outcome.effects)),
            events: outcome.events,
            failure: outcome.failure,
        };
        let digest = *record.effects.transaction_digest();
        objects.write_to(&mut batch)?;
        batch.put(
            Table::Transactions,
            digest.as_ref() as &[u8],
            records::encode(&record)?,
        );
        batch.put(
            Table::Order,
            sequence.to_be_bytes(),
            digest.as_ref() as &[u8],
        );
        batch.put(Table::Meta, records::META_HEAD, records::encode(&head)?);
        self.state.store().commit(batch)?;
        self.head = head;
        objects.remember_in(&self.state);
        Ok(Executed {
            digest,
            sequence,
            executed_at_ms: record.executed_at_ms,
            transaction: record.transaction,
            effects: record.effects,
            events: record.events,
            input_objects: outcome.inputs,
            output_objects: objects.written.into_values().collect(),
            balance_changes: record.balance_changes,
            checkpoint: None,
            failure: record.failure,
        })
    }
}
