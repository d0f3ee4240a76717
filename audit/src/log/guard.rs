//! Is the log still where it should be, and is there room? Asked once a batch, before acknowledging.
//!
//! A deleted or replaced file, a directory covered by another mount or made read-only, a file system
//! without space: writes into an open file may well succeed in all of them, and the record would still be
//! lost. So the file under the name must be the file that was written.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use rustix::fs::{StatVfs, StatVfsMountFlags, fstat, stat, statvfs};

use super::error::AppendError;

/// Room on the file system.
#[derive(Copy, Clone, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Ample,
    /// Too little to begin anything new.
    Short,
}

#[derive(Debug, Clone)]
struct Watched {
    path: PathBuf,
    what: &'static str,
    device: u64,
    inode: u64,
}

#[derive(Debug)]
pub(crate) struct Guard {
    directory: PathBuf,
    least_free: u64,
    files: Mutex<Vec<Watched>>,
}

impl Guard {
    pub(crate) fn new(directory: &Path, least_free: u64) -> Self {
        Self { directory: directory.to_owned(), least_free, files: Mutex::new(Vec::new()) }
    }

    /// From now on `path` must be this very file; takes the place of the last file of that name.
    pub(crate) fn watch(&self, what: &'static str, path: PathBuf, file: &File) -> Result<(), AppendError> {
        let status = fstat(file)?;
        let watched = Watched { path, what, device: status.st_dev, inode: status.st_ino };
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.retain(|file| file.what != what);
        files.push(watched);
        Ok(())
    }

    /// The log can be written and what is written stays.
    pub(crate) fn check(&self) -> Result<Room, AppendError> {
        self.directory_is_writable(&self.directory)?;
        for file in self.files.lock().unwrap_or_else(PoisonError::into_inner).iter() {
            if let Some(parent) = file.path.parent() {
                self.directory_is_writable(parent)?;
            }
            let status = match stat(&file.path) {
                Err(rustix::io::Errno::NOENT) => return Err(AppendError::Replaced { what: file.what }),
                other => other?,
            };
            if (status.st_dev, status.st_ino) != (file.device, file.inode) {
                return Err(AppendError::Replaced { what: file.what });
            }
            writable("file", status.st_mode)?;
        }
        self.room()
    }

    fn directory_is_writable(&self, directory: &Path) -> Result<(), AppendError> {
        match stat(directory) {
            Err(rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR) => {
                Err(AppendError::Replaced { what: "directory" })
            }
            Err(error) => Err(error.into()),
            Ok(status) => writable("directory", status.st_mode),
        }?;
        // Each may have a mount of its own laid over it.
        mounted_writable(&statvfs(directory)?)
    }

    fn room(&self) -> Result<Room, AppendError> {
        let space = statvfs(&self.directory)?;
        let free = space.f_bavail.saturating_mul(space.f_frsize);
        Ok(if free < self.least_free { Room::Short } else { Room::Ample })
    }
}

fn mounted_writable(status: &StatVfs) -> Result<(), AppendError> {
    if status.f_flag.contains(StatVfsMountFlags::RDONLY) {
        return Err(AppendError::Unwritable { why: "its file system is mounted read-only".to_owned() });
    }
    Ok(())
}

/// An administrator who takes away the write permission means it, also for root, who would not notice.
fn writable(what: &str, mode: u32) -> Result<(), AppendError> {
    if mode & 0o200 == 0 {
        return Err(AppendError::Unwritable { why: format!("its {what} is marked read-only") });
    }
    Ok(())
}
