#[test_only]
module atoma::attestation_tests;

use atoma::attestation;
use atoma::attestors;
use atoma::key_epoch;
use atoma::measurements;
use atoma::message;
use atoma::network;
use atoma::node;
use atoma::signatures;
use atoma::world;
use std::unit_test::{assert_eq, destroy};

// === Posting ===

#[test]
fun a_key_epoch_is_what_was_posted() {
    let mut w = world::bare();
    w.post(0);
    assert_eq!(w.node().next_epoch(), 1);
    assert!(w.node().has_epoch(0));
    let epoch = w.node().epoch(0);
    assert_eq!(epoch.epoch(), 0);
    assert_eq!(epoch.kind(), key_epoch::kind_simulated());
    assert_eq!(epoch.grade(), 0);
    assert_eq!(epoch.measurement(), world::measurement());
    assert_eq!(*epoch.signing_key(), signatures::public_key(world::key_epoch_0()));
    assert_eq!(epoch.sealing_keys_hash(), message::hash(&world::sealing_keys()));
    assert_eq!(epoch.manifest_hash(), @0x3A);
    assert_eq!(epoch.evidence_hash(), @0xE1);
    assert_eq!(epoch.posted_ms(), world::start_ms());
    assert_eq!(epoch.expires_ms(), 0);
    assert_eq!(epoch.anchor_ms(), 0);
    assert_eq!(
        epoch.report_data(),
        message::report_data(
            object::id(w.network()),
            object::id(w.node()),
            0,
            0,
            signatures::public_key(world::key_epoch_0()),
            message::hash(&world::sealing_keys()),
            @0x3A,
            7,
            @0xD1,
        ),
    );
    assert!(!epoch.covers(0));
    w.end();
}

#[test]
fun no_key_epoch_is_ever_forgotten() {
    let mut w = world::new();
    w.settle(0, 500, 0, 500, 5);
    10u64.do!(|i| w.post(i + 2));
    assert_eq!(w.node().next_epoch(), 12);
    12u64.do!(|i| assert_eq!(w.node().epoch(i).epoch(), i));
    // The first one is in the archive by now: it is still paid, graded and ended.
    w.settle(0, 1000, 0, 1000, 10);
    assert_eq!(w.channel(0).paid(), 1000);
    w.grade(2);
    assert!(w.node().epoch(2).covers(key_epoch::grade_simulated()));
    w.end_epoch(1);
    assert_eq!(w.node().epoch(1).expires_ms(), world::start_ms());
    w.end();
}

fun post(epoch: u64, kind: u8, measurement: u64, key: vector<u8>, sealing: u64, uri: u64) {
    let mut w = world::bare();
    w.post_with(
        epoch,
        kind,
        vector::tabulate!(measurement, |_| 1),
        key,
        vector::tabulate!(sealing, |_| 1),
        vector::tabulate!(uri, |_| 97),
    );
    w.end();
}

#[test]
fun the_shortest_evidence_is_posted() { post(0, 1, 1, signatures::public_key(1), 1, 0); }

#[test]
fun the_longest_evidence_is_posted() {
    post(0, 3, 64, signatures::public_key(1), 2_048, 256);
}

#[test, expected_failure(abort_code = attestation::EWrongEpoch)]
fun evidence_is_for_the_next_epoch() { post(1, 0, 48, signatures::public_key(1), 32, 0); }

#[test, expected_failure(abort_code = attestation::EBadKind)]
fun a_kind_is_known() { post(0, 4, 48, signatures::public_key(1), 32, 0); }

#[test, expected_failure(abort_code = attestation::EBadMeasurement)]
fun a_measurement_is_not_empty() { post(0, 0, 0, signatures::public_key(1), 32, 0); }

#[test, expected_failure(abort_code = attestation::EBadMeasurement)]
fun a_measurement_is_not_too_long() { post(0, 0, 65, signatures::public_key(1), 32, 0); }

#[test, expected_failure(abort_code = message::EBadKey)]
fun a_signing_key_is_usable() { post(0, 0, 48, vector[1], 32, 0); }

#[test, expected_failure(abort_code = message::EBadKey)]
fun a_signing_key_is_not_of_small_order() {
    post(
        0,
        0,
        48,
        x"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
        32,
        0,
    );
}

