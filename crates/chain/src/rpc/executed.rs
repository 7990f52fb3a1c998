//! What became of a transaction.

use atoma_protocol::ids::{CheckpointSeq, ObjectId};
use sui_sdk_types::{
    Address as SuiAddress, Event, ExecutionError, ExecutionStatus, IdOperation, ObjectIn,
    ObjectOut, ObjectReference, TransactionEffects, TransactionEvents,
};

use crate::{
    error::RpcError,
    id::{SuiId, TxDigest},
};

/// A transaction with its effects and events, checked to belong together.
#[derive(Clone, Debug)]
pub struct Executed {
    digest: TxDigest,
    effects: TransactionEffects,
    events: Vec<Event>,
    checkpoint: Option<CheckpointSeq>,
}

/// Why a transaction failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Sui's error.
    pub error: ExecutionError,
    /// Index of the command that failed.
    pub command: Option<u64>,
}

/// An object that a transaction made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CreatedObject {
    /// Its id.
    pub id: ObjectId,
    /// Whether it is a package.
    pub is_package: bool,
}

impl Executed {
    /// Puts together what a fullnode or ledger answered.
    ///
    /// # Errors
    /// [`RpcError::BadAnswer`] if effects or events belong to another transaction.
    pub fn new(
        effects: TransactionEffects,
        events: Option<TransactionEvents>,
        checkpoint: Option<CheckpointSeq>,
    ) -> Result<Self, RpcError> {
        let found = events
            .as_ref()
            .filter(|events| !events.0.is_empty())
            .map(TransactionEvents::digest);
        if effects.events_digest().copied() != found {
            return Err(RpcError::bad("events do not match the effects' digest"));
        }
        Ok(Self {
            digest: (*effects.transaction_digest()).into(),
            effects,
            events: events.map(|events| events.0).unwrap_or_default(),
            checkpoint,
        })
    }

    /// The transaction's digest.
    #[must_use]
    pub const fn digest(&self) -> TxDigest {
        self.digest
    }

    /// Its effects.
    #[must_use]
    pub const fn effects(&self) -> &TransactionEffects {
        &self.effects
    }

    /// Its events, in the order emitted.
    #[must_use]
    pub fn events(&self) -> &[Event] {
        &self.events
    }

    /// The checkpoint that holds it, if the fullnode knew it yet.
    #[must_use]
    pub const fn checkpoint(&self) -> Option<CheckpointSeq> {
        self.checkpoint
    }

    pub(crate) const fn set_checkpoint(&mut self, checkpoint: CheckpointSeq) {
        self.checkpoint = Some(checkpoint);
    }

    /// Why it failed, if it did.
    #[must_use]
    pub fn failure(&self) -> Option<Failure> {
        match self.effects.status() {
            ExecutionStatus::Success => None,
            ExecutionStatus::Failure { error, command } => Some(Failure {
                error: error.clone(),
                command: *command,
            }),
        }
    }

    /// What it cost, in MIST: computation and storage less the rebate.
    #[must_use]
    pub fn gas_used(&self) -> i128 {
        let gas = self.effects.gas_summary();
        i128::from(gas.computation_cost) + i128::from(gas.storage_cost)
            - i128::from(gas.storage_rebate)
    }

    /// Objects and packages that it made.
    #[must_use]
    pub fn created(&self) -> Vec<CreatedObject> {
        let TransactionEffects::V2(effects) = &self.effects else {
            return Vec::new();
        };
        effects
            .changed_objects
            .iter()
            .filter(|change| {
                change.id_operation == IdOperation::Created
                    && matches!(change.input_state, ObjectIn::NotExist)
            })
            .filter_map(|change| match change.output_state {
                ObjectOut::ObjectWrite { .. } => Some((change.object_id, false)),
                ObjectOut::PackageWrite { .. } => Some((change.object_id, true)),
                _ => None,
            })
            .map(|(id, is_package)| CreatedObject {
                id: ObjectId::from_sui(id),
                is_package,
            })
            .collect()
    }

    /// New references of the objects it wrote that are owned by an address, by owner.
    pub(crate) fn owned_writes(&self) -> Vec<(SuiAddress, ObjectReference)> {
        let TransactionEffects::V2(effects) = &self.effects else {
            return Vec::new();
        };
        effects
            .changed_objects
            .iter()
            .filter_map(|change| match &change.output_state {
                ObjectOut::ObjectWrite {
                    digest,
                    owner: sui_sdk_types::Owner::Address(owner),
                } => Some((
                    *owner,
                    ObjectReference::new(change.object_id, effects.lamport_version, *digest),
                )),
                _ => None,
            })
            .collect()
    }
}
