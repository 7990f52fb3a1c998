//! A chain in memory behind the `Rpc` trait: it checks object versions and runs no Move, but aborts
//! where it is told to.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use atoma_chain::{
    ChainId, CoinType, Deployment, Lineage, Rpc, RpcError, TxDigest,
    deployment::SharedObjects,
    id::SuiId as _,
    rpc::{Checkpoint, CheckpointStream, Executed, Page, ServiceInfo},
};
use atoma_protocol::ids::{Address, CheckpointSeq, NetworkId, ObjectId, PackageId};
use sui_sdk_types::{
    Address as SuiAddress, ChangedObject, Command, Digest, ExecutionError, ExecutionStatus,
    GasCostSummary, IdOperation, Identifier, Input, MoveLocation, MoveStruct, Object, ObjectData,
    ObjectIn, ObjectOut, ObjectReference, Owner, ProgrammableTransaction, SignedTransaction,
    StructTag, Transaction, TransactionEffects, TransactionEffectsV2, TransactionKind,
    ValidatorCommittee,
};

/// What every transaction costs here.
pub(crate) const COST: u64 = 1_000_000;
pub(crate) const PACKAGE: u8 = 0xa1;
const PAGE: usize = 3;

/// Something that goes wrong once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// The next execution is executed, and its answer lost.
    LoseAnswer,
    /// The next execution never arrives.
    LoseRequest,
    /// Before the next execution somebody else moves every owned object.
    MoveObjects,
}

#[derive(Debug, Default)]
struct State {
    objects: BTreeMap<ObjectId, Object>,
    executed: BTreeMap<TxDigest, Executed>,
    order: Vec<Transaction>,
    poison: BTreeSet<ObjectId>,
    faults: VecDeque<Fault>,
    always_move: bool,
    lag: Option<BTreeMap<ObjectId, Object>>,
    rejected: usize,
    version: u64,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct FakeChain(Arc<Mutex<State>>);

pub(crate) fn deployment() -> Deployment {
    let package = PackageId::new([PACKAGE; 32]);
    Deployment {
        chain_id: ChainId::new([9; 32]),
        network: NetworkId::new([0x11; 32]),
        package: Lineage::single(package),
        stake_coin: CoinType::new(package, "atoma", "ATOMA").unwrap(),
        payment_coin: usd(),
        objects: SharedObjects {
            live_time: ObjectId::new([0x12; 32]),
            attestors: ObjectId::new([0x13; 32]),
            measurements: ObjectId::new([0x14; 32]),
        },
        test_usd: None,
    }
}

pub(crate) fn usd() -> CoinType {
    CoinType::new(PackageId::new([0xd0; 32]), "usd", "USD").unwrap()
}

impl FakeChain {
    /// A chain with the deployment's shared objects and the clock.
    pub(crate) fn new() -> Self {
        let chain = Self::default();
        let at = deployment();
        let mut clock = [0; 32];
        clock[31] = 6;
        for id in [
            ObjectId::new(clock),
            ObjectId::from_sui(at.network.to_sui()),
            at.objects.live_time,
            at.objects.attestors,
            at.objects.measurements,
        ] {
            chain.share(id);
        }
        chain
    }

    pub(crate) fn share(&self, id: ObjectId) {
        self.put(id, Owner::Shared(1), thing(), Vec::new());
    }

    pub(crate) fn give_coin(&self, id: u8, owner: Address, coin: &CoinType, balance: u64) {
        self.put(
            ObjectId::new([id; 32]),
            Owner::Address(owner.to_sui()),
            coin.coin_struct(),
            balance.to_le_bytes().to_vec(),
        );
    }

    pub(crate) fn give(&self, id: u8, owner: Address) {
        let owner = Owner::Address(owner.to_sui());
        self.put(ObjectId::new([id; 32]), owner, thing(), Vec::new());
    }

    fn put(&self, id: ObjectId, owner: Owner, tag: StructTag, fields: Vec<u8>) {
        let contents = [id.as_bytes().to_vec(), fields].concat();
        let object = object(tag, owner, 1, contents);
        self.0.lock().unwrap().objects.insert(id, object);
    }

    /// Settling this channel aborts with `EBadVoucher`.
    pub(crate) fn poison(&self, channel: ObjectId) {
        self.0.lock().unwrap().poison.insert(channel);
    }

    pub(crate) fn fault(&self, fault: Fault) {
        self.0.lock().unwrap().faults.push_back(fault);
    }

    /// Somebody else moves the wallet's objects before each execution.
    pub(crate) fn always_move_objects(&self) {
        self.0.lock().unwrap().always_move = true;
    }

