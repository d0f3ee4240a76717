//! What storage says of one name: kind, size, time, identity.

use serde::{Deserialize, Serialize};

use crate::path::RemotePath;

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link: listed, never followed.
    Symlink,
    /// A FIFO, socket or device: listed, never opened.
    Special,
}

/// A file's time of last change of content, to the nanosecond, as its file system keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct FileTime {
    /// Seconds since 1970 UTC; negative before.
    pub seconds: i64,
    /// Nanoseconds within the second.
    pub nanos: u32,
}

/// One entry of a directory, or the answer to a stat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Where it is, from the collection's root.
    pub path: RemotePath,
    /// What it is.
    pub kind: EntryKind,
    /// Length in bytes; 0 for what is not a file.
    pub size: u64,
    /// Last change of content.
    pub modified: FileTime,
    /// Permission bits as the storage keeps them (POSIX mode, low 12 bits); 0 where it has none.
    pub mode: u32,
    /// Which object the storage holds under this name (device and inode on POSIX): a file that was replaced has another.
    pub identity: u128,
}
