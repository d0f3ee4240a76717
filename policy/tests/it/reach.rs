//! Who can, and what somebody can: the same answers as asking the engine about everybody everywhere.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use sealane_policy::who_can::{Can, Standing};
use sealane_policy::{
    Action, Class, Component, Effect, Engine, GrantRow, Holding, Permission, PersonId, Principal, RemotePath, Request,
    Resource, Role, RuleId, Snapshot, Subject, WhoCan,
};

use crate::world::{NOW, ana, ben, collection, engine, fresh, path, refusal, rule};

const PLACES: [&str; 6] = ["/", "/a", "/a/b", "/a/b/c", "/b", "/b/x"];
const ON_PLACES: [Action; 8] = [
    Action::ShowCollection,
    Action::ListDirectory,
    Action::ReadContent,
    Action::WriteContent,
    Action::RenameEntry,
    Action::DeleteEntry,
    Action::ManageRules,
    Action::ReadRules,
];

fn asked(action: Action, class: Class) -> WhoCan {
    WhoCan { action, collection: collection(), class, owner: None, purpose: None, now_s: NOW }
}

fn people() -> Vec<Subject> {
    let names = ["ana", "ben", "cleo", "dan"];
    let person = |(number, name): (usize, &&str)| Subject {
        email: Some(format!("{name}@x")),
        groups: if number % 2 == 0 { vec!["even".to_owned()] } else { vec!["odd".to_owned(), "staff".to_owned()] },
        roles: match number {
            0 => vec![Role::Researcher],
            1 => vec![Role::Administrator],
            2 => vec![Role::Auditor],
            _ => vec![Role::ComplianceOfficer],
        },
        ..fresh(PersonId::new("https://idp", *name))
    };
    names.iter().enumerate().map(person).collect()
}

fn some_principal() -> impl Strategy<Value = Principal> {
    prop_oneof![
        select(vec!["ana", "ben", "cleo"]).prop_map(|name| Principal::Person(PersonId::new("https://idp", name))),
        select(vec!["ana@x", "Ben@X", "dan@x"]).prop_map(|email| Principal::Email(email.to_owned())),
        select(vec!["even", "odd", "staff", "nobody"]).prop_map(|group| Principal::Group(group.to_owned())),
        Just(Principal::Site("university-b".to_owned())),
        Just(Principal::EveryoneSignedIn),
        Just(Principal::Anonymous),
    ]
}

prop_compose! {
    fn some_row()(
        principal in some_principal(),
        at in select(PLACES.to_vec()),
        permissions in subsequence(Permission::ALL.to_vec(), 1..=3),
        deny in proptest::bool::weighted(0.3),
        expires_s in proptest::option::weighted(0.2, select(vec![NOW - 1, NOW, NOW + 1])),
        purpose in proptest::option::weighted(0.2, select(vec!["audit".to_owned(), "study".to_owned()])),
    ) -> GrantRow {
        GrantRow { deny, expires_s, purpose, ..rule(0, principal, at, &permissions) }
    }
}

pub(crate) fn some_world(most: usize) -> impl Strategy<Value = Vec<GrantRow>> {
    proptest::collection::vec(some_row(), 0..most).prop_map(|rows| {
        let numbered = rows
            .into_iter()
            .zip(1..)
            .map(|(row, number)| GrantRow { id: RuleId::from_uuid(uuid::Uuid::from_u128(number)), ..row });
        numbered.filter(|row| row.lint().is_ok()).collect()
    })
}

fn request(subject: &Subject, action: Action, class: Class, at: &RemotePath, purpose: Option<&str>) -> Request {
    Request {
        subject: subject.clone(),
        action,
        resource: Resource::collection(collection(), class, at.clone(), None),
        purpose: purpose.map(str::to_owned),
        now_s: NOW,
    }
}

fn find<'a>(who: &'a [Standing], name: &str) -> Vec<&'a Standing> {
    // Addresses compare without regard to case.
    who.iter().filter(|standing| standing.who.eq_ignore_ascii_case(name)).collect()
}

