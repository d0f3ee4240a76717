//! The proof that entries stand side by side in a log, with none left out.
//!
//! Before the range: the heads of the complete subtrees of the first `from` entries. With the entries of the
//! range added one after another they make the head over the first `to` entries; an RFC 6962 consistency
//! proof shows that the checkpoint's log begins with exactly that. So the entries, their order and their
//! places are bound to the signed root.

use sealane_crypto::digest::tree::TreeFrontier;
use sealane_crypto::digest::{Digest, ProofError, verify_consistency};
use serde::{Deserialize, Serialize};

use crate::document;

/// Where a contiguous range lies, and the hashes that tie it to the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RangeProof {
    /// Index of the first entry.
    pub from: u64,
    /// Index after the last entry.
    pub to: u64,
    /// Heads of the complete subtrees before the range, largest first.
    #[serde(with = "document::hashes")]
    pub before: Vec<Digest>,
    /// From the head over the first `to` entries to the checkpoint's.
    #[serde(with = "document::hashes")]
    pub after: Vec<Digest>,
}

impl RangeProof {
    /// The tree before the range; `None` if the hashes do not fit `from`.
    pub(crate) fn frontier(&self) -> Option<TreeFrontier> {
        if self.from > self.to {
            return None;
        }
        TreeFrontier::from_parts(self.from, self.before.clone())
    }

    /// Checks the tree after the range's last entry against a checkpoint of `size` and `root`.
    pub(crate) fn settle(&self, tree: &TreeFrontier, size: u64, root: &Digest) -> Result<(), ProofError> {
        if tree.size() != self.to {
            return Err(ProofError::OutOfRange);
        }
        verify_consistency(self.to, &tree.root(), size, root, &self.after)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::digest::{consistency_proof, leaf_hash, root_of};

    use super::*;

    fn tree(leaves: &[Digest]) -> TreeFrontier {
        let mut tree = TreeFrontier::new();
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        tree
    }

    fn proves(range: &RangeProof, leaves: &[Digest], size: u64, root: &Digest) -> bool {
        let Some(mut tree) = range.frontier() else { return false };
        leaves.iter().for_each(|leaf| tree.push(*leaf));
        range.settle(&tree, size, root).is_ok()
    }

    proptest! {
        #[test]
        fn a_range_is_proven_and_any_other_is_not(
            size in 1_usize..200, from in any::<prop::sample::Index>(), to in any::<prop::sample::Index>(), at in any::<prop::sample::Index>()
        ) {
            let leaves: Vec<Digest> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let (from, to) = (from.index(size), to.index(size) + 1);
            let (from, to) = (from.min(to), from.max(to));
            let range = RangeProof {
                from: from as u64,
                to: to as u64,
                before: tree(&leaves[..from]).subtrees().to_vec(),
                after: consistency_proof(&leaves, to).expect("in range"),
            };
            let (size, root) = (size as u64, root_of(&leaves));
            let inside = &leaves[from..to];
            prop_assert!(proves(&range, inside, size, &root));
            prop_assume!(!inside.is_empty());

            let mut other = inside.to_vec();
            other[at.index(inside.len())] = leaf_hash(b"other");
            prop_assert!(!proves(&range, &other, size, &root), "an entry replaced");
            prop_assert!(!proves(&range, &inside[1..], size, &root), "an entry left out");
            let mut moved = range.clone();
            moved.from += 1;
            prop_assert!(!proves(&moved, &inside[1..], size, &root), "a shorter range under the same hashes");
            let mut swapped = inside.to_vec();
            swapped.rotate_left(1);
            prop_assert!(inside.len() == 1 || !proves(&range, &swapped, size, &root), "another order");
        }
    }

    #[test]
    fn a_range_that_ends_before_it_begins_is_none() {
        let range = RangeProof { from: 2, to: 1, before: Vec::new(), after: Vec::new() };
        assert!(range.frontier().is_none());
    }
}
