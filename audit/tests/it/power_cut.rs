//! The power goes while a batch is on its way to disk: any part of it may have arrived, byte by byte or sector by
//! sector, openings before entries since each is synced before the next is written.
//!
//! `recovery.rs` cuts a log of single entries at every byte; here batches hold several entries with openings, in
//! segments allocated ahead, which end in zeros. Every 61st byte in the short form, every byte with
//! `SEALANE_TEST_LONG`.

use std::fs;
use std::path::PathBuf;

use sealane_audit::event::Assurance;
use sealane_audit::{Filter, Log};

use crate::noise::Noise;
use crate::settings;
use crate::support::{Site, copy, event, small};

const SECTOR: usize = 512;
const FILES: [&str; 2] = ["openings/00000000.seg", "seg/00000000.seg"];

/// The log's files at one moment.
struct Moment {
    size: u64,
    files: [Vec<u8>; 2],
}

impl Moment {
    fn of(log: &Log) -> Self {
        let read = |name| fs::read(log.directory().join(name)).expect("read");
        Self { size: log.head().0, files: FILES.map(read) }
    }
}

/// A log of three batches, before each of the last two and after them.
struct Written {
    site: Site,
    /// Its directory, with a checkpoint file that is older than all of that.
    place: PathBuf,
    moments: Vec<Moment>,
}

impl Written {
    fn new() -> Self {
        let site = Site::new();
        let early = site.finished("early", 2);
        let place = site.path("place");
        copy(&early, &place);
        let log = site.open("place");
        let mut moments = Vec::new();
        for n in [10, 20, 30] {
            log.append_all_blocking((n..n + 3).map(event).collect()).expect("append");
            moments.push(Moment::of(&log));
        }
        drop(log);
        fs::copy(early.join("checkpoint"), place.join("checkpoint")).expect("copy");
        Self { site, place, moments }
    }

    /// The disk as the power cut left it: opened, what is whole is there, and what was cut is said.
    fn check(&self, files: &[Vec<u8>; 2], whole: &Moment, what: &str) {
        let at = self.site.path("cut");
        copy(&self.place, &at);
        for (name, bytes) in FILES.iter().zip(files) {
            fs::write(at.join(name), bytes).expect("write");
        }
        let clean = *files == whole.files;
        let report = self.site.verify(&at);
        assert!(
            report.integrity.is_ok() && report.authenticity.is_ok(),
            "{what}: a power cut is no tampering: {report}"
        );
        let (log, _) =
            self.site.open_with(&at, &self.site.keys, small()).unwrap_or_else(|error| panic!("{what}: {error}"));
        let said = log.entries(whole.size, 10, &Filter::kind(Assurance::LogRecover)).expect("read");
        assert_eq!(said.len(), usize::from(!clean), "{what}: what was cut is said once");
        assert_eq!(log.head().0, whole.size + u64::from(!clean), "{what}");
        log.append_blocking(event(99)).expect("append");
        drop(log);
        let report = self.site.verify(&at);
        assert!(report.holds(), "{what}: {report}");
        fs::remove_dir_all(&at).expect("remove");
    }
}

/// Where two states of a file differ.
fn written(before: &[u8], after: &[u8]) -> std::ops::Range<usize> {
    let differs = |(one, other): (&u8, &u8)| one != other;
    let start = before.iter().zip(after).position(differs).expect("something was written");
    let end = before.iter().zip(after).rposition(differs).expect("something was written") + 1;
    start..end
}

/// `after` as far as `arrived` says, `before` elsewhere.
fn partly(before: &[u8], after: &[u8], arrived: impl Fn(usize) -> bool) -> Vec<u8> {
    let pick = |(at, (old, new)): (usize, (&u8, &u8))| if arrived(at) { *new } else { *old };
    before.iter().zip(after).enumerate().map(pick).collect()
}

fn step() -> usize {
    if settings::long() { 1 } else { 61 }
}

#[test]
fn cut_at_any_byte_of_the_openings_or_the_entries_of_the_last_two_batches() {
    let log = Written::new();
    let mut noise = Noise::seeded(settings::seed());
    for pair in log.moments.windows(2) {
        let [before, after] = pair else { unreachable!("windows of two") };
        for series in [0, 1] {
            let range = written(&before.files[series], &after.files[series]);
            for cut in (range.start + noise.below(step())..range.end).step_by(step()) {
                let torn = partly(&before.files[series], &after.files[series], |at| at < cut);
                // Openings are whole before the first byte of an entry is written.
                let files = if series == 0 { [torn, before.files[1].clone()] } else { [after.files[0].clone(), torn] };
                log.check(&files, before, &format!("series {series} cut at {cut} of {range:?}"));
            }
        }
        log.check(&after.files, after, "nothing missing");
    }
}

#[test]
fn any_sectors_of_a_batch_may_have_arrived() {
    let log = Written::new();
    let mut noise = Noise::seeded(settings::seed());
    for round in 0..if settings::long() { 2000 } else { 40 } {
        let at = noise.below(log.moments.len() - 1);
        let (before, after) = (&log.moments[at], &log.moments[at + 1]);
        let range = written(&before.files[1], &after.files[1]);
        let sectors: Vec<bool> = (0..=range.end / SECTOR).map(|_| noise.coin()).collect();
        let entries = partly(&before.files[1], &after.files[1], |at| sectors.get(at / SECTOR).copied().unwrap_or(true));
        if entries == after.files[1] {
            continue;
        }
        log.check(&[after.files[0].clone(), entries], before, &format!("round {round}: sectors of {range:?}"));
    }
}

/// A file system that keeps no length in advance loses the end of the file instead.
#[test]
fn cut_files_are_shorter_on_other_file_systems() {
    let log = Written::new();
    let mut noise = Noise::seeded(settings::seed());
    let [before, after] = [&log.moments[1], &log.moments[2]];
    let range = written(&before.files[1], &after.files[1]);
    for cut in (range.start + noise.below(step())..range.end).step_by(step()) {
        let mut entries = after.files[1].clone();
        entries.truncate(cut);
        log.check(&[after.files[0].clone(), entries], before, &format!("shortened to {cut}"));
    }
}
