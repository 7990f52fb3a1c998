//! A fullnode over real gRPC whose answers are scripted.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex},
    time::Duration,
};

use atoma_chain::{
    RpcError,
    rpc::{GrpcConfig, GrpcRpc},
};
use atoma_env::Env;
use futures::StreamExt as _;
use sui_rpc::proto::sui::rpc::v2::{
    self as pb, ledger_service_server as ledger, state_service_server as state_service,
    subscription_service_server as subscription, transaction_execution_service_server as execution,
};
use sui_sdk_types::{
    Address, CheckpointContents, CheckpointSummary, CheckpointTransactionInfo, Digest, Event,
    ExecutionStatus, GasCostSummary, Identifier, Object, StructTag, TransactionEffects,
    TransactionEffectsV2, TransactionEvents,
};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Request, Response, Status, codegen::BoxStream, transport::Server};

/// What a subscription does next.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    /// Sends this checkpoint.
    Send(u64),
    /// Sends this checkpoint with another one's contents.
    SendForged(u64),
    /// Breaks with an error.
    Break(tonic::Code),
    /// Ends without one.
    End,
    /// Says nothing more.
    Hang,
}

#[derive(Debug, Default)]
pub(crate) struct Script {
    /// Checkpoints `0..height` exist.
    pub(crate) height: u64,
    /// Those below are pruned.
    pub(crate) lowest: u64,
    /// Errors that the next unary calls fail with.
    pub(crate) failures: VecDeque<Status>,
    /// The next unary calls hang.
    pub(crate) hang: usize,
    /// What each subscription does, in order; past the last, it hangs.
    pub(crate) subscriptions: VecDeque<Vec<Step>>,
    /// Subscriptions are not offered.
    pub(crate) no_subscriptions: bool,
    /// Objects by id.
    pub(crate) objects: BTreeMap<String, Object>,
    /// Answers a question about one object with another.
    pub(crate) swap_objects: bool,
    /// Answers transactions with the effects of another.
    pub(crate) swap_effects: bool,
    /// How often each method was called.
    pub(crate) calls: BTreeMap<&'static str, usize>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeServer(pub(crate) Arc<Mutex<Script>>);

pub(crate) fn config() -> GrpcConfig {
    GrpcConfig {
        timeout_ms: 500,
        attempts: 3,
        first_pause_ms: 1,
        longest_pause_ms: 4,
        idle_ms: 300,
        backfill: 4,
    }
}

impl FakeServer {
    /// Serves on a free port; gives a client of it.
    pub(crate) async fn start(&self, env: &Env) -> GrpcRpc {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = Server::builder()
            .add_service(ledger::LedgerServiceServer::new(self.clone()))
            .add_service(state_service::StateServiceServer::new(self.clone()))
            .add_service(subscription::SubscriptionServiceServer::new(self.clone()))
            .add_service(execution::TransactionExecutionServiceServer::new(
                self.clone(),
            ))
            .serve_with_incoming(TcpListenerStream::new(listener));
        env.spawn(server);
        GrpcRpc::new(&url, config(), env.child()).unwrap()
    }

    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        change(&mut self.0.lock().unwrap());
    }

    pub(crate) fn calls(&self, method: &str) -> usize {
        let script = self.0.lock().unwrap();
        script.calls.get(method).copied().unwrap_or_default()
    }

    async fn unary(&self, method: &'static str) -> Result<(), Status> {
        let hang = {
            let mut script = self.0.lock().unwrap();
            *script.calls.entry(method).or_default() += 1;
            if let Some(status) = script.failures.pop_front() {
                return Err(status);
            }
            let hang = script.hang > 0;
            script.hang = script.hang.saturating_sub(1);
            hang
        };
        if hang {
            std::future::pending::<()>().await;
        }
        Ok(())
    }
}

/// The transaction in checkpoint `seq`, and its event.
pub(crate) fn effects(seq: u64) -> (TransactionEffects, TransactionEvents) {
    let mut digest = [0x7a; 32];
    digest[..8].copy_from_slice(&seq.to_le_bytes());
    let events = TransactionEvents(vec![Event {
        package_id: Address::TWO,
        module: Identifier::from_static("m"),
        sender: Address::ZERO,
        type_: StructTag::sui(),
        contents: seq.to_le_bytes().to_vec(),
    }]);
    let effects = TransactionEffects::V2(Box::new(TransactionEffectsV2 {
        status: ExecutionStatus::Success,
        epoch: 0,
        gas_used: GasCostSummary::new(1, 2, 3, 0),
        transaction_digest: Digest::new(digest),
        gas_object_index: None,
        events_digest: Some(events.digest()),
        dependencies: Vec::new(),
        lamport_version: seq,
        changed_objects: Vec::new(),
        unchanged_consensus_objects: Vec::new(),
        auxiliary_data_digest: None,
    }));
    (effects, events)
}

