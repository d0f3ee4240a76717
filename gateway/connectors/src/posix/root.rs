//! The directory that nothing leaves: every path is resolved beneath it, by the kernel.
//!
//! **Promises.** `openat2(2)` with `RESOLVE_BENEATH`, `RESOLVE_NO_MAGICLINKS` and `RESOLVE_NO_SYMLINKS`: no `..`, no
//! absolute link, no link at all is followed, however the tree changes meanwhile. Links are refused even when they stay
//! inside, because an access rule is about the path that policy judged, and a link would open another one.
//!
//! **Leaves to others.** Mount points inside the tree are entered: mounting is the administrator's act.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{Mode, OFlags, ResolveFlags};
use rustix::io::Errno;
use sealane_model::{Component, Entry, RemotePath};

use super::errno::{meaning, while_doing};
use super::stat::{entry_of, stat_name};
use crate::error::StorageError;
use crate::staging::Staging;

/// The longest text that is handed to the kernel in one call: its own limit is 4,096 with the final NUL.
const MAX_STEP_BYTES: usize = 4_000;
/// How often a resolution is tried again when the kernel says that the tree moved under it.
const MAX_RETRIES: u32 = 64;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

/// An open collection root.
pub(crate) struct Root {
    directory: OwnedFd,
}

impl Root {
    /// Opens the root and makes sure that this kernel can confine to it.
    pub(crate) fn open(path: &Path) -> Result<Self, StorageError> {
        let directory =
            rustix::fs::open(path, DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|errno| match errno {
                Errno::NOENT | Errno::NOTDIR => StorageError::Unreachable,
                _ => meaning(errno, "opening the storage's root"),
            })?;
        let root = Self { directory };
        // INVARIANT: a kernel without openat2 (before 5.6) is found here, never at a reader's first open.
        open_step(root.directory.as_fd(), b".", DIRECTORY)?;
        Ok(root)
    }

    /// The root itself.
    pub(crate) fn directory(&self) -> BorrowedFd<'_> {
        self.directory.as_fd()
    }

    /// Opens what a path names. The last component is not followed either.
    pub(crate) fn open_beneath(&self, path: &RemotePath, flags: OFlags) -> Result<OwnedFd, StorageError> {
        let mut reached: Option<OwnedFd> = None;
        let mut step = Vec::with_capacity(256);
        for component in path.components() {
            let bytes = component.as_bytes();
            if !step.is_empty() && step.len() + 1 + bytes.len() > MAX_STEP_BYTES {
                let from = reached.as_ref().map_or_else(|| self.directory(), AsFd::as_fd);
                reached = Some(open_step(from, &step, OFlags::PATH | OFlags::DIRECTORY)?);
                step.clear();
            }
            if !step.is_empty() {
                step.push(b'/');
            }
            step.extend_from_slice(bytes);
        }
        if step.is_empty() {
            step.push(b'.');
        }
        let from = reached.as_ref().map_or_else(|| self.directory(), AsFd::as_fd);
        open_step(from, &step, flags)
    }

    /// Opens a directory for reading and syncing.
    pub(crate) fn open_directory(&self, path: &RemotePath) -> Result<OwnedFd, StorageError> {
        self.open_beneath(path, DIRECTORY)
    }

    /// The directory that holds a path's last name, and that name: what renames and removals work on.
    pub(crate) fn open_parent<'p>(&self, path: &'p RemotePath) -> Result<(OwnedFd, &'p Component), StorageError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(StorageError::IsRoot);
        };
        Ok((self.open_directory(&parent)?, name))
    }

    /// What stands under a path, itself, not followed.
    pub(crate) fn stat(&self, path: &RemotePath) -> Result<Entry, StorageError> {
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            let stat = rustix::fs::fstat(&self.directory).map_err(while_doing("looking at the storage's root"))?;
            return Ok(entry_of(&stat, path.clone()));
        };
        let parent = self.open_beneath(&parent, OFlags::PATH | OFlags::DIRECTORY)?;
        let stat = stat_name(&parent, name)?.ok_or(StorageError::NotFound)?;
        Ok(entry_of(&stat, path.clone()))
    }

    /// Opens a staging folder; `None` if there is none.
    pub(crate) fn open_staging(&self, staging: &Staging) -> Result<Option<OwnedFd>, StorageError> {
        match open_step(self.directory(), staging.folder().as_bytes(), DIRECTORY) {
            Ok(folder) => Ok(Some(folder)),
            Err(StorageError::NotFound) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Bytes that an ordinary account can still write.
    pub(crate) fn free_bytes(&self) -> Result<u64, StorageError> {
        let stat = rustix::fs::fstatvfs(&self.directory).map_err(while_doing("asking for free room"))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

/// Opens a relative path beneath a directory, following nothing.
pub(crate) fn open_step(from: BorrowedFd<'_>, path: &[u8], flags: OFlags) -> Result<OwnedFd, StorageError> {
    open_with_mode(from, path, flags, Mode::empty())
}

/// As [`open_step`], for files that are made.
pub(crate) fn open_with_mode(
    from: BorrowedFd<'_>,
    path: &[u8],
    flags: OFlags,
    mode: Mode,
) -> Result<OwnedFd, StorageError> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_SYMLINKS;
    for _ in 0..MAX_RETRIES {
        match rustix::fs::openat2(from, path, flags, mode, resolve) {
            Err(Errno::AGAIN | Errno::INTR) => {}
            Err(Errno::XDEV) => return Err(StorageError::Escapes),
            Err(Errno::NOSYS) => return Err(StorageError::Unreachable),
            Err(errno) => return Err(meaning(errno, "opening an entry")),
            Ok(opened) => return Ok(opened),
        }
    }
    Err(meaning(Errno::AGAIN, "opening an entry"))
}
