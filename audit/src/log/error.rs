//! What can go wrong with a log: refusing to open it, refusing to append, failing to read.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;

use crate::entry::EncodeError;
use crate::note::NoteError;
use crate::timestamp::TimestampError;

/// No record was made, so the act must not happen (HTTP 503).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AppendError {
    /// The disk is full. Outcomes of acts under way are still recorded while the reserve lasts.
    #[error("the audit log's disk is full: nothing may be done that cannot be recorded; free space on it")]
    Full,
    /// The directory or file cannot be written.
    #[error(
        "the audit log cannot be written ({why}): nothing may be done that cannot be recorded; check its directory"
    )]
    Unwritable {
        /// What the operating system said.
        why: String,
    },
    /// The file that the log writes to is no longer the one in its directory.
    #[error(
        "the audit log's {what} was removed, replaced or covered by another mount: put the original back, or restart after an investigation"
    )]
    Replaced {
        /// Which of its files.
        what: &'static str,
    },
    /// The log is closed.
    #[error("the audit log is closed: this node is stopping; try again at another node or after its restart")]
    Closed,
    /// The event itself cannot be written.
    #[error(transparent)]
    Refused(#[from] EncodeError),
}

impl AppendError {
    pub(crate) fn from_io(error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Unwritable { why: error.to_string() },
        }
    }
}

impl From<Errno> for AppendError {
    fn from(error: Errno) -> Self {
        Self::from_io(&error.into())
    }
}

/// The log was not opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process writes it.
    #[error("the audit log in {0} is in use by another process: stop that one first")]
    InUse(PathBuf),
    /// No origin.
    #[error("{0:?} cannot name a log: an origin has no spaces, no '+' and at most 255 bytes")]
    Origin(String),
    /// The log belongs to another key or origin.
    #[error(
        "the audit log in {directory} was begun by {found}, and this node's key is {ours}: restore the right key, or give this node a directory of its own"
    )]
    OtherKey {
        /// Where.
        directory: PathBuf,
        /// Key in the log directory.
        found: String,
        /// Key handed in.
        ours: String,
    },
    /// Acknowledged entries are damaged: not a crash.
    #[error(
        "the audit log is damaged at {place}, in or after entry {index}: {why}. A crash does not do this. Keep a copy, run sealane-verify on it, and restore from the mirror"
    )]
    Damaged {
        /// First entry that cannot be trusted.
        index: u64,
        /// Where it is.
        place: String,
        /// What is wrong.
        why: String,
    },
    /// Acknowledged entries are gone.
    #[error(
        "the audit log ends after {size} entries and its checkpoint covers {acknowledged}: acknowledged entries were lost or removed. Keep a copy, and restore from the mirror"
    )]
    Shorter {
        /// Entries that are there.
        size: u64,
        /// Entries that a checkpoint beside the log covers.
        acknowledged: u64,
    },
    /// The log is not the one that was cosigned.
    #[error(
        "the first {size} entries of the audit log are not those of the checkpoint kept in checkpoints/{size}: its history was rewritten, or the directory was mixed with another. Keep a copy, and run sealane-verify on it with that checkpoint as an anchor"
    )]
    Rewritten {
        /// Entries that the checkpoint covers.
        size: u64,
    },
    /// The first segment cannot be allocated.
    #[error("no space for the audit log in {0}: free at least two segments' worth on that disk")]
    Full(PathBuf),
    /// The operating system refused.
    #[error("the audit log in {directory} cannot be opened ({doing}): {source}")]
    Io {
        /// Where.
        directory: PathBuf,
        /// During what.
        doing: &'static str,
        /// Why.
        source: io::Error,
    },
    /// The entry about the recovery could not be written.
    #[error("the audit log was recovered and cannot say so: {0}")]
    Append(#[from] AppendError),
}

impl OpenError {
    /// A full disk has a name of its own, whatever was being done.
    pub(crate) fn io(directory: &Path, doing: &'static str, source: io::Error) -> Self {
        let directory = directory.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full(directory),
            _ => Self::Io { directory, doing, source },
        }
    }
}

/// A proof could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProveError {
    /// The log is shorter.
    #[error("the audit log has {size} entries, and the proof asked for needs more; ask for one within it")]
    OutOfRange {
        /// Entries that it has.
        size: u64,
    },
    /// Not a head of this log.
    #[error(
        "the checkpoint of {origin} over {size} entries is no head of this log: it is another's, or one of the two was rewritten"
    )]
    Foreign {
        /// Whose head it says it is.
        origin: String,
        /// Entries that it covers.
        size: u64,
    },
    /// The files cannot be read, or are not what was written.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// A cosigned head or a timestamp was not kept.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// Not signed by this log's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// A witness's line that does not verify.
    #[error("the line of the witness {0:?} does not verify: it was altered, or somebody else wrote it; ask again")]
    Forged(String),
    /// Not a timestamp for this head.
    #[error(transparent)]
    Timestamp(#[from] TimestampError),
    /// Not a head of this log.
    #[error(transparent)]
    Prove(#[from] ProveError),
    /// The operating system refused.
    #[error("beside the audit log nothing can be written or read ({0}); check its directory and its disk")]
    Io(#[from] io::Error),
}

/// Entries could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The operating system refused.
    #[error("the audit log cannot be read: {0}")]
    Io(#[from] io::Error),
    /// What was read is not what was written.
    #[error("the audit log is damaged at entry {index}: {why}; run sealane-verify on a copy")]
    Damaged {
        /// The entry.
        index: u64,
        /// What is wrong.
        why: String,
    },
}