fn bcs_of<T: serde::Serialize>(value: &T) -> pb::Bcs {
    pb::Bcs::from(bcs::to_bytes(value).unwrap())
}

fn executed(seq: u64) -> pb::ExecutedTransaction {
    let (effects, events) = effects(seq);
    let mut transaction = pb::ExecutedTransaction::default()
        .with_effects(pb::TransactionEffects::default().with_bcs(bcs_of(&effects)))
        .with_events(pb::TransactionEvents::default().with_bcs(bcs_of(&events)));
    transaction.checkpoint = Some(seq);
    transaction
}

pub(crate) fn checkpoint(seq: u64, content_of: u64) -> pb::Checkpoint {
    let (effects, _) = effects(seq);
    let info =
        CheckpointTransactionInfo::new(*effects.transaction_digest(), effects.digest(), Vec::new());
    let contents = CheckpointContents::new_v1(vec![info]);
    let summary = CheckpointSummary {
        epoch: 0,
        sequence_number: seq,
        network_total_transactions: seq + 1,
        content_digest: contents.digest(),
        previous_digest: None,
        epoch_rolling_gas_cost_summary: GasCostSummary::default(),
        timestamp_ms: 1_000 + seq,
        checkpoint_commitments: Vec::new(),
        end_of_epoch_data: None,
        version_specific_data: Vec::new(),
    };
    let mut checkpoint = pb::Checkpoint::default()
        .with_sequence_number(seq)
        .with_summary(pb::CheckpointSummary::default().with_bcs(bcs_of(&summary)))
        .with_contents(pb::CheckpointContents::default().with_bcs(bcs_of(&contents)));
    checkpoint.transactions = vec![executed(content_of)];
    checkpoint
}

#[tonic::async_trait]
impl ledger::LedgerService for FakeServer {
    async fn get_service_info(
        &self,
        _: Request<pb::GetServiceInfoRequest>,
    ) -> Result<Response<pb::GetServiceInfoResponse>, Status> {
        self.unary("get_service_info").await?;
        let script = self.0.lock().unwrap();
        let mut response = pb::GetServiceInfoResponse::default();
        response.chain_id = Some(Digest::new([9; 32]).to_base58());
        response.epoch = Some(4);
        response.checkpoint_height = Some(script.height.saturating_sub(1));
        response.lowest_available_checkpoint = Some(script.lowest);
        Ok(Response::new(response))
    }

    async fn get_epoch(
        &self,
        _: Request<pb::GetEpochRequest>,
    ) -> Result<Response<pb::GetEpochResponse>, Status> {
        self.unary("get_epoch").await?;
        let mut epoch = pb::Epoch::default();
        epoch.reference_gas_price = Some(750);
        let mut response = pb::GetEpochResponse::default();
        response.epoch = Some(epoch);
        Ok(Response::new(response))
    }

    async fn batch_get_objects(
        &self,
        request: Request<pb::BatchGetObjectsRequest>,
    ) -> Result<Response<pb::BatchGetObjectsResponse>, Status> {
        self.unary("batch_get_objects").await?;
        let script = self.0.lock().unwrap();
        let mut response = pb::BatchGetObjectsResponse::default();
        for asked in request.into_inner().requests {
            let id = asked.object_id.unwrap();
            let found = if script.swap_objects {
                script.objects.values().next()
            } else {
                script.objects.get(&id)
            };
            let mut result = pb::GetObjectResult::default();
            result.result = Some(match found {
                Some(object) => pb::get_object_result::Result::Object(
                    pb::Object::default().with_bcs(bcs_of(object)),
                ),
                None => {
                    let status = sui_rpc::proto::google::rpc::Status {
                        code: i32::from(tonic::Code::NotFound),
                        ..Default::default()
                    };
                    pb::get_object_result::Result::Error(status)
                }
            });
            response.objects.push(result);
        }
        Ok(Response::new(response))
    }

