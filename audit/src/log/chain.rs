//! The rules that tie entries together, checked from the leaves up: recovery and verification share them.
//!
//! Each entry names its index and the leaf hash of the one before; each trailer's checkpoint carries the
//! RFC 6962 root over all entries so far. Signatures are left to the caller.

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::TreeFrontier;

use crate::entry::{Link, NOTHING_BEFORE, leaf};
use crate::note::Checkpoint;

/// What is wrong with an entry or trailer, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault(pub(crate) String);

#[derive(Debug, Clone)]
pub(crate) struct Chain {
    tree: TreeFrontier,
    prev: Digest,
}

impl Chain {
    pub(crate) const fn new() -> Self {
        Self { tree: TreeFrontier::new(), prev: NOTHING_BEFORE }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.tree.size()
    }

    pub(crate) fn root(&self) -> Digest {
        self.tree.root()
    }

    /// The heads of the complete subtrees, largest first.
    pub(crate) fn edge(&self) -> &[Digest] {
        self.tree.subtrees()
    }

    /// Leaf hash of the last entry.
    pub(crate) const fn prev(&self) -> Digest {
        self.prev
    }

    /// Takes an entry that is known to be right.
    pub(crate) fn push(&mut self, entry: &[u8]) -> Digest {
        let leaf = leaf(entry);
        self.take(leaf);
        leaf
    }

    fn take(&mut self, leaf: Digest) {
        self.tree.push(leaf);
        self.prev = leaf;
    }

    /// Checks an entry and takes it.
    pub(crate) fn entry(&mut self, index: u64, entry: &[u8]) -> Result<Digest, Fault> {
        let link = Link::read(entry).map_err(|error| error.to_string());
        let leaf = leaf(entry);
        self.linked(index, link, leaf)?;
        Ok(leaf)
    }

    /// As [`Chain::entry`], for an entry whose link was read and whose hash was computed elsewhere.
    pub(crate) fn linked(&mut self, index: u64, link: Result<Link, String>, leaf: Digest) -> Result<(), Fault> {
        let expected = self.size();
        if index != expected {
            return Err(Fault(format!("entry {expected} was expected and {index} stands here")));
        }
        let link = link.map_err(|error| Fault(format!("it is not an entry ({error})")))?;
        if link.index != index {
            return Err(Fault(format!("it says that its index is {}", link.index)));
        }
        if link.prev != self.prev {
            return Err(Fault("its `prev` is not the hash of the entry before".to_owned()));
        }
        self.take(leaf);
        Ok(())
    }

    /// Checks a batch trailer against the entries so far.
    pub(crate) fn trailer(&self, size: u64, note: &[u8], origin: &str) -> Result<Checkpoint, Fault> {
        let text = std::str::from_utf8(note).map_err(|_| Fault("its checkpoint is not text".to_owned()))?;
        let checkpoint = Checkpoint::parse(text).map_err(|error| Fault(format!("its batch trailer is {error}")))?;
        if size != self.size() || checkpoint.size() != size {
            return Err(Fault(format!(
                "its batch trailer is for {} entries and {} stand before it",
                checkpoint.size(),
                self.size()
            )));
        }
        if checkpoint.origin() != origin {
            return Err(Fault(format!("its batch trailer is of another log, {:?}", checkpoint.origin())));
        }
        if checkpoint.root() != self.root() {
            return Err(Fault("the root over the entries is not the one that was signed".to_owned()));
        }
        Ok(checkpoint)
    }
}
