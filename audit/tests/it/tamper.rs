//! Every way to change a log that is at rest: found, and the entry named.

use std::fs;
use std::path::Path;

use sealane_audit::verify::{Options, Report, verify_dir};
use sealane_audit::{Checkpoint, LogKeys};

use crate::support::{Frame, ORIGIN, Site, copy, event, forge, frames, segment, small};

/// The entry that a frame belongs to: a trailer to those around it.
fn named_rightly(frame: &Frame, report: &Report) -> bool {
    match (frame.trailer, report.first_bad_entry()) {
        (false, Some(named)) => named == frame.index,
        (true, Some(named)) => named == frame.index || named + 1 == frame.index,
        (_, None) => false,
    }
}

#[test]
fn every_flipped_byte_of_the_entries_is_found_and_its_entry_named() {
    let site = Site::new();
    let directory = site.finished("log", 4);
    let bytes = fs::read(segment(&directory)).expect("read");
    for frame in frames(&bytes) {
        for at in frame.start..frame.end {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            fs::write(segment(&directory), changed).expect("write");
            let report = site.verify(&directory);
            assert_eq!(report.exit_code(), 1, "byte {at}: {report}");
            assert!(named_rightly(&frame, &report), "byte {at} of {frame:?}: {report}");
        }
    }
}

#[test]
fn every_flipped_byte_of_the_other_files_is_found() {
    let site = Site::new();
    let directory = site.finished("log", 2);
    for name in ["checkpoint", "origin.pub", "openings/00000000.seg"] {
        let path = directory.join(name);
        let bytes = fs::read(&path).expect("read");
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x01;
            fs::write(&path, changed).expect("write");
            for key in [None, Some(site.key())] {
                let report = verify_dir(&directory, &Options { key, ..Options::default() });
                assert_ne!(report.exit_code(), 0, "byte {at} of {name}: {report}");
                assert!(report.integrity.is_ok() || name == "checkpoint", "byte {at} of {name}: {report}");
            }
        }
        fs::write(&path, bytes).expect("write");
    }
    assert!(site.verify(&directory).holds());
}

#[test]
fn a_byte_written_into_blank_space_is_found_and_more_blank_space_is_harmless() {
    let site = Site::new();
    let directory = site.finished("log", 3);
    let bytes = fs::read(segment(&directory)).expect("read");
    let mut longer = bytes.clone();
    longer.resize(bytes.len() + 5000, 0);
    fs::write(segment(&directory), &longer).expect("write");
    assert!(site.verify(&directory).holds());
    for at in [bytes.len(), bytes.len() + 15, bytes.len() + 16, bytes.len() + 4999] {
        let mut changed = longer.clone();
        changed[at] = 1;
        fs::write(segment(&directory), changed).expect("write");
        let report = site.verify(&directory);
        assert_eq!(report.exit_code(), 2, "byte {at}: {report}");
        assert_eq!(report.first_bad_entry(), Some(3));
    }
}

/// A log at rest in which six entries share batches of two, and somebody with an editor.
struct Forger {
    site: Site,
    bytes: Vec<u8>,
    frames: Vec<Frame>,
}

impl Forger {
    fn new() -> Self {
        let site = Site::new();
        let directory = site.finished("log", 6);
        let bytes = fs::read(segment(&directory)).expect("read");
        let frames = frames(&bytes);
        Self { site, bytes, frames }
    }

    fn frame(&self, at: usize) -> &[u8] {
        &self.bytes[self.frames[at].start..self.frames[at].end]
    }

    fn body(&self, index: u64) -> String {
        let frame = self.frames.iter().find(|frame| !frame.trailer && frame.index == index).expect("entry");
        String::from_utf8(self.bytes[frame.start + 16..frame.end].to_vec()).expect("text")
    }

    /// Frames 2n and 2n + 1 are entry n and its trailer.
    fn verify(&self, frames: &[Vec<u8>]) -> Report {
        fs::write(segment(&self.site.path("log")), frames.concat()).expect("write");
        self.site.verify(&self.site.path("log"))
    }

    fn all(&self) -> Vec<Vec<u8>> {
        (0..self.frames.len()).map(|at| self.frame(at).to_vec()).collect()
    }
}

#[test]
fn an_edited_entry_with_a_right_checksum_is_named() {
    let forger = Forger::new();
    for index in 0..6_u64 {
        let at = usize::try_from(index).expect("small") * 2;
        for (from, to) in [("content.read", "content.reax"), ("mfa", "mfb"), ("imaging", "Imaging")] {
            let body = forger.body(index).replace(from, to);
            let mut frames = forger.all();
            frames[at] = forge(false, index, body.as_bytes());
            let report = forger.verify(&frames);
            assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(index)), "{report}");
        }
    }
}

