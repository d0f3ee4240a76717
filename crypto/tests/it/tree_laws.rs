//! Laws of the tree for any content: every way of computing a digest agrees, and proofs prove exactly what is true.

use proptest::prelude::*;
use sealane_crypto::{
    Digest, ProofError, RECORD_BYTES, TreeFrontier, TreeHasher, consistency_proof, inclusion_proof, leaf_hash,
    node_hash, prefix_root, root_of, verify_consistency, verify_inclusion,
};

/// The head by the definition of RFC 6962 section 2.1: the oracle.
fn by_definition(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => sealane_crypto::sha256(b""),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(leaves.len().next_power_of_two() / 2);
            node_hash(&by_definition(left), &by_definition(right))
        }
    }
}

fn numbered_leaves(count: usize) -> Vec<Digest> {
    (0..count).map(|number| leaf_hash(&number.to_be_bytes())).collect()
}

fn content(bytes: usize) -> Vec<u8> {
    (0_u8..251).cycle().take(bytes).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Streaming in pieces of any size, hashing records apart, and joining aligned ranges give one digest.
    #[test]
    fn streaming_leaves_and_aligned_subtrees_agree(
        records in 0_usize..9,
        rest in 0_usize..RECORD_BYTES,
        pieces in prop::collection::vec(1_usize..3 * RECORD_BYTES, 1..8),
        level in 0_u32..4,
    ) {
        let file = content(records * RECORD_BYTES + rest);
        let mut streamed = TreeHasher::new();
        let mut remaining = file.as_slice();
        for piece in pieces.iter().cycle() {
            if remaining.is_empty() {
                break;
            }
            let (now, later) = remaining.split_at((*piece).min(remaining.len()));
            streamed.update(now);
            remaining = later;
        }
        let streamed = streamed.finish();
        let leaves: Vec<Digest> = file.chunks(RECORD_BYTES).map(leaf_hash).collect();
        prop_assert_eq!(streamed, by_definition(&leaves));
        prop_assert_eq!(streamed, root_of(&leaves));
        let ranges: Vec<Digest> = leaves.chunks(1 << level).map(root_of).collect();
        prop_assert_eq!(streamed, root_of(&ranges));
    }
}

proptest! {
    #[test]
    fn a_frontier_agrees_with_the_definition_and_survives_storage(count in 0_usize..200, stop in 0_usize..200) {
        let leaves = numbered_leaves(count);
        let mut frontier = TreeFrontier::new();
        for (index, leaf) in leaves.iter().enumerate() {
            if index == stop {
                frontier = TreeFrontier::from_parts(frontier.size(), frontier.subtrees().to_vec()).unwrap();
            }
            frontier.push(*leaf);
        }
        prop_assert_eq!(frontier.size(), count as u64);
        prop_assert_eq!(frontier.root(), by_definition(&leaves));
    }

    #[test]
    fn every_leaf_is_proven_and_no_other(count in 1_usize..130, at in any::<prop::sample::Index>(), other in any::<prop::sample::Index>()) {
        let leaves = numbered_leaves(count);
        let (index, wrong) = (at.index(count), other.index(count));
        let (size, root) = (count as u64, root_of(&leaves));
        let proof = inclusion_proof(&leaves, index).unwrap();
        prop_assert_eq!(verify_inclusion(&leaves[index], index as u64, size, &proof, &root), Ok(()));
        if wrong != index {
            prop_assert!(verify_inclusion(&leaves[wrong], index as u64, size, &proof, &root).is_err());
            prop_assert!(verify_inclusion(&leaves[index], wrong as u64, size, &proof, &root).is_err());
        }
        let mut longer = proof.clone();
        longer.push(root);
        prop_assert!(verify_inclusion(&leaves[index], index as u64, size, &longer, &root).is_err());
        if let Some((_, shorter)) = proof.split_last() {
            prop_assert!(verify_inclusion(&leaves[index], index as u64, size, shorter, &root).is_err());
        }
    }

    #[test]
    fn growth_is_proven_and_a_rewritten_past_is_not(count in 1_usize..130, cut in any::<prop::sample::Index>(), changed in any::<prop::sample::Index>()) {
        let leaves = numbered_leaves(count);
        let old = cut.index(count + 1);
        let (old_root, root) = (root_of(&leaves[..old]), root_of(&leaves));
        let proof = consistency_proof(&leaves, old).unwrap();
        prop_assert_eq!(verify_consistency(old as u64, &old_root, count as u64, &root, &proof), Ok(()));
        let shown = prefix_root(old as u64, count as u64, &root, &proof);
        let left_out = old == 0 || old == count || old.is_power_of_two();
        prop_assert_eq!(shown, if left_out { Err(ProofError::OutOfRange) } else { Ok(old_root) });
        if old > 0 {
            let mut rewritten = leaves;
            rewritten[changed.index(old)] = leaf_hash(b"another past");
            let (proof, root) = (consistency_proof(&rewritten, old).unwrap(), root_of(&rewritten));
            prop_assert!(verify_consistency(old as u64, &old_root, count as u64, &root, &proof).is_err());
        }
    }

    #[test]
    fn hostile_proofs_are_refused_without_a_panic(
        index in any::<u64>(), size in any::<u64>(), new in any::<u64>(),
        proof in prop::collection::vec(any::<[u8; 32]>().prop_map(Digest::from_bytes), 0..80),
    ) {
        let leaf = leaf_hash(b"leaf");
        let root = leaf_hash(b"another");
        prop_assert!(verify_inclusion(&leaf, index, size, &proof, &root).is_err());
        prop_assert!(verify_consistency(size, &leaf, new, &root, &proof).is_err());
        prop_assert!(prefix_root(size, new, &root, &proof).is_err());
    }
}

#[test]
fn a_frontier_of_the_wrong_shape_is_refused() {
    assert!(TreeFrontier::from_parts(3, vec![leaf_hash(b"")]).is_none());
    assert!(TreeFrontier::from_parts(0, vec![leaf_hash(b"")]).is_none());
}
