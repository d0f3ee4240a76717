//! A copy of a log as HTTP gives it, tiles and checkpoint, verified without segments.

use std::fs;
use std::path::{Path, PathBuf};

use sealane_audit::Checkpoint;
use sealane_audit::verify::{Options, Report, verify_dir};
use sealane_crypto::digest::tree::leaf_hash;

use crate::support::{Site, copy, event, small};

const ENTRIES: u128 = 600;

/// Two full bundles and one of 88, in a copy without segments.
struct Copy {
    site: Site,
    at: PathBuf,
}

impl Copy {
    fn new() -> Self {
        let site = Site::new();
        let log = site.open("log");
        let writers: Vec<_> = (0..ENTRIES)
            .map(|n| {
                let log = log.clone();
                std::thread::spawn(move || log.append_blocking(event(n)).map(drop))
            })
            .collect();
        for writer in writers {
            writer.join().expect("writer").expect("append");
        }
        drop(log);
        let at = site.path("copy");
        copy(&site.path("log/tile"), &at.join("tile"));
        fs::copy(site.path("log/checkpoint"), at.join("checkpoint")).expect("copy");
        Self { site, at }
    }

    fn verify(&self) -> Report {
        self.site.verify(&self.at)
    }

    fn file(&self, name: &str) -> PathBuf {
        self.at.join(name)
    }

    /// Changes a file for one look at it.
    fn with(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) -> Report {
        let path = self.file(name);
        let bytes = fs::read(&path).expect("read");
        let mut changed = bytes.clone();
        change(&mut changed);
        assert_ne!(bytes, changed);
        fs::write(&path, changed).expect("write");
        let report = self.verify();
        fs::write(&path, bytes).expect("write back");
        report
    }
}

fn split(bundle: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut rest = bundle;
    while let Some((length, after)) = rest.split_first_chunk::<2>() {
        let (entry, after) = after.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry.to_vec());
        rest = after;
    }
    entries
}

fn join(entries: &[Vec<u8>]) -> Vec<u8> {
    let length = |entry: &Vec<u8>| u16::try_from(entry.len()).expect("short").to_be_bytes();
    entries.iter().flat_map(|entry| [&length(entry)[..], entry].concat()).collect()
}

fn edit(entry: &[u8]) -> Vec<u8> {
    String::from_utf8(entry.to_vec()).expect("text").replace("imaging", "Imaging").into_bytes()
}

#[test]
fn an_honest_copy_of_tiles_holds_and_its_openings_are_not_asked_for() {
    let copy = Copy::new();
    let report = copy.verify();
    assert!(report.holds(), "{report}");
    assert_eq!(u128::from(report.entries), ENTRIES);
    let tiles = report.tiles.expect("tiles");
    assert!(tiles.integrity.is_ok() && tiles.completeness.is_ok());
    let nobody = verify_dir(&copy.at, &Options::default());
    assert_eq!(nobody.exit_code(), 3, "no key beside it and none given: {nobody}");
}

#[test]
fn an_edited_entry_of_a_bundle_is_named_also_under_a_forged_tile() {
    let copy = Copy::new();
    for index in [0_usize, 1, 255, 256, 511] {
        let (name, at) = (format!("tile/entries/{:03}", index / 256), index % 256);
        let mut forged = None;
        let change = |bundle: &mut Vec<u8>| {
            let mut entries = split(bundle);
            entries[at] = edit(&entries[at]);
            forged = Some(leaf_hash(&entries[at]));
            *bundle = join(&entries);
        };
        let report = copy.with(&name, change);
        assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(index as u64)), "{report}");

        // The entry and the tile over it: a reader who believes tiles is deceived, the recomputed root is not.
        let tile = copy.file(&format!("tile/0/{:03}", index / 256));
        let honest = fs::read(&tile).expect("read");
        let mut bytes = honest.clone();
        bytes[at * 32..at * 32 + 32].copy_from_slice(forged.expect("forged").as_bytes());
        fs::write(&tile, bytes).expect("write");
        let report = copy.with(&name, |bundle| {
            let mut entries = split(bundle);
            entries[at] = edit(&entries[at]);
            *bundle = join(&entries);
        });
        assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(index as u64)), "{report}");
        fs::write(&tile, honest).expect("write back");
    }
    assert!(copy.verify().holds());
}

#[test]
fn the_last_entry_which_no_link_guards_is_named_by_its_tile() {
    let copy = Copy::new();
    let report = copy.with("tile/entries/002.p/88", |bundle| {
        let mut entries = split(bundle);
        entries[87] = edit(&entries[87]);
        *bundle = join(&entries);
    });
    assert_eq!((report.exit_code(), report.first_bad_entry()), (1, Some(599)), "{report}");
}

