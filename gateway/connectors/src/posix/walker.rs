//! A tree in one order, page by page, resumable behind any path.
//!
//! **Promises.** Depth first, a directory before its contents, names sorted by bytes: the order of
//! [`RemotePath`]s by components. Memory is bounded by depth times [`RUN`], not by the size of the tree, and one directory
//! is open at a time. Links and special files are reported and never entered. Trees that an access rule refuses are
//! neither reported nor entered.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::Arc;

use sealane_model::{Component, Entry, EntryKind, RemotePath};

use super::lister::names_after;
use super::root::Root;
use super::stat::{entry_of, stat_name};
use crate::connector::Walk;
use crate::error::StorageError;

/// Names of one directory that are held at once. A larger directory is read again for each run.
const RUN: usize = 16_384;

/// A walk under way.
pub(crate) struct PosixWalk {
    root: Arc<Root>,
    start: RemotePath,
    refused: Vec<RemotePath>,
    first: Option<Entry>,
    levels: Vec<Level>,
    /// The directory of the last level, while the walk is in it.
    open: Option<OwnedFd>,
}

/// A directory that the walk is in.
struct Level {
    path: RemotePath,
    after: Option<Component>,
    names: VecDeque<Component>,
    more: bool,
}

impl Level {
    const fn of(path: RemotePath, after: Option<Component>) -> Self {
        Self { path, after, names: VecDeque::new(), more: true }
    }
}

impl PosixWalk {
    pub(crate) fn start(
        root: Arc<Root>,
        start: &RemotePath,
        after: Option<&RemotePath>,
        refused: Vec<RemotePath>,
    ) -> Result<Self, StorageError> {
        let entry = root.stat(start)?;
        let mut walk = Self { root, start: start.clone(), refused, first: None, levels: Vec::new(), open: None };
        match after {
            None => {
                if entry.kind == EntryKind::Directory {
                    walk.levels.push(Level::of(start.clone(), None));
                }
                walk.first = Some(entry);
            }
            Some(after) => walk.resume(after)?,
        }
        Ok(walk)
    }

    /// Enters every directory from the start to `after`, each behind the component that leads there.
    fn resume(&mut self, after: &RemotePath) -> Result<(), StorageError> {
        let Some(rest) =
            after.components().get(self.start.components().len()..).filter(|_| after.starts_with(&self.start))
        else {
            return Err(StorageError::Escapes);
        };
        let mut path = self.start.clone();
        for component in rest {
            self.levels.push(Level::of(path.clone(), Some(component.clone())));
            path = path.join(component);
            if self.refused.contains(&path) {
                return Ok(());
            }
        }
        self.levels.push(Level::of(path, None));
        Ok(())
    }

    /// The next entry; `None` at the end.
    fn step(&mut self) -> Result<Option<Entry>, StorageError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        loop {
            if !self.fill()? {
                self.levels.pop();
                self.open = None;
                if self.levels.is_empty() {
                    return Ok(None);
                }
                continue;
            }
            let (Some(level), Some(open)) = (self.levels.last_mut(), &self.open) else { return Ok(None) };
            let Some(name) = level.names.front() else { continue };
            let path = level.path.try_join(name).map_err(|_| StorageError::NameTooLong)?;
            let stat = if self.refused.contains(&path) { None } else { stat_name(open, name)? };
            level.after = level.names.pop_front();
            let Some(entry) = stat.map(|stat| entry_of(&stat, path)) else { continue };
            if entry.kind == EntryKind::Directory {
                self.levels.push(Level::of(entry.path.clone(), None));
                self.open = None;
            }
            return Ok(Some(entry));
        }
    }

    /// Makes sure that the last level has a name to give and is open; `false` if it has none left.
    fn fill(&mut self) -> Result<bool, StorageError> {
        let Some(level) = self.levels.last_mut() else { return Ok(false) };
        if level.names.is_empty() && !level.more {
            return Ok(false);
        }
        if self.open.is_none() {
            match self.root.open_directory(&level.path) {
                Ok(open) => self.open = Some(open),
                // Gone, or another thing now: nothing of it is left to give. The start itself must be there.
                Err(StorageError::NotFound | StorageError::NotADirectory | StorageError::NotRegular(_))
                    if level.path != self.start =>
                {
                    return Ok(false);
                }
                Err(StorageError::NotADirectory) => return Ok(false), // a walk over a single file
                Err(error) => return Err(error),
            }
        }
        if level.names.is_empty()
            && let Some(open) = &self.open
        {
            let run = names_after(open, level.after.as_ref(), RUN)?;
            level.names = run.names.into();
            level.more = run.more;
        }
        Ok(!level.names.is_empty() || level.more)
    }
}

impl Walk for PosixWalk {
    fn next_page(&mut self, limit: usize) -> Result<Vec<Entry>, StorageError> {
        let mut page = Vec::new();
        while page.len() < limit.max(1) {
            match self.step() {
                Ok(Some(entry)) => page.push(entry),
                Ok(None) => break,
                // What was found is given first; the same step fails again at the next call.
                Err(error) if page.is_empty() => return Err(error),
                Err(_) => break,
            }
        }
        Ok(page)
    }
}
