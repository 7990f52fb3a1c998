//! Questions to the ledger.

use std::sync::Arc;

use atoma_move_vm::{CompiledModule, FunctionInfo, LoadedType, Value, VmError};
use sui_sdk_types::{
    Address, CheckpointSequenceNumber, Digest, MovePackage, Object, ObjectData, StructTag, TypeTag,
    Version,
};

use crate::bridge;
use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::outcome::{Checkpoint, Executed};
use crate::records::{self, CheckpointRecord, OwnedEntry, OwnerKind, TransactionRecord};
use crate::store::{Entry, Range, Table};

/// Most entries of one page.
pub(crate) const MAX_PAGE: usize = 1_000;
/// Index entries read at a time.
const SCAN_CHUNK: usize = 256;
/// Most versions of one package that are listed.
const MAX_PACKAGE_VERSIONS: usize = 10_000;

/// Where a page ended; opaque, valid for the same question only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cursor(pub Vec<u8>);

/// A part of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<T>,
    /// Where the next page starts; `None` after the last entry.
    pub next: Option<Cursor>,
}

/// An object in a list of owned objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnedObject {
    /// Its id.
    pub id: Address,
    /// Its version.
    pub version: Version,
    /// Its type.
    pub object_type: StructTag,
    /// Its balance, where it is a coin.
    pub balance: Option<u64>,
}

/// A coin object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coin {
    /// Its id.
    pub id: Address,
    /// Its version.
    pub version: Version,
    /// Type of the coin, such as `0x2::sui::SUI`.
    pub coin_type: TypeTag,
    /// Its balance in base units.
    pub balance: u64,
}

/// What a dynamic field holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DynamicFieldKind {
    /// A value: its BCS form.
    Field(Vec<u8>),
    /// An object with an id of its own; `None` if it is gone.
    Object(Option<Arc<Object>>),
}

/// A dynamic field of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DynamicField {
    /// The object `0x2::dynamic_field::Field` that carries it.
    pub field: Arc<Object>,
    /// Type of its name.
    pub name_type: TypeTag,
    /// BCS form of its name.
    pub name_bcs: Vec<u8>,
    /// Type of its value; of an object field, the object's type.
    pub value_type: TypeTag,
    /// Its value.
    pub kind: DynamicFieldKind,
}

impl Ledger {
    /// An object as it is now; `None` when it never was, was deleted or is wrapped.
    ///
    /// # Errors
    /// When the store fails.
    pub fn object(&self, id: &Address) -> Result<Option<Arc<Object>>, LedgerError> {
        self.state.live(id)
    }

    /// An object as it was at a version.
    ///
    /// # Errors
    /// When the store fails.
    pub fn object_at(
        &self,
        id: &Address,
        version: Version,
    ) -> Result<Option<Arc<Object>>, LedgerError> {
        self.state.at_version(id, version)
    }

