//! The tree in memory, coarsely: the hash of every complete subtree of 256 entries and more, and the leaf
//! hashes of the newest entries.
//!
//! 64 bytes for 256 entries, so a proof needs at most two blocks of leaf hashes from disk and no other
//! reading. What is here comes from entries that were checked at opening or written since; leaf hashes
//! that were forgotten are read again (tiles, else segments) and compared with what is here.

use std::collections::VecDeque;

use sealane_crypto::digest::{Digest, node_hash, root_of};

/// Leaf hashes in a block: one tile's worth.
pub(super) const BLOCK: usize = 256;

/// The level of the hash over a block.
pub(super) const BLOCK_LEVEL: u32 = 8;

/// Whole blocks whose leaf hashes are remembered: proofs of what was just written read no file.
const REMEMBERED: usize = 16;

#[derive(Debug, Clone, Default)]
pub(super) struct Hashes {
    /// From level 8 up, every complete subtree's hash.
    levels: Vec<Vec<Digest>>,
    /// The newest blocks; all but the last are full.
    recent: VecDeque<Vec<Digest>>,
    /// Blocks before `recent`.
    forgotten: u64,
}

impl Hashes {
    pub(super) fn push(&mut self, leaf: Digest) {
        match self.recent.back_mut() {
            Some(block) if block.len() < BLOCK => block.push(leaf),
            _ => {
                let mut block = Vec::with_capacity(BLOCK);
                block.push(leaf);
                self.recent.push_back(block);
            }
        }
    }

    /// The next full block without a hash, and its number.
    pub(super) fn unfolded(&self) -> Option<(u64, Vec<Digest>)> {
        let number = self.folded();
        let block = self.recent.get(usize::try_from(number.checked_sub(self.forgotten)?).ok()?)?;
        (block.len() == BLOCK).then(|| (number, block.clone()))
    }

    /// Takes the hash of the block that [`Hashes::unfolded`] gave, unless somebody else was faster.
    pub(super) fn fold(&mut self, number: u64, hash: Digest) {
        if number != self.folded() {
            return;
        }
        let mut carried = Some(hash);
        let mut level = 0;
        while let Some(hash) = carried.take() {
            if self.levels.len() == level {
                self.levels.push(Vec::new());
            }
            let Some(hashes) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if let ([.., left, right], true) = (hashes.as_slice(), hashes.len() % 2 == 0) {
                carried = Some(node_hash(left, right));
            }
            level += 1;
        }
        // INVARIANT: only blocks whose hash is known are forgotten.
        while self.recent.len() > REMEMBERED && self.forgotten < self.folded() {
            self.recent.pop_front();
            self.forgotten += 1;
        }
    }

    /// Hashes all full blocks, where nobody waits for it.
    pub(super) fn settle(&mut self) {
        while let Some((number, block)) = self.unfolded() {
            self.fold(number, root_of(&block));
        }
    }

    fn folded(&self) -> u64 {
        self.levels.first().map_or(0, |blocks| u64::try_from(blocks.len()).unwrap_or(u64::MAX))
    }

    /// The hash of a complete subtree of a block or more.
    pub(super) fn subtree(&self, level: u32, index: u64) -> Option<Digest> {
        let hashes = self.levels.get(usize::try_from(level.checked_sub(BLOCK_LEVEL)?).ok()?)?;
        hashes.get(usize::try_from(index).ok()?).copied()
    }

    /// Leaf hashes of a block, if they are remembered.
    pub(super) fn block(&self, number: u64) -> Option<Vec<Digest>> {
        self.recent.get(usize::try_from(number.checked_sub(self.forgotten)?).ok()?).cloned()
    }
}

#[cfg(test)]
mod tests {
    use sealane_crypto::digest::leaf_hash;

    use super::*;

    #[test]
    fn every_complete_subtree_has_its_hash_and_only_new_leaves_are_remembered() {
        let count = (REMEMBERED + 5) * BLOCK + 7;
        let leaves: Vec<Digest> = (0..count).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut hashes = Hashes::default();
        for leaf in &leaves {
            hashes.push(*leaf);
        }
        assert_eq!(hashes.block(0).as_deref(), Some(&leaves[..BLOCK]), "nothing is forgotten before it is hashed");
        hashes.settle();
        assert_eq!(hashes.block(0), None);
        let last = count / BLOCK;
        assert_eq!(hashes.block(last as u64).as_deref(), Some(&leaves[last * BLOCK..]));
        for level in 8..24 {
            for index in 0..=(count >> level) {
                let whole = leaves.get(index << level..(index + 1) << level);
                assert_eq!(hashes.subtree(level, index as u64), whole.map(root_of), "level {level}, {index}");
            }
        }
        assert_eq!(hashes.subtree(7, 0), None);
    }
}
