//! Writes a pack, line by line, in constant memory.

use std::io::{self, Write};

use sealane_crypto::digest::tree::TreeFrontier;
use sealane_crypto::digest::{Digest, Sha256, leaf_hash, verify_inclusion};
use serde::Serialize;

use super::{End, Header, MAX_LINE_BYTES, Opening, PackedEntry};
use crate::log::{ProveError, ReadError};

/// A pack that cannot be written. What was written so far is no pack.
#[derive(Debug, thiserror::Error)]
pub enum PackError {
    /// The target refused.
    #[error("the pack cannot be written: {0}; make room or choose another place, and ask again")]
    Write(#[from] io::Error),
    /// A proof cannot be made.
    #[error("an entry of the pack cannot be proven: {0}")]
    Prove(#[from] ProveError),
    /// An entry cannot be read.
    #[error("an entry of the pack cannot be read: {0}")]
    Read(#[from] ReadError),
    /// An entry that does not belong where it was handed in.
    #[error("entry {index} does not belong into the pack: {why}")]
    Entry {
        /// Its index.
        index: u64,
        /// Why not.
        why: &'static str,
    },
    /// Entries of the range were not handed in.
    #[error("the pack was to hold the entries before {to} and ends before {size}")]
    Short {
        /// Where the range ends.
        to: u64,
        /// Where the entries end.
        size: u64,
    },
}

/// A pack being written. Entries are checked against the checkpoint as they come: no pack is made that does
/// not verify.
#[derive(Debug)]
pub struct Writer<W> {
    out: W,
    hash: Sha256,
    header: Header,
    /// Entries so far in a contiguous pack.
    tree: Option<TreeFrontier>,
    /// Smallest index that may come next.
    next: u64,
    entries: u64,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes the header.
    ///
    /// # Errors
    /// [`PackError::Write`], or [`PackError::Entry`] when the header's range is none.
    pub fn begin(out: W, header: Header) -> Result<Self, PackError> {
        let tree = match &header.range {
            None => None,
            Some(range) => {
                let why = "the hashes before it are not those of the range";
                Some(range.frontier().ok_or(PackError::Entry { index: range.from, why })?)
            }
        };
        let next = tree.as_ref().map_or(0, TreeFrontier::size);
        let mut writer = Self { out, hash: Sha256::new(), header, tree, next, entries: 0, line: Vec::new() };
        let first = writer.header.clone();
        writer.write(&first)?;
        Ok(writer)
    }

    /// Writes an entry; with its inclusion proof, unless the pack is contiguous.
    ///
    /// # Errors
    /// [`PackError`] when it is out of order, not proven, or does not match its openings.
    pub fn entry(
        &mut self,
        index: u64,
        json: &str,
        proof: Option<Vec<Digest>>,
        openings: Vec<Opening>,
    ) -> Result<(), PackError> {
        let wrong = |why| Err(PackError::Entry { index, why });
        let leaf = leaf_hash(json.as_bytes());
        match (&mut self.tree, &proof) {
            (Some(tree), None) if index == tree.size() => tree.push(leaf),
            (Some(_), _) => return wrong("it does not follow the one before in a contiguous pack"),
            (None, Some(proof)) if index >= self.next => {
                let head = &self.header.checkpoint;
                if verify_inclusion(&leaf, index, head.size(), proof, &head.root()).is_err() {
                    return wrong("its proof does not lead to the pack's checkpoint");
                }
            }
            (None, Some(_)) => return wrong("it comes after a later one"),
            (None, None) => return wrong("it comes without a proof"),
        }
        self.next = index.saturating_add(1);
        self.entries += 1;
        self.write(&PackedEntry { index, entry: json.to_owned(), proof, openings })
    }

    /// Writes the last line, and says how many entries the pack holds.
    ///
    /// # Errors
    /// [`PackError`] when the range is not full or not proven.
    pub fn finish(mut self) -> Result<(W, u64), PackError> {
        if let (Some(tree), Some(range)) = (&self.tree, &self.header.range) {
            if tree.size() < range.to {
                return Err(PackError::Short { to: range.to, size: tree.size() });
            }
            let head = &self.header.checkpoint;
            if range.settle(tree, head.size(), &head.root()).is_err() {
                let why = "the range does not lead to the pack's checkpoint";
                return Err(PackError::Entry { index: range.from, why });
            }
        }
        let sha256 = self.hash.clone().finish();
        self.write(&End { entries: self.entries, sha256 })?;
        self.out.flush()?;
        Ok((self.out, self.entries))
    }

    fn write(&mut self, line: &impl Serialize) -> Result<(), PackError> {
        self.line.clear();
        serde_json::to_writer(&mut self.line, line).map_err(io::Error::from)?;
        self.line.push(b'\n');
        if self.line.len() > MAX_LINE_BYTES {
            return Err(io::Error::other("a line is longer than a pack allows").into());
        }
        self.hash.update(&self.line);
        self.out.write_all(&self.line)?;
        Ok(())
    }
}
