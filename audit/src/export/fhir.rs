//! HL7 FHIR R4 AuditEvents in the patterns of IHE's Basic Audit Log Patterns (BALP 1.1.4), as NDJSON or as a Bundle.
//!
//! A pattern's profile is claimed in `meta.profile` only where the entry has all that the pattern demands: patterns for
//! RESTful acts are for successful ones with a client; a disclosure needs the other site and the person whom the data is
//! about. Everything else is a plain AuditEvent with the same codes. BALP wants one patient an event, so an entry about
//! several people becomes several events. People and patients are named by identifier, never by a resource that nobody
//! could fetch; what the view does not reveal is named by its commitment (RFC 6920).

mod agents;
pub(super) mod codes;
mod entities;

use serde_json::{Map, Value, json};
use uuid::Builder;

use self::codes::Code;
use super::Context;
use super::mapping::{self, Fhir, Side};
use super::words::{self, printable, utc_ns};
use crate::event::{Outcome, Phase};
use crate::query::EntryView;

const PROFILES: &str = "https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.";

/// One resource a line.
pub(super) fn lines(view: &EntryView, context: &Context, out: &mut Vec<u8>) {
    for resource in resources(view, context) {
        out.extend_from_slice(resource.to_string().as_bytes());
        out.push(b'\n');
    }
}

