//! Access rules: who may do what where, and what a refusal means.

use sealane_policy::{Action, Class, GrantRow, Permission, Principal, Resource};

use crate::world::{ALL, NOW, ana, answer, ask, ben, code, collection, engine, fresh, path, refusal, rule, visitor};

#[test]
fn without_any_rule_the_answer_is_no_and_says_how_to_get_one() {
    let decision = engine(vec![]).decide(&ask(fresh(ana()), Action::WriteContent, Class::Internal, "/a"));
    assert_eq!(code(&decision), "rule.missing");
    assert_eq!(decision.reason().text, "no access rule lets you write in this place");
    assert_eq!(decision.unmet()[0].have, "no access rule here");
    assert_eq!(decision.unmet()[0].need, "an access rule that gives 'write' in this place");
    assert_eq!(decision.unmet()[0].remedy, "ask the manager of the collection for an access rule with 'write'");
    assert_eq!(decision.rule(), None);
}

#[test]
fn a_rule_gives_what_it_names_at_its_path_and_beneath() {
    let engine = engine(vec![rule(7, Principal::Person(ana()), "/data", &[Permission::Write])]);
    assert_eq!(answer(&engine, fresh(ana()), Action::WriteContent, "/data"), "permitted");
    assert_eq!(answer(&engine, fresh(ana()), Action::TransferIn, "/data/x/y"), "permitted");
    assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, "/data/x"), "rule.missing");
    assert_eq!(answer(&engine, fresh(ana()), Action::WriteContent, "/"), "rule.missing");
    assert_eq!(answer(&engine, fresh(ben()), Action::WriteContent, "/data"), "rule.missing");
}

#[test]
fn a_rule_for_data_says_nothing_about_database() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/data", &ALL)]);
    for outside in ["/database", "/dat", "/Data", "/data ", "/x/data", "/data\\x0a"] {
        assert_eq!(answer(&engine, fresh(ana()), Action::ReadContent, outside), "rule.missing", "{outside}");
    }
}

#[test]
fn a_drop_box_takes_but_does_not_show() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/in", &[Permission::Write])]);
    assert_eq!(answer(&engine, fresh(ana()), Action::WriteContent, "/in/x"), "permitted");
    for action in
        [Action::ListDirectory, Action::StatEntry, Action::ReadContent, Action::RenameEntry, Action::DeleteEntry]
    {
        assert_eq!(answer(&engine, fresh(ana()), action, "/in/x"), "rule.missing", "{action}");
    }
}

#[test]
fn reading_includes_seeing_and_renaming_takes_write_and_delete() {
    let reader = engine(vec![rule(1, Principal::Person(ana()), "/", &[Permission::Read])]);
    assert_eq!(answer(&reader, fresh(ana()), Action::ListDirectory, "/"), "permitted");
    let two_rules = engine(vec![
        rule(1, Principal::Person(ana()), "/", &[Permission::Write]),
        rule(2, Principal::EveryoneSignedIn, "/a", &[Permission::Delete]),
    ]);
    assert_eq!(answer(&two_rules, fresh(ana()), Action::RenameEntry, "/a/b"), "permitted");
    assert_eq!(answer(&two_rules, fresh(ana()), Action::RenameEntry, "/b"), "rule.missing");
}

#[test]
fn a_refusal_above_beats_a_rule_that_is_nearer() {
    let engine = engine(vec![
        refusal(1, Principal::EveryoneSignedIn, "/", &[Permission::Read]),
        rule(2, Principal::Person(ana()), "/a/b/c", &ALL),
    ]);
    let decision = engine.decide(&ask(fresh(ana()), Action::ReadContent, Class::Internal, "/a/b/c/d"));
    assert_eq!(code(&decision), "rule.refused");
    assert!(decision.rule().unwrap().contains("data.refused rule:00000000-0000-0000-0000-000000000001"));
    assert_eq!(answer(&engine, fresh(ana()), Action::WriteContent, "/a/b/c/d"), "permitted");
}

