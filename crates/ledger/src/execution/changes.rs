//! From what a transaction did in memory to the objects that it writes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use atoma_move_vm::{LoadedType, Type, Value};
use sui_sdk_types::{
    Address, Digest, ExecutionError, MovePackage, MoveStruct, Object, ObjectData, Owner, StructTag,
    TransactionEvents, TypeTag, Version,
};

use super::charge::Payment;
use super::coins::{coin_parts, coin_value};
use super::failure::{Step, fail, invariant, stop, stop_with};
use super::gas::{object_storage_cost, package_storage_cost};
use super::interpreter::Interpreter;
use super::objects::NewOwner;
use super::values::{Held, Slot, Typed};
use crate::bridge;
use crate::validation::{Access, Inputs};

/// What an object will be, before its version is known.
#[derive(Debug, Clone)]
pub(crate) enum NewData {
    /// A struct; its contents start with its id.
    Struct {
        object_type: StructTag,
        has_store: bool,
        contents: Vec<u8>,
    },
    /// A package, which has its version already.
    Package(Box<MovePackage>),
}

/// An object that a transaction writes.
#[derive(Debug, Clone)]
pub(crate) struct NewObject {
    pub(crate) data: NewData,
    pub(crate) owner: NewOwner,
}

/// Everything that a transaction changes.
#[derive(Debug, Clone, Default)]
pub(crate) struct Changes {
    /// Objects that are written or go away and existed before, as they were.
    pub(crate) before: BTreeMap<Address, Arc<Object>>,
    pub(crate) written: BTreeMap<Address, NewObject>,
    pub(crate) created_ids: BTreeSet<Address>,
    pub(crate) deleted_ids: BTreeSet<Address>,
    pub(crate) events: Option<TransactionEvents>,
}

impl NewObject {
    /// The same object again, to be written with a new version.
    pub(super) fn touched(object: &Object) -> Step<Self> {
        let data = match object.data() {
            ObjectData::Struct(contents) => NewData::Struct {
                object_type: contents.object_type().clone(),
                has_store: contents.has_public_transfer(),
                contents: contents.contents().to_vec(),
            },
            ObjectData::Package(_) => return Err(invariant("a package is never touched")),
        };
        Ok(Self {
            data,
            owner: same_owner(object.owner())?,
        })
    }

    fn of_value(owner: NewOwner, ty: &LoadedType, value: &Value) -> Step<Self> {
        let object_type = struct_type(&ty.ty)?;
        let contents = value
            .to_bcs(&ty.layout)
            .map_err(|error| invariant(format!("object: {error}")))?;
        Ok(Self {
            data: NewData::Struct {
                object_type,
                has_store: ty.abilities.has_store(),
                contents,
            },
            owner,
        })
    }

    /// Bytes that count against the limits on objects.
    fn size(&self) -> usize {
        match &self.data {
            NewData::Struct { contents, .. } => contents.len(),
            NewData::Package(package) => super::gas::package_size(package),
        }
    }

    /// The object at its version; `before` is what it was.
    pub(crate) fn build(
        &self,
        version: Version,
        digest: Digest,
        before: Option<&Object>,
        unmetered: bool,
    ) -> Option<Object> {
        let owner = match self.owner {
            NewOwner::Address(address) => Owner::Address(address),
            NewOwner::Object(parent) => Owner::Object(parent),
            NewOwner::Immutable => Owner::Immutable,
            NewOwner::Shared => match before.map(Object::owner) {
                Some(Owner::Shared(initial)) => Owner::Shared(*initial),
                _ => Owner::Shared(version),
            },
            NewOwner::Party(owner) => match before.map(Object::owner) {
                Some(Owner::ConsensusAddress {
                    start_version,
                    owner: previous,
                }) if *previous == owner => Owner::ConsensusAddress {
                    start_version: *start_version,
                    owner,
                },
                _ => Owner::ConsensusAddress {
                    start_version: version,
                    owner,
                },
            },
        };
        let (data, cost) = match &self.data {
            NewData::Struct {
                object_type,
                has_store,
                contents,
            } => {
                let object =
                    MoveStruct::new(object_type.clone(), *has_store, version, contents.clone())?;
                let cost = object_storage_cost(&object);
                (ObjectData::Struct(object), cost)
            }
            NewData::Package(package) => {
                let cost = package_storage_cost(package);
                (ObjectData::Package((**package).clone()), cost)
            }
        };
        let rebate = if unmetered {
            before.map_or(0, Object::storage_rebate)
        } else {
            cost
        };
        Some(Object::new(data, owner, digest, rebate))
    }
}

