//! Laws that hold for arbitrary rules and requests.

use proptest::prelude::*;
use proptest::sample::select;
use sealane_policy::{
    Action, Assurance, Class, Effect, Engine, GrantRow, Permission, PersonId, Principal, RemotePath, Request, Resource,
    Role, Snapshot, Subject,
};

use crate::world::{NOW, collection, engine, rule};

pub(crate) fn some_path() -> impl Strategy<Value = RemotePath> {
    let name = select(vec![
        b"a".to_vec(),
        b"ab".to_vec(),
        b"\xff\n".to_vec(),
        "\u{e9}*".as_bytes().to_vec(),
        b"r:administrator".to_vec(),
    ]);
    proptest::collection::vec(name, 0..5).prop_map(|names| RemotePath::from_components(names).unwrap())
}

fn some_text() -> impl Strategy<Value = String> {
    select(vec!["", "ana", "administrator", "caller:administrator", "act:manage-peers", "x@y", "\u{e9}*", "|"])
        .prop_map(str::to_owned)
}

fn some_person() -> impl Strategy<Value = PersonId> {
    (some_text(), some_text()).prop_map(|(issuer, subject)| PersonId::new(issuer, subject))
}

pub(crate) fn some_class() -> impl Strategy<Value = Class> {
    select(Class::ALL.to_vec())
}

fn some_time() -> impl Strategy<Value = i64> {
    prop_oneof![Just(NOW), NOW - 100_000..NOW + 100_000, any::<i64>()]
}

prop_compose! {
    fn some_subject()(
        person in proptest::option::of(some_person()),
        email in proptest::option::of(some_text()),
        groups in proptest::collection::vec(some_text(), 0..3),
        roles in proptest::collection::vec(select(Role::ALL.to_vec()), 0..3),
        auth_time_s in proptest::option::of(some_time()),
        via_site in proptest::option::weighted(0.3, some_text()),
        peer_ceiling in proptest::option::of(some_class()),
    ) -> Subject {
        let assurance = Assurance { auth_time_s, ..Assurance::default() };
        Subject { person, email, groups, roles, assurance, via_site, peer_ceiling }
    }
}

prop_compose! {
    pub(crate) fn some_request()(
        subject in some_subject(),
        action in select(Action::ALL.to_vec()),
        path in some_path(),
        class in some_class(),
        owner in proptest::option::of(some_person()),
        task_owner in some_person(),
        kind in 0..6,
        purpose in proptest::option::of(some_text()),
        now_s in some_time(),
    ) -> Request {
        let resource = match kind {
            0 => Resource::site(),
            1 => Resource::task("t", task_owner),
            _ => Resource::collection(collection(), class, path, owner),
        };
        Request { subject, action, resource, purpose, now_s }
    }
}

fn some_principal() -> impl Strategy<Value = Principal> {
    let name = || some_text().prop_filter("rules name somebody", |text| !text.is_empty());
    prop_oneof![
        (name(), name()).prop_map(|(issuer, subject)| Principal::Person(PersonId::new(issuer, subject))),
        name().prop_map(Principal::Email),
        name().prop_map(Principal::Group),
        name().prop_map(Principal::Site),
        Just(Principal::EveryoneSignedIn),
        Just(Principal::Anonymous),
    ]
}

fn some_permissions() -> impl Strategy<Value = Vec<Permission>> {
    proptest::sample::subsequence(Permission::ALL.to_vec(), 1..=5)
}

prop_compose! {
    fn some_row()(
        principal in some_principal(),
        path in some_path(),
        permissions in some_permissions(),
        deny in any::<bool>(),
        expires_s in proptest::option::weighted(0.3, some_time()),
        purpose in proptest::option::weighted(0.2, Just("ana".to_owned())),
    ) -> GrantRow {
        GrantRow { path, deny, expires_s, purpose, ..rule(0, principal, "/", &permissions) }
    }
}

/// Rows with ids of their own that pass the lint.
pub(crate) fn some_rows(most: usize) -> impl Strategy<Value = Vec<GrantRow>> {
    proptest::collection::vec(some_row(), 0..most).prop_map(|rows| {
        let numbered = rows.into_iter().zip(1..).map(|(row, number)| GrantRow {
            id: sealane_policy::RuleId::from_uuid(uuid::Uuid::from_u128(number)),
            ..row
        });
        numbered.filter(|row| row.lint().is_ok()).collect()
    })
}

