//! The openings beside the log, checked as far as that goes without their keys: each record belongs to a
//! commitment of its entry, and each commitment has one.
//!
//! A key that was destroyed must have been ordered destroyed by an entry, and a key that is not there must
//! have been destroyed: values do not vanish unsaid. A copy without key files, such as a backup, is judged
//! without this.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::io;

use sealane_crypto::digest::Digest;
use serde::Deserialize;

use super::verdict::Verdict;
use crate::entry::{Field, Glance};
use crate::event::Assurance;
use crate::log::cursor::Place;
use crate::log::erase::ORDERED_KEYS;
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
    fn fields(self) -> Vec<(Field<'static>, Digest)> {
        let own = |digest: Option<Digest>, name| digest.map(|digest| (Field::Own(name), digest));
        let subject = own(self.actor.subject, "actor.subject");
        let (client, path) = (own(self.client, "client"), own(self.object.path, "object.path"));
        let private = self.private.into_iter().map(|(name, digest)| (Field::Private(Cow::Owned(name)), digest));
        subject.into_iter().chain(client).chain(path).chain(private).collect()
    }
}

/// The commitments of an entry; none if it is not one.
pub(super) fn commitments(entry: &[u8]) -> Vec<(Field<'static>, Digest)> {
    serde_json::from_slice::<Commitments>(entry).unwrap_or_default().fields()
}

/// The kind that an entry names.
#[cfg(test)]
pub(super) fn kind(entry: &[u8]) -> Option<String> {
    serde_json::from_slice::<Commitments>(entry).ok()?.kind
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

/// A record of the openings, where it stands.
pub(super) struct Stored<'a> {
    pub(super) index: u64,
    pub(super) at: Place,
    pub(super) bytes: &'a [u8],
}

/// What looking at some entries and their openings found.
#[derive(Debug, Default)]
pub(super) struct Seen {
    checked: u64,
    sealed: HashMap<KeyId, Sealed>,
    /// Keys that an entry orders to be destroyed.
    ordered: HashSet<KeyId>,
    bad: Option<Verdict>,
}

impl Seen {
    /// Compares an entry's commitments with the openings that stand in its place.
    pub(super) fn entry<'a>(
        &mut self,
        index: u64,
        entry: &[u8],
        glance: Option<Glance<'_>>,
        stored: impl Iterator<Item = Stored<'a>>,
    ) {
        if self.bad.is_some() {
            return;
        }
        let mut wanted = match glance {
            Some(glance) if glance.kind != Assurance::Erase.name().as_bytes() => glance.commitments,
            _ => self.read_in_full(entry),
        };
        for Stored { index: of, at, bytes } in stored {
            let opening = SealedOpening::parse(bytes).filter(|_| of == index);
            let found = opening.and_then(|opening| {
                let fits =
                    |(field, digest): &(Field<'_>, Digest)| *digest == opening.commitment && field.is(opening.field);
                let at = wanted.iter().position(fits)?;
                wanted.swap_remove(at);
                Some(opening.key)
            });
            let Some(key) = found else {
                return self.fail(index, at, "an opening belongs to no commitment of the entry");
            };
            self.sealed.entry(key).or_insert(Sealed { first: index, count: 0 }).count += 1;
            self.checked += 1;
        }
        if let Some((field, _)) = wanted.first() {
            self.bad = Some(Verdict::bad(index, format!("the opening of `{field}` is missing")));
        }
    }

    fn read_in_full(&mut self, entry: &[u8]) -> Vec<(Field<'static>, Digest)> {
        let read = serde_json::from_slice::<Commitments>(entry).unwrap_or_default();
        if read.kind.as_deref() == Some(Assurance::Erase.name()) {
            let ids = read.detail.get(ORDERED_KEYS).and_then(serde_json::Value::as_array);
            self.ordered.extend(ids.into_iter().flatten().filter_map(|id| id.as_str()?.parse::<KeyId>().ok()));
        }
        read.fields()
    }

    /// What cannot be read outweighs what is missing for that reason.
    pub(super) fn fail(&mut self, index: u64, at: Place, why: &str) {
        let place = Some(format!("openings, {at}"));
        self.bad = Some(Verdict::Bad { entry: Some(index), place, why: why.to_owned() });
    }

    pub(super) const fn is_bad(&self) -> bool {
        self.bad.is_some()
    }

    fn add(&mut self, later: Self) {
        self.checked += later.checked;
        self.ordered.extend(later.ordered);
        for (key, more) in later.sealed {
            self.sealed.entry(key).or_insert(Sealed { first: more.first, count: 0 }).count += more.count;
        }
        self.bad = later.bad;
    }
}

/// The openings of the whole log, taken in the order of the entries.
pub(super) struct Openings {
    keys: Keys,
    seen: Seen,
}

impl Openings {
    pub(super) fn new(layout: &Layout) -> io::Result<Self> {
        Ok(Self { keys: Keys::read(layout)?, seen: Seen::default() })
    }

    /// Takes what was seen of the next entries.
    pub(super) fn take(&mut self, seen: Seen) {
        if !self.seen.is_bad() {
            self.seen.add(seen);
        }
    }

    /// After the last entry, if all are sound: an opening that stands behind those of the last one.
    pub(super) fn left_over(&mut self, index: u64, at: Place, why: &str) {
        if !self.seen.is_bad() {
            self.seen.fail(index, at, why);
        }
    }

    pub(super) fn verdict(self) -> Verdict {
        let keys = self.judge_keys();
        self.seen.bad.unwrap_or(keys)
    }

    fn judge_keys(&self) -> Verdict {
        let belong = format!("{} sealed values belong to the entries", self.seen.checked);
        if !self.keys.here {
            return Verdict::ok(format!("{belong}; the keys of the values are not here"));
        }
        let mut erased = 0;
        let mut unsaid: Option<(u64, &str)> = None;
        for (id, sealed) in
            self.seen.sealed.iter().filter(|(id, _)| **id != KeyId::SITE && !self.keys.live.contains(id))
        {
            let why = match (self.keys.erased.contains(id), self.seen.ordered.contains(id)) {
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
