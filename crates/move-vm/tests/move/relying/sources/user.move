/// Calls another package, whichever version it is linked to.
module relying::user;

use steady::counter::{Self, Counter};

public struct Wrapper has store { counter: Counter }

public fun count(ctx: &mut TxContext): Wrapper {
    let mut counter = counter::new(ctx);
    counter.bump();
    counter.bump();
    Wrapper { counter }
}

public fun value(wrapper: &Wrapper): u64 { wrapper.counter.value() }
