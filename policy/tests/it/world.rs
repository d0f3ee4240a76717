//! The people, collections and rules that the tests speak about.

use sealane_policy::{
    Action, Assurance, Class, CollectionId, Decision, Engine, GrantRow, Permission, PersonId, Principal, RemotePath,
    Request, Resource, RuleId, Snapshot, Subject,
};
use uuid::Uuid;

/// The moment at which everybody asks, unless a test says otherwise.
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) const ALL: [Permission; 5] = Permission::ALL;

pub(crate) fn collection() -> CollectionId {
    CollectionId::from_uuid(Uuid::from_u128(1))
}

pub(crate) fn ana() -> PersonId {
    PersonId::new("https://idp.hospital-a.example", "ana")
}

pub(crate) fn ben() -> PersonId {
    PersonId::new("https://idp.hospital-a.example", "ben")
}

/// A person who signed in this very second.
pub(crate) fn fresh(person: PersonId) -> Subject {
    signed_in_at(person, Some(NOW))
}

pub(crate) fn signed_in_at(person: PersonId, auth_time_s: Option<i64>) -> Subject {
    Subject::person(person, Assurance { auth_time_s, ..Assurance::default() })
}

/// A person for whom a peer speaks.
pub(crate) fn visitor(person: PersonId, ceiling: Option<Class>) -> Subject {
    Subject { via_site: Some("university-b".to_owned()), peer_ceiling: ceiling, ..fresh(person) }
}

pub(crate) fn path(text: &str) -> RemotePath {
    RemotePath::parse_text(text).unwrap()
}

/// A rule, to be changed by the methods below.
pub(crate) fn rule(number: u128, principal: Principal, at: &str, permissions: &[Permission]) -> GrantRow {
    GrantRow {
        id: RuleId::from_uuid(Uuid::from_u128(number)),
        collection: collection(),
        path: path(at),
        principal,
        permissions: permissions.to_vec(),
        deny: false,
        expires_s: None,
        purpose: None,
    }
}

pub(crate) fn refusal(number: u128, principal: Principal, at: &str, permissions: &[Permission]) -> GrantRow {
    GrantRow { deny: true, ..rule(number, principal, at, permissions) }
}

pub(crate) fn engine(rows: Vec<GrantRow>) -> Engine {
    Engine::new(Snapshot::build(rows).unwrap()).unwrap()
}

pub(crate) fn ask(subject: Subject, action: Action, class: Class, at: &str) -> Request {
    let resource = Resource::collection(collection(), class, path(at), None);
    Request { subject, action, resource, purpose: None, now_s: NOW }
}

pub(crate) fn code(decision: &Decision) -> &'static str {
    decision.reason().code
}

/// The code of the answer to a request about internal data.
pub(crate) fn answer(engine: &Engine, subject: Subject, action: Action, at: &str) -> &'static str {
    code(&engine.decide(&ask(subject, action, Class::Internal, at)))
}
