//! The state folder: one process, one version, nothing lost.

use atoma_node::store::{Identity, STATE_VERSION, Store, StoreError};
use atoma_protocol::{
    channel::PayeeRecord,
    hash::ManifestHash,
    ids::{ModelId, ObjectId},
    money::Amount,
};

use crate::support::{CHANNEL, NETWORK, NODE, voucher, voucher_key};

#[test]
fn what_was_written_is_there_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let identity = Identity {
        network: NETWORK,
        node: NODE,
        cap: ObjectId::new([5; 32]),
    };
    let manifest = ManifestHash::new([6; 32]);
    {
        let store = Store::open(folder.path()).unwrap();
        assert_eq!(store.identity().unwrap(), None);
        store.set_identity(&identity).unwrap();
        store.set_model(manifest, ModelId::new([7; 32])).unwrap();
        let record = PayeeRecord::Voucher(voucher(CHANNEL, 12, &voucher_key()));
        store.put_record(CHANNEL, &record).unwrap();
        let record = PayeeRecord::Forgiven {
            total: Amount(3),
            strikes: 1,
        };
        store.put_record(CHANNEL, &record).unwrap();
        assert!(store.take_unsynced() && !store.take_unsynced());
    }
    let store = Store::open(folder.path()).unwrap();
    assert_eq!(store.identity().unwrap(), Some(identity));
    assert_eq!(store.model(manifest).unwrap(), Some(ModelId::new([7; 32])));
    assert_eq!(store.channels().unwrap(), [CHANNEL]);
    let records = store.payee_records(CHANNEL).unwrap();
    assert_eq!(
        records,
        [
            PayeeRecord::Voucher(voucher(CHANNEL, 12, &voucher_key())),
            PayeeRecord::Forgiven {
                total: Amount(3),
                strikes: 1
            }
        ]
    );
    store.set_closed(CHANNEL).unwrap();
    assert!(store.channels().unwrap().is_empty());
}

#[test]
fn two_processes_cannot_share_a_folder() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Store::open(folder.path()).unwrap();
    let error = Store::open(folder.path()).expect_err("the folder is taken");
    assert!(matches!(error, StoreError::InUse(_)));
    assert!(
        error.to_string().contains("is in use by another node"),
        "{error}"
    );
}

#[test]
fn state_of_another_version_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    {
        let database = fjall::Database::builder(folder.path().join("db"))
            .open()
            .unwrap();
        let meta = database
            .keyspace("meta", fjall::KeyspaceCreateOptions::default)
            .unwrap();
        meta.insert("version", "atoma-node/0").unwrap();
    }
    let error = Store::open(folder.path()).expect_err("another version");
    let text = error.to_string();
    assert!(
        text.contains("atoma-node/0") && text.contains(STATE_VERSION),
        "{text}"
    );
}
