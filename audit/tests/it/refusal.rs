//! Whatever happens to a running log's files, it refuses within a second, acknowledges nothing, and goes on when the
//! cause is gone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use sealane_audit::event::Assurance;
use sealane_audit::{AppendError, Filter, Log, Options};

use crate::mounted::Mounted;
use crate::support::{Site, event, segment, small};

const AT_MOST: Duration = Duration::from_secs(1);

/// From now on the log must refuse: an intent, a group, and the question whether it would take one.
fn refuses(log: &Log, cause: &str) {
    let size = log.head().0;
    let since = Instant::now();
    let alone = log.append_blocking(event(1));
    let group = log.append_all_blocking((2..5).map(event).collect());
    let health = log.health();
    let took = since.elapsed();
    assert!(alone.is_err() && group.is_err() && health.is_err(), "{cause}: {alone:?} {group:?} {health:?}");
    assert!(took < AT_MOST, "{cause}: {took:?}");
    assert_eq!(log.head().0, size, "{cause}: nothing is acknowledged");
    assert!(log.entries(size, 10, &Filter::all()).map_or(true, |entries| entries.is_empty()), "{cause}");
}

/// The cause is gone: the log goes on, and says that it stood still.
fn goes_on(site: &Site, log: &Log, cause: &str) {
    let size = log.head().0;
    // Space that came back is noticed by the housekeeper, at its next round.
    let since = Instant::now();
    while let Err(error) = log.append_blocking(event(9)) {
        assert!(since.elapsed() < Duration::from_secs(20), "{cause}: {error}");
        std::thread::yield_now();
    }
    assert_eq!(log.health(), Ok(()), "{cause}");
    let said = log.entries(size, 10, &Filter::kind(Assurance::LogResume)).expect("read");
    assert!(cause == "a full disk" || said.len() == 1, "{cause}: {} entries about it", said.len());
    let report = site.verify(log.directory());
    assert!(report.integrity.is_ok() && report.authenticity.is_ok(), "{cause}: {report}");
}

fn running(site: &Site, place: &Path) -> Log {
    let (log, _) = site.open_with(place, &site.keys, Options { least_free_bytes: 64 << 10, ..small() }).expect("open");
    log.append_blocking(event(0)).expect("append");
    log
}

/// A log runs, the cause comes, and goes.
fn with_cause<T>(cause: &str, come: impl FnOnce(&Log) -> T, go: impl FnOnce(&Log, T)) {
    let site = Site::new();
    let log = running(&site, &site.path("log"));
    let come = come(&log);
    refuses(&log, cause);
    go(&log, come);
    goes_on(&site, &log, cause);
    drop(log);
    let report = site.verify(&site.path("log"));
    assert!(report.holds(), "{cause}: {report}");
}

fn moved_away(path: &Path) -> std::path::PathBuf {
    let aside = path.with_extension("aside");
    fs::rename(path, &aside).expect("move");
    aside
}

#[test]
fn an_unlinked_segment_or_directory() {
    for name in ["seg/00000000.seg", "openings/00000000.seg", "seg", "openings"] {
        with_cause(
            &format!("{name} unlinked"),
            |log| moved_away(&log.directory().join(name)),
            |log, aside| fs::rename(aside, log.directory().join(name)).expect("move back"),
        );
    }
}

#[test]
fn a_segment_replaced_by_its_copy() {
    with_cause(
        "segment replaced",
        |log| {
            let aside = moved_away(&segment(log.directory()));
            fs::copy(&aside, segment(log.directory())).expect("copy");
            aside
        },
        |log, aside| fs::rename(aside, segment(log.directory())).expect("move back"),
    );
}

#[test]
fn a_directory_replaced_by_a_link_to_a_copy() {
    with_cause(
        "directory replaced",
        |log| {
            let seg = log.directory().join("seg");
            let aside = moved_away(&seg);
            let copied = log.directory().join("copied");
            crate::support::copy(&aside, &copied);
            std::os::unix::fs::symlink(&copied, &seg).expect("link");
            aside
        },
        |log, aside| {
            fs::remove_file(log.directory().join("seg")).expect("remove the link");
            fs::rename(aside, log.directory().join("seg")).expect("move back");
        },
    );
}

#[test]
fn files_or_directories_marked_read_only() {
    for (name, without, with) in [("", 0o500, 0o700), ("seg", 0o500, 0o700), ("seg/00000000.seg", 0o400, 0o600)] {
        with_cause(
            &format!("{name:?} marked read-only"),
            |log| {
                fs::set_permissions(log.directory().join(name), Permissions::from_mode(without)).expect("chmod");
            },
            |log, ()| fs::set_permissions(log.directory().join(name), Permissions::from_mode(with)).expect("chmod"),
        );
    }
}

#[test]
fn a_file_system_mounted_over_the_log_or_made_read_only() {
    for name in ["", "seg", "openings"] {
        for read_only in [false, true] {
            let site = Site::new();
            let log = running(&site, &site.path("log"));
            let over = log.directory().join(name);
            let mounted = if read_only { Mounted::read_only(&over) } else { Mounted::small(&over) };
            let Some(mounted) = mounted else {
                eprintln!("not allowed to mount here: covered directories are not tried");
                return;
            };
            let cause = format!("{name:?} covered, read-only: {read_only}");
            refuses(&log, &cause);
            drop(mounted);
            goes_on(&site, &log, &cause);
        }
    }
}

#[test]
fn a_full_disk() {
    let site = Site::new();
    let disk = site.path("disk");
    let Some(_disk) = Mounted::small(&disk) else {
        eprintln!("not allowed to mount a small file system here: the full disk is not tried");
        return;
    };
    let log = running(&site, &disk.join("log"));
    // Whatever fits of it: the disk is full then.
    let filler = disk.join("filler");
    assert!(fs::write(&filler, vec![1; 4 << 20]).is_err(), "four megabytes do not fit in two");
    assert!(matches!(log.health(), Err(AppendError::Full)));
    refuses(&log, "a full disk");
    fs::remove_file(&filler).expect("make room");
    goes_on(&site, &log, "a full disk");
}
