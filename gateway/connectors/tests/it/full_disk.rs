//! A disk that fills up: the error says so, no file stands half under its name, and room comes back.

use std::path::{Path, PathBuf};

use sealane_connectors::StorageError;
use sealane_model::{RemotePath, StorageKind};
use tempfile::TempDir;

use crate::bench::{Bench, path};

const DISK_BYTES: u64 = 2 << 20;

/// A file system of 2 MiB that is unmounted with the test.
struct SmallDisk {
    folder: TempDir,
}

impl SmallDisk {
    /// `None` where this account may not mount.
    fn mount() -> Option<Self> {
        let folder = TempDir::new().unwrap();
        let options = format!("size={DISK_BYTES},mode=0700");
        run("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], folder.path()).then_some(Self { folder })
    }

    fn root(&self) -> PathBuf {
        self.folder.path().to_owned()
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: a reader of the test may still be open.
        run("umount", &["--lazy"], self.folder.path());
    }
}

#[expect(clippy::disallowed_methods, reason = "mounting a test's own file system needs the system's tool")]
fn run(program: &str, arguments: &[&str], place: &Path) -> bool {
    let mut command = std::process::Command::new(program);
    command.args(arguments).arg(place).output().is_ok_and(|output| output.status.success())
}

#[test]
fn a_full_disk_is_named_and_leaves_no_half_file() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("skipped: this account may not mount a small file system");
        return;
    };
    let bench = Bench::on(StorageKind::Posix { root: disk.root() });
    assert!(bench.connector.free_bytes().unwrap() <= DISK_BYTES);

    // The announced size is below what is asked about, so the writes themselves meet the end of the disk.
    let part = bench.connector.create_part(&bench.write, &bench.staging, "part", 1, false).unwrap();
    let record = vec![7; 64 << 10];
    let filled = (0..64_u64).map(|number| part.write_at(number * (64 << 10), &record)).find(Result::is_err);
    assert!(matches!(filled, Some(Err(StorageError::Full))), "{filled:?}");
    let length = part.len().unwrap();
    assert!(matches!(bench.commit_part("part", &path("/file"), length + 1), Err(StorageError::PartSize)));
    assert_eq!(bench.names_in(&RemotePath::root(), 10), []);

    let announced = bench.connector.create_part(&bench.write, &bench.staging, "next", 1 << 20, false);
    assert!(matches!(announced.map(drop), Err(StorageError::Full)));

    drop(part);
    bench.connector.discard_staging(&bench.write, &bench.staging).unwrap();
    bench.put(&path("/file"), &vec![7; 1 << 20]);
    assert_eq!(bench.stat(&path("/file")).unwrap().size, 1 << 20);
}
