//! The audit log's search index: whatever is asked, it answers what a look at every entry would.

use std::collections::BTreeMap;

use sealane_crypto::digest::sha256;
use sealane_database::audit_index::{
    Batch, FoundEntry, IndexedEntry, Key, LogPosition, PathWanted, Token, Wanted, append, empty, enlist,
    forget_collection, forget_person, page, positions, prepare, restart, tell_size,
};
use sealane_database::{Database, DbError};
use sealane_model::time::Timestamp;

use crate::support::{NOW, TestDatabase, later};

const KINDS: [&str; 4] = ["content.read", "content.write", "directory.list", "rule.create"];
const COLLECTIONS: [&str; 3] = ["imaging", "genomes", "notes"];

/// A small generator: the same numbers in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.roll(of.len() as u64)).unwrap()]
    }
}

fn token(text: &str) -> Token {
    sha256(text.as_bytes()).as_bytes()[..16].try_into().unwrap()
}

/// The tokens from the root of a collection down to a path such as `/a/b`.
fn way(collection: &str, path: &str) -> Vec<Token> {
    let mut way = vec![token(&format!("{collection}:/"))];
    let mut here = format!("{collection}:");
    for name in path.split('/').filter(|name| !name.is_empty()) {
        here.push('/');
        here.push_str(name);
        way.push(token(&here));
    }
    way
}

fn entry(place: u64, at: Timestamp) -> IndexedEntry {
    IndexedEntry {
        place,
        at,
        kind: "content.read".to_owned(),
        phase: "outcome".to_owned(),
        op: token(&format!("op {place}")),
        ..IndexedEntry::default()
    }
}

/// An entry of anything, by anybody, anywhere, and the text of its path.
fn some_entry(dice: &mut Dice, log: u64, place: u64) -> (IndexedEntry, Option<String>) {
    let maybe = |dice: &mut Dice, text: String| (dice.roll(4) > 0).then_some(text);
    let collection = dice.one(&COLLECTIONS).to_owned();
    let path = maybe(dice, format!("/{}/{}/{}", dice.0 % 3, dice.0 % 5, dice.0 % 7));
    let person = dice.roll(5);
    let made = IndexedEntry {
        // Times that run backwards and that are shared, as clocks of several nodes make them.
        at: later((place * 3 + dice.roll(40)) / 2),
        kind: dice.one(&KINDS).to_owned(),
        phase: dice.one(&["intent", "outcome", "info"]).to_owned(),
        op: token(&format!("op {}", dice.roll(50))),
        outcome: maybe(dice, dice.0.is_multiple_of(2).to_string()),
        code: maybe(dice, format!("code-{}", dice.0 % 3)),
        issuer: Some("https://idp.example".to_owned()),
        person: (person > 0).then(|| token(&format!("person {person}"))),
        session: maybe(dice, format!("session-{}", dice.0 % 9)),
        client: (person > 0).then(|| token(&format!("client {}", dice.roll(3)))),
        purpose: (dice.roll(3) == 0).then(|| token("research")),
        path: path.as_ref().map(|path| way(&collection, path)).unwrap_or_default(),
        task: maybe(dice, format!("task-{}", dice.0 % 6)),
        class: maybe(dice, ["phi", "internal"][usize::from(dice.0.is_multiple_of(3))].to_owned()),
        bytes: Some(dice.roll(1_000)),
        digest: (dice.roll(2) == 0).then(|| *sha256(&[u8::try_from(dice.roll(4)).unwrap()]).as_bytes()),
        decision: Some(token(&format!("decision {log} {place}"))),
        rule: maybe(dice, format!("rule-{}", dice.0 % 3)),
        peer: maybe(dice, format!("peer-{}", dice.0 % 2)),
        transport: maybe(dice, "TLS13_AES_256_GCM_SHA384".to_owned()),
        collection: Some(collection),
        ..entry(place, NOW)
    };
    (made, path)
}

async fn add(database: &Database, position: &LogPosition, entries: &[IndexedEntry]) -> LogPosition {
    let mut tx = database.begin().await.unwrap();
    let size = position.indexed + entries.len() as u64;
    let batch = Batch { entries, tip: "tip", size, now: NOW };
    let next = append(&mut tx, position, &batch).await.unwrap().unwrap();
    tx.commit().await.unwrap();
    next
}

