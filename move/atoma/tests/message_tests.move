#[test_only]
module atoma::message_tests;

use atoma::message;
use atoma::signatures;
use std::unit_test::assert_eq;
use sui::hash::blake2b256;

/// Every encoding of a point of small order.
const SMALL_ORDER_KEYS: vector<vector<u8>> = vector[
    x"0100000000000000000000000000000000000000000000000000000000000000",
    x"0100000000000000000000000000000000000000000000000000000000000080",
    x"0000000000000000000000000000000000000000000000000000000000000000",
    x"0000000000000000000000000000000000000000000000000000000000000080",
    x"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    x"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    x"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
    x"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    x"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
    x"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
];

fun id(byte: u256): ID { object::id_from_address(sui::address::from_u256(byte)) }

#[test]
fun domains_are_hashes_of_their_names() {
    let names = vector[
        b"atoma/voucher/1",
        b"atoma/statement/1",
        b"atoma/receipt/1",
        b"atoma/verdict/1",
        b"atoma/report/1",
        b"atoma/promise/1",
    ];
    names.zip_do!(message::domains(), |name, domain| {
        assert_eq!(blake2b256(&name), domain.to_bytes());
    });
}

#[test]
fun a_voucher_has_these_bytes() {
    assert_eq!(
        message::voucher(id(1), id(2), 3),
        x"17a7c322ba84c8056d5f1d3affb108c20c111d52d0fdab063052ba5aa971973d000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000020300000000000000",
    );
}

#[test]
fun a_statement_has_these_bytes() {
    assert_eq!(
        message::statement(id(1), id(2), 3, 4, 5, 6, 7, @0x8),
        x"3484a43901a8238b6c5407273ace5b95b7e2ae91692341f5c59affafe2fb722c00000000000000000000000000000000000000000000000000000000000000010000000000000000000000000000000000000000000000000000000000000002030000000000000004000000000000000500000000000000060000000000000007000000000000000000000000000000000000000000000000000000000000000000000000000008",
    );
}

#[test]
fun a_receipt_has_these_bytes() {
    assert_eq!(
        message::receipt(id(1), id(2), 3, 4, 5, @0x6),
        x"04c951dc6b964fa572db0a82217af1ef79f5dee282b4688d3776739dfb23ae7a000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000020300000000000000040000000000000005000000000000000000000000000000000000000000000000000000000000000000000000000006",
    );
}

#[test]
fun a_verdict_has_these_bytes() {
    assert_eq!(
        message::verdict(id(1), id(2), 3, 4, vector[5, 6], @0x7, @0x8, 9, 10, 11),
        x"e88d362b1e16d7b377e86dd8e4a45f30aa0f932aefa42305b77e3780f9549ae8000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000020300000000000000040205060000000000000000000000000000000000000000000000000000000000000007000000000000000000000000000000000000000000000000000000000000000809000000000000000a000000000000000b00000000000000",
    );
}

#[test]
fun a_promise_has_these_bytes() {
    assert_eq!(
        message::promise(id(1), id(2), 3, @0x4, id(5), 6),
        x"bdb74a311e049f8b3a3268fb1bbeec6926810c371fa28715a345c3598fdc4f61000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000020300000000000000000000000000000000000000000000000000000000000000000000000000000400000000000000000000000000000000000000000000000000000000000000050600000000000000",
    );
}

#[test]
fun report_data_has_these_bytes() {
    assert_eq!(
        message::report_data(
            id(1),
            id(2),
            3,
            4,
            signatures::public_key(0),
            @0x5,
            @0x6,
            7,
            @0x8,
        ),
        @0x4e4bb1b31c38ca281cff46ec9a222f3baf4919bc8464304bc64c0793709e04ea,
    );
}

#[test]
fun keys_of_small_order_are_not_usable() {
    SMALL_ORDER_KEYS.do!(|key| assert!(!message::is_usable_key(&key)));
}

#[test]
fun a_usable_key_has_32_bytes() {
    assert!(message::is_usable_key(&signatures::public_key(0)));
    assert!(!message::is_usable_key(&vector[]));
    let mut key = signatures::public_key(0);
    key.push_back(0);
    assert!(!message::is_usable_key(&key));
}

#[test]
fun a_key_of_small_order_would_accept_anything() {
    // R and S zero, A the identity: ZIP-215 accepts this over every message, hence the refusal.
    let identity = x"0100000000000000000000000000000000000000000000000000000000000000";
    let mut signature = identity;
    signature.append(x"0000000000000000000000000000000000000000000000000000000000000000");
    assert!(message::is_signed(&b"anything", &signature, &identity));
}

#[test]
fun a_signature_is_over_one_message_by_one_key() {
    let w = atoma::world::new();
    let (voucher, statement) = w.messages(0, 1000, 0, 1000, 10);
    let signature = signatures::sign(0, voucher);
    assert!(message::is_signed(&voucher, &signature, &signatures::public_key(0)));
    assert!(!message::is_signed(&statement, &signature, &signatures::public_key(0)));
    assert!(!message::is_signed(&voucher, &signature, &signatures::public_key(1)));
    assert!(!message::is_signed(&voucher, &vector[], &signatures::public_key(0)));
    w.end();
}

#[test, expected_failure(abort_code = message::EBadKey)]
fun an_unusable_key_is_refused() { message::assert_usable_key(&vector[]); }
