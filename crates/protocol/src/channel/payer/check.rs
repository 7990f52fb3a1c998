//! What a receipt must satisfy whatever stream it belongs to.

use super::{Lie, PartError};
use crate::{
    channel::{LaneBook, PartReceipt, Terms},
    ids::KeyEpoch,
    merkle::LeafHash,
    money::part_fee,
    statement::Signable,
};

/// Receipt and statement are signed by the epoch's key.
pub(super) fn signatures(
    terms: &Terms,
    lane: &LaneBook,
    part: &PartReceipt,
) -> Result<(), PartError> {
    let key = lane.signing_key();
    let (receipt, statement) = (&part.receipt, &part.statement);
    key.verify(
        &receipt.statement.message(terms.network),
        &receipt.signature,
    )
    .map_err(|_| PartError::ReceiptSignature)?;
    key.verify(
        &statement.statement.message(terms.network),
        &statement.signature,
    )
    .map_err(|_| PartError::StatementSignature)
}

/// A receipt with this number did not come before.
pub(super) fn not_held(
    terms: &Terms,
    lane: &LaneBook,
    part: &PartReceipt,
) -> Result<(), PartError> {
    let receipt = &part.receipt.statement;
    let leaf = LeafHash::of(&receipt.message(terms.network));
    match lane.has(receipt.seq, leaf) {
        Some(true) => Err(PartError::AlreadyHeld),
        // A second one is found when it is added.
        Some(false) | None => Ok(()),
    }
}

/// Account, epoch, body and fee.
pub(super) fn part(terms: &Terms, epoch: KeyEpoch, part: &PartReceipt) -> Result<(), Lie> {
    let (receipt, statement, body) = (
        &part.receipt.statement,
        &part.statement.statement,
        &part.body,
    );
    if receipt.account != terms.channel.into() {
        return Err(Lie::OtherAccount(receipt.account));
    }
    if statement.channel != terms.channel {
        return Err(Lie::OtherAccount(statement.channel.into()));
    }
    for named in [receipt.key_epoch, statement.key_epoch] {
        if named != epoch {
            return Err(Lie::OtherEpoch {
                expected: epoch,
                named,
            });
        }
    }
    if body.hash() != receipt.body_hash {
        return Err(Lie::OtherBody);
    }
    let prices = terms
        .prices(body.model)
        .ok_or(Lie::OtherModel(body.model))?;
    let fee = part_fee(body.before(), body.tokens(), prices).map_err(|_| Lie::ImpossibleTokens)?;
    if fee != receipt.fee {
        return Err(Lie::WrongFee {
            charged: receipt.fee,
            fee,
        });
    }
    Ok(())
}
