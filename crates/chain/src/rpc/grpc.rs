//! [`Rpc`] over `sui.rpc.v2`, as fullnodes and the localnet serve it.

mod answer;
mod subscription;

use std::{future::Future, time::Duration};

use async_trait::async_trait;
use atoma_env::Env;
use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use serde::{Deserialize, Serialize};
use sui_rpc::{
    Client as SuiClient,
    field::{FieldMask, FieldMaskUtil as _},
    proto::sui::rpc::v2 as pb,
};
use sui_sdk_types::{Object, SignedTransaction, StructTag, Transaction, ValidatorCommittee};
use tonic::{Code, Status};

use crate::{
    error::RpcError,
    id::{SuiId, TxDigest},
    rpc::{Checkpoint, CheckpointStream, Executed, MAX_OBJECTS_A_CALL, Page, Rpc, ServiceInfo},
};

/// Objects on one page of a listing.
const OWNED_PAGE_SIZE: u32 = 200;
/// Largest answer that is read: a checkpoint with its effects and events.
const MAX_ANSWER_BYTES: usize = 128 * 1_024 * 1_024;

const OBJECT_MASK: [&str; 1] = ["bcs"];
const EXECUTED_MASK: [&str; 3] = ["effects.bcs", "events.bcs", "checkpoint"];
const SIMULATED_MASK: [&str; 2] = ["transaction.effects.bcs", "transaction.events.bcs"];
const EPOCH_PRICE_MASK: [&str; 1] = ["reference_gas_price"];
const EPOCH_COMMITTEE_MASK: [&str; 1] = ["committee"];
pub(crate) const CHECKPOINT_MASK: [&str; 6] = [
    "sequence_number",
    "summary.bcs",
    "signature",
    "contents.bcs",
    "transactions.effects.bcs",
    "transactions.events.bcs",
];

/// How to reach a fullnode, and how long to wait for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct GrpcConfig {
    /// Longest wait for the answer to one attempt, in milliseconds. Default 20,000.
    pub timeout_ms: u64,
    /// How often a call is tried before it fails; at least once. Default 5.
    pub attempts: u32,
    /// Pause before the second attempt, in milliseconds; doubles with each. Default 100.
    pub first_pause_ms: u64,
    /// Longest pause between attempts, in milliseconds. Default 5,000.
    pub longest_pause_ms: u64,
    /// A subscription that brings no checkpoint for so long is taken up anew, in milliseconds. Default
    /// 30,000.
    pub idle_ms: u64,
    /// How many checkpoints are fetched at once when catching up. Default 16.
    pub backfill: usize,
}

impl Default for GrpcConfig {
    fn default() -> Self {
        Self {
            timeout_ms: 20_000,
            attempts: 5,
            first_pause_ms: 100,
            longest_pause_ms: 5_000,
            idle_ms: 30_000,
            backfill: 16,
        }
    }
}

/// A fullnode reached over gRPC. Cheap to clone; clones share one connection.
#[derive(Clone)]
pub struct GrpcRpc {
    client: SuiClient,
    config: GrpcConfig,
    env: Env,
}

impl GrpcRpc {
    /// Prepares a connection to `url` (`http://` or `https://`); nothing is sent before the first call.
    ///
    /// # Errors
    /// [`RpcError::Rejected`] if `url` is none.
    pub fn new(url: &str, config: GrpcConfig, env: Env) -> Result<Self, RpcError> {
        let client = SuiClient::new(url)
            .map_err(|status| RpcError::Rejected {
                message: format!("{url:?} is no RPC address: {}", status.message()),
            })?
            .with_max_decoding_message_size(MAX_ANSWER_BYTES)
            .with_body_idle_timeout(Duration::from_millis(config.idle_ms.max(config.timeout_ms)));
        Ok(Self {
            client,
            config,
            env,
        })
    }

