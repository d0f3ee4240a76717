//! Files and directories, as listings show them.

use std::fmt;
use std::str::FromStr;

use sealane_model::{Component, Entry, EntryKind, FileTime, RemotePath};
use serde::{Deserialize, Serialize};

/// A file's time of last change, to the nanosecond; RFC 3339 in text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Modified(pub FileTime);

/// A text that is not a time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a time: expected RFC 3339 such as 2026-03-01T09:30:00.123456789Z")]
pub struct ModifiedError;

impl fmt::Display for Modified {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let nanos = i32::try_from(self.0.nanos).unwrap_or(0);
        match jiff::Timestamp::new(self.0.seconds, nanos) {
            Ok(time) => time.fmt(f),
            // Outside the years that RFC 3339 can write: file systems allow it, so it is shown as near as it goes.
            Err(_) if self.0.seconds < 0 => jiff::Timestamp::MIN.fmt(f),
            Err(_) => jiff::Timestamp::MAX.fmt(f),
        }
    }
}

impl FromStr for Modified {
    type Err = ModifiedError;

    fn from_str(text: &str) -> Result<Self, ModifiedError> {
        let nanos = text.parse::<jiff::Timestamp>().map_err(|_| ModifiedError)?.as_nanosecond();
        let seconds = i64::try_from(nanos.div_euclid(1_000_000_000)).map_err(|_| ModifiedError)?;
        let nanos = u32::try_from(nanos.rem_euclid(1_000_000_000)).map_err(|_| ModifiedError)?;
        Ok(Self(FileTime { seconds, nanos }))
    }
}

impl Serialize for Modified {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Modified {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// One name in a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryView {
    /// The last component of its path in the escaped form; `/` for the collection's root.
    pub name: String,
    /// Where it is, from the collection's root.
    pub path: RemotePath,
    /// What it is.
    pub kind: EntryKind,
    /// Length in bytes; 0 for what is not a file.
    pub size: u64,
    /// Last change of content.
    pub modified: Modified,
    /// Permission bits as the storage keeps them.
    pub mode: u32,
}

impl From<&Entry> for EntryView {
    fn from(entry: &Entry) -> Self {
        Self {
            name: entry.path.file_name().map_or_else(|| "/".to_owned(), Component::to_text),
            path: entry.path.clone(),
            kind: entry.kind,
            size: entry.size,
            modified: Modified(entry.modified),
            mode: entry.mode,
        }
    }
}

/// One page of a directory, names in the order of their bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listing {
    /// The directory.
    pub path: RemotePath,
    /// Its entries.
    pub items: Vec<EntryView>,
    /// Hand this back as `after` to get the next page; absent on the last one.
    pub next: Option<String>,
}

/// The answer to making a directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// The directory.
    pub path: RemotePath,
    /// Whether it was made now; `false` if it was there before.
    pub made: bool,
}

/// The answer to renaming.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// What it was called.
    pub from: RemotePath,
    /// What it is called now.
    pub to: RemotePath,
}

/// The answer to removing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// How many entries are gone.
    pub entries: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_keeps_its_nanoseconds_through_text() {
        for time in [FileTime { seconds: 1_790_000_000, nanos: 123_456_789 }, FileTime { seconds: -1, nanos: 1 }] {
            assert_eq!(Modified(time).to_string().parse(), Ok(Modified(time)));
        }
    }

    #[test]
    fn a_time_beyond_the_calendar_is_still_shown() {
        assert!(Modified(FileTime { seconds: i64::MAX, nanos: 0 }).to_string().starts_with("9999-"));
    }
}