/// The owner of an object that is written again without being transferred.
fn same_owner(owner: &Owner) -> Step<NewOwner> {
    match owner {
        Owner::Address(address) => Ok(NewOwner::Address(*address)),
        Owner::Object(parent) => Ok(NewOwner::Object(*parent)),
        Owner::Shared(_) => Ok(NewOwner::Shared),
        Owner::Immutable => Ok(NewOwner::Immutable),
        Owner::ConsensusAddress { owner, .. } => Ok(NewOwner::Party(*owner)),
        _ => Err(invariant("an object with an unknown kind of owner")),
    }
}

fn struct_type(ty: &Type) -> Step<StructTag> {
    ty.as_datatype()
        .and_then(bridge::struct_tag)
        .ok_or_else(|| invariant("the type of an object is no struct"))
}

impl Changes {
    /// What every transaction does to its inputs, whether it succeeds or not: each mutable one is
    /// written again.
    pub(super) fn of_inputs(inputs: &Inputs) -> Step<Self> {
        let mut changes = Self::default();
        for (id, input) in &inputs.objects {
            if input.access.is_mutable() {
                changes.before.insert(*id, Arc::clone(&input.object));
                changes
                    .written
                    .insert(*id, NewObject::touched(&input.object)?);
            }
        }
        Ok(changes)
    }

    /// Marks an input as deleted.
    pub(super) fn delete(&mut self, id: Address) {
        self.written.remove(&id);
        self.deleted_ids.insert(id);
    }
}

