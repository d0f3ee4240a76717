//! Opening: find the last acknowledged entry, cut what a crash left behind it, refuse anything else.
//!
//! A batch counts when its trailer's checkpoint verifies; it was synced before it was acknowledged. What
//! follows the last such trailer was never acknowledged and is cut, kept in `cut/`, and said in an entry.
//! Damage before it, a segment that is missing, more than one later batch, or fewer entries than a
//! checkpoint beside the log covers, is no crash: [`OpenError::Damaged`] or [`OpenError::Shorter`].

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use sealane_crypto::digest::{Digest, sha256};

use super::chain::{Chain, Fault};
use super::cosigned;
use super::cursor::{Care, Cursor, Place, Step};
use super::erase::ORDERED_KEYS;
use super::error::OpenError;
use super::frame::{self, Record};
use super::hashes::Hashes;
use super::layout::Layout;
use super::marks::Marks;
use super::segment;
use super::tail::{SoundEnd, Tail};
use crate::entry::Entry;
use crate::event::{Assurance, Kind, Outcome, Phase};
use crate::id::OpId;
use crate::note::Checkpoint;
use crate::opening::SealedOpening;
use crate::opening::slot::KeyId;
use crate::rotation::{self, Keys};

/// What opening found, for the caller to act upon.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Recovery {
    /// Bytes after the last acknowledged entry that were cut off; an entry says so.
    pub cut_bytes: u64,
    /// Intents without an outcome: ask the truth, then close each with an outcome entry.
    pub open_intents: Vec<OpenIntent>,
}

/// An act that was begun and whose end is not in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenIntent {
    /// Its operation; the outcome entry carries the same.
    pub op: OpId,
    /// What was to be done; the outcome entry carries the same.
    pub kind: Kind,
    /// The intent's place in the log.
    pub index: u64,
    /// The task concerned.
    pub task: Option<String>,
}

/// The state that the acknowledged entries add up to.
pub(super) struct Found {
    pub(super) chain: Chain,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) end: Place,
    pub(super) marks: Marks,
    pub(super) hashes: Hashes,
    pub(super) last_at_ns: i64,
    pub(super) commitments: u64,
    /// What the entries say of new keys, with the size from which on they sign.
    pub(super) rotated: Vec<(u64, String)>,
    intents: HashMap<(OpId, Kind), OpenIntent>,
    /// Keys whose destruction was ordered and not given up.
    erasures: HashMap<OpId, Vec<KeyId>>,
    fault: Option<(Place, Fault)>,
}

impl Found {
    pub(super) fn open_intents(&self) -> Vec<OpenIntent> {
        let mut open: Vec<_> = self.intents.values().cloned().collect();
        open.sort_by_key(|intent| intent.index);
        open
    }

    /// Every key that the log says is destroyed, or is to be.
    pub(super) fn ordered_erasures(&self) -> HashSet<KeyId> {
        self.erasures.values().flatten().copied().collect()
    }

    fn note_erasure(&mut self, entry: &Entry) {
        let given_up = |outcome| matches!(outcome, Outcome::Denied | Outcome::StepUp | Outcome::Failed);
        match entry.phase {
            Phase::Intent => {
                self.erasures.insert(entry.op, ordered_keys(entry.detail.get(ORDERED_KEYS)));
            }
            Phase::Outcome if entry.outcome.as_ref().is_some_and(|record| given_up(record.outcome)) => {
                self.erasures.remove(&entry.op);
            }
            Phase::Outcome | Phase::Info => {}
        }
    }

    /// Takes a batch that its trailer has confirmed.
    fn acknowledge(&mut self, batch: &mut Vec<(Place, Entry, Digest)>) {
        for (at, entry, leaf) in batch.drain(..) {
            self.marks.note(entry.index, at);
            self.hashes.push(leaf);
            self.last_at_ns = entry.at_ns;
            self.commitments += u64::try_from(entry.commitments().count()).unwrap_or(0);
            if entry.kind == Assurance::Erase.into() {
                self.note_erasure(&entry);
            }
            if let Some(said) = rotation::Said::of(&entry) {
                self.rotated.push((entry.index + 1, said.to));
            }
            let key = (entry.op, entry.kind);
            match entry.phase {
                Phase::Intent => {
                    let task = entry.object.task;
                    let intent = OpenIntent { op: entry.op, kind: entry.kind, index: entry.index, task };
                    self.intents.insert(key, intent);
                }
                Phase::Outcome => {
                    self.intents.remove(&key);
                }
                Phase::Info => {}
            }
        }
        self.hashes.settle();
    }
}

