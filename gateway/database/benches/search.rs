//! How fast entries are found: an audit index of ten million entries in each database, made in batches as the indexer makes
//! them, then asked as compliance officers ask. Writes its section of docs/performance.md.
//!
//! `cargo bench -p sealane-database --bench search -- [ENTRIES]`; PostgreSQL where `SEALANE_TEST_POSTGRES` names a server.
#![expect(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

#[expect(unused_macros, reason = "the measurement makes no tests of its own")]
#[path = "../tests/it/backend.rs"]
mod backend;
#[expect(unreachable_pub, reason = "it is public in the package that it is a part of")]
#[path = "../../../tests/src/figures.rs"]
mod figures;

use std::sync::Arc;
use std::time::{Duration, Instant};

use backend::Backend;
use figures::{load_average, publish};
use sealane_crypto::digest::sha256;
use sealane_crypto::{AeadKey, SystemRandom};
use sealane_database::Database;
use sealane_database::audit_index::{Batch, IndexedEntry, PathWanted, Token, Wanted, append, enlist, page, prepare};
use sealane_model::time::Timestamp;

const COMMAND: &str = "cargo bench -p sealane-database --bench search -- ";
/// Entries of one transaction.
const BATCH: u64 = 2_000;
/// The year in which it all happens.
const BEGIN: i64 = 1_767_225_600;
const YEAR: i64 = 365 * 86_400;
const COLLECTIONS: u64 = 50;
const PEOPLE: u64 = 3_000;
/// Files of a directory, directories of a collection: a million paths in all.
const FILES: u64 = 100;
const DIRECTORIES: u64 = 200;
/// Entries of a first page.
const FIRST: usize = 100;
/// Questions of each sort, each about something else.
const ROUNDS: u64 = 9;

/// The same numbers in every run.
fn mix(n: u64, salt: u64) -> u64 {
    let mixed = n.wrapping_add(salt).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed ^ (mixed >> 29)).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 20
}

fn token(text: &str) -> Token {
    let mut token = Token::default();
    token.iter_mut().zip(sha256(text.as_bytes()).as_bytes()).for_each(|(to, from)| *to = *from);
    token
}

fn id(n: u64, salt: u64) -> [u8; 16] {
    let mut id = [0; 16];
    id.iter_mut().zip(mix(n, salt).to_be_bytes().into_iter().chain(n.to_be_bytes())).for_each(|(to, from)| *to = from);
    id
}

fn collection(n: u64) -> String {
    format!("collection-{n}")
}

fn person(n: u64) -> Token {
    token(&format!("person {n}"))
}

/// Root, directory and file.
fn way(collection: u64, directory: u64, file: u64) -> Vec<Token> {
    let root = format!("{collection}:");
    vec![token(&root), token(&format!("{root}/{directory}")), token(&format!("{root}/{directory}/{file}"))]
}

fn entry(place: u64, entries: u64) -> IndexedEntry {
    let (c, d, f) = (mix(place, 1) % COLLECTIONS, mix(place, 2) % DIRECTORIES, mix(place, 3) % FILES);
    let who = mix(place, 4) % PEOPLE;
    let kind = match mix(place, 5) % 1_000 {
        0 => "rule.create",
        1..=599 => "content.read",
        600..=799 => "directory.list",
        _ => "entry.stat",
    };
    let offset = i64::try_from(u128::from(place) * YEAR.unsigned_abs() as u128 / u128::from(entries)).unwrap();
    IndexedEntry {
        place,
        at: Timestamp::from_seconds(BEGIN + offset),
        kind: kind.to_owned(),
        phase: if place.is_multiple_of(2) { "intent" } else { "outcome" }.to_owned(),
        op: id(place / 2, 6),
        outcome: (!place.is_multiple_of(2)).then(|| "done".to_owned()),
        code: (!place.is_multiple_of(2)).then(|| "ok".to_owned()),
        issuer: Some("https://login.hospital-a.example".to_owned()),
        person: Some(person(who)),
        session: Some(format!("session-{}", mix(place, 7) % 20_000)),
        client: Some(token(&format!("client {}", who % 500))),
        collection: Some(collection(c)),
        path: way(c, d, f),
        class: Some("phi".to_owned()),
        bytes: Some(mix(place, 8) % 1_000_000),
        files: Some(1),
        decision: place.is_multiple_of(2).then(|| id(place, 9)),
        rule: Some("data.granted".to_owned()),
        ..IndexedEntry::default()
    }
}

async fn fill(database: &Database, entries: u64) -> Duration {
    let now = Timestamp::from_seconds(BEGIN + YEAR);
    let mut position = enlist(&mut database.acquire().await.unwrap(), "site/node", now).await.unwrap();
    let begun = Instant::now();
    while position.indexed < entries {
        let next = (position.indexed + BATCH).min(entries);
        let batch: Vec<IndexedEntry> = (position.indexed..next).map(|place| entry(place, entries)).collect();
        let mut tx = database.begin().await.unwrap();
        let batch = Batch { entries: &batch, tip: "tip", size: entries, now };
        position = append(&mut tx, &position, &batch).await.unwrap().unwrap();
        tx.commit().await.unwrap();
        if position.indexed.is_multiple_of(BATCH * 100) {
            println!("{} of {entries} entries after {:.0} s", position.indexed, begun.elapsed().as_secs_f64());
        }
    }
    begun.elapsed()
}

