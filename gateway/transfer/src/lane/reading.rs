//! Reading at the source: files and trees become frames, on a blocking thread.
//!
//! **Promises.** Each record is read once, hashed while it is in the cache and handed over; the channel to the connection
//! is bounded, so a slow network slows the reading and not the memory. No byte of a file leaves before the entry that says
//! so is durable: small files are read and held a few MiB at a time, then recorded together; a range is recorded first. A file that is not the one that was asked for, or
//! that changes while it is read, ends in `source-changed`, one that is gone in `source-vanished`; what was sent of it is
//! void. Symbolic links and special files are never opened. Every access goes through the item's permit.

use std::sync::Arc;

use sealane_audit::event::Transfer;
use sealane_audit::{Event, OutcomeRecord};
use sealane_connectors::{Connector, Reader, StorageError};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{RECORD_BYTES, TreeFrontier, leaf_hash};
use sealane_model::permit::Read;
use sealane_model::{Entry, EntryKind, Permit, RemotePath};
use serde::Serialize;
use tokio::sync::mpsc;

use super::buffer::{BufferPool, FrameBuffer};
use super::frame::FrameKind;
use crate::guard::{ItemLog, failed};
use crate::message::{
    BatchRequest, Bounded, Expected, FileEnd, FileFailed, PLAN_PAGE_BYTES, PlanPage, PlanRequest, RangeEnd,
    RangeRequest, SourceFailed,
};

/// A buffer with this much in it is sent at the next opportunity.
const SEND_AT: usize = 256 << 10;
/// Small files are held, until they are recorded, up to this many bytes and the file that exceeds them.
const HOLD: usize = 4 << 20;
/// Entries that are asked of the storage at a time.
const WALK_PAGE: usize = 500;
/// What an entry takes besides its names, at most.
const ENTRY_BYTES: usize = 64;

/// One item of the order, as this lane may read it.
pub(super) struct ReadableItem {
    /// Where it is.
    pub(super) root: RemotePath,
    /// Whether what lies beneath is meant too.
    pub(super) recursive: bool,
    /// The recorded yes.
    pub(super) permit: Permit<Read>,
    /// Records each file.
    pub(super) log: ItemLog,
}

/// What a lane may read.
pub(super) struct Readable {
    /// Opens the storage.
    pub(super) connector: Arc<dyn Connector>,
    /// The order's items.
    pub(super) items: Vec<ReadableItem>,
}

/// One request of the destination.
#[derive(Debug)]
pub(super) enum Wanted {
    Plan(PlanRequest),
    Range(RangeRequest),
    Batch(BatchRequest),
}

/// The connection is gone: stop reading.
#[derive(Debug)]
pub(super) struct Gone;

/// What answering one request moved.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moved {
    pub(super) bytes: u64,
    pub(super) files: u64,
}

/// Why a file or a request cannot be answered.
struct Unreadable {
    code: String,
    message: String,
}

impl From<StorageError> for Unreadable {
    fn from(error: StorageError) -> Self {
        let code = match &error {
            StorageError::NotFound => "source-vanished",
            other => other.code(),
        };
        Self { code: code.to_owned(), message: error.to_string() }
    }
}

impl Unreadable {
    fn new(code: &str, message: &str) -> Self {
        Self { code: code.to_owned(), message: message.to_owned() }
    }

    fn changed(how: &str) -> Self {
        Self::new("source-changed", how)
    }
}

/// Either the source has a fault to tell, or there is nobody to tell it to.
enum Stop {
    Unreadable(Unreadable),
    Gone,
}

impl<E: Into<Unreadable>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Unreadable(error.into())
    }
}

impl From<Gone> for Stop {
    fn from(_: Gone) -> Self {
        Self::Gone
    }
}

/// Answers requests into the channel that leads to the connection.
pub(super) struct Answering {
    source: Arc<Readable>,
    pool: Arc<BufferPool>,
    out: mpsc::Sender<FrameBuffer>,
    buffer: FrameBuffer,
    moved: Moved,
    /// Files that were read and may leave once they are recorded.
    held: Option<Held>,
}

/// Full buffers and the entries about what is in them.
#[derive(Default)]
struct Held {
    buffers: Vec<FrameBuffer>,
    bytes: usize,
    entries: Vec<Event>,
}

impl Answering {
    /// Ready for one request.
    pub(super) fn new(source: Arc<Readable>, pool: Arc<BufferPool>, out: mpsc::Sender<FrameBuffer>) -> Self {
        let buffer = pool.take();
        Self { source, pool, out, buffer, moved: Moved::default(), held: None }
    }

    /// Answers one request, blocking. The answer always ends with its closing frame.
    pub(super) fn answer(mut self, wanted: &Wanted) -> Result<Moved, Gone> {
        let result = match wanted {
            Wanted::Plan(request) => self.plan(request),
            Wanted::Range(request) => self.range(request),
            Wanted::Batch(request) => self.batch(request),
        };
        match result {
            Ok(()) => {}
            Err(Stop::Gone) => return Err(Gone),
            Err(Stop::Unreadable(Unreadable { code, message })) => {
                self.say(FrameKind::SourceFailed, &SourceFailed { code, message })?;
            }
        }
        self.send()?;
        let Self { pool, buffer, moved, .. } = self;
        pool.give(buffer);
        Ok(moved)
    }

