//! Sheets: the files of key slots, `opening-keys/NNNNNNNN.seg`, allocated before they are needed.
//!
//! A slot is written once and overwritten once, when its key is erased; none is used again. Each call
//! is durable when it returns. A backup of the log must leave these files out, or keep them apart and
//! shorter than the log: a copy of a key outlives its erasure.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::slot::{KeyId, SLOT_BYTES, Slot};
use crate::log::segment::{self, Allocator};

/// Bytes of a sheet: 512 slots.
pub(crate) const SHEET_BYTES: u64 = 64 << 10;
const SLOT: u64 = SLOT_BYTES as u64;

/// Where a slot lies.
#[derive(Copy, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SlotPlace {
    sheet: u32,
    offset: u64,
}

/// The sheets of a log, open for writing.
#[derive(Debug)]
pub(crate) struct Sheets {
    allocator: Arc<Allocator>,
    file: File,
    next: SlotPlace,
}

impl Sheets {
    pub(crate) fn open(allocator: Arc<Allocator>) -> io::Result<Self> {
        let slots = read(allocator.directory())?;
        let next = slots.last().map_or(SlotPlace { sheet: 0, offset: 0 }, |(place, _)| place.next());
        allocator.ensure(next.sheet)?;
        let file = open(allocator.directory(), next.sheet)?;
        Ok(Self { allocator, file, next })
    }

    pub(crate) fn path(&self) -> PathBuf {
        segment::path(self.allocator.directory(), self.next.sheet)
    }

    pub(crate) const fn file(&self) -> &File {
        &self.file
    }

    /// The sheet after the one in use exists from now on.
    pub(crate) fn reserve(&self) -> io::Result<()> {
        self.allocator.ensure(self.next.sheet.saturating_add(1))
    }

    /// Writes as many of the slots as this sheet takes, at least one, and syncs them. Gives their places;
    /// after an error the same places are written again.
    pub(crate) fn append(&mut self, slots: &[[u8; SLOT_BYTES]]) -> io::Result<Vec<SlotPlace>> {
        self.turn_over()?;
        let room = usize::try_from((SHEET_BYTES - self.next.offset) / SLOT).unwrap_or(usize::MAX);
        let now = slots.get(..slots.len().min(room)).unwrap_or_default();
        self.file.write_all_at(&now.concat(), self.next.offset)?;
        self.file.sync_data()?;
        let mut places = Vec::with_capacity(now.len());
        for _ in now {
            places.push(self.next);
            self.next = self.next.next();
        }
        Ok(places)
    }

    fn turn_over(&mut self) -> io::Result<()> {
        if self.next.offset < SHEET_BYTES {
            return Ok(());
        }
        let next = SlotPlace { sheet: self.next.sheet.saturating_add(1), offset: 0 };
        self.allocator.ensure(next.sheet)?;
        self.file = open(self.allocator.directory(), next.sheet)?;
        self.next = next;
        Ok(())
    }

    /// Overwrites the slot of a key, durably.
    pub(crate) fn overwrite(&self, place: SlotPlace, id: KeyId, with: Slot) -> io::Result<()> {
        let file = open(self.allocator.directory(), place.sheet)?;
        if slot_at(&file, place)?.id() != Some(id) {
            return Err(io::Error::other("the sheet of opening keys holds something else than was written there"));
        }
        file.write_all_at(&with.to_bytes(), place.offset)?;
        file.sync_all()
    }
}

impl SlotPlace {
    const fn next(self) -> Self {
        Self { sheet: self.sheet, offset: self.offset + SLOT }
    }
}

/// Reads one slot.
pub(crate) fn read_at(directory: &Path, place: SlotPlace) -> io::Result<Slot> {
    slot_at(&File::open(segment::path(directory, place.sheet))?, place)
}

fn slot_at(file: &File, place: SlotPlace) -> io::Result<Slot> {
    let mut bytes = [0; SLOT_BYTES];
    file.read_exact_at(&mut bytes, place.offset)?;
    Ok(Slot::parse(&bytes))
}

/// Every slot that is not blank, in order.
pub(crate) fn read(directory: &Path) -> io::Result<Vec<(SlotPlace, Slot)>> {
    let mut slots = Vec::new();
    for sheet in segment::numbers(directory)? {
        let bytes = std::fs::read(segment::path(directory, sheet))?;
        for (offset, bytes) in (0..).step_by(SLOT_BYTES).zip(bytes.chunks(SLOT_BYTES)) {
            let mut whole = [0; SLOT_BYTES];
            whole.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
            match Slot::parse(&whole) {
                Slot::Blank => {}
                slot => slots.push((SlotPlace { sheet, offset }, slot)),
            }
        }
    }
    Ok(slots)
}

fn open(directory: &Path, sheet: u32) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).open(segment::path(directory, sheet))
}
