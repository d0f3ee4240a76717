//! Decisions per second over 100,000 access rules: `cargo bench -p sealane-policy`.
//!
//! Standard library only. A decision here is the whole of it: closure of the subject, walk of the index, facts, casbin, words.

use std::hint::black_box;
use std::time::Instant;

use sealane_policy::{
    Action, Assurance, Class, CollectionId, Engine, GrantRow, LintError, Permission, PersonId, Principal, RemotePath,
    Request, Resource, RuleId, Snapshot, Subject,
};
use uuid::Uuid;

const RULES: u128 = 100_000;
const DECISIONS: usize = 200_000;
/// Under `cargo test` the bench only shows that it still runs.
const DECISIONS_IN_TESTS: usize = 1_000;
const NOW: i64 = 1_800_000_000;

fn collection(number: u128) -> CollectionId {
    CollectionId::from_uuid(Uuid::from_u128(number))
}

fn place(number: u128) -> RemotePath {
    let names = ["projects".to_owned(), format!("p{}", number % 1000), format!("d{}", number % 97)];
    RemotePath::from_components(names.into_iter().map(String::into_bytes)).unwrap_or_default()
}

fn person(number: u128) -> PersonId {
    PersonId::new("https://idp.example", format!("person-{number}"))
}

fn row(number: u128) -> GrantRow {
    GrantRow {
        id: RuleId::from_uuid(Uuid::from_u128(number)),
        collection: collection(number % 100),
        path: place(number),
        principal: if number.is_multiple_of(3) {
            Principal::Group(format!("g{}", number % 500))
        } else {
            Principal::Person(person(number))
        },
        permissions: vec![Permission::List, Permission::Read],
        deny: number.is_multiple_of(50),
        expires_s: None,
        purpose: None,
    }
}

fn request(number: u128) -> Request {
    let assurance = Assurance { auth_time_s: Some(NOW), ..Assurance::default() };
    let subject = Subject {
        groups: (0..18).map(|group| format!("g{}", (number + group) % 500)).collect(),
        email: Some("somebody@example.org".to_owned()),
        ..Subject::person(person(number), assurance)
    };
    let resource = Resource::collection(collection(number % 100), Class::Phi, place(number), None);
    Request { subject, action: Action::ReadContent, resource, purpose: None, now_s: NOW }
}

fn main() -> Result<(), LintError> {
    let started = Instant::now();
    let snapshot = Snapshot::build((1..=RULES).map(row).collect())?;
    println!("{RULES} access rules indexed and hashed in {:.0} ms", started.elapsed().as_secs_f64() * 1e3);
    let engine = Engine::new(snapshot)?;
    let requests: Vec<Request> = (1..=1000).map(|number| request(number * 97)).collect();
    let decisions = if std::env::args().any(|word| word == "--bench") { DECISIONS } else { DECISIONS_IN_TESTS };
    let mut nanoseconds = Vec::with_capacity(decisions);
    let mut permitted = 0_u32;
    let started = Instant::now();
    for request in requests.iter().cycle().take(decisions) {
        let began = Instant::now();
        permitted += u32::from(black_box(engine.decide(black_box(request))).is_permit());
        nanoseconds.push(began.elapsed().as_nanos());
    }
    let seconds = started.elapsed().as_secs_f64();
    nanoseconds.sort_unstable();
    let at = |thousandths: usize| {
        let index = nanoseconds.len().saturating_sub(1) * thousandths / 1000;
        nanoseconds.get(index).copied().unwrap_or_default() as f64 / 1e3
    };
    println!("{decisions} decisions, {permitted} permits, on one core: {:.0} decisions/s", decisions as f64 / seconds);
    println!("p50 {:.1} us, p99 {:.1} us", at(500), at(990));
    Ok(())
}
