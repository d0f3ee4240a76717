//! FIFOs, sockets and devices are shown and never used; nothing waits for them.

use std::fs;
use std::os::unix::net::UnixListener;
use std::path::Path;

use rustix::fs::{CWD, FileType, Mode, makedev, mknodat};
use rustix::io::Errno;
use sealane_connectors::StorageError;
use sealane_model::{EntryKind, RemotePath};

use crate::bench::{path, paths};
use crate::posix::PosixBench;

fn fifo(at: &Path) {
    mknodat(CWD, at, FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
}

fn refuses(posix: &PosixBench, name: &str) {
    let bench = &posix.bench;
    let at = path(&format!("/{name}"));
    let entry = bench.stat(&at).unwrap();
    assert_eq!((entry.kind, entry.size), (EntryKind::Special, 0), "{name}");
    let opened = bench.connector.open(&bench.read, &at).map(drop);
    assert!(matches!(opened, Err(StorageError::NotRegular(EntryKind::Special))), "{name}: {opened:?}");
}

#[test]
fn a_fifo_is_refused_without_waiting_for_a_writer() {
    let posix = PosixBench::new();
    fifo(&posix.inside("fifo"));
    refuses(&posix, "fifo");
}

#[test]
fn a_socket_is_refused() {
    let posix = PosixBench::new();
    let _listener = UnixListener::bind(posix.inside("socket")).unwrap();
    refuses(&posix, "socket");
}

#[test]
fn a_device_is_refused() {
    let posix = PosixBench::new();
    let made = mknodat(CWD, posix.inside("null"), FileType::CharacterDevice, Mode::RUSR, makedev(1, 3));
    match made {
        Ok(()) => refuses(&posix, "null"),
        Err(errno) => assert_eq!(errno, Errno::PERM, "only the lack of privilege excuses a missing device"),
    }
}

#[test]
fn a_walk_reports_special_files_and_goes_on() {
    let posix = PosixBench::new();
    fs::create_dir(posix.inside("d")).unwrap();
    fifo(&posix.inside("d/fifo"));
    posix.write("d/file", b"x");
    assert_eq!(posix.bench.walked(&RemotePath::root(), None, 10), paths(&["/", "/d", "/d/fifo", "/d/file"]));
    let removed = posix.bench.connector.remove(&posix.bench.delete, &path("/d"), true, &mut |_| Ok(())).unwrap();
    assert_eq!(removed, 3);
}

#[test]
fn a_part_that_became_a_fifo_is_neither_resumed_nor_committed() {
    let posix = PosixBench::new();
    let bench = &posix.bench;
    bench.fill_part("other", b"x");
    fifo(&posix.inside(&format!(".sealane-part-{}/part", bench.staging)));
    let resumed = bench.connector.create_part(&bench.write, &bench.staging, "part", 1, true).map(drop);
    assert!(matches!(resumed, Err(StorageError::NotRegular(EntryKind::Special))), "{resumed:?}");
    let committed = bench.commit_part("part", &path("/file"), 0);
    assert!(matches!(committed, Err(StorageError::NotRegular(EntryKind::Special))), "{committed:?}");
}
