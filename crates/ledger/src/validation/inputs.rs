//! Loading what a transaction works on, and checking that it may.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sui_sdk_types::{
    Address, Command, Digest, Input, Mutability, Object, ObjectData, ObjectReference, Owner,
    SharedInput, Transaction, TransactionKind, TypeTag, Version,
};

use super::Checks;
use crate::error::{LedgerError, Refusal};
use crate::execution::Chain;
use crate::records::coin_of;
use crate::state::Latest;

/// The on-chain clock.
const CLOCK: Address = Address::from_static("0x6");
/// Shared objects that user transactions may only read.
const READ_ONLY_SYSTEM_OBJECTS: [Address; 3] = [
    CLOCK,
    Address::from_static("0x8"),
    Address::from_static("0xacc"),
];

/// How a transaction may use an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Owned by the sender (or gas owner): anything.
    Owned,
    /// Shared, taken for writing.
    SharedWrite,
    /// Shared, taken for reading.
    SharedRead,
    /// Frozen: reading.
    Immutable,
}

impl Access {
    pub(crate) const fn is_mutable(self) -> bool {
        matches!(self, Self::Owned | Self::SharedWrite)
    }
}

/// An input object.
#[derive(Debug, Clone)]
pub(crate) struct InputObject {
    pub(crate) object: Arc<Object>,
    pub(crate) access: Access,
}

/// Everything that a transaction starts from.
#[derive(Debug, Clone)]
pub(crate) struct Inputs {
    /// Input objects and gas coins.
    pub(crate) objects: BTreeMap<Address, InputObject>,
    /// Shared inputs in the order of the transaction.
    pub(crate) shared: Vec<Address>,
    /// Gas coins in the order of the payment.
    pub(crate) gas: Vec<Address>,
    /// Objects that may be received: version and digest.
    pub(crate) receiving: BTreeMap<Address, (Version, Digest)>,
    /// Version of everything that the transaction writes.
    pub(crate) lamport_version: Version,
    /// Transactions that made the inputs.
    pub(crate) dependencies: BTreeSet<Digest>,
}

/// The inputs of a system transaction that takes none.
pub(crate) fn no_inputs() -> Inputs {
    Inputs {
        objects: BTreeMap::new(),
        shared: Vec::new(),
        gas: Vec::new(),
        receiving: BTreeMap::new(),
        lamport_version: 1,
        dependencies: BTreeSet::new(),
    }
}

/// The inputs of the transaction that sets the clock.
pub(crate) fn load_clock(chain: &Chain<'_>) -> Result<Inputs, LedgerError> {
    let object = live(chain, &CLOCK)?;
    let mut inputs = no_inputs();
    inputs.lamport_version = object.version() + 1;
    inputs.dependencies.insert(object.previous_transaction());
    inputs.shared.push(CLOCK);
    inputs.objects.insert(
        CLOCK,
        InputObject {
            object,
            access: Access::SharedWrite,
        },
    );
    Ok(inputs)
}

/// Loads and checks the inputs of a transaction.
pub(crate) fn load_inputs(
    chain: &Chain<'_>,
    transaction: &Transaction,
    checks: Checks,
) -> Result<Inputs, LedgerError> {
    load_simulated_inputs(chain, transaction, checks, None)
}

/// The same, with the only gas coin given where it is made up.
pub(crate) fn load_simulated_inputs(
    chain: &Chain<'_>,
    transaction: &Transaction,
    checks: Checks,
    mock_gas: Option<Arc<Object>>,
) -> Result<Inputs, LedgerError> {
    let TransactionKind::ProgrammableTransaction(programmable) = &transaction.kind else {
        return Err(Refusal::Unsupported("only programmable transactions come from users").into());
    };
    let mut loader = Loader {
        chain,
        checks,
        sender: transaction.sender,
        inputs: no_inputs(),
    };
    loader.load_gas(transaction, mock_gas)?;
    for input in &programmable.inputs {
        match input {
            Input::ImmutableOrOwned(reference) => {
                let object = loader.at_reference(reference)?;
                let access = loader.owned_access(&object, transaction.sender)?;
                loader.add(object, access);
            }
            Input::Shared(shared) => loader.load_shared(shared)?,
            Input::Receiving(reference) => loader.load_receiving(reference)?,
            _ => {}
        }
    }
    let mut packages = BTreeSet::new();
    for command in &programmable.commands {
        collect_packages(command, &mut packages);
    }
    for package in packages {
        loader.load_package(package)?;
    }
    let mut inputs = loader.inputs;
    let versions = inputs.objects.values().map(|input| input.object.version());
    let received = inputs.receiving.values().map(|(version, _)| *version);
    inputs.lamport_version = versions.chain(received).max().unwrap_or_default() + 1;
    Ok(inputs)
}

struct Loader<'a> {
    chain: &'a Chain<'a>,
    checks: Checks,
    sender: Address,
    inputs: Inputs,
}

