/// A coin with the name of the test dollar, worth nothing.
module lookalike::usd;

use sui::coin_registry;

/// One-time witness of the coin, and its type.
public struct USD has drop {}

fun init(otw: USD, ctx: &mut TxContext) {
    let (currency, treasury) = coin_registry::new_currency_with_otw(
        otw,
        6,
        b"USD".to_string(),
        b"Test dollar".to_string(),
        b"Looks like the test dollar".to_string(),
        b"".to_string(),
        ctx,
    );
    currency.finalize_and_delete_metadata_cap(ctx);
    transfer::public_transfer(treasury, ctx.sender());
}
