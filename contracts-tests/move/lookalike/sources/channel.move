/// A channel that only looks like one.
module lookalike::channel;

use sui::balance::{Self, Balance};

// === Errors ===

/// The module, code and text of an error of the protocol.
#[error(code = 3)]
const EBadVoucher: vector<u8> = b"The voucher is not signed by the channel's voucher key";

// === Structs ===

/// An object with the name of the protocol's.
public struct Channel<phantom T> has key {
    id: UID,
    balance: Balance<T>,
}

/// A right with the name of the protocol's.
public struct PayerCap has key, store {
    id: UID,
    channel: ID,
}

// === Public functions ===

/// Shares a false channel and gives a right that names a real one.
public fun open<T>(real: ID, ctx: &mut TxContext): PayerCap {
    transfer::share_object(Channel<T> { id: object::new(ctx), balance: balance::zero() });
    PayerCap { id: object::new(ctx), channel: real }
}

/// Aborts as the protocol's `settle` would.
public fun settle() {
    abort EBadVoucher
}

// === View functions ===

/// Coins in a false channel.
public fun balance<T>(channel: &Channel<T>): u64 { channel.balance.value() }

/// Channel that a right names.
public fun cap_channel(cap: &PayerCap): ID { cap.channel }
