//! The payer's side: checks each receipt against what arrived, signs vouchers.

mod check;
mod error;
mod record;
mod stream;

pub use error::{Lie, PartError, PayerError};
pub use record::PayerRecord;

use std::collections::{BTreeMap, VecDeque};

use self::stream::Stream;
use super::{LaneBook, PartReceipt, StreamId, StreamSpec, Terms};
use crate::{
    hash::ResponseCommitment,
    ids::{KeyEpoch, Seq},
    keys::{PublicKey, SigningKey},
    money::{Amount, TokenCount, Tokens},
    statement::{Signed, Verified, Voucher},
};

/// Most streams of one channel at once.
pub const MAX_PAYER_STREAMS: usize = 256;
/// Most key epochs whose receipts are kept one by one; older ones are folded into sums.
pub const MAX_PAYER_LANES: usize = 8;
/// Most receipts of one key epoch that wait for an earlier one.
pub const MAX_PENDING_PARTS: usize = 256;
/// Most aborted streams whose late receipts can still be matched with what arrived.
pub const MAX_ABORTED_STREAMS: usize = 64;

/// What a payer decides for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayerConfig {
    /// The most it authorizes beyond the receipts it holds: what a dishonest node can take. Without
    /// attested hardware one part, [`super::part_limit`], is usual, plus the input of a request.
    pub ahead_limit: Amount,
}

/// A request to be paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamRequest {
    /// The key epoch that it is sealed to; known through [`Payer::add_epoch`].
    pub epoch: KeyEpoch,
    /// What it asks.
    pub spec: StreamSpec,
}

/// A request that may be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamGrant {
    /// Its stream.
    pub stream: StreamId,
    /// Goes with the request; absent only where nothing was ever authorized.
    pub voucher: Option<Signed<Voucher>>,
    /// Stored before the voucher is sent; absent if the voucher is an older one.
    pub record: Option<PayerRecord>,
}

/// What arrived of an answer, as the receiver saw it itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Commits to all deliveries up to and including those that came with the receipt.
    pub response_commitment: ResponseCommitment,
    /// The most output tokens that these can be, if the receiver can tell.
    pub output_at_most: Option<Tokens>,
}

/// A receipt that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartOutcome {
    /// What the part costs.
    pub fee: Amount,
    /// Whether the fee counts as owed; of late receipts for what never arrived it does not.
    pub accepted: bool,
    /// Set with the last part: the stream is closed.
    pub finished: Option<Finished>,
    /// Stored before anything that the part lets through.
    pub record: PayerRecord,
}

/// Sums of a stream that ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished {
    /// Tokens receipted.
    pub tokens: TokenCount,
    /// Fees of its receipts.
    pub fee: Amount,
    /// Number of its receipts.
    pub parts: u32,
}

/// The payer's side of one channel.
///
/// It holds no key: the voucher key is passed to what signs.
#[derive(Debug)]
pub struct Payer {
    terms: Terms,
    config: PayerConfig,
    funded: Amount,
    /// The largest amount ever authorized; a voucher lost with an earlier process is signed again.
    authorized: Amount,
    voucher: Option<Verified<Voucher>>,
    /// What earlier processes authorized: receipts lost with them are accepted up to here.
    sunk: Amount,
    wanted: Amount,
    lanes: BTreeMap<KeyEpoch, LaneBook>,
    folded_held: Amount,
    folded_claimed: Amount,
    next_stream: u64,
    streams: BTreeMap<StreamId, Stream>,
    aborted: VecDeque<Stream>,
    stopped: Option<Lie>,
}

impl Payer {
    /// The account of a channel that was just opened.
    ///
    /// # Errors
    /// [`PayerError::Terms`].
    pub fn new(terms: Terms, config: PayerConfig) -> Result<Self, PayerError> {
        terms.check()?;
        Ok(Self {
            terms,
            config,
            funded: Amount::ZERO,
            authorized: Amount::ZERO,
            voucher: None,
            sunk: Amount::ZERO,
            wanted: Amount::ZERO,
            lanes: BTreeMap::new(),
            folded_held: Amount::ZERO,
            folded_claimed: Amount::ZERO,
            next_stream: 0,
            streams: BTreeMap::new(),
            aborted: VecDeque::new(),
            stopped: None,
        })
    }

    /// The account as an earlier process stored it. What the chain and the node have under the same
    /// voucher key is adopted besides, with [`Payer::on_authorized`] and [`Payer::adopt`].
    ///
    /// # Errors
    /// [`PayerError`]: the records are not those of this channel, or not in order.
    pub fn restore(
        terms: Terms,
        config: PayerConfig,
        records: impl IntoIterator<Item = PayerRecord>,
    ) -> Result<Self, PayerError> {
        let mut payer = Self::new(terms, config)?;
        for record in records {
            payer.replay(record)?;
        }
        payer.sunk = payer.authorized;
        Ok(payer)
    }

