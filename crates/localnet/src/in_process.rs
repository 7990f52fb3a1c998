//! The chain as roles see it, without a network in between: for a market in one process that is
//! replayed from a seed.

use async_trait::async_trait;
use atoma_chain::{
    Rpc, RpcError,
    id::{SuiId, TxDigest},
    rpc::{Checkpoint, CheckpointStream, Executed, Page, ServiceInfo},
};
use atoma_ledger::{Checks, Cursor, LedgerError, OwnerKind};
use atoma_protocol::ids::{Address, CheckpointSeq, ObjectId};
use futures::{StreamExt, stream};
use sui_sdk_types::{Object, SignedTransaction, StructTag, Transaction, ValidatorCommittee};
use tokio::sync::broadcast;

use crate::chain::LocalChain;

/// Objects on one page of a listing.
const PAGE: usize = 200;

/// A [`LocalChain`] as an [`Rpc`].
#[derive(Clone, Debug)]
pub struct InProcess {
    chain: LocalChain,
}

impl InProcess {
    /// Over `chain`.
    #[must_use]
    pub const fn new(chain: LocalChain) -> Self {
        Self { chain }
    }

    fn read(&self, seq: CheckpointSeq) -> Result<Option<Checkpoint>, RpcError> {
        let ledger = self.chain.ledger();
        let Some(sealed) = ledger.checkpoint(seq.0).map_err(|error| failed(&error))? else {
            return Ok(None);
        };
        let mut transactions = Vec::new();
        for digest in sealed.transactions() {
            let executed = ledger.transaction(digest).map_err(|error| failed(&error))?;
            let executed = executed.ok_or_else(|| missing("a transaction of a checkpoint"))?;
            transactions.push(as_executed(executed)?);
        }
        let summary = sealed.summary;
        let signature = Some(summary.signature);
        Checkpoint::new(
            summary.checkpoint,
            signature,
            &sealed.contents,
            transactions,
        )
        .map(Some)
    }
}

fn failed(error: &LedgerError) -> RpcError {
    match error {
        LedgerError::Refused(refusal) => RpcError::Rejected {
            message: refusal.to_string(),
        },
        other => RpcError::Unavailable {
            message: other.to_string(),
        },
    }
}

fn missing(what: &str) -> RpcError {
    RpcError::NotFound {
        what: what.to_owned(),
    }
}

fn as_executed(executed: atoma_ledger::Executed) -> Result<Executed, RpcError> {
    Executed::new(
        executed.effects,
        executed.events,
        executed.checkpoint.map(CheckpointSeq),
    )
}

#[async_trait]
impl Rpc for InProcess {
    async fn service_info(&self) -> Result<ServiceInfo, RpcError> {
        let ledger = self.chain.ledger();
        let latest = ledger.latest_checkpoint().map_err(|error| failed(&error))?;
        Ok(ServiceInfo {
            chain: ledger.chain_id().into(),
            epoch: ledger.epoch(),
            latest_checkpoint: CheckpointSeq(latest.sequence_number()),
            lowest_checkpoint: CheckpointSeq(0),
        })
    }

    async fn reference_gas_price(&self) -> Result<u64, RpcError> {
        Ok(self.chain.ledger().reference_gas_price())
    }

    async fn committee(&self, _: Option<u64>) -> Result<ValidatorCommittee, RpcError> {
        Ok(self.chain.ledger().committee())
    }

    async fn objects(&self, ids: &[ObjectId]) -> Result<Vec<Option<Object>>, RpcError> {
        let ledger = self.chain.ledger();
        let read = |id: &ObjectId| {
            let found = ledger
                .object(&id.to_sui())
                .map_err(|error| failed(&error))?;
            Ok(found.map(|object| (*object).clone()))
        };
        ids.iter().map(read).collect()
    }

    async fn owned_objects(
        &self,
        owner: Address,
        kind: &StructTag,
        page: Option<Vec<u8>>,
    ) -> Result<Page<Object>, RpcError> {
        let ledger = self.chain.ledger();
        let (owner, after) = (owner.to_sui(), page.map(Cursor));
        let found = ledger
            .owned_objects(OwnerKind::Address, &owner, Some(kind), after.as_ref(), PAGE)
            .map_err(|error| failed(&error))?;
        let mut items = Vec::new();
        for item in found.items {
            let object = ledger.object(&item.id).map_err(|error| failed(&error))?;
            items.push((*object.ok_or_else(|| missing("a listed object"))?).clone());
        }
        Ok(Page {
            items,
            next: found.next.map(|cursor| cursor.0),
        })
    }

    async fn simulate(&self, transaction: &Transaction) -> Result<Executed, RpcError> {
        let simulated = self
            .chain
            .simulate(transaction, Checks::On)
            .map_err(|error| failed(&error))?;
        Executed::new(simulated.effects, simulated.events, None)
    }

    async fn execute(&self, signed: &SignedTransaction) -> Result<Executed, RpcError> {
        let executed = self.chain.execute(&signed.transaction, &signed.signatures);
        as_executed(executed.map_err(|error| failed(&error))?)
    }

    async fn transaction(&self, digest: TxDigest) -> Result<Option<Executed>, RpcError> {
        let found = self.chain.ledger().transaction(&digest.into());
        found
            .map_err(|error| failed(&error))?
            .map(as_executed)
            .transpose()
    }

    async fn checkpoint(&self, seq: CheckpointSeq) -> Result<Checkpoint, RpcError> {
        self.read(seq)?.ok_or_else(|| missing("the checkpoint"))
    }

    fn checkpoints(&self, from: CheckpointSeq) -> CheckpointStream {
        let live = self.chain.subscribe();
        let state = Some((self.clone(), live, from));
        stream::unfold(state, async |state| {
            let (rpc, mut live, next) = state?;
            loop {
                match rpc.read(next) {
                    Ok(Some(checkpoint)) => {
                        return Some((
                            Ok(checkpoint),
                            Some((rpc, live, CheckpointSeq(next.0 + 1))),
                        ));
                    }
                    Ok(None) => {}
                    Err(error) => return Some((Err(error), None)),
                }
                // Whatever was missed is read from the ledger.
                if matches!(live.recv().await, Err(broadcast::error::RecvError::Closed)) {
                    return None;
                }
            }
        })
        .boxed()
    }
}