#[test]
fn deleted_swapped_repeated_and_inserted_entries_are_named() {
    let forger = Forger::new();
    let all = forger.all();
    assert!(forger.verify(&all).holds());

    let mut deleted = all.clone();
    deleted.drain(4..6);
    assert_eq!(forger.verify(&deleted).first_bad_entry(), Some(2));

    let mut swapped = all.clone();
    swapped.swap(4, 6);
    assert_eq!(forger.verify(&swapped).first_bad_entry(), Some(2));

    let mut repeated = all.clone();
    repeated.insert(6, all[4].clone());
    assert_eq!(forger.verify(&repeated).first_bad_entry(), Some(3));

    let mut renumbered = all.clone();
    renumbered[4] = forge(false, 2, forger.body(3).as_bytes());
    assert_eq!(forger.verify(&renumbered).first_bad_entry(), Some(2));

    let mut no_trailer = all.clone();
    no_trailer.remove(11);
    assert_eq!(forger.verify(&no_trailer).first_bad_entry(), Some(5));

    let mut early_trailer = all;
    early_trailer[3] = early_trailer[1].clone();
    assert_eq!(forger.verify(&early_trailer).exit_code(), 1);
}

#[test]
fn a_rewritten_and_rechained_history_does_not_fit_the_signed_roots() {
    let forger = Forger::new();
    let mut frames = forger.all();
    let mut prev = None;
    for index in 2..6_u64 {
        let mut body = forger.body(index).replace("imaging", "nothing");
        if let Some(prev) = prev {
            let old =
                body.split("\"prev\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("prev").to_owned();
            body = body.replace(&old, &format!("{prev}"));
        }
        prev = Some(sealane_crypto::digest::tree::leaf_hash(body.as_bytes()));
        frames[usize::try_from(index).expect("small") * 2] = forge(false, index, body.as_bytes());
    }
    let report = forger.verify(&frames);
    assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(2)), "{report}");
}

/// The same events written anew by somebody, with these keys.
fn rewrite(site: &Site, name: &str, keys: &LogKeys, entries: u128) {
    let (log, _) = site.open_with(&site.path(name), keys, small()).expect("open");
    for n in 0..entries {
        log.append_blocking(event(n + 1000)).expect("append");
    }
}

#[test]
fn a_log_signed_by_another_key_passes_only_for_those_who_do_not_know_the_key() {
    let site = Site::new();
    let other = site.other_keys();
    rewrite(&site, "forged", &other, 4);
    let directory = site.path("forged");
    assert!(verify_dir(&directory, &Options::default()).holds());
    let report = site.verify(&directory);
    assert!(report.authenticity.is_bad() && report.integrity.is_ok(), "{report}");
    assert_eq!(report.exit_code(), 1);
    let pinned = Options { fingerprint: Some(site.key().fingerprint()), ..Options::default() };
    assert_eq!(verify_dir(&directory, &pinned).exit_code(), 1);
    let right = Options { fingerprint: Some(other.signing.verifying_key().fingerprint()), ..Options::default() };
    assert!(verify_dir(&directory, &right).holds());
}

fn checkpoint(directory: &Path) -> Checkpoint {
    Checkpoint::parse(&fs::read_to_string(directory.join("checkpoint")).expect("read")).expect("checkpoint")
}

#[test]
fn a_checkpoint_kept_elsewhere_shows_a_rewrite_with_the_stolen_key_and_a_rollback() {
    let site = Site::new();
    let honest = site.finished("log", 6);
    let anchored = |anchor: Checkpoint| Options { key: Some(site.key()), anchors: vec![anchor], ..Options::default() };

    rewrite(&site, "rewritten", &site.keys, 8);
    let rewritten = site.path("rewritten");
    assert!(site.verify(&rewritten).holds(), "by construction: the key is the insider's");
    let report = verify_dir(&rewritten, &anchored(checkpoint(&honest)));
    assert!(report.integrity.is_bad(), "{report}");

    let early = site.finished("early", 3);
    let report = verify_dir(&early, &anchored(checkpoint(&honest)));
    assert!(report.completeness.is_bad(), "{report}");

    let grown = site.path("grown");
    copy(&honest, &grown);
    let log = site.open("grown");
    log.append_blocking(event(7)).expect("append");
    drop(log);
    assert!(verify_dir(&grown, &anchored(checkpoint(&honest))).holds());
    assert_eq!(checkpoint(&grown).origin(), ORIGIN);
}

#[test]
fn without_any_key_authenticity_is_unknown_and_all_else_is_checked() {
    let site = Site::new();
    let directory = site.finished("log", 4);
    fs::remove_file(directory.join("origin.pub")).expect("remove");
    let report = verify_dir(&directory, &Options::default());
    assert!(report.integrity.is_ok() && report.completeness.is_ok(), "{report}");
    assert_eq!(report.exit_code(), 3);
    assert!(site.verify(&directory).holds());
}

#[test]
fn a_removed_checkpoint_file_or_removed_openings_are_missed() {
    let site = Site::new();
    let directory = site.finished("log", 4);
    fs::rename(directory.join("checkpoint"), directory.join("kept")).expect("move");
    assert_eq!(site.verify(&directory).exit_code(), 2);
    fs::rename(directory.join("kept"), directory.join("checkpoint")).expect("move");
    fs::remove_dir_all(directory.join("openings")).expect("remove");
    let report = site.verify(&directory);
    assert_eq!((report.exit_code(), report.openings.is_bad()), (2, true), "{report}");
}
