//! The source at the same site: what a lane is for another site, without a network.
//!
//! **Promises.** The same requests get the same answers in the same order as from a lane, and a file that changed since it
//! was listed, or changes while it is read, is refused in the same words. Reading runs ahead of writing by a few records.

use std::sync::Arc;

use sealane_audit::event::Transfer;
use sealane_audit::{Event, OutcomeRecord};
use sealane_connectors::{Change, Connector, Reader, StorageError};
use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{RECORD_BYTES, TreeHasher};
use sealane_model::limits::MAX_PAGE;
use sealane_model::{Entry, Item, Permit, RemotePath, permit};
use tokio::sync::mpsc;

use crate::guard::{ItemLog, failed};
use crate::lane::{Chunk, LaneError};
use crate::message::{BatchRequest, Expected, RangeRequest};

/// Records that are read ahead.
const AHEAD: usize = 2;

/// What the reading thread says.
enum Piece {
    Data(Vec<u8>),
    Said(Chunk),
    Plan(Vec<Entry>),
    Broken(StorageError),
}

/// Where one item's data are: its root, and the permit to read beneath it.
pub(super) struct LocalItem {
    pub(super) root: RemotePath,
    pub(super) permit: Arc<Permit<permit::Read>>,
    pub(super) log: ItemLog,
}

/// The source's storage, asked as a lane is asked.
pub(super) struct LocalSource {
    connector: Arc<dyn Connector>,
    items: Arc<Vec<LocalItem>>,
    pieces: Option<mpsc::Receiver<Piece>>,
    /// Buffers that the writer gave back.
    spare: Option<mpsc::Sender<Vec<u8>>>,
}

impl LocalSource {
    pub(super) fn new(connector: Arc<dyn Connector>, items: Arc<Vec<LocalItem>>) -> Self {
        Self { connector, items, pieces: None, spare: None }
    }

    /// Starts a reading thread; it ends when its work is done or nobody listens any more.
    fn start(&mut self, work: impl FnOnce(&Outlet, &dyn Connector, &[LocalItem]) + Send + 'static) {
        let (pieces, receiver) = mpsc::channel(AHEAD);
        let (spare, spares) = mpsc::channel(AHEAD + 2);
        let (connector, items) = (Arc::clone(&self.connector), Arc::clone(&self.items));
        tokio::task::spawn_blocking(move || {
            let outlet = Outlet { pieces, spares: std::cell::RefCell::new(spares) };
            work(&outlet, connector.as_ref(), &items);
        });
        self.pieces = Some(receiver);
        self.spare = Some(spare);
    }

    pub(super) fn plan(&mut self, item: u32, after: Option<RemotePath>) {
        self.start(move |outlet, connector, items| {
            if let Err(error) = walk(outlet, connector, items, item, after.as_ref()) {
                outlet.say(Piece::Broken(error));
            }
        });
    }

    pub(super) async fn next_plan_page(&mut self) -> Result<Option<Vec<Entry>>, LaneError> {
        match self.next().await {
            Some(Piece::Plan(page)) if page.is_empty() => Ok(None),
            Some(Piece::Plan(page)) => Ok(Some(page)),
            Some(Piece::Broken(error)) => Err(broken(&error)),
            _ => Err(LaneError::Closed),
        }
    }

    pub(super) fn request_range(&mut self, request: RangeRequest) {
        self.start(move |outlet, connector, items| {
            let (said, entry) = match send_range(outlet, connector, items, &request) {
                Ok(root) => {
                    (Chunk::RangeEnd { root }, released(items, request.item, &request.path, request.length, Ok(root)))
                }
                Err(error) => (unsent(0, &error), released(items, request.item, &request.path, 0, Err(&error))),
            };
            let entry = entry.map(|entry| entry.detail("offset", request.offset));
            if record(items, request.item, entry.into_iter().collect()) {
                outlet.say(Piece::Said(said));
            }
        });
    }

