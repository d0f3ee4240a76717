//! Evidence packs: what they prove, and that nothing in them can be changed.

use std::fs;

use sealane_audit::event::Assurance;
use sealane_audit::pack::{PackError, PackRequest};
use sealane_audit::verify::{Options, Report, Subject, verify_pack};
use sealane_audit::{Event, Log, Phase, Scope, VerifierKey};

use crate::support::{AT, ORIGIN, Site, event, op};
use crate::verifier::{run, text};

/// An open log of 300 entries in batches of several sizes.
fn log(site: &Site) -> Log {
    let log = site.open("log");
    for batch in [0..1, 1..7, 7..200, 200..300] {
        log.append_all_blocking(batch.map(event).collect()).expect("append");
    }
    log
}

fn request() -> PackRequest {
    PackRequest { asked: "all of it".into(), made_at_ns: AT, checkpoint: None, openings: false }
}

fn filtered(log: &Log, indexes: &[u64]) -> Vec<u8> {
    let mut packer = log.pack(Vec::new(), request()).expect("begin");
    for index in indexes {
        packer.add(*index).expect("add");
    }
    packer.finish().expect("finish").0
}

fn range(log: &Log, from: u64, to: u64) -> Vec<u8> {
    log.pack_range(Vec::new(), request(), from..to).expect("pack").0
}

fn verify(site: &Site, pack: &[u8]) -> Report {
    verify_pack(pack, &Options { key: Some(site.key()), ..Options::default() })
}

#[test]
fn a_filtered_pack_proves_its_entries_and_says_that_it_proves_no_more() {
    let site = Site::new();
    let pack = filtered(&log(&site), &[0, 6, 7, 199, 255, 256, 299]);
    let report = verify(&site, &pack);
    assert_eq!(report.exit_code(), 0, "{report}");
    assert!(!report.completeness.is_ok() && !report.completeness.is_bad(), "{report}");
    let Subject::Pack(packed) = &report.subject else { panic!("{report}") };
    assert_eq!((packed.packed, packed.asked.as_str()), (7, "all of it"));
    assert_eq!(packed.made_at, "2023-11-14T22:13:20Z");
}

#[test]
fn a_contiguous_pack_proves_that_it_holds_every_entry_of_its_range() {
    let site = Site::new();
    let log = log(&site);
    for (from, to) in [(0, 300), (0, 1), (5, 9), (250, 260), (299, 300), (128, 256), (7, 7), (0, 0)] {
        let report = verify(&site, &range(&log, from, to));
        assert_eq!(report.exit_code(), 0, "{from}..{to}: {report}");
        assert!(report.completeness.is_ok(), "{report}");
    }
    assert!(matches!(log.pack_range(Vec::new(), request(), 5..301), Err(PackError::Prove(_))));
    let earlier = log.checkpoint();
    log.append_blocking(event(300)).expect("append");
    let old = PackRequest { checkpoint: Some(earlier), ..request() };
    let pack = log.pack_range(Vec::new(), old, 100..300).expect("pack").0;
    assert_eq!(verify(&site, &pack).entries, 300, "under the head that was asked for");
}

#[test]
fn entries_out_of_order_or_beyond_the_head_are_not_packed() {
    let site = Site::new();
    let log = log(&site);
    let mut packer = log.pack(Vec::new(), request()).expect("begin");
    packer.add(5).expect("add");
    assert!(matches!(packer.add(5), Err(PackError::Entry { index: 5, .. })));
    assert!(matches!(packer.add(4), Err(PackError::Entry { index: 4, .. })));
    assert!(matches!(packer.add(300), Err(PackError::Prove(_))));
}

fn lines(pack: &[u8]) -> Vec<String> {
    String::from_utf8(pack.to_vec()).expect("text").lines().map(|line| format!("{line}\n")).collect()
}

#[test]
fn a_line_left_out_repeated_swapped_or_added_is_found() {
    let site = Site::new();
    let log = log(&site);
    for pack in [filtered(&log, &[3, 5, 8, 200]), range(&log, 3, 7)] {
        let honest = lines(&pack);
        for at in 0..honest.len() {
            let mut without = honest.clone();
            without.remove(at);
            assert_ne!(verify(&site, without.concat().as_bytes()).exit_code(), 0, "without line {at}");
            let mut twice = honest.clone();
            twice.insert(at, honest[at].clone());
            assert_ne!(verify(&site, twice.concat().as_bytes()).exit_code(), 0, "line {at} twice");
            let mut swapped = honest.clone();
            swapped.swap(at, (at + 1) % honest.len());
            assert_ne!(verify(&site, swapped.concat().as_bytes()).exit_code(), 0, "line {at} swapped");
        }
    }
}

