//! Integers at their edges.

use atoma_move_vm::{Address, Status, U256, Value};
use proptest::prelude::*;

use crate::ledger::{call, vm};

fn run(function: &str, args: Vec<Value>) -> Result<Vec<Value>, Status> {
    call("numbers", function, args).map_err(|error| error.status)
}

fn one(function: &str, args: Vec<Value>) -> Result<Value, Status> {
    run(function, args).map(|mut values| values.remove(0))
}

#[test]
fn arithmetic_stops_at_the_edges() {
    assert_eq!(
        one("add_u8", vec![Value::U8(200), Value::U8(55)]),
        Ok(Value::U8(255))
    );
    assert_eq!(
        one("add_u8", vec![Value::U8(200), Value::U8(56)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("sub_u16", vec![Value::U16(1), Value::U16(2)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("mul_u32", vec![Value::U32(65_536), Value::U32(65_536)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("div_u64", vec![Value::U64(7), Value::U64(2)]),
        Ok(Value::U64(3))
    );
    assert_eq!(
        one("div_u64", vec![Value::U64(7), Value::U64(0)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("mod_u128", vec![Value::U128(7), Value::U128(0)]),
        Err(Status::Arithmetic)
    );
    let max = Value::U256(U256::MAX);
    assert_eq!(
        one("add_u256", vec![max.clone(), Value::U256(U256::ONE)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("div_u256", vec![max, Value::U256(U256::ZERO)]),
        Err(Status::Arithmetic)
    );
}

#[test]
fn casts_and_shifts_keep_to_their_width() {
    assert_eq!(one("to_u8", vec![Value::U64(255)]), Ok(Value::U8(255)));
    assert_eq!(one("to_u8", vec![Value::U64(256)]), Err(Status::Arithmetic));
    assert_eq!(
        one("to_u128", vec![Value::U256(U256::MAX)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("to_u256", vec![Value::U8(9)]),
        Ok(Value::U256(U256::from(9u64)))
    );
    assert_eq!(
        one("shl_u8", vec![Value::U8(0b1100_0001), Value::U8(1)]),
        Ok(Value::U8(0b1000_0010))
    );
    assert_eq!(
        one("shl_u8", vec![Value::U8(1), Value::U8(8)]),
        Err(Status::Arithmetic)
    );
    assert_eq!(
        one("shr_u128", vec![Value::U128(u128::MAX), Value::U8(127)]),
        Ok(Value::U128(1))
    );
    assert_eq!(
        one("shr_u128", vec![Value::U128(1), Value::U8(128)]),
        Err(Status::Arithmetic)
    );
}

#[test]
fn constants_and_bits() {
    assert_eq!(
        run("constants", vec![]),
        Ok(vec![
            Value::U16(u16::MAX),
            Value::U32(u32::MAX),
            Value::U128(u128::MAX),
            Value::U256(U256::MAX),
            Value::Vector(vec![Value::U64(1), Value::U64(2), Value::U64(3)]),
            Value::Address("0xcafe".parse::<Address>().unwrap()),
        ])
    );
    assert_eq!(
        run("bits", vec![Value::U64(0b1100), Value::U64(0b1010)]),
        Ok(vec![
            Value::U64(0b1000),
            Value::U64(0b1110),
            Value::U64(0b0110)
        ])
    );
}

#[test]
fn recursion_and_loops() {
    assert_eq!(one("fib", vec![Value::U64(15)]), Ok(Value::U64(610)));
    assert_eq!(
        one("sum_to", vec![Value::U64(1_000)]),
        Ok(Value::U64(500_500))
    );
    assert_eq!(vm().limits().call_depth, 1_024);
}

proptest! {
    #[test]
    fn u256_agrees_with_u128(a: u128, b: u128) {
        let wide = |number: u128| Value::U256(U256::from(number));
        let expected = a.checked_div(b).map(wide).ok_or(Status::Arithmetic);
        prop_assert_eq!(one("div_u256", vec![wide(a), wide(b)]), expected);
        let expected = a.checked_rem(b).map(wide).ok_or(Status::Arithmetic);
        prop_assert_eq!(one("mod_u256", vec![wide(a), wide(b)]), expected);
        if let Some(product) = a.checked_mul(b) {
            prop_assert_eq!(one("mul_u256", vec![wide(a), wide(b)]), Ok(wide(product)));
        }
        prop_assert_eq!(one("less", vec![wide(a), wide(b)]), Ok(Value::Bool(a < b)));
    }

    #[test]
    fn u256_division_is_the_inverse_of_multiplication(a: [u8; 32], b: [u8; 32]) {
        let (a, b) = (U256::from_le_bytes(&a), U256::from_le_bytes(&b));
        if let Some((quotient, remainder)) = a.checked_div_rem(b) {
            prop_assert!(remainder < b);
            let product = quotient.checked_mul(b).and_then(|product| product.checked_add(remainder));
            prop_assert_eq!(product, Some(a));
        }
        for bits in [0u8, 1, 63, 64, 65, 128, 200, 255] {
            let there_and_back = a.shr_wrapping(bits).shl_wrapping(bits);
            prop_assert!(there_and_back <= a);
            prop_assert_eq!(there_and_back.shr_wrapping(bits), a.shr_wrapping(bits));
        }
    }
}