    /// Reads answer with what is there now, whatever is executed after.
    pub(crate) fn freeze_reads(&self) {
        let mut state = self.0.lock().unwrap();
        state.lag = Some(state.objects.clone());
    }

    pub(crate) fn executed(&self) -> Vec<Transaction> {
        self.0.lock().unwrap().order.clone()
    }

    pub(crate) fn rejected(&self) -> usize {
        self.0.lock().unwrap().rejected
    }
}

fn thing() -> StructTag {
    StructTag::new(
        SuiAddress::new([PACKAGE; 32]),
        Identifier::from_static("thing"),
        Identifier::from_static("Thing"),
        Vec::new(),
    )
}

fn object(tag: StructTag, owner: Owner, version: u64, contents: Vec<u8>) -> Object {
    let content = MoveStruct::new(tag, true, version, contents).unwrap();
    Object::new(ObjectData::Struct(content), owner, Digest::ZERO, 0)
}

fn programmable(transaction: &Transaction) -> &ProgrammableTransaction {
    match &transaction.kind {
        TransactionKind::ProgrammableTransaction(kind) => kind,
        _ => panic!("only programmable transactions are built"),
    }
}

fn reference(object: &Object) -> ObjectReference {
    ObjectReference::new(object.object_id(), object.version(), object.digest())
}

impl State {
    /// Gives every owned object another version.
    fn move_objects(&mut self) {
        self.version += 1;
        let version = 1_000 + self.version;
        for held in self.objects.values_mut() {
            if matches!(held.owner(), Owner::Address(_)) {
                *held = rewritten(held, version, None);
            }
        }
    }

    fn run(&mut self, transaction: &Transaction, commit: bool) -> Result<Executed, RpcError> {
        let kind = programmable(transaction);
        let owned = kind.inputs.iter().filter_map(|input| match input {
            Input::ImmutableOrOwned(reference) => Some(reference),
            _ => None,
        });
        for used in owned.chain(&transaction.gas_payment.objects) {
            let id = ObjectId::from_sui(*used.object_id());
            if self.objects.get(&id).map(reference).as_ref() != Some(used) {
                self.rejected += 1;
                return Err(RpcError::Rejected {
                    message: format!("object {id} is not at version {}", used.version()),
                });
            }
        }
        let status = self.status(transaction);
        let version = 10_000 + u64::try_from(self.order.len()).unwrap();
        let mut changed = Vec::new();
        for (index, used) in transaction.gas_payment.objects.iter().enumerate() {
            let id = ObjectId::from_sui(*used.object_id());
            let before = self.objects[&id].clone();
            // Gas coins are made one: the first holds what is left.
            let output = if index == 0 {
                let left = self.gas_left(transaction);
                let after = rewritten(&before, version, Some(left));
                let out = ObjectOut::ObjectWrite {
                    digest: after.digest(),
                    owner: *after.owner(),
                };
                if commit {
                    self.objects.insert(id, after);
                }
                out
            } else {
                if commit {
                    self.objects.remove(&id);
                }
                ObjectOut::NotExist
            };
            changed.push(ChangedObject {
                object_id: before.object_id(),
                input_state: ObjectIn::Exist {
                    version: before.version(),
                    digest: before.digest(),
                    owner: *before.owner(),
                },
                output_state: output,
                id_operation: if index == 0 {
                    IdOperation::None
                } else {
                    IdOperation::Deleted
                },
            });
        }
        let effects = TransactionEffects::V2(Box::new(TransactionEffectsV2 {
            status,
            epoch: 0,
            gas_used: GasCostSummary::new(COST, 0, 0, 0),
            transaction_digest: transaction.digest(),
            gas_object_index: Some(0),
            events_digest: None,
            dependencies: Vec::new(),
            lamport_version: version,
            changed_objects: changed,
            unchanged_consensus_objects: Vec::new(),
            auxiliary_data_digest: None,
        }));
        Executed::new(effects, None, commit.then_some(CheckpointSeq(1)))
    }

    fn gas_left(&self, transaction: &Transaction) -> u64 {
        let held: u64 = transaction
            .gas_payment
            .objects
            .iter()
            .map(|used| balance(&self.objects[&ObjectId::from_sui(*used.object_id())]))
            .sum();
        held.saturating_sub(COST)
    }

