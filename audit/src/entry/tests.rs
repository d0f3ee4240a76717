//! Entries as they are written and read back.

use proptest::prelude::*;
use sealane_crypto::random::SystemRandom;
use serde_json::{Value, json};
use uuid::Uuid;

use super::*;
use crate::canonical;
use crate::event::{
    Access, Actor, ClockState, DecisionRecord, Event, Kind, Object, Outcome, OutcomeRecord, Phase, When,
};
use crate::id::{DecisionId, OpId};
use crate::opening::Sealer;
use crate::opening::ring::KeyRing;
use crate::redact::Private;

fn prepare(event: &Event) -> Result<Prepared, EncodeError> {
    let random = SystemRandom::new().expect("randomness");
    let home = tempfile::tempdir().expect("directory");
    let ring = KeyRing::for_tests(home.path());
    Prepared::new(event, &Sealer { origin: "a", ring: &ring, random: &random })
}

fn full_event() -> Event {
    let op = OpId::new(Uuid::from_u128(1));
    let clock = ClockState { error_us: Some(250), synchronised: true };
    Event::new(Access::ContentRead, Phase::Outcome, op, 0)
        .when(When { at_ns: 1_700_000_000_123_456_789, mono_us: Some(77), clock: Some(clock) })
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
        .changed("ceiling", Some("internal".into()), Some("phi".into()))
        .changed("unchanged", Some(1.into()), Some(1.into()))
        .changed_private("principal", None, Some("ben@b.example".into()))
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
    assert_eq!(entry.commitments().count(), 5);
    assert_eq!((entry.mono_us, entry.clock), (full_event().mono_us, full_event().clock));
    assert_eq!(entry.change, full_event().change);
    assert_eq!(entry.change.keys().collect::<Vec<_>>(), ["ceiling"]);
    assert_eq!(entry.private.keys().collect::<Vec<_>>(), ["label", "principal.new"]);
}