/// One engine for all cases: enforcers take a while to build, publishing does not.
fn deciding(rows: Vec<GrantRow>, request: &Request) -> (Effect, &'static str) {
    thread_local! {
        static ENGINE: Engine = engine(vec![]);
    }
    ENGINE.with(|engine| {
        engine.publish(Snapshot::build(rows).unwrap());
        let decision = engine.decide(request);
        (decision.effect(), decision.reason().code)
    })
}

/// A rule that gives the subject of every request everything, everywhere.
fn everything_to_everyone() -> GrantRow {
    rule(u128::MAX, Principal::Anonymous, "/", &Permission::ALL)
}

fn about_collection(request: &Request) -> bool {
    matches!(request.resource.kind, sealane_policy::ResourceKind::Collection { .. })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn no_rules_and_no_request_make_deciding_fail(rows in some_rows(12), request in some_request()) {
        prop_assert_ne!(deciding(rows, &request).1, "pdp.fault");
    }

    #[test]
    fn no_access_rule_turns_what_the_class_forbids_into_a_permit(rows in some_rows(12), request in some_request()) {
        let (effect, code) = deciding(vec![everything_to_everyone()], &request);
        // With everything granted and nothing refused, whatever is still not permitted is forbidden by the class, or to
        // auditors for good.
        prop_assume!(about_collection(&request) && effect != Effect::Permit);
        prop_assert!(["sign-in.required", "peer.ceiling", "sign-in.too-old", "role.auditor", "request.mismatch"].contains(&code), "{}", code);
        let mut more = rows;
        more.push(everything_to_everyone());
        prop_assert_ne!(deciding(more, &request).0, Effect::Permit);
    }

    #[test]
    fn a_refusal_always_wins(rows in some_rows(12), request in some_request(), above in 0_usize..6) {
        let sealane_policy::ResourceKind::Collection { path, .. } = &request.resource.kind else { return Ok(()); };
        let top = RemotePath::from_components(path.components().iter().take(above).map(sealane_policy::Component::as_bytes)).unwrap();
        let group = Principal::Group("refused".to_owned());
        let refusal = GrantRow { deny: true, path: top, ..rule(u128::MAX - 1, group, "/", &Permission::ALL) };
        let mut request = request.clone();
        request.subject.person.get_or_insert_with(|| PersonId::new("i", "s"));
        request.subject.groups.push("refused".to_owned());
        let mut rows = rows;
        rows.extend([everything_to_everyone(), refusal]);
        prop_assert_eq!(deciding(rows, &request).0, Effect::Deny);
    }

    #[test]
    fn taking_a_giving_rule_away_never_adds_access(rows in some_rows(12), request in some_request(), index in any::<prop::sample::Index>()) {
        prop_assume!(!rows.is_empty());
        let mut fewer = rows.clone();
        prop_assume!(!fewer.remove(index.index(rows.len())).deny);
        if deciding(rows, &request).0 != Effect::Permit {
            prop_assert_ne!(deciding(fewer, &request).0, Effect::Permit);
        }
    }

    #[test]
    fn knowing_less_about_a_person_never_adds_access_to_restricted_data(rows in some_rows(12), request in some_request()) {
        let restricted = matches!(&request.resource.kind, sealane_policy::ResourceKind::Collection { class, .. } if class.is_restricted());
        prop_assume!(restricted && deciding(rows.clone(), &request).0 != Effect::Permit);
        let forget: [fn(&mut Subject); 3] = [
            |subject| subject.person = None,
            |subject| subject.assurance.auth_time_s = None,
            |subject| subject.peer_ceiling = None,
        ];
        for forget in forget {
            let mut less = request.clone();
            forget(&mut less.subject);
            prop_assert_ne!(deciding(rows.clone(), &less).0, Effect::Permit);
        }
    }

    #[test]
    fn whatever_is_not_permitted_says_what_is_missing_and_how_to_get_it(rows in some_rows(12), request in some_request()) {
        let engine_answer = {
            thread_local! {
                static ENGINE: Engine = engine(vec![]);
            }
            ENGINE.with(|engine| {
                engine.publish(Snapshot::build(rows).unwrap());
                engine.decide(&request)
            })
        };
        prop_assert!(!engine_answer.reason().text.is_empty());
        prop_assert_eq!(engine_answer.unmet().is_empty(), engine_answer.is_permit());
        prop_assert!(engine_answer.rule().is_some() || !engine_answer.is_permit());
        for unmet in engine_answer.unmet() {
            prop_assert!(!unmet.have.is_empty() && !unmet.need.is_empty() && !unmet.remedy.is_empty());
        }
    }
}
