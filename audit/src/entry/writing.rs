//! From an event to an entry's bytes: commitments, canonical JSON, and two gaps that the log fills in.

use sealane_crypto::digest::Digest;
use serde_json::{Map, Value};

use super::{EncodeError, MAX_BYTES, VERSION};
use crate::canonical;
use crate::event::{DecisionRecord, Event, Object, OutcomeRecord, Phase};
use crate::id::{DecisionId, OpId};
use crate::opening::Sealer;
use crate::redact::Private;

/// Room for the index and the hash of the entry before, which the log fills in.
const PLACE_BYTES: usize = 20 + 64;

/// Most bytes of openings that one event may bring.
const MAX_OPENINGS: usize = 2 * MAX_BYTES;

/// An event made ready outside the sequencer: all but its place in the log.
#[derive(Debug)]
pub(crate) struct Prepared {
    before_index: Vec<u8>,
    before_prev: Vec<u8>,
    after_prev: Vec<u8>,
    pub(crate) openings: Vec<Vec<u8>>,
    pub(crate) phase: Phase,
    pub(crate) op: OpId,
    pub(crate) at_ns: i64,
    pub(crate) decision: Option<DecisionId>,
}

impl Prepared {
    pub(crate) fn new(event: &Event, sealer: &Sealer<'_>) -> Result<Self, EncodeError> {
        let mut fields = Fields { sealer, openings: Vec::new() };
        let mut prepared = Self {
            before_index: fields.before_index(event)?,
            before_prev: fields.before_prev(event)?,
            after_prev: fields.after_prev(event)?,
            openings: Vec::new(),
            phase: event.phase,
            op: event.op,
            at_ns: event.at_ns,
            decision: event.decision.as_ref().map(|decision| decision.id),
        };
        let openings = fields.openings.iter().map(Vec::len).sum::<usize>();
        let longest = fields.openings.iter().map(Vec::len).max().unwrap_or(0);
        if prepared.len() > MAX_BYTES || openings > MAX_OPENINGS || longest > MAX_BYTES {
            return Err(EncodeError::TooLong { bytes: prepared.len().max(openings) });
        }
        prepared.openings = fields.openings;
        Ok(prepared)
    }

    /// Most bytes that the entry can take.
    pub(crate) fn len(&self) -> usize {
        self.before_index.len() + self.before_prev.len() + self.after_prev.len() + PLACE_BYTES
    }

    /// The entry in its place.
    pub(crate) fn place(&self, index: u64, prev: &Digest) -> Vec<u8> {
        let mut entry = Vec::with_capacity(self.len());
        entry.extend_from_slice(&self.before_index);
        entry.extend_from_slice(index.to_string().as_bytes());
        entry.extend_from_slice(&self.before_prev);
        entry.extend_from_slice(prev.to_string().as_bytes());
        entry.extend_from_slice(&self.after_prev);
        entry
    }
}

/// Writes the three stretches of an entry and gathers its openings.
struct Fields<'a> {
    sealer: &'a Sealer<'a>,
    openings: Vec<Vec<u8>>,
}

