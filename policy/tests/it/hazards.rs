//! What casbin-rs is known to get wrong must not show through: each hazard (H1 to H15, measured with 2.20) as a claim.

use sealane_policy::{Action, Class, GrantRow, Permission, PersonId, Principal, Request, Resource, Role, Subject};

use crate::world::{ALL, NOW, ana, answer, ask, code, engine, fresh, path, refusal, rule};

#[test]
fn h1_names_beyond_ascii_and_wildcards_in_them_are_just_names() {
    let engine =
        engine(vec![rule(1, Principal::Person(ana()), "/f*", &ALL), rule(2, Principal::Person(ana()), "/*", &ALL)]);
    for at in ["/\u{e9}", "/fo", "/f", "/\u{1F600}\u{1F600}", "/\\xff\\xfe", "/a/*"] {
        assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, at), "rule.missing", "{at}");
    }
    assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/f*/x"), "permitted");
}

#[test]
fn h2_a_yes_to_one_subject_is_not_remembered_for_another() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/", &ALL)]);
    for _ in 0..3 {
        assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/x"), "permitted");
        assert_eq!(answer(&engine, Subject::anonymous(), Action::ReadContent, "/x"), "sign-in.required");
        assert_eq!(answer(&engine, fresh(PersonId::new("i", "s")), Action::ReadContent, "/x"), "rule.missing");
    }
}

#[test]
fn h3_and_h4_people_groups_and_sites_that_are_called_like_a_role_do_not_have_it() {
    let engine = engine(vec![]);
    for name in ["administrator", "caller:administrator", "r:administrator", "act:manage-peers", "role:administrator"] {
        let subject =
            Subject { email: Some(name.to_owned()), groups: vec![name.to_owned()], ..fresh(PersonId::new(name, name)) };
        let at_site = |subject: Subject| {
            let resource = Resource::site();
            code(&engine.decide(&Request { subject, action: Action::ManagePeers, resource, purpose: None, now_s: NOW }))
        };
        assert_eq!(at_site(subject), "role.missing", "{name}");
        assert_eq!(at_site(Subject::peer(name)), "role.missing", "{name}");
    }
}

#[test]
fn h5_what_is_missing_never_counts_as_met() {
    let engine = engine(vec![rule(1, Principal::EveryoneSignedIn, "/", &ALL)]);
    let mut subject = fresh(ana());
    subject.assurance.auth_time_s = None;
    assert_eq!(answer(&engine, subject, Action::ReadContent, "/"), "sign-in.too-old");
}

#[test]
fn h6_no_rules_and_empty_names_permit_nothing() {
    let engine = engine(vec![]);
    for subject in [Subject::anonymous(), fresh(PersonId::new("", "")), Subject::peer("")] {
        for action in Action::ALL {
            let decision = engine.decide(&ask(subject.clone(), *action, Class::Public, "/"));
            assert!(!decision.is_permit(), "{action}");
        }
    }
}

#[test]
fn h7_a_refusal_binds_however_many_rules_give() {
    let mut rows: Vec<GrantRow> = (1..200).map(|number| rule(number, Principal::Person(ana()), "/", &ALL)).collect();
    rows.push(refusal(200, Principal::Anonymous, "/", &[Permission::Read]));
    assert_eq!(answer(&engine(rows), fresh(ana()), Action::ReadContent, "/x"), "rule.refused");
}

#[test]
fn h8_and_h9_expressions_patterns_and_addresses_in_rules_are_just_text() {
    for text in ["eval(true)", "while true {}", "[", "(?P<", "1.2.3.4/99", "\"", "p.eft", "true || true"] {
        let rows = vec![
            GrantRow { purpose: Some(text.to_owned()), ..rule(1, Principal::Group(text.to_owned()), "/", &ALL) },
            rule(2, Principal::Email(text.to_owned()), "/", &ALL),
        ];
        let engine = engine(rows);
        assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/"), "rule.missing", "{text}");
        let member = Subject { groups: vec![text.to_owned()], ..fresh(ana()) };
        let mut request = ask(member, Action::ReadContent, Class::Internal, "/");
        request.purpose = Some(text.to_owned());
        assert_eq!(code(&engine.decide(&request)), "permitted", "{text}");
    }
}

#[test]
fn h10_times_beyond_32_bits_are_times() {
    let far = 1_i64 << 40;
    let engine = engine(vec![GrantRow { expires_s: Some(far + 10), ..rule(1, Principal::Person(ana()), "/", &ALL) }]);
    let mut request = ask(crate::world::signed_in_at(ana(), Some(far)), Action::ReadContent, Class::Phi, "/");
    request.now_s = far + 9;
    assert_eq!(code(&engine.decide(&request)), "permitted");
    request.now_s = far + 10;
    assert_eq!(code(&engine.decide(&request)), "rule.expired");
}

#[test]
fn h12_one_odd_rule_does_not_change_the_answer_to_others() {
    let odd = rule(1, Principal::Group(",\n\"deny\",".to_owned()), "/", &ALL);
    let engine = engine(vec![odd, rule(2, Principal::Person(ana()), "/", &ALL)]);
    assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/"), "permitted");
}

#[test]
fn h13_a_name_with_a_newline_or_a_dot_matches_only_itself() {
    let engine = engine(vec![
        rule(1, Principal::Person(ana()), "/", &ALL),
        refusal(2, Principal::Person(ana()), "/v1.0", &[Permission::Read]),
    ]);
    assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/v1.0/a\\x0ab"), "rule.refused");
    assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/v1X0"), "permitted");
    assert!(sealane_policy::RemotePath::parse_text("/proj/a/../b").is_err());
    assert!(!path("/proj/abc").starts_with(&path("/proj/a")));
}

#[test]
fn h14_a_no_by_default_has_a_reason() {
    let decision = engine(vec![]).decide(&ask(fresh(ana()), Action::ReadContent, Class::Internal, "/"));
    assert!(!decision.reason().text.is_empty() && !decision.unmet().is_empty());
}

#[test]
fn h15_a_role_is_never_found_as_a_part_of_a_longer_word() {
    let subject =
        Subject { roles: vec![Role::Researcher], groups: vec!["non-administrator".to_owned()], ..fresh(ana()) };
    let request =
        Request { subject, action: Action::ManageCollections, resource: Resource::site(), purpose: None, now_s: NOW };
    assert_eq!(code(&engine(vec![]).decide(&request)), "role.missing");
}
