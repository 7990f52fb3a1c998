//! Objects, dynamic fields, events and coins, with a ledger in memory.

use atoma_move_vm::{Address, Argument, Recipient, Type, Value};

use crate::ledger::{Objects, bytes, call_on, own_type};

fn token() -> Type {
    own_type("objects", "Token")
}

/// A box of 50 tokens, with its ledger.
fn filled() -> (Objects, Value) {
    let mut objects = Objects::default();
    let coin = Value::structure([
        Value::uid(Address::from_suffix(9)),
        Value::structure([Value::U64(50)]),
    ]);
    let context = objects.tx_context();
    let outcome = call_on(
        &mut objects,
        "objects",
        "fill",
        &[token()],
        vec![Argument::Value(coin), Argument::MutableReference(context)],
    )
    .unwrap();
    (objects, outcome.returns.into_iter().next().unwrap())
}

fn on_box(
    objects: &mut Objects,
    filled: Value,
    function: &str,
) -> atoma_move_vm::VmResult<atoma_move_vm::Outcome> {
    let args = vec![Argument::MutableReference(filled)];
    call_on(objects, "objects", function, &[token()], args)
}

#[test]
fn an_event_and_a_deleted_coin_are_recorded() {
    let (objects, filled) = filled();
    assert!(filled.object_id().is_some());
    assert_eq!(objects.deleted, [Address::from_suffix(9)]);
    let (ty, event) = &objects.events[0];
    assert_eq!(ty.ty, own_type("objects", "Opened"));
    assert_eq!(
        *event,
        Value::structure([Value::Address(Address::from_suffix(0x51)), Value::U64(50)])
    );
}

#[test]
fn dynamic_fields_live_across_calls() {
    let (mut objects, filled) = filled();
    let first = on_box(&mut objects, filled, "touch").unwrap();
    assert_eq!(
        first.returns,
        [Value::U64(2), Value::U64(52), bytes(b"five!")]
    );
    let (_, filled) = first.references.into_iter().next().unwrap();
    let error = on_box(&mut objects, filled, "touch").unwrap_err();
    assert_eq!(error.abort_code(), Some(1));
    assert_eq!(error.module().unwrap().to_string(), "0x2::dynamic_field");
    assert_eq!(error.function().unwrap().1, "remove_child_object");
}

#[test]
fn dynamic_field_errors_have_suis_codes() {
    for (function, code, native) in [
        ("missing", 1, "borrow_child_object"),
        ("wrong_type", 2, "borrow_child_object"),
        ("twice", 0, "add"),
    ] {
        let (mut objects, filled) = filled();
        let error = on_box(&mut objects, filled, function).unwrap_err();
        assert_eq!(error.abort_code(), Some(code), "{function}");
        assert_eq!(error.function().unwrap().1, native, "{function}");
    }
}

#[test]
fn coins_split_and_balances_are_checked() {
    let (mut objects, filled) = filled();
    let context = objects.tx_context();
    let mut split = |filled: Value, amount: u64| {
        call_on(
            &mut objects,
            "objects",
            "split",
            &[token()],
            vec![
                Argument::MutableReference(filled),
                Argument::Value(Value::U64(amount)),
                Argument::MutableReference(context.clone()),
            ],
        )
    };
    let outcome = split(filled, 20).unwrap();
    assert_eq!(
        outcome.returns[0].field(1).unwrap().field(0),
        Some(&Value::U64(20))
    );
    let filled = outcome.references[0].1.clone();
    let error = split(filled, 31).unwrap_err();
    assert_eq!(error.module().unwrap().to_string(), "0x2::balance");
}

#[test]
fn objects_go_where_they_are_sent() {
    let to = Address::from_suffix(0x77);
    for (function, recipient) in [
        ("share", Recipient::Shared),
        ("freeze_it", Recipient::Immutable),
        ("send", Recipient::Address(to)),
    ] {
        let (mut objects, filled) = filled();
        let id = filled.object_id();
        let mut args = vec![Argument::Value(filled)];
        if function == "send" {
            args.push(Argument::Value(Value::Address(to)));
        }
        call_on(&mut objects, "objects", function, &[token()], args).unwrap();
        let (ty, object, given) = objects.given.remove(0);
        assert_eq!(given, recipient);
        assert_eq!(object.object_id(), id);
        assert!(ty.to_string().ends_with("::objects::Token>"), "{ty}");
    }
}

#[test]
fn init_sees_a_one_time_witness() {
    let mut objects = Objects::default();
    let context = objects.tx_context();
    let witness = Value::structure([Value::Bool(false)]);
    call_on(
        &mut objects,
        "objects",
        "init",
        &[],
        vec![
            Argument::Value(witness),
            Argument::MutableReference(context),
        ],
    )
    .unwrap();
    assert_eq!(objects.given.len(), 1);
}

#[test]
fn the_transaction_is_what_the_ledger_says() {
    let mut objects = Objects::default();
    let context = objects.tx_context();
    let outcome = call_on(
        &mut objects,
        "objects",
        "facts",
        &[],
        vec![Argument::Reference(context)],
    )
    .unwrap();
    assert_eq!(
        outcome.returns,
        [
            Value::Address(Address::from_suffix(0x51)),
            Value::U64(3),
            Value::U64(1_000),
            bytes(&[7; 32]),
            Value::U64(1_234),
        ]
    );
}
