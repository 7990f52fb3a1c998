/// The version gate. Every shared object carries the version of the code that last shaped it.
///
/// New business wants exactly the current version. Exits (settle, close, finalize, unstake,
/// withdraw, claim) also accept a neighbour, in both directions: new code serves objects that were
/// not migrated yet, and the code before it goes on serving objects that were. A release that must
/// lock its predecessor out at once raises `CURRENT` by two.
module atoma::version;

// === Errors ===

/// The object is not of the version that this code makes new business with.
#[error(code = 0)]
const ENotCurrent: vector<u8> = b"The object must be of the current version for new business";
/// The object is more than one version away from this code.
#[error(code = 1)]
const EUnsupported: vector<u8> = b"The object is more than one version away from this package";

// === Constants ===

const CURRENT: u64 = 1;

// === View functions ===

/// Version that this package gives to the objects it makes.
public fun current(): u64 { CURRENT }

// === Package functions ===

/// Gate of new business.
public(package) fun assert_current(version: u64) {
    assert!(version == CURRENT, ENotCurrent);
}

/// Gate of exits.
public(package) fun assert_supported(version: u64) {
    assert!(version <= CURRENT + 1 && CURRENT <= version + 1, EUnsupported);
}
