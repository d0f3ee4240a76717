//! `sealane policy test`: cases as data, run here against the rules of a site or of a snapshot.

use std::path::PathBuf;

use anyhow::Context;
use clap::Args;
use sealane_policy::{Effect, Engine, Snapshot};
use sealane_service::view::PolicyFile;
use serde::Serialize;

use super::cases::{self, Case};
use super::side::{of_file, of_site};
use crate::command::Session;
use crate::output::{Exit, Format, exit, print};

#[derive(Debug, Args)]
pub(in crate::command) struct TestArguments {
    /// The cases, TOML or CSV.
    file: PathBuf,
    /// Against the rules of this snapshot file; those of the site, where absent.
    #[arg(long, conflicts_with = "at")]
    snapshot: Option<PathBuf>,
    /// Against the site's rules of this moment: a day (its end), an instant (RFC 3339), or how long ago.
    #[arg(long)]
    at: Option<String>,
}

#[derive(Debug, Serialize)]
struct Report {
    snapshot: String,
    passed: usize,
    failed: usize,
    cases: Vec<Outcome>,
}

#[derive(Debug, Serialize)]
struct Outcome {
    name: String,
    passed: bool,
    expected: Effect,
    expected_reason: Option<String>,
    effect: Effect,
    reason: String,
    text: String,
}

pub(super) async fn run(
    asked: TestArguments,
    format: Format,
    session: impl Fn() -> anyhow::Result<Session>,
) -> anyhow::Result<()> {
    let cases = cases::read(&asked.file)?;
    let file = match &asked.snapshot {
        Some(path) => of_file(path)?,
        None => of_site(&session()?, asked.at).await?,
    };
    let report = report(&cases, &file)?;
    print(format, &report, text)?;
    // Everything is told by now: the exit code is for scripts.
    if report.failed > 0 { Err(Exit(exit::FAILED, String::new()).into()) } else { Ok(()) }
}

fn report(cases: &[Case], file: &PolicyFile) -> anyhow::Result<Report> {
    let snapshot = file.snapshot()?;
    let engine = Engine::new(Snapshot::build(Vec::new())?)?;
    let outcomes =
        cases.iter().map(|case| outcome(case, file, &engine, &snapshot)).collect::<anyhow::Result<Vec<_>>>()?;
    let passed = outcomes.iter().filter(|outcome| outcome.passed).count();
    Ok(Report { snapshot: file.hash.clone(), passed, failed: outcomes.len() - passed, cases: outcomes })
}

fn outcome(case: &Case, file: &PolicyFile, engine: &Engine, snapshot: &Snapshot) -> anyhow::Result<Outcome> {
    let request = case.request(file).with_context(|| format!("case '{}' cannot be asked", case.name))?;
    let decision = engine.simulate(&request, snapshot);
    let same_reason = case.reason.as_deref().is_none_or(|reason| reason == decision.reason().code);
    Ok(Outcome {
        name: case.name.clone(),
        passed: decision.effect() == case.expect && same_reason,
        expected: case.expect,
        expected_reason: case.reason.clone(),
        effect: decision.effect(),
        reason: decision.reason().code.to_owned(),
        text: decision.reason().text.clone(),
    })
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for case in &report.cases {
        if case.passed {
            text.push_str(&format!("ok    {}\n", case.name));
            continue;
        }
        let wanted = case.expected_reason.as_ref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        text.push_str(&format!("FAIL  {}\n", case.name));
        text.push_str(&format!("      expected {}{wanted}\n", case.expected));
        text.push_str(&format!("      answered {} ({}): {}\n", case.effect, case.reason, case.text));
    }
    text.push_str(&format!("\n{} passed, {} failed; rules {}\n", report.passed, report.failed, report.snapshot));
    text
}

#[cfg(test)]
mod tests {
    use sealane_model::{Class, Permission, Principal, RemotePath, Timestamp};
    use sealane_policy::GrantRow;
    use sealane_service::view::PolicyCollection;

    use super::*;

    const ID: &str = "019d2f6e-8a70-7c3e-9f10-2b1c3d4e5f60";

