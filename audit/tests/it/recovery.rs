//! Kills and power cuts at any byte: nothing acknowledged is lost, nothing is cut silently.

use std::fs;
use std::path::Path;

use sealane_audit::event::{Access, Assurance};
use sealane_audit::{Filter, OpenError, OpenIntent};

use crate::support::{Frame, Site, compact, copy, event, frames, op, outcome, segment};

#[test]
fn a_copy_taken_after_any_append_opens_with_every_acknowledged_entry() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..20 {
        log.append_blocking(event(n)).expect("append");
        let copied = site.path(&format!("copy-{n}"));
        copy(log.directory(), &copied);
        let (opened, recovery) = site.try_open(&format!("copy-{n}")).expect("open");
        assert_eq!(opened.head(), log.head());
        assert_eq!((recovery.cut_bytes, recovery.open_intents.len()), (0, usize::try_from(n).expect("small") + 1));
        drop(opened);
        fs::remove_dir_all(copied).expect("remove");
    }
}

/// A log of six single-entry batches, as it was when its checkpoint covered four of them: what a kill
/// leaves behind, since the checkpoint file follows the segment.
fn killed(site: &Site) -> (std::path::PathBuf, Vec<u8>, Vec<Frame>) {
    let four = site.finished("four", 4);
    let directory = site.path("killed");
    copy(&four, &directory);
    let log = site.open("killed");
    log.append_blocking(event(4)).expect("append");
    log.append_blocking(event(5)).expect("append");
    drop(log);
    compact(&directory);
    fs::copy(four.join("checkpoint"), directory.join("checkpoint")).expect("copy");
    let bytes = fs::read(segment(&directory)).expect("read");
    let frames = frames(&bytes);
    (directory, bytes, frames)
}

fn check_recovered(site: &Site, name: &str, cut: usize, end_of_last_batch: usize, batches: u64) {
    let (log, recovery) = site.try_open(name).unwrap_or_else(|error| panic!("cut at {cut}: {error}"));
    let torn = cut - end_of_last_batch;
    assert!(recovery.cut_bytes <= u64::try_from(torn).expect("fits"), "cut at {cut}");
    assert_eq!(recovery.cut_bytes == 0, torn == 0, "cut at {cut}");
    assert_eq!(recovery.open_intents.len(), usize::try_from(batches).expect("fits"), "cut at {cut}");
    let said = log.entries(0, 10, &Filter::kind(Assurance::LogRecover)).expect("read");
    let openings_cut = u64::from(torn > 0 || batches < 6);
    assert_eq!(said.len(), usize::try_from(openings_cut).expect("fits"), "cut at {cut}");
    if let Some(said) = said.first() {
        assert_eq!(said.entry.index, batches);
        assert_eq!(said.entry.detail["cut_bytes"], recovery.cut_bytes);
    }
    log.append_blocking(event(99)).expect("append");
    let directory = log.directory().to_owned();
    drop(log);
    let report = site.verify(&directory);
    assert!(report.holds(), "cut at {cut}: {report}");
    assert_eq!(report.entries, batches + openings_cut + 1);
    let (_, recovery) = site.try_open(name).expect("open again");
    assert_eq!(recovery.cut_bytes, 0, "a tail is cut once");
}

#[test]
fn a_log_cut_at_any_byte_of_its_last_two_batches_goes_back_to_the_last_whole_batch_and_says_so() {
    let site = Site::new();
    let (directory, bytes, frames) = killed(&site);
    let trailers: Vec<usize> = frames.iter().filter(|frame| frame.trailer).map(|frame| frame.end).collect();
    for cut in trailers[3]..=bytes.len() {
        let (batches, end) = trailers.iter().filter(|end| **end <= cut).fold((0, 0), |(n, _), end| (n + 1, *end));
        let copied = site.path("cut");
        copy(&directory, &copied);
        fs::write(segment(&copied), &bytes[..cut]).expect("write");
        check_recovered(&site, "cut", cut, end, batches);
        fs::remove_dir_all(&copied).expect("remove");
    }
}

