//! Makes packs from an open log: reads the entries, proves them, opens what may be shown.

use std::collections::BTreeMap;
use std::io::Write;
use std::ops::Range;

use super::{Header, Opening, PackError, RangeProof, Writer};
use crate::log::{Log, ReadError};
use crate::note::Checkpoint;
use crate::query::{EntryView, Filter};

/// Entries read at a time.
const AT_ONCE: usize = 256;

/// What a pack is to say of itself.
#[derive(Debug, Clone)]
pub struct PackRequest {
    /// What was asked for, in words free of personal data.
    pub asked: String,
    /// When the pack is made: nanoseconds since 1970 UTC, from the caller's clock.
    pub made_at_ns: i64,
    /// The head to prove under, such as a cosigned one; the newest if none is given.
    pub checkpoint: Option<Checkpoint>,
    /// Whether to open the commitments, where they can be: the pack then holds personal data.
    pub openings: bool,
}

/// A filtered pack in the making: entries are added by their index, in the order of the log.
#[derive(Debug)]
pub struct Packer<'a, W> {
    log: &'a Log,
    writer: Writer<W>,
    size: u64,
    openings: bool,
}

impl Log {
    /// Begins a pack of single entries. Reads files: call it where blocking is allowed.
    ///
    /// # Errors
    /// [`PackError`] when the target refuses.
    pub fn pack<W: Write>(&self, out: W, request: PackRequest) -> Result<Packer<'_, W>, PackError> {
        let openings = request.openings;
        let header = self.pack_header(request)?;
        let size = header.checkpoint.size();
        Ok(Packer { log: self, writer: Writer::begin(out, header)?, size, openings })
    }

    /// Packs every entry of a range, which the pack proves to be all. Says how many there were.
    ///
    /// # Errors
    /// [`PackError`]; also when the range reaches beyond the checkpoint.
    pub fn pack_range<W: Write>(&self, out: W, request: PackRequest, range: Range<u64>) -> Result<(W, u64), PackError> {
        let openings = request.openings;
        let mut header = self.pack_header(request)?;
        let size = header.checkpoint.size();
        header.range = Some(RangeProof {
            from: range.start,
            to: range.end,
            before: self.subtrees(range.start)?,
            after: self.consistency(range.end, size)?,
        });
        let mut writer = Writer::begin(out, header)?;
        let mut next = range.start;
        while next < range.end {
            let left = usize::try_from(range.end - next).unwrap_or(AT_ONCE);
            let views = self.entries(next, left.min(AT_ONCE), &Filter::all())?;
            let to = views.last().map_or(range.end, |view| view.entry.index + 1);
            let mut opened = self.opened(openings, next..to)?;
            for view in views {
                let index = view.entry.index;
                writer.entry(index, &view.json, None, opened.remove(&index).unwrap_or_default())?;
            }
            next = to;
        }
        writer.finish()
    }

    /// Openings by entry; none if they are not wanted.
    fn opened(&self, wanted: bool, range: Range<u64>) -> Result<BTreeMap<u64, Vec<Opening>>, ReadError> {
        let mut by_entry: BTreeMap<u64, Vec<Opening>> = BTreeMap::new();
        if wanted {
            for (index, opening) in self.openings(range.start, range.end)? {
                by_entry.entry(index).or_default().push(opening);
            }
        }
        Ok(by_entry)
    }

    fn pack_header(&self, request: PackRequest) -> Result<Header, PackError> {
        let made_at = jiff::Timestamp::from_nanosecond(i128::from(request.made_at_ns));
        let made_at = made_at.map_err(std::io::Error::other)?;
        let checkpoint = request.checkpoint.unwrap_or_else(|| self.checkpoint());
        Ok(Header::new(self.key_at(checkpoint.size()), checkpoint, request.asked, format!("{made_at:.0}")))
    }
}

impl<W: Write> Packer<'_, W> {
    /// Adds an entry.
    ///
    /// # Errors
    /// [`PackError`] when it is out of order, beyond the checkpoint, or cannot be read.
    pub fn add(&mut self, index: u64) -> Result<(), PackError> {
        let proof = self.log.prove(index, self.size)?;
        let view = self.view(index)?;
        let mut opened = self.log.opened(self.openings, index..index.saturating_add(1))?;
        self.writer.entry(index, &view.json, Some(proof), opened.remove(&index).unwrap_or_default())
    }

    /// Writes the last line, and says how many entries the pack holds.
    ///
    /// # Errors
    /// [`PackError`] when the target refuses.
    pub fn finish(self) -> Result<(W, u64), PackError> {
        self.writer.finish()
    }

    fn view(&self, index: u64) -> Result<EntryView, PackError> {
        let view = self.log.entries(index, 1, &Filter::all())?.into_iter().next();
        let gone = || ReadError::Damaged { index, why: "the log ends before it".to_owned() };
        Ok(view.filter(|view| view.entry.index == index).ok_or_else(gone)?)
    }
}
