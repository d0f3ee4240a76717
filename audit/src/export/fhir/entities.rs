//! Entities of an AuditEvent: the data, the person whom it is about, and the entry of the log that says so.
//!
//! BALP's patterns allow one entity of the type System Object, so the log's entry is of the type Other.

use data_encoding::BASE64;
use serde_json::{Map, Value, json};

use super::super::Context;
use super::super::mapping::Fhir;
use super::super::words::{self, named_by_hash};
use super::codes::{self, Code};
use super::{Shape, text, uri};
use crate::event::Kind;
use crate::query::EntryView;

/// Every entity of the event.
pub(super) fn of(shape: &Shape, view: &EntryView, context: &Context, subject: Option<&str>) -> Vec<Value> {
    let object = match shape.fhir {
        Fhir::Query => query(view),
        _ => data(view),
    };
    let patient = subject.map(|subject| patient(subject, context));
    let all = patient.into_iter().chain([object, log_entry(view, context)]);
    all.map(Value::Object).collect()
}

fn entity(kind: Code, role: Code) -> Map<String, Value> {
    let members = [("type", kind.coding()), ("role", role.coding())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn patient(subject: &str, context: &Context) -> Map<String, Value> {
    let mut patient = entity(codes::PERSON, codes::PATIENT);
    let system = format!("urn:uuid:{}", context.site_id);
    let pseudonym = text(subject).unwrap_or_else(|| "unnamed".to_owned());
    patient.insert("what".into(), json!({ "type": "Patient", "identifier": { "system": system, "value": pseudonym } }));
    patient
}

/// What was acted upon.
fn data(view: &EntryView) -> Map<String, Value> {
    let object = &view.entry.object;
    let job = object.path.is_none() && object.task.is_some();
    let mut data = entity(codes::SYSTEM_OBJECT, if job { codes::JOB } else { codes::DOMAIN_RESOURCE });
    let path = words::revealed(view, "object.path").and_then(text);
    let hidden = object.path.as_ref().map(named_by_hash);
    let ids = [object.collection.clone(), if job { object.task.clone() } else { None }];
    let id = ids.into_iter().flatten().chain(path.clone().or(hidden)).collect::<Vec<_>>().join("/");
    let id = text(&id).unwrap_or_else(|| noun(view.entry.kind).to_owned());
    let mut what = Map::from_iter([("identifier".to_owned(), json!({ "value": id }))]);
    what.extend(path.map(|path| ("display".to_owned(), path.into())));
    data.insert("what".into(), what.into());
    security_label(view, &mut data);
    let detail = details(facts_of_data(view));
    if !detail.is_empty() {
        data.insert("detail".into(), detail.into());
    }
    data
}

/// What was asked: the request as the log knows it, since the words of the wire are not kept.
fn query(view: &EntryView) -> Map<String, Value> {
    let mut query = entity(codes::SYSTEM_OBJECT, codes::QUERY);
    let mut asked = vec![view.entry.kind.name().to_owned()];
    let object = &view.entry.object;
    asked.extend(object.collection.as_ref().map(|id| format!("collection={id}")));
    let path = words::revealed(view, "object.path").map(str::to_owned);
    asked.extend(path.or_else(|| object.path.as_ref().map(named_by_hash)).map(|path| format!("path={path}")));
    asked.extend(object.task.as_ref().map(|id| format!("task={id}")));
    let asked = asked.join(" ");
    query.insert("query".into(), BASE64.encode(asked.as_bytes()).into());
    query.extend(text(&asked).map(|asked| ("description".to_owned(), asked.into())));
    security_label(view, &mut query);
    query
}

/// The entry itself, so that whoever has the log can find and check it.
fn log_entry(view: &EntryView, context: &Context) -> Map<String, Value> {
    let entry = &view.entry;
    let mut map = entity(codes::OTHER, codes::SECURITY_RESOURCE);
    let name = json!({ "system": "urn:ietf:rfc:3986", "value": named_by_hash(&view.leaf) });
    map.insert("what".into(), json!({ "identifier": name }));
    let facts = [
        ("log", Some(context.origin.clone())),
        ("index", Some(entry.index.to_string())),
        ("prev", Some(entry.prev.to_string())),
        ("kind", Some(entry.kind.name().to_owned())),
        ("phase", Some(entry.phase.word().to_owned())),
        ("operation", Some(entry.op.to_string())),
        ("mono-us", entry.mono_us.map(|mono| mono.to_string())),
        ("clock-synchronised", entry.clock.map(|clock| clock.synchronised.to_string())),
        ("clock-error-us", entry.clock.and_then(|clock| clock.error_us).map(|error| error.to_string())),
        ("decision", entry.decision.as_ref().map(|it| it.id.to_string())),
        ("effect", entry.decision.as_ref().map(|it| it.effect.clone())),
        ("rule", entry.decision.as_ref().and_then(|it| it.rule.clone())),
        ("reason", entry.decision.as_ref().map(|it| it.reason.clone())),
        ("policy-snapshot", entry.decision.as_ref().map(|it| it.snapshot.to_string())),
        ("acr", entry.actor.as_ref().and_then(|it| it.acr.clone())),
        ("amr", entry.actor.as_ref().map(|it| it.amr.join(" "))),
        ("signed-in-at", entry.actor.as_ref().and_then(|it| it.auth_time_s).map(words::utc_s)),
        ("issuer", entry.actor.as_ref().filter(|it| uri(&it.issuer).is_none()).map(|it| it.issuer.clone())),
        ("transport", entry.transport.clone()),
        ("product-version", Some(context.version.clone())),
    ];
    let facts = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let absent =
        words::absences(view).into_iter().map(|(field, why)| (field, why.as_str().unwrap_or_default().to_owned()));
    map.insert("detail".into(), details(facts.chain(absent)).into());
    map
}

fn facts_of_data(view: &EntryView) -> impl Iterator<Item = (String, String)> {
    let object = &view.entry.object;
    let measured = [
        ("task", object.task.clone()),
        ("bytes", object.bytes.map(|bytes| bytes.to_string())),
        ("files", object.files.map(|files| files.to_string())),
        ("sha-256-tree", object.digest.map(|digest| digest.to_string())),
        ("class", object.class.clone()),
    ];
    let measured = measured.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let more = words::facts(view).into_iter().map(|(name, value)| match value {
        Value::String(text) => (name, text),
        other => (name, other.to_string()),
    });
    measured.chain(more)
}

/// AuditEvent.entity.detail: neither side of it may be empty.
fn details(facts: impl Iterator<Item = (String, String)>) -> Vec<Value> {
    facts.filter_map(|(name, value)| Some(json!({ "type": text(&name)?, "valueString": text(&value)? }))).collect()
}

fn security_label(view: &EntryView, entity: &mut Map<String, Value>) {
    if let Some(class) = &view.entry.object.class {
        entity.insert("securityLabel".into(), json!([codes::confidentiality_of(class).coding()]));
    }
}

/// What a kind is about, in a word.
fn noun(kind: Kind) -> &'static str {
    kind.name().split_once('.').map_or(kind.name(), |(noun, _)| noun)
}