fn ordered_keys(listed: Option<&serde_json::Value>) -> Vec<KeyId> {
    let ids = listed.and_then(serde_json::Value::as_array).into_iter().flatten();
    ids.filter_map(|id| id.as_str()?.parse().ok()).collect()
}

pub(super) struct Recoverer<'a> {
    pub(super) layout: &'a Layout,
    pub(super) origin: &'a str,
    pub(super) keys: &'a Keys,
}

impl Recoverer<'_> {
    /// Reads the whole log and cuts its torn tail, if it has one. Gives the bytes cut.
    pub(super) fn entries(&self) -> Result<(Found, u64), OpenError> {
        let found = self.walk().map_err(|source| self.io("reading the entries", source))?;
        self.not_shorter_than_published(&found)?;
        let cut = self.judge_tail(&found)?;
        Ok((found, cut))
    }

    fn walk(&self) -> io::Result<Found> {
        let mut found = Found {
            chain: Chain::new(),
            checkpoint: None,
            end: Place::default(),
            marks: Marks::default(),
            hashes: Hashes::default(),
            last_at_ns: 0,
            commitments: 0,
            rotated: Vec::new(),
            intents: HashMap::new(),
            erasures: HashMap::new(),
            fault: None,
        };
        let checked_from = self.last_used_segment()?;
        let mut chain = Chain::new();
        let mut batch = Vec::new();
        let mut cursor = Cursor::new(&self.layout.segments(), Place::default(), Care::Strict);
        loop {
            let (at, fault) = match cursor.step()? {
                Step::End => return Ok(found),
                Step::Broken { at, why } => (at, Fault(why.to_owned())),
                Step::Record { at, record: Record::Body { index, bytes }, .. } => {
                    match take(&mut chain, index, bytes) {
                        Ok((entry, leaf)) => {
                            batch.push((at, entry, leaf));
                            continue;
                        }
                        Err(fault) => (at, fault),
                    }
                }
                Step::Record { at, record: Record::Trailer { size, note }, next } => {
                    // The last signature covers all entries; those of older segments need not be checked one by one.
                    let check = at.segment >= checked_from;
                    match chain.trailer(size, note, self.origin).and_then(|head| self.signed(head, check)) {
                        Ok(head) => {
                            found.acknowledge(&mut batch);
                            found.chain = chain.clone();
                            found.checkpoint = Some(head);
                            found.end = next;
                            continue;
                        }
                        Err(fault) => (at, fault),
                    }
                }
            };
            found.fault = Some((at, fault));
            return Ok(found);
        }
    }

    fn signed(&self, head: Checkpoint, check: bool) -> Result<Checkpoint, Fault> {
        if check {
            head.verify(&self.keys.at(head.size())).map_err(|error| Fault(error.to_string()))?;
        }
        Ok(head)
    }

    fn last_used_segment(&self) -> io::Result<u32> {
        let directory = self.layout.segments();
        for number in segment::numbers(&directory)?.into_iter().rev() {
            let mut head = [0_u8; frame::HEADER];
            let read = io::Read::read(&mut fs::File::open(segment::path(&directory, number))?, &mut head)?;
            if head.iter().take(read).any(|byte| *byte != 0) {
                // A crash may have left the last one without a whole batch: the one before counts too.
                return Ok(number.saturating_sub(1));
            }
        }
        Ok(0)
    }

    /// The checkpoint file follows the segments, never leads them; nor do the cosigned heads.
    fn not_shorter_than_published(&self, found: &Found) -> Result<(), OpenError> {
        let published = self.layout.read_checkpoint().map_err(|source| self.io("reading the checkpoint", source))?;
        let published = published.and_then(|text| Checkpoint::parse(&text).ok());
        let published = published.filter(|head| head.verify(&self.keys.at(head.size())).is_ok());
        let cosigned = cosigned::largest(self.layout, self.origin, self.keys);
        let cosigned = cosigned.map_err(|source| self.io("reading the cosigned checkpoints", source))?;
        let acknowledged = [published, cosigned].iter().flatten().map(Checkpoint::size).max().unwrap_or(0);
        let size = found.chain.size();
        if acknowledged > size {
            if let Some((place, Fault(why))) = &found.fault {
                return Err(OpenError::Damaged { index: size, place: place.to_string(), why: why.clone() });
            }
            return Err(OpenError::Shorter { size, acknowledged });
        }
        Ok(())
    }

    /// Decides whether what follows the last batch is a torn write, and if so cuts it.
    fn judge_tail(&self, found: &Found) -> Result<u64, OpenError> {
        let size = found.chain.size();
        let sound = SoundEnd { layout: self.layout, origin: self.origin, keys: Some(self.keys), end: found.end, size };
        let fault = found.fault.as_ref();
        match sound.judge(fault.map(|(at, _)| *at)).map_err(|source| self.io("reading the tail", source))? {
            Tail::Clean => Ok(0),
            Tail::Torn(tails) => self.cut(&tails, size),
            Tail::Damaged => {
                let (at, why) =
                    fault.map_or((found.end, "bytes that belong to no batch"), |(at, fault)| (*at, &fault.0));
                Err(OpenError::Damaged { index: size, place: at.to_string(), why: why.to_owned() })
            }
        }
    }

    fn cut(&self, tails: &[(Place, Vec<u8>)], size: u64) -> Result<u64, OpenError> {
        let mut cut = 0;
        for (place, bytes) in tails {
            self.keep(bytes, size)
                .and_then(|()| segment::blank(&self.layout.segments(), *place, bytes.len()))
                .map_err(|source| self.io("cutting a torn tail", source))?;
            cut += u64::try_from(bytes.len()).unwrap_or(0);
        }
        Ok(cut)
    }

    /// What is cut is kept beside the log: it holds no personal data, and somebody may want to look.
    fn keep(&self, bytes: &[u8], size: u64) -> io::Result<()> {
        let directory = self.layout.cut();
        segment::make_directory(&directory)?;
        let name: String = sha256(bytes).to_string().chars().take(16).collect();
        segment::replace(&directory.join(format!("{size}-{name}.bin")), bytes, true)
    }

    fn io(&self, doing: &'static str, source: io::Error) -> OpenError {
        OpenError::io(self.layout.directory(), doing, source)
    }
}

