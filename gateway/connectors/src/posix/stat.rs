//! From a file's inode to an [`Entry`].

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType, Stat};
use rustix::io::Errno;
use sealane_model::{Component, Entry, EntryKind, FileTime, RemotePath};

use super::errno::meaning;
use crate::error::StorageError;

/// The bits of a mode that are permissions.
const PERMISSIONS: u32 = 0o7777;

pub(crate) fn kind_of(stat: &Stat) -> EntryKind {
    match FileType::from_raw_mode(stat.st_mode) {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Symlink,
        _ => EntryKind::Special,
    }
}

pub(crate) fn modified_of(stat: &Stat) -> FileTime {
    FileTime { seconds: stat.st_mtime, nanos: u32::try_from(stat.st_mtime_nsec).unwrap_or_default() }
}

pub(crate) fn size_of(stat: &Stat) -> u64 {
    u64::try_from(stat.st_size).unwrap_or_default()
}

/// Device and inode: which object this is, whatever it is called.
pub(crate) fn identity_of(stat: &Stat) -> u128 {
    (u128::from(stat.st_dev) << 64) | u128::from(stat.st_ino)
}

pub(crate) fn entry_of(stat: &Stat, path: RemotePath) -> Entry {
    let kind = kind_of(stat);
    Entry {
        path,
        kind,
        size: if kind == EntryKind::File { size_of(stat) } else { 0 },
        modified: modified_of(stat),
        mode: stat.st_mode & PERMISSIONS,
        identity: identity_of(stat),
    }
}

/// What a directory holds under a name; `None` if nothing. A link is seen itself, not what it points to.
pub(crate) fn stat_name(directory: impl AsFd, name: &Component) -> Result<Option<Stat>, StorageError> {
    match rustix::fs::statat(directory, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW) {
        Ok(stat) => Ok(Some(stat)),
        Err(Errno::NOENT) => Ok(None),
        Err(errno) => Err(meaning(errno, "looking at an entry")),
    }
}
