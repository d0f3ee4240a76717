//! Access: names and content of a collection, read or changed.
//!
//! Part of the closed catalogue in `catalogue.rs`; names are stable once released.

use super::catalogue::kinds;

kinds! {
    /// Reading and changing what a collection holds.
    Access {
        DirectoryList = "directory.list", "Names in a directory are shown.";
        EntryStat = "entry.stat", "Size, times or kind of a file or directory are shown.";
        ContentRead = "content.read", "Bytes of a file are released to a person.";
        ContentWrite = "content.write", "Bytes of a file are stored from a person.";
        DirectoryCreate = "directory.create", "A directory is made, by a person or for a task.";
        EntryRename = "entry.rename", "A file or directory gets another name.";
        EntryDelete = "entry.delete", "A file or directory is removed; of a directory with all that is in it, each item has an entry.";
    }
}
