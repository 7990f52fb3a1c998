//! `TransactionExecutionService`: makes things happen, or says what would.

use atoma_ledger::{Checks, CommandResult, ReturnValue};
use sui_rpc::proto::sui::rpc::v2::{
    self as pb, simulate_transaction_request::TransactionChecks,
    transaction_execution_service_server::TransactionExecutionService,
};
use sui_sdk_types::{Transaction, UserSignature};
use tonic::{Request, Response, Status, async_trait};

use super::Service;
use crate::message::{self, mask, status};

const EXECUTED_DEFAULT: &str = "effects.status,checkpoint";
const SIMULATED_DEFAULT: &str = "transaction.effects.status";

/// A transaction in full: as BCS or as a resolved message.
fn transaction(message: Option<&pb::Transaction>) -> Result<Transaction, Status> {
    let message = message.ok_or_else(|| Status::invalid_argument("transaction is missing"))?;
    match &message.bcs {
        Some(bcs) => atoma_ledger::decode_transaction(bcs.value())
            .map_err(|refusal| Status::invalid_argument(refusal.to_string())),
        None => Transaction::try_from(message).map_err(|error| {
            Status::invalid_argument(format!(
                "the transaction is neither BCS nor fully resolved: {error}"
            ))
        }),
    }
}

fn output(value: &ReturnValue) -> pb::CommandOutput {
    let mut bcs = pb::Bcs::from(value.bcs.clone());
    bcs.name = Some(value.type_tag.to_string());
    let mut output = pb::CommandOutput::default();
    output.value = Some(bcs);
    output
}

fn command(result: &CommandResult) -> pb::CommandResult {
    let mut message = pb::CommandResult::default();
    message.return_values = result.return_values.iter().map(output).collect();
    let mutated = result.mutated.iter().map(|mutated| {
        let mut output = output(&mutated.value);
        output.argument = Some(mutated.argument.into());
        output
    });
    message.mutated_by_ref = mutated.collect();
    message
}

#[async_trait]
impl TransactionExecutionService for Service {
    async fn execute_transaction(
        &self,
        request: Request<pb::ExecuteTransactionRequest>,
    ) -> Result<Response<pb::ExecuteTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask = mask::<pb::ExecutedTransaction>(request.read_mask, EXECUTED_DEFAULT)?;
        let transaction = transaction(request.transaction.as_ref())?;
        let signatures: Vec<UserSignature> = request
            .signatures
            .iter()
            .map(UserSignature::try_from)
            .collect::<Result<_, _>>()
            .map_err(|error| Status::invalid_argument(format!("signatures: {error}")))?;
        let executed = self
            .chain
            .execute(&transaction, &signatures)
            .map_err(|error| status(&error))?;
        let message = message::executed(&executed, &mask);
        Ok(Response::new(pb::ExecuteTransactionResponse::new(message)))
    }

    async fn simulate_transaction(
        &self,
        request: Request<pb::SimulateTransactionRequest>,
    ) -> Result<Response<pb::SimulateTransactionResponse>, Status> {
        let request = request.into_inner();
        let mask =
            mask::<pb::SimulateTransactionResponse>(request.read_mask.clone(), SIMULATED_DEFAULT)?;
        if request.do_gas_selection() {
            return Err(Status::invalid_argument(
                "do_gas_selection is not supported",
            ));
        }
        let checks = match request.checks() {
            TransactionChecks::Disabled => Checks::Off,
            _ => Checks::On,
        };
        let transaction = transaction(request.transaction.as_ref())?;
        let simulated = self
            .chain
            .simulate(&transaction, checks)
            .map_err(|error| status(&error))?;
        let mut response = pb::SimulateTransactionResponse::default();
        if let Some(mask) = mask.subtree("transaction") {
            response.transaction = Some(message::simulated(&simulated, &mask));
        }
        if mask.contains("command_outputs") {
            response.command_outputs = simulated.commands.iter().map(command).collect();
        }
        Ok(Response::new(response))
    }
}
