//! From an event to an entry's bytes: commitments, canonical JSON, and two gaps that the log fills in.
//!
//! The JSON is written once, in its canonical order, without a tree in between: per-file entries come by
//! the thousand. Events that are recorded together share the commitments of equal values: the same salt
//! and the same sealed opening, written once for each entry, so that every entry still has all of its own.

use sealane_crypto::digest::Digest;

use super::members::Members;
use super::{EncodeError, MAX_BYTES, VERSION};
use crate::event::{Actor, CATALOGUE_VERSION, DecisionRecord, Event, Object, OutcomeRecord, Phase};
use crate::id::{DecisionId, OpId};
use crate::opening::ring::SealingKey;
use crate::opening::slot::KeyId;
use crate::opening::{Opening, Sealer};
use crate::redact::Private;
use crate::scope::Scope;

/// Room for the index and the hash of the entry before, which the log fills in.
const PLACE_BYTES: usize = 20 + 64;

/// Most bytes of openings that one event may bring.
pub(crate) const MAX_OPENINGS: usize = 2 * MAX_BYTES;

/// The field that belongs to a collection rather than to a person.
const PATH: &str = "object.path";

/// Values that a group of events may share; what is beyond that is committed to anew.
const SHARED: usize = 16;

/// An event made ready outside the sequencer: all but its place in the log.
#[derive(Debug)]
pub(crate) struct Prepared {
    text: Vec<u8>,
    index_at: usize,
    prev_at: usize,
    pub(crate) openings: Vec<Opening>,
    pub(crate) phase: Phase,
    pub(crate) op: OpId,
    pub(crate) at_ns: i64,
    pub(crate) decision: Option<DecisionId>,
}

impl Prepared {
    pub(crate) fn new(event: &Event, sealer: &Sealer<'_>) -> Result<Self, EncodeError> {
        Writing::new(sealer, 0).prepare(event)
    }

    /// Events that are recorded together, equal personal values committed to once.
    pub(crate) fn group(events: &[Event], sealer: &Sealer<'_>) -> Result<Vec<Self>, EncodeError> {
        let mut writing = Writing::new(sealer, SHARED);
        events.iter().map(|event| writing.prepare(event)).collect()
    }

    /// Most bytes that the entry can take.
    pub(crate) fn len(&self) -> usize {
        self.text.len() + PLACE_BYTES
    }

    /// Bytes of its openings.
    pub(crate) fn opening_bytes(&self) -> usize {
        self.openings.iter().map(|opening| opening.record.len()).sum()
    }

    /// The entry in its place.
    pub(crate) fn place(&self, index: u64, prev: &Digest) -> Vec<u8> {
        let mut entry = Vec::with_capacity(self.len());
        let (before, rest) = self.text.split_at_checked(self.index_at).unwrap_or((&self.text, &[]));
        let (between, after) = rest.split_at_checked(self.prev_at - self.index_at).unwrap_or((rest, &[]));
        entry.extend_from_slice(before);
        entry.extend_from_slice(index.to_string().as_bytes());
        entry.extend_from_slice(between);
        entry.extend_from_slice(prev.to_string().as_bytes());
        entry.extend_from_slice(after);
        entry
    }
}

/// A value that the events of a group share.
struct Shared {
    field: String,
    value: Private,
    key: KeyId,
    commitment: Digest,
    opening: Opening,
}

/// What the values of an event are sealed with, unless they say otherwise.
struct Owners {
    person: (Option<Scope>, SealingKey),
    /// The collection, where one is named, else the person.
    place: (Option<Scope>, SealingKey),
}

/// Prepares events one after the other.
struct Writing<'a> {
    sealer: &'a Sealer<'a>,
    shared: Vec<Shared>,
    most_shared: usize,
    /// The last time that was written, in words: events of a group mostly have the same.
    time: Option<(i64, String)>,
    /// Those of the last event: events of a group mostly have the same.
    owners: Owners,
    openings: Vec<Opening>,
}

impl<'a> Writing<'a> {
    fn new(sealer: &'a Sealer<'a>, most_shared: usize) -> Self {
        let site = sealer.key(None);
        let owners = Owners { person: (None, site.clone()), place: (None, site) };
        Self { sealer, shared: Vec::new(), most_shared, time: None, owners, openings: Vec::new() }
    }

    fn find_owners(&mut self, event: &Event) {
        let person = event.actor.as_ref().map(|actor| Scope::person(&actor.issuer, actor.subject.expose()));
        let place = event.object.path.as_ref().and(event.object.collection.as_ref()).map(Scope::collection);
        let place = place.or_else(|| person.clone());
        for (known, scope) in [(&mut self.owners.person, person), (&mut self.owners.place, place)] {
            if known.0 != scope {
                let key = self.sealer.key(scope.as_ref());
                *known = (scope, key);
            }
        }
    }

    fn prepare(&mut self, event: &Event) -> Result<Prepared, EncodeError> {
        self.find_owners(event);
        let mut text = Vec::with_capacity(1024);
        text.push(b'{');
        let mut members = Members::new(&mut text);
        self.before_index(&mut members, event)?;
        members.name("index");
        let index_at = text.len();
        let mut members = Members::continued(&mut text);
        self.before_prev(&mut members, event)?;
        members.name("prev");
        text.push(b'"');
        let prev_at = text.len();
        text.push(b'"');
        let mut members = Members::continued(&mut text);
        self.after_prev(&mut members, event)?;
        text.push(b'}');
        let prepared = Prepared {
            text,
            index_at,
            prev_at,
            openings: std::mem::take(&mut self.openings),
            phase: event.phase,
            op: event.op,
            at_ns: event.at_ns,
            decision: event.decision.as_ref().map(|decision| decision.id),
        };
        let openings = prepared.opening_bytes();
        let longest = prepared.openings.iter().map(|opening| opening.record.len()).max().unwrap_or(0);
        if prepared.len() > MAX_BYTES || openings > MAX_OPENINGS || longest > MAX_BYTES {
            return Err(EncodeError::TooLong { bytes: prepared.len().max(openings) });
        }
        Ok(prepared)
    }