    /// Readers may read beneath /pilot of `imaging`, which holds health data.
    fn file() -> PolicyFile {
        let rules = vec![GrantRow {
            id: ID.parse().unwrap(),
            collection: ID.parse().unwrap(),
            path: RemotePath::parse_text("/pilot").unwrap(),
            principal: Principal::Group("readers".to_owned()),
            permissions: vec![Permission::Read],
            deny: false,
            expires_s: None,
            purpose: None,
        }];
        PolicyFile {
            format: PolicyFile::FORMAT.to_owned(),
            site: "hospital-a".to_owned(),
            at: Timestamp::from_seconds(1_800_000_000),
            epoch: 1,
            hash: Snapshot::build(rules.clone()).unwrap().hash().to_string(),
            collections: vec![PolicyCollection {
                id: ID.parse().unwrap(),
                name: "imaging".parse().unwrap(),
                class: Class::Phi,
            }],
            rules,
        }
    }

    fn tried(name: &str, text: &str) -> anyhow::Result<Report> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(name);
        std::fs::write(&path, text).unwrap();
        report(&cases::read(&path)?, &file())
    }

    #[test]
    fn cases_of_both_forms_pass_and_fail_for_the_same_reasons() {
        let toml = r#"
            [[case]]
            name = "readers read"
            who = "group:readers"
            action = "read-content"
            place = "imaging:/pilot/a"
            expect = "permit"
            [[case]]
            name = "after an hour they sign in again"
            who = "group:readers"
            signed_in = "61"
            action = "read-content"
            place = "imaging:/pilot/a"
            expect = "step-up"
            reason = "sign-in.too-old"
            [[case]]
            name = "outside it they do"
            who = "group:readers"
            action = "read-content"
            place = "imaging:/"
            expect = "permit"
            [[case]]
            name = "for that reason"
            who = "signed-in"
            groups = ["readers"]
            action = "write-content"
            place = "imaging:/pilot"
            expect = "deny"
            reason = "rule.refused"
        "#;
        let csv = "name,who,groups,roles,signed_in,action,place,expect,reason\n\
                   readers read,group:readers,,,,read-content,imaging:/pilot/a,permit,\n\
                   after an hour they sign in again,group:readers,,,61,read-content,imaging:/pilot/a,step-up,sign-in.too-old\n\
                   outside it they do,group:readers,,,,read-content,imaging:/,permit,\n\
                   for that reason,signed-in,readers|others,researcher,now,write-content,imaging:/pilot,deny,rule.refused\n";
        for (name, text) in [("cases.toml", toml), ("cases.csv", csv)] {
            let report = tried(name, text).unwrap();
            let passed: Vec<bool> = report.cases.iter().map(|case| case.passed).collect();
            assert_eq!(passed, [true, true, false, false], "{name}");
            assert_eq!((report.passed, report.failed), (2, 2));
            let shown = super::text(&report);
            assert!(shown.contains("ok    readers read\n"), "{shown}");
            assert!(shown.contains("expected permit\n      answered deny (rule.missing)"), "{shown}");
            assert!(shown.contains("expected deny (rule.refused)\n      answered deny (rule.missing)"), "{shown}");
        }
    }

    #[test]
    fn cases_that_make_no_sense_are_errors_and_none_at_all_is_one() {
        let case = |more: &str| format!("[[case]]\nname = \"n\"\nwho = \"signed-in\"\nexpect = \"deny\"\n{more}");
        let wrong = [
            ("", "no cases"),
            ("case = []", "no case"),
            (&case("action = \"read-minds\""), "unknown action"),
            (&case("action = \"read-content\"\nplace = \"nowhere:/\""), "no collection 'nowhere'"),
            (&case("action = \"read-content\"\nwhom = \"x\""), "unknown field"),
            (&case("action = \"read-content\"\nplace = \"imaging:/\"\nsigned_in = \"often\""), "signed_in"),
        ];
        for (text, says) in wrong {
            let error = format!("{:#}", tried("cases.toml", text).unwrap_err());
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn a_snapshot_that_was_changed_is_refused() {
        let mut changed = file();
        changed.rules[0].permissions.push(Permission::Write);
        assert!(changed.snapshot().unwrap_err().to_string().contains("it was changed"));
    }
}