impl Fields<'_> {
    fn before_index(&mut self, event: &Event) -> Result<Vec<u8>, EncodeError> {
        let mut map = Map::new();
        if let Some(actor) = &event.actor {
            let mut members = Map::new();
            put(&mut members, "acr", actor.acr.clone());
            if !actor.amr.is_empty() {
                put(&mut members, "amr", Some(actor.amr.clone()));
            }
            put(&mut members, "auth_time", actor.auth_time_s);
            put(&mut members, "issuer", Some(actor.issuer.clone()));
            put(&mut members, "session", actor.session.clone());
            put(&mut members, "subject", Some(self.commit("actor.subject", &actor.subject)?));
            put(&mut members, "via_site", actor.via_site.clone());
            map.insert("actor".to_owned(), Value::Object(members));
        }
        put(&mut map, "at", Some(utc(event.at_ns)?));
        if let Some(client) = &event.client {
            put(&mut map, "client", Some(self.commit("client", client)?));
        }
        if let Some(decision) = &event.decision {
            let DecisionRecord { id, effect, rule, reason, snapshot } = decision;
            let mut members = Map::new();
            put(&mut members, "effect", Some(effect.clone()));
            put(&mut members, "id", Some(id.to_string()));
            put(&mut members, "reason", Some(reason.clone()));
            put(&mut members, "rule", rule.clone());
            put(&mut members, "snapshot", Some(snapshot.to_string()));
            map.insert("decision".to_owned(), Value::Object(members));
        }
        if !event.detail.is_empty() {
            let detail = event.detail.iter().map(|(name, value)| (name.clone(), value.clone()));
            map.insert("detail".to_owned(), Value::Object(detail.collect()));
        }
        stretch("{", &map, ",\"index\":")
    }

    fn before_prev(&mut self, event: &Event) -> Result<Vec<u8>, EncodeError> {
        let mut map = Map::new();
        put(&mut map, "kind", Some(event.kind.name()));
        let object = self.object(&event.object)?;
        if !object.is_empty() {
            map.insert("object".to_owned(), Value::Object(object));
        }
        put(&mut map, "op", Some(event.op.to_string()));
        if let Some(OutcomeRecord { outcome, code, message }) = &event.outcome {
            let mut members = Map::new();
            put(&mut members, "code", Some(code.clone()));
            put(&mut members, "message", Some(message.clone()));
            put(&mut members, "result", Some(name_of(outcome)));
            map.insert("outcome".to_owned(), Value::Object(members));
        }
        put(&mut map, "peer", event.peer.clone());
        put(&mut map, "phase", Some(name_of(&event.phase)));
        stretch(",", &map, ",\"prev\":\"")
    }

    fn after_prev(&mut self, event: &Event) -> Result<Vec<u8>, EncodeError> {
        let mut map = Map::new();
        let mut members = Map::new();
        for (name, value) in &event.private {
            put(&mut members, name, Some(self.commit(&format!("private.{name}"), value)?));
        }
        if !members.is_empty() {
            map.insert("private".to_owned(), Value::Object(members));
        }
        put(&mut map, "transport", event.transport.clone());
        put(&mut map, "v", Some(VERSION));
        stretch("\",", &map, "}")
    }

    fn object(&mut self, object: &Object) -> Result<Map<String, Value>, EncodeError> {
        let mut members = Map::new();
        put(&mut members, "bytes", object.bytes);
        put(&mut members, "class", object.class.clone());
        put(&mut members, "collection", object.collection.clone());
        put(&mut members, "digest", object.digest.map(|digest| digest.to_string()));
        put(&mut members, "files", object.files);
        if let Some(path) = &object.path {
            put(&mut members, "path", Some(self.commit("object.path", path)?));
        }
        put(&mut members, "task", object.task.clone());
        Ok(members)
    }

    fn commit(&mut self, field: &str, value: &Private) -> Result<String, EncodeError> {
        let (committed, record) = self.sealer.seal(field, value).ok_or(EncodeError::FieldName)?;
        self.openings.push(record);
        Ok(committed.to_string())
    }
}

fn put(map: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        map.insert(name.to_owned(), value.into());
    }
}

/// The name that serde gives to a variant.
fn name_of(value: &impl serde::Serialize) -> Value {
    serde_json::to_value(value).unwrap_or_default()
}

fn stretch(open: &str, members: &Map<String, Value>, close: &str) -> Result<Vec<u8>, EncodeError> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(open.as_bytes());
    canonical::write_members(&mut out, members)?;
    out.extend_from_slice(close.as_bytes());
    Ok(out)
}

fn utc(at_ns: i64) -> Result<String, EncodeError> {
    let at = jiff::Timestamp::from_nanosecond(i128::from(at_ns)).map_err(|_| EncodeError::Time(at_ns))?;
    Ok(format!("{at:.9}"))
}

#[cfg(test)]
mod tests {
    use sealane_crypto::aead::AeadKey;
    use sealane_crypto::random::SystemRandom;
    use serde_json::json;
    use uuid::Uuid;

