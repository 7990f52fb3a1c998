//! References, enums, generics and vectors.

use atoma_move_vm::{Argument, Status, Value, Variant};

use crate::ledger::{Objects, bytes, call, call_on};

fn leaf(value: u64, text: &[u8]) -> Value {
    Value::structure([Value::U64(value), bytes(text)])
}

fn tree() -> Value {
    call("places", "tree", vec![]).unwrap().remove(0)
}

#[test]
fn a_mutable_argument_comes_back_as_the_call_left_it() {
    let outcome = call_on(
        &mut Objects::default(),
        "places",
        "edit",
        &[],
        vec![Argument::MutableReference(tree())],
    )
    .unwrap();
    assert_eq!(outcome.returns, [Value::U64(44)]);
    let expected = Value::structure([
        Value::structure([
            Value::Vector(vec![leaf(1, b"abc"), leaf(42, b"abc")]),
            Value::Bool(false),
        ]),
        Value::structure([
            Value::Vector(vec![leaf(9, b"abc"), leaf(3, b"azc")]),
            Value::Bool(false),
        ]),
    ]);
    assert_eq!(outcome.references, [(0, expected)]);
}

#[test]
fn an_immutable_argument_comes_back_unchanged() {
    let outcome = call_on(
        &mut Objects::default(),
        "places",
        "last_byte",
        &[],
        vec![Argument::Reference(tree())],
    )
    .unwrap();
    assert_eq!(outcome.returns, [Value::U8(b'c')]);
    assert_eq!(outcome.references, [(0, tree())]);
}

#[test]
fn references_pass_through_calls() {
    let returns = call("places", "through_choice", vec![tree()]).unwrap();
    let left = returns[0].field(0).unwrap().field(0).unwrap();
    assert_eq!(
        *left,
        Value::Vector(vec![leaf(100, b"abc"), leaf(2, b"abc")])
    );
    let right = returns[0].field(1).unwrap().field(0).unwrap();
    assert_eq!(*right, Value::Vector(vec![leaf(200, b"abc")]));
    assert_eq!(returns[1], Value::Bool(true));
}

#[test]
fn a_returned_reference_is_refused() {
    let error = call_on(
        &mut Objects::default(),
        "places",
        "choose",
        &[],
        vec![
            Argument::MutableReference(tree()),
            Argument::Value(Value::Bool(true)),
        ],
    )
    .unwrap_err();
    assert_eq!(error.status, Status::ReturnValue);
}

#[test]
fn enums_pack_switch_and_change_in_place() {
    let areas = call("places", "areas", vec![]).unwrap().remove(0);
    let expected = [3, 27, 10].map(Value::U64).to_vec();
    assert_eq!(areas, Value::Vector(expected));
    let shapes = call("places", "shapes", vec![]).unwrap().remove(0);
    let Value::Vector(shapes) = shapes else {
        panic!("expected a vector")
    };
    let circle = Value::Variant(Box::new(Variant {
        tag: 1,
        fields: Box::new([Value::U64(2)]),
    }));
    assert_eq!(shapes[1], circle);
}

#[test]
fn generics_keep_their_types() {
    let returns = call("places", "pairs", vec![]).unwrap();
    assert_eq!(returns[0], Value::structure([bytes(b"x"), Value::U64(5)]));
    assert_eq!(returns[1], Value::U64(5));
    assert_eq!(
        call("places", "generic_bytes", vec![]).unwrap(),
        [
            bytes(&[7, 7]),
            Value::Vector(vec![Value::U16(7), Value::U16(7)])
        ]
    );
}

#[test]
fn vectors_refuse_what_is_outside() {
    let values = Value::Vector(vec![Value::U64(4), Value::U64(5)]);
    assert_eq!(
        call("places", "index", vec![values.clone(), Value::U64(1)]).unwrap(),
        [Value::U64(5)]
    );
    let error = call("places", "index", vec![values, Value::U64(2)]).unwrap_err();
    assert_eq!(error.status, Status::Vector);
    assert_eq!(error.function().unwrap().1, "index");
    let error = call("places", "pop", vec![bytes(b"")]).unwrap_err();
    assert_eq!(error.status, Status::Vector);
    assert_eq!(
        call("places", "concat", vec![bytes(b"ab"), bytes(b"cd")]).unwrap(),
        [bytes(b"dcba")]
    );
}