/// Every entry of an answer, in pages of that size.
async fn answer(database: &Database, wanted: &Wanted, limit: usize) -> Vec<FoundEntry> {
    let mut db = database.acquire().await.unwrap();
    let Some(mut search) = prepare(&mut db, wanted).await.unwrap() else { return Vec::new() };
    let (mut found, mut after): (_, Option<Key>) = (Vec::new(), None);
    loop {
        let next = page(&mut db, &mut search, after, limit).await.unwrap();
        assert!(next.entries.len() <= limit);
        found.extend(next.entries);
        after = next.next;
        if after.is_none() {
            return found;
        }
    }
}

/// An answer as a look at every entry gives it.
fn oracle(
    all: &BTreeMap<(String, u64), (IndexedEntry, Option<String>)>,
    wanted: &Wanted,
    beneath: Option<&str>,
) -> Vec<(String, u64)> {
    let is = |asked: &Option<String>, has: &Option<String>| asked.is_none() || asked == has;
    let any = |asked: &[String], has: Option<&String>| asked.is_empty() || has.is_some_and(|has| asked.contains(has));
    let mut found: Vec<(Timestamp, &(String, u64))> = all
        .iter()
        .filter(|((origin, _), (entry, path))| {
            let at_path = match wanted.path {
                None => true,
                Some(PathWanted::At(token)) => entry.path.last() == Some(&token),
                Some(PathWanted::Beneath(_)) => path.as_ref().is_some_and(|path| {
                    let top = beneath.unwrap();
                    entry.collection == wanted.collection && (path == top || path.starts_with(&format!("{top}/")))
                }),
            };
            wanted.from.is_none_or(|from| entry.at >= from)
                && wanted.until.is_none_or(|until| entry.at < until)
                && wanted.origin.as_ref().is_none_or(|wanted| wanted == origin)
                && any(&wanted.kinds, Some(&entry.kind))
                && any(&wanted.phases, Some(&entry.phase))
                && any(&wanted.outcomes, entry.outcome.as_ref())
                && any(&wanted.classes, entry.class.as_ref())
                && is(&wanted.code, &entry.code)
                && is(&wanted.session, &entry.session)
                && is(&wanted.collection, &entry.collection)
                && is(&wanted.task, &entry.task)
                && is(&wanted.rule, &entry.rule)
                && is(&wanted.peer, &entry.peer)
                && is(&wanted.transport, &entry.transport)
                && wanted
                    .people
                    .as_ref()
                    .is_none_or(|people| entry.person.is_some_and(|person| people.contains(&person)))
                && wanted.client.is_none_or(|client| entry.client == Some(client))
                && wanted.purpose.is_none_or(|purpose| entry.purpose == Some(purpose))
                && wanted.op.is_none_or(|op| entry.op == op)
                && wanted.decision.is_none_or(|decision| entry.decision == Some(decision))
                && wanted.digest.is_none_or(|digest| entry.digest == Some(digest))
                && at_path
        })
        .map(|(key, (entry, _))| (entry.at, key))
        .collect();
    // Logs are numbered in the order of their names here.
    found.sort();
    if wanted.newest_first {
        found.reverse();
    }
    found.into_iter().map(|(_, key)| key.clone()).collect()
}

fn some_question(dice: &mut Dice) -> (Wanted, Option<String>) {
    let mut wanted = Wanted { newest_first: dice.roll(2) == 0, ..Wanted::default() };
    let mut beneath = None;
    for _ in 0..=dice.roll(3) {
        match dice.roll(20) {
            0 => wanted.from = Some(later(dice.roll(300))),
            1 => wanted.until = Some(later(dice.roll(300))),
            2 => wanted.origin = Some(format!("log-{}", dice.roll(4))),
            3 => wanted.kinds = vec![dice.one(&KINDS).to_owned(), dice.one(&KINDS).to_owned()],
            4 => wanted.phases = vec!["intent".to_owned()],
            5 => wanted.outcomes = vec!["true".to_owned()],
            6 => wanted.classes = vec!["phi".to_owned()],
            7 => wanted.code = Some("code-1".to_owned()),
            8 => wanted.session = Some(format!("session-{}", dice.roll(10))),
            9 => wanted.task = Some(format!("task-{}", dice.roll(7))),
            10 => wanted.rule = Some("rule-2".to_owned()),
            11 => wanted.peer = Some(format!("peer-{}", dice.roll(3))),
            12 => wanted.people = Some(vec![token(&format!("person {}", dice.roll(6))), token("person 1")]),
            13 => wanted.client = Some(token(&format!("client {}", dice.roll(3)))),
            14 => wanted.purpose = Some(token("research")),
            15 => wanted.op = Some(token(&format!("op {}", dice.roll(60)))),
            16 => wanted.digest = Some(*sha256(&[1]).as_bytes()),
            17 => wanted.decision = Some(token(&format!("decision {} {}", dice.roll(3), dice.roll(100)))),
            18 => wanted.collection = Some(dice.one(&COLLECTIONS).to_owned()),
            _ => {
                let collection = dice.one(&COLLECTIONS);
                let path = match dice.roll(3) {
                    0 => format!("/{}", dice.roll(4)),
                    1 => format!("/{}/{}", dice.roll(3), dice.roll(5)),
                    _ => format!("/{}/{}/{}", dice.roll(3), dice.roll(5), dice.roll(7)),
                };
                let token = *way(collection, &path).last().unwrap();
                wanted.collection = Some(collection.to_owned());
                wanted.path = Some(if dice.roll(3) > 0 { PathWanted::Beneath(token) } else { PathWanted::At(token) });
                beneath = Some(path);
            }
        }
    }
    (wanted, beneath)
}

