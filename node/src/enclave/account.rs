//! One channel's account: what every key epoch of this process earned on it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
};

use atoma_protocol::{
    channel::{
        Flow, Metered, PartEnd, PartReceipt, Payee, PayeeConfig, PayeeError, PayeeRecord, StreamId,
        StreamSpec, Terms, VoucherOutcome,
    },
    ids::{ChannelId, KeyEpoch},
    money::{Amount, TokenCount},
    statement::{Grade, Signed, Voucher},
    time::TimestampMs,
};
use thiserror::Error;
use tokio::sync::watch;

use super::keys::EpochKeys;
use crate::store::{Store, StoreError};

/// The place in a channel's lanes for what folded epochs earned that this store knows nothing of; no key
/// epoch reaches this number.
const FOLDED_LANES: KeyEpoch = KeyEpoch(u64::MAX);

/// A channel as read from the chain, as far as its account needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelView {
    /// What was fixed when it was opened.
    pub terms: Terms,
    /// What a key epoch must have proved to be paid.
    pub need: Grade,
    /// All that was deposited.
    pub funded: Amount,
    /// The largest voucher settled.
    pub authorized: Amount,
    /// All that was paid.
    pub paid: Amount,
    /// What each key epoch had settled.
    pub lanes: BTreeMap<KeyEpoch, Amount>,
    /// What folded key epochs had settled.
    pub folded: Amount,
    /// Whether a close was asked for, or done.
    pub closing: bool,
}

/// Why an account does not do what it is asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The payer's side of it.
    #[error(transparent)]
    Payee(#[from] PayeeError),
    /// It cannot be written down, so it does not happen.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A bug left the account half-changed; it signs nothing more until the process starts anew.
    #[error("the account is out of service")]
    OutOfService,
    /// The process keeps as many accounts as it can.
    #[error("too many channels are in use")]
    TooMany,
    /// The channel was not taken into use under this key epoch.
    #[error("the channel is not in use under this key epoch")]
    NotInUse,
}

/// The account. Every change is stored before its result is handed out.
#[derive(Debug)]
pub(crate) struct Account {
    channel: ChannelId,
    books: Mutex<Books>,
    /// Counts changes that may let a paused stream go on.
    changed: watch::Sender<u64>,
}

#[derive(Debug)]
struct Books {
    view: ChannelView,
    payees: BTreeMap<KeyEpoch, Payee>,
    /// Whether the sequencer came back since unpaid parts were given up: what was on its way when it left
    /// may never have reached it.
    may_forgive: bool,
}

/// What an account stands at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Balance {
    /// All that was receipted, by every key epoch.
    pub due: Amount,
    /// What of it vouchers and deposit cover.
    pub covered: Amount,
    /// What the chain has paid.
    pub paid: Amount,
    /// Streams that run.
    pub streams: usize,
    /// Whether the payer authorizes more than was deposited when the channel was last read: it has
    /// deposited more since.
    pub topped_up: bool,
}

impl Balance {
    /// What settling now would bring.
    #[must_use]
    pub const fn unsettled(&self) -> Amount {
        self.covered.saturating_sub(self.paid)
    }
}

impl Account {
    pub(crate) fn new(view: ChannelView) -> Self {
        Self {
            channel: view.terms.channel,
            books: Mutex::new(Books {
                view,
                payees: BTreeMap::new(),
                may_forgive: false,
            }),
            changed: watch::Sender::new(0),
        }
    }

