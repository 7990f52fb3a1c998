//! Turning the changes of a transaction into one batch of writes.

use std::collections::BTreeMap;
use std::sync::Arc;

use sui_sdk_types::{Address, Object, ObjectData, Version};

use crate::error::LedgerError;
use crate::records::{self, Fate, OwnedEntry};
use crate::state::{Latest, State, original_id};
use crate::store::{Batch, Table};

/// What a transaction does to objects.
#[derive(Debug, Clone, Default)]
pub(crate) struct ObjectChanges {
    /// Every object that is written or goes away and existed before, as it was.
    pub(crate) before: BTreeMap<Address, Arc<Object>>,
    /// Objects as they are after.
    pub(crate) written: BTreeMap<Address, Arc<Object>>,
    /// Objects that are gone after.
    pub(crate) gone: BTreeMap<Address, Fate>,
    /// Version of everything that is written or gone, packages apart.
    pub(crate) version: Version,
}

impl ObjectChanges {
    /// Adds the writes to a batch.
    pub(crate) fn write_to(&self, batch: &mut Batch) -> Result<(), LedgerError> {
        for object in self.before.values() {
            remove_from_indexes(batch, object)?;
        }
        for (id, object) in &self.written {
            let version = object.version();
            batch.put(
                Table::Objects,
                records::object_key(id, version),
                records::encode(&**object)?,
            );
            batch.put(
                Table::Latest,
                id.as_ref() as &[u8],
                records::latest_value(version, Fate::Live),
            );
            add_to_indexes(batch, object)?;
        }
        for (id, fate) in &self.gone {
            batch.put(
                Table::Latest,
                id.as_ref() as &[u8],
                records::latest_value(self.version, *fate),
            );
        }
        Ok(())
    }

    /// Puts what the batch wrote into the caches.
    pub(crate) fn remember_in(&self, state: &State) {
        for (id, object) in &self.written {
            state.remember(*id, Latest::Live(Arc::clone(object)));
        }
        for id in self.gone.keys() {
            let version = self.version;
            state.remember(*id, Latest::Gone { version });
        }
    }
}

fn remove_from_indexes(batch: &mut Batch, object: &Object) -> Result<(), LedgerError> {
    let Some(contents) = object.as_struct() else {
        return Ok(());
    };
    let id = object.object_id();
    let indexed_by_type = records::is_indexed_by_type(contents.object_type());
    let owner = records::indexed_owner(object);
    if owner.is_none() && !indexed_by_type {
        return Ok(());
    }
    let type_hash = records::type_hash(contents.object_type())?;
    if let Some((kind, owner)) = owner {
        batch.remove(
            Table::Owned,
            records::owned_key(kind, &owner, &type_hash, &id),
        );
    }
    if indexed_by_type {
        batch.remove(Table::ByType, records::by_type_key(&type_hash, &id));
    }
    Ok(())
}

fn add_to_indexes(batch: &mut Batch, object: &Object) -> Result<(), LedgerError> {
    let id = object.object_id();
    let contents = match object.data() {
        ObjectData::Package(package) => {
            let key = records::package_version_key(&original_id(package)?, package.version);
            batch.put(Table::Packages, key, id.as_ref() as &[u8]);
            return Ok(());
        }
        ObjectData::Struct(contents) => contents,
    };
    let indexed_by_type = records::is_indexed_by_type(contents.object_type());
    let owner = records::indexed_owner(object);
    if owner.is_none() && !indexed_by_type {
        return Ok(());
    }
    let type_hash = records::type_hash(contents.object_type())?;
    if let Some((kind, owner)) = owner {
        let entry = OwnedEntry {
            version: object.version(),
            object_type: contents.object_type().clone(),
            balance: records::coin_of(object).map(|(_, balance)| balance),
        };
        batch.put(
            Table::Owned,
            records::owned_key(kind, &owner, &type_hash, &id),
            records::encode(&entry)?,
        );
    }
    if indexed_by_type {
        batch.put(Table::ByType, records::by_type_key(&type_hash, &id), []);
    }
    Ok(())
}