#[test]
fn what_is_refused_beneath_cannot_be_removed_or_renamed_with_its_surroundings() {
    let engine = engine(vec![
        rule(1, Principal::Person(ana()), "/", &ALL),
        refusal(2, Principal::Person(ana()), "/a/b/c", &[Permission::Delete]),
    ]);
    assert_eq!(answer(&engine, fresh(ana()), Action::DeleteEntry, "/a"), "rule.refused-beneath");
    assert_eq!(answer(&engine, fresh(ana()), Action::RenameEntry, "/a/b"), "rule.refused-beneath");
    assert_eq!(answer(&engine, fresh(ana()), Action::DeleteEntry, "/a/b/c"), "rule.refused");
    assert_eq!(answer(&engine, fresh(ana()), Action::DeleteEntry, "/a/bb"), "permitted");
    assert_eq!(answer(&engine, fresh(ana()), Action::WriteContent, "/a"), "permitted");
}

#[test]
fn a_rule_holds_until_the_second_in_which_it_ends() {
    let until = |expires_s| engine(vec![GrantRow { expires_s, ..rule(1, Principal::Person(ana()), "/", &ALL) }]);
    assert_eq!(answer(&until(Some(NOW + 1)), fresh(ana()), Action::ReadContent, "/"), "permitted");
    assert_eq!(answer(&until(Some(NOW)), fresh(ana()), Action::ReadContent, "/"), "rule.expired");
    assert_eq!(answer(&until(Some(i64::MIN)), fresh(ana()), Action::ReadContent, "/"), "rule.expired");
    let ended_refusal = engine(vec![
        rule(1, Principal::Person(ana()), "/", &ALL),
        GrantRow { expires_s: Some(NOW), ..refusal(2, Principal::Person(ana()), "/", &ALL) },
    ]);
    assert_eq!(answer(&ended_refusal, fresh(ana()), Action::ReadContent, "/"), "permitted");
}

#[test]
fn a_rule_without_an_end_holds_even_at_the_last_second_of_time() {
    let engine = engine(vec![
        rule(1, Principal::Anonymous, "/", &ALL),
        refusal(2, Principal::Anonymous, "/no", &[Permission::Read]),
    ]);
    let mut request = ask(sealane_policy::Subject::anonymous(), Action::ReadContent, Class::Public, "/no/x");
    request.now_s = i64::MAX;
    assert_eq!(code(&engine.decide(&request)), "rule.refused");
}

#[test]
fn a_purpose_must_be_declared_for_a_rule_that_gives_and_cannot_dodge_one_that_refuses() {
    let for_purpose = |row: GrantRow| GrantRow { purpose: Some("cardiology-2027".to_owned()), ..row };
    let giving = engine(vec![for_purpose(rule(1, Principal::Person(ana()), "/", &ALL))]);
    let mut request = ask(fresh(ana()), Action::ReadContent, Class::Internal, "/");
    assert_eq!(code(&giving.decide(&request)), "rule.purpose");
    request.purpose = Some("marketing".to_owned());
    assert_eq!(code(&giving.decide(&request)), "rule.purpose");
    request.purpose = Some("cardiology-2027".to_owned());
    assert_eq!(code(&giving.decide(&request)), "permitted");
    let refusing = engine(vec![
        rule(1, Principal::Person(ana()), "/", &ALL),
        for_purpose(refusal(2, Principal::Person(ana()), "/", &[Permission::Read])),
    ]);
    request.purpose = Some("marketing".to_owned());
    assert_eq!(code(&refusing.decide(&request)), "rule.refused");
}