#[test]
fn a_sector_that_never_reached_the_disk_is_a_torn_batch() {
    let site = Site::new();
    let (directory, bytes, frames) = killed(&site);
    let last = &frames[frames.len() - 2];
    for start in (last.start..bytes.len()).step_by(61) {
        let copied = site.path("hole");
        copy(&directory, &copied);
        let mut holed = bytes.clone();
        let end = bytes.len().min(start + 61);
        holed[start..end].fill(0);
        if holed == bytes {
            continue;
        }
        fs::write(segment(&copied), holed).expect("write");
        let (log, recovery) = site.try_open("hole").expect("open");
        assert!(recovery.cut_bytes > 0 || start == last.start, "hole at {start}");
        assert_eq!(log.head().0, 6, "five batches and the entry about the cut");
        drop(log);
        assert!(site.verify(&copied).holds());
        fs::remove_dir_all(&copied).expect("remove");
    }
}

fn refused(site: &Site, directory: &Path) -> OpenError {
    match site.open_with(directory, &site.keys, crate::support::small()) {
        Ok(_) => panic!("opened"),
        Err(error) => error,
    }
}

#[test]
fn a_log_shorter_than_its_checkpoint_is_refused_at_every_cut() {
    let site = Site::new();
    let directory = site.finished("log", 6);
    let bytes = fs::read(segment(&directory)).expect("read");
    for cut in (0..bytes.len()).step_by(7).chain([bytes.len() - 1]) {
        fs::write(segment(&directory), &bytes[..cut]).expect("write");
        let error = refused(&site, &directory);
        assert!(matches!(error, OpenError::Shorter { .. } | OpenError::Damaged { .. }), "{error}");
        assert!(!site.verify(&directory).completeness.is_ok(), "cut at {cut}");
    }
}

#[test]
fn damage_before_the_last_batch_is_refused_even_without_a_checkpoint_file() {
    let site = Site::new();
    let directory = site.finished("log", 6);
    fs::remove_file(directory.join("checkpoint")).expect("remove");
    let bytes = fs::read(segment(&directory)).expect("read");
    let frames = frames(&bytes);
    for frame in &frames[..frames.len() - 4] {
        let mut damaged = bytes.clone();
        damaged[frame.start + 20] ^= 1;
        fs::write(segment(&directory), damaged).expect("write");
        let error = refused(&site, &directory);
        assert!(matches!(error, OpenError::Damaged { .. }), "{error}");
    }
}

#[test]
fn a_missing_segment_is_refused() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..600 {
        log.append_blocking(event(n)).expect("append");
    }
    drop(log);
    let directory = site.path("log");
    for number in ["00000000", "00000001"] {
        let copied = site.path("missing");
        copy(&directory, &copied);
        fs::remove_file(copied.join(format!("seg/{number}.seg"))).expect("remove");
        assert!(matches!(refused(&site, &copied), OpenError::Damaged { .. }));
        assert_eq!(site.verify(&copied).exit_code(), 1);
        fs::remove_dir_all(&copied).expect("remove");
    }
}

#[test]
fn intents_without_an_outcome_are_handed_over_at_opening() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(1)).expect("append");
    log.append_blocking(event(2)).expect("append");
    log.append_blocking(event(3)).expect("append");
    log.append_blocking(outcome(2)).expect("append");
    drop(log);
    let (log, recovery) = site.try_open("log").expect("open");
    let open =
        |n, index| OpenIntent { op: op(n), kind: Access::ContentRead.into(), index, task: Some(format!("task-{n}")) };
    assert_eq!(recovery.open_intents, [open(1, 0), open(3, 2)]);
    log.append_blocking(outcome(1)).expect("append");
    drop(log);
    let (_, recovery) = site.try_open("log").expect("open");
    assert_eq!(recovery.open_intents, [open(3, 2)]);
}

#[test]
fn openings_that_were_damaged_are_missed_in_an_entry_and_appending_goes_on() {
    let site = Site::new();
    let directory = site.finished("log", 6);
    let openings = directory.join("openings/00000000.seg");
    let mut bytes = fs::read(&openings).expect("read");
    bytes[200] ^= 1;
    fs::write(&openings, &bytes).expect("write");
    let log = site.open("log");
    let said = log.entries(0, 10, &Filter::kind(Assurance::LogRecover)).expect("read");
    assert!(said[0].entry.detail["missing_openings"].as_u64() > Some(0));
    log.append_blocking(event(7)).expect("append");
    drop(log);
    assert_eq!(fs::read(&openings).expect("read"), bytes, "what is left is evidence and stays");
    let report = site.verify(&directory);
    assert!(report.openings.is_bad() && report.integrity.is_ok());
    assert_eq!(report.exit_code(), 2);
}
