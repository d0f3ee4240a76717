//! Officers of a site of two nodes by command line: a rule, refusals at both nodes, one alert whatever is killed, a finding, and
//! a review that binds the logs.

use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_audit::Phase;
use sealane_cli::demo::people::{ANA, BEN, CARLA};
use sealane_tests::control_database::Backend;
use sealane_tests::journal::Journal;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::site::Site;
use sealane_tests::wait::until_true;
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(60);

fn alerts_of(officer: &Person, rule: &str) -> anyhow::Result<Vec<Value>> {
    let all: Value = officer.cli.run(["audit", "alert", "list"])?.document()?;
    let all = all.as_array().context("a list")?;
    Ok(all.iter().filter(|alert| alert["rule"] == rule).cloned().collect())
}

/// Entries about alerts of the rule in a stopped node's log.
fn told(node: &Site, rule: &str) -> anyhow::Result<usize> {
    let journal = Journal::read(node)?;
    journal.every_intent_has_one_outcome()?;
    let about = journal.entries().iter().filter(|view| {
        view.entry.kind.name() == "alert.raise" && view.entry.detail.get("rule").is_some_and(|named| named == rule)
    });
    Ok(about.count())
}

#[test]
fn two_nodes_raise_one_alert_and_officers_sign_what_they_found() -> anyhow::Result<()> {
    if !Backend::Postgres.is_there()? {
        eprintln!("NOT RUN: SEALANE_TEST_POSTGRES names no server");
        return Ok(());
    }
    let mut pair = Pair::start(Backend::Postgres)?;
    ensure!(pair.b.stop()?.success());
    pair.b.name_officers(&[CARLA.email, BEN.email])?;
    let mut second = pair.b.another_node("node-2")?;
    pair.b.start()?;
    second.start()?;
    let (ana, ben, carla) =
        (Person::sign_in(&pair.b, ANA)?, Person::sign_in(&pair.b, BEN)?, Person::sign_in(&pair.b, CARLA)?);

    let rule = "denials --kind audit.read --outcome denied --phase outcome --count 4 --within 1h --by person --severity urgent";
    let save: Vec<&str> = ["audit", "rule", "save"].into_iter().chain(rule.split(' ')).collect();
    ana.cli.run(&save)?.problem(5)?;
    ensure!(carla.cli.run(&save)?.document()?["paused"] == false);
    // Reading the audit log is not Ana's: two refusals at each node, and later one that joins.
    for node in [&pair.b, &second, &pair.b, &second] {
        ensure!(ana.get(node, "audit/entries")?.status == 403);
    }
    until_true("the alert", PATIENCE, || Ok(!alerts_of(&carla, "denials")?.is_empty()))?;
    pair.b.kill()?;
    second.kill()?;
    pair.b.start()?;
    second.start()?;
    ensure!(ana.get(&second, "audit/entries")?.status == 403);
    until_true("the fifth refusal to join the alert", PATIENCE, || {
        Ok(alerts_of(&carla, "denials")?.iter().map(|alert| alert["entries"].as_u64()).eq([Some(5)]))
    })?;
    until_true("the entry about it", PATIENCE, || Ok(alerts_of(&carla, "denials")?[0]["index"].is_u64()))?;

    let id = alerts_of(&carla, "denials")?[0]["id"].as_str().context("an id")?.to_owned();
    let ready: Value = pair.b.get("readyz")?.document()?;
    let urgent = ready["parts"].as_array().context("parts")?.iter().any(|part| part["code"] == "alert-urgent");
    ensure!(urgent && ready["ready"] == true, "{ready}");
    let close = ["audit", "alert", "close", &id, "--finding", "explained", "--note", "Ana tried a link"];
    ensure!(ben.cli.run(close)?.problem(1)?.code == "alert-open");
    ensure!(ben.cli.run(["audit", "alert", "acknowledge", &id])?.document()?["acknowledged_by"] == BEN.subject);
    ensure!(ben.cli.run(close)?.document()?["finding"] == "explained");
    let shown = carla.cli.run(["audit", "alert", "show", &id])?.document()?;
    ensure!(shown["alert"]["closed_by"] == BEN.subject, "{shown}");

    let review = carla.cli.run(["audit", "review", "show"])?.document()?;
    let ranges = review["ranges"].as_array().context("ranges")?.clone();
    ensure!(ranges.len() == 2 && review["refused"].as_u64() >= Some(5), "{review}");
    let signed = carla.cli.run(["audit", "review", "sign-off", "--note", "as usual"])?.document()?;
    let status = carla.cli.run(["audit", "status"])?.document()?;
    ensure!(status["status"]["last_review"] == signed && status["ready"]["ready"] == true, "{status}");

    ensure!(pair.b.stop()?.success() && second.stop()?.success() && pair.a.stop()?.success());
    ensure!(told(&pair.b, "denials")? + told(&second, "denials")? == 1, "one entry says that it was raised");
    for node in [&pair.b, &second] {
        node.verify_log()?;
    }
    let journal = Journal::read(&pair.b)?;
    ensure!(
        journal.count("review.sign-off", Phase::Outcome)
            + Journal::read(&second)?.count("review.sign-off", Phase::Outcome)
            == 1
    );
    Ok(())
}