#[test]
fn every_kind_of_principal_is_found_and_no_other() {
    let cases = [
        (Principal::Person(ana()), fresh(ana()), fresh(ben())),
        (
            Principal::Email("Ana@Hospital-A.example".to_owned()),
            with_email("ana@hospital-a.EXAMPLE"),
            with_email("ben@hospital-a.example"),
        ),
        (Principal::Group("imaging".to_owned()), with_group("imaging"), with_group("Imaging")),
        (Principal::Site("university-b".to_owned()), visitor(ana(), Some(Class::Phi)), fresh(ana())),
        (Principal::EveryoneSignedIn, fresh(ben()), sealane_policy::Subject::peer("university-b")),
    ];
    for (principal, member, stranger) in cases {
        let engine = engine(vec![rule(1, principal.clone(), "/", &ALL)]);
        assert_eq!(answer(&engine, member, Action::ReadContent, "/x"), "permitted", "{principal:?}");
        assert_ne!(answer(&engine, stranger, Action::ReadContent, "/x"), "permitted", "{principal:?}");
    }
}

fn with_email(email: &str) -> sealane_policy::Subject {
    sealane_policy::Subject { email: Some(email.to_owned()), ..fresh(ana()) }
}

fn with_group(group: &str) -> sealane_policy::Subject {
    sealane_policy::Subject { groups: vec![group.to_owned()], ..fresh(ana()) }
}

#[test]
fn a_refusal_by_address_binds_a_person_whose_address_is_not_known() {
    let engine = engine(vec![
        rule(1, Principal::EveryoneSignedIn, "/", &ALL),
        refusal(2, Principal::Email("ana@hospital-a.example".to_owned()), "/", &[Permission::Read]),
    ]);
    assert_eq!(answer(&engine, with_email("ben@hospital-a.example"), Action::ReadContent, "/"), "permitted");
    assert_eq!(answer(&engine, with_email("ana@hospital-a.example"), Action::ReadContent, "/"), "rule.refused");
    assert_eq!(answer(&engine, fresh(ben()), Action::ReadContent, "/"), "rule.refused");
}

#[test]
fn a_rule_of_one_collection_says_nothing_about_another() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/", &ALL)]);
    let mut request = ask(fresh(ana()), Action::ReadContent, Class::Internal, "/");
    let other = sealane_policy::CollectionId::from_uuid(uuid::Uuid::from_u128(2));
    request.resource = Resource::collection(other, Class::Internal, path("/"), None);
    assert_eq!(code(&engine.decide(&request)), "rule.missing");
}

#[test]
fn whoever_has_a_rule_somewhere_may_know_that_the_collection_exists() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/deep/down", &[Permission::Write])]);
    assert_eq!(answer(&engine, fresh(ana()), Action::ShowCollection, "/"), "permitted");
    assert_eq!(answer(&engine, fresh(ben()), Action::ShowCollection, "/"), "rule.missing");
    assert_eq!(answer(&engine, fresh(ana()), Action::ListDirectory, "/"), "rule.missing");
}

#[test]
fn rules_are_managed_by_share_by_owners_and_by_administrators_and_none_of_these_reads_data() {
    use sealane_policy::{Role, Subject};
    let rows = vec![rule(1, Principal::Person(ben()), "/b", &[Permission::Share])];
    let engine = engine(rows);
    let owned = |subject: Subject, action| {
        let resource = Resource::collection(collection(), Class::Internal, path("/b/x"), Some(ana()));
        code(&engine.decide(&sealane_policy::Request { resource, ..ask(subject, action, Class::Internal, "/") }))
    };
    let administrator =
        Subject { roles: vec![Role::Administrator], ..fresh(sealane_policy::PersonId::new("i", "root")) };
    for manager in [fresh(ben()), fresh(ana()), administrator] {
        assert_eq!(owned(manager.clone(), Action::ManageRules), "permitted");
        assert_eq!(owned(manager.clone(), Action::ReadContent), "rule.missing");
        assert_eq!(owned(manager, Action::ListDirectory), "rule.missing");
    }
    assert_eq!(
        owned(visitor(ana(), Some(Class::Phi)), Action::ManageRules),
        "rule.missing",
        "a peer's word makes no owner"
    );
    assert_eq!(answer(&engine, fresh(ben()), Action::ManageRules, "/"), "rule.missing");
}