#[test]
fn no_personal_value_is_in_the_entry() {
    let bytes = prepare(&full_event()).expect("prepare").place(0, &NOTHING_BEFORE);
    let text = String::from_utf8(bytes).expect("UTF-8");
    for personal in ["ana\"", "10.0.0.1", "Ana Silva", "MRN", "ben@"] {
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

#[test]
fn a_group_shares_commitments_of_equal_values_but_not_of_paths() {
    let random = SystemRandom::new().expect("randomness");
    let home = tempfile::tempdir().expect("directory");
    let ring = KeyRing::for_tests(home.path());
    let events = [full_event(), full_event()];
    let group = Prepared::group(&events, &Sealer { origin: "a", ring: &ring, random: &random }).expect("prepare");
    let entries: Vec<Entry> =
        group.iter().map(|prepared| Entry::parse(&prepared.place(0, &NOTHING_BEFORE)).expect("entry")).collect();
    let [one, two] = entries.as_slice() else { panic!("two entries") };
    assert_eq!((one.client, &one.actor, &one.private), (two.client, &two.actor, &two.private));
    assert_ne!(one.object.path, two.object.path);
    assert!(group.iter().all(|prepared| prepared.openings.len() == 5), "each entry has all of its own openings");
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z.]{0,8}", ".{0,12}", "[\u{e000}-\u{10ffff}\u{0}-\u{1f}\"\\\\]{0,6}"]
}

fn any_event() -> impl Strategy<Value = Event> {
    let when = (any::<i32>(), proptest::option::of(0..1_u64 << 53), proptest::option::of(any::<bool>()));
    let maps = (
        proptest::collection::btree_map(any_text(), any_text(), 0..4),
        proptest::collection::btree_map(any_text(), any_text(), 0..4),
        proptest::collection::btree_map(any_text(), any::<i32>(), 0..4),
    );
    let texts = proptest::collection::vec(proptest::option::of(any_text()), 8);
    (0..Kind::ALL.len(), when, maps, texts, any::<[u8; 3]>()).prop_map(
        |(kind, (at, mono_us, clock), (private, detail, change), texts, seed)| {
            let text = |at: usize| texts.get(at).cloned().flatten();
            let clock = clock.map(|synchronised| ClockState { error_us: mono_us, synchronised });
            let mut event = Event::new(Kind::ALL[kind], Phase::Info, OpId::new(Uuid::nil()), 0)
                .when(When { at_ns: i64::from(at) * 1_000_000_007, mono_us, clock })
                .client(text(0).map(Private::new))
                .object(Object {
                    path: text(1).map(Private::new),
                    task: text(2),
                    bytes: mono_us,
                    digest: text(3).map(|text| leaf(text.as_bytes())),
                    ..Object::default()
                })
                .actor(text(4).map(|issuer| Actor {
                    issuer,
                    subject: "x".into(),
                    acr: text(5),
                    amr: texts.iter().flatten().cloned().collect(),
                    auth_time_s: Some(i64::from(at)),
                    session: None,
                    via_site: text(6),
                }))
                .outcome(text(7).map(|code| OutcomeRecord::new(Outcome::Failed, code, "")));
            event.private = private.into_iter().map(|(name, value)| (name, Private::new(value))).collect();
            event.detail = detail.into_iter().map(|(name, value)| (name, value.into())).collect();
            for (at, (name, value)) in change.into_iter().enumerate() {
                let old = (seed[at % 3] % 2 == 0).then(|| Value::from(value));
                event = event.changed(name, old, Some(value.to_string().into()));
            }
            event
        },
    )
}

proptest! {
    #[test]
    fn any_event_is_written_in_its_canonical_form_and_reads_back(event in any_event(), index in any::<u32>()) {
        let bytes = prepare(&event).expect("prepare").place(u64::from(index), &leaf(b"before"));
        let value: Value = serde_json::from_slice(&bytes).expect("JSON");
        let mut canonical = Vec::new();
        canonical::write_value(&mut canonical, &value).expect("canonical");
        prop_assert_eq!(String::from_utf8_lossy(&bytes), String::from_utf8_lossy(&canonical));
        let entry = Entry::parse(&bytes).expect("entry");
        prop_assert_eq!(entry.kind, event.kind);
        prop_assert_eq!(entry.at_ns, event.at_ns);
        prop_assert_eq!(entry.detail, event.detail);
        prop_assert_eq!(entry.change, event.change);
        prop_assert_eq!(entry.private.len(), event.private.len());
    }
}

#[test]
fn an_entry_says_what_its_kind_must_say_and_what_is_missing_is_named() {
    let entry =
        |event: &Event| Entry::parse(&prepare(event).expect("prepare").place(0, &NOTHING_BEFORE)).expect("entry");
    let mut whole = full_event();
    whole.object.collection = Some("c".into());
    whole.object.class = Some("phi".into());
    assert_eq!(entry(&whole).lacks(), Vec::<&str>::new());
    type Change = fn(&mut Event);
    let cases: [(&str, Change); 9] = [
        ("actor", |event| event.actor = None),
        ("client", |event| event.client = None),
        ("outcome", |event| event.outcome = None),
        ("mono", |event| event.mono_us = None),
        ("clock", |event| event.clock = None),
        ("object.path", |event| event.object.path = None),
        ("phase", |event| event.phase = Phase::Info),
        ("phase", |event| event.phase = Phase::Intent),
        ("object.collection", |event| {
            event.object.collection = None;
            event.peer = None;
        }),
    ];
    for (missing, change) in cases {
        let mut event = whole.clone();
        change(&mut event);
        assert!(entry(&event).lacks().contains(&missing), "{missing}: {:?}", entry(&event).lacks());
    }
    for kind in Kind::ALL {
        let bare = Event::new(*kind, Phase::Intent, OpId::new(Uuid::nil()), 0);
        let lacks = entry(&bare).lacks();
        let by_log = ["log.recover", "log.resume"].contains(&kind.name());
        assert!(by_log || lacks.contains(&"clock"), "{kind} says nothing and lacks {lacks:?}");
    }
}

#[test]
fn whoever_asks_for_what_is_not_there_need_not_name_a_place() {
    let mut event = full_event();
    event.decision = None;
    event.object = Object::default();
    event.outcome = Some(OutcomeRecord::new(Outcome::Denied, "collection-unknown", ""));
    let entry = Entry::parse(&prepare(&event).expect("prepare").place(0, &NOTHING_BEFORE)).expect("entry");
    assert_eq!(entry.lacks(), Vec::<&str>::new());
}
