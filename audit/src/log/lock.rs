//! The lock on a log's directory: one writer at a time, also within one process.
//!
//! It is let go by saying so, not by closing the file: a program that is being started at that moment holds a
//! copy of every open file for a while, and the directory would seem to be in use. When the process ends, the
//! kernel lets go.

use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use rustix::fs::{FlockOperation, flock};

#[derive(Debug)]
pub(super) struct DirectoryLock(File);

impl DirectoryLock {
    /// Takes the lock, or `None` while somebody else has it.
    pub(super) fn take(path: &Path) -> io::Result<Option<Self>> {
        let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Self(file))),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }
}

impl Drop for DirectoryLock {
    fn drop(&mut self) {
        // If this fails, closing the file does it, a moment later.
        let _ = flock(&self.0, FlockOperation::Unlock);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lock_is_free_again_though_a_copy_of_its_file_is_still_open() {
        let home = tempfile::tempdir().expect("temporary directory");
        let path = home.path().join("lock");
        let lock = DirectoryLock::take(&path).expect("take").expect("free");
        let copy = lock.0.try_clone().expect("copy, as a program that is being started has it");
        assert!(DirectoryLock::take(&path).expect("take").is_none());
        drop(lock);
        assert!(DirectoryLock::take(&path).expect("take").is_some());
        drop(copy);
    }
}
