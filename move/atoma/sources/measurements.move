/// The measurements that a network accepts in evidence, each for a kind and until a time.
///
/// | object         | kind   | fields                      | who writes |
/// |----------------|--------|-----------------------------|------------|
/// | `Measurements` | shared | `version, network, allowed` | `AdminCap` |
///
/// Taking a measurement off the list stops new grades, never payment for work under an old one.
module atoma::measurements;

use atoma::events;
use atoma::network::{AdminCap, Network};
use atoma::version;
use sui::clock::Clock;
use sui::table::{Self, Table};

// === Errors ===

/// The measurements belong to another network.
#[error(code = 0)]
const EWrongNetwork: vector<u8> = b"The measurements belong to another network";
/// Measurement is empty or too long.
#[error(code = 1)]
const EBadMeasurement: vector<u8> = b"A measurement has 1 to 64 bytes";
/// Measurement is not on the list.
#[error(code = 2)]
const ENotAllowed: vector<u8> = b"The measurement is not on the list";

// === Constants ===

/// Most bytes of a measurement.
const MAX_LENGTH: u64 = 64;

// === Structs ===

/// The allow-list of one network.
public struct Measurements has key {
    id: UID,
    version: u64,
    network: ID,
    /// Clock time until which each is accepted.
    allowed: Table<Measurement, u64>,
}

/// A measurement of one kind of TEE.
public struct Measurement has copy, drop, store {
    kind: u8,
    bytes: vector<u8>,
}

// === Public functions ===

/// Makes and shares the empty list of a new network; once only.
public fun create(network: &mut Network, cap: &AdminCap, ctx: &mut TxContext) {
    network.assert_admin(cap);
    let measurements = Measurements {
        id: object::new(ctx),
        version: version::current(),
        network: object::id(network),
        allowed: table::new(ctx),
    };
    network.set_measurements(object::id(&measurements));
    events::emit_measurements_created(measurements.network, object::id(&measurements));
    transfer::share_object(measurements);
}

// === View functions ===

/// Network of the list.
public fun network(measurements: &Measurements): ID { measurements.network }

/// Whether evidence of `kind` with this measurement is accepted now.
public fun is_allowed(
    measurements: &Measurements,
    kind: u8,
    bytes: vector<u8>,
    clock: &Clock,
): bool {
    let measurement = Measurement { kind, bytes };
    measurements.allowed.contains(measurement)
        && clock.timestamp_ms() < measurements.allowed[measurement]
}

// === Admin functions ===

/// Accepts a measurement until `until_ms` of clock time; again to change the time.
public fun allow(
    measurements: &mut Measurements,
    network: &Network,
    cap: &AdminCap,
    kind: u8,
    bytes: vector<u8>,
    until_ms: u64,
) {
    network.assert_admin(cap);
    measurements.assert_network(object::id(network));
    assert!(!bytes.is_empty() && bytes.length() <= MAX_LENGTH, EBadMeasurement);
    let measurement = Measurement { kind, bytes };
    if (measurements.allowed.contains(measurement)) {
        measurements.allowed.remove(measurement);
    };
    measurements.allowed.add(measurement, until_ms);
    events::emit_measurement_allowed(object::id(measurements), kind, bytes, until_ms);
}

/// Takes a measurement off the list.
public fun disallow(
    measurements: &mut Measurements,
    network: &Network,
    cap: &AdminCap,
    kind: u8,
    bytes: vector<u8>,
) {
    network.assert_admin(cap);
    measurements.assert_network(object::id(network));
    let measurement = Measurement { kind, bytes };
    assert!(measurements.allowed.contains(measurement), ENotAllowed);
    measurements.allowed.remove(measurement);
    events::emit_measurement_disallowed(object::id(measurements), kind, bytes);
}

// === Package functions ===

/// Most bytes of a measurement.
public(package) fun max_length(): u64 { MAX_LENGTH }

/// Aborts with `EWrongNetwork` unless this is the list of `network`.
public(package) fun assert_network(measurements: &Measurements, network: ID) {
    version::assert_supported(measurements.version);
    assert!(measurements.network == network, EWrongNetwork);
}
