//! Objects while a transaction runs: what natives do is recorded here, nothing is written.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use atoma_move_vm::{
    self as vm, ChildHandle, LoadedType, ObjectError, ObjectRuntime, Recipient, TxFacts, Value,
};
use sui_sdk_types::{
    Address, Digest, Event, Identifier, Object, Owner, StructTag, TransactionEvents, Version,
};

use crate::bridge;
use crate::limits::Limits;
use crate::state::State;

/// Objects that exist under a fixed id and are created at the genesis.
const FRAMEWORK_OBJECTS: [Address; 7] = [
    Address::from_static("0x5"),
    Address::from_static("0x6"),
    Address::from_static("0x7"),
    Address::from_static("0x8"),
    Address::from_static("0xc"),
    Address::from_static("0x403"),
    Address::from_static("0xacc"),
];

/// Who owns an object that the transaction writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NewOwner {
    /// An address.
    Address(Address),
    /// A parent object.
    Object(Address),
    /// Everybody; keeps the version of its sharing where it was shared before.
    Shared,
    /// Nobody any more.
    Immutable,
    /// An address, through consensus.
    Party(Address),
}

/// An object that was transferred, shared or frozen.
#[derive(Debug)]
pub(super) struct Transfer {
    pub(super) owner: NewOwner,
    pub(super) ty: Arc<LoadedType>,
    pub(super) value: Value,
}

/// A child object that was loaded or added.
#[derive(Debug)]
pub(super) struct Child {
    pub(super) id: Address,
    pub(super) parent: Address,
    pub(super) ty: Arc<LoadedType>,
    /// `None` after it was removed.
    pub(super) value: Option<Value>,
    /// What the store has, if it was loaded.
    pub(super) original: Option<Arc<Object>>,
    /// Whether it may differ from the original.
    pub(super) touched: bool,
}

/// The runtime's side of natives.
#[derive(Debug)]
pub(super) struct Objects<'a> {
    state: &'a State,
    limits: &'a Limits,
    facts: TxFacts,
    digest: Digest,
    ids_created: u64,
    /// Owners of input objects.
    inputs: BTreeMap<Address, Owner>,
    receiving: BTreeMap<Address, (Version, Digest)>,
    pub(super) new_ids: BTreeSet<Address>,
    pub(super) deleted_ids: BTreeSet<Address>,
    pub(super) transfers: BTreeMap<Address, Transfer>,
    pub(super) children: Vec<Child>,
    child_index: HashMap<Address, usize>,
    /// Objects that were received, as they were.
    pub(super) received: BTreeMap<Address, Arc<Object>>,
    events: Vec<Event>,
    events_bytes: u64,
    /// Package and module of the running call.
    caller: Option<(Address, Identifier)>,
}

impl<'a> Objects<'a> {
    pub(super) fn new(
        state: &'a State,
        limits: &'a Limits,
        facts: TxFacts,
        inputs: &crate::validation::Inputs,
    ) -> Self {
        Self {
            state,
            limits,
            digest: Digest::new(facts.digest),
            facts,
            ids_created: 0,
            inputs: inputs
                .objects
                .iter()
                .map(|(id, input)| (*id, *input.object.owner()))
                .collect(),
            receiving: inputs.receiving.clone(),
            new_ids: BTreeSet::new(),
            deleted_ids: BTreeSet::new(),
            transfers: BTreeMap::new(),
            children: Vec::new(),
            child_index: HashMap::new(),
            received: BTreeMap::new(),
            events: Vec::new(),
            events_bytes: 0,
            caller: None,
        }
    }

    /// Says which call the following events come from.
    pub(super) fn set_caller(&mut self, package: Address, module: Identifier) {
        self.caller = Some((package, module));
    }

    pub(super) fn take_events(&mut self) -> Option<TransactionEvents> {
        let events = std::mem::take(&mut self.events);
        (!events.is_empty()).then_some(TransactionEvents(events))
    }

    /// A fresh id that is not recorded as that of a created object: a package's.
    pub(super) fn fresh_package_id(&mut self) -> Address {
        let id = Address::derive_id(self.digest, self.ids_created);
        self.ids_created += 1;
        id
    }

    fn record_new(&mut self, id: Address) -> Result<(), ObjectError> {
        if self.new_ids.len() >= self.limits.new_ids {
            return Err(ObjectError::Limit("ids created"));
        }
        if !self.deleted_ids.remove(&id) {
            self.new_ids.insert(id);
        }
        Ok(())
    }