impl Loader<'_> {
    fn load_gas(
        &mut self,
        transaction: &Transaction,
        mock: Option<Arc<Object>>,
    ) -> Result<(), LedgerError> {
        let gas = &transaction.gas_payment;
        if gas.objects.is_empty() {
            return Err(Refusal::MissingGasPayment.into());
        }
        let mut balance = 0u64;
        for reference in &gas.objects {
            let object = match &mock {
                Some(mock) => Arc::clone(mock),
                None => self.at_reference(reference)?,
            };
            let id = object.object_id();
            let invalid = Refusal::InvalidGasObject(id);
            let is_sui = object.as_struct().is_some_and(|contents| {
                *contents.object_type() == sui_sdk_types::StructTag::gas_coin()
            });
            let (true, Some((_, value))) = (is_sui, coin_of(&object)) else {
                return Err(invalid.into());
            };
            match object.owner() {
                Owner::Address(owner) if *owner == gas.owner => {}
                Owner::Address(_) => {
                    return Err(Refusal::NotOwner {
                        id,
                        expected: gas.owner,
                    }
                    .into());
                }
                _ => return Err(invalid.into()),
            }
            balance = balance.saturating_add(value);
            self.inputs.gas.push(id);
            self.add(object, Access::Owned);
        }
        if balance < gas.budget {
            return Err(Refusal::GasBalanceTooLow {
                balance,
                budget: gas.budget,
            }
            .into());
        }
        Ok(())
    }

    fn at_reference(&self, reference: &ObjectReference) -> Result<Arc<Object>, LedgerError> {
        let id = *reference.object_id();
        let object = live(self.chain, &id)?;
        if matches!(object.data(), ObjectData::Package(_)) {
            return Err(Refusal::PackageAsObject(id).into());
        }
        if object.version() != reference.version() {
            return Err(Refusal::ObjectVersionUnavailable {
                id,
                asked: reference.version(),
                current: object.version(),
            }
            .into());
        }
        if object.digest() != *reference.digest() {
            return Err(Refusal::ObjectDigestMismatch {
                id,
                version: object.version(),
            }
            .into());
        }
        Ok(object)
    }

    fn owned_access(&self, object: &Object, expected: Address) -> Result<Access, Refusal> {
        let id = object.object_id();
        match object.owner() {
            Owner::Immutable => Ok(Access::Immutable),
            Owner::Address(owner) if *owner == expected || self.checks == Checks::Off => {
                Ok(Access::Owned)
            }
            Owner::Address(_) => Err(Refusal::NotOwner { id, expected }),
            Owner::Object(_) => Err(Refusal::ObjectOwned(id)),
            _ => Err(Refusal::WrongObjectKind(id)),
        }
    }

    fn load_shared(&mut self, shared: &SharedInput) -> Result<(), LedgerError> {
        let id = shared.object_id();
        let access = match shared.mutability() {
            Mutability::Mutable => Access::SharedWrite,
            Mutability::Immutable => Access::SharedRead,
            Mutability::NonExclusiveWrite => {
                return Err(Refusal::Unsupported("non-exclusive writes").into());
            }
        };
        if access == Access::SharedWrite && READ_ONLY_SYSTEM_OBJECTS.contains(&id) {
            return Err(Refusal::SystemObject(id).into());
        }
        let object = live(self.chain, &id)?;
        let actual = match object.owner() {
            Owner::Shared(version) => *version,
            Owner::ConsensusAddress {
                start_version,
                owner,
            } => {
                if *owner != self.sender && self.checks == Checks::On {
                    return Err(Refusal::NotOwner {
                        id,
                        expected: self.sender,
                    }
                    .into());
                }
                *start_version
            }
            _ => return Err(Refusal::WrongObjectKind(id).into()),
        };
        if actual != shared.version() {
            return Err(Refusal::InitialVersionMismatch {
                id,
                asked: shared.version(),
                actual,
            }
            .into());
        }
        self.inputs.shared.push(id);
        self.add(object, access);
        Ok(())
    }

    fn load_receiving(&mut self, reference: &ObjectReference) -> Result<(), LedgerError> {
        let object = self.at_reference(reference)?;
        let id = *reference.object_id();
        match object.owner() {
            Owner::Address(_) => {
                self.inputs
                    .receiving
                    .insert(id, (reference.version(), *reference.digest()));
                Ok(())
            }
            Owner::Object(_) => Err(Refusal::ObjectOwned(id).into()),
            _ => Err(Refusal::WrongObjectKind(id).into()),
        }
    }

    fn load_package(&mut self, id: Address) -> Result<(), LedgerError> {
        let object = match self.chain.state.live(&id)? {
            Some(object) => object,
            None => return Err(Refusal::PackageNotFound(id).into()),
        };
        if !matches!(object.data(), ObjectData::Package(_)) {
            return Err(Refusal::ObjectAsPackage(id).into());
        }
        self.inputs
            .dependencies
            .insert(object.previous_transaction());
        Ok(())
    }

    fn add(&mut self, object: Arc<Object>, access: Access) {
        self.inputs
            .dependencies
            .insert(object.previous_transaction());
        self.inputs
            .objects
            .insert(object.object_id(), InputObject { object, access });
    }
}

fn live(chain: &Chain<'_>, id: &Address) -> Result<Arc<Object>, LedgerError> {
    match chain.state.latest(id)? {
        Some(Latest::Live(object)) => Ok(object),
        Some(Latest::Gone { version }) => Err(Refusal::ObjectDeleted { id: *id, version }.into()),
        None => Err(Refusal::ObjectNotFound(*id).into()),
    }
}

fn collect_packages(command: &Command, packages: &mut BTreeSet<Address>) {
    match command {
        Command::MoveCall(call) => {
            packages.insert(call.package);
            for tag in &call.type_arguments {
                collect_type_packages(tag, packages);
            }
        }
        Command::MakeMoveVector(vector) => {
            if let Some(tag) = &vector.type_ {
                collect_type_packages(tag, packages);
            }
        }
        Command::Publish(publish) => packages.extend(&publish.dependencies),
        Command::Upgrade(upgrade) => {
            packages.extend(&upgrade.dependencies);
            packages.insert(upgrade.package);
        }
        _ => {}
    }
}

fn collect_type_packages(tag: &TypeTag, packages: &mut BTreeSet<Address>) {
    let mut open = vec![tag];
    while let Some(tag) = open.pop() {
        match tag {
            TypeTag::Vector(element) => open.push(element),
            TypeTag::Struct(tag) => {
                packages.insert(*tag.address());
                open.extend(tag.type_params());
            }
            _ => {}
        }
    }
}
