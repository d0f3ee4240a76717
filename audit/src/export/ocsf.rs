//! The Open Cybersecurity Schema Framework: one JSON object a line, for security information tools.
//!
//! Each entry becomes an event of the class that [`mapping`](super::mapping) gives its kind, valid against the schema of
//! [`OCSF_VERSION`] with the profiles `data_classification`, `datetime` and `security_control`. What the schema has no
//! place for stands under `unmapped`; the entry as it is in the log stands in `raw_data`, so that its hash can be
//! checked against the leaf hash in `metadata.uid`.

mod objects;

use serde_json::{Map, Value, json};

use super::Context;
use super::mapping::{self, Activity, Class, OCSF_VERSION};
use super::words::{self, printable, utc_ns};
use crate::event::{Outcome, Phase};
use crate::query::EntryView;

/// One line.
pub(super) fn entry(view: &EntryView, context: &Context, out: &mut Vec<u8>) {
    out.extend_from_slice(Value::Object(event(view, context)).to_string().as_bytes());
    out.push(b'\n');
}

fn event(view: &EntryView, context: &Context) -> Map<String, Value> {
    let activity = mapping::of(view.entry.kind).ocsf;
    let mut event = base(view, context, activity);
    status(view, &mut event);
    decision(view, &mut event);
    match activity.class {
        Class::Authentication => authentication(view, context, &mut event),
        Class::EntityManagement => {
            acting(view, context, &mut event);
            event.insert("entity".into(), objects::entity(view));
        }
        Class::UserAccess => user_access(view, context, &mut event),
        Class::ApplicationLifecycle => {
            event.insert("app".into(), objects::product_as_application(context));
        }
        Class::ApiActivity => {
            acting(view, context, &mut event);
            event.insert("api".into(), objects::api(view));
            event.insert("resources".into(), json!([objects::resource(view)]));
        }
        Class::FileHosting => {
            acting(view, context, &mut event);
            event.insert("file".into(), objects::file(view));
            put(&mut event, "file_result", objects::renamed(view));
        }
        Class::NetworkActivity => network(view, context, &mut event),
        Class::ComplianceFinding => finding(view, &mut event),
    }
    event
}

fn put(object: &mut Map<String, Value>, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        object.insert(name.to_owned(), value.into());
    }
}

/// What every event has.
fn base(view: &EntryView, context: &Context, activity: Activity) -> Map<String, Value> {
    let Activity { class, id, name } = activity;
    let (category_uid, category_name) = class.category();
    let entry = &view.entry;
    let mut event = Map::new();
    put(&mut event, "activity_id", Some(id));
    put(&mut event, "activity_name", Some(name));
    put(&mut event, "category_uid", Some(category_uid));
    put(&mut event, "category_name", Some(category_name));
    put(&mut event, "class_uid", Some(class.uid()));
    put(&mut event, "class_name", Some(class.name()));
    put(&mut event, "type_uid", Some(class.uid() * 100 + id));
    put(&mut event, "type_name", Some(format!("{}: {}", class.name(), if id == 99 { "Other" } else { name })));
    put(&mut event, "time", Some(entry.at_ns.div_euclid(1_000_000)));
    put(&mut event, "time_dt", Some(utc_ns(entry.at_ns)));
    put(&mut event, "timezone_offset", Some(0));
    put(&mut event, "message", Some(entry.kind.describes()));
    put(&mut event, "metadata", Some(metadata(view, context)));
    put(&mut event, "raw_data", Some(view.json.clone()));
    put(&mut event, "raw_data_size", Some(view.json.len()));
    put(&mut event, "unmapped", Some(unmapped(view, class)));
    event
}

fn metadata(view: &EntryView, context: &Context) -> Value {
    json!({
        "version": OCSF_VERSION,
        "profiles": ["data_classification", "datetime", "security_control"],
        "product": { "name": "Sealane", "vendor_name": "Sealane", "version": context.version },
        "uid": view.leaf.to_string(),
        "sequence": view.entry.index,
        "correlation_uid": view.entry.op.to_string(),
        "event_code": view.entry.kind.name(),
        "log_name": context.origin,
        "log_provider": context.host,
        "tenant_uid": context.site_id,
        "original_time": utc_ns(view.entry.at_ns),
    })
}

/// What the schema has no place for.
fn unmapped(view: &EntryView, class: Class) -> Value {
    let entry = &view.entry;
    let mut rest = words::facts(view);
    put(&mut rest, "phase", Some(entry.phase.word()));
    put(&mut rest, "mono_us", entry.mono_us);
    put(&mut rest, "clock_synchronised", entry.clock.map(|clock| clock.synchronised));
    put(&mut rest, "clock_error_us", entry.clock.and_then(|clock| clock.error_us));
    put(&mut rest, "prev", Some(entry.prev.to_string()));
    let absent = words::absences(view);
    put(&mut rest, "absent", (!absent.is_empty()).then_some(absent));
    put(&mut rest, "purpose", words::revealed(view, "private.purpose"));
    put(&mut rest, "peer", entry.peer.clone());
    put(&mut rest, "transport", entry.transport.clone());
    put(&mut rest, "collection", entry.object.collection.clone());
    put(&mut rest, "task", entry.object.task.clone());
    put(&mut rest, "files", entry.object.files);
    put(&mut rest, "class", entry.object.class.clone());
    // These classes know connections, programs and findings, but not the people behind them.
    let impersonal = matches!(class, Class::NetworkActivity | Class::ApplicationLifecycle | Class::ComplianceFinding);
    let person = impersonal && entry.actor.is_some();
    put(&mut rest, "actor", person.then(|| objects::actor(view)));
    Value::Object(rest)
}

