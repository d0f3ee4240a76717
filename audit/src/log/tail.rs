//! What stands after the last sound batch: nothing, a write that a crash cut off, or damage.
//!
//! One batch at a time is under way and lies in one segment. So unread bytes in more than one segment,
//! or more than one later batch that this log signed, were once acknowledged: no crash explains them.

use std::io;

use super::cursor::Place;
use super::frame::{self, HEADER, Record};
use super::layout::Layout;
use super::segment;
use crate::note::Checkpoint;
use crate::rotation::Keys;

#[derive(Debug)]
pub(crate) enum Tail {
    Clean,
    /// Never acknowledged; the bytes, by where they begin.
    Torn(Vec<(Place, Vec<u8>)>),
    Damaged,
}

/// The end of what is sound.
pub(crate) struct SoundEnd<'a> {
    pub(crate) layout: &'a Layout,
    pub(crate) origin: &'a str,
    /// Signatures count only if the keys are known.
    pub(crate) keys: Option<&'a Keys>,
    pub(crate) end: Place,
    pub(crate) size: u64,
}

impl SoundEnd<'_> {
    /// Judges what follows, given the first place that could not be taken, if there was one.
    pub(crate) fn judge(&self, fault: Option<Place>) -> io::Result<Tail> {
        let tails = segment::written_after(&self.layout.segments(), self.end)?;
        let Some((place, bytes)) = tails.first() else {
            // A fault without bytes: a segment is missing.
            return Ok(if fault.is_some() { Tail::Damaged } else { Tail::Clean });
        };
        let elsewhere = fault.is_some_and(|fault| fault.segment > place.segment);
        if tails.len() > 1 || elsewhere || self.later_batches(bytes) > 1 {
            return Ok(Tail::Damaged);
        }
        Ok(Tail::Torn(tails))
    }

    /// Trailers of this log for more entries than are sound, anywhere in the bytes.
    fn later_batches(&self, bytes: &[u8]) -> usize {
        let opening = format!("{}\n", self.origin).into_bytes();
        let starts = bytes.windows(opening.len()).enumerate().filter(|(_, window)| *window == opening);
        starts
            .filter_map(|(at, _)| frame::first(bytes.get(at.checked_sub(HEADER)?..)?))
            .filter_map(|record| match record {
                Record::Trailer { note, .. } => Checkpoint::parse(std::str::from_utf8(note).ok()?).ok(),
                Record::Body { .. } => None,
            })
            .filter(|head| head.size() > self.size)
            .filter(|head| self.keys.is_none_or(|keys| head.verify(&keys.at(head.size())).is_ok()))
            .count()
    }
}
