//! Reporting and proving wrongs.

use atoma_protocol::{
    ids::{Address, ChannelId, NodeId, ObjectId},
    keys::Signature,
    statement::{Receipt, ReceiptBody, Signable as _, Signed},
};
use serde::Serialize;

use super::Builder;
use crate::{
    action::{Access, Action, Arg},
    deployment::{CoinType, Deployment},
    id::ReportCommitment,
};

/// Domain of what `slashing` hashes.
const OFFENCE_DOMAIN: &[u8] = b"atoma/offence/1";
const RULE_TWO_RECEIPTS: u8 = 0;
const RULE_OVERCHARGE: u8 = 1;

/// Objects that a proof touches.
#[derive(Clone, Copy, Debug)]
pub struct Accused {
    /// The node.
    pub node: NodeId,
    /// Its pool.
    pub pool: ObjectId,
}

/// A receipt under a settled root whose fee is above the formula.
#[derive(Clone, Debug)]
pub struct Overcharge {
    /// The channel it was charged to.
    pub channel: ChannelId,
    /// The coin of the channel.
    pub coin: CoinType,
    /// The node's vault of that coin.
    pub vault: ObjectId,
    /// The receipt's head.
    pub head: Receipt,
    /// Its body.
    pub body: ReceiptBody,
    /// The inclusion proof, from the leaf up.
    pub siblings: Vec<[u8; 32]>,
}

/// A receipt that a key signed, and the other one that it settled under the same number.
#[derive(Clone, Debug)]
pub struct SettledAnother {
    /// The channel both were charged to.
    pub channel: ChannelId,
    /// The coin of the channel.
    pub coin: CoinType,
    /// What the payer was given.
    pub signed: Signed<Receipt>,
    /// What is under the settled root.
    pub settled: Receipt,
    /// Proof that it is, from the leaf up.
    pub siblings: Vec<[u8; 32]>,
}

/// What a report must name to be followed by [`prove_two_receipts`] or [`prove_settled_another`].
#[must_use]
pub fn two_receipts_commitment(
    at: &Deployment,
    reporter: Address,
    first: &Receipt,
    second: &Receipt,
) -> ReportCommitment {
    let proof = [first.message(at.network), second.message(at.network)].concat();
    commitment(at, reporter, RULE_TWO_RECEIPTS, &proof)
}

/// What a report must name to be followed by [`prove_overcharge`].
#[must_use]
pub fn overcharge_commitment(
    at: &Deployment,
    reporter: Address,
    head: &Receipt,
) -> ReportCommitment {
    commitment(at, reporter, RULE_OVERCHARGE, &head.message(at.network))
}

fn commitment(at: &Deployment, reporter: Address, rule: u8, proof: &[u8]) -> ReportCommitment {
    use atoma_protocol::hash::blake2b256;
    #[derive(Serialize)]
    struct Commitment {
        domain: [u8; 32],
        network: [u8; 32],
        reporter: [u8; 32],
        rule: u8,
        proof: [u8; 32],
    }
    let bytes = bcs::to_bytes(&Commitment {
        domain: blake2b256(&[OFFENCE_DOMAIN]),
        network: at.network.into_bytes(),
        reporter: reporter.into_bytes(),
        rule,
        proof: blake2b256(&[proof]),
    })
    .expect("fixed-size fields always have BCS");
    ReportCommitment::new(blake2b256(&[&bytes]))
}