    fn replay(&mut self, record: PayerRecord) -> Result<(), PayerError> {
        match record {
            PayerRecord::Voucher(voucher) => self.adopt(voucher)?,
            PayerRecord::Epoch { epoch, signing_key } => {
                self.add_epoch(epoch, signing_key)?;
            }
            PayerRecord::Part { part, accepted } => {
                let receipt = part.receipt.statement;
                match self.lanes.get_mut(&receipt.key_epoch) {
                    Some(lane) => lane
                        .add(self.terms.network, &part, accepted)
                        .map_err(|error| PayerError::BadRecord(Box::new(error)))?,
                    // Of an epoch that was folded meanwhile.
                    None => {
                        let held = if accepted { receipt.fee } else { Amount::ZERO };
                        self.folded_held = self.folded_held.saturating_add(held);
                        self.folded_claimed = self.folded_claimed.saturating_add(receipt.fee);
                    }
                }
            }
            PayerRecord::Book(book) => {
                self.lanes.insert(book.epoch(), *book);
            }
            PayerRecord::Folded { held, claimed } => {
                self.folded_held = held;
                self.folded_claimed = claimed;
            }
        }
        Ok(())
    }

    /// The fewest records that [`Payer::restore`] needs, to replace all stored so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<PayerRecord> {
        let mut records = vec![PayerRecord::Folded {
            held: self.folded_held,
            claimed: self.folded_claimed,
        }];
        records.extend(
            self.lanes
                .values()
                .map(|book| PayerRecord::Book(Box::new(book.clone()))),
        );
        records.extend(
            self.voucher
                .as_ref()
                .map(|voucher| PayerRecord::Voucher(voucher.signed().clone())),
        );
        records
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Sum of the fees of all receipts accepted.
    #[must_use]
    pub fn held(&self) -> Amount {
        self.lanes.values().fold(self.folded_held, |sum, lane| {
            sum.saturating_add(lane.held())
        })
    }

    /// What the node's statements claim beyond the receipts accepted: parts still on their way, or
    /// parts that never arrived.
    #[must_use]
    pub fn unaccounted(&self) -> Amount {
        self.lanes
            .values()
            .fold(self.folded_claimed, |sum, lane| {
                sum.saturating_add(lane.claimed())
            })
            .saturating_sub(self.held())
    }

    /// The deposit as last read from the chain.
    #[must_use]
    pub const fn funded(&self) -> Amount {
        self.funded
    }

    /// All that was ever authorized.
    #[must_use]
    pub const fn authorized(&self) -> Amount {
        self.authorized
    }

    /// The largest voucher signed; sent again when one may have been lost.
    #[must_use]
    pub const fn voucher(&self) -> Option<&Verified<Voucher>> {
        self.voucher.as_ref()
    }

    /// The books of the key epochs that are not folded.
    pub fn lanes(&self) -> impl Iterator<Item = &LaneBook> {
        self.lanes.values()
    }

    /// The lie that stopped this account; it signs no more vouchers.
    #[must_use]
    pub const fn stopped(&self) -> Option<&Lie> {
        self.stopped.as_ref()
    }

    /// Number of open streams.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// Receipts to ask the node for: key epoch, and the number from which on some are missing.
    pub fn missing(&self) -> impl Iterator<Item = (KeyEpoch, Seq)> {
        self.lanes
            .values()
            .filter_map(|lane| Some((lane.epoch(), lane.missing_from()?)))
    }

    /// The deposit as read from the chain; nothing is authorized beyond it.
    pub fn on_funded(&mut self, funded: Amount) {
        self.funded = self.funded.max(funded);
    }

    /// What the chain has as authorized: more than is known here after this side lost its store.
    pub fn on_authorized(&mut self, authorized: Amount) {
        if authorized > self.authorized {
            self.authorized = authorized;
            self.sunk = authorized;
        }
    }

    /// Takes back a voucher that an earlier process signed, from its store or from the node.
    ///
    /// # Errors
    /// [`PayerError::OtherChannel`], [`PayerError::Key`].
    pub fn adopt(&mut self, voucher: Signed<Voucher>) -> Result<(), PayerError> {
        if voucher.statement.channel != self.terms.channel {
            return Err(PayerError::OtherChannel(voucher.statement.channel));
        }
        let voucher = voucher.verify(self.terms.network, &self.terms.voucher_key)?;
        let cumulative = voucher.statement().cumulative;
        self.on_authorized(cumulative);
        let held = self
            .voucher
            .as_ref()
            .map(|held| held.statement().cumulative);
        if held < Some(cumulative) {
            self.voucher = Some(voucher);
        }
        Ok(())
    }

