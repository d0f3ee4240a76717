//! An open regular file, and whether it is still the one that was opened.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;

use rustix::fs::{Advice, OFlags};
use rustix::io::Errno;
use sealane_model::{Entry, EntryKind, RemotePath};

use super::errno::{meaning, while_doing};
use super::root::{Root, open_step};
use super::stat::{entry_of, identity_of, modified_of, size_of};
use crate::connector::Reader;
use crate::error::{Change, StorageError};

/// Files from this size on are announced to the kernel as read in order.
const SEQUENTIAL_FROM: u64 = 4 << 20;

/// A file open for reading.
pub(crate) struct PosixReader {
    root: Arc<Root>,
    file: OwnedFd,
    entry: Entry,
}

impl PosixReader {
    pub(crate) fn open(root: Arc<Root>, path: &RemotePath) -> Result<Self, StorageError> {
        // O_NONBLOCK: opening a FIFO never waits for a writer. What was opened is then looked at, and only a regular
        // file is used.
        let file = match root.open_beneath(path, OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY) {
            Err(StorageError::Io { source, .. }) if source.raw_os_error() == Some(Errno::NXIO.raw_os_error()) => {
                return Err(StorageError::NotRegular(EntryKind::Special)); // a socket, or a device without a driver
            }
            opened => opened?,
        };
        let stat = rustix::fs::fstat(&file).map_err(while_doing("looking at a file"))?;
        let entry = entry_of(&stat, path.clone());
        match entry.kind {
            EntryKind::File => {}
            EntryKind::Directory => return Err(StorageError::IsADirectory),
            kind => return Err(StorageError::NotRegular(kind)),
        }
        if entry.size >= SEQUENTIAL_FROM {
            // Only advice: a file system that does not take it reads as well.
            let _ = rustix::fs::fadvise(&file, 0, None, Advice::Sequential);
        }
        Ok(Self { root, file, entry })
    }
}

impl Reader for PosixReader {
    fn entry(&self) -> &Entry {
        &self.entry
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        read_fully(&self.file, offset, buffer)
    }

    fn check_unchanged(&self) -> Result<(), StorageError> {
        let now = rustix::fs::fstat(&self.file).map_err(while_doing("looking at a file"))?;
        let size = size_of(&now);
        let change = if size > self.entry.size {
            Some(Change::Grew)
        } else if size < self.entry.size {
            Some(Change::Shrank)
        } else if modified_of(&now) != self.entry.modified {
            Some(Change::Modified)
        } else {
            self.name_change()?
        };
        change.map_or(Ok(()), |change| Err(StorageError::SourceChanged { change }))
    }
}

impl PosixReader {
    /// Whether the name still leads to the open file.
    fn name_change(&self) -> Result<Option<Change>, StorageError> {
        match self.root.open_beneath(&self.entry.path, OFlags::PATH) {
            Ok(named) => {
                let stat = rustix::fs::fstat(&named).map_err(while_doing("looking at a file"))?;
                Ok((identity_of(&stat) != self.entry.identity).then_some(Change::Replaced))
            }
            Err(StorageError::NotFound | StorageError::NotADirectory) => Ok(Some(Change::Removed)),
            Err(StorageError::NotRegular(_) | StorageError::Escapes) => Ok(Some(Change::Replaced)),
            Err(error) => Err(error),
        }
    }
}

/// Reads until the buffer is full or the file ends.
pub(crate) fn read_fully(file: impl AsFd, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        let at = offset.saturating_add(u64::try_from(filled).unwrap_or(u64::MAX));
        match rustix::io::pread(file.as_fd(), rest, at) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(Errno::INTR) => {}
            Err(errno) => return Err(meaning(errno, "reading a file")),
        }
    }
    Ok(filled)
}

/// Opens a regular file in a folder that is already open.
pub(crate) fn open_in(folder: impl AsFd, name: &str, flags: OFlags) -> Result<OwnedFd, StorageError> {
    open_step(folder.as_fd(), name.as_bytes(), flags | OFlags::NONBLOCK)
}
