//! Directories made, things renamed and removed: always by an open directory and a single name, durable when it returns.

use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, RenameFlags};
use rustix::io::Errno;
use sealane_model::path::MAX_DEPTH;
use sealane_model::{Component, EntryKind, FileTime, RemotePath};

use super::commit::{sync_directory, times};
use super::errno::{meaning, while_doing};
use super::lister::names_after;
use super::root::{Root, open_step};
use super::stat::{kind_of, stat_name};
use crate::connector::Going;
use crate::error::StorageError;
use crate::staging::Staging;

/// Directories that people make are for the gateway's account and its group; the umask may take more away.
const DIRECTORY_MODE: Mode = Mode::RWXU.union(Mode::RGRP).union(Mode::XGRP);
/// Names that are removed between two looks at a directory.
const RUN: usize = 1_024;

/// Makes one directory; `false` if it is there.
pub(crate) fn make_directory(root: &Root, path: &RemotePath) -> Result<bool, StorageError> {
    if path.file_name().is_none() {
        return Ok(false);
    }
    let (parent, name) = root.open_parent(path)?;
    match rustix::fs::mkdirat(&parent, name.as_bytes(), DIRECTORY_MODE) {
        Ok(()) => sync_directory(&parent).map(|()| true),
        Err(Errno::EXIST) => match stat_name(&parent, name)? {
            Some(stat) if kind_of(&stat) == EntryKind::Directory => Ok(false),
            _ => Err(StorageError::AlreadyExists),
        },
        Err(errno) => Err(meaning(errno, "making a directory")),
    }
}

/// Sets the time of change of what has this name; of a link itself, not of what it points to.
pub(crate) fn set_modified(root: &Root, path: &RemotePath, modified: FileTime) -> Result<(), StorageError> {
    let times = times(modified);
    let set = if path.file_name().is_none() {
        rustix::fs::futimens(root.directory(), &times)
    } else {
        let (parent, name) = root.open_parent(path)?;
        rustix::fs::utimensat(&parent, name.as_bytes(), &times, AtFlags::SYMLINK_NOFOLLOW)
    };
    set.map_err(while_doing("setting a time"))
}

/// Renames without overwriting.
pub(crate) fn rename(root: &Root, from: &RemotePath, to: &RemotePath) -> Result<(), StorageError> {
    if to.starts_with(from) && to != from {
        return Err(StorageError::IntoItself);
    }
    let (old_parent, old_name) = root.open_parent(from)?;
    let (new_parent, new_name) = root.open_parent(to)?;
    rename_free(&old_parent, old_name, &new_parent, new_name)?;
    sync_directory(&new_parent)?;
    sync_directory(&old_parent)
}

fn rename_free(
    old_parent: &OwnedFd,
    old_name: &Component,
    new_parent: &OwnedFd,
    new_name: &Component,
) -> Result<(), StorageError> {
    let (old, new) = (old_name.as_bytes(), new_name.as_bytes());
    let renamed = match rustix::fs::renameat_with(old_parent, old, new_parent, new, RenameFlags::NOREPLACE) {
        // Some network file systems do not know the flag: look first, then rename.
        Err(Errno::INVAL | Errno::NOSYS) => {
            if stat_name(new_parent, new_name)?.is_some() {
                return Err(StorageError::AlreadyExists);
            }
            rustix::fs::renameat(old_parent, old, new_parent, new)
        }
        renamed => renamed,
    };
    renamed.map_err(|errno| match errno {
        Errno::XDEV => StorageError::OtherFileSystem,
        errno => meaning(errno, "renaming an entry"),
    })
}

/// Removes an entry, or with `recursive` a tree; gives the number of entries.
pub(crate) fn remove(
    root: &Root,
    path: &RemotePath,
    recursive: bool,
    going: &mut Going<'_>,
) -> Result<u64, StorageError> {
    let (parent, name) = root.open_parent(path)?;
    let mut tell = |directory: &RemotePath, names: &[Component]| {
        // A name too long for a path cannot be told, nor removed through one: it would fail further down.
        let paths: Result<Vec<_>, _> = names.iter().map(|name| directory.try_join(name)).collect();
        going(&paths.map_err(|_| StorageError::NameTooLong)?)
    };
    let removed = if recursive { remove_tree(&parent, name, path, 0, &mut tell)? } else { remove_one(&parent, name)? };
    if removed == 0 {
        return Err(StorageError::NotFound);
    }
    sync_directory(&parent)?;
    Ok(removed)
}

/// Removes a staging folder with all its parts.
pub(crate) fn discard_staging(root: &Root, staging: &Staging) -> Result<(), StorageError> {
    let folder = Component::new(staging.folder().as_bytes()).map_err(|_| StorageError::NameTooLong)?;
    // What is in a staging folder is nobody's file yet.
    remove_tree(root.directory(), &folder, &RemotePath::root(), 0, &mut |_, _| Ok(())).map(|_| ())
}

/// Removes a file, a link, a special file or an empty directory; 0 if nothing has the name.
fn remove_one(parent: impl AsFd, name: &Component) -> Result<u64, StorageError> {
    let Some(stat) = stat_name(parent.as_fd(), name)? else { return Ok(0) };
    let flags = if kind_of(&stat) == EntryKind::Directory { AtFlags::REMOVEDIR } else { AtFlags::empty() };
    match rustix::fs::unlinkat(parent, name.as_bytes(), flags) {
        Ok(()) => Ok(1),
        Err(Errno::NOENT) => Ok(0),
        Err(errno) => Err(meaning(errno, "removing an entry")),
    }
}

/// Whoever is told of the names in a directory before they go.
type Tell<'a> = dyn FnMut(&RemotePath, &[Component]) -> Result<(), StorageError> + 'a;

/// Removes what has the name and all that is in it, entering directories by descriptor and following nothing.
fn remove_tree(
    parent: impl AsFd,
    name: &Component,
    path: &RemotePath,
    depth: usize,
    tell: &mut Tell<'_>,
) -> Result<u64, StorageError> {
    // A deeper tree cannot be named by a path, so it is not removed through one either.
    if depth > MAX_DEPTH {
        return Err(StorageError::NameTooLong);
    }
    let Some(stat) = stat_name(parent.as_fd(), name)? else { return Ok(0) };
    let mut removed = 0;
    if kind_of(&stat) == EntryKind::Directory {
        let directory = open_step(parent.as_fd(), name.as_bytes(), OFlags::RDONLY | OFlags::DIRECTORY)?;
        loop {
            let run = names_after(&directory, None, RUN)?;
            if run.names.is_empty() {
                break;
            }
            tell(path, &run.names)?;
            for child in &run.names {
                let below = path.try_join(child).map_err(|_| StorageError::NameTooLong)?;
                removed += remove_tree(&directory, child, &below, depth + 1, tell)?;
            }
        }
    }
    Ok(removed + remove_one(parent, name)?)
}