    /// Makes a key epoch known, after its evidence was checked. The record is stored before a request
    /// is sealed to it; `None` if the epoch is known.
    ///
    /// # Errors
    /// [`PayerError::EpochKeyChanged`], [`PayerError::TooManyLanes`].
    pub fn add_epoch(
        &mut self,
        epoch: KeyEpoch,
        signing_key: PublicKey,
    ) -> Result<Option<PayerRecord>, PayerError> {
        if let Some(lane) = self.lanes.get(&epoch) {
            return if *lane.signing_key() == signing_key {
                Ok(None)
            } else {
                Err(PayerError::EpochKeyChanged(epoch))
            };
        }
        if self.lanes.len() >= MAX_PAYER_LANES {
            self.fold_oldest()?;
        }
        self.lanes.insert(epoch, LaneBook::new(epoch, signing_key));
        Ok(Some(PayerRecord::Epoch { epoch, signing_key }))
    }

    fn fold_oldest(&mut self) -> Result<(), PayerError> {
        let idle = self
            .lanes
            .keys()
            .copied()
            .find(|epoch| !self.streams.values().any(|stream| stream.epoch == *epoch))
            .ok_or(PayerError::TooManyLanes)?;
        if let Some(lane) = self.lanes.remove(&idle) {
            self.folded_held = self.folded_held.saturating_add(lane.held());
            self.folded_claimed = self.folded_claimed.saturating_add(lane.claimed());
        }
        Ok(())
    }

    /// Reserves what a request needs and signs a larger voucher, with the channel's voucher key, if it
    /// is not covered yet.
    ///
    /// # Errors
    /// [`PayerError`]; with [`PayerError::AheadLimit`] it may go once another stream has ended.
    pub fn open_stream(
        &mut self,
        key: &SigningKey,
        request: StreamRequest,
    ) -> Result<StreamGrant, PayerError> {
        if let Some(lie) = &self.stopped {
            return Err(PayerError::Stopped(Box::new(lie.clone())));
        }
        if self.streams.len() >= MAX_PAYER_STREAMS {
            return Err(PayerError::TooManyStreams);
        }
        if !self.lanes.contains_key(&request.epoch) {
            return Err(PayerError::UnknownEpoch(request.epoch));
        }
        let prices = self
            .terms
            .prices(request.spec.model)
            .ok_or(PayerError::UnknownModel(request.spec.model))?;
        let stream = Stream::new(request, prices, self.terms.credit)?;
        let inputs = self
            .streams
            .values()
            .fold(stream.input_reserve(), |sum, stream| {
                sum.saturating_add(stream.input_reserve())
            });
        let ahead = inputs.checked_add(self.unaccounted())?;
        if ahead > self.config.ahead_limit {
            return Err(PayerError::AheadLimit {
                needed: ahead,
                limit: self.config.ahead_limit,
            });
        }
        let needed = self.held().checked_add(ahead)?;
        if needed > self.funded {
            return Err(PayerError::DepositTooSmall {
                needed,
                funded: self.funded,
            });
        }
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        self.streams.insert(id, stream);
        let record = self.next_voucher(key).map(|(_, record)| record);
        Ok(StreamGrant {
            stream: id,
            voucher: self
                .voucher
                .as_ref()
                .map(|voucher| voucher.signed().clone()),
            record,
        })
    }

    /// A larger voucher, if one is due. The record is stored before the voucher is sent.
    pub fn next_voucher(&mut self, key: &SigningKey) -> Option<(Signed<Voucher>, PayerRecord)> {
        let cumulative = self.target().max(self.authorized);
        let signed = self
            .voucher
            .as_ref()
            .map_or(Amount::ZERO, |voucher| voucher.statement().cumulative);
        if self.stopped.is_some() || cumulative <= signed {
            return None;
        }
        let voucher = Voucher {
            channel: self.terms.channel,
            cumulative,
        };
        let voucher = Verified::sign(voucher, self.terms.network, key);
        let signed = voucher.signed().clone();
        self.authorized = cumulative;
        self.voucher = Some(voucher);
        Some((signed.clone(), PayerRecord::Voucher(signed)))
    }

    /// The node says that it needs a voucher of `needed`. It gets one as far as the own limit allows.
    pub fn on_shortfall(&mut self, needed: Amount) {
        self.wanted = self.wanted.max(needed);
    }