/// A sort of question, and how it is asked in one round.
type Sort = (&'static str, fn(u64) -> Wanted);

fn days(round: u64, days: i64) -> (Option<Timestamp>, Option<Timestamp>) {
    let first = BEGIN + i64::try_from(mix(round, 10) % 300).unwrap() * 86_400;
    (Some(Timestamp::from_seconds(first)), Some(Timestamp::from_seconds(first + days * 86_400)))
}

fn in_collection(round: u64) -> (u64, Wanted) {
    let c = mix(round, 11) % COLLECTIONS;
    (c, Wanted { collection: Some(collection(c)), ..Wanted::default() })
}

const SORTS: [Sort; 8] = [
    ("who accessed a collection within a week", |round| {
        let (from, until) = days(round, 7);
        Wanted { from, until, ..in_collection(round).1 }
    }),
    ("who accessed a file, at any time", |round| {
        let (c, wanted) = in_collection(round);
        let file = way(c, round % DIRECTORIES, round % FILES);
        Wanted { path: file.last().copied().map(PathWanted::At), ..wanted }
    }),
    ("who accessed a directory of 100 files, at any time", |round| {
        let (c, wanted) = in_collection(round);
        Wanted { path: way(c, round % DIRECTORIES, 0).get(1).copied().map(PathWanted::Beneath), ..wanted }
    }),
    ("who accessed a tree of 20,200 paths within a month", |round| {
        let (from, until) = days(round, 30);
        let (c, wanted) = in_collection(round);
        Wanted { from, until, path: way(c, 0, 0).first().copied().map(PathWanted::Beneath), ..wanted }
    }),
    ("what a person did, at any time", |round| Wanted {
        people: Some(vec![person(mix(round, 12) % PEOPLE)]),
        ..Wanted::default()
    }),
    ("what a person did in one collection, the latest first", |round| Wanted {
        people: Some(vec![person(mix(round, 12) % PEOPLE)]),
        newest_first: true,
        ..in_collection(round).1
    }),
    ("rules made within a quarter", |round| {
        let (from, until) = days(round, 90);
        Wanted { from, until, kinds: vec!["rule.create".to_owned()], ..Wanted::default() }
    }),
    ("what a decision was about", |round| Wanted {
        decision: Some(id(mix(round, 13) % 100_000 * 2, 9)),
        ..Wanted::default()
    }),
];

/// Median and longest time to the first page, and how many entries the pages had.
async fn ask(database: &Database, question: fn(u64) -> Wanted) -> (Duration, Duration, usize) {
    let mut taken = Vec::new();
    let mut found = 0;
    for round in 0..ROUNDS {
        let wanted = question(round);
        let begun = Instant::now();
        let mut db = database.acquire().await.unwrap();
        if let Some(mut search) = prepare(&mut db, &wanted).await.unwrap() {
            found += page(&mut db, &mut search, None, FIRST).await.unwrap().entries.len();
        }
        taken.push(begun.elapsed());
    }
    taken.sort();
    let at = |place: usize| taken.get(place).copied().unwrap_or_default();
    (at(taken.len() / 2), at(taken.len() - 1), found)
}

async fn measure(backend: &Backend, entries: u64) -> (Duration, Vec<(Duration, Duration, usize)>) {
    let random = Arc::new(SystemRandom::new().unwrap());
    let database = Database::connect(&backend.fresh().await, 4).await.unwrap();
    let database = database.with_key(&AeadKey::generate(random.as_ref()), random);
    database.migrate().await.unwrap();
    let filled = fill(&database, entries).await;
    let mut answers = Vec::new();
    for (name, question) in SORTS {
        let answer = ask(&database, question).await;
        println!("{name}: median {:.1} ms, longest {:.1} ms, {} entries", ms(answer.0), ms(answer.1), answer.2);
        answers.push(answer);
    }
    database.close().await;
    (filled, answers)
}

fn ms(taken: Duration) -> f64 {
    taken.as_secs_f64() * 1_000.0
}

fn main() {
    let entries: u64 = std::env::args().skip(1).find_map(|argument| argument.parse().ok()).unwrap_or(10_000_000);
    let load = load_average().unwrap();
    let mut measured = Vec::new();
    let mut backends = Vec::new();
    backend::on_sqlite(async |backend: &Backend| {
        backends.push("SQLite");
        measured.push(measure(backend, entries).await);
    });
    backend::on_postgres("the search benchmark", async |backend: &Backend| {
        backends.push("PostgreSQL");
        measured.push(measure(backend, entries).await);
    });
    let names = backends;
    let mut table = format!(
        "| first {FIRST} entries of | {} | target |\n|---|{}---:|\n",
        names.join(" | "),
        "---:|".repeat(names.len())
    );
    for (place, (name, _)) in SORTS.iter().enumerate() {
        let cells: Vec<String> = measured
            .iter()
            .filter_map(|(_, answers)| answers.get(place))
            .map(|(median, longest, _)| format!("{:.0} ms, at most {:.0} ms", ms(*median), ms(*longest)))
            .collect();
        table.push_str(&format!("| {name} | {} | 1,000 ms |\n", cells.join(" | ")));
    }
    let rates: Vec<String> =
        measured.iter().map(|(filled, _)| format!("{:.0} entries/s", entries as f64 / filled.as_secs_f64())).collect();
    table.push_str(&format!("| filling the index, in batches of {BATCH} | {} | |\n", rates.join(" | ")));
    println!("{table}");
    let about = format!(
        "{entries} entries of a year, {COLLECTIONS} collections with a million paths, {PEOPLE} people; release build, load average {load} \
         before the start. Median and longest of {ROUNDS} questions, each about something else, from the question to its first {FIRST} entries."
    );
    publish("search", &format!("{about}\n\n{table}\n```\n{COMMAND}{entries}\n```\n")).unwrap();
}
