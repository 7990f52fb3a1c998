#[test_only]
module atoma::receipt_tests;

use atoma::merkle;
use atoma::receipt::{Self, Body, Head};
use atoma::signatures;
use atoma::world;
use std::unit_test::assert_eq;

fun id(byte: u256): ID { object::id_from_address(sui::address::from_u256(byte)) }

fun body(): Body {
    receipt::new_body(@0x1, @0x2, 3, true, id(4), @0x5, 6, 7, 8, 9, 10)
}

fun head(): Head { receipt::new_head(id(2), 3, 4, 5, body().hash()) }

#[test]
fun a_body_has_this_hash() {
    assert_eq!(body().hash(), @0xf31484c50900218e13b30bf7ee5ed1044f34f40de651f5811b84ed44a7886153);
}

#[test]
fun a_receipt_says_what_it_was_made_of() {
    assert_eq!(head().account(), id(2));
    assert_eq!(head().key_epoch(), 3);
    assert_eq!(head().seq(), 4);
    assert_eq!(head().fee(), 5);
    assert_eq!(body().model(), id(4));
    let (input_before, output_before) = body().tokens_before();
    assert_eq!(input_before, 6);
    assert_eq!(output_before, 7);
    let (input, output) = body().tokens();
    assert_eq!(input, 8);
    assert_eq!(output, 9);
}

#[test]
fun a_head_has_one_body() {
    assert!(head().has_body(&body()));
    let other = receipt::new_body(@0x1, @0x2, 3, false, id(4), @0x5, 6, 7, 8, 9, 10);
    assert!(!head().has_body(&other));
}

#[test]
fun heads_of_one_number_conflict_unless_they_are_one() {
    let hash = body().hash();
    assert!(!head().conflicts_with(&head()));
    assert!(head().conflicts_with(&receipt::new_head(id(2), 3, 4, 6, hash)));
    assert!(head().conflicts_with(&receipt::new_head(id(2), 3, 4, 5, @0x0)));
    assert!(!head().conflicts_with(&receipt::new_head(id(1), 3, 4, 6, hash)));
    assert!(!head().conflicts_with(&receipt::new_head(id(2), 2, 4, 6, hash)));
    assert!(!head().conflicts_with(&receipt::new_head(id(2), 3, 5, 6, hash)));
}

#[test]
fun a_head_is_the_leaf_at_its_number() {
    let first = receipt::new_head(id(2), 3, 0, 5, @0x0);
    let second = receipt::new_head(id(2), 3, 1, 5, @0x0);
    let leaves = vector[first, second].map!(|head| merkle::leaf(head.bytes(id(1))));
    let root = merkle::root(2, merkle::inner_for_testing(leaves[0], leaves[1]));
    assert!(first.is_included(id(1), root, 2, vector[leaves[1]]));
    assert!(second.is_included(id(1), root, 2, vector[leaves[0]]));
    assert!(!second.is_included(id(1), root, 2, vector[leaves[1]]));
    assert!(!first.is_included(id(9), root, 2, vector[leaves[1]]));
    assert!(!first.is_included(id(1), root, 3, vector[leaves[1]]));
}

#[test]
fun a_head_is_signed_by_one_key_on_one_network() {
    let w = world::new();
    let head = w.head(0, 80, &w.body(0, 10, 10, 0));
    let signature = w.sign_head(&head);
    let network = object::id(w.network());
    let key = signatures::public_key(world::key_epoch_0());
    assert!(head.is_signed(network, &signature, &key));
    assert!(!head.is_signed(id(1), &signature, &key));
    assert!(!head.is_signed(network, &signature, &signatures::public_key(0)));
    w.end();
}
