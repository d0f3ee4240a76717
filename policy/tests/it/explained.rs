//! An explanation says what the engine decides, and shows what it rests on.

use proptest::prelude::*;
use sealane_policy::explanation::GrantDoes;
use sealane_policy::{
    Action, Class, Effect, Engine, Explanation, GrantRow, Permission, Principal, Request, Resource, Showing, Snapshot,
};

use crate::properties::{some_request, some_rows};
use crate::world::{ALL, NOW, ana, ask, ben, engine, fresh, refusal, rule, signed_in_at};

const EVERYTHING: Showing = Showing::AllRules(usize::MAX);

fn explained(engine: &Engine, request: &Request) -> Explanation {
    engine.explain(request, EVERYTHING)
}

#[test]
fn the_row_of_the_class_is_named_with_the_cell_that_is_not_met() {
    let engine = engine(vec![rule(1, Principal::Person(ana()), "/", &ALL)]);
    let old = signed_in_at(ana(), Some(NOW - 3_660));
    let told = explained(&engine, &ask(old, Action::ReadContent, Class::Phi, "/a"));
    assert_eq!(told.answer.effect, Effect::StepUp);
    let class = told.mandatory.unwrap();
    let table = include_str!("../../rules/classes.csv");
    assert!(table.lines().nth(class.line - 1).unwrap().starts_with("phi, read, 60"), "line {}", class.line);
    let unmet: Vec<&str> =
        class.cells.iter().filter(|cell| cell.unmet.is_some()).map(|cell| cell.column.as_str()).collect();
    assert_eq!(unmet, ["max-sign-in-age-min"]);
    let row = told.decider.unwrap().rows.into_iter().find(|row| row.id == "data.class").unwrap();
    assert!(row.applies && row.truth == "yes" && row.effect == "deny");
}

#[test]
fn each_rule_that_was_considered_says_why_it_counts_or_not() {
    let readers = || Principal::Group("readers".to_owned());
    let rows = vec![
        rule(1, Principal::Person(ana()), "/", &[Permission::Read]),
        rule(2, Principal::Person(ben()), "/", &[Permission::Read]),
        GrantRow { expires_s: Some(NOW), ..rule(3, Principal::Person(ana()), "/", &[Permission::Read]) },
        rule(4, Principal::Person(ana()), "/a", &[Permission::Write]),
        GrantRow { purpose: Some("audit".to_owned()), ..rule(5, Principal::Person(ana()), "/a", &[Permission::Read]) },
        refusal(6, readers(), "/a", &[Permission::Read]),
        rule(7, Principal::Person(ana()), "/b", &[Permission::Read]),
    ];
    let mut subject = fresh(ana());
    subject.groups.push("readers".to_owned());
    let told = explained(&engine(rows), &ask(subject, Action::ReadContent, Class::Internal, "/a/x"));
    let does: Vec<(String, GrantDoes, &str)> =
        told.grants.iter().map(|step| (step.path.to_text(), step.does, step.why.as_str())).collect();
    assert_eq!(does.len(), 6, "the rule for another place is not among them: {does:?}");
    let by_number = |number: u128| {
        let id = sealane_policy::RuleId::from_uuid(uuid::Uuid::from_u128(number));
        told.grants.iter().find(|step| step.rule == id).unwrap()
    };
    assert_eq!(by_number(1).does, GrantDoes::Gives);
    assert_eq!((by_number(2).does, by_number(2).why.as_str()), (GrantDoes::Nothing, "it is for somebody else"));
    assert_eq!((by_number(3).does, by_number(3).why.as_str()), (GrantDoes::Nothing, "it has ended"));
    assert!(by_number(4).why.contains("'read'"), "{}", by_number(4).why);
    assert!(by_number(5).why.contains("the purpose 'audit'"), "{}", by_number(5).why);
    assert_eq!(by_number(6).does, GrantDoes::Refuses);
    assert_eq!((told.answer.effect, told.answer.code.as_str()), (Effect::Deny, "rule.refused"));
    assert_eq!(told.decider.unwrap().casbin, Some(false));
}

#[test]
fn one_sees_the_rules_about_oneself_and_no_others() {
    let rows = vec![
        rule(1, Principal::Person(ana()), "/", &[Permission::Read]),
        rule(2, Principal::Person(ben()), "/", &[Permission::Read]),
    ];
    let engine = engine(rows);
    let request = ask(fresh(ana()), Action::ReadContent, Class::Internal, "/");
    let own = engine.explain(&request, Showing::OwnRules);
    assert_eq!((own.grants.len(), own.grants_left_out), (1, 0));
    let few = engine.explain(&request, Showing::AllRules(1));
    assert_eq!((few.grants.len(), few.grants_left_out), (1, 1));
    assert_eq!(few.grants[0].does, GrantDoes::Gives, "what is about the subject comes first");
}

#[test]
fn about_the_site_itself_the_cells_of_the_roles_are_shown() {
    let request = Request {
        subject: fresh(ana()),
        action: Action::ReadAudit,
        resource: Resource::site(),
        purpose: None,
        now_s: NOW,
    };
    let told = explained(&engine(vec![]), &request);
    let decider = told.decider.unwrap();
    assert_eq!((decider.table.as_str(), decider.casbin), ("rules/roles.csv", Some(false)));
    let table = include_str!("../../rules/roles.csv");
    assert!(decider.rows.iter().all(|row| table.lines().nth(row.line - 1).unwrap().starts_with("read-audit,")));
    assert!(decider.rows.iter().any(|row| row.when == "compliance-officer" && !row.applies));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn an_explanation_always_says_what_is_decided(rows in some_rows(12), request in some_request()) {
        thread_local! {
            static ENGINE: Engine = engine(vec![]);
        }
        ENGINE.with(|engine| {
            let snapshot = Snapshot::build(rows.clone()).unwrap();
            let hash = snapshot.hash().to_string();
            let under = engine.explain_under(&request, &snapshot, EVERYTHING);
            engine.publish(snapshot);
            let (told, decision) = (explained(engine, &request), engine.decide(&request));
            prop_assert_eq!(&told, &under);
            prop_assert_eq!(told.answer.effect, decision.effect());
            prop_assert_eq!(told.answer.code.as_str(), decision.reason().code);
            prop_assert_eq!(&told.answer.unmet[..], decision.unmet());
            prop_assert_eq!(&told.answer.rule, &decision.rule());
            prop_assert_eq!(told.snapshot, hash);
            // What it shows is what the answer rests on: casbin agrees with a permit, each rule that is named is shown.
            if decision.is_permit() {
                prop_assert_eq!(told.decider.as_ref().unwrap().casbin, Some(true));
            }
            let gives = told.grants.iter().any(|step| step.does == GrantDoes::Gives);
            let refuses = told.grants.iter().any(|step| step.does == GrantDoes::Refuses);
            if told.answer.code == "rule.refused" {
                prop_assert!(refuses);
            }
            let rule = told.answer.rule.unwrap_or_default();
            if rule.contains("rule:") && decision.is_permit() {
                prop_assert!(gives && !refuses);
            }
            Ok(())
        })?;
    }
}
