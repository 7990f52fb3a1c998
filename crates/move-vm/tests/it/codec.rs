//! Values as BCS, against the `bcs` crate where it can say something.

use std::sync::Arc;

use atoma_move_vm::layout::{EnumLayout, FieldLayout, StructLayout, VariantLayout};
use atoma_move_vm::{
    Address, CodecError, Datatype, Type, TypeLayout, U256, Value, Variant, derive_child_id,
    derive_fresh_id,
};
use proptest::prelude::*;

use crate::ledger::name;

fn datatype() -> Datatype {
    Datatype {
        address: Address::SUI,
        module: name("m"),
        name: name("D"),
        type_args: vec![],
    }
}

fn fields(layouts: Vec<TypeLayout>) -> Vec<FieldLayout> {
    layouts
        .into_iter()
        .map(|layout| FieldLayout {
            name: name("f"),
            layout,
        })
        .collect()
}

fn layout() -> impl Strategy<Value = TypeLayout> {
    let leaf = prop_oneof![
        Just(TypeLayout::Bool),
        Just(TypeLayout::U8),
        Just(TypeLayout::U16),
        Just(TypeLayout::U32),
        Just(TypeLayout::U64),
        Just(TypeLayout::U128),
        Just(TypeLayout::U256),
        Just(TypeLayout::Address),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        let some = prop::collection::vec(inner.clone(), 1..4);
        prop_oneof![
            inner
                .clone()
                .prop_map(|layout| TypeLayout::Vector(Arc::new(layout))),
            some.clone().prop_map(|layouts| {
                TypeLayout::Struct(Arc::new(StructLayout {
                    datatype: datatype(),
                    fields: fields(layouts),
                }))
            }),
            prop::collection::vec(prop::collection::vec(inner, 0..3), 1..4).prop_map(|variants| {
                TypeLayout::Enum(Arc::new(EnumLayout {
                    datatype: datatype(),
                    variants: variants
                        .into_iter()
                        .map(|layouts| VariantLayout {
                            name: name("V"),
                            fields: fields(layouts),
                        })
                        .collect(),
                }))
            }),
        ]
    })
}

fn value(layout: &TypeLayout) -> BoxedStrategy<Value> {
    match layout {
        TypeLayout::Bool => any::<bool>().prop_map(Value::Bool).boxed(),
        TypeLayout::U8 => any::<u8>().prop_map(Value::U8).boxed(),
        TypeLayout::U16 => any::<u16>().prop_map(Value::U16).boxed(),
        TypeLayout::U32 => any::<u32>().prop_map(Value::U32).boxed(),
        TypeLayout::U64 => any::<u64>().prop_map(Value::U64).boxed(),
        TypeLayout::U128 => any::<u128>().prop_map(Value::U128).boxed(),
        TypeLayout::U256 => any::<[u8; 32]>()
            .prop_map(|bytes| Value::U256(U256::from_le_bytes(&bytes)))
            .boxed(),
        TypeLayout::Address => any::<[u8; 32]>()
            .prop_map(|bytes| Value::Address(Address(bytes)))
            .boxed(),
        TypeLayout::Signer => any::<[u8; 32]>()
            .prop_map(|bytes| Value::Signer(Address(bytes)))
            .boxed(),
        TypeLayout::Vector(element) if **element == TypeLayout::U8 => {
            prop::collection::vec(any::<u8>(), 0..200)
                .prop_map(Value::Bytes)
                .boxed()
        }
        TypeLayout::Vector(element) => prop::collection::vec(value(element), 0..4)
            .prop_map(Value::Vector)
            .boxed(),
        TypeLayout::Struct(layout) => values(&layout.fields)
            .prop_map(|values| Value::Struct(values.into()))
            .boxed(),
        TypeLayout::Enum(layout) => {
            let layout = layout.clone();
            (0..layout.variants.len())
                .prop_flat_map(move |tag| {
                    values(&layout.variants[tag].fields).prop_map(move |values| {
                        Value::Variant(Box::new(Variant {
                            tag: u16::try_from(tag).unwrap(),
                            fields: values.into(),
                        }))
                    })
                })
                .boxed()
        }
    }
}

fn values(fields: &[FieldLayout]) -> BoxedStrategy<Vec<Value>> {
    fields
        .iter()
        .map(|field| value(&field.layout))
        .collect::<Vec<_>>()
        .boxed()
}

fn typed_value() -> impl Strategy<Value = (TypeLayout, Value)> {
    layout().prop_flat_map(|layout| {
        let value = value(&layout);
        (Just(layout), value)
    })
}