#[test]
fn an_altered_tile_is_named_and_the_entries_are_not_blamed() {
    let copy = Copy::new();
    for name in ["tile/0/000", "tile/0/002.p/88", "tile/1/000.p/2"] {
        let report = copy.with(name, |tile| tile[33] ^= 1);
        assert!(report.integrity.is_ok(), "{report}");
        assert_eq!(report.exit_code(), 1, "{report}");
        let said = report.to_string();
        let place = name.split(".p").next().expect("a name");
        assert!(said.contains(&format!("({place})")), "{said}");
        assert_eq!(copy.with(name, |tile| tile.push(0)).exit_code(), 1, "a byte too many");
        assert_eq!(copy.with(name, |tile| tile.truncate(tile.len() - 1)).exit_code(), 1, "a byte too few");
    }
}

#[test]
fn what_is_missing_is_incomplete_and_named() {
    let copy = Copy::new();
    for (name, entry) in [("tile/entries/001", Some(256)), ("tile/0/001", None), ("tile/1/000.p/2", None)] {
        let path = copy.file(name);
        let bytes = fs::read(&path).expect("read");
        fs::remove_file(&path).expect("remove");
        let report = copy.verify();
        assert_eq!((report.exit_code(), report.first_bad_entry()), (2, entry), "{report}");
        assert!(report.to_string().contains(name.split(".p").next().expect("a name")), "{report}");
        fs::write(&path, bytes).expect("write back");
    }
    fs::remove_file(copy.file("checkpoint")).expect("remove");
    assert_eq!(copy.verify().exit_code(), 2);
}

#[test]
fn swapped_bundles_and_cut_ones_do_not_pass() {
    let copy = Copy::new();
    let (first, second) = (copy.file("tile/entries/000"), copy.file("tile/entries/001"));
    let bytes = (fs::read(&first).expect("read"), fs::read(&second).expect("read"));
    fs::write(&first, &bytes.1).expect("write");
    fs::write(&second, &bytes.0).expect("write");
    assert_eq!((copy.verify().exit_code(), copy.verify().first_bad_entry()), (1, Some(0)));
    fs::write(&first, &bytes.0).expect("write back");
    fs::write(&second, &bytes.1).expect("write back");
    assert_eq!(copy.with("tile/entries/001", |bundle| bundle.truncate(700)).exit_code(), 1);
    assert_eq!(copy.with("tile/entries/001", |bundle| bundle.push(7)).exit_code(), 1);
}

#[test]
fn an_earlier_checkpoint_shows_a_rollback_and_a_fork_of_a_copy() {
    let copy = Copy::new();
    let anchor = |directory: &Path| {
        Checkpoint::parse(&fs::read_to_string(directory.join("checkpoint")).expect("read")).expect("checkpoint")
    };
    let (log, _) = copy.site.open_with(&copy.site.path("log"), &copy.site.keys, small()).expect("open");
    log.append_blocking(event(9999)).expect("append");
    let later = log.checkpoint();
    drop(log);
    let other = anchor(&copy.site.finished("other", 5));
    let with = |anchors| Options { key: Some(copy.site.key()), anchors, ..Options::default() };
    assert!(verify_dir(&copy.at, &with(vec![anchor(&copy.at)])).holds());
    assert_eq!(verify_dir(&copy.at, &with(vec![later])).exit_code(), 2, "rolled back");
    let forked = verify_dir(&copy.at, &with(vec![other]));
    assert_eq!((forked.exit_code(), forked.first_bad_entry()), (1, Some(4)), "{forked}");
}

#[test]
fn beside_segments_tiles_are_looked_at_when_asked_and_called_derived() {
    let copy = Copy::new();
    let log = copy.site.path("log");
    let asked = Options { key: Some(copy.site.key()), tiles: true, ..Options::default() };
    assert!(verify_dir(&log, &asked).holds());
    for name in ["tile/0/000", "tile/entries/000"] {
        let path = log.join(name);
        let mut bytes = fs::read(&path).expect("read");
        bytes[40] ^= 1;
        fs::write(&path, &bytes).expect("write");
        let report = verify_dir(&log, &asked);
        assert!(report.integrity.is_ok() && report.completeness.is_ok(), "{report}");
        assert_eq!(report.exit_code(), 1);
        assert!(report.to_string().contains("derived from the segments") && report.to_string().contains(name));
        assert!(copy.site.verify(&log).holds(), "not asked");
        bytes[40] ^= 1;
        fs::write(&path, &bytes).expect("write back");
    }
}
