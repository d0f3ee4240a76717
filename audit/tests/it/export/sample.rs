//! Entries of the whole catalogue, as a real log gives them back.

use std::sync::LazyLock;

use sealane_audit::Scope;
use sealane_audit::event::{Access, Actor, Admin, Assurance, Identity, Sharing, Transfer};
use sealane_audit::export::{Context, Exporter, Format};
use sealane_audit::{
    ClockState, DecisionId, DecisionRecord, EntryView, Event, Filter, Kind, Object, Outcome, OutcomeRecord, Phase,
    Private, When,
};
use sealane_crypto::digest::leaf_hash;
use uuid::Uuid;

use crate::support::{AT, ORIGIN, Site, op};

/// What somebody would put into a name to be run by a spreadsheet, to forge a line, or to mislead a reader.
pub(super) const HOSTILE: &[&str] = &[
    "=HYPERLINK(\"http://evil.example\",\"x\")",
    "+1+1",
    "-2+3",
    "@SUM(A1:A9)",
    "\t=1",
    "\r\n=1",
    "'=1",
    " =1",
    "a,b\"c\"\r\nd",
    "\u{202e}gnp.exe",
    "]\\\"[",
    "\u{1b}[31m\u{7}\u{0}",
    "日本語 Ünïcödé",
];

pub(super) fn context() -> Context {
    Context {
        site_id: "0190c3e0-1111-7000-8000-000000000001".into(),
        site: "hospital-a".into(),
        host: "sealane.hospital-a.example".into(),
        origin: ORIGIN.into(),
        version: "0.1.0".into(),
    }
}

/// The whole of an export.
pub(super) fn export(format: Format, views: &[EntryView]) -> Vec<u8> {
    let mut exporter = Exporter::new(format, context());
    let mut out = Vec::new();
    exporter.header(&mut out);
    for view in views {
        exporter.entry(view, &mut out);
    }
    exporter.footer(&mut out);
    assert_eq!(exporter.entries(), views.len() as u64);
    out
}

/// Every kind in every phase and with every outcome; bare and with everything that an event can say.
pub(super) fn everything() -> Vec<EntryView> {
    static WRITTEN: LazyLock<Vec<EntryView>> = LazyLock::new(|| written(events_of_everything()));
    WRITTEN.clone()
}

fn events_of_everything() -> Vec<Event> {
    let mut events = Vec::new();
    for kind in Kind::ALL {
        for phase in [Phase::Intent, Phase::Info] {
            events.push(bare(*kind, phase, events.len() as u128, None));
            events.push(full(*kind, phase, events.len() as u128, None));
        }
        for outcome in OUTCOMES {
            events.push(full(*kind, Phase::Outcome, events.len() as u128, Some(*outcome)));
        }
    }
    events
}

const OUTCOMES: &[Outcome] = &[Outcome::Done, Outcome::Denied, Outcome::StepUp, Outcome::Failed, Outcome::Interrupted];

/// Entries whose every free text is one of [`HOSTILE`].
pub(super) fn hostile() -> Vec<EntryView> {
    static WRITTEN: LazyLock<Vec<EntryView>> = LazyLock::new(|| written(hostile_events()));
    WRITTEN.clone()
}

/// One kind of every class and pattern that a format has.
const KINDS: &[Kind] = &[
    Kind::Identity(Identity::SignIn),
    Kind::Access(Access::DirectoryList),
    Kind::Access(Access::EntryRename),
    Kind::Sharing(Sharing::CollectionChange),
    Kind::Sharing(Sharing::RuleCreate),
    Kind::Transfer(Transfer::TaskShow),
    Kind::Transfer(Transfer::LaneOpen),
    Kind::Transfer(Transfer::Finish),
    Kind::Admin(Admin::RoleGrant),
    Kind::Admin(Admin::ConfigChange),
    Kind::Assurance(Assurance::CheckRun),
];

fn hostile_events() -> Vec<Event> {
    let pairs = HOSTILE.iter().flat_map(|text| KINDS.iter().map(move |kind| (*kind, text)));
    let events = pairs.enumerate().map(|(n, (kind, text))| {
        let event = full(kind, Phase::Outcome, n as u128, Some(Outcome::Done));
        let actor = event.actor.clone().map(|actor| Actor {
            issuer: (*text).into(),
            subject: (*text).into(),
            session: Some((*text).into()),
            acr: Some((*text).into()),
            ..actor
        });
        let object = Object { path: Some((*text).into()), collection: Some((*text).into()), ..event.object.clone() };
        event
            .actor(actor)
            .object(object)
            .client(Private::new(*text))
            .outcome(OutcomeRecord::new(Outcome::Done, *text, *text))
            .peer(*text)
            .transport(*text)
            .detail("note", *text)
            .detail("name", *text)
            .detail("permissions", *text)
            .detail("control", *text)
            .changed("class", Some((*text).into()), None)
            .private("to", (*text).into())
            .private("principal", (*text).into())
            .private("purpose", (*text).into())
            .private("label", (*text).into())
    });
    events.collect()
}

