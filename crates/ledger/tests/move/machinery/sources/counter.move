/// A shared counter, and what may not be done with shared objects.
module machinery::counter;

use sui::clock::Clock;

const ENotTen: u64 = 7;
#[error(code = 3)]
const ETooLarge: vector<u8> = b"the counter is too large";

public struct Counter has key, store {
    id: UID,
    value: u64,
}

public struct Counted has copy, drop {
    counter: ID,
    value: u64,
}

public fun new(ctx: &mut TxContext): Counter {
    Counter { id: object::new(ctx), value: 0 }
}

#[allow(lint(share_owned, custom_state_change))]
public fun share(counter: Counter) {
    transfer::share_object(counter);
}

public fun create(ctx: &mut TxContext) {
    share(new(ctx));
}

public fun increment(counter: &mut Counter) {
    counter.value = counter.value + 1;
    sui::event::emit(Counted { counter: object::id(counter), value: counter.value });
}

public fun set_to_clock(counter: &mut Counter, clock: &Clock) {
    counter.value = clock.timestamp_ms();
}

public fun value(counter: &Counter): u64 {
    counter.value
}

public fun assert_ten(counter: &Counter) {
    assert!(counter.value == 10, ENotTen);
}

public fun refuse_large(counter: &Counter) {
    assert!(counter.value < 2, ETooLarge);
}

public fun delete(counter: Counter) {
    let Counter { id, value: _ } = counter;
    id.delete();
}

public fun add_twice(left: &mut Counter, right: &Counter) {
    left.value = left.value + right.value;
}

#[allow(unused_function)]
fun secret(_: &Counter): u64 {
    42
}

entry fun private_entry(counter: &mut Counter, by: u64) {
    counter.value = counter.value + by;
}

public fun spin() {
    loop {}
}

public fun emit_many(count: u64, ctx: &mut TxContext) {
    let id = object::new(ctx);
    count.do!(|value| sui::event::emit(Counted { counter: id.to_inner(), value }));
    id.delete();
}
