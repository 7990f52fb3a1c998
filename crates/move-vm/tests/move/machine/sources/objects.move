/// Objects, events, dynamic fields and the transaction context.
module machine::objects;

use sui::bag::{Self, Bag};
use sui::balance::{Self, Balance, Supply};
use sui::coin::{Self, Coin};
use sui::dynamic_field;
use sui::event;
use sui::table::{Self, Table};

public struct OBJECTS has drop {}

public struct Box<phantom T> has key, store { id: UID, balance: Balance<T>, bag: Bag, table: Table<u64, vector<u8>> }
public struct Opened has copy, drop { who: address, amount: u64 }
public struct Token has drop {}

fun init(witness: OBJECTS, ctx: &mut TxContext) {
    assert!(sui::types::is_one_time_witness(&witness));
    transfer::public_transfer(coin::zero<Token>(ctx), ctx.sender());
}

public fun supply(): Supply<Token> { balance::create_supply(Token {}) }

public fun fill<T>(coin: Coin<T>, ctx: &mut TxContext): Box<T> {
    event::emit(Opened { who: ctx.sender(), amount: coin.value() });
    let mut all = Box { id: object::new(ctx), balance: coin.into_balance(), bag: bag::new(ctx), table: table::new(ctx) };
    all.bag.add(b"one", 1u64);
    all.bag.add(2u64, vector[@0x1, @0x2]);
    all.table.add(5, b"five");
    dynamic_field::add(&mut all.id, true, 9u8);
    all
}

public fun touch<T>(all: &mut Box<T>): (u64, u64, vector<u8>) {
    let one: &mut u64 = &mut all.bag[b"one"];
    *one = *one + 1;
    let one = *one;
    all.table[5].push_back(33);
    let addresses: vector<address> = all.bag.remove(2u64);
    (one, addresses.length() + all.balance.value(), all.table[5])
}

public fun missing<T>(all: &Box<T>): u64 { all.bag[b"nothing"] }
public fun wrong_type<T>(all: &Box<T>): address { all.bag[b"one"] }
public fun twice<T>(all: &mut Box<T>) { all.table.add(5, b"again") }

public fun split<T>(all: &mut Box<T>, amount: u64, ctx: &mut TxContext): Coin<T> {
    coin::take(&mut all.balance, amount, ctx)
}

#[allow(lint(share_owned))]
public fun share<T>(all: Box<T>) { transfer::public_share_object(all) }
#[allow(lint(freeze_wrapped))]
public fun freeze_it<T>(all: Box<T>) { transfer::public_freeze_object(all) }
public fun send<T>(all: Box<T>, to: address) { transfer::public_transfer(all, to) }

public fun facts(ctx: &TxContext): (address, u64, u64, vector<u8>, u64) {
    (ctx.sender(), ctx.epoch(), ctx.epoch_timestamp_ms(), *ctx.digest(), ctx.gas_price())
}

public fun names<T>(): (vector<u8>, address) {
    (*std::type_name::with_defining_ids<T>().as_string().as_bytes(), std::type_name::original_id<T>())
}
