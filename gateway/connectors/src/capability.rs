//! What a storage can and cannot do: callers ask before they promise.

/// What a connector's storage can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Capabilities {
    /// Files and directories can be written, renamed and removed.
    pub writable: bool,
    /// Directories exist by themselves, also when empty.
    pub directories: bool,
    /// Times of change are kept as they are set, to the nanosecond where the file system has them.
    pub keeps_modified: bool,
    /// POSIX permission bits are kept.
    pub keeps_mode: bool,
    /// Names that are not UTF-8 are kept byte for byte.
    pub keeps_any_bytes: bool,
    /// Ranges of one part file can be written in any order and by several threads.
    pub writes_any_order: bool,
}