#[test]
fn a_pack_cut_anywhere_is_no_whole_pack() {
    let site = Site::new();
    let pack = filtered(&log(&site), &[3, 200]);
    for length in 0..pack.len() - 1 {
        let code = verify(&site, &pack[..length]).exit_code();
        assert!(code == 2 || code == 3, "{length} bytes: {code}");
    }
    // The newline of the last line carries nothing.
    assert_eq!(verify(&site, &pack[..pack.len() - 1]).exit_code(), 0);
}

#[test]
fn an_edited_entry_is_named_though_the_packs_digest_is_made_anew() {
    let site = Site::new();
    let log = log(&site);
    for index in 3..7_u64 {
        // Only the root guards the last entry of a range, and a root names nobody.
        let of_range = (index < 6).then_some(index);
        for (pack, named) in [(filtered(&log, &[3, 4, 5, 6]), Some(index)), (range(&log, 3, 7), of_range)] {
            let mut lines = lines(&pack);
            let line = &mut lines[usize::try_from(index).expect("small") - 2];
            *line = line.replace("imaging", "Imaging");
            let report = verify(&site, resealed(lines).as_bytes());
            assert_eq!((report.exit_code(), report.first_bad_entry()), (1, named), "{report}");
        }
    }
}

/// The same lines with a last one that fits them, as a forger would write it.
fn resealed(mut lines: Vec<String>) -> String {
    lines.pop();
    let entries = lines.len() - 1;
    let sha256 = sealane_crypto::digest::sha256(lines.concat().as_bytes());
    format!("{}{{\"entries\":{entries},\"sha256\":\"{sha256}\"}}\n", lines.concat())
}

#[test]
fn no_changed_byte_of_a_pack_passes() {
    let site = Site::new();
    let pack = range(&log(&site), 3, 5);
    for at in 0..pack.len() - 1 {
        let mut changed = pack.clone();
        changed[at] ^= 1;
        assert_ne!(verify(&site, &changed).exit_code(), 0, "byte {at}");
    }
}

#[test]
fn values_are_shown_with_what_it_takes_to_check_them_and_no_other_value_passes() {
    let site = Site::new();
    let log = log(&site);
    let request = || PackRequest { openings: true, ..request() };
    let contiguous = log.pack_range(Vec::new(), request(), 3..5).expect("pack").0;
    let mut packer = log.pack(Vec::new(), request()).expect("begin");
    packer.add(3).and_then(|()| packer.add(4)).expect("add");
    for pack in [contiguous, packer.finish().expect("finish").0] {
        let report = verify(&site, &pack);
        assert!(report.holds() && report.openings.is_ok(), "{report}");
        assert!(report.openings.to_string().contains("6 values"), "{report}");
        for (from, to) in [("192.0.2.7", "192.0.2.8"), ("object.path", "private.path"), ("Maria Lopez", "Maria Lopes")]
        {
            let mut lines = lines(&pack);
            assert!(lines[2].contains(from));
            lines[2] = lines[2].replace(from, to);
            let report = verify(&site, resealed(lines).as_bytes());
            assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(4)), "{report}");
        }
    }
    log.erase(&Scope::collection("imaging"), Event::new(Assurance::Erase, Phase::Intent, op(9), AT)).expect("erase");
    let pack = log.pack_range(Vec::new(), request(), 3..5).expect("pack").0;
    let said = String::from_utf8_lossy(&pack).into_owned();
    assert!(!said.contains("Maria Lopez") && said.contains("192.0.2.7"), "what was erased is not shown");
    assert!(verify(&site, &pack).holds());
}

#[test]
fn what_the_digest_does_not_guard_the_signature_and_the_proofs_do() {
    let site = Site::new();
    let other = Site::new();
    let pack = filtered(&log(&site), &[3, 5]);
    assert_eq!(verify(&other, &pack).exit_code(), 1, "another log's key");
    assert_eq!(verify_pack(pack.as_slice(), &Options::default()).exit_code(), 0, "its own key, said to be so");

    let foreign = lines(&filtered(&log(&other), &[3, 5]));
    let mut spliced = lines(&pack);
    spliced[2].clone_from(&foreign[2]);
    let report = verify(&site, resealed(spliced).as_bytes());
    assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(5)), "{report}");

    let mut other_head = lines(&pack);
    other_head[0].clone_from(&foreign[0]);
    assert_eq!(verify(&site, resealed(other_head).as_bytes()).exit_code(), 1);
}

#[test]
fn the_verifier_takes_a_pack() {
    let site = Site::new();
    let file = site.path("pack.jsonl");
    fs::write(&file, range(&log(&site), 0, 300)).expect("write");
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    let output = run(&["pack", text(&file), "--key", &key]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("pack          300 entries of 300") && said.contains("every entry from 0"), "{said}");
    let output = run(&["pack", text(&file), "--key", &key, "--json"]);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!((&report["subject"], &report["packed"]), (&"pack".into(), &300.into()));
    fs::write(&file, "").expect("write");
    assert_eq!(run(&["pack", text(&file)]).status.code(), Some(3));
}