    fn status(&self, transaction: &Transaction) -> ExecutionStatus {
        if transaction.gas_payment.budget < COST {
            return ExecutionStatus::Failure {
                error: ExecutionError::InsufficientGas,
                command: None,
            };
        }
        let kind = programmable(transaction);
        for (index, command) in (0_u64..).zip(&kind.commands) {
            let Command::MoveCall(call) = command else {
                continue;
            };
            let Some(sui_sdk_types::Argument::Input(first)) = call.arguments.first() else {
                continue;
            };
            let Input::Shared(shared) = &kind.inputs[usize::from(*first)] else {
                continue;
            };
            if self
                .poison
                .contains(&ObjectId::from_sui(shared.object_id()))
            {
                return ExecutionStatus::Failure {
                    error: ExecutionError::MoveAbort {
                        location: MoveLocation {
                            package: call.package,
                            module: call.module.clone(),
                            function: 0,
                            instruction: 0,
                            function_name: Some(call.function.clone()),
                        },
                        // `channel::EBadVoucher`, code 3.
                        code: 1 << 63 | 3 << 48 | 17 << 32,
                    },
                    command: Some(index),
                };
            }
        }
        ExecutionStatus::Success
    }
}

fn balance(object: &Object) -> u64 {
    let contents = object.as_struct().unwrap().contents();
    u64::from_le_bytes(contents[32..40].try_into().unwrap())
}

fn rewritten(before: &Object, version: u64, left: Option<u64>) -> Object {
    let content = before.as_struct().unwrap();
    let mut bytes = content.contents().to_vec();
    if let Some(left) = left {
        bytes[32..40].copy_from_slice(&left.to_le_bytes());
    }
    object(
        content.object_type().clone(),
        *before.owner(),
        version,
        bytes,
    )
}

#[async_trait]
impl Rpc for FakeChain {
    async fn service_info(&self) -> Result<ServiceInfo, RpcError> {
        Ok(ServiceInfo {
            chain: ChainId::new([9; 32]),
            epoch: 0,
            latest_checkpoint: CheckpointSeq(1),
            lowest_checkpoint: CheckpointSeq(0),
        })
    }

    async fn reference_gas_price(&self) -> Result<u64, RpcError> {
        Ok(1_000)
    }

    async fn committee(&self, _: Option<u64>) -> Result<ValidatorCommittee, RpcError> {
        Err(RpcError::Unsupported {
            what: "committee".to_owned(),
        })
    }

    async fn objects(&self, ids: &[ObjectId]) -> Result<Vec<Option<Object>>, RpcError> {
        let state = self.0.lock().unwrap();
        let objects = state.lag.as_ref().unwrap_or(&state.objects);
        Ok(ids.iter().map(|id| objects.get(id).cloned()).collect())
    }

    async fn owned_objects(
        &self,
        owner: Address,
        kind: &StructTag,
        page: Option<Vec<u8>>,
    ) -> Result<Page<Object>, RpcError> {
        let state = self.0.lock().unwrap();
        let objects = state.lag.as_ref().unwrap_or(&state.objects);
        let owned: Vec<Object> = objects
            .values()
            .filter(|object| {
                *object.owner() == Owner::Address(owner.to_sui())
                    && object.as_struct().unwrap().object_type() == kind
            })
            .cloned()
            .collect();
        let from = page.map_or(0, |token| usize::from(token[0]));
        let until = (from + PAGE).min(owned.len());
        Ok(Page {
            items: owned[from.min(until)..until].to_vec(),
            next: (until < owned.len()).then(|| vec![u8::try_from(until).unwrap()]),
        })
    }

    async fn simulate(&self, transaction: &Transaction) -> Result<Executed, RpcError> {
        self.0.lock().unwrap().run(transaction, false)
    }

    async fn execute(&self, signed: &SignedTransaction) -> Result<Executed, RpcError> {
        let unavailable = || RpcError::Unavailable {
            message: "connection reset".to_owned(),
        };
        let mut state = self.0.lock().unwrap();
        let fault = state.faults.pop_front();
        if fault == Some(Fault::LoseRequest) {
            return Err(unavailable());
        }
        if fault == Some(Fault::MoveObjects) || state.always_move {
            state.move_objects();
        }
        let executed = state.run(&signed.transaction, true)?;
        state.executed.insert(executed.digest(), executed.clone());
        state.order.push(signed.transaction.clone());
        if fault == Some(Fault::LoseAnswer) {
            return Err(unavailable());
        }
        Ok(executed)
    }

    async fn transaction(&self, digest: TxDigest) -> Result<Option<Executed>, RpcError> {
        Ok(self.0.lock().unwrap().executed.get(&digest).cloned())
    }

    async fn checkpoint(&self, _: CheckpointSeq) -> Result<Checkpoint, RpcError> {
        Err(RpcError::NotFound {
            what: "checkpoint".to_owned(),
        })
    }

    fn checkpoints(&self, _: CheckpointSeq) -> CheckpointStream {
        Box::pin(futures::stream::empty())
    }
}
