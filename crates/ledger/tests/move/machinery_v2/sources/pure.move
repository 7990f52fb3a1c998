/// Arguments and facts of the transaction.
module machinery::pure;

use std::ascii;
use std::string::String;

public struct Plain has copy, drop, store {
    number: u64,
}

public fun strings(utf8: String, ascii: ascii::String): u64 {
    utf8.length() + ascii.length()
}

public fun options(left: Option<u64>, right: Option<vector<String>>): bool {
    left.is_some() && right.is_none()
}

public fun ids(id: ID, address: address): bool {
    id.to_address() == address
}

public fun plain(value: Plain): u64 {
    value.number
}

public fun make_plain(number: u64): Plain {
    Plain { number }
}

public fun bump(number: &mut u64): u64 {
    *number = *number + 1;
    *number
}

public fun who(ctx: &TxContext): (address, Option<address>) {
    (ctx.sender(), ctx.sponsor())
}

public fun sum(numbers: vector<u64>): u64 {
    let mut total = 0;
    numbers.do!(|number| total = total + number);
    total
}

public fun type_of<T>(): String {
    std::type_name::with_defining_ids<T>().into_string().to_string()
}

public fun reference(plain: &Plain): &u64 {
    &plain.number
}
