//! Where files grow before they have a name: one folder for each task or upload.
//!
//! **Promises.** The folder's name begins with [`Staging::PREFIX`], which no path of a person may contain, and listings
//! never show it. The id in it is a UUID: unique, and nobody guesses it in advance.

use std::fmt;

use sealane_model::{Component, TaskId, UploadId};

use crate::error::StorageError;

/// The longest name of a part file.
const MAX_PART_NAME: usize = 128;

/// The staging folder of one task or upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Staging(String);

impl Staging {
    /// What the names of staging folders begin with.
    pub const PREFIX: &'static str = ".sealane-part-";

    /// The folder's name at the collection's root.
    pub(crate) fn folder(&self) -> String {
        format!("{}{}", Self::PREFIX, self.0)
    }

    /// Whether a name is kept for staging folders.
    pub(crate) fn reserves(name: &Component) -> bool {
        name.as_bytes().starts_with(Self::PREFIX.as_bytes())
    }
}

impl From<TaskId> for Staging {
    fn from(task: TaskId) -> Self {
        Self(task.to_string())
    }
}

impl From<UploadId> for Staging {
    fn from(upload: UploadId) -> Self {
        Self(upload.to_string())
    }
}

impl fmt::Display for Staging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Checks the name of a part file: letters, digits, `-`, `_` and `.`, not first a dot.
pub(crate) fn check_part_name(name: &str) -> Result<(), StorageError> {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    let fits = (1..=MAX_PART_NAME).contains(&name.len()) && name.bytes().all(allowed);
    if fits && !name.starts_with('.') { Ok(()) } else { Err(StorageError::BadPartName) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_name_is_one_plain_word() {
        assert!(check_part_name("17-3.run_0").is_ok());
        for bad in ["", ".", "..", ".hidden", "a/b", "a b", "ä", "a\0", &"a".repeat(129)] {
            assert!(check_part_name(bad).is_err(), "{bad:?}");
        }
    }
}