    async fn get_transaction(
        &self,
        request: Request<pb::GetTransactionRequest>,
    ) -> Result<Response<pb::GetTransactionResponse>, Status> {
        self.unary("get_transaction").await?;
        let script = self.0.lock().unwrap();
        let digest = request.into_inner().digest.unwrap();
        let seq = (0..script.height)
            .find(|seq| effects(*seq).0.transaction_digest().to_base58() == digest)
            .ok_or_else(|| Status::not_found("no such transaction"))?;
        let mut response = pb::GetTransactionResponse::default();
        response.transaction = Some(executed(seq + u64::from(script.swap_effects)));
        Ok(Response::new(response))
    }

    async fn get_checkpoint(
        &self,
        request: Request<pb::GetCheckpointRequest>,
    ) -> Result<Response<pb::GetCheckpointResponse>, Status> {
        self.unary("get_checkpoint").await?;
        let script = self.0.lock().unwrap();
        let Some(pb::get_checkpoint_request::CheckpointId::SequenceNumber(seq)) =
            request.into_inner().checkpoint_id
        else {
            return Err(Status::invalid_argument("by number, please"));
        };
        if seq >= script.height || seq < script.lowest {
            return Err(Status::not_found(format!("no checkpoint {seq}")));
        }
        let mut response = pb::GetCheckpointResponse::default();
        response.checkpoint = Some(checkpoint(seq, seq));
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl state_service::StateService for FakeServer {
    async fn list_owned_objects(
        &self,
        _: Request<pb::ListOwnedObjectsRequest>,
    ) -> Result<Response<pb::ListOwnedObjectsResponse>, Status> {
        self.unary("list_owned_objects").await?;
        let script = self.0.lock().unwrap();
        let mut response = pb::ListOwnedObjectsResponse::default();
        response.objects = script
            .objects
            .values()
            .map(|object| pb::Object::default().with_bcs(bcs_of(object)))
            .collect();
        Ok(Response::new(response))
    }
}

#[tonic::async_trait]
impl execution::TransactionExecutionService for FakeServer {
    async fn execute_transaction(
        &self,
        _: Request<pb::ExecuteTransactionRequest>,
    ) -> Result<Response<pb::ExecuteTransactionResponse>, Status> {
        self.unary("execute_transaction").await?;
        Ok(Response::new(pb::ExecuteTransactionResponse::new(
            executed(0),
        )))
    }
}

#[tonic::async_trait]
impl subscription::SubscriptionService for FakeServer {
    async fn subscribe_checkpoints(
        &self,
        _: Request<pb::SubscribeCheckpointsRequest>,
    ) -> Result<Response<BoxStream<pb::SubscribeCheckpointsResponse>>, Status> {
        let steps = {
            let mut script = self.0.lock().unwrap();
            *script.calls.entry("subscribe_checkpoints").or_default() += 1;
            if script.no_subscriptions {
                return Err(Status::unimplemented("not here"));
            }
            script.subscriptions.pop_front().unwrap_or_default()
        };
        let server = self.clone();
        let sent = futures::stream::iter(steps)
            .chain(futures::stream::iter([Step::Hang]))
            .then(move |step| {
                let server = server.clone();
                async move { server.take_step(step).await }
            })
            .take_while(|item| std::future::ready(item.is_some()))
            .filter_map(std::future::ready);
        Ok(Response::new(Box::pin(sent)))
    }
}

impl FakeServer {
    async fn take_step(
        &self,
        step: Step,
    ) -> Option<Result<pb::SubscribeCheckpointsResponse, Status>> {
        let (seq, content_of) = match step {
            Step::Send(seq) => (seq, seq),
            Step::SendForged(seq) => (seq, seq + 1),
            Step::Break(code) => return Some(Err(Status::new(code, "broken"))),
            Step::End => return None,
            Step::Hang => std::future::pending().await,
        };
        self.script(|script| script.height = script.height.max(seq + 1));
        let mut response = pb::SubscribeCheckpointsResponse::default();
        response.cursor = Some(seq);
        response.checkpoint = Some(checkpoint(seq, content_of));
        Some(Ok(response))
    }
}

/// Fails a test that waits for what does not come.
pub(crate) async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future)
        .await
        .expect("it does not come")
}

/// Whether an error says that the fullnode broke its own format.
pub(crate) fn is_bad_answer<T>(result: &Result<T, RpcError>) -> bool {
    matches!(result, Err(RpcError::BadAnswer { .. }))
}
