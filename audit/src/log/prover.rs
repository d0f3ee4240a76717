//! Proofs about an open log, from the hashes in memory and one or two blocks of leaf hashes.
//!
//! Leaf hashes that memory has forgotten come from the tiles, or from the segments where a tile is missing,
//! behind or not what it should be. Either way they must fold to the hash that memory knows, and a proof is
//! checked before it is handed out: what cannot be proven truly is an error, never a wrong proof.

use std::fs;

use sealane_crypto::digest::{Digest, root_of, verify_consistency, verify_inclusion};

use super::cursor::{Care, Cursor, Step};
use super::error::{ProveError, ReadError};
use super::frame::Record;
use super::hashes::{BLOCK, BLOCK_LEVEL};
use super::state::LogState;
use super::tile;
use crate::entry::leaf;
use crate::note::Checkpoint;
use crate::proof::LogProof;
use crate::proof::path::{self, Subtrees};
use crate::witness::AddCheckpoint;

pub(super) struct Prover<'a> {
    state: &'a LogState,
    head: Checkpoint,
    /// The block read last: neighbours are asked for one after another.
    block: Option<(u64, Vec<Digest>)>,
}

impl<'a> Prover<'a> {
    pub(super) fn new(state: &'a LogState) -> Self {
        let head = state.head();
        state.settle_hashes();
        Self { state, head, block: None }
    }

    pub(super) fn leaf(&mut self, index: u64) -> Result<Digest, ProveError> {
        if index >= self.head.size() {
            return Err(self.out_of_range());
        }
        Ok(self.subtree(0, index)?)
    }

    pub(super) fn root(&mut self, size: u64) -> Result<Digest, ProveError> {
        if size > self.head.size() {
            return Err(self.out_of_range());
        }
        if size == self.head.size() {
            return Ok(self.head.root());
        }
        Ok(path::root(self, size)?)
    }

    pub(super) fn edge(&mut self, size: u64) -> Result<Vec<Digest>, ProveError> {
        if size > self.head.size() {
            return Err(self.out_of_range());
        }
        Ok(path::edge(self, size)?)
    }

    pub(super) fn inclusion(&mut self, index: u64, size: u64) -> Result<Vec<Digest>, ProveError> {
        let root = self.root(size)?;
        if index >= size {
            return Err(self.out_of_range());
        }
        let proof = path::inclusion(self, index, size)?;
        let leaf = self.leaf(index)?;
        let proves = verify_inclusion(&leaf, index, size, &proof, &root);
        proves.map_err(|error| damaged(index, error.to_string()))?;
        Ok(proof)
    }

    pub(super) fn consistency(&mut self, old: u64, new: u64) -> Result<Vec<Digest>, ProveError> {
        let (old_root, new_root) = (self.root(old)?, self.root(new)?);
        if old > new {
            return Err(self.out_of_range());
        }
        let proof = path::consistency(self, old, new)?;
        let proves = verify_consistency(old, &old_root, new, &new_root, &proof);
        proves.map_err(|error| damaged(old, error.to_string()))?;
        Ok(proof)
    }

    pub(super) fn proof(&mut self, index: u64, checkpoint: &Checkpoint) -> Result<LogProof, ProveError> {
        self.own(checkpoint)?;
        let hashes = self.inclusion(index, checkpoint.size())?;
        Ok(LogProof { index, hashes, checkpoint: checkpoint.clone(), extra: None })
    }

    pub(super) fn witness_request(&mut self, checkpoint: &Checkpoint, old: u64) -> Result<AddCheckpoint, ProveError> {
        self.own(checkpoint)?;
        let proof = self.consistency(old, checkpoint.size())?;
        Ok(AddCheckpoint { old, proof, checkpoint: checkpoint.clone() })
    }

    /// A head that this log has passed through.
    pub(super) fn own(&mut self, checkpoint: &Checkpoint) -> Result<(), ProveError> {
        let size = checkpoint.size();
        if checkpoint.origin() != self.state.origin || self.root(size)? != checkpoint.root() {
            return Err(ProveError::Foreign { origin: checkpoint.origin().to_owned(), size });
        }
        Ok(())
    }

    fn out_of_range(&self) -> ProveError {
        ProveError::OutOfRange { size: self.head.size() }
    }

    fn load(&self, number: u64) -> Result<Vec<Digest>, ReadError> {
        if let Some(block) = self.state.block_of_hashes(number) {
            return Ok(block);
        }
        let known = self.state.subtree_hash(BLOCK_LEVEL, number);
        let known = known.ok_or_else(|| damaged(number * 256, "its hash is not known".to_owned()))?;
        if let Some(block) = self.tile_hashes(number).filter(|block| root_of(block) == known) {
            return Ok(block);
        }
        let block = self.entry_hashes(number)?;
        if root_of(&block) != known {
            let why = "it or one of the 255 entries after it is not what was written".to_owned();
            return Err(damaged(number * 256, why));
        }
        Ok(block)
    }

    fn tile_hashes(&self, number: u64) -> Option<Vec<Digest>> {
        let bytes = fs::read(tile::path(&self.state.layout.tiles(), 0, number)).ok()?;
        let (hashes, rest) = bytes.as_chunks::<32>();
        let whole = hashes.len() == BLOCK && rest.is_empty();
        whole.then(|| hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect())
    }

    fn entry_hashes(&self, number: u64) -> Result<Vec<Digest>, ReadError> {
        let first = number * 256;
        let place = self.state.places_before(first).0;
        let mut block = Vec::with_capacity(BLOCK);
        let mut cursor = Cursor::new(&self.state.layout.segments(), place, Care::Quick);
        while block.len() < BLOCK {
            match cursor.step()? {
                Step::Record { record: Record::Body { index, bytes }, .. } if index >= first => block.push(leaf(bytes)),
                Step::Record { .. } => {}
                Step::End => return Err(damaged(first, "the log ends before it".to_owned())),
                Step::Broken { why, .. } => return Err(damaged(first, why.to_owned())),
            }
        }
        Ok(block)
    }
}

impl Subtrees for Prover<'_> {
    type Error = ReadError;

    fn subtree(&mut self, level: u32, index: u64) -> Result<Digest, ReadError> {
        let first = index << level;
        if level >= BLOCK_LEVEL {
            let known = self.state.subtree_hash(level, index);
            return known.ok_or_else(|| damaged(first, "the hash over it is not known".to_owned()));
        }
        let number = first / 256;
        if self.block.as_ref().is_none_or(|(loaded, _)| *loaded != number) {
            self.block = Some((number, self.load(number)?));
        }
        let at = usize::try_from(first % 256).unwrap_or(usize::MAX);
        let leaves = self.block.as_ref().and_then(|(_, block)| block.get(at..at + (1 << level)));
        leaves.map(root_of).ok_or_else(|| damaged(first, "its leaf hash is not known".to_owned()))
    }
}

fn damaged(index: u64, why: String) -> ReadError {
    ReadError::Damaged { index, why }
}