/// Three logs of a hundred entries of anything.
async fn filled(database: &Database) -> BTreeMap<(String, u64), (IndexedEntry, Option<String>)> {
    let mut dice = Dice(42);
    let mut all = BTreeMap::new();
    for log in 0..3 {
        let origin = format!("log-{log}");
        let position = enlist(&mut database.acquire().await.unwrap(), &origin, NOW).await.unwrap();
        let made: Vec<_> = (0..100).map(|place| some_entry(&mut dice, log, place)).collect();
        let entries: Vec<IndexedEntry> = made.iter().map(|(entry, _)| entry.clone()).collect();
        let position = add(database, &position, &entries[..33]).await;
        add(database, &position, &entries[33..]).await;
        all.extend(made.into_iter().map(|made| ((origin.clone(), made.0.place), made)));
    }
    all
}

fn keys(found: &[FoundEntry]) -> Vec<(String, u64)> {
    found.iter().map(|entry| (entry.origin.clone(), entry.place)).collect()
}

fn beneath(collection: &str, path: &str) -> Wanted {
    Wanted {
        collection: Some(collection.to_owned()),
        path: Some(PathWanted::Beneath(*way(collection, path).last().unwrap())),
        ..Wanted::default()
    }
}

on_both! {
    async fn every_question_is_answered_as_a_look_at_every_entry_would(db: &TestDatabase) {
        let database = db.migrated().await;
        let all = filled(database).await;
        let mut dice = Dice(7);
        let mut hits = 0;
        for round in 0..250 {
            let (wanted, top) = some_question(&mut dice);
            let expected = oracle(&all, &wanted, top.as_deref());
            let limit = [1, 7, 1_000][round % 3];
            let found = answer(database, &wanted, limit).await;
            assert_eq!(keys(&found), expected, "{wanted:?}");
            hits += expected.len();
        }
        assert!(hits > 1_000, "the questions must have answers: {hits}");
    }

    async fn an_entry_comes_back_as_it_was_without_its_personal_values(db: &TestDatabase) {
        let database = db.migrated().await;
        let all = filled(database).await;
        let found = answer(database, &Wanted::default(), 1_000).await;
        assert_eq!(found.len(), all.len());
        for one in found {
            let (entry, path) = &all[&(one.origin.clone(), one.place)];
            assert_eq!((one.at, &one.kind, &one.phase, one.op), (entry.at, &entry.kind, &entry.phase, entry.op));
            assert_eq!((&one.outcome, &one.code, &one.issuer), (&entry.outcome, &entry.code, &entry.issuer));
            assert_eq!((&one.session, &one.collection, &one.task), (&entry.session, &entry.collection, &entry.task));
            assert_eq!((&one.class, one.bytes, one.files), (&entry.class, entry.bytes, entry.files));
            assert_eq!((one.digest, one.decision, &one.rule), (entry.digest, entry.decision, &entry.rule));
            assert_eq!((&one.peer, &one.transport), (&entry.peer, &entry.transport));
            assert_eq!((one.has_person, one.has_client), (entry.person.is_some(), entry.client.is_some()));
            assert_eq!((one.has_purpose, one.has_path), (entry.purpose.is_some(), path.is_some()));
        }
    }

    async fn an_emptied_index_is_built_again_with_the_same_answers(db: &TestDatabase) {
        let database = db.migrated().await;
        let all = filled(database).await;
        let mut dice = Dice(3);
        let questions: Vec<Wanted> = (0..60).map(|_| some_question(&mut dice).0).collect();
        let mut before = Vec::new();
        for wanted in &questions {
            before.push(answer(database, wanted, 50).await);
        }
        let mut tx = database.begin().await.unwrap();
        empty(&mut tx).await.unwrap();
        tx.commit().await.unwrap();
        assert!(answer(database, &Wanted::default(), 10).await.is_empty());
        // In another order, so that every number is another one.
        for log in [2, 0, 1] {
            let origin = format!("log-{log}");
            let position = enlist(&mut database.acquire().await.unwrap(), &origin, NOW).await.unwrap();
            assert_eq!((position.indexed, position.tip.clone()), (0, None));
            let entries: Vec<IndexedEntry> =
                all.iter().filter(|(key, _)| key.0 == origin).map(|(_, (entry, _))| entry.clone()).collect();
            add(database, &position, &entries).await;
        }
        for (wanted, before) in questions.iter().zip(before) {
            assert_eq!(answer(database, wanted, 50).await, before, "{wanted:?}");
        }
    }

    async fn a_batch_that_comes_twice_or_late_adds_nothing(db: &TestDatabase) {
        let database = db.migrated().await;
        let start = enlist(&mut database.acquire().await.unwrap(), "log", NOW).await.unwrap();
        assert_eq!(enlist(&mut database.acquire().await.unwrap(), "log", NOW).await.unwrap(), start);
        let next = add(database, &start, &[entry(0, NOW), entry(1, NOW)]).await;
        assert_eq!((next.indexed, next.size, next.tip.as_deref()), (2, 2, Some("tip")));
        let mut tx = database.begin().await.unwrap();
        let again = Batch { entries: &[entry(0, NOW)], tip: "other", size: 9, now: NOW };
        assert_eq!(append(&mut tx, &start, &again).await.unwrap(), None);
        tx.commit().await.unwrap();
        tell_size(&mut database.acquire().await.unwrap(), next.number, 5, later(9)).await.unwrap();
        let told = positions(&mut database.acquire().await.unwrap()).await.unwrap();
        assert_eq!(told, [LogPosition { size: 5, told_at: later(9), ..next }]);
        assert_eq!(answer(database, &Wanted::default(), 10).await.len(), 2);
    }

    async fn a_batch_that_is_undone_leaves_nothing_behind(db: &TestDatabase) {
        let database = db.migrated().await;
        let start = enlist(&mut database.acquire().await.unwrap(), "log", NOW).await.unwrap();
        let mut tx = database.begin().await.unwrap();
        let batch = Batch { entries: &[entry(0, NOW)], tip: "tip", size: 1, now: NOW };
        append(&mut tx, &start, &batch).await.unwrap().unwrap();
        drop(tx);
        assert_eq!(positions(&mut database.acquire().await.unwrap()).await.unwrap(), [start]);
        assert!(answer(database, &Wanted::default(), 10).await.is_empty());
    }

    async fn one_log_is_taken_out_and_the_others_stay(db: &TestDatabase) {
        let database = db.migrated().await;
        filled(database).await;
        let logs = positions(&mut database.acquire().await.unwrap()).await.unwrap();
        restart(&mut database.acquire().await.unwrap(), logs[1].number).await.unwrap();
        let found = answer(database, &Wanted::default(), 1_000).await;
        assert_eq!(found.len(), 200);
        assert!(found.iter().all(|entry| entry.origin != logs[1].origin));
    }

    async fn a_forgotten_person_is_found_no_more_and_others_keep_what_they_share(db: &TestDatabase) {
        let database = db.migrated().await;
        let (ana, ben, office) = (token("ana"), token("ben"), token("192.0.2.1"));
        let by = |place, person| IndexedEntry { person: Some(person), client: Some(office), ..entry(place, NOW) };
        let start = enlist(&mut database.acquire().await.unwrap(), "log", NOW).await.unwrap();
        let next = add(database, &start, &[by(0, ana), by(1, ben)]).await;
        let of = |person| Wanted { people: Some(vec![person]), ..Wanted::default() };
        let from_office = Wanted { client: Some(office), ..Wanted::default() };
        assert_eq!(answer(database, &from_office, 10).await.len(), 2);
        assert!(forget_person(&mut database.acquire().await.unwrap(), ana).await.unwrap());
        assert!(!forget_person(&mut database.acquire().await.unwrap(), ana).await.unwrap());
        assert!(answer(database, &of(ana), 10).await.is_empty());
        assert_eq!(answer(database, &of(ben), 10).await.len(), 1);
        assert_eq!(answer(database, &from_office, 10).await.len(), 1);
        // The entry itself stays, and says that somebody did it; what they do from now on is found again.
        assert!(answer(database, &Wanted::default(), 10).await.iter().all(|entry| entry.has_person));
        add(database, &next, &[by(2, ana)]).await;
        assert_eq!(keys(&answer(database, &of(ana), 10).await), [("log".to_owned(), 2)]);
    }

    async fn the_paths_of_a_forgotten_collection_are_found_no_more(db: &TestDatabase) {
        let database = db.migrated().await;
        filled(database).await;
        assert!(!answer(database, &beneath("imaging", "/1"), 10).await.is_empty());
        let mut db = database.acquire().await.unwrap();
        assert!(forget_collection(&mut db, "imaging").await.unwrap());
        assert!(!forget_collection(&mut db, "imaging").await.unwrap());
        assert!(!forget_collection(&mut db, "unheard of").await.unwrap());
        drop(db);
        assert!(answer(database, &beneath("imaging", "/1"), 10).await.is_empty());
        assert!(!answer(database, &beneath("notes", "/1"), 10).await.is_empty());
        let whole = Wanted { collection: Some("imaging".to_owned()), ..Wanted::default() };
        assert!(!answer(database, &whole, 10).await.is_empty());
    }

    async fn a_subtree_of_any_width_is_found_with_all_that_is_in_it(db: &TestDatabase) {
        let database = db.migrated().await;
        let position = enlist(&mut database.acquire().await.unwrap(), "log", NOW).await.unwrap();
        let at = |place: u64, path: &str| IndexedEntry {
            collection: Some("c".to_owned()),
            path: way("c", path),
            ..entry(place, later(place / 10))
        };
        // Beneath /w more paths than are gone through one by one, beneath /n only a few; a namesake beside each.
        let wide: Vec<IndexedEntry> = (0..10_400).map(|n| at(n, &format!("/w/{}/{n}", n % 7))).collect();
        let mut position = add(database, &position, &wide).await;
        let others: Vec<IndexedEntry> = ["/n", "/n/a", "/n/a/b", "/nn/a", "/ww/a", "/w"]
            .iter()
            .zip(10_400..)
            .map(|(path, place)| at(place, path))
            .collect();
        position = add(database, &position, &others).await;
        assert_eq!(position.indexed, 10_406);
        for newest_first in [false, true] {
            let asked = |path| Wanted { newest_first, ..beneath("c", path) };
            let mut narrow: Vec<u64> = answer(database, &asked("/n"), 2).await.iter().map(|entry| entry.place).collect();
            let mut all: Vec<u64> = answer(database, &asked("/w"), 3_000).await.iter().map(|entry| entry.place).collect();
            if newest_first {
                narrow.reverse();
                all.reverse();
            }
            assert_eq!(narrow, [10_400, 10_401, 10_402]);
            assert_eq!(all, (0..10_400).chain([10_405]).collect::<Vec<_>>());
        }
        assert_eq!(answer(database, &beneath("c", "/w/3"), 500).await.len(), 10_400_usize.div_ceil(7));
        assert_eq!(answer(database, &beneath("c", "/"), 5_000).await.len(), 10_406);
    }

    async fn nodes_that_index_at_once_share_their_words(db: &TestDatabase) {
        let database = db.migrated().await;
        let mut nodes = tokio::task::JoinSet::new();
        for log in 0..4_u64 {
            let node = db.other_node().await;
            nodes.spawn(async move {
                let mut dice = Dice(5);
                let origin = format!("log-{log}");
                let mut position = loop {
                    match enlist(&mut node.acquire().await.unwrap(), &origin, NOW).await {
                        Err(DbError::Busy) => tokio::task::yield_now().await,
                        done => break done.unwrap(),
                    }
                };
                for first in (0..90).step_by(30) {
                    let entries: Vec<IndexedEntry> =
                        (first..first + 30).map(|place| some_entry(&mut dice, log, place).0).collect();
                    let batch = Batch { entries: &entries, tip: "tip", size: 90, now: NOW };
                    position = loop {
                        let mut tx = node.begin().await.unwrap();
                        match append(&mut tx, &position, &batch).await {
                            Ok(next) => {
                                tx.commit().await.unwrap();
                                break next.unwrap();
                            }
                            Err(DbError::Busy) => drop(tx),
                            Err(error) => panic!("{error}"),
                        }
                        tokio::task::yield_now().await;
                    };
                }
                node.close().await;
            });
        }
        nodes.join_all().await;
        let found = answer(database, &Wanted::default(), 100).await;
        assert_eq!(found.len(), 360);
        // The same dice: each log has the same entries, under the same words, names and paths.
        let reads = Wanted { kinds: vec!["content.read".to_owned()], ..beneath("imaging", "/1") };
        let found = answer(database, &reads, 100).await;
        let of = |log: u64| found.iter().filter(|entry| entry.origin == format!("log-{log}")).count();
        assert!(of(0) > 0 && (1..4).all(|log| of(log) == of(0)), "{:?}", keys(&found));
    }
}
