use proptest::prelude::*;

use super::*;

fn leaf(index: u64) -> LeafHash {
    LeafHash::of(&index.to_le_bytes())
}

/// The definition, level by level.
fn naive_root(count: u64) -> MerkleRoot {
    let mut level: Vec<Hash> = (0..count).map(|index| leaf(index).into_bytes()).collect();
    while level.len() > 1 {
        level = level
            .chunks(2)
            .map(|pair| match pair {
                [left, right] => inner(left, right),
                odd => odd[0],
            })
            .collect();
    }
    root(count, &level.first().copied().unwrap_or_default())
}

#[test]
fn frontier_and_tree_follow_the_definition() {
    let (mut frontier, mut tree) = (Frontier::new(), Tree::new());
    for count in 0..130 {
        assert_eq!(frontier.root(), naive_root(count), "{count}");
        assert_eq!(tree.root(), naive_root(count), "{count}");
        frontier.append(leaf(count));
        tree.append(leaf(count));
    }
}

#[test]
fn every_leaf_of_every_small_tree_is_proved_at_its_index_only() {
    for count in 1..40 {
        let tree: Tree = (0..count).map(leaf).collect();
        for index in 0..count {
            let proof = tree.proof(index).unwrap();
            assert_eq!(proof.verify(leaf(index), tree.root()), Ok(()));
            for other in 0..count {
                let moved = Proof {
                    index: other,
                    ..proof.clone()
                };
                assert_eq!(
                    moved.verify(leaf(index), tree.root()).is_ok(),
                    other == index
                );
            }
        }
        assert_eq!(
            tree.proof(count),
            Err(MerkleError::IndexOutOfRange {
                index: count,
                count
            })
        );
    }
}

#[test]
fn an_inner_node_is_no_leaf_and_no_count_but_its_own_fits() {
    let tree: Tree = (0..4).map(leaf).collect();
    let proof = tree.proof(0).unwrap();
    let node = LeafHash::new(inner(leaf(0).as_bytes(), leaf(1).as_bytes()));
    let short = Proof {
        index: 0,
        count: 2,
        siblings: proof.siblings[1..].to_vec(),
    };
    assert_eq!(short.verify(node, tree.root()), Err(MerkleError::WrongRoot));
    for count in [0, 1, 2, 3, 5, 6, u64::MAX] {
        let other = Proof {
            count,
            ..proof.clone()
        };
        assert!(other.verify(leaf(0), tree.root()).is_err(), "{count}");
    }
}

#[test]
fn a_proof_longer_than_its_tree_is_refused_before_any_hashing() {
    let proof = Proof {
        index: 0,
        count: 2,
        siblings: vec![[0; 32]; 10_000],
    };
    assert_eq!(
        proof.verify(leaf(0), MerkleRoot::default()),
        Err(MerkleError::WrongLength {
            expected: 1,
            got: 10_000
        })
    );
    assert!(siblings(0, u64::MAX) <= MAX_PROOF_SIBLINGS);
    assert_eq!(siblings(0, u64::MAX), MAX_PROOF_SIBLINGS);
}

proptest! {
    #[test]
    fn a_stored_frontier_goes_on_where_it_stopped(count in 0u64..300, more in 0u64..20) {
        let mut frontier = Frontier::new();
        (0..count).for_each(|index| frontier.append(leaf(index)));
        let bytes = bcs::to_bytes(&frontier).unwrap();
        let mut back: Frontier = bcs::from_bytes(&bytes).unwrap();
        (count..count + more).for_each(|index| back.append(leaf(index)));
        prop_assert_eq!(back.root(), naive_root(count + more));
    }

    #[test]
    fn a_changed_proof_fails(count in 2u64..100, index: u64, byte: u8, at in 0usize..32, which: usize) {
        let tree: Tree = (0..count).map(leaf).collect();
        let index = index % count;
        let mut proof = tree.proof(index).unwrap();
        let which = which % proof.siblings.len();
        prop_assume!(byte != 0);
        proof.siblings[which][at] ^= byte;
        prop_assert_eq!(proof.verify(leaf(index), tree.root()), Err(MerkleError::WrongRoot));
    }
}

#[test]
fn a_frontier_with_wrong_parts_is_refused() {
    let bytes = bcs::to_bytes(&(3u64, vec![[0u8; 32]])).unwrap();
    assert!(bcs::from_bytes::<Frontier>(&bytes).is_err());
}
