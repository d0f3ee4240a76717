//! The objects inside an OCSF event: who, from where, to what.
//!
//! A personal value that the view does not reveal is named by its commitment, so that events about the same value of one
//! entry can still be told apart and nobody takes a gap for an answer.

use std::net::IpAddr;

use serde_json::{Map, Value, json};

use super::super::Context;
use super::super::words::{self, named_by_hash, printable};
use super::put;
use crate::event::{Access, Kind, Sharing, Transfer};
use crate::query::EntryView;

/// Who acted: a person in a session, or the product itself.
pub(super) fn actor(view: &EntryView) -> Value {
    let Some(actor) = &view.entry.actor else { return json!({ "app_name": "Sealane" }) };
    let mut object = Map::new();
    put(&mut object, "user", Some(user(view)));
    put(&mut object, "session", session(view));
    put(&mut object, "idp", Some(json!({ "name": actor.issuer, "issuer": actor.issuer })));
    put(&mut object, "invoked_by", actor.via_site.clone());
    Value::Object(object)
}

/// The person, by their identity provider's name for them.
pub(super) fn user(view: &EntryView) -> Value {
    let Some(actor) = &view.entry.actor else {
        return json!({ "name": "not signed in", "type_id": 0, "type": "Unknown" });
    };
    let uid = words::revealed(view, "actor.subject").map_or_else(|| named_by_hash(&actor.subject), str::to_owned);
    json!({ "uid": uid, "domain": actor.issuer, "type_id": 1, "type": "User" })
}

/// The session and how surely it is theirs.
pub(super) fn session(view: &EntryView) -> Option<Value> {
    let actor = view.entry.actor.as_ref()?;
    let mut object = Map::new();
    put(&mut object, "uid", actor.session.clone());
    put(&mut object, "issuer", Some(actor.issuer.clone()));
    put(&mut object, "created_time", actor.auth_time_s.and_then(|at_s| at_s.checked_mul(1_000)));
    put(&mut object, "is_remote", Some(true));
    Some(Value::Object(object))
}

/// Where the person was.
pub(super) fn client_endpoint(view: &EntryView, context: &Context) -> Value {
    let Some(commitment) = &view.entry.client else { return own_endpoint(context) };
    match words::revealed(view, "client") {
        Some(text) => match text.parse::<IpAddr>() {
            Ok(ip) => json!({ "ip": ip.to_string() }),
            Err(_) => json!({ "name": text }),
        },
        None => json!({ "uid": named_by_hash(commitment) }),
    }
}

/// This node.
pub(super) fn own_endpoint(context: &Context) -> Value {
    json!({ "hostname": context.host, "svc_name": "sealane", "type_id": 1, "type": "Server" })
}

/// The peer, where one is concerned.
pub(super) fn peer_endpoint(view: &EntryView) -> Option<Value> {
    let peer = view.entry.peer.as_ref()?;
    Some(json!({ "uid": peer, "svc_name": "sealane-lane", "type_id": 1, "type": "Server" }))
}

/// The product as something that starts and stops.
pub(super) fn product_as_application(context: &Context) -> Value {
    json!({ "name": "Sealane", "vendor_name": "Sealane", "uid": context.origin, "version": context.version })
}

/// What was asked.
pub(super) fn api(view: &EntryView) -> Value {
    json!({ "operation": view.entry.kind.name(), "service": { "name": "Sealane" }, "request": { "uid": view.entry.op.to_string() } })
}

/// What it was asked of.
pub(super) fn resource(view: &EntryView) -> Value {
    let (uid, name) = what(view);
    let mut object = Map::new();
    put(&mut object, "uid", uid);
    put(&mut object, "name", Some(name));
    put(&mut object, "type", Some(noun(view.entry.kind)));
    put(&mut object, "data_classification", classification(view));
    Value::Object(object)
}

/// What is managed.
pub(super) fn entity(view: &EntryView) -> Value {
    let (uid, name) = what(view);
    let mut object = Map::new();
    put(&mut object, "uid", uid);
    put(&mut object, "name", Some(name));
    put(&mut object, "type_id", Some(99));
    put(&mut object, "type", Some(noun(view.entry.kind)));
    Value::Object(object)
}

