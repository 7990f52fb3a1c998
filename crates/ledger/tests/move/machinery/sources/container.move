/// Wrapping, dynamic fields and objects sent to objects.
module machinery::container;

use machinery::counter::Counter;
use std::string::String;
use sui::dynamic_field as field;
use sui::dynamic_object_field as object_field;
use sui::transfer::Receiving;

public struct Container has key, store {
    id: UID,
    wrapped: Option<Counter>,
}

/// An object that only this module can transfer.
public struct Bound has key {
    id: UID,
}

public fun new(ctx: &mut TxContext): Container {
    Container { id: object::new(ctx), wrapped: option::none() }
}

public fun bind(recipient: address, ctx: &mut TxContext) {
    transfer::transfer(Bound { id: object::new(ctx) }, recipient);
}

public fun wrap(container: &mut Container, counter: Counter) {
    container.wrapped.fill(counter);
}

public fun unwrap(container: &mut Container): Counter {
    container.wrapped.extract()
}

public fun add_field(container: &mut Container, name: String, value: u64) {
    field::add(&mut container.id, name, value);
}

public fun set_field(container: &mut Container, name: String, value: u64) {
    *field::borrow_mut(&mut container.id, name) = value;
}

public fun get_field(container: &Container, name: String): u64 {
    *field::borrow(&container.id, name)
}

public fun remove_field(container: &mut Container, name: String): u64 {
    field::remove(&mut container.id, name)
}

public fun add_object(container: &mut Container, name: u64, counter: Counter) {
    object_field::add(&mut container.id, name, counter);
}

public fun remove_object(container: &mut Container, name: u64): Counter {
    object_field::remove(&mut container.id, name)
}

public fun increment_object(container: &mut Container, name: u64) {
    let counter: &mut Counter = object_field::borrow_mut(&mut container.id, name);
    counter.increment();
}

public fun receive(container: &mut Container, counter: Receiving<Counter>): Counter {
    transfer::public_receive(&mut container.id, counter)
}

#[allow(lint(custom_state_change))]
public fun freeze_it(container: Container) {
    transfer::freeze_object(container);
}

/// An object as large as one likes.
public struct Blob has key, store {
    id: UID,
    bytes: vector<u8>,
}

public fun blob(size: u64, ctx: &mut TxContext): Blob {
    let words = vector::tabulate!(size / 32 - 1, |_| 7u256);
    let mut bytes = std::bcs::to_bytes(&words);
    while (bytes.length() < size) bytes.push_back(7);
    Blob { id: object::new(ctx), bytes }
}

public fun add_many(container: &mut Container, from: u64, count: u64) {
    count.do!(|index| field::add(&mut container.id, from + index, index));
}

public fun create_many(count: u64, recipient: address, ctx: &mut TxContext) {
    count.do!(|_| transfer::public_transfer(new(ctx), recipient));
}