#[test]
fn a_principal_is_told_with_its_rule_and_what_is_not_known_yet() {
    let readers = || Principal::Group("readers".to_owned());
    let engine = engine(vec![
        rule(1, readers(), "/", &[Permission::Read]),
        GrantRow {
            purpose: Some("audit".to_owned()),
            ..rule(2, Principal::Email("a@x".to_owned()), "/", &[Permission::Read])
        },
        refusal(3, Principal::Email("b@x".to_owned()), "/a", &[Permission::Read]),
        rule(4, Principal::Person(ana()), "/", &[Permission::Read]),
    ]);
    let reach = engine.who_can(&engine.snapshot(), &asked(Action::ReadContent, Class::Phi), &path("/a"), &[]);
    let group = find(&reach.who, "group:readers");
    assert_eq!(group[0].can, Can::Yes);
    assert!(group[0].rule.as_ref().unwrap().contains("rule:00000000-0000-0000-0000-000000000001"));
    assert!(group[0].conditions.iter().any(|condition| condition.contains("at most 60 min ago")), "{group:?}");
    assert!(group[0].conditions.iter().any(|condition| condition.contains("no rule refuses it")), "{group:?}");
    assert_eq!(find(&reach.who, "email:a@x")[0].purpose.as_deref(), Some("audit"));
    assert_eq!(find(&reach.who, "email:b@x")[0].can, Can::No);
    let unknown = find(&reach.who, &Principal::Person(ana()).to_text());
    assert!(unknown[0].conditions.iter().any(|condition| condition.contains("e-mail address")), "{unknown:?}");
}

#[test]
fn whom_two_rules_make_able_together_is_told_as_partly() {
    let engine = engine(vec![
        rule(1, Principal::Group("writers".to_owned()), "/", &[Permission::Write]),
        rule(2, Principal::Person(ben()), "/", &[Permission::Delete]),
    ]);
    let mut both = fresh(ben());
    both.groups.push("writers".to_owned());
    let question = asked(Action::RenameEntry, Class::Internal);
    let reach = engine.who_can(&engine.snapshot(), &question, &path("/a"), &[both]);
    assert_eq!(find(&reach.who, "group:writers")[0].can, Can::Partly);
    assert_eq!(find(&reach.who, &Principal::Person(ben()).to_text())[0].can, Can::Yes);
}

#[test]
fn whom_a_refusal_beneath_names_cannot_take_the_whole_tree() {
    let engine = engine(vec![
        rule(1, Principal::EveryoneSignedIn, "/", &[Permission::Delete]),
        refusal(2, Principal::Person(ana()), "/a/b", &[Permission::Delete]),
    ]);
    let reach = |at| {
        engine.who_can(&engine.snapshot(), &asked(Action::DeleteEntry, Class::Internal), &path(at), &[fresh(ana())])
    };
    let who = Principal::Person(ana()).to_text();
    assert_eq!(find(&reach("/a").who, &who)[0].can, Can::No);
    assert_eq!(find(&reach("/a").who, "signed-in")[0].can, Can::Yes);
    assert!(find(&reach("/c").who, &who).is_empty(), "there she is one of everyone");
}

