//! Resumable uploads, as their owners see them.

use sealane_crypto::digest::Digest;
use sealane_model::{RemotePath, Timestamp, UploadId};
use serde::{Deserialize, Serialize};

use super::entry::Modified;

/// What is going to be sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewUpload {
    /// What it is to be called.
    pub path: RemotePath,
    /// Length in bytes.
    pub size: u64,
    /// Its time of last change; the time of the commit where absent.
    #[serde(default)]
    pub modified: Option<Modified>,
    /// Its SHA-256 tree digest over records of 1 MiB, checked before it gets its name.
    #[serde(default)]
    pub digest: Option<Digest>,
}

/// An upload under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UploadView {
    /// Its id.
    pub id: UploadId,
    /// What it is going to be called.
    pub path: RemotePath,
    /// Length in bytes.
    pub size: u64,
    /// Bytes that are durable here: send the next from this offset.
    pub received: u64,
    /// The digest that it must have.
    pub digest: Option<Digest>,
    /// When it is given up if nothing comes.
    pub expires_at: Timestamp,
}

/// A file that an upload has become.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredView {
    /// Its name now.
    pub path: RemotePath,
    /// Length in bytes.
    pub size: u64,
    /// Its time of last change.
    pub modified: Modified,
    /// The SHA-256 tree digest of what was stored; absent where an earlier, interrupted commit had stored it already.
    pub digest: Option<Digest>,
}
