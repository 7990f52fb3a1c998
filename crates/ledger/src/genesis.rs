//! The first transaction of a chain, and the ledger's own transactions.

use sui_sdk_types::{
    Address, ConsensusCommitPrologueV4, ConsensusDeterminedVersionAssignments, Digest,
    Ed25519PublicKey, Ed25519Signature, GasCostSummary, GasPayment, ObjectReference,
    SignedTransaction, SimpleSignature, Transaction, TransactionExpiration, TransactionKind,
    UserSignature,
};

use crate::config::LedgerConfig;
use crate::error::LedgerError;
use crate::execution::Outcome;
use crate::records::{self, Head, META_FORMAT, META_GENESIS, META_HEAD, STATE_FORMAT};
use crate::state::State;
use crate::store::{Batch, Table};
use atoma_move_vm::Vm;

/// Gas price of system transactions, which pay nothing.
const SYSTEM_GAS_PRICE: u64 = 1;

/// The genesis transaction and what it does.
pub(crate) struct Genesis {
    pub(crate) transaction: SignedTransaction,
    pub(crate) outcome: Outcome,
}

/// Builds the genesis.
pub(crate) fn build(state: &State, vm: &Vm, config: &LedgerConfig) -> Result<Genesis, LedgerError> {
    let _ = (state, vm, config);
    Err(LedgerError::Genesis("not there yet".to_owned()))
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
