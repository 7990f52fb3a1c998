//! Natives of the standard library and of the framework.

use atoma_move_vm::{Address, Type, U256, Value};

use crate::ledger::{MACHINE, Objects, bytes, call, call_on, own_type};

#[test]
fn hashes_have_known_answers() {
    let returns = call("library", "hashes", vec![bytes(b"abc")]).unwrap();
    let hex: Vec<String> = returns
        .iter()
        .map(|value| hex::encode(value.as_bytes().unwrap()))
        .collect();
    assert_eq!(
        hex,
        [
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
            "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
        ]
    );
}

#[test]
fn hmac_has_a_known_answer() {
    // NIST's sample for HMAC-SHA3-256 with a key shorter than the block.
    let key: Vec<u8> = (0u8..=0x1f).collect();
    let message = b"Sample message for keylen<blocklen";
    let tag = call("library", "hmac", vec![bytes(&key), bytes(message)]).unwrap();
    assert_eq!(
        hex::encode(tag[0].as_bytes().unwrap()),
        "4fe8e202c4f058e8dddc23d8c34e467343e23555e24fc2f025d598f558f67205"
    );
}

#[test]
fn ed25519_accepts_the_genuine_only() {
    // RFC 8032, test 2.
    let key =
        hex::decode("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c").unwrap();
    let signature = hex::decode("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00").unwrap();
    let check = |signature: &[u8], key: &[u8], message: &[u8]| {
        call(
            "library",
            "ed25519",
            vec![bytes(signature), bytes(key), bytes(message)],
        )
        .unwrap()
        .remove(0)
    };
    assert_eq!(check(&signature, &key, &[0x72]), Value::Bool(true));
    assert_eq!(check(&signature, &key, &[0x73]), Value::Bool(false));
    assert_eq!(check(&signature[1..], &key, &[0x72]), Value::Bool(false));
    assert_eq!(check(&signature, &key[1..], &[0x72]), Value::Bool(false));
    let mut forged = signature.clone();
    forged[0] ^= 1;
    assert_eq!(check(&forged, &key, &[0x72]), Value::Bool(false));
}

#[test]
fn ed25519_follows_zip_215() {
    // Key and R of small order, s = 0: the cofactored equation holds for every message.
    let key =
        hex::decode("0000000000000000000000000000000000000000000000000000000000000000").unwrap();
    let mut signature = key.clone();
    signature.extend([0; 32]);
    let returns = call(
        "library",
        "ed25519",
        vec![bytes(&signature), bytes(&key), bytes(b"anything")],
    );
    assert_eq!(returns.unwrap(), [Value::Bool(true)]);
}

#[test]
fn values_encode_as_bcs() {
    let value = Value::structure([Value::U64(3), bytes(b"hi")]);
    let outcome = call_on(
        &mut Objects::default(),
        "library",
        "encode",
        &[own_type("places", "Leaf")],
        vec![atoma_move_vm::Argument::Value(value.clone())],
    )
    .unwrap();
    assert_eq!(outcome.returns[0], bytes(b"\x03\0\0\0\0\0\0\0\x02hi"));
    assert_eq!(outcome.returns[1], value);
}

#[test]
fn text_is_handled_by_characters() {
    assert_eq!(
        call("library", "text", vec![]).unwrap(),
        [Value::Bool(true), Value::U64(9), bytes("grü".as_bytes())]
    );
}

#[test]
fn addresses_are_big_endian_numbers() {
    let address: Address = "0x0102".parse().unwrap();
    assert_eq!(
        call("library", "addresses", vec![Value::Address(address)]).unwrap(),
        [
            Value::U256(U256::from(0x0102u64)),
            Value::Address("0x0103".parse().unwrap()),
            Value::Address(address),
        ]
    );
}

#[test]
fn type_names_are_canonical() {
    let names = |ty: Type| {
        call_on(&mut Objects::default(), "objects", "names", &[ty], vec![])
            .map(|outcome| outcome.returns)
    };
    let coin: Type = "0x2::coin::Coin<0x2::sui::SUI>".parse().unwrap();
    let returns = names(coin).unwrap();
    let two = "0000000000000000000000000000000000000000000000000000000000000002";
    let expected = format!("{two}::coin::Coin<{two}::sui::SUI>");
    assert_eq!(
        returns,
        [bytes(expected.as_bytes()), Value::Address(Address::SUI)]
    );
    assert_eq!(names(Type::U64).unwrap_err().abort_code(), Some(0));
    assert_eq!(
        names(own_type("objects", "Token")).unwrap()[1],
        Value::Address(MACHINE)
    );
}

#[test]
fn sorting_sorts() {
    let numbers = |list: &[u64]| Value::Vector(list.iter().copied().map(Value::U64).collect());
    assert_eq!(
        call("library", "sorted", vec![numbers(&[5, 1, 4, 2, 3])]).unwrap(),
        [numbers(&[1, 2, 3, 4, 5])]
    );
}
