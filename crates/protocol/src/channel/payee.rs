//! The node's side: meters, decides what runs, signs for what it metered.

mod error;
mod record;
mod stream;

pub use error::PayeeError;
pub use record::PayeeRecord;

use std::{collections::BTreeMap, time::Duration};

use self::stream::Stream;
use super::{PartReceipt, StreamId, Terms, part_limit};
use crate::{
    hash::{ManifestHash, RequestCommitment, ResponseCommitment},
    ids::{KeyEpoch, ModelId, Seq},
    keys::SigningKey,
    merkle::{Frontier, LeafHash},
    money::{Amount, TokenCount, Tokens},
    statement::{Receipt, ReceiptBody, Signable, Signed, Statement, Verified, Voucher},
    time::TimestampMs,
};

/// Most streams of one channel at once.
pub const MAX_PAYEE_STREAMS: usize = 256;
/// Most other key epochs of the node that have earned on one channel.
pub const MAX_OTHER_LANES: usize = 4096;
/// A stream that waits this long for a voucher is ended.
pub const UNPAID_TIMEOUT: Duration = Duration::from_secs(30);

/// What a node decides for itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayeeConfig {
    /// Credit of a channel that has paid nothing yet; a hundredth of the minimum deposit is usual.
    pub starting_credit: Amount,
    /// Credit grows by one unit for each so many units paid, up to the channel's credit; at least 1.
    pub paid_per_credit: u64,
    /// Most output tokens that a running stream makes before it reports them. Reserved while a stream
    /// runs, so that the credit holds to the unit.
    pub step_tokens: Tokens,
    /// How often what is unpaid may be forgiven.
    pub max_strikes: u32,
}

impl Default for PayeeConfig {
    fn default() -> Self {
        Self {
            starting_credit: Amount(10_000),
            paid_per_credit: 1,
            step_tokens: Tokens::new(16).expect("16 is far below the limit of a token count"),
            max_strikes: 3,
        }
    }
}

/// What a request asks of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamSpec {
    /// The model.
    pub model: ModelId,
    /// Most input tokens that the request can have.
    pub input_bound: Tokens,
    /// Most output tokens that may be charged.
    pub max_output: Tokens,
    /// Commits to the request.
    pub request_commitment: RequestCommitment,
    /// The weights that run.
    pub manifest_hash: ManifestHash,
}

/// Whether a stream may go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flow {
    /// It may make up to [`PayeeConfig::step_tokens`] more output tokens, or its prefill.
    Run,
    /// It waits for a voucher.
    Pause,
    /// It stops, and its last part is cut.
    End,
}

/// What follows from tokens made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metered {
    /// Whether the stream may go on.
    pub flow: Flow,
    /// Whether a part is to be cut now: it reached its limit, or the stream waits for its payment.
    pub cut: bool,
}

/// How a part ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartEnd {
    /// Whether the answer ends with it.
    pub last: bool,
    /// Commits to all that was delivered of the answer.
    pub response_commitment: ResponseCommitment,
    /// The node's clock.
    pub now: TimestampMs,
}

/// What became of a voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoucherOutcome {
    /// It is the largest so far. `record` is stored before any stream goes on.
    Accepted {
        /// What it authorizes.
        cumulative: Amount,
        /// To be stored.
        record: PayeeRecord,
    },
    /// A repeated or late one; the larger stays.
    NotLarger {
        /// What is held.
        held: Amount,
    },
}

/// What this key epoch earned on the channel.
#[derive(Clone, Debug, Default)]
struct Lane {
    earned: Amount,
    input_tokens: u64,
    output_tokens: u64,
    frontier: Frontier,
    statement: Option<Signed<Statement>>,
}

/// The node's side of one channel under one key epoch.
///
/// It holds no key: the epoch's signing key is passed to [`Payee::cut_part`], which signs nothing but
/// what [`Payee::on_tokens`] metered.
#[derive(Debug)]
pub struct Payee {
    terms: Terms,
    epoch: KeyEpoch,
    config: PayeeConfig,
    funded: Amount,
    voucher: Option<Verified<Voucher>>,
    /// What the chain says was authorized; a node that lost its voucher still has this.
    authorized: Amount,
    others: BTreeMap<KeyEpoch, Amount>,
    lane: Lane,
    forgiven: Amount,
    strikes: u32,
    closing: bool,
    next_stream: u64,
    streams: BTreeMap<StreamId, Stream>,
}

