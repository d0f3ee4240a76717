//! Logs that our code wrote, judged by code that is not ours.
//!
//! Each [`Verifier`] reads the C2SP side of a log only: `checkpoint` and `tile/`. It recomputes the root from
//! the entries, since a reader that believes tiles can be deceived: see `a_forged_entry_with_its_forged_leaf`.
//! The full test run demands all of them; without the programs, a quick run does with the crates.

mod crates;
mod go;
mod program;
mod published;

use std::fs;
use std::path::Path;

use sealane_audit::VerifierKey;
use sealane_crypto::digest::tree::leaf_hash;

use crate::settings;
use crate::support::{ORIGIN, Site, event};

/// Size and base64 root of a log that was accepted, or why it was not.
pub(crate) type Judged = Result<(u64, String), String>;

/// Somebody else's verifier.
pub(crate) trait Verifier: Send {
    /// For messages.
    fn name(&self) -> &'static str;

    /// Where a thousand logs are judged: this one sees one of so many in the short form.
    fn pace(&self) -> u64 {
        1
    }

    /// Whether it looks at tiles of hashes, and so finds one that is wrong by itself.
    fn reads_hash_tiles(&self) -> bool {
        true
    }

    /// Judges the log in a directory, given its key and checkpoints kept from earlier.
    fn judge(&mut self, log: &Path, key: &str, anchors: &[String]) -> Judged;
}

/// All verifiers of this machine.
pub(crate) fn verifiers() -> Vec<Box<dyn Verifier>> {
    let mut all: Vec<Box<dyn Verifier>> = vec![Box::new(crates::Crates)];
    match go::start() {
        Some(program) => all.push(Box::new(program)),
        None if settings::require_foreign() => {
            panic!("the Go verifier cannot be built: install golang-go and golang-golang-x-mod-dev")
        }
        None => eprintln!("NOT RUN: the Go verifier: Go or its package x/mod is not installed"),
    }
    if let Some(program) = published::start() {
        all.push(Box::new(program));
    }
    all
}

/// A closed log whose tiles are its own, and its key.
fn written(site: &Site, entries: u128) -> (std::path::PathBuf, String) {
    let log = site.open("log");
    for n in 0..entries {
        log.append_blocking(event(n)).expect("append");
    }
    drop(log);
    (site.path("log"), VerifierKey::new(ORIGIN, site.key()).to_string())
}

fn text(path: &Path) -> String {
    fs::read_to_string(path).expect("read")
}

#[test]
fn logs_of_every_shape_are_accepted_by_everybody_with_the_same_root() {
    let mut verifiers = verifiers();
    for entries in [0, 1, 2, 3, 5, 8, 255, 256, 257, 600] {
        let site = Site::new();
        let (log, key) = written(&site, entries);
        let report = site.verify(&log);
        assert!(report.holds(), "{report}");
        let ours = (report.entries, data_encoding::BASE64.encode(report.root.as_bytes()));
        for verifier in &mut verifiers {
            assert_eq!(verifier.judge(&log, &key, &[]), Ok(ours.clone()), "{entries}, {}", verifier.name());
        }
    }
}

#[test]
fn an_earlier_checkpoint_of_any_size_is_passed_through() {
    let site = Site::new();
    let log = site.open("log");
    let mut anchors = vec![log.checkpoint().text().to_owned()];
    for n in 0..300 {
        log.append_blocking(event(n)).expect("append");
        anchors.push(log.checkpoint().text().to_owned());
    }
    drop(log);
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    for verifier in &mut verifiers() {
        let judged = verifier.judge(&site.path("log"), &key, &anchors);
        assert!(judged.is_ok(), "{}: {judged:?}", verifier.name());
    }
}

#[test]
fn another_key_another_history_and_a_shorter_log_are_refused_by_everybody() {
    let site = Site::new();
    let (log, key) = written(&site, 5);
    let other = VerifierKey::new(ORIGIN, site.other_keys().signing.verifying_key()).to_string();
    let longer = site.finished("longer", 7);
    let shorter = site.finished("shorter", 3);
    for verifier in &mut verifiers() {
        let name = verifier.name();
        assert!(verifier.judge(&log, &other, &[]).is_err(), "{name}");
        assert!(verifier.judge(&log, &key, &[text(&longer.join("checkpoint"))]).is_err(), "{name}: rolled back");
        assert!(verifier.judge(&log, &key, &[text(&shorter.join("checkpoint"))]).is_err(), "{name}: forked");
        assert!(verifier.judge(&log, &key, &[text(&log.join("checkpoint"))]).is_ok(), "{name}");
    }
}

/// A reader that looks an entry up and compares it with the leaf tile, as some do.
fn a_naive_reader_accepts(log: &Path, index: usize) -> bool {
    let bundle = fs::read(log.join("tile/entries/000")).expect("bundle");
    let mut rest = bundle.as_slice();
    for _ in 0..index {
        let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
        rest = &rest[2 + length..];
    }
    let length = usize::from(u16::from_be_bytes([rest[0], rest[1]]));
    let leaves = fs::read(log.join("tile/0/000")).expect("tile");
    leaf_hash(&rest[2..2 + length]).as_bytes() == &leaves[index * 32..index * 32 + 32]
}

#[test]
fn a_forged_entry_with_its_forged_leaf_passes_a_naive_reader_and_no_verifier() {
    let site = Site::new();
    let (log, key) = written(&site, 300);
    let bundle = log.join("tile/entries/000");
    let mut bytes = fs::read(&bundle).expect("read");
    let at = bytes.windows(10).position(|window| window == b"\"task-137\"").expect("entry 137");
    bytes[at + 6..at + 8].copy_from_slice(b"99");
    fs::write(&bundle, &bytes).expect("write");
    assert!(!a_naive_reader_accepts(&log, 137));

    let start = bytes[..at].windows(7).rposition(|window| window == b"{\"actor").expect("the entry's beginning");
    let length = usize::from(u16::from_be_bytes([bytes[start - 2], bytes[start - 1]]));
    let leaf = leaf_hash(&bytes[start..start + length]);
    let tile = log.join("tile/0/000");
    let mut leaves = fs::read(&tile).expect("read");
    leaves[137 * 32..138 * 32].copy_from_slice(leaf.as_bytes());
    fs::write(&tile, leaves).expect("write");

    assert!(a_naive_reader_accepts(&log, 137), "the forgery is a good one");
    for verifier in &mut verifiers() {
        assert!(verifier.judge(&log, &key, &[]).is_err(), "{}", verifier.name());
    }
}
