//! What a payee refuses.

use thiserror::Error;

use super::{MAX_OTHER_LANES, MAX_PAYEE_STREAMS};
use crate::{
    channel::{StreamId, TermsError},
    ids::{ChannelId, KeyEpoch, ModelId},
    keys::KeyError,
    money::{Amount, MoneyError, Tokens},
};

/// Why the payee refuses.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PayeeError {
    /// The channel's terms do not hold together.
    #[error("channel terms")]
    Terms(#[from] TermsError),
    /// No voucher covers the input of a request besides what is due.
    #[error("a voucher and deposit of {needed} are needed, {cover} is covered")]
    NotCovered {
        /// What voucher and deposit must reach.
        needed: Amount,
        /// What they reach.
        cover: Amount,
    },
    /// A close was asked for.
    #[error("the channel is closing")]
    Closing,
    /// The channel does not pay for this model.
    #[error("model {0} is not part of the channel")]
    UnknownModel(ModelId),
    /// No such stream is open.
    #[error("no stream {0}")]
    UnknownStream(StreamId),
    /// The channel has as many streams as it can.
    #[error("more than {MAX_PAYEE_STREAMS} streams at once")]
    TooManyStreams,
    /// More key epochs than an account keeps.
    #[error("more than {MAX_OTHER_LANES} key epochs on one channel")]
    TooManyLanes,
    /// The request has more input than it was accepted with.
    #[error("{input} input tokens, accepted with at most {bound}")]
    InputAboveBound {
        /// What was counted.
        input: Tokens,
        /// What was accepted.
        bound: Tokens,
    },
    /// The input of a stream is counted once.
    #[error("the input of a stream was counted twice")]
    InputTwice,
    /// A part without a token that is not the last.
    #[error("stream {0} made nothing since its last receipt")]
    NothingToReceipt(StreamId),
    /// Something signed or stored for another channel.
    #[error("belongs to channel {0}")]
    OtherChannel(ChannelId),
    /// The epoch of this process appears in records or lanes of others.
    #[error("key epoch {0} was used before; a restart needs a new one")]
    EpochInUse(KeyEpoch),
    /// The payer let the node give up too often.
    #[error("unpaid parts were forgiven {0} times already")]
    NoMoreStrikes(u32),
    /// The signature of a voucher.
    #[error("voucher")]
    Key(#[from] KeyError),
    /// An amount out of bounds.
    #[error("amount")]
    Money(#[from] MoneyError),
}
