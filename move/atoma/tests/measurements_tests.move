#[test_only]
module atoma::measurements_tests;

use atoma::measurements;
use atoma::world;
use std::unit_test::assert_eq;

#[test]
fun a_measurement_is_allowed_for_its_kind_until_its_time() {
    let mut w = world::bare();
    let measurement = world::measurement();
    assert_eq!(w.measurements().network(), object::id(w.network()));
    assert!(w.measurements().is_allowed(0, measurement, w.clock()));
    assert!(!w.measurements().is_allowed(1, measurement, w.clock()));
    assert!(!w.measurements().is_allowed(0, vector[1], w.clock()));
    w.halt(999_999);
    assert!(w.measurements().is_allowed(0, measurement, w.clock()));
    w.halt(1);
    assert!(!w.measurements().is_allowed(0, measurement, w.clock()));
    w.allow(0, measurement, 3_000_000);
    assert!(w.measurements().is_allowed(0, measurement, w.clock()));
    w.disallow(0, measurement);
    assert!(!w.measurements().is_allowed(0, measurement, w.clock()));
    w.end();
}

#[test]
fun a_measurement_has_1_to_64_bytes() {
    let mut w = world::bare();
    w.allow(1, vector[1], 2_000_000);
    w.allow(1, vector::tabulate!(64, |_| 1), 2_000_000);
    w.end();
}

#[test, expected_failure(abort_code = measurements::EBadMeasurement)]
fun a_measurement_is_not_empty() {
    let mut w = world::bare();
    w.allow(1, vector[], 2_000_000);
    w.end();
}

#[test, expected_failure(abort_code = measurements::EBadMeasurement)]
fun a_measurement_is_not_too_long() {
    let mut w = world::bare();
    w.allow(1, vector::tabulate!(65, |_| 1), 2_000_000);
    w.end();
}

#[test, expected_failure(abort_code = measurements::ENotAllowed)]
fun only_what_is_on_the_list_is_taken_off() {
    let mut w = world::bare();
    w.disallow(1, world::measurement());
    w.end();
}

#[test, expected_failure(abort_code = measurements::EWrongNetwork)]
fun measurements_know_their_network() {
    let w = world::bare();
    w.measurements().assert_network(object::id(w.node()));
    w.end();
}
