/// A package that depends on another one of this repository.
module dependent::dependent;

use usd::usd::USD;

public struct Purse has drop {
    dollars: u64,
}

public fun empty(): Purse {
    Purse { dollars: 0 }
}

public fun value_of(coin: &sui::coin::Coin<USD>): Purse {
    Purse { dollars: coin.value() }
}

public fun dollars(purse: &Purse): u64 {
    purse.dollars
}
