/// Events with the names and layouts of the protocol's, for a thief to emit.
module lookalike::events;

use sui::event;

// === Events ===

/// Laid out as `atoma::events::ChannelSettled`.
public struct ChannelSettled has copy, drop {
    channel: ID,
    vault: ID,
    key_epoch: u64,
    kind: u8,
    taken: bool,
    earned: u64,
    receipts: u64,
    input_tokens: u64,
    output_tokens: u64,
    root: address,
    authorized: u64,
    paid: u64,
    payment: u64,
    protocol: u64,
    routing: u64,
    stakers: u64,
    operator: u64,
}

/// Laid out as `atoma::events::ChannelToppedUp`.
public struct ChannelToppedUp has copy, drop {
    channel: ID,
    amount: u64,
    funded: u64,
}

// === Public functions ===

/// Says that a channel was settled. It was not.
public fun settled(
    channel: ID,
    vault: ID,
    earned: u64,
    receipts: u64,
    root: address,
    authorized: u64,
    paid: u64,
) {
    event::emit(ChannelSettled {
        channel,
        vault,
        key_epoch: 0,
        kind: 0,
        taken: true,
        earned,
        receipts,
        input_tokens: 100,
        output_tokens: 300,
        root,
        authorized,
        paid,
        payment: paid,
        protocol: 0,
        routing: 0,
        stakers: 0,
        operator: paid,
    });
}

/// Says that a channel was topped up. It was not.
public fun topped_up(channel: ID, amount: u64, funded: u64) {
    event::emit(ChannelToppedUp { channel, amount, funded });
}
