/// A package in its first version.
module steady::counter;

public struct Counter has key, store { id: UID, value: u64 }
public struct Note has copy, drop, store { text: vector<u8> }

public fun new(ctx: &mut TxContext): Counter { Counter { id: object::new(ctx), value: 0 } }
public fun bump(counter: &mut Counter) { counter.value = counter.value + step(); }
public fun value(counter: &Counter): u64 { counter.value }
public fun note<T: copy + drop>(_: T): Note { Note { text: b"one" } }
public fun name<T>(): vector<u8> { *std::type_name::with_defining_ids<T>().as_string().as_bytes() }
public fun original<T>(): vector<u8> { *std::type_name::with_original_ids<T>().as_string().as_bytes() }
fun step(): u64 { 1 }
