//! One channel paid from: what its payer decides is on disk before it leaves.

use atoma_protocol::{
    channel::{
        Delivered, PartError, PartOutcome, PartReceipt, Payer, PayerConfig, PayerError,
        PayerRecord, StreamId, StreamRequest, Terms,
    },
    hash::ResponseCommitment,
    ids::{ChannelId, KeyEpoch},
    keys::{PublicKey, SigningKey},
    merkle::LeafHash,
    money::Amount,
    statement::{Signable as _, Signed, Voucher},
};
use thiserror::Error;

use crate::store::{MAX_RECORDS, PayerStore, StoreError};

/// Why an account does not go on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AccountError {
    /// The payer refuses.
    #[error(transparent)]
    Payer(#[from] PayerError),
    /// A part is not taken.
    #[error(transparent)]
    Part(#[from] PartError),
    /// Nothing can be written down, so nothing may be signed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The key is not the channel's voucher key.
    #[error("the voucher key given is not the channel's")]
    WrongKey,
}

/// A request that may be sent.
#[derive(Debug)]
pub struct Opened {
    /// Its stream.
    pub stream: StreamId,
    /// Goes with it.
    pub voucher: Option<Signed<Voucher>>,
}

/// A part that was taken.
#[derive(Debug)]
pub struct Taken {
    /// What it cost.
    pub outcome: PartOutcome,
    /// A larger voucher that is due now.
    pub voucher: Option<Signed<Voucher>>,
}

/// The payer's side of a channel with its voucher key and its records.
#[derive(Debug)]
pub struct Account {
    payer: Payer,
    key: SigningKey,
    store: PayerStore,
    next_record: u64,
}

impl Account {
    /// Takes up the account of the channel with these terms, from its records if there are any.
    /// `funded` and `authorized` are the chain's.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn open(
        terms: Terms,
        config: PayerConfig,
        key: SigningKey,
        store: PayerStore,
        funded: Amount,
        authorized: Amount,
    ) -> Result<Self, AccountError> {
        if key.public() != terms.voucher_key {
            return Err(AccountError::WrongKey);
        }
        let channel = terms.channel;
        let (records, mut next_record) = store.records(channel)?;
        let count = records.len();
        let mut payer = Payer::restore(terms, config, records)?;
        payer.on_funded(funded);
        payer.on_authorized(authorized);
        if count > MAX_RECORDS {
            next_record = store.replace(channel, next_record, &payer.snapshot())?;
        }
        Ok(Self {
            payer,
            key,
            store,
            next_record,
        })
    }

    /// The channel.
    #[must_use]
    pub const fn channel(&self) -> ChannelId {
        self.payer.terms().channel
    }

    /// The payer's books, to be read.
    #[must_use]
    pub const fn payer(&self) -> &Payer {
        &self.payer
    }

    /// The deposit as read from the chain.
    pub fn on_funded(&mut self, funded: Amount) {
        self.payer.on_funded(funded);
    }

    /// Takes back a voucher that the node holds under this account's key.
    ///
    /// # Errors
    /// [`AccountError::Payer`], [`AccountError::Store`].
    pub fn adopt(&mut self, voucher: Signed<Voucher>) -> Result<(), AccountError> {
        self.payer.adopt(voucher)?;
        if let Some(newest) = self.payer.voucher() {
            self.store.keep_voucher(newest.signed())?;
        }
        Ok(())
    }

    /// Makes a checked key epoch of the node known.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn add_epoch(&mut self, epoch: KeyEpoch, key: PublicKey) -> Result<(), AccountError> {
        let record = self.payer.add_epoch(epoch, key)?;
        self.write(record.as_ref())
    }

    /// Reserves what a request needs.
    ///
    /// # Errors
    /// [`AccountError`].
    pub fn open_stream(&mut self, request: StreamRequest) -> Result<Opened, AccountError> {
        let grant = self.payer.open_stream(&self.key, request)?;
        if let Some(voucher) = &grant.voucher {
            self.store.keep_voucher(voucher)?;
        }
        self.write(grant.record.as_ref())?;
        Ok(Opened {
            stream: grant.stream,
            voucher: grant.voucher,
        })
    }

    /// Checks a part, writes it down, and gives the voucher that is due with it.
    ///
    /// # Errors
    /// [`AccountError`]; after one the stream is to be aborted.
    pub fn on_part(
        &mut self,
        stream: StreamId,
        part: &PartReceipt,
        delivered: &Delivered,
    ) -> Result<Taken, AccountError> {
        let outcome = self.payer.on_part(stream, part, delivered)?;
        let receipt = &part.receipt.statement;
        let leaf = LeafHash::of(&receipt.message(self.payer.terms().network));
        let channel = self.channel();
        self.store
            .keep_leaf(channel, receipt.key_epoch, receipt.seq, leaf)?;
        self.write(Some(&outcome.record))?;
        let voucher = self.next_voucher()?;
        Ok(Taken { outcome, voucher })
    }

    /// The larger voucher that is due, if one is.
    ///
    /// # Errors
    /// [`AccountError::Store`].
    pub fn next_voucher(&mut self) -> Result<Option<Signed<Voucher>>, AccountError> {
        let Some((voucher, record)) = self.payer.next_voucher(&self.key) else {
            return Ok(None);
        };
        self.store.keep_voucher(&voucher)?;
        self.write(Some(&record))?;
        Ok(Some(voucher))
    }

    /// Ends a stream that goes no further; `delivered` commits to what arrived of it.
    pub fn abort_stream(&mut self, stream: StreamId, delivered: ResponseCommitment) {
        // A stream that is gone already needs no end.
        let _ = self.payer.abort_stream(stream, delivered);
    }

    fn write(&mut self, record: Option<&PayerRecord>) -> Result<(), AccountError> {
        if let Some(record) = record {
            self.store
                .append(self.channel(), self.next_record, record)?;
            self.next_record = self.next_record.saturating_add(1);
        }
        Ok(())
    }
}
