#[test_only]
module atoma::slashing_tests;

use atoma::channel;
use atoma::merkle;
use atoma::node;
use atoma::receipt::Head;
use atoma::signatures;
use atoma::slashing;
use atoma::stake;
use atoma::world::{Self, World, DOLLAR};
use std::unit_test::{assert_eq, destroy};

const REPORTER: address = @0x4E;

// === Setup ===

/// The receipts that channel 0 settles here: the fees are 80, 500 and 80, all for 10 input and 10
/// output tokens, which cost 80.
fun heads(w: &World): vector<Head> {
    let body = w.body(0, 10, 10, 0);
    vector[w.head(0, 80, &body), w.head(1, 500, &body), w.head(2, 80, &body)]
}

fun leaf(w: &World, head: &Head): address {
    merkle::leaf(head.bytes(object::id(w.network())))
}

/// Settles the three receipts under their root.
fun settled(): World {
    let mut w = world::new();
    let leaves = heads(&w).map!(|head| leaf(&w, &head));
    let top = merkle::inner_for_testing(
        merkle::inner_for_testing(leaves[0], leaves[1]),
        leaves[2],
    );
    w.settle_root(660, 3, merkle::root(3, top));
    assert_eq!(w.channel(0).paid(), 660);
    w
}

/// Proof of the receipt in the middle.
fun siblings(w: &World): vector<address> {
    let heads = heads(w);
    vector[leaf(w, &heads[0]), leaf(w, &heads[2])]
}

/// Two signed heads of number 1: the honest one and the one of 500.
fun conflict(w: &World): (Head, vector<u8>, Head, vector<u8>) {
    let body = w.body(0, 10, 10, 0);
    let first = w.head(1, 80, &body);
    let second = w.head(1, 500, &body);
    (first, w.sign_head(&first), second, w.sign_head(&second))
}

fun report_conflict(w: &mut World, first: &Head, second: &Head): slashing::Report {
    let network = object::id(w.network());
    w.report(REPORTER, slashing::two_receipts_commitment(network, REPORTER, first, second))
}

fun report_overcharge(w: &mut World, head: &Head): slashing::Report {
    let network = object::id(w.network());
    w.report(REPORTER, slashing::overcharge_commitment(network, REPORTER, head))
}

// === Two receipts with one number ===

#[test]
fun two_receipts_with_one_number_cost_a_tenth_of_the_stake() {
    let mut w = world::new();
    let (first, first_signature, second, second_signature) = conflict(&w);
    let report = report_conflict(&mut w, &first, &second);
    w.pass(10_000);
    let reward = w.prove_two_receipts(
        REPORTER,
        report,
        first,
        first_signature,
        second,
        second_signature,
    );
    assert_eq!(reward, 5_000_000);
    assert_eq!(w.pool().own_stake(), 900_000_000);
    assert_eq!(w.pool().burned(), 95_000_000);
    assert_eq!(w.node().status(), node::jailed());
    // What was earned is still paid.
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    w.end();
}

#[test]
fun a_retired_node_is_slashed_while_its_stake_unbonds() {
    let mut w = world::new();
    w.retire();
    let shares = w.position().shares();
    let ticket = w.unstake_own(shares);
    let (first, first_signature, second, second_signature) = conflict(&w);
    let report = report_conflict(&mut w, &first, &second);
    w.pass(10_000);
    w.prove_two_receipts(
        REPORTER,
        report,
        first,
        first_signature,
        second,
        second_signature,
    );
    assert_eq!(w.node().status(), node::retired());
    w.pass(200_000);
    assert_eq!(w.withdraw_stake(ticket), 900_000_000);
    w.end();
}

/// Proves a conflict between two heads; 0 the same, 1 another number, 2 a stranger's signature first,
/// 3 second.
fun prove_conflict(change: u8) {
    let mut w = world::new();
    let (first, mut first_signature, mut second, mut second_signature) = conflict(&w);
    let body = w.body(0, 10, 10, 0);
    if (change == 0) {
        second = first;
        second_signature = first_signature;
    } else if (change == 1) {
        second = w.head(2, 80, &body);
        second_signature = w.sign_head(&second);
    } else if (change == 2) {
        first_signature = second_signature;
    } else {
        second_signature =
            signatures::sign(world::key_stranger(), second.bytes(object::id(w.network())));
    };
    let report = report_conflict(&mut w, &first, &second);
    w.pass(10_000);
    w.prove_two_receipts(
        REPORTER,
        report,
        first,
        first_signature,
        second,
        second_signature,
    );
    w.end();
}

