//! Personal values that can be erased: gone for everybody, and no hash of the log changes.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use proptest::prelude::*;
use sealane_audit::event::{Access, Actor, Assurance};
use sealane_audit::{
    Absence, EntryView, Event, Filter, Log, Object, OpId, Outcome, OutcomeRecord, Phase, Private, Scope,
};

use crate::support::{AT, Site, copy, event, op};

const ISSUER: &str = "https://idp.hospital-a.example";
const SLOT: usize = 128;

fn ana() -> Scope {
    Scope::person(ISSUER, "ana@hospital-a.example")
}

fn order(n: u128) -> Event {
    Event::new(Assurance::Erase, Phase::Intent, op(n), AT)
}

fn by(n: u128, subject: &str, collection: &str) -> Event {
    Event::new(Access::ContentRead, Phase::Info, op(n), AT)
        .actor(Actor {
            issuer: ISSUER.into(),
            subject: subject.into(),
            acr: None,
            amr: Vec::new(),
            auth_time_s: None,
            session: None,
            via_site: None,
        })
        .object(Object {
            collection: Some(collection.into()),
            path: Some(Private::new(format!("/{collection}/{n}"))),
            ..Object::default()
        })
}

fn all(log: &Log) -> Vec<EntryView> {
    log.entries(0, usize::MAX, &Filter::all()).expect("read")
}

/// The fields of an entry that can be seen, and why the others cannot.
fn seen(log: &Log, wanted: OpId) -> (Vec<String>, BTreeMap<String, Absence>) {
    let views = log.entries(0, 1, &Filter::op(wanted)).expect("read");
    let [view] = views.as_slice() else { panic!("one entry") };
    (view.revealed.keys().cloned().collect(), view.absent.clone())
}

fn erased(fields: &[&str]) -> BTreeMap<String, Absence> {
    fields.iter().map(|field| ((*field).to_owned(), Absence::Erased)).collect()
}

/// Every file below, but those that follow the log's growth.
fn files(directory: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut stack = vec![directory.to_owned()];
    while let Some(path) = stack.pop() {
        if path.is_dir() {
            stack.extend(fs::read_dir(&path).expect("list").map(|file| file.expect("file").path()));
        } else {
            found.insert(
                path.strip_prefix(directory).expect("below").display().to_string(),
                fs::read(&path).expect("read"),
            );
        }
    }
    found
}

fn sheet(directory: &Path) -> std::path::PathBuf {
    directory.join("opening-keys/00000000.seg")
}

#[test]
fn what_belonged_to_a_person_is_gone_and_what_belonged_to_others_stays() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0).private("label", "MRN 12345".into())).expect("append");
    log.append_blocking(by(1, "bo", "imaging")).expect("append");
    let before = all(&log);
    let erasure = log.erase(&ana(), order(9)).expect("erase");
    assert_eq!((erasure.values, erasure.receipt.index()), (3, 2));

    assert_eq!(
        seen(&log, op(0)),
        (vec!["object.path".to_owned()], erased(&["actor.subject", "client", "private.label"]))
    );
    assert_eq!(seen(&log, op(1)), (vec!["actor.subject".to_owned(), "object.path".to_owned()], BTreeMap::new()));
    for (after, before) in all(&log).iter().zip(&before) {
        assert_eq!((&after.json, after.leaf), (&before.json, before.leaf));
    }
    drop(log);
    let report = site.verify(&site.path("log"));
    assert!(report.holds(), "{report}");
    assert!(report.to_string().contains("3 of them erased as entries say"), "{report}");

    let log = site.open("log");
    assert_eq!(log.head().0, 3, "nothing was left to finish");
    assert_eq!(seen(&log, op(0)).1, erased(&["actor.subject", "client", "private.label"]));
}

#[test]
fn a_path_belongs_to_its_collection_and_without_one_to_the_person() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let mut elsewhere = event(1);
    elsewhere.object.collection = None;
    log.append_blocking(elsewhere).expect("append");
    assert_eq!(log.erase(&Scope::collection("imaging"), order(8)).expect("erase").values, 1);
    assert_eq!(seen(&log, op(0)).1, erased(&["object.path"]));
    assert_eq!(seen(&log, op(1)).1, BTreeMap::new());
    assert_eq!(log.erase(&ana(), order(9)).expect("erase").values, 5);
    assert_eq!(seen(&log, op(1)).1, erased(&["actor.subject", "client", "object.path"]));
}

