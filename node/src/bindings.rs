//! Which sequencer uses which channel.
//!
//! Nothing on a stream proves that its sequencer holds a channel's voucher key, and a voucher once given
//! covers whatever is asked next. So a channel belongs to the sequencer that took it into use, for as long
//! as that one is attached.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use atoma_protocol::ids::ChannelId;

/// A sequencer, by the URL under which it is dialled.
pub type Dialer = Arc<str>;

/// The table. Cheap to clone; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Bindings(Arc<Mutex<Table>>);

#[derive(Debug, Default)]
struct Table {
    owners: BTreeMap<ChannelId, Dialer>,
    /// Streams that each sequencer has: two during a rotation.
    streams: BTreeMap<Dialer, u32>,
}

impl Bindings {
    fn table(&self) -> MutexGuard<'_, Table> {
        // Every change is a single insertion or removal, so the table is whole even after a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A stream to `dialer` begins; its channels are free once the last such guard is dropped.
    #[must_use]
    pub fn attach(&self, dialer: &Dialer) -> Attached {
        *self.table().streams.entry(dialer.clone()).or_default() += 1;
        Attached {
            bindings: self.clone(),
            dialer: dialer.clone(),
        }
    }

    /// Whether `dialer` may use `channel`; the first to ask may.
    #[must_use]
    pub fn claim(&self, channel: ChannelId, dialer: &Dialer) -> bool {
        let mut table = self.table();
        let owner = table
            .owners
            .entry(channel)
            .or_insert_with(|| dialer.clone());
        owner == dialer
    }

    /// Sequencers that are attached.
    #[must_use]
    pub fn attached(&self) -> Vec<Dialer> {
        self.table().streams.keys().cloned().collect()
    }
}

/// A stream that is attached.
#[derive(Debug)]
pub struct Attached {
    bindings: Bindings,
    dialer: Dialer,
}

impl Drop for Attached {
    fn drop(&mut self) {
        let mut table = self.bindings.table();
        let left = table.streams.get(&self.dialer).copied().unwrap_or(1) - 1;
        if left > 0 {
            table.streams.insert(self.dialer.clone(), left);
            return;
        }
        table.streams.remove(&self.dialer);
        table.owners.retain(|_, owner| *owner != self.dialer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_is_its_first_users_until_that_one_leaves() {
        let bindings = Bindings::default();
        let (a, b): (Dialer, Dialer) = ("a".into(), "b".into());
        let channel = ChannelId::new([1; 32]);
        let old = bindings.attach(&a);
        let new = bindings.attach(&a);
        assert!(bindings.claim(channel, &a));
        assert!(!bindings.claim(channel, &b));
        drop(old);
        assert!(!bindings.claim(channel, &b));
        drop(new);
        assert!(bindings.claim(channel, &b));
        assert!(bindings.attached().is_empty());
    }
}
