#[test_only]
module atoma::attestors_tests;

use atoma::attestors;
use atoma::live_time;
use atoma::message;
use atoma::signatures;
use atoma::world;
use std::unit_test::{assert_eq, destroy};

fun keys(indices: vector<u8>): vector<vector<u8>> {
    indices.map!(|index| signatures::public_key(index))
}

#[test]
fun the_first_set_is_in_place_at_once() {
    let w = world::bare();
    assert_eq!(w.attestors().network(), object::id(w.network()));
    assert_eq!(w.attestors().set_version(), 1);
    assert_eq!(w.attestors().threshold(), 2);
    assert_eq!(w.attestors().keys(), keys(vector[7, 8]));
    w.end();
}

#[test]
fun every_set_has_a_version_of_its_own() {
    let mut w = world::bare();
    w.set_attestors(1, keys(vector[6]));
    assert_eq!(w.attestors().set_version(), 2);
    assert_eq!(w.attestors().threshold(), 1);
    w.end();
}

fun set(threshold: u64, keys: vector<vector<u8>>) {
    let mut w = world::bare();
    w.set_attestors(threshold, keys);
    w.end();
}

#[test, expected_failure(abort_code = attestors::EBadThreshold)]
fun a_threshold_is_not_zero() { set(0, keys(vector[7])); }

#[test, expected_failure(abort_code = attestors::EBadThreshold)]
fun a_threshold_is_not_above_the_keys() { set(2, keys(vector[7])); }

#[test, expected_failure(abort_code = attestors::EBadThreshold)]
fun a_set_has_at_most_32_keys() {
    set(1, vector::tabulate!(33, |_| signatures::public_key(7)));
}

#[test, expected_failure(abort_code = attestors::EDuplicateKey)]
fun a_key_is_in_a_set_once() { set(2, keys(vector[7, 7])); }

#[test, expected_failure(abort_code = message::EBadKey)]
fun a_key_of_a_set_is_usable() { set(1, vector[vector[]]); }

#[test]
fun a_later_set_of_a_production_network_waits() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(false);
    let mut attestors = w.take<attestors::Attestors>();
    let clock = w.new_clock();
    attestors.set(&network, &admin, &live_time, 1, keys(vector[7]), &clock);
    assert_eq!(attestors.set_version(), 1);
    attestors.set(&network, &admin, &live_time, 2, keys(vector[7, 8]), &clock);
    assert_eq!(attestors.set_version(), 1);
    let mut later = clock;
    later.increment_for_testing(8 * 24 * 60 * 60 * 1000 + 7 * 24 * 60 * 60 * 1000);
    attestors.apply(&network, &live_time, &later);
    assert_eq!(attestors.set_version(), 2);
    assert_eq!(attestors.keys(), keys(vector[7, 8]));
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(attestors);
    destroy(later);
    w.end();
}

#[test, expected_failure(abort_code = attestors::ETooEarly)]
fun a_pending_set_waits_for_the_time_lock() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(false);
    let mut attestors = w.take<attestors::Attestors>();
    let clock = w.new_clock();
    attestors.set(&network, &admin, &live_time, 1, keys(vector[7]), &clock);
    attestors.set(&network, &admin, &live_time, 2, keys(vector[7, 8]), &clock);
    attestors.apply(&network, &live_time, &clock);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(attestors);
    destroy(clock);
    w.end();
}

#[test, expected_failure(abort_code = attestors::ENothingPending)]
fun nothing_pending_is_not_applied() {
    let mut w = world::bare();
    w.apply_attestors();
    w.end();
}

#[test, expected_failure(abort_code = attestors::EWrongNetwork)]
fun attestors_know_their_network() {
    let w = world::bare();
    w.attestors().assert_network(object::id(w.node()));
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun the_live_time_of_another_network_sets_nothing() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.set_attestors_at(&live_time);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

// === Signatures ===

/// Grades epoch 0 with signatures by the keys of the attestors named.
fun sign(signers: vector<u8>, keys: vector<u8>) {
    let mut w = world::bare();
    w.post(0);
    let message = w.verdict(0, 0, world::simulated_grade(), world::start_ms());
    let signatures = keys.map!(|key| signatures::sign(key, message));
    w.grade_with(0, world::simulated_grade(), world::start_ms(), signers, signatures);
    assert_eq!(w.node().epoch(0).grade(), world::simulated_grade());
    w.end();
}

#[test]
fun a_threshold_of_signatures_is_enough() { sign(vector[0, 1], vector[7, 8]); }

#[test, expected_failure(abort_code = attestors::ETooFewSignatures)]
fun fewer_signatures_are_not() { sign(vector[0], vector[7]); }

#[test, expected_failure(abort_code = attestors::ETooFewSignatures)]
fun every_signer_has_a_signature() { sign(vector[0, 1], vector[7]); }

#[test, expected_failure(abort_code = attestors::ESignersNotAscending)]
fun one_signer_does_not_count_twice() { sign(vector[0, 0], vector[7, 7]); }

#[test, expected_failure(abort_code = attestors::ESignersNotAscending)]
fun signers_ascend() { sign(vector[1, 0], vector[8, 7]); }

#[test, expected_failure(abort_code = attestors::EUnknownSigner)]
fun a_signer_is_in_the_set() { sign(vector[0, 2], vector[7, 8]); }

#[test, expected_failure(abort_code = attestors::EBadSignature)]
fun a_stranger_does_not_sign_for_an_attestor() { sign(vector[0, 1], vector[7, 6]); }

#[test, expected_failure(abort_code = attestors::EBadSignature)]
fun a_verdict_of_an_earlier_set_does_not_count() {
    let mut w = world::bare();
    w.post(0);
    let message = w.verdict(0, 0, world::simulated_grade(), world::start_ms());
    let old = vector[7, 8].map!(|key| signatures::sign(key, message));
    w.set_attestors(2, keys(vector[7, 8]));
    w.grade_with(0, world::simulated_grade(), world::start_ms(), vector[0, 1], old);
    w.end();
}

#[test, expected_failure(abort_code = attestors::ETooFewSignatures)]
fun no_attestors_grade_nothing() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    let attestors = w.take<attestors::Attestors>();
    attestors.assert_signed(&vector[], vector[], vector[]);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(attestors);
    w.end();
}
