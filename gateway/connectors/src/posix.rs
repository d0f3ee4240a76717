//! A directory of a POSIX file system as a collection.
//!
//! **Promises.** Everything is opened beneath the root by the kernel (`openat2`, see [`root`]); renames, removals and new
//! directories are made by (directory, single component). FIFOs, sockets and devices are never opened for use. A file
//! gets its name only when it is whole and synced (see [`commit`]).
//!
//! **Leaves to others.** Acting as different local users: all access is by the gateway's own account.

mod commit;
mod errno;
mod lister;
mod mutation;
mod reader;
mod root;
mod stat;
mod walker;
mod writer;

use std::path::Path;
use std::sync::Arc;

use sealane_model::permit::{Delete, List, Read, Write};
use sealane_model::{CollectionId, Component, Entry, FileTime, Permit, RemotePath};

use crate::capability::Capabilities;
use crate::connector::{Connector, Going, PartFile, Reader, Walk};
use crate::entry::{Commit, Listing};
use crate::error::StorageError;
use crate::staging::Staging;
use root::Root;

/// The POSIX connector of one collection.
pub(crate) struct PosixConnector {
    root: Arc<Root>,
    collection: CollectionId,
    writable: bool,
}

impl PosixConnector {
    /// Opens the directory that nothing of this collection ever leaves.
    pub(crate) fn open(root: &Path, collection: CollectionId, writable: bool) -> Result<Self, StorageError> {
        Ok(Self { root: Arc::new(Root::open(root)?), collection, writable })
    }

    /// The permit is for this collection and this path, and the path is one that people may name.
    fn check<A>(&self, permit: &Permit<A>, path: &RemotePath) -> Result<(), StorageError> {
        if !permit.covers(self.collection, path) {
            Err(StorageError::NotPermitted)
        } else if path.components().iter().any(Staging::reserves) {
            Err(StorageError::Reserved)
        } else {
            Ok(())
        }
    }

    fn check_change<A>(&self, permit: &Permit<A>, path: &RemotePath) -> Result<(), StorageError> {
        self.check(permit, path)?;
        self.check_writable()
    }

    /// As [`Self::check_change`], for what happens to a whole tree: nothing beneath the path may be refused either.
    fn check_tree<A>(&self, permit: &Permit<A>, path: &RemotePath) -> Result<(), StorageError> {
        self.check_change(permit, path)?;
        let refused = permit.refused_beneath().iter().any(|refused| refused.starts_with(path));
        if refused { Err(StorageError::NotPermitted) } else { Ok(()) }
    }

    fn check_writable(&self) -> Result<(), StorageError> {
        if self.writable { Ok(()) } else { Err(StorageError::ReadOnly) }
    }

    /// Staging lies outside every path that a permit can cover, so a permit for this collection is what it takes.
    fn check_staging(&self, permit: &Permit<Write>) -> Result<(), StorageError> {
        if permit.collection() != Some(self.collection) {
            return Err(StorageError::NotPermitted);
        }
        self.check_writable()
    }
}

impl Connector for PosixConnector {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            writable: self.writable,
            directories: true,
            keeps_modified: true,
            keeps_mode: true,
            keeps_any_bytes: true,
            writes_any_order: true,
        }
    }

    fn collection(&self) -> CollectionId {
        self.collection
    }

    fn stat(&self, permit: &Permit<List>, path: &RemotePath) -> Result<Entry, StorageError> {
        self.check(permit, path)?;
        self.root.stat(path)
    }

    fn list(
        &self,
        permit: &Permit<List>,
        directory: &RemotePath,
        after: Option<&Component>,
        limit: usize,
    ) -> Result<Listing, StorageError> {
        self.check(permit, directory)?;
        lister::list(&self.root, directory, after, limit, |path| permit.covers(self.collection, path))
    }

    fn walk(
        &self,
        permit: &Permit<Read>,
        root: &RemotePath,
        after: Option<&RemotePath>,
    ) -> Result<Box<dyn Walk>, StorageError> {
        self.check(permit, root)?;
        let refused = permit.refused_beneath().to_vec();
        Ok(Box::new(walker::PosixWalk::start(Arc::clone(&self.root), root, after, refused)?))
    }

    fn open(&self, permit: &Permit<Read>, path: &RemotePath) -> Result<Box<dyn Reader>, StorageError> {
        self.check(permit, path)?;
        Ok(Box::new(reader::PosixReader::open(Arc::clone(&self.root), path)?))
    }

    fn create_part(
        &self,
        permit: &Permit<Write>,
        staging: &Staging,
        name: &str,
        size: u64,
        resume: bool,
    ) -> Result<Box<dyn PartFile>, StorageError> {
        self.check_staging(permit)?;
        Ok(Box::new(writer::PosixPart::open(&self.root, staging, name, size, resume)?))
    }

    fn commit(&self, permit: &Permit<Write>, staging: &Staging, files: &[Commit]) -> Result<(), StorageError> {
        self.check_staging(permit)?;
        for file in files {
            self.check(permit, &file.target)?;
        }
        commit::commit(&self.root, staging, files)
    }

    fn make_directory(&self, permit: &Permit<Write>, path: &RemotePath) -> Result<bool, StorageError> {
        self.check_change(permit, path)?;
        mutation::make_directory(&self.root, path)
    }

    fn set_modified(&self, permit: &Permit<Write>, path: &RemotePath, modified: FileTime) -> Result<(), StorageError> {
        self.check_change(permit, path)?;
        mutation::set_modified(&self.root, path, modified)
    }

    fn rename(&self, permit: &Permit<Write>, from: &RemotePath, to: &RemotePath) -> Result<(), StorageError> {
        self.check_tree(permit, from)?;
        self.check_tree(permit, to)?;
        mutation::rename(&self.root, from, to)
    }

    fn remove(
        &self,
        permit: &Permit<Delete>,
        path: &RemotePath,
        recursive: bool,
        going: &mut Going<'_>,
    ) -> Result<u64, StorageError> {
        if recursive {
            self.check_tree(permit, path)?;
        } else {
            self.check_change(permit, path)?;
        }
        mutation::remove(&self.root, path, recursive, going)
    }

    fn discard_staging(&self, permit: &Permit<Write>, staging: &Staging) -> Result<(), StorageError> {
        self.check_staging(permit)?;
        mutation::discard_staging(&self.root, staging)
    }

    fn free_bytes(&self) -> Result<u64, StorageError> {
        self.root.free_bytes()
    }
}
