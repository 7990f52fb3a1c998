//! The services of `sui.rpc.v2`.
//!
//! What a method does not support it says so: `Unimplemented` for a whole method, `InvalidArgument`
//! for a part of one.

mod execution;
mod ledger;
mod state;
mod subscription;

use sui_rpc::proto::sui::rpc::v2::{
    ledger_service_server::LedgerServiceServer, state_service_server::StateServiceServer,
    subscription_service_server::SubscriptionServiceServer,
    transaction_execution_service_server::TransactionExecutionServiceServer,
};
use sui_sdk_types::{Address, Digest};
use tonic::{Status, service::Routes};

use crate::chain::LocalChain;

/// Largest request, in bytes: a transaction of 128 KiB and its signatures.
const MAX_REQUEST_BYTES: usize = 1 << 20;
/// Largest answer, in bytes.
const MAX_ANSWER_BYTES: usize = 128 << 20;
/// Most objects or transactions that one call may ask for.
const MAX_BATCH: usize = 1_000;
/// Items on a page unless the caller says otherwise, and at most.
const PAGE: (usize, usize) = (50, 1_000);

/// One chain, as all services see it.
#[derive(Clone, Debug)]
struct Service {
    chain: LocalChain,
}

/// All services over `chain`.
pub(crate) fn routes(chain: LocalChain) -> Routes {
    let service = Service { chain };
    macro_rules! limited {
        ($server:ident) => {
            $server::new(service.clone())
                .max_decoding_message_size(MAX_REQUEST_BYTES)
                .max_encoding_message_size(MAX_ANSWER_BYTES)
        };
    }
    Routes::new(limited!(LedgerServiceServer))
        .add_service(limited!(StateServiceServer))
        .add_service(limited!(TransactionExecutionServiceServer))
        .add_service(limited!(SubscriptionServiceServer))
}

fn address(field: &str, text: Option<&str>) -> Result<Address, Status> {
    text.ok_or_else(|| Status::invalid_argument(format!("{field} is missing")))?
        .parse()
        .map_err(|error| Status::invalid_argument(format!("{field}: {error}")))
}

fn digest(field: &str, text: Option<&str>) -> Result<Digest, Status> {
    text.ok_or_else(|| Status::invalid_argument(format!("{field} is missing")))?
        .parse()
        .map_err(|error| Status::invalid_argument(format!("{field}: {error}")))
}

fn page_size(asked: Option<u32>) -> usize {
    let asked = asked
        .and_then(|size| usize::try_from(size).ok())
        .filter(|size| *size > 0);
    asked.map_or(PAGE.0, |size| size.min(PAGE.1))
}

fn check_batch(count: usize) -> Result<(), Status> {
    if count <= MAX_BATCH {
        Ok(())
    } else {
        Err(Status::invalid_argument(format!(
            "{count} asked for, at most {MAX_BATCH} allowed"
        )))
    }
}