    pub(super) fn request_batch(&mut self, request: BatchRequest) {
        self.start(move |outlet, connector, items| {
            let mut entries = Vec::with_capacity(request.files.len());
            for (index, (path, expect)) in (0_u32..).zip(&request.files) {
                let (said, entry) = match send_file(outlet, connector, items, request.item, path, expect) {
                    Ok(root) => {
                        (Chunk::FileEnd { index, root }, released(items, request.item, path, expect.size, Ok(root)))
                    }
                    Err(error) => (unsent(index, &error), released(items, request.item, path, 0, Err(&error))),
                };
                entries.extend(entry);
                if !outlet.say(Piece::Said(said)) {
                    return;
                }
            }
            // Nothing of a batch gets its name before its end is said.
            if record(items, request.item, entries) {
                outlet.say(Piece::Said(Chunk::BatchEnd));
            }
        });
    }

    pub(super) async fn next_chunk(&mut self, buffer: &mut Vec<u8>) -> Result<Chunk, LaneError> {
        match self.next().await {
            Some(Piece::Data(data)) => {
                let old = std::mem::replace(buffer, data);
                if let Some(spare) = &self.spare {
                    // Where the thread has enough of them, the buffer is simply dropped.
                    let _ = spare.try_send(old);
                }
                Ok(Chunk::Data)
            }
            Some(Piece::Said(chunk)) => Ok(chunk),
            Some(Piece::Broken(error)) => Err(broken(&error)),
            Some(Piece::Plan(_)) | None => Err(LaneError::Closed),
        }
    }

    async fn next(&mut self) -> Option<Piece> {
        match &mut self.pieces {
            Some(pieces) => pieces.recv().await,
            None => None,
        }
    }
}

/// The way out of a reading thread.
struct Outlet {
    pieces: mpsc::Sender<Piece>,
    spares: std::cell::RefCell<mpsc::Receiver<Vec<u8>>>,
}

impl Outlet {
    /// `false` if nobody listens any more.
    fn say(&self, piece: Piece) -> bool {
        self.pieces.blocking_send(piece).is_ok()
    }

    fn buffer(&self, length: usize) -> Vec<u8> {
        let mut buffer = self.spares.borrow_mut().try_recv().unwrap_or_default();
        buffer.resize(length, 0);
        buffer
    }
}

fn item_of(items: &[LocalItem], item: u32) -> Result<&LocalItem, StorageError> {
    usize::try_from(item).ok().and_then(|item| items.get(item)).ok_or(StorageError::NotPermitted)
}

fn below(root: &RemotePath, path: &RemotePath) -> Result<RemotePath, StorageError> {
    root.try_append(path).map_err(|_| StorageError::NameTooLong)
}

fn walk(
    outlet: &Outlet,
    connector: &dyn Connector,
    items: &[LocalItem],
    item: u32,
    after: Option<&RemotePath>,
) -> Result<(), StorageError> {
    let item = item_of(items, item)?;
    let after = after.map(|after| below(&item.root, after)).transpose()?;
    let mut walk = connector.walk(&item.permit, &item.root, after.as_ref())?;
    loop {
        let mut page = walk.next_page(MAX_PAGE)?;
        for entry in &mut page {
            entry.path = entry.path.strip_prefix(&item.root).ok_or(StorageError::Escapes)?;
        }
        let last = page.is_empty();
        if !outlet.say(Piece::Plan(page)) || last {
            return Ok(());
        }
    }
}

fn open(
    connector: &dyn Connector,
    items: &[LocalItem],
    item: u32,
    path: &RemotePath,
    expect: &Expected,
) -> Result<Box<dyn Reader>, StorageError> {
    let item = item_of(items, item)?;
    let reader = connector.open(&item.permit, &below(&item.root, path)?)?;
    match change_of(expect, reader.entry()) {
        None => Ok(reader),
        Some(change) => Err(StorageError::SourceChanged { change }),
    }
}