/// An entry that follows from those before, and its leaf hash.
fn take(chain: &mut Chain, index: u64, bytes: &[u8]) -> Result<(Entry, Digest), Fault> {
    let leaf = chain.entry(index, bytes)?;
    let entry = Entry::parse(bytes).map_err(|error| Fault(format!("it cannot be read ({error})")))?;
    Ok((entry, leaf))
}

/// The openings' own segments after a crash.
#[derive(Debug, Default)]
pub(super) struct FoundOpenings {
    pub(super) end: Place,
    pub(super) marks: Marks,
    pub(super) cut_bytes: u64,
    pub(super) missing: u64,
    /// Values by the key that seals them.
    pub(super) values: HashMap<KeyId, u64>,
}

/// Cuts openings of entries that were never acknowledged; damaged ones are left as they are and counted.
pub(super) fn openings(directory: &Path, size: u64, commitments: u64) -> io::Result<FoundOpenings> {
    let mut found = FoundOpenings::default();
    let mut sound = 0;
    let mut broken = false;
    let mut cursor = Cursor::new(directory, Place::default(), Care::Strict);
    loop {
        match cursor.step()? {
            Step::Record { at, record: Record::Body { index, bytes }, next } if index < size => {
                if let Some(opening) = SealedOpening::parse(bytes) {
                    *found.values.entry(opening.key).or_default() += 1;
                }
                found.marks.note(index, at);
                found.end = next;
                sound += 1;
            }
            Step::Record { .. } | Step::End => break,
            Step::Broken { .. } => {
                broken = true;
                break;
            }
        }
    }
    found.missing = commitments.saturating_sub(sound);
    if found.missing > 0 && broken {
        let last = segment::numbers(directory)?.last().copied().unwrap_or(0);
        found.end = Place { segment: last.saturating_add(1), offset: 0 };
        return Ok(found);
    }
    for (place, bytes) in segment::written_after(directory, found.end)? {
        segment::blank(directory, place, bytes.len())?;
        found.cut_bytes += u64::try_from(bytes.len()).unwrap_or(0);
    }
    Ok(found)
}