#[test, expected_failure(abort_code = attestation::EBadSealingKeys)]
fun sealing_keys_are_there() { post(0, 0, 48, signatures::public_key(1), 0, 0); }

#[test, expected_failure(abort_code = attestation::EBadSealingKeys)]
fun sealing_keys_are_not_too_long() { post(0, 0, 48, signatures::public_key(1), 2_049, 0); }

#[test, expected_failure(abort_code = attestation::EUriTooLong)]
fun a_uri_is_not_too_long() { post(0, 0, 48, signatures::public_key(1), 32, 257); }

#[test, expected_failure(abort_code = attestation::EBadKind)]
fun simulated_evidence_is_not_posted_on_production() {
    let mut w = world::bare();
    w.make_production();
    w.post(0);
    w.end();
}

#[test, expected_failure(abort_code = network::EPaused)]
fun a_paused_network_takes_no_evidence() {
    let mut w = world::bare();
    w.pause();
    w.post(0);
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongNetwork)]
fun evidence_is_for_the_nodes_network() {
    let mut w = world::bare();
    let (network, admin, pause, live_time) = w.other_network(true);
    w.post_at(&network);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    w.end();
}

// === Grading ===

#[test]
fun a_grade_is_a_fact() {
    let mut w = world::bare();
    w.post(0);
    w.grade(0);
    let epoch = w.node().epoch(0);
    assert_eq!(epoch.grade(), world::simulated_grade());
    assert_eq!(epoch.anchor_ms(), world::start_ms());
    assert_eq!(epoch.expires_ms(), world::start_ms() + 950_000);
    assert!(epoch.covers(0));
    assert!(epoch.covers(key_epoch::grade_simulated()));
    assert!(!epoch.covers(key_epoch::grade_simulated() | key_epoch::grade_tcb()));
    // Nothing that happens later takes it back, a smaller verdict neither.
    w.disallow(0, world::measurement());
    w.pass(960_000);
    w.grade_as(0, 0, key_epoch::grade_simulated(), world::start_ms(), vector[0, 1]);
    assert_eq!(w.node().epoch(0).grade(), world::simulated_grade());
    assert_eq!(w.node().epoch(0).expires_ms(), world::start_ms() + 950_000);
    w.end();
}

#[test]
fun a_later_verdict_adds_bits() {
    let mut w = world::bare();
    w.post(0);
    w.grade_as(0, 0, key_epoch::grade_simulated(), world::start_ms(), vector[0, 1]);
    assert_eq!(w.node().epoch(0).grade(), key_epoch::grade_simulated());
    w.grade(0);
    assert_eq!(w.node().epoch(0).grade(), world::simulated_grade());
    w.end();
}

#[test]
fun an_epoch_ended_before_its_grade_stays_ended() {
    let mut w = world::bare();
    w.post(0);
    w.pass(1_000);
    w.end_epoch(0);
    w.grade(0);
    assert_eq!(w.node().epoch(0).expires_ms(), world::start_ms() + 1_000);
    w.pass(1_000);
    w.end_epoch(0);
    assert_eq!(w.node().epoch(0).expires_ms(), world::start_ms() + 1_000);
    w.end();
}

#[test]
fun real_evidence_gets_real_bits() {
    let mut w = world::bare();
    w.allow(1, world::measurement(), 2_000_000);
    w.post_as(0, key_epoch::kind_sev_snp(), world::measurement());
    w.grade_as(0, 1, 7, world::start_ms(), vector[0, 1]);
    assert_eq!(
        w.node().epoch(0).grade(),
        key_epoch::grade_vendor_chain()
            | key_epoch::grade_measurement()
            | key_epoch::grade_tcb(),
    );
    assert_eq!(
        key_epoch::grade_all(),
        7
            | key_epoch::grade_gpu_bound()
            | key_epoch::grade_platform_registered()
            | key_epoch::grade_simulated(),
    );
    assert!(key_epoch::kind_tdx() != key_epoch::kind_nitro());
    w.end();
}

fun grade(kind: u8, grade: u64, anchor_ms: u64) {
    let mut w = world::bare();
    w.post_as(0, kind, world::measurement());
    w.grade_as(0, kind, grade, anchor_ms, vector[0, 1]);
    w.end();
}

#[test]
fun an_anchor_may_be_as_old_as_allowed() {
    grade(0, world::simulated_grade(), 100_000);
}