impl Payee {
    /// The account of a channel that this node never served, under a fresh key epoch.
    ///
    /// # Errors
    /// [`PayeeError::Terms`].
    pub fn new(terms: Terms, epoch: KeyEpoch, config: PayeeConfig) -> Result<Self, PayeeError> {
        terms.check()?;
        Ok(Self {
            terms,
            epoch,
            config,
            funded: Amount::ZERO,
            voucher: None,
            authorized: Amount::ZERO,
            others: BTreeMap::new(),
            lane: Lane::default(),
            forgiven: Amount::ZERO,
            strikes: 0,
            closing: false,
            next_stream: 0,
            streams: BTreeMap::new(),
        })
    }

    /// The account as stored by earlier processes, under a key epoch of its own that no record names:
    /// keys die with their process, so a restart is a new lane that begins at zero.
    ///
    /// # Errors
    /// [`PayeeError`]: the records are not those of this channel, or name `epoch`.
    pub fn restore(
        terms: Terms,
        epoch: KeyEpoch,
        config: PayeeConfig,
        records: impl IntoIterator<Item = PayeeRecord>,
    ) -> Result<Self, PayeeError> {
        let mut payee = Self::new(terms, epoch, config)?;
        for record in records {
            match record {
                PayeeRecord::Voucher(voucher) => {
                    payee.on_voucher(voucher)?;
                }
                PayeeRecord::Part(part) => {
                    let statement = part.statement.statement;
                    if statement.channel != payee.terms.channel {
                        return Err(PayeeError::OtherChannel(statement.channel));
                    }
                    payee.on_other_lane(statement.key_epoch, statement.earned)?;
                }
                PayeeRecord::Lane { epoch, earned } => payee.on_other_lane(epoch, earned)?,
                PayeeRecord::Forgiven { total, strikes } => {
                    payee.forgiven = payee.forgiven.max(total);
                    payee.strikes = payee.strikes.max(strikes);
                }
            }
        }
        Ok(payee)
    }

    /// The fewest records that [`Payee::restore`] needs, to replace all stored so far.
    #[must_use]
    pub fn snapshot(&self) -> Vec<PayeeRecord> {
        let lanes = self
            .others
            .iter()
            .map(|(epoch, earned)| (*epoch, *earned))
            .chain(
                self.lane
                    .statement
                    .as_ref()
                    .map(|_| (self.epoch, self.lane.earned)),
            );
        let mut records: Vec<_> = lanes
            .map(|(epoch, earned)| PayeeRecord::Lane { epoch, earned })
            .collect();
        records.extend(
            self.voucher
                .as_ref()
                .map(|voucher| PayeeRecord::Voucher(voucher.signed().clone())),
        );
        if self.strikes > 0 {
            records.push(self.forgiven_record());
        }
        records
    }

    /// The terms.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The key epoch of this account's lane.
    #[must_use]
    pub const fn epoch(&self) -> KeyEpoch {
        self.epoch
    }

    /// The largest voucher: settled with, and returned to a payer that lost its own.
    #[must_use]
    pub const fn voucher(&self) -> Option<&Verified<Voucher>> {
        self.voucher.as_ref()
    }

    /// The latest statement of this key epoch.
    #[must_use]
    pub const fn statement(&self) -> Option<&Signed<Statement>> {
        self.lane.statement.as_ref()
    }

    /// All that was receipted on the channel, by every key epoch known.
    #[must_use]
    pub fn due(&self) -> Amount {
        self.others
            .values()
            .fold(self.lane.earned, |sum, earned| sum.saturating_add(*earned))
    }

    /// Fees of tokens made and not yet receipted.
    #[must_use]
    pub fn running(&self) -> Amount {
        self.streams.values().fold(Amount::ZERO, |sum, stream| {
            sum.saturating_add(stream.running())
        })
    }

