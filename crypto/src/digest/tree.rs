//! The SHA-256 tree of RFC 6962 section 2.1, over file contents and over log entries.
//!
//! **What for.** A file's digest is the tree head over its records of 1 MiB; the audit log's is the tree head over its
//! entries. One shape serves both, so a file can be hashed in parallel, verified by range and resumed, and a log can
//! prove that an entry is in it.
//!
//! **Promises.** A leaf is `SHA-256(0x00 || record)`, a node `SHA-256(0x01 || left || right)`, the empty tree
//! `SHA-256("")`; a tree of `n` leaves splits at the largest power of two below `n`. Streaming, folding leaves and
//! folding aligned subtrees give the same head. Memory is O(log n), and no record is copied.
//!
//! **Leaves to others.** Proofs: [`super::proof`]. Who hashes which range: the transfer engine.

use super::{Digest, Sha256, sha256};

/// Bytes of one record, save the last of a file: 1 MiB.
pub const RECORD_BYTES: usize = 1 << 20;

const LEAF: [u8; 1] = [0x00];
const NODE: [u8; 1] = [0x01];

/// The hash of one leaf.
#[must_use]
pub fn leaf_hash(record: &[u8]) -> Digest {
    let mut hasher = leaf_hasher();
    hasher.update(record);
    hasher.finish()
}

fn leaf_hasher() -> Sha256 {
    let mut hasher = Sha256::new();
    hasher.update(&LEAF);
    hasher
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(&NODE);
    hasher.update(left.as_bytes());
    hasher.update(right.as_bytes());
    hasher.finish()
}

/// The head of the tree whose parts, from left to right, are `hashes`.
///
/// The parts are leaf hashes, or heads of complete subtrees of one size (a power of two, aligned), the last of which
/// may be smaller. So several workers hash ranges of a file and one call joins them.
#[must_use]
pub fn root_of(hashes: &[Digest]) -> Digest {
    let mut frontier = TreeFrontier::new();
    for hash in hashes {
        frontier.push(*hash);
    }
    frontier.root()
}

/// The right edge of a growing tree: enough to add leaves and to know the head.
///
/// It holds the heads of the complete subtrees, largest first: one for each bit set in the size.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TreeFrontier {
    size: u64,
    subtrees: Vec<Digest>,
}

impl TreeFrontier {
    /// The empty tree.
    #[must_use]
    pub const fn new() -> Self {
        Self { size: 0, subtrees: Vec::new() }
    }

    /// Restores an edge from what [`size`](Self::size) and [`subtrees`](Self::subtrees) gave;
    /// `None` if the number of subtrees does not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, subtrees: Vec<Digest>) -> Option<Self> {
        let fits = u32::try_from(subtrees.len()).is_ok_and(|count| count == size.count_ones());
        fits.then_some(Self { size, subtrees })
    }

    /// Adds one leaf, by its hash.
    pub fn push(&mut self, leaf: Digest) {
        let mut joined = leaf;
        // INVARIANT: a set bit of `size` is a complete subtree; adding one carries through the trailing ones.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.subtrees.pop() {
                joined = node_hash(&left, &joined);
            }
        }
        self.subtrees.push(joined);
        self.size += 1;
    }

    /// The head of the tree.
    #[must_use]
    pub fn root(&self) -> Digest {
        let folded = self.subtrees.iter().rev().copied().reduce(|right, left| node_hash(&left, &right));
        folded.unwrap_or_else(|| sha256(&[]))
    }

    /// The number of leaves.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The heads of the complete subtrees, largest first.
    #[must_use]
    pub fn subtrees(&self) -> &[Digest] {
        &self.subtrees
    }
}

/// The tree digest of a file that comes in pieces of any size.
///
/// Every byte goes straight into SHA-256: nothing is buffered, whatever the pieces.
#[derive(Clone, Debug)]
pub struct TreeHasher {
    frontier: TreeFrontier,
    record: Sha256,
    filled: usize,
}

impl TreeHasher {
    /// Starts an empty file.
    #[must_use]
    pub fn new() -> Self {
        Self { frontier: TreeFrontier::new(), record: leaf_hasher(), filled: 0 }
    }

    /// Adds the next bytes of the file.
    pub fn update(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some((piece, after)) = split_nonempty(rest, RECORD_BYTES - self.filled) {
            self.record.update(piece);
            self.filled += piece.len();
            if self.filled == RECORD_BYTES {
                self.end_record();
            }
            rest = after;
        }
    }

    /// Ends the file and gives its digest.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        if self.filled > 0 {
            self.end_record();
        }
        self.frontier.root()
    }

    fn end_record(&mut self) {
        let full = std::mem::replace(&mut self.record, leaf_hasher());
        self.frontier.push(full.finish());
        self.filled = 0;
    }
}

impl Default for TreeHasher {
    fn default() -> Self {
        Self::new()
    }
}

/// The first `at_most` bytes and the rest, or `None` at the end.
fn split_nonempty(bytes: &[u8], at_most: usize) -> Option<(&[u8], &[u8])> {
    let piece = bytes.split_at_checked(at_most).unwrap_or((bytes, &[]));
    (!piece.0.is_empty()).then_some(piece)
}