    /// The slot of a child, loaded from the store if need be; `None` when there is none.
    fn slot(
        &mut self,
        parent: Address,
        id: Address,
        ty: &Arc<LoadedType>,
    ) -> Result<Option<usize>, ObjectError> {
        if let Some(index) = self.child_index.get(&id) {
            return Ok(Some(*index));
        }
        let Some(object) = self.stored_child(parent, id)? else {
            return Ok(None);
        };
        let contents = object
            .as_struct()
            .ok_or_else(|| ObjectError::Invariant("a package is no child".to_owned()))?;
        if !matches!(&ty.ty, vm::Type::Datatype(datatype) if bridge::same_datatype(datatype, contents.object_type()))
        {
            return Err(ObjectError::TypeMismatch);
        }
        let value = Value::from_bcs(contents.contents(), &ty.layout)
            .map_err(|error| ObjectError::Storage(error.to_string()))?;
        self.insert_child(Child {
            id,
            parent,
            ty: Arc::clone(ty),
            value: Some(value),
            original: Some(object),
            touched: false,
        })
        .map(Some)
    }

    fn insert_child(&mut self, child: Child) -> Result<usize, ObjectError> {
        if self.children.len() >= self.limits.child_objects {
            return Err(ObjectError::Limit("child objects"));
        }
        let index = self.children.len();
        self.child_index.insert(child.id, index);
        self.children.push(child);
        Ok(index)
    }

    fn stored_child(
        &self,
        parent: Address,
        id: Address,
    ) -> Result<Option<Arc<Object>>, ObjectError> {
        if self.new_ids.contains(&parent) {
            return Ok(None);
        }
        let object = self
            .state
            .live(&id)
            .map_err(|error| ObjectError::Storage(error.to_string()))?;
        Ok(object.filter(|object| *object.owner() == Owner::Object(parent)))
    }

    /// The slot of a child that is there, of the right parent and type.
    fn present(
        &mut self,
        parent: vm::Address,
        id: vm::Address,
        ty: &Arc<LoadedType>,
    ) -> Result<usize, ObjectError> {
        let parent = bridge::sui_address(&parent);
        let index = self
            .slot(parent, bridge::sui_address(&id), ty)?
            .ok_or(ObjectError::NotFound)?;
        let child = &self.children[index];
        if child.value.is_none() || child.parent != parent {
            return Err(ObjectError::NotFound);
        }
        if child.ty.ty != ty.ty {
            return Err(ObjectError::TypeMismatch);
        }
        Ok(index)
    }
}

