//! A site of a million access rules, the same for every bench.
#![allow(dead_code, reason = "each bench uses what it needs of the world")]

use sealane_policy::{
    Action, Assurance, Class, CollectionId, GrantRow, Permission, PersonId, Principal, RemotePath, Request, Resource,
    RuleId, Subject,
};
use uuid::Uuid;

pub(crate) const RULES: u128 = 1_000_000;
/// Under `cargo test` a bench only shows that it still runs.
const RULES_IN_TESTS: u128 = 2_000;
pub(crate) const COLLECTIONS: u128 = 100;
pub(crate) const NOW: i64 = 1_800_000_000;

pub(crate) fn is_bench() -> bool {
    std::env::args().any(|word| word == "--bench")
}

pub(crate) fn rules() -> u128 {
    if is_bench() { RULES } else { RULES_IN_TESTS }
}

pub(crate) fn collection(number: u128) -> CollectionId {
    CollectionId::from_uuid(Uuid::from_u128(number % COLLECTIONS))
}

pub(crate) fn place(number: u128) -> RemotePath {
    let names = ["projects".to_owned(), format!("p{}", number % 1_000), format!("d{}", number % 97)];
    RemotePath::from_components(names.into_iter().map(String::into_bytes)).unwrap_or_default()
}

pub(crate) fn person(number: u128) -> PersonId {
    PersonId::new("https://idp.example", format!("person-{number}"))
}

pub(crate) fn row(number: u128) -> GrantRow {
    GrantRow {
        id: RuleId::from_uuid(Uuid::from_u128(number)),
        collection: collection(number),
        path: place(number),
        principal: if number.is_multiple_of(3) {
            Principal::Group(format!("g{}", number % 500))
        } else {
            Principal::Person(person(number % 100_000))
        },
        permissions: vec![Permission::List, Permission::Read],
        deny: number.is_multiple_of(50),
        expires_s: number.is_multiple_of(7).then_some(NOW + 86_400),
        purpose: None,
    }
}

pub(crate) fn rows() -> Vec<GrantRow> {
    (1..=rules()).map(row).collect()
}

/// Somebody in 18 groups with an address, who asks for something that a rule is about.
pub(crate) fn request(number: u128) -> Request {
    let assurance = Assurance { auth_time_s: Some(NOW), ..Assurance::default() };
    let subject = Subject {
        groups: (0..18).map(|group| format!("g{}", (number + group) % 500)).collect(),
        email: Some("somebody@example.org".to_owned()),
        ..Subject::person(person(number % 100_000), assurance)
    };
    let resource = Resource::collection(collection(number), Class::Phi, place(number), None);
    Request { subject, action: Action::ReadContent, resource, purpose: None, now_s: NOW }
}

/// Bytes of memory in use (Linux), so that the index can be weighed. None elsewhere.
pub(crate) fn resident_bytes() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * 4096)
}

/// The value at so many thousandths, in microseconds.
pub(crate) fn at_us(sorted_ns: &[u128], thousandths: usize) -> f64 {
    let index = sorted_ns.len().saturating_sub(1) * thousandths / 1_000;
    sorted_ns.get(index).copied().unwrap_or_default() as f64 / 1e3
}
