//! What a receipt, a voucher and a proof must satisfy, by figures read from the chain. No IO.

use atoma_chain::state::{ChannelState, KeyEpochState};
use atoma_protocol::{
    hash::MerkleRoot,
    ids::{AccountId, NetworkId, NodeId},
    merkle::LeafHash,
    money::{Amount, Prices, TokenCount, part_fee},
    statement::Signable as _,
};
use serde::Serialize;
use serde_json::Value;

use super::gateway::Receipts;

/// One thing that must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct Check {
    /// What.
    pub(crate) what: String,
    /// Whether it does.
    pub(crate) ok: bool,
}

/// Things that must hold.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(transparent)]
pub(crate) struct Checks(Vec<Check>);

impl Checks {
    /// Notes whether something holds.
    pub(crate) fn add(&mut self, ok: bool, what: impl Into<String>) {
        self.0.push(Check {
            what: what.into(),
            ok,
        });
    }

    /// Whether all of it holds, and there is any.
    pub(crate) fn hold(&self) -> bool {
        !self.0.is_empty() && self.0.iter().all(|check| check.ok)
    }

    /// All of them.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Check> {
        self.0.iter()
    }
}

/// The fees of all parts together.
pub(crate) fn fees(receipts: &Receipts) -> Amount {
    let parts = receipts.parts.iter();
    parts.fold(Amount::ZERO, |sum, part| {
        sum.saturating_add(part.receipt.statement.fee)
    })
}

/// Checks that the usage in the answer is that of the receipts.
pub(crate) fn usage(checks: &mut Checks, usage: &Value, receipts: &Receipts) {
    let (mut input, mut output) = (0_u64, 0_u64);
    for part in &receipts.parts {
        input = input.saturating_add(part.body.input_tokens.get());
        output = output.saturating_add(part.body.output_tokens.get());
    }
    checks.add(
        usage["prompt_tokens"] == input && usage["completion_tokens"] == output,
        format!("the receipts are for the usage in the answer: {input} + {output} tokens"),
    );
}

/// Checks the voucher under the channel's key.
pub(crate) fn voucher(
    checks: &mut Checks,
    network: NetworkId,
    channel: &ChannelState,
    receipts: &Receipts,
) {
    let Some(voucher) = receipts.voucher.clone() else {
        return checks.add(false, "the gateway shows a voucher");
    };
    let stated = voucher.statement;
    checks.add(
        stated.channel == channel.id && voucher.verify(network, &channel.voucher_key).is_ok(),
        format!(
            "the voucher over {} is signed by the channel's voucher key",
            stated.cumulative
        ),
    );
    checks.add(
        channel.paid <= stated.cumulative,
        format!("the channel paid no more than it: {}", channel.paid),
    );
}

/// Checks the receipts of an answer under the key epoch's key, and their fees by the channel's prices.
pub(crate) fn receipts(
    checks: &mut Checks,
    network: NetworkId,
    channel: &ChannelState,
    epoch: &KeyEpochState,
    receipts: &Receipts,
) {
    let mut before = Some(TokenCount::default());
    for (number, part) in (0_u32..).zip(&receipts.parts) {
        let (head, body) = (&part.receipt.statement, &part.body);
        let name = format!("receipt {}", head.seq);
        checks.add(
            head.account == AccountId::from(channel.id)
                && head.key_epoch == epoch.epoch
                && part
                    .receipt
                    .clone()
                    .verify(network, &epoch.signing_key)
                    .is_ok(),
            format!(
                "{name} is signed by the key of epoch {} on-chain",
                epoch.epoch
            ),
        );
        checks.add(
            head.body_hash == body.hash(),
            format!("{name} commits to its body"),
        );
        let fee = channel.slot(body.model).and_then(|slot| {
            let prices = Prices {
                input: slot.input_price,
                output: slot.output_price,
            };
            part_fee(body.before(), body.tokens(), prices).ok()
        });
        checks.add(
            fee == Some(head.fee),
            format!(
                "{name}: the fee {} is that of {} + {} tokens at the channel's prices",
                head.fee,
                body.input_tokens.get(),
                body.output_tokens.get(),
            ),
        );
        checks.add(
            before == Some(body.before()) && body.part == number,
            format!("{name} is part {number} and follows the one before it"),
        );
        before = body.before().checked_add(body.tokens()).ok();
    }
    let last = receipts.parts.last();
    checks.add(
        last.is_some_and(|part| part.body.last),
        "the last receipt ends the answer",
    );
}

/// Checks that each receipt is in the tree of `count` receipts with the settled `root`.
pub(crate) fn inclusion(
    checks: &mut Checks,
    network: NetworkId,
    receipts: &Receipts,
    root: MerkleRoot,
    count: u64,
) {
    let proofs = receipts.proofs.as_deref().unwrap_or_default();
    for (index, part) in receipts.parts.iter().enumerate() {
        let head = &part.receipt.statement;
        let leaf = LeafHash::of(&head.message(network));
        let holds = proofs.get(index).is_some_and(|proof| {
            proof.index == head.seq.0 && proof.count == count && proof.verify(leaf, root).is_ok()
        });
        let what = format!("receipt {} of {count} is under the settled root", head.seq);
        checks.add(holds, what);
    }
}

/// Checks that the posted report data is that of the posted keys.
pub(crate) fn report_data(
    checks: &mut Checks,
    network: NetworkId,
    node: NodeId,
    epoch: &KeyEpochState,
) {
    checks.add(
        epoch.report(node).data(network) == epoch.report_data,
        "what the evidence must carry names exactly these keys, this node and this network",
    );
}

#[cfg(test)]
mod tests;
