//! One entry of a log directory, found and proven from a few small files.
//!
//! The segments give the bytes (in a copy without them, a bundle does), tiles give the hashes beside the
//! path. Nothing of that needs to be believed: the root that they lead to is the one that was signed, or they
//! are wrong. Where tiles are missing or do not lead there, the whole log is verified instead, which is
//! slower and names the fault.

use std::io;
use std::path::{Path, PathBuf};

use sealane_crypto::digest::{Digest, leaf_hash, root_of};

use super::report::{Report, Subject};
use super::tiles::{Bundles, read_wide, width_at};
use super::trust::{Key, Options};
use super::verdict::Verdict;
use super::{evidence, verify_dir};
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::frame::Record;
use crate::log::layout::Layout;
use crate::log::segment;
use crate::note::Checkpoint;
use crate::proof::LogProof;
use crate::proof::path::{self, Subtrees};

/// Verifies one entry of the log in `dir`, or of a copy of one. Changes nothing.
#[must_use]
pub fn verify_entry(dir: &Path, index: u64, options: &Options) -> Report {
    let layout = Layout::new(dir);
    if let Ok(Some((proof, entry))) = prove(&layout, index) {
        let key = Key::find(&layout, options);
        let report = evidence::judge(&proof, Some(&entry), &key, options);
        // Anchors and witnesses' heads over another number of entries need all of them to be compared with.
        if report.integrity.is_ok()
            && !report.time.is_bad()
            && options.anchors.iter().all(|anchor| anchor.size() == report.entries)
        {
            return Report { subject: subject(index, Some(&entry)), ..report };
        }
    }
    let report = verify_dir(dir, options);
    let entry = entry_at(&layout, index).ok().flatten().filter(|_| index < report.entries);
    let report = Report { subject: subject(index, entry.as_deref()), ..report };
    if index < report.entries || !report.completeness.is_ok() {
        return report;
    }
    let why = format!("the log ends after {} entries", report.entries);
    Report { completeness: Verdict::bad(index, why), ..report }
}

fn subject(index: u64, entry: Option<&[u8]>) -> Subject {
    let json = entry.map(|entry| String::from_utf8_lossy(entry).into_owned());
    Subject::Entry { index, leaf: entry.map(leaf_hash), json }
}

/// The proof from tiles, under the checkpoint beside them, and the entry; `None` where something is missing.
fn prove(layout: &Layout, index: u64) -> io::Result<Option<(LogProof, Vec<u8>)>> {
    let head = layout.read_checkpoint()?.and_then(|text| Checkpoint::parse(&text).ok());
    let Some(checkpoint) = head.filter(|head| index < head.size()) else { return Ok(None) };
    let Some(entry) = entry_at(layout, index)? else { return Ok(None) };
    let mut tiles = TileHashes { directory: layout.tiles(), size: checkpoint.size() };
    let hashes = path::inclusion(&mut tiles, index, checkpoint.size())?;
    Ok(Some((LogProof { index, hashes, checkpoint, extra: None }, entry)))
}

/// The tiles of hashes under a head of that size.
struct TileHashes {
    directory: PathBuf,
    size: u64,
}

impl Subtrees for TileHashes {
    type Error = io::Error;

    /// A tile's level is eight of the tree's: the hash is in a tile, or folded from a stretch of one.
    fn subtree(&mut self, level: u32, index: u64) -> io::Result<Digest> {
        let missing = || io::Error::other("a tile is missing or cut short");
        let first = index << (level % 8);
        let width = width_at(self.size >> (level - level % 8), first / 256);
        let directory = self.directory.join((level / 8).to_string());
        let (bytes, _) = read_wide(&directory, first / 256, width)?.ok_or_else(missing)?;
        let at = usize::try_from(first % 256).map_err(io::Error::other)?;
        let hashes = bytes.as_chunks::<32>().0.get(at..at + (1 << (level % 8))).ok_or_else(missing)?;
        let hashes: Vec<Digest> = hashes.iter().map(|hash| Digest::from_bytes(*hash)).collect();
        Ok(root_of(&hashes))
    }
}

/// The bytes of an entry, wherever they are.
fn entry_at(layout: &Layout, index: u64) -> io::Result<Option<Vec<u8>>> {
    if !layout.segments().is_dir() {
        let head = layout.read_checkpoint()?.and_then(|text| Checkpoint::parse(&text).ok());
        return head.map_or(Ok(None), |head| Bundles::new(layout, head.size()).entry(index));
    }
    let segment = segment_of(&layout.segments(), index)?;
    let mut cursor = Cursor::new(&layout.segments(), Place { segment, offset: 0 }, Care::Quick);
    loop {
        match cursor.step()? {
            Step::Record { record: Record::Body { index: at, bytes }, .. } if at == index => {
                return Ok(Some(bytes.to_vec()));
            }
            Step::Record { record: Record::Body { index: at, .. }, .. } if at > index => return Ok(None),
            Step::Record { .. } => {}
            Step::End | Step::Broken { .. } => return Ok(None),
        }
    }
}

/// The last segment that begins at or before an entry, by what its first frame says.
fn segment_of(segments: &Path, index: u64) -> io::Result<u32> {
    for number in segment::numbers(segments)?.into_iter().rev() {
        let mut cursor = Cursor::new(segments, Place { segment: number, offset: 0 }, Care::Quick);
        if let Step::Record { at, record: Record::Body { index: first, .. }, .. } = cursor.step()?
            && at.segment == number
            && first <= index
        {
            return Ok(number);
        }
    }
    Ok(0)
}
