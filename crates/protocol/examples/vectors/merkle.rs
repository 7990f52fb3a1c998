//! `merkle.json`.

use atoma_protocol::{
    hash::MerkleRoot,
    merkle::{LeafHash, Proof, Tree},
};

use super::{Vector, hex, hex_list};

/// Leaf `index` is its number as eight bytes, little-endian.
fn leaf(index: u64) -> [u8; 8] {
    index.to_le_bytes()
}

fn tree(count: u64) -> Tree {
    (0..count).map(|index| LeafHash::of(&leaf(index))).collect()
}

pub(super) fn vectors() -> Vec<Vector> {
    let mut vectors: Vec<Vector> = (0..=9).chain([16, 17]).map(root).collect();
    for (count, indices) in [
        (1, &[0][..]),
        (2, &[0, 1]),
        (3, &[0, 2]),
        (5, &[0, 3, 4]),
        (7, &[5, 6]),
        (8, &[0, 7]),
        (17, &[0, 15, 16]),
    ] {
        for index in indices {
            let tree = tree(count);
            let proof = tree.proof(*index).expect("the index is below the count");
            let name = format!("leaf {index} of {count}");
            vectors.push(check(&name, &leaf(*index), &proof, tree.root()));
        }
    }
    vectors.extend(refused());
    vectors
}

fn root(count: u64) -> Vector {
    vec![
        ("name", format!("root of {count} leaves").into()),
        ("kind", "root".into()),
        ("leaves", hex_list((0..count).map(leaf))),
        ("expected", tree(count).root().into()),
    ]
}

/// Proofs that must not verify.
fn refused() -> Vec<Vector> {
    let five = tree(5);
    let root = five.root();
    let proof = five.proof(3).expect("the index is below the count");
    let with = |change: &dyn Fn(&mut Proof)| {
        let mut proof = proof.clone();
        change(&mut proof);
        proof
    };
    let top = tree(2).proof(0).expect("the index is below the count");
    let cases = [
        ("another leaf", leaf(2), with(&|_| {}), root),
        (
            "another index",
            leaf(3),
            with(&|proof| proof.index = 2),
            root,
        ),
        (
            "another count",
            leaf(3),
            with(&|proof| proof.count = 6),
            root,
        ),
        (
            "an index behind the count",
            leaf(3),
            with(&|proof| proof.index = 5),
            root,
        ),
        (
            "no leaves at all",
            leaf(3),
            with(&|proof| proof.count = 0),
            root,
        ),
        (
            "a sibling too few",
            leaf(3),
            with(&|proof| proof.siblings.truncate(1)),
            root,
        ),
        (
            "a sibling too many",
            leaf(3),
            with(&|proof| proof.siblings.push([0; 32])),
            root,
        ),
        (
            "a changed sibling",
            leaf(3),
            with(&|proof| proof.siblings[0][0] ^= 1),
            root,
        ),
        (
            "siblings in another order",
            leaf(3),
            with(&|proof| proof.siblings.reverse()),
            root,
        ),
        ("the root of another tree", leaf(0), top, tree(3).root()),
        (
            "a root of zeros",
            leaf(3),
            with(&|_| {}),
            MerkleRoot::default(),
        ),
        (
            "the largest index and count",
            leaf(3),
            with(&|proof| {
                proof.index = u64::MAX - 1;
                proof.count = u64::MAX;
            }),
            root,
        ),
    ];
    cases
        .into_iter()
        .map(|(name, leaf, proof, root)| check(name, &leaf, &proof, root))
        .collect()
}

fn check(name: &str, leaf: &[u8], proof: &Proof, root: MerkleRoot) -> Vector {
    let holds = proof.verify(LeafHash::of(leaf), root).is_ok();
    vec![
        ("name", name.into()),
        ("kind", "proof".into()),
        ("leaf", hex(leaf)),
        ("index", proof.index.into()),
        ("count", proof.count.into()),
        ("siblings", hex_list(&proof.siblings)),
        ("root", root.into()),
        ("expected", if holds { "valid" } else { "invalid" }.into()),
    ]
}