#[test]
fn a_value_that_names_somebody_else_is_erased_with_them() {
    let site = Site::new();
    let log = site.open("log");
    let bo = Scope::person(ISSUER, "bo");
    log.append_blocking(event(0).private("principal", Private::new("bo@b.example").of(bo.clone()))).expect("append");
    log.append_blocking(Event::new(Access::EntryStat, Phase::Info, op(1), AT).private("note", "nobody's".into()))
        .expect("append");
    assert_eq!(log.erase(&bo, order(8)).expect("erase").values, 1);
    assert_eq!(seen(&log, op(0)).1, erased(&["private.principal"]));
    log.erase(&ana(), order(9)).expect("erase");
    assert_eq!(seen(&log, op(1)), (vec!["private.note".to_owned()], BTreeMap::new()), "the site's own value stays");
}

#[test]
fn after_an_erasure_the_same_person_has_a_new_key() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..3 {
        log.append_blocking(event(2 * n)).expect("append");
        assert_eq!(log.erase(&ana(), order(2 * n + 1)).expect("erase").values, 2);
    }
    log.append_blocking(event(6)).expect("append");
    drop(log);
    let log = site.open("log");
    assert_eq!(seen(&log, op(4)).1, erased(&["actor.subject", "client"]));
    assert_eq!(seen(&log, op(6)).1, BTreeMap::new());
    assert_eq!(log.erase(&ana(), order(7)).expect("erase").values, 2);
    assert_eq!(log.erase(&ana(), order(8)).expect("erase").values, 0, "nothing is left");
    drop(log);
    assert!(site.verify(&site.path("log")).holds());
}

#[test]
fn erasing_touches_one_slot_however_many_values_there_are() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..500 {
        log.append_blocking(event(n)).expect("append");
    }
    let before = files(log.directory());
    assert_eq!(log.erase(&ana(), order(1000)).expect("erase").values, 1000);
    let after = files(log.directory());
    let changed: Vec<&String> = after.keys().filter(|name| before.get(*name) != after.get(*name)).collect();
    assert!(changed.iter().all(|name| !name.starts_with("openings/")), "{changed:?}");
    let (old, new) = (&before["opening-keys/00000000.seg"], &after["opening-keys/00000000.seg"]);
    let changed = |at: &usize| old[at * SLOT..][..SLOT] != new[at * SLOT..][..SLOT];
    let slots: Vec<usize> = (0..old.len() / SLOT).filter(changed).collect();
    let [at] = slots[..] else { panic!("one slot changes, not {slots:?}") };
    // After the state and the key's id, which stay known: the token of its owner, and the wrapped key.
    let secret = &old[at * SLOT + 17..][..16 + 12 + 32 + 16];
    for window in secret.windows(8) {
        assert!(!new.windows(8).any(|bytes| bytes == window), "nothing of the key or of its owner is left");
    }
}

/// A log with an erasure in it, and the sheet of keys as it was before and after.
fn with_erasure(site: &Site) -> (std::path::PathBuf, Vec<u8>, Vec<u8>) {
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let before = fs::read(sheet(log.directory())).expect("read");
    log.erase(&ana(), order(1)).expect("erase");
    let after = fs::read(sheet(log.directory())).expect("read");
    let directory = log.directory().to_owned();
    drop(log);
    (directory, before, after)
}

#[test]
fn an_erasure_cut_off_at_any_byte_of_its_slot_is_finished_at_the_next_start_and_said() {
    let site = Site::new();
    let (directory, before, after) = with_erasure(&site);
    let at = before.chunks(SLOT).zip(after.chunks(SLOT)).position(|(old, new)| old != new).expect("a slot") * SLOT;
    for cut in 0..SLOT {
        let copied = site.path("cut");
        copy(&directory, &copied);
        let mut torn = before.clone();
        torn[at..at + cut].copy_from_slice(&after[at..at + cut]);
        fs::write(sheet(&copied), torn).expect("write");
        let log = site.open("cut");
        assert_eq!(seen(&log, op(0)).1, erased(&["actor.subject", "client"]), "cut at {cut}");
        let said = log.entries(0, 9, &Filter::kind(Assurance::LogRecover)).expect("read");
        assert_eq!((said.len(), &said[0].entry.detail["keys_erased"]), (1, &1.into()), "cut at {cut}");
        drop(log);
        assert!(site.verify(&copied).holds(), "cut at {cut}");
        let left = fs::read(sheet(&copied)).expect("read");
        assert_ne!(left[at + 33..at + 93], before[at + 33..at + 93], "the key is overwritten");
        assert_eq!(site.open("cut").head().0, 3, "finished once");
        fs::remove_dir_all(&copied).expect("remove");
    }
}

#[test]
fn a_key_that_comes_back_from_a_backup_is_destroyed_again() {
    let site = Site::new();
    let (directory, before, _) = with_erasure(&site);
    let log = site.open("log");
    log.append_blocking(Event { phase: Phase::Outcome, ..order(1) }.outcome(OutcomeRecord::done())).expect("append");
    drop(log);
    fs::write(sheet(&directory), &before).expect("write");
    let log = site.open("log");
    assert_eq!(seen(&log, op(0)).1, erased(&["actor.subject", "client"]));
    assert_ne!(fs::read(sheet(&directory)).expect("read"), before);
}

