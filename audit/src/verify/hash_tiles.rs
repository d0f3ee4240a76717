//! The tiles of hashes, compared with those that the entries make.
//!
//! Each tile of level L holds 256 hashes, each the root of a full tile of the level below (C2SP
//! `tlog-tiles`). The first that differs and the first that is missing are named; for the lowest level
//! also the entry whose hash differs.

use std::io;
use std::path::PathBuf;

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::root_of;

use super::report::TileVerdicts;
use super::tiles::read_wide;
use super::verdict::Verdict;
use crate::log::tile::{self, WIDTH};

pub(super) struct HashTiles {
    directory: PathBuf,
    size: u64,
    /// By level: hashes since the last full tile, and how many full ones there are.
    levels: Vec<(Vec<Digest>, u64)>,
    /// Leaves taken, and tiles compared.
    taken: u64,
    compared: u64,
    altered: Option<Verdict>,
    missing: Option<Verdict>,
}

impl HashTiles {
    pub(super) fn new(directory: PathBuf, size: u64) -> Self {
        Self { directory, size, levels: Vec::new(), taken: 0, compared: 0, altered: None, missing: None }
    }

    /// Takes the next leaf; compares the tiles that it completes.
    pub(super) fn push(&mut self, leaf: Digest) -> io::Result<()> {
        self.taken += 1;
        let mut carried = Some(leaf);
        let mut level = 0;
        while let Some(hash) = carried.take() {
            if self.levels.len() == level {
                self.levels.push((Vec::with_capacity(WIDTH), 0));
            }
            let Some((hashes, full)) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if hashes.len() == WIDTH {
                let (number, complete) = (*full, std::mem::take(hashes));
                *full += 1;
                carried = Some(root_of(&complete));
                self.compare(level, number, &complete)?;
            }
            level += 1;
        }
        Ok(())
    }

    /// Compares the partial tiles of the last entries, if the entries came as far as that.
    pub(super) fn finish(mut self) -> io::Result<TileVerdicts> {
        if self.taken < self.size {
            self.missing.get_or_insert_with(|| Verdict::Unknown {
                why: format!("the entries to compare tiles with end before {}", self.taken),
            });
            self.levels.clear();
        }
        for (level, (hashes, number)) in std::mem::take(&mut self.levels).into_iter().enumerate() {
            if !hashes.is_empty() {
                self.compare(level, number, &hashes)?;
            }
        }
        let compared = self.compared;
        Ok(TileVerdicts {
            integrity: self
                .altered
                .unwrap_or_else(|| Verdict::ok(format!("{compared} tiles are those of the entries"))),
            completeness: self.missing.unwrap_or_else(|| Verdict::ok(format!("all tiles over {} entries", self.size))),
        })
    }

    fn compare(&mut self, level: usize, number: u64, hashes: &[Digest]) -> io::Result<()> {
        let place = || Some(format!("tile/{level}/{}", tile::name(number)));
        let Some((bytes, wide)) = read_wide(&self.directory.join(level.to_string()), number, hashes.len())? else {
            let why = "this tile is missing".to_owned();
            self.missing.get_or_insert_with(|| Verdict::Bad { entry: None, place: place(), why });
            return Ok(());
        };
        self.compared += 1;
        let there = bytes.as_chunks::<32>().0;
        let differs = hashes.iter().zip(0_u64..).zip(there.iter().map(Some).chain(std::iter::repeat(None)));
        let mut differs = differs.filter(|((hash, _), there)| *there != Some(hash.as_bytes()));
        let (entry, why) = match differs.next() {
            Some(((_, at), _)) => {
                let entry = (level == 0).then(|| number * 256 + at);
                (entry, format!("hash {at} of this tile is not that of the entries"))
            }
            None if bytes.len() != wide * 32 => (None, format!("this tile has {} bytes", bytes.len())),
            None => return Ok(()),
        };
        self.altered.get_or_insert_with(|| Verdict::Bad { entry, place: place(), why });
        Ok(())
    }
}
