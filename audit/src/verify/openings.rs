//! The openings beside the log, checked as far as that goes without their keys: each record belongs to a
//! commitment of its entry, and each commitment has one.
//!
//! A key that was destroyed must have been ordered destroyed by an entry, and a key that is not there must
//! have been destroyed: values do not vanish unsaid. A copy without key files, such as a backup, is judged
//! without this.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use sealane_crypto::digest::Digest;
use serde::Deserialize;

use super::verdict::Verdict;
use crate::event::Assurance;
use crate::log::cursor::{Care, Cursor, Place, Step};
use crate::log::erase::ORDERED_KEYS;
use crate::log::frame::Record;
use crate::log::layout::Layout;
use crate::opening::SealedOpening;
use crate::opening::sheet;
use crate::opening::slot::{KeyId, Slot};

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
    kind: Option<String>,
    #[serde(default)]
    detail: BTreeMap<String, serde_json::Value>,
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
    opening: Option<(Digest, String, KeyId)>,
    at: Place,
}

/// What the sheets of keys beside the log say; nothing, where there are none.
#[derive(Debug, Default)]
struct Keys {
    here: bool,
    live: HashSet<KeyId>,
    erased: HashSet<KeyId>,
}

impl Keys {
    fn read(layout: &Layout) -> io::Result<Self> {
        let mut keys = Self { here: layout.opening_keys().is_dir(), ..Self::default() };
        for (_, slot) in sheet::read(&layout.opening_keys())? {
            match slot {
                Slot::Live { id, .. } => keys.live.insert(id),
                Slot::Erased { id, .. } => keys.erased.insert(id),
                Slot::Blank | Slot::Broken { .. } => false,
            };
        }
        Ok(keys)
    }
}

/// Values under one key.
#[derive(Debug)]
struct Sealed {
    first: u64,
    count: u64,
}

/// Walks the openings in step with the entries.
pub(super) struct Openings {
    cursor: Cursor,
    waiting: Option<Waiting>,
    ended: bool,
    checked: u64,
    keys: Keys,
    sealed: HashMap<KeyId, Sealed>,
    /// Keys that an entry orders to be destroyed.
    ordered: HashSet<KeyId>,
    bad: Option<Verdict>,
}

impl Openings {
    pub(super) fn new(layout: &Layout) -> io::Result<Self> {
        let cursor = Cursor::new(&layout.openings(), Place::default(), Care::Strict);
        let keys = Keys::read(layout)?;
        let (sealed, ordered) = (HashMap::new(), HashSet::new());
        Ok(Self { cursor, waiting: None, ended: false, checked: 0, keys, sealed, ordered, bad: None })
    }

    /// Takes the openings of one sound entry.
    pub(super) fn entry(&mut self, index: u64, bytes: &[u8]) -> io::Result<()> {
        if self.bad.is_some() {
            return Ok(());
        }
        let Ok(commitments) = serde_json::from_slice::<Commitments>(bytes) else { return Ok(()) };
        self.note_order(&commitments);
        let mut wanted = commitments.by_digest();
        while let Some(next) = self.peek(index)? {
            if next.index != index {
                break;
            }
            let found = next.opening.as_ref().and_then(|(digest, field, key)| {
                let wanted = wanted.remove(digest)?;
                (wanted == *field).then_some(*key)
            });
            let Some(key) = found else {
                let at = next.at;
                self.fail(index, at, "an opening belongs to no commitment of the entry");
                return Ok(());
            };
            self.sealed.entry(key).or_insert(Sealed { first: index, count: 0 }).count += 1;
            self.checked += 1;
            self.waiting = None;
        }
        if let (Some(field), None) = (wanted.values().next(), &self.bad) {
            self.bad = Some(Verdict::bad(index, format!("the opening of `{field}` is missing")));
        }
        Ok(())
    }

    fn note_order(&mut self, entry: &Commitments) {
        if entry.kind.as_deref() == Some(Assurance::Erase.name()) {
            let ids = entry.detail.get(ORDERED_KEYS).and_then(serde_json::Value::as_array);
            self.ordered.extend(ids.into_iter().flatten().filter_map(|id| id.as_str()?.parse::<KeyId>().ok()));
        }
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
                    let opening = opening.map(|read| (read.commitment, read.field.to_owned(), read.key));
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
        if let Some(bad) = self.bad.take() {
            return Ok(bad);
        }
        Ok(self.judge_keys())
    }

    fn judge_keys(&self) -> Verdict {
        let belong = format!("{} sealed values belong to the entries", self.checked);
        if !self.keys.here {
            return Verdict::ok(format!("{belong}; the keys of the values are not here"));
        }
        let mut erased = 0;
        let mut unsaid: Option<(u64, &str)> = None;
        for (id, sealed) in self.sealed.iter().filter(|(id, _)| **id != KeyId::SITE && !self.keys.live.contains(id)) {
            let why = match (self.keys.erased.contains(id), self.ordered.contains(id)) {
                (true, true) => {
                    erased += sealed.count;
                    continue;
                }
                (true, false) => "the key of a value was destroyed and no entry says so",
                (false, _) => "the key of a value is missing and was not destroyed by an erasure",
            };
            if unsaid.is_none_or(|(first, _)| sealed.first < first) {
                unsaid = Some((sealed.first, why));
            }
        }
        match unsaid {
            Some((entry, why)) => Verdict::bad(entry, why),
            None if erased > 0 => Verdict::ok(format!("{belong}, {erased} of them erased as entries say")),
            None => Verdict::ok(belong),
        }
    }
}
