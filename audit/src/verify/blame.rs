//! Which entry was altered, when hashes disagree between two.
//!
//! If entry j names another hash for the entry before than that entry has, either may be the altered
//! one. The signed root decides: with the hash that j claims put in the place of j - 1, it fits exactly
//! if j - 1 was altered.

use std::io;
use std::path::Path;

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::TreeFrontier;

use crate::entry::{Link, leaf};
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::frame::Record;
use crate::note::Checkpoint;

/// Does the first signed root that covers entry `index` fit, if that entry's hash was `claimed`?
pub(super) fn fits(segments: &Path, index: u64, claimed: Digest) -> io::Result<bool> {
    let mut tree = TreeFrontier::new();
    let mut cursor = Cursor::new(segments, Place::default(), Care::Quick);
    loop {
        match cursor.step()? {
            Step::Record { record: Record::Body { bytes, .. }, .. } => {
                tree.push(if tree.size() == index { claimed } else { leaf(bytes) });
            }
            Step::Record { record: Record::Trailer { size, note }, .. } if size > index => {
                let head = std::str::from_utf8(note).ok().and_then(|text| Checkpoint::parse(text).ok());
                return Ok(head.is_some_and(|head| head.size() == tree.size() && head.root() == tree.root()));
            }
            Step::Record { .. } => {}
            Step::End | Step::Broken { .. } => return Ok(false),
        }
    }
}

/// Within the batch of entries `first..size`, whose root is not the one signed: the altered entry.
pub(super) fn in_batch(segments: &Path, first: u64, size: u64) -> io::Result<u64> {
    let mut cursor = Cursor::new(segments, Place::default(), Care::Quick);
    while let Step::Record { record, .. } = cursor.step()? {
        let Record::Body { bytes, .. } = record else { continue };
        let Ok(link) = serde_json::from_slice::<Link>(bytes) else { break };
        if link.index == size {
            let last = size.saturating_sub(1);
            return Ok(if fits(segments, last, link.prev)? { last } else { first });
        }
    }
    Ok(first)
}
