//! Forgetting old history.

use crate::error::LedgerError;
use crate::ledger::Ledger;
use crate::records::{self, CheckpointRecord};
use crate::store::{Batch, Range, Table};

impl Ledger {
    /// The first checkpoint from which on all are there; 0 unless history is pruned. The genesis is
    /// kept in any case.
    ///
    /// # Errors
    /// When the store fails.
    pub fn lowest_checkpoint(&self) -> Result<u64, LedgerError> {
        let first = self
            .state
            .store()
            .scan(Table::Checkpoints, Range::prefix(&[], 2))?;
        let numbers = first
            .iter()
            .map(|(key, _)| records::number(key))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(match numbers.as_slice() {
            [_, second] if *second > 1 => *second,
            _ => 0,
        })
    }

    /// Adds to `batch` what forgets the checkpoint that falls out of the history when checkpoint
    /// `sealed` is cut: its transactions, and the versions of objects that they replaced.
    pub(crate) fn prune_into(
        &self,
        batch: &mut Batch,
        sealed: u64,
        retained: u64,
    ) -> Result<(), LedgerError> {
        let Some(old) = sealed.checked_sub(retained.max(1)).filter(|old| *old > 0) else {
            return Ok(());
        };
        let store = self.state.store();
        let key = old.to_be_bytes();
        let Some(bytes) = store.get(Table::Checkpoints, &key)? else {
            return Ok(());
        };
        let record: CheckpointRecord = records::decode(&bytes)?;
        for (sequence, info) in (record.first..).zip(record.contents.transactions()) {
            let transaction = self.record_in_order(sequence)?;
            for (id, version) in transaction.inputs {
                let latest = store.get(Table::Latest, id.as_ref())?;
                let latest = latest
                    .map(|latest| records::parse_latest(&latest))
                    .transpose()?;
                if latest.is_none_or(|(current, _)| current != version) {
                    batch.remove(Table::Objects, records::object_key(&id, version));
                }
            }
            let digest = info.transaction().as_ref() as &[u8];
            batch.remove(Table::Transactions, digest);
            batch.remove(Table::Checkpointed, digest);
            batch.remove(Table::Order, sequence.to_be_bytes());
        }
        let digest = record.summary.checkpoint.digest();
        batch.remove(Table::CheckpointDigests, digest.as_ref() as &[u8]);
        batch.remove(Table::Checkpoints, key);
        Ok(())
    }
}
