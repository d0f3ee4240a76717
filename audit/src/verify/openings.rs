//! The openings beside the log, checked as far as that goes without their key: each record belongs to a
//! commitment of its entry, and each commitment has one.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use sealane_crypto::digest::Digest;
use serde::Deserialize;

use super::verdict::Verdict;
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::frame::Record;
use crate::opening::SealedOpening;

/// The commitments of an entry, read without caring what else it says.
#[derive(Debug, Default, Deserialize)]
struct Commitments {
    #[serde(default)]
    actor: Subject,
    client: Option<Digest>,
    #[serde(default)]
    object: Object,
    #[serde(default)]
    private: BTreeMap<String, Digest>,
}

#[derive(Debug, Default, Deserialize)]
struct Subject {
    subject: Option<Digest>,
}

#[derive(Debug, Default, Deserialize)]
struct Object {
    path: Option<Digest>,
}

impl Commitments {
    fn by_digest(self) -> BTreeMap<Digest, String> {
        let subject = self.actor.subject.map(|digest| (digest, "actor.subject".to_owned()));
        let client = self.client.map(|digest| (digest, "client".to_owned()));
        let path = self.object.path.map(|digest| (digest, "object.path".to_owned()));
        let private = self.private.into_iter().map(|(name, digest)| (digest, format!("private.{name}")));
        subject.into_iter().chain(client).chain(path).chain(private).collect()
    }
}

/// The commitments of an entry, by field; none if it is not one.
pub(super) fn commitments(entry: &[u8]) -> Vec<(String, Digest)> {
    let commitments = serde_json::from_slice::<Commitments>(entry).unwrap_or_default();
    commitments.by_digest().into_iter().map(|(digest, field)| (field, digest)).collect()
}

/// A record waiting for its entry.
struct Waiting {
    index: u64,
    opening: Option<(Digest, String)>,
    at: Place,
}

/// Walks the openings in step with the entries.
pub(super) struct Openings {
    cursor: Cursor,
    waiting: Option<Waiting>,
    ended: bool,
    checked: u64,
    bad: Option<Verdict>,
}

impl Openings {
    pub(super) fn new(directory: &Path) -> Self {
        let cursor = Cursor::new(directory, Place::default(), Care::Strict);
        Self { cursor, waiting: None, ended: false, checked: 0, bad: None }
    }

    /// Takes the openings of one sound entry.
    pub(super) fn entry(&mut self, index: u64, bytes: &[u8]) -> io::Result<()> {
        if self.bad.is_some() {
            return Ok(());
        }
        let Ok(commitments) = serde_json::from_slice::<Commitments>(bytes) else { return Ok(()) };
        let mut wanted = commitments.by_digest();
        while let Some(next) = self.peek(index)? {
            if next.index != index {
                break;
            }
            let found = next.opening.as_ref().and_then(|(digest, field)| Some((wanted.remove(digest)?, field)));
            if found.is_none_or(|(wanted, field)| wanted != *field) {
                let at = next.at;
                self.fail(index, at, "an opening belongs to no commitment of the entry");
                return Ok(());
            }
            self.checked += 1;
            self.waiting = None;
        }
        if let (Some(field), None) = (wanted.values().next(), &self.bad) {
            self.bad = Some(Verdict::bad(index, format!("the opening of `{field}` is missing")));
        }
        Ok(())
    }

    fn fail(&mut self, index: u64, at: Place, why: &str) {
        let place = Some(format!("openings, {at}"));
        self.bad = Some(Verdict::Bad { entry: Some(index), place, why: why.to_owned() });
    }

    fn peek(&mut self, index: u64) -> io::Result<Option<&Waiting>> {
        if self.waiting.is_none() && !self.ended {
            match self.cursor.step()? {
                Step::Record { at, record: Record::Body { index, bytes }, .. } => {
                    let opening = SealedOpening::parse(bytes);
                    let opening = opening.map(|opening| (opening.commitment, opening.field.to_owned()));
                    self.waiting = Some(Waiting { index, opening, at });
                }
                Step::End => self.ended = true,
                Step::Record { at, .. } => self.stop(index, at, "a batch trailer among the openings"),
                Step::Broken { at, why } => self.stop(index, at, why),
            }
        }
        Ok(self.waiting.as_ref())
    }

    fn stop(&mut self, index: u64, at: Place, why: &str) {
        self.ended = true;
        self.fail(index, at, why);
    }

    /// After the last sound entry: openings of entries that are not sound are none of ours, unless all are.
    pub(super) fn finish(mut self, size: u64, all_sound: bool) -> io::Result<Verdict> {
        if self.bad.is_none() && all_sound {
            let left = self.peek(size)?.map(|waiting| (waiting.index, waiting.at));
            if let Some((index, at)) = left {
                self.fail(index, at, "an opening is left over for an entry that does not stand there");
            }
        }
        let checked = self.checked;
        Ok(self.bad.unwrap_or_else(|| Verdict::ok(format!("{checked} sealed values belong to the entries"))))
    }
}
