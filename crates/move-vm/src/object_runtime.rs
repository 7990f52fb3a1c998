//! The natives' only view of a ledger.

use std::sync::Arc;

use thiserror::Error;

use crate::address::Address;
use crate::layout::LoadedType;
use crate::value::Value;

/// Facts about the running transaction that Move code may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TxFacts {
    /// Who signed.
    pub sender: Address,
    /// Who pays for gas, when that is somebody else.
    pub sponsor: Option<Address>,
    /// The transaction's digest.
    pub digest: [u8; 32],
    /// Current epoch.
    pub epoch: u64,
    /// Start of the epoch, milliseconds since the Unix epoch.
    pub epoch_timestamp_ms: u64,
    /// Reference gas price of the epoch, MIST per unit.
    pub reference_gas_price: u64,
    /// Gas price of the transaction, MIST per unit.
    pub gas_price: u64,
    /// Gas budget of the transaction, MIST.
    pub gas_budget: u64,
}

impl TxFacts {
    /// The value of a `0x2::tx_context::TxContext` for this transaction: fields sender, `tx_hash`,
    /// epoch, `epoch_timestamp_ms`, `ids_created`.
    #[must_use]
    pub fn to_tx_context(&self, ids_created: u64) -> Value {
        Value::structure([
            Value::Address(self.sender),
            Value::Bytes(self.digest.to_vec()),
            Value::U64(self.epoch),
            Value::U64(self.epoch_timestamp_ms),
            Value::U64(ids_created),
        ])
    }
}

/// Where an object goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recipient {
    /// To an address (an account, or an object's address).
    Address(Address),
    /// Shared with everybody.
    Shared,
    /// Frozen for ever.
    Immutable,
    /// Owned through consensus by a party.
    Party {
        /// Permissions of everybody else.
        default_permissions: u64,
        /// Members with their permissions.
        members: Vec<(Address, u64)>,
    },
}

/// A child object loaded for borrowing; valid until the end of the transaction or its removal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ChildHandle(pub u32);

/// Why an object operation was refused. Natives turn the first five into the abort codes that
/// Sui's natives use.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ObjectError {
    /// A child with that id exists already.
    #[error("object already exists")]
    AlreadyExists,
    /// There is no such object.
    #[error("object not found")]
    NotFound,
    /// The object has another type.
    #[error("object has another type")]
    TypeMismatch,
    /// Only an object created in this transaction may be shared.
    #[error("object was not created in this transaction")]
    NotNew,
    /// The operation is not allowed for an object with this kind of owner.
    #[error("operation not supported for this object")]
    Unsupported,
    /// A protocol limit was exceeded; names it.
    #[error("limit exceeded: {0}")]
    Limit(&'static str),
    /// The ledger failed.
    #[error("object store failed: {0}")]
    Storage(String),
    /// A state that must not occur.
    #[error("invariant violation: {0}")]
    Invariant(String),
}

/// What natives ask of a ledger within one transaction.
///
/// One instance lives as long as a transaction and sees all its commands. Values handed over are
/// owned; the runtime decides what to write when the transaction ends.
pub trait ObjectRuntime {
    /// Facts about the transaction.
    fn tx(&self) -> &TxFacts;

    /// Number of ids created so far by [`ObjectRuntime::fresh_id`].
    fn ids_created(&self) -> u64;

    /// A new unique id, counted and recorded as created; see [`derive_fresh_id`].
    ///
    /// # Errors
    /// [`ObjectError::Limit`] when too many were made.
    fn fresh_id(&mut self) -> Result<Address, ObjectError>;

    /// Records that a `UID` with an id computed by Move code (derived objects) came to be.
    ///
    /// # Errors
    /// [`ObjectError::Limit`] when too many were made.
    fn record_new_uid(&mut self, id: Address) -> Result<(), ObjectError>;

    /// Records that a `UID` was deleted.
    ///
    /// # Errors
    /// [`ObjectError::Limit`] when too many were deleted.
    fn delete_uid(&mut self, id: Address) -> Result<(), ObjectError>;

    /// Transfers, shares or freezes `object`, whose id is in its first field
    /// ([`Value::object_id`]).
    ///
    /// # Errors
    /// [`ObjectError::NotNew`] for sharing an object that existed before.
    fn transfer(
        &mut self,
        ty: &Arc<LoadedType>,
        object: Value,
        recipient: Recipient,
    ) -> Result<(), ObjectError>;

    /// Takes the object `id` at `version` that was sent to the object `parent`.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`] and [`ObjectError::TypeMismatch`].
    fn receive(
        &mut self,
        parent: Address,
        id: Address,
        version: u64,
        ty: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError>;

    /// Makes `child` a child object of `parent`.
    ///
    /// # Errors
    /// [`ObjectError::AlreadyExists`] when one with its id exists there.
    fn add_child(
        &mut self,
        parent: Address,
        ty: &Arc<LoadedType>,
        child: Value,
    ) -> Result<(), ObjectError>;

    /// Loads a child for reading, or for writing too when `mutable`.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`] and [`ObjectError::TypeMismatch`].
    fn borrow_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: &Arc<LoadedType>,
        mutable: bool,
    ) -> Result<ChildHandle, ObjectError>;

    /// The value behind a handle; `None` when it was removed since.
    fn child(&self, handle: ChildHandle) -> Option<&Value>;

    /// The value behind a handle, for writing; `None` when it was removed since.
    fn child_mut(&mut self, handle: ChildHandle) -> Option<&mut Value>;

    /// Takes a child out.
    ///
    /// # Errors
    /// [`ObjectError::NotFound`] and [`ObjectError::TypeMismatch`].
    fn remove_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: &Arc<LoadedType>,
    ) -> Result<Value, ObjectError>;

    /// Whether `parent` has the child `id`, of that type if one is given.
    ///
    /// # Errors
    /// [`ObjectError::Storage`].
    fn has_child(
        &mut self,
        parent: Address,
        id: Address,
        ty: Option<&Arc<LoadedType>>,
    ) -> Result<bool, ObjectError>;

    /// Emits an event.
    ///
    /// # Errors
    /// [`ObjectError::Limit`] when there are too many or they are too large.
    fn emit(&mut self, ty: &Arc<LoadedType>, event: Value) -> Result<(), ObjectError>;

    /// Whether a feature of the protocol config is on.
    fn is_feature_enabled(&self, _name: &str) -> bool {
        false
    }
}

/// The id of the `index`th object created by the transaction with this digest:
/// `blake2b256(0xf1 || digest || index as 8 bytes, little end first)`.
#[must_use]
pub fn derive_fresh_id(digest: &[u8; 32], index: u64) -> Address {
    Address(crate::hash::blake2b256(&[
        &[0xf1],
        digest,
        &index.to_le_bytes(),
    ]))
}
