//! What storage can answer instead of doing what was asked.
//!
//! **Promises.** Each cause has a variant, a stable word ([`StorageError::code`]) and a next step. No variant holds a
//! path or a name: those belong to people and stay in the audit log's sealed openings.

use std::io;

use sealane_model::problem::{ProblemKind, sentence};
use sealane_model::{EntryKind, Problem};
use thiserror::Error;

/// How a file differs from the one that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is longer.
    Grew,
    /// It is shorter.
    Shrank,
    /// It has the same length and another time of change.
    Modified,
    /// Another file has its name.
    Replaced,
    /// Nothing has its name.
    Removed,
}

impl Change {
    /// What happened to the file, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Grew => "it grew",
            Self::Shrank => "it shrank",
            Self::Modified => "it was written to",
            Self::Replaced => "another file took its name",
            Self::Removed => "it was removed or renamed",
        }
    }
}

/// Why storage did not do what was asked.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Nothing has this name.
    #[error("there is nothing of this name")]
    NotFound,
    /// Something that is no directory stands where one is needed.
    #[error("a part of the path is not a directory")]
    NotADirectory,
    /// A directory stands where a file is needed.
    #[error("this is a directory")]
    IsADirectory,
    /// The name is taken.
    #[error("something of this name exists already")]
    AlreadyExists,
    /// The directory has contents.
    #[error("the directory is not empty")]
    NotEmpty,
    /// The permit is for another collection or another path.
    #[error("the permit does not cover this path")]
    NotPermitted,
    /// The operating system refuses the gateway's account.
    #[error("the storage refuses the gateway's account")]
    Refused,
    /// The path leads out of the collection.
    #[error("the path leads out of the collection")]
    Escapes,
    /// A link, FIFO, socket or device stands where a file or directory is needed.
    #[error("{} stands in the path, which is never followed or opened", kind_words(*.0))]
    NotRegular(EntryKind),
    /// The file is no longer the one that was opened.
    #[error("the file changed while it was read: {}", change.as_str())]
    SourceChanged {
        /// How it differs.
        change: Change,
    },
    /// No room is left, or the quota is used up.
    #[error("the storage is full, or the quota of the gateway's account is used up")]
    Full,
    /// The collection, or its file system, cannot be written.
    #[error("this collection is read-only")]
    ReadOnly,
    /// A name or a path is longer, or a tree deeper, than the storage can hold.
    #[error("the name or path is longer than this storage can hold")]
    NameTooLong,
    /// The file system cannot hold these bytes as a name.
    #[error("this file system cannot hold this name")]
    NameNotAllowed,
    /// The name is kept for transfers under way.
    #[error("names that begin with '.sealane-part-' are kept for transfers under way")]
    Reserved,
    /// A collection's root cannot be renamed, replaced or removed.
    #[error("this is the collection's root")]
    IsRoot,
    /// A directory cannot move into itself.
    #[error("a directory cannot move into itself")]
    IntoItself,
    /// Another file system is mounted inside the collection.
    #[error("another file system is mounted inside the collection, so a file cannot get its name in one step")]
    OtherFileSystem,
    /// A part file that should be there is not.
    #[error("the part of the file that was already received is gone")]
    PartMissing,
    /// A part file has another length than announced.
    #[error("the received part has another length than announced")]
    PartSize,
    /// A part's name is no plain word: a fault of the caller.
    #[error("the part's name is not a plain word")]
    BadPartName,
    /// An earlier sync of this part failed, so nothing is known about its bytes.
    #[error("an earlier write of this part failed, so the part was dropped")]
    Spoilt,
    /// What was to be done could not be recorded, so it was not done.
    #[error("what was to be done could not be recorded")]
    Unrecorded,
    /// The storage does not answer, is not mounted, or cannot be confined.
    #[error("the storage does not answer or is not mounted")]
    Unreachable,
    /// Anything else that the operating system said.
    #[error("the operating system failed while {doing}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// What it said.
        #[source]
        source: io::Error,
    },
}

