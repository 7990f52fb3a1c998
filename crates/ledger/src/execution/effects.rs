//! Effects: what a transaction did, in Sui's form.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sui_sdk_types::{
    Address, ChangedObject, Digest, ExecutionStatus, GasCostSummary, IdOperation, Object,
    ObjectData, ObjectIn, ObjectOut, TransactionEffectsV2, UnchangedConsensusKind,
    UnchangedConsensusObject,
};

use super::changes::Changes;
use crate::commit::ObjectChanges;
use crate::records::Fate;
use crate::validation::{Access, Inputs};

/// What effects are made of.
#[derive(Debug)]
pub(super) struct EffectsParts<'a> {
    pub(super) status: ExecutionStatus,
    pub(super) epoch: u64,
    pub(super) gas_used: GasCostSummary,
    pub(super) digest: Digest,
    pub(super) gas_object: Option<Address>,
    pub(super) inputs: &'a Inputs,
    pub(super) dependencies: BTreeSet<Digest>,
    pub(super) changes: &'a Changes,
    pub(super) written: &'a BTreeMap<Address, Arc<Object>>,
}

impl EffectsParts<'_> {
    /// Puts the effects together.
    pub(super) fn build(self) -> TransactionEffectsV2 {
        let changed_objects = self.changed_objects();
        let gas_object_index = self.gas_object.and_then(|gas| {
            let index = changed_objects
                .iter()
                .position(|changed| changed.object_id == gas)?;
            u32::try_from(index).ok()
        });
        TransactionEffectsV2 {
            status: self.status,
            epoch: self.epoch,
            gas_used: self.gas_used,
            transaction_digest: self.digest,
            gas_object_index,
            events_digest: self
                .changes
                .events
                .as_ref()
                .map(sui_sdk_types::TransactionEvents::digest),
            dependencies: self.dependencies.into_iter().collect(),
            lamport_version: self.inputs.lamport_version,
            changed_objects,
            unchanged_consensus_objects: unchanged(self.inputs),
            auxiliary_data_digest: None,
        }
    }

    /// Every id that came, went or changed, in order.
    fn changed_objects(&self) -> Vec<ChangedObject> {
        let changes = self.changes;
        let ids: BTreeSet<&Address> = changes
            .before
            .keys()
            .chain(changes.written.keys())
            .chain(&changes.created_ids)
            .chain(&changes.deleted_ids)
            .collect();
        let changed = |id: &Address| ChangedObject {
            object_id: *id,
            input_state: match changes.before.get(id) {
                Some(object) => ObjectIn::Exist {
                    version: object.version(),
                    digest: object.digest(),
                    owner: *object.owner(),
                },
                None => ObjectIn::NotExist,
            },
            output_state: match self.written.get(id) {
                Some(object) => match object.data() {
                    ObjectData::Struct(_) => ObjectOut::ObjectWrite {
                        digest: object.digest(),
                        owner: *object.owner(),
                    },
                    ObjectData::Package(package) => ObjectOut::PackageWrite {
                        version: package.version,
                        digest: object.digest(),
                    },
                },
                None => ObjectOut::NotExist,
            },
            id_operation: if changes.created_ids.contains(id) {
                IdOperation::Created
            } else if changes.deleted_ids.contains(id) {
                IdOperation::Deleted
            } else {
                IdOperation::None
            },
        };
        ids.into_iter().map(changed).collect()
    }
}

/// Shared objects that were only read.
fn unchanged(inputs: &Inputs) -> Vec<UnchangedConsensusObject> {
    inputs
        .shared
        .iter()
        .filter_map(|id| {
            let input = inputs.objects.get(id)?;
            (input.access == Access::SharedRead).then(|| UnchangedConsensusObject {
                object_id: *id,
                kind: UnchangedConsensusKind::ReadOnlyRoot {
                    version: input.object.version(),
                    digest: input.object.digest(),
                },
            })
        })
        .collect()
}

/// The same changes as the store takes them.
pub(super) fn object_changes(
    changes: &Changes,
    written: BTreeMap<Address, Arc<Object>>,
    inputs: &Inputs,
) -> ObjectChanges {
    let mut gone = BTreeMap::new();
    for id in changes.before.keys() {
        if !written.contains_key(id) {
            let fate = if changes.deleted_ids.contains(id) {
                Fate::Deleted
            } else {
                Fate::Wrapped
            };
            gone.insert(*id, fate);
        }
    }
    // An object that lay inside of another one may have been unwrapped only to be deleted.
    for id in &changes.deleted_ids {
        gone.insert(*id, Fate::Deleted);
    }
    ObjectChanges {
        before: changes.before.clone(),
        written,
        gone,
        version: inputs.lamport_version,
    }
}