proptest! {
    #[test]
    fn every_value_comes_back((layout, value) in typed_value()) {
        let bytes = value.to_bcs(&layout).unwrap();
        prop_assert_eq!(Value::from_bcs(&bytes, &layout).unwrap(), value);
    }

    #[test]
    fn no_bytes_have_two_meanings(
        (layout, value) in typed_value(),
        at: prop::sample::Index,
        byte: u8,
        more in prop::collection::vec(any::<u8>(), 0..2),
    ) {
        let mut bytes = value.to_bcs(&layout).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        bytes.extend(more);
        if let Ok(read) = Value::from_bcs(&bytes, &layout) {
            prop_assert_eq!(read.to_bcs(&layout).unwrap(), bytes);
        }
    }

    #[test]
    fn noise_never_panics(layout in layout(), bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        let _ = Value::from_bcs(&bytes, &layout);
    }

    #[test]
    fn plain_values_are_as_the_bcs_crate_has_them(
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        numbers in prop::collection::vec(any::<u64>(), 0..300),
        wide: u128,
        flag: bool,
    ) {
        let layout = TypeLayout::Struct(Arc::new(StructLayout {
            datatype: datatype(),
            fields: fields(vec![
                TypeLayout::Vector(Arc::new(TypeLayout::U8)),
                TypeLayout::Vector(Arc::new(TypeLayout::U64)),
                TypeLayout::U128,
                TypeLayout::Bool,
            ]),
        }));
        let value = Value::structure([
            Value::Bytes(bytes.clone()),
            Value::Vector(numbers.iter().copied().map(Value::U64).collect()),
            Value::U128(wide),
            Value::Bool(flag),
        ]);
        let expected = bcs::to_bytes(&(bytes, numbers, wide, flag)).unwrap();
        prop_assert_eq!(value.to_bcs(&layout).unwrap(), expected);
    }
}

#[test]
fn lengths_have_one_form() {
    let bytes = TypeLayout::Vector(Arc::new(TypeLayout::U8));
    assert_eq!(
        Value::from_bcs(&[0x80, 0x00], &bytes),
        Err(CodecError::BadLength)
    );
    assert_eq!(
        Value::from_bcs(&[0xff, 0xff, 0xff, 0xff, 0x0f], &bytes),
        Err(CodecError::BadLength)
    );
    assert_eq!(
        Value::from_bcs(&[0xff, 0xff, 0xff, 0xff, 0x07], &bytes),
        Err(CodecError::UnexpectedEnd)
    );
    assert_eq!(
        Value::from_bcs(&[1, 5, 5], &bytes),
        Err(CodecError::TrailingBytes(1))
    );
    assert_eq!(
        Value::from_bcs(&[2], &TypeLayout::Bool),
        Err(CodecError::BadBool)
    );
}

#[test]
fn deep_nesting_is_refused() {
    let mut layout = TypeLayout::U8;
    let mut value = Value::U8(1);
    for _ in 0..128 {
        layout = TypeLayout::Struct(Arc::new(StructLayout {
            datatype: datatype(),
            fields: fields(vec![layout]),
        }));
        value = Value::structure([value]);
    }
    assert_eq!(value.to_bcs(&layout), Err(CodecError::TooDeep));
    assert_eq!(Value::from_bcs(&[1], &layout), Err(CodecError::TooDeep));
}

#[test]
fn ids_are_derived_as_sui_derives_them() {
    // The dynamic field of 0x5 under the u64 key 2, known from Sui's networks.
    let child = derive_child_id(Address::from_suffix(5), &Type::U64, &2u64.to_le_bytes());
    assert_eq!(
        child.unwrap().to_string(),
        "0x5b890eaf2abcfa2ab90b77b8e6f3d5d8609586c3e583baf3dccd5af17edf48d1"
    );
    assert_eq!(
        derive_child_id(Address::SUI, &Type::TypeParameter(0), &[]),
        None
    );
    assert_ne!(derive_fresh_id(&[1; 32], 0), derive_fresh_id(&[1; 32], 1));
}

#[test]
fn types_are_read_and_written() {
    let coin: Type = "0x2::coin::Coin<vector<0x0002::m::T<u8, address>>>"
        .parse()
        .unwrap();
    assert_eq!(
        coin.to_string(),
        "0x2::coin::Coin<vector<0x2::m::T<u8, address>>>"
    );
    let long = coin.to_canonical_string(true);
    assert!(long.starts_with("0x0000"), "{long}");
    assert_eq!(long.parse::<Type>().unwrap(), coin);
    assert_eq!(
        coin.to_canonical_string(false).parse::<Type>().unwrap(),
        coin
    );
    for wrong in [
        "",
        "u7",
        "vector<u8",
        "vector<u8>>",
        "0x2::coin",
        "0x2::coin::",
        "0x2::coin::Coin<>",
        "2g::a::B",
        "0x2::1a::B",
        "&u8",
        "T0",
    ] {
        assert!(wrong.parse::<Type>().is_err(), "{wrong}");
    }
    let deep = format!("{}u8{}", "vector<".repeat(20), ">".repeat(20));
    assert!(deep.parse::<Type>().is_err());
}

#[test]
fn types_as_bcs_have_suis_numbers() {
    let hex = |text: &str| hex::encode(text.parse::<Type>().unwrap().to_bcs().unwrap());
    assert_eq!(hex("u64"), "02");
    assert_eq!(hex("vector<u8>"), "0601");
    let two = format!("{}02", "00".repeat(31));
    assert_eq!(hex("0x2::sui::SUI"), format!("07{two}037375690353554900"));
    assert_eq!(
        hex("0x2::coin::Coin<u256>"),
        format!("07{two}04636f696e04436f696e010a")
    );
}
