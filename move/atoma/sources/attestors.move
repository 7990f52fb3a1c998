/// The attestors of a network: who may grade evidence, and how many must agree.
///
/// | object      | kind   | fields                                                    | who writes |
/// |-------------|--------|-----------------------------------------------------------|------------|
/// | `Attestors` | shared | `version, network, set_version, threshold, keys, pending` | `AdminCap` proposes; anybody applies after the time lock |
///
/// A verdict names the `set_version` it was made under and counts only while that is current.
module atoma::attestors;

use atoma::events;
use atoma::live_time::{LiveTime, Window};
use atoma::message;
use atoma::network::{AdminCap, Network};
use atoma::version;
use sui::clock::Clock;

// === Errors ===

/// The attestors belong to another network.
#[error(code = 0)]
const EWrongNetwork: vector<u8> = b"The attestors belong to another network";
/// Threshold is zero or above the number of keys, or there are too many keys.
#[error(code = 1)]
const EBadThreshold: vector<u8> = b"The threshold must be from 1 to the number of keys, at most 32";
/// One key is there twice.
#[error(code = 2)]
const EDuplicateKey: vector<u8> = b"An attestor key may be in the set once";
/// No set waits.
#[error(code = 3)]
const ENothingPending: vector<u8> = b"No change of the set is pending";
/// The time lock of the change still runs.
#[error(code = 4)]
const ETooEarly: vector<u8> = b"The time lock of the change is not over";
/// Fewer signatures than the threshold, or one signature too few or many for the signers.
#[error(code = 5)]
const ETooFewSignatures: vector<u8> = b"There must be a signature for each signer, and a threshold of them";
/// Signers are not strictly ascending.
#[error(code = 6)]
const ESignersNotAscending: vector<u8> = b"Signers must be strictly ascending indices into the set";
/// A signer's index is beyond the set.
#[error(code = 7)]
const EUnknownSigner: vector<u8> = b"There is no attestor with this index";
/// A signature is not the signer's over this message.
#[error(code = 8)]
const EBadSignature: vector<u8> = b"A signature is not the attestor's over this verdict";

// === Constants ===

/// Most attestors in a set.
const MAX_ATTESTORS: u64 = 32;

// === Structs ===

/// The attestors of one network.
public struct Attestors has key {
    id: UID,
    version: u64,
    network: ID,
    /// 0 until the first set is in place, then one more with each.
    set_version: u64,
    threshold: u64,
    /// ed25519 public keys; a signer is an index into them.
    keys: vector<vector<u8>>,
    pending: Option<PendingSet>,
}

/// A set that waits for its time lock.
public struct PendingSet has copy, drop, store {
    threshold: u64,
    keys: vector<vector<u8>>,
    since: Window,
}

// === Public functions ===

/// Makes and shares the empty attestors of a new network; once only.
public fun create(network: &mut Network, cap: &AdminCap, ctx: &mut TxContext) {
    network.assert_admin(cap);
    let attestors = Attestors {
        id: object::new(ctx),
        version: version::current(),
        network: object::id(network),
        set_version: 0,
        threshold: 0,
        keys: vector[],
        pending: option::none(),
    };
    network.set_attestors(object::id(&attestors));
    events::emit_attestors_created(attestors.network, object::id(&attestors));
    transfer::share_object(attestors);
}

/// Puts a pending set in place once its time lock is over. Anybody may.
public fun apply(
    attestors: &mut Attestors,
    network: &Network,
    live_time: &LiveTime,
    clock: &Clock,
) {
    attestors.assert_network(object::id(network));
    live_time.assert_network(object::id(network));
    assert!(attestors.pending.is_some(), ENothingPending);
    let PendingSet { threshold, keys, since } = attestors.pending.extract();
    assert!(live_time.is_over(&since, network.params().timelock_ms(), clock), ETooEarly);
    attestors.replace(threshold, keys);
}

// === View functions ===

/// Network of the attestors.
public fun network(attestors: &Attestors): ID { attestors.network }

/// Version of the set, which verdicts name.
public fun set_version(attestors: &Attestors): u64 { attestors.set_version }

/// How many must agree.
public fun threshold(attestors: &Attestors): u64 { attestors.threshold }

/// Public keys; a signer is an index into them.
public fun keys(attestors: &Attestors): vector<vector<u8>> { attestors.keys }

// === Admin functions ===

/// Sets threshold and keys: at once while there is no set and on a dev network, else as a proposal
/// that `apply` puts in place after the time lock.
public fun set(
    attestors: &mut Attestors,
    network: &Network,
    cap: &AdminCap,
    live_time: &LiveTime,
    threshold: u64,
    keys: vector<vector<u8>>,
    clock: &Clock,
) {
    network.assert_admin(cap);
    attestors.assert_network(object::id(network));
    live_time.assert_network(object::id(network));
    assert!(
        threshold > 0 && threshold <= keys.length() && keys.length() <= MAX_ATTESTORS,
        EBadThreshold,
    );
    let mut known = vector[];
    keys.do_ref!(|key| {
        message::assert_usable_key(key);
        assert!(!known.contains(key), EDuplicateKey);
        known.push_back(*key);
    });
    if (attestors.set_version == 0 || network.is_dev()) {
        attestors.pending = option::none();
        attestors.replace(threshold, keys);
    } else {
        attestors.pending =
            option::some(PendingSet { threshold, keys, since: live_time.open(clock) });
        events::emit_attestors_proposed(object::id(attestors), threshold, keys);
    }
}

// === Package functions ===

/// Aborts with `EWrongNetwork` unless these are the attestors of `network`.
public(package) fun assert_network(attestors: &Attestors, network: ID) {
    version::assert_supported(attestors.version);
    assert!(attestors.network == network, EWrongNetwork);
}

/// Aborts unless a threshold of distinct attestors signed `message`. `signers` are strictly
/// ascending indices, one for each signature.
public(package) fun assert_signed(
    attestors: &Attestors,
    message: &vector<u8>,
    signers: vector<u8>,
    signatures: vector<vector<u8>>,
) {
    assert!(
        attestors.threshold > 0
            && signers.length() >= attestors.threshold
            && signers.length() == signatures.length(),
        ETooFewSignatures,
    );
    let mut next = 0;
    signers.zip_do!(signatures, |signer, signature| {
        let signer = signer as u64;
        assert!(signer >= next, ESignersNotAscending);
        assert!(signer < attestors.keys.length(), EUnknownSigner);
        assert!(
            message::is_signed(message, &signature, &attestors.keys[signer]),
            EBadSignature,
        );
        next = signer + 1;
    });
}

// === Private functions ===

fun replace(attestors: &mut Attestors, threshold: u64, keys: vector<vector<u8>>) {
    attestors.set_version = attestors.set_version + 1;
    attestors.threshold = threshold;
    attestors.keys = keys;
    events::emit_attestors_changed(
        object::id(attestors),
        attestors.set_version,
        threshold,
        keys,
    );
}