    fn plan(&mut self, request: &PlanRequest) -> Result<(), Stop> {
        let source = Arc::clone(&self.source);
        let item = item_of(&source, request.item)?;
        let after = request.after.as_ref().map(|after| place(item, after)).transpose()?;
        let mut walk = source.connector.walk(&item.permit, &item.root, after.as_ref())?;
        loop {
            let entries = walk.next_page(WALK_PAGE)?;
            if entries.is_empty() {
                break;
            }
            self.pages(item, entries)?;
        }
        self.mark(FrameKind::PlanEnd)?;
        Ok(())
    }

    fn pages(&mut self, item: &ReadableItem, entries: Vec<Entry>) -> Result<(), Stop> {
        let mut page = PlanPage { entries: Vec::with_capacity(entries.len()) };
        let mut bytes = 0;
        for mut entry in entries {
            if !item.recursive && entry.kind == EntryKind::Directory {
                return Err(Stop::from(Unreadable::new(
                    "source-is-a-directory",
                    "a file was ordered, but a directory has its name",
                )));
            }
            // A walk beneath the root names nothing else; what did not lie there would be left out.
            let Some(path) = entry.path.strip_prefix(&item.root) else { continue };
            entry.path = path;
            bytes += ENTRY_BYTES + encoded_bytes(&entry.path);
            page.entries.push(entry);
            if bytes >= PLAN_PAGE_BYTES {
                self.say(FrameKind::PlanPage, &page)?;
                page.entries.clear();
                bytes = 0;
            }
        }
        if !page.entries.is_empty() {
            self.say(FrameKind::PlanPage, &page)?;
        }
        // Pages are wanted as they come: the destination begins to move while the source still lists.
        self.send()?;
        Ok(())
    }

    fn range(&mut self, request: &RangeRequest) -> Result<(), Stop> {
        let source = Arc::clone(&self.source);
        let item = item_of(&source, request.item)?;
        let path = match place(item, &request.path) {
            Ok(path) => path,
            Err(unreadable) => return Ok(self.file_failed(0, unreadable)?),
        };
        let mut begun = item.log.begin(Transfer::FileRelease, &path).detail("offset", request.offset);
        begun.object.bytes = Some(request.length);
        record(item, vec![begun.clone()])?;
        let before = self.moved.bytes;
        let result = self.file(&source, item, &path, &request.expect, request.offset, request.length);
        begun.object.bytes = Some(self.moved.bytes.saturating_sub(before));
        let (outcome, said) = match result {
            Ok(root) => {
                begun.object.digest = Some(root);
                (OutcomeRecord::done(), self.say(FrameKind::RangeEnd, &RangeEnd { root }))
            }
            Err(Stop::Unreadable(unreadable)) => (failed(&unreadable.code), self.file_failed(0, unreadable)),
            Err(Stop::Gone) => (failed("lane-lost"), Err(Gone)),
        };
        // The destination need not wait for the outcome: what left was recorded before it did.
        let sent = said.and_then(|()| self.send());
        record(item, vec![item.log.end(begun, outcome)])?;
        Ok(sent?)
    }

    fn batch(&mut self, request: &BatchRequest) -> Result<(), Stop> {
        let source = Arc::clone(&self.source);
        let item = item_of(&source, request.item)?;
        self.held = Some(Held::default());
        for (index, (path, expect)) in (0_u32..).zip(&request.files) {
            match place(item, path) {
                Ok(path) => self.small_file(&source, item, index, &path, expect)?,
                Err(unreadable) => self.file_failed(index, unreadable)?,
            }
            if self.held.as_ref().is_some_and(|held| held.bytes + self.buffer.filled().len() >= HOLD) {
                self.send()?;
                self.let_go(item)?;
                self.held = Some(Held::default());
            }
        }
        self.mark(FrameKind::BatchEnd)?;
        self.send()?;
        Ok(self.let_go(item)?)
    }

    fn small_file(
        &mut self,
        source: &Readable,
        item: &ReadableItem,
        index: u32,
        path: &RemotePath,
        expect: &Expected,
    ) -> Result<(), Stop> {
        let before = self.moved.bytes;
        let (mut entry, said) = match self.file(source, item, path, expect, 0, expect.size) {
            Ok(root) => {
                let mut entry = item.log.item(Transfer::FileRelease, path, OutcomeRecord::done());
                entry.object.digest = Some(root);
                self.moved.files += 1;
                (entry, self.say(FrameKind::FileEnd, &FileEnd { index, root }))
            }
            Err(Stop::Unreadable(unreadable)) => {
                let entry = item.log.item(Transfer::FileRelease, path, failed(&unreadable.code));
                (entry, self.file_failed(index, unreadable))
            }
            Err(Stop::Gone) => return Err(Stop::Gone),
        };
        entry.object.bytes = Some(self.moved.bytes.saturating_sub(before));
        if let Some(held) = &mut self.held {
            held.entries.push(entry);
        }
        Ok(said?)
    }

