//! Keys as files of mode 0600 in a folder of mode 0700.
//!
//! A key file is written once under a temporary name and linked into place, so that a crash leaves none half-written and
//! an existing key is never overwritten. A key that others could read is refused.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sealane_crypto::keystore::{KeyStore, KeyStoreError};
use sealane_crypto::secret::Secret;

/// A folder of key files.
#[derive(Debug, Clone)]
pub struct FileKeyStore {
    folder: PathBuf,
}

impl FileKeyStore {
    /// Open the folder, making it where it is missing.
    ///
    /// # Errors
    /// When it cannot be made, or others than its owner may enter it.
    pub fn open(folder: &Path) -> Result<Self, KeyStoreError> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(|error| unwritable("folder", error))?;
        refuse_if_shared(folder, "folder")?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Put the key `new` in the place of `old`, in one step: the one that stood there is gone.
    ///
    /// # Errors
    /// When there is no such key, or the folder cannot be written.
    pub fn replace(&self, new: &str, old: &str) -> Result<(), KeyStoreError> {
        let renamed = fs::rename(self.path(new), self.path(old));
        renamed.and_then(|()| fs::File::open(&self.folder)?.sync_all()).map_err(|error| unwritable(old, error))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.key"))
    }
}

impl KeyStore for FileKeyStore {
    fn load(&self, name: &str) -> Result<Option<Secret<Vec<u8>>>, KeyStoreError> {
        let path = self.path(name);
        match fs::read(&path) {
            Ok(bytes) => {
                refuse_if_shared(&path, name)?;
                Ok(Some(Secret::new(bytes)))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(KeyStoreError::Unreadable { name: name.to_owned(), source }),
        }
    }

    fn store(&self, name: &str, bytes: &Secret<Vec<u8>>) -> Result<(), KeyStoreError> {
        let temporary = self.folder.join(format!(".{name}.{}", std::process::id()));
        let written = write_private(&temporary, bytes.expose())
            .and_then(|()| fs::hard_link(&temporary, self.path(name)))
            .and_then(|()| fs::File::open(&self.folder)?.sync_all());
        let removed = fs::remove_file(&temporary);
        written.and(removed).map_err(|error| unwritable(name, error))
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn refuse_if_shared(path: &Path, name: &str) -> Result<(), KeyStoreError> {
    let found = fs::metadata(path).map_err(|source| KeyStoreError::Unreadable { name: name.to_owned(), source })?;
    if found.permissions().mode() & 0o077 == 0 { Ok(()) } else { Err(KeyStoreError::Exposed { name: name.to_owned() }) }
}

fn unwritable(name: &str, source: std::io::Error) -> KeyStoreError {
    KeyStoreError::Unwritable { name: name.to_owned(), source }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_private_and_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let keys = FileKeyStore::open(&folder.path().join("keys")).unwrap();
        assert!(keys.load("a").unwrap().is_none());
        keys.store("a", &Secret::new(vec![1, 2, 3])).unwrap();
        assert_eq!(keys.load("a").unwrap().unwrap().expose(), &vec![1, 2, 3]);
        assert!(keys.store("a", &Secret::new(vec![9])).is_err(), "a key is never overwritten");
        let mode = fs::metadata(keys.path("a")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_could_read_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let keys = FileKeyStore::open(&folder.path().join("keys")).unwrap();
        keys.store("a", &Secret::new(vec![1])).unwrap();
        fs::set_permissions(keys.path("a"), fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(keys.load("a"), Err(KeyStoreError::Exposed { .. })));
    }
}
