//! Reads a log in slabs: some thousand entries each, with their openings, so that slabs can be looked at apart.
//!
//! What is read is in order and nothing is judged here, save what bounds memory: an entry has no more bytes of
//! openings than an event may bring.

use std::io;
use std::ops::Range;
use std::path::PathBuf;

use crate::entry::MAX_OPENINGS;
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::frame::Record;
use crate::log::layout::Layout;

/// Bytes after which a slab ends.
const SLAB_BYTES: usize = 1 << 20;

/// An entry or a batch trailer in a slab.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) at: Place,
    pub(super) next: Place,
    /// Index of an entry, size of a trailer.
    pub(super) number: u64,
    pub(super) trailer: bool,
    pub(super) bytes: Range<usize>,
    /// Openings that stand where this entry's should.
    pub(super) openings: Range<usize>,
}

/// A record of the openings in a slab.
#[derive(Debug)]
pub(super) struct KeptOpening {
    pub(super) at: Place,
    pub(super) index: u64,
    pub(super) bytes: Range<usize>,
}

/// Why nothing follows a slab.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// Nothing but blank space does.
    Blank,
    /// Something that cannot be read does.
    Broken { at: Place, why: &'static str },
}

/// A stretch of a log.
#[derive(Debug, Default)]
pub(super) struct Slab {
    /// Index of its first entry, if entries are numbered as they should be.
    pub(super) first: u64,
    bytes: Vec<u8>,
    pub(super) records: Vec<Kept>,
    pub(super) openings: Vec<KeptOpening>,
    /// Where the openings cannot be read on, and for which entry they were.
    pub(super) openings_broken: Option<(u64, Place, &'static str)>,
    /// Openings behind those of the last entry.
    pub(super) left_over: Option<(u64, Place)>,
    pub(super) end: Option<End>,
}

impl Slab {
    pub(super) fn bytes(&self, range: &Range<usize>) -> &[u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    fn add(&mut self, bytes: &[u8]) -> Range<usize> {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        start..self.bytes.len()
    }
}

/// The slabs of a log, from the first byte to the last.
pub(super) struct Slabs {
    entries: Cursor,
    openings: Source,
    /// Entries so far.
    size: u64,
}

impl Slabs {
    pub(super) fn new(layout: &Layout) -> Self {
        let cursor = |directory: PathBuf| Cursor::new(&directory, Place::default(), Care::Strict);
        let openings = Source { cursor: cursor(layout.openings()), waiting: None, bytes: Vec::new(), ended: false };
        Self { entries: cursor(layout.segments()), openings, size: 0 }
    }

    /// The next slab; the last one says how it ends.
    pub(super) fn next(&mut self) -> io::Result<Slab> {
        let mut slab = Slab { first: self.size, ..Slab::default() };
        slab.bytes.reserve(SLAB_BYTES + (SLAB_BYTES >> 3));
        while slab.bytes.len() < SLAB_BYTES && slab.end.is_none() {
            match self.entries.step()? {
                Step::End => slab.end = Some(End::Blank),
                Step::Broken { at, why } => slab.end = Some(End::Broken { at, why }),
                Step::Record { at, record, next } => {
                    let (number, bytes, trailer) = match record {
                        Record::Body { index, bytes } => (index, bytes, false),
                        Record::Trailer { size, note } => (size, note, true),
                    };
                    let bytes = slab.add(bytes);
                    let first = slab.openings.len();
                    if !trailer {
                        self.openings.until(self.size, &mut slab)?;
                        self.size += 1;
                    }
                    let openings = first..slab.openings.len();
                    slab.records.push(Kept { at, next, number, trailer, bytes, openings });
                }
            }
        }
        if matches!(slab.end, Some(End::Blank)) {
            self.openings.rest(self.size, &mut slab)?;
        }
        Ok(slab)
    }
}

/// The openings, read in step with the entries.
struct Source {
    cursor: Cursor,
    /// A record read before its entry: index and place. Its bytes are in `bytes`.
    waiting: Option<(u64, Place)>,
    bytes: Vec<u8>,
    ended: bool,
}

impl Source {
    /// Takes the openings up to those of entry `index`.
    fn until(&mut self, index: u64, slab: &mut Slab) -> io::Result<()> {
        let start = slab.bytes.len();
        loop {
            self.read_on(index, slab)?;
            let Some((of, at)) = self.waiting.take_if(|(of, _)| *of <= index) else { return Ok(()) };
            if slab.bytes.len() - start > MAX_OPENINGS {
                self.stop(slab, index, at, "more openings than an entry can have");
                return Ok(());
            }
            let bytes = slab.add(&self.bytes);
            slab.openings.push(KeptOpening { at, index: of, bytes });
        }
    }

    /// After the last entry: whatever is still there.
    fn rest(&mut self, size: u64, slab: &mut Slab) -> io::Result<()> {
        self.read_on(size, slab)?;
        slab.left_over = self.waiting.take();
        Ok(())
    }

    fn read_on(&mut self, index: u64, slab: &mut Slab) -> io::Result<()> {
        if self.waiting.is_some() || self.ended {
            return Ok(());
        }
        match self.cursor.step()? {
            Step::Record { at, record: Record::Body { index, bytes }, .. } => {
                self.bytes.clear();
                self.bytes.extend_from_slice(bytes);
                self.waiting = Some((index, at));
            }
            Step::End => self.ended = true,
            Step::Record { at, .. } => self.stop(slab, index, at, "a batch trailer among the openings"),
            Step::Broken { at, why } => self.stop(slab, index, at, why),
        }
        Ok(())
    }

    fn stop(&mut self, slab: &mut Slab, index: u64, at: Place, why: &'static str) {
        self.ended = true;
        slab.openings_broken.get_or_insert((index, at, why));
    }
}
