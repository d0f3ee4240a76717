//! What changes for whom: held against asking the engine about every principal everywhere.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::select;
use sealane_policy::difference::{Power, class_changes};
use sealane_policy::{
    Action, Class, Component, Difference, Engine, GrantRow, Permission, Principal, RemotePath, Request, Resource, Side,
    Snapshot, Subject,
};

use crate::reach::some_world;
use crate::world::{NOW, ana, ben, collection, engine, refusal, rule};

fn side(rows: Vec<GrantRow>, class: Class) -> Side {
    Side { rows, classes: BTreeMap::from([(collection(), class)]), now_s: NOW }
}

fn told(old: Vec<GrantRow>, new: Vec<GrantRow>) -> Vec<Difference> {
    engine(vec![]).difference(&side(old, Class::Internal), &side(new, Class::Internal)).unwrap()
}

fn power(permission: Permission) -> Power {
    Power { permission, purpose: None }
}

#[test]
fn a_new_rule_is_a_gain_for_whom_it_names_and_for_nobody_else() {
    let kept = || rule(1, Principal::Person(ben()), "/", &[Permission::Read]);
    let added = rule(2, Principal::Group("readers".to_owned()), "/a", &[Permission::Read]);
    let differences = told(vec![kept()], vec![kept(), added]);
    assert_eq!(differences.len(), 1);
    assert_eq!((differences[0].who.as_str(), differences[0].path.to_text().as_str()), ("group:readers", "/a"));
    assert_eq!(differences[0].gains, [power(Permission::List), power(Permission::Read)]);
    assert_eq!(differences[0].loses, []);
}

#[test]
fn a_refusal_for_everyone_is_a_loss_for_each_who_is_named() {
    let kept = || {
        vec![
            rule(1, Principal::Person(ana()), "/", &[Permission::Read]),
            rule(2, Principal::Person(ben()), "/b", &[Permission::Write]),
        ]
    };
    let mut new = kept();
    new.push(refusal(3, Principal::EveryoneSignedIn, "/", &[Permission::Read]));
    let differences = told(kept(), new);
    let losers: Vec<&str> = differences.iter().map(|difference| difference.who.as_str()).collect();
    assert_eq!(losers, [Principal::Person(ana()).to_text()], "Ben read nothing before: {differences:?}");
    assert_eq!(differences[0].loses, [power(Permission::Read)]);
}

#[test]
fn a_rule_that_gives_what_another_gives_changes_nothing() {
    let kept = || rule(1, Principal::EveryoneSignedIn, "/", &[Permission::Read]);
    assert_eq!(told(vec![kept()], vec![kept(), rule(2, Principal::Person(ana()), "/a", &[Permission::Read])]), []);
    assert_eq!(told(vec![kept()], vec![GrantRow { id: rule(9, Principal::Anonymous, "/", &[]).id, ..kept() }]), []);
}

#[test]
fn a_place_beneath_at_which_nothing_changes_is_said_to_be_as_before() {
    let own = || rule(1, Principal::Person(ana()), "/a/b", &[Permission::Read]);
    let differences = told(vec![own()], vec![own(), rule(2, Principal::Person(ana()), "/a", &[Permission::Read])]);
    let places: Vec<(String, bool)> =
        differences.iter().map(|difference| (difference.path.to_text(), difference.gains.is_empty())).collect();
    assert_eq!(places, [("/a".to_owned(), false), ("/a/b".to_owned(), true)]);
}

#[test]
fn an_end_that_passes_between_two_moments_is_a_loss() {
    let ends =
        || vec![GrantRow { expires_s: Some(NOW + 10), ..rule(1, Principal::Person(ana()), "/", &[Permission::Write]) }];
    let later = Side { now_s: NOW + 10, ..side(ends(), Class::Internal) };
    let differences = engine(vec![]).difference(&side(ends(), Class::Internal), &later).unwrap();
    assert_eq!(differences[0].loses, [power(Permission::Write)]);
}

