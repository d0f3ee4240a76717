//! A part file: where a file grows before it has a name.
//!
//! **Promises.** Mode 0600 from the first byte, in a folder of mode 0700. A failed sync is never tried again: the kernel
//! may have dropped the pages and forgotten the error, so the part is removed and must be sent again.

use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use sealane_model::EntryKind;

use super::errno::{meaning, while_doing};
use super::reader::{open_in, read_fully};
use super::root::{Root, open_with_mode};
use super::stat::{kind_of, size_of};
use crate::connector::PartFile;
use crate::error::StorageError;
use crate::staging::{Staging, check_part_name};

/// Smaller files are not asked about room beforehand: the write itself will say.
const ASK_ROOM_FROM: u64 = 1 << 20;

/// A part file open for writing.
pub(crate) struct PosixPart {
    folder: OwnedFd,
    name: String,
    file: OwnedFd,
    /// The part's name in the staging folder is durable: what was synced is found again after a power cut.
    named: AtomicBool,
    spoilt: AtomicBool,
}

impl PosixPart {
    pub(crate) fn open(
        root: &Root,
        staging: &Staging,
        name: &str,
        size: u64,
        resume: bool,
    ) -> Result<Self, StorageError> {
        check_part_name(name)?;
        let (folder, file) = if resume { reopen(root, staging, name)? } else { create(root, staging, name, size)? };
        let (named, spoilt) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { folder, name: name.to_owned(), file, named, spoilt })
    }

    fn check_sound(&self) -> Result<(), StorageError> {
        if self.spoilt.load(Ordering::Acquire) { Err(StorageError::Spoilt) } else { Ok(()) }
    }

    fn spoil(&self) {
        self.spoilt.store(true, Ordering::Release);
        // If it cannot be removed either, it stays in staging and is never committed by this writer.
        let _ = rustix::fs::unlinkat(&self.folder, self.name.as_str(), AtFlags::empty());
    }
}

fn create(root: &Root, staging: &Staging, name: &str, size: u64) -> Result<(OwnedFd, OwnedFd), StorageError> {
    if size >= ASK_ROOM_FROM && root.free_bytes()? < size {
        return Err(StorageError::Full);
    }
    let folder = make_folder(root, staging)?;
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(meaning(errno, "removing an older part")),
    }
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL;
    let file = open_with_mode(folder.as_fd(), name.as_bytes(), flags, Mode::RUSR | Mode::WUSR)?;
    Ok((folder, file))
}

fn reopen(root: &Root, staging: &Staging, name: &str) -> Result<(OwnedFd, OwnedFd), StorageError> {
    let folder = root.open_staging(staging)?.ok_or(StorageError::NotFound)?;
    let file = open_in(&folder, name, OFlags::RDWR)?;
    let stat = rustix::fs::fstat(&file).map_err(while_doing("looking at a part"))?;
    match kind_of(&stat) {
        EntryKind::File => Ok((folder, file)),
        kind => Err(StorageError::NotRegular(kind)),
    }
}

fn make_folder(root: &Root, staging: &Staging) -> Result<OwnedFd, StorageError> {
    if let Some(folder) = root.open_staging(staging)? {
        return Ok(folder);
    }
    match rustix::fs::mkdirat(root.directory(), staging.folder(), Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(meaning(errno, "making a staging folder")),
    }
    // What is resumed must be found again: the folder's own name is made durable at once.
    rustix::fs::fsync(root.directory()).map_err(while_doing("syncing the storage's root"))?;
    root.open_staging(staging)?.ok_or(StorageError::NotFound)
}

impl PartFile for PosixPart {
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), StorageError> {
        self.check_sound()?;
        let mut rest = data;
        let mut at = offset;
        while !rest.is_empty() {
            match rustix::io::pwrite(&self.file, rest, at) {
                Ok(written) => {
                    at = at.saturating_add(u64::try_from(written).unwrap_or(u64::MAX));
                    rest = rest.get(written..).unwrap_or_default();
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(meaning(errno, "writing a part")),
            }
        }
        Ok(())
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError> {
        self.check_sound()?;
        read_fully(&self.file, offset, buffer)
    }

    fn sync(&self) -> Result<(), StorageError> {
        self.check_sound()?;
        rustix::fs::fdatasync(&self.file).map_err(|errno| {
            self.spoil();
            meaning(errno, "syncing a part")
        })?;
        if !self.named.load(Ordering::Acquire) {
            rustix::fs::fsync(&self.folder).map_err(while_doing("syncing a staging folder"))?;
            self.named.store(true, Ordering::Release);
        }
        Ok(())
    }

    fn len(&self) -> Result<u64, StorageError> {
        let stat = rustix::fs::fstat(&self.file).map_err(while_doing("looking at a part"))?;
        Ok(size_of(&stat))
    }
}