impl ObjectRuntime for Objects<'_> {
    fn tx(&self) -> &TxFacts {
        &self.facts
    }

    fn ids_created(&self) -> u64 {
        self.ids_created
    }

    fn fresh_id(&mut self) -> Result<vm::Address, ObjectError> {
        let id = Address::derive_id(self.digest, self.ids_created);
        self.record_new(id)?;
        self.ids_created += 1;
        Ok(bridge::vm_address(&id))
    }

    fn record_new_uid(&mut self, id: vm::Address) -> Result<(), ObjectError> {
        self.record_new(bridge::sui_address(&id))
    }

    fn delete_uid(&mut self, id: vm::Address) -> Result<(), ObjectError> {
        let id = bridge::sui_address(&id);
        if self.new_ids.remove(&id) {
            return Ok(());
        }
        if self.deleted_ids.len() >= self.limits.deleted_ids {
            return Err(ObjectError::Limit("ids deleted"));
        }
        self.deleted_ids.insert(id);
        Ok(())
    }

    fn transfer(
        &mut self,
        ty: &Arc<LoadedType>,
        object: Value,
        recipient: Recipient,
    ) -> Result<(), ObjectError> {
        let id = object_id(&object)?;
        if self.transfers.len() >= self.limits.transferred_objects {
            return Err(ObjectError::Limit("objects transferred"));
        }
        let owner = match recipient {
            Recipient::Address(address) => NewOwner::Address(bridge::sui_address(&address)),
            Recipient::Immutable => NewOwner::Immutable,
            Recipient::Shared => {
                let is_new = self.new_ids.contains(&id) || FRAMEWORK_OBJECTS.contains(&id);
                let was_shared = matches!(self.inputs.get(&id), Some(Owner::Shared(_)));
                if !is_new && !was_shared {
                    return Err(ObjectError::NotNew);
                }
                NewOwner::Shared
            }
            Recipient::Party {
                default_permissions: 0,
                members,
            } => match members.as_slice() {
                [(member, _)] => NewOwner::Party(bridge::sui_address(member)),
                _ => return Err(ObjectError::Unsupported),
            },
            Recipient::Party { .. } => return Err(ObjectError::Unsupported),
        };
        let transfer = Transfer {
            owner,
            ty: Arc::clone(ty),
            value: object,
        };
        self.transfers.insert(id, transfer);
        Ok(())
    }

    fn receive(
        &mut self,
        parent: vm::Address,
        id: vm::Address,
        version: u64,
        ty: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError> {
        let id = bridge::sui_address(&id);
        let parent = bridge::sui_address(&parent);
        let offered = self.receiving.get(&id).map(|(version, _)| *version);
        if offered != Some(version) || self.received.contains_key(&id) {
            return Err(ObjectError::NotFound);
        }
        let object = self
            .state
            .live(&id)
            .map_err(|error| ObjectError::Storage(error.to_string()))?
            .filter(|object| {
                object.version() == version && *object.owner() == Owner::Address(parent)
            })
            .ok_or(ObjectError::NotFound)?;
        let contents = object.as_struct().ok_or(ObjectError::TypeMismatch)?;
        if !matches!(&ty.ty, vm::Type::Datatype(datatype) if bridge::same_datatype(datatype, contents.object_type()))
        {
            return Err(ObjectError::TypeMismatch);
        }
        let value = Value::from_bcs(contents.contents(), &ty.layout)
            .map_err(|error| ObjectError::Storage(error.to_string()))?;
        self.received.insert(id, object);
        Ok(value)
    }

    fn add_child(
        &mut self,
        parent: vm::Address,
        ty: &Arc<LoadedType>,
        child: Value,
    ) -> Result<(), ObjectError> {
        let parent = bridge::sui_address(&parent);
        let id = object_id(&child)?;
        if let Some(index) = self.child_index.get(&id) {
            let slot = &mut self.children[*index];
            if slot.value.is_some() {
                return Err(ObjectError::AlreadyExists);
            }
            slot.parent = parent;
            slot.ty = Arc::clone(ty);
            slot.value = Some(child);
            slot.touched = true;
            return Ok(());
        }
        if self.stored_child(parent, id)?.is_some() {
            return Err(ObjectError::AlreadyExists);
        }
        self.insert_child(Child {
            id,
            parent,
            ty: Arc::clone(ty),
            value: Some(child),
            original: None,
            touched: true,
        })
        .map(|_| ())
    }

    fn borrow_child(
        &mut self,
        parent: vm::Address,
        id: vm::Address,
        ty: &Arc<LoadedType>,
        mutable: bool,
    ) -> Result<ChildHandle, ObjectError> {
        let index = self.present(parent, id, ty)?;
        if mutable {
            self.children[index].touched = true;
        }
        u32::try_from(index)
            .map(ChildHandle)
            .map_err(|_| ObjectError::Limit("child objects"))
    }

    fn child(&self, handle: ChildHandle) -> Option<&Value> {
        let index = usize::try_from(handle.0).ok()?;
        self.children.get(index)?.value.as_ref()
    }

    fn child_mut(&mut self, handle: ChildHandle) -> Option<&mut Value> {
        let index = usize::try_from(handle.0).ok()?;
        self.children.get_mut(index)?.value.as_mut()
    }

    fn remove_child(
        &mut self,
        parent: vm::Address,
        id: vm::Address,
        ty: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError> {
        let index = self.present(parent, id, ty)?;
        let child = &mut self.children[index];
        child.touched = true;
        child.value.take().ok_or(ObjectError::NotFound)
    }

    fn has_child(
        &mut self,
        parent: vm::Address,
        id: vm::Address,
        ty: Option<&Arc<LoadedType>>,
    ) -> Result<bool, ObjectError> {
        let parent = bridge::sui_address(&parent);
        let id = bridge::sui_address(&id);
        if let Some(index) = self.child_index.get(&id) {
            let child = &self.children[*index];
            return Ok(child.value.is_some()
                && child.parent == parent
                && ty.is_none_or(|ty| ty.ty == child.ty.ty));
        }
        let Some(object) = self.stored_child(parent, id)? else {
            return Ok(false);
        };
        let Some(ty) = ty else { return Ok(true) };
        Ok(match (&ty.ty, object.as_struct()) {
            (vm::Type::Datatype(datatype), Some(contents)) => {
                bridge::same_datatype(datatype, contents.object_type())
            }
            _ => false,
        })
    }

    fn emit(&mut self, ty: &Arc<LoadedType>, event: Value) -> Result<(), ObjectError> {
        if self.events.len() >= self.limits.events {
            return Err(ObjectError::Limit("events"));
        }
        let contents = event
            .to_bcs(&ty.layout)
            .map_err(|error| ObjectError::Invariant(error.to_string()))?;
        let size = u64::try_from(contents.len()).unwrap_or(u64::MAX);
        if size > self.limits.event_bytes {
            return Err(ObjectError::Limit("event bytes"));
        }
        self.events_bytes = self.events_bytes.saturating_add(size);
        if self.events_bytes > self.limits.events_bytes {
            return Err(ObjectError::Limit("bytes of all events"));
        }
        let (package_id, module) = self
            .caller
            .clone()
            .ok_or_else(|| ObjectError::Invariant("event outside of a call".to_owned()))?;
        self.events.push(Event {
            package_id,
            module,
            sender: bridge::sui_address(&self.facts.sender),
            type_: event_type(&ty.ty)?,
            contents,
        });
        Ok(())
    }
}

fn event_type(ty: &vm::Type) -> Result<StructTag, ObjectError> {
    ty.as_datatype()
        .and_then(bridge::struct_tag)
        .ok_or_else(|| ObjectError::Invariant("the type of an event is no struct".to_owned()))
}

fn object_id(object: &Value) -> Result<Address, ObjectError> {
    object
        .object_id()
        .map(|id| bridge::sui_address(&id))
        .ok_or_else(|| ObjectError::Invariant("the value is no object".to_owned()))
}