    /// What the next voucher should authorize: receipts held and what open streams need ahead, within
    /// the own limit and the deposit.
    fn target(&self) -> Amount {
        let held = self.held();
        let wanted = self
            .streams
            .values()
            .fold(held, |sum, stream| sum.saturating_add(stream.ahead()))
            .max(self.wanted);
        let ahead = self.config.ahead_limit.saturating_sub(self.unaccounted());
        wanted.min(held.saturating_add(ahead)).min(self.funded)
    }

    /// Checks a part of an open stream: signatures, numbers, fee, sums, root, and that it receipts
    /// exactly what arrived.
    ///
    /// # Errors
    /// [`PartError`]; a [`PartError::Lie`] is proved by the node's own signatures and stops the account.
    pub fn on_part(
        &mut self,
        id: StreamId,
        part: &PartReceipt,
        delivered: &Delivered,
    ) -> Result<PartOutcome, PartError> {
        let stream = self.streams.get(&id).ok_or(PartError::UnknownStream(id))?;
        stream.check_order(part)?;
        let epoch = stream.epoch;
        let mut next = stream.clone();
        let lane = self
            .lanes
            .get_mut(&epoch)
            .ok_or(PartError::UnknownEpoch(epoch))?;
        let network = self.terms.network;
        check::signatures(&self.terms, lane, part)?;
        let checked = check::part(&self.terms, epoch, part)
            .and_then(|()| next.take(part, delivered))
            .map_err(PartError::from)
            .and_then(|()| lane.add(network, part, true));
        self.stop_on_lie(checked)?;
        let finished = part.body.last.then(|| next.finished());
        if finished.is_some() {
            self.streams.remove(&id);
        } else {
            self.streams.insert(id, next);
        }
        Ok(outcome(part, true, finished))
    }

    /// Takes a late receipt, for a stream that was aborted or that an earlier process had: the answer
    /// to [`Payer::missing`]. It is accepted if all that it receipts arrived, or as far as an earlier
    /// process authorized it; otherwise it only closes the gap, and is never authorized.
    ///
    /// # Errors
    /// [`PartError`].
    pub fn on_missing(&mut self, part: &PartReceipt) -> Result<PartOutcome, PartError> {
        let request = part.body.request_commitment;
        if let Some((id, _)) = self
            .streams
            .iter()
            .find(|(_, stream)| stream.spec.request_commitment == request)
        {
            return Err(PartError::StreamOpen(*id));
        }
        let epoch = part.receipt.statement.key_epoch;
        let (held, sunk) = (self.held(), self.sunk);
        let lane = self
            .lanes
            .get_mut(&epoch)
            .ok_or(PartError::UnknownEpoch(epoch))?;
        check::signatures(&self.terms, lane, part)?;
        check::not_held(&self.terms, lane, part)?;
        let checked = check::part(&self.terms, epoch, part);
        let aborted = self
            .aborted
            .iter_mut()
            .find(|stream| stream.spec.request_commitment == request);
        let accepted = match &aborted {
            Some(stream) => stream.arrived(part),
            None => held.saturating_add(part.receipt.statement.fee) <= sunk,
        };
        let checked = checked
            .map_err(PartError::from)
            .and_then(|()| lane.add(self.terms.network, part, accepted));
        if let (Some(stream), true, true) = (aborted, accepted, checked.is_ok()) {
            stream.count(part);
        }
        self.stop_on_lie(checked)?;
        Ok(outcome(part, accepted, None))
    }

    /// Ends a stream whose node vanished or whose receipts do not hold: nothing beyond what arrived is
    /// ever authorized for it. `delivered` commits to what did arrive.
    ///
    /// # Errors
    /// [`PartError::UnknownStream`].
    pub fn abort_stream(
        &mut self,
        id: StreamId,
        delivered: ResponseCommitment,
    ) -> Result<Finished, PartError> {
        let mut stream = self
            .streams
            .remove(&id)
            .ok_or(PartError::UnknownStream(id))?;
        let finished = stream.finished();
        stream.abort(delivered);
        if self.aborted.len() >= MAX_ABORTED_STREAMS {
            self.aborted.pop_front();
        }
        self.aborted.push_back(stream);
        Ok(finished)
    }

    fn stop_on_lie(&mut self, checked: Result<(), PartError>) -> Result<(), PartError> {
        if let Err(PartError::Lie(lie)) = &checked {
            self.stopped.get_or_insert_with(|| lie.clone());
        }
        checked
    }
}

fn outcome(part: &PartReceipt, accepted: bool, finished: Option<Finished>) -> PartOutcome {
    PartOutcome {
        fee: part.receipt.statement.fee,
        accepted,
        finished,
        record: PayerRecord::Part {
            part: Box::new(part.clone()),
            accepted,
        },
    }
}

#[cfg(test)]
mod tests;
