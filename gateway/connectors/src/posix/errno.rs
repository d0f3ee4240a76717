//! From what the operating system says to what it means.

use rustix::io::Errno;
use sealane_model::EntryKind;

use crate::error::StorageError;

/// The meaning of an error number, whatever was being done.
pub(crate) fn meaning(errno: Errno, doing: &'static str) -> StorageError {
    match errno {
        Errno::NOENT => StorageError::NotFound,
        Errno::NOTDIR => StorageError::NotADirectory,
        Errno::ISDIR => StorageError::IsADirectory,
        Errno::EXIST => StorageError::AlreadyExists,
        Errno::NOTEMPTY => StorageError::NotEmpty,
        Errno::ACCESS | Errno::PERM => StorageError::Refused,
        Errno::LOOP => StorageError::NotRegular(EntryKind::Symlink),
        Errno::NOSPC | Errno::DQUOT => StorageError::Full,
        Errno::ROFS => StorageError::ReadOnly,
        Errno::NAMETOOLONG => StorageError::NameTooLong,
        Errno::ILSEQ => StorageError::NameNotAllowed,
        // A network file system or a FUSE daemon that is gone.
        Errno::STALE | Errno::NOTCONN | Errno::HOSTDOWN | Errno::TIMEDOUT | Errno::NODEV => StorageError::Unreachable,
        _ => StorageError::Io { doing, source: errno.into() },
    }
}

/// As [`meaning`], for `map_err`.
pub(crate) fn while_doing(doing: &'static str) -> impl Fn(Errno) -> StorageError {
    move |errno| meaning(errno, doing)
}
