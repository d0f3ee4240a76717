//! What a work unit holds: the compact value of its row.
//!
//! **What for.** A million files are a thousand rows. A unit is a list of directories, a batch of small files, or a run of
//! ranges of one large file; its value says what is to be fetched and, once fetched, the digest of each.
//!
//! **Promises.** A value that was written reads back the same. Digests in a value stand for bytes that are durable: a value
//! is saved only after they are. Paths are relative to the source root of the unit's item; the root itself is `/`.

use sealane_crypto::digest::Digest;
use sealane_model::limits::{RANGE_BYTES, RANGES_PER_UNIT};
use sealane_model::{Entry, FileTime, RemotePath};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::message::Expected;

/// A value that cannot be read, or written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a work unit in the database cannot be read: it was written by another version, or is damaged")]
pub(super) struct BadUnit;

/// How a file ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FileOutcome {
    /// Verified, durable, under its final name; the head of its digest tree.
    Arrived(Digest),
    /// It could not be taken along, for this reason.
    Failed(String),
}

/// One small file of a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct SmallFile {
    pub(super) path: RemotePath,
    pub(super) expect: Expected,
    pub(super) mode: u32,
    pub(super) outcome: Option<FileOutcome>,
}

/// Small files that travel, and are committed, together.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Batch {
    pub(super) files: Vec<SmallFile>,
}

/// Some consecutive ranges of one large file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Run {
    pub(super) path: RemotePath,
    pub(super) expect: Expected,
    pub(super) mode: u32,
    /// Which range of the file is the first of this run.
    pub(super) first: u64,
    /// For each range, once it is durable, the head of the subtree over its records.
    pub(super) roots: Vec<Option<Digest>>,
    /// Why the file cannot be taken along.
    pub(super) failed: Option<String>,
}

/// A directory that was made, and the time of change that it gets at the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Directory {
    pub(super) path: RemotePath,
    pub(super) modified: FileTime,
    /// Why it could not be made.
    pub(super) failed: Option<String>,
}

/// Directories, made while the source was listed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Directories {
    pub(super) directories: Vec<Directory>,
}

/// Writes a unit's value.
pub(super) fn encode<T: Serialize>(value: &T) -> Result<Vec<u8>, BadUnit> {
    postcard::to_allocvec(value).map_err(|_| BadUnit)
}

/// Reads a unit's value: all of it, and nothing after it.
pub(super) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, BadUnit> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        _ => Err(BadUnit),
    }
}

impl Batch {
    /// Bytes of its files.
    pub(super) fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.expect.size).sum()
    }
}

impl Run {
    /// How many ranges a file of this size has.
    pub(super) const fn ranges_of(size: u64) -> u64 {
        size.div_ceil(RANGE_BYTES)
    }

    /// The runs of a large file, in order.
    pub(super) fn of_file(entry: &Entry) -> Vec<Self> {
        let total = Self::ranges_of(entry.size);
        let mut runs = Vec::new();
        let mut first = 0;
        while first < total {
            let count = (total - first).min(u64::from(RANGES_PER_UNIT));
            runs.push(Self {
                path: entry.path.clone(),
                expect: Expected::of(entry),
                mode: entry.mode,
                first,
                roots: vec![None; usize::try_from(count).unwrap_or(usize::MAX)],
                failed: None,
            });
            first += count;
        }
        runs
    }

    /// Where a range of this run begins in the file, and how long it is.
    pub(super) fn extent(&self, index: usize) -> (u64, u64) {
        let number = self.first.saturating_add(u64::try_from(index).unwrap_or(u64::MAX));
        let offset = number.saturating_mul(RANGE_BYTES);
        (offset, self.expect.size.saturating_sub(offset).min(RANGE_BYTES))
    }

    /// Bytes of its ranges.
    pub(super) fn bytes(&self) -> u64 {
        (0..self.roots.len()).map(|index| self.extent(index).1).sum()
    }

    /// Whether every range is durable.
    pub(super) fn is_complete(&self) -> bool {
        self.roots.iter().all(Option::is_some)
    }

    /// Whether the file ends with this run.
    pub(super) fn is_last(&self) -> bool {
        let end = self.first.saturating_add(u64::try_from(self.roots.len()).unwrap_or(u64::MAX));
        end >= Self::ranges_of(self.expect.size)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sealane_crypto::digest::sha256;
    use sealane_model::EntryKind;

    use super::*;

    fn file(size: u64) -> Entry {
        Entry {
            path: RemotePath::parse_text("/large").unwrap(),
            kind: EntryKind::File,
            size,
            modified: FileTime { seconds: -1, nanos: 999_999_999 },
            mode: 0o640,
            identity: u128::MAX,
        }
    }

    fn any_path() -> impl Strategy<Value = RemotePath> {
        let name = proptest::collection::vec(any::<u8>(), 1..20)
            .prop_filter("a name", |name| sealane_model::Component::new(name.as_slice()).is_ok());
        proptest::collection::vec(name, 0..4).prop_map(|names| RemotePath::from_components(names).unwrap())
    }

    fn any_file() -> impl Strategy<Value = SmallFile> {
        let outcome = prop_oneof![
            Just(None),
            any::<[u8; 8]>().prop_map(|seed| Some(FileOutcome::Arrived(sha256(&seed)))),
            "[a-z-]{1,20}".prop_map(|code| Some(FileOutcome::Failed(code))),
        ];
        (any_path(), any::<u64>(), any::<i64>(), 0_u32..1_000_000_000, any::<u128>(), any::<u32>(), outcome).prop_map(
            |(path, size, seconds, nanos, identity, mode, outcome)| SmallFile {
                path,
                expect: Expected { size, modified: FileTime { seconds, nanos }, identity },
                mode,
                outcome,
            },
        )
    }

    proptest! {
        #[test]
        fn a_batch_reads_back_as_it_was_written(files in proptest::collection::vec(any_file(), 0..20)) {
            let batch = Batch { files };
            prop_assert_eq!(decode::<Batch>(&encode(&batch).unwrap()), Ok(batch));
        }

        #[test]
        fn reading_any_bytes_never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = decode::<Batch>(&bytes);
            let _ = decode::<Run>(&bytes);
            let _ = decode::<Directories>(&bytes);
        }

        #[test]
        fn the_runs_of_a_file_cover_it_once(size in 1_u64..(40 << 30)) {
            let runs = Run::of_file(&file(size));
            let mut end = 0;
            for run in &runs {
                for index in 0..run.roots.len() {
                    let (offset, length) = run.extent(index);
                    prop_assert_eq!(offset, end);
                    prop_assert!(length > 0);
                    end = offset + length;
                }
            }
            prop_assert_eq!(end, size);
            prop_assert_eq!(runs.iter().map(Run::bytes).sum::<u64>(), size);
            prop_assert_eq!(runs.iter().filter(|run| run.is_last()).count(), 1);
        }
    }

    #[test]
    fn a_value_with_bytes_after_it_is_refused() {
        let mut bytes = encode(&Run::of_file(&file(20 << 20)).remove(0)).unwrap();
        bytes.push(0);
        assert_eq!(decode::<Run>(&bytes), Err(BadUnit));
    }
}
