//! Proofs from the hashes of complete subtrees, instead of from all leaves.
//!
//! Every hash of a proof is the head of a range that starts at a complete subtree's border, so it is folded
//! from one complete subtree for each bit of the range's length: some hundred look-ups for a proof, whatever
//! the size of the log. The definition over leaves (`sealane_crypto::digest::proof`) is the oracle.

use sealane_crypto::digest::{Digest, node_hash, sha256};

/// Knows the hash over the leaves `index << level .. (index + 1) << level`, all of which are there.
pub(crate) trait Subtrees {
    /// Why a hash cannot be had.
    type Error;

    /// The head of that complete subtree.
    fn subtree(&mut self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

/// The head of the tree over the first `size` leaves.
pub(crate) fn root<S: Subtrees>(subtrees: &mut S, size: u64) -> Result<Digest, S::Error> {
    range(subtrees, 0, size)
}

/// The heads of the complete subtrees of the first `size` leaves, largest first: the edge of that tree.
pub(crate) fn edge<S: Subtrees>(subtrees: &mut S, size: u64) -> Result<Vec<Digest>, S::Error> {
    let mut edge = Vec::new();
    let mut at = 0;
    while at < size {
        let level = (size - at).ilog2();
        edge.push(subtrees.subtree(level, at >> level)?);
        at += 1 << level;
    }
    Ok(edge)
}

/// The inclusion proof of RFC 6962 section 2.1.1, for `index < size`.
pub(crate) fn inclusion<S: Subtrees>(subtrees: &mut S, index: u64, size: u64) -> Result<Vec<Digest>, S::Error> {
    let mut proof = Vec::new();
    let (mut from, mut to) = (0, size);
    while let Some(middle) = split(from, to) {
        if index < middle {
            proof.push(range(subtrees, middle, to)?);
            to = middle;
        } else {
            proof.push(range(subtrees, from, middle)?);
            from = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The consistency proof of RFC 6962 section 2.1.2, for `old <= new`.
pub(crate) fn consistency<S: Subtrees>(subtrees: &mut S, old: u64, new: u64) -> Result<Vec<Digest>, S::Error> {
    let mut proof = Vec::new();
    if old == 0 || old >= new {
        return Ok(proof);
    }
    let (mut from, mut to) = (0, new);
    while old < to
        && let Some(middle) = split(from, to)
    {
        if old <= middle {
            proof.push(range(subtrees, middle, to)?);
            to = middle;
        } else {
            proof.push(range(subtrees, from, middle)?);
            from = middle;
        }
    }
    // A complete old tree at the left edge is what the verifier has already.
    if from > 0 {
        proof.push(range(subtrees, from, to)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Where a tree over these leaves splits: at the largest power of two below their number.
const fn split(from: u64, to: u64) -> Option<u64> {
    let leaves = to - from;
    if leaves < 2 { None } else { Some(from + (1 << (leaves - 1).ilog2())) }
}

/// The head over a range that begins at a multiple of the smallest power of two that holds it.
fn range<S: Subtrees>(subtrees: &mut S, from: u64, to: u64) -> Result<Digest, S::Error> {
    let mut parts = Vec::new();
    let mut at = from;
    while at < to {
        let level = (to - at).ilog2();
        parts.push(subtrees.subtree(level, at >> level)?);
        at += 1 << level;
    }
    let folded = parts.into_iter().rev().reduce(|right, left| node_hash(&left, &right));
    Ok(folded.unwrap_or_else(|| sha256(&[])))
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use proptest::prelude::*;
    use sealane_crypto::digest::{TreeFrontier, consistency_proof, inclusion_proof, leaf_hash, root_of};

    use super::*;

    struct Leaves(Vec<Digest>);

    impl Subtrees for Leaves {
        type Error = Infallible;

        fn subtree(&mut self, level: u32, index: u64) -> Result<Digest, Infallible> {
            let at = usize::try_from(index << level).expect("small");
            Ok(root_of(&self.0[at..at + (1 << level)]))
        }
    }

    proptest! {
        #[test]
        fn proofs_from_subtrees_are_those_of_the_definition(size in 1_usize..600, at in any::<prop::sample::Index>(), old in any::<prop::sample::Index>()) {
            let leaves: Vec<Digest> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
            let (index, old) = (at.index(size), old.index(size + 1));
            let mut subtrees = Leaves(leaves.clone());
            prop_assert_eq!(root(&mut subtrees, size as u64), Ok(root_of(&leaves)));
            prop_assert_eq!(root(&mut subtrees, old as u64), Ok(root_of(&leaves[..old])));
            let mut tree = TreeFrontier::new();
            leaves[..old].iter().for_each(|leaf| tree.push(*leaf));
            prop_assert_eq!(edge(&mut subtrees, old as u64), Ok(tree.subtrees().to_vec()));
            prop_assert_eq!(inclusion(&mut subtrees, index as u64, size as u64).ok(), inclusion_proof(&leaves, index));
            prop_assert_eq!(consistency(&mut subtrees, old as u64, size as u64).ok(), consistency_proof(&leaves, old));
        }
    }
}