#[test]
fn a_class_that_changes_closes_what_was_open_without_signing_in() {
    let open = || vec![rule(1, Principal::Anonymous, "/", &[Permission::Read])];
    let (old, new) = (side(open(), Class::Public), side(open(), Class::Internal));
    let changes = class_changes(&old, &new);
    assert_eq!((changes.len(), changes[0].old, changes[0].new), (1, Some(Class::Public), Some(Class::Internal)));
    let differences = engine(vec![]).difference(&old, &new).unwrap();
    assert_eq!(differences.len(), 1);
    assert_eq!((differences[0].who.as_str(), differences[0].loses.len()), ("anonymous", 2));
}

/// What a principal may do just beneath a place, by the engine. A fresh name beneath it, where no rule of its own stands.
fn powers(
    engine: &Engine,
    snapshot: &Snapshot,
    principal: &Principal,
    class: Class,
    place: &RemotePath,
) -> BTreeSet<Power> {
    let probe = place.join(&Component::parse_text("just beneath").unwrap());
    let by = [
        (Permission::List, Action::ListDirectory),
        (Permission::Read, Action::ReadContent),
        (Permission::Write, Action::WriteContent),
        (Permission::Delete, Action::DeleteEntry),
        (Permission::Share, Action::ManageRules),
    ];
    let may = |action, purpose: Option<&str>| {
        let request = Request {
            subject: Subject::standing_for(principal, class, NOW),
            action,
            resource: Resource::collection(collection(), class, probe.clone(), None),
            purpose: purpose.map(str::to_owned),
            now_s: NOW,
        };
        engine.simulate(&request, snapshot).is_permit()
    };
    let mut powers = BTreeSet::new();
    for (permission, action) in by {
        if may(action, None) {
            powers.insert(Power { permission, purpose: None });
            continue;
        }
        for purpose in ["audit", "study"] {
            if may(action, Some(purpose)) {
                powers.insert(Power { permission, purpose: Some(purpose.to_owned()) });
            }
        }
    }
    powers
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn a_difference_agrees_with_asking_about_everybody_everywhere(
        old in some_world(12),
        keep in proptest::collection::vec(any::<bool>(), 12),
        more in some_world(8),
        class in select(Class::ALL.to_vec()),
        other in select(Class::ALL.to_vec()),
        changes in proptest::bool::weighted(0.3),
    ) {
        thread_local! {
            static ENGINE: Engine = engine(vec![]);
        }
        let new_class = if changes { other } else { class };
        let kept = old.iter().zip(&keep).filter(|(_, keep)| **keep).map(|(row, _)| row.clone());
        let added = more.into_iter().map(|row| {
            let number = row.id.uuid().as_u128() + 1_000;
            GrantRow { id: sealane_policy::RuleId::from_uuid(uuid::Uuid::from_u128(number)), ..row }
        });
        let new: Vec<GrantRow> = kept.chain(added).collect();
        ENGINE.with(|engine| {
            let (before, after) = (Snapshot::build(old.clone()).unwrap(), Snapshot::build(new.clone()).unwrap());
            let differences = engine.difference(&side(old.clone(), class), &side(new.clone(), new_class)).unwrap();
            let mut reversed = (old.clone(), new.clone());
            reversed.0.reverse();
            reversed.1.reverse();
            let again = engine.difference(&side(reversed.0, class), &side(reversed.1, new_class)).unwrap();
            prop_assert_eq!(&differences, &again, "the order of the rows matters");
            let rows = || old.iter().chain(&new);
            for principal in rows().map(|row| &row.principal) {
                for place in rows().map(|row| &row.path) {
                    let was = powers(engine, &before, principal, class, place);
                    let is = powers(engine, &after, principal, new_class, place);
                    let mut mine = differences.iter().filter(|difference| {
                        difference.who.eq_ignore_ascii_case(&principal.to_text()) && place.starts_with(&difference.path)
                    });
                    let (gains, loses) = mine.next_back().map(|known| (known.gains.clone(), known.loses.clone())).unwrap_or_default();
                    prop_assert_eq!(gains, is.difference(&was).cloned().collect::<Vec<_>>(), "{:?} at {}", principal, place.to_text());
                    prop_assert_eq!(loses, was.difference(&is).cloned().collect::<Vec<_>>(), "{:?} at {}", principal, place.to_text());
                }
            }
            Ok(())
        })?;
    }
}
