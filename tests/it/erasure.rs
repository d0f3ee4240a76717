//! Two officers erase a person from the audit logs of two nodes, by command line.

use std::time::Duration;

use anyhow::{Context, ensure};
use sealane_audit::{Absence, Phase};
use sealane_cli::demo::people::{ANA, BEN, CARLA};
use sealane_tests::control_database::Backend;
use sealane_tests::journal::Journal;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::site::Site;
use sealane_tests::wait::until_true;
use serde_json::Value;

#[test]
fn a_person_is_erased_from_every_nodes_log_and_every_log_still_verifies() -> anyhow::Result<()> {
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
    for node in [&pair.b, &second] {
        ensure!(ana.get(node, "collections")?.status.is_success());
    }

    let about = ["audit", "erase", "--subject", pair.issuer(), ANA.subject];
    let ask = [&about[..], &["--basis", "request 88, also for entries younger than six years"]].concat();
    ana.cli.run(&ask)?.problem(5)?;
    let asked: Value = carla.cli.run(&ask)?.document()?;
    let id = asked["id"].as_str().context("an erasure has an id")?;
    let own = carla.cli.run(["audit", "erase", "approve", id])?.problem(5)?;
    ensure!(own.code == "own-request", "{own:?}");
    ensure!(ben.cli.run(["audit", "erase", "approve", id])?.document()?["approved_by"] == BEN.subject);
    until_true("both nodes to do their part", Duration::from_secs(60), || {
        Ok(carla.cli.run(["audit", "erase", "list"])?.document()?[0]["state"] == "done")
    })?;

    ensure!(pair.b.stop()?.success() && second.stop()?.success() && pair.a.stop()?.success());
    for node in [&pair.b, &second] {
        node.verify_log()?;
        ana_is_gone(node)?;
    }
    Ok(())
}

fn ana_is_gone(node: &Site) -> anyhow::Result<()> {
    let journal = Journal::read(node)?;
    journal.every_intent_has_one_outcome()?;
    ensure!(journal.count("audit.erase", Phase::Outcome) == 1, "the node says once that it erased");
    let subject = |field: &str| field == "actor.subject";
    let erased = journal.entries().iter().filter(|view| view.absent.get("actor.subject") == Some(&Absence::Erased));
    ensure!(erased.count() >= 2, "what she did there is still there, without her name");
    for view in journal.entries() {
        let name = view.revealed.iter().find(|(field, value)| subject(field) && value.expose() == ANA.subject);
        ensure!(name.is_none(), "entry {} still names her", view.entry.index);
        ensure!(
            view.absent.values().all(|absence| *absence == Absence::Erased),
            "entry {} is damaged",
            view.entry.index
        );
    }
    Ok(())
}
