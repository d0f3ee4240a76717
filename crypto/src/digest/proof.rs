//! Proofs about a tree: that a leaf is in it, and that it only grew (RFC 6962 section 2.1, RFC 9162 section 2.1.3 and
//! 2.1.4).
//!
//! **Promises.** Verification takes hostile proofs: wrong lengths and indexes are errors, never a panic, and work is
//! bounded by the proof's length. Proofs are made from leaf hashes by the definition, which is the oracle for any
//! faster way of making them.

use thiserror::Error;

use super::tree::{node_hash, root_of};
use super::{Digest, sha256};

/// A proof that does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    /// The index or the sizes cannot belong together.
    #[error("the proof is about a position that the tree does not have; ask for a proof for the present tree head")]
    OutOfRange,
    /// The proof has too few or too many hashes.
    #[error("the proof has the wrong number of hashes for this tree; it was cut or made for another tree")]
    WrongLength,
    /// The hashes lead to another tree head.
    #[error("the proof leads to another tree head: the log was changed, or the proof is for another log")]
    Mismatch,
}

/// Checks that the leaf with this hash stands at `index` in the tree of `size` leaves with head `root`.
///
/// # Errors
/// [`ProofError`] when it does not, or the proof does not show it.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    let mut last = size.checked_sub(1).ok_or(ProofError::OutOfRange)?;
    if index > last {
        return Err(ProofError::OutOfRange);
    }
    let mut at = index;
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if is_right_or_last(at, last) {
            hash = node_hash(sibling, &hash);
            (at, last) = skip_missing_levels(at, last);
        } else {
            hash = node_hash(&hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    settle(last, hash == *root)
}

/// Checks that the tree of `new_size` leaves with head `new_root` begins with the tree of `old_size` and `old_root`.
///
/// # Errors
/// [`ProofError`] when it does not, or the proof does not show it.
pub fn verify_consistency(
    old_size: u64,
    old_root: &Digest,
    new_size: u64,
    new_root: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if old_size > new_size {
        return Err(ProofError::OutOfRange);
    }
    if old_size == 0 || old_size == new_size {
        let expected = if old_size == 0 { sha256(&[]) } else { *new_root };
        return if proof.is_empty() { settle(0, *old_root == expected) } else { Err(ProofError::WrongLength) };
    }
    // A complete old tree is itself the first node of the proof, and left out of it.
    let (first, rest) = if old_size.is_power_of_two() {
        (old_root, proof)
    } else {
        proof.split_first().ok_or(ProofError::WrongLength)?
    };
    let (old_hash, new_hash) = both_heads(old_size, new_size, *first, rest)?;
    settle(0, old_hash == *old_root && new_hash == *new_root)
}

/// The head over the first `old_size` leaves that a consistency proof shows by itself, given that it leads to
/// `new_root`: if that is not the head known for this size, there are two histories.
///
/// # Errors
/// [`ProofError`] when the proof does not lead to `new_root`, or `old_size` is a power of two (or 0): such a proof
/// leaves that head out.
pub fn prefix_root(old_size: u64, new_size: u64, new_root: &Digest, proof: &[Digest]) -> Result<Digest, ProofError> {
    if old_size == 0 || old_size >= new_size || old_size.is_power_of_two() {
        return Err(ProofError::OutOfRange);
    }
    let (first, rest) = proof.split_first().ok_or(ProofError::WrongLength)?;
    let (old_hash, new_hash) = both_heads(old_size, new_size, *first, rest)?;
    if new_hash == *new_root { Ok(old_hash) } else { Err(ProofError::Mismatch) }
}

/// The heads that a consistency proof leads to, from its first node on.
fn both_heads(old_size: u64, new_size: u64, first: Digest, rest: &[Digest]) -> Result<(Digest, Digest), ProofError> {
    let shift = (old_size - 1).trailing_ones();
    let (mut at, mut last) = ((old_size - 1) >> shift, (new_size - 1) >> shift);
    let (mut old_hash, mut new_hash) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::WrongLength);
        }
        if is_right_or_last(at, last) {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            (at, last) = skip_missing_levels(at, last);
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    if last == 0 { Ok((old_hash, new_hash)) } else { Err(ProofError::WrongLength) }
}

const fn is_right_or_last(at: u64, last: u64) -> bool {
    at & 1 == 1 || at == last
}

/// On the right edge of an incomplete tree a node may stand for several levels: go up to the one where it is a right child.
const fn skip_missing_levels(at: u64, last: u64) -> (u64, u64) {
    let levels = if at == 0 { 0 } else { at.trailing_zeros() };
    (at >> levels, last >> levels)
}

const fn settle(last: u64, equal: bool) -> Result<(), ProofError> {
    if last != 0 {
        Err(ProofError::WrongLength)
    } else if !equal {
        Err(ProofError::Mismatch)
    } else {
        Ok(())
    }
}

/// The inclusion proof for the leaf at `index`; `None` if there is no such leaf.
#[must_use]
pub fn inclusion_proof(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    if index >= leaves.len() {
        return None;
    }
    let mut proof = Vec::new();
    let (mut part, mut at) = (leaves, index);
    while let Some((left, right)) = split_tree(part) {
        if at < left.len() {
            proof.push(root_of(right));
            part = left;
        } else {
            proof.push(root_of(left));
            at -= left.len();
            part = right;
        }
    }
    proof.reverse();
    Some(proof)
}

/// The proof that the tree of these leaves begins with its first `old_size`; `None` if there are fewer leaves.
#[must_use]
pub fn consistency_proof(leaves: &[Digest], old_size: usize) -> Option<Vec<Digest>> {
    if old_size > leaves.len() {
        return None;
    }
    if old_size == 0 || old_size == leaves.len() {
        return Some(Vec::new());
    }
    let mut proof = Vec::new();
    let (mut part, mut old, mut is_old_tree) = (leaves, old_size, true);
    while old < part.len()
        && let Some((left, right)) = split_tree(part)
    {
        if old <= left.len() {
            proof.push(root_of(right));
            part = left;
        } else {
            proof.push(root_of(left));
            old -= left.len();
            part = right;
            is_old_tree = false;
        }
    }
    if !is_old_tree {
        proof.push(root_of(part));
    }
    proof.reverse();
    Some(proof)
}

/// Splits at the largest power of two below the number of leaves; `None` for a single leaf.
fn split_tree(leaves: &[Digest]) -> Option<(&[Digest], &[Digest])> {
    if leaves.len() < 2 {
        return None;
    }
    leaves.split_at_checked(leaves.len().next_power_of_two() / 2)
}
