/// References into nested structs, vectors and enums.
module machine::places;

public struct Leaf has copy, drop, store { value: u64, bytes: vector<u8> }
public struct Branch has copy, drop, store { leaves: vector<Leaf>, flag: bool }
public struct Tree has copy, drop, store { left: Branch, right: Branch }
public struct Pair<A, B> has copy, drop, store { a: A, b: B }

public enum Shape has copy, drop, store {
    Point,
    Circle { radius: u64 },
    Box { width: u64, corners: vector<Leaf> },
}

public enum Maybe<T> has copy, drop, store { Nothing, Just(T) }

fun leaf(value: u64): Leaf { Leaf { value, bytes: b"abc" } }

public fun tree(): Tree {
    Tree {
        left: Branch { leaves: vector[leaf(1), leaf(2)], flag: false },
        right: Branch { leaves: vector[leaf(3)], flag: true },
    }
}

public fun bump(leaf: &mut Leaf, by: u64) { leaf.value = leaf.value + by; }

public fun edit(tree: &mut Tree): u64 {
    bump(&mut tree.left.leaves[1], 40);
    let right = &mut tree.right;
    right.flag = false;
    right.leaves.push_back(leaf(9));
    *&mut right.leaves[0].bytes[1] = 122;
    std::vector::swap(&mut right.leaves, 0, 1);
    tree.left.leaves[1].value + tree.right.leaves.length()
}

public fun last_byte(tree: &Tree): u8 {
    let bytes = &tree.right.leaves[tree.right.leaves.length() - 1].bytes;
    bytes[bytes.length() - 1]
}

public fun choose(tree: &mut Tree, left: bool): &mut Leaf {
    if (left) &mut tree.left.leaves[0] else &mut tree.right.leaves[0]
}

public fun through_choice(mut tree: Tree): (Tree, bool) {
    *choose(&mut tree, true) = leaf(100);
    choose(&mut tree, false).value = 200;
    let same = &tree.left.leaves[0].bytes == &tree.right.leaves[0].bytes;
    (tree, same)
}

public fun area(shape: &Shape): u64 {
    match (shape) {
        Shape::Point => 0,
        Shape::Circle { radius } => 3 * *radius * *radius,
        Shape::Box { width, corners } => *width * corners.length(),
    }
}

public fun grow(shape: &mut Shape) {
    match (shape) {
        Shape::Point => *shape = Shape::Circle { radius: 1 },
        Shape::Circle { radius } => *radius = *radius + 1,
        Shape::Box { corners, .. } => corners[0].value = 77,
    }
}

public fun shapes(): vector<Shape> {
    vector[Shape::Point, Shape::Circle { radius: 2 }, Shape::Box { width: 5, corners: vector[leaf(1), leaf(2)] }]
}

public fun areas(): vector<u64> {
    let mut all = shapes();
    let mut out = vector[];
    all.do_mut!(|shape| grow(shape));
    all.do_ref!(|shape| out.push_back(area(shape)));
    out
}

public fun just<T>(value: T): Maybe<T> { Maybe::Just(value) }

public fun take<T: drop>(maybe: Maybe<T>, default: T): T {
    match (maybe) { Maybe::Nothing => default, Maybe::Just(value) => value }
}

public fun swap_pair<A: copy + drop, B: copy + drop>(pair: Pair<A, B>): Pair<B, A> {
    let Pair { a, b } = pair;
    Pair { a: b, b: a }
}

public fun pairs(): (Pair<vector<u8>, u64>, u64) {
    let pair = swap_pair(Pair { a: 5u64, b: b"x" });
    (pair, take(just(swap_pair(pair).a), 0))
}

public fun bytes_of<T: copy + drop>(value: T): vector<T> { vector[value, value] }

public fun generic_bytes(): (vector<u8>, vector<u16>) { (bytes_of(7u8), bytes_of(7u16)) }

public fun index(values: vector<u64>, at: u64): u64 { values[at] }
public fun pop(mut values: vector<u8>): u8 { values.pop_back() }
public fun concat(mut a: vector<u8>, b: vector<u8>): vector<u8> { a.append(b); a.reverse(); a }
