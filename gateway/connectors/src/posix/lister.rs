//! Sorted pages of a directory, however large it is.
//!
//! **Promises.** Memory is bounded by the page, not by the directory: one pass over the names keeps the smallest ones
//! behind the cursor. Names are compared as bytes. Staging folders are left out.

use std::collections::BinaryHeap;
use std::os::fd::AsFd;

use rustix::fs::Dir;
use rustix::io::Errno;
use sealane_model::limits::MAX_PAGE;
use sealane_model::{Component, RemotePath};

use super::errno::while_doing;
use super::root::Root;
use super::stat::{entry_of, stat_name};
use crate::entry::Listing;
use crate::error::StorageError;
use crate::staging::Staging;

/// A sorted run of a directory's names.
pub(crate) struct Names {
    pub(crate) names: Vec<Component>,
    /// There are more names behind these.
    pub(crate) more: bool,
}

/// One page of entries, without what `covered` says is not for this caller and what vanishes before it is looked at.
pub(crate) fn list(
    root: &Root,
    directory: &RemotePath,
    after: Option<&Component>,
    limit: usize,
    covered: impl Fn(&RemotePath) -> bool,
) -> Result<Listing, StorageError> {
    let open = root.open_directory(directory)?;
    let limit = limit.clamp(1, MAX_PAGE);
    let mut cursor = after.cloned();
    loop {
        let Names { names, more } = names_after(&open, cursor.as_ref(), limit)?;
        let mut entries = Vec::with_capacity(names.len());
        for name in &names {
            let path = directory.join(name);
            if covered(&path)
                && let Some(stat) = stat_name(&open, name)?
            {
                entries.push(entry_of(&stat, path));
            }
        }
        // A page whose names all vanished, or are not for this caller, is not the end.
        if !entries.is_empty() || !more {
            return Ok(Listing { entries, more });
        }
        cursor = names.into_iter().next_back();
    }
}

/// The smallest `limit` names behind `after`, sorted by their bytes.
pub(crate) fn names_after(
    directory: impl AsFd,
    after: Option<&Component>,
    limit: usize,
) -> Result<Names, StorageError> {
    let mut smallest: BinaryHeap<Component> = BinaryHeap::new();
    let mut more = false;
    let mut entries = Dir::read_from(directory).map_err(while_doing("opening a directory"))?;
    while let Some(entry) = entries.read() {
        let entry = match entry {
            Err(Errno::INTR) => continue,
            entry => entry.map_err(while_doing("reading a directory"))?,
        };
        let bytes = entry.file_name().to_bytes();
        if matches!(bytes, b"." | b"..") || after.is_some_and(|after| bytes <= after.as_bytes()) {
            continue;
        }
        if smallest.len() >= limit && smallest.peek().is_some_and(|largest| bytes >= largest.as_bytes()) {
            more = true;
            continue;
        }
        let name = Component::new(bytes).map_err(|_| StorageError::NameTooLong)?;
        if Staging::reserves(&name) {
            continue;
        }
        smallest.push(name);
        if smallest.len() > limit {
            smallest.pop();
            more = true;
        }
    }
    Ok(Names { names: smallest.into_sorted_vec(), more })
}
