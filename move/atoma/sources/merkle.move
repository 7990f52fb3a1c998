/// Inclusion in a Merkle tree whose root binds the number of leaves.
///
/// Leaf `blake2b256(0x00 || bytes)`, inner node `blake2b256(0x01 || left || right)`, an odd node is
/// promoted unchanged, root `blake2b256(0x02 || count as u64 LE || top)`; the top of an empty tree
/// is 32 zero bytes. Hashes are typed `address`: 32 bytes that BCS writes without a length.
module atoma::merkle;

use sui::address;
use sui::bcs;
use sui::hash::blake2b256;

// === Constants ===

const LEAF_TAG: u8 = 0;
const INNER_TAG: u8 = 1;
const ROOT_TAG: u8 = 2;

// === Structs ===

/// What an inner node hashes: 65 bytes.
public struct Inner has copy, drop {
    tag: u8,
    left: address,
    right: address,
}

/// What a root hashes: 41 bytes.
public struct Root has copy, drop {
    tag: u8,
    count: u64,
    top: address,
}

// === Public functions ===

/// Hash of a leaf over its bytes.
public fun leaf(bytes: vector<u8>): address {
    let mut tagged = vector[LEAF_TAG];
    tagged.append(bytes);
    address::from_bytes(blake2b256(&tagged))
}

/// Root of a tree of `count` leaves whose topmost node is `top`.
public fun root(count: u64, top: address): address {
    hash(&Root { tag: ROOT_TAG, count, top })
}

/// Whether `leaf` is the leaf at `index` of the tree of `count` leaves under `expected_root`. `siblings` go
/// from the leaf upwards and must be used up; a promoted node has none.
public fun includes(
    expected_root: address,
    count: u64,
    index: u64,
    leaf: address,
    siblings: vector<address>,
): bool {
    if (index >= count) return false;
    let mut node = leaf;
    let mut position = index;
    let mut width = count;
    let mut used = 0;
    while (width > 1) {
        let is_right = position % 2 == 1;
        if (is_right || position + 1 < width) {
            if (used == siblings.length()) return false;
            let sibling = siblings[used];
            used = used + 1;
            node = if (is_right) inner(sibling, node) else inner(node, sibling);
        };
        position = position / 2;
        width = width / 2 + width % 2;
    };
    used == siblings.length() && expected_root == root(count, node)
}

// === Private functions ===

fun inner(left: address, right: address): address {
    hash(&Inner { tag: INNER_TAG, left, right })
}

fun hash<T: drop>(value: &T): address {
    address::from_bytes(blake2b256(&bcs::to_bytes(value)))
}

// === Test-only functions ===

#[test_only]
public fun inner_for_testing(left: address, right: address): address { inner(left, right) }