/// Severity and status: how it ended, or that it has not ended yet.
fn status(view: &EntryView, event: &mut Map<String, Value>) {
    let outcome = view.entry.outcome.as_ref();
    let (severity, severity_name) = match outcome.map(|outcome| outcome.outcome) {
        None | Some(Outcome::Done | Outcome::StepUp) => (1, "Informational"),
        Some(Outcome::Failed | Outcome::Interrupted) => (2, "Low"),
        Some(Outcome::Denied) => (3, "Medium"),
    };
    let (id, name) = match (outcome.map(|outcome| outcome.outcome), view.entry.phase) {
        (Some(Outcome::Done), _) | (None, Phase::Info) => (1, "Success"),
        (Some(_), _) => (2, "Failure"),
        (None, Phase::Intent | Phase::Outcome) => (99, "Intended"),
    };
    put(event, "severity_id", Some(severity));
    put(event, "severity", Some(severity_name));
    put(event, "status_id", Some(id));
    put(event, "status", Some(name));
    put(event, "status_code", outcome.map(|outcome| outcome.code.clone()));
    put(event, "status_detail", outcome.map(|outcome| outcome.message.clone()).filter(|text| !text.is_empty()));
}

/// The policy's answer (profile `security_control`).
fn decision(view: &EntryView, event: &mut Map<String, Value>) {
    let Some(decision) = &view.entry.decision else { return };
    let permitted = decision.effect == "permit";
    put(event, "action_id", Some(if permitted { 1 } else { 2 }));
    put(event, "action", Some(if permitted { "Allowed" } else { "Denied" }));
    put(event, "disposition_id", Some(if permitted { 1 } else { 2 }));
    put(event, "disposition", Some(if permitted { "Allowed" } else { "Blocked" }));
    let mut policy = Map::new();
    put(&mut policy, "uid", Some(decision.id.to_string()));
    put(&mut policy, "name", decision.rule.clone());
    put(&mut policy, "desc", Some(decision.reason.clone()));
    put(&mut policy, "version", Some(decision.snapshot.to_string()));
    put(event, "authorizations", Some(json!([{ "decision": decision.effect, "policy": policy }])));
}

/// Who, and from where.
fn acting(view: &EntryView, context: &Context, event: &mut Map<String, Value>) {
    put(event, "actor", Some(objects::actor(view)));
    put(event, "src_endpoint", Some(objects::client_endpoint(view, context)));
}

fn authentication(view: &EntryView, context: &Context, event: &mut Map<String, Value>) {
    acting(view, context, event);
    put(event, "user", Some(objects::user(view)));
    put(event, "service", Some(json!({ "name": "Sealane", "uid": context.site_id, "version": context.version })));
    put(event, "dst_endpoint", Some(objects::own_endpoint(context)));
    put(event, "session", objects::session(view));
    let methods = view.entry.actor.as_ref().map_or(&[][..], |actor| &actor.amr);
    put(event, "is_mfa", (!methods.is_empty()).then(|| methods.len() > 1 || methods.iter().any(|it| it == "mfa")));
}

fn user_access(view: &EntryView, context: &Context, event: &mut Map<String, Value>) {
    acting(view, context, event);
    let facts = words::facts(view);
    let named = |names: &[&str]| names.iter().find_map(|name| facts.get(*name)?.as_str().map(printable));
    let user = named(&["principal.new", "principal.old", "principal", "person"]);
    put(event, "user", Some(json!({ "name": user.as_deref().unwrap_or("not recorded in the entry") })));
    let privileges = named(&["role.new", "role.old", "role", "permissions.new", "permissions.old", "permissions"]);
    let privileges: Vec<_> = privileges.iter().flat_map(|text| text.split_whitespace()).collect();
    put(event, "privileges", Some(json!(privileges)));
}

fn network(view: &EntryView, context: &Context, event: &mut Map<String, Value>) {
    put(event, "src_endpoint", Some(objects::peer_endpoint(view).unwrap_or_else(|| objects::own_endpoint(context))));
    put(event, "dst_endpoint", Some(objects::own_endpoint(context)));
    put(event, "connection_info", Some(json!({ "direction_id": 0, "direction": "Unknown", "protocol_name": "tcp" })));
    put(event, "traffic", view.entry.object.bytes.map(|bytes| json!({ "bytes": bytes })));
    // A lane is TLS 1.3 or it is not opened.
    put(event, "tls", view.entry.transport.as_ref().map(|suite| json!({ "version": "1.3", "cipher": suite })));
}

fn finding(view: &EntryView, event: &mut Map<String, Value>) {
    let facts = words::facts(view);
    let text = |name: &str| facts.get(name).and_then(Value::as_str).map(|text| printable(text).into_owned());
    // That a check ran to its end does not say that the control holds: the entry's detail does.
    let (id, verdict, status_id, status) = match facts.get("passed").and_then(Value::as_bool) {
        Some(true) => (1, "Pass", 4, "Resolved"),
        Some(false) => (3, "Fail", 1, "New"),
        None => (0, "Unknown", 0, "Unknown"),
    };
    let mut compliance = Map::new();
    put(&mut compliance, "control", text("control"));
    put(&mut compliance, "status_id", Some(id));
    put(&mut compliance, "status", Some(verdict));
    put(&mut compliance, "standards", Some(json!(["NIST SP 800-53 r5"])));
    put(event, "compliance", Some(compliance));
    // The status of a finding is what is left to do about it.
    put(event, "status_id", Some(status_id));
    put(event, "status", Some(status));
    let uid = text("check").unwrap_or_else(|| view.entry.op.to_string());
    put(event, "finding_info", Some(json!({ "uid": uid, "title": view.entry.kind.describes() })));
}
