//! The crates `signed_note` and `tlog_tiles` (Cloudflare, for their certificate transparency logs): their
//! own notes, tree, tiles and proofs. Only where the files lie is said here.

use std::collections::HashSet;
use std::fmt::Display;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use signed_note::{Note, StandardVerifier, Verifier as NoteVerifier, VerifierList};
use tlog_tiles::{
    Checkpoint, EMPTY_HASH, Error, Hash, HashReader, Tile, TileHashReader, TileReader, check_record, check_tree,
    prove_record, prove_tree, record_hash, stored_hashes, tree_hash,
};

use super::{Judged, Verifier};

const HEIGHT: u8 = 8;

pub(super) struct Crates;

impl Verifier for Crates {
    fn name(&self) -> &'static str {
        "tlog_tiles and signed_note"
    }

    /// Its hashing is not optimised in a test build.
    fn pace(&self) -> u64 {
        20
    }

    fn judge(&mut self, log: &Path, key: &str, anchors: &[String]) -> Judged {
        let text = fs::read_to_string(log.join("checkpoint")).map_err(said)?;
        let tree = checkpoint(&text, key)?;
        let tiles = Tiles(log.join("tile"));
        let entries = tiles.entries(tree.size())?;
        let stored = recompute(&entries, &tree)?;
        tiles.compare(tree.size(), &stored)?;
        let reader = TileHashReader::new(tree.size(), *tree.hash(), &tiles);
        prove(&entries, &tree, &reader)?;
        for anchor in anchors {
            passes_through(&checkpoint(anchor, key)?, &tree, &reader)?;
        }
        links(&entries)?;
        Ok((tree.size(), tree.hash().to_string()))
    }
}

fn said(error: impl Display) -> String {
    error.to_string()
}

fn checkpoint(text: &str, key: &str) -> Result<Checkpoint, String> {
    let verifier = StandardVerifier::new(key.trim_end()).map_err(said)?;
    let origin = verifier.name().to_owned();
    let note = Note::from_bytes(text.as_bytes()).map_err(said)?;
    note.verify(&VerifierList::new(vec![Box::new(verifier)])).map_err(said)?;
    let tree = Checkpoint::from_bytes(note.text()).map_err(said)?;
    if tree.origin() != origin { Err("the checkpoint is not of this log".to_owned()) } else { Ok(tree) }
}

/// Hashes in the order of `stored_hash_index`.
struct Memory(Vec<Hash>);

impl HashReader for Memory {
    fn read_hashes(&self, indexes: &[u64]) -> Result<Vec<Hash>, Error> {
        let hash = |index: &u64| usize::try_from(*index).ok().and_then(|index| self.0.get(index)).copied();
        indexes.iter().map(|index| hash(index).ok_or(Error::IndexesNotInTree)).collect()
    }
}

fn recompute(entries: &[Vec<u8>], tree: &Checkpoint) -> Result<Memory, String> {
    let mut stored = Memory(Vec::new());
    for (n, entry) in (0..).zip(entries) {
        let hashes = stored_hashes(n, entry, &stored).map_err(said)?;
        stored.0.extend(hashes);
    }
    let root = if tree.size() == 0 { EMPTY_HASH } else { tree_hash(tree.size(), &stored).map_err(said)? };
    if root == *tree.hash() { Ok(stored) } else { Err("the root over the entries is not the signed one".to_owned()) }
}

/// What a client does that holds one entry and trusts no tile.
fn prove(entries: &[Vec<u8>], tree: &Checkpoint, reader: &TileHashReader<'_>) -> Result<(), String> {
    for (n, entry) in (0..).zip(entries) {
        // A spread, and the last: each proof reads tiles anew.
        if n % 61 != 0 && n + 1 != tree.size() {
            continue;
        }
        let proof = prove_record(tree.size(), n, reader).map_err(said)?;
        check_record(&proof, tree.size(), *tree.hash(), n, record_hash(entry)).map_err(said)?;
    }
    Ok(())
}