#[test]
fn an_answer_about_a_collection_names_only_places_where_it_changes() {
    let engine = engine(vec![
        rule(1, Principal::Group("g".to_owned()), "/a", &[Permission::Read]),
        rule(2, Principal::Group("g".to_owned()), "/a/b", &[Permission::Read]),
        refusal(3, Principal::Group("g".to_owned()), "/a/b/c", &[Permission::Read]),
    ]);
    let question = asked(Action::ReadContent, Class::Internal);
    let (places, more) = engine.who_can_anywhere(&engine.snapshot(), &question, &[], 100);
    let shown: Vec<String> = places.iter().map(|place| place.path.to_text()).collect();
    assert_eq!((shown, more), (vec!["/".to_owned(), "/a".to_owned(), "/a/b".to_owned(), "/a/b/c".to_owned()], false));
    assert!(engine.who_can_anywhere(&engine.snapshot(), &question, &[], 2).1);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn who_can_agrees_with_the_engine_about_every_person_everywhere(
        rows in some_world(14),
        class in select(Class::ALL.to_vec()),
        action in select(ON_PLACES.to_vec()),
    ) {
        thread_local! {
            static ENGINE: Engine = engine(vec![]);
        }
        let people = people();
        ENGINE.with(|engine| {
            let snapshot = Snapshot::build(rows.clone()).unwrap();
            let (anywhere, _) = engine.who_can_anywhere(&snapshot, &asked(action, class), &people, 1_000);
            for place in PLACES.iter().map(|text| path(text)).chain([path("/zzz"), path("/a/b/c/d")]) {
                let reach = engine.who_can(&snapshot, &asked(action, class), &place, &people);
                for person in &people {
                    let who = Principal::Person(person.person.clone().unwrap()).to_text();
                    let decided = engine.simulate(&request(person, action, class, &place, None), &snapshot);
                    let own = find(&reach.who, &who);
                    let as_everyone = find(&reach.who, "signed-in").iter().any(|line| line.can == Can::Yes && line.purpose.is_none());
                    let told = if own.is_empty() {
                        as_everyone
                    } else {
                        own.iter().any(|line| line.can == Can::Yes && line.purpose.is_none())
                    };
                    prop_assert_eq!(told, decided.is_permit(), "{} at {}: {:?}", who, place.to_text(), decided.reason());
                    for line in own.iter().filter(|line| line.purpose.is_some()) {
                        let decided = engine.simulate(&request(person, action, class, &place, line.purpose.as_deref()), &snapshot);
                        prop_assert!(decided.is_permit());
                    }
                }
                for row in &rows {
                    let subject = Subject::standing_for(&row.principal, class, NOW);
                    let decided = engine.simulate(&request(&subject, action, class, &place, None), &snapshot);
                    let above = place.starts_with(&row.path) && row.expires_s.is_none_or(|end| NOW < end);
                    let is_known = matches!(&row.principal, Principal::Person(id) if people.iter().any(|known| known.person.as_ref() == Some(id)));
                    if above && !is_known {
                        let told = find(&reach.who, &row.principal.to_text());
                        let yes = told.iter().any(|line| line.can == Can::Yes && line.purpose.is_none());
                        prop_assert_eq!(yes, decided.is_permit(), "{:?} at {}", row.principal, place.to_text());
                    }
                }
                if action != Action::ShowCollection {
                    let above = anywhere.iter().rfind(|known| place.starts_with(&known.path)).unwrap();
                    let entry = place.join(&Component::parse_text("an entry").unwrap());
                    let whole = matches!(action, Action::DeleteEntry | Action::RenameEntry);
                    let there = if whole { engine.who_can(&snapshot, &asked(action, class), &entry, &people).who } else { reach.who };
                    prop_assert_eq!(&above.who, &there, "{}", place.to_text());
                }
            }
            Ok(())
        })?;
    }

    #[test]
    fn what_can_agrees_with_the_engine_everywhere(rows in some_world(14), class in select(Class::ALL.to_vec()), old in any::<bool>()) {
        thread_local! {
            static ENGINE: Engine = engine(vec![]);
        }
        ENGINE.with(|engine| {
            let snapshot = Snapshot::build(rows.clone()).unwrap();
            for mut person in people() {
                if old {
                    person.assurance.auth_time_s = Some(NOW - 3 * 3_600);
                }
                let holding = Holding { collection: collection(), class, owner: None };
                let told = engine.what_can(&snapshot, &person, &holding, NOW);
                for place in PLACES.iter().map(|text| path(text)).chain([path("/zzz"), path("/a/b/c/d")]) {
                    let above = told.iter().rfind(|known| place.starts_with(&known.path));
                    let by = [
                        (Permission::List, Action::ListDirectory),
                        (Permission::Read, Action::ReadContent),
                        (Permission::Write, Action::WriteContent),
                        (Permission::Delete, Action::DeleteEntry),
                        (Permission::Share, Action::ManageRules),
                    ];
                    for (permission, action) in by {
                        let entry = place.join(&Component::parse_text("an entry").unwrap());
                        let at = if permission == Permission::Delete { &entry } else { &place };
                        let effect = engine.simulate(&request(&person, action, class, at, None), &snapshot).effect();
                        let says = |list: fn(&sealane_policy::PlacePowers) -> &Vec<Permission>| above.is_some_and(|known| list(known).contains(&permission));
                        prop_assert_eq!(says(|known| &known.can), effect == Effect::Permit, "{} at {}", permission, place.to_text());
                        prop_assert_eq!(says(|known| &known.after_sign_in), effect == Effect::StepUp);
                        for purpose in ["audit", "study"] {
                            let bound = engine.simulate(&request(&person, action, class, at, Some(purpose)), &snapshot).effect();
                            let told = above.is_some_and(|known| {
                                known.for_purposes.iter().any(|powers| powers.purpose == purpose && powers.can.contains(&permission))
                            });
                            prop_assert_eq!(told, effect == Effect::Deny && bound != Effect::Deny, "{} for {}", permission, purpose);
                        }
                    }
                }
            }
            Ok(())
        })?;
    }
}
