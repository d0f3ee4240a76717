//! Segments: numbered files of fixed size, allocated before they are needed.
//!
//! So a full disk shows when the next segment cannot be made, while the present one still has room: an
//! alarm before it is a failure. Files are made under another name, allocated, synced and renamed, so a
//! segment that exists is whole. What lies in them is left to `frame`.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use rustix::fs::FallocateFlags;

use super::cursor::Place;

const SUFFIX: &str = ".seg";

pub(crate) fn path(directory: &Path, number: u32) -> PathBuf {
    directory.join(format!("{number:08}{SUFFIX}"))
}

/// Numbers of the segments in a directory, in order.
pub(crate) fn numbers(directory: &Path) -> io::Result<Vec<u32>> {
    let mut numbers = Vec::new();
    let files = match fs::read_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(numbers),
        files => files?,
    };
    for file in files {
        let name = file?.file_name();
        let number =
            name.to_str().and_then(|name| name.strip_suffix(SUFFIX)).and_then(|digits| digits.parse::<u32>().ok());
        numbers.extend(number);
    }
    numbers.sort_unstable();
    Ok(numbers)
}

/// Makes segments ahead of need. Shared by the writer and the housekeeper.
#[derive(Debug)]
pub(crate) struct Allocator {
    directory: PathBuf,
    segment_bytes: u64,
    one_at_a_time: Mutex<()>,
}

impl Allocator {
    pub(crate) fn new(directory: PathBuf, segment_bytes: u64) -> io::Result<Arc<Self>> {
        make_directory(&directory)?;
        for file in fs::read_dir(&directory)? {
            let path = file?.path();
            if path.extension().is_some_and(|extension| extension == "new") {
                fs::remove_file(path)?;
            }
        }
        Ok(Arc::new(Self { directory, segment_bytes, one_at_a_time: Mutex::new(()) }))
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Makes the segment unless it is there.
    pub(crate) fn ensure(&self, number: u32) -> io::Result<()> {
        let _guard = self.one_at_a_time.lock().unwrap_or_else(PoisonError::into_inner);
        let path = path(&self.directory, number);
        if path.try_exists()? {
            return Ok(());
        }
        let unready = path.with_extension("seg.new");
        let made = self.allocate(&unready).and_then(|()| fs::rename(&unready, &path));
        if made.is_err() {
            // The file is ours and unfinished; if it cannot be removed now, the next start does.
            let _ = fs::remove_file(&unready);
        }
        made.and_then(|()| sync_directory(&self.directory))
    }

    fn allocate(&self, path: &Path) -> io::Result<()> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        reserve(&file, self.segment_bytes)?;
        file.sync_all()
    }
}

/// Reserves blocks for the whole file, so that later writes need none.
fn reserve(file: &File, bytes: u64) -> io::Result<()> {
    match rustix::fs::fallocate(file, FallocateFlags::empty(), 0, bytes) {
        Err(rustix::io::Errno::OPNOTSUPP) => write_zeros(file, 0, bytes),
        other => Ok(other?),
    }
}

fn write_zeros(file: &File, from: u64, to: u64) -> io::Result<()> {
    let zeros = vec![0_u8; 64 << 10];
    let mut at = from;
    while at < to {
        let left = usize::try_from(to - at).unwrap_or(usize::MAX).min(zeros.len());
        file.write_all_at(zeros.get(..left).unwrap_or_default(), at)?;
        at += u64::try_from(left).unwrap_or(u64::MAX);
    }
    Ok(())
}

/// Where the next batch goes.
#[derive(Debug)]
pub(crate) struct Writer {
    allocator: Arc<Allocator>,
    file: File,
    /// Everything before this is acknowledged.
    place: Place,
    capacity: u64,
    /// Bytes up to here may hold something that was never acknowledged.
    touched: u64,
}

impl Writer {
    pub(crate) fn open(allocator: Arc<Allocator>, place: Place) -> io::Result<Self> {
        allocator.ensure(place.segment)?;
        let file = OpenOptions::new().write(true).open(path(allocator.directory(), place.segment))?;
        let mut capacity = file.metadata()?.len();
        if capacity < allocator.segment_bytes {
            reserve(&file, allocator.segment_bytes)?;
            capacity = allocator.segment_bytes;
        }
        Ok(Self { allocator, file, place, capacity, touched: place.offset })
    }

