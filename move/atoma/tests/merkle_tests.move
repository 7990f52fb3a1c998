#[test_only]
module atoma::merkle_tests;

use atoma::merkle;
use std::unit_test::assert_eq;

/// Roots over the leaves `00`, `01`, … of trees of 0 to 7 leaves.
const ROOTS: vector<address> = vector[
    @0x43eef4c3b1d1ab172d0e67b4343716cd593b650761af8abd368840bce94828dc,
    @0xdf1257d9b71ef6261213b4bc0018cab2d1c67b79bd639c9bc4c2c7919aba14ba,
    @0x929028256d3dac707af5065cef245fa3a6c64cf27eeff5c32e45469e44944dac,
    @0x1c382444dfc974d5bfdb4b353cea66d95354ce83120fc34b01aff712104246ba,
    @0xc2ef6f0895d9f15d318fbdab979fb7188d39ed6d964dc7529d738cf1a563bdd0,
    @0xa784c518c9e58328a1c83a99bde9991a54d9d222300199c6278cb48fd1e51e02,
    @0x5afeb79890402c281d088f3cdd257259d698ad97dff956d9060506700e48678d,
    @0x3c2242e753d68f4bc30fcc6cb983d8103a3325a263b0354df83faf5ae8bb1a4d,
];

/// Inclusion proof of each leaf of the tree of 7.
const PROOFS: vector<vector<address>> = vector[
    vector[
        @0x01cf79da4945c370c68b265ef70641aaa65eaa8f5953e3900d97724c2c5aa095,
        @0xcdc264081888865e9802c8e9b8991f4b7032d3c15d2b687993de042f8aaf537f,
        @0xb1416ae5d902b04f7d9344de9b7569147424128d23fc01683ba4d5a34aea12c9,
    ],
    vector[
        @0x9ee6dfb61a2fb903df487c401663825643bb825d41695e63df8af6162ab145a6,
        @0xcdc264081888865e9802c8e9b8991f4b7032d3c15d2b687993de042f8aaf537f,
        @0xb1416ae5d902b04f7d9344de9b7569147424128d23fc01683ba4d5a34aea12c9,
    ],
    vector[
        @0xda71b5a250e13516be21e61457038fe23ba276e5dc9f36bf96430f174f8a4605,
        @0x47f61e4f4620e9946a8831b8c717a76f36982b82d88e005bc4635a1b21c73eff,
        @0xb1416ae5d902b04f7d9344de9b7569147424128d23fc01683ba4d5a34aea12c9,
    ],
    vector[
        @0x8f1f9fd0816a310a79d0e0c4bf605a544c260c561740bcdeb175ea46f5312890,
        @0x47f61e4f4620e9946a8831b8c717a76f36982b82d88e005bc4635a1b21c73eff,
        @0xb1416ae5d902b04f7d9344de9b7569147424128d23fc01683ba4d5a34aea12c9,
    ],
    vector[
        @0xcc159e9032fea6fe7e0bef5373fdb171b021be13004b2854f8c7c24732f57643,
        @0x42cd30b31f9f99c642d94cae5cba9dbb8ead01564e1d5fc116025d9ab276aceb,
        @0x4c2bb58c2e2afa14f7058e9fe94fba620f8e485288350e7bcc42337a8c18cf90,
    ],
    vector[
        @0x7324cf9181f377b38e2edeca7a080796554246690656566def41afedef911d0d,
        @0x42cd30b31f9f99c642d94cae5cba9dbb8ead01564e1d5fc116025d9ab276aceb,
        @0x4c2bb58c2e2afa14f7058e9fe94fba620f8e485288350e7bcc42337a8c18cf90,
    ],
    vector[
        @0x4d2c8433e0325c52b255af559aa6ff4fdf5749abd76aa8697644819aefa1293e,
        @0x4c2bb58c2e2afa14f7058e9fe94fba620f8e485288350e7bcc42337a8c18cf90,
    ],
];

fun leaf(index: u64): address { merkle::leaf(vector[index as u8]) }

fun is_in(index: u64, count: u64, leaf: address, siblings: vector<address>): bool {
    let roots = ROOTS;
    merkle::includes(roots[7], count, index, leaf, siblings)
}

#[test]
fun the_root_of_nothing_and_of_one_leaf() {
    let roots = ROOTS;
    assert_eq!(merkle::root(0, @0x0), roots[0]);
    assert_eq!(merkle::root(1, leaf(0)), roots[1]);
    assert!(merkle::includes(roots[1], 1, 0, leaf(0), vector[]));
}

#[test]
fun every_leaf_is_included_at_its_index() {
    let proofs = PROOFS;
    7u64.do!(|index| assert!(is_in(index, 7, leaf(index), proofs[index])));
}

#[test]
fun no_leaf_is_included_anywhere_else() {
    let proofs = PROOFS;
    7u64.do!(|index| {
        7u64.do!(|other| {
            if (other != index) {
                assert!(!is_in(other, 7, leaf(index), proofs[index]));
                assert!(!is_in(index, 7, leaf(other), proofs[index]));
            }
        });
        // Another count changes the root even where the path is the same.
        assert!(!is_in(index, 8, leaf(index), proofs[index]));
        assert!(!is_in(index, 6, leaf(index), proofs[index]));
    });
}

#[test]
fun a_proof_has_exactly_its_siblings() {
    let proofs = PROOFS;
    7u64.do!(|index| {
        let mut longer = proofs[index];
        longer.push_back(@0x0);
        assert!(!is_in(index, 7, leaf(index), longer));
        let mut shorter = proofs[index];
        shorter.pop_back();
        assert!(!is_in(index, 7, leaf(index), shorter));
    });
}

#[test]
fun an_index_beyond_the_count_is_not_included() {
    let roots = ROOTS;
    assert!(!merkle::includes(roots[1], 1, 1, leaf(0), vector[]));
    assert!(!merkle::includes(roots[0], 0, 0, @0x0, vector[]));
    let max = std::u64::max_value!();
    assert!(!merkle::includes(roots[1], max, max - 1, leaf(0), vector[]));
}

#[test]
fun an_inner_node_is_no_leaf() {
    let roots = ROOTS;
    let proofs = PROOFS;
    // The second level of the tree of 4 read as a tree of 2 has another root.
    let siblings = vector[proofs[2][1]];
    assert!(!merkle::includes(roots[4], 2, 1, proofs[0][1], siblings));
}
