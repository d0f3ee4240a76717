//! What an officer asks about the rules of a site, by command line: before a change, after it, and about a past decision.

use std::fs;

use anyhow::{Context, ensure};
use sealane_cli::demo::people::{ADA, ANA, BEN, CARLA};
use sealane_tests::cli::Answer;
use sealane_tests::control_database::Backend;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use serde_json::Value;

const CASES: &str = r#"
[[case]]
name = "Ana reads"
who = "email:ana@hospital-a.example"
action = "read-content"
place = "imaging:/"
expect = "permit"

[[case]]
name = "Ben reads nothing"
who = "email:ben@university-b.example"
action = "read-content"
place = "imaging:/pilot"
expect = "deny"
reason = "rule.missing"
"#;

const DRAFT: &str = r#"
[[add]]
collection = "imaging"
path = "/pilot"
principal = "email:ben@university-b.example"
permissions = ["read"]
"#;

#[test]
fn an_officer_tries_a_change_of_rules_and_explains_what_was_decided() -> anyhow::Result<()> {
    let mut pair = Pair::start(Backend::Sqlite)?;
    ensure!(pair.a.stop()?.success());
    pair.a.name_officers(&[CARLA.email])?;
    pair.a.start()?;
    let (ana, ben, carla) =
        (Person::sign_in(&pair.a, ANA)?, Person::sign_in(&pair.a, BEN)?, Person::sign_in(&pair.a, CARLA)?);
    let ada = Person::sign_in(&pair.a, ADA)?;
    let home = carla.cli.home();
    fs::write(home.join("cases.toml"), CASES)?;
    fs::write(home.join("draft.toml"), DRAFT)?;
    let policy = |who: &Person, words: &[&str]| who.cli.run([&["policy"], words].concat());

    let told = policy(&carla, &["explain", "read-content", "imaging:/pilot", "--as", BEN.email])?.document()?;
    ensure!(told.pointer("/explanation/answer/code") == Some(&"rule.missing".into()), "{told}");
    ensure!(told.pointer("/explanation/mandatory/class") == Some(&"phi".into()), "{told}");
    for asked in [&["--as", ANA.email][..], &[]] {
        let words = [&["explain", "read-content", "imaging:/pilot"], asked].concat();
        let problem = policy(&ben, &words)?.problem(1)?;
        ensure!(problem.code == "collection-unknown", "he may not know of it: {problem:?}");
    }

    // Before it is published: who would gain, and do the cases still hold?
    let file = home.join("before.json");
    let file = file.to_str().context("a path")?;
    policy(&carla, &["export", "--output", file])?.document()?;
    let diff = policy(&carla, &["diff", file, "draft.toml"])?.document()?;
    ensure!(gains(&diff) == vec![("email:ben@university-b.example".to_owned(), "/pilot".to_owned())], "{diff}");
    ensure!(passed(&policy(&carla, &["test", "cases.toml", "--snapshot", file])?)? == (0, 2, 0));

    ada.cli.run(["rule", "add", "imaging:/pilot", "email:ben@university-b.example", "read"])?.document()?;
    ensure!(passed(&policy(&carla, &["test", "cases.toml"])?)? == (1, 1, 1));
    let published = policy(&carla, &["diff", file, "now"])?.document()?;
    ensure!(gains(&published) == gains(&diff), "what was foretold came true: {published}");
    let who = policy(&carla, &["who-can", "read-content", "imaging:/pilot"])?.document()?;
    ensure!(who.to_string().contains("email:ben@university-b.example"), "{who}");
    let what = policy(&ben, &["what-can"])?.document()?;
    ensure!(what.pointer("/collections/0/places/0/path") == Some(&"/pilot".into()), "{what}");

    // A decision, and the same after the rule that made it has ended.
    let refused = ben.cli.run(["mkdir", "imaging:/pilot/new"])?.problem(5)?;
    let decision = refused.decision.context("a refusal names its decision")?;
    let rules: Value = ada.cli.run(["rule", "list", "imaging"])?.document()?;
    let of_ben = rules.as_array().into_iter().flatten().find(|rule| rule.to_string().contains(BEN.email));
    let rule = of_ben.and_then(|rule| rule.get("id")?.as_str()).context("the rule for Ben")?;
    ada.cli.run(["rule", "revoke", rule])?.document()?;
    for asker in [&ben, &carla] {
        let why = policy(asker, &["why", &decision])?.document()?;
        ensure!(why.get("replay") == Some(&"agrees".into()), "{why}");
        ensure!(why.get("effect") == Some(&"deny".into()), "{why}");
    }
    ensure!(policy(&ana, &["why", &decision])?.problem(1)?.code == "decision-unknown");
    for moment in ["0m", "now"] {
        let as_of = policy(&carla, &["as-of", moment])?.document()?;
        ensure!(!as_of.to_string().contains(BEN.email), "{as_of}");
    }
    ensure!(pair.a.stop()?.success());
    pair.a.verify_log()
}

/// Who gains something, and where.
fn gains(diff: &Value) -> Vec<(String, String)> {
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
    let all = diff.get("differences").and_then(Value::as_array).into_iter().flatten();
    let gain = |one: &&Value| one.get("gains").and_then(Value::as_array).is_some_and(|gains| !gains.is_empty());
    all.filter(gain).map(|one| (text(one, "who"), text(one, "path"))).collect()
}

/// The exit code, how many cases passed and how many failed.
fn passed(answer: &Answer) -> anyhow::Result<(i32, u64, u64)> {
    let report = answer.json()?;
    let number = |name: &str| report.get(name).and_then(Value::as_u64).context("a count");
    Ok((answer.code, number("passed")?, number("failed")?))
}