fn passes_through(earlier: &Checkpoint, tree: &Checkpoint, reader: &TileHashReader<'_>) -> Result<(), String> {
    if earlier.size() == 0 {
        return Ok(());
    }
    let proof = prove_tree(tree.size(), earlier.size(), reader).map_err(said)?;
    check_tree(&proof, tree.size(), *tree.hash(), earlier.size(), *earlier.hash()).map_err(said)
}

fn links(entries: &[Vec<u8>]) -> Result<(), String> {
    let mut before = "0".repeat(64);
    for (n, entry) in (0_u64..).zip(entries) {
        let said: Value = serde_json::from_slice(entry).map_err(said)?;
        if said["index"] != n || said["prev"] != before || repeats_a_member(entry) {
            return Err(format!("entry {n} does not follow from the one before"));
        }
        before = data_encoding::HEXLOWER.encode(&record_hash(entry).0);
    }
    Ok(())
}

/// `Value` takes the last of two members of one name; a reader that minds must look twice.
fn repeats_a_member(entry: &[u8]) -> bool {
    struct Once;
    impl<'de> serde::de::Visitor<'de> for Once {
        type Value = bool;

        fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("an object")
        }

        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
            let mut seen = HashSet::new();
            let mut twice = false;
            while let Some((name, _)) = members.next_entry::<String, serde::de::IgnoredAny>()? {
                twice |= !seen.insert(name);
            }
            Ok(twice)
        }
    }
    let mut reader = serde_json::Deserializer::from_slice(entry);
    serde::Deserializer::deserialize_map(&mut reader, Once).unwrap_or(true)
}

/// A log directory in the C2SP layout.
struct Tiles(PathBuf);

impl Tiles {
    /// The crate names tiles as sumdb does, `tile/8/<level or data>/...`; C2SP says `tile/<level or entries>/...`.
    fn read(&self, tile: &Tile) -> Result<Vec<u8>, String> {
        let path = tile.path().replacen("tile/8/", "", 1).replacen("data/", "entries/", 1);
        fs::read(self.0.join(&path)).map_err(|error| format!("{path}: {error}"))
    }

    fn entries(&self, size: u64) -> Result<Vec<Vec<u8>>, String> {
        let mut entries = Vec::new();
        for mut tile in layout(size).into_iter().filter(|tile| tile.level() == 0) {
            tile.set_is_data();
            let bytes = self.read(&tile)?;
            let mut rest = bytes.as_slice();
            for _ in 0..tile.width() {
                let (length, tail) = rest.split_first_chunk::<2>().ok_or("a bundle is cut short")?;
                let length = usize::from(u16::from_be_bytes(*length));
                let (entry, tail) = tail.split_at_checked(length).ok_or("a bundle is cut short")?;
                entries.push(entry.to_vec());
                rest = tail;
            }
            if !rest.is_empty() {
                return Err("a bundle has bytes left over".to_owned());
            }
        }
        Ok(entries)
    }

    fn compare(&self, size: u64, stored: &Memory) -> Result<(), String> {
        for tile in layout(size) {
            if tile.read_data(stored).map_err(said)? != self.read(&tile)? {
                return Err(format!("{} is not the tile of these entries", tile.path()));
            }
        }
        Ok(())
    }
}

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        tiles.iter().map(|tile| self.read(tile).map_err(|_| Error::InvalidTile)).collect()
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// The tiles of a tree: of a tile that is not full yet, `new_tiles` may list every width that it had.
fn layout(size: u64) -> Vec<Tile> {
    let mut tiles: Vec<Tile> = Vec::new();
    for tile in Tile::new_tiles(HEIGHT, 0, size) {
        let place = |tile: &Tile| (tile.level(), tile.level_index());
        if tiles.last().is_some_and(|last| place(last) == place(&tile)) {
            tiles.pop();
        }
        tiles.push(tile);
    }
    tiles
}
