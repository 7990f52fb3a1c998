//! `LedgerService`: what happened.

use sui_rpc::proto::{
    google::rpc::Status as RpcStatus,
    sui::rpc::v2::{
        self as pb, get_checkpoint_request::CheckpointId, ledger_service_server::LedgerService,
    },
};
use tonic::{Request, Response, Status, async_trait};

use super::{Service, address, check_batch, digest};
use crate::message::{self, mask, status};

const OBJECT_DEFAULT: &str = "object_id,version,digest";
const TRANSACTION_DEFAULT: &str = "digest";
const CHECKPOINT_DEFAULT: &str = "sequence_number,digest";
const EPOCH_DEFAULT: &str = "epoch,first_checkpoint,last_checkpoint,start,end,reference_gas_price";

impl Service {
    fn object(
        &self,
        id: Option<&str>,
        version: Option<u64>,
        mask: &sui_rpc::field::FieldMaskTree,
    ) -> Result<pb::Object, Status> {
        let id = address("object_id", id)?;
        let ledger = self.chain.ledger();
        let found = match version {
            Some(version) => ledger.object_at(&id, version),
            None => ledger.object(&id),
        };
        let found = found.map_err(|error| status(&error))?;
        let object = found.ok_or_else(|| Status::not_found(format!("object {id} not found")))?;
        Ok(message::object(&object, mask))
    }

    fn transaction(
        &self,
        text: Option<&str>,
        mask: &sui_rpc::field::FieldMaskTree,
    ) -> Result<pb::ExecutedTransaction, Status> {
        let digest = digest("digest", text)?;
        let found = self
            .chain
            .ledger()
            .transaction(&digest)
            .map_err(|error| status(&error))?;
        found
            .map(|executed| message::executed(&executed, mask))
            .ok_or_else(|| Status::not_found(format!("transaction {digest} not found")))
    }
}

fn as_rpc(status: &Status) -> RpcStatus {
    let mut error = RpcStatus::default();
    error.code = i32::from(status.code());
    error.message = status.message().to_owned();
    error
}

#[async_trait]
impl LedgerService for Service {
    async fn get_service_info(
        &self,
        _: Request<pb::GetServiceInfoRequest>,
    ) -> Result<Response<pb::GetServiceInfoResponse>, Status> {
        let ledger = self.chain.ledger();
        let latest = ledger.latest_checkpoint().map_err(|error| status(&error))?;
        let mut info = pb::GetServiceInfoResponse::default();
        info.chain_id = Some(ledger.chain_id().to_string());
        info.chain = Some("atoma-localnet".to_owned());
        info.epoch = Some(ledger.epoch());
        info.checkpoint_height = Some(latest.sequence_number());
        info.timestamp = Some(message::timestamp(ledger.clock_ms()));
        info.lowest_available_checkpoint = Some(0);
        info.lowest_available_checkpoint_objects = Some(0);
        info.server = Some(concat!("atoma-localnet/", env!("CARGO_PKG_VERSION")).to_owned());
        Ok(Response::new(info))
    }

    async fn get_object(
        &self,
        request: Request<pb::GetObjectRequest>,
    ) -> Result<Response<pb::GetObjectResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::Object>(request.read_mask, OBJECT_DEFAULT)?;
        let object = self.object(request.object_id.as_deref(), request.version, &mask)?;
        Ok(Response::new(pb::GetObjectResponse::new(object)))
    }

    async fn batch_get_objects(
        &self,
        request: Request<pb::BatchGetObjectsRequest>,
    ) -> Result<Response<pb::BatchGetObjectsResponse>, Status> {
        let request = request.into_inner();
        check_batch(request.requests.len())?;
        let mask = mask::<pb::Object>(request.read_mask, OBJECT_DEFAULT)?;
        let results = request.requests.iter().map(|asked| {
            match self.object(asked.object_id.as_deref(), asked.version, &mask) {
                Ok(object) => pb::GetObjectResult::new_object(object),
                Err(error) => pb::GetObjectResult::new_error(as_rpc(&error)),
            }
        });
        Ok(Response::new(pb::BatchGetObjectsResponse::new(
            results.collect(),
        )))
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> Result<Response<pb::GetTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::ExecutedTransaction>(request.read_mask, TRANSACTION_DEFAULT)?;
        let transaction = self.transaction(request.digest.as_deref(), &mask)?;
        Ok(Response::new(pb::GetTransactionResponse::new(transaction)))
    }

    async fn batch_get_transactions(
        &self,
        request: Request<pb::BatchGetTransactionsRequest>,
    ) -> Result<Response<pb::BatchGetTransactionsResponse>, Status> {
        let request = request.into_inner();
        check_batch(request.digests.len())?;
        let mask = mask::<pb::ExecutedTransaction>(request.read_mask, TRANSACTION_DEFAULT)?;
        let results =
            request
                .digests
                .iter()
                .map(|digest| match self.transaction(Some(digest), &mask) {
                    Ok(found) => pb::GetTransactionResult::new_transaction(found),
                    Err(error) => pb::GetTransactionResult::new_error(as_rpc(&error)),
                });
        Ok(Response::new(pb::BatchGetTransactionsResponse::new(
            results.collect(),
        )))
    }

    async fn get_checkpoint(
        &self,
        request: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::Checkpoint>(request.read_mask, CHECKPOINT_DEFAULT)?;
        let ledger = self.chain.ledger();
        let found = match &request.checkpoint_id {
            Some(CheckpointId::SequenceNumber(sequence)) => ledger.checkpoint(*sequence),
            Some(CheckpointId::Digest(text)) => {
                ledger.checkpoint_by_digest(&digest("digest", Some(text))?)
            }
            None => ledger.latest_checkpoint().map(Some),
            Some(_) => return Err(Status::invalid_argument("unknown kind of checkpoint_id")),
        };
        let found = found.map_err(|error| status(&error))?;
        let found = found.ok_or_else(|| Status::not_found("checkpoint not found"))?;
        let checkpoint = message::checkpoint(&ledger, &found, &mask)?;
        Ok(Response::new(pb::GetCheckpointResponse::new(checkpoint)))
    }

    async fn get_epoch(
        &self,
        request: Request<pb::GetEpochRequest>,
    ) -> Result<Response<pb::GetEpochResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::Epoch>(request.read_mask, EPOCH_DEFAULT)?;
        let ledger = self.chain.ledger();
        if request.epoch.is_some_and(|epoch| epoch != ledger.epoch()) {
            return Err(Status::not_found("the localnet stays in epoch 0"));
        }
        let mut epoch = pb::Epoch::default();
        epoch.epoch = Some(ledger.epoch());
        epoch.committee = Some(ledger.committee().into());
        epoch.first_checkpoint = Some(0);
        epoch.reference_gas_price = Some(ledger.reference_gas_price());
        let epoch = sui_rpc::merge::Merge::merge_from(&epoch, &mask);
        Ok(Response::new(pb::GetEpochResponse::new(epoch)))
    }
}
