//! Reads acknowledged entries and their openings beside the running sequencer.

use std::collections::{BTreeMap, HashMap};

use sealane_crypto::digest::Digest;

use super::cursor::{Care, Cursor, Step};
use super::error::ReadError;
use super::frame::Record;
use super::state::LogState;
use crate::entry::{Entry, leaf};
use crate::opening::SealedOpening;
use crate::opening::ring::{KeyRing, Lookup};
use crate::pack::Opening;
use crate::query::{Absence, EntryView, Filter};
use crate::redact::Private;

pub(super) struct Reader<'a> {
    pub(super) state: &'a LogState,
    pub(super) ring: &'a KeyRing,
}

impl Reader<'_> {
    pub(super) fn entries(&self, from: u64, limit: usize, filter: &Filter) -> Result<Vec<EntryView>, ReadError> {
        let mut views = self.matching(from, limit, filter)?;
        self.reveal(&mut views)?;
        Ok(views)
    }

    fn matching(&self, from: u64, limit: usize, filter: &Filter) -> Result<Vec<EntryView>, ReadError> {
        let size = self.state.size();
        let mut views = Vec::new();
        let mut next = from;
        let mut cursor = Cursor::new(&self.state.layout.segments(), self.state.places_before(from).0, Care::Quick);
        while next < size && views.len() < limit {
            match cursor.step()? {
                Step::Record { record: Record::Body { index, bytes }, .. } if index >= from => {
                    let entry =
                        Entry::parse(bytes).map_err(|error| ReadError::Damaged { index, why: error.to_string() })?;
                    if filter.accepts(&entry) {
                        let json = String::from_utf8_lossy(bytes).into_owned();
                        // Until its opening is found, a value is taken for lost.
                        let absent = entry.commitments().map(|(field, _)| (field, Absence::Damaged)).collect();
                        views.push(EntryView { entry, leaf: leaf(bytes), json, revealed: BTreeMap::new(), absent });
                    }
                    next = index + 1;
                }
                Step::Record { .. } => {}
                Step::End => return Err(ReadError::Damaged { index: next, why: "the log ends before it".to_owned() }),
                Step::Broken { why, .. } => return Err(ReadError::Damaged { index: next, why: why.to_owned() }),
            }
        }
        Ok(views)
    }

    /// One pass over the openings between the first and the last entry.
    fn reveal(&self, views: &mut [EntryView]) -> Result<(), ReadError> {
        let (Some(first), Some(last)) = (views.first(), views.last()) else { return Ok(()) };
        let last = last.entry.index;
        let place = self.state.places_before(first.entry.index).1;
        // Entries that were recorded together share commitments, so the entry's index is part of the key.
        let mut wanted: HashMap<(u64, Digest), (usize, String)> = HashMap::new();
        for (at, view) in views.iter().enumerate() {
            let index = view.entry.index;
            wanted.extend(view.entry.commitments().map(|(field, digest)| ((index, digest), (at, field))));
        }
        let mut cursor = Cursor::new(&self.state.layout.openings(), place, Care::Quick);
        // Stops at the first place that cannot be read: what lies behind it is lost.
        while let Step::Record { record: Record::Body { index, bytes }, .. } = cursor.step()? {
            if index > last || wanted.is_empty() {
                break;
            }
            let Some(opening) = SealedOpening::parse(bytes) else { continue };
            let Some((at, field)) = wanted.remove(&(index, opening.commitment)) else { continue };
            let Some(view) = views.get_mut(at).filter(|_| opening.field == field) else { continue };
            match self.open(&opening) {
                Ok(value) => {
                    view.absent.remove(&field);
                    view.revealed.insert(field, value);
                }
                Err(absence) => {
                    view.absent.insert(field, absence);
                }
            }
        }
        Ok(())
    }

    /// Salts and values behind the commitments of the entries `from..to`, where they are neither erased nor damaged.
    pub(super) fn openings(&self, from: u64, to: u64) -> Result<Vec<(u64, Opening)>, ReadError> {
        let place = self.state.places_before(from).1;
        let mut cursor = Cursor::new(&self.state.layout.openings(), place, Care::Quick);
        let mut opened = Vec::new();
        while let Step::Record { record: Record::Body { index, bytes }, .. } = cursor.step()? {
            if index >= to {
                break;
            }
            let Some(sealed) = SealedOpening::parse(bytes).filter(|_| index >= from) else { continue };
            let Lookup::Key(key) = self.ring.opening(sealed.key) else { continue };
            if let Some((salt, value)) = sealed.open_salted(&self.state.origin, &key) {
                opened.push((index, Opening::new(sealed.field, salt, &value)));
            }
        }
        Ok(opened)
    }

    fn open(&self, opening: &SealedOpening<'_>) -> Result<Private, Absence> {
        match self.ring.opening(opening.key) {
            Lookup::Key(key) => opening.open(&self.state.origin, &key).ok_or(Absence::Damaged),
            Lookup::Erased => Err(Absence::Erased),
            Lookup::Missing => Err(Absence::Damaged),
        }
    }
}
