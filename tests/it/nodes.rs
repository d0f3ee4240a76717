//! Two nodes of one site on one database: what one leaves, the other finishes.

use std::time::Duration;

use anyhow::ensure;
use sealane_cli::demo::people::ANA;
use sealane_tests::control_database::Backend;
use sealane_tests::environment::seed;
use sealane_tests::journal::Journal;
use sealane_tests::pair::Pair;
use sealane_tests::person::Person;
use sealane_tests::tree::{compare, left_behind, write_many, write_noise};
use sealane_tests::wait::{until, until_true};

#[test]
fn a_task_of_a_node_that_died_is_finished_by_the_other() -> anyhow::Result<()> {
    if !Backend::Postgres.is_there()? {
        eprintln!("NOT RUN: SEALANE_TEST_POSTGRES names no server");
        return Ok(());
    }
    let mut pair = Pair::start(Backend::Postgres)?;
    let mut second = pair.b.another_node("node-2")?;
    second.start()?;
    let source = pair.a.data("imaging").join("set");
    std::fs::create_dir(&source)?;
    write_noise(&source.join("volume"), 700 << 20, seed())?;
    write_many(&source.join("many"), 300, 10_000, seed())?;

    let ana = Person::sign_in(&pair.b, ANA)?;
    let task = ana.submit(&pair.b, "hospital-a/imaging:/set", "intake:/set")?;
    until_true("the first node to move something", Duration::from_secs(60), || {
        let now = ana.task(&second, &task)?;
        ensure!(!now.is_final(), "it was finished before the node could die: {:#}", now.document);
        Ok(now.number("bytes_done") > 0)
    })?;
    let holder = holder(&pair, &second)?;
    if holder == pair.b.node() {
        pair.b.kill()?
    } else {
        second.kill()?
    }
    let survivor = if holder == pair.b.node() { &second } else { &pair.b };
    let ended = until("the other node to finish", Duration::from_secs(120), || {
        let now = ana.task(survivor, &task)?;
        Ok(now.is_final().then_some(now))
    })?;
    ensure!(ended.state == "SUCCEEDED", "{:#}", ended.document);
    compare(&source, &pair.b.data("intake").join("set"))?;
    ensure!(left_behind(&pair.b.data("intake"))?.is_empty(), "no part file stays");

    // The dead node's log is closed at its next start.
    if holder == pair.b.node() {
        pair.b.start()?
    } else {
        second.start()?
    }
    ensure!(pair.b.stop()?.success() && second.stop()?.success() && pair.a.stop()?.success());
    for site in [&pair.a, &pair.b, &second] {
        site.verify_log()?;
        Journal::read(site)?.every_intent_has_one_outcome()?;
    }
    Ok(())
}

/// Which node moves: the one that used more processor time meanwhile.
fn holder(pair: &Pair, second: &sealane_tests::site::Site) -> anyhow::Result<&'static str> {
    let (first_time, second_time) = (pair.b.process()?.cpu_time()?, second.process()?.cpu_time()?);
    Ok(if first_time >= second_time { pair.b.node() } else { second.node() })
}