#[test, expected_failure(abort_code = slashing::ENoConflict)]
fun one_receipt_twice_is_no_wrong() { prove_conflict(0); }

#[test, expected_failure(abort_code = slashing::ENoConflict)]
fun receipts_with_two_numbers_are_no_wrong() { prove_conflict(1); }

#[test, expected_failure(abort_code = slashing::EBadSignature)]
fun the_first_receipt_is_signed() { prove_conflict(2); }

#[test, expected_failure(abort_code = slashing::EBadSignature)]
fun the_second_receipt_is_signed() { prove_conflict(3); }

#[test, expected_failure(abort_code = stake::EAlreadyPunished)]
fun a_conflict_is_punished_once() {
    let mut w = world::new();
    2u64.do!(|_| {
        let (first, first_signature, second, second_signature) = conflict(&w);
        let report = report_conflict(&mut w, &first, &second);
        w.pass(10_000);
        w.prove_two_receipts(
            REPORTER,
            report,
            first,
            first_signature,
            second,
            second_signature,
        );
    });
    w.end();
}

// === One receipt signed, another settled ===

/// Proves it; 0 as it is, 1 with the settled head not under the root, 2 with a stranger's signature,
/// 3 with no conflict.
fun prove_settled_another(change: u8): u64 {
    let mut w = settled();
    let (mut signed, mut signature, mut other, _) = conflict(&w);
    let mut siblings = siblings(&w);
    if (change == 1) siblings = vector[]
    else if (change == 2) {
        signature = signatures::sign(world::key_payer(), w.messages_voucher(660))
    } else if (change == 3) {
        signed = other;
        signature = w.sign_head(&signed);
        other = signed;
    };
    let report = report_conflict(&mut w, &signed, &other);
    w.pass(10_000);
    let reward = w.prove_settled_another(REPORTER, report, signed, signature, other, siblings);
    w.end();
    reward
}

#[test]
fun settling_another_receipt_than_the_one_signed_is_slashed() {
    assert_eq!(prove_settled_another(0), 5_000_000);
}

#[test, expected_failure(abort_code = slashing::ENotIncluded)]
fun the_settled_receipt_is_under_the_root() { prove_settled_another(1); }

#[test, expected_failure(abort_code = slashing::EBadSignature)]
fun the_signed_receipt_is_signed() { prove_settled_another(2); }

#[test, expected_failure(abort_code = slashing::ENoConflict)]
fun settling_what_was_signed_is_no_wrong() { prove_settled_another(3); }

#[test, expected_failure(abort_code = slashing::EWrongChannel)]
fun both_receipts_are_of_the_channel() {
    let mut w = settled();
    let body = w.body(0, 10, 10, 0);
    let elsewhere = object::id(w.node());
    let signed = atoma::receipt::new_head(elsewhere, 0, 1, 80, body.hash());
    let other = atoma::receipt::new_head(elsewhere, 0, 1, 500, body.hash());
    let report = report_conflict(&mut w, &signed, &other);
    w.pass(10_000);
    w.prove_settled_another(REPORTER, report, signed, vector[], other, vector[]);
    w.end();
}

// === Overcharge ===

#[test]
fun an_overcharge_is_given_back_and_slashed() {
    let mut w = settled();
    let head = heads(&w)[1];
    let body = w.body(0, 10, 10, 0);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    let siblings = siblings(&w);
    let reward = w.prove_overcharge(REPORTER, report, head, body, siblings);
    assert_eq!(reward, 5_000_000);
    assert_eq!(w.pool().own_stake(), 900_000_000);
    assert_eq!(w.node().status(), node::jailed());
    // 500 instead of 80: 420 out of the operator's 448.
    assert_eq!(w.channel(0).compensation_due(), 420);
    assert_eq!(w.channel(0).compensated(), 420);
    let (arriving, _, _) = w.vault().operator_due();
    assert_eq!(arriving, 28);
    assert_eq!(w.claim_compensation(0), 420);
    assert_eq!(w.claim_compensation(0), 0);
    // Everything deposited is still somewhere: claimed, to be refunded, routed, in the vault.
    assert_eq!(
        420 + (10_000 - 660) + w.channel(0).routing_due() + w.vault().funds(),
        10_000,
    );
    assert_eq!(w.channel(0).balance(), (10_000 - 660) + w.channel(0).routing_due());
    w.end();
}

