//! What a payer refuses.

use thiserror::Error;

use super::{MAX_PAYER_LANES, MAX_PAYER_STREAMS, MAX_PENDING_PARTS};
use crate::{
    channel::{StreamId, TermsError},
    hash::ManifestHash,
    ids::{AccountId, ChannelId, KeyEpoch, ModelId, Seq},
    keys::KeyError,
    money::{Amount, MoneyError, Tokens},
};

/// Why the payer does not go on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayerError {
    /// The channel's terms do not hold together.
    #[error("channel terms")]
    Terms(#[from] TermsError),
    /// The node lied before.
    #[error("the account was stopped")]
    Stopped(#[source] Box<Lie>),
    /// Input of open streams and unaccounted claims exceed what may be authorized ahead.
    #[error("{needed} would be authorized ahead, the own limit is {limit}")]
    AheadLimit {
        /// What would be ahead.
        needed: Amount,
        /// The own limit.
        limit: Amount,
    },
    /// The deposit does not reach.
    #[error("a deposit of {needed} is needed, the channel has {funded}")]
    DepositTooSmall {
        /// What is needed.
        needed: Amount,
        /// What there is.
        funded: Amount,
    },
    /// The channel does not pay for this model.
    #[error("model {0} is not part of the channel")]
    UnknownModel(ModelId),
    /// A key epoch that was not checked.
    #[error("key epoch {0} is not known")]
    UnknownEpoch(KeyEpoch),
    /// A key epoch with another key than before.
    #[error("key epoch {0} has another signing key than before")]
    EpochKeyChanged(KeyEpoch),
    /// As many streams as there can be.
    #[error("more than {MAX_PAYER_STREAMS} streams at once")]
    TooManyStreams,
    /// All key epochs kept have open streams.
    #[error("more than {MAX_PAYER_LANES} key epochs with open streams")]
    TooManyLanes,
    /// A voucher of another channel.
    #[error("belongs to channel {0}")]
    OtherChannel(ChannelId),
    /// A stored record does not follow from the ones before it.
    #[error("stored record")]
    BadRecord(#[source] Box<PartError>),
    /// The signature of a voucher.
    #[error("voucher")]
    Key(#[from] KeyError),
    /// An amount out of bounds.
    #[error("amount")]
    Money(#[from] MoneyError),
}

/// Why a part is not taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PartError {
    /// No such stream is open.
    #[error("no stream {0}")]
    UnknownStream(StreamId),
    /// A late receipt of a stream that is open: it is taken with what arrived.
    #[error("stream {0} is open")]
    StreamOpen(StreamId),
    /// A key epoch that was not checked.
    #[error("key epoch {0} is not known")]
    UnknownEpoch(KeyEpoch),
    /// It came before; harmless.
    #[error("receipt is held already")]
    AlreadyHeld,
    /// An earlier part of the stream did not come.
    #[error("part {got} came while part {expected} is missing")]
    PartMissing {
        /// The part that is due.
        expected: u32,
        /// The part that came.
        got: u32,
    },
    /// Too many receipts wait for earlier ones.
    #[error("more than {MAX_PENDING_PARTS} receipts wait for an earlier one")]
    TooManyMissing,
    /// The receipt's signature does not hold. Whoever relays can cause it, so it proves nothing.
    #[error("signature of the receipt does not verify")]
    ReceiptSignature,
    /// The statement's signature does not hold. Whoever relays can cause it, so it proves nothing.
    #[error("signature of the statement does not verify")]
    StatementSignature,
    /// The node signed something untrue.
    #[error("the node signed something untrue")]
    Lie(#[from] Lie),
    /// An amount out of bounds.
    #[error("amount")]
    Money(#[from] MoneyError),
}

/// What a node signed and should not have.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Lie {
    /// Receipt or statement of another account.
    #[error("charged to account {0}")]
    OtherAccount(AccountId),
    /// Receipt or statement that names another key epoch.
    #[error("names key epoch {named}, signed by that of {expected}")]
    OtherEpoch {
        /// The epoch of the signing key.
        expected: KeyEpoch,
        /// The epoch named.
        named: KeyEpoch,
    },
    /// The head commits to another body.
    #[error("the body is not the one that the receipt commits to")]
    OtherBody,
    /// Another request.
    #[error("receipts another request")]
    OtherRequest,
    /// Another response than the one that arrived.
    #[error("receipts another response than the one that arrived")]
    OtherResponse,
    /// A model that was not asked for, or is not part of the channel.
    #[error("receipts model {0}")]
    OtherModel(ModelId),
    /// Other weights than those attested.
    #[error("receipts weights {0}")]
    OtherManifest(ManifestHash),
    /// Tokens before the part are not those of the parts before.
    #[error("tokens before the part are not those receipted before")]
    WrongBefore,
    /// Token counts that cannot be.
    #[error("impossible token counts")]
    ImpossibleTokens,
    /// More input than the request can have.
    #[error("charged for {charged} input tokens of at most {bound}")]
    InputAboveBound {
        /// Input tokens charged.
        charged: Tokens,
        /// The own bound.
        bound: Tokens,
    },
    /// More output than was asked for.
    #[error("charged for {charged} output tokens of at most {maximum}")]
    OutputAboveMaximum {
        /// Output tokens charged.
        charged: Tokens,
        /// What was asked for.
        maximum: Tokens,
    },
    /// More output than arrived.
    #[error("charged for {charged} output tokens, at most {at_most} arrived")]
    OutputAboveDelivered {
        /// Output tokens charged.
        charged: Tokens,
        /// What can have arrived.
        at_most: Tokens,
    },
    /// Another fee than prices and counts give.
    #[error("charged {charged} for a part of {fee}")]
    WrongFee {
        /// What was charged.
        charged: Amount,
        /// What it costs.
        fee: Amount,
    },
    /// A second receipt with one number: it slashes the node.
    #[error("receipt number {0} was given twice")]
    SeqReused(Seq),
    /// The statement does not end with the receipt that it came with.
    #[error("statement over {receipts} receipts came with receipt number {seq}")]
    WrongCount {
        /// Number of the receipt.
        seq: Seq,
        /// Receipts of the statement.
        receipts: u64,
    },
    /// The statement's sum is not that of its receipts.
    #[error("statement of {stated}, its receipts sum to {receipted}")]
    WrongEarned {
        /// What the statement says.
        stated: Amount,
        /// What the receipts sum to.
        receipted: Amount,
    },
    /// The statement's token counts are not those of its receipts.
    #[error("token counts of the statement are not those of its receipts")]
    WrongTokens,
    /// The statement's root is not that of its receipts.
    #[error("root of the statement is not that of its receipts")]
    WrongRoot,
}