    fn before_index(&mut self, members: &mut Members<'_>, event: &Event) -> Result<(), EncodeError> {
        if let Some(actor) = &event.actor {
            members.object("actor", |members| self.actor(members, actor))?;
        }
        members.text("at", Some(self.utc(event.at_ns)?));
        members.integer("cat", Some(u64::from(CATALOGUE_VERSION)))?;
        members.sorted("change", event.change.iter(), |members, name, change| {
            members.object(name, |members| {
                members.optional("new", change.new.as_ref())?;
                members.optional("old", change.old.as_ref())
            })
        })?;
        if let Some(client) = &event.client {
            members.digest("client", Some(&self.commit("client", client)?));
        }
        if let Some(clock) = &event.clock {
            members.object("clock", |members| {
                members.integer("error_us", clock.error_us)?;
                members.flag("synchronised", clock.synchronised);
                Ok::<_, EncodeError>(())
            })?;
        }
        if let Some(decision) = &event.decision {
            members.object("decision", |members| {
                let DecisionRecord { id, effect, rule, reason, snapshot } = decision;
                members.text("effect", Some(effect));
                members.uuid("id", id.uuid());
                members.text("reason", Some(reason));
                members.text("rule", rule.as_deref());
                members.digest("snapshot", Some(snapshot));
                Ok::<_, EncodeError>(())
            })?;
        }
        members.sorted("detail", event.detail.iter(), |members, name, value| members.optional(name, Some(value)))?;
        Ok(())
    }

    fn before_prev(&mut self, members: &mut Members<'_>, event: &Event) -> Result<(), EncodeError> {
        members.text("kind", Some(event.kind.name()));
        members.integer("mono", event.mono_us)?;
        if event.object != Object::default() {
            members.object("object", |members| self.object(members, &event.object))?;
        }
        members.uuid("op", event.op.uuid());
        if let Some(OutcomeRecord { outcome, code, message }) = &event.outcome {
            members.object("outcome", |members| {
                members.text("code", Some(code));
                members.text("message", Some(message));
                members.text("result", Some(outcome.word()));
                Ok::<_, EncodeError>(())
            })?;
        }
        members.text("peer", event.peer.as_deref());
        members.text("phase", Some(event.phase.word()));
        Ok(())
    }

    fn after_prev(&mut self, members: &mut Members<'_>, event: &Event) -> Result<(), EncodeError> {
        members.sorted("private", event.private.iter(), |members, name, value| {
            members.digest(name, Some(&self.commit(&format!("private.{name}"), value)?));
            Ok::<_, EncodeError>(())
        })?;
        members.text("transport", event.transport.as_deref());
        members.integer("v", Some(u64::from(VERSION)))?;
        Ok(())
    }

    fn actor(&mut self, members: &mut Members<'_>, actor: &Actor) -> Result<(), EncodeError> {
        members.text("acr", actor.acr.as_deref());
        members.texts("amr", &actor.amr);
        members.signed("auth_time", actor.auth_time_s)?;
        members.text("issuer", Some(&actor.issuer));
        members.text("session", actor.session.as_deref());
        members.digest("subject", Some(&self.commit("actor.subject", &actor.subject)?));
        members.text("via_site", actor.via_site.as_deref());
        Ok(())
    }

    fn object(&mut self, members: &mut Members<'_>, object: &Object) -> Result<(), EncodeError> {
        members.integer("bytes", object.bytes)?;
        members.text("class", object.class.as_deref());
        members.text("collection", object.collection.as_deref());
        members.digest("digest", object.digest.as_ref());
        members.integer("files", object.files)?;
        if let Some(path) = &object.path {
            members.digest("path", Some(&self.commit(PATH, path)?));
        }
        members.text("task", object.task.as_deref());
        Ok(())
    }

    fn commit(&mut self, field: &str, value: &Private) -> Result<Digest, EncodeError> {
        let key = match value.owner() {
            Some(owner) => self.sealer.key(Some(owner)),
            None if field == PATH => self.owners.place.1.clone(),
            None => self.owners.person.1.clone(),
        };
        let same = |known: &&Shared| known.field == field && known.key == key.id && known.value == *value;
        if let Some(known) = self.shared.iter().find(same) {
            self.openings.push(known.opening.clone());
            return Ok(known.commitment);
        }
        let (commitment, opening) = self.sealer.seal(field, value, &key).ok_or(EncodeError::FieldName)?;
        if self.shared.len() < self.most_shared && field != PATH {
            self.shared.push(Shared {
                field: field.to_owned(),
                value: value.clone(),
                key: key.id,
                commitment,
                opening: opening.clone(),
            });
        }
        self.openings.push(opening);
        Ok(commitment)
    }

    fn utc(&mut self, at_ns: i64) -> Result<&str, EncodeError> {
        if self.time.as_ref().is_none_or(|(known, _)| *known != at_ns) {
            let at = jiff::Timestamp::from_nanosecond(i128::from(at_ns)).map_err(|_| EncodeError::Time(at_ns))?;
            self.time = Some((at_ns, format!("{at:.9}")));
        }
        Ok(self.time.as_ref().map_or("", |(_, words)| words))
    }
}
