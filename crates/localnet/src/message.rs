//! From the ledger's answers to Sui's messages, as far as a read mask asks.

use atoma_ledger::{Checkpoint, Executed, Ledger, LedgerError, Simulated};
use prost_types::{FieldMask, Timestamp};
use sui_rpc::{
    field::{FieldMaskTree, FieldMaskUtil, MessageFields},
    merge::Merge,
    proto::sui::rpc::v2 as pb,
};
use sui_sdk_types::{Object, TransactionEffects, TransactionEvents};
use tonic::{Code, Status};

/// The mask of a request, or the method's default; checked against the message's fields.
pub(crate) fn mask<M: MessageFields>(
    mask: Option<FieldMask>,
    default: &str,
) -> Result<FieldMaskTree, Status> {
    let mask = mask.unwrap_or_else(|| FieldMask::from_str(default));
    mask.validate::<M>()
        .map_err(|path| Status::invalid_argument(format!("invalid read_mask path: {path}")))?;
    Ok(FieldMaskTree::from(mask))
}

/// What a failure of the ledger is to a caller.
pub(crate) fn status(error: &LedgerError) -> Status {
    match error {
        LedgerError::Refused(refusal) => Status::new(Code::InvalidArgument, refusal.to_string()),
        other => {
            tracing::error!(error = %other, "ledger failed");
            Status::internal("the ledger failed")
        }
    }
}

pub(crate) fn timestamp(ms: u64) -> Timestamp {
    let seconds = i64::try_from(ms / 1_000).unwrap_or(i64::MAX);
    let nanos = i32::try_from(ms % 1_000 * 1_000_000).unwrap_or_default();
    Timestamp { seconds, nanos }
}

pub(crate) fn object(object: &Object, mask: &FieldMaskTree) -> pb::Object {
    let mut message = pb::Object::merge_from(object.clone(), mask);
    if mask.contains("balance") {
        message.balance = object
            .as_struct()
            .filter(|s| s.object_type().is_coin().is_some())
            .and_then(|coin| {
                let bytes = coin.contents().get(32..40)?;
                Some(u64::from_le_bytes(bytes.try_into().ok()?))
            });
    }
    message
}

fn effects(
    effects: &TransactionEffects,
    failure: Option<&str>,
    mask: &FieldMaskTree,
) -> pb::TransactionEffects {
    let mut message = pb::TransactionEffects::merge_from(effects, mask);
    if let Some(error) = message
        .status
        .as_mut()
        .and_then(|status| status.error.as_mut())
    {
        error.description = failure
            .map(str::to_owned)
            .or_else(|| error.description.take());
    }
    message
}

fn events(events: &TransactionEvents, mask: &FieldMaskTree) -> pb::TransactionEvents {
    pb::TransactionEvents::merge_from(events.clone(), mask)
}

fn objects<'a>(objects: impl Iterator<Item = &'a Object>, mask: &FieldMaskTree) -> pb::ObjectSet {
    // The set's own field is `objects`; below it stands the object's mask.
    let inner = mask.subtree("objects").unwrap_or_else(|| mask.clone());
    let mut set = pb::ObjectSet::default();
    set.objects = objects.map(|found| object(found, &inner)).collect();
    set
}

pub(crate) fn executed(executed: &Executed, mask: &FieldMaskTree) -> pb::ExecutedTransaction {
    let mut message = pb::ExecutedTransaction::default();
    if mask.contains("digest") {
        message.digest = Some(executed.digest.to_string());
    }
    if let Some(mask) = mask.subtree("transaction") {
        let transaction = executed.transaction.transaction.clone();
        message.transaction = Some(pb::Transaction::merge_from(transaction, &mask));
    }
    if let Some(mask) = mask.subtree("signatures") {
        let signatures = executed.transaction.signatures.iter().cloned();
        message.signatures = signatures
            .map(|signature| pb::UserSignature::merge_from(signature, &mask))
            .collect();
    }
    if let Some(mask) = mask.subtree("effects") {
        message.effects = Some(effects(
            &executed.effects,
            executed.failure.as_deref(),
            &mask,
        ));
    }
    if let (Some(mask), Some(found)) = (mask.subtree("events"), &executed.events) {
        message.events = Some(events(found, &mask));
    }
    if mask.contains("checkpoint") {
        message.checkpoint = executed.checkpoint;
    }
    if mask.contains("timestamp") {
        message.timestamp = Some(timestamp(executed.executed_at_ms));
    }
    if mask.contains("balance_changes") {
        message.balance_changes = executed
            .balance_changes
            .iter()
            .cloned()
            .map(pb::BalanceChange::from)
            .collect();
    }
    if let Some(mask) = mask.subtree("objects") {
        let found = executed
            .input_objects
            .iter()
            .chain(&executed.output_objects);
        message.objects = Some(objects(found.map(AsRef::as_ref), &mask));
    }
    message
}

pub(crate) fn simulated(simulated: &Simulated, mask: &FieldMaskTree) -> pb::ExecutedTransaction {
    let mut message = pb::ExecutedTransaction::default();
    if mask.contains("digest") {
        message.digest = Some(simulated.transaction.digest().to_string());
    }
    if let Some(mask) = mask.subtree("transaction") {
        let transaction = simulated.transaction.clone();
        message.transaction = Some(pb::Transaction::merge_from(transaction, &mask));
    }
    if let Some(mask) = mask.subtree("effects") {
        message.effects = Some(effects(
            &simulated.effects,
            simulated.failure.as_deref(),
            &mask,
        ));
    }
    if let (Some(mask), Some(found)) = (mask.subtree("events"), &simulated.events) {
        message.events = Some(events(found, &mask));
    }
    if mask.contains("balance_changes") {
        message.balance_changes = simulated
            .balance_changes
            .iter()
            .cloned()
            .map(pb::BalanceChange::from)
            .collect();
    }
    if let Some(mask) = mask.subtree("objects") {
        let found = simulated
            .input_objects
            .iter()
            .chain(&simulated.output_objects);
        message.objects = Some(objects(found.map(AsRef::as_ref), &mask));
    }
    message
}

/// A checkpoint with as many of its transactions as the mask asks for.
pub(crate) fn checkpoint(
    ledger: &Ledger,
    checkpoint: &Checkpoint,
    mask: &FieldMaskTree,
) -> Result<pb::Checkpoint, Status> {
    let summary = &checkpoint.summary;
    let mut message = pb::Checkpoint::merge_from(&summary.checkpoint, mask);
    message.merge(summary.signature.clone(), mask);
    message.merge(checkpoint.contents.clone(), mask);
    let (transactions, set) = (mask.subtree("transactions"), mask.subtree("objects"));
    if transactions.is_none() && set.is_none() {
        return Ok(message);
    }
    let mut found = Vec::new();
    for digest in checkpoint.transactions() {
        let transaction = ledger.transaction(digest).map_err(|error| status(&error))?;
        found.push(transaction.ok_or_else(|| Status::internal("a transaction is missing"))?);
    }
    if let Some(mask) = transactions {
        message.transactions = found
            .iter()
            .map(|transaction| executed(transaction, &mask))
            .collect();
    }
    if let Some(mask) = set {
        let all = found
            .iter()
            .flat_map(|t| t.input_objects.iter().chain(&t.output_objects));
        message.objects = Some(objects(all.map(AsRef::as_ref), &mask));
    }
    Ok(message)
}
