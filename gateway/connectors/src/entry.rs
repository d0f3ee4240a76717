//! What goes in and out of a connector beside bytes: pages of entries, and the files of a commit.

use sealane_model::{Entry, FileTime, RemotePath};

/// One page of a directory, sorted by the bytes of the names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// The entries. The next page starts after the last one's name.
    pub entries: Vec<Entry>,
    /// There are more after these.
    pub more: bool,
}

/// One finished part file and what it becomes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// The part's name in its staging folder.
    pub part: String,
    /// The file's final place. An older file of that name is replaced in one step.
    pub target: RemotePath,
    /// The length that it must have.
    pub size: u64,
    /// The time of change that it gets.
    pub modified: FileTime,
    /// The permission bits that it gets: read, write, execute only, never set-user-id, set-group-id or sticky; the
    /// gateway's account can always read it.
    /// `None` leaves it to the gateway's account alone, 0600.
    pub mode: Option<u32>,
}
