//! Tiles: the tree and the entries in the layout of C2SP `tlog-tiles`, for other people's readers.
//!
//! `tile/<L>/<N>` holds 256 hashes of level L, `tile/entries/<N>` the 256 entries under them, each with a
//! 16-bit big-endian length. All of it is derived from the segments and trusted by nobody here: at every
//! start each tile is compared with what it should be and written again if it differs. Full tiles are
//! written as the log grows, partial ones (`.p/<W>`) when it is closed.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sealane_crypto::digest::Digest;
use sealane_crypto::digest::tree::root_of;

use super::cursor::{Care, Cursor, Step};
use super::frame::Record;
use super::segment;
use super::state::LogState;
use crate::entry::leaf;

/// Entries taken at a time, so that closing a log need not wait for all of them.
const AT_ONCE: u64 = 1 << 14;

/// Hashes or entries in a full tile.
pub(crate) const WIDTH: usize = 256;

/// The right edge of the tiles.
pub(super) struct Tiles {
    directory: PathBuf,
    next: u64,
    bundle: Vec<Vec<u8>>,
    /// By level: hashes since the last full tile, and how many full ones there are.
    levels: Vec<(Vec<Digest>, u64)>,
}

impl Tiles {
    pub(super) fn new(directory: PathBuf) -> Self {
        Self { directory, next: 0, bundle: Vec::new(), levels: Vec::new() }
    }

    /// Entries that are in no tile yet.
    pub(super) const fn behind(&self, size: u64) -> u64 {
        size.saturating_sub(self.next)
    }

    /// Takes acknowledged entries that are in no tile yet. Says whether that was all.
    pub(super) fn catch_up(&mut self, state: &LogState) -> io::Result<bool> {
        let size = state.size();
        let until = size.min(self.next.saturating_add(AT_ONCE));
        if self.next >= until {
            return Ok(true);
        }
        let mut cursor = Cursor::new(&state.layout.segments(), state.places_before(self.next).0, Care::Quick);
        while self.next < until {
            match cursor.step()? {
                Step::Record { record: Record::Body { index, bytes }, .. } if index == self.next => self.take(bytes)?,
                Step::Record { .. } => {}
                Step::End | Step::Broken { .. } => {
                    return Err(io::Error::other(format!("entry {} cannot be read back", self.next)));
                }
            }
        }
        Ok(until == size)
    }

    fn take(&mut self, entry: &[u8]) -> io::Result<()> {
        self.bundle.push(entry.to_vec());
        if self.bundle.len() == WIDTH {
            let number = self.next / 256;
            write(&self.directory.join("entries"), number, WIDTH, &bundle(&self.bundle))?;
            self.bundle.clear();
        }
        self.next += 1;
        self.push(leaf(entry))
    }

    /// A full tile's root is a hash of the level above.
    fn push(&mut self, leaf: Digest) -> io::Result<()> {
        let mut carried = Some(leaf);
        let mut level = 0;
        while let Some(hash) = carried.take() {
            if self.levels.len() == level {
                self.levels.push((Vec::with_capacity(WIDTH), 0));
            }
            let Some((hashes, full)) = self.levels.get_mut(level) else { break };
            hashes.push(hash);
            if hashes.len() == WIDTH {
                write(&self.directory.join(level.to_string()), *full, WIDTH, &tile(hashes))?;
                carried = Some(root_of(hashes));
                hashes.clear();
                *full += 1;
            }
            level += 1;
        }
        Ok(())
    }

    /// Writes the partial tiles that the last checkpoint needs; if tiles are behind, the next start does.
    pub(super) fn finish(&self, state: &LogState) -> io::Result<()> {
        if self.behind(state.size()) > 0 {
            return Ok(());
        }
        if !self.bundle.is_empty() {
            write(&self.directory.join("entries"), self.next / 256, self.bundle.len(), &bundle(&self.bundle))?;
        }
        for (level, (hashes, full)) in self.levels.iter().enumerate().filter(|(_, (hashes, _))| !hashes.is_empty()) {
            write(&self.directory.join(level.to_string()), *full, hashes.len(), &tile(hashes))?;
        }
        Ok(())
    }
}

fn tile(hashes: &[Digest]) -> Vec<u8> {
    hashes.iter().flat_map(|hash| *hash.as_bytes()).collect()
}

fn bundle(entries: &[Vec<u8>]) -> Vec<u8> {
    let mut out = Vec::new();
    for entry in entries {
        // INVARIANT: an entry is shorter than 65,535 bytes.
        out.extend_from_slice(&u16::try_from(entry.len()).unwrap_or(u16::MAX).to_be_bytes());
        out.extend_from_slice(entry);
    }
    out
}

/// Writes a tile unless it stands there already, and removes the partial ones that a full one replaces.
fn write(directory: &Path, number: u64, width: usize, bytes: &[u8]) -> io::Result<()> {
    let full = directory.join(name(number));
    let partial = PathBuf::from(format!("{}.p", full.display()));
    let path = if width == WIDTH { full } else { partial.join(width.to_string()) };
    if fs::read(&path).is_ok_and(|there| there == bytes) {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        segment::make_directory(parent)?;
    }
    segment::replace(&path, bytes, false)?;
    if width < WIDTH {
        return Ok(());
    }
    match fs::remove_dir_all(&partial) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Where a full tile of hashes lies.
pub(super) fn path(directory: &Path, level: u32, number: u64) -> PathBuf {
    directory.join(level.to_string()).join(name(number))
}

/// C2SP: three digits a path element, all but the last with an `x` before it.
pub(crate) fn name(number: u64) -> String {
    let mut name = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        name = format!("x{:03}/{name}", rest % 1000);
        rest /= 1000;
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tile_numbers_become_paths_as_in_the_specification() {
        assert_eq!(name(0), "000");
        assert_eq!(name(999), "999");
        assert_eq!(name(1_234_067), "x001/x234/067");
    }
}