    fn books(&self) -> Result<MutexGuard<'_, Books>, AccountError> {
        self.books.lock().map_err(|_| AccountError::OutOfService)
    }

    fn change(&self) {
        self.changed
            .send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Takes the channel into use under `epoch`, going on from what is stored.
    pub(crate) fn begin(
        &self,
        epoch: KeyEpoch,
        config: PayeeConfig,
        store: &Store,
    ) -> Result<(), AccountError> {
        let mut books = self.books()?;
        books.may_forgive = true;
        let Books { view, payees, .. } = &mut *books;
        if payees.contains_key(&epoch) {
            return Ok(());
        }
        let records = store.payee_records(self.channel)?;
        let mut payee = Payee::restore(view.terms.clone(), epoch, config, records)?;
        update(&mut payee, view, store)?;
        payees.insert(epoch, payee);
        Ok(())
    }

    /// Takes note of a newer reading of the chain.
    pub(crate) fn refresh(&self, view: ChannelView, store: &Store) -> Result<(), AccountError> {
        let mut books = self.books()?;
        let Books {
            view: held, payees, ..
        } = &mut *books;
        *held = view;
        for payee in payees.values_mut() {
            update(payee, held, store)?;
        }
        drop(books);
        self.change();
        Ok(())
    }

    pub(crate) fn voucher(&self) -> Result<Option<Signed<Voucher>>, AccountError> {
        let books = self.books()?;
        let largest = books.payees.values().filter_map(Payee::voucher);
        Ok(largest
            .max_by_key(|voucher| voucher.statement().cumulative)
            .map(|voucher| voucher.signed().clone()))
    }

    /// Takes a voucher; it counts once it is stored.
    pub(crate) fn take_voucher(
        &self,
        voucher: &Signed<Voucher>,
        store: &Store,
    ) -> Result<(), AccountError> {
        let mut books = self.books()?;
        if books.payees.is_empty() {
            return Err(AccountError::NotInUse);
        }
        let mut stored = false;
        for payee in books.payees.values_mut() {
            if let VoucherOutcome::Accepted { record, .. } = payee.on_voucher(voucher.clone())? {
                if !stored {
                    store.put_record(self.channel, &record)?;
                }
                stored = true;
            }
        }
        drop(books);
        if stored {
            self.change();
        }
        Ok(())
    }

    fn with<T>(
        &self,
        epoch: KeyEpoch,
        work: impl FnOnce(&mut Payee) -> Result<T, PayeeError>,
    ) -> Result<T, AccountError> {
        let mut books = self.books()?;
        let payee = books.payees.get_mut(&epoch).ok_or(AccountError::NotInUse)?;
        Ok(work(payee)?)
    }

    /// Signs for a part and stores receipt and statement.
    fn cut(
        &self,
        keys: &EpochKeys,
        id: StreamId,
        end: PartEnd,
        store: &Store,
    ) -> Result<PartReceipt, AccountError> {
        let mut books = self.books()?;
        let payee = books
            .payees
            .get_mut(&keys.epoch)
            .ok_or(AccountError::NotInUse)?;
        let part = payee.cut_part(&keys.signing, id, end)?;
        let record = PayeeRecord::Part(Box::new(part));
        store.put_record(self.channel, &record)?;
        let PayeeRecord::Part(part) = record else {
            return Err(AccountError::OutOfService);
        };
        let earned = part.statement.statement.earned;
        for (_, other) in books
            .payees
            .iter_mut()
            .filter(|(epoch, _)| **epoch != keys.epoch)
        {
            other.on_other_lane(keys.epoch, earned)?;
        }
        drop(books);
        self.change();
        Ok(*part)
    }

    /// Gives up what a sequencer that came back may never have received, once a return and while nothing
    /// runs. How often a payer gets that in all is limited by its strikes.
    fn forgive(&self, epoch: KeyEpoch, store: &Store) -> Result<bool, AccountError> {
        let mut books = self.books()?;
        let idle = books.payees.values().all(|payee| payee.open_streams() == 0);
        if !idle || !std::mem::take(&mut books.may_forgive) {
            return Ok(false);
        }
        let payee = books.payees.get_mut(&epoch).ok_or(AccountError::NotInUse)?;
        match payee.forgive() {
            Ok(Some(record)) => {
                store.put_record(self.channel, &record)?;
                tracing::warn!(target: "atoma_node::enclave", channel = %self.channel, "unpaid parts given up");
                Ok(true)
            }
            Ok(None) | Err(PayeeError::NoMoreStrikes(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Forgets a key epoch whose keys are gone; what it earned stays known to the others.
    pub(crate) fn end(&self, epoch: KeyEpoch) -> Result<(), AccountError> {
        self.books()?.payees.remove(&epoch);
        Ok(())
    }

    pub(crate) fn has_streams(&self, epoch: KeyEpoch) -> Result<bool, AccountError> {
        let books = self.books()?;
        let payee = books.payees.get(&epoch);
        Ok(payee.is_some_and(|payee| payee.open_streams() > 0))
    }

    pub(crate) fn balance(&self) -> Result<Balance, AccountError> {
        let books = self.books()?;
        let most = |of: fn(&Payee) -> Amount| books.payees.values().map(of).max();
        let due = most(Payee::due).unwrap_or_default();
        let cover = most(Payee::cover).unwrap_or_default();
        Ok(Balance {
            due,
            covered: due.min(cover),
            paid: books.view.paid,
            streams: books.payees.values().map(Payee::open_streams).sum(),
            topped_up: books
                .payees
                .values()
                .filter_map(Payee::voucher)
                .any(|voucher| voucher.statement().cumulative > books.view.funded),
        })
    }
}

/// Brings a payee up to what the chain says.
fn update(payee: &mut Payee, view: &ChannelView, store: &Store) -> Result<(), AccountError> {
    payee.on_funded(view.funded);
    payee.on_authorized(view.authorized);
    for (epoch, earned) in &view.lanes {
        if *epoch != payee.epoch() {
            payee.on_other_lane(*epoch, *earned)?;
        }
    }
    if view.folded > Amount::ZERO {
        let statements = store.statements(view.terms.channel)?;
        let known = statements
            .iter()
            .filter(|signed| !view.lanes.contains_key(&signed.statement.key_epoch))
            .filter(|signed| signed.statement.key_epoch != payee.epoch())
            .fold(Amount::ZERO, |sum, signed| {
                sum.saturating_add(signed.statement.earned)
            });
        payee.on_other_lane(FOLDED_LANES, view.folded.saturating_sub(known))?;
    }
    if view.closing {
        payee.on_closing();
    }
    Ok(())
}

/// A stream that is open on an account. Dropped before its last part is cut, it is given up without a
/// receipt.
#[derive(Debug)]
pub(crate) struct OpenStream {
    account: Arc<Account>,
    keys: Arc<EpochKeys>,
    id: StreamId,
    open: bool,
}

impl OpenStream {
    /// Opens a stream under the epoch of `keys`.
    pub(crate) fn open(
        account: Arc<Account>,
        keys: Arc<EpochKeys>,
        spec: StreamSpec,
        store: &Store,
    ) -> Result<Self, AccountError> {
        let id = match account.with(keys.epoch, |payee| payee.open_stream(spec)) {
            Err(AccountError::Payee(error @ PayeeError::NotCovered { .. })) => {
                if !account.forgive(keys.epoch, store)? {
                    return Err(error.into());
                }
                account.with(keys.epoch, |payee| payee.open_stream(spec))?
            }
            opened => opened?,
        };
        Ok(Self {
            account,
            keys,
            id,
            open: true,
        })
    }

    /// Whether its last part is still to be cut.
    pub(crate) const fn is_open(&self) -> bool {
        self.open
    }

    /// Tells of changes after which the stream may go on.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.account.changed.subscribe()
    }

    fn with<T>(
        &self,
        work: impl FnOnce(&mut Payee) -> Result<T, PayeeError>,
    ) -> Result<T, AccountError> {
        self.account.with(self.keys.epoch, work)
    }

    pub(crate) fn meter(&self, made: TokenCount) -> Result<Metered, AccountError> {
        self.with(|payee| payee.on_tokens(self.id, made))
    }

    pub(crate) fn flow(&self) -> Result<Flow, AccountError> {
        self.with(|payee| payee.flow(self.id))
    }

    /// Moves time on for streams that wait; says whether this one has waited too long.
    pub(crate) fn waited_too_long(&self, now: TimestampMs) -> Result<bool, AccountError> {
        self.with(|payee| Ok(payee.tick(now).contains(&self.id)))
    }

    /// Signs for a part and stores receipt and statement.
    pub(crate) fn cut(&mut self, end: PartEnd, store: &Store) -> Result<PartReceipt, AccountError> {
        let part = self.account.cut(&self.keys, self.id, end, store)?;
        self.open = !end.last;
        Ok(part)
    }
}

impl Drop for OpenStream {
    fn drop(&mut self) {
        if self.open {
            // An account out of service has no streams to give up.
            let _ = self.with(|payee| payee.drop_stream(self.id));
            self.account.change();
        }
    }
}
