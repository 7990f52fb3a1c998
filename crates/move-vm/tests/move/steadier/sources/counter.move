/// The same package in its second version: another step, a new type, a new function.
module steady::counter;

public struct Counter has key, store { id: UID, value: u64 }
public struct Note has copy, drop, store { text: vector<u8> }
public struct Extra has copy, drop, store { note: Note }

public fun new(ctx: &mut TxContext): Counter { Counter { id: object::new(ctx), value: 0 } }
public fun bump(counter: &mut Counter) { counter.value = counter.value + step(); }
public fun value(counter: &Counter): u64 { counter.value }
public fun note<T: drop>(_: T): Note { Note { text: b"two" } }
public fun name<T>(): vector<u8> { *std::type_name::with_defining_ids<T>().as_string().as_bytes() }
public fun original<T>(): vector<u8> { *std::type_name::with_original_ids<T>().as_string().as_bytes() }
public fun extra(): Extra { Extra { note: note(true) } }
fun step(): u64 { 10 }
