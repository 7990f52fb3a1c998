/// A test dollar with six decimals. It has no backing and no owner: anybody may mint it from the
/// shared `Faucet`, up to a cap a call. It exists for local networks and must never be accepted by
/// a production network.
///
/// | object   | kind   | fields     | who writes |
/// |----------|--------|------------|------------|
/// | `Faucet` | shared | `treasury` | anybody    |
module usd::usd;

use sui::coin::{Coin, TreasuryCap};
use sui::coin_registry;

// === Errors ===

/// The amount asked for is above `MAX_MINT`.
#[error(code = 0)]
const EMintTooLarge: vector<u8> = b"The faucet mints at most 1,000,000 USD a call";

// === Constants ===

/// Largest amount one call may mint: 1,000,000 dollars in base units.
const MAX_MINT: u64 = 1_000_000_000_000;

// === Structs ===

/// One-time witness of the coin, and its type.
public struct USD has drop {}

/// Holder of the mint right, open to everybody.
public struct Faucet has key {
    id: UID,
    treasury: TreasuryCap<USD>,
}

// === Public functions ===

fun init(otw: USD, ctx: &mut TxContext) {
    let (currency, treasury) = coin_registry::new_currency_with_otw(
        otw,
        6,
        b"USD".to_string(),
        b"Test dollar".to_string(),
        b"A dollar without value, for local networks".to_string(),
        b"".to_string(),
        ctx,
    );
    currency.finalize_and_delete_metadata_cap(ctx);
    transfer::share_object(Faucet { id: object::new(ctx), treasury });
}

/// Mints `amount` base units to the caller. Aborts with `EMintTooLarge` above the cap.
public fun mint(faucet: &mut Faucet, amount: u64, ctx: &mut TxContext): Coin<USD> {
    assert!(amount <= MAX_MINT, EMintTooLarge);
    faucet.treasury.mint(amount, ctx)
}

// === View functions ===

/// Largest amount one call may mint, in base units.
public fun max_mint(): u64 { MAX_MINT }

/// Everything minted so far, in base units.
public fun total_supply(faucet: &Faucet): u64 { faucet.treasury.total_supply() }

// === Test-only functions ===

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(sui::test_utils::create_one_time_witness<USD>(), ctx)
}
