//! Files of the tests: odd names, content that repeats nowhere, and whole trees to compare.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// Names with kind, content and time of change.
pub(crate) type Tree = BTreeMap<PathBuf, (bool, Vec<u8>, (i64, i64))>;

pub(crate) fn walk(root: &Path, below: &Path, tree: &mut Tree) {
    let Ok(entries) = std::fs::read_dir(root.join(below)) else { return };
    for entry in entries {
        let entry = entry.unwrap();
        let path = below.join(entry.file_name());
        let meta = entry.path().symlink_metadata().unwrap();
        let content = if meta.is_file() { std::fs::read(entry.path()).unwrap() } else { Vec::new() };
        tree.insert(path.clone(), (meta.is_dir(), content, (meta.mtime(), meta.mtime_nsec())));
        if meta.is_dir() {
            walk(root, &path, tree);
        }
    }
}

/// A file name from bytes.
pub(crate) fn name(bytes: &[u8]) -> OsString {
    OsString::from_vec(bytes.to_vec())
}

/// How much content there is at most.
const NOISE: usize = 100 << 20;

/// Content that is the same nowhere, from its beginning; made once for all tests.
pub(crate) fn noise(length: usize) -> &'static [u8] {
    static ALL: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut state = 0x9e37_79b9_7f4a_7c15_u64;
        let mut bytes = vec![0; NOISE];
        for word in bytes.as_chunks_mut::<8>().0 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            *word = state.to_le_bytes();
        }
        bytes
    });
    &ALL[..length]
}
