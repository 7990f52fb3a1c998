//! What is used of a Sui fullnode.
//!
//! [`GrpcRpc`] speaks `sui.rpc.v2` to a fullnode or to the localnet; an in-process ledger can stand
//! behind the same trait. Answers are BCS that is decoded and checked against its own digests here, so
//! that a fullnode can withhold but hardly invent.

mod checkpoint;
mod committee;
mod executed;
pub mod grpc;

use async_trait::async_trait;
use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use futures::stream::BoxStream;
use sui_sdk_types::{Object, SignedTransaction, StructTag, Transaction, ValidatorCommittee};

use crate::{
    error::RpcError,
    id::{ChainId, TxDigest},
};

pub use checkpoint::{Checkpoint, CheckpointTx};
pub use committee::{CheckpointError, Committee};
pub use executed::{CreatedObject, Executed, Failure};
pub use grpc::{GrpcConfig, GrpcRpc};

/// Most objects that one [`Rpc::objects`] call may ask for.
pub const MAX_OBJECTS_A_CALL: usize = 50;

/// Checkpoints in order, without gaps.
pub type CheckpointStream = BoxStream<'static, Result<Checkpoint, RpcError>>;

/// The fullnode's own account of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServiceInfo {
    /// Digest of the genesis checkpoint.
    pub chain: ChainId,
    /// Current epoch.
    pub epoch: u64,
    /// Latest executed checkpoint.
    pub latest_checkpoint: CheckpointSeq,
    /// Oldest checkpoint that it still serves with its transactions.
    pub lowest_checkpoint: CheckpointSeq,
}

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// What is on it.
    pub items: Vec<T>,
    /// How to ask for the next one.
    pub next: Option<Vec<u8>>,
}

/// What is used of a Sui fullnode. Implementations bound every call in time and retry what is safe to
/// retry.
#[async_trait]
pub trait Rpc: Send + Sync + std::fmt::Debug + 'static {
    /// Chain, epoch, and the range of checkpoints.
    async fn service_info(&self) -> Result<ServiceInfo, RpcError>;

    /// Price of one unit of gas in the current epoch, in MIST.
    async fn reference_gas_price(&self) -> Result<u64, RpcError>;

    /// The committee that signs the checkpoints of `epoch`, or of the current one.
    async fn committee(&self, epoch: Option<u64>) -> Result<ValidatorCommittee, RpcError>;

    /// The newest version of each object, in the order asked for; `None` where there is none (any
    /// more). At most [`MAX_OBJECTS_A_CALL`].
    async fn objects(&self, ids: &[ObjectId]) -> Result<Vec<Option<Object>>, RpcError>;

    /// One page of the objects of type `kind` that `owner` owns.
    async fn owned_objects(
        &self,
        owner: Address,
        kind: &StructTag,
        page: Option<Vec<u8>>,
    ) -> Result<Page<Object>, RpcError>;

    /// What the transaction would do, with all checks but the signatures.
    async fn simulate(&self, transaction: &Transaction) -> Result<Executed, RpcError>;

    /// Executes a transaction and waits for its effects. The same transaction again gives the same
    /// answer.
    async fn execute(&self, transaction: &SignedTransaction) -> Result<Executed, RpcError>;

    /// An executed transaction; `None` if the fullnode knows of none.
    async fn transaction(&self, digest: TxDigest) -> Result<Option<Executed>, RpcError>;

    /// One checkpoint with its transactions and events.
    async fn checkpoint(&self, seq: CheckpointSeq) -> Result<Checkpoint, RpcError>;

    /// Every checkpoint from `from` on: what exists already, then what comes, in order and without
    /// gaps. Lost connections are taken up again with growing pauses; the stream ends after an error
    /// that waiting does not cure.
    fn checkpoints(&self, from: CheckpointSeq) -> CheckpointStream;
}

/// One object's newest version.
///
/// # Errors
/// As [`Rpc::objects`].
pub async fn object(rpc: &dyn Rpc, id: ObjectId) -> Result<Option<Object>, RpcError> {
    Ok(rpc.objects(&[id]).await?.pop().flatten())
}
