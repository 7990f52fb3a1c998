#[test_only]
module atoma::live_time_tests;

use atoma::live_time;
use atoma::version;
use atoma::world;
use std::unit_test::assert_eq;

const DAY_MS: u64 = 24 * 60 * 60 * 1000;

#[test]
fun live_time_follows_the_clock_by_at_most_gap_a_tick() {
    let mut w = world::bare();
    assert_eq!(w.live_time().now(w.clock()), 0);
    // milliseconds the clock advances, whether somebody ticks then -> live time
    w.halt(400);
    assert_eq!(w.live_time().now(w.clock()), 400);
    w.halt(5_000);
    assert_eq!(w.live_time().now(w.clock()), 1_000);
    w.tick();
    assert_eq!(w.live_time().now(w.clock()), 1_000);
    w.tick();
    assert_eq!(w.live_time().now(w.clock()), 1_000);
    w.halt(1_000);
    w.tick();
    w.halt(999);
    w.tick();
    assert_eq!(w.live_time().now(w.clock()), 2_999);
    assert_eq!(w.live_time().gap_ms(), 1_000);
    assert_eq!(w.live_time().network(), object::id(w.network()));
    w.end();
}

#[test]
fun live_time_never_runs_faster_than_the_clock() {
    let mut w = world::bare();
    vector[1, 999, 1_000, 1_001, 50_000, 0, 7].do!(|step| {
        w.halt(step);
        w.tick();
        w.tick();
        assert!(
            w.live_time().now(w.clock()) <= w.clock().timestamp_ms() - world::start_ms(),
        );
    });
    w.end();
}

#[test]
fun a_window_is_over_after_its_length_and_gap() {
    let mut w = world::bare();
    w.pass(3_000);
    let window = w.live_time().open(w.clock());
    assert_eq!(window.opened_live_ms(), 3_000);
    assert_eq!(window.opened_clock_ms(), world::start_ms() + 3_000);
    w.pass(10_999);
    assert!(!w.live_time().is_over(&window, 10_000, w.clock()));
    w.pass(1);
    assert!(w.live_time().is_over(&window, 10_000, w.clock()));
    assert!(w.live_time().is_over(&window, 0, w.clock()));
    w.end();
}

#[test]
fun a_halt_of_any_length_eats_no_window() {
    let mut w = world::bare();
    let window = w.live_time().open(w.clock());
    w.pass(4_000);
    w.halt(6 * DAY_MS);
    w.tick();
    // At most GAP of the halt counted, which the window gives back.
    w.pass(5_999);
    assert!(!w.live_time().is_over(&window, 10_000, w.clock()));
    w.pass(1);
    assert!(w.live_time().is_over(&window, 10_000, w.clock()));
    w.end();
}

#[test]
fun a_window_has_a_last_day() {
    let mut w = world::bare();
    let window = w.live_time().open(w.clock());
    w.halt(10_000 + 1_000 + 7 * DAY_MS - 1);
    assert!(!w.live_time().is_over(&window, 10_000, w.clock()));
    w.halt(1);
    assert!(w.live_time().is_over(&window, 10_000, w.clock()));
    w.end();
}

#[test]
fun the_longest_window_cannot_overflow() {
    let mut w = world::bare();
    let window = w.live_time().open(w.clock());
    w.halt(1);
    assert!(!w.live_time().is_over(&window, std::u64::max_value!(), w.clock()));
    w.end();
}

#[test, expected_failure(abort_code = live_time::EWrongNetwork)]
fun a_live_time_knows_its_network() {
    let w = world::bare();
    w.live_time().assert_network(object::id(w.node()));
    w.end();
}

#[test]
fun a_version_lets_neighbours_out() {
    let current = version::current();
    version::assert_current(current);
    version::assert_supported(current - 1);
    version::assert_supported(current);
    version::assert_supported(current + 1);
}

#[test, expected_failure(abort_code = version::ENotCurrent)]
fun new_business_wants_the_current_version() {
    version::assert_current(version::current() + 1);
}

#[test, expected_failure(abort_code = version::EUnsupported)]
fun a_version_far_ahead_is_refused() {
    version::assert_supported(version::current() + 2);
}
