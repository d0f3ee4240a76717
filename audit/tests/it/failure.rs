//! A log that cannot be written refuses, says so, and recovers when the cause is gone.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::time::{Duration, Instant};

use sealane_audit::event::Assurance;
use sealane_audit::{AppendError, Filter, Options};

use crate::mounted::Mounted;
use crate::support::{Site, event, outcome, segment, small};

#[test]
fn a_removed_segment_stops_the_log_until_the_very_file_is_back() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let file = segment(log.directory());
    let aside = site.path("aside");
    fs::rename(&file, &aside).expect("move");
    assert!(matches!(log.append_blocking(event(1)), Err(AppendError::Replaced { .. })));
    assert!(matches!(log.append_blocking(event(2)), Err(AppendError::Replaced { .. })));
    assert!(matches!(log.health(), Err(AppendError::Replaced { .. })));
    assert_eq!(log.head().0, 1);

    fs::copy(&aside, &file).expect("copy");
    assert!(matches!(log.append_blocking(event(3)), Err(AppendError::Replaced { .. })), "a copy is not the file");

    fs::rename(&aside, &file).expect("move back");
    let receipt = log.append_blocking(event(4)).expect("append");
    assert_eq!(receipt.index(), 2);
    assert_eq!(log.health(), Ok(()));
    let said = log.entries(0, 10, &Filter::kind(Assurance::LogResume)).expect("read");
    assert_eq!(said[0].entry.index, 1);
    assert_eq!(said[0].entry.detail["refused"], 3);
    drop(log);
    assert!(site.verify(&site.path("log")).holds());
}

#[test]
fn health_alone_finds_out_that_a_failure_is_over() {
    let site = Site::new();
    let log = site.open("log");
    let file = segment(log.directory());
    let aside = site.path("aside");
    fs::rename(&file, &aside).expect("move");
    assert!(log.append_blocking(event(0)).is_err());
    fs::rename(&aside, &file).expect("move back");
    // The first question starts the attempt; each later one sees whether it has ended.
    let since = Instant::now();
    while let Err(error) = log.health() {
        assert!(since.elapsed() < Duration::from_secs(20), "{error}");
        std::thread::yield_now();
    }
    log.append_blocking(event(1)).expect("append");
}

#[test]
fn a_removed_or_moved_directory_stops_the_log() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    fs::rename(site.path("log"), site.path("moved")).expect("move");
    assert!(matches!(log.append_blocking(event(1)), Err(AppendError::Replaced { .. })));
    fs::rename(site.path("moved"), site.path("log")).expect("move back");
    log.append_blocking(event(2)).expect("append");
}

#[test]
fn removed_openings_stop_the_log_too() {
    let site = Site::new();
    let log = site.open("log");
    fs::remove_file(log.directory().join("openings/00000000.seg")).expect("remove");
    assert!(matches!(log.append_blocking(event(0)), Err(AppendError::Replaced { what: "openings" })));
}

#[test]
fn a_directory_marked_read_only_stops_the_log_also_for_root() {
    let site = Site::new();
    let log = site.open("log");
    for directory in [log.directory().to_owned(), log.directory().join("seg")] {
        fs::set_permissions(&directory, Permissions::from_mode(0o500)).expect("chmod");
        assert!(matches!(log.append_blocking(event(0)), Err(AppendError::Unwritable { .. })));
        assert!(matches!(log.health(), Err(AppendError::Unwritable { .. })));
        fs::set_permissions(&directory, Permissions::from_mode(0o700)).expect("chmod");
        log.append_blocking(event(1)).expect("append");
    }
}

#[test]
fn what_a_failed_append_wrote_is_not_in_the_log_after_a_crash() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let file = segment(log.directory());
    let aside = site.path("aside");
    fs::rename(&file, &aside).expect("move");
    assert!(log.append_blocking(event(1)).is_err());
    fs::rename(&aside, &file).expect("move back");
    log.append_blocking(event(2)).expect("append");
    let views = log.entries(0, 10, &Filter::op(crate::support::op(1))).expect("read");
    assert!(views.is_empty(), "the refused event left nothing");
    drop(log);
    let (log, recovery) = site.try_open("log").expect("open");
    assert_eq!((recovery.cut_bytes, log.head().0), (0, 3));
}

#[test]
fn with_too_little_space_nothing_new_is_begun_and_outcomes_are_still_recorded() {
    let site = Site::new();
    let short = Options { least_free_bytes: u64::MAX, ..small() };
    let (log, _) = site.open_with(&site.path("log"), &site.keys, short).expect("open");
    assert!(matches!(log.append_blocking(event(0)), Err(AppendError::Full)));
    assert!(matches!(log.health(), Err(AppendError::Full)));
    assert_eq!(log.append_blocking(outcome(0)).expect("append").index(), 0);
}

#[test]
fn a_full_disk_is_an_alarm_first_then_a_refusal_and_never_a_loss() {
    let site = Site::new();
    let at = site.path("disk");
    let Some(_disk) = Mounted::small(&at) else {
        eprintln!("not allowed to mount a small file system here: the full disk is not tried");
        return;
    };
    let options = Options { least_free_bytes: 64 << 10, ..small() };
    let (log, _) = site.open_with(&at.join("log"), &site.keys, options).expect("open");
    log.append_blocking(event(0)).expect("append");

    let filler = at.join("filler");
    let _ = fs::write(&filler, vec![1; 4 << 20]);
    assert!(matches!(log.append_blocking(event(1)), Err(AppendError::Full)), "an intent is refused at once");
    let mut recorded = 1;
    let refusal = loop {
        match log.append_blocking(outcome(recorded)) {
            Ok(_) => recorded += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refusal, AppendError::Full), "{refusal}");
    assert!(recorded > 100, "the reserve took {recorded} outcomes");
    assert!(!log.has_reserve());

    fs::remove_file(&filler).expect("remove");
    let since = Instant::now();
    while let Err(error) = log.append_blocking(event(2)) {
        assert!(since.elapsed() < Duration::from_secs(20), "space is back: {error}");
        std::thread::yield_now();
    }
    assert_eq!(log.health(), Ok(()));
    drop(log);
    let report = site.verify(&at.join("log"));
    assert!(report.holds(), "{report}");
    assert!(u128::from(report.entries) > recorded);
}