#[test]
fn an_erasure_that_was_given_up_is_not_finished_behind_anybodys_back() {
    let site = Site::new();
    let (directory, before, _) = with_erasure(&site);
    let log = site.open("log");
    let failed = OutcomeRecord::new(Outcome::Failed, "storage.failed", "the key could not be overwritten");
    log.append_blocking(Event { phase: Phase::Outcome, ..order(1) }.outcome(failed)).expect("append");
    drop(log);
    fs::write(sheet(&directory), &before).expect("write");
    assert_eq!(seen(&site.open("log"), op(0)).1, BTreeMap::new());
}

#[test]
fn keys_that_vanish_without_an_erasure_are_found_by_the_verifier_and_at_the_next_start() {
    let site = Site::new();
    let (directory, before, after) = with_erasure(&site);

    let gone = site.path("gone");
    copy(&directory, &gone);
    let path = after.chunks(SLOT).enumerate().find(|(_, slot)| slot[0] == 1).expect("the collection's key").0 * SLOT;
    let mut blanked = after.clone();
    blanked[path..path + SLOT].fill(0);
    fs::write(sheet(&gone), blanked).expect("write");
    let report = site.verify(&gone);
    assert_eq!((report.exit_code(), report.first_bad_entry()), (2, Some(0)), "{report}");
    assert!(report.to_string().contains("missing and was not destroyed"), "{report}");
    let log = site.open("gone");
    assert_eq!(seen(&log, op(0)).1["object.path"], Absence::Damaged);
    let said = log.entries(0, 9, &Filter::kind(Assurance::LogRecover)).expect("read");
    assert_eq!(said[0].entry.detail["missing_keys"], 1);

    // Somebody who can destroy a key in the log's own way, and leaves the log as it was.
    let unsaid = site.path("unsaid");
    let log = site.open("unsaid");
    log.append_blocking(event(0)).expect("append");
    drop(log);
    let keys = fs::read(sheet(&unsaid)).expect("read");
    let other = site.path("other");
    copy(&unsaid, &other);
    site.open("other").erase(&ana(), order(1)).expect("erase");
    assert_ne!(fs::read(sheet(&other)).expect("read"), keys);
    fs::copy(sheet(&other), sheet(&unsaid)).expect("copy");
    let report = site.verify(&unsaid);
    assert_eq!((report.exit_code(), report.first_bad_entry()), (2, Some(0)), "{report}");
    assert!(report.to_string().contains("no entry says so"), "{report}");
    assert_eq!(before.len(), after.len());
}

#[test]
fn a_copy_without_key_files_verifies_and_says_that_they_are_not_there() {
    let site = Site::new();
    let (directory, ..) = with_erasure(&site);
    fs::remove_dir_all(directory.join("opening-keys")).expect("remove");
    let report = site.verify(&directory);
    assert!(report.holds(), "{report}");
    assert!(report.to_string().contains("keys of the values are not here"), "{report}");
}

#[test]
fn a_damaged_value_is_told_from_an_erased_one() {
    let site = Site::new();
    let log = site.open("log");
    log.append_blocking(event(0)).expect("append");
    let openings = log.directory().join("openings/00000000.seg");
    let mut bytes = fs::read(&openings).expect("read");
    bytes[16 + 80] ^= 1;
    fs::write(&openings, &bytes).expect("write");
    let (_, absent) = seen(&log, op(0));
    assert_eq!(absent["actor.subject"], Absence::Damaged);
}

#[test]
fn thousands_of_new_people_at_once_get_their_keys_with_their_batch() {
    const PEOPLE: u128 = 1500;
    let site = Site::new();
    let log = site.open("log");
    std::thread::scope(|scope| {
        for writer in 0..30 {
            let log = &log;
            scope.spawn(move || {
                for n in 0..PEOPLE / 30 {
                    let n = writer * (PEOPLE / 30) + n;
                    log.append_blocking(by(n, &format!("person-{n}"), "imaging")).expect("append");
                }
            });
        }
    });
    drop(log);
    assert!(site.verify(&site.path("log")).holds());
    let log = site.open("log");
    assert!(all(&log).iter().all(|view| view.absent.is_empty() && view.revealed.len() == 2));
    assert_eq!(
        fs::read_dir(log.directory().join("opening-keys")).expect("list").count(),
        4,
        "three sheets and the next"
    );
    assert_eq!(log.erase(&Scope::person(ISSUER, "person-1499"), order(9999)).expect("erase").values, 1);
}

