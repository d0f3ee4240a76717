//! The permission matrix in docs/reference is what the engine really answers: the difference is the review.

use std::fmt::Write as _;
use std::path::Path;

use sealane_policy::{Action, Class, Effect, Engine, Principal, Request, Resource, ResourceKind, Role, Subject};

use crate::world::{ALL, NOW, ana, ask, ben, collection, engine, fresh, path, rule, signed_in_at, visitor};

const INTRODUCTION: &str = "\
# Permission matrix

Generated from the engine's own answers by a test of `sealane-policy`; the tables behind it are `policy/rules/*.csv`.

Everyone in it has signed in this very second, save the anonymous. \"With rule\" means that an access rule gives every
permission at that place; a rule that refuses turns each *yes* of a collection into *no*. `-` is no.

";

/// A column: its head, and who asks.
type Column = (&'static str, Subject);

fn with_role(role: Role) -> Subject {
    Subject { roles: vec![role], ..fresh(ben()) }
}

fn cell(engine: &Engine, request: &Request) -> &'static str {
    match engine.decide(request).effect() {
        Effect::Permit => "yes",
        Effect::StepUp => "sign in again",
        Effect::Deny => "-",
    }
}

fn table(text: &mut String, columns: &[Column], actions: &[Action], answer: impl Fn(Action, &Column) -> &'static str) {
    let heads: Vec<&str> = columns.iter().map(|column| column.0).collect();
    writeln!(text, "| action | {} |\n|---|{}", heads.join(" | "), "---|".repeat(columns.len())).unwrap();
    for action in actions {
        let cells: Vec<&str> = columns.iter().map(|column| answer(*action, column)).collect();
        writeln!(text, "| {action} | {} |", cells.join(" | ")).unwrap();
    }
    text.push('\n');
}

fn fits(action: Action, resource: Resource) -> bool {
    let request = Request { subject: fresh(ana()), action, resource, purpose: None, now_s: NOW };
    engine(vec![]).decide(&request).reason().code != "request.mismatch"
}

fn actions_on(resource: &Resource) -> Vec<Action> {
    Action::ALL.iter().copied().filter(|action| fits(*action, resource.clone())).collect()
}

fn collections(text: &mut String) {
    let (with_rule, without) = (engine(vec![rule(1, Principal::Anonymous, "/", &ALL)]), engine(vec![]));
    for class in Class::ALL {
        let columns: Vec<Column> = vec![
            ("anonymous, with rule", Subject::anonymous()),
            ("visitor, with rule", visitor(ben(), Some(class))),
            ("visitor above its peer's ceiling", visitor(ben(), None)),
            ("signed in, with rule", fresh(ben())),
            ("signed in, no rule", fresh(ben())),
            ("owner, no rule", fresh(ana())),
            ("administrator, no rule", with_role(Role::Administrator)),
            ("security officer, no rule", with_role(Role::SecurityOfficer)),
            ("compliance officer, no rule", with_role(Role::ComplianceOfficer)),
            ("auditor, with rule", with_role(Role::Auditor)),
        ];
        writeln!(text, "## Collections: {class}\n").unwrap();
        let resource = Resource::collection(collection(), class, path("/"), Some(ana()));
        table(text, &columns, &actions_on(&resource), |action, (head, subject)| {
            let engine = if head.ends_with("no rule") { &without } else { &with_rule };
            let request = Request { resource: resource.clone(), ..ask(subject.clone(), action, class, "/") };
            cell(engine, &request)
        });
    }
}

fn tasks_and_site(text: &mut String) {
    let engine = engine(vec![]);
    let columns: Vec<Column> = vec![
        ("anonymous", Subject::anonymous()),
        ("peer", Subject::peer("university-b")),
        ("visitor", visitor(ben(), None)),
        ("signed in", fresh(ben())),
        ("researcher", with_role(Role::Researcher)),
        ("administrator", with_role(Role::Administrator)),
        ("security officer", with_role(Role::SecurityOfficer)),
        ("compliance officer", with_role(Role::ComplianceOfficer)),
        ("auditor", with_role(Role::Auditor)),
    ];
    let mut task_columns = columns.clone();
    task_columns.push(("owner", fresh(ana())));
    for (title, resource, columns) in
        [("Tasks", Resource::task("t", ana()), &task_columns), ("The site", Resource::site(), &columns)]
    {
        writeln!(text, "## {title}\n").unwrap();
        table(text, columns, &actions_on(&resource), |action, (_, subject)| {
            let resource = resource.clone();
            cell(&engine, &Request { subject: subject.clone(), action, resource, purpose: None, now_s: NOW })
        });
    }
}

/// The oldest sign-in that is still good enough, in minutes, found by asking.
fn oldest_sign_in(engine: &Engine, class: Class, action: Action) -> String {
    let good = |minutes: &i64| {
        let subject = signed_in_at(ana(), Some(NOW - minutes * 60));
        engine.decide(&ask(subject, action, class, "/")).is_permit()
    };
    let minutes: Vec<i64> = (0..=1441).collect();
    match minutes.partition_point(good) {
        1442 => "any".to_owned(),
        count => format!("{}", count as i64 - 1),
    }
}

fn sign_in_ages(text: &mut String) {
    let engine = engine(vec![rule(1, Principal::Anonymous, "/", &ALL)]);
    let actions =
        [Action::ListDirectory, Action::ReadContent, Action::WriteContent, Action::DeleteEntry, Action::ManageRules];
    text.push_str("## How old a sign-in may be (minutes)\n\n| class | see | read | write | delete | govern |\n|---|---|---|---|---|---|\n");
    for class in Class::ALL {
        let ages: Vec<String> = actions.iter().map(|action| oldest_sign_in(&engine, class, *action)).collect();
        writeln!(text, "| {class} | {} |", ages.join(" | ")).unwrap();
    }
}

#[test]
fn the_committed_matrix_is_what_the_engine_answers() {
    let mut text = INTRODUCTION.to_owned();
    collections(&mut text);
    tasks_and_site(&mut text);
    sign_in_ages(&mut text);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/reference/permission-matrix.md");
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    if committed != text {
        let proposal = file.with_extension("md.new");
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&proposal, &text).unwrap();
        panic!(
            "docs/reference/permission-matrix.md is not what the engine answers: review {} and rename it",
            proposal.display()
        );
    }
}

#[test]
fn every_action_is_about_some_kind_of_thing() {
    let things = [
        Resource::collection(collection(), Class::Public, path("/"), None),
        Resource::task("t", ana()),
        Resource::site(),
    ];
    for action in Action::ALL {
        let fitting = things.iter().filter(|thing| fits(*action, (*thing).clone())).count();
        let expected = if *action == Action::ReadAudit { 2 } else { 1 };
        assert_eq!(fitting, expected, "{action}");
    }
    assert!(matches!(things[2].kind, ResourceKind::Site));
}
