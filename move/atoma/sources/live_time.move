/// Time that a halt of the chain does not eat.
///
/// `live_ms` grows with the clock, but by at most GAP between two ticks, so that hours in which
/// nobody could send a transaction do not count. A window of length W opened at (l0, t0) is over
/// when `live_now >= l0 + W + GAP`, or, so that every exit has a last day, when
/// `now >= t0 + W + GAP + 7 days`. Anybody may tick; no tick can hurt anybody, a missing one only
/// delays. Live time never runs faster than the clock.
///
/// | object     | kind   | fields                                             | who writes |
/// |------------|--------|----------------------------------------------------|------------|
/// | `LiveTime` | shared | `version, network, gap_ms` fixed; `live_ms, last_ms` | anybody: `tick` |
module atoma::live_time;

use atoma::events;
use atoma::version;
use sui::clock::Clock;

// === Errors ===

/// The `LiveTime` belongs to another network.
#[error(code = 0)]
const EWrongNetwork: vector<u8> = b"The LiveTime belongs to another network";

// === Constants ===

/// Past this much clock time beyond its length a window is over in any case.
const LAST_DAY_MS: u64 = 7 * 24 * 60 * 60 * 1000;

// === Structs ===

/// The live clock of one network.
public struct LiveTime has key {
    id: UID,
    version: u64,
    network: ID,
    /// Most live time that passes between two ticks, in milliseconds.
    gap_ms: u64,
    /// Live time at the last tick.
    live_ms: u64,
    /// Clock at the last tick.
    last_ms: u64,
}

/// The two times at which a window was opened.
public struct Window has copy, drop, store {
    live_ms: u64,
    clock_ms: u64,
}

// === Public functions ===

/// Advances live time. Anybody may, as often as they like.
public fun tick(live_time: &mut LiveTime, clock: &Clock) {
    version::assert_supported(live_time.version);
    live_time.live_ms = live_time.now(clock);
    live_time.last_ms = live_time.last_ms.max(clock.timestamp_ms());
    events::emit_ticked(object::id(live_time), live_time.live_ms, live_time.last_ms);
}

// === View functions ===

/// Live time now, in milliseconds.
public fun now(live_time: &LiveTime, clock: &Clock): u64 {
    let now = clock.timestamp_ms().max(live_time.last_ms);
    live_time.live_ms + (now - live_time.last_ms).min(live_time.gap_ms)
}

/// Whether a window of `length_ms` opened at `window` is over.
public fun is_over(live_time: &LiveTime, window: &Window, length_ms: u64, clock: &Clock): bool {
    let length = (length_ms as u128) + (live_time.gap_ms as u128);
    live_time.now(clock) as u128 >= (window.live_ms as u128) + length
        || clock.timestamp_ms() as u128
            >= (window.clock_ms as u128) + length + (LAST_DAY_MS as u128)
}

/// Network that this live time belongs to.
public fun network(live_time: &LiveTime): ID { live_time.network }

/// Most live time that passes between two ticks, in milliseconds.
public fun gap_ms(live_time: &LiveTime): u64 { live_time.gap_ms }

/// Live time at which the window was opened.
public fun opened_live_ms(window: &Window): u64 { window.live_ms }

/// Clock time at which the window was opened.
public fun opened_clock_ms(window: &Window): u64 { window.clock_ms }

// === Package functions ===

/// Makes and shares the live time of a network.
public(package) fun create(network: ID, gap_ms: u64, clock: &Clock, ctx: &mut TxContext): ID {
    let live_time = LiveTime {
        id: object::new(ctx),
        version: version::current(),
        network,
        gap_ms,
        live_ms: 0,
        last_ms: clock.timestamp_ms(),
    };
    let id = object::id(&live_time);
    transfer::share_object(live_time);
    id
}

/// Opens a window now.
public(package) fun open(live_time: &LiveTime, clock: &Clock): Window {
    Window { live_ms: live_time.now(clock), clock_ms: clock.timestamp_ms() }
}

/// Aborts with `EWrongNetwork` unless this is the live time of `network`.
public(package) fun assert_network(live_time: &LiveTime, network: ID) {
    version::assert_supported(live_time.version);
    assert!(live_time.network == network, EWrongNetwork);
}
