//! The tiles, read as somebody else's reader would: with the specification and nothing of ours.

use std::fs;
use std::path::Path;

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{leaf_hash, root_of};

use crate::support::{Site, event};

/// The entries of a bundle: `[u16 big-endian length][entry]`, 256 of them in a full one.
fn entries(bytes: &[u8]) -> Vec<&[u8]> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while let Some((length, tail)) = rest.split_first_chunk::<2>() {
        let (entry, tail) = tail.split_at(usize::from(u16::from_be_bytes(*length)));
        entries.push(entry);
        rest = tail;
    }
    entries
}

fn hashes(path: &Path) -> Vec<Digest> {
    let bytes = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    bytes.as_chunks::<32>().0.iter().map(|hash| Digest::from_bytes(*hash)).collect()
}

/// Reads 600 entries: two full tiles and one of 88, and the tile of two hashes above them.
fn check(directory: &Path, root: Digest) {
    let tile = directory.join("tile");
    let mut leaves = Vec::new();
    for (name, width) in [("000", 256), ("001", 256), ("002.p/88", 88)] {
        let bundle = fs::read(tile.join("entries").join(name)).expect("bundle");
        let of_entries: Vec<Digest> = entries(&bundle).into_iter().map(leaf_hash).collect();
        assert_eq!(of_entries.len(), width);
        assert_eq!(hashes(&tile.join("0").join(name)), of_entries, "level 0, {name}");
        leaves.extend(of_entries);
    }
    assert_eq!(root_of(&leaves), root);
    assert_eq!(hashes(&tile.join("1/000.p/2")), [root_of(&leaves[..256]), root_of(&leaves[256..512])]);
}

#[test]
fn tiles_hold_the_entries_and_the_tree_of_the_last_checkpoint() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..600 {
        log.append_blocking(event(n)).expect("append");
    }
    let (size, root) = log.head();
    assert_eq!(size, 600);
    drop(log);
    check(&site.path("log"), root);
}

#[test]
fn damaged_or_missing_tiles_are_made_again_from_the_segments() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..600 {
        log.append_blocking(event(n)).expect("append");
    }
    let root = log.head().1;
    drop(log);
    let directory = site.path("log");
    let tile = directory.join("tile");
    fs::write(tile.join("0/000"), "forged").expect("write");
    fs::write(tile.join("entries/001"), "forged").expect("write");
    fs::remove_dir_all(tile.join("1")).expect("remove");
    assert!(site.verify(&directory).holds(), "the verifier does not look at what is derived");
    drop(site.open("log"));
    check(&directory, root);
}

#[test]
fn a_full_tile_takes_the_place_of_partial_ones() {
    let site = Site::new();
    for n in [0, 200, 255] {
        let log = site.open("log");
        log.append_blocking(event(n)).expect("append");
        for m in n..n + 100 {
            log.append_blocking(event(m)).expect("append");
        }
        drop(log);
    }
    let tile = site.path("log").join("tile");
    assert!(tile.join("0/000").exists() && tile.join("entries/000").exists());
    assert!(!tile.join("0/000.p").exists() && !tile.join("entries/000.p").exists());
    assert!(tile.join("0/001.p/47").exists());
}