#[test]
fun compensation_is_owed_until_the_channel_is_reaped() {
    let mut w = settled();
    w.close(0);
    let head = heads(&w)[1];
    let body = w.body(0, 10, 10, 0);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    let siblings = siblings(&w);
    w.prove_overcharge(REPORTER, report, head, body, siblings);
    assert_eq!(w.received<DOLLAR>(world::payer()), 9_340);
    w.pass(31_000);
    assert_eq!(w.reap(), 420);
    // 33 of protocol and 66 of unclaimed routing.
    assert_eq!(w.vault().protocol_due(), 99);
    w.end();
}

#[test]
fun a_folded_root_still_proves() {
    let mut w = settled();
    w.fold(0, 0);
    let head = heads(&w)[1];
    let body = w.body(0, 10, 10, 0);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    let siblings = siblings(&w);
    assert_eq!(w.prove_overcharge(REPORTER, report, head, body, siblings), 5_000_000);
    w.end();
}

#[test]
fun an_operator_that_withdrew_gives_back_what_is_left() {
    let mut w = settled();
    w.mature();
    w.pass(21_000);
    assert_eq!(w.withdraw(), 448);
    let head = heads(&w)[1];
    let body = w.body(0, 10, 10, 0);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    let siblings = siblings(&w);
    w.prove_overcharge(REPORTER, report, head, body, siblings);
    assert_eq!(w.channel(0).compensation_due(), 0);
    assert_eq!(w.pool().own_stake(), 900_000_000);
    w.end();
}

#[test]
fun nobody_profits_from_reporting_himself() {
    // Operator, payer and reporter are one: the payer gets 420 back that it paid itself, for which
    // protocol and router keep their shares; of the stake one tenth is gone and a twentieth of that
    // comes back.
    let mut w = settled();
    let head = heads(&w)[1];
    let body = w.body(0, 10, 10, 0);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    let siblings = siblings(&w);
    let reward = w.prove_overcharge(REPORTER, report, head, body, siblings);
    let lost_stake = world::stake_amount() - w.pool().own_stake();
    assert!(reward * 20 <= lost_stake);
    let (arriving, held, free) = w.vault().operator_due();
    assert!(w.channel(0).compensation_due() + arriving + held + free <= 660);
    w.end();
}

/// Proves a single settled receipt of fee 5; absurd counts or an unknown model are owed nothing.
fun prove_single(absurd: bool) {
    let mut w = world::new();
    let body = if (absurd) {
        w.body_with_input(1 << 63)
    } else {
        world::body_of(object::id_from_address(@0x99), 0, 1, 1, 0)
    };
    let head = w.head(0, 5, &body);
    let root = merkle::root(1, leaf(&w, &head));
    w.settle_root(5, 1, root);
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    w.prove_overcharge(REPORTER, report, head, body, vector[]);
    assert_eq!(w.pool().own_stake(), 900_000_000);
    w.end();
}

#[test]
fun absurd_counts_hide_no_overcharge() { prove_single(true); }

#[test]
fun a_model_that_the_channel_does_not_have_is_free() { prove_single(false); }

/// Tries a wrong proof: 0 of a fair receipt, 1 with another body, 2 without siblings, 3 of a receipt
/// that was not settled.
fun prove_nothing(change: u8) {
    let mut w = settled();
    let mut head = heads(&w)[1];
    let mut body = w.body(0, 10, 10, 0);
    let mut siblings = siblings(&w);
    if (change == 0) {
        head = heads(&w)[2];
        let heads = heads(&w);
        siblings =
            vector[merkle::inner_for_testing(leaf(&w, &heads[0]), leaf(&w, &heads[1]))];
    } else if (change == 1) {
        body = w.body(0, 10, 9, 0);
    } else if (change == 2) {
        siblings = vector[];
    } else {
        head = w.head(3, 500, &body);
    };
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    w.prove_overcharge(REPORTER, report, head, body, siblings);
    w.end();
}