#[test]
fn appends_that_run_beside_an_erasure_are_whole_or_erased_and_never_damaged() {
    let site = Site::new();
    let log = site.open("log");
    std::thread::scope(|scope| {
        for writer in 0..4 {
            let log = &log;
            scope.spawn(move || {
                for n in 0..100 {
                    log.append_blocking(event(writer * 1000 + n)).expect("append");
                }
            });
        }
        for n in 0..20 {
            log.erase(&ana(), order(10_000 + n)).expect("erase");
        }
    });
    drop(log);
    let report = site.verify(&site.path("log"));
    assert!(report.holds(), "{report}");
    let log = site.open("log");
    assert!(all(&log).iter().flat_map(|view| view.absent.values()).all(|absence| *absence == Absence::Erased));
    log.append_blocking(event(1)).expect("append");
    assert_eq!(all(&log).last().expect("one").absent, BTreeMap::new());
}

#[test]
fn no_file_holds_a_personal_value_also_after_a_crash_and_an_erasure() {
    let site = Site::new();
    let log = site.open("log");
    for n in 0..3 {
        log.append_blocking(event(n)).expect("append");
    }
    log.erase(&Scope::collection("imaging"), order(9)).expect("erase");
    let torn = site.path("torn");
    copy(log.directory(), &torn);
    // A directory read while its checkpoint is being replaced may show neither the old one nor the new one.
    if torn.join("checkpoint").exists() {
        fs::remove_file(torn.join("checkpoint")).expect("remove");
    }
    for series in ["seg", "openings"] {
        let path = torn.join(format!("{series}/00000000.seg"));
        let mut bytes = fs::read(&path).expect("read");
        let end = bytes.iter().rposition(|byte| *byte != 0).expect("written");
        bytes[end - 20..=end].fill(0);
        fs::write(&path, bytes).expect("write");
    }
    drop(site.open("torn"));
    let files = files(&torn);
    assert!(files.keys().any(|name| name.starts_with("cut/")), "something was cut: {:?}", files.keys());
    for (name, bytes) in files {
        for personal in ["ana@", "192.0.2.7", "Lopez"] {
            assert!(!bytes.windows(personal.len()).any(|window| window == personal.as_bytes()), "{personal} in {name}");
        }
    }
}

#[derive(Debug, Clone)]
enum Step {
    Append { person: u8, collection: u8 },
    ErasePerson(u8),
    EraseCollection(u8),
    Restart,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        5 => (0..3_u8, 0..3_u8).prop_map(|(person, collection)| Step::Append { person, collection }),
        1 => (0..3_u8).prop_map(Step::ErasePerson),
        1 => (0..3_u8).prop_map(Step::EraseCollection),
        1 => Just(Step::Restart),
    ];
    prop::collection::vec(step, 1..24)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_value_can_be_read_exactly_until_its_owner_is_erased(steps in steps()) {
        let site = Site::new();
        let mut log = site.open("log");
        // By operation: person, collection, and whether each can still be read.
        let mut model: BTreeMap<u128, (u8, u8, bool, bool)> = BTreeMap::new();
        for (n, step) in (0_u128..).zip(steps) {
            match step {
                Step::Append { person, collection } => {
                    log.append_blocking(by(n, &person.to_string(), &collection.to_string())).expect("append");
                    model.insert(n, (person, collection, true, true));
                }
                Step::ErasePerson(person) => {
                    let gone = model.values_mut().filter(|(who, _, readable, _)| *who == person && *readable);
                    let gone = gone.map(|(_, _, readable, _)| *readable = false).count();
                    let erased = log.erase(&Scope::person(ISSUER, person.to_string()), order(n)).expect("erase");
                    prop_assert_eq!(erased.values, u64::try_from(gone).expect("small"));
                }
                Step::EraseCollection(collection) => {
                    let gone = model.values_mut().filter(|(_, what, _, readable)| *what == collection && *readable);
                    let gone = gone.map(|(_, _, _, readable)| *readable = false).count();
                    let erased = log.erase(&Scope::collection(collection.to_string()), order(n)).expect("erase");
                    prop_assert_eq!(erased.values, u64::try_from(gone).expect("small"));
                }
                Step::Restart => {
                    drop(log);
                    log = site.open("log");
                }
            }
        }
        for (n, (_, _, person, collection)) in &model {
            let (revealed, absent) = seen(&log, op(*n));
            prop_assert_eq!(revealed.contains(&"actor.subject".to_owned()), *person);
            prop_assert_eq!(revealed.contains(&"object.path".to_owned()), *collection);
            prop_assert!(absent.values().all(|absence| *absence == Absence::Erased));
        }
        drop(log);
        let report = site.verify(&site.path("log"));
        prop_assert!(report.holds(), "{}", report);
    }
}
