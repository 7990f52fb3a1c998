//! From the fullnode's messages to checked values.

use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use serde::de::DeserializeOwned;
use sui_rpc::proto::sui::rpc::v2::{self as pb, get_object_result::Result as ObjectResult};
use sui_sdk_types::{
    CheckpointContents, CheckpointSummary, Digest, Object, Owner, StructTag, Transaction,
    TransactionEffects, TransactionEvents, ValidatorAggregatedSignature,
};
use tonic::Code;

use crate::{
    error::RpcError,
    id::{SuiId, TxDigest},
    rpc::{Checkpoint, Executed, Page, ServiceInfo},
};

pub(super) fn missing(field: &str) -> RpcError {
    RpcError::bad(format!("{field} is missing"))
}

fn decode<T: DeserializeOwned>(what: &str, bcs: Option<&pb::Bcs>) -> Result<T, RpcError> {
    let bytes = bcs
        .and_then(|bcs| bcs.value.as_ref())
        .ok_or_else(|| missing(what))?;
    bcs::from_bytes(bytes).map_err(|error| RpcError::bad(format!("{what}: {error}")))
}

pub(super) fn service_info(response: &pb::GetServiceInfoResponse) -> Result<ServiceInfo, RpcError> {
    let chain = response
        .chain_id
        .as_deref()
        .ok_or_else(|| missing("chain_id"))?;
    let chain = Digest::from_base58(chain).map_err(RpcError::bad)?;
    Ok(ServiceInfo {
        chain: chain.into(),
        epoch: response.epoch.ok_or_else(|| missing("epoch"))?,
        latest_checkpoint: CheckpointSeq(
            response
                .checkpoint_height
                .ok_or_else(|| missing("checkpoint_height"))?,
        ),
        lowest_checkpoint: CheckpointSeq(response.lowest_available_checkpoint.unwrap_or(0)),
    })
}

fn object(object: &pb::Object) -> Result<Object, RpcError> {
    decode("object", object.bcs.as_ref())
}

pub(super) fn objects(
    ids: &[ObjectId],
    response: pb::BatchGetObjectsResponse,
) -> Result<Vec<Option<Object>>, RpcError> {
    if response.objects.len() != ids.len() {
        return Err(RpcError::bad(format!(
            "{} objects asked for, {} came",
            ids.len(),
            response.objects.len()
        )));
    }
    ids.iter()
        .zip(response.objects)
        .map(|(id, result)| match result.result {
            Some(ObjectResult::Object(found)) => {
                let found = object(&found)?;
                if found.object_id() != id.to_sui() {
                    return Err(RpcError::bad(format!("another object came for {id}")));
                }
                Ok(Some(found))
            }
            Some(ObjectResult::Error(status)) if status.code == i32::from(Code::NotFound) => {
                Ok(None)
            }
            Some(ObjectResult::Error(status)) => Err(RpcError::Rejected {
                message: format!("object {id}: {}", status.message),
            }),
            _ => Err(missing("object")),
        })
        .collect()
}

pub(super) fn owned(
    owner: Address,
    kind: &StructTag,
    response: pb::ListOwnedObjectsResponse,
) -> Result<Page<Object>, RpcError> {
    let mut items = Vec::with_capacity(response.objects.len());
    for found in &response.objects {
        let found = object(found)?;
        let holder = match found.owner() {
            Owner::Address(address) | Owner::ConsensusAddress { owner: address, .. } => *address,
            _ => return Err(RpcError::bad("a listed object is owned by nobody")),
        };
        let is_kind = found
            .as_struct()
            .is_some_and(|object| object.object_type() == kind);
        if holder != owner.to_sui() || !is_kind {
            return Err(RpcError::bad("a listed object was not asked for"));
        }
        items.push(found);
    }
    Ok(Page {
        items,
        next: response
            .next_page_token
            .filter(|token| !token.is_empty())
            .map(Into::into),
    })
}

pub(super) fn transaction_of(transaction: &Transaction) -> Result<pb::Transaction, RpcError> {
    let bytes = bcs::to_bytes(transaction).map_err(|error| RpcError::Rejected {
        message: format!("the transaction has no BCS: {error}"),
    })?;
    Ok(pb::Transaction::default().with_bcs(pb::Bcs::from(bytes)))
}

fn executed(transaction: &pb::ExecutedTransaction) -> Result<Executed, RpcError> {
    let effects: TransactionEffects = decode(
        "effects",
        transaction.effects.as_ref().and_then(|e| e.bcs.as_ref()),
    )?;
    let events: Option<TransactionEvents> = transaction
        .events
        .as_ref()
        .filter(|events| events.bcs.is_some())
        .map(|events| decode("events", events.bcs.as_ref()))
        .transpose()?;
    Executed::new(effects, events, transaction.checkpoint.map(CheckpointSeq))
}

/// The answer, if it is about this transaction.
pub(super) fn executed_as(
    digest: TxDigest,
    transaction: &pb::ExecutedTransaction,
) -> Result<Executed, RpcError> {
    let executed = executed(transaction)?;
    if executed.digest() != digest {
        return Err(RpcError::bad(format!(
            "asked about transaction {digest}, got {}",
            executed.digest()
        )));
    }
    Ok(executed)
}

pub(super) fn checkpoint(checkpoint: &pb::Checkpoint) -> Result<Checkpoint, RpcError> {
    let summary: CheckpointSummary = decode(
        "checkpoint summary",
        checkpoint.summary.as_ref().and_then(|s| s.bcs.as_ref()),
    )?;
    let contents: CheckpointContents = decode(
        "checkpoint contents",
        checkpoint.contents.as_ref().and_then(|c| c.bcs.as_ref()),
    )?;
    let signature = checkpoint
        .signature
        .as_ref()
        .map(ValidatorAggregatedSignature::try_from)
        .transpose()
        .map_err(RpcError::bad)?;
    let transactions = checkpoint
        .transactions
        .iter()
        .map(executed)
        .collect::<Result<Vec<_>, RpcError>>()?;
    Checkpoint::new(summary, signature, &contents, transactions)
}
