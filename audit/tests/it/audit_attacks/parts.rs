//! A log taken apart, so that an attacker can change any part of it, and put together again.
//!
//! Whatever is put together is as well-formed as somebody who knows the format can make it: frames with right
//! checksums, tiles that agree with each other. An attack that only a checksum finds would be found by luck.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::{leaf_hash, root_of};

use crate::support::{forge, frames};

/// Contents of a log directory by path.
pub(super) type Files = BTreeMap<String, Vec<u8>>;

/// What stands in the segments, in order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// The entry, the index that its frame claims, and the openings beside it.
    Entry { index: u64, bytes: Vec<u8>, openings: Vec<Vec<u8>> },
    /// The trailer of a batch.
    Head { size: u64, note: String },
    /// Here a segment ends.
    Cut,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    pub(super) items: Vec<Item>,
    pub(super) checkpoint: String,
    pub(super) key: String,
    /// The keys of the openings.
    pub(super) opening_keys: Vec<u8>,
}

impl Parts {
    /// Takes apart a log that is at rest.
    pub(super) fn read(directory: &Path) -> Self {
        let text = |name: &str| fs::read_to_string(directory.join(name)).expect("read");
        let mut openings: BTreeMap<u64, Vec<Vec<u8>>> = BTreeMap::new();
        for bytes in series(directory, "openings") {
            for frame in frames(&bytes) {
                openings.entry(frame.index).or_default().push(bytes[frame.start + 16..frame.end].to_vec());
            }
        }
        let mut items = Vec::new();
        for bytes in series(directory, "seg") {
            for frame in frames(&bytes) {
                let body = bytes[frame.start + 16..frame.end].to_vec();
                items.push(if frame.trailer {
                    Item::Head { size: frame.index, note: String::from_utf8(body).expect("text") }
                } else {
                    let openings = openings.remove(&frame.index).unwrap_or_default();
                    Item::Entry { index: frame.index, bytes: body, openings }
                });
            }
        }
        let mut opening_keys = fs::read(directory.join("opening-keys/00000000.seg")).expect("read");
        let used = opening_keys.chunks(128).take_while(|slot| slot.iter().any(|byte| *byte != 0)).count();
        opening_keys.truncate(used * 128);
        Self { items, checkpoint: text("checkpoint"), key: text("origin.pub"), opening_keys }
    }

    /// Positions of the entries among the items.
    pub(super) fn entry_positions(&self) -> Vec<usize> {
        (0..self.items.len()).filter(|at| matches!(self.items[*at], Item::Entry { .. })).collect()
    }

    pub(super) fn entries(&self) -> Vec<Vec<u8>> {
        let entry = |item: &Item| if let Item::Entry { bytes, .. } = item { Some(bytes.clone()) } else { None };
        self.items.iter().filter_map(entry).collect()
    }

    /// The directory that these parts make, with tiles of its entries for the size that its checkpoint names.
    pub(super) fn files(&self) -> Files {
        let mut files = tiles(&self.entries(), self.signed_size());
        files.extend(self.files_without_tiles());
        files
    }

    pub(super) fn files_without_tiles(&self) -> Files {
        let mut files = Files::new();
        let mut segments = vec![Vec::new()];
        let mut openings = Vec::new();
        for item in &self.items {
            let last = segments.last_mut().expect("one at least");
            match item {
                Item::Entry { index, bytes, openings: beside } => {
                    last.extend(forge(false, *index, bytes));
                    openings.extend(beside.iter().flat_map(|record| forge(false, *index, record)));
                }
                Item::Head { size, note } => last.extend(forge(true, *size, note.as_bytes())),
                Item::Cut => segments.push(Vec::new()),
            }
        }
        for (number, bytes) in segments.into_iter().enumerate() {
            files.insert(segment_name(number), bytes);
        }
        files.insert("openings/00000000.seg".to_owned(), openings);
        files.insert("opening-keys/00000000.seg".to_owned(), self.opening_keys.clone());
        files.insert("checkpoint".to_owned(), self.checkpoint.clone().into_bytes());
        files.insert("origin.pub".to_owned(), self.key.clone().into_bytes());
        files
    }

    /// The size that the checkpoint claims, or the number of entries if it claims none.
    fn signed_size(&self) -> usize {
        let claimed = self.checkpoint.lines().nth(1).and_then(|line| line.parse().ok());
        claimed.unwrap_or_else(|| self.entries().len())
    }
}

pub(super) fn segment_name(number: usize) -> String {
    format!("seg/{number:08}.seg")
}

fn series(directory: &Path, name: &str) -> Vec<Vec<u8>> {
    let listed = fs::read_dir(directory.join(name)).expect("list");
    let mut paths: Vec<_> = listed.map(|file| file.expect("file").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| fs::read(path).expect("read")).collect()
}

/// The C2SP tiles of these entries, under the names that a tree of `size` gives them. With fewer entries than
/// that the last ones are short.
pub(super) fn tiles(entries: &[Vec<u8>], size: usize) -> Files {
    let mut files = Files::new();
    let mut put = |level: &str, width: usize, chunks: Vec<Vec<u8>>| {
        for (number, bytes) in chunks.into_iter().enumerate() {
            let full = (number + 1) * 256 <= width;
            let partial = if full { String::new() } else { format!(".p/{}", width % 256) };
            files.insert(format!("tile/{level}/{number:03}{partial}"), bytes);
        }
    };
    let within = &entries[..entries.len().min(size)];
    let bundle = |entries: &[Vec<u8>]| {
        let length = |entry: &[u8]| u16::try_from(entry.len()).expect("short").to_be_bytes();
        entries.iter().flat_map(|entry| [&length(entry)[..], entry].concat()).collect()
    };
    put("entries", size, within.chunks(256).map(bundle).collect());
    let mut hashes: Vec<Digest> = within.iter().map(|entry| leaf_hash(entry)).collect();
    let mut width = size;
    for level in 0.. {
        if hashes.is_empty() || width == 0 {
            break;
        }
        let tile = |hashes: &[Digest]| hashes.iter().flat_map(|hash| *hash.as_bytes()).collect();
        put(&level.to_string(), width, hashes.chunks(256).map(tile).collect());
        hashes = hashes.chunks_exact(256).map(root_of).collect();
        width /= 256;
    }
    files
}

/// A directory that takes the shape of one log after another; only what differs is written.
pub(super) struct Scratch {
    directory: std::path::PathBuf,
    there: Files,
}

impl Scratch {
    pub(super) const fn new(directory: std::path::PathBuf) -> Self {
        Self { directory, there: Files::new() }
    }

    pub(super) fn put(&mut self, files: &Files) -> &Path {
        for name in self.there.keys().filter(|name| !files.contains_key(*name)) {
            fs::remove_file(self.directory.join(name)).expect("remove");
        }
        for (name, bytes) in files.iter().filter(|(name, bytes)| self.there.get(*name) != Some(*bytes)) {
            let path = self.directory.join(name);
            fs::create_dir_all(path.parent().expect("a parent")).expect("make");
            fs::write(path, bytes).expect("write");
        }
        self.there.clone_from(files);
        &self.directory
    }
}