    /// Runs `call` until it succeeds, fails for good, or the attempts are used up.
    async fn retrying<T, F, Fut>(&self, what: &str, mut call: F) -> Result<T, RpcError>
    where
        F: FnMut(SuiClient) -> Fut + Send,
        Fut: Future<Output = Result<T, Status>> + Send,
        T: Send,
    {
        let mut pause = Pause::new(&self.config);
        let mut attempt = 1;
        loop {
            let limit = Duration::from_millis(self.config.timeout_ms);
            let result = tokio::time::timeout(limit, call(self.client.clone())).await;
            let status = match result {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(status)) => status,
                Err(_) => Status::deadline_exceeded(format!("no answer within {limit:?}")),
            };
            let error = error_of(what, &status);
            if !error.is_transient() || attempt >= self.config.attempts {
                return Err(error);
            }
            tracing::debug!(what, attempt, %error, "chain call failed, trying again");
            attempt += 1;
            self.env.sleep(pause.next(&self.env)).await;
        }
    }

    async fn epoch(&self, epoch: Option<u64>, mask: &[&str]) -> Result<pb::Epoch, RpcError> {
        let mask = FieldMask::from_paths(mask);
        let response = self
            .retrying("epoch", |mut client| {
                let mut request = pb::GetEpochRequest::default().with_read_mask(mask.clone());
                request.epoch = epoch;
                async move { client.ledger_client().get_epoch(request).await }
            })
            .await?
            .into_inner();
        response.epoch.ok_or_else(|| answer::missing("epoch"))
    }

    /// One checkpoint as the server has it now; [`RpcError::NotFound`] if it is not there yet.
    pub(crate) async fn fetch_checkpoint(
        &self,
        seq: CheckpointSeq,
    ) -> Result<Checkpoint, RpcError> {
        let response = self
            .retrying("checkpoint", |mut client| {
                let request = pb::GetCheckpointRequest::by_sequence_number(seq.0)
                    .with_read_mask(FieldMask::from_paths(CHECKPOINT_MASK));
                async move { client.ledger_client().get_checkpoint(request).await }
            })
            .await?
            .into_inner();
        let checkpoint = response
            .checkpoint
            .ok_or_else(|| answer::missing("checkpoint"))?;
        let checkpoint = answer::checkpoint(&checkpoint)?;
        if checkpoint.seq() != seq {
            return Err(RpcError::bad(format!(
                "asked for checkpoint {seq}, got {}",
                checkpoint.seq()
            )));
        }
        Ok(checkpoint)
    }
}

#[async_trait]
impl Rpc for GrpcRpc {
    async fn service_info(&self) -> Result<ServiceInfo, RpcError> {
        let response = self
            .retrying("service info", |mut client| async move {
                client
                    .ledger_client()
                    .get_service_info(pb::GetServiceInfoRequest::default())
                    .await
            })
            .await?
            .into_inner();
        answer::service_info(&response)
    }

    async fn reference_gas_price(&self) -> Result<u64, RpcError> {
        self.epoch(None, &EPOCH_PRICE_MASK)
            .await?
            .reference_gas_price
            .ok_or_else(|| answer::missing("reference_gas_price"))
    }

    async fn committee(&self, epoch: Option<u64>) -> Result<ValidatorCommittee, RpcError> {
        let epoch = self.epoch(epoch, &EPOCH_COMMITTEE_MASK).await?;
        let committee = epoch
            .committee
            .ok_or_else(|| answer::missing("committee"))?;
        ValidatorCommittee::try_from(&committee).map_err(RpcError::bad)
    }