    /// What was given up so that the channel goes on. It stays due on-chain.
    #[must_use]
    pub const fn forgiven(&self) -> Amount {
        self.forgiven
    }

    /// What is sure to be paid once it is earned: the smaller of the largest voucher and the deposit.
    #[must_use]
    pub fn cover(&self) -> Amount {
        let voucher = self
            .voucher
            .as_ref()
            .map_or(Amount::ZERO, |voucher| voucher.statement().cumulative);
        voucher.max(self.authorized).min(self.funded)
    }

    /// What this node lends the channel now: little at first, more with paid volume, never more than
    /// the channel's credit.
    #[must_use]
    pub fn credit(&self) -> Amount {
        let paid = self.cover().min(self.due());
        let grown = Amount(paid.0 / self.config.paid_per_credit.max(1));
        self.config
            .starting_credit
            .saturating_add(grown)
            .min(self.terms.credit)
    }

    /// What the node stands to lose now: served and not covered, less what it gave up already. Never
    /// above [`Payee::credit`], as long as streams keep to their steps.
    #[must_use]
    pub fn exposure(&self) -> Amount {
        self.due()
            .saturating_add(self.running())
            .saturating_sub(self.forgiven)
            .saturating_sub(self.cover())
    }

    /// Number of open streams.
    #[must_use]
    pub fn open_streams(&self) -> usize {
        self.streams.len()
    }

    /// Takes a request, if a voucher covers its input besides all that is due: no prefill for nothing.
    ///
    /// # Errors
    /// [`PayeeError`]; with [`PayeeError::NotCovered`] the payer is asked for a larger voucher.
    pub fn open_stream(&mut self, spec: StreamSpec) -> Result<StreamId, PayeeError> {
        if self.closing {
            return Err(PayeeError::Closing);
        }
        if self.streams.len() >= MAX_PAYEE_STREAMS {
            return Err(PayeeError::TooManyStreams);
        }
        let prices = self
            .terms
            .prices(spec.model)
            .ok_or(PayeeError::UnknownModel(spec.model))?;
        let stream = Stream::new(spec, prices, self.config.step_tokens)?;
        // What runs may lie on credit; input never does.
        let input = stream.input_reserve();
        let needed = self.committed(Stream::served).checked_add(input)?;
        let with_steps = self.committed(Stream::committed).checked_add(input)?;
        let needed = needed.max(with_steps.saturating_sub(self.credit()));
        if needed > self.cover() {
            return Err(PayeeError::NotCovered {
                needed,
                cover: self.cover(),
            });
        }
        let id = StreamId(self.next_stream);
        self.next_stream += 1;
        self.streams.insert(id, stream);
        Ok(id)
    }

    /// Counts tokens that a stream made since its last call: the input with the first call, output
    /// with each. More output than the maximum is not charged.
    ///
    /// # Errors
    /// [`PayeeError::UnknownStream`]; [`PayeeError::InputAboveBound`], after which nothing is counted
    /// and the request is refused; [`PayeeError::InputTwice`].
    pub fn on_tokens(&mut self, id: StreamId, made: TokenCount) -> Result<Metered, PayeeError> {
        let stream = self.stream_mut(id)?;
        stream.meter(made)?;
        let flow = self.flow(id)?;
        let part_limit = part_limit(self.credit());
        let running = self.stream_mut(id)?.running();
        let cut = match flow {
            Flow::Run => running >= part_limit,
            Flow::Pause => running > Amount::ZERO,
            Flow::End => true,
        };
        Ok(Metered { flow, cut })
    }

