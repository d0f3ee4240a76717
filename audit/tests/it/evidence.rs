//! One entry: found in a directory, or proven by a file.

use std::fs;
use std::path::{Path, PathBuf};

use sealane_audit::verify::{Options, Report, Subject, verify_entry};
use sealane_audit::{Filter, VerifierKey};

use crate::support::{ORIGIN, Site, copy, event, segment};
use crate::verifier::{run, text};

/// A closed log of 300 entries: a full tile and a part of one.
fn log() -> (Site, PathBuf) {
    let site = Site::new();
    let log = site.open("log");
    for batch in 0..3 {
        log.append_all_blocking((batch * 100..batch * 100 + 100).map(event).collect()).expect("append");
    }
    drop(log);
    let directory = site.path("log");
    (site, directory)
}

fn entry(site: &Site, directory: &Path, index: u64) -> Report {
    verify_entry(directory, index, &Options { key: Some(site.key()), ..Options::default() })
}

#[test]
fn every_entry_is_found_and_proven_with_and_without_segments() {
    let (site, directory) = log();
    let bare = site.path("copy");
    copy(&directory.join("tile"), &bare.join("tile"));
    fs::copy(directory.join("checkpoint"), bare.join("checkpoint")).expect("copy");
    for directory in [&directory, &bare] {
        for index in [0, 1, 127, 255, 256, 298, 299] {
            let report = entry(&site, directory, index);
            assert_eq!(report.exit_code(), 0, "{report}");
            let Subject::Entry { index: found, json: Some(json), .. } = &report.subject else { panic!("{report}") };
            assert_eq!(*found, index);
            assert!(json.contains(&format!("\"index\":{index},")), "{json}");
        }
        let report = entry(&site, directory, 300);
        assert_eq!((report.exit_code(), report.first_bad_entry()), (2, Some(300)), "{report}");
    }
}

#[test]
fn an_altered_entry_is_named_and_a_sound_one_beside_an_altered_tile_still_holds() {
    let (site, directory) = log();
    let tile = directory.join("tile/0/000");
    let mut bytes = fs::read(&tile).expect("read");
    bytes[41 * 32] ^= 1;
    fs::write(&tile, bytes).expect("write");
    assert_eq!(entry(&site, &directory, 40).exit_code(), 0, "the segments are asked instead");

    let file = segment(&directory);
    let mut bytes = fs::read(&file).expect("read");
    let at = bytes.windows(9).position(|window| window == b"\"task-41\"").expect("entry 41");
    bytes[at + 6] ^= 1;
    fs::write(&file, bytes).expect("write");
    let report = entry(&site, &directory, 41);
    assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(41)), "{report}");
}

#[test]
fn a_log_without_tiles_and_one_in_use_give_their_entries_too() {
    let site = Site::new();
    let log = site.open("log");
    log.append_all_blocking((0..5).map(event).collect()).expect("append");
    assert_eq!(entry(&site, log.directory(), 4).exit_code(), 0);
    drop(log);
    fs::remove_dir_all(site.path("log/tile")).expect("remove");
    assert_eq!(entry(&site, &site.path("log"), 3).exit_code(), 0);
}

#[test]
fn the_verifier_shows_an_entry_and_judges_a_proof_file() {
    let (site, directory) = log();
    let key = VerifierKey::new(ORIGIN, site.key()).to_string();
    let output = run(&["entry", text(&directory), "17", "--key", &key]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(said.contains("entry         17 of 300") && said.contains("content       {\"actor\""), "{said}");

    let log = site.open("log");
    let (proof, content) = (site.path("a.tlog-proof"), site.path("entry.json"));
    fs::write(&proof, log.proof(17, &log.checkpoint()).expect("prove").to_string()).expect("write");
    let json = log.entries(17, 1, &Filter::all()).expect("read").remove(0).json;
    fs::write(&content, &json).expect("write");
    let judge = |arguments: &[&str]| run(&[&["proof", text(&proof)], arguments].concat()).status.code();
    assert_eq!(judge(&["--entry", text(&content), "--key", &key]), Some(0));
    assert_eq!(judge(&["--entry", text(&content)]), Some(3), "nobody says whose log it is");
    assert_eq!(judge(&["--key", &key]), Some(3), "which entry?");
    let other = site.other_keys().signing.verifying_key().to_string();
    assert_eq!(judge(&["--entry", text(&content), "--key", &other]), Some(1));
    fs::write(&content, json.replace("imaging", "Imaging")).expect("write");
    assert_eq!(judge(&["--entry", text(&content), "--key", &key]), Some(1));
    fs::write(&proof, "no proof").expect("write");
    assert_eq!(judge(&["--key", &key]), Some(3));
}