pub(super) fn bundle_header(out: &mut Vec<u8>) {
    out.extend_from_slice(br#"{"resourceType":"Bundle","type":"collection""#);
}

/// One entry inside a Bundle. `first`: nothing stands in it yet.
pub(super) fn bundle_entry(view: &EntryView, context: &Context, mut first: bool, out: &mut Vec<u8>) {
    for resource in resources(view, context) {
        // An empty array would not be FHIR, so the array begins with the first entry.
        out.extend_from_slice(if first { br#","entry":["# } else { b",\n" });
        first = false;
        let entry = json!({ "fullUrl": full_url(&resource), "resource": resource });
        out.extend_from_slice(entry.to_string().as_bytes());
    }
}

pub(super) fn bundle_footer(empty: bool, out: &mut Vec<u8>) {
    out.extend_from_slice(if empty { b"}\n" } else { b"]}\n" });
}

/// The event or events that an entry is: one for each person whom the data is about.
fn resources(view: &EntryView, context: &Context) -> Vec<Value> {
    let subjects = words::subjects(view);
    let leaf = view.leaf.to_string();
    match subjects.as_slice() {
        [] => vec![resource(view, context, &leaf, None)],
        [subject] => vec![resource(view, context, &leaf, Some(subject))],
        several => {
            // An id has 64 characters at most, which the hash alone fills.
            let stem: String = leaf.chars().take(56).collect();
            let each = several.iter().enumerate();
            each.map(|(n, subject)| resource(view, context, &format!("{stem}-{n}"), Some(subject))).collect()
        }
    }
}

fn resource(view: &EntryView, context: &Context, id: &str, subject: Option<&str>) -> Value {
    let shape = Shape::of(view);
    let mut event = Map::new();
    event.insert("resourceType".into(), "AuditEvent".into());
    event.insert("id".into(), id.into());
    if let Some(profile) = shape.profile(view, subject.is_some()) {
        event.insert("meta".into(), json!({ "profile": [format!("{PROFILES}{profile}")] }));
    }
    event.insert("type".into(), shape.kind.coding());
    if !shape.subtypes.is_empty() {
        event.insert("subtype".into(), shape.subtypes.iter().map(|code| code.coding()).collect());
    }
    event.insert("action".into(), shape.action.to_string().into());
    event.insert("recorded".into(), utc_ns(view.entry.at_ns).into());
    outcome(view, &mut event);
    if let Some(purpose) = words::revealed(view, "private.purpose").and_then(text) {
        event.insert("purposeOfEvent".into(), json!([{ "text": purpose }]));
    }
    event.insert("agent".into(), agents::of(&shape, view, context).into());
    event.insert("source".into(), source(context));
    event.insert("entity".into(), entities::of(&shape, view, context, subject).into());
    Value::Object(event)
}

/// The gateway that recorded it.
fn source(context: &Context) -> Value {
    json!({
        "site": context.site,
        "observer": agents::this_site(context),
        "type": [codes::APPLICATION_SERVER.coding()],
    })
}

fn outcome(view: &EntryView, event: &mut Map<String, Value>) {
    let outcome = view.entry.outcome.as_ref();
    let code = match (outcome.map(|outcome| outcome.outcome), view.entry.phase) {
        (Some(Outcome::Done), _) | (None, Phase::Info) => "0",
        (Some(Outcome::Denied | Outcome::StepUp), _) => "4",
        (Some(Outcome::Failed), _) => "8",
        (Some(Outcome::Interrupted), _) => "12",
        // An intent has no outcome yet.
        (None, Phase::Intent | Phase::Outcome) => return,
    };
    event.insert("outcome".into(), code.into());
    if let Some(outcome) = outcome {
        let said = format!("{}: {}", outcome.code, outcome.message);
        if let Some(said) = text(said.trim_end_matches([':', ' '])) {
            event.insert("outcomeDesc".into(), said.into());
        }
    }
}

/// A FHIR string: with something to see in it, without control characters.
fn text(text: &str) -> Option<String> {
    let shown = printable(text);
    let shown = shown.trim();
    (!shown.is_empty()).then(|| shown.to_owned())
}

/// A FHIR uri holds no spaces; what does is no URI.
fn uri(text: &str) -> Option<&str> {
    (!text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())).then_some(text)
}

/// Stable for the resource: a UUID of version 8 (RFC 9562 section 5.8) from its id.
fn full_url(resource: &Value) -> String {
    let id = resource.get("id").and_then(Value::as_str).unwrap_or_default();
    let digest = sealane_crypto::digest::sha256(id.as_bytes());
    let bytes = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    format!("urn:uuid:{}", Builder::from_custom_bytes(bytes).into_uuid())
}

/// The pattern of an event, with its codes.
struct Shape {
    fhir: Fhir,
    kind: Code,
    subtypes: Vec<Code>,
    action: char,
}

impl Shape {
    fn of(view: &EntryView) -> Self {
        let fhir = settled(mapping::of(view.entry.kind).fhir, view);
        let rest = |interaction, also: Option<Code>, action| {
            (codes::REST, std::iter::once(interaction).chain(also).collect(), action)
        };
        let (kind, subtypes, action) = match fhir {
            Fhir::Read => rest(codes::READ, None, 'R'),
            Fhir::Query => rest(codes::SEARCH, None, 'E'),
            Fhir::Create(also) => rest(codes::CREATE, also, 'C'),
            Fhir::Update(also) => rest(codes::UPDATE, also, 'U'),
            Fhir::Delete(also) => rest(codes::DELETE, also, 'D'),
            Fhir::Disclosure(Side::Recipient) => (codes::IMPORT, vec![codes::DISCLOSE], 'C'),
            Fhir::Disclosure(_) => (codes::EXPORT, vec![codes::DISCLOSE], 'R'),
            Fhir::Plain(kind, subtype, action) => (kind, subtype.into_iter().collect(), action),
        };
        Self { fhir, kind, subtypes, action }
    }

    /// The profile that the event may claim.
    fn profile(&self, view: &EntryView, patient: bool) -> Option<String> {
        let entry = &view.entry;
        let done = entry.outcome.as_ref().is_some_and(|outcome| outcome.outcome == Outcome::Done);
        let restful = |name: &str| {
            let whose = if patient { "Patient" } else { "" };
            (done && entry.client.is_some()).then(|| format!("{whose}{name}"))
        };
        let disclosed = patient && entry.outcome.is_some() && entry.peer.is_some();
        match self.fhir {
            Fhir::Read => restful("Read"),
            Fhir::Query => restful("Query"),
            Fhir::Create(_) => restful("Create"),
            Fhir::Update(_) => restful("Update"),
            Fhir::Delete(_) => restful("Delete"),
            Fhir::Disclosure(Side::Recipient) => disclosed.then(|| "PrivacyDisclosure.Recipient".to_owned()),
            Fhir::Disclosure(_) => disclosed.then(|| "PrivacyDisclosure.Source".to_owned()),
            Fhir::Plain(..) => None,
        }
    }
}

/// What happened within one site is no disclosure: the same as if the person had made it or received it here.
fn settled(fhir: Fhir, view: &EntryView) -> Fhir {
    let Fhir::Disclosure(side) = fhir else { return fhir };
    if view.entry.peer.is_none() {
        let life = if side == Side::Source { codes::TRANSMIT } else { codes::RECEIVE };
        return Fhir::Plain(life, None, if side == Side::Source { 'R' } else { 'C' });
    }
    match (side, view.entry.detail.get("role").and_then(Value::as_str)) {
        (Side::AsRecorded, Some("source")) => Fhir::Disclosure(Side::Source),
        (Side::AsRecorded, _) => Fhir::Disclosure(Side::Recipient),
        _ => fhir,
    }
}