    /// Whether a stream may go on; asked again after a voucher. Older streams come first.
    ///
    /// # Errors
    /// [`PayeeError::UnknownStream`].
    pub fn flow(&mut self, id: StreamId) -> Result<Flow, PayeeError> {
        let stream = self.streams.get(&id).ok_or(PayeeError::UnknownStream(id))?;
        if self.closing || stream.is_over() {
            return Ok(Flow::End);
        }
        if stream.may_run() {
            return Ok(Flow::Run);
        }
        // What older streams wait for is theirs first.
        let ahead_of_it = self
            .streams
            .range(..id)
            .filter(|(_, older)| !older.may_run() && !older.is_over())
            .fold(Amount::ZERO, |sum, (_, older)| {
                sum.saturating_add(older.step())
            });
        let after = self
            .committed(Stream::committed)
            .saturating_add(ahead_of_it)
            .saturating_add(stream.step());
        if after > self.limit() {
            return Ok(Flow::Pause);
        }
        self.stream_mut(id)?.grant();
        Ok(Flow::Run)
    }

    /// Ends a part of an answer: receipt, body, and the statement that includes it, signed with `key`,
    /// the signing key of this key epoch. It is stored as [`PayeeRecord::Part`] before it leaves.
    ///
    /// After the last part the stream is gone.
    ///
    /// # Errors
    /// [`PayeeError::UnknownStream`], [`PayeeError::NothingToReceipt`], [`PayeeError::Money`].
    pub fn cut_part(
        &mut self,
        key: &SigningKey,
        id: StreamId,
        end: PartEnd,
    ) -> Result<PartReceipt, PayeeError> {
        let stream = self.streams.get(&id).ok_or(PayeeError::UnknownStream(id))?;
        let fee = stream.running();
        let (before, tokens) = stream.part()?;
        if !end.last && tokens == TokenCount::default() {
            return Err(PayeeError::NothingToReceipt(id));
        }
        let body = ReceiptBody {
            request_commitment: stream.spec().request_commitment,
            response_commitment: end.response_commitment,
            part: stream.next_part(),
            last: end.last,
            model: stream.spec().model,
            manifest_hash: stream.spec().manifest_hash,
            input_before: before.input,
            output_before: before.output,
            input_tokens: tokens.input,
            output_tokens: tokens.output,
            finished_at_ms: end.now,
        };
        let receipt = Receipt {
            account: self.terms.channel.into(),
            key_epoch: self.epoch,
            seq: Seq(self.lane.frontier.count()),
            fee,
            body_hash: body.hash(),
        };
        let earned = self.lane.earned.checked_add(fee)?;
        let input_tokens = self.lane.input_tokens.saturating_add(tokens.input.get());
        let output_tokens = self.lane.output_tokens.saturating_add(tokens.output.get());
        let network = self.terms.network;
        self.lane
            .frontier
            .append(LeafHash::of(&receipt.message(network)));
        let statement = Statement {
            channel: self.terms.channel,
            key_epoch: self.epoch,
            earned,
            receipts: self.lane.frontier.count(),
            input_tokens,
            output_tokens,
            root: self.lane.frontier.root(),
        };
        let statement = Verified::sign(statement, network, key).into_signed();
        self.lane.earned = earned;
        self.lane.input_tokens = input_tokens;
        self.lane.output_tokens = output_tokens;
        self.lane.statement = Some(statement.clone());
        if end.last {
            self.streams.remove(&id);
        } else {
            self.stream_mut(id)?.receipted();
        }
        Ok(PartReceipt {
            receipt: Verified::sign(receipt, network, key).into_signed(),
            body,
            statement,
        })
    }

    /// Drops a stream without a receipt; what it made is lost to the node. For requests that fail
    /// before anything was delivered.
    ///
    /// # Errors
    /// [`PayeeError::UnknownStream`].
    pub fn drop_stream(&mut self, id: StreamId) -> Result<(), PayeeError> {
        self.streams
            .remove(&id)
            .map(drop)
            .ok_or(PayeeError::UnknownStream(id))
    }