/// The file or folder; for a task, its manifest.
pub(super) fn file(view: &EntryView) -> Value {
    let entry = &view.entry;
    let (type_id, type_name) = match (entry.object.path, entry.kind) {
        (None, _) => (99, "Manifest"),
        (_, Kind::Access(Access::DirectoryCreate | Access::DirectoryList) | Kind::Sharing(_)) => (2, "Folder"),
        (_, Kind::Access(Access::ContentRead | Access::ContentWrite)) => (1, "Regular File"),
        (_, Kind::Transfer(Transfer::FileRelease | Transfer::FileCommit)) => (1, "Regular File"),
        _ => (0, "Unknown"),
    };
    let mut object = match words::revealed(view, "object.path") {
        Some(path) => at_path(path),
        None => {
            let hidden = entry.object.path.as_ref().map(named_by_hash);
            let name = hidden.or_else(|| entry.object.task.clone()).unwrap_or_else(|| noun(entry.kind).to_owned());
            Map::from_iter([("name".to_owned(), name.into())])
        }
    };
    put(&mut object, "type_id", Some(type_id));
    put(&mut object, "type", Some(type_name));
    put(&mut object, "uid", entry.object.collection.clone());
    put(&mut object, "size", entry.object.bytes);
    let tree = |digest| json!([{ "algorithm_id": 99, "algorithm": "SHA-256 tree (RFC 6962)", "value": digest }]);
    put(&mut object, "hashes", entry.object.digest.map(|digest| tree(digest.to_string())));
    put(&mut object, "data_classification", classification(view));
    Value::Object(object)
}

/// What a renamed file is called now.
pub(super) fn renamed(view: &EntryView) -> Option<Value> {
    if view.entry.kind != Kind::Access(Access::EntryRename) {
        return None;
    }
    let mut object = at_path(words::revealed(view, "private.to")?);
    put(&mut object, "type_id", Some(0));
    put(&mut object, "type", Some("Unknown"));
    Some(Value::Object(object))
}

fn at_path(path: &str) -> Map<String, Value> {
    let path = printable(path);
    let (folder, name) = path.trim_end_matches('/').rsplit_once('/').unwrap_or(("", path.as_ref()));
    let mut object = Map::new();
    put(&mut object, "path", Some(path.as_ref()));
    put(&mut object, "name", Some(if name.is_empty() { "/" } else { name }));
    put(&mut object, "parent_folder", (!folder.is_empty()).then_some(folder));
    object
}

/// Class of the data, in the framework's own scale and in our word.
fn classification(view: &EntryView) -> Option<Value> {
    let class = view.entry.object.class.as_deref()?;
    let (category_id, category) = match class {
        "pii" | "phi" | "phi-limited" => (1, "Personal"),
        "cui-basic" | "cui-specified" => (2, "Governmental"),
        "internal" => (4, "Business"),
        _ => (0, "Unknown"),
    };
    let (confidentiality_id, confidentiality) = match class {
        "public" => (1, "Not Confidential"),
        "internal" => (2, "Confidential"),
        _ => (6, "Restricted"),
    };
    Some(json!({
        "uid": class,
        "category_id": category_id,
        "category": category,
        "confidentiality_id": confidentiality_id,
        "confidentiality": confidentiality,
    }))
}

/// Id and name of what the entry is about.
fn what(view: &EntryView) -> (Option<String>, String) {
    let object = &view.entry.object;
    let detail = |name: &str| view.entry.detail.get(name)?.as_str().map(str::to_owned);
    let rule =
        matches!(view.entry.kind, Kind::Sharing(Sharing::RuleChange | Sharing::RuleCreate | Sharing::RuleRemove));
    let uid = if rule { detail("rule") } else { None };
    let uid = uid.or_else(|| object.task.clone()).or_else(|| object.collection.clone()).or_else(|| detail("site"));
    (uid, detail("name").unwrap_or_else(|| noun(view.entry.kind).to_owned()))
}

/// What a kind is about, in a word: `collection` of `collection.create`.
fn noun(kind: Kind) -> &'static str {
    kind.name().split_once('.').map_or(kind.name(), |(noun, _)| noun)
}