#[test, expected_failure(abort_code = slashing::ENoOvercharge)]
fun a_fair_fee_is_no_overcharge() { prove_nothing(0); }

#[test, expected_failure(abort_code = slashing::EWrongBody)]
fun the_body_is_the_heads() { prove_nothing(1); }

#[test, expected_failure(abort_code = slashing::ENotIncluded)]
fun the_receipt_is_under_the_root() { prove_nothing(2); }

#[test, expected_failure(abort_code = slashing::ENotIncluded)]
fun the_receipt_was_settled() { prove_nothing(3); }

#[test, expected_failure(abort_code = slashing::EWrongChannel)]
fun the_receipt_is_of_the_channel() {
    let mut w = settled();
    let body = w.body(0, 10, 10, 0);
    let head = atoma::receipt::new_head(object::id(w.node()), 0, 1, 500, body.hash());
    let report = report_overcharge(&mut w, &head);
    w.pass(10_000);
    w.prove_overcharge(REPORTER, report, head, body, vector[]);
    w.end();
}

#[test, expected_failure(abort_code = stake::EAlreadyPunished)]
fun an_overcharge_is_punished_once() {
    let mut w = settled();
    2u64.do!(|_| {
        let head = heads(&w)[1];
        let body = w.body(0, 10, 10, 0);
        let report = report_overcharge(&mut w, &head);
        w.pass(10_000);
        let siblings = siblings(&w);
        w.prove_overcharge(REPORTER, report, head, body, siblings);
    });
    w.end();
}

// === Reports ===

#[test]
fun a_report_is_withdrawn() {
    let mut w = world::new();
    let report = w.report(REPORTER, @0x1);
    report.withdraw();
    w.end();
}

/// Reports and proves the conflict: by whom, how long after, and committed by whom.
fun prove_after(reporter: address, prover: address, committed_by: address, wait_ms: u64) {
    let mut w = world::new();
    let (first, first_signature, second, second_signature) = conflict(&w);
    let network = object::id(w.network());
    let report = w.report(
        reporter,
        slashing::two_receipts_commitment(network, committed_by, &first, &second),
    );
    w.pass(wait_ms);
    w.prove_two_receipts(
        prover,
        report,
        first,
        first_signature,
        second,
        second_signature,
    );
    w.end();
}

#[test]
fun a_proof_follows_at_the_latest_moment() {
    prove_after(REPORTER, REPORTER, REPORTER, 40_999);
}

#[test, expected_failure(abort_code = slashing::ETooEarly)]
fun a_proof_does_not_follow_at_once() { prove_after(REPORTER, REPORTER, REPORTER, 9_999); }

#[test, expected_failure(abort_code = slashing::ETooLate)]
fun a_proof_does_not_follow_late() { prove_after(REPORTER, REPORTER, REPORTER, 41_000); }

#[test, expected_failure(abort_code = slashing::ENotReporter)]
fun a_report_is_proven_by_its_reporter() {
    prove_after(REPORTER, world::stranger(), REPORTER, 10_000);
}

#[test, expected_failure(abort_code = slashing::EOtherProof)]
fun a_copied_commitment_is_worth_nothing() {
    prove_after(world::stranger(), world::stranger(), REPORTER, 10_000);
}

#[test, expected_failure(abort_code = slashing::EWrongNode)]
fun a_report_is_about_one_node() {
    let mut w = world::new();
    let (node, cap, position) = w.other_node(world::stake_amount());
    let (first, first_signature, second, second_signature) = conflict(&w);
    let network = object::id(w.network());
    w.next(REPORTER);
    let report = w.report_against(
        &node,
        slashing::two_receipts_commitment(network, REPORTER, &first, &second),
    );
    w.pass(10_000);
    w.prove_two_receipts(
        REPORTER,
        report,
        first,
        first_signature,
        second,
        second_signature,
    );
    destroy(node);
    destroy(cap);
    destroy(position);
    w.end();
}

#[test, expected_failure(abort_code = channel::EWrongNetwork)]
fun a_channel_of_another_network_proves_nothing() {
    let w = world::new();
    w.channel(0).assert_network(object::id(w.pool()));
    w.end();
}