    use super::super::{Entry, EntryObject, NOTHING_BEFORE, leaf};
    use super::*;
    use crate::event::{Access, Actor, Outcome};

    fn prepare(event: &Event) -> Result<Prepared, EncodeError> {
        let random = SystemRandom::new().expect("randomness");
        let key = AeadKey::generate(&random);
        Prepared::new(event, &Sealer { origin: "a", key: &key, random: &random })
    }

    fn full_event() -> Event {
        let op = OpId::new(Uuid::from_u128(1));
        Event::new(Access::ContentRead, Phase::Outcome, op, 1_700_000_000_123_456_789)
            .actor(Actor {
                issuer: "https://idp.example".into(),
                subject: "ana".into(),
                acr: Some("mfa".into()),
                amr: vec!["otp".into()],
                auth_time_s: Some(1_699_999_000),
                session: Some("5e55".into()),
                via_site: Some("site-b".into()),
            })
            .client(Private::new("10.0.0.1"))
            .object(Object { path: Some("/Ana Silva.dcm".into()), bytes: Some(5), ..Object::default() })
            .decision(DecisionRecord {
                id: DecisionId::new(Uuid::from_u128(2)),
                effect: "permit".into(),
                rule: None,
                reason: "grant".into(),
                snapshot: NOTHING_BEFORE,
            })
            .outcome(OutcomeRecord::new(Outcome::Done, "ok", "read"))
            .peer("site-b")
            .transport("TLS_AES_256_GCM_SHA384")
            .detail("range", json!({"from": 0, "to": 5}))
            .private("label", "MRN 12345".into())
    }

    #[test]
    fn an_entry_is_its_own_canonical_form_and_reads_back() {
        let prepared = prepare(&full_event()).expect("prepare");
        let bytes = prepared.place(41, &leaf(b"before"));
        assert!(bytes.len() <= prepared.len());
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        let mut canonical = Vec::new();
        canonical::write_value(&mut canonical, &value).expect("canonical");
        assert_eq!(String::from_utf8(bytes.clone()), String::from_utf8(canonical));

        let entry = Entry::parse(&bytes).expect("entry");
        assert_eq!((entry.v, entry.index, entry.prev), (1, 41, leaf(b"before")));
        assert_eq!(entry.at_ns, 1_700_000_000_123_456_789);
        assert_eq!(value["at"], "2023-11-14T22:13:20.123456789Z");
        assert_eq!(entry.decision, full_event().decision);
        assert_eq!(entry.outcome, full_event().outcome);
        assert_eq!(entry.commitments().count(), 4);
    }

    #[test]
    fn no_personal_value_is_in_the_entry() {
        let bytes = prepare(&full_event()).expect("prepare").place(0, &NOTHING_BEFORE);
        let text = String::from_utf8(bytes).expect("UTF-8");
        for personal in ["ana\"", "10.0.0.1", "Ana Silva", "MRN"] {
            assert!(!text.contains(personal), "{personal}");
        }
    }

    #[test]
    fn a_bare_event_makes_an_entry_too() {
        let event = Event::new(Access::EntryStat, Phase::Info, OpId::new(Uuid::nil()), -1);
        let entry = Entry::parse(&prepare(&event).expect("prepare").place(0, &NOTHING_BEFORE)).expect("entry");
        assert_eq!((entry.at_ns, entry.object), (-1, EntryObject::default()));
    }

    #[test]
    fn an_event_that_fits_no_entry_is_refused() {
        let long = full_event().detail("list", "x".repeat(MAX_BYTES));
        assert!(matches!(prepare(&long), Err(EncodeError::TooLong { .. })));
        let long = full_event().private("label", Private::new("x".repeat(MAX_BYTES)));
        assert!(matches!(prepare(&long), Err(EncodeError::TooLong { .. })));
        let odd = full_event().private("x".repeat(250), "v".into());
        assert_eq!(prepare(&odd).err(), Some(EncodeError::FieldName));
        let inexact = full_event().detail("n", u64::MAX);
        assert!(matches!(prepare(&inexact), Err(EncodeError::Canonical(_))));
    }
}
