//! The trait that every kind of storage fulfils. The behaviour suite of this package is its specification in tests.
//!
//! **Promises of every implementation.** A permit that does not cover the collection and the path is refused
//! ([`StorageError::NotPermitted`]). Names are byte-exact. Links are entries, never followed; what is not a regular file
//! is never opened. Nothing half-written ever stands under its final name. Calls may block.

use sealane_model::permit::{Delete, List, Read, Write};
use sealane_model::{CollectionId, Component, Entry, FileTime, Permit, RemotePath};

use crate::capability::Capabilities;
use crate::entry::{Commit, Listing};
use crate::error::StorageError;
use crate::staging::Staging;

/// One collection's storage. Every path starts at the collection's root.
pub trait Connector: Send + Sync {
    /// What this storage can do.
    fn capabilities(&self) -> Capabilities;

    /// The collection that this connector serves.
    fn collection(&self) -> CollectionId;

    /// What stands under a name.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] and the storage's own refusals.
    fn stat(&self, permit: &Permit<List>, path: &RemotePath) -> Result<Entry, StorageError>;

    /// A page of a directory: at most `limit` entries whose names come after `after`, sorted by bytes.
    ///
    /// # Errors
    /// [`StorageError::NotADirectory`] and the storage's own refusals.
    fn list(
        &self,
        permit: &Permit<List>,
        directory: &RemotePath,
        after: Option<&Component>,
        limit: usize,
    ) -> Result<Listing, StorageError>;

    /// Everything at and beneath `root`: itself first, each directory before its contents, the names of a directory
    /// sorted by bytes. `after` resumes exactly behind that path, whether or not it still exists.
    ///
    /// # Errors
    /// [`StorageError::NotFound`] if there is no such root, and the storage's own refusals.
    fn walk(
        &self,
        permit: &Permit<Read>,
        root: &RemotePath,
        after: Option<&RemotePath>,
    ) -> Result<Box<dyn Walk>, StorageError>;

    /// Opens a regular file for reading.
    ///
    /// # Errors
    /// [`StorageError::NotRegular`] for links, FIFOs, sockets and devices; [`StorageError::IsADirectory`].
    fn open(&self, permit: &Permit<Read>, path: &RemotePath) -> Result<Box<dyn Reader>, StorageError>;

    /// Opens a part file for writing. Without `resume` it starts empty, whatever was there; with `resume` it must exist
    /// and keeps its bytes. `size` is what it will need: a storage with less room says so now.
    ///
    /// # Errors
    /// [`StorageError::Full`]; [`StorageError::NotFound`] if there is nothing to resume.
    fn create_part(
        &self,
        permit: &Permit<Write>,
        staging: &Staging,
        name: &str,
        size: u64,
        resume: bool,
    ) -> Result<Box<dyn PartFile>, StorageError>;

    /// Gives finished parts their final names: durable when it returns. Doing it again is harmless: a part that is gone
    /// and whose target has the size and the time counts as committed.
    ///
    /// # Errors
    /// [`StorageError::PartMissing`], [`StorageError::PartSize`] and the storage's own refusals. Some files may then be
    /// committed; none is half.
    fn commit(&self, permit: &Permit<Write>, staging: &Staging, files: &[Commit]) -> Result<(), StorageError>;

    /// Makes a directory in an existing one; `false` if it is there already.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] if something else has the name; [`StorageError::NotFound`] without a parent.
    fn make_directory(&self, permit: &Permit<Write>, path: &RemotePath) -> Result<bool, StorageError>;

    /// Sets the time of change of a file or directory: of directories at the end of a task.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn set_modified(&self, permit: &Permit<Write>, path: &RemotePath, modified: FileTime) -> Result<(), StorageError>;

    /// Renames within the collection. Nothing is overwritten.
    ///
    /// # Errors
    /// [`StorageError::AlreadyExists`] if the new name is taken; [`StorageError::IntoItself`].
    fn rename(&self, permit: &Permit<Write>, from: &RemotePath, to: &RemotePath) -> Result<(), StorageError>;

    /// Removes a file, an empty directory, or with `recursive` a tree; says how many entries went.
    ///
    /// Of what lies within a directory, `going` is told before it goes, some entries at a time; where it fails, they stay.
    ///
    /// # Errors
    /// [`StorageError::NotEmpty`] for a directory with contents, unless `recursive`; whatever `going` fails with.
    fn remove(
        &self,
        permit: &Permit<Delete>,
        path: &RemotePath,
        recursive: bool,
        going: &mut Going<'_>,
    ) -> Result<u64, StorageError>;

    /// Removes a staging folder and what is in it. It may be gone already.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn discard_staging(&self, permit: &Permit<Write>, staging: &Staging) -> Result<(), StorageError>;

    /// Bytes that can still be written.
    ///
    /// # Errors
    /// [`StorageError::Unreachable`] and the storage's own refusals.
    fn free_bytes(&self) -> Result<u64, StorageError>;
}

/// Whoever is told what goes with a directory that is removed.
pub type Going<'a> = dyn FnMut(&[RemotePath]) -> Result<(), StorageError> + 'a;

/// A walk under way. It holds the names of the directories that it is in, not those of the tree.
pub trait Walk: Send {
    /// The next entries, at most `limit`; none at the end.
    ///
    /// # Errors
    /// A directory that may not be read is an error, never a gap. Entries that vanish meanwhile are left out.
    fn next_page(&mut self, limit: usize) -> Result<Vec<Entry>, StorageError>;
}

/// An open file. Several threads may read different ranges of it.
pub trait Reader: Send + Sync {
    /// What it was when it was opened.
    fn entry(&self) -> &Entry;

    /// Fills the buffer from `offset` on; gives fewer bytes only at the end of the file.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError>;

    /// Makes sure that the file is still the one that was opened: same length, same time, still under its name.
    ///
    /// # Errors
    /// [`StorageError::SourceChanged`].
    fn check_unchanged(&self) -> Result<(), StorageError>;
}

/// A file under way, without its final name. Several threads may write different ranges of it.
pub trait PartFile: Send + Sync {
    /// Writes all the bytes at `offset`.
    ///
    /// # Errors
    /// [`StorageError::Full`] and the storage's own refusals.
    fn write_at(&self, offset: u64, data: &[u8]) -> Result<(), StorageError>;

    /// Reads back what was written; fewer bytes only at the end.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, StorageError>;

    /// Makes everything written so far durable. After a failure the part is spoilt: it is removed and must be sent again.
    ///
    /// # Errors
    /// [`StorageError::Full`], [`StorageError::Io`].
    fn sync(&self) -> Result<(), StorageError>;

    /// Its length now: the end of the furthest range.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn len(&self) -> Result<u64, StorageError>;

    /// Whether nothing was written yet.
    ///
    /// # Errors
    /// The storage's own refusals.
    fn is_empty(&self) -> Result<bool, StorageError> {
        Ok(self.len()? == 0)
    }
}
