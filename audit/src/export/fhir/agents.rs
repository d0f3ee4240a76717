//! Agents of an AuditEvent: the person, the software that they used, this gateway, the other site.
//!
//! BALP's patterns demand who and network of both ends and forbid a network on the person. Which end is source and which
//! destination differs from pattern to pattern, since it follows what flows: the question or the answer.

use std::net::IpAddr;

use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::super::Context;
use super::super::mapping::{Fhir, Side};
use super::super::words::{self, named_by_hash};
use super::codes::{self, Code};
use super::{Shape, text, uri};
use crate::entry::EntryActor;
use crate::query::EntryView;

/// Every agent of the event.
pub(super) fn of(shape: &Shape, view: &EntryView, context: &Context) -> Vec<Value> {
    match shape.fhir {
        Fhir::Read => restful(view, context, [codes::DESTINATION, codes::SOURCE, codes::RECIPIENT]),
        Fhir::Query => restful(view, context, [codes::SOURCE, codes::DESTINATION, codes::RECIPIENT]),
        Fhir::Create(_) | Fhir::Update(_) => restful(view, context, [codes::SOURCE, codes::DESTINATION, codes::AUTHOR]),
        Fhir::Delete(_) => restful(view, context, [codes::APPLICATION, codes::CUSTODIAN, codes::AUTHOR]),
        Fhir::Disclosure(side) => disclosure(side, view, context),
        Fhir::Plain(..) => plain(view, context),
    }
}

/// The node's site, as everybody can name it.
pub(super) fn this_site(context: &Context) -> Value {
    json!({
        "type": "Device",
        "identifier": { "system": "urn:ietf:rfc:3986", "value": format!("urn:uuid:{}", context.site_id) },
        "display": context.host,
    })
}

fn restful(view: &EntryView, context: &Context, [client, server, user]: [Code; 3]) -> Vec<Value> {
    let person = view.entry.actor.as_ref();
    let mut agents = Vec::new();
    if let Some(network) = network_of_client(view) {
        let mut agent = agent(client, client_software(person), person.is_none());
        agent.insert("network".into(), network);
        agents.push(agent);
    }
    let mut own = agent(server, this_site(context), person.is_none() && agents.is_empty());
    own.insert("network".into(), machine(&context.host));
    agents.push(own);
    agents.extend(person.map(|person| user_agent(user, person, view)));
    agents.into_iter().map(Value::Object).collect()
}

fn disclosure(side: Side, view: &EntryView, context: &Context) -> Vec<Value> {
    let person = view.entry.actor.as_ref();
    let (own_type, peer_type) = match side {
        Side::Recipient => (codes::DESTINATION, codes::SOURCE),
        Side::Source | Side::AsRecorded => (codes::SOURCE, codes::DESTINATION),
    };
    let mut own = agent(own_type, this_site(context), person.is_none());
    own.insert("network".into(), machine(&context.host));
    let name = view.entry.peer.as_deref().unwrap_or_default();
    let mut peer = agent(peer_type, other_site(name), false);
    // The entry knows the peer by its key, not by the address that its connections came from.
    peer.insert("network".into(), json!({ "address": peer_uri(name), "type": "5" }));
    let user = person.map(|person| user_agent(codes::HUMAN, person, view));
    [own, peer].into_iter().chain(user).map(Value::Object).collect()
}

fn plain(view: &EntryView, context: &Context) -> Vec<Value> {
    let person = view.entry.actor.as_ref();
    let mut own = agent(codes::APPLICATION, this_site(context), person.is_none());
    own.insert("network".into(), machine(&context.host));
    let user = person.map(|person| {
        let mut user = user_agent(codes::HUMAN, person, view);
        user.extend(network_of_client(view).map(|network| ("network".to_owned(), network)));
        user
    });
    user.into_iter().chain([own]).map(Value::Object).collect()
}

fn agent(kind: Code, who: Value, requestor: bool) -> Map<String, Value> {
    let members = [("type", kind.concept()), ("who", who), ("requestor", requestor.into())];
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The person: who, why, and by which decision.
fn user_agent(kind: Code, person: &EntryActor, view: &EntryView) -> Map<String, Value> {
    let mut user = agent(kind, person_of(person, view), true);
    if let Some(decision) = &view.entry.decision {
        user.insert("policy".into(), json!([format!("urn:uuid:{}", decision.id)]));
    }
    if let Some(purpose) = words::revealed(view, "private.purpose").and_then(text) {
        user.insert("purposeOfUse".into(), json!([{ "text": purpose }]));
    }
    user
}

fn person_of(person: &EntryActor, view: &EntryView) -> Value {
    let mut identifier = Map::new();
    match words::revealed(view, "actor.subject").and_then(text) {
        Some(subject) => {
            identifier.extend(uri(&person.issuer).map(|issuer| ("system".to_owned(), issuer.into())));
            identifier.insert("value".into(), subject.into());
        }
        None => {
            identifier.insert("system".into(), "urn:ietf:rfc:3986".into());
            identifier.insert("value".into(), named_by_hash(&person.subject).into());
        }
    }
    if let Some(site) = person.via_site.as_deref().and_then(text) {
        identifier.insert("assigner".into(), json!({ "display": site }));
    }
    json!({ "identifier": identifier })
}

/// The software that the person used: known by its session only.
fn client_software(person: Option<&EntryActor>) -> Value {
    match person.and_then(|person| text(person.session.as_deref()?)) {
        Some(session) => json!({ "identifier": { "value": session }, "display": "the client of this session" }),
        None => json!({ "display": "a client without a session" }),
    }
}

fn network_of_client(view: &EntryView) -> Option<Value> {
    let commitment = view.entry.client.as_ref()?;
    Some(match words::revealed(view, "client").and_then(text) {
        Some(address) if address.parse::<IpAddr>().is_ok() => json!({ "address": address, "type": "2" }),
        Some(address) => machine(&address),
        None => json!({ "address": named_by_hash(commitment), "type": "5" }),
    })
}

fn machine(name: &str) -> Value {
    json!({ "address": name, "type": "1" })
}

fn other_site(name: &str) -> Value {
    json!({ "type": "Device", "identifier": { "system": "urn:ietf:rfc:3986", "value": peer_uri(name) } })
}

/// Sites are named by UUID; another name stands as it is.
fn peer_uri(name: &str) -> String {
    match name.parse::<Uuid>() {
        Ok(id) => format!("urn:uuid:{id}"),
        Err(_) => text(name).unwrap_or_else(|| "unnamed".to_owned()),
    }
}