    /// Records what is held, then lets it leave.
    fn let_go(&mut self, item: &ReadableItem) -> Result<(), Gone> {
        let Some(held) = self.held.take() else { return Ok(()) };
        record(item, held.entries)?;
        held.buffers.into_iter().try_for_each(|buffer| self.out.blocking_send(buffer).map_err(|_| Gone))
    }

    /// Sends a part of one file; gives the head of the tree over the records that it sent.
    fn file(
        &mut self,
        source: &Readable,
        item: &ReadableItem,
        path: &RemotePath,
        expect: &Expected,
        offset: u64,
        length: u64,
    ) -> Result<Digest, Stop> {
        let reader = source.connector.open(&item.permit, path)?;
        if !expect.fits(reader.entry()) {
            return Err(Stop::from(Unreadable::changed("it is not the file any more that the listing showed")));
        }
        let mut records = TreeFrontier::new();
        let (mut at, end) = (offset, offset.saturating_add(length));
        while at < end {
            let left = usize::try_from(end - at).unwrap_or(RECORD_BYTES).min(RECORD_BYTES);
            records.push(self.record(reader.as_ref(), at, left)?);
            at = at.saturating_add(u64::try_from(left).unwrap_or(0));
        }
        reader.check_unchanged()?;
        Ok(records.root())
    }

    /// Sends one record; gives its leaf hash.
    fn record(&mut self, reader: &dyn Reader, at: u64, length: usize) -> Result<Digest, Stop> {
        if !self.buffer.has_room(length) {
            self.send()?;
        }
        let leaf = self.buffer.data(length, |space| -> Result<Digest, Stop> {
            let got = reader.read_at(at, space)?;
            if got < length {
                return Err(Stop::from(Unreadable::changed("it shrank while it was read")));
            }
            Ok(leaf_hash(space))
        })?;
        self.moved.bytes = self.moved.bytes.saturating_add(u64::try_from(length).unwrap_or(0));
        // What is held goes out later in any case: its buffers are filled to the brim.
        if self.held.is_none() && self.buffer.filled().len() >= SEND_AT {
            self.send()?;
        }
        leaf.ok_or(Stop::Gone)
    }

    fn file_failed(&mut self, index: u32, unreadable: Unreadable) -> Result<(), Gone> {
        let Unreadable { code, message } = unreadable;
        self.say(FrameKind::FileFailed, &FileFailed { index, code, message })
    }

    /// Adds a message, behind what is in the buffer already.
    fn say<T: Serialize + Bounded>(&mut self, kind: FrameKind, message: &T) -> Result<(), Gone> {
        for _ in 0..2 {
            // Our own messages are within their bounds; were one not, the lane could only end.
            if self.buffer.message(kind, message).map_err(|_| Gone)? {
                return Ok(());
            }
            self.send()?;
        }
        Err(Gone)
    }

    fn mark(&mut self, kind: FrameKind) -> Result<(), Gone> {
        if !self.buffer.mark(kind) {
            self.send()?;
            self.buffer.mark(kind);
        }
        Ok(())
    }

    /// Hands the buffer over, waiting for room in the channel, or holds it; and takes an empty one.
    fn send(&mut self) -> Result<(), Gone> {
        if self.buffer.filled().is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, self.pool.take());
        match &mut self.held {
            Some(held) => {
                held.bytes += full.filled().len();
                held.buffers.push(full);
                Ok(())
            }
            None => self.out.blocking_send(full).map_err(|_| Gone),
        }
    }
}

/// Records what is about to leave, or has left. What cannot be recorded does not leave: the lane ends, and the
/// destination tries again later.
fn record(item: &ReadableItem, entries: Vec<Event>) -> Result<(), Gone> {
    item.log.record(entries).map_err(|error| {
        tracing::error!(error = %error, "a lane ends, because what it carries cannot be recorded");
        Gone
    })
}

fn item_of(source: &Readable, item: u32) -> Result<&ReadableItem, Unreadable> {
    let index = usize::try_from(item).unwrap_or(usize::MAX);
    source.items.get(index).ok_or_else(|| Unreadable::new("item-unknown", "the order has no item of this number"))
}

/// Where a relative path of an item lies in the collection.
fn place(item: &ReadableItem, path: &RemotePath) -> Result<RemotePath, Unreadable> {
    if !item.recursive && !path.is_root() {
        return Err(Unreadable::new("not-ordered", "the order is for one file, not for what lies beneath it"));
    }
    item.root.try_append(path).map_err(|_| Unreadable::new("name-too-long", "the path is longer than a path can be"))
}

/// An upper bound of the bytes that a path takes in a message.
pub(super) fn encoded_bytes(path: &RemotePath) -> usize {
    path.components().iter().map(|name| name.as_bytes().len() + 3).sum()
}