/// Announces a proof against a node; the `Report` goes to `reporter`, who alone may prove it.
#[must_use]
pub fn report_wrong(
    at: &Deployment,
    node: NodeId,
    commitment: ReportCommitment,
    reporter: Address,
) -> Action {
    let mut b = Builder::new(at, "report_wrong");
    let args = vec![
        b.action.object(node, Access::Read),
        b.action.id(commitment),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let report = b.call("slashing", "report", args);
    b.action.transfer(vec![report], reporter);
    b.action
}

/// Proves that one key signed two different receipts with one number; the reward goes to `reporter`.
#[must_use]
pub fn prove_two_receipts(
    at: &Deployment,
    report: ObjectId,
    accused: Accused,
    first: &Signed<Receipt>,
    second: &Signed<Receipt>,
    reporter: Address,
) -> Action {
    let mut b = Builder::new(at, "prove_two_receipts");
    let first_head = head(&mut b, &first.statement);
    let second_head = head(&mut b, &second.statement);
    let args = vec![
        b.action.object(report, Access::Write),
        b.network(Access::Read),
        b.action.object(accused.node, Access::Write),
        b.action.object(accused.pool, Access::Write),
        first_head,
        signature(&mut b, &first.signature),
        second_head,
        signature(&mut b, &second.signature),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let reward = b.call("slashing", "prove_two_receipts", args);
    b.action.transfer(vec![reward], reporter);
    b.action
}

/// Proves that a key signed a receipt other than the one it settled under that number; the reward goes to
/// `reporter`.
#[must_use]
pub fn prove_settled_another(
    at: &Deployment,
    report: ObjectId,
    accused: Accused,
    proof: &SettledAnother,
    reporter: Address,
) -> Action {
    let mut b = Builder::new(at, "prove_settled_another");
    let signed_head = head(&mut b, &proof.signed.statement);
    let settled_head = head(&mut b, &proof.settled);
    let args = vec![
        b.action.object(report, Access::Write),
        b.network(Access::Read),
        b.action.object(accused.node, Access::Write),
        b.action.object(accused.pool, Access::Write),
        b.action.object(proof.channel, Access::Read),
        signed_head,
        signature(&mut b, &proof.signed.signature),
        settled_head,
        b.action.pure(&proof.siblings),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let reward = b.call_for(&proof.coin, "slashing", "prove_settled_another", args);
    b.action.transfer(vec![reward], reporter);
    b.action
}

/// Proves an overcharge: the payer gets it back, the reward goes to `reporter`.
#[must_use]
pub fn prove_overcharge(
    at: &Deployment,
    report: ObjectId,
    accused: Accused,
    proof: &Overcharge,
    reporter: Address,
) -> Action {
    let mut b = Builder::new(at, "prove_overcharge");
    let head = head(&mut b, &proof.head);
    let body = body(&mut b, &proof.body);
    let args = vec![
        b.action.object(report, Access::Write),
        b.network(Access::Read),
        b.action.object(accused.node, Access::Write),
        b.action.object(accused.pool, Access::Write),
        b.action.object(proof.vault, Access::Write),
        b.action.object(proof.channel, Access::Write),
        head,
        body,
        b.action.pure(&proof.siblings),
        b.live_time(Access::Read),
        b.clock(),
    ];
    let reward = b.call_for(&proof.coin, "slashing", "prove_overcharge", args);
    b.action.transfer(vec![reward], reporter);
    b.action
}

fn head(b: &mut Builder<'_>, head: &Receipt) -> Arg {
    let args = vec![
        b.action.id(head.account),
        b.action.pure(&head.key_epoch),
        b.action.pure(&head.seq),
        b.action.pure(&head.fee),
        b.action.id(head.body_hash),
    ];
    b.call("receipt", "new_head", args)
}

/// Arguments in the order of `receipt::new_body`.
fn body(b: &mut Builder<'_>, body: &ReceiptBody) -> Arg {
    let args = vec![
        b.action.pure(&body.request_commitment),
        b.action.pure(&body.response_commitment),
        b.action.pure(&body.part),
        b.action.pure(&body.last),
        b.action.id(body.model),
        b.action.id(body.manifest_hash),
        b.action.pure(&body.input_before),
        b.action.pure(&body.output_before),
        b.action.pure(&body.input_tokens),
        b.action.pure(&body.output_tokens),
        b.action.pure(&body.finished_at_ms),
    ];
    b.call("receipt", "new_body", args)
}

fn signature(b: &mut Builder<'_>, signature: &Signature) -> Arg {
    b.action.pure(signature.as_bytes().as_slice())
}
