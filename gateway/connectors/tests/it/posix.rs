//! A temporary directory as storage.

use std::path::{Path, PathBuf};

use sealane_model::StorageKind;
use tempfile::TempDir;

use crate::bench::{Bench, Storage};

/// A directory that goes with the test.
pub(crate) struct PosixStorage(TempDir);

impl Storage for PosixStorage {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn kind(&self) -> StorageKind {
        StorageKind::Posix { root: self.0.path().to_owned() }
    }
}

/// A collection in a temporary directory, and a folder beside it that nothing may reach.
pub(crate) struct PosixBench {
    folder: TempDir,
    pub(crate) bench: Bench,
}

impl PosixBench {
    pub(crate) fn new() -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("root")).unwrap();
        std::fs::create_dir(folder.path().join("outside")).unwrap();
        std::fs::write(folder.path().join("outside/secret"), b"outside").unwrap();
        let bench = Bench::on(StorageKind::Posix { root: folder.path().join("root") });
        Self { folder, bench }
    }

    /// A place inside the collection, for tests that act behind the connector's back.
    pub(crate) fn inside(&self, name: &str) -> PathBuf {
        self.folder.path().join("root").join(name)
    }

    /// The folder beside the collection.
    pub(crate) fn outside(&self) -> PathBuf {
        self.folder.path().join("outside")
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) -> PathBuf {
        let path = self.inside(name);
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// Makes a symbolic link.
pub(crate) fn link(target: impl AsRef<Path>, link: impl AsRef<Path>) {
    std::os::unix::fs::symlink(target, link).unwrap();
}