    /// Takes a voucher; the largest counts. Lost, repeated and late ones do no harm.
    ///
    /// # Errors
    /// [`PayeeError::OtherChannel`], [`PayeeError::Key`].
    pub fn on_voucher(&mut self, voucher: Signed<Voucher>) -> Result<VoucherOutcome, PayeeError> {
        if voucher.statement.channel != self.terms.channel {
            return Err(PayeeError::OtherChannel(voucher.statement.channel));
        }
        let held = self
            .voucher
            .as_ref()
            .map_or(Amount::ZERO, |voucher| voucher.statement().cumulative);
        let cumulative = voucher.statement.cumulative;
        if cumulative <= held {
            return Ok(VoucherOutcome::NotLarger { held });
        }
        let voucher = voucher.verify(self.terms.network, &self.terms.voucher_key)?;
        let record = PayeeRecord::Voucher(voucher.signed().clone());
        self.voucher = Some(voucher);
        Ok(VoucherOutcome::Accepted { cumulative, record })
    }

    /// The deposit as read from the chain; it never shrinks while the channel is open.
    pub fn on_funded(&mut self, funded: Amount) {
        self.funded = self.funded.max(funded);
    }

    /// What the chain has as authorized; it never shrinks.
    pub fn on_authorized(&mut self, authorized: Amount) {
        self.authorized = self.authorized.max(authorized);
    }

    /// A close was asked for on-chain: no new streams, and those open end.
    pub const fn on_closing(&mut self) {
        self.closing = true;
    }

    /// What another key epoch of this node earned on the channel, as its process or the chain says.
    ///
    /// # Errors
    /// [`PayeeError::EpochInUse`] for this account's own epoch, [`PayeeError::TooManyLanes`].
    pub fn on_other_lane(&mut self, epoch: KeyEpoch, earned: Amount) -> Result<(), PayeeError> {
        if epoch == self.epoch {
            return Err(PayeeError::EpochInUse(epoch));
        }
        if !self.others.contains_key(&epoch) && self.others.len() >= MAX_OTHER_LANES {
            return Err(PayeeError::TooManyLanes);
        }
        let lane = self.others.entry(epoch).or_default();
        *lane = (*lane).max(earned);
        Ok(())
    }

    /// Moves time on: streams that have waited [`UNPAID_TIMEOUT`] for a voucher end. Returns all
    /// streams that are to end; each needs its last part cut.
    pub fn tick(&mut self, now: TimestampMs) -> Vec<StreamId> {
        let ids: Vec<_> = self.streams.keys().copied().collect();
        let mut ended = Vec::new();
        for id in ids {
            let Ok(flow) = self.flow(id) else { continue };
            let Ok(stream) = self.stream_mut(id) else {
                continue;
            };
            if stream.wait(flow, now) == Flow::End {
                ended.push(id);
            }
        }
        ended
    }

    /// Gives up what is receipted and not covered, so that the channel can go on. It stays due
    /// on-chain and is paid if a later voucher reaches it.
    ///
    /// # Errors
    /// [`PayeeError::NoMoreStrikes`].
    pub fn forgive(&mut self) -> Result<Option<PayeeRecord>, PayeeError> {
        let unpaid = self
            .due()
            .saturating_sub(self.forgiven)
            .saturating_sub(self.cover());
        if unpaid == Amount::ZERO {
            return Ok(None);
        }
        if self.strikes >= self.config.max_strikes {
            return Err(PayeeError::NoMoreStrikes(self.strikes));
        }
        self.strikes += 1;
        self.forgiven = self.forgiven.saturating_add(unpaid);
        Ok(Some(self.forgiven_record()))
    }

    const fn forgiven_record(&self) -> PayeeRecord {
        PayeeRecord::Forgiven {
            total: self.forgiven,
            strikes: self.strikes,
        }
    }

    fn limit(&self) -> Amount {
        self.cover().saturating_add(self.credit())
    }

    /// What is due and what `part` takes of each stream, less what was given up.
    fn committed(&self, part: impl Fn(&Stream) -> Amount) -> Amount {
        self.streams
            .values()
            .fold(self.due(), |sum, stream| sum.saturating_add(part(stream)))
            .saturating_sub(self.forgiven)
    }

    fn stream_mut(&mut self, id: StreamId) -> Result<&mut Stream, PayeeError> {
        self.streams
            .get_mut(&id)
            .ok_or(PayeeError::UnknownStream(id))
    }
}

#[cfg(test)]
mod tests;