/// Successful acts of people on data about two patients, of every kind.
pub(super) fn with_subjects() -> Vec<EntryView> {
    static WRITTEN: LazyLock<Vec<EntryView>> = LazyLock::new(|| {
        let events = Kind::ALL.iter().enumerate().map(|(n, kind)| {
            let role = if n % 2 == 0 { "source" } else { "destination" };
            full(*kind, Phase::Outcome, n as u128, Some(Outcome::Done))
                .detail("subjects", serde_json::json!(["P-0001", "P-0002"]))
                .detail("role", role)
        });
        written(events.collect())
    });
    WRITTEN.clone()
}

/// An entry of every kind, after its person was erased.
pub(super) fn erased() -> Vec<EntryView> {
    static WRITTEN: LazyLock<Vec<EntryView>> = LazyLock::new(|| {
        let site = Site::new();
        let log = site.open("log");
        for (n, kind) in Kind::ALL.iter().enumerate() {
            let event = full(*kind, Phase::Outcome, n as u128, Some(Outcome::Done));
            log.append_blocking(event).expect("append");
        }
        let person =
            Scope::Person { issuer: "https://idp.hospital-a.example".into(), subject: "ana@hospital-a.example".into() };
        let order = bare(Kind::Assurance(Assurance::Erase), Phase::Intent, 999, None);
        log.erase(&person, order).expect("erase");
        log.entries(0, Kind::ALL.len(), &Filter::all()).expect("read")
    });
    WRITTEN.clone()
}

/// The same entries as somebody sees them for whom nothing is revealed, or after everything was erased.
pub(super) fn veiled(mut views: Vec<EntryView>) -> Vec<EntryView> {
    views.iter_mut().for_each(|view| view.revealed.clear());
    views
}

fn written(events: Vec<Event>) -> Vec<EntryView> {
    let site = Site::new();
    let log = site.open("log");
    let count = events.len();
    for event in events {
        log.append_blocking(event).expect("append");
    }
    log.entries(0, count, &Filter::all()).expect("read")
}

fn bare(kind: Kind, phase: Phase, n: u128, outcome: Option<Outcome>) -> Event {
    Event::new(kind, phase, op(n), AT + i64::try_from(n).expect("small"))
        .outcome(outcome.map(|outcome| OutcomeRecord::new(outcome, "ok", "")))
}

fn full(kind: Kind, phase: Phase, n: u128, outcome: Option<Outcome>) -> Event {
    bare(kind, phase, n, None)
        .outcome(outcome.map(|outcome| OutcomeRecord::new(outcome, "storage.full", "the storage is full")))
        .actor(Actor {
            issuer: "https://idp.hospital-a.example".into(),
            subject: "ana@hospital-a.example".into(),
            acr: Some("mfa".into()),
            amr: vec!["otp".into(), "pwd".into()],
            auth_time_s: Some(AT / 1_000_000_000),
            session: Some(leaf_hash(b"session").to_string()),
            via_site: Some("hospital-b".into()),
        })
        .client(Private::new("192.0.2.7"))
        .object(Object {
            collection: Some("0190c3e0-2222-7000-8000-000000000002".into()),
            path: Some("/patients/Maria Lopez.dcm".into()),
            task: Some("0190c3e0-3333-7000-8000-000000000003".into()),
            bytes: Some(5_000_000_000),
            files: Some(3),
            digest: Some(leaf_hash(b"content")),
            class: Some("phi".into()),
        })
        .decision(DecisionRecord {
            id: DecisionId::new(Uuid::from_u128(n)),
            effect: "permit".into(),
            rule: Some("rule-1".into()),
            reason: "grant".into(),
            snapshot: leaf_hash(b"snapshot"),
        })
        .when(When { at_ns: AT, mono_us: Some(7), clock: Some(ClockState { synchronised: true, error_us: Some(40) }) })
        .changed("class", Some("internal".into()), Some("phi".into()))
        .peer("0190c3e0-4444-7000-8000-000000000004")
        .transport("TLS13_AES_256_GCM_SHA384")
        .detail("action", "read")
        .detail("items", 3)
        .detail("passed", outcome == Some(Outcome::Done))
        .private("purpose", "cardiac study 7".into())
        .private("to", "/patients/M. Lopez.dcm".into())
}