/// How a file differs from what the plan said of it.
fn change_of(expect: &Expected, entry: &Entry) -> Option<Change> {
    if expect.fits(entry) {
        None
    } else if entry.identity != expect.identity {
        Some(Change::Replaced)
    } else if entry.size > expect.size {
        Some(Change::Grew)
    } else if entry.size < expect.size {
        Some(Change::Shrank)
    } else {
        Some(Change::Modified)
    }
}

fn send_range(
    outlet: &Outlet,
    connector: &dyn Connector,
    items: &[LocalItem],
    request: &RangeRequest,
) -> Result<Digest, StorageError> {
    let reader = open(connector, items, request.item, &request.path, &request.expect)?;
    send(outlet, reader.as_ref(), request.offset, request.length)
}

fn send_file(
    outlet: &Outlet,
    connector: &dyn Connector,
    items: &[LocalItem],
    item: u32,
    path: &RemotePath,
    expect: &Expected,
) -> Result<Digest, StorageError> {
    let reader = open(connector, items, item, path, expect)?;
    send(outlet, reader.as_ref(), 0, expect.size)
}

/// Reads, hashes and hands on; then makes sure that the file was the same all the while.
fn send(outlet: &Outlet, reader: &dyn Reader, offset: u64, length: u64) -> Result<Digest, StorageError> {
    let mut hasher = TreeHasher::new();
    let mut at = offset;
    let end = offset.saturating_add(length);
    while at < end {
        let wanted = usize::try_from(end - at).unwrap_or(RECORD_BYTES).min(RECORD_BYTES);
        let mut buffer = outlet.buffer(wanted);
        if reader.read_at(at, &mut buffer)? < wanted {
            return Err(StorageError::SourceChanged { change: Change::Shrank });
        }
        hasher.update(&buffer);
        at += u64::try_from(wanted).unwrap_or(u64::MAX);
        if !outlet.say(Piece::Data(buffer)) {
            break;
        }
    }
    reader.check_unchanged()?;
    Ok(hasher.finish())
}

/// The entry about a file that was read here; none for an item or a path that cannot be.
fn released(
    items: &[LocalItem],
    item: u32,
    path: &RemotePath,
    bytes: u64,
    read: Result<Digest, &StorageError>,
) -> Option<Event> {
    let item = item_of(items, item).ok()?;
    let path = below(&item.root, path).ok()?;
    let outcome = read.map_or_else(|error| failed(source_code(error)), |_| OutcomeRecord::done());
    let mut event = item.log.item(Transfer::FileRelease, &path, outcome);
    event.object.bytes = Some(bytes);
    event.object.digest = read.ok();
    Some(event)
}

/// `false` if what was read could not be recorded: then nobody gets it.
fn record(items: &[LocalItem], item: u32, entries: Vec<Event>) -> bool {
    let Ok(item) = item_of(items, item) else { return entries.is_empty() };
    item.log.record(entries).inspect_err(|error| tracing::error!(error = %error, "files could not be recorded")).is_ok()
}

fn unsent(index: u32, error: &StorageError) -> Chunk {
    Chunk::FileFailed { index, code: source_code(error).to_owned(), message: error.to_string() }
}

/// At the source a name that is gone has vanished since it was listed.
fn source_code(error: &StorageError) -> &'static str {
    match error {
        StorageError::NotFound => "source-vanished",
        error => error.code(),
    }
}

fn broken(error: &StorageError) -> LaneError {
    LaneError::Source { code: source_code(error).to_owned(), message: error.to_string() }
}

/// The roots of a task's items, each with its permit.
pub(super) fn local_items(
    items: &[Item],
    permits: Vec<Arc<Permit<permit::Read>>>,
    logs: Vec<ItemLog>,
) -> Vec<LocalItem> {
    let of_item = |((item, permit), log): ((&Item, _), _)| LocalItem { root: item.source.clone(), permit, log };
    items.iter().zip(permits).zip(logs).map(of_item).collect()
}
