//! A file that somebody writes to while it is read is noticed, and it is said how.

use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, UNIX_EPOCH};

use sealane_connectors::{Change, StorageError};

use crate::bench::path;
use crate::posix::PosixBench;

/// How a reader sees what `act` does to the file that it has open.
fn seen_after(act: impl FnOnce(&Path)) -> Option<Change> {
    let posix = PosixBench::new();
    let file = posix.write("file", b"content");
    let reader = posix.bench.connector.open(&posix.bench.read, &path("/file")).unwrap();
    reader.check_unchanged().unwrap();
    act(&file);
    match reader.check_unchanged() {
        Ok(()) => None,
        Err(StorageError::SourceChanged { change }) => Some(change),
        Err(other) => unreachable!("only a change is expected: {other}"),
    }
}

fn set_modified(file: &Path, seconds: u64) {
    File::options().write(true).open(file).unwrap().set_modified(UNIX_EPOCH + Duration::from_secs(seconds)).unwrap();
}

#[test]
fn growing_is_noticed() {
    let seen = seen_after(|file| OpenOptions::new().append(true).open(file).unwrap().write_all(b"more").unwrap());
    assert_eq!(seen, Some(Change::Grew));
}

#[test]
fn shrinking_is_noticed() {
    assert_eq!(
        seen_after(|file| File::options().write(true).open(file).unwrap().set_len(3).unwrap()),
        Some(Change::Shrank)
    );
}

#[test]
fn rewriting_at_the_same_length_is_noticed() {
    let seen = seen_after(|file| {
        fs::write(file, b"CONTENT").unwrap();
        set_modified(file, 1_000);
    });
    assert_eq!(seen, Some(Change::Modified));
}

#[test]
fn a_new_file_of_the_same_name_length_and_time_is_noticed() {
    let seen = seen_after(|file| {
        let time = fs::metadata(file).unwrap().modified().unwrap();
        let twin = file.with_extension("twin");
        fs::write(&twin, b"CONTENT").unwrap();
        File::options().write(true).open(&twin).unwrap().set_modified(time).unwrap();
        fs::rename(&twin, file).unwrap();
    });
    assert_eq!(seen, Some(Change::Replaced));
}

#[test]
fn a_link_in_its_place_is_noticed() {
    let seen = seen_after(|file| {
        let moved = file.with_extension("moved");
        fs::rename(file, &moved).unwrap();
        std::os::unix::fs::symlink(&moved, file).unwrap();
    });
    assert_eq!(seen, Some(Change::Replaced));
}

#[test]
fn removing_is_noticed() {
    assert_eq!(seen_after(|file| fs::remove_file(file).unwrap()), Some(Change::Removed));
}

#[test]
fn being_read_by_others_is_no_change() {
    assert_eq!(seen_after(|file| drop(fs::read(file).unwrap())), None);
}

#[test]
fn reading_a_file_that_shrinks_gives_what_is_left() {
    let posix = PosixBench::new();
    let file = posix.write("file", &[7; 10_000]);
    let reader = posix.bench.connector.open(&posix.bench.read, &path("/file")).unwrap();
    File::options().write(true).open(&file).unwrap().set_len(6_000).unwrap();
    let mut buffer = vec![0; 10_000];
    assert_eq!(reader.read_at(0, &mut buffer).unwrap(), 6_000);
    assert_eq!(reader.entry().size, 10_000);
}