    pub(crate) const fn place(&self) -> Place {
        self.place
    }

    pub(crate) const fn room(&self) -> u64 {
        self.capacity.saturating_sub(self.place.offset)
    }

    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    pub(crate) fn path(&self) -> PathBuf {
        path(self.allocator.directory(), self.place.segment)
    }

    /// Goes to the next segment if `bytes` do not fit here. Says whether it did.
    pub(crate) fn make_room(&mut self, bytes: usize) -> io::Result<bool> {
        if u64::try_from(bytes).is_ok_and(|bytes| bytes <= self.room()) {
            return Ok(false);
        }
        let next = Place { segment: self.place.segment.saturating_add(1), offset: 0 };
        *self = Self::open(Arc::clone(&self.allocator), next)?;
        Ok(true)
    }

    /// Writes and syncs. Not acknowledged until [`Writer::acknowledge`].
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let end = self.place.offset.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
        self.touched = self.touched.max(end);
        self.file.write_all_at(bytes, self.place.offset)?;
        self.file.sync_data()
    }

    /// What was written since the last acknowledgement counts from now on.
    pub(crate) const fn acknowledge(&mut self) {
        self.place.offset = self.touched;
    }

    /// Wipes what was written and not acknowledged, so that it can never be taken for a record.
    pub(crate) fn wipe(&mut self) -> io::Result<()> {
        if self.touched > self.place.offset {
            write_zeros(&self.file, self.place.offset, self.touched)?;
            self.file.sync_data()?;
            self.touched = self.place.offset;
        }
        Ok(())
    }
}

/// Whatever was written at or after a place, with trailing zeros left off: one item a segment.
pub(crate) fn written_after(directory: &Path, place: Place) -> io::Result<Vec<(Place, Vec<u8>)>> {
    let mut found = Vec::new();
    for number in numbers(directory)?.into_iter().filter(|number| *number >= place.segment) {
        let offset = if number == place.segment { place.offset } else { 0 };
        let mut bytes = fs::read(path(directory, number))?;
        bytes.truncate(without_trailing_zeros(&bytes));
        let start = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        bytes.drain(..start);
        if !bytes.is_empty() {
            found.push((Place { segment: number, offset }, bytes));
        }
    }
    Ok(found)
}

const ZEROS: [u8; 4096] = [0; 4096];

/// Whether all bytes are zero; compares blocks, as most of a segment is blank.
pub(crate) fn is_blank(bytes: &[u8]) -> bool {
    bytes.chunks(ZEROS.len()).all(|block| ZEROS.starts_with(block))
}

fn without_trailing_zeros(bytes: &[u8]) -> usize {
    let blank: usize = bytes.rchunks(ZEROS.len()).take_while(|block| is_blank(block)).map(<[u8]>::len).sum();
    let rest = bytes.get(..bytes.len() - blank).unwrap_or_default();
    rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1)
}

/// Overwrites `bytes` bytes at a place with zeros, durably.
pub(crate) fn blank(directory: &Path, place: Place, bytes: usize) -> io::Result<()> {
    let file = OpenOptions::new().write(true).open(path(directory, place.segment))?;
    write_zeros(&file, place.offset, place.offset.saturating_add(u64::try_from(bytes).unwrap_or(u64::MAX)))?;
    file.sync_data()
}

pub(crate) fn make_directory(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Replaces a small file in one step: readers see the old text or the new one, never half.
pub(crate) fn replace(path: &Path, text: &[u8], durable: bool) -> io::Result<()> {
    use std::io::Write as _;
    let unready = path.with_extension("new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&unready)?;
    file.write_all(text)?;
    if durable {
        file.sync_all()?;
    }
    fs::rename(&unready, path)?;
    match path.parent() {
        Some(parent) if durable => sync_directory(parent),
        _ => Ok(()),
    }
}
