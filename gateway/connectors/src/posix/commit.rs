//! From part files to files: the moment at which a file gets its name.
//!
//! **Order.** Check the length, set mode and time, sync; only when all parts of the group are durable: rename each over its
//! target, then sync each directory. A crash at any point leaves parts, or whole files, or both; never half a file under
//! its name. Doing the whole again is harmless.
//!
//! **Grouped syncs.** A few files are synced one by one. For many, one `syncfs(2)` costs less than a sync each.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{Mode, OFlags, Timespec, Timestamps, UTIME_OMIT};
use rustix::io::Errno;
use sealane_model::{EntryKind, FileTime, RemotePath};

use super::errno::{meaning, while_doing};
use super::reader::open_in;
use super::root::Root;
use super::stat::{kind_of, modified_of, size_of, stat_name};
use crate::entry::Commit;
use crate::error::StorageError;
use crate::staging::{Staging, check_part_name};

/// From this many files on, the file system is synced as a whole.
const SYNC_ALL_FROM: usize = 16;
/// The permission bits that a file may get from another site.
const SAFE_MODE: u32 = 0o777;
/// What the gateway's account keeps in any case: it must read what it has received, and commit again after a crash.
const OWNER_READS: u32 = 0o400;

/// Commits a group of files.
pub(crate) fn commit(root: &Root, staging: &Staging, files: &[Commit]) -> Result<(), StorageError> {
    let folder = root.open_staging(staging)?;
    let sync_all = files.len() >= SYNC_ALL_FROM;
    let mut waiting: Vec<&Commit> = Vec::with_capacity(files.len());
    for file in files {
        check_part_name(&file.part)?;
        if prepare(folder.as_ref(), file, !sync_all)? {
            waiting.push(file);
        } else {
            check_committed(root, file)?;
        }
    }
    if let Some(folder) = &folder
        && sync_all
    {
        rustix::fs::syncfs(folder).map_err(while_doing("syncing received files"))?;
    }
    if let Some(folder) = &folder {
        name_all(root, folder, &waiting)?;
    }
    sync_directories(root, files)
}

/// Makes a part ready for its name; `false` if there is no such part.
fn prepare(folder: Option<&OwnedFd>, file: &Commit, sync: bool) -> Result<bool, StorageError> {
    let Some(folder) = folder else { return Ok(false) };
    let part = match open_in(folder, &file.part, OFlags::RDONLY) {
        Err(StorageError::NotFound) => return Ok(false),
        opened => opened?,
    };
    let stat = rustix::fs::fstat(&part).map_err(while_doing("looking at a part"))?;
    if kind_of(&stat) != EntryKind::File {
        return Err(StorageError::NotRegular(kind_of(&stat)));
    }
    if size_of(&stat) != file.size {
        return Err(StorageError::PartSize);
    }
    if let Some(mode) = file.mode {
        rustix::fs::fchmod(&part, Mode::from_raw_mode(mode & SAFE_MODE | OWNER_READS))
            .map_err(while_doing("setting permissions"))?;
    }
    rustix::fs::futimens(&part, &times(file.modified)).map_err(while_doing("setting a time"))?;
    if sync {
        rustix::fs::fsync(&part).map_err(while_doing("syncing a received file"))?;
    }
    Ok(true)
}

/// A part that is gone counts as committed only if its target is what it would be.
fn check_committed(root: &Root, file: &Commit) -> Result<(), StorageError> {
    match root.stat(&file.target) {
        Ok(entry) if entry.kind == EntryKind::File && entry.size == file.size && entry.modified == file.modified => {
            Ok(())
        }
        Ok(_) | Err(StorageError::NotFound) => Err(StorageError::PartMissing),
        Err(error) => Err(error),
    }
}

/// Renames every part over its target, directory by directory.
fn name_all(root: &Root, folder: &OwnedFd, waiting: &[&Commit]) -> Result<(), StorageError> {
    let mut by_directory: BTreeMap<RemotePath, Vec<&Commit>> = BTreeMap::new();
    for file in waiting {
        let parent = file.target.parent().ok_or(StorageError::IsRoot)?;
        by_directory.entry(parent).or_default().push(file);
    }
    for (directory, files) in by_directory {
        let directory = root.open_directory(&directory)?;
        for file in files {
            name_one(folder, &directory, file)?;
        }
    }
    Ok(())
}

fn name_one(folder: &OwnedFd, directory: &OwnedFd, file: &Commit) -> Result<(), StorageError> {
    let name = file.target.file_name().ok_or(StorageError::IsRoot)?;
    match rustix::fs::renameat(folder, file.part.as_str(), directory, name.as_bytes()) {
        Ok(()) => Ok(()),
        Err(Errno::XDEV) => Err(StorageError::OtherFileSystem),
        // Another worker of the same task may have named it in between.
        Err(Errno::NOENT) => match stat_name(directory, name)? {
            Some(stat) if size_of(&stat) == file.size && modified_of(&stat) == file.modified => Ok(()),
            _ => Err(StorageError::PartMissing),
        },
        Err(errno) => Err(meaning(errno, "naming a received file")),
    }
}

/// Makes the names durable, also of files that an earlier, interrupted commit named.
fn sync_directories(root: &Root, files: &[Commit]) -> Result<(), StorageError> {
    let mut directories: Vec<RemotePath> = files.iter().filter_map(|file| file.target.parent()).collect();
    directories.sort();
    directories.dedup();
    if directories.len() >= SYNC_ALL_FROM {
        return rustix::fs::syncfs(root.directory()).map_err(while_doing("syncing directories"));
    }
    for directory in &directories {
        sync_directory(root.open_directory(directory)?)?;
    }
    Ok(())
}

/// Makes the names in a directory durable.
pub(crate) fn sync_directory(directory: impl AsFd) -> Result<(), StorageError> {
    rustix::fs::fsync(directory).map_err(while_doing("syncing a directory"))
}

/// A time of change to set; the time of last access stays.
pub(crate) fn times(modified: FileTime) -> Timestamps {
    Timestamps {
        last_access: Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT },
        last_modification: Timespec { tv_sec: modified.seconds, tv_nsec: modified.nanos.min(999_999_999).into() },
    }
}
