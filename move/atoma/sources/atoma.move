/// The coin ATOMA, with nine decimals: what operators and stakers put at risk.
///
/// The `TreasuryCap` goes to the publisher of the package. On a local network the faucet mints
/// with it through ordinary transactions; on a production network the publisher fixes the supply
/// and gives the cap away.
module atoma::atoma;

use sui::coin_registry;

// === Constants ===

/// Decimals of the coin.
const DECIMALS: u8 = 9;

// === Structs ===

/// One-time witness of the coin, and its type.
public struct ATOMA has drop {}

// === Private functions ===

#[allow(lint(self_transfer))]
fun init(otw: ATOMA, ctx: &mut TxContext) {
    let (currency, treasury) = coin_registry::new_currency_with_otw(
        otw,
        DECIMALS,
        b"ATOMA".to_string(),
        b"Atoma".to_string(),
        b"Stake of the Atoma network".to_string(),
        b"".to_string(),
        ctx,
    );
    let metadata = currency.finalize(ctx);
    transfer::public_transfer(metadata, ctx.sender());
    transfer::public_transfer(treasury, ctx.sender());
}

// === Test-only functions ===

#[test_only]
public fun init_for_testing(ctx: &mut TxContext) {
    init(sui::test_utils::create_one_time_witness<ATOMA>(), ctx)
}