const fn kind_words(kind: EntryKind) -> &'static str {
    match kind {
        EntryKind::File => "a file",
        EntryKind::Directory => "a directory",
        EntryKind::Symlink => "a symbolic link",
        EntryKind::Special => "a FIFO, socket or device",
    }
}

/// The words for one variant: kind of problem, stable code, title, next step.
type Words = (ProblemKind, &'static str, &'static str, &'static str);

impl StorageError {
    /// A stable word that programs can match.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        self.words().1
    }

    /// What a person is told.
    #[must_use]
    pub fn problem(&self) -> Problem {
        let (kind, code, title, next) = self.words();
        Problem::new(kind, code, title, sentence(&self.to_string())).next(sentence(next))
    }

    const fn words(&self) -> Words {
        use ProblemKind::{BadRequest, Conflict, Denied, Integrity, Internal, NotFound, Unavailable, Upstream};
        match self {
            Self::NotFound => (NotFound, "not-found", "Not found", "check the path, for example by listing its folder"),
            Self::NotADirectory => {
                (BadRequest, "not-a-directory", "Not a directory", "check the path up to its last part")
            }
            Self::IsADirectory => {
                (BadRequest, "is-a-directory", "A directory", "name a file, or ask for the whole directory")
            }
            Self::AlreadyExists => {
                (Conflict, "already-exists", "The name is taken", "choose another name, or remove what is there")
            }
            Self::NotEmpty => (Conflict, "not-empty", "Not empty", "ask to remove the directory with its contents"),
            Self::NotPermitted => (Denied, "not-permitted", "Not permitted", "ask for access to this very path"),
            Self::Refused => (
                Denied,
                "storage-refused",
                "The storage refuses",
                "ask the site's administrator to let the gateway's account in",
            ),
            Self::Escapes => (BadRequest, "path-escapes", "Outside the collection", "use a path inside the collection"),
            Self::NotRegular(_) => {
                (BadRequest, "not-regular", "Not a regular file", "transfer the file or directory that it stands for")
            }
            Self::SourceChanged { .. } => {
                (Conflict, "source-changed", "The source changed", "try again when nobody writes to it")
            }
            Self::Full => {
                (Unavailable, "storage-full", "No room left", "free some room or ask for more quota, then try again")
            }
            Self::ReadOnly => (Denied, "read-only", "Read-only", "choose a collection that can be written"),
            Self::NameTooLong => (BadRequest, "name-too-long", "Name too long", "use a shorter name or a flatter tree"),
            Self::NameNotAllowed => (
                BadRequest,
                "name-not-allowed",
                "Name not possible here",
                "rename it at the source, or choose another file system",
            ),
            Self::Reserved => (BadRequest, "name-reserved", "Reserved name", "choose another name"),
            Self::IsRoot => (BadRequest, "is-root", "The collection's root", "name something inside the collection"),
            Self::IntoItself => (BadRequest, "into-itself", "Into itself", "choose a target outside the directory"),
            Self::OtherFileSystem => (
                Conflict,
                "other-file-system",
                "Another file system",
                "ask the administrator to make the mounted file system a collection of its own",
            ),
            Self::PartMissing => (Integrity, "part-missing", "A received part is gone", "submit the transfer again"),
            Self::PartSize => (Integrity, "part-size", "Wrong length", "submit the transfer again"),
            Self::BadPartName => (
                Internal,
                "part-name",
                "A fault of this gateway",
                "tell the administrator the reference of this request",
            ),
            Self::Spoilt => (
                Unavailable,
                "part-spoilt",
                "A write failed",
                "check the storage's disks, then submit the transfer again",
            ),
            Self::Unrecorded => (
                Unavailable,
                "audit-unwritable",
                "Not all was done, because it could not be recorded",
                "tell the site's administrator: the audit directory must be writable and its disk must have space",
            ),
            Self::Unreachable => (
                Unavailable,
                "storage-unreachable",
                "The storage does not answer",
                "check that the storage is mounted and answers",
            ),
            Self::Io { .. } => {
                (Upstream, "storage-failed", "The storage failed", "look at the gateway's log and the storage's health")
            }
        }
    }
}