    /// What an address (or, as its children, an object) owns, in order of type and id.
    ///
    /// A filter with type arguments means exactly that type; without, it also means every instance
    /// of a generic type.
    ///
    /// # Errors
    /// When the store fails.
    pub fn owned_objects(
        &self,
        kind: OwnerKind,
        owner: &Address,
        filter: Option<&StructTag>,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<OwnedObject>, LedgerError> {
        let mut prefix = records::owner_prefix(kind, owner);
        if let Some(filter) = filter.filter(|filter| !filter.type_params().is_empty()) {
            prefix.extend_from_slice(&records::type_hash(filter)?);
        }
        let matches = |object_type: &StructTag| {
            filter.is_none_or(|filter| {
                object_type == filter
                    || (filter.type_params().is_empty()
                        && object_type.address() == filter.address()
                        && object_type.module() == filter.module()
                        && object_type.name() == filter.name())
            })
        };
        self.page(Table::Owned, &prefix, after, limit, |(key, value)| {
            let entry: OwnedEntry = records::decode(value)?;
            if !matches(&entry.object_type) {
                return Ok(None);
            }
            Ok(Some(OwnedObject {
                id: records::trailing_id(key)?,
                version: entry.version,
                object_type: entry.object_type,
                balance: entry.balance,
            }))
        })
    }

    /// The coins of one type that an address owns.
    ///
    /// # Errors
    /// When the store fails.
    pub fn coins(
        &self,
        owner: &Address,
        coin_type: &TypeTag,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<Coin>, LedgerError> {
        let filter = StructTag::coin(coin_type.clone());
        let page = self.owned_objects(OwnerKind::Address, owner, Some(&filter), after, limit)?;
        let coin = |object: OwnedObject| Coin {
            id: object.id,
            version: object.version,
            coin_type: coin_type.clone(),
            balance: object.balance.unwrap_or_default(),
        };
        Ok(Page {
            items: page.items.into_iter().map(coin).collect(),
            next: page.next,
        })
    }

    /// Sum of an address's coins of one type.
    ///
    /// # Errors
    /// When the store fails.
    pub fn balance(&self, owner: &Address, coin_type: &TypeTag) -> Result<u64, LedgerError> {
        let mut total = 0u64;
        let mut after = None;
        loop {
            let page = self.coins(owner, coin_type, after.as_ref(), MAX_PAGE)?;
            for coin in page.items {
                total = total.saturating_add(coin.balance);
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(total),
            }
        }
    }

    /// Sums of all an address's coins, by coin type.
    ///
    /// # Errors
    /// When the store fails.
    pub fn balances(&self, owner: &Address) -> Result<Vec<(TypeTag, u64)>, LedgerError> {
        let mut totals = std::collections::BTreeMap::<TypeTag, u64>::new();
        let mut after = None;
        loop {
            let page =
                self.owned_objects(OwnerKind::Address, owner, None, after.as_ref(), MAX_PAGE)?;
            for object in page.items {
                if let (Some(coin_type), Some(balance)) =
                    (object.object_type.is_coin(), object.balance)
                {
                    let total = totals.entry(coin_type.clone()).or_default();
                    *total = total.saturating_add(balance);
                }
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(totals.into_iter().collect()),
            }
        }
    }

    /// The live object of a type of which an index is kept (what describes a coin:
    /// `0x2::coin::CoinMetadata<T>`, `TreasuryCap<T>`, `RegulatedCoinMetadata<T>`, `DenyCapV2<T>`,
    /// `0x2::coin_registry::Currency<T>`, `MetadataCap<T>`); the first, if there are several.
    ///
    /// # Errors
    /// When the store fails.
    pub fn object_of_type(
        &self,
        object_type: &StructTag,
    ) -> Result<Option<Arc<Object>>, LedgerError> {
        let prefix = records::type_hash(object_type)?;
        let found = self
            .state
            .store()
            .scan(Table::ByType, Range::prefix(&prefix, 1))?;
        match found.first() {
            Some((key, _)) => self.object(&records::trailing_id(key)?),
            None => Ok(None),
        }
    }

    /// The dynamic fields of an object, in order of type and id.
    ///
    /// # Errors
    /// When the store fails.
    pub fn dynamic_fields(
        &self,
        parent: &Address,
        after: Option<&Cursor>,
        limit: usize,
    ) -> Result<Page<DynamicField>, LedgerError> {
        let prefix = records::owner_prefix(OwnerKind::Object, parent);
        self.page(Table::Owned, &prefix, after, limit, |(key, _)| {
            let id = records::trailing_id(key)?;
            match self.state.live(&id)? {
                Some(field) => self.dynamic_field(field),
                None => Ok(None),
            }
        })
    }

    /// Reads an object as a dynamic field; `None` when it is none.
    ///
    /// # Errors
    /// When the store fails or its type cannot be loaded.
    pub fn dynamic_field(&self, field: Arc<Object>) -> Result<Option<DynamicField>, LedgerError> {
        let Some(contents) = field.as_struct() else {
            return Ok(None);
        };
        let tag = contents.object_type();
        let is_field = *tag.address() == Address::TWO
            && tag.module().as_str() == "dynamic_field"
            && tag.name().as_str() == "Field";
        let (true, [name_type, value_type]) = (is_field, tag.type_params()) else {
            return Ok(None);
        };
        let damaged = || LedgerError::Damaged(format!("dynamic field {}", field.object_id()));
        let loaded = self.load(&TypeTag::Struct(Box::new(tag.clone())))?;
        let value = Value::from_bcs(contents.contents(), &loaded.layout).map_err(|_| damaged())?;
        let name = self.load(name_type)?;
        let name_bcs = value
            .field(1)
            .and_then(|value| value.to_bcs(&name.layout).ok())
            .ok_or_else(damaged)?;
        let value_bcs = contents
            .contents()
            .get(Address::LENGTH + name_bcs.len()..)
            .ok_or_else(damaged)?;
        let wrapped = match name_type {
            TypeTag::Struct(wrapper)
                if *wrapper.address() == Address::TWO
                    && wrapper.module().as_str() == "dynamic_object_field"
                    && wrapper.name().as_str() == "Wrapper" =>
            {
                wrapper.type_params().first().cloned()
            }
            _ => None,
        };
        let Some(name_type_inner) = wrapped else {
            return Ok(Some(DynamicField {
                name_type: name_type.clone(),
                name_bcs,
                value_type: value_type.clone(),
                kind: DynamicFieldKind::Field(value_bcs.to_vec()),
                field,
            }));
        };
        let child = self.object(&Address::from_bytes(value_bcs).map_err(|_| damaged())?)?;
        let child_type = child
            .as_ref()
            .and_then(|child| child.as_struct())
            .map(|child| TypeTag::Struct(Box::new(child.object_type().clone())));
        Ok(Some(DynamicField {
            name_type: name_type_inner,
            name_bcs,
            value_type: child_type.unwrap_or_else(|| value_type.clone()),
            kind: DynamicFieldKind::Object(child),
            field,
        }))
    }

    /// An executed transaction.
    ///
    /// # Errors
    /// When the store fails.
    pub fn transaction(&self, digest: &Digest) -> Result<Option<Executed>, LedgerError> {
        let bytes = self
            .state
            .store()
            .get(Table::Transactions, digest.as_ref())?;
        let Some(bytes) = bytes else { return Ok(None) };
        let record: TransactionRecord = records::decode(&bytes)?;
        let checkpoint = match self
            .state
            .store()
            .get(Table::Checkpointed, digest.as_ref())?
        {
            Some(bytes) => Some(records::number(&bytes)?),
            None => None,
        };
        Ok(Some(Executed {
            digest: *digest,
            sequence: record.sequence,
            executed_at_ms: record.executed_at_ms,
            input_objects: self.versions(&record.inputs)?,
            output_objects: self.versions(&record.outputs)?,
            transaction: record.transaction,
            effects: record.effects,
            events: record.events,
            balance_changes: record.balance_changes,
            checkpoint,
            failure: record.failure,
        }))
    }

    /// Digests of transactions in the order of their execution, from number `from` on.
    ///
    /// # Errors
    /// When the store fails.
    pub fn transactions_from(&self, from: u64, limit: usize) -> Result<Vec<Digest>, LedgerError> {
        let before = from.checked_sub(1).map(u64::to_be_bytes);
        let range =
            Range::prefix(&[], limit.min(MAX_PAGE)).after(before.as_ref().map(|key| key as &[u8]));
        let entries = self.state.store().scan(Table::Order, range)?;
        entries.iter().map(|(_, value)| digest(value)).collect()
    }

    /// The last sealed checkpoint.
    ///
    /// # Errors
    /// When the store fails.
    pub fn latest_checkpoint(&self) -> Result<Checkpoint, LedgerError> {
        let last = self.head.checkpoints.saturating_sub(1);
        self.stored_checkpoint(last)?
            .ok_or_else(|| LedgerError::Damaged(format!("checkpoint {last} is missing")))
    }

    /// A sealed checkpoint by its number.
    ///
    /// # Errors
    /// When the store fails.
    pub fn checkpoint(
        &self,
        sequence: CheckpointSequenceNumber,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        self.stored_checkpoint(sequence)
    }

    /// A sealed checkpoint by its digest.
    ///
    /// # Errors
    /// When the store fails.
    pub fn checkpoint_by_digest(&self, digest: &Digest) -> Result<Option<Checkpoint>, LedgerError> {
        match self
            .state
            .store()
            .get(Table::CheckpointDigests, digest.as_ref())?
        {
            Some(bytes) => self.stored_checkpoint(records::number(&bytes)?),
            None => Ok(None),
        }
    }

    /// A published package.
    ///
    /// # Errors
    /// When the store fails.
    pub fn package(&self, id: &Address) -> Result<Option<MovePackage>, LedgerError> {
        Ok(self.state.live(id)?.and_then(|object| match object.data() {
            ObjectData::Package(package) => Some(package.clone()),
            ObjectData::Struct(_) => None,
        }))
    }

    /// Id under which the first version of a package was published.
    ///
    /// # Errors
    /// When the store fails.
    pub fn original_package_id(&self, id: &Address) -> Result<Option<Address>, LedgerError> {
        let package = self.state.package(id)?;
        Ok(package.map(|package| bridge::sui_address(&package.original_id)))
    }

    /// Every version of the package whose first version has this id: version and id, in order.
    ///
    /// # Errors
    /// When the store fails.
    pub fn package_versions(
        &self,
        original: &Address,
    ) -> Result<Vec<(Version, Address)>, LedgerError> {
        let range = Range::prefix(original.as_ref(), MAX_PACKAGE_VERSIONS);
        let entries = self.state.store().scan(Table::Packages, range)?;
        entries
            .iter()
            .map(|(key, value)| {
                let version = records::number(key.get(Address::LENGTH..).unwrap_or_default())?;
                Ok((version, records::trailing_id(value)?))
            })
            .collect()
    }

    /// A module of a published package, read.
    ///
    /// # Errors
    /// When package or module is missing.
    pub fn module(&self, package: &Address, module: &str) -> Result<Arc<CompiledModule>, VmError> {
        self.vm
            .module(&self.state, &bridge::vm_address(package), module)
    }

    /// A function's signature.
    ///
    /// # Errors
    /// When package, module or function is missing.
    pub fn function(
        &self,
        package: &Address,
        module: &str,
        function: &str,
    ) -> Result<FunctionInfo, VmError> {
        self.vm
            .function(&self.state, &bridge::vm_address(package), module, function)
    }

    /// Shape and abilities of a type, for decoding values of it.
    ///
    /// # Errors
    /// When it cannot be loaded.
    pub fn load(&self, ty: &TypeTag) -> Result<Arc<LoadedType>, LedgerError> {
        let unknown = |reason: String| LedgerError::Damaged(format!("type {ty}: {reason}"));
        let machine_type =
            bridge::vm_type(ty).ok_or_else(|| unknown("nested too deeply".to_owned()))?;
        self.vm
            .load_type(&self.state, &machine_type)
            .map_err(|error| unknown(error.to_string()))
    }

    pub(crate) fn stored_checkpoint(
        &self,
        sequence: CheckpointSequenceNumber,
    ) -> Result<Option<Checkpoint>, LedgerError> {
        let key = sequence.to_be_bytes();
        let Some(bytes) = self.state.store().get(Table::Checkpoints, &key)? else {
            return Ok(None);
        };
        let record: CheckpointRecord = records::decode(&bytes)?;
        Ok(Some(Checkpoint {
            summary: record.summary,
            contents: record.contents,
        }))
    }

    pub(crate) fn record_in_order(&self, sequence: u64) -> Result<TransactionRecord, LedgerError> {
        let missing = || LedgerError::Damaged(format!("transaction {sequence} is missing"));
        let store = self.state.store();
        let digest = store
            .get(Table::Order, &sequence.to_be_bytes())?
            .ok_or_else(missing)?;
        let record = store
            .get(Table::Transactions, &digest)?
            .ok_or_else(missing)?;
        records::decode(&record)
    }

    fn versions(&self, refs: &[(Address, Version)]) -> Result<Vec<Arc<Object>>, LedgerError> {
        let mut objects = Vec::with_capacity(refs.len());
        for (id, version) in refs {
            // Where history is pruned, old versions are missing.
            objects.extend(self.state.at_version(id, *version)?);
        }
        Ok(objects)
    }

    /// A page of the entries of a table that `read` does not skip.
    fn page<T>(
        &self,
        table: Table,
        prefix: &[u8],
        after: Option<&Cursor>,
        limit: usize,
        mut read: impl FnMut(&Entry) -> Result<Option<T>, LedgerError>,
    ) -> Result<Page<T>, LedgerError> {
        let limit = limit.clamp(1, MAX_PAGE);
        let mut items = Vec::new();
        let mut last = after
            .map(|cursor| cursor.0.clone())
            .filter(|key| key.starts_with(prefix));
        loop {
            let range = Range::prefix(prefix, SCAN_CHUNK).after(last.as_deref());
            let chunk = self.state.store().scan(table, range)?;
            let complete = chunk.len() < SCAN_CHUNK;
            for entry in &chunk {
                if items.len() == limit {
                    return Ok(Page {
                        items,
                        next: last.map(Cursor),
                    });
                }
                items.extend(read(entry)?);
                last = Some(entry.0.clone());
            }
            if complete {
                return Ok(Page { items, next: None });
            }
        }
    }
}

fn digest(bytes: &[u8]) -> Result<Digest, LedgerError> {
    Digest::from_bytes(bytes).map_err(|_| LedgerError::Damaged("digest in an index".to_owned()))
}