impl Interpreter<'_> {
    /// Puts the gas coin in its place; the budget is set aside while commands run.
    pub(super) fn load_gas(&mut self, payment: Payment) -> Step<()> {
        let ty = self.load_tag(&TypeTag::Struct(Box::new(StructTag::gas_coin())))?;
        let spendable = payment.balance.saturating_sub(payment.budget);
        self.gas = Slot {
            held: Held::Typed(Typed {
                ty,
                value: coin_value(bridge::vm_address(&payment.coin), spendable),
            }),
            access: Some(Access::Owned),
            touched: true,
            group: None,
        };
        Ok(())
    }

    /// Ends the transaction after its last command.
    pub(super) fn finish(
        &mut self,
        base: &Changes,
        inputs: &Inputs,
        payment: Option<Payment>,
    ) -> Step<Changes> {
        self.check_leftovers()?;
        if let Some(payment) = payment {
            self.return_budget(payment)?;
        }
        self.collect(base, inputs)
    }

    /// Gives the budget back to the gas coin, which may have been transferred.
    fn return_budget(&mut self, payment: Payment) -> Step<()> {
        let value = match &mut self.gas.held {
            Held::Typed(typed) => Some(&mut typed.value),
            _ => self
                .objects
                .transfers
                .get_mut(&payment.coin)
                .map(|transfer| &mut transfer.value),
        };
        let value = value.ok_or_else(|| invariant("the gas coin is gone"))?;
        let (id, balance) = coin_parts(value)?;
        let balance = balance
            .checked_add(payment.budget)
            .ok_or_else(|| stop(ExecutionError::CoinBalanceOverflow))?;
        *value = coin_value(id, balance);
        Ok(())
    }

    /// Collects what the commands did, on top of what happens to inputs anyway.
    fn collect(&mut self, base: &Changes, inputs: &Inputs) -> Step<Changes> {
        let mut changes = base.clone();
        changes.events = self.objects.take_events();
        changes.created_ids.extend(&self.objects.new_ids);
        changes.deleted_ids.extend(&self.objects.deleted_ids);
        self.collect_slots(&mut changes, inputs)?;
        self.collect_children(&mut changes)?;
        for (id, object) in &self.objects.received {
            changes.before.insert(*id, Arc::clone(object));
        }
        for (id, transfer) in &self.objects.transfers {
            let object = NewObject::of_value(transfer.owner, &transfer.ty, &transfer.value)?;
            changes.written.insert(*id, object);
        }
        for package in &self.published {
            changes.created_ids.insert(package.id);
            changes.written.insert(
                package.id,
                NewObject {
                    data: NewData::Package(Box::new(package.clone())),
                    owner: NewOwner::Immutable,
                },
            );
        }
        self.check(&changes, inputs)?;
        Ok(changes)
    }

    /// Input objects: what was taken by value is written only where it was put again.
    fn collect_slots(&self, changes: &mut Changes, inputs: &Inputs) -> Step<()> {
        let slots = self.inputs.iter().chain([&self.gas]);
        for slot in slots {
            let Slot {
                access: Some(access),
                held,
                touched,
                ..
            } = slot
            else {
                continue;
            };
            if !access.is_mutable() {
                continue;
            }
            if let (Held::Typed(typed), true) = (held, *touched) {
                let id = typed
                    .value
                    .object_id()
                    .map(|id| bridge::sui_address(&id))
                    .ok_or_else(|| invariant("an input object without id"))?;
                let input = inputs
                    .objects
                    .get(&id)
                    .ok_or_else(|| invariant("an input object with another id"))?;
                let owner = same_owner(input.object.owner())?;
                let object = NewObject::of_value(owner, &typed.ty, &typed.value)?;
                changes.written.insert(id, object);
            }
        }
        for id in self.taken_inputs(inputs) {
            changes.written.remove(&id);
        }
        Ok(())
    }

    /// Input objects that a command took by value.
    fn taken_inputs(&self, inputs: &Inputs) -> BTreeSet<Address> {
        let mut left: BTreeSet<Address> = BTreeSet::new();
        for slot in self.inputs.iter().chain([&self.gas]) {
            match &slot.held {
                Held::Stored(object) => {
                    left.insert(object.object_id());
                }
                Held::Typed(typed) if slot.access.is_some() => {
                    if let Some(id) = typed.value.object_id() {
                        left.insert(bridge::sui_address(&id));
                    }
                }
                _ => {}
            }
        }
        let smashed = inputs.gas.iter().skip(1);
        left.extend(smashed);
        inputs
            .objects
            .iter()
            .filter(|(id, input)| input.access.is_mutable() && !left.contains(*id))
            .map(|(id, _)| *id)
            .collect()
    }

    fn collect_children(&self, changes: &mut Changes) -> Step<()> {
        for child in &self.objects.children {
            if !child.touched {
                continue;
            }
            let Some(value) = &child.value else {
                if let Some(original) = &child.original {
                    changes.before.insert(child.id, Arc::clone(original));
                }
                continue;
            };
            let object = NewObject::of_value(NewOwner::Object(child.parent), &child.ty, value)?;
            if let Some(original) = &child.original {
                // A child that is what it was is not written.
                if is_same(&object, original) {
                    continue;
                }
                changes.before.insert(child.id, Arc::clone(original));
            }
            changes.written.insert(child.id, object);
        }
        Ok(())
    }

    /// The rules that hold for a transaction as a whole.
    fn check(&self, changes: &Changes, inputs: &Inputs) -> Step<()> {
        for id in self.taken_inputs(inputs) {
            let input = &inputs.objects[&id];
            if !matches!(input.object.owner(), Owner::Shared(_)) {
                continue;
            }
            let again_shared = changes
                .written
                .get(&id)
                .is_some_and(|object| object.owner == NewOwner::Shared);
            if !again_shared && !changes.deleted_ids.contains(&id) {
                return fail(ExecutionError::ConsensusObjectOperationNotAllowed);
            }
        }
        let limits = self.chain.limits;
        let mut total = 0u64;
        for object in changes.written.values() {
            let size = u64::try_from(object.size()).unwrap_or(u64::MAX);
            if matches!(object.data, NewData::Struct { .. }) && size > limits.object_bytes {
                return fail(ExecutionError::ObjectTooBig {
                    object_size: size,
                    max_object_size: limits.object_bytes,
                });
            }
            total = total.saturating_add(size);
        }
        if total > limits.written_bytes {
            return fail(ExecutionError::WrittenObjectsTooLarge {
                object_size: total,
                max_object_size: limits.written_bytes,
            });
        }
        check_cycles(changes)
    }
}

fn is_same(object: &NewObject, original: &Object) -> bool {
    let NewData::Struct {
        object_type,
        contents,
        ..
    } = &object.data
    else {
        return false;
    };
    let same_owner = matches!(
        (object.owner, original.owner()),
        (NewOwner::Object(new), Owner::Object(old)) if new == *old
    );
    same_owner
        && original.as_struct().is_some_and(|before| {
            before.contents() == contents.as_slice() && before.object_type() == object_type
        })
}

/// Refuses objects that own each other in a circle.
fn check_cycles(changes: &Changes) -> Step<()> {
    for id in changes.written.keys() {
        let mut current = *id;
        let mut steps = 0usize;
        while let Some(NewObject {
            owner: NewOwner::Object(parent),
            ..
        }) = changes.written.get(&current)
        {
            if parent == id {
                return Err(stop(ExecutionError::CircularObjectOwnership {
                    object: *id,
                }));
            }
            current = *parent;
            steps += 1;
            if steps > changes.written.len() {
                return Err(stop_with(
                    ExecutionError::CircularObjectOwnership { object: current },
                    "objects own each other",
                ));
            }
        }
    }
    Ok(())
}