    async fn objects(&self, ids: &[ObjectId]) -> Result<Vec<Option<Object>>, RpcError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        if ids.len() > MAX_OBJECTS_A_CALL {
            return Err(RpcError::Rejected {
                message: format!("{} objects asked for at once", ids.len()),
            });
        }
        let mut request = pb::BatchGetObjectsRequest::default()
            .with_read_mask(FieldMask::from_paths(OBJECT_MASK));
        request.requests = ids
            .iter()
            .map(|id| pb::GetObjectRequest::default().with_object_id(id.to_sui().to_string()))
            .collect();
        let response = self
            .retrying("objects", |mut client| {
                let request = request.clone();
                async move { client.ledger_client().batch_get_objects(request).await }
            })
            .await?
            .into_inner();
        answer::objects(ids, response)
    }

    async fn owned_objects(
        &self,
        owner: Address,
        kind: &StructTag,
        page: Option<Vec<u8>>,
    ) -> Result<Page<Object>, RpcError> {
        let mut request = pb::ListOwnedObjectsRequest::default()
            .with_owner(owner.to_sui().to_string())
            .with_object_type(kind.to_string())
            .with_page_size(OWNED_PAGE_SIZE)
            .with_read_mask(FieldMask::from_paths(OBJECT_MASK));
        request.page_token = page.map(Into::into);
        let response = self
            .retrying("owned objects", |mut client| {
                let request = request.clone();
                async move { client.state_client().list_owned_objects(request).await }
            })
            .await?
            .into_inner();
        answer::owned(owner, kind, response)
    }

    async fn simulate(&self, transaction: &Transaction) -> Result<Executed, RpcError> {
        let digest = TxDigest::from(transaction.digest());
        let request = pb::SimulateTransactionRequest::new(answer::transaction_of(transaction)?)
            .with_read_mask(FieldMask::from_paths(SIMULATED_MASK));
        let response = self
            .retrying("simulation", |mut client| {
                let request = request.clone();
                async move {
                    client
                        .execution_client()
                        .simulate_transaction(request)
                        .await
                }
            })
            .await?
            .into_inner();
        let executed = response
            .transaction
            .ok_or_else(|| answer::missing("transaction"))?;
        answer::executed_as(digest, &executed)
    }

    async fn execute(&self, signed: &SignedTransaction) -> Result<Executed, RpcError> {
        let digest = TxDigest::from(signed.transaction.digest());
        let mut request =
            pb::ExecuteTransactionRequest::new(answer::transaction_of(&signed.transaction)?)
                .with_read_mask(FieldMask::from_paths(EXECUTED_MASK));
        request.signatures = signed
            .signatures
            .iter()
            .cloned()
            .map(pb::UserSignature::from)
            .collect();
        // The same bytes have the same digest, so an attempt whose answer was lost is safe to repeat.
        let response = self
            .retrying("execution", |mut client| {
                let request = request.clone();
                async move { client.execution_client().execute_transaction(request).await }
            })
            .await?
            .into_inner();
        let executed = response
            .transaction
            .ok_or_else(|| answer::missing("transaction"))?;
        answer::executed_as(digest, &executed)
    }

    async fn transaction(&self, digest: TxDigest) -> Result<Option<Executed>, RpcError> {
        let result = self
            .retrying("transaction", |mut client| {
                let request = pb::GetTransactionRequest::default()
                    .with_digest(digest.to_string())
                    .with_read_mask(FieldMask::from_paths(EXECUTED_MASK));
                async move { client.ledger_client().get_transaction(request).await }
            })
            .await;
        match result {
            Ok(response) => {
                let executed = response
                    .into_inner()
                    .transaction
                    .ok_or_else(|| answer::missing("transaction"))?;
                answer::executed_as(digest, &executed).map(Some)
            }
            Err(RpcError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn checkpoint(&self, seq: CheckpointSeq) -> Result<Checkpoint, RpcError> {
        match self.fetch_checkpoint(seq).await {
            Err(RpcError::NotFound { what }) => {
                let lowest = self.service_info().await?.lowest_checkpoint;
                if seq < lowest {
                    Err(RpcError::Pruned { asked: seq, lowest })
                } else {
                    Err(RpcError::NotFound { what })
                }
            }
            other => other,
        }
    }

    fn checkpoints(&self, from: CheckpointSeq) -> CheckpointStream {
        subscription::stream(self.clone(), from)
    }
}

impl std::fmt::Debug for GrpcRpc {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "GrpcRpc({})", self.client.uri())
    }
}

/// Pauses that double up to a limit, with jitter, so that many roles do not come back at once.
#[derive(Clone, Copy, Debug)]
struct Pause {
    next_ms: u64,
    first_ms: u64,
    longest_ms: u64,
}

impl Pause {
    fn new(config: &GrpcConfig) -> Self {
        Self {
            next_ms: config.first_pause_ms,
            first_ms: config.first_pause_ms,
            longest_ms: config.longest_pause_ms,
        }
    }

    /// Between half of the pause and all of it.
    fn next(&mut self, env: &Env) -> Duration {
        let pause = self.next_ms.min(self.longest_ms);
        self.next_ms = self.next_ms.saturating_mul(2).min(self.longest_ms);
        let draw = u64::from_le_bytes(env.random());
        let half = pause / 2;
        Duration::from_millis(half.saturating_add(draw % pause.saturating_sub(half).max(1)))
    }

    fn reset(&mut self) {
        self.next_ms = self.first_ms;
    }
}

fn error_of(what: &str, status: &Status) -> RpcError {
    let message = || {
        let text: String = status.message().chars().take(MAX_MESSAGE_CHARS).collect();
        format!("{what}: {:?}: {text}", status.code())
    };
    match status.code() {
        Code::NotFound => RpcError::NotFound {
            what: what.to_owned(),
        },
        Code::Unimplemented => RpcError::Unsupported {
            what: what.to_owned(),
        },
        Code::Unavailable
        | Code::DeadlineExceeded
        | Code::ResourceExhausted
        | Code::Cancelled
        | Code::Unknown
        | Code::Internal => RpcError::Unavailable { message: message() },
        _ => RpcError::Rejected { message: message() },
    }
}

/// Longest message of a fullnode that is passed on.
const MAX_MESSAGE_CHARS: usize = 512;