#[test]
fun an_anchor_may_be_a_minute_ahead() { grade(0, world::simulated_grade(), 1_060_000); }

#[test, expected_failure(abort_code = attestation::EAnchorNotRecent)]
fun an_anchor_is_not_older() { grade(0, world::simulated_grade(), 99_999); }

#[test, expected_failure(abort_code = attestation::EAnchorNotRecent)]
fun an_anchor_is_not_in_the_future() { grade(0, world::simulated_grade(), 1_060_001); }

#[test, expected_failure(abort_code = attestation::EBadGrade)]
fun a_grade_says_something() { grade(1, 0, 1_000_000); }

#[test, expected_failure(abort_code = attestation::EBadGrade)]
fun a_grade_has_known_bits() { grade(1, 64, 1_000_000); }

#[test, expected_failure(abort_code = attestation::EBadGrade)]
fun simulated_evidence_proves_no_vendor() {
    grade(0, key_epoch::grade_simulated() | 1, 1_000_000);
}

#[test, expected_failure(abort_code = attestation::EBadGrade)]
fun simulated_evidence_says_that_it_is() { grade(0, 2, 1_000_000); }

#[test, expected_failure(abort_code = attestation::EBadGrade)]
fun real_evidence_is_not_simulated() {
    grade(1, key_epoch::grade_simulated() | 1, 1_000_000);
}

#[test, expected_failure(abort_code = attestation::ENotAllowed)]
fun a_measurement_bit_needs_the_list() { grade(1, 3, 1_000_000); }

#[test, expected_failure(abort_code = attestation::ENotAllowed)]
fun an_expired_measurement_gets_no_bit() {
    let mut w = world::bare();
    w.post(0);
    w.halt(1_000_000);
    w.grade(0);
    w.end();
}

#[test, expected_failure(abort_code = attestation::EAnchorChanged)]
fun verdicts_agree_on_the_anchor() {
    let mut w = world::bare();
    w.post(0);
    w.grade(0);
    w.grade_as(0, 0, world::simulated_grade(), 1_000_001, vector[0, 1]);
    w.end();
}

#[test, expected_failure(abort_code = node::EUnknownEpoch)]
fun an_unknown_epoch_is_not_graded() {
    let mut w = world::bare();
    w.grade_with(0, 1, 1_000_000, vector[], vector[]);
    w.end();
}

#[test, expected_failure(abort_code = attestors::EBadSignature)]
fun a_verdict_on_one_epoch_is_not_one_on_another() {
    let mut w = world::bare();
    w.post(0);
    w.post(1);
    let message = w.verdict(0, 0, world::simulated_grade(), world::start_ms());
    let signatures = vector[7, 8].map!(|key| signatures::sign(key, message));
    w.grade_with(1, world::simulated_grade(), world::start_ms(), vector[0, 1], signatures);
    w.end();
}

#[test, expected_failure(abort_code = attestors::EBadSignature)]
fun a_verdict_on_one_grade_is_not_one_on_another() {
    let mut w = world::bare();
    w.post(0);
    let message = w.verdict(0, 0, key_epoch::grade_simulated(), world::start_ms());
    let signatures = vector[7, 8].map!(|key| signatures::sign(key, message));
    w.grade_with(0, world::simulated_grade(), world::start_ms(), vector[0, 1], signatures);
    w.end();
}

/// Grades with one object of another network: 0 network, 1 attestors, 2 measurements.
fun mix(object: u8) {
    let mut w = world::bare();
    w.post(0);
    let (network, admin, pause, live_time) = w.other_network(true);
    let attestors = w.take<attestors::Attestors>();
    let measurements = w.take<measurements::Measurements>();
    w.grade_at(object, &network, &attestors, &measurements);
    destroy(network);
    destroy(admin);
    destroy(pause);
    destroy(live_time);
    destroy(attestors);
    destroy(measurements);
    w.end();
}

#[test, expected_failure(abort_code = node::EWrongNetwork)]
fun another_networks_admin_grades_nothing() { mix(0); }

#[test, expected_failure(abort_code = attestors::EWrongNetwork)]
fun another_networks_attestors_grade_nothing() { mix(1); }

#[test, expected_failure(abort_code = measurements::EWrongNetwork)]
fun another_networks_measurements_grade_nothing() { mix(2); }
