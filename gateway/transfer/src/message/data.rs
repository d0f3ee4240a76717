//! What is said on a lane: the order that opens it, the destination's requests, the source's answers.
//!
//! Paths are relative to the source root of an item of the order; the root itself is `/`. Answers come in the order of
//! the requests. File contents travel as raw frames of at most one tree record (1 MiB) each.

use sealane_crypto::Signed;
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::RECORD_BYTES;
use sealane_model::limits::{BATCH_BYTES, BATCH_FILES, MAX_LANES, RANGE_BYTES, SMALL_FILE_BYTES};
use sealane_model::{Entry, FileTime, Order, RemotePath};
use serde::{Deserialize, Serialize};

use super::bounds::{Bounded, OutOfBounds, SENTENCE, WORD, at_most, entries};
use crate::order::MAX_ITEMS;

/// Bytes of encoded paths that one batch request may hold; a batch of long paths must be cut earlier.
pub const BATCH_PATH_BYTES: usize = 512 << 10;
/// Bytes of encoded entries after which a plan page ends.
pub const PLAN_PAGE_BYTES: usize = 256 << 10;

/// Opens one lane with an order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaneOpen {
    /// The order, as it was signed.
    pub order: Signed<Order>,
    /// Which of its lanes, from 0.
    pub lane: u16,
}

/// The lane is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// The cipher suite that the source sees.
    pub cipher: String,
}

/// What the destination knows of a file that it asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expected {
    /// Its length.
    pub size: u64,
    /// Its time of last change.
    pub modified: FileTime,
    /// Which object the name stood for.
    pub identity: u128,
}

impl Expected {
    /// What a plan's entry says.
    #[must_use]
    pub const fn of(entry: &Entry) -> Self {
        Self { size: entry.size, modified: entry.modified, identity: entry.identity }
    }

    /// Whether the entry is still the same file with the same content.
    #[must_use]
    pub fn fits(&self, entry: &Entry) -> bool {
        *self == Self::of(entry)
    }
}

/// Asks for the names beneath an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRequest {
    /// Which item of the order.
    pub item: u32,
    /// The last path that is known, to go on after it.
    pub after: Option<RemotePath>,
}

/// Some of the names beneath an item, in order of the walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanPage {
    /// The entries, their paths relative to the item's root.
    pub entries: Vec<Entry>,
}

/// Asks for a part of one file: whole tree records, save at the file's end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeRequest {
    /// Which item of the order.
    pub item: u32,
    /// Which file.
    pub path: RemotePath,
    /// What is known of it.
    pub expect: Expected,
    /// Where the range begins: a multiple of 1 MiB.
    pub offset: u64,
    /// How long it is: at most 16 MiB.
    pub length: u64,
}

/// Asks for many small files in one go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BatchRequest {
    /// Which item of the order.
    pub item: u32,
    /// The files and what is known of them.
    pub files: Vec<(RemotePath, Expected)>,
}

/// A range was sent whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct RangeEnd {
    /// Head of the tree over the range's records.
    pub root: Digest,
}

/// A file of a batch was sent whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileEnd {
    /// Which of the batch's files.
    pub index: u32,
    /// Head of the tree over its records.
    pub root: Digest,
}

/// A file could not be sent. What came of it is to be thrown away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileFailed {
    /// Which of the batch's files; 0 for a range.
    pub index: u32,
    /// A stable word, such as `source-changed` or `source-vanished`.
    pub code: String,
    /// What happened, free of names.
    pub message: String,
}

/// A whole request could not be answered; the lane stays open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFailed {
    /// A stable word.
    pub code: String,
    /// What happened, free of names.
    pub message: String,
}

impl Bounded for LaneOpen {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("a lane number", usize::from(self.lane), usize::from(MAX_LANES))
    }
}

impl Bounded for Opened {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("a cipher suite", self.cipher.len(), WORD)
    }
}

impl Bounded for PlanRequest {
    fn check(&self) -> Result<(), OutOfBounds> {
        item(self.item)
    }
}

impl Bounded for PlanPage {
    fn check(&self) -> Result<(), OutOfBounds> {
        entries(&self.entries)
    }
}

impl Bounded for RangeRequest {
    fn check(&self) -> Result<(), OutOfBounds> {
        item(self.item)?;
        let record = u64::try_from(RECORD_BYTES).unwrap_or(u64::MAX);
        let end = self.offset.checked_add(self.length);
        let whole_records = self.length.is_multiple_of(record) || end == Some(self.expect.size);
        let fits = self.offset.is_multiple_of(record)
            && (1..=RANGE_BYTES).contains(&self.length)
            && whole_records
            && end.is_some_and(|end| end <= self.expect.size);
        if fits { Ok(()) } else { Err(OutOfBounds { what: "a range" }) }
    }
}

impl Bounded for BatchRequest {
    fn check(&self) -> Result<(), OutOfBounds> {
        item(self.item)?;
        at_most("files of a batch", self.files.len(), BATCH_FILES)?;
        let mut total = 0_u64;
        for (_, expect) in &self.files {
            total = total.saturating_add(expect.size);
            if expect.size > SMALL_FILE_BYTES {
                return Err(OutOfBounds { what: "a file of a batch" });
            }
        }
        if total <= BATCH_BYTES { Ok(()) } else { Err(OutOfBounds { what: "bytes of a batch" }) }
    }
}

impl Bounded for RangeEnd {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

impl Bounded for FileEnd {
    fn check(&self) -> Result<(), OutOfBounds> {
        Ok(())
    }
}

impl Bounded for FileFailed {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("a code", self.code.len(), WORD)?;
        at_most("a message", self.message.len(), SENTENCE)
    }
}

impl Bounded for SourceFailed {
    fn check(&self) -> Result<(), OutOfBounds> {
        at_most("a code", self.code.len(), WORD)?;
        at_most("a message", self.message.len(), SENTENCE)
    }
}

fn item(item: u32) -> Result<(), OutOfBounds> {
    at_most("an item number", usize::try_from(item).unwrap_or(usize::MAX), MAX_ITEMS)
}
